"""Inference components: models that share the instances of an endpoint."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from sm_constructs.containers import Container, ModelPackage
    from sm_constructs.durations import Time
    from sm_constructs.model_data import ModelData
    from sm_constructs.rollout import Rollout
    from sm_constructs.scaling import Scaling


@dataclass(frozen=True, slots=True)
class ScaleIn:
    """How SageMaker takes away the instances under inference components.

    Parameters
    ----------
    strategy : "IDLE_RELEASE" or "CONSOLIDATION"
        Whether it takes those without copies only, or also moves copies together to make instances free.
    most_at_once : int, optional
        How many instances a consolidation takes at a time, 1 to 100. Default: 1.
    cooldown : Duration or timedelta, optional
        How long a consolidation waits after the last change of the endpoint, 5 to 1440 whole minutes. Default: 20.

    See Also
    --------
    AWS: ``ProductionVariantManagedInstanceScalingScaleInPolicy`` in the SageMaker API reference.
    """

    strategy: Literal["IDLE_RELEASE", "CONSOLIDATION"]
    _: KW_ONLY
    most_at_once: int | None = None
    cooldown: Time | None = None


@dataclass(frozen=True, slots=True)
class InferenceComponent:
    """A model on an `InferenceComponentEndpoint`, with what it needs of an instance.

    Parameters
    ----------
    name : str
        Its name among the components of the endpoint; 1 to 63 letters, digits and hyphens.
    container : Container or ModelPackage, optional
        What runs. Default: none; an adapter runs in the container of its `base`.
    memory_mb : int, optional
        The memory that each copy needs, in MB; at least 128. Required unless there is a `base`.
    max_memory_mb : int, optional
        The memory that a copy gets at most, in MB. Default: no limit.
    cpus : float, optional
        The vCPUs that each copy needs; at least 0.25. Default: none are reserved.
    accelerators : float, optional
        The GPUs or Neuron devices that each copy needs; at least 1. Default: none.
    copies : int, default 1
        How many copies there are when the component is created; at least 1. With autoscaling it lies in the range.
    scaling : Scaling, optional
        How the number of copies follows the load; down to 0. Default: it stays as it is.
    model_download_timeout : Duration or timedelta, optional
        How long the download of the model data may take, 60 to 3600 seconds. Default: SageMaker's choice.
    startup_timeout : Duration or timedelta, optional
        How long the container may take until it answers the health check, 60 to 3600 seconds. Default: SageMaker's
        choice.
    base : str, optional
        The name of another component of this endpoint to which this one is an adapter. Default: none.
    adapter : ModelData, optional
        The archive of the adapter. Required with `base`.
    rollout : Rollout, optional
        How an update reaches the copies; `Rollout.rolling`. Default: SageMaker's choice.
    cache_data : bool, optional
        Whether instances keep the model data and the image, so that further copies start faster. Default:
        SageMaker's choice.
    placement : "SPREAD" or "BINPACK", optional
        Whether copies go to as many instances as there are, or to as few as possible. Default: SageMaker's choice.
    zone_imbalance : int, optional
        By how many copies one availability zone may be ahead of another, 0 to 100, as long as there is room;
        with `placement`. Default: 0.

    Examples
    --------
    >>> InferenceComponent("llama", container=container, accelerators=1, memory_mb=16384, copies=2)
    >>> InferenceComponent("legal", base="llama", adapter=ModelData.from_s3("models", "legal.tar.gz"))

    See Also
    --------
    AWS: ``InferenceComponentSpecification`` in the SageMaker API reference.
    """

    name: str
    _: KW_ONLY
    container: Container | ModelPackage | None = None
    memory_mb: int | None = None
    max_memory_mb: int | None = None
    cpus: float | None = None
    accelerators: float | None = None
    copies: int = 1
    scaling: Scaling | None = None
    model_download_timeout: Time | None = None
    startup_timeout: Time | None = None
    base: str | None = None
    adapter: ModelData | None = None
    rollout: Rollout | None = None
    cache_data: bool | None = None
    placement: Literal["SPREAD", "BINPACK"] | None = None
    zone_imbalance: int | None = None
