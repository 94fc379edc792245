"""Scalable targets, their policies and schedules, and what leads out of zero capacity."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from aws_cdk import aws_applicationautoscaling as autoscaling
from aws_cdk import aws_cloudwatch as cloudwatch

from sm_constructs.durations import seconds
from sm_constructs.endpoints.step_scaling import policy_id, render_step_scaling, written
from sm_constructs.facts import limit
from sm_constructs.l1 import make
from sm_constructs.scaling import FROM_ZERO
from sm_constructs.scaling_metrics import METRICS, CustomMetric, times, units_of
from sm_constructs.step_scaling import StepScaling

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import CfnResource
    from constructs import Construct

    from sm_constructs.binding import Properties
    from sm_constructs.instances import Instances
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
    instances : Instances | None
        What it runs on, if it is a variant on instances.
    after : CfnResource | None
        What the scalable target waits for, where its `resource_id` does not refer to it.
    """

    name: str
    resource_id: str
    dimension: str
    dimensions: Mapping[str, str]
    from_zero: str
    instances: Instances | None = None
    after: CfnResource | None = None


@dataclass(frozen=True, slots=True)
class Followed:
    """A metric that a policy follows.

    Attributes
    ----------
    custom : CustomMetric | None
        It, in CloudWatch; ``None`` for a predefined one.
    times : int
        How often a value of the policy goes into one of the metric: the number of vCPUs or GPUs it is the sum over.
    """

    custom: CustomMetric | None
    times: int


def followed(metric: CustomMetric | str, scaled: Scaled) -> Followed:
    """Find the metric of a policy."""
    if isinstance(metric, CustomMetric):
        return Followed(metric, 1)
    known = METRICS[scaled.dimension, metric]
    if known.published is None:
        return Followed(None, 1)
    custom = known.custom({**scaled.dimensions, "VariantName": scaled.name})
    # The rules saw to it that the number is known.
    return Followed(custom, cast("int", units_of(known, scaled.instances)))


def render_scaling(scope: Construct, scaled: Scaled, scaling: Scaling) -> None:
    """Make a scalable target with its schedule, its policies, and the way out of zero where the range begins there."""
    # It refers to the endpoint, so that it is deleted first: a variant must be deregistered before it goes.
    scalable = make(
        autoscaling.CfnScalableTarget,
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
        scalable.add_resource_dependency(scaled.after)
    target = scalable.ref
    for policy in scaling.policies:
        if isinstance(policy, StepScaling):
            metric = followed(policy.follows, scaled)
            # The rules saw to it that it is one in CloudWatch.
            render_step_scaling(
                scope, f"Scaling-{scaled.name}", policy, target, cast("CustomMetric", metric.custom), metric.times
            )
            continue
        (name,) = policy.policy_names
        make(
            autoscaling.CfnScalingPolicy,
            scope,
            policy_id(f"Scaling-{scaled.name}", name),
            policy_name=name,
            policy_type="TargetTrackingScaling",
            scaling_target_id=target,
            target_tracking_scaling_policy_configuration=render_target_tracking(
                policy, followed(policy.metric, scaled)
            ),
        )
    if scaling.min_capacity == 0:
        _render_way_out_of_zero(scope, scaled, target, scaled.from_zero)


def render_target_tracking(policy: TargetTracking, metric: Followed) -> Properties:
    """Write a target tracking configuration."""
    properties: Properties = {"targetValue": times(policy.target, metric.times)}
    if metric.custom is None:
        properties["predefinedMetricSpecification"] = {"predefinedMetricType": policy.metric}
    else:
        specification: Properties = {"namespace": metric.custom.namespace, "metricName": metric.custom.name}
        if metric.custom.dimensions:
            specification["dimensions"] = written(metric.custom.dimensions)
        specification["statistic"] = metric.custom.statistic
        if metric.custom.unit is not None:
            specification["unit"] = metric.custom.unit
        properties["customizedMetricSpecification"] = specification
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
    policy = make(
        autoscaling.CfnScalingPolicy,
        scope,
        f"Scaling-{scaled.name}-{FROM_ZERO}",
        policy_name=FROM_ZERO,
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
    make(
        cloudwatch.CfnAlarm,
        scope,
        f"Scaling-{scaled.name}-{FROM_ZERO}Alarm",
        namespace=alarm["Namespace"],
        metric_name=alarm["MetricName"],
        dimensions=written(scaled.dimensions),
        statistic=alarm["Statistic"],
        period=alarm["Period"],
        evaluation_periods=alarm["EvaluationPeriods"],
        datapoints_to_alarm=alarm.get("DatapointsToAlarm"),
        threshold=alarm["Threshold"],
        comparison_operator=alarm["ComparisonOperator"],
        treat_missing_data=alarm.get("TreatMissingData"),
        alarm_actions=[policy.ref],
    )
