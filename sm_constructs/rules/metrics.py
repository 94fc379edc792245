"""The metrics that alarms and policies of a template look at: CloudWatch takes any, and finds values for few."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from sm_constructs.facts import instance_types, limit, load
from sm_constructs.reading.intrinsics import references, referred
from sm_constructs.reading.resources import ALARM, COMPONENT, CONFIG, ENDPOINT, MODEL, POLICY, Template
from sm_constructs.rules.references import variant_names
from sm_constructs.rules.registry import Finding, rule, unlisted
from sm_constructs.spec import once_each
from sm_constructs.tokens import is_number, is_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_constructs.reading.nodes import Node
    from sm_constructs.reading.resources import Resource

_SOURCE = '"Amazon SageMaker AI metrics in Amazon CloudWatch", SageMaker developer guide'
_SUSPICIOUS_MICROSECONDS = 10_000
_SHORT = "seconds_with_period_below_3600"
# Further dimensions that a metric may be broken down by.
_MORE = frozenset({"EndpointConfigName", "InstanceType", "ContainerName"})
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


def _alarm(
    namespace: str = "AWS/SageMaker",
    name: str = "ModelLatency",
    dimensions: str = f"{_E}, {_V}",
    statistic: str = "Average",
    threshold: int = 500_000,
    more: str = "",
) -> str:
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
class _Use:
    """A metric that something looks at: where its parts stand."""

    name: Node
    namespace: Node
    dimensions: Node
    unit: Node
    statistic: Node
    threshold: Node | None
    target: Node | None = None
    is_low: bool = False
    """Whether a small value is what the alarm is for."""

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
def _uses(template: Template) -> Iterator[_Use]:
    """Give every metric of SageMaker that an alarm or a policy looks at."""
    for alarm in template.of_type(ALARM):
        places: list[tuple[Node, Node]] = [(alarm, alarm)]
        places += [(each["MetricStat"], each["MetricStat"]["Metric"]) for each in alarm["Metrics"].entries()]
        for outer, metric in places:
            own = metric is alarm
            statistic = outer["Stat"] if not own else outer["Statistic"] or outer["ExtendedStatistic"]
            low = (alarm["ComparisonOperator"].said or "").startswith("LessThan")
            for use in _use(metric, outer["Unit"], statistic, alarm["Threshold"] if own else None):
                yield replace(use, is_low=low)
    for policy in template.of_type(POLICY):
        custom = policy["TargetTrackingScalingPolicyConfiguration"]["CustomizedMetricSpecification"]
        target = policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"]
        yield from _use(custom, custom["Unit"], custom["Statistic"], None, target)
        for each in custom["Metrics"].entries():
            stat = each["MetricStat"]
            yield from _use(stat["Metric"], stat["Unit"], stat["Stat"], None)


def _use(
    metric: Node, unit: Node, statistic: Node, threshold: Node | None, target: Node | None = None
) -> Iterator[_Use]:
    namespace = metric["Namespace"].said
    if is_text(namespace) and "sagemaker" in namespace.lower():
        parts = (metric["MetricName"], metric["Namespace"], metric["Dimensions"])
        yield _Use(*parts, unit, statistic, threshold, target)


@rule(
    "SMC870",
    "A metric is looked for in the namespace in which SageMaker publishes it",
    severity="warning",
    source=_SOURCE,
    about=Template,
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
    good=_alarm(),
    bad=_alarm("/aws/sagemaker/Endpoints"),
)
def namespaces(template: Template) -> Iterator[Finding]:
    """Warn of metrics that will never have a value."""
    spelled = {
        each.strip("/").lower(): each
        for each in [*_OTHER_NAMESPACES, *(metric.namespace for several in published().values() for metric in several)]
    }
    for use in _uses(template):
        said, name = use.namespace.said or "", use.name.said
        right = spelled.get(said.strip("/").lower(), said)
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
    good=_alarm(),
    bad=_alarm(dimensions=_E),
)
def dimensions(template: Template) -> Iterator[Finding]:
    """Warn of metrics that will never have a value, because none is published with such dimensions."""
    for use in _uses(template):
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
        for each in use.dimensions.entries():
            for _, name, attribute in references(each["Value"].value):
                its = template.resource(name)
                if its is not None and its.type in (ENDPOINT, COMPONENT, CONFIG, MODEL) and not attribute:
                    yield Finding(each["Value"].path, f"has Ref {name}, which gives an ARN; metrics have the name")


def _fits(names: set[str], wanted: list[str]) -> bool:
    return set(wanted) <= names and names - set(wanted) <= _MORE


@rule(
    "SMC872",
    "A metric is looked for in the unit in which SageMaker publishes it",
    severity="warning",
    source=_SOURCE,
    about=Template,
    facts=["cloudwatch/invocation_metrics"],
    good=_alarm(more="Unit: Microseconds"),
    bad=_alarm(more="Unit: Milliseconds"),
)
def units(template: Template) -> Iterator[Finding]:
    """Warn of units in which there are no values, and of latencies that are compared in another one."""
    for use in _uses(template):
        metric, said = use.metric, use.unit.said
        if metric is None or metric.unit is None:
            continue
        name, said_statistic = use.name.said, use.statistic.said
        if is_text(said) and said != metric.unit:
            yield Finding(use.unit.path, f"is {said}; {name} is published in {metric.unit}")
        counted = said_statistic in ("SampleCount", None) or str(said_statistic).startswith(("PR", "TC"))
        if use.threshold is None or metric.unit != "Microseconds" or counted:
            continue
        threshold = use.threshold.number().value
        if is_number(threshold) and 0 < threshold < _SUSPICIOUS_MICROSECONDS:
            yield Finding(
                use.threshold.path, f"is {threshold:g}, which is {threshold / 1000:g} ms; {name} is in microseconds"
            )


@rule(
    "SMC873",
    "A metric is summed up as it can be",
    severity="warning",
    source=_SOURCE,
    about=Template,
    facts=["cloudwatch/valid_stats_trap", "cloudwatch/error_share"],
    good=_alarm(name="Invocations", statistic="Sum"),
    bad=_alarm(name="Invocations", statistic="Average"),
)
def statistics(template: Template) -> Iterator[Finding]:
    """Warn of statistics that say nothing: each request sends a 1."""
    for use in _uses(template):
        metric, said = use.metric, use.statistic.said
        if metric is not None and metric.statistics is not None and is_text(said) and said not in metric.statistics:
            yield Finding(
                use.statistic.path,
                f"is {said}; of {use.name.said} there is only {' or '.join(metric.statistics)}",
            )


def _alarms(template: Template) -> Iterator[Resource]:
    """Give the alarms on metrics of hosting, and those that let hosting scale."""
    for alarm in template.of_type(ALARM):
        actions = (template.referred(POLICY, each.said) for each in alarm["AlarmActions"].entries())
        if template.is_of_hosting(alarm) or any(its is not None and template.is_of_hosting(its) for its in actions):
            yield alarm


@rule(
    "SMC874",
    "The periods of an alarm are 10, 20 or 30 seconds, or whole minutes, and not longer than CloudWatch looks back",
    source="PutMetricAlarm: Period, EvaluationPeriods, DatapointsToAlarm",
    about=Template,
    facts=["cloudwatch/alarm_period", "cloudwatch/alarm_span"],
    good=_alarm(),
    bad=_alarm().replace("Period: 60", "Period: 45"),
)
def periods(template: Template) -> Iterator[Finding]:
    """Check the periods of alarms."""
    allowed, spans = limit("cloudwatch", "alarm_period"), limit("cloudwatch", "alarm_span")
    for alarm in _alarms(template):
        length, count, enough = (
            alarm[name].number().value for name in ("Period", "EvaluationPeriods", "DatapointsToAlarm")
        )
        minute = allowed["multiple_of"]
        if is_number(length) and length not in allowed["short"] and (length < minute or length % minute):
            short = ", ".join(map(str, allowed["short"]))
            yield Finding(alarm["Period"].path, f"is {length:g} seconds; it is {short} or a multiple of {minute}")
        if is_number(enough) and is_number(count) and not 1 <= enough <= count:
            yield Finding(alarm["DatapointsToAlarm"].path, f"is {enough:g}; of {count:g} periods it is 1 to {count:g}")
        if is_number(length) and is_number(count):
            most = spans["seconds" if length >= limit("cloudwatch", "alarm_evaluation")["long_period"] else _SHORT]
            if count * length > most:
                text = f"is {count:g}, which makes {count * length:g} seconds; an alarm looks at {most} at most"
                yield Finding(alarm["EvaluationPeriods"].path, text)


@rule(
    "SMC875",
    "What is taken for missing data is breaching, notBreaching, ignore or missing",
    source="PutMetricAlarm: TreatMissingData",
    about=Template,
    facts=["cloudwatch/alarm_missing_data"],
    good=_alarm(more="TreatMissingData: notBreaching"),
    bad=_alarm(more="TreatMissingData: none"),
)
def missing_data(template: Template) -> Iterator[Finding]:
    """Check what missing data are taken for."""
    for alarm in _alarms(template):
        node = alarm["TreatMissingData"]
        yield from unlisted(node.path, node.said, limit("cloudwatch", "alarm_missing_data"))


class _About(NamedTuple):
    """What a metric is about, as far as the template has it."""

    config: Resource
    variant: Node


def _about(template: Template, use: _Use) -> _About | None:
    """Give the production variant that a metric is about."""
    values = {each["Name"].said: each["Value"].said for each in use.dimensions.entries()}
    endpoint = template.referred(ENDPOINT, values.get("EndpointName"))
    config = None if endpoint is None else template.referred(CONFIG, endpoint["EndpointConfigName"].said)
    for variant in () if config is None else config["ProductionVariants"].entries():
        if config is not None and variant["VariantName"].said == values.get("VariantName"):
            return _About(config, variant)
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
    good=_XLARGE + _alarm("/aws/sagemaker/Endpoints", "CPUUtilization", _ITS, threshold=320),
    bad=_XLARGE + _alarm("/aws/sagemaker/Endpoints", "CPUUtilization", _ITS, threshold=80),
)
def percent_of_all(template: Template) -> Iterator[Finding]:
    """Warn of values that are never reached, or that look as if they were meant for one vCPU or GPU."""
    for use in _uses(template):
        name = use.name.said or ""
        node = use.target if use.target is not None else use.threshold
        about = _about(template, use)
        kind = None if about is None else instance_types().get(about.variant["InstanceType"].said or "")
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
    good=_XLARGE + _alarm(dimensions=_ITS),
    bad=_VARIANT.format("ServerlessConfig: {MemorySizeInMB: 1024, MaxConcurrency: 5}")
    + _alarm("/aws/sagemaker/Endpoints", "CPUUtilization", _ITS),
)
def kinds(template: Template) -> Iterator[Finding]:
    """Warn of metrics that will never have a value for this endpoint."""
    of_models = {*limit("mme", "metrics_loading"), *limit("mme", "metrics_instance")}
    of_queues = set(limit("async", "metrics_endpoint_dim"))
    of_serverless = {*limit("cloudwatch", "serverless_metrics"), *_ERRORS}
    for use in _uses(template):
        name, about = use.name.said or "", _about(template, use)
        if about is None or use.metric is None:
            continue
        model = template.referred(MODEL, about.variant["ModelName"].said)
        if about.variant["ServerlessConfig"] and name not in of_serverless:
            yield Finding(use.name.path, f"is {name}, which serverless endpoints do not publish")
        elif about.config["AsyncInferenceConfig"] and name in limit("async", "metrics_not_published"):
            yield Finding(use.name.path, f"is {name}, which asynchronous endpoints do not publish")
        elif not about.config["AsyncInferenceConfig"] and name in of_queues:
            yield Finding(use.name.path, f"is {name}, which only asynchronous endpoints publish")
        elif name in of_models and model is not None and not _is_multi_model(model):
            yield Finding(use.name.path, f"is {name}, which only multi-model endpoints publish")


_ERRORS = ("Invocation4XXErrors", "Invocation5XXErrors", "InvocationModelErrors")


def _is_multi_model(model: Resource) -> bool:
    return any(
        container["Mode"].is_intrinsic or container["Mode"].said == "MultiModel"
        for container in [model["PrimaryContainer"], *model["Containers"].entries()]
    )


_ROLLED_BACK = """\
Endpoint:
  Type: AWS::SageMaker::Endpoint
  Properties:
    EndpointName: mine
    EndpointConfigName: c
    DeploymentConfig: {AutoRollbackConfiguration: {Alarms: [{AlarmName: !Ref Alarm}]}}
"""


@rule(
    "SMC877",
    "An alarm that takes an update back watches the endpoint that is updated",
    severity="warning",
    source='"Auto-Rollback Configuration and Monitoring", SageMaker developer guide',
    about=Template,
    facts=["guardrails/alarms"],
    good=_ROLLED_BACK + _alarm(dimensions=f"{{Name: EndpointName, Value: mine}}, {_V}"),
    bad=_ROLLED_BACK + _alarm(dimensions=f"{{Name: EndpointName, Value: another}}, {_V}"),
)
def watching(template: Template) -> Iterator[Finding]:
    """Warn of alarms about another endpoint."""
    for endpoint in template.of_type(ENDPOINT):
        own = endpoint["EndpointName"].said
        for entry in endpoint["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"].entries():
            name = entry["AlarmName"].said
            alarm = template.resource(referred(name or "")) or template.named(ALARM, name)
            for each in [] if alarm is None else alarm["Dimensions"].entries():
                value = each["Value"]
                said = value.said
                if each["Name"].said != "EndpointName" or said is None:
                    continue
                other = template.referred(ENDPOINT, said)
                if (other is not None and other.id != endpoint.id) or (
                    other is None and is_text(said) and is_text(own) and said != own
                ):
                    yield Finding(value.path, f"is {said}, and {endpoint.id} is taken back by this alarm")
