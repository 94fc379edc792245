"""Step scaling policies with their alarms."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sm_constructs.reading.nodes import Found, made, several
from sm_constructs.scaling_metrics import divided, plus
from sm_constructs.step_scaling import ADJUSTMENT_TYPES, COMPARISONS, Step, StepScaling
from sm_constructs.tokens import is_number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sm_constructs.reading.nodes import Node
    from sm_constructs.reading.resources import Resource
    from sm_constructs.step_scaling import Side


def read_steps(policy: Resource, alarm: Resource, metric: Found[Any], count: int) -> Found[StepScaling] | None:
    """Read a policy with its alarm, which has the steps of one side; nothing where a spec would have them otherwise.

    Parameters
    ----------
    policy, alarm : Resource
        The policy, and the only alarm that lets it act.
    metric : Found
        The metric of the alarm.
    count : int
        What the values of the metric are divided by.
    """
    config = policy["StepScalingPolicyConfiguration"]
    adjustment, side = _adjustment(config), _side(alarm)
    threshold = alarm["Threshold"].number()
    if adjustment is None or side is None or not is_number(threshold.value):
        return None
    steps = [_read_step(node, threshold.value, count) for node in config["StepAdjustments"].entries()]
    own, name = policy["PolicyName"].text(), policy["PolicyName"].text().value
    read = [step for step in steps if step is not None]
    found = made(
        StepScaling,
        config,
        metric=metric,
        steps=several(config["StepAdjustments"], sorted(read, key=_place)),
        adjustment=Found(adjustment, config["AdjustmentType"]),
        min_change=config["MinAdjustmentMagnitude"].number(),
        cooldown=config["Cooldown"].time(),
        period=alarm["Period"].time(),
        evaluation_periods=alarm["EvaluationPeriods"].number(),
        datapoints_to_alarm=alarm["DatapointsToAlarm"].number(),
        missing_data=alarm["TreatMissingData"].text(),
        name=Found(None if name is None else name.removesuffix(f"-{side}"), own),
    )
    if found.value.name == replace(found.value, name=None).base_name:
        found = Found(replace(found.value, name=None), found, found.parts)
    told = len(read) == len(steps) and set(found.value.sides) == {side} and _aggregates(config, alarm)
    for part in ("PolicyName", "PolicyType", "StepScalingPolicyConfiguration"):
        policy[part].mark() if told else policy[part].unmark()
    return found if told else None


def merged(policies: Iterable[Found[Any]]) -> list[Found[Any]]:
    """Put the two sides of one step scaling together."""
    found: list[Found[Any]] = []
    for policy in policies:
        for index, other in enumerate(found):
            if (both := _both(other, policy)) is not None:
                found[index] = both
                break
        else:
            found.append(policy)
    return found


def _both(one: Found[Any], other: Found[Any]) -> Found[StepScaling] | None:
    if not (isinstance(one.value, StepScaling) and isinstance(other.value, StepScaling)):
        return None
    sides = {**one.value.sides, **other.value.sides}
    if set(sides) != set(COMPARISONS) or replace(one.value, steps=()) != replace(other.value, steps=()):
        return None
    both = replace(one.value, steps=(*sides["Low"], *sides["High"]))
    if both.sides != sides:
        return None
    low, high = (one, other) if set(one.value.sides) == {"Low"} else (other, one)
    parts = [*low.parts["steps"].parts.values(), *high.parts["steps"].parts.values()]
    return Found(both, low, {**low.parts, "steps": several(low.parts["steps"], parts)})


def _adjustment(config: Node) -> str | None:
    said = config["AdjustmentType"].text().value
    return next((name for name, kind in ADJUSTMENT_TYPES.items() if kind == said), None)


def _side(alarm: Resource) -> Side | None:
    said = alarm["ComparisonOperator"].text().value
    return next((side for side, comparison in COMPARISONS.items() if comparison == said), None)


def _aggregates(config: Node, alarm: Resource) -> bool:
    """Say whether the policy puts several periods together as a spec has it; see `render_step_scaling`."""
    statistic = alarm["Statistic"].text().value
    said = config["MetricAggregationType"].text().value or "Average"
    return said == (statistic if statistic in ("Minimum", "Maximum") else "Average")


def _place(step: Found[Step]) -> tuple[bool, float]:
    return (step.value.lower is not None, step.value.lower or 0)


def _read_step(node: Node, threshold: float, count: int) -> Found[Step] | None:
    """Read a step; its bounds are distances from the threshold, and those of a spec are values."""
    ends = (node["MetricIntervalLowerBound"].number(), node["MetricIntervalUpperBound"].number())
    change = node["ScalingAdjustment"].number()
    if change.value is None or not all(end.value is None or is_number(end.value) for end in ends):
        return None
    lower, upper = (
        Found(None if end.value is None else divided(plus(threshold, end.value), count), end) for end in ends
    )
    return made(Step, node, lower=lower, upper=upper, change=change)
