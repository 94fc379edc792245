"""Scalable targets, their policies and schedules, and what leads out of zero capacity."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import aws_applicationautoscaling as autoscaling
from aws_cdk import aws_cloudwatch as cloudwatch

from sm_constructs.durations import seconds
from sm_constructs.facts import limit
from sm_constructs.scaling import METRICS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import CfnResource
    from constructs import Construct

    from sm_constructs.binding import Properties
    from sm_constructs.scaling import Scaling, ScheduledCapacity, TargetTracking


@dataclass(frozen=True, slots=True)
class Scaled:
    """What scales.

    Attributes
    ----------
    name : str
        The name of the variant or the inference component; part of construct ids.
    resource_id : str
        As Application Auto Scaling addresses it.
    dimension : str
        What of it scales.
    dimensions : Mapping[str, str]
        The dimensions of its metrics in CloudWatch, by name.
    from_zero : str
        The fact that describes the alarm that leads out of zero capacity, as ``area/key``.
    after : CfnResource | None
        What the scalable target waits for, where its `resource_id` does not refer to it.
    """

    name: str
    resource_id: str
    dimension: str
    dimensions: Mapping[str, str]
    from_zero: str
    after: CfnResource | None = None


def render_scaling(scope: Construct, scaled: Scaled, scaling: Scaling) -> None:
    """Make a scalable target with its schedule, its policies, and the way out of zero where the range begins there."""
    # It refers to the endpoint, so that it is deleted first: a variant must be deregistered before it goes.
    scalable = autoscaling.CfnScalableTarget(
        scope,
        f"Scaling-{scaled.name}",
        service_namespace="sagemaker",
        resource_id=scaled.resource_id,
        scalable_dimension=scaled.dimension,
        min_capacity=scaling.min_capacity,
        max_capacity=scaling.max_capacity,
        scheduled_actions=[render_scheduled(action) for action in scaling.schedule] or None,
    )
    if scaled.after is not None:
        scalable.add_dependency(scaled.after)
    target = scalable.ref
    for policy in scaling.policies:
        name = policy.metric.removeprefix("SageMaker").removeprefix("Variant")
        autoscaling.CfnScalingPolicy(
            scope,
            f"Scaling-{scaled.name}-{name}",
            policy_name=name,
            policy_type="TargetTrackingScaling",
            scaling_target_id=target,
            target_tracking_scaling_policy_configuration=render_target_tracking(policy, scaled),
        )
    if scaling.min_capacity == 0:
        _render_way_out_of_zero(scope, scaled, target, scaled.from_zero)


def render_target_tracking(policy: TargetTracking, scaled: Scaled) -> Properties:
    """Write a target tracking configuration."""
    properties: Properties = {"targetValue": policy.target}
    if METRICS[policy.metric].predefined:
        properties["predefinedMetricSpecification"] = {"predefinedMetricType": policy.metric}
    else:
        properties["customizedMetricSpecification"] = {
            "namespace": "AWS/SageMaker",
            "metricName": policy.metric,
            "dimensions": [{"name": name, "value": value} for name, value in scaled.dimensions.items()],
            "statistic": "Average",
        }
    for name, time in (("scaleInCooldown", policy.scale_in_cooldown), ("scaleOutCooldown", policy.scale_out_cooldown)):
        if time is not None:
            properties[name] = seconds(time)
    if not policy.scale_in:
        properties["disableScaleIn"] = True
    return properties


def render_scheduled(action: ScheduledCapacity) -> Properties:
    """Write a scheduled action, named by its schedule."""
    capacity = {"minCapacity": action.min_capacity, "maxCapacity": action.max_capacity}
    properties: Properties = {
        "scheduledActionName": scheduled_action_name(action),
        "schedule": action.schedule,
        "scalableTargetAction": {name: value for name, value in capacity.items() if value is not None},
    }
    if action.start is not None:
        properties["startTime"] = action.start
    if action.end is not None:
        properties["endTime"] = action.end
    if action.time_zone is not None:
        properties["timezone"] = action.time_zone
    return properties


def scheduled_action_name(action: ScheduledCapacity) -> str:
    """Name a scheduled action by its schedule, without the characters that a name cannot have."""
    return re.sub(r"[:/|]", "-", f"{action.schedule} {action.time_zone or 'UTC'}")


def _render_way_out_of_zero(scope: Construct, scaled: Scaled, target: str, source: str) -> None:
    """Make the alarm of requests that find no capacity, and the policy that it lets add the first.

    Target tracking alone does not see what happens at zero. AWS: "Autoscale an asynchronous endpoint" and "Scale an
    endpoint to zero instances", SageMaker developer guide.
    """
    step = limit("async", "scale_from_zero_step_policy")
    policy = autoscaling.CfnScalingPolicy(
        scope,
        f"Scaling-{scaled.name}-FromZero",
        policy_name="FromZero",
        policy_type="StepScaling",
        scaling_target_id=target,
        step_scaling_policy_configuration={
            "adjustmentType": step["AdjustmentType"],
            "metricAggregationType": step["MetricAggregationType"],
            "cooldown": step["Cooldown"],
            "stepAdjustments": [
                {
                    "metricIntervalLowerBound": each["MetricIntervalLowerBound"],
                    "scalingAdjustment": each["ScalingAdjustment"],
                }
                for each in step["StepAdjustments"]
            ],
        },
    )
    area, key = source.split("/")
    alarm = limit(area, key)
    cloudwatch.CfnAlarm(
        scope,
        f"Scaling-{scaled.name}-FromZeroAlarm",
        namespace=alarm["Namespace"],
        metric_name=alarm["MetricName"],
        dimensions=[{"name": name, "value": value} for name, value in scaled.dimensions.items()],
        statistic=alarm["Statistic"],
        period=alarm["Period"],
        evaluation_periods=alarm["EvaluationPeriods"],
        datapoints_to_alarm=alarm.get("DatapointsToAlarm"),
        threshold=alarm["Threshold"],
        comparison_operator=alarm["ComparisonOperator"],
        treat_missing_data=alarm.get("TreatMissingData"),
        alarm_actions=[policy.ref],
    )
