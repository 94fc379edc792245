"""How a variant or an inference component scales."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from typing_extensions import TypedDict, Unpack

    from sm_constructs.durations import Time

    class TargetTrackingOptions(TypedDict, total=False):
        """What may be said of any target tracking policy.

        Attributes
        ----------
        scale_in_cooldown, scale_out_cooldown : Duration or timedelta
            The pause after an activity before the next of its kind, in whole seconds. Default: 300 seconds.
        scale_in : bool
            Whether the policy also takes capacity away. Default: yes.
        """

        scale_in_cooldown: Time
        scale_out_cooldown: Time
        scale_in: bool


@dataclass(frozen=True, slots=True)
class TargetTracking:
    """Keep a metric at a target value; made by one of the class methods.

    Attributes
    ----------
    metric : str
        The predefined metric of Application Auto Scaling, or the name of a CloudWatch metric.
    target : float
        The value to keep it at, in the metric's unit.
    scale_in_cooldown, scale_out_cooldown : Duration or timedelta, optional
        The pause after an activity before the next of its kind. Default: 300 seconds. 0 is a value.
    scale_in : bool
        Whether the policy also takes capacity away.
    """

    metric: str
    target: float
    _: KW_ONLY
    scale_in_cooldown: Time | None = None
    scale_out_cooldown: Time | None = None
    scale_in: bool = True

    @classmethod
    def invocations_per_instance(cls, target: float, **options: Unpack[TargetTrackingOptions]) -> TargetTracking:
        """Keep the requests per instance and minute at a target.

        Parameters
        ----------
        target : float
            Requests per instance per minute; more than 0.
        **options
            `scale_in_cooldown`, `scale_out_cooldown`, `scale_in`.

        Examples
        --------
        >>> Scaling(1, 4, policies=[TargetTracking.invocations_per_instance(70)])

        See Also
        --------
        AWS: ``SageMakerVariantInvocationsPerInstance`` in the Application Auto Scaling API reference.
        """
        return cls("SageMakerVariantInvocationsPerInstance", target, **options)

    @classmethod
    def provisioned_concurrency_utilization(
        cls, target: float, **options: Unpack[TargetTrackingOptions]
    ) -> TargetTracking:
        """Keep the used share of a serverless endpoint's provisioned concurrency at a target.

        Parameters
        ----------
        target : float
            The share as a ratio, such as 0.7; more than 0, at most 1.
        **options
            `scale_in_cooldown`, `scale_out_cooldown`, `scale_in`.

        Examples
        --------
        >>> Scaling(1, 10, policies=[TargetTracking.provisioned_concurrency_utilization(0.7)])

        See Also
        --------
        AWS: "Automatically scale Provisioned Concurrency for a serverless endpoint", SageMaker developer guide.
        """
        return cls("SageMakerVariantProvisionedConcurrencyUtilization", target, **options)

    @classmethod
    def backlog_per_instance(cls, target: float, **options: Unpack[TargetTrackingOptions]) -> TargetTracking:
        """Keep the waiting requests per instance of an asynchronous endpoint at a target.

        Parameters
        ----------
        target : float
            Waiting and running requests per instance; more than 0.
        **options
            `scale_in_cooldown`, `scale_out_cooldown`, `scale_in`.

        Examples
        --------
        >>> Scaling(0, 5, policies=[TargetTracking.backlog_per_instance(5)])

        See Also
        --------
        AWS: "Autoscale an asynchronous endpoint", SageMaker developer guide.
        """
        return cls("ApproximateBacklogSizePerInstance", target, **options)

    @classmethod
    def invocations_per_copy(cls, target: float, **options: Unpack[TargetTrackingOptions]) -> TargetTracking:
        """Keep the requests per copy of an inference component and minute at a target.

        Parameters
        ----------
        target : float
            Requests per copy per minute; more than 0.
        **options
            `scale_in_cooldown`, `scale_out_cooldown`, `scale_in`.

        Examples
        --------
        >>> Scaling(0, 4, policies=[TargetTracking.invocations_per_copy(20)])

        See Also
        --------
        AWS: ``SageMakerInferenceComponentInvocationsPerCopy`` in the Application Auto Scaling API reference.
        """
        return cls("SageMakerInferenceComponentInvocationsPerCopy", target, **options)

    @classmethod
    def concurrent_requests_per_copy(cls, target: float, **options: Unpack[TargetTrackingOptions]) -> TargetTracking:
        """Keep the simultaneous requests per copy of an inference component at a target, measured every 10 seconds.

        Parameters
        ----------
        target : float
            Requests in flight and waiting per copy; more than 0.
        **options
            `scale_in_cooldown`, `scale_out_cooldown`, `scale_in`.

        Examples
        --------
        >>> Scaling(1, 4, policies=[TargetTracking.concurrent_requests_per_copy(5)])

        See Also
        --------
        AWS: "High-resolution metrics" in the Application Auto Scaling and SageMaker developer guides.
        """
        return cls("SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution", target, **options)


@dataclass(frozen=True, slots=True)
class ScheduledCapacity:
    """Another range of capacity from a moment on, once or again and again.

    Parameters
    ----------
    schedule : str
        When: ``cron(…)`` with six fields, ``rate(…)``, or ``at(yyyy-mm-ddThh:mm:ss)``.
    min_capacity, max_capacity : int, optional
        The new range; at least one of them. Default: that end stays.
    start, end : datetime, optional
        The time in which the schedule holds. Default: from now on, for ever.
    time_zone : str, optional
        The time zone of `schedule`, such as ``"Europe/Berlin"``. Default: UTC.

    Examples
    --------
    >>> ScheduledCapacity("cron(0 8 ? * MON-FRI *)", min_capacity=2, time_zone="Europe/Berlin")

    See Also
    --------
    AWS: "Scheduled scaling" in the Application Auto Scaling user guide.
    """

    schedule: str
    _: KW_ONLY
    min_capacity: int | None = None
    max_capacity: int | None = None
    start: datetime | None = None
    end: datetime | None = None
    time_zone: str | None = None


@dataclass(frozen=True, slots=True)
class Scaling:
    """The range in which capacity scales, and what scales it.

    Parameters
    ----------
    min_capacity, max_capacity : int
        The range, both ends included: instances, copies, or provisioned concurrency. Asynchronous endpoints and
        inference components go down to 0, everything else to 1.
    policies : Sequence[TargetTracking]
        What scales it; each uses another metric.
    schedule : Sequence[ScheduledCapacity]
        Other ranges at other times.

    Examples
    --------
    >>> Scaling(1, 4, policies=[TargetTracking.invocations_per_instance(70)])

    See Also
    --------
    AWS: "Automatic scaling of Amazon SageMaker AI models" in the SageMaker developer guide.
    """

    min_capacity: int
    max_capacity: int
    _: KW_ONLY
    policies: Sequence[TargetTracking] = ()
    schedule: Sequence[ScheduledCapacity] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "policies", tuple(self.policies))
        object.__setattr__(self, "schedule", tuple(self.schedule))


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric that target tracking can follow.

    Attributes
    ----------
    dimension : str
        What it scales, as Application Auto Scaling names it.
    kinds : tuple[str, ...]
        The kinds of endpoint that publish it.
    predefined : bool
        Whether Application Auto Scaling knows it by this name; otherwise it is a metric of the endpoint in CloudWatch.
    """

    dimension: str
    kinds: tuple[str, ...]
    predefined: bool = True


INSTANCES = "sagemaker:variant:DesiredInstanceCount"
PROVISIONED_CONCURRENCY = "sagemaker:variant:DesiredProvisionedConcurrency"
COPIES = "sagemaker:inference-component:DesiredCopyCount"

METRICS = {
    "SageMakerVariantInvocationsPerInstance": Metric(INSTANCES, ("real-time",)),
    "SageMakerVariantProvisionedConcurrencyUtilization": Metric(PROVISIONED_CONCURRENCY, ("serverless",)),
    "ApproximateBacklogSizePerInstance": Metric(INSTANCES, ("asynchronous",), predefined=False),
    "SageMakerInferenceComponentInvocationsPerCopy": Metric(COPIES, ("inference-components",)),
    "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution": Metric(COPIES, ("inference-components",)),
}
"""What target tracking can follow."""
