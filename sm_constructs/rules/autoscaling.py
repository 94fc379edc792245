"""Autoscaling: the range, what may scale, the policies."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sm_constructs.durations import seconds
from sm_constructs.facts import limit
from sm_constructs.rules.instances import known_types
from sm_constructs.rules.registry import Finding, rule
from sm_constructs.scaling import METRICS
from sm_constructs.tokens import is_number, is_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_constructs.instances import Instances
    from sm_constructs.scaling import Scaling, ScheduledCapacity, TargetTracking
    from sm_constructs.spec import EndpointSpec

_POLICIES = "policies=[TargetTracking.invocations_per_instance(70)]"


@dataclass(frozen=True, slots=True)
class Scalable:
    """Something that scales: a variant, or an inference component.

    Attributes
    ----------
    at : str
        The place of its scaling.
    scaling : Scaling
        Its range and policies.
    lowest : int
        How far down it may go.
    what : str
        What it is, to be told.
    initial : object
        How much of it there is when it is created.
    initial_at : str
        The place of that.
    instances : Instances | None
        What it runs on, if it is a variant on instances.
    metrics : frozenset[str]
        What its policies may follow.
    """

    at: str
    scaling: Scaling
    lowest: int
    what: str
    initial: object
    initial_at: str
    instances: Instances | None
    metrics: frozenset[str]


def scaled(spec: EndpointSpec) -> Iterator[Scalable]:
    """Give everything that Application Auto Scaling scales."""
    lowest = limit("autoscaling", "min_capacity_realtime")
    if spec.kind == "asynchronous":
        lowest = limit("async", "min_capacity_scale_to_zero")
    metrics = frozenset(name for name, metric in METRICS.items() if spec.kind in metric.kinds)
    for at, variant in spec.placed_variants():
        if variant.scaling is None or variant.model is None:
            continue
        if variant.serverless is not None:
            initial: object = variant.serverless.provisioned_concurrency
            initial_at = f"{at}.serverless.provisioned_concurrency"
            lowest = limit("serverless", "autoscaling_min_capacity_guide")
        else:
            initial = None if variant.instances is None else variant.instances.count
            initial_at = f"{at}.instances.count"
        what = f"a variant of {_ARTICLE[spec.kind]} {spec.kind} endpoint"
        yield Scalable(f"{at}.scaling", variant.scaling, lowest, what, initial, initial_at, variant.instances, metrics)
    for index, component in enumerate(spec.components):
        if component.scaling is not None:
            at, zero = f"components[{index}]", limit("autoscaling", "min_capacity_inference_component")
            what = "an inference component"
            copies = component.copies
            yield Scalable(f"{at}.scaling", component.scaling, zero, what, copies, f"{at}.copies", None, metrics)


def policies(spec: EndpointSpec) -> Iterator[tuple[str, int, TargetTracking]]:
    """Give every policy, with the place of its scaling and its number there."""
    for scalable in scaled(spec):
        for index, policy in enumerate(scalable.scaling.policies):
            yield scalable.at, index, policy


_ARTICLE = {"real-time": "a", "serverless": "a", "asynchronous": "an"}


@rule(
    "SMC601",
    "A variant keeps at least one instance; asynchronous endpoints and inference components go down to zero",
    source='"Register a model", SageMaker developer guide: MinCapacity must be at least 1',
    facts=[
        "autoscaling/min_capacity_realtime",
        "async/min_capacity_scale_to_zero",
        "autoscaling/min_capacity_inference_component",
        "serverless/autoscaling_min_capacity_guide",
    ],
    good=f"scaling=Scaling(1, 4, {_POLICIES})",
    bad=f"scaling=Scaling(0, 4, {_POLICIES})",
)
def min_capacity(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the lower end of the range."""
    for scalable in scaled(spec):
        low = scalable.scaling.min_capacity
        if is_number(low) and low < scalable.lowest:
            yield Finding(
                f"{scalable.at}.min_capacity",
                f"is {low}; {scalable.what} has {scalable.lowest} or more"
                + (" (asynchronous endpoints and inference components go down to 0)" if low == 0 else ""),
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
    """Check the order of the range, and of those of the schedule."""
    for at, scaling in ranges(spec):
        low, high = scaling.min_capacity, scaling.max_capacity
        if is_number(low) and is_number(high) and low > high:
            yield Finding(f"{at}.min_capacity", f"is {low}, more than max_capacity {high}")


def ranges(spec: EndpointSpec) -> Iterator[tuple[str, Scaling | ScheduledCapacity]]:
    """Give every range of capacity: of scaling, of schedules, and of instances that SageMaker itself scales."""
    for scalable in scaled(spec):
        yield scalable.at, scalable.scaling
        for index, action in enumerate(scalable.scaling.schedule):
            yield f"{scalable.at}.schedule[{index}]", action
    for at, variant in spec.placed_variants():
        if variant.model is None and variant.scaling is not None:
            yield f"{at}.scaling", variant.scaling


@rule(
    "SMC603",
    "Capacities are whole numbers, 0 or more",
    source="RegisterScalableTarget: MinCapacity and MaxCapacity are integers",
    good=f"scaling=Scaling(1, 4, {_POLICIES})",
    bad=f"scaling=Scaling(1, 2.5, {_POLICIES})",
)
def whole_capacities(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that capacities are whole."""
    for at, scaling in ranges(spec):
        for argument in ("min_capacity", "max_capacity"):
            value = getattr(scaling, argument)
            if is_number(value) and (value != int(value) or value < 0):
                yield Finding(f"{at}.{argument}", f"is {value}; it is a whole number, 0 or more")


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
    for scalable in scaled(spec):
        types = [] if scalable.instances is None else known_types(scalable.instances)
        if names := [kind.name for kind in types if kind.burstable]:
            yield Finding(scalable.at, f"is given, but {', '.join(names)} is burstable and cannot be autoscaled")


@rule(
    "SMC605",
    "What there is at the beginning lies in the range",
    source='"Register a model", SageMaker developer guide',
    facts=["cloudformation/aws_sagemaker_alpha_validates"],
    good=f'instances=Instances("ml.m5.large", count=2), scaling=Scaling(2, 4, {_POLICIES})',
    bad=f'instances=Instances("ml.m5.large", count=1), scaling=Scaling(2, 4, {_POLICIES})',
)
def initial_count(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that scaling need not correct the initial count at once; AWS wants one even where the range begins at 0."""
    for scalable in scaled(spec):
        low, high = scalable.scaling.min_capacity, scalable.scaling.max_capacity
        if not (is_number(scalable.initial) and is_number(low) and is_number(high)) or low > high:
            continue
        if not low <= scalable.initial <= high:
            yield Finding(
                scalable.initial_at, f"is {scalable.initial:g}, outside the range of scaling, {low:g} to {high:g}"
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
    """Warn of a range without a policy or a schedule."""
    for scalable in scaled(spec):
        if not scalable.scaling.policies and not scalable.scaling.schedule:
            yield Finding(f"{scalable.at}.policies", "is empty; nothing will ever scale in the range")


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
    for at, index, policy in policies(spec):
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
    for at, index, policy in policies(spec):
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
    for scalable in scaled(spec):
        metrics = [policy.metric for policy in scalable.scaling.policies]
        for index, metric in enumerate(metrics):
            if metric in metrics[:index]:
                yield Finding(
                    f"{scalable.at}.policies[{index}]", f"tracks {metric}, as an earlier policy does; one is enough"
                )


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
    for at, index, policy in policies(spec):
        if is_number(policy.target) and not low <= policy.target <= high:
            yield Finding(f"{at}.policies[{index}].target", f"is {policy.target:g}; it is {low:g} to {high:g}")


@rule(
    "SMC611",
    "A policy follows a metric that what it scales publishes",
    source="Application Auto Scaling: predefined metrics for SageMaker; metrics of asynchronous endpoints",
    facts=[
        "autoscaling/predefined_metrics",
        "autoscaling/scalable_dimensions",
        "serverless/autoscaling_only_that_predefined_metric",
        "serverless/autoscaling_dimension",
        "serverless/autoscaling_predefined_metric",
        "async/metrics_not_published",
    ],
    good=f"scaling=Scaling(1, 4, {_POLICIES})",
    bad="scaling=Scaling(1, 4, policies=[TargetTracking.provisioned_concurrency_utilization(0.7)])",
)
def metric_published(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that the metrics exist for what scales."""
    for scalable in scaled(spec):
        for index, policy in enumerate(scalable.scaling.policies):
            if policy.metric not in scalable.metrics:
                yield Finding(
                    f"{scalable.at}.policies[{index}]",
                    f"follows {policy.metric}, which {scalable.what} does not have; it has "
                    f"{', '.join(sorted(scalable.metrics))}",
                )


@rule(
    "SMC612",
    "A schedule is cron(…), rate(…) or at(…), and sets an end of the range",
    source="ScheduledAction.Schedule and ScalableTargetAction",
    facts=["autoscaling/scheduled_actions"],
    good='scaling=Scaling(1, 4, schedule=[ScheduledCapacity("cron(0 8 ? * MON-FRI *)", min_capacity=2)])',
    bad='scaling=Scaling(1, 4, schedule=[ScheduledCapacity("0 8 * * 1-5", min_capacity=2)])',
)
def schedule(spec: EndpointSpec) -> Iterator[Finding]:
    """Check schedules."""
    for scalable in scaled(spec):
        for index, action in enumerate(scalable.scaling.schedule):
            at = f"{scalable.at}.schedule[{index}]"
            if is_text(action.schedule) and not re.fullmatch(_SCHEDULE, action.schedule):
                yield Finding(
                    f"{at}.schedule",
                    f"is {action.schedule!r}; it is cron(…) with six fields, rate(1 hour), or at(yyyy-mm-ddThh:mm:ss)",
                )
            if action.min_capacity is None and action.max_capacity is None:
                yield Finding(at, "sets neither min_capacity nor max_capacity; set one of them")


_SCHEDULE = r"cron\(\S+( \S+){5}\)|rate\(\d+ (minutes?|hours?|days?)\)|at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)"


@rule(
    "SMC613",
    "No two schedules are the same",
    source="ScheduledAction.ScheduledActionName: unique for a scalable target",
    facts=["autoscaling/scheduled_actions"],
    good='scaling=Scaling(1, 4, schedule=[ScheduledCapacity("rate(1 day)", min_capacity=2)])',
    bad='scaling=Scaling(1, 4, schedule=[ScheduledCapacity("rate(1 day)", min_capacity=n) for n in (1, 2)])',
)
def schedules_differ(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that schedules are at different times."""
    for scalable in scaled(spec):
        times = [(action.schedule, action.time_zone) for action in scalable.scaling.schedule]
        for index, time in enumerate(times):
            if time in times[:index]:
                yield Finding(
                    f"{scalable.at}.schedule[{index}].schedule", f"is {time[0]!r}, as in an earlier one; give one range"
                )
