"""Step scaling: the ranges of the steps, what they change, and the alarms."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from sm_constructs.facts import limit
from sm_constructs.rules.autoscaling import scaled
from sm_constructs.rules.registry import Finding, rule, unlisted
from sm_constructs.spec import once_each
from sm_constructs.step_scaling import ADJUSTMENT_TYPES, StepScaling
from sm_constructs.tokens import is_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_constructs.spec import EndpointSpec

_INTERVALS = "StepAdjustment: MetricIntervalLowerBound and MetricIntervalUpperBound"


@once_each
def stepping(spec: EndpointSpec) -> Iterator[tuple[str, StepScaling]]:
    """Give every step scaling policy, with its place."""
    for scalable in scaled(spec):
        for index, policy in enumerate(scalable.scaling.policies):
            if isinstance(policy, StepScaling):
                yield f"{scalable.at}.policies[{index}]", policy


def _example(steps: str, more: str = "") -> str:
    return f'scaling=Scaling(1, 4, policies=[StepScaling("MemoryUtilization", [{steps}]{more})])'


@rule(
    "SMC620",
    "A step has a range of values that are known, with a bound at least at one end",
    where=stepping,
    source=_INTERVALS,
    facts=["autoscaling/step_intervals"],
    good=_example("Step(70, 80, 1), Step(80, None, 2)"),
    bad=_example("Step(None, None, 1)"),
)
def ranges(spec: EndpointSpec) -> Iterator[Finding]:
    """Check each step by itself; distances from thresholds can only be computed of numbers."""
    for at, policy in stepping(spec):
        if not policy.steps:
            yield Finding(f"{at}.steps", "is empty; give at least one")
        for index, step in enumerate(policy.steps):
            here = f"{at}.steps[{index}]"
            bounds = [bound for bound in (step.lower, step.upper) if bound is not None]
            if not bounds:
                yield Finding(here, "has neither a lower nor an upper bound; give one of them")
            elif not all(is_number(bound) for bound in bounds):
                yield Finding(here, "has a bound that is not known before deployment; give a number")
            elif len(bounds) == 2 and not bounds[0] < bounds[1]:
                yield Finding(here, f"reaches from {bounds[0]:g} to {bounds[1]:g}; its lower bound is the smaller one")


def _sound(policy: StepScaling) -> bool:
    """Say whether the steps are ranges, so that they can be compared."""
    return all(
        all(is_number(bound) for bound in (step.lower, step.upper) if bound is not None)
        and not (step.lower is None and step.upper is None)
        for step in policy.steps
    )


@rule(
    "SMC621",
    "Steps do not overlap, and leave out one range at most: the one in which the capacity is right",
    where=stepping,
    source=_INTERVALS,
    facts=["autoscaling/step_intervals"],
    good=_example("Step(None, 20, -1), Step(70, 80, 1), Step(80, None, 2)"),
    bad=_example("Step(None, 20, -1), Step(70, 80, 1), Step(75, None, 2)"),
)
def neighbours(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that the steps of each side follow one another."""
    for at, policy in stepping(spec):
        if not _sound(policy):
            continue
        gaps = 0
        for index, (step, following) in enumerate(pairwise(policy.steps), start=1):
            here = f"{at}.steps[{index}]"
            if step.upper is None or following.lower is None or step.upper > following.lower:
                yield Finding(here, "overlaps the step before it; let it begin where that one ends")
                continue
            gaps += step.upper < following.lower
            if step.upper < following.lower and gaps > 1:
                yield Finding(
                    here,
                    f"begins at {following.lower:g}, and the step before it ends at {step.upper:g}: a second gap; let "
                    "it begin there, or make a second policy",
                )


@rule(
    "SMC622",
    "The outermost steps have no bound at their outer ends",
    where=stepping,
    source=_INTERVALS,
    facts=["autoscaling/step_intervals"],
    good=_example("Step(None, 10, -2), Step(10, 20, -1), Step(70, None, 1)"),
    bad=_example("Step(None, 10, -2), Step(10, 20, -1), Step(70, 80, 1)"),
)
def outer_ends(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that there is a step for every value beyond a threshold."""
    for at, policy in stepping(spec):
        if not _sound(policy):
            continue
        sides = policy.sides
        if "Low" in sides and sides["Low"][0].lower is not None:
            yield Finding(f"{at}.steps[0].lower", f"is {sides['Low'][0].lower:g}; the lowest step has None there")
        if "High" in sides and (last := sides["High"][-1].upper) is not None:
            here = f"{at}.steps[{len(policy.steps) - 1}].upper"
            yield Finding(here, f"is {last:g}; the highest step has None there")


@rule(
    "SMC623",
    "A step changes the capacity by a whole number, or to one",
    where=stepping,
    source="StepAdjustment.ScalingAdjustment",
    facts=["autoscaling/step_policy_types"],
    good=_example("Step(70, None, 3)", ', adjustment="exact"'),
    bad=_example("Step(70, None, -3)", ', adjustment="exact"'),
)
def changes(spec: EndpointSpec) -> Iterator[Finding]:
    """Check what steps change."""
    for at, policy in stepping(spec):
        for index, step in enumerate(policy.steps):
            if not is_number(step.change):
                continue
            if step.change != int(step.change) or (policy.adjustment == "exact" and step.change < 0):
                least = ", 0 or more" if policy.adjustment == "exact" else ""
                yield Finding(f"{at}.steps[{index}].change", f"is {step.change:g}; it is a whole number{least}")


@rule(
    "SMC624",
    "Steps change the capacity, its percentage, or give it; only percentages have a least change",
    where=stepping,
    source="StepScalingPolicyConfiguration: AdjustmentType and MinAdjustmentMagnitude",
    facts=["autoscaling/step_policy_types"],
    good=_example("Step(70, None, 50)", ', adjustment="percent", min_change=2'),
    bad=_example("Step(70, None, 1)", ", min_change=2"),
)
def adjustment(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the kind of change."""
    for at, policy in stepping(spec):
        yield from unlisted(f"{at}.adjustment", policy.adjustment, ADJUSTMENT_TYPES)
        if policy.min_change is None:
            continue
        if policy.adjustment != "percent":
            yield Finding(f"{at}.min_change", f'is given with adjustment "{policy.adjustment}"; it goes with "percent"')
        elif is_number(policy.min_change) and (policy.min_change < 1 or policy.min_change != int(policy.min_change)):
            yield Finding(f"{at}.min_change", f"is {policy.min_change:g}; it is a whole number, 1 or more")


@rule(
    "SMC625",
    "The period of an alarm is 10, 20 or 30 seconds, or whole minutes",
    where=stepping,
    source="PutMetricAlarm: Period",
    facts=["cloudwatch/alarm_period"],
    good=_example("Step(70, None, 1)", ", period=timedelta(minutes=5)"),
    bad=_example("Step(70, None, 1)", ", period=timedelta(seconds=45)"),
    of_templates=False,
)
def period(spec: EndpointSpec) -> Iterator[Finding]:
    """Check periods."""
    allowed = limit("cloudwatch", "alarm_period")
    for at, policy in stepping(spec):
        value, minute = policy.period_seconds, allowed["multiple_of"]
        if is_number(value) and value not in allowed["short"] and (value < minute or value % minute):
            short = ", ".join(map(str, allowed["short"]))
            yield Finding(f"{at}.period", f"is {value:g} seconds; it is {short} or a multiple of {minute}")


@rule(
    "SMC626",
    "An alarm looks at one period or more, within one day, or seven with periods of an hour",
    where=stepping,
    source="PutMetricAlarm: EvaluationPeriods, DatapointsToAlarm, Period",
    facts=["cloudwatch/alarm_span"],
    good=_example("Step(70, None, 1)", ", evaluation_periods=3, datapoints_to_alarm=2"),
    bad=_example("Step(70, None, 1)", ", evaluation_periods=2, datapoints_to_alarm=3"),
    of_templates=False,
)
def evaluation(spec: EndpointSpec) -> Iterator[Finding]:
    """Check at how many periods alarms look."""
    spans = limit("cloudwatch", "alarm_span")
    for at, policy in stepping(spec):
        count, enough, length = policy.evaluation_periods, policy.datapoints_to_alarm, policy.period_seconds
        if not is_number(count):
            continue
        if count < 1 or count != int(count):
            yield Finding(f"{at}.evaluation_periods", f"is {count:g}; it is a whole number, 1 or more")
            continue
        if is_number(enough) and (not 1 <= enough <= count or enough != int(enough)):
            yield Finding(
                f"{at}.datapoints_to_alarm", f"is {enough:g}; it is a whole number, 1 to evaluation_periods, {count}"
            )
        most = spans["seconds" if is_number(length) and length >= 3600 else "seconds_with_period_below_3600"]
        if is_number(length) and count * length > most:
            text = f"is {count}, which makes {count * length:g} seconds; an alarm looks at {most} at most"
            yield Finding(f"{at}.evaluation_periods", text)


@rule(
    "SMC627",
    "A policy has up to 20 steps, and more on request",
    severity="warning",
    where=stepping,
    source='"Quotas for Application Auto Scaling", Application Auto Scaling user guide',
    facts=["autoscaling/step_adjustments_per_policy"],
    good=_example("*(Step(n, n + 1, 1) for n in range(50, 69)), Step(69, None, 1)"),
    bad=_example("*(Step(n, n + 1, 1) for n in range(50, 70)), Step(70, None, 1)"),
)
def count(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn of policies for which a quota has to be raised."""
    most = limit("autoscaling", "step_adjustments_per_policy")
    for at, policy in stepping(spec):
        for side, steps in policy.sides.items():
            if len(steps) > most:
                yield Finding(
                    f"{at}.steps", f"make a policy {side} of {len(steps)}; an account begins with {most} for each"
                )


@rule(
    "SMC628",
    "Missing data are breaching, notBreaching, ignore or missing",
    where=stepping,
    source="PutMetricAlarm: TreatMissingData",
    facts=["cloudwatch/alarm_missing_data"],
    good=_example("Step(None, 20, -1)", ', missing_data="breaching"'),
    bad=_example("Step(None, 20, -1)", ', missing_data="none"'),
    of_templates=False,
)
def missing_data(spec: EndpointSpec) -> Iterator[Finding]:
    """Check what missing data are taken for."""
    for at, policy in stepping(spec):
        yield from unlisted(f"{at}.missing_data", policy.missing_data, limit("cloudwatch", "alarm_missing_data"))
