"""What a model runs on."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_kms as kms

    from sm_constructs.durations import Time
    from sm_constructs.model_data import S3Location

RoutingStrategy = Literal["LEAST_OUTSTANDING_REQUESTS", "RANDOM"]


@dataclass(frozen=True, slots=True)
class PrefixAwareRouting:
    """Route requests with the same prompt prefix to the same instance.

    Parameters
    ----------
    prefix_length : int
        How much of a request decides, in bytes: 1024 to 65536.
    concurrency_threshold : int
        The requests in flight on an instance, 1 to 1024, at which the next goes to another one.

    See Also
    --------
    AWS: ``PrefixAwareRoutingConfig`` in the SageMaker API reference.
    """

    _: KW_ONLY
    prefix_length: int
    concurrency_threshold: int


@dataclass(frozen=True, slots=True)
class Instances:
    """The instances of one variant.

    Parameters
    ----------
    type : str
        The instance type, such as ``"ml.m5.large"``.
    count : int, default 1
        How many instances there are when the endpoint is created; at least 1. With autoscaling it lies in the
        range of the scaling.
    volume_gb : int, optional
        The size of the EBS volume of each instance, 1 to 512 GB. Types with local NVMe disks have none, and
        refuse it. Default: SageMaker's choice.
    model_download_timeout : Duration or timedelta, optional
        How long the download of the model data may take, 60 to 3600 seconds. Default: SageMaker's choice.
    startup_timeout : Duration or timedelta, optional
        How long a container may take until it answers the health check, 60 to 3600 seconds. Default:
        SageMaker's choice.
    ami_version : str, optional
        The machine image with its driver versions, such as ``"al2-ami-sagemaker-inference-gpu-3-1"``.
        Default: SageMaker's choice.
    routing : "LEAST_OUTSTANDING_REQUESTS", "RANDOM" or PrefixAwareRouting, optional
        How requests are spread over the instances. Default: SageMaker's choice.
    ssm_access : bool, optional
        Whether one can log in to the instances with Systems Manager. Default: no.
    capacity_reservation : str, optional
        The ARN of an ML capacity reservation; instances come from it alone. Default: none.
    pools : Sequence[str], default ()
        Up to four further instance types, tried in this order when there is no capacity for `type`.
    provision_timeout : Duration or timedelta, optional
        How long SageMaker tries to get instances, 300 to 3600 seconds. Default: SageMaker's choice.
    core_dump : S3Location, optional
        Where the core dumps of containers that crash go; the execution role may write there. Default: nowhere.
    core_dump_key : IKey or str, optional
        The KMS key (or its ARN) that encrypts them. Default: what the bucket does.

    Examples
    --------
    >>> Instances("ml.g5.xlarge", count=2, model_download_timeout=timedelta(minutes=20))

    See Also
    --------
    AWS: ``ProductionVariant`` in the SageMaker API reference.
    """

    type: str
    _: KW_ONLY
    count: int = 1
    volume_gb: int | None = None
    model_download_timeout: Time | None = None
    startup_timeout: Time | None = None
    ami_version: str | None = None
    routing: RoutingStrategy | PrefixAwareRouting | None = None
    ssm_access: bool | None = None
    capacity_reservation: str | None = None
    pools: Sequence[str] = ()
    provision_timeout: Time | None = None
    core_dump: S3Location | None = None
    core_dump_key: kms.IKey | str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "pools", tuple(self.pools))

    @property
    def types(self) -> tuple[str, ...]:
        """Every type the instances may be of, the preferred one first."""
        return (self.type, *self.pools)
