"""Autoscaling: the metrics that policies follow, their targets, and the names of policies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sm_constructs.facts import limit
from sm_constructs.rules.autoscaling import scaled
from sm_constructs.rules.instances import known_types
from sm_constructs.rules.registry import Finding, rule
from sm_constructs.scaling import FROM_ZERO, TargetTracking
from sm_constructs.scaling_metrics import CustomMetric, units_of
from sm_constructs.spec import once_each
from sm_constructs.tokens import is_number, is_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_constructs.rules.autoscaling import Scalable
    from sm_constructs.scaling_metrics import Metric
    from sm_constructs.spec import EndpointSpec
    from sm_constructs.step_scaling import StepScaling

_CPU = "scaling=Scaling(1, 4, policies=[TargetTracking.cpu_utilization(60)])"
_GPU = "scaling=Scaling(1, 4, policies=[TargetTracking.gpu_utilization(60)])"
_QUEUE = 'TargetTracking.on_metric(CustomMetric("Queue", namespace="Shop"), 9)'


@once_each
def followed(spec: EndpointSpec) -> Iterator[tuple[Scalable, str, TargetTracking | StepScaling, CustomMetric | str]]:
    """Give every policy, with what it scales, its place and its metric."""
    for scalable in scaled(spec):
        for index, policy in enumerate(scalable.scaling.policies):
            metric = policy.metric if isinstance(policy, TargetTracking) else policy.follows
            yield scalable, f"{scalable.at}.policies[{index}]", policy, metric


@once_each
def known(spec: EndpointSpec) -> Iterator[tuple[Scalable, str, TargetTracking | StepScaling, Metric]]:
    """Give every policy that follows a metric of what it scales."""
    for scalable, at, policy, name in followed(spec):
        metric = scalable.metric(name) if isinstance(name, str) else None
        if metric is not None:
            yield scalable, at, policy, metric


@rule(
    "SMC614",
    "A use is given in percent, at most 100, of one vCPU or GPU",
    where=known,
    source='"Amazon SageMaker AI metrics in Amazon CloudWatch", SageMaker developer guide',
    facts=["autoscaling/custom_metric_cpu", "autoscaling/utilization_ranges"],
    good=_CPU,
    bad="scaling=Scaling(1, 4, policies=[TargetTracking.cpu_utilization(160)])",
    of_templates=False,
)
def percent(spec: EndpointSpec) -> Iterator[Finding]:
    """Check targets and steps that are in percent."""
    for _, at, policy, metric in known(spec):
        if not metric.percent:
            continue
        what = {"vcpus": "percent of one vCPU", "gpus": "percent of one GPU", None: "percent"}[metric.per]
        if isinstance(policy, TargetTracking):
            values: list[tuple[str, float | None]] = [(f"{at}.target", policy.target)]
        else:
            values = [
                (f"{at}.steps[{index}].{end}", getattr(step, end))
                for index, step in enumerate(policy.steps)
                for end in ("lower", "upper")
            ]
        for place, value in values:
            if is_number(value) and not 0 <= value <= 100:
                yield Finding(place, f"is {value:g}; it is {what}, 0 to 100, whatever the size of the instances")


@rule(
    "SMC615",
    "Percent of one vCPU or GPU need instances of which their number is known, and one number",
    where=known,
    source='"Amazon SageMaker AI metrics in Amazon CloudWatch", SageMaker developer guide',
    facts=["autoscaling/custom_metric_cpu", "autoscaling/utilization_ranges"],
    good=f'instances=Instances("ml.m5.large", pools=["ml.m6i.large"]), {_CPU}',
    bad=f'instances=Instances("ml.m5.large", pools=["ml.m5.xlarge"]), {_CPU}',
)
def units_known(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that targets can be computed."""
    for scalable, at, _, metric in known(spec):
        if units_of(metric, scalable.instances) is None:
            types = ", ".join(scalable.instances.types) if scalable.instances is not None else "unknown types"
            yield Finding(
                f"{at}.metric",
                f"is {metric.published}, which runs to 100 times the number of {metric.per} of the instances, and that "
                f"is not known or not one for {types}; give types of one size that are known at synthesis, or follow "
                "it with on_metric and the target for your instances, computed by you",
            )


@rule(
    "SMC616",
    "The use of GPUs needs GPUs",
    where=known,
    source='"Amazon SageMaker AI metrics in Amazon CloudWatch", SageMaker developer guide',
    facts=["cloudwatch/endpoint_instance_metrics", "cloudwatch/inference_component_metrics"],
    good=f'instances=Instances("ml.g5.xlarge"), {_GPU}',
    bad=f'instances=Instances("ml.m5.large"), {_GPU}',
)
def has_gpus(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that there is something to measure."""
    for scalable, at, _, metric in known(spec):
        types = [] if scalable.instances is None or not metric.gpus else known_types(scalable.instances)
        if names := [kind.name for kind in types if kind.gpus == 0]:
            yield Finding(f"{at}.metric", f"is {metric.published}, which {', '.join(names)} does not have: no GPU")


@rule(
    "SMC617",
    "A metric has a name and a namespace, up to 30 dimensions, and a statistic that target tracking knows",
    where=scaled,
    source="CustomizedMetricSpecification; PutMetricAlarm",
    facts=["autoscaling/custom_metric_statistics", "cloudwatch/metric_identity"],
    good=f"scaling=Scaling(1, 4, policies=[{_QUEUE}])",
    bad='scaling=Scaling(1, 4, policies=[TargetTracking.on_metric(CustomMetric("Wait", namespace="Shop", '
    'statistic="p90"), 9)])',
)
def custom(spec: EndpointSpec) -> Iterator[Finding]:
    """Check metrics that are not of what scales."""
    limits, statistics = limit("cloudwatch", "metric_identity"), limit("autoscaling", "custom_metric_statistics")
    for _, at, policy, metric in followed(spec):
        if not isinstance(metric, CustomMetric):
            continue
        for argument, key in (("name", "MetricName"), ("namespace", "Namespace")):
            value, (low, high) = getattr(metric, argument), limits[key]
            if is_text(value) and (not low <= len(value) <= high or value.startswith(":")):
                yield Finding(
                    f"{at}.metric.{argument}",
                    f"is {value!r}; it has {low} to {high} characters and does not begin with a colon",
                )
        most = limits["Dimensions"][1]
        if len(metric.dimensions) > most:
            yield Finding(f"{at}.metric.dimensions", f"are {len(metric.dimensions)}; a metric has up to {most}")
        if isinstance(policy, TargetTracking) and is_text(metric.statistic) and metric.statistic not in statistics:
            yield Finding(
                f"{at}.metric.statistic",
                f"is {metric.statistic!r}; target tracking knows {', '.join(statistics)}; step scaling knows more",
            )


@rule(
    "SMC618",
    "Each policy of a variant has a name of its own",
    where=scaled,
    source="PutScalingPolicy: PolicyName",
    facts=["autoscaling/policy_name"],
    good=f'scaling=Scaling(1, 4, policies=[{_QUEUE}, TargetTracking.on_metric(CustomMetric("Queue", namespace="Bank"), '
    '9, name="BankQueue")])',
    bad=f'scaling=Scaling(1, 4, policies=[{_QUEUE}, TargetTracking.on_metric(CustomMetric("Queue", namespace="Bank"), '
    "9)])",
)
def names(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the names of policies; those that lead out of zero capacity have theirs too."""
    limits = limit("autoscaling", "policy_name")
    for scalable in scaled(spec):
        taken = {FROM_ZERO} if scalable.scaling.min_capacity == 0 else set()
        for index, policy in enumerate(scalable.scaling.policies):
            at = f"{scalable.at}.policies[{index}]"
            for name in policy.policy_names:
                if not is_text(name):
                    continue
                # A construct id cannot have a slash, so that it does not tell two names apart.
                plain = name.replace("/", "-")
                if plain in taken:
                    yield Finding(at, f"has the name {name!r}, as another policy has; give it another with name=…")
                taken.add(plain)
                if not limits["min"] <= len(name) <= limits["max"] or re.search(r"[^\x20-\x7e]", name):
                    yield Finding(
                        f"{at}.name",
                        f"makes the name {name!r}; it has {limits['min']} to {limits['max']} printable characters",
                    )


@rule(
    "SMC619",
    "What scales has up to 50 policies and 200 schedules",
    where=scaled,
    source='"Quotas for Application Auto Scaling", Application Auto Scaling user guide',
    facts=["autoscaling/policies_per_target", "autoscaling/scheduled_actions_per_target"],
    good='scaling=Scaling(1, 4, schedule=[ScheduledCapacity(f"rate({n} hours)", min_capacity=2) '
    "for n in range(2, 202)])",
    bad='scaling=Scaling(1, 4, schedule=[ScheduledCapacity(f"rate({n} hours)", min_capacity=2) '
    "for n in range(2, 203)])",
)
def quotas(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the numbers of policies and schedules."""
    for scalable in scaled(spec):
        count = sum(len(policy.policy_names) for policy in scalable.scaling.policies)
        count += scalable.scaling.min_capacity == 0
        most = limit("autoscaling", "policies_per_target")
        if count > most:
            yield Finding(f"{scalable.at}.policies", f"make {count}; there are up to {most}")
        count, most = len(scalable.scaling.schedule), limit("autoscaling", "scheduled_actions_per_target")
        if count > most:
            yield Finding(f"{scalable.at}.schedule", f"has {count} entries; there are up to {most}")
