"""Scalable targets with their policies and schedules, and what leads out of zero capacity."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sm_constructs.facts import limit
from sm_constructs.instances import Instances
from sm_constructs.reading.intrinsics import text_of
from sm_constructs.reading.nodes import Found, Node, Table, made, nothing, several
from sm_constructs.reading.resources import ALARM, COMPONENT, CONFIG, ENDPOINT, POLICY, TARGET
from sm_constructs.reading.step_scaling import merged, read_steps
from sm_constructs.scaling import (
    COPIES,
    INSTANCES,
    PROVISIONED_CONCURRENCY,
    Scaling,
    ScheduledCapacity,
    TargetTracking,
)
from sm_constructs.scaling_metrics import METRICS, CustomMetric, divided, units_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sm_constructs.reading.resources import Resource, Template
    from sm_constructs.step_scaling import StepScaling

_OF_ANY_ALARM = ("AlarmActions", "AlarmDescription", "AlarmName", "Tags")

_VARIANT = re.compile(r"endpoint/(.+)/variant/(.+)")
_COMPONENT = re.compile(r"inference-component/(.+)")


@dataclass(frozen=True, slots=True)
class _About:
    """What scales: a variant of an endpoint, or an inference component; and what of it."""

    resource: Resource
    variant: str
    dimension: str


class Autoscaling:
    """What scales in a template."""

    def __init__(self, template: Template) -> None:
        self._template = template
        self._targets: dict[str, dict[str, list[Resource]]] = defaultdict(dict)
        self._policies: dict[str, list[Resource]] = defaultdict(list)
        self._alarms: dict[str, list[Resource]] = defaultdict(list)
        self._loose: list[Resource] = []
        by_dimension: dict[object, Resource] = {}
        for target in template.of_type(TARGET):
            if (scaled := self._scaled(target)) is None:
                self._loose.append(target)
            else:
                id, variant = scaled
                self._targets[id].setdefault(variant, []).append(target)
                by_dimension.setdefault((scaled, target["ScalableDimension"].said), target)
        for policy in template.of_type(POLICY):
            its = template.referred(TARGET, policy["ScalingTargetId"].text().value)
            if its is None:
                its = by_dimension.get((self._scaled(policy), policy["ScalableDimension"].text().value))
            if its is not None:
                policy["ServiceNamespace"].says("sagemaker")
                self._policies[its.id].append(policy)
        for alarm in template.of_type(ALARM):
            for action in alarm["AlarmActions"].entries():
                if (policy_there := template.referred(POLICY, action.said)) is not None:
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
        for targets in self._targets.get(scaled.id, {}).values():
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
        targets = self._targets.get(scaled.id, {}).get(variant)
        return self._read(targets[0], scaled, variant, dimension) if targets else nothing(scaled)

    def loose(self) -> Iterator[tuple[Resource, str, Found[Any]]]:
        """Give the targets of hosting that are about nothing in the template, with what scales, and how."""
        for target in self._loose:
            dimension = target["ScalableDimension"].said or ""
            if dimension in (INSTANCES, PROVISIONED_CONCURRENCY, COPIES):
                yield target, dimension, self._read(target, target, "", dimension)

    def _read(self, target: Resource, scaled: Resource, variant: str, dimension: str) -> Found[Any]:
        target["ServiceNamespace"].says("sagemaker")
        target["ScalableDimension"].says(dimension)
        target["RoleARN"].mark()
        low = target["MinCapacity"].number()
        policies = self._policies.get(target.id, [])
        if low.value == 0:
            ways_out = [policy for policy in policies if self._leads_out_of_zero(policy, scaled)]
            policies = [policy for policy in policies if policy not in ways_out]
            if not ways_out:
                # A range from 0 is, in a spec, one with a way out.
                target["MinCapacity"].unmark()
        about = _About(scaled, variant, dimension)
        return made(
            Scaling,
            target,
            min_capacity=low,
            max_capacity=target["MaxCapacity"].number(),
            policies=several(target, merged(self._read_policies(policies, about))),
            schedule=several(
                target["ScheduledActions"],
                [_read_scheduled(action) for action in target["ScheduledActions"].entries()],
            ),
        )

    def _read_policies(
        self, policies: list[Resource], about: _About
    ) -> Iterator[Found[TargetTracking] | Found[StepScaling]]:
        for policy in policies:
            tracking = policy["TargetTrackingScalingPolicyConfiguration"]
            found: Found[TargetTracking] | Found[StepScaling] | None = None
            if tracking and policy["PolicyType"].says("TargetTrackingScaling"):
                found = self._target_tracking(policy, tracking, about)
            elif len(alarms := self._alarms.get(policy.id, [])) == 1:
                metric, count = self._metric(alarms[0], about)
                if metric.value is not None:
                    found = read_steps(policy, alarms[0], metric, count)
            if found is not None:
                yield found

    def _target_tracking(self, policy: Resource, config: Node, about: _About) -> Found[TargetTracking] | None:
        metric, count = self._metric(config["CustomizedMetricSpecification"], about)
        predefined = config["PredefinedMetricSpecification"]["PredefinedMetricType"]
        if predefined:
            metric = predefined.text()
        if metric.value is None:
            return None
        target, name = config["TargetValue"].number(), policy["PolicyName"].text()
        if name.value in TargetTracking(metric.value, 0).policy_names:
            name = Found(None, name)
        return made(
            TargetTracking,
            config,
            (config, _TRACKING),
            metric=metric,
            target=target if target.value is None else Found(divided(target.value, count), target),
            name=name,
        )

    def _metric(self, node: Node, about: _About) -> tuple[Found[str | CustomMetric | None], int]:
        """Give the metric of an alarm or a policy, by its name if it is one of what scales.

        With it comes the number of vCPUs or GPUs that it is the sum over.
        """
        if None in (node["MetricName"].said, node["Namespace"].said):
            return nothing(node), 1
        custom = _read_metric(node)
        for (dimension, name), metric in METRICS.items():
            expected = custom.value.dimensions
            if dimension != about.dimension or set(expected) != set(metric.about):
                continue
            count = units_of(metric, self._instances(about))
            # Without the number of vCPUs or GPUs it stays a metric like any other.
            if custom.value == metric.custom(expected) and count and self._is_of(expected, about):
                return Found(name, node["MetricName"]), count
        return custom, 1

    def _is_of(self, dimensions: Mapping[str, str], about: _About) -> bool:
        """Say whether the dimensions of a metric are those of what scales."""
        named = {name: value for name, value in dimensions.items() if name != "VariantName"}
        return dimensions.get("VariantName", about.variant) == about.variant and all(
            (it := self._template.referred(about.resource.type, value)) is not None and it.id == about.resource.id
            for value in named.values()
        )

    def _instances(self, about: _About) -> Instances | None:
        """Give the instances of what scales, as far as their types."""
        config = self._template.referred(CONFIG, about.resource["EndpointConfigName"].said)
        variants = [] if config is None else config["ProductionVariants"].entries()
        for node in variants:
            if node["VariantName"].said == about.variant:
                places = node["InstancePools"].entries() or [node]
                first, *others = (str(place["InstanceType"].said) for place in places)
                return Instances(first, pools=others)
        return None

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
            self._is_about(alarm, expected, dimension, scaled, more=_OF_ANY_ALARM)
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


def _read_scaling_in(node: Node) -> Found[bool]:
    disabled = node.flag()
    return Found(not disabled.value, disabled)


_TRACKING = Table(
    scale_in_cooldown=("ScaleInCooldown", Node.time),
    scale_out_cooldown=("ScaleOutCooldown", Node.time),
    scale_in=("DisableScaleIn", _read_scaling_in),
)


def _read_metric(node: Node) -> Found[CustomMetric]:
    """Read a metric, of a policy or of an alarm."""
    dimensions = {str(each["Name"].text().value): each["Value"].text() for each in node["Dimensions"].entries()}
    statistic = node["Statistic"].text()
    return made(
        CustomMetric,
        node,
        name=node["MetricName"].text(),
        namespace=node["Namespace"].text(),
        dimensions=Found({name: str(each.value) for name, each in dimensions.items()}, node["Dimensions"], dimensions),
        statistic=node["ExtendedStatistic"].text() if statistic.value is None else statistic,
        unit=node["Unit"].text(),
    )


def _read_scheduled(node: Node) -> Found[ScheduledCapacity]:
    node["ScheduledActionName"].mark()
    capacity = node["ScalableTargetAction"]
    return made(
        ScheduledCapacity,
        node,
        schedule=node["Schedule"].text(),
        min_capacity=capacity["MinCapacity"].number(),
        max_capacity=capacity["MaxCapacity"].number(),
        start=node["StartTime"].moment(),
        end=node["EndTime"].moment(),
        time_zone=node["Timezone"].text(),
    )
