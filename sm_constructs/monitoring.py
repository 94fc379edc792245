"""CloudWatch metrics of endpoints, with the namespace, dimensions, unit and statistic that exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from sm_constructs.spec import SINGLE_VARIANT

if TYPE_CHECKING:
    from typing_extensions import TypedDict, Unpack

    class MetricOptions(TypedDict, total=False):
        """What one may choose of a metric.

        Attributes
        ----------
        period : Duration
            The length of one data point. Default: one minute.
        statistic : str
            How the values of a period become one. Default: the one that suits the metric.
        label : str
            The name in graphs. Default: the name of the metric.
        """

        period: Duration
        statistic: str
        label: str


INVOCATIONS = "AWS/SageMaker"
INSTANCES = "/aws/sagemaker/Endpoints"


class EndpointMetrics:
    """The metrics of an endpoint; mixed into every endpoint.

    AWS: "Amazon SageMaker AI metrics in Amazon CloudWatch", SageMaker developer guide.
    """

    if TYPE_CHECKING:

        @property
        def endpoint_name(self) -> str:
            """The name of the endpoint."""

    def metric(
        self,
        name: str,
        *,
        variant: str = SINGLE_VARIANT,
        namespace: str = INVOCATIONS,
        unit: cloudwatch.Unit | None = None,
        **options: Unpack[MetricOptions],
    ) -> cloudwatch.Metric:
        """Give any metric of one variant.

        Parameters
        ----------
        name : str
            The name of the metric, such as ``"Invocation4XXErrors"``.
        variant : str, default "AllTraffic"
            The name of the variant.
        namespace : str, default "AWS/SageMaker"
            ``"AWS/SageMaker"`` has the metrics of invocations, ``"/aws/sagemaker/Endpoints"`` those of instances.
        unit : Unit, optional
            The unit to filter by. Default: any.
        **options
            ``period``, ``statistic`` and ``label``.

        Examples
        --------
        >>> endpoint.metric("FirstChunkLatency", statistic="p90")
        """
        settings: MetricOptions = {"period": Duration.minutes(1), "statistic": "Average", **options}
        return cloudwatch.Metric(
            namespace=namespace,
            metric_name=name,
            dimensions_map={"EndpointName": self.endpoint_name, "VariantName": variant},
            unit=unit,
            **settings,
        )

    def metric_invocations(
        self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Give the number of requests; only its sum exists."""
        options.setdefault("statistic", "Sum")
        return self.metric("Invocations", variant=variant, **options)

    def metric_invocations_per_instance(
        self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Give the number of requests per instance, which target tracking follows; only its sum exists."""
        options.setdefault("statistic", "Sum")
        return self.metric("InvocationsPerInstance", variant=variant, **options)

    def metric_errors(
        self, *, variant: str = SINGLE_VARIANT, client: bool = False, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Give the number of requests that the model answered with a 5XX code, or with `client` a 4XX code.

        The statistics ``Sum`` (the default) and ``Average`` (the share of all requests) exist.
        """
        name = "Invocation4XXErrors" if client else "Invocation5XXErrors"
        options.setdefault("statistic", "Sum")
        return self.metric(name, variant=variant, **options)

    def metric_model_latency(
        self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Give the time that the model took to answer, in microseconds."""
        return self.metric("ModelLatency", variant=variant, unit=cloudwatch.Unit.MICROSECONDS, **options)

    def metric_overhead_latency(
        self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Give the time that SageMaker added to the model's answer, in microseconds."""
        return self.metric("OverheadLatency", variant=variant, unit=cloudwatch.Unit.MICROSECONDS, **options)

    def metric_cpu_utilization(
        self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Give the use of the processors in percent; it runs to 100 times the number of vCPUs."""
        return self._of_instances("CPUUtilization", variant, **options)

    def metric_memory_utilization(
        self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Give the use of the memory in percent."""
        return self._of_instances("MemoryUtilization", variant, **options)

    def metric_disk_utilization(
        self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Give the use of the disk in percent."""
        return self._of_instances("DiskUtilization", variant, **options)

    def metric_gpu_utilization(
        self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Give the use of the GPUs in percent; it runs to 100 times the number of GPUs."""
        return self._of_instances("GPUUtilization", variant, **options)

    def metric_gpu_memory_utilization(
        self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Give the use of the GPUs' memory in percent; it runs to 100 times the number of GPUs."""
        return self._of_instances("GPUMemoryUtilization", variant, **options)

    def _of_instances(self, name: str, variant: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        return self.metric(name, variant=variant, namespace=INSTANCES, unit=cloudwatch.Unit.PERCENT, **options)
