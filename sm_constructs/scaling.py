"""How a variant or an inference component scales."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

from sm_constructs.scaling_metrics import COPIES, INSTANCES, METRICS, PROVISIONED_CONCURRENCY, CustomMetric, described

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from aws_cdk import aws_cloudwatch as cloudwatch
    from typing_extensions import TypedDict, Unpack

    from sm_constructs.durations import Time
    from sm_constructs.step_scaling import StepScaling

    class TargetTrackingOptions(TypedDict, total=False):
        """What may be said of any target tracking policy.

        Attributes
        ----------
        scale_in_cooldown, scale_out_cooldown : Duration or timedelta
            The pause after an activity before the next of its kind, in whole seconds. Default: 300 seconds.
        scale_in : bool
            Whether the policy also takes capacity away. Default: yes.
        name : str
            The name of the policy. Default: that of the metric.
        """

        scale_in_cooldown: Time
        scale_out_cooldown: Time
        scale_in: bool
        name: str


FROM_ZERO = "FromZero"
"""The name of the policy that adds the first capacity."""

__all__ = [
    "COPIES",
    "FROM_ZERO",
    "INSTANCES",
    "METRICS",
    "PROVISIONED_CONCURRENCY",
    "Scaling",
    "ScheduledCapacity",
    "TargetTracking",
]


@dataclass(frozen=True, slots=True)
class TargetTracking:
    """Keep a metric at a target value; made by one of the class methods.

    Attributes
    ----------
    metric : str or CustomMetric
        The predefined metric of Application Auto Scaling, the name of a metric of what scales, or any other metric.
    target : float
        The value to keep it at, in the metric's unit; the use of vCPUs and GPUs in percent of one of them.
    scale_in_cooldown, scale_out_cooldown : Duration or timedelta, optional
        The pause after an activity before the next of its kind. Default: 300 seconds. 0 is a value.
    scale_in : bool
        Whether the policy also takes capacity away.
    name : str, optional
        The name of the policy. Default: that of the metric.
    """

    metric: str | CustomMetric
    target: float
    _: KW_ONLY
    scale_in_cooldown: Time | None = None
    scale_out_cooldown: Time | None = None
    scale_in: bool = True
    name: str | None = None

    @property
    def policy_names(self) -> tuple[str, ...]:
        """The name of the policy; a tuple of one, as other policies have several."""
        if self.name is not None:
            return (self.name,)
        metric = self.metric if isinstance(self.metric, str) else self.metric.name
        return (metric.removeprefix("SageMaker").removeprefix("Variant"),)

    @classmethod
    def invocations_per_instance(cls, target: float, **options: Unpack[TargetTrackingOptions]) -> TargetTracking:
        """Keep the requests per instance and minute at a target.

        Parameters
        ----------
        target : float
            Requests per instance per minute; more than 0.
        **options
            `scale_in_cooldown`, `scale_out_cooldown`, `scale_in`, `name`.

        Examples
        --------
        >>> Scaling(1, 4, policies=[TargetTracking.invocations_per_instance(70)])

        See Also
        --------
        AWS: ``SageMakerVariantInvocationsPerInstance`` in the Application Auto Scaling API reference.
        """
        return cls("SageMakerVariantInvocationsPerInstance", target, **options)

    @classmethod
    def concurrent_requests_per_model(cls, target: float, **options: Unpack[TargetTrackingOptions]) -> TargetTracking:
        """Keep the simultaneous requests per model at a target, measured every 10 seconds.

        Scaling out begins sooner than with metrics of every minute; scaling in does not.

        Parameters
        ----------
        target : float
            Requests in flight and waiting per instance; more than 0.
        **options
            `scale_in_cooldown`, `scale_out_cooldown`, `scale_in`, `name`.

        Examples
        --------
        >>> Scaling(1, 4, policies=[TargetTracking.concurrent_requests_per_model(5)])

        See Also
        --------
        AWS: "High-resolution metrics", SageMaker developer guide: "Define a scaling policy".
        """
        return cls("SageMakerVariantConcurrentRequestsPerModelHighResolution", target, **options)

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
            `scale_in_cooldown`, `scale_out_cooldown`, `scale_in`, `name`.

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
            `scale_in_cooldown`, `scale_out_cooldown`, `scale_in`, `name`.

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
            `scale_in_cooldown`, `scale_out_cooldown`, `scale_in`, `name`.

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
            `scale_in_cooldown`, `scale_out_cooldown`, `scale_in`, `name`.

        Examples
        --------
        >>> Scaling(1, 4, policies=[TargetTracking.concurrent_requests_per_copy(5)])

        See Also
        --------
        AWS: "High-resolution metrics" in the Application Auto Scaling and SageMaker developer guides.
        """
        return cls("SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution", target, **options)

    @classmethod
    def cpu_utilization(cls, target: float, **options: Unpack[TargetTrackingOptions]) -> TargetTracking:
        """Keep the use of the processors at a target.

        Parameters
        ----------
        target : float
            Percent of one vCPU, more than 0, at most 100, whatever the number of vCPUs: the metric runs to 100 times
            that, and its target is computed from the instance type. For inference components percent of what they
            reserve.
        **options
            `scale_in_cooldown`, `scale_out_cooldown`, `scale_in`, `name`.

        Examples
        --------
        >>> Scaling(1, 4, policies=[TargetTracking.cpu_utilization(60)])

        See Also
        --------
        AWS: "Amazon SageMaker AI metrics in Amazon CloudWatch", SageMaker developer guide: ``CPUUtilization``.
        """
        return cls("CPUUtilization", target, **options)

    @classmethod
    def gpu_utilization(cls, target: float, **options: Unpack[TargetTrackingOptions]) -> TargetTracking:
        """Keep the use of the GPUs at a target.

        Parameters
        ----------
        target : float
            Percent of one GPU, more than 0, at most 100, whatever the number of GPUs: the metric runs to 100 times
            that, and its target is computed from the instance type. For inference components percent of what they
            reserve.
        **options
            `scale_in_cooldown`, `scale_out_cooldown`, `scale_in`, `name`.

        Examples
        --------
        >>> Scaling(1, 4, policies=[TargetTracking.gpu_utilization(60)])

        See Also
        --------
        AWS: "Amazon SageMaker AI metrics in Amazon CloudWatch", SageMaker developer guide: ``GPUUtilization``.
        """
        return cls("GPUUtilization", target, **options)

    @classmethod
    def memory_utilization(cls, target: float, **options: Unpack[TargetTrackingOptions]) -> TargetTracking:
        """Keep the use of the memory at a target.

        Parameters
        ----------
        target : float
            Percent of the memory, more than 0, at most 100. For inference components percent of what they reserve.
        **options
            `scale_in_cooldown`, `scale_out_cooldown`, `scale_in`, `name`.

        Examples
        --------
        >>> Scaling(1, 4, policies=[TargetTracking.memory_utilization(60)])

        See Also
        --------
        AWS: "Amazon SageMaker AI metrics in Amazon CloudWatch", SageMaker developer guide: ``MemoryUtilization``.
        """
        return cls("MemoryUtilization", target, **options)

    @classmethod
    def gpu_memory_utilization(cls, target: float, **options: Unpack[TargetTrackingOptions]) -> TargetTracking:
        """Keep the use of the memory of the GPUs at a target.

        Parameters
        ----------
        target : float
            Percent of one GPU's memory, more than 0, at most 100, whatever the number of GPUs: the metric runs to 100
            times that, and its target is computed from the instance type. For inference components percent of what
            they reserve.
        **options
            `scale_in_cooldown`, `scale_out_cooldown`, `scale_in`, `name`.

        Examples
        --------
        >>> Scaling(1, 4, policies=[TargetTracking.gpu_memory_utilization(60)])

        See Also
        --------
        AWS: "Amazon SageMaker AI metrics in Amazon CloudWatch", SageMaker developer guide: ``GPUMemoryUtilization``.
        """
        return cls("GPUMemoryUtilization", target, **options)

    @classmethod
    def on_metric(
        cls, metric: cloudwatch.IMetric | CustomMetric, target: float, **options: Unpack[TargetTrackingOptions]
    ) -> TargetTracking:
        """Keep any metric in CloudWatch at a target; more capacity has to make it smaller.

        Parameters
        ----------
        metric : IMetric or CustomMetric
            The metric, with its dimensions, statistic and unit; not a calculation with metrics.
        target : float
            The value to keep it at, in the metric's unit.
        **options
            `scale_in_cooldown`, `scale_out_cooldown`, `scale_in`, `name`.

        Raises
        ------
        TypeError
            The metric is a calculation.

        Examples
        --------
        >>> waiting = queue.metric_approximate_number_of_messages_visible()
        >>> Scaling(1, 4, policies=[TargetTracking.on_metric(waiting, 100)])

        See Also
        --------
        AWS: ``CustomizedMetricSpecification`` in the Application Auto Scaling API reference.
        """
        return cls(metric if isinstance(metric, CustomMetric) else described(metric)[0], target, **options)


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
    policies : Sequence[TargetTracking or StepScaling]
        What scales it; each uses another metric. Where several would scale, the largest capacity counts.
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
    policies: Sequence[TargetTracking | StepScaling] = ()
    schedule: Sequence[ScheduledCapacity] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "policies", tuple(self.policies))
        object.__setattr__(self, "schedule", tuple(self.schedule))
