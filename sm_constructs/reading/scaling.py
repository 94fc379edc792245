"""Scalable targets with their policies and schedules, and what leads out of zero capacity."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sm_constructs.facts import limit
from sm_constructs.reading.intrinsics import text_of
from sm_constructs.reading.nodes import Found, made, nothing, several
from sm_constructs.reading.resources import ALARM, COMPONENT, ENDPOINT, POLICY, TARGET
from sm_constructs.scaling import METRICS, Scaling, ScheduledCapacity, TargetTracking

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_constructs.reading.nodes import Node
    from sm_constructs.reading.resources import Resource, Template

_OF_ANY_ALARM = ("AlarmActions", "AlarmDescription", "AlarmName", "Tags")

_VARIANT = re.compile(r"endpoint/(.+)/variant/(.+)")
_COMPONENT = re.compile(r"inference-component/(.+)")


class Autoscaling:
    """What scales in a template."""

    def __init__(self, template: Template) -> None:
        self._template = template
        self._targets: dict[tuple[str, str], list[Resource]] = defaultdict(list)
        self._policies: dict[str, list[Resource]] = defaultdict(list)
        self._alarms: dict[str, list[Resource]] = defaultdict(list)
        by_dimension: dict[object, Resource] = {}
        for target in template.of_type(TARGET):
            if (scaled := self._scaled(target)) is not None:
                self._targets[scaled].append(target)
                by_dimension.setdefault((scaled, text_of(target["ScalableDimension"].value)), target)
        for policy in template.of_type(POLICY):
            its = template.referred(TARGET, policy["ScalingTargetId"].text().value)
            if its is None:
                its = by_dimension.get((self._scaled(policy), policy["ScalableDimension"].text().value))
            if its is not None:
                policy["ServiceNamespace"].says("sagemaker")
                self._policies[its.id].append(policy)
        for alarm in template.of_type(ALARM):
            for action in alarm["AlarmActions"].entries():
                if (policy_there := template.referred(POLICY, text_of(action.value))) is not None:
                    self._alarms[policy_there.id].append(alarm)

    def _scaled(self, resource: Resource) -> tuple[str, str] | None:
        """Say what a target or a policy is about: an endpoint and its variant, or an inference component."""
        text = resource["ResourceId"].text().value or ""
        if (match := _VARIANT.fullmatch(text)) is not None:
            endpoint = self._template.referred(ENDPOINT, match[1])
            return None if endpoint is None else (endpoint.id, match[2])
        if (match := _COMPONENT.fullmatch(text)) is not None:
            component = self._template.referred(COMPONENT, match[1])
            return None if component is None else (component.id, "")
        return None

    def resources(self, scaled: Resource) -> Iterator[Resource]:
        """Give what there is about an endpoint or an inference component."""
        for (id, _), targets in self._targets.items():
            if id == scaled.id:
                for target in targets:
                    yield target
                    yield from self._policies.get(target.id, ())

    def read(self, scaled: Resource, variant: str, dimension: str) -> Found[Any]:
        """Read how a variant of an endpoint, or an inference component, scales.

        Parameters
        ----------
        scaled : Resource
            The endpoint or the component.
        variant : str
            The name of the variant; empty for a component.
        dimension : str
            What of it scales.
        """
        targets = self._targets.get((scaled.id, variant))
        if not targets:
            return nothing(scaled.properties)
        target = targets[0]
        target["ServiceNamespace"].says("sagemaker")
        target["ScalableDimension"].says(dimension)
        target["RoleARN"].mark()
        low = target["MinCapacity"].number()
        policies = self._policies.get(target.id, [])
        if low.value == 0 and not any(self._leads_out_of_zero(policy, scaled) for policy in policies):
            # A range from 0 is, in a spec, one with a way out.
            target["MinCapacity"].unmark()
        return made(
            Scaling,
            target.properties.path,
            min_capacity=low,
            max_capacity=target["MaxCapacity"].number(),
            policies=several(target.properties.path, self._target_tracking(policies, scaled)),
            schedule=several(
                target["ScheduledActions"].path,
                [_read_scheduled(action) for action in target["ScheduledActions"].entries()],
            ),
        )

    def _target_tracking(self, policies: list[Resource], scaled: Resource) -> Iterator[Found[TargetTracking]]:
        for policy in policies:
            config = policy["TargetTrackingScalingPolicyConfiguration"]
            if not policy["PolicyType"].says("TargetTrackingScaling") or not config:
                continue
            policy["PolicyName"].mark()
            metric = self._metric(config, scaled)
            if metric.value is None:
                continue
            disabled = config["DisableScaleIn"].flag()
            yield made(
                TargetTracking,
                config.path,
                metric=metric,
                target=config["TargetValue"].number(),
                scale_in_cooldown=config["ScaleInCooldown"].time(),
                scale_out_cooldown=config["ScaleOutCooldown"].time(),
                scale_in=Found(not disabled.value, disabled.path),
            )

    def _metric(self, config: Node, scaled: Resource) -> Found[str | None]:
        """Give the metric of a policy; of others than predefined ones only those that a spec can tell."""
        predefined = config["PredefinedMetricSpecification"]["PredefinedMetricType"]
        custom = config["CustomizedMetricSpecification"]
        if not custom:
            return predefined.text()
        name = text_of(custom["MetricName"].value)
        known = METRICS.get(name or "")
        expected = {"MetricName": name, "Namespace": "AWS/SageMaker", "Statistic": "Average"}
        if known is None or known.predefined or not self._is_about(custom, expected, "EndpointName", scaled):
            return Found(None, custom.path)
        custom.mark()
        return Found(name, custom["MetricName"].path)

    def _leads_out_of_zero(self, policy: Resource, scaled: Resource) -> bool:
        """Say whether a policy adds the first capacity, and an alarm of requests that find none lets it do so."""
        configuration = policy["StepScalingPolicyConfiguration"]
        if configuration.value != limit("async", "scale_from_zero_step_policy"):
            return False
        area, key = ("autoscaling", "ic_scale_from_zero_alarm")
        if scaled.type == ENDPOINT:
            area, key = ("async", "scale_from_zero_alarm")
        expected = dict(limit(area, key))
        (dimension,) = expected.pop("Dimensions")
        if not any(
            self._is_about(alarm.properties, expected, dimension, scaled, more=_OF_ANY_ALARM)
            for alarm in self._alarms.get(policy.id, ())
        ):
            return False
        for name in ("PolicyName", "PolicyType", "StepScalingPolicyConfiguration"):
            policy[name].mark()
        return True

    def _is_about(
        self, metric: Node, expected: dict[str, Any], dimension: str, scaled: Resource, more: tuple[str, ...] = ()
    ) -> bool:
        """Say whether a metric or an alarm is as expected, and about what scales."""
        if not isinstance(metric.value, dict) or set(metric.value) - set(more) != {*expected, "Dimensions"}:
            return False
        match metric.value["Dimensions"]:
            case [{"Name": name, "Value": value}] if name == dimension:
                about = self._template.referred(scaled.type, text_of(value))
            case _:
                return False
        return about is not None and about.id == scaled.id and expected.items() <= metric.value.items()


def _read_scheduled(node: Node) -> Found[ScheduledCapacity]:
    node["ScheduledActionName"].mark()
    capacity = node["ScalableTargetAction"]
    return made(
        ScheduledCapacity,
        node.path,
        schedule=node["Schedule"].text(),
        min_capacity=capacity["MinCapacity"].number(),
        max_capacity=capacity["MaxCapacity"].number(),
        start=node["StartTime"].moment(),
        end=node["EndTime"].moment(),
        time_zone=node["Timezone"].text(),
    )
