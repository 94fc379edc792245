"""Rollouts: the sizes of their steps, their waits and their alarms."""

from __future__ import annotations

import math
from operator import attrgetter
from typing import TYPE_CHECKING

from sm_constructs.durations import seconds
from sm_constructs.facts import limit
from sm_constructs.rules.instances import known_types
from sm_constructs.rules.registry import Finding, outside, rule
from sm_constructs.spec import once_each
from sm_constructs.tokens import is_number, is_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_constructs.rollout import Rollout
    from sm_constructs.scaling import Scaling
    from sm_constructs.spec import EndpointSpec

_rollout = attrgetter("rollout")

_TRACKING = "policies=[TargetTracking.invocations_per_instance(70)]"
_MINUTE = "bake=timedelta(minutes=1)"
_LLAMA = 'components=[InferenceComponent("llama", container=Container(image), memory_mb=1024, copies={}, rollout={})]'
# What instances need at least to start, in seconds.
_TO_START = 120
_UNITS = ("percent", "instances", "copies")


@once_each
def placed(spec: EndpointSpec) -> Iterator[tuple[str, Rollout]]:
    """Give the rollouts of the endpoint and of its components, with their places."""
    if spec.rollout is not None:
        yield "rollout", spec.rollout
    for index, component in enumerate(spec.components):
        if component.rollout is not None:
            yield f"components[{index}].rollout", component.rollout


def _counts(spec: EndpointSpec, at: str, rollout: Rollout) -> Iterator[tuple[str, int | None, float, float]]:
    """Give what a rollout is a part of: the argument, its value, and the range of the number of all."""
    if at == "rollout":
        for variant in spec.variants:
            if variant.instances is not None:
                yield "instances", rollout.instances, *_range(variant.instances.count, variant.scaling)
    for index, component in enumerate(spec.components):
        if at == f"components[{index}].rollout":
            yield "copies", rollout.copies, *_range(component.copies, component.scaling)


def _range(count: float, scaling: Scaling | None) -> tuple[float, float]:
    ends = [count] if scaling is None else [count, scaling.min_capacity, scaling.max_capacity]
    known = [end for end in ends if is_number(end)]
    return (0, math.inf) if len(known) < len(ends) else (min(known), max(known))


def share(rollout: Rollout) -> tuple[int, int]:
    """Give between which shares of all, in percent, a step of a rollout lies."""
    match rollout.strategy:
        case "canary":
            return 1, limit("guardrails", "canary_size_max_pct")
        case "linear":
            low, high = limit("guardrails", "linear_step_pct")
        case _:
            low, high = limit("guardrails", "rolling_batch_pct")
    return low, high


@rule(
    "SMC701",
    "A rollout in steps says how large a step is, in one way",
    where=placed,
    source="TrafficRoutingConfig.CanarySize, LinearStepSize; RollingUpdatePolicy.MaximumBatchSize",
    facts=[
        "guardrails/capacity_size",
        "guardrails/canary_needs_canary_size",
        "guardrails/rolling_required",
        "guardrails/traffic_routing_types",
        "guardrails/one_policy_only",
    ],
    good=f"rollout=Rollout.canary(percent=10, {_MINUTE})",
    bad=f"rollout=Rollout.canary({_MINUTE})",
)
def one_size(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that there is one size, of what there is there."""
    for at, rollout in placed(spec):
        given = [unit for unit in _UNITS if getattr(rollout, unit) is not None]
        if rollout.strategy == "all-at-once":
            continue
        units = ("percent", "instances" if at == "rollout" else "copies")
        for unit in given:
            if unit not in units:
                yield Finding(f"{at}.{unit}", f"is given; here the size of a step is {' or '.join(units)}")
        if len(given) != 1:
            said = " and ".join(given) or "none"
            yield Finding(f"{at}.percent", f"or {units[1]} is needed, and only one of them; there is {said}")


@rule(
    "SMC702",
    "A canary is 1 to 50 %, a linear step 10 to 50 %, a rolling batch 5 to 50 %, a batch on the way back up to 100 %",
    where=placed,
    source="TrafficRoutingConfig.CanarySize, LinearStepSize; RollingUpdatePolicy.MaximumBatchSize",
    facts=[
        "guardrails/canary_size_max_pct",
        "guardrails/linear_step_pct",
        "guardrails/rolling_batch_pct",
        "guardrails/rollback_batch_pct",
        "guardrails/rollback_batch",
        "inference_component/rolling_batch_pct",
    ],
    good="rollout=Rollout.linear(percent=10, interval=timedelta(minutes=1))",
    bad="rollout=Rollout.linear(percent=9, interval=timedelta(minutes=1))",
)
def percentages(spec: EndpointSpec) -> Iterator[Finding]:
    """Check sizes in percent."""
    for at, rollout in placed(spec):
        low, high = share(rollout)
        yield from _outside(f"{at}.percent", rollout.percent, low, high)
        if rollout.percent is not None:
            yield from _outside(f"{at}.rollback", rollout.rollback, *limit("guardrails", "rollback_batch_pct"))


def _outside(at: str, value: object, low: float, high: float) -> Iterator[Finding]:
    if is_number(value) and (not low <= value <= high or value != int(value)):
        yield Finding(at, f"is {value:g}; it is {low} to {high} %, a whole number")


@rule(
    "SMC703",
    "A step of so many instances or copies is as large a part of all as a step may be",
    where=placed,
    source="TrafficRoutingConfig.CanarySize, LinearStepSize; RollingUpdatePolicy.MaximumBatchSize",
    facts=[
        "guardrails/capacity_size",
        "guardrails/canary_size_max_pct",
        "guardrails/linear_step_pct",
        "guardrails/rolling_batch_pct",
        "inference_component/rolling_batch_pct",
    ],
    good=f'instances=Instances("ml.m5.large", count=2), rollout=Rollout.canary(instances=1, {_MINUTE})',
    bad=f'instances=Instances("ml.m5.large", count=1), rollout=Rollout.canary(instances=1, {_MINUTE})',
)
def counts(spec: EndpointSpec) -> Iterator[Finding]:
    """Check sizes in instances or copies; with scaling, that there is a number for which they are right."""
    for at, rollout in placed(spec):
        low, high = share(rollout)
        least = limit("guardrails", "capacity_size")["Value_min"]
        for argument, size, fewest, most in _counts(spec, at, rollout):
            for name, value in ((argument, size), ("rollback", rollout.rollback)):
                if is_number(value) and (value < least or value != int(value)):
                    yield Finding(f"{at}.{name}", f"is {value:g}; it is a whole number, {least} or more")
            if not is_number(size) or size < least:
                continue
            if rollout.strategy == "rolling" and size == most == least:
                continue  # a batch is no smaller than one; what AWS makes of all there is, it does not say
            of = f"{most:g}" if fewest == most else f"{fewest:g} to {most:g}"
            if size > most * high / 100 or size < fewest * low / 100:
                yield Finding(f"{at}.{argument}", f"is {size:g} of {of}; a step is {low} to {high} % of all")


@rule(
    "SMC714",
    "A step of so many instances or copies is small enough for the fewest that scaling leaves",
    severity="warning",
    where=placed,
    source="TrafficRoutingConfig.CanarySize, LinearStepSize; RollingUpdatePolicy.MaximumBatchSize",
    facts=["guardrails/canary_size_max_pct", "guardrails/linear_step_pct", "guardrails/rolling_batch_pct"],
    good=f'instances=Instances("ml.m5.large", count=4), scaling=Scaling(4, 8, {_TRACKING}), '
    f"rollout=Rollout.canary(instances=2, {_MINUTE})",
    bad=f'instances=Instances("ml.m5.large", count=4), scaling=Scaling(2, 8, {_TRACKING}), '
    f"rollout=Rollout.canary(instances=2, {_MINUTE})",
)
def counts_of_few(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn of sizes that are right only while there are many."""
    for at, rollout in placed(spec):
        high = share(rollout)[1]
        for argument, size, fewest, most in _counts(spec, at, rollout):
            if is_number(size) and 1 < size <= most * high / 100 and size > fewest * high / 100 > 0:
                yield Finding(
                    f"{at}.{argument}", f"is {size:g}; when there are {fewest:g}, a step is {high} % of them at most"
                )


@rule(
    "SMC704",
    "A rollout waits up to an hour, and gives up after 10 minutes to 8 hours",
    where=placed,
    source="TrafficRoutingConfig.WaitIntervalInSeconds, BlueGreenUpdatePolicy, RollingUpdatePolicy",
    facts=["guardrails/wait_interval", "guardrails/termination_wait", "guardrails/max_execution_timeout"],
    good="rollout=Rollout.all_at_once(termination_wait=timedelta(hours=1))",
    bad="rollout=Rollout.all_at_once(termination_wait=timedelta(hours=2))",
)
def times(spec: EndpointSpec) -> Iterator[Finding]:
    """Check waits and the maximum duration."""
    for at, rollout in placed(spec):
        for argument, time, key in (
            (rollout.wait_name, rollout.wait, "wait_interval"),
            ("termination_wait", rollout.termination_wait, "termination_wait"),
            ("maximum_duration", rollout.maximum_duration, "max_execution_timeout"),
        ):
            yield from outside(f"{at}.{argument}", seconds(time), "guardrails", key, unit="seconds")


def waiting(rollout: Rollout, fewest: float) -> float | None:
    """Give how long a rollout waits in all, in seconds; at least, and as far as it is known."""
    wait, end = (seconds(time) or 0 for time in (rollout.wait, rollout.termination_wait))
    size = rollout.percent if rollout.percent is not None else rollout.instances or rollout.copies
    whole = 100 if rollout.percent is not None else fewest
    if not is_number(wait) or not is_number(end) or (size is not None and (not is_number(size) or size <= 0)):
        return None
    # After the last step of a linear rollout comes the termination wait; each batch of a rolling one is baked.
    steps = 0 if size is None else math.ceil(whole / size)
    waits = {"canary": 1, "linear": max(steps - 1, 0), "rolling": steps}.get(rollout.strategy, 0)
    return waits * wait + end


@rule(
    "SMC705",
    "A rollout lasts longer than it waits",
    where=placed,
    source="BlueGreenUpdatePolicy.MaximumExecutionTimeoutInSeconds",
    facts=["guardrails/timeout_gt_waits"],
    good="rollout=Rollout.linear(percent=50, interval=timedelta(minutes=30), maximum_duration=timedelta(hours=2))",
    bad="rollout=Rollout.linear(percent=10, interval=timedelta(minutes=30), maximum_duration=timedelta(hours=2))",
)
def lasts(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that a rollout can come to its end."""
    for at, rollout in placed(spec):
        most = seconds(rollout.maximum_duration)
        fewest = max((fewest for _, _, fewest, _ in _counts(spec, at, rollout)), default=0)
        waits = waiting(rollout, fewest)
        if waits is not None and is_number(most) and most <= waits:
            yield Finding(
                f"{at}.maximum_duration", f"is {most:g} seconds, and the waits alone are {waits:g}; it is more"
            )


@rule(
    "SMC706",
    "A rollout watches up to 10 alarms, each by a name of 1 to 255 characters",
    where=placed,
    source="AutoRollbackConfig.Alarms",
    facts=["guardrails/alarms", "guardrails/alarm_name"],
    good='rollout=Rollout.all_at_once(alarms=["errors"])',
    bad='rollout=Rollout.all_at_once(alarms=[f"errors-{number}" for number in range(11)])',
)
def alarms(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the alarms."""
    most = limit("guardrails", "alarms")[1]
    least, longest = limit("guardrails", "alarm_name")
    for at, rollout in placed(spec):
        if len(rollout.alarms) > most:
            yield Finding(f"{at}.alarms", f"has {len(rollout.alarms)} entries; there are at most {most}")
        for index, alarm in enumerate(rollout.alarms):
            if is_text(alarm) and (not alarm.strip() or not least <= len(alarm) <= longest):
                yield Finding(f"{at}.alarms[{index}]", f"is {alarm!r}; a name has {least} to {longest} characters")


@rule(
    "SMC707",
    "Serverless endpoints have no rollout",
    where=_rollout,
    source='"Deployment guardrails", SageMaker developer guide: only real-time and asynchronous endpoints',
    facts=["guardrails/endpoint_types", "guardrails/rolling_exclusions"],
    good="rollout=Rollout.all_at_once()",
    bad='kind="serverless", serverless=Serverless(memory_mb=2048, max_concurrency=5), rollout=Rollout.all_at_once()',
)
def kinds(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that the kind of the endpoint has rollouts."""
    if spec.rollout is not None and spec.kind == "serverless":
        yield Finding("rollout", "is given; a serverless endpoint has no instances to go through, so leave it out")


@rule(
    "SMC708",
    "A rolling rollout is for one variant",
    where=_rollout,
    source='"Exclusions", deployment guardrails, SageMaker developer guide',
    facts=["guardrails/rolling_exclusions"],
    good=f"rollout=Rollout.rolling(percent=25, {_MINUTE})",
    bad=f'variant_names=["a", "b"], rollout=Rollout.rolling(percent=25, {_MINUTE})',
)
def rolling_one_variant(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that nothing rolls over several variants."""
    if spec.rollout is not None and spec.rollout.strategy == "rolling" and len(spec.variants) > 1:
        yield Finding("rollout", f"is a rolling one over {len(spec.variants)} variants; it is for one")


@rule(
    "SMC709",
    "Instances with Inf1 chips are updated all at once, whatever is asked for",
    severity="warning",
    where=_rollout,
    source='"Exclusions", deployment guardrails, SageMaker developer guide; Marketplace containers are updated so too',
    facts=["guardrails/exclusions"],
    good="rollout=Rollout.all_at_once()",
    bad=f'instances=Instances("ml.inf1.xlarge"), rollout=Rollout.canary(percent=10, {_MINUTE})',
)
def falls_back(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn of a rollout that will not be followed."""
    if spec.rollout is None or (spec.rollout.strategy == "all-at-once" and not spec.rollout.alarms):
        return
    for at, variant in spec.placed_variants():
        names = [] if variant.instances is None else known_types(variant.instances)
        if any(kind.family == "inf1" for kind in names):
            yield Finding("rollout", f"is given, but {at} has Inf1 instances: they are updated all at once, unwatched")


@rule(
    "SMC710",
    "The copies of an inference component are updated by a rolling rollout",
    where=placed,
    source="InferenceComponentDeploymentConfig",
    facts=["inference_component/rolling_batch_pct"],
    good=_LLAMA.format(4, f"Rollout.rolling(copies=2, {_MINUTE})"),
    bad=_LLAMA.format(4, f"Rollout.canary(percent=50, {_MINUTE})"),
)
def components_roll(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the strategies of components."""
    for at, rollout in placed(spec):
        if at != "rollout" and rollout.strategy != "rolling":
            yield Finding(at, f"is {rollout.strategy}; a component has Rollout.rolling only")


@rule(
    "SMC711",
    "A rollout in steps has an alarm to wait for",
    severity="warning",
    where=placed,
    source='"Auto-Rollback Configuration and Monitoring", SageMaker developer guide',
    facts=["guardrails/no_alarms_no_rollback", "guardrails/billing"],
    good=f'rollout=Rollout.canary(percent=10, {_MINUTE}, alarms=["errors"])',
    bad=f"rollout=Rollout.canary(percent=10, {_MINUTE})",
)
def watched(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn of waits in which nothing can happen."""
    for at, rollout in placed(spec):
        if at != "rollout":
            continue  # that of a component waits in any case
        steps = rollout.strategy != "all-at-once"
        if steps and not rollout.alarms and (seconds(rollout.wait) or seconds(rollout.termination_wait)):
            yield Finding(
                f"{at}.alarms", "is empty; without an alarm nothing takes the update back, however long it waits"
            )


@rule(
    "SMC712",
    "A rollout gives its alarms time",
    severity="warning",
    where=placed,
    source='"Auto-Rollback Configuration and Monitoring", SageMaker developer guide: alarms count in the baking period',
    facts=["guardrails/wait_interval", "guardrails/termination_wait"],
    good=f'rollout=Rollout.canary(percent=10, {_MINUTE}, alarms=["errors"])',
    bad='rollout=Rollout.canary(percent=10, bake=timedelta(0), alarms=["errors"])',
)
def baked(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn of steps that are over before an alarm can go off."""
    for at, rollout in placed(spec):
        wait, end = seconds(rollout.wait), seconds(rollout.termination_wait)
        if not rollout.alarms:
            continue
        if rollout.strategy != "all-at-once" and wait == 0:
            yield Finding(f"{at}.{rollout.wait_name}", "is 0; the next step is made before an alarm can go off")
        elif rollout.strategy == "all-at-once" and not wait and not end:
            yield Finding(
                f"{at}.termination_wait",
                "is 0; the old fleet is gone before an alarm can go off, and there is no way back",
            )


@rule(
    "SMC713",
    "A rollout lasts longer than its instances may take to start",
    severity="warning",
    where=_rollout,
    source="BlueGreenUpdatePolicy.MaximumExecutionTimeoutInSeconds; the start-up timeouts of ProductionVariant",
    facts=["guardrails/max_execution_timeout"],
    good='instances=Instances("ml.m5.large", startup_timeout=timedelta(minutes=10)), '
    'rollout=Rollout.all_at_once(alarms=["errors"], maximum_duration=timedelta(hours=1))',
    bad='instances=Instances("ml.m5.large", startup_timeout=timedelta(minutes=20)), '
    'rollout=Rollout.all_at_once(alarms=["errors"], maximum_duration=timedelta(minutes=10))',
)
def starts_in_time(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn of rollouts that are given up while instances still start."""
    most = None if spec.rollout is None else seconds(spec.rollout.maximum_duration)
    waits = None if spec.rollout is None else waiting(spec.rollout, 1)
    if is_number(most) and waits is not None and waits < most < waits + _TO_START:
        yield Finding(
            "rollout.maximum_duration", f"is {most:g} seconds, {most - waits:g} more than the waits alone take"
        )
    for at, variant in spec.placed_variants() if is_number(most) else ():
        its = variant.instances
        times = [] if its is None else [seconds(its.model_download_timeout), seconds(its.startup_timeout)]
        known = [time for time in times if is_number(time)]
        if known and is_number(most) and sum(known) > most:
            yield Finding("rollout.maximum_duration", f"is {most:g} seconds, and {at} may take {sum(known):g} to start")
