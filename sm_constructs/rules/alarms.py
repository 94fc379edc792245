"""The alarms of a template: what CloudWatch refuses, and what never goes off, or at the wrong time."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from sm_constructs.durations import seconds
from sm_constructs.facts import limit
from sm_constructs.reading.deployment import read_rollout
from sm_constructs.reading.intrinsics import referred, token
from sm_constructs.reading.resources import ALARM, COMPONENT, ENDPOINT, POLICY, Template
from sm_constructs.rules.metrics import ERRORS, Use, alarm_example, uses_of_metrics, watched
from sm_constructs.rules.references import rollback_alarms, variant_names
from sm_constructs.rules.registry import Finding, mentioning, rule, unlisted
from sm_constructs.rules.rollout import waiting
from sm_constructs.scaling_metrics import ONE_MINUTE
from sm_constructs.tokens import is_number, is_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_constructs.reading.nodes import Node
    from sm_constructs.reading.resources import Resource

_SHORT = "seconds_with_period_below_3600"
_ACTIONS = ("AlarmActions", "OKActions", "InsufficientDataActions")
_PUBLISHED_EVERY = ONE_MINUTE.total_seconds()
_HIGH_RESOLUTION = ("ConcurrentRequestsPerModel", "ConcurrentRequestsPerCopy", "NoCapacityInvocationFailures")
_USUAL_NAMESPACE = "/aws/sagemaker/Endpoints"
QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
"""What stands in quotes in an expression."""

# Ids in an expression of metric math, which functions and numbers such as 1e6 are not.
_VARIABLE = re.compile(r"(?<![A-Za-z0-9_.])(?!and\b|or\b)[a-z][A-Za-z0-9_]*(?![A-Za-z0-9_]|\s*\()")
_STATISTICS = frozenset({"SampleCount", "Average", "Sum", "Minimum", "Maximum", "IQM"})
_EXTENDED = re.compile(
    r"(?:p|tm|tc|ts|wm)(?:100(?:\.0+)?|\d{1,2}(?:\.\d+)?)|(?:PR|TC|TM|TS|WM)\([^()]*:[^()]*\)", re.IGNORECASE
)
_ID = re.compile("[a-z][A-Za-z0-9_]*")
_SQL = re.compile(r"\s*SELECT\s", re.IGNORECASE)


def alarms_of_hosting(template: Template) -> Iterator[Resource]:
    """Give the alarms on metrics of hosting, and those that let hosting scale."""
    for alarm in template.of_type(ALARM):
        if template.is_of_hosting(alarm) or any(template.is_of_hosting(its) for its in scaled_by(template, alarm)):
            yield alarm


def _span(alarm: Resource) -> list[float | None]:
    """Give the length of a period, how many an alarm looks at, and how many of them make it go off."""
    return [alarm[name].number().value for name in ("Period", "EvaluationPeriods", "DatapointsToAlarm")]


def scaled_by(template: Template, alarm: Resource) -> Iterator[Resource]:
    """Give the scaling policies that an alarm lets act."""
    for action in alarm["AlarmActions"].entries():
        policy = template.referred(POLICY, action.said)
        if policy is not None:
            yield policy


@rule(
    "SMC874",
    "The periods of an alarm are 10, 20 or 30 seconds, or whole minutes, and not longer than CloudWatch looks back",
    source="PutMetricAlarm: Period, EvaluationPeriods, DatapointsToAlarm",
    about=Template,
    facts=["cloudwatch/alarm_period", "cloudwatch/alarm_span"],
    good=alarm_example(),
    bad=alarm_example().replace("Period: 60", "Period: 45"),
)
def periods(template: Template) -> Iterator[Finding]:
    """Check the periods of alarms."""
    allowed, spans = limit("cloudwatch", "alarm_period"), limit("cloudwatch", "alarm_span")
    for alarm in alarms_of_hosting(template):
        length, count, enough = _span(alarm)
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
    good=alarm_example(more="TreatMissingData: notBreaching"),
    bad=alarm_example(more="TreatMissingData: none"),
)
def missing_data(template: Template) -> Iterator[Finding]:
    """Check what missing data are taken for."""
    for alarm in alarms_of_hosting(template):
        node = alarm["TreatMissingData"]
        yield from unlisted(node.path, node.said, limit("cloudwatch", "alarm_missing_data"))


_TWO_VARIANTS = """\
Endpoint:
  Type: AWS::SageMaker::Endpoint
  Properties:
    EndpointName: mine
    EndpointConfigName: !GetAtt Config.EndpointConfigName
    DeploymentConfig: {AutoRollbackConfiguration: {Alarms: [{AlarmName: !Ref Alarm}, {AlarmName: !Ref Other}]}}
Config:
  Type: AWS::SageMaker::EndpointConfig
  Properties:
    ProductionVariants:
    - {VariantName: a, ModelName: m, InstanceType: ml.m5.large, InitialInstanceCount: 1}
    - {VariantName: b, ModelName: n, InstanceType: ml.m5.large, InitialInstanceCount: 1}
"""
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
    where=mentioning("AutoRollbackConfiguration"),
    facts=["guardrails/alarms"],
    good=_ROLLED_BACK + alarm_example(dimensions="{Name: EndpointName, Value: mine}, {Name: VariantName, Value: a}"),
    bad=_ROLLED_BACK + alarm_example(dimensions="{Name: EndpointName, Value: another}, {Name: VariantName, Value: a}"),
)
def watching(template: Template) -> Iterator[Finding]:
    """Warn of alarms about another endpoint."""
    for endpoint, alarm in _taking_back(template):
        own = endpoint["EndpointName"].said
        for each in alarm["Dimensions"].entries():
            value = each["Value"]
            said = value.said
            if endpoint.type != ENDPOINT or each["Name"].said != "EndpointName" or said is None:
                continue
            other = template.referred(ENDPOINT, said)
            if (other is not None and other.id != endpoint.id) or (
                other is None and is_text(said) and is_text(own) and said != own
            ):
                yield Finding(value.path, f"is {said}, and {endpoint.id} is taken back by this alarm")


@rule(
    "SMC884",
    "The alarms of a rollout watch every variant",
    severity="warning",
    source='"Auto-Rollback Configuration and Monitoring", SageMaker developer guide',
    about=Template,
    where=mentioning("AutoRollbackConfiguration"),
    facts=["guardrails/alarms"],
    good=_TWO_VARIANTS
    + alarm_example(dimensions="{Name: EndpointName, Value: mine}, {Name: VariantName, Value: a}")
    + alarm_example(dimensions="{Name: EndpointName, Value: mine}, {Name: VariantName, Value: b}").replace(
        "Alarm:", "Other:"
    ),
    bad=_TWO_VARIANTS.replace(", {AlarmName: !Ref Other}", "")
    + alarm_example(dimensions="{Name: EndpointName, Value: mine}, {Name: VariantName, Value: a}"),
)
def all_variants(template: Template) -> Iterator[Finding]:
    """Warn of variants that no alarm watches."""
    watched_by: dict[str, list[str | None]] = defaultdict(list)
    for endpoint, alarm in _taking_back(template):
        names = [each["Value"].said for each in alarm["Dimensions"].entries() if each["Name"].said == "VariantName"]
        watched_by[endpoint.id] += names or [None]
    for endpoint in template.of_type(ENDPOINT):
        alarms = endpoint["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]
        there = variant_names(template, token(endpoint.id)) or set()
        names = watched_by[endpoint.id]
        missed = sorted(there.difference(names))
        if missed and len(there) > 1 and all(map(is_text, names)) and len(names) >= len(alarms.entries()) > 0:
            yield Finding(alarms.path, f"watch {', '.join(sorted(set(map(str, names))))}, and not {', '.join(missed)}")


def _taking_back(template: Template) -> Iterator[tuple[Resource, Resource]]:
    """Give the alarms that take updates back, each with the endpoint or the component."""
    for updated in template.of_type(ENDPOINT, COMPONENT):
        for entry in rollback_alarms(updated):
            name = entry["AlarmName"].said
            alarm = template.resource(referred(name or "")) or template.named(ALARM, name)
            if alarm is not None and alarm.type == ALARM:
                yield updated, alarm


@rule(
    "SMC878",
    "An alarm says what it looks at, and when it goes off",
    source="PutMetricAlarm: ComparisonOperator, EvaluationPeriods, Threshold, Metrics, AlarmActions; MetricDataQuery",
    about=Template,
    good=alarm_example(),
    bad=alarm_example().replace("    EvaluationPeriods: 1\n", ""),
)
def complete(template: Template) -> Iterator[Finding]:
    """Check that an alarm can be made."""
    for alarm in alarms_of_hosting(template):
        if alarm["EvaluationCriteria"] or alarm.is_intrinsic:
            continue
        one_metric = ("Period",) if alarm["MetricName"] else ()
        for name in ("ComparisonOperator", "EvaluationPeriods", *one_metric):
            if not alarm[name]:
                yield Finding(alarm[name].path, "is missing; an alarm has one")
        if not alarm["Threshold"] and not alarm["ThresholdMetricId"]:
            yield Finding(alarm["Threshold"].path, "is missing, and so is ThresholdMetricId; an alarm has one of them")
        if alarm["MetricName"] and not alarm["Statistic"] and not alarm["ExtendedStatistic"]:
            yield Finding(alarm["Statistic"].path, "is missing, and so is ExtendedStatistic; a metric has one of them")
        yield from of_math(alarm["Metrics"], alarm["ThresholdMetricId"])
        for action in (each for name in _ACTIONS for each in alarm[name].entries()):
            said = None if action.said is None else template.sampled(action.said)
            if said is not None and not said.startswith("arn:"):
                yield Finding(action.path, f"is {said!r}; an action is an ARN")
        statistics = [alarm["ExtendedStatistic"], *(each["MetricStat"]["Stat"] for each in alarm["Metrics"].entries())]
        for node in statistics:
            if is_text(node.said) and not is_statistic(node.said):
                yield Finding(node.path, f"is {node.said!r}, which is no statistic of CloudWatch; a percentile is p99")


def is_statistic(text: str) -> bool:
    """Say whether a text is a statistic; see "CloudWatch statistics definitions", CloudWatch user guide.

    >>> is_statistic("p99.9"), is_statistic("TM(10%:90%)"), is_statistic("99th")
    (True, True, False)
    """
    return text in _STATISTICS or _EXTENDED.fullmatch(text) is not None


def of_math(metrics: Node, threshold: Node | None = None) -> Iterator[Finding]:
    """Find what is wrong with a list of metrics, and with the one that is the threshold."""
    queries = metrics.entries()
    if not queries or any(query.is_intrinsic for query in queries):
        return
    returning = [query for query in queries if query["ReturnData"].flag().value is not False]
    most = 2 if threshold else 1
    if not 1 <= len(returning) <= most:
        said = f"has {len(returning)} entries that return data; what is looked at is one"
        yield Finding(metrics.path, f"{said}: ReturnData is false for the others")
    for query in queries:
        if bool(query["Expression"]) is bool(query["MetricStat"]):
            said = "has both Expression and" if query["Expression"] else "has neither Expression nor"
            yield Finding(query.path, f"{said} MetricStat; an entry is one of them")
    ids: list[str | None] = []
    for name in (query["Id"] for query in queries):
        if is_text(name.said) and not _ID.fullmatch(name.said):
            yield Finding(name.path, f"is {name.said!r}; an id is letters, digits and _, a small letter first")
        if name and name.said in ids:
            yield Finding(name.path, f"is {name.said!r}, as that of another entry is")
        ids.append(name.said)
    naming = [(query["Expression"], each) for query in queries for each in _variables_of(query["Expression"].said)]
    for node, used in [*naming, *([(threshold, threshold.said)] if threshold else [])]:
        if is_text(used) and used not in ids and all(map(is_text, ids)):
            yield Finding(node.path, f"names {used}; the entries of Metrics are {', '.join(map(str, ids))}")


def _variables_of(expression: str | None) -> list[str]:
    """Give the ids that an expression of metric math uses; those of a query in SQL are others."""
    if not is_text(expression) or _SQL.match(expression):
        return []
    return _VARIABLE.findall(QUOTED.sub("", expression))


@rule(
    "SMC879",
    "The actions of an alarm are carried out",
    severity="warning",
    source="PutMetricAlarm.ActionsEnabled",
    about=Template,
    good=alarm_example(more="AlarmActions: ['arn:aws:sns:eu-west-1:123456789012:oncall']"),
    bad=alarm_example(more="AlarmActions: ['arn:aws:sns:eu-west-1:123456789012:oncall']\n    ActionsEnabled: false"),
)
def acting(template: Template) -> Iterator[Finding]:
    """Warn of actions that are switched off."""
    for alarm in alarms_of_hosting(template):
        node = alarm["ActionsEnabled"]
        given = [name for name in _ACTIONS if alarm[name]]
        if given and node.flag().value is False:
            yield Finding(node.path, f"is false: {' and '.join(given)} are never carried out")


_UTILISATION = {"CPUUtilizationNormalized", "GPUUtilizationNormalized", "GPUMemoryUtilizationNormalized"}
_MOST = {
    **dict.fromkeys({"MemoryUtilization", "DiskUtilization", *_UTILISATION}, 100),
    **dict.fromkeys({"CPUReservation", "MemoryReservation", "GPUReservation"}, 100),
    **dict.fromkeys({"ModelCacheHit", *ERRORS}, 1),
}


@rule(
    "SMC880",
    "A metric is compared with a value that it can have",
    severity="warning",
    source='"Amazon SageMaker AI metrics in Amazon CloudWatch", SageMaker developer guide; InvokeEndpoint: 60 seconds',
    about=Template,
    facts=["cloudwatch/endpoint_instance_metrics", "cloudwatch/error_share", "mme/metrics_loading"],
    good=alarm_example(name="Invocation5XXErrors", threshold=0.05),
    bad=alarm_example(name="Invocation5XXErrors", threshold=5),
)
def reachable(template: Template) -> Iterator[Finding]:
    """Warn of values that are never reached."""
    for use in uses_of_metrics(template):
        node = use.compared
        value = None if node is None else node.number().value
        summed = str(use.statistic.said) in ("Sum", "SampleCount", "None")
        if node is None or use.metric is None or not is_number(value) or summed:
            continue
        most, why = _most(template, use)
        exceeds = use.alarm is not None and use.alarm["ComparisonOperator"].said == "GreaterThanThreshold"
        if value > most or (value == most and exceeds):
            yield Finding(node.path, f"is {value:g}; {use.name.said} is at most {most:g}{why}")


def _most(template: Template, use: Use) -> tuple[float, str]:
    """Give the largest value of a metric, and why it is."""
    name = use.name.said or ""
    if name == "ModelLatency":
        its = watched(template, use)
        if its is not None and not its.config["AsyncInferenceConfig"]:
            longest = limit("realtime", "request_timeout")
            return longest * 1e6, f", since a request that is not streamed is given up after {longest} seconds"
    return _MOST.get(name, float("inf")), ", a share of the requests" if name in ERRORS else ""


@rule(
    "SMC881",
    "An alarm goes off when something is wrong",
    severity="warning",
    source='"Configuring how CloudWatch alarms treat missing data", CloudWatch user guide; no request, no value',
    about=Template,
    facts=["cloudwatch/invocation_metrics"],
    good=alarm_example(name="Invocation5XXErrors", threshold=0.05),
    bad=alarm_example(name="Invocation5XXErrors", threshold=0.05, more="TreatMissingData: breaching"),
)
def going_off(template: Template) -> Iterator[Finding]:
    """Warn of alarms that are on while all is well, or off while nothing works."""
    for use in uses_of_metrics(template):
        alarm, name = use.alarm, use.name.said or ""
        if alarm is None or use.threshold is None or use.metric is None or any(scaled_by(template, alarm)):
            continue
        missing = alarm["TreatMissingData"]
        comparison = alarm["ComparisonOperator"].said
        if use.threshold.number().value == 0 and comparison == "GreaterThanOrEqualToThreshold":
            yield Finding(use.threshold.path, f"is 0, which {name} always reaches")
        if use.statistic.said == "Minimum" and use.metric.unit == "Microseconds" and not use.is_low:
            yield Finding(use.statistic.path, "is Minimum: one quick request keeps the alarm from going off")
        if name in ERRORS and use.is_low:
            yield Finding(
                alarm["ComparisonOperator"].path,
                f"is {comparison}: few {name} are what there should be",
            )
        elif name in ERRORS and missing.said == "breaching":
            yield Finding(missing.path, f"is breaching; without requests there are no {name}, and the alarm goes off")
        elif name in ("Invocations", "InvocationsPerInstance") and use.is_low and missing.said == "notBreaching":
            yield Finding(missing.path, "is notBreaching; without any request the alarm does not go off")


@rule(
    "SMC882",
    "An alarm has no periods in which no value comes",
    severity="warning",
    source="MetricsConfig.MetricPublishFrequencyInSeconds; metrics of SageMaker come once a minute",
    about=Template,
    facts=["realtime/metrics_config_frequency"],
    good=alarm_example(),
    bad=alarm_example().replace("Period: 60", "Period: 10"),
)
def filled(template: Template) -> Iterator[Finding]:
    """Warn of periods that are shorter than what is between two values."""
    for use in uses_of_metrics(template):
        node = None if use.alarm is None or use.threshold is None else use.alarm["Period"]
        length = None if node is None else node.number().value
        if node is None or not is_number(length) or use.metric is None:
            continue
        every = None if use.name.said in _HIGH_RESOLUTION else _published_every(template, use)
        if every is not None and length < every:
            yield Finding(node.path, f"is {length:g} seconds; {use.name.said} comes every {every:g}")


def _published_every(template: Template, use: Use) -> float | None:
    """Give how often a metric comes, in seconds, if it is known."""
    its = watched(template, use)
    config = None if its is None else its.config["MetricsConfig"]
    if config is None or not config["MetricPublishFrequencyInSeconds"]:
        return None if config is not None and config.is_intrinsic else _PUBLISHED_EVERY
    in_step = use.namespace.said == _USUAL_NAMESPACE or config["EnableEnhancedMetrics"].flag().value
    frequency = config["MetricPublishFrequencyInSeconds"].number().value if in_step else _PUBLISHED_EVERY
    return frequency if is_number(frequency) else None


_WAITING = """\
Endpoint:
  Type: AWS::SageMaker::Endpoint
  Properties:
    EndpointName: mine
    EndpointConfigName: c
    DeploymentConfig:
      AutoRollbackConfiguration: {Alarms: [{AlarmName: !Ref Alarm}]}
      BlueGreenUpdatePolicy:
        TerminationWaitInSeconds: SECONDS
        TrafficRoutingConfiguration: {Type: ALL_AT_ONCE, WaitIntervalInSeconds: 0}
""" + alarm_example().replace("EvaluationPeriods: 1", "EvaluationPeriods: 3")


@rule(
    "SMC883",
    "A rollout waits as long as its alarms need to go off",
    severity="warning",
    source='"Auto-Rollback Configuration and Monitoring", SageMaker developer guide: alarms count in the baking period',
    about=Template,
    where=mentioning("AutoRollbackConfiguration"),
    facts=["guardrails/alarms", "guardrails/wait_interval", "guardrails/termination_wait"],
    good=_WAITING.replace("SECONDS", "300"),
    bad=_WAITING.replace("SECONDS", "60"),
)
def in_time(template: Template) -> Iterator[Finding]:
    """Warn of alarms that come too late for the update that they watch."""
    for updated, alarm in _taking_back(template):
        rollout = read_rollout(updated["DeploymentConfig"]).value
        if rollout is None or (rollout.strategy in ("linear", "rolling") and rollout.percent is None):
            continue  # how often it waits is not known
        lasts = waiting(rollout, 1)
        if rollout.strategy == "all-at-once" and lasts is not None:
            lasts = max(lasts, seconds(rollout.bake) or 0)
        length, count, enough = _span(alarm)
        needed = enough if is_number(enough) else count
        if lasts and is_number(length) and is_number(needed) and lasts < length * needed:
            yield Finding(
                updated["DeploymentConfig"].path,
                f"waits {lasts:g} seconds, and {alarm.id} needs {needed * length:g} to go off",
            )


_BY_AWS = "alias/aws/sns"
_TOLD = alarm_example(more="AlarmActions: [!Ref Topic]") + "Topic: {Type: AWS::SNS::Topic, Properties: {PROPERTIES}}\n"


@rule(
    "SMC885",
    "An alarm may publish to its topic",
    severity="warning",
    source='"Amazon SNS encryption at rest": the AWS managed key lets no other service publish; a key of your own may',
    about=Template,
    where=mentioning(_BY_AWS),
    good=_TOLD.replace("PROPERTIES", "KmsMasterKeyId: !Ref Key") + "Key: {Type: AWS::KMS::Key}\n",
    bad=_TOLD.replace("PROPERTIES", f"KmsMasterKeyId: {_BY_AWS}"),
)
def published_to(template: Template) -> Iterator[Finding]:
    """Warn of topics that CloudWatch cannot publish to."""
    for alarm in alarms_of_hosting(template):
        for action in (each for name in _ACTIONS for each in alarm[name].entries()):
            id = referred(action.said or "") or ""
            if template.types.get(id) == "AWS::SNS::Topic" and template.properties(id).get("KmsMasterKeyId") == _BY_AWS:
                yield Finding(action.path, f"is {id}, encrypted with {_BY_AWS}: CloudWatch may not use that key")
