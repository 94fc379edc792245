"""Rollouts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sm_constructs.reading.nodes import Found, made, nothing, several
from sm_constructs.rollout import Rollout

if TYPE_CHECKING:
    from sm_constructs.reading.nodes import Node

_UNITS = {"CAPACITY_PERCENT": "percent", "INSTANCE_COUNT": "instances", "COPY_COUNT": "copies"}
_STEPPING = {"CANARY": ("canary", "CanarySize", "bake"), "LINEAR": ("linear", "LinearStepSize", "interval")}


def read_rollout(node: Node) -> Found[Rollout | None]:
    """Read a deployment configuration."""
    if not node:
        return nothing(node)
    blue_green, rolling = node["BlueGreenUpdatePolicy"], node["RollingUpdatePolicy"]
    routing = blue_green["TrafficRoutingConfiguration"]
    policy = rolling or blue_green
    parts: dict[str, Found[Any]]
    if rolling:
        parts = {"bake": rolling["WaitIntervalInSeconds"].time(), **_read_batches(rolling)}
        strategy = "rolling"
    elif (kind := routing["Type"].text()).value in _STEPPING:
        strategy, size, wait = _STEPPING[kind.value]
        parts = {wait: routing["WaitIntervalInSeconds"].time(), **_read_size(routing[size])}
    elif kind.value == "ALL_AT_ONCE":
        strategy, parts = "all-at-once", {}
        if not routing["WaitIntervalInSeconds"].says("0"):
            parts = {"bake": routing["WaitIntervalInSeconds"].time()}
    else:
        routing.unmark()
        return Found(None, node)
    alarms = [alarm["AlarmName"].text() for alarm in node["AutoRollbackConfiguration"]["Alarms"].entries()]
    return made(
        Rollout,
        node,
        strategy=Found(strategy, policy),
        **parts,
        alarms=several(
            node["AutoRollbackConfiguration"]["Alarms"], [alarm for alarm in alarms if alarm.value is not None]
        ),
        termination_wait=blue_green["TerminationWaitInSeconds"].time() if not rolling else nothing(rolling),
        maximum_duration=policy["MaximumExecutionTimeoutInSeconds"].time(),
    )


def _read_size(node: Node) -> dict[str, Found[Any]]:
    """Read how large a step is, under the name of its unit."""
    unit = _UNITS.get(str(node["Type"].value))
    if unit is None:
        return {}
    node["Type"].mark()
    return {unit: node["Value"].number()}


def _read_batches(rolling: Node) -> dict[str, Found[Any]]:
    batch, back = rolling["MaximumBatchSize"], rolling["RollbackMaximumBatchSize"]
    parts = _read_size(batch)
    # A spec can tell only of a way back in the same unit.
    if back["Type"].value == batch["Type"].value and parts:
        (parts["rollback"],) = _read_size(back).values()
    return parts
