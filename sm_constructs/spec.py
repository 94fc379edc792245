"""The plain description of one endpoint, made of value objects.

A construct gathers its arguments into a spec, the rules check it, the renderer makes resources of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Literal, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_sns as sns

    from sm_constructs.components import InferenceComponent, ScaleIn
    from sm_constructs.containers import Container, ModelPackage
    from sm_constructs.data_capture import DataCapture
    from sm_constructs.explainer import ClarifyExplainer
    from sm_constructs.instances import Instances
    from sm_constructs.metrics_config import MetricsConfig
    from sm_constructs.model_data import S3Location
    from sm_constructs.network import Network
    from sm_constructs.rollout import Rollout
    from sm_constructs.scaling import Scaling

_About = TypeVar("_About")
_Given = TypeVar("_Given")


def once_each(give: Callable[[_About], Iterable[_Given]]) -> Callable[[_About], tuple[_Given, ...]]:
    """Remember what a function gave for the object that it was last asked about: all rules ask the same of a spec."""
    # Both at once, so that threads that check something else at the same time do not mix them up.
    nothing: tuple[object, tuple[_Given, ...]] = (None, ())
    last = nothing

    @wraps(give)
    def given(about: _About) -> tuple[_Given, ...]:
        nonlocal last
        last_about, found = last
        if last_about is not about:
            found = tuple(give(about))
            last = about, found
        return found

    def forget() -> None:
        nonlocal last
        last = nothing

    _FORGETTING.append(forget)
    return given


_FORGETTING: list[Callable[[], None]] = []


def forget() -> None:
    """Forget what is remembered of the last object, such as a whole template, so that its memory is free."""
    for each in _FORGETTING:
        each()


EndpointKind = Literal["real-time", "serverless", "asynchronous", "inference-components"]
"""How an endpoint serves."""

ModelMode = Literal["single", "serial", "direct"]
"""How the containers of a model work together: one alone, one after the other, or each called by its host name."""

SINGLE_VARIANT = "AllTraffic"
"""The name of the variant where there is only one; the name that the SageMaker SDK uses too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """What runs: the containers of a model."""

    containers: tuple[Container | ModelPackage, ...]
    mode: ModelMode = "single"


@dataclass(frozen=True, slots=True, kw_only=True)
class Serverless:
    """What a serverless variant runs on; as the arguments of `ServerlessEndpoint`."""

    memory_mb: int
    max_concurrency: int
    provisioned_concurrency: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncInference:
    """Where an asynchronous endpoint puts its answers; as the arguments of `AsyncEndpoint`."""

    output: S3Location
    failures: S3Location | None = None
    success_topic: sns.ITopic | str | Literal[True] | None = None
    error_topic: sns.ITopic | str | Literal[True] | None = None
    include_response_in: tuple[str, ...] = ()
    max_concurrent_invocations_per_instance: int | None = None
    output_encryption_key: kms.IKey | str | None = None
    inputs: tuple[S3Location, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantSpec:
    """One variant: what runs, on what, with which share of the traffic.

    Attributes
    ----------
    name : str
        Its name.
    model : ModelSpec | None
        What runs; nothing where inference components bring the models.
    instances : Instances | None
        What it runs on, unless it is serverless.
    serverless : Serverless | None
        What it runs on, if it is serverless.
    weight : float
        Its share of the traffic, relative to the other variants' weights.
    scaling : Scaling | None
        How its instances or its provisioned concurrency scale.
    scale_in : ScaleIn | None
        How SageMaker takes instances away under inference components.
    """

    name: str = SINGLE_VARIANT
    model: ModelSpec | None = None
    instances: Instances | None = None
    serverless: Serverless | None = None
    weight: float = 1.0
    scaling: Scaling | None = None
    scale_in: ScaleIn | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSpec:
    """One endpoint.

    Attributes
    ----------
    kind : EndpointKind
        How it serves.
    variants : tuple[VariantSpec, ...]
        Its production variants.
    shadow : VariantSpec | None
        The variant that gets a copy of the requests, and whose answers nobody sees.
    asynchronous : AsyncInference | None
        Where the answers go, if it is asynchronous.
    components : tuple[InferenceComponent, ...]
        Its inference components.
    endpoint_name, role, network, encryption_key, retain_capacity
        As the arguments of the constructs.
    rollout, data_capture, metrics_config, explainer
        As the arguments of the constructs.
    region, account : str | None
        The region and the account it will be in, where they are known before deployment.
    """

    kind: EndpointKind
    variants: tuple[VariantSpec, ...]
    shadow: VariantSpec | None = None
    asynchronous: AsyncInference | None = None
    components: tuple[InferenceComponent, ...] = ()
    endpoint_name: str | None = None
    role: iam.IRole | None = None
    network: Network | None = None
    encryption_key: kms.IKey | str | None = None
    retain_capacity: bool | None = None
    rollout: Rollout | None = None
    data_capture: DataCapture | None = None
    metrics_config: MetricsConfig | None = None
    explainer: ClarifyExplainer | None = None
    region: str | None = None
    account: str | None = None

    @once_each
    def placed_variants(self) -> Iterator[tuple[str, VariantSpec]]:
        """Give every variant with its place in the spec, the shadow variant last."""
        for index, variant in enumerate(self.variants):
            yield f"variants[{index}]", variant
        if self.shadow is not None:
            yield "shadow", self.shadow

    @once_each
    def placed_models(self) -> Iterator[tuple[str, ModelSpec]]:
        """Give every model with its place in the spec, those of inference components last."""
        for at, variant in self.placed_variants():
            if variant.model is not None:
                yield f"{at}.model", variant.model
        for index, component in enumerate(self.components):
            if component.container is not None:
                yield f"components[{index}].model", ModelSpec(containers=(component.container,))
