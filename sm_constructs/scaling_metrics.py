"""What scaling can follow: the metrics of what scales, and any other metric in CloudWatch."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from sm_constructs.facts import instance_types
from sm_constructs.tokens import is_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_cloudwatch as cloudwatch

    from sm_constructs.instances import Instances

INSTANCES = "sagemaker:variant:DesiredInstanceCount"
PROVISIONED_CONCURRENCY = "sagemaker:variant:DesiredProvisionedConcurrency"
COPIES = "sagemaker:inference-component:DesiredCopyCount"

ONE_MINUTE = timedelta(minutes=1)
"""How often SageMaker publishes a metric."""


@dataclass(frozen=True, slots=True)
class CustomMetric:
    """A metric in CloudWatch, described without the CDK.

    Parameters
    ----------
    name : str
        Its name.
    namespace : str
        The namespace in which it is published.
    dimensions : Mapping[str, str]
        Its dimensions, by name. Default: none.
    statistic : str, default "Average"
        How the values of a period become one: ``Average``, ``Minimum``, ``Maximum``, ``Sum`` or ``SampleCount``; for
        step scaling also a percentile such as ``p90``.
    unit : str, optional
        The unit to look for, such as ``"Percent"``. Default: any.

    Examples
    --------
    >>> CustomMetric("QueueLength", namespace="Shop", dimensions={"Queue": "orders"}, statistic="Maximum")

    See Also
    --------
    AWS: ``CustomizedMetricSpecification`` in the Application Auto Scaling API reference.
    """

    name: str
    _: KW_ONLY
    namespace: str
    dimensions: Mapping[str, str] = field(default_factory=dict)
    statistic: str = "Average"
    unit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A metric of what scales.

    Attributes
    ----------
    kinds : tuple[str, ...]
        The kinds of endpoint that publish it.
    published : str | None
        Its name in CloudWatch; ``None`` for one that only Application Auto Scaling knows.
    namespace, statistic, unit : str
        The rest of it in CloudWatch.
    about : tuple[str, ...]
        The names of its dimensions.
    percent : bool
        Whether it is a use of something, in percent.
    per : {"vcpus", "gpus"} | None
        What it is the sum over: it runs to 100 times their number.
    gpus : bool
        Whether only instances with GPUs have it.
    """

    kinds: tuple[str, ...]
    published: str | None = None
    namespace: str = "AWS/SageMaker"
    about: tuple[str, ...] = ("EndpointName", "VariantName")
    statistic: str = "Average"
    unit: str | None = None
    percent: bool = False
    per: Literal["vcpus", "gpus"] | None = None
    gpus: bool = False

    def custom(self, dimensions: Mapping[str, str]) -> CustomMetric:
        """Give it with the values of its dimensions, which are among those given."""
        return CustomMetric(
            str(self.published),
            namespace=self.namespace,
            dimensions={name: dimensions[name] for name in self.about},
            statistic=self.statistic,
            unit=self.unit,
        )


def _of_instances(name: str, *, per: Literal["vcpus", "gpus"] | None = None) -> Metric:
    return Metric(
        kinds=("real-time", "asynchronous"),
        published=name,
        namespace="/aws/sagemaker/Endpoints",
        unit="Percent",
        percent=True,
        per=per,
        gpus=per == "gpus",
    )


def _of_copies(name: str) -> Metric:
    return Metric(
        kinds=("inference-components",),
        published=f"{name}Normalized",
        namespace="/aws/sagemaker/InferenceComponents",
        about=("InferenceComponentName",),
        unit="Percent",
        percent=True,
        gpus=name.startswith("GPU"),
    )


_REAL_TIME, _SERVERLESS, _COMPONENTS = ("real-time",), ("serverless",), ("inference-components",)
_COPY = ("InferenceComponentName",)

METRICS: Mapping[tuple[str, str], Metric] = {
    # Predefined: Application Auto Scaling knows them by these names, CloudWatch does not.
    (INSTANCES, "SageMakerVariantInvocationsPerInstance"): Metric(kinds=_REAL_TIME),
    (INSTANCES, "SageMakerVariantConcurrentRequestsPerModelHighResolution"): Metric(kinds=_REAL_TIME),
    (PROVISIONED_CONCURRENCY, "SageMakerVariantProvisionedConcurrencyUtilization"): Metric(kinds=_SERVERLESS),
    (COPIES, "SageMakerInferenceComponentInvocationsPerCopy"): Metric(kinds=_COMPONENTS),
    (COPIES, "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution"): Metric(kinds=_COMPONENTS),
    # In CloudWatch. AWS: "Amazon SageMaker AI metrics in Amazon CloudWatch", SageMaker developer guide.
    (INSTANCES, "InvocationsPerInstance"): Metric(
        kinds=_REAL_TIME, published="InvocationsPerInstance", statistic="Sum"
    ),
    (INSTANCES, "ConcurrentRequestsPerModel"): Metric(
        kinds=_REAL_TIME, published="ConcurrentRequestsPerModel", statistic="Maximum"
    ),
    (INSTANCES, "ApproximateBacklogSizePerInstance"): Metric(
        kinds=("asynchronous",), published="ApproximateBacklogSizePerInstance", about=("EndpointName",)
    ),
    (INSTANCES, "CPUUtilization"): _of_instances("CPUUtilization", per="vcpus"),
    (INSTANCES, "MemoryUtilization"): _of_instances("MemoryUtilization"),
    (INSTANCES, "GPUUtilization"): _of_instances("GPUUtilization", per="gpus"),
    (INSTANCES, "GPUMemoryUtilization"): _of_instances("GPUMemoryUtilization", per="gpus"),
    (PROVISIONED_CONCURRENCY, "ServerlessProvisionedConcurrencyUtilization"): Metric(
        kinds=_SERVERLESS, published="ServerlessProvisionedConcurrencyUtilization", statistic="Maximum"
    ),
    (COPIES, "InvocationsPerCopy"): Metric(
        kinds=_COMPONENTS, published="InvocationsPerCopy", about=_COPY, statistic="Sum"
    ),
    (COPIES, "ConcurrentRequestsPerCopy"): Metric(
        kinds=_COMPONENTS, published="ConcurrentRequestsPerCopy", about=_COPY, statistic="Maximum"
    ),
    (COPIES, "CPUUtilization"): _of_copies("CPUUtilization"),
    (COPIES, "MemoryUtilization"): _of_copies("MemoryUtilization"),
    (COPIES, "GPUUtilization"): _of_copies("GPUUtilization"),
    (COPIES, "GPUMemoryUtilization"): _of_copies("GPUMemoryUtilization"),
}
"""The metrics of what scales, by what of it scales and by their names."""


def units_of(metric: Metric, instances: Instances | None) -> int | None:
    """Say how many vCPUs or GPUs a metric is the sum over: 1 for all others, ``None`` where it is not known.

    Instance pools have to be of one size, since the target is one.
    """
    if metric.per is None:
        return 1
    known = instance_types()
    counts = {
        getattr(known[name], metric.per) if name in known else None
        for name in (() if instances is None else instances.types)
    }
    return counts.pop() if len(counts) == 1 else None


def times(value: float, count: int) -> float:
    """Multiply as one does on paper: 0.1 times 3 is 0.3. What is not known before deployment stays as it is.

    >>> times(0.1, 3), times(70, 1)
    (0.3, 70)
    """
    return value if count == 1 or not is_number(value) else _plain(Decimal(str(value)) * count)


def divided(value: float, count: int) -> float:
    """Divide as one does on paper; the way back from `times`.

    >>> divided(0.3, 3)
    0.1
    """
    return value if count == 1 or not is_number(value) else _plain(Decimal(str(value)) / count)


def plus(value: float, other: float) -> float:
    """Add as one does on paper.

    >>> plus(0.1, 0.2), plus(70, -50)
    (0.3, 20)
    """
    return _plain(Decimal(str(value)) + Decimal(str(other)))


def _plain(value: Decimal) -> float:
    number = float(value)
    return int(number) if number.is_integer() else number


def described(metric: cloudwatch.IMetric) -> tuple[CustomMetric, timedelta]:
    """Describe a metric of the CDK without the CDK, and give its period.

    Raises
    ------
    TypeError
        It is a calculation.
    """
    stat = metric.to_metric_config().metric_stat
    if stat is None:
        message = (
            f"scaling follows a metric, and {metric} is a calculation with metrics; publish its result as a metric of "
            "your own, and give that one"
        )
        raise TypeError(message)
    # The CDK has the names of its members: BYTES_PER_SECOND is CloudWatch's Bytes/Second.
    unit = None if stat.unit_filter is None else stat.unit_filter.name.replace("_PER_", "/").title()
    custom = CustomMetric(
        stat.metric_name,
        namespace=stat.namespace,
        dimensions={dimension.name: dimension.value for dimension in stat.dimensions or ()},
        statistic=stat.statistic,
        unit=unit,
    )
    return custom, timedelta(seconds=stat.period.to_seconds())
