"""Autoscaling: the range, what may scale, the policies."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from sm_constructs.durations import is_time_zone, seconds
from sm_constructs.facts import limit
from sm_constructs.rules.instances import known_types
from sm_constructs.rules.registry import Finding, rule
from sm_constructs.scaling import TargetTracking
from sm_constructs.scaling_metrics import COPIES, INSTANCES, METRICS, PROVISIONED_CONCURRENCY, CustomMetric
from sm_constructs.spec import once_each
from sm_constructs.step_scaling import StepScaling
from sm_constructs.tokens import is_number, is_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_constructs.instances import Instances
    from sm_constructs.scaling import Scaling, ScheduledCapacity
    from sm_constructs.scaling_metrics import Metric
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
        What it is, or what it runs on.
    kind : str
        The kind of the endpoint.
    dimension : str
        What of it scales, as Application Auto Scaling names it.
    """

    at: str
    scaling: Scaling
    lowest: int
    what: str
    initial: object
    initial_at: str
    instances: Instances | None
    kind: str
    dimension: str

    def metric(self, name: str) -> Metric | None:
        """Give the metric of that name, if there is one of what scales."""
        metric = METRICS.get((self.dimension, name))
        return metric if metric is not None and self.kind in metric.kinds else None


@once_each
def scaled(spec: EndpointSpec) -> Iterator[Scalable]:
    """Give everything that Application Auto Scaling scales."""
    on_instances = (
        limit("async", "min_capacity_scale_to_zero")
        if spec.kind == "asynchronous"
        else limit("autoscaling", "min_capacity_realtime")
    )
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
            lowest = on_instances
        yield Scalable(
            f"{at}.scaling",
            variant.scaling,
            lowest,
            f"a variant of {_ARTICLE[spec.kind]} {spec.kind} endpoint",
            initial,
            initial_at,
            variant.instances,
            spec.kind,
            INSTANCES if variant.serverless is None else PROVISIONED_CONCURRENCY,
        )
    for index, component in enumerate(spec.components):
        if component.scaling is not None:
            at = f"components[{index}]"
            yield Scalable(
                f"{at}.scaling",
                component.scaling,
                limit("autoscaling", "min_capacity_inference_component"),
                "an inference component",
                component.copies,
                f"{at}.copies",
                spec.variants[0].instances if spec.variants else None,
                spec.kind,
                COPIES,
            )


@once_each
def tracking(spec: EndpointSpec) -> Iterator[tuple[Scalable, str, TargetTracking]]:
    """Give every target tracking policy, with what it scales and its place."""
    for scalable in scaled(spec):
        for index, policy in enumerate(scalable.scaling.policies):
            if isinstance(policy, TargetTracking):
                yield scalable, f"{scalable.at}.policies[{index}]", policy


_ARTICLE = {"real-time": "a", "serverless": "a", "asynchronous": "an"}


@once_each
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
    "SMC601",
    "A variant keeps at least one instance; asynchronous endpoints and inference components go down to zero",
    where=scaled,
    source='"Register a model", SageMaker developer guide: MinCapacity must be at least 1',
    facts=[
        "autoscaling/min_capacity_realtime",
        "async/min_capacity_scale_to_zero",
        "autoscaling/min_capacity_inference_component",
    ],
    good=f"scaling=Scaling(1, 4, {_POLICIES})",
    bad=f"scaling=Scaling(0, 4, {_POLICIES})",
)
def min_capacity(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the lower end of the range."""
    for scalable in scaled(spec):
        low = scalable.scaling.min_capacity
        if is_number(low) and low < scalable.lowest and scalable.dimension != PROVISIONED_CONCURRENCY:
            yield Finding(
                f"{scalable.at}.min_capacity",
                f"is {low}; {scalable.what} has {scalable.lowest} or more"
                + (" (asynchronous endpoints and inference components go down to 0)" if low == 0 else ""),
            )


@rule(
    "SMC602",
    "The lower end of the range is not above the upper end",
    where=ranges,
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


@rule(
    "SMC603",
    "Capacities are whole numbers, 0 or more",
    where=ranges,
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
    where=scaled,
    source='"Register a model", SageMaker developer guide: no burstable types such as T2',
    facts=["autoscaling/burstable_forbidden"],
    good=f'instances=Instances("ml.m5.large"), scaling=Scaling(1, 4, {_POLICIES})',
    bad=f'instances=Instances("ml.t2.medium"), scaling=Scaling(1, 4, {_POLICIES})',
)
def burstable(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that no burstable type scales."""
    for scalable in scaled(spec):
        if scalable.dimension != INSTANCES or scalable.instances is None:
            continue
        types = known_types(scalable.instances)
        if names := [kind.name for kind in types if kind.burstable]:
            yield Finding(scalable.at, f"is given, but {', '.join(names)} is burstable and cannot be autoscaled")


@rule(
    "SMC605",
    "What there is at the beginning lies in the range",
    where=scaled,
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
    where=scaled,
    source="Application Auto Scaling: a scalable target changes its capacity only by policies and schedules",
    good=f"scaling=Scaling(1, 4, {_POLICIES})",
    bad="scaling=Scaling(1, 4)",
    of_templates=False,
)
def has_policy(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn of a range without a policy or a schedule."""
    for scalable in scaled(spec):
        scaling = scalable.scaling
        if not scaling.policies and not scaling.schedule:
            yield Finding(f"{scalable.at}.policies", "is empty; nothing will ever scale in the range")
        elif scaling.min_capacity == scaling.max_capacity and is_number(scaling.max_capacity) and not scaling.schedule:
            yield Finding(
                f"{scalable.at}.max_capacity", f"is {scaling.max_capacity:g} as min_capacity is; no policy can scale"
            )


@rule(
    "SMC607",
    "A target value is more than 0",
    severity="warning",
    where=tracking,
    source="TargetTrackingScalingPolicyConfiguration.TargetValue",
    good="scaling=Scaling(1, 4, policies=[TargetTracking.invocations_per_instance(0.5)])",
    bad="scaling=Scaling(1, 4, policies=[TargetTracking.invocations_per_instance(0)])",
)
def target_value(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn of a target that no number of instances can reach."""
    for _, at, policy in tracking(spec):
        if is_number(policy.target) and not policy.target > 0:
            yield Finding(
                f"{at}.target",
                f"is {policy.target:g}; the first request scales out to the maximum",
            )


@rule(
    "SMC608",
    "A cool-down is a whole number of seconds, 0 or more",
    where=scaled,
    source="TargetTrackingScalingPolicyConfiguration.ScaleInCooldown and .ScaleOutCooldown; "
    "StepScalingPolicyConfiguration.Cooldown",
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
    for scalable in scaled(spec):
        for index, policy in enumerate(scalable.scaling.policies):
            for argument in ("scale_in_cooldown", "scale_out_cooldown", "cooldown"):
                time = seconds(getattr(policy, argument, None))
                if is_number(time) and (time < 0 or time != int(time)):
                    yield Finding(
                        f"{scalable.at}.policies[{index}].{argument}",
                        f"is {time:g} seconds; it is a whole number, 0 or more",
                    )


@rule(
    "SMC609",
    "Each policy of a variant tracks another metric",
    where=scaled,
    source='"Target tracking scaling policies", Application Auto Scaling user guide',
    good=f"scaling=Scaling(1, 4, {_POLICIES})",
    bad=(
        "scaling=Scaling(1, 4, policies=[TargetTracking.invocations_per_instance(70), "
        'TargetTracking.invocations_per_instance(90, name="Again")])'
    ),
)
def metrics_differ(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that no two policies track the same metric."""
    for scalable in scaled(spec):
        tracked: list[object] = []
        for index, policy in enumerate(scalable.scaling.policies):
            if not isinstance(policy, TargetTracking):
                continue
            if policy.metric in tracked:
                name = policy.metric if isinstance(policy.metric, str) else policy.metric.name
                at = f"{scalable.at}.policies[{index}]"
                yield Finding(at, f"tracks {name}, as an earlier policy does; one is enough")
            tracked.append(policy.metric)


@rule(
    "SMC610",
    "A target value lies between -2^360 and 2^360",
    where=tracking,
    source="TargetTrackingScalingPolicyConfiguration.TargetValue",
    facts=["autoscaling/target_value"],
    good=f"scaling=Scaling(1, 4, {_POLICIES})",
    bad="scaling=Scaling(1, 4, policies=[TargetTracking.invocations_per_instance(1e200)])",
)
def target_range(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the size of target values."""
    low, high = limit("autoscaling", "target_value")
    for _, at, policy in tracking(spec):
        if is_number(policy.target) and not low <= policy.target <= high:
            yield Finding(f"{at}.target", f"is {policy.target:g}; it is {low:g} to {high:g}")


@rule(
    "SMC611",
    "A policy follows a metric that what it scales publishes",
    where=scaled,
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
    """Check that the metrics exist for what scales; an alarm needs one in CloudWatch."""
    for scalable in scaled(spec):
        for index, policy in enumerate(scalable.scaling.policies):
            alarm = isinstance(policy, StepScaling)
            name = policy.follows if isinstance(policy, StepScaling) else policy.metric
            if isinstance(name, CustomMetric):
                continue
            metric = scalable.metric(name)
            if metric is None or (alarm and metric.published is None):
                there = sorted(
                    other
                    for (dimension, other), its in METRICS.items()
                    if dimension == scalable.dimension
                    and scalable.kind in its.kinds
                    and not (alarm and its.published is None)
                )
                yield Finding(
                    f"{scalable.at}.policies[{index}]",
                    f"follows {name}, which {scalable.what} does not have{' in CloudWatch' if alarm else ''}; it has "
                    f"{', '.join(there)}",
                )


@rule(
    "SMC612",
    "A schedule is cron(…), rate(…) or at(…), and sets an end of the range",
    where=scaled,
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
            if is_text(action.schedule) and not _is_schedule(action.schedule):
                yield Finding(
                    f"{at}.schedule",
                    f"is {action.schedule!r}; it is cron(…) with six fields, rate(1 hour), or at(yyyy-mm-ddThh:mm:ss)",
                )
            elif is_text(action.schedule) and _BOTH_DAYS.fullmatch(action.schedule):
                yield Finding(
                    f"{at}.schedule",
                    f"is {action.schedule!r}, with days of the month and of the week; one of them is ?",
                )
            if action.min_capacity is None and action.max_capacity is None:
                yield Finding(at, "sets neither min_capacity nor max_capacity; set one of them")


# AWS's pages contradict each other on * in both.
_BOTH_DAYS = re.compile(r"cron\(\S+ \S+ [^*?\s]+ \S+ [^*?\s]+ \S+\)")


def _is_schedule(text: str) -> bool:
    if re.fullmatch(_SCHEDULE, text) is None:
        return False
    try:
        return not text.startswith("at(") or datetime.fromisoformat(text[3:-1]) is not None
    except ValueError:
        return False


_SCHEDULE = r"cron\(\S+( \S+){5}\)|rate\(\d+ (minutes?|hours?|days?)\)|at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)"


@rule(
    "SMC613",
    "No two schedules are the same",
    where=scaled,
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


_TWICE = 'schedule=[ScheduledCapacity("cron(0 8 * * ? *)", min_capacity=2), ScheduledCapacity({}, min_capacity={})]'


@rule(
    "SMC644",
    "A schedule is in a time zone that there is",
    where=scaled,
    source="ScheduledAction.Timezone: the canonical names of the IANA time zones",
    facts=["autoscaling/scheduled_actions"],
    good="scaling=Scaling(1, 4, "
    + _TWICE.format('"cron(0 18 * * ? *)", time_zone="Europe/Berlin"', 1)
    + f", {_POLICIES})",
    bad="scaling=Scaling(1, 4, "
    + _TWICE.format('"cron(0 18 * * ? *)", time_zone="Europe/Bonn"', 1)
    + f", {_POLICIES})",
)
def time_zones(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the names of time zones."""
    for scalable in scaled(spec):
        for index, action in enumerate(scalable.scaling.schedule):
            zone = action.time_zone
            if is_text(zone) and not is_time_zone(zone):
                yield Finding(
                    f"{scalable.at}.schedule[{index}].time_zone",
                    f"is {zone!r}; it is a name such as Europe/Berlin or UTC",
                )


@rule(
    "SMC645",
    "A schedule ends after it began",
    where=scaled,
    source="ScheduledAction.StartTime, EndTime",
    facts=["autoscaling/scheduled_actions"],
    good='scaling=Scaling(1, 4, schedule=[ScheduledCapacity("rate(1 day)", min_capacity=2, end=datetime(2031, 5, 1), '
    "start=datetime(2031, 4, 1))])",
    bad='scaling=Scaling(1, 4, schedule=[ScheduledCapacity("rate(1 day)", min_capacity=2, end=datetime(2031, 4, 1), '
    "start=datetime(2031, 5, 1))])",
)
def schedule_ends(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the time in which a schedule holds."""
    for scalable in scaled(spec):
        for index, action in enumerate(scalable.scaling.schedule):
            if isinstance(action.start, datetime) and isinstance(action.end, datetime):
                start, end = (
                    moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc)
                    for moment in (action.start, action.end)
                )
                if end <= start:
                    yield Finding(f"{scalable.at}.schedule[{index}].end", f"is {end}, and it begins at {start}")


@rule(
    "SMC646",
    "What a schedule sets again and again, something changes in between",
    severity="warning",
    where=scaled,
    source='"Scheduled scaling", Application Auto Scaling user guide: the new range stays until something changes it',
    facts=["autoscaling/scheduled_actions"],
    good="scaling=Scaling(1, 4, " + _TWICE.format('"cron(0 18 * * ? *)"', 1) + ")",
    bad='scaling=Scaling(1, 4, schedule=[ScheduledCapacity("cron(0 18 * * ? *)", max_capacity=2)])',
)
def changed_back(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn of schedules that have an effect only once."""
    for scalable in scaled(spec):
        schedule = scalable.scaling.schedule
        ranges = {(action.min_capacity, action.max_capacity) for action in schedule}
        again = all(is_text(action.schedule) and not action.schedule.startswith("at(") for action in schedule)
        for index, action in enumerate(schedule):
            if is_text(action.schedule) and action.schedule.startswith("cron(* "):
                said = f"is {action.schedule}: each minute, so that nothing else can change the range meanwhile"
                yield Finding(f"{scalable.at}.schedule[{index}].schedule", said)
        if len(ranges) == 1 and again:
            yield Finding(f"{scalable.at}.schedule[0]", "sets the same range each time, and nothing else sets one")
