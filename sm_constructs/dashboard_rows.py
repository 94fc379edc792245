"""What stands on the page of an endpoint, for whoever has the metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_cloudwatch as cloudwatch

from sm_constructs.graphs import (
    bounds_of,
    by_percentile,
    counted,
    draw,
    milliseconds,
    names_of,
    share_of_parts,
    variants_of,
)
from sm_constructs.monitoring import (
    AsyncMetrics,
    ComponentMetrics,
    EndpointMetrics,
    InstanceMetrics,
    ModelMetrics,
    MultiContainerMetrics,
    MultiModelMetrics,
    RealTimeMetrics,
    RequestMetrics,
    ServerlessMetrics,
)
from sm_constructs.watches import parts_of_instance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sm_constructs.graphs import Graph
    from sm_constructs.spec import VariantSpec


def _traffic(endpoint: RequestMetrics) -> Iterator[Graph]:
    names = names_of(endpoint)
    yield draw(
        "Requests per minute",
        [endpoint.metric_invocations(variant=name, label=name) for name in names],
        unit="requests",
    )
    yield draw(
        "Errors per minute",
        [
            endpoint.metric_errors(variant=name, client=client, label=f"{name} {code}")
            for name in names
            for client, code in ((False, "5XX"), (True, "4XX"))
        ],
        unit="requests",
    )
    overhead = [endpoint.metric_overhead_latency(variant=name, label=name) for name in names]
    yield draw("Overhead latency, average", milliseconds(overhead), unit="ms")
    yield from _latency(endpoint)


def _latency(endpoint: ModelMetrics) -> Iterator[Graph]:
    def of(name: str, statistic: str, label: str) -> cloudwatch.Metric:
        return endpoint.metric_model_latency(variant=name, statistic=statistic, label=label)

    return by_percentile("Model latency", of, names_of(endpoint))


def _backlog(endpoint: AsyncMetrics) -> Iterator[Graph]:
    (name,) = names_of(endpoint)
    yield draw(
        "Backlog",
        [endpoint.metric_backlog(label="requests"), endpoint.metric_backlog_per_instance(label="per instance")],
        unit="requests",
        right=[endpoint.metric_backlog_without_capacity(label="no instance")],
        right_unit="1: requests wait, and there is none",
    )
    yield draw("Age of the oldest request", [endpoint.metric_backlog_age(label="age")], unit="s")
    yield draw(
        "Failures per minute",
        [
            endpoint.metric_invocation_failures(variant=name, label="failed"),
            endpoint.metric_expired_requests(variant=name, label="expired"),
            endpoint.metric_notification_failures(variant=name, label="not notified"),
        ],
        unit="requests",
    )
    yield draw(
        "From arrival to answer, average",
        [
            endpoint.metric_time_in_backlog(variant=name, label="in the backlog"),
            endpoint.metric_total_processing_time(variant=name, label="in all"),
        ],
        unit="ms",
    )
    yield from _latency(endpoint)
    scaling, instances = endpoint.variants[0].scaling, endpoint.variants[0].instances
    count = None if instances is None else instances.count
    yield draw(
        "Instances (while there is a backlog)",
        [endpoint.metric_instance_count(label="instances")],
        bounds=bounds_of(name, scaling, count),
    )


def _models(endpoint: MultiModelMetrics) -> Iterator[Graph]:
    names = names_of(endpoint)
    yield draw(
        "Requests that found their model loaded",
        [endpoint.metric_model_cache_hit(variant=name, label=name) for name in names],
        unit="share",
        most=1,
    )
    yield draw(
        "Models in memory",
        [endpoint.metric_loaded_model_count(variant=name, label=f"{name} loaded") for name in names],
        unit="models per instance",
        right=[
            endpoint.metric_model_unloading_time(variant=name, statistic="SampleCount", label=f"{name} unloaded")
            for name in names
        ],
        right_unit="unloaded per minute",
    )
    steps = [
        metric(variant=name, label=f"{name} {label}")
        for name in names
        for metric, label in (
            (endpoint.metric_model_loading_wait_time, "waiting"),
            (endpoint.metric_model_downloading_time, "download"),
            (endpoint.metric_model_loading_time, "load"),
        )
    ]
    yield draw("Loading of models, average", milliseconds(steps), unit="ms")


def _containers(endpoint: MultiContainerMetrics) -> Iterator[Graph]:
    (variant,) = endpoint.variants
    containers = () if variant.model is None else variant.model.containers
    names = [each.hostname for each in containers if each.hostname is not None]

    def of(name: str, statistic: str, label: str) -> cloudwatch.Metric:
        return endpoint.metric_container_latency(name, variant=variant.name, statistic=statistic, label=label)

    return by_percentile("Latency of containers", of, names) if names else iter(())


def _concurrency(endpoint: ServerlessMetrics) -> Iterator[Graph]:
    (variant,) = endpoint.variants
    name, serverless = variant.name, variant.serverless
    times = [
        endpoint.metric_model_setup_time(variant=name, statistic=statistic, label=label)
        for statistic, label in (("Average", "average"), ("Maximum", "longest"))
    ]
    yield draw(
        "Cold starts",
        milliseconds(times),
        unit="ms",
        right=[endpoint.metric_model_setup_time(variant=name, statistic="SampleCount", label="cold starts")],
        right_unit="per minute",
    )
    yield draw(
        "Use of the concurrency",
        [endpoint.metric_concurrency_utilization(variant=name, label="of the maximum")],
        unit="share; at 1 requests are throttled",
        bounds=[] if serverless is None else [cloudwatch.HorizontalAnnotation(label="throttled", value=1)],
    )
    yield draw("Memory", [endpoint.metric_memory_utilization(variant=name, label="memory")], unit="percent", most=100)
    if serverless is None or serverless.provisioned_concurrency is not None:
        yield from _provisioned(endpoint, variant)


def _provisioned(endpoint: ServerlessMetrics, variant: VariantSpec) -> Iterator[Graph]:
    name, serverless, scaling = variant.name, variant.serverless, variant.scaling
    fixed = None if serverless is None else serverless.provisioned_concurrency
    yield draw(
        "Provisioned concurrency",
        [endpoint.metric_provisioned_concurrency_executions(variant=name, label="in use")],
        unit="requests at once",
        bounds=bounds_of(name, scaling, fixed),
    )
    yield draw(
        "Use of the provisioned concurrency",
        [endpoint.metric_provisioned_concurrency_utilization(variant=name, label="in use")],
        unit="share",
    )
    yield draw(
        "Provisioned and spilled over, per minute",
        [
            endpoint.metric_provisioned_concurrency_invocations(variant=name, label="provisioned"),
            endpoint.metric_provisioned_concurrency_spillover(variant=name, label="spilled over"),
        ],
        unit="requests",
    )


def _components(endpoint: ComponentMetrics) -> Iterator[Graph]:
    components = endpoint.components
    names = [component.name for component in components]
    if not names:
        return
    yield draw(
        "Requests per minute",
        [endpoint.metric_component_invocations(name, label=name) for name in names],
        unit="requests",
    )
    yield draw(
        "Errors per minute",
        [
            endpoint.metric_component_errors(name, client=client, label=f"{name} {code}")
            for name in names
            for client, code in ((False, "5XX"), (True, "4XX"))
        ],
        unit="requests",
    )
    yield draw(
        "Requests without a copy, per minute",
        [endpoint.metric_no_capacity_failures(name, label=name) for name in names],
        unit="requests",
    )
    yield from by_percentile("Model latency", endpoint.metric_component_model_latency, names)
    bounds: list[cloudwatch.HorizontalAnnotation] = []
    for component in components:
        bounds += bounds_of(component.name, component.scaling, component.copies, several=len(names) > 1)
    copies = [counted(endpoint.metric_copies(name, label=name), number) for number, name in enumerate(names)]
    yield draw("Copies (while there are requests)", copies, bounds=bounds)
    yield draw(
        "Requests at once per copy, most",
        [endpoint.metric_concurrent_requests_per_copy(name, label=name) for name in names],
        unit="requests",
    )
    used = (
        (endpoint.metric_component_cpu_utilization, "CPU"),
        (endpoint.metric_component_memory_utilization, "memory"),
        (endpoint.metric_component_gpu_utilization, "GPU"),
    )
    yield draw(
        "Use of what a copy has",
        [metric(name, label=f"{name} {label}") for name in names for metric, label in used],
        unit="percent",
        most=100,
    )
    reserved = (
        (endpoint.metric_cpu_reservation, "CPU"),
        (endpoint.metric_memory_reservation, "memory"),
        (endpoint.metric_gpu_reservation, "GPU"),
    )
    yield draw(
        "Reserved of the instances", [metric(label=label) for metric, label in reserved], unit="percent", most=100
    )


def _utilization(endpoint: InstanceMetrics) -> Iterator[Graph]:
    variants = variants_of(endpoint)
    yield share_of_parts("CPU", endpoint.metric_cpu_utilization, variants, "vcpus")
    yield draw(
        "Memory",
        [endpoint.metric_memory_utilization(variant=each.name, label=each.name) for each in variants],
        unit="percent",
        most=100,
    )
    yield draw(
        "Disk, fullest instance",
        [
            endpoint.metric_disk_utilization(variant=each.name, statistic="Maximum", label=each.name)
            for each in variants
        ],
        unit="percent",
        most=100,
    )
    with_gpus = [variant for variant in variants if parts_of_instance(variant, "gpus")]
    if with_gpus:
        yield share_of_parts("GPU", endpoint.metric_gpu_utilization, with_gpus, "gpus")
        yield share_of_parts("GPU memory", endpoint.metric_gpu_memory_utilization, with_gpus, "gpus")


def _capacity(endpoint: RealTimeMetrics) -> Iterator[Graph]:
    bounds: list[cloudwatch.HorizontalAnnotation] = []
    variants = variants_of(endpoint)
    for variant in variants:
        count = None if variant.instances is None else variant.instances.count
        bounds += bounds_of(variant.name, variant.scaling, count, several=len(variants) > 1)
    names = names_of(endpoint)
    counts = [
        counted(endpoint.metric_instance_count(variant=name, label=name), number) for number, name in enumerate(names)
    ]
    yield draw("Instances (while there are requests)", counts, bounds=bounds)
    yield draw(
        "Requests per instance and minute",
        [endpoint.metric_invocations_per_instance(variant=name, label=name) for name in names],
        unit="requests",
    )


ROWS: Sequence[tuple[type[EndpointMetrics], Callable[..., Iterator[Graph]]]] = (
    (RequestMetrics, _traffic),
    (AsyncMetrics, _backlog),
    (MultiModelMetrics, _models),
    (MultiContainerMetrics, _containers),
    (ServerlessMetrics, _concurrency),
    (ComponentMetrics, _components),
    (RealTimeMetrics, _capacity),
    (InstanceMetrics, _utilization),
)
"""The rows of a page, for whoever has their metrics."""
