"""Rollouts, as endpoints and inference components take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sm_constructs.durations import seconds
from sm_constructs.permissions import Needs

if TYPE_CHECKING:
    from sm_constructs.binding import Properties, Site
    from sm_constructs.rollout import Rollout

_TYPES = {"all-at-once": "ALL_AT_ONCE", "canary": "CANARY", "linear": "LINEAR"}
_UNITS = {"percent": "CAPACITY_PERCENT", "instances": "INSTANCE_COUNT", "copies": "COPY_COUNT"}


def render_rollout(rollout: Rollout) -> Properties:
    """Write a deployment configuration."""
    if rollout.strategy == "rolling":
        policy: Properties = {"maximumBatchSize": _size(rollout), "waitIntervalInSeconds": seconds(rollout.wait)}
        if rollout.rollback is not None:
            policy["rollbackMaximumBatchSize"] = _size(rollout) | {"value": rollout.rollback}
    else:
        # The API asks for the wait also where there is but one step; CloudFormation's schema does not say so.
        wait = 0 if rollout.wait is None else seconds(rollout.wait)
        routing: Properties = {"type": _TYPES[rollout.strategy], "waitIntervalInSeconds": wait}
        if rollout.strategy != "all-at-once":
            routing["canarySize" if rollout.strategy == "canary" else "linearStepSize"] = _size(rollout)
        policy = {"trafficRoutingConfiguration": routing}
        if rollout.termination_wait is not None:
            policy["terminationWaitInSeconds"] = seconds(rollout.termination_wait)
    if rollout.maximum_duration is not None:
        policy["maximumExecutionTimeoutInSeconds"] = seconds(rollout.maximum_duration)
    properties: Properties = {
        "rollingUpdatePolicy" if rollout.strategy == "rolling" else "blueGreenUpdatePolicy": policy
    }
    if rollout.alarms:
        names = (alarm if isinstance(alarm, str) else alarm.alarm_name for alarm in rollout.alarms)
        properties["autoRollbackConfiguration"] = {"alarms": [{"alarmName": name} for name in names]}
    return properties


def _size(rollout: Rollout) -> Properties:
    # The rules saw to it that there is exactly one.
    ((unit, size),) = ((unit, size) for unit in _UNITS if (size := getattr(rollout, unit)) is not None)
    return {"type": _UNITS[unit], "value": size}


def rollout_needs(rollout: Rollout | None, site: Site) -> Needs:
    """Say what the execution role needs to watch the alarms."""
    alarms = () if rollout is None else rollout.alarms
    return Needs(
        alarms=tuple(
            site.arns.of("cloudwatch", f"alarm:{alarm}") if isinstance(alarm, str) else alarm.alarm_arn
            for alarm in alarms
        )
    )
