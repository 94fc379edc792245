"""Scalable targets and policies in a template, and what they are about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sm_constructs.facts import limit
from sm_constructs.reading.resources import COMPONENT, CONFIG, ENDPOINT, POLICY, TARGET, Template
from sm_constructs.rules.references import variant_names
from sm_constructs.rules.registry import Finding, mentioning, rule
from sm_constructs.scaling import COPIES, INSTANCES, PROVISIONED_CONCURRENCY
from sm_constructs.spec import once_each
from sm_constructs.tokens import is_text

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
POLICY_EXAMPLE = """\
Policy:
  Type: AWS::ApplicationAutoScaling::ScalingPolicy
  Properties:
    PolicyName: p
    PolicyType: {}
    {}: {}
    {}
"""
ENDPOINT_EXAMPLE = """\
Endpoint: {{Type: AWS::SageMaker::Endpoint, Properties: {{EndpointConfigName: !GetAtt Config.EndpointConfigName}}}}
Config:
  Type: AWS::SageMaker::EndpointConfig
  Properties:
    ProductionVariants: [{{VariantName: a, ModelName: m, {}}}]
"""
_ON_INSTANCES = ENDPOINT_EXAMPLE.format("InstanceType: ml.m5.large, InitialInstanceCount: 1")
_SERVERLESS = ENDPOINT_EXAMPLE.format(
    "ServerlessConfig: {MemorySizeInMB: 1024, MaxConcurrency: 5, ProvisionedConcurrency: 1}"
)
VARIANT_A = "!Sub 'endpoint/${Endpoint.EndpointName}/variant/a'"
_ANY = "endpoint/e/variant/a"
_EXCEPTING = """\
Endpoint:
  Type: AWS::SageMaker::Endpoint
  Properties:
    EndpointConfigName: c
    RetainAllVariantProperties: {}
    ExcludeRetainedVariantProperties: [{{VariantPropertyType: DesiredWeight}}]
"""
STEP_EXAMPLE = POLICY_EXAMPLE.format(
    "StepScaling",
    "StepScalingPolicyConfiguration",
    "{AdjustmentType: ChangeInCapacity, StepAdjustments: [{MetricIntervalLowerBound: 0, ScalingAdjustment: 1}]}",
    "ScalingTargetId: !Ref Target",
)
ALARM_EXAMPLE = """\
Alarm:
  Type: AWS::CloudWatch::Alarm
  Properties:
    AlarmActions: [!Ref Policy]
    ComparisonOperator: GreaterThanThreshold
    EvaluationPeriods: 1
"""


def target_example(
    dimension: str = "variant:DesiredInstanceCount", about: str = _ANY, low: int = 1, id: str = "Target"
) -> str:
    """Write a scalable target as an example."""
    return _TARGET.format(id, dimension, about, low)


@dataclass(frozen=True, slots=True)
class ScalingPart:
    """A scalable target or a policy of hosting, with what it says it is about."""

    resource: Resource
    text: str | None
    match: re.Match[str] | None
    dimension: str | None
    """The dimension, if it is known."""


@once_each
def scaling_parts(template: Template) -> Iterator[ScalingPart]:
    """Give what is about hosting among the scalable targets and policies."""
    for resource in template.of_type(TARGET, POLICY):
        text = resource["ResourceId"].said
        dimension = resource["ScalableDimension"].said
        said = resource["ServiceNamespace"].said
        if said == "sagemaker" or (dimension or "").startswith("sagemaker:"):
            # A token has no slash, except for that of another stack's export; then nothing is known.
            match = None if text is None else _RESOURCE_ID.fullmatch(text)
            yield ScalingPart(resource, text, match, dimension if is_text(dimension) else None)


@rule(
    "SMC630",
    "What scales is endpoint/<name>/variant/<name>, or inference-component/<name>",
    source="RegisterScalableTarget.ResourceId",
    about=Template,
    facts=["autoscaling/resource_id", "autoscaling/service_namespace"],
    good=target_example(),
    bad=target_example(about="endpoint/e"),
)
def resource_ids(template: Template) -> Iterator[Finding]:
    """Check resource ids and the namespace."""
    for target in scaling_parts(template):
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
    good=_ON_INSTANCES + target_example(about=VARIANT_A),
    bad=_ON_INSTANCES + target_example(about="!Sub 'endpoint/${Endpoint.EndpointName}/variant/b'"),
)
def variants_exist(template: Template) -> Iterator[Finding]:
    """Check that what scales exists, as far as the template has it."""
    for target in scaling_parts(template):
        if target.match is not None and (name := target.match["variant"]) is not None:
            names = variant_names(template, target.match["endpoint"])
            if names is not None and is_text(name) and name not in names:
                at = target.resource["ResourceId"].path
                yield Finding(at, f"names the variant {name!r}; the endpoint has {', '.join(sorted(names))}")


def endpoint_of(template: Template, target: ScalingPart) -> Resource | None:
    """Give the endpoint of which a variant scales, if the template has it."""
    if target.match is None or target.match["endpoint"] is None:
        return None
    return template.referred(ENDPOINT, target.match["endpoint"])


def _config(template: Template, endpoint: Resource) -> Resource | None:
    return template.referred(CONFIG, endpoint["EndpointConfigName"].said)


def _variant(template: Template, target: ScalingPart) -> Node | None:
    """Give the variant that scales, if the template has it."""
    endpoint = endpoint_of(template, target)
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
    good=_SERVERLESS + target_example("variant:DesiredProvisionedConcurrency", VARIANT_A),
    bad=_SERVERLESS + target_example(about=VARIANT_A),
)
def dimensions(template: Template) -> Iterator[Finding]:
    """Check that the dimension fits."""
    known = limit("autoscaling", "scalable_dimensions")
    for target in scaling_parts(template):
        dimension = target.dimension
        if dimension is None:
            continue
        at = f"{target.resource.path}/ScalableDimension"
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
    good=target_example(id="One", about="endpoint/e/variant/a")
    + target_example(id="Two", about="endpoint/e/variant/b"),
    bad=target_example(id="One") + target_example(id="Two"),
)
def registered_once(template: Template) -> Iterator[Finding]:
    """Check that no two targets are the same."""
    first: dict[tuple[str, str], str] = {}
    for target in scaling_parts(template):
        if target.resource.type == TARGET and target.text is not None and target.dimension is not None:
            key = (target.text, target.dimension)
            if (other := first.setdefault(key, target.resource.id)) != target.resource.id:
                yield Finding(target.resource["ResourceId"].path, f"is what {other} registers already")


@rule(
    "SMC634",
    "A policy has a scalable target",
    source="AWS::ApplicationAutoScaling::ScalingPolicy.ScalingTargetId, ResourceId",
    about=Template,
    good=target_example()
    + POLICY_EXAMPLE.format("StepScaling", "StepScalingPolicyConfiguration", "{}", "ScalingTargetId: !Ref Target"),
    bad=_ON_INSTANCES
    + POLICY_EXAMPLE.format("StepScaling", "StepScalingPolicyConfiguration", "{}", "ScalingTargetId: !Ref Endpoint"),
)
def policies_have_targets(template: Template) -> Iterator[Finding]:
    """Check that the target of a policy is one, and that the template registers what a policy names itself."""
    registered = {
        (target.text, target.dimension) for target in scaling_parts(template) if target.resource.type == TARGET
    }
    for policy in template.of_type(POLICY):
        its = policy["ScalingTargetId"]
        text = its.said
        if not its and not policy["ResourceId"]:
            yield Finding(its.path, "is missing, and so is ResourceId: the policy is about nothing")
        found = None if text is None else template.resource(only_reference(its.value))
        if found is not None and found.type != TARGET:
            yield Finding(its.path, f"refers to {found.id}, which is an {found.type}; it is a scalable target")
        if is_text(text) and template.resource(text) is not None:
            yield Finding(its.path, f"is the logical id {text} as a text; the target is Ref {text}")
    for target in scaling_parts(template):
        if target.resource.type == POLICY and target.resource["ResourceId"] and target.dimension is not None:
            elsewhere = endpoint_of(template, target) is None and _component(template, target) is None
            if not elsewhere and (target.text, target.dimension) not in registered:
                yield Finding(
                    target.resource["ResourceId"].path, f"is {target.text}, which no scalable target here registers"
                )


def _component(template: Template, target: ScalingPart) -> Resource | None:
    if target.match is None or target.match["component"] is None:
        return None
    return template.referred(COMPONENT, target.match["component"])


def only_reference(value: object) -> str | None:
    """Give the logical id to which a whole value refers."""
    match value:
        case {"Ref": str() as name}:
            return name
        case _:
            return None


@rule(
    "SMC636",
    "The names of scheduled actions are different",
    source="ScheduledAction.ScheduledActionName",
    about=Template,
    where=mentioning("ScheduledActions"),
    facts=["autoscaling/scheduled_actions"],
    good=target_example() + "    ScheduledActions:\n    - {ScheduledActionName: up, Schedule: rate(1 day), "
    "ScalableTargetAction: {MinCapacity: 2}}\n",
    bad=target_example()
    + "    ScheduledActions:\n"
    + "    - {ScheduledActionName: up, Schedule: rate(1 day), ScalableTargetAction: {MinCapacity: 2}}\n"
    + "    - {ScheduledActionName: up, Schedule: rate(2 days), ScalableTargetAction: {MinCapacity: 3}}\n",
)
def scheduled_actions(template: Template) -> Iterator[Finding]:
    """Check the names of scheduled actions."""
    for target in scaling_parts(template):
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
    "SMC638",
    "An endpoint that is autoscaled keeps its instances through an update",
    severity="warning",
    source="UpdateEndpoint.RetainAllVariantProperties",
    about=Template,
    facts=["autoscaling/update_resets_capacity", "autoscaling/exclude_retained_variant_properties"],
    good=_ON_INSTANCES.replace(
        "Config.EndpointConfigName}", "Config.EndpointConfigName, RetainAllVariantProperties: true}"
    )
    + target_example(about=VARIANT_A),
    bad=_ON_INSTANCES + target_example(about=VARIANT_A),
)
def retained(template: Template) -> Iterator[Finding]:
    """Warn of updates that take the capacity away which autoscaling gave."""
    for target in scaling_parts(template):
        endpoint = endpoint_of(template, target)
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
    where=mentioning("SuspendedState"),
    good=target_example() + STEP_EXAMPLE + ALARM_EXAMPLE,
    bad=target_example() + "    SuspendedState: {DynamicScalingOutSuspended: true}\n",
)
def suspended(template: Template) -> Iterator[Finding]:
    """Warn of scaling that is switched off."""
    for target in scaling_parts(template):
        state = target.resource["SuspendedState"]
        for name in ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended"):
            if state[name].flag().value is True:
                yield Finding(f"{state.path}/{name}", "is true; nothing scales so until somebody resumes it")
