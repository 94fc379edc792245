"""What is worth watching of an endpoint: metrics, and the values at which something is wrong.

A value comes in the unit that people think in (a time, a share, a percentage of an instance), and is compared in the
unit of the metric.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, cast

from aws_cdk import Duration
from aws_cdk.aws_cloudwatch import MathExpression, Stats

from sm_constructs.containers import Container
from sm_constructs.durations import seconds
from sm_constructs.facts import instance_types, limit
from sm_constructs.monitoring import ServerlessMetrics
from sm_constructs.tokens import is_number, is_unresolved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import TypeAlias

    from aws_cdk.aws_cloudwatch import IMetric

    from sm_constructs.durations import Time
    from sm_constructs.monitoring import (
        AsyncMetrics,
        ComponentMetrics,
        InstanceMetrics,
        MultiModelMetrics,
        RequestMetrics,
    )
    from sm_constructs.spec import VariantSpec

    Group: TypeAlias = Callable[..., Iterator["Watch"]]
    """Gives what belongs together, of an endpoint and one of its variants, for the values that are given."""

_GETS_CAPACITY = timedelta(minutes=15)

KNOWN_IF = {
    "cpu": "all its instance types are known, and have equally many vCPUs",
    "gpu": "all its instance types are known, and have equally many GPUs",
    "gpu_memory": "all its instance types are known, and have equally many GPUs",
    "provisioned_concurrency": "some is provisioned",
    "spillover": "some concurrency is provisioned",
    "errors": "it has components",
    "latency": "it has components",
    "no_capacity": "it has components",
}
"""What an alarm needs of an endpoint, where not every endpoint of the kind has it; by argument."""


@dataclass(frozen=True, slots=True)
class Watch:
    """One alarm to be.

    Attributes
    ----------
    of : str
        The variant or component that it watches; empty for the whole endpoint.
    argument : str
        The argument that gives its value.
    metric : Callable[..., IMetric]
        Gives the metric for a period.
    threshold : float | None
        The value at which it goes off, in the unit of the metric; none leaves the alarm out.
    meaning : str
        What is so when it goes off.
    lasting : Time | None
        How long it must be so; instead of the number of periods.
    """

    of: str
    argument: str
    metric: Callable[..., IMetric]
    threshold: float | None
    meaning: str
    lasting: Time | None = None

    @property
    def key(self) -> str:
        """What it is called."""
        what = self.argument.replace("_", "-")
        return f"{self.of}-{what}" if self.of else what


class Given:
    """The arguments of `add_alarms`, with their defaults, checked and in the units of the metrics."""

    def __init__(self, options: Mapping[str, object]) -> None:
        self._options = options

    def asked(self) -> Iterator[str]:
        """Give the arguments for which somebody gave a value."""
        return (name for name, value in self._options.items() if value is not None)

    def value(self, argument: str, default: float | None) -> float | None:
        """Give a number."""
        return cast("float | None", self._options.get(argument, default))

    def share(self, argument: str, default: float | None) -> float | None:
        """Give a number between 0 and 1."""
        return self._between(argument, default, 1, "a share: 0.05 stands for five percent")

    def percent(self, argument: str, default: float | None) -> float | None:
        """Give a number between 0 and 100."""
        return self._between(argument, default, 100, "a percentage: 90 stands for 90 percent")

    def _between(self, argument: str, default: float | None, most: int, meaning: str) -> float | None:
        value = self.value(argument, default)
        if is_number(value) and not 0 < value <= most:
            message = f"add_alarms: {argument} is {value}; it is {meaning}, more than 0 and at most {most}"
            raise ValueError(message)
        return value

    def time(self, argument: str, default: Time | None) -> Time | None:
        """Give a time."""
        return cast("Time | None", self._options.get(argument, default))


def _microseconds(time: Time | None) -> int | None:
    return None if time is None else round(seconds(time) * 1_000_000)


def _half_of_request_timeout(kind: str) -> Time:
    return Duration.seconds(limit(kind, "request_timeout") / 2)


def words(time: Time | None) -> str:
    """Write a time."""
    return "" if time is None else f"{seconds(time):g} s"


def _percents(share: float | None) -> str:
    return f"{share * 100:g} %" if is_number(share) else f"a share of {share}"


_PARTS = {"vcpus": "vCPUs", "gpus": "GPUs"}


def parts_of_instance(variant: VariantSpec, part: str) -> int | None:
    """Give how many ``vcpus`` or ``gpus`` each instance of a variant has, if that is known and the same for all."""
    types = () if variant.instances is None else variant.instances.types
    numbers = {getattr(instance_types().get(name), part, None) for name in types}
    return numbers.pop() if len(numbers) == 1 else None


def of_requests(endpoint: RequestMetrics, variant: VariantSpec, given: Given) -> Iterator[Watch]:
    """Watch how requests are answered."""
    name = variant.name
    serverless = isinstance(endpoint, ServerlessMetrics)
    slow = _half_of_request_timeout("serverless" if serverless else "realtime")
    latency = given.time("latency", slow)
    overhead = given.time("overhead", slow if serverless else Duration.seconds(1))
    # Each request adds a 0 or a 1 to the errors, so that their average is their share.
    # AWS: "Auto-Rollback Configuration and Monitoring", SageMaker developer guide.
    errors = partial(endpoint.metric_errors, variant=name, statistic=Stats.AVERAGE)
    share = given.share("errors", 0.01)
    yield Watch(name, "errors", errors, share, f"{_percents(share)} of the requests are answered with a 5XX code")
    slowest = partial(endpoint.metric_model_latency, variant=name, statistic=Stats.percentile(99))
    yield Watch(name, "latency", slowest, _microseconds(latency), f"the model takes {words(latency)} (p99)")
    added = partial(endpoint.metric_overhead_latency, variant=name)
    yield Watch(name, "overhead", added, _microseconds(overhead), f"SageMaker adds {words(overhead)} to the answer")


def of_instances(endpoint: InstanceMetrics, variant: VariantSpec, given: Given) -> Iterator[Watch]:
    """Watch the use of the instances."""
    name = variant.name
    for argument, what, method, part, default in (
        ("cpu", "CPU", endpoint.metric_cpu_utilization, "vcpus", 90),
        ("gpu", "GPU", endpoint.metric_gpu_utilization, "gpus", None),
        ("gpu_memory", "GPU memory", endpoint.metric_gpu_memory_utilization, "gpus", None),
    ):
        percent, number = given.percent(argument, default), parts_of_instance(variant, part)
        if percent is None or not number:
            continue
        if is_unresolved(percent):
            message = (
                f"add_alarms: {argument} is not known before deployment, so it cannot be multiplied by {_PARTS[part]}"
            )
            raise ValueError(message)
        # These metrics are sums over the parts: they run to 100 times their number.
        meaning = f"{what} is used to {percent} % of {number} {_PARTS[part]}"
        yield Watch(name, argument, partial(method, variant=name), percent * number, meaning)
    memory, disk = given.percent("memory", 90), given.percent("disk", 85)
    used = partial(endpoint.metric_memory_utilization, variant=name)
    yield Watch(name, "memory", used, memory, f"memory is used to {memory} %")
    fullest = partial(endpoint.metric_disk_utilization, variant=name, statistic=Stats.MAXIMUM)
    yield Watch(name, "disk", fullest, disk, f"a disk is full to {disk} %")


def of_models(endpoint: MultiModelMetrics, variant: VariantSpec, given: Given) -> Iterator[Watch]:
    """Watch the loading and unloading of models."""
    name = variant.name
    containers = () if variant.model is None else variant.model.containers
    cached = not any(isinstance(each, Container) and not each.cache_models for each in containers)
    misses = given.share("cache_misses", 0.5 if cached else None)
    unloads = given.value("unloads", 0.2 if cached else None)
    wait = given.time("loading_wait", _half_of_request_timeout("realtime"))

    def missed(period: Duration) -> MathExpression:
        hits = endpoint.metric_model_cache_hit(variant=name, period=period)
        return MathExpression(expression="1 - hits", using_metrics={"hits": hits}, label="cache misses", period=period)

    def thrashing(period: Duration) -> MathExpression:
        metrics: dict[str, IMetric] = {
            "unloads": endpoint.metric_model_unloading_time(variant=name, statistic=Stats.SAMPLE_COUNT, period=period),
            "requests": endpoint.metric_invocations(variant=name, period=period),
        }
        return MathExpression(
            expression="unloads / requests", using_metrics=metrics, label="unloads per request", period=period
        )

    yield Watch(
        name, "cache_misses", missed, misses, f"{_percents(misses)} of the requests do not find their model loaded"
    )
    yield Watch(name, "unloads", thrashing, unloads, f"{unloads} models are unloaded per request: memory is short")
    waiting = partial(endpoint.metric_model_loading_wait_time, variant=name)
    yield Watch(name, "loading_wait", waiting, _microseconds(wait), f"requests wait {words(wait)} for their model")


def of_concurrency(endpoint: ServerlessMetrics, variant: VariantSpec, given: Given) -> Iterator[Watch]:
    """Watch cold starts, the memory and the concurrency."""
    name = variant.name
    cold, memory = given.time("cold_start", _half_of_request_timeout("serverless")), given.percent("memory", 90)
    starts = partial(endpoint.metric_model_setup_time, variant=name)
    yield Watch(name, "cold_start", starts, _microseconds(cold), f"cold starts take {words(cold)}")
    used = partial(endpoint.metric_memory_utilization, variant=name)
    yield Watch(name, "memory", used, memory, f"memory is used to {memory} %")
    concurrency = given.share("concurrency", 0.9)
    busy = partial(endpoint.metric_concurrency_utilization, variant=name)
    meaning = f"{_percents(concurrency)} of the maximum of concurrency are used; beyond it requests are throttled"
    yield Watch(name, "concurrency", busy, concurrency, meaning)
    if variant.serverless is not None and variant.serverless.provisioned_concurrency is None:
        return
    # Of an endpoint that exists already it is not known, so the user says so by giving a value.
    provisioned = variant.serverless is not None
    share = given.share("provisioned_concurrency", 0.9 if provisioned else None)
    spillover = given.share("spillover", 0.1 if provisioned else None)

    def spilled(period: Duration) -> MathExpression:
        metrics: dict[str, IMetric] = {
            "spilled": endpoint.metric_provisioned_concurrency_spillover(variant=name, period=period),
            "requests": endpoint.metric_invocations(variant=name, period=period),
        }
        return MathExpression(
            expression="spilled / requests", using_metrics=metrics, label="share of spillover", period=period
        )

    busy = partial(endpoint.metric_provisioned_concurrency_utilization, variant=name)
    meaning = f"{_percents(share)} of the provisioned concurrency are used"
    yield Watch(name, "provisioned_concurrency", busy, share, meaning)
    meaning = f"{_percents(spillover)} of the requests go beyond the provisioned concurrency"
    yield Watch(name, "spillover", spilled, spillover, meaning)


def of_backlog(endpoint: AsyncMetrics, variant: VariantSpec, given: Given) -> Iterator[Watch]:
    """Watch the queue and what comes out of it."""
    name = variant.name
    _, longest_wait = limit("async", "request_ttl")
    age, latency = given.time("backlog_age", Duration.seconds(longest_wait / 4)), given.time("latency", None)
    stranded = given.time("backlog_without_capacity", _GETS_CAPACITY)
    failures, expired = given.value("failures", 1), given.value("expired", 1)
    yield Watch("", "backlog_age", endpoint.metric_backlog_age, seconds(age), f"a request is {words(age)} old")
    yield Watch(
        "",
        "backlog_without_capacity",
        partial(endpoint.metric_backlog_without_capacity, statistic=Stats.AVERAGE),
        None if stranded is None else limit("async", "scale_from_zero_alarm")["Threshold"],
        f"requests wait for {words(stranded)} and there is no instance",
        lasting=stranded,
    )
    failed = partial(endpoint.metric_invocation_failures, variant=name)
    yield Watch(name, "failures", failed, failures, f"requests fail, {failures} or more in a period")
    dropped = partial(endpoint.metric_expired_requests, variant=name)
    yield Watch(
        name,
        "expired",
        dropped,
        expired,
        f"requests are dropped because they waited too long, {expired} or more in a period",
    )
    slowest = partial(endpoint.metric_model_latency, variant=name, statistic=Stats.percentile(99))
    yield Watch(name, "latency", slowest, _microseconds(latency), f"the model takes {words(latency)} (p99)")


def of_components(endpoint: ComponentMetrics, _: VariantSpec, given: Given) -> Iterator[Watch]:
    """Watch each inference component."""
    latency = given.time("latency", _half_of_request_timeout("realtime"))
    share, failing = given.share("errors", 0.01), given.time("no_capacity", _GETS_CAPACITY)
    for component in endpoint.components:
        name = component.name
        errors = partial(endpoint.metric_component_errors, name, statistic=Stats.AVERAGE)
        yield Watch(name, "errors", errors, share, f"{_percents(share)} of the requests are answered with a 5XX code")
        slowest = partial(endpoint.metric_component_model_latency, name, statistic=Stats.percentile(99))
        yield Watch(name, "latency", slowest, _microseconds(latency), f"the model takes {words(latency)} (p99)")
        yield Watch(
            name,
            "no_capacity",
            partial(endpoint.metric_no_capacity_failures, name),
            None if failing is None else limit("autoscaling", "ic_scale_from_zero_alarm")["Threshold"],
            f"for {words(failing)} requests fail because there is no copy",
            lasting=failing,
        )
