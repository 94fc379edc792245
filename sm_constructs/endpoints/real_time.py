"""Real-time inference: an endpoint on instances that answers each request at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sm_constructs.alarms import RealTimeAlarms
from sm_constructs.endpoints.base import HostingEndpoint, ImportedEndpoint
from sm_constructs.endpoints.grants import StreamedEndpoint
from sm_constructs.endpoints.options import spec_of
from sm_constructs.spec import ModelSpec, VariantSpec

if TYPE_CHECKING:
    from constructs import Construct
    from typing_extensions import Unpack

    from sm_constructs.containers import Container, ModelPackage
    from sm_constructs.endpoints.options import EndpointOptions
    from sm_constructs.instances import Instances
    from sm_constructs.scaling import Scaling

_NAMES = {"variants[0].model.containers[0]": "container", "variants[0].": ""}


class ImportedRealTimeEndpoint(ImportedEndpoint, RealTimeAlarms, StreamedEndpoint):
    """An endpoint of this kind that exists already."""


class RealTimeEndpoint(HostingEndpoint, RealTimeAlarms, StreamedEndpoint):
    """One model behind a real-time endpoint.

    Parameters
    ----------
    scope : Construct
        The stack, or whatever it is part of.
    id : str
        Its id there.
    container : Container or ModelPackage
        What runs.
    instances : Instances
        What it runs on.
    scaling : Scaling, optional
        How the number of instances follows the load. Default: it stays as it is.
    **options : EndpointOptions
        What may be said of any endpoint: its name, role, network, rollout and the rest of `EndpointOptions`.

    Raises
    ------
    InvalidHosting
        AWS would refuse it; the error has every reason, and nothing was created.

    Examples
    --------
    >>> RealTimeEndpoint(
    ...     stack,
    ...     "Churn",
    ...     container=Container(
    ...         ContainerImage.from_framework("sklearn", "1.2-1"),
    ...         model_data=ModelData.from_directory("model", framework="sklearn"),
    ...     ),
    ...     instances=Instances("ml.m5.large"),
    ...     scaling=Scaling(1, 4, policies=[TargetTracking.invocations_per_instance(70)]),
    ... )

    See Also
    --------
    AWS: "Real-time inference" in the SageMaker developer guide.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        container: Container | ModelPackage,
        instances: Instances,
        scaling: Scaling | None = None,
        **options: Unpack[EndpointOptions],
    ) -> None:
        variant = VariantSpec(model=ModelSpec(containers=(container,)), instances=instances, scaling=scaling)
        super().__init__(scope, id, spec_of(scope, "real-time", variant, options=options), _NAMES)

    @staticmethod
    def from_endpoint_name(scope: Construct, id: str, endpoint_name: str) -> ImportedRealTimeEndpoint:
        """Take an endpoint that exists already, to grant access to it or to look at its metrics.

        Parameters
        ----------
        scope : Construct
            The stack, or whatever it is part of.
        id : str
            Its id there.
        endpoint_name : str
            The name of the endpoint, in the account and region of the stack.

        Examples
        --------
        >>> RealTimeEndpoint.from_endpoint_name(stack, "Churn", "churn-eu").grant_invoke(function)
        """
        return ImportedRealTimeEndpoint(scope, id, endpoint_name)
