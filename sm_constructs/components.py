"""Inference components: models that share the instances of an endpoint."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sm_constructs.containers import Container, ModelPackage
    from sm_constructs.durations import Time
    from sm_constructs.model_data import ModelData
    from sm_constructs.scaling import Scaling


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
