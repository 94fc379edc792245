"""The policies that scale hosting in a template, and the alarms that let them."""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import TYPE_CHECKING

from sm_constructs.facts import limit
from sm_constructs.reading.intrinsics import TOKEN, differ
from sm_constructs.reading.resources import ALARM, COMPONENT, ENDPOINT, POLICY, TARGET, Template
from sm_constructs.rules.alarms import of_math
from sm_constructs.rules.references import scaled
from sm_constructs.rules.registry import Finding, mentioning, rule
from sm_constructs.rules.targets import (
    ALARM_EXAMPLE,
    ENDPOINT_EXAMPLE,
    POLICY_EXAMPLE,
    STEP_EXAMPLE,
    VARIANT_A,
    endpoint_of,
    only_reference,
    scaling_parts,
    target_example,
)
from sm_constructs.scaling import COPIES, INSTANCES
from sm_constructs.spec import once_each
from sm_constructs.tokens import is_number, is_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sm_constructs.reading.nodes import Node
    from sm_constructs.reading.resources import Resource

_HOUR = 3600
_INVOCATIONS = "SageMakerVariantInvocationsPerInstance"
_ITS = "ScalingTargetId: !Ref Target"
_USUAL = (
    "{TargetValue: 70, PredefinedMetricSpecification: {PredefinedMetricType: SageMakerVariantInvocationsPerInstance}}"
)
_ABOVE = f"""{ALARM_EXAMPLE}\
    Namespace: AWS/SageMaker
    MetricName: ModelLatency
    Threshold: 500000
    Statistic: Average
    Period: 60
"""


@rule(
    "SMC635",
    "What may go down to zero has something that brings it back",
    severity="warning",
    source='"Scale an endpoint to zero instances", "Autoscale an asynchronous endpoint", SageMaker developer guide',
    about=Template,
    facts=["async/without_step_policy", "async/scale_from_zero_alarm", "autoscaling/ic_scale_from_zero_alarm"],
    good=target_example(low=1),
    bad=target_example(low=0),
)
def way_out_of_zero(template: Template) -> Iterator[Finding]:
    """Warn of what strands at zero: target tracking alone leaves zero late, or never."""
    alarms = _alarms_by_policy(template)
    wanted = {
        INSTANCES: limit("async", "scale_from_zero_alarm")["MetricName"],
        COPIES: limit("autoscaling", "ic_scale_from_zero_alarm")["MetricName"],
    }
    for target in scaling_parts(template):
        low = target.resource["MinCapacity"]
        name = wanted.get(target.dimension or "")
        if target.resource.type != TARGET or low.number().value != 0 or name is None:
            continue
        if not any(
            alarm["MetricName"].said == name and _wakes(policy, alarm)
            for policy in _policies_of(template, target.resource)
            for alarm in alarms[policy.id]
        ):
            yield Finding(
                low.path,
                f"is 0, and no step scaling policy adds the first when an alarm on {name} goes off at 1, so that "
                "requests may wait forever",
            )


def _wakes(policy: Resource, alarm: Resource) -> bool:
    """Say whether a policy adds capacity when the metric, which is 0 or 1 or a number of failures, is 1."""
    threshold, comparison = alarm["Threshold"].number().value, alarm["ComparisonOperator"].said
    config = policy["StepScalingPolicyConfiguration"]
    if config["AdjustmentType"].said == "PercentChangeInCapacity" and not config["MinAdjustmentMagnitude"]:
        return False  # so much percent of nothing
    if not is_number(threshold):
        return True
    if not (threshold < 1 or (threshold == 1 and comparison == "GreaterThanOrEqualToThreshold")):
        return False
    for step in config["StepAdjustments"].entries():
        low, high, change = (
            step[name].number().value
            for name in ("MetricIntervalLowerBound", "MetricIntervalUpperBound", "ScalingAdjustment")
        )
        if not all(value is None or is_number(value) for value in (low, high, change)):
            return True
        reached = (low is None or low <= 1 - threshold) and (high is None or 1 - threshold < high)
        if reached and (change or 0) > 0:
            return True
    return False


@once_each
def _policies_by_target(template: Template) -> Iterator[dict[object, list[Resource]]]:
    """Give the policies of each scalable target, by its logical id, or by what both say that they are about."""
    found: dict[object, list[Resource]] = defaultdict(list)
    for policy in template.of_type(POLICY):
        found[only_reference(policy["ScalingTargetId"].value)].append(policy)
        found[scaled(policy)].append(policy)
    yield found


def _policies_of(template: Template, target: Resource) -> list[Resource]:
    (by_target,) = _policies_by_target(template)
    key = scaled(target)
    return [*by_target.get(target.id, ()), *(() if key is None else by_target.get(key, ()))]


def _alarms_by_policy(template: Template) -> dict[str, list[Resource]]:
    found: dict[str, list[Resource]] = defaultdict(list)
    for alarm in template.of_type(ALARM):
        for action in () if alarm["ActionsEnabled"].flag().value is False else alarm["AlarmActions"].entries():
            policy = template.referred(POLICY, action.said)
            if policy is not None:
                found[policy.id].append(alarm)
    return found


@rule(
    "SMC637",
    "The steps of a policy leave no gap and do not overlap",
    source='"Step adjustments", Application Auto Scaling user guide',
    about=Template,
    facts=["autoscaling/step_intervals"],
    good=POLICY_EXAMPLE.format(
        "StepScaling",
        "StepScalingPolicyConfiguration",
        "{AdjustmentType: ChangeInCapacity, StepAdjustments: [{MetricIntervalLowerBound: 0, ScalingAdjustment: 1}]}",
        "ScalingTargetId: target",
    ),
    bad=POLICY_EXAMPLE.format(
        "StepScaling",
        "StepScalingPolicyConfiguration",
        "{AdjustmentType: ChangeInCapacity, StepAdjustments: [{ScalingAdjustment: 1}]}",
        "ScalingTargetId: target",
    ),
)
def steps(template: Template) -> Iterator[Finding]:
    """Check the intervals of steps, as they stand in the policy."""
    for policy in template.of_type(POLICY):
        adjustments = policy["StepScalingPolicyConfiguration"]["StepAdjustments"]
        if not adjustments:
            continue
        if "sagemaker" in repr(policy.value).lower() or policy["ScalingTargetId"]:
            yield from _intervals(adjustments)


def _intervals(adjustments: Node) -> Iterator[Finding]:
    ends = []
    for step in adjustments.entries():
        low, high = (step[name].number().value for name in ("MetricIntervalLowerBound", "MetricIntervalUpperBound"))
        if not all(end is None or is_number(end) for end in (low, high)):
            return
        if low is None and high is None:
            yield Finding(step.path, "has neither MetricIntervalLowerBound nor MetricIntervalUpperBound")
            return
        if low is not None and high is not None and low >= high:
            yield Finding(step.path, f"begins at {low:g} and ends at {high:g}; it begins below its end")
            return
        ends.append((float("-inf") if low is None else low, float("inf") if high is None else high, step.path))
    ends.sort()
    for (_, end, _), (begin, _, path) in itertools.pairwise(ends):
        # Between the steps below the threshold and those above there may be nothing to do.
        if begin < end:
            yield Finding(path, f"begins at {begin:g}, inside of another step, which ends at {end:g}")
        elif begin > end and not end <= 0 <= begin:
            yield Finding(path, f"begins at {begin:g}, and the step before it ends at {end:g}")
    if ends and ends[0][0] != float("-inf") and ends[0][0] < 0:
        yield Finding(ends[0][2], f"begins at {ends[0][0]:g}; the lowest step below the threshold has no lower bound")
    if ends and ends[-1][1] != float("inf") and ends[-1][1] > 0:
        yield Finding(ends[-1][2], f"ends at {ends[-1][1]:g}; the highest step above the threshold has no upper bound")


@rule(
    "SMC641",
    "A step scaling policy has an alarm that lets it act",
    severity="warning",
    source='"Step scaling policies", Application Auto Scaling user guide: an alarm invokes the policy',
    about=Template,
    good=target_example() + STEP_EXAMPLE + ALARM_EXAMPLE,
    bad=target_example() + STEP_EXAMPLE,
)
def invoked(template: Template) -> Iterator[Finding]:
    """Warn of policies that nothing invokes."""
    alarms = _alarms_by_policy(template)
    for policy in template.of_type(POLICY):
        if policy["StepScalingPolicyConfiguration"] and template.is_of_hosting(policy) and not alarms[policy.id]:
            yield Finding(policy.path, "is invoked by no alarm of the template; step scaling needs one")


@rule(
    "SMC643",
    "A range in a template has something that scales in it",
    severity="warning",
    source="Application Auto Scaling: a scalable target changes its capacity only by policies and schedules",
    about=Template,
    facts=["autoscaling/min_le_max"],
    good=target_example() + STEP_EXAMPLE + ALARM_EXAMPLE,
    bad=target_example(),
)
def has_policy(template: Template) -> Iterator[Finding]:
    """Warn of a range in which nothing scales."""
    for target in scaling_parts(template):
        if target.resource.type != TARGET or target.resource["ScheduledActions"]:
            continue
        low, high = target.resource["MinCapacity"].number().value, target.resource["MaxCapacity"].number().value
        if not _policies_of(template, target.resource):
            yield Finding(target.resource.path, "has no policy and no schedule; nothing will ever scale it")
        elif is_number(high) and low == high:
            yield Finding(
                target.resource["MaxCapacity"].path, f"is {high:g} as MinCapacity is; no policy can ever scale"
            )


@rule(
    "SMC647",
    "A step scaling policy says how it changes the capacity, and in which steps",
    source="StepScalingPolicyConfiguration.AdjustmentType, StepAdjustments: required for a new policy",
    about=Template,
    facts=["autoscaling/step_policy_types"],
    good=target_example() + STEP_EXAMPLE + ALARM_EXAMPLE,
    bad=target_example() + STEP_EXAMPLE.replace("AdjustmentType: ChangeInCapacity, ", ""),
)
def complete_steps(template: Template) -> Iterator[Finding]:
    """Check what the schemas leave open."""
    for policy in template.of_type(POLICY):
        config = policy["StepScalingPolicyConfiguration"]
        if not config or config.is_intrinsic or not template.is_of_hosting(policy):
            continue
        if not config["AdjustmentType"]:
            yield Finding(config["AdjustmentType"].path, "is missing; a new policy needs one")
        for step in config["StepAdjustments"].entries() if config["AdjustmentType"].said == "ExactCapacity" else ():
            change = step["ScalingAdjustment"].number().value
            if is_number(change) and change < 0:
                yield Finding(step["ScalingAdjustment"].path, f"is {change:g}; an exact capacity is 0 or more")
        if not config["StepAdjustments"] or config["StepAdjustments"].value == []:
            yield Finding(config["StepAdjustments"].path, "is missing or empty; there is at least one step")


_OWN = ENDPOINT_EXAMPLE.replace(
    "[{{", "[{{VariantName: b, ModelName: n, InstanceType: ml.m5.large, InitialInstanceCount: 1}}, {{"
)
_TRACKING = POLICY_EXAMPLE.format(
    "TargetTrackingScaling",
    "TargetTrackingScalingPolicyConfiguration",
    "{TargetValue: 70, CustomizedMetricSpecification: {MetricName: MemoryUtilization, Statistic: Average, "
    "Namespace: /aws/sagemaker/Endpoints, Dimensions: [{Name: EndpointName, Value: !GetAtt Endpoint.EndpointName}, "
    "{Name: VariantName, Value: VARIANT}]}}",
    "ScalingTargetId: !Ref Target",
)
_TWO = _OWN.format("InstanceType: ml.m5.large, InitialInstanceCount: 1") + target_example(about=VARIANT_A)


@rule(
    "SMC648",
    "What scales follows its own metrics",
    severity="warning",
    source='"Target tracking scaling policies", Application Auto Scaling user guide: more capacity, less of it',
    about=Template,
    where=mentioning("CustomizedMetricSpecification", "StepScalingPolicyConfiguration"),
    facts=["autoscaling/custom_metric_cpu"],
    good=_TWO + _TRACKING.replace("VARIANT", "a"),
    bad=_TWO + _TRACKING.replace("VARIANT", "b"),
)
def own_metrics(template: Template) -> Iterator[Finding]:
    """Warn of policies that follow another variant, endpoint or component."""
    alarms = _alarms_by_policy(template)
    for target in scaling_parts(template):
        endpoint = endpoint_of(template, target)
        if target.match is None or target.resource.type != TARGET:
            continue
        own = target.match["component"]
        for policy in _policies_of(template, target.resource):
            for dimension in _followed_dimensions(policy, alarms[policy.id]):
                name, value = dimension["Name"].said, dimension["Value"]
                if own is not None and name == "InferenceComponentName" and _are_different(template, own, value.said):
                    texts = (TOKEN.sub("…", text or "") for text in (value.said, own))
                    yield Finding(value.path, "is {!r}, and {!r} scales".format(*texts))
                if endpoint is None:
                    continue
                other = template.referred(ENDPOINT, value.said) if name == "EndpointName" else None
                variant = value.said if name == "VariantName" and is_text(value.said) else None
                if other is not None and other.id != endpoint.id:
                    yield Finding(value.path, f"is that of {other.id}, and {endpoint.id} scales")
                elif name == "EndpointName" and other is None and _is_another(endpoint, value.said):
                    yield Finding(value.path, f"is {value.said!r}, and {endpoint.id} scales")
                elif variant is not None and is_text(target.match["variant"]) and variant != target.match["variant"]:
                    yield Finding(value.path, f"is {variant!r}, and {target.match['variant']!r} scales")


def _followed_dimensions(policy: Resource, alarms: Iterable[Resource]) -> Iterator[Node]:
    """Give the dimensions of what a policy follows, or what the alarms look at that let it act."""
    custom = policy["TargetTrackingScalingPolicyConfiguration"]["CustomizedMetricSpecification"]
    for metric in (custom, *alarms):
        yield from metric["Dimensions"].entries()
        for each in metric["Metrics"].entries():
            yield from each["MetricStat"]["Metric"]["Dimensions"].entries()


def _is_another(endpoint: Resource, name: str | None) -> bool:
    """Say whether a name is certainly that of another endpoint; one that CloudFormation makes up is no literal."""
    own = endpoint["EndpointName"]
    return is_text(name) and (not own or (own.said is not None and differ(own.said, name or "")))


def _are_different(template: Template, one: str, other: str | None) -> bool:
    """Say whether two names are certainly of different inference components."""
    first, second = template.referred(COMPONENT, one), template.referred(COMPONENT, other)
    if first is not None and second is not None:
        return first is not second
    names = [
        text if its is None else its["InferenceComponentName"].said for text, its in ((one, first), (other, second))
    ]
    return names[0] is not None and names[1] is not None and differ(names[0], names[1])


@rule(
    "SMC649",
    "What scales out also scales in",
    severity="warning",
    source="TargetTrackingScalingPolicyConfiguration.DisableScaleIn; StepAdjustment.ScalingAdjustment",
    about=Template,
    where=mentioning("DisableScaleIn", "StepScalingPolicyConfiguration"),
    facts=["autoscaling/min_le_max"],
    good=target_example()
    + POLICY_EXAMPLE.format("TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration", _USUAL, _ITS),
    bad=target_example()
    + POLICY_EXAMPLE.format(
        "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration",
        _USUAL.replace("{TargetValue", "{DisableScaleIn: true, TargetValue"),
        _ITS,
    ),
)
def scaling_in(template: Template) -> Iterator[Finding]:
    """Warn of what only grows."""
    for target in scaling_parts(template):
        policies = _policies_of(template, target.resource)
        if target.resource.type != TARGET or target.resource["ScheduledActions"] or any(map(_may_scale_in, policies)):
            continue
        for policy in policies:
            node = policy["TargetTrackingScalingPolicyConfiguration"]["DisableScaleIn"]
            if node:
                yield Finding(node.path, "is true, and nothing else scales in: what is added stays")
            else:
                yield Finding(policy["StepScalingPolicyConfiguration"].path, "only adds, as all policies here do")


def _may_scale_in(policy: Resource) -> bool:
    tracking, steps = policy["TargetTrackingScalingPolicyConfiguration"], policy["StepScalingPolicyConfiguration"]
    if tracking:
        return tracking["DisableScaleIn"].flag().value is not True
    changes = [step["ScalingAdjustment"].number().value for step in steps["StepAdjustments"].entries()]
    return steps["AdjustmentType"].said == "ExactCapacity" or any(not is_number(each) or each < 0 for each in changes)


@rule(
    "SMC650",
    "A policy reacts to what it is about, the right way round and in time",
    severity="warning",
    source='"Define a scaling policy", "Autoscale an asynchronous endpoint", SageMaker developer guide',
    about=Template,
    where=mentioning(
        "CustomizedMetricSpecification", "ScaleOutCooldown", "StepScalingPolicyConfiguration", "InvocationsPerInstance"
    ),
    facts=["async/target_tracking_metric", "autoscaling/cooldown_default"],
    good=target_example() + STEP_EXAMPLE + _ABOVE,
    bad=target_example() + STEP_EXAMPLE + _ABOVE.replace("Greater", "Less"),
)
def reacting(template: Template) -> Iterator[Finding]:
    """Warn of policies that add where there is too much, or long after there is too little."""
    alarms = _alarms_by_policy(template)
    for policy in template.of_type(POLICY):
        tracking, steps = policy["TargetTrackingScalingPolicyConfiguration"], policy["StepScalingPolicyConfiguration"]
        name, pause = tracking["CustomizedMetricSpecification"]["MetricName"], tracking["ScaleOutCooldown"]
        if name.said == "ApproximateBacklogSize":
            yield Finding(name.path, "is ApproximateBacklogSize; more instances do not lower it: …PerInstance")
        elif name.said == "Invocations":
            yield Finding(name.path, "is Invocations, of all instances together; more of them do not lower it")
        target = tracking["TargetValue"].number().value
        predefined = tracking["PredefinedMetricSpecification"]["PredefinedMetricType"].said
        if predefined == _INVOCATIONS and is_number(target) and target < 1:
            said = f"is {target:g} requests per instance and minute: one request needs more than one instance"
            yield Finding(tracking["TargetValue"].path, said)
        seconds = pause.number().value
        if is_number(seconds) and seconds >= _HOUR and template.is_of_hosting(policy):
            yield Finding(pause.path, f"is {seconds:g} seconds, in which nothing more is added")
        changes = [step["ScalingAdjustment"].number().value for step in steps["StepAdjustments"].entries()]
        if steps["AdjustmentType"].said == "ExactCapacity" or not changes or not all(map(is_number, changes)):
            continue
        if not any(changes):
            yield Finding(steps["StepAdjustments"].path, "change nothing: each adjustment is 0")
        for alarm in alarms[policy.id]:
            comparison = (alarm["ComparisonOperator"].said or "").partition("Than")[0]
            if template.is_of_hosting(alarm) and _is_reversed(comparison, changes):
                side = "low" if comparison == "Less" else "high"
                yield Finding(
                    steps["StepAdjustments"].path, f"go the wrong way for {side} values, of which {alarm.id} tells"
                )
            elif template.is_of_hosting(alarm) and (gap := _gap(comparison, steps["StepAdjustments"].entries())):
                said = f"leave a gap of {gap:g} next to the threshold at which {alarm.id} goes off"
                yield Finding(steps["StepAdjustments"].path, said)


def _gap(comparison: str, steps: Sequence[Node]) -> float:
    """Give how far the value is beyond the threshold of an alarm before a step is for it; 0 where that is not known."""
    ends = ("MetricIntervalLowerBound", "MetricIntervalUpperBound")
    if comparison == "Less":
        ends = (ends[1], ends[0])
    distances = [tuple(step[end].number().value for end in ends) for step in steps]
    if comparison not in ("Less", "Greater") or any(
        value is not None and not is_number(value) for both in distances for value in both
    ):
        return 0
    sign = -1 if comparison == "Less" else 1
    begins = [0 if near is None else sign * near for near, far in distances if far is None or sign * far > 0]
    return max(0, min(begins, default=float("inf")))


def _is_reversed(comparison: str, changes: list[float | None]) -> bool:
    return (comparison == "Less" and all(each and each > 0 for each in changes)) or (
        comparison == "Greater" and all(each and each < 0 for each in changes)
    )


_IN = (STEP_EXAMPLE.replace("Policy:", "In:").replace("PolicyName: p", "PolicyName: in")).replace(
    "MetricIntervalLowerBound: 0, ScalingAdjustment: 1", "MetricIntervalUpperBound: 0, ScalingAdjustment: -1"
)
_BOTH = target_example() + STEP_EXAMPLE + _ABOVE + _IN
_BELOW = _ABOVE.replace("Alarm:", "Below:").replace("!Ref Policy", "!Ref In").replace("Greater", "Less")


@rule(
    "SMC651",
    "The alarms that add capacity and those that take it away do not go off at once",
    severity="warning",
    source='"Step scaling policies", Application Auto Scaling user guide',
    about=Template,
    where=mentioning("StepScalingPolicyConfiguration"),
    good=_BOTH + _BELOW.replace("500000", "100000"),
    bad=_BOTH + _BELOW.replace("500000", "900000"),
)
def apart(template: Template) -> Iterator[Finding]:
    """Warn of values at which capacity is added and taken away in turn."""
    alarms = _alarms_by_policy(template)
    for target in template.of_type(TARGET):
        above: dict[str, float] = {}
        below: list[tuple[str, float, Resource]] = []
        for policy in _policies_of(template, target):
            for alarm in alarms[policy.id]:
                value = alarm["Threshold"].number().value
                metric = repr([alarm[name].value for name in ("Namespace", "MetricName", "Dimensions", "Statistic")])
                comparison = (alarm["ComparisonOperator"].said or "").partition("Than")[0]
                if not is_number(value) or not alarm["MetricName"]:
                    continue
                if comparison == "Greater":
                    above[metric] = min(value, above.get(metric, value))
                elif comparison == "Less":
                    below.append((metric, value, alarm))
        for metric, value, alarm in below:
            if value > above.get(metric, value):
                said = f"is {value:g}, and above {above[metric]:g} another alarm scales the other way"
                yield Finding(alarm["Threshold"].path, said)


_COMPUTED = target_example() + POLICY_EXAMPLE.format(
    "TargetTrackingScaling",
    "TargetTrackingScalingPolicyConfiguration",
    "{TargetValue: 60, CustomizedMetricSpecification: {Metrics: [{Id: used, Expression: most / 4}, {Id: most, "
    "ReturnData: false, MetricStat: {Stat: Maximum, Metric: {Namespace: /aws/sagemaker/Endpoints, MetricName: "
    "GPUUtilization, Dimensions: [{Name: EndpointName, Value: e}, {Name: VariantName, Value: a}]}}}]}}",
    _ITS,
)


@rule(
    "SMC652",
    "What a policy computes of metrics can be computed",
    source="TargetTrackingMetricDataQuery: Id, Expression, MetricStat, ReturnData",
    about=Template,
    where=mentioning("CustomizedMetricSpecification"),
    facts=["autoscaling/custom_metric_cpu"],
    good=_COMPUTED,
    bad=_COMPUTED.replace("most / 4", "least / 4"),
)
def computed(template: Template) -> Iterator[Finding]:
    """Check the metric math of policies."""
    for policy in template.of_type(POLICY):
        if template.is_of_hosting(policy):
            tracking = policy["TargetTrackingScalingPolicyConfiguration"]
            yield from of_math(tracking["CustomizedMetricSpecification"]["Metrics"])
