"""Serial inference pipelines: containers one after the other, such as preparation, prediction and what follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sm_constructs.alarms import RealTimeAlarms
from sm_constructs.endpoints.base import HostingEndpoint, ImportedEndpoint
from sm_constructs.endpoints.options import spec_of
from sm_constructs.spec import ModelSpec, VariantSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct
    from typing_extensions import Unpack

    from sm_constructs.containers import Container, ModelPackage
    from sm_constructs.endpoints.options import EndpointOptions
    from sm_constructs.instances import Instances
    from sm_constructs.scaling import Scaling

_NAMES = {"variants[0].model.": "", "variants[0].": ""}


class ImportedPipelineEndpoint(ImportedEndpoint, RealTimeAlarms):
    """An endpoint of this kind that exists already."""


class PipelineEndpoint(HostingEndpoint, RealTimeAlarms):
    """Two to fifteen containers in a row; a request goes through all of them.

    Their images listen on the port that SageMaker assigns, which they say with the label
    ``com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true``.

    Parameters
    ----------
    scope : Construct
        The stack, or whatever it is part of.
    id : str
        Its id there.
    containers : Sequence[Container or ModelPackage]
        What runs, in this order: 2 to 15; with a `hostname` each, or none at all. At most one has `models`.
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
    >>> PipelineEndpoint(
    ...     stack,
    ...     "Texts",
    ...     containers=[Container(tokenize, model_data=vocabulary), Container(classify, model_data=weights)],
    ...     instances=Instances("ml.c6i.2xlarge"),
    ... )

    See Also
    --------
    AWS: "Inference pipelines in Amazon SageMaker AI" in the SageMaker developer guide.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        containers: Sequence[Container | ModelPackage],
        instances: Instances,
        scaling: Scaling | None = None,
        **options: Unpack[EndpointOptions],
    ) -> None:
        model = ModelSpec(containers=tuple(containers), mode="serial")
        variant = VariantSpec(model=model, instances=instances, scaling=scaling)
        super().__init__(scope, id, spec_of(scope, "real-time", variant, options=options), _NAMES)

    @staticmethod
    def from_endpoint_name(scope: Construct, id: str, endpoint_name: str) -> ImportedPipelineEndpoint:
        """Take an endpoint that exists already; see `RealTimeEndpoint.from_endpoint_name`."""
        return ImportedPipelineEndpoint(scope, id, endpoint_name)
