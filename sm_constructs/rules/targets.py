"""Scalable targets and policies in a template, and what they are about."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sm_constructs.facts import limit
from sm_constructs.reading.resources import ALARM, COMPONENT, CONFIG, ENDPOINT, POLICY, TARGET, Template
from sm_constructs.rules.references import variant_names
from sm_constructs.rules.registry import Finding, rule
from sm_constructs.scaling import COPIES, INSTANCES, PROVISIONED_CONCURRENCY
from sm_constructs.spec import once_each
from sm_constructs.tokens import is_number, is_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_constructs.reading.nodes import Node
    from sm_constructs.reading.resources import Resource

_RESOURCE_ID = re.compile(
    r"endpoint/(?P<endpoint>[^/]+)/variant/(?P<variant>[^/]+)|inference-component/(?P<component>[^/]+)"
)

_TARGET = """\
{}:
  Type: AWS::ApplicationAutoScaling::ScalableTarget
  Properties:
    ServiceNamespace: sagemaker
    ScalableDimension: sagemaker:{}
    ResourceId: {}
    MinCapacity: {}
    MaxCapacity: 4
"""
_POLICY = """\
Policy:
  Type: AWS::ApplicationAutoScaling::ScalingPolicy
  Properties:
    PolicyName: p
    PolicyType: {}
    {}: {}
    {}
"""
_ENDPOINT = """\
Endpoint: {{Type: AWS::SageMaker::Endpoint, Properties: {{EndpointConfigName: !GetAtt Config.EndpointConfigName}}}}
Config:
  Type: AWS::SageMaker::EndpointConfig
  Properties:
    ProductionVariants: [{{VariantName: a, ModelName: m, {}}}]
"""
_ON_INSTANCES = _ENDPOINT.format("InstanceType: ml.m5.large, InitialInstanceCount: 1")
_SERVERLESS = _ENDPOINT.format("ServerlessConfig: {MemorySizeInMB: 1024, MaxConcurrency: 5, ProvisionedConcurrency: 1}")
_VARIANT_A = "!Sub 'endpoint/${Endpoint.EndpointName}/variant/a'"
_ANY = "endpoint/e/variant/a"
_EXCEPTING = """\
Endpoint:
  Type: AWS::SageMaker::Endpoint
  Properties:
    EndpointConfigName: c
    RetainAllVariantProperties: {}
    ExcludeRetainedVariantProperties: [{{VariantPropertyType: DesiredWeight}}]
"""
_STEP = _POLICY.format(
    "StepScaling",
    "StepScalingPolicyConfiguration",
    "{AdjustmentType: ChangeInCapacity, StepAdjustments: [{MetricIntervalLowerBound: 0, ScalingAdjustment: 1}]}",
    "ScalingTargetId: !Ref Target",
)
_HOUR = 3600
_ITS = "ScalingTargetId: !Ref Target"
_USUAL = (
    "{TargetValue: 70, PredefinedMetricSpecification: {PredefinedMetricType: SageMakerVariantInvocationsPerInstance}}"
)
_ALARM = """\
Alarm:
  Type: AWS::CloudWatch::Alarm
  Properties:
    AlarmActions: [!Ref Policy]
    ComparisonOperator: GreaterThanThreshold
    EvaluationPeriods: 1
"""


_ABOVE = f"""{_ALARM}\
    Namespace: AWS/SageMaker
    MetricName: ModelLatency
    Threshold: 500000
    Statistic: Average
    Period: 60
"""


def _target(
    dimension: str = "variant:DesiredInstanceCount", about: str = _ANY, low: int = 1, id: str = "Target"
) -> str:
    return _TARGET.format(id, dimension, about, low)


@dataclass(frozen=True, slots=True)
class _Target:
    """A scalable target or a policy of hosting, with what it says it is about."""

    resource: Resource
    text: str | None
    match: re.Match[str] | None
    dimension: str | None
    """The dimension, if it is known."""


@once_each
def _targets(template: Template) -> Iterator[_Target]:
    """Give what is about hosting among the scalable targets and policies."""
    for resource in template.of_type(TARGET, POLICY):
        text = resource["ResourceId"].said
        dimension = resource["ScalableDimension"].said
        said = resource["ServiceNamespace"].said
        if said == "sagemaker" or (dimension or "").startswith("sagemaker:"):
            # A token has no slash, except for that of another stack's export; then nothing is known.
            match = None if text is None else _RESOURCE_ID.fullmatch(text)
            yield _Target(resource, text, match, dimension if is_text(dimension) else None)


@rule(
    "SMC630",
    "What scales is endpoint/<name>/variant/<name>, or inference-component/<name>",
    source="RegisterScalableTarget.ResourceId",
    about=Template,
    facts=["autoscaling/resource_id", "autoscaling/service_namespace"],
    good=_target(),
    bad=_target(about="endpoint/e"),
)
def resource_ids(template: Template) -> Iterator[Finding]:
    """Check resource ids and the namespace."""
    for target in _targets(template):
        namespace = target.resource["ServiceNamespace"]
        if is_text(said := namespace.said) and said != limit("autoscaling", "service_namespace"):
            yield Finding(namespace.path, f"is {said!r}; that of hosting is sagemaker")
        if target.text is None or target.match is not None:
            continue
        sample = template.sampled(target.text)
        if sample is not None or target.text.startswith(("endpoint/", "inference-component/")):
            yield Finding(
                target.resource["ResourceId"].path,
                f"is {sample or target.text!r}; it is endpoint/<name>/variant/<name> or inference-component/<name>",
            )


@rule(
    "SMC631",
    "The endpoint that scales has the variant",
    source="RegisterScalableTarget.ResourceId",
    about=Template,
    facts=["autoscaling/resource_id"],
    good=_ON_INSTANCES + _target(about=_VARIANT_A),
    bad=_ON_INSTANCES + _target(about="!Sub 'endpoint/${Endpoint.EndpointName}/variant/b'"),
)
def variants_exist(template: Template) -> Iterator[Finding]:
    """Check that what scales exists, as far as the template has it."""
    for target in _targets(template):
        if target.match is not None and (name := target.match["variant"]) is not None:
            names = variant_names(template, target.match["endpoint"])
            if names is not None and is_text(name) and name not in names:
                at = target.resource["ResourceId"].path
                yield Finding(at, f"names the variant {name!r}; the endpoint has {', '.join(sorted(names))}")


def _endpoint(template: Template, target: _Target) -> Resource | None:
    if target.match is None or target.match["endpoint"] is None:
        return None
    return template.referred(ENDPOINT, target.match["endpoint"])


def _config(template: Template, endpoint: Resource) -> Resource | None:
    return template.referred(CONFIG, endpoint["EndpointConfigName"].said)


def _variant(template: Template, target: _Target) -> Node | None:
    """Give the variant that scales, if the template has it."""
    endpoint = _endpoint(template, target)
    config = None if endpoint is None else _config(template, endpoint)
    for variant in [] if config is None else config["ProductionVariants"].entries():
        if target.match is not None and variant["VariantName"].said == target.match["variant"]:
            return variant
    return None


@rule(
    "SMC632",
    "The dimension is one that what scales has",
    source="RegisterScalableTarget.ScalableDimension",
    about=Template,
    facts=["autoscaling/scalable_dimensions", "serverless/autoscaling_dimension"],
    good=_SERVERLESS + _target("variant:DesiredProvisionedConcurrency", _VARIANT_A),
    bad=_SERVERLESS + _target(about=_VARIANT_A),
)
def dimensions(template: Template) -> Iterator[Finding]:
    """Check that the dimension fits."""
    known = limit("autoscaling", "scalable_dimensions")
    for target in _targets(template):
        at, dimension = target.resource["ScalableDimension"].path, target.dimension
        if dimension is None:
            continue
        if dimension not in known:
            yield Finding(at, f"is {dimension!r}; that of hosting is one of {', '.join(known)}")
        elif target.match is not None and (dimension == COPIES) != (target.match["component"] is not None):
            yield Finding(at, f"is {dimension}, and ResourceId is {target.text}")
        elif (variant := _variant(template, target)) is not None:
            serverless = variant["ServerlessConfig"]
            if serverless and dimension == INSTANCES:
                yield Finding(at, f"is {dimension}, and the variant is serverless: it has no instances")
            elif not serverless and dimension == PROVISIONED_CONCURRENCY:
                yield Finding(at, f"is {dimension}, and the variant runs on instances")
            elif serverless and not serverless["ProvisionedConcurrency"]:
                yield Finding(at, f"is {dimension}, and the variant provisions none")
            elif not variant["ModelName"] and not serverless and dimension == INSTANCES:
                yield Finding(at, f"is {dimension}, and the variant has no model: its instances follow its components")


@rule(
    "SMC633",
    "What scales is registered once",
    source="RegisterScalableTarget: the same resource id and dimension are one scalable target",
    about=Template,
    good=_target(id="One", about="endpoint/e/variant/a") + _target(id="Two", about="endpoint/e/variant/b"),
    bad=_target(id="One") + _target(id="Two"),
)
def registered_once(template: Template) -> Iterator[Finding]:
    """Check that no two targets are the same."""
    first: dict[tuple[str, str], str] = {}
    for target in _targets(template):
        if target.resource.type == TARGET and target.text is not None and target.dimension is not None:
            key = (target.text, target.dimension)
            if (other := first.setdefault(key, target.resource.id)) != target.resource.id:
                yield Finding(target.resource["ResourceId"].path, f"is what {other} registers already")


@rule(
    "SMC634",
    "A policy has a scalable target",
    source="AWS::ApplicationAutoScaling::ScalingPolicy.ScalingTargetId, ResourceId",
    about=Template,
    good=_target()
    + _POLICY.format("StepScaling", "StepScalingPolicyConfiguration", "{}", "ScalingTargetId: !Ref Target"),
    bad=_ON_INSTANCES
    + _POLICY.format("StepScaling", "StepScalingPolicyConfiguration", "{}", "ScalingTargetId: !Ref Endpoint"),
)
def policies_have_targets(template: Template) -> Iterator[Finding]:
    """Check that the target of a policy is one, and that the template registers what a policy names itself."""
    registered = {(target.text, target.dimension) for target in _targets(template) if target.resource.type == TARGET}
    for policy in template.of_type(POLICY):
        its = policy["ScalingTargetId"]
        text = its.said
        if not its and not policy["ResourceId"]:
            yield Finding(its.path, "is missing, and so is ResourceId: the policy is about nothing")
        found = None if text is None else template.resource(_only_reference(its.value))
        if found is not None and found.type != TARGET:
            yield Finding(its.path, f"refers to {found.id}, which is an {found.type}; it is a scalable target")
    for target in _targets(template):
        if target.resource.type == POLICY and target.resource["ResourceId"] and target.dimension is not None:
            elsewhere = _endpoint(template, target) is None and _component(template, target) is None
            if not elsewhere and (target.text, target.dimension) not in registered:
                yield Finding(
                    target.resource["ResourceId"].path, f"is {target.text}, which no scalable target here registers"
                )


def _component(template: Template, target: _Target) -> Resource | None:
    if target.match is None or target.match["component"] is None:
        return None
    return template.referred(COMPONENT, target.match["component"])


def _only_reference(value: object) -> str | None:
    match value:
        case {"Ref": str() as name}:
            return name
        case _:
            return None


@rule(
    "SMC635",
    "What may go down to zero has something that brings it back",
    severity="warning",
    source='"Scale an endpoint to zero instances", "Autoscale an asynchronous endpoint", SageMaker developer guide',
    about=Template,
    facts=["async/without_step_policy", "async/scale_from_zero_alarm", "autoscaling/ic_scale_from_zero_alarm"],
    good=_target(low=1),
    bad=_target(low=0),
)
def way_out_of_zero(template: Template) -> Iterator[Finding]:
    """Warn of what strands at zero: target tracking alone leaves zero late, or never."""
    alarms, policies = _alarms_by_policy(template), _policies_by_target(template)
    wanted = {
        INSTANCES: limit("async", "scale_from_zero_alarm")["MetricName"],
        COPIES: limit("autoscaling", "ic_scale_from_zero_alarm")["MetricName"],
    }
    for target in _targets(template):
        low = target.resource["MinCapacity"]
        name = wanted.get(target.dimension or "")
        if target.resource.type != TARGET or low.number().value != 0 or name is None:
            continue
        if not any(
            alarm["MetricName"].said == name and _wakes(policy, alarm)
            for policy in _policies_of(target.resource, policies)
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


def _policies_by_target(template: Template) -> dict[object, list[Resource]]:
    """Give the policies of each scalable target, by its logical id, or by what both say that they are about."""
    found: dict[object, list[Resource]] = defaultdict(list)
    for policy in template.of_type(POLICY):
        found[_only_reference(policy["ScalingTargetId"].value)].append(policy)
        found[_key(policy)].append(policy)
    return found


def _key(resource: Resource) -> tuple[str, str] | None:
    about, dimension = resource["ResourceId"].said, resource["ScalableDimension"].said
    return None if about is None or dimension is None else (about, dimension)


def _policies_of(target: Resource, by_target: dict[object, list[Resource]]) -> list[Resource]:
    key = _key(target)
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
    "SMC636",
    "The names of scheduled actions are different",
    source="ScheduledAction.ScheduledActionName",
    about=Template,
    facts=["autoscaling/scheduled_actions"],
    good=_target() + "    ScheduledActions:\n    - {ScheduledActionName: up, Schedule: rate(1 day), "
    "ScalableTargetAction: {MinCapacity: 2}}\n",
    bad=_target()
    + "    ScheduledActions:\n"
    + "    - {ScheduledActionName: up, Schedule: rate(1 day), ScalableTargetAction: {MinCapacity: 2}}\n"
    + "    - {ScheduledActionName: up, Schedule: rate(2 days), ScalableTargetAction: {MinCapacity: 3}}\n",
)
def scheduled_actions(template: Template) -> Iterator[Finding]:
    """Check the names of scheduled actions."""
    for target in _targets(template):
        seen: set[str] = set()
        for action in target.resource["ScheduledActions"].entries():
            node = action["ScheduledActionName"]
            name = node.said
            if not is_text(name):
                continue
            if name in seen:
                yield Finding(node.path, f"is {name!r}, as that of another action of this target is")
            seen.add(name)


@rule(
    "SMC637",
    "The steps of a policy leave no gap and do not overlap",
    source='"Step adjustments", Application Auto Scaling user guide',
    about=Template,
    facts=["autoscaling/step_intervals"],
    good=_POLICY.format(
        "StepScaling",
        "StepScalingPolicyConfiguration",
        "{AdjustmentType: ChangeInCapacity, StepAdjustments: [{MetricIntervalLowerBound: 0, ScalingAdjustment: 1}]}",
        "ScalingTargetId: target",
    ),
    bad=_POLICY.format(
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
    "SMC638",
    "An endpoint that is autoscaled keeps its instances through an update",
    severity="warning",
    source="UpdateEndpoint.RetainAllVariantProperties",
    about=Template,
    facts=["autoscaling/update_resets_capacity", "autoscaling/exclude_retained_variant_properties"],
    good=_ON_INSTANCES.replace(
        "Config.EndpointConfigName}", "Config.EndpointConfigName, RetainAllVariantProperties: true}"
    )
    + _target(about=_VARIANT_A),
    bad=_ON_INSTANCES + _target(about=_VARIANT_A),
)
def retained(template: Template) -> Iterator[Finding]:
    """Warn of updates that take the capacity away which autoscaling gave."""
    for target in _targets(template):
        endpoint = _endpoint(template, target)
        if endpoint is None or target.resource.type != TARGET or target.dimension != INSTANCES:
            continue
        retain = endpoint["RetainAllVariantProperties"]
        if endpoint["RetainAllVariantProperties"].is_intrinsic:
            continue
        excluded = {each["VariantPropertyType"].said for each in endpoint["ExcludeRetainedVariantProperties"].entries()}
        if retain.flag().value is False or not retain or "DesiredInstanceCount" in excluded:
            yield Finding(
                retain.path,
                f"does not keep what {target.resource.id} gave: an update goes back to InitialInstanceCount",
            )


@rule(
    "SMC639",
    "What is excepted from being retained is excepted from something",
    severity="warning",
    source="UpdateEndpoint.ExcludeRetainedVariantProperties: with RetainAllVariantProperties",
    about=Template,
    facts=["autoscaling/exclude_retained_variant_properties", "cloudformation/writeonly_endpoint"],
    good=_EXCEPTING.format("true"),
    bad=_EXCEPTING.format("false"),
)
def excepted(template: Template) -> Iterator[Finding]:
    """Warn of exceptions to a rule that does not hold."""
    for endpoint in template.of_type(ENDPOINT):
        retain, excluded = endpoint["RetainAllVariantProperties"], endpoint["ExcludeRetainedVariantProperties"]
        if excluded.entries() and not retain.is_intrinsic and retain.flag().value is not True:
            yield Finding(excluded.path, "is given, and RetainAllVariantProperties is not true: nothing is retained")


@rule(
    "SMC640",
    "Scaling is not suspended",
    severity="warning",
    source="RegisterScalableTarget.SuspendedState",
    about=Template,
    good=_target() + _STEP + _ALARM,
    bad=_target() + "    SuspendedState: {DynamicScalingOutSuspended: true}\n",
)
def suspended(template: Template) -> Iterator[Finding]:
    """Warn of scaling that is switched off."""
    for target in _targets(template):
        state = target.resource["SuspendedState"]
        for name in ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended"):
            if state[name].flag().value is True:
                yield Finding(f"{state.path}/{name}", "is true; nothing scales so until somebody resumes it")


@rule(
    "SMC641",
    "A step scaling policy has an alarm that lets it act",
    severity="warning",
    source='"Step scaling policies", Application Auto Scaling user guide: an alarm invokes the policy',
    about=Template,
    good=_target() + _STEP + _ALARM,
    bad=_target() + _STEP,
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
    good=_target() + _STEP + _ALARM,
    bad=_target(),
)
def has_policy(template: Template) -> Iterator[Finding]:
    """Warn of a range in which nothing scales."""
    policies = _policies_by_target(template)
    for target in _targets(template):
        if target.resource.type != TARGET or target.resource["ScheduledActions"]:
            continue
        low, high = target.resource["MinCapacity"].number().value, target.resource["MaxCapacity"].number().value
        if not _policies_of(target.resource, policies):
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
    good=_target() + _STEP + _ALARM,
    bad=_target() + _STEP.replace("AdjustmentType: ChangeInCapacity, ", ""),
)
def complete_steps(template: Template) -> Iterator[Finding]:
    """Check what the schemas leave open."""
    for policy in template.of_type(POLICY):
        config = policy["StepScalingPolicyConfiguration"]
        if not config or config.is_intrinsic or not template.is_of_hosting(policy):
            continue
        if not config["AdjustmentType"]:
            yield Finding(config["AdjustmentType"].path, "is missing; a new policy needs one")
        if not config["StepAdjustments"] or config["StepAdjustments"].value == []:
            yield Finding(config["StepAdjustments"].path, "is missing or empty; there is at least one step")


_OWN = _ENDPOINT.replace(
    "[{{", "[{{VariantName: b, ModelName: n, InstanceType: ml.m5.large, InitialInstanceCount: 1}}, {{"
)
_TRACKING = _POLICY.format(
    "TargetTrackingScaling",
    "TargetTrackingScalingPolicyConfiguration",
    "{TargetValue: 70, CustomizedMetricSpecification: {MetricName: MemoryUtilization, Statistic: Average, "
    "Namespace: /aws/sagemaker/Endpoints, Dimensions: [{Name: EndpointName, Value: !GetAtt Endpoint.EndpointName}, "
    "{Name: VariantName, Value: VARIANT}]}}",
    "ScalingTargetId: !Ref Target",
)
_TWO = _OWN.format("InstanceType: ml.m5.large, InitialInstanceCount: 1") + _target(about=_VARIANT_A)


@rule(
    "SMC648",
    "What scales follows its own metrics",
    severity="warning",
    source='"Target tracking scaling policies", Application Auto Scaling user guide: more capacity, less of it',
    about=Template,
    facts=["autoscaling/custom_metric_cpu"],
    good=_TWO + _TRACKING.replace("VARIANT", "a"),
    bad=_TWO + _TRACKING.replace("VARIANT", "b"),
)
def own_metrics(template: Template) -> Iterator[Finding]:
    """Warn of policies that follow another variant or endpoint."""
    by_target = _policies_by_target(template)
    for target in _targets(template):
        endpoint = _endpoint(template, target)
        if target.match is None or endpoint is None or target.resource.type != TARGET:
            continue
        for policy in _policies_of(target.resource, by_target):
            metric = policy["TargetTrackingScalingPolicyConfiguration"]["CustomizedMetricSpecification"]
            for dimension in metric["Dimensions"].entries():
                name, value = dimension["Name"].said, dimension["Value"]
                other = template.referred(ENDPOINT, value.said) if name == "EndpointName" else None
                variant = value.said if name == "VariantName" and is_text(value.said) else None
                if other is not None and other.id != endpoint.id:
                    yield Finding(value.path, f"is that of {other.id}, and {endpoint.id} scales")
                elif variant is not None and is_text(target.match["variant"]) and variant != target.match["variant"]:
                    yield Finding(value.path, f"is {variant!r}, and {target.match['variant']!r} scales")


@rule(
    "SMC649",
    "What scales out also scales in",
    severity="warning",
    source="TargetTrackingScalingPolicyConfiguration.DisableScaleIn; StepAdjustment.ScalingAdjustment",
    about=Template,
    facts=["autoscaling/min_le_max"],
    good=_target() + _POLICY.format("TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration", _USUAL, _ITS),
    bad=_target()
    + _POLICY.format(
        "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration",
        _USUAL.replace("{TargetValue", "{DisableScaleIn: true, TargetValue"),
        _ITS,
    ),
)
def scaling_in(template: Template) -> Iterator[Finding]:
    """Warn of what only grows."""
    by_target = _policies_by_target(template)
    for target in _targets(template):
        policies = _policies_of(target.resource, by_target)
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
    facts=["async/target_tracking_metric", "autoscaling/cooldown_default"],
    good=_target() + _STEP + _ABOVE,
    bad=_target() + _STEP + _ABOVE.replace("Greater", "Less"),
)
def reacting(template: Template) -> Iterator[Finding]:
    """Warn of policies that add where there is too much, or long after there is too little."""
    alarms = _alarms_by_policy(template)
    for policy in template.of_type(POLICY):
        tracking, steps = policy["TargetTrackingScalingPolicyConfiguration"], policy["StepScalingPolicyConfiguration"]
        name, pause = tracking["CustomizedMetricSpecification"]["MetricName"], tracking["ScaleOutCooldown"]
        if name.said == "ApproximateBacklogSize":
            yield Finding(name.path, "is ApproximateBacklogSize; more instances do not lower it: …PerInstance")
        seconds = pause.number().value
        if is_number(seconds) and seconds >= _HOUR and template.is_of_hosting(policy):
            yield Finding(pause.path, f"is {seconds:g} seconds, in which nothing more is added")
        changes = [step["ScalingAdjustment"].number().value for step in steps["StepAdjustments"].entries()]
        if steps["AdjustmentType"].said == "ExactCapacity" or not changes or not all(map(is_number, changes)):
            continue
        for alarm in alarms[policy.id]:
            comparison = (alarm["ComparisonOperator"].said or "").partition("Than")[0]
            if template.is_of_hosting(alarm) and _is_reversed(comparison, changes):
                side = "low" if comparison == "Less" else "high"
                yield Finding(
                    steps["StepAdjustments"].path, f"go the wrong way for {side} values, of which {alarm.id} tells"
                )


def _is_reversed(comparison: str, changes: list[float | None]) -> bool:
    return (comparison == "Less" and all(each and each > 0 for each in changes)) or (
        comparison == "Greater" and all(each and each < 0 for each in changes)
    )
