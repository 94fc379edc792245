"""CloudWatch metrics of endpoints, with the namespace, dimensions, unit and statistic that exist.

Each kind of endpoint has the metrics that it publishes, and no others. Latencies are in microseconds.
AWS: "Amazon SageMaker AI metrics in Amazon CloudWatch", SageMaker developer guide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk.aws_cloudwatch import MathExpression, Metric, Unit

from sm_constructs.spec import SINGLE_VARIANT, VariantSpec

if TYPE_CHECKING:
    from typing_extensions import TypedDict, Unpack

    from sm_constructs.components import InferenceComponent

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
COMPONENTS = "/aws/sagemaker/InferenceComponents"


class EndpointMetrics:
    """Any metric of an endpoint; mixed into every endpoint."""

    if TYPE_CHECKING:

        @property
        def endpoint_name(self) -> str:
            """The name of the endpoint."""

    @property
    def variants(self) -> tuple[VariantSpec, ...]:
        """The production variants; of an endpoint that exists already no more than the usual name is known."""
        return (VariantSpec(),)

    @property
    def shadow(self) -> VariantSpec | None:
        """The shadow variant, if there is one and it is known."""
        return None

    def metric(
        self,
        name: str,
        *,
        variant: str | None = SINGLE_VARIANT,
        namespace: str = INVOCATIONS,
        unit: Unit | None = None,
        **options: Unpack[MetricOptions],
    ) -> Metric:
        """Give any metric of the endpoint or of one variant.

        Parameters
        ----------
        name : str
            The name of the metric, such as ``"Invocation4XXErrors"``.
        variant : str or None, default "AllTraffic"
            The name of the variant; ``None`` for a metric of the whole endpoint.
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
        dimensions = {"EndpointName": self.endpoint_name}
        if variant is not None:
            dimensions["VariantName"] = variant
        return _metric(namespace, name, dimensions, unit, options)


def _metric(namespace: str, name: str, dimensions: dict[str, str], unit: Unit | None, options: MetricOptions) -> Metric:
    settings: MetricOptions = {"period": Duration.minutes(1), "statistic": "Average", **options}
    return Metric(namespace=namespace, metric_name=name, dimensions_map=dimensions, unit=unit, **settings)


def _ratio(over: Metric, under: Metric, label: str) -> MathExpression:
    """Divide what all got by what each got, which gives how many there are."""
    return MathExpression(
        expression="total / each", using_metrics={"total": over, "each": under}, label=label, period=over.period
    )


class ModelMetrics(EndpointMetrics):
    """How the model answers; of every kind."""

    def metric_model_latency(self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]) -> Metric:
        """Give the time that the model took to answer, in microseconds."""
        return self.metric("ModelLatency", variant=variant, unit=Unit.MICROSECONDS, **options)


class RequestMetrics(ModelMetrics):
    """The requests of endpoints that answer at once."""

    def metric_invocations(self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]) -> Metric:
        """Give the number of requests; only its sum exists."""
        options.setdefault("statistic", "Sum")
        return self.metric("Invocations", variant=variant, **options)

    def metric_errors(
        self, *, variant: str = SINGLE_VARIANT, client: bool = False, **options: Unpack[MetricOptions]
    ) -> Metric:
        """Give the number of requests that the model answered with a 5XX code, or with `client` a 4XX code.

        The statistics ``Sum`` (the default) and ``Average`` (the share of all requests) exist.
        """
        name = "Invocation4XXErrors" if client else "Invocation5XXErrors"
        options.setdefault("statistic", "Sum")
        return self.metric(name, variant=variant, **options)

    def metric_overhead_latency(self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]) -> Metric:
        """Give the time that SageMaker added to the model's answer, in microseconds."""
        return self.metric("OverheadLatency", variant=variant, unit=Unit.MICROSECONDS, **options)


class InstanceMetrics(EndpointMetrics):
    """The use of instances."""

    def metric_cpu_utilization(self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]) -> Metric:
        """Give the use of the processors in percent; it runs to 100 times the number of vCPUs."""
        return self.metric("CPUUtilization", variant=variant, namespace=INSTANCES, unit=Unit.PERCENT, **options)

    def metric_memory_utilization(self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]) -> Metric:
        """Give the use of the memory in percent."""
        return self.metric("MemoryUtilization", variant=variant, namespace=INSTANCES, unit=Unit.PERCENT, **options)

    def metric_disk_utilization(self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]) -> Metric:
        """Give the use of the disk in percent."""
        return self.metric("DiskUtilization", variant=variant, namespace=INSTANCES, unit=Unit.PERCENT, **options)

    def metric_gpu_utilization(self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]) -> Metric:
        """Give the use of the GPUs in percent; it runs to 100 times the number of GPUs."""
        return self.metric("GPUUtilization", variant=variant, namespace=INSTANCES, unit=Unit.PERCENT, **options)

    def metric_gpu_memory_utilization(
        self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]
    ) -> Metric:
        """Give the use of the GPUs' memory in percent; it runs to 100 times the number of GPUs."""
        return self.metric("GPUMemoryUtilization", variant=variant, namespace=INSTANCES, unit=Unit.PERCENT, **options)


class RealTimeMetrics(RequestMetrics, InstanceMetrics):
    """Everything of endpoints that answer at once, on instances."""

    def metric_invocations_per_instance(
        self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]
    ) -> Metric:
        """Give the requests per instance, which target tracking follows; only its sum exists."""
        options.setdefault("statistic", "Sum")
        return self.metric("InvocationsPerInstance", variant=variant, **options)

    def metric_instance_count(
        self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]
    ) -> MathExpression:
        """Give the number of instances that answered; nothing where nobody asked.

        SageMaker publishes no such metric, but each request adds 1 to ``Invocations`` and 1 divided by the number of
        active instances to ``InvocationsPerInstance``. AWS: ``ScalingPolicyMetric``, SageMaker API reference.
        """
        return _ratio(
            self.metric_invocations(variant=variant, **options),
            self.metric_invocations_per_instance(variant=variant, **options),
            options.get("label", "instances"),
        )


class MultiModelMetrics(RealTimeMetrics):
    """The loading of models, beside everything of a real-time endpoint."""

    def metric_model_cache_hit(self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]) -> Metric:
        """Give the share of requests that found their model loaded: 0 to 1."""
        return self.metric("ModelCacheHit", variant=variant, **options)

    def metric_model_loading_wait_time(
        self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]
    ) -> Metric:
        """Give the time that requests waited for their model, in microseconds."""
        return self.metric("ModelLoadingWaitTime", variant=variant, unit=Unit.MICROSECONDS, **options)

    def metric_model_downloading_time(
        self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]
    ) -> Metric:
        """Give the time that downloads from the store took, in microseconds."""
        return self.metric("ModelDownloadingTime", variant=variant, unit=Unit.MICROSECONDS, **options)

    def metric_model_loading_time(self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]) -> Metric:
        """Give the time that containers took to load models, in microseconds."""
        return self.metric("ModelLoadingTime", variant=variant, unit=Unit.MICROSECONDS, **options)

    def metric_model_unloading_time(self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]) -> Metric:
        """Give the time that unloading took, in microseconds; its ``SampleCount`` is how often it was done."""
        return self.metric("ModelUnloadingTime", variant=variant, unit=Unit.MICROSECONDS, **options)

    def metric_loaded_model_count(self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]) -> Metric:
        """Give the number of models in memory."""
        return self.metric("LoadedModelCount", variant=variant, namespace=INSTANCES, **options)


class MultiContainerMetrics(RealTimeMetrics):
    """The latency of each container, beside everything of a real-time endpoint."""

    def metric_container_latency(
        self, container: str, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]
    ) -> Metric:
        """Give the time that a container, by its host name, took to answer, in microseconds."""
        dimensions = {"EndpointName": self.endpoint_name, "VariantName": variant, "ContainerName": container}
        return _metric(INVOCATIONS, "ContainerLatency", dimensions, Unit.MICROSECONDS, options)


class ServerlessMetrics(RequestMetrics):
    """The requests and the concurrency of serverless endpoints."""

    def metric_memory_utilization(self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]) -> Metric:
        """Give the use of the memory in percent."""
        return self.metric("MemoryUtilization", variant=variant, namespace=INSTANCES, unit=Unit.PERCENT, **options)

    def metric_model_setup_time(self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]) -> Metric:
        """Give the time that cold starts took, in microseconds."""
        return self.metric("ModelSetupTime", variant=variant, unit=Unit.MICROSECONDS, **options)

    def metric_concurrency_utilization(
        self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]
    ) -> Metric:
        """Give the used share of the maximum of concurrency: 0 to 1."""
        options.setdefault("statistic", "Maximum")
        return self.metric("ServerlessConcurrentExecutionsUtilization", variant=variant, **options)

    def metric_provisioned_concurrency_utilization(
        self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]
    ) -> Metric:
        """Give the used share of the provisioned concurrency: 0 to 1."""
        options.setdefault("statistic", "Maximum")
        return self.metric("ServerlessProvisionedConcurrencyUtilization", variant=variant, **options)

    def metric_provisioned_concurrency_executions(
        self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]
    ) -> Metric:
        """Give the number of requests that provisioned concurrency is answering."""
        options.setdefault("statistic", "Maximum")
        return self.metric("ServerlessProvisionedConcurrencyExecutions", variant=variant, **options)

    def metric_provisioned_concurrency_invocations(
        self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]
    ) -> Metric:
        """Give the number of requests that provisioned concurrency answered."""
        options.setdefault("statistic", "Sum")
        return self.metric("ServerlessProvisionedConcurrencyInvocations", variant=variant, **options)

    def metric_provisioned_concurrency_spillover(
        self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]
    ) -> Metric:
        """Give the number of requests that went beyond what is provisioned."""
        options.setdefault("statistic", "Sum")
        return self.metric("ServerlessProvisionedConcurrencySpilloverInvocations", variant=variant, **options)


class AsyncMetrics(ModelMetrics, InstanceMetrics):
    """The queue of asynchronous endpoints; they publish no ``Invocations`` and no ``OverheadLatency``."""

    def metric_backlog(self, **options: Unpack[MetricOptions]) -> Metric:
        """Give the number of requests that wait or run."""
        return self.metric("ApproximateBacklogSize", variant=None, **options)

    def metric_backlog_per_instance(self, **options: Unpack[MetricOptions]) -> Metric:
        """Give the number of requests that wait or run per instance."""
        return self.metric("ApproximateBacklogSizePerInstance", variant=None, **options)

    def metric_instance_count(self, **options: Unpack[MetricOptions]) -> MathExpression:
        """Give the number of instances; nothing where no request waits or runs.

        SageMaker publishes no such metric, but the backlog, and the backlog divided by the number of instances.
        """
        return _ratio(
            self.metric_backlog(**options),
            self.metric_backlog_per_instance(**options),
            options.get("label", "instances"),
        )

    def metric_backlog_age(self, **options: Unpack[MetricOptions]) -> Metric:
        """Give the age of the oldest request, in seconds."""
        options.setdefault("statistic", "Maximum")
        return self.metric("ApproximateAgeOfOldestRequest", variant=None, unit=Unit.SECONDS, **options)

    def metric_backlog_without_capacity(self, **options: Unpack[MetricOptions]) -> Metric:
        """Give 1 while requests wait and there is no instance."""
        options.setdefault("statistic", "Maximum")
        return self.metric("HasBacklogWithoutCapacity", variant=None, **options)

    def metric_time_in_backlog(self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]) -> Metric:
        """Give the time that requests waited, in milliseconds."""
        return self.metric("TimeInBacklog", variant=variant, unit=Unit.MILLISECONDS, **options)

    def metric_total_processing_time(
        self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]
    ) -> Metric:
        """Give the time from a request's arrival to its answer, in milliseconds."""
        return self.metric("TotalProcessingTime", variant=variant, unit=Unit.MILLISECONDS, **options)

    def metric_invocation_failures(self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]) -> Metric:
        """Give the number of requests that failed."""
        options.setdefault("statistic", "Sum")
        return self.metric("InvocationFailures", variant=variant, **options)

    def metric_expired_requests(self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]) -> Metric:
        """Give the number of requests that waited longer than they may."""
        options.setdefault("statistic", "Sum")
        return self.metric("ExpiredRequests", variant=variant, **options)

    def metric_notification_failures(
        self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]
    ) -> Metric:
        """Give the number of notifications that failed."""
        options.setdefault("statistic", "Sum")
        return self.metric("NotificationFailures", variant=variant, **options)


class ComponentMetrics(InstanceMetrics):
    """The requests and the use of inference components; a component is named as it was given to its endpoint."""

    if TYPE_CHECKING:

        def _component(self, name: str) -> str:
            """Give the physical name of a component."""

    @property
    def components(self) -> tuple[InferenceComponent, ...]:
        """The inference components; those of an endpoint that exists already are not known."""
        return ()

    def metric_cpu_reservation(self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]) -> Metric:
        """Give the share of the processors that is reserved for copies, in percent up to 100."""
        return self.metric("CPUReservation", variant=variant, namespace=INSTANCES, unit=Unit.PERCENT, **options)

    def metric_memory_reservation(self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]) -> Metric:
        """Give the share of the memory that is reserved for copies, in percent up to 100."""
        return self.metric("MemoryReservation", variant=variant, namespace=INSTANCES, unit=Unit.PERCENT, **options)

    def metric_gpu_reservation(self, *, variant: str = SINGLE_VARIANT, **options: Unpack[MetricOptions]) -> Metric:
        """Give the share of the GPUs that is reserved for copies, in percent up to 100."""
        return self.metric("GPUReservation", variant=variant, namespace=INSTANCES, unit=Unit.PERCENT, **options)

    def metric_component_invocations(self, component: str, **options: Unpack[MetricOptions]) -> Metric:
        """Give the number of requests to a component; only its sum exists."""
        options.setdefault("statistic", "Sum")
        return self._of_component("Invocations", component, options)

    def metric_invocations_per_copy(self, component: str, **options: Unpack[MetricOptions]) -> Metric:
        """Give the requests per copy of a component, which target tracking follows; only its sum exists."""
        options.setdefault("statistic", "Sum")
        return self._of_component("InvocationsPerCopy", component, options)

    def metric_copies(self, component: str, **options: Unpack[MetricOptions]) -> MathExpression:
        """Give the number of copies of a component that answered; nothing where nobody asked.

        SageMaker publishes no such metric, but the requests, and the requests per copy.
        """
        return _ratio(
            self.metric_component_invocations(component, **options),
            self.metric_invocations_per_copy(component, **options),
            options.get("label", "copies"),
        )

    def metric_component_errors(
        self, component: str, *, client: bool = False, **options: Unpack[MetricOptions]
    ) -> Metric:
        """Give the requests that a component answered with a 5XX code, or with `client` a 4XX code.

        The statistics ``Sum`` (the default) and ``Average`` (the share of all requests) exist.
        """
        options.setdefault("statistic", "Sum")
        return self._of_component("Invocation4XXErrors" if client else "Invocation5XXErrors", component, options)

    def metric_concurrent_requests_per_copy(self, component: str, **options: Unpack[MetricOptions]) -> Metric:
        """Give the simultaneous requests per copy of a component, measured every 10 seconds."""
        options.setdefault("statistic", "Maximum")
        return self._of_component("ConcurrentRequestsPerCopy", component, options)

    def metric_component_model_latency(self, component: str, **options: Unpack[MetricOptions]) -> Metric:
        """Give the time that a component's model took to answer, in microseconds."""
        return self._of_component("ModelLatency", component, options, unit=Unit.MICROSECONDS)

    def metric_no_capacity_failures(self, component: str, **options: Unpack[MetricOptions]) -> Metric:
        """Give the number of requests to a component that had no copy."""
        options.setdefault("statistic", "Sum")
        return self._of_component("NoCapacityInvocationFailures", component, options)

    def metric_component_cpu_utilization(self, component: str, **options: Unpack[MetricOptions]) -> Metric:
        """Give the use of the processors that a component has, in percent up to 100."""
        return self._of_component("CPUUtilizationNormalized", component, options, namespace=COMPONENTS)

    def metric_component_memory_utilization(self, component: str, **options: Unpack[MetricOptions]) -> Metric:
        """Give the use of the memory that a component has, in percent up to 100."""
        return self._of_component("MemoryUtilizationNormalized", component, options, namespace=COMPONENTS)

    def metric_component_gpu_utilization(self, component: str, **options: Unpack[MetricOptions]) -> Metric:
        """Give the use of the GPUs that a component has, in percent up to 100."""
        return self._of_component("GPUUtilizationNormalized", component, options, namespace=COMPONENTS)

    def metric_component_gpu_memory_utilization(self, component: str, **options: Unpack[MetricOptions]) -> Metric:
        """Give the use of the memory of the GPUs that a component has, in percent up to 100."""
        return self._of_component("GPUMemoryUtilizationNormalized", component, options, namespace=COMPONENTS)

    def _of_component(
        self,
        name: str,
        component: str,
        options: MetricOptions,
        *,
        namespace: str = INVOCATIONS,
        unit: Unit | None = None,
    ) -> Metric:
        dimensions = {"InferenceComponentName": self._component(component)}
        return _metric(namespace, name, dimensions, unit, options)
