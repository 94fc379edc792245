"""Step scaling policies, each with the alarm that lets it act."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from aws_cdk import aws_applicationautoscaling as autoscaling
from aws_cdk import aws_cloudwatch as cloudwatch

from sm_constructs.durations import seconds
from sm_constructs.facts import limit
from sm_constructs.l1 import make
from sm_constructs.scaling_metrics import plus, times
from sm_constructs.step_scaling import ADJUSTMENT_TYPES, COMPARISONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from constructs import Construct

    from sm_constructs.binding import Properties
    from sm_constructs.scaling_metrics import CustomMetric
    from sm_constructs.step_scaling import Side, Step, StepScaling


def render_step_scaling(
    scope: Construct, before: str, scaling: StepScaling, target: str, metric: CustomMetric, count: int
) -> None:
    """Make a policy and its alarm for each side on which there are steps.

    Parameters
    ----------
    scope : Construct
        Where they are made.
    before : str
        What their ids begin with.
    scaling : StepScaling
        The steps, in a unit of which `count` make one of the metric.
    target : str
        The scalable target.
    metric : CustomMetric
        The metric of the alarms.
    count : int
        What bounds are multiplied with.
    """
    for side, steps in scaling.sides.items():
        name = f"{scaling.base_name}-{side}"
        threshold = threshold_of(side, steps, count)
        policy = make(
            autoscaling.CfnScalingPolicy,
            scope,
            policy_id(before, name),
            policy_name=name,
            policy_type="StepScaling",
            scaling_target_id=target,
            step_scaling_policy_configuration=_render_policy(scaling, steps, threshold, metric, count),
        )
        simple = metric.statistic in limit("autoscaling", "custom_metric_statistics")
        make(
            cloudwatch.CfnAlarm,
            scope,
            f"{policy_id(before, name)}Alarm",
            namespace=metric.namespace,
            metric_name=metric.name,
            dimensions=written(metric.dimensions) or None,
            statistic=metric.statistic if simple else None,
            extended_statistic=None if simple else metric.statistic,
            unit=metric.unit,
            period=scaling.period_seconds,
            evaluation_periods=scaling.evaluation_periods,
            datapoints_to_alarm=scaling.datapoints_to_alarm,
            threshold=threshold,
            comparison_operator=COMPARISONS[side],
            treat_missing_data=scaling.missing_data,
            alarm_actions=[policy.ref],
        )


def threshold_of(side: Side, steps: Sequence[Step], count: int) -> float:
    """Give the threshold of an alarm: the inner end of its steps, where the capacity begins to be wrong."""
    inner = steps[-1].upper if side == "Low" else steps[0].lower
    # The rules saw to it that only the outer end has no bound.
    return times(cast("float", inner), count)


def _render_policy(
    scaling: StepScaling, steps: Sequence[Step], threshold: float, metric: CustomMetric, count: int
) -> Properties:
    properties: Properties = {
        "adjustmentType": ADJUSTMENT_TYPES[scaling.adjustment],
        # The largest and the smallest value of a period stay that when several periods are put together.
        "metricAggregationType": metric.statistic if metric.statistic in ("Minimum", "Maximum") else "Average",
        "stepAdjustments": [_render_step(step, threshold, count) for step in steps],
    }
    if scaling.cooldown is not None:
        properties["cooldown"] = seconds(scaling.cooldown)
    if scaling.min_change is not None:
        properties["minAdjustmentMagnitude"] = scaling.min_change
    return properties


def _render_step(step: Step, threshold: float, count: int) -> Properties:
    """Write a step; its bounds are distances from the threshold."""
    properties: Properties = {}
    if step.lower is not None:
        properties["metricIntervalLowerBound"] = plus(times(step.lower, count), -threshold)
    if step.upper is not None:
        properties["metricIntervalUpperBound"] = plus(times(step.upper, count), -threshold)
    properties["scalingAdjustment"] = step.change
    return properties


def policy_id(before: str, name: str) -> str:
    """Give the construct id of a policy; a slash would part it."""
    return f"{before}-{name}".replace("/", "-")


def written(dimensions: Mapping[str, str]) -> list[Properties]:
    """Write dimensions of a metric."""
    return [{"name": name, "value": value} for name, value in dimensions.items()]
