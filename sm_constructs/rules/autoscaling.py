"""Autoscaling: the range, what may scale, the policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sm_constructs.durations import seconds
from sm_constructs.facts import limit
from sm_constructs.rules.instances import known_types
from sm_constructs.rules.registry import Finding, rule
from sm_constructs.tokens import is_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_constructs.scaling import Scaling
    from sm_constructs.spec import EndpointSpec, VariantSpec

_POLICIES = "policies=[TargetTracking.invocations_per_instance(70)]"


def scaled(spec: EndpointSpec) -> Iterator[tuple[str, VariantSpec, Scaling]]:
    """Give every variant that scales, with its place."""
    for index, variant in enumerate(spec.variants):
        if variant.scaling is not None:
            yield f"variants[{index}].scaling", variant, variant.scaling


@rule(
    "SMC601",
    "A real-time variant keeps at least one instance",
    source='"Register a model", SageMaker developer guide: MinCapacity must be at least 1',
    facts=["autoscaling/min_capacity_realtime"],
    good=f"scaling=Scaling(1, 4, {_POLICIES})",
    bad=f"scaling=Scaling(0, 4, {_POLICIES})",
)
def min_capacity(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the lower end of the range."""
    lowest = limit("autoscaling", "min_capacity_realtime")
    for at, _, scaling in scaled(spec):
        if is_number(scaling.min_capacity) and scaling.min_capacity < lowest:
            yield Finding(
                f"{at}.min_capacity",
                f"is {scaling.min_capacity}; a real-time variant keeps {lowest} or more (asynchronous endpoints and "
                "inference components go down to 0)",
            )


@rule(
    "SMC602",
    "The lower end of the range is not above the upper end",
    source="RegisterScalableTarget: MinCapacity and MaxCapacity",
    facts=["autoscaling/min_le_max"],
    good=f"scaling=Scaling(1, 1, {_POLICIES})",
    bad=f'scaling=Scaling(5, 4, {_POLICIES}), instances=Instances("ml.m5.large", count=5)',
)
def capacity_range(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the order of the range."""
    for at, _, scaling in scaled(spec):
        low, high = scaling.min_capacity, scaling.max_capacity
        if is_number(low) and is_number(high) and low > high:
            yield Finding(f"{at}.min_capacity", f"is {low}, more than max_capacity {high}")


@rule(
    "SMC603",
    "Capacities are whole numbers",
    source="RegisterScalableTarget: MinCapacity and MaxCapacity are integers",
    good=f"scaling=Scaling(1, 4, {_POLICIES})",
    bad=f"scaling=Scaling(1, 2.5, {_POLICIES})",
)
def whole_capacities(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that capacities are whole."""
    for at, _, scaling in scaled(spec):
        for argument in ("min_capacity", "max_capacity"):
            value = getattr(scaling, argument)
            if is_number(value) and value != int(value):
                yield Finding(f"{at}.{argument}", f"is {value}; it is a whole number of instances")


@rule(
    "SMC604",
    "Burstable instances cannot be autoscaled",
    source='"Register a model", SageMaker developer guide: no burstable types such as T2',
    facts=["autoscaling/burstable_forbidden"],
    good=f'instances=Instances("ml.m5.large"), scaling=Scaling(1, 4, {_POLICIES})',
    bad=f'instances=Instances("ml.t2.medium"), scaling=Scaling(1, 4, {_POLICIES})',
)
def burstable(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that no burstable type scales."""
    for at, variant, _ in scaled(spec):
        burstable_types = [kind.name for kind in known_types(variant.instances) if kind.burstable]
        if burstable_types:
            yield Finding(at, f"is given, but {', '.join(burstable_types)} is burstable and cannot be autoscaled")


@rule(
    "SMC605",
    "The initial count of instances lies in the range",
    source='"Register a model", SageMaker developer guide',
    facts=["cloudformation/aws_sagemaker_alpha_validates"],
    good=f'instances=Instances("ml.m5.large", count=2), scaling=Scaling(2, 4, {_POLICIES})',
    bad=f'instances=Instances("ml.m5.large", count=1), scaling=Scaling(2, 4, {_POLICIES})',
)
def initial_count(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that scaling need not correct the initial count at once."""
    for at, variant, scaling in scaled(spec):
        count, low, high = variant.instances.count, scaling.min_capacity, scaling.max_capacity
        if is_number(count) and is_number(low) and is_number(high) and low <= high and not low <= count <= high:
            yield Finding(
                at.replace("scaling", "instances.count"),
                f"is {count}, outside the range of scaling, {low} to {high}",
            )


@rule(
    "SMC606",
    "A range has something that scales in it",
    severity="warning",
    source="Application Auto Scaling: a scalable target changes its capacity only by policies and schedules",
    good=f"scaling=Scaling(1, 4, {_POLICIES})",
    bad="scaling=Scaling(1, 4)",
)
def has_policy(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn of a range without a policy."""
    for at, _, scaling in scaled(spec):
        if not scaling.policies:
            yield Finding(f"{at}.policies", "is empty; nothing will ever scale the variant")


@rule(
    "SMC607",
    "A target value is more than 0",
    severity="warning",
    source="TargetTrackingScalingPolicyConfiguration.TargetValue",
    good="scaling=Scaling(1, 4, policies=[TargetTracking.invocations_per_instance(0.5)])",
    bad="scaling=Scaling(1, 4, policies=[TargetTracking.invocations_per_instance(0)])",
)
def target_value(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn of a target that no number of instances can reach."""
    for at, _, scaling in scaled(spec):
        for index, policy in enumerate(scaling.policies):
            if is_number(policy.target) and not policy.target > 0:
                yield Finding(
                    f"{at}.policies[{index}].target",
                    f"is {policy.target:g}; the first request scales out to the maximum",
                )


@rule(
    "SMC608",
    "A cool-down is a whole number of seconds, 0 or more",
    source="TargetTrackingScalingPolicyConfiguration.ScaleInCooldown and .ScaleOutCooldown",
    facts=["autoscaling/cooldown_default"],
    good=(
        "scaling=Scaling(1, 4, policies=[TargetTracking.invocations_per_instance(70, scale_out_cooldown=timedelta(0))])"
    ),
    bad=(
        "scaling=Scaling(1, 4, policies=[TargetTracking.invocations_per_instance(70, "
        "scale_out_cooldown=timedelta(seconds=-1))])"
    ),
)
def cooldowns(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the cool-downs."""
    for at, _, scaling in scaled(spec):
        for index, policy in enumerate(scaling.policies):
            for argument in ("scale_in_cooldown", "scale_out_cooldown"):
                time = seconds(getattr(policy, argument))
                if is_number(time) and (time < 0 or time != int(time)):
                    yield Finding(
                        f"{at}.policies[{index}].{argument}",
                        f"is {time:g} seconds; it is a whole number, 0 or more",
                    )


@rule(
    "SMC609",
    "Each policy of a variant tracks another metric",
    source='"Target tracking scaling policies", Application Auto Scaling user guide',
    good=f"scaling=Scaling(1, 4, {_POLICIES})",
    bad=(
        "scaling=Scaling(1, 4, policies=[TargetTracking.invocations_per_instance(70), "
        "TargetTracking.invocations_per_instance(90)])"
    ),
)
def metrics_differ(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that no two policies track the same metric."""
    for at, _, scaling in scaled(spec):
        metrics = [policy.metric for policy in scaling.policies]
        for index, metric in enumerate(metrics):
            if metric in metrics[:index]:
                yield Finding(f"{at}.policies[{index}]", f"tracks {metric}, as an earlier policy does; one is enough")


@rule(
    "SMC610",
    "A target value lies between -2^360 and 2^360",
    source="TargetTrackingScalingPolicyConfiguration.TargetValue",
    facts=["autoscaling/target_value"],
    good=f"scaling=Scaling(1, 4, {_POLICIES})",
    bad="scaling=Scaling(1, 4, policies=[TargetTracking.invocations_per_instance(1e200)])",
)
def target_range(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the size of target values."""
    low, high = limit("autoscaling", "target_value")
    for at, _, scaling in scaled(spec):
        for index, policy in enumerate(scaling.policies):
            if is_number(policy.target) and not low <= policy.target <= high:
                yield Finding(f"{at}.policies[{index}].target", f"is {policy.target:g}; it is {low:g} to {high:g}")
