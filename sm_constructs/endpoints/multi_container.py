"""Multi-container endpoints: several containers on the same instances, each called by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sm_constructs.alarms import MultiContainerAlarms
from sm_constructs.endpoints.base import HostingEndpoint, ImportedEndpoint
from sm_constructs.endpoints.options import spec_of
from sm_constructs.spec import ModelSpec, VariantSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct
    from typing_extensions import Unpack

    from sm_constructs.containers import Container
    from sm_constructs.endpoints.options import EndpointOptions
    from sm_constructs.instances import Instances
    from sm_constructs.scaling import Scaling

_NAMES = {"variants[0].model.": "", "variants[0].": ""}


class ImportedMultiContainerEndpoint(ImportedEndpoint, MultiContainerAlarms):
    """An endpoint of this kind that exists already."""


class MultiContainerEndpoint(HostingEndpoint, MultiContainerAlarms):
    """Two to fifteen containers on the same instances; the caller names one with ``TargetContainerHostname``.

    All are in memory all the time. Their images listen on the port that SageMaker assigns, which they say with the
    label ``com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true``.

    Parameters
    ----------
    scope : Construct
        The stack, or whatever it is part of.
    id : str
        Its id there.
    containers : Sequence[Container]
        What runs: 2 to 15, each with a `hostname` of its own.
    instances : Instances
        What they run on, all together.
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
    >>> MultiContainerEndpoint(
    ...     stack,
    ...     "Scorers",
    ...     containers=[Container(image_a, hostname="a"), Container(image_b, hostname="b")],
    ...     instances=Instances("ml.c6i.2xlarge"),
    ... )

    See Also
    --------
    AWS: "Multi-container endpoints" with direct invocation in the SageMaker developer guide.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        containers: Sequence[Container],
        instances: Instances,
        scaling: Scaling | None = None,
        **options: Unpack[EndpointOptions],
    ) -> None:
        model = ModelSpec(containers=tuple(containers), mode="direct")
        variant = VariantSpec(model=model, instances=instances, scaling=scaling)
        super().__init__(scope, id, spec_of(scope, "real-time", variant, options=options), _NAMES)

    @staticmethod
    def from_endpoint_name(scope: Construct, id: str, endpoint_name: str) -> ImportedMultiContainerEndpoint:
        """Take an endpoint that exists already; see `RealTimeEndpoint.from_endpoint_name`."""
        return ImportedMultiContainerEndpoint(scope, id, endpoint_name)
