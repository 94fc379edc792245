"""The metrics that alarms and policies of a template look at: CloudWatch takes any, and finds values for few."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from sm_constructs.facts import instance_types, limit, load
from sm_constructs.reading.intrinsics import references
from sm_constructs.reading.nodes import Node
from sm_constructs.reading.resources import ALARM, COMPONENT, CONFIG, DASHBOARD, ENDPOINT, MODEL, POLICY, Template
from sm_constructs.reading.written import written
from sm_constructs.rules.references import variant_names
from sm_constructs.rules.registry import Finding, mentioning, rule
from sm_constructs.spec import once_each
from sm_constructs.tokens import is_number, is_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_constructs.reading.resources import Resource

_SOURCE = '"Amazon SageMaker AI metrics in Amazon CloudWatch", SageMaker developer guide'
# Below which a time looks as if it were meant in another unit: 10 ms of a model, 1 s in a queue.
_SUSPICIOUS = {"Microseconds": (10_000, 1000, "ms"), "Milliseconds": (1000, 1000, "s")}
# Further dimensions that a metric may be broken down by.
_MORE = frozenset({"EndpointConfigName", "InstanceType", "ContainerName"})
_NAMED = {"EndpointName": ENDPOINT, "InferenceComponentName": COMPONENT, "EndpointConfigName": CONFIG}
_OTHER_NAMESPACES = ("/aws/sagemaker/TrainingJobs", "/aws/sagemaker/ProcessingJobs", "/aws/sagemaker/TransformJobs")

_ALARM = """\
Alarm:
  Type: AWS::CloudWatch::Alarm
  Properties:
    Namespace: {}
    MetricName: {}
    Dimensions: [{}]
    Statistic: {}
    Period: 60
    EvaluationPeriods: 1
    Threshold: {}
    ComparisonOperator: GreaterThanThreshold
    {}
"""
_E, _V = "{Name: EndpointName, Value: e}", "{Name: VariantName, Value: a}"


def alarm_example(
    namespace: str = "AWS/SageMaker",
    name: str = "ModelLatency",
    dimensions: str = f"{_E}, {_V}",
    statistic: str = "Average",
    threshold: float = 500_000,
    more: str = "",
) -> str:
    """Write an alarm as an example."""
    return _ALARM.format(namespace, name, dimensions, statistic, threshold, more)


class Published(NamedTuple):
    """A metric that SageMaker publishes; see ``facts/metrics.json``."""

    namespace: str
    dimensions: list[list[str]]
    unit: str | None
    statistics: list[str] | None


@cache
def published() -> dict[str, list[Published]]:
    """Give what SageMaker publishes, by name."""
    found: dict[str, list[Published]] = defaultdict(list)
    for row in load("metrics.json"):
        found[row["name"]].append(Published(row["namespace"], row["dimensions"], row["unit"], row["statistics"]))
    return dict(found)


@dataclass(frozen=True, slots=True)
class Use:
    """A metric that something looks at: where its parts stand, and the alarm that does, if it is one."""

    name: Node
    namespace: Node
    dimensions: Node
    unit: Node
    statistic: Node
    threshold: Node | None
    target: Node | None = None
    alarm: Resource | None = None

    @property
    def compared(self) -> Node | None:
        """What it is compared with: the threshold of an alarm, the target of a policy."""
        return self.target if self.threshold is None else self.threshold

    @property
    def is_low(self) -> bool:
        """Whether a small value is what the alarm is for."""
        return self.alarm is not None and (self.alarm["ComparisonOperator"].said or "").startswith("LessThan")

    @property
    def known(self) -> list[Published]:
        """What SageMaker publishes under the name."""
        return published().get(self.name.said or "", [])

    @property
    def metric(self) -> Published | None:
        """The metric, if there is one of that name in that namespace."""
        namespace = self.namespace.said
        return next((metric for metric in self.known if metric.namespace == namespace), None)

    @property
    def names(self) -> set[str] | None:
        """The names of its dimensions, if they are all known."""
        if self.dimensions.is_intrinsic:
            return None
        names = [each["Name"].said for each in self.dimensions.entries()]
        known = {name for name in names if is_text(name)}
        return known if len(known) == len(names) else None


@once_each
def uses_of_metrics(template: Template) -> Iterator[Use]:
    """Give every metric of SageMaker that an alarm or a policy looks at."""
    for alarm in template.of_type(ALARM):
        places: list[tuple[Node, Node]] = [(alarm, alarm)]
        places += [(each["MetricStat"], each["MetricStat"]["Metric"]) for each in alarm["Metrics"].entries()]
        for outer, metric in places:
            own = metric is alarm
            statistic = outer["Stat"] if not own else outer["Statistic"] or outer["ExtendedStatistic"]
            for use in _use(metric, outer["Unit"], statistic, alarm["Threshold"] if own else None):
                yield replace(use, alarm=alarm)
    for policy in template.of_type(POLICY):
        custom = policy["TargetTrackingScalingPolicyConfiguration"]["CustomizedMetricSpecification"]
        target = policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"]
        yield from _use(custom, custom["Unit"], custom["Statistic"], None, target)
        for each in custom["Metrics"].entries():
            stat = each["MetricStat"]
            yield from _use(stat["Metric"], stat["Unit"], stat["Stat"], None)
    for dashboard in template.of_type(DASHBOARD):
        for widget in widgets(dashboard):
            for metric in _drawn(widget["properties"]["metrics"]):
                yield from _use(metric, metric["Unit"], widget["properties"]["X"], None)


def widgets(dashboard: Resource) -> Iterator[Node]:
    """Give the widgets of a dashboard."""
    path, value = written(dashboard["DashboardBody"]) or ("", None)
    yield from Node(path, value)["widgets"].entries()


def _drawn(metrics: Node) -> Iterator[Node]:
    """Give the metrics that a widget draws, as alarms have them.

    A row is a namespace, a name, pairs of dimensions and options; ``.`` is what stands there in the row before, ``...``
    all that does up to the last value. See "Metric widget", "Dashboard body structure and syntax" of CloudWatch.
    """
    before: list[object] = []
    for row in metrics.entries():
        parts = [each for each in row.value if not isinstance(each, dict)] if isinstance(row.value, list) else []
        if parts[:1] == ["..."]:
            parts = [*before[: len(before) - len(parts) + 1], *parts[1:]]
        parts = [before[at] if each == "." and at < len(before) else each for at, each in enumerate(parts)]
        if parts:
            before = parts
        if len(parts) > 1 and len(parts) % 2 == 0:
            pairs = zip(parts[2::2], parts[3::2], strict=True)
            dimensions = [{"Name": name, "Value": value} for name, value in pairs]
            namespace, name = parts[:2]
            yield Node(row.path, {"Namespace": namespace, "MetricName": name, "Dimensions": dimensions})


def _use(
    metric: Node, unit: Node, statistic: Node, threshold: Node | None, target: Node | None = None
) -> Iterator[Use]:
    namespace = metric["Namespace"].said
    if is_text(namespace) and "sagemaker" in namespace.lower():
        parts = (metric["MetricName"], metric["Namespace"], metric["Dimensions"])
        yield Use(*parts, unit, statistic, threshold, target)


@rule(
    "SMC870",
    "A metric is looked for in the namespace in which SageMaker publishes it",
    severity="warning",
    source=_SOURCE,
    about=Template,
    where=mentioning(ALARM, DASHBOARD, "CustomizedMetricSpecification"),
    facts=[
        "cloudwatch/namespace_case",
        "cloudwatch/invocation_metrics",
        "cloudwatch/endpoint_instance_metrics",
        "cloudwatch/inference_component_metrics",
        "cloudwatch/serverless_metrics",
        "mme/metrics_loading",
        "mme/metrics_instance",
        "multi_container/metrics",
    ],
    good=alarm_example(),
    bad=alarm_example("/aws/sagemaker/Endpoints"),
)
def namespaces(template: Template) -> Iterator[Finding]:
    """Warn of metrics that will never have a value."""
    spelled = {
        each.strip("/").lower(): each
        for each in [*_OTHER_NAMESPACES, *(metric.namespace for several in published().values() for metric in several)]
    }
    for use in uses_of_metrics(template):
        said, name = use.namespace.said or "", use.name.said
        right = spelled.get(said.strip("/").lower(), said)
        if said in _OTHER_NAMESPACES and "EndpointName" not in (use.names or ()):
            continue  # of jobs
        if use.known and use.metric is None:
            there = " or ".join(sorted({metric.namespace for metric in use.known}))
            yield Finding(use.namespace.path, f"is {said!r}; {name} is published in {there}")
        elif right != said:
            yield Finding(use.namespace.path, f"is {said!r}; it is spelled {right}")
        elif not use.known and is_text(name) and said in spelled.values() and said not in _OTHER_NAMESPACES:
            yield Finding(use.name.path, f"is {name!r}, which SageMaker is not known to publish in {said}")


@rule(
    "SMC871",
    "A metric is looked for with the dimensions with which SageMaker publishes it",
    severity="warning",
    source=_SOURCE,
    about=Template,
    facts=[
        "async/metrics_endpoint_dim",
        "async/metrics_variant_dim",
        "guardrails/new_fleet_metric_dimension",
        "mme/per_model_metrics",
        "multi_container/metrics",
    ],
    good=alarm_example(),
    bad=alarm_example(dimensions=_E),
)
def dimensions(template: Template) -> Iterator[Finding]:
    """Warn of metrics that will never have a value, because none is published with such dimensions."""
    for use in uses_of_metrics(template):
        metric, names = use.metric, use.names
        if metric is not None and names is not None and not any(_fits(names, each) for each in metric.dimensions):
            wanted = " or ".join(", ".join(each) for each in metric.dimensions)
            said = ", ".join(sorted(names)) or "none"
            yield Finding(use.dimensions.path, f"are {said}; {use.name.said} has {wanted}")
        values = {each["Name"].said: each["Value"] for each in use.dimensions.entries()}
        if (variant := values.get("VariantName")) is not None and (endpoint := values.get("EndpointName")) is not None:
            there = variant_names(template, endpoint.said, shadows=True)
            said_name = variant.said
            if there is not None and is_text(said_name) and said_name not in there:
                yield Finding(variant.path, f"is {said_name!r}; the endpoint has {', '.join(sorted(there))}")
        yield from _of_what_runs(template, use, values)
        for each in use.dimensions.entries():
            for _, name, attribute in references(each["Value"].value):
                its = template.resource(name)
                kind = _NAMED.get(each["Name"].said or "")
                if its is None or its.type not in (ENDPOINT, COMPONENT, CONFIG, MODEL) or each["Value"].is_cut_out:
                    continue
                if not attribute:
                    yield Finding(each["Value"].path, f"has Ref {name}, which gives an ARN; metrics have the name")
                elif kind is not None and its.type != kind:
                    yield Finding(each["Value"].path, f"is that of {name}, which is an {its.type}; it is an {kind}")


def _of_what_runs(template: Template, use: Use, values: dict[str | None, Node]) -> Iterator[Finding]:
    """Find instance types and containers that the variant does not have."""
    kind, container = values.get("InstanceType"), values.get("ContainerName")
    its = None if kind is None and container is None else watched(template, use)
    if its is None:
        return
    if kind is not None:
        pools = its.variant["InstancePools"].entries()
        there = [each["InstanceType"].said for each in (*pools, *(() if pools else (its.variant,)))]
        yield from _unknown_value(kind, there)
    model = template.referred(MODEL, its.variant["ModelName"].said)
    if container is not None and model is not None and model["Containers"]:
        yield from _unknown_value(container, [each["ContainerHostname"].said for each in model["Containers"].entries()])


def _unknown_value(node: Node, there: list[str | None]) -> Iterator[Finding]:
    said = node.said
    if is_text(said) and all(map(is_text, there)) and said not in there:
        yield Finding(node.path, f"is {said!r}; the variant has {', '.join(map(str, there))}")


def _fits(names: set[str], wanted: list[str]) -> bool:
    return set(wanted) <= names and names - set(wanted) <= _MORE


@rule(
    "SMC872",
    "A metric is looked for in the unit in which SageMaker publishes it",
    severity="warning",
    source=_SOURCE,
    about=Template,
    facts=["cloudwatch/invocation_metrics"],
    good=alarm_example(more="Unit: Microseconds"),
    bad=alarm_example(more="Unit: Milliseconds"),
)
def units(template: Template) -> Iterator[Finding]:
    """Warn of units in which there are no values, and of latencies that are compared in another one."""
    for use in uses_of_metrics(template):
        metric, said = use.metric, use.unit.said
        if metric is None or metric.unit is None:
            continue
        name, said_statistic = use.name.said, use.statistic.said
        if is_text(said) and said != metric.unit:
            yield Finding(use.unit.path, f"is {said}; {name} is published in {metric.unit}")
        node = use.compared
        value = None if node is None else node.number().value
        counted = said_statistic in ("SampleCount", None) or str(said_statistic).startswith(("PR", "TC"))
        if node is None or not is_number(value) or counted or metric.unit not in _SUSPICIOUS:
            continue
        below, part, unit = _SUSPICIOUS[metric.unit]
        if 0 < value < below:
            seems = f"is {value:g}, which is {value / part:g} {unit}"
            yield Finding(node.path, f"{seems}; {name} is in {metric.unit.lower()}")


@rule(
    "SMC873",
    "A metric is summed up as it can be",
    severity="warning",
    source=_SOURCE,
    about=Template,
    facts=["cloudwatch/valid_stats_trap", "cloudwatch/error_share"],
    good=alarm_example(name="Invocations", statistic="Sum"),
    bad=alarm_example(name="Invocations", statistic="Average"),
)
def statistics(template: Template) -> Iterator[Finding]:
    """Warn of statistics that say nothing: each request sends a 1."""
    for use in uses_of_metrics(template):
        metric, said = use.metric, use.statistic.said
        if metric is not None and metric.statistics is not None and is_text(said) and said not in metric.statistics:
            yield Finding(
                use.statistic.path,
                f"is {said}; of {use.name.said} there is only {' or '.join(metric.statistics)}",
            )


class Watched(NamedTuple):
    """What a metric is about, as far as the template has it."""

    config: Resource
    variant: Node


def watched(template: Template, use: Use) -> Watched | None:
    """Give the production variant that a metric is about."""
    values = {each["Name"].said: each["Value"].said for each in use.dimensions.entries()}
    endpoint = template.referred(ENDPOINT, values.get("EndpointName"))
    config = None if endpoint is None else template.referred(CONFIG, endpoint["EndpointConfigName"].said)
    for variant in () if config is None else config["ProductionVariants"].entries():
        if config is not None and variant["VariantName"].said == values.get("VariantName"):
            return Watched(config, variant)
    return None


_PARTS = {"CPUUtilization": "vcpus", "GPUUtilization": "gpus", "GPUMemoryUtilization": "gpus"}
_VARIANT = """\
Endpoint: {{Type: AWS::SageMaker::Endpoint, Properties: {{EndpointConfigName: !GetAtt Config.EndpointConfigName}}}}
Config:
  Type: AWS::SageMaker::EndpointConfig
  Properties:
    ProductionVariants: [{{VariantName: a, ModelName: m, {}}}]
"""
_XLARGE = _VARIANT.format("InstanceType: ml.m5.xlarge, InitialInstanceCount: 1")
_ITS = "{Name: EndpointName, Value: !GetAtt Endpoint.EndpointName}, {Name: VariantName, Value: a}"


@rule(
    "SMC642",
    "The use of vCPUs or GPUs is compared with a value for all of them",
    severity="warning",
    source=_SOURCE,
    about=Template,
    facts=["autoscaling/custom_metric_cpu", "autoscaling/utilization_ranges", "cloudwatch/endpoint_instance_metrics"],
    good=_XLARGE + alarm_example("/aws/sagemaker/Endpoints", "CPUUtilization", _ITS, threshold=320),
    bad=_XLARGE + alarm_example("/aws/sagemaker/Endpoints", "CPUUtilization", _ITS, threshold=80),
)
def percent_of_all(template: Template) -> Iterator[Finding]:
    """Warn of values that are never reached, or that look as if they were meant for one vCPU or GPU."""
    for use in uses_of_metrics(template):
        name = use.name.said or ""
        node = use.compared
        its = watched(template, use)
        kind = None if its is None else instance_types().get(its.variant["InstanceType"].said or "")
        parts = None if kind is None or name not in _PARTS else getattr(kind, _PARTS[name])
        if parts is None or kind is None:
            continue
        if not parts:
            yield Finding(use.name.path, f"is {name}, and {kind.name} has no GPU")
        value = None if node is None else node.number().value
        if node is None or not is_number(value) or not parts:
            continue
        if value > 100 * parts:
            yield Finding(node.path, f"is {value:g}; {name} of {kind.name} is {100 * parts} at most, so never reached")
        elif parts > 1 and 0 < value <= 100 and not use.is_low:
            yield Finding(
                node.path,
                f"is {value:g}, and {name} of {kind.name} runs to {100 * parts}: that is {value / parts:.3g} % of it",
            )


@rule(
    "SMC876",
    "A metric is one that the kind of the endpoint publishes",
    severity="warning",
    source=_SOURCE,
    about=Template,
    facts=["cloudwatch/serverless_metrics", "async/metrics_not_published", "mme/metrics_loading"],
    good=_XLARGE + alarm_example(dimensions=_ITS),
    bad=_VARIANT.format("ServerlessConfig: {MemorySizeInMB: 1024, MaxConcurrency: 5}")
    + alarm_example("/aws/sagemaker/Endpoints", "CPUUtilization", _ITS),
)
def kinds(template: Template) -> Iterator[Finding]:
    """Warn of metrics that will never have a value for this endpoint."""
    of_models = {*limit("mme", "metrics_loading"), *limit("mme", "metrics_instance")}
    of_queues = set(limit("async", "metrics_endpoint_dim"))
    of_serverless = {*limit("cloudwatch", "serverless_metrics"), *ERRORS}
    for use in uses_of_metrics(template):
        name, its = use.name.said or "", watched(template, use)
        if its is None or use.metric is None:
            continue
        model = template.referred(MODEL, its.variant["ModelName"].said)
        if its.variant["ServerlessConfig"] and name not in of_serverless:
            yield Finding(use.name.path, f"is {name}, which serverless endpoints do not publish")
        elif name == "ModelSetupTime" and not its.variant["ServerlessConfig"]:
            yield Finding(use.name.path, f"is {name}, which only serverless endpoints publish")
        elif name.startswith("ServerlessProvisioned") and not its.variant["ServerlessConfig"]["ProvisionedConcurrency"]:
            yield Finding(use.name.path, f"is {name}, and {its.variant['VariantName'].said} provisions no concurrency")
        elif name.endswith(("Normalized", "Reservation")) and its.variant["ModelName"]:
            yield Finding(use.name.path, f"is {name}, which only instances under inference components publish")
        elif its.config["AsyncInferenceConfig"] and name in limit("async", "metrics_not_published"):
            yield Finding(use.name.path, f"is {name}, which asynchronous endpoints do not publish")
        elif not its.config["AsyncInferenceConfig"] and name in of_queues:
            yield Finding(use.name.path, f"is {name}, which only asynchronous endpoints publish")
        elif name in of_models and model is not None and not _is_multi_model(model):
            yield Finding(use.name.path, f"is {name}, which only multi-model endpoints publish")


ERRORS = ("Invocation4XXErrors", "Invocation5XXErrors", "InvocationModelErrors")


def _is_multi_model(model: Resource) -> bool:
    return any(
        container["Mode"].is_intrinsic or container["Mode"].said == "MultiModel"
        for container in [model["PrimaryContainer"], *model["Containers"].entries()]
    )
