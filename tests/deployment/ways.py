"""Every way in which an endpoint is updated: what is said of it anew, and what an SDK client sees of it then."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from conftest import ROOT

from sm_constructs import (
    AsyncEndpoint,
    ClarifyExplainer,
    Container,
    ContainerImage,
    CustomMetric,
    DataCapture,
    InferenceComponent,
    InferenceComponentEndpoint,
    Instances,
    MetricsConfig,
    ModelData,
    MultiContainerEndpoint,
    MultiModelEndpoint,
    MultiVariantEndpoint,
    PipelineEndpoint,
    RealTimeEndpoint,
    Rollout,
    S3Location,
    Scaling,
    ScheduledCapacity,
    ServerlessEndpoint,
    Step,
    StepScaling,
    TargetTracking,
    Variant,
)

KINDS = (
    "RealTime",
    "Serverless",
    "Async",
    "MultiModel",
    "MultiContainer",
    "Pipeline",
    "MultiVariant",
    "Shadow",
    "Components",
)
ON_INSTANCES = frozenset(KINDS) - {"Serverless", "Components"}
REAL_TIME = ON_INSTANCES - {"Async"}
BELOW_ONE = ("Async", "Components")
"""The kinds that scale to zero."""

REPOSITORY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/scorer"
DIGEST = f"{REPOSITORY}@sha256:{'1f' * 32}"
COUNT = 4
"""The instances, or copies, in the template."""
SHIFTED = 7
"""The instances or copies to which something else has brought an endpoint before an update."""
MINUTE = timedelta(minutes=1)
FOLDER = ROOT / "tests" / "data"
"""Packed as a model."""


def make(
    kind: str,
    stack: cdk.Stack,
    *,
    image: str = f"{REPOSITORY}:1",
    archive: str | Path = "1",
    environment: Mapping[str, str] | None = None,
    scaling: Scaling | None = None,
    component: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    **options: Any,
) -> None:
    """Make an endpoint of a kind; without more, in the form in which it is created."""
    place = isinstance(archive, Path)
    data = ModelData.from_directory(archive) if place else ModelData.from_s3("models", f"{archive}.tar.gz")
    container = Container(ContainerImage.from_uri(image), model_data=data, environment=environment)
    instances = Instances("ml.g5.xlarge", count=COUNT)  # it has what every metric is about
    scaled = options if scaling is None else {"scaling": scaling, **options}
    match kind:
        case "RealTime":
            RealTimeEndpoint(stack, "E", container=container, instances=instances, **scaled)
        case "Serverless":
            size = {"memory_mb": 1024, "max_concurrency": 20, "provisioned_concurrency": 2}
            ServerlessEndpoint(stack, "E", container=container, **size, **scaled)
        case "Async":
            answers = S3Location("answers", "a/")
            AsyncEndpoint(stack, "E", container=container, instances=instances, output=answers, **scaled)
        case "MultiModel":
            models = data if place else ModelData.from_s3_prefix("models", f"{archive}/")
            only = replace(container, model_data=None)
            MultiModelEndpoint(stack, "E", container=only, models=models, instances=instances, **scaled)
        case "MultiContainer":
            named = [replace(container, hostname=name) for name in ("first", "second")]
            MultiContainerEndpoint(stack, "E", containers=named, instances=instances, **scaled)
        case "Pipeline":
            PipelineEndpoint(stack, "E", containers=[container, container], instances=instances, **scaled)
        case "MultiVariant":
            variants = [
                Variant(name, container=container, instances=instances, weight=weight)
                for name, weight in (("champion", 9), ("challenger", 1))
            ]
            MultiVariantEndpoint(stack, "E", variants=variants, **scaled)
        case "Shadow":
            live, shadow = (Variant(name, container=container, instances=instances) for name in ("live", "next"))
            MultiVariantEndpoint(stack, "E", variants=[live], shadow=shadow, **scaled)
        case "Components":
            needs = {"memory_mb": 1024, "cpus": 1, "copies": COUNT, "scaling": scaling, **(component or {})}
            trees = InferenceComponent("trees", container=container, **needs)
            InferenceComponentEndpoint(stack, "E", instances=instances, components=[trees], **options)
    for key, value in (tags or {}).items():
        cdk.Tags.of(stack).add(key, value)


# What scales


@dataclass(frozen=True)
class Policy:
    """A kind of policy.

    Attributes
    ----------
    make : Callable[[float], TargetTracking]
        Makes it with a target.
    target : float
        The first target; the second one is twice that.
    kinds : Collection[str]
        The kinds of endpoints that have it.
    units : int
        Over how many vCPUs or GPUs of the instances the metric is a sum.
    """

    make: Callable[[float], TargetTracking]
    target: float
    kinds: Collection[str]
    units: int = 1


def _on_metric(target: float) -> TargetTracking:
    return TargetTracking.on_metric(CustomMetric("Waiting", namespace="Shop", dimensions={"Queue": "q"}), target)


_MEASURED = ON_INSTANCES | {"Components"}

POLICIES = {
    "InvocationsPerInstance": Policy(TargetTracking.invocations_per_instance, 70, REAL_TIME),
    "ConcurrentRequestsPerModelHighResolution": Policy(TargetTracking.concurrent_requests_per_model, 5, REAL_TIME),
    "ProvisionedConcurrencyUtilization": Policy(
        TargetTracking.provisioned_concurrency_utilization, 0.4, {"Serverless"}
    ),
    "ApproximateBacklogSizePerInstance": Policy(TargetTracking.backlog_per_instance, 5, {"Async"}),
    "InferenceComponentInvocationsPerCopy": Policy(TargetTracking.invocations_per_copy, 20, {"Components"}),
    "InferenceComponentConcurrentRequestsPerCopyHighResolution": Policy(
        TargetTracking.concurrent_requests_per_copy, 4, {"Components"}
    ),
    "CPUUtilization": Policy(TargetTracking.cpu_utilization, 30, _MEASURED, units=4),
    "MemoryUtilization": Policy(TargetTracking.memory_utilization, 35, _MEASURED),
    "GPUUtilization": Policy(TargetTracking.gpu_utilization, 40, _MEASURED),
    "GPUMemoryUtilization": Policy(TargetTracking.gpu_memory_utilization, 45, _MEASURED),
    "Waiting": Policy(_on_metric, 3, KINDS),
}
"""The kinds of target tracking, by the names that they give to policies."""

STEPPED = {
    "Serverless": "ServerlessProvisionedConcurrencyUtilization",
    "Async": "ApproximateBacklogSizePerInstance",
    "Components": "InvocationsPerCopy",
}
"""What step scaling follows here; on all others the concurrent requests per model."""


def _stepped(kind: str) -> str:
    return STEPPED.get(kind, "ConcurrentRequestsPerModel")


def _range(kind: str, version: int) -> tuple[int, int]:
    return 0 if kind in BELOW_ONE else 1, 4 + 4 * version


def _scaling(kind: str, version: int) -> Scaling:
    """Scale in every way that the kind has."""
    tracking = [policy.make(policy.target * version) for policy in POLICIES.values() if kind in policy.kinds]
    steps = [Step(None, 0.1 * version, -1), Step(0.5, None, version)]
    low, high = _range(kind, version)
    return Scaling(low, high, policies=[*tracking, StepScaling(_stepped(kind), steps)])


def _scaled(kind: str, version: int) -> dict[str, Any]:
    """Say what is seen of that."""
    policies: dict[str, Any] = {
        name: policy.target * version * (policy.units if kind in ON_INSTANCES else 1)
        for name, policy in POLICIES.items()
        if kind in policy.kinds
    }
    policies[f"{_stepped(kind)}-Low"] = [(None, 0, -1)]
    policies[f"{_stepped(kind)}-High"] = [(0, None, version)]
    alarms = [0.1 * version, 0.5]
    if kind in BELOW_ONE:
        policies["FromZero"] = [(0, None, 1)]
        alarms.append(1)
    return {"policies": policies, "alarms": alarms, "range": _range(kind, version), **_kept(kind)}


def _kept(kind: str) -> dict[str, Any]:
    """Say which instance counts are seen where an update keeps them."""
    return {} if kind in {"Serverless", "Components"} else {"counts": SHIFTED}


# The ways


@dataclass(frozen=True)
class Way:
    """A way in which an endpoint is updated.

    Attributes
    ----------
    said : Callable[[str], Mapping[str, Any]]
        The arguments of `make` for a kind.
    seen : Callable[[str], Mapping[str, Any]]
        What is then another than when the endpoint was created.
    excluded : Collection[str]
        The kinds of which this cannot be said.
    untouched : bool
        Whether the endpoint itself stays as it is, with all that was shifted.
    reaches_instances : bool
        Whether it is an update of the endpoint also where it carries inference components.
    """

    said: Callable[[str], Mapping[str, Any]]
    seen: Callable[[str], Mapping[str, Any]]
    excluded: Collection[str] = field(default=())
    untouched: bool = False
    reaches_instances: bool = False


def _always(said: Mapping[str, Any], seen: Mapping[str, Any], excluded: Collection[str] = (), **more: bool) -> Way:
    return Way(lambda kind: said, lambda kind: seen, excluded, **more)


def _rollout(rollout: Rollout, seen: Mapping[str, Any], excluded: Collection[str] = ("Serverless",)) -> Way:
    changed = {"THREADS": rollout.strategy}  # something has to be rolled out
    return _always(
        {"rollout": rollout, "environment": changed},
        {"deployment": seen, "environment": changed},
        excluded,
        reaches_instances=True,
    )


ALARM = "errors"
_ROLLBACK = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": ALARM}]}}


def _traffic(kind: str, wait: int, **size: Any) -> dict[str, Any]:
    return {"TrafficRoutingConfiguration": {"Type": kind, "WaitIntervalInSeconds": wait, **size}}


_NOT_CAPTURING = ("Serverless", "Async", "MultiModel", "MultiContainer", "Pipeline")
_COPIES = Rollout.rolling(copies=2, bake=MINUTE, rollback=4, alarms=[ALARM])

WAYS = {
    "environment": _always({"environment": {"THREADS": "4"}}, {"environment": {"THREADS": "4"}}),
    "digest": _always({"image": DIGEST}, {"images": DIGEST}),
    "archive": Way(
        lambda kind: {"archive": "2"},
        lambda kind: {"data": "s3://models/2/" if kind == "MultiModel" else "s3://models/2.tar.gz"},
    ),
    "directory": _always({"archive": FOLDER}, {"data": "packed"}, {"MultiModel"}),
    "revision": _always({"revision": "2"}, {"environment": {"SM_CONSTRUCTS_REVISION": "2"}}),
    "all at once": _rollout(
        Rollout.all_at_once(termination_wait=MINUTE, alarms=[ALARM]),
        {"BlueGreenUpdatePolicy": {**_traffic("ALL_AT_ONCE", 0), "TerminationWaitInSeconds": 60}, **_ROLLBACK},
    ),
    "canary": _rollout(
        Rollout.canary(percent=25, bake=MINUTE, alarms=[ALARM]),
        {
            "BlueGreenUpdatePolicy": _traffic("CANARY", 60, CanarySize={"Type": "CAPACITY_PERCENT", "Value": 25}),
            **_ROLLBACK,
        },
    ),
    "linear": _rollout(
        Rollout.linear(instances=2, interval=MINUTE, maximum_duration=timedelta(hours=1), alarms=[ALARM]),
        {
            "BlueGreenUpdatePolicy": {
                **_traffic("LINEAR", 60, LinearStepSize={"Type": "INSTANCE_COUNT", "Value": 2}),
                "MaximumExecutionTimeoutInSeconds": 3600,
            },
            **_ROLLBACK,
        },
    ),
    "rolling": _rollout(
        Rollout.rolling(instances=1, bake=MINUTE, rollback=4, alarms=[ALARM]),
        {
            "RollingUpdatePolicy": {
                "MaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": 1},
                "WaitIntervalInSeconds": 60,
                "RollbackMaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": 4},
            },
            **_ROLLBACK,
        },
        {"Serverless", "MultiVariant"},
    ),
    "retain": Way(
        lambda kind: {"retain_capacity": True, "environment": {"THREADS": "5"}},
        lambda kind: {"environment": {"THREADS": "5"}, "counts": SHIFTED},
        {"Serverless"},
        reaches_instances=True,
    ),
    "capture": _always(
        {"data_capture": DataCapture(S3Location("logs", "captured/"), percent=10, modes=["Input"])},
        {"capture": (10, "s3://logs/captured/", ["Input"])},
        _NOT_CAPTURING,
        reaches_instances=True,
    ),
    "more capture": _always(
        {"data_capture": DataCapture(S3Location("logs", "captured/"), percent=50)},
        {"capture": (50, "s3://logs/captured/", ["Input", "Output"])},
        _NOT_CAPTURING,
        reaches_instances=True,
    ),
    "metrics": _always(
        {"metrics_config": MetricsConfig(enhanced=True, publish_every=timedelta(seconds=30))},
        {"metrics": {"EnableEnhancedMetrics": True, "MetricPublishFrequencyInSeconds": 30}},
        {"Serverless"},
        reaches_instances=True,
    ),
    "explainer": _always(
        {"explainer": ClarifyExplainer(baseline="1,2", samples=50)},
        {"samples": 50},
        {"Serverless"},
        reaches_instances=True,
    ),
    "tags": _always({"tags": {"team": "fraud"}}, {"tags": {"team": "fraud"}}),
    "policies": Way(
        lambda kind: {"scaling": _scaling(kind, 1), "environment": {"THREADS": "6"}},
        lambda kind: {"environment": {"THREADS": "6"}, **_scaled(kind, 1)},
    ),
    "other targets": Way(
        lambda kind: {"scaling": _scaling(kind, 2), "environment": {"THREADS": "6"}},
        lambda kind: {"environment": {"THREADS": "6"}, **_scaled(kind, 2)},
        untouched=True,
    ),
    "schedule": Way(
        lambda kind: {"scaling": Scaling(1, 8, schedule=[ScheduledCapacity("rate(1 day)", min_capacity=2)])},
        lambda kind: {
            "range": (1, 8),
            "schedule": {"rate(1 day)": {"MinCapacity": 2}},
            **_kept(kind),
        },
    ),
    "not retained": Way(
        lambda kind: {"scaling": _scaling(kind, 1), "retain_capacity": False, "environment": {"THREADS": "7"}},
        lambda kind: {"environment": {"THREADS": "7"}, **_scaled(kind, 1), "counts": COUNT},
        {"Serverless"},
    ),
    # Last, since a component keeps its deployment configuration.
    "copies": Way(
        lambda kind: {
            "environment": {"THREADS": "copies"},
            "component": {"rollout": _COPIES, "cache_data": True, "placement": "SPREAD"},
        },
        lambda kind: {
            "environment": {"THREADS": "copies"},
            "copies deployment": {
                "RollingUpdatePolicy": {
                    "MaximumBatchSize": {"Type": "COPY_COUNT", "Value": 2},
                    "WaitIntervalInSeconds": 60,
                    "RollbackMaximumBatchSize": {"Type": "COPY_COUNT", "Value": 4},
                },
                **_ROLLBACK,
            },
            "placement": "SPREAD",
            "cached": True,
        },
        frozenset(KINDS) - {"Components"},
    ),
}
"""The ways, in the order in which a stack goes them; each begins what it says, and the next one ends it."""


def guarded(kind: str, part: str, version: int) -> dict[str, Any]:
    """Say of an endpoint what alarms take back: an update of its instances, or of the copies of its components."""
    scaling = Scaling(1, 8, policies=[_on_metric(5)])
    said = {"scaling": scaling, "environment": {"THREADS": f"{version}"}}
    if part == "copies":
        return said | {"component": {"rollout": _COPIES}}
    # The configuration of an endpoint with components has no models, so that something else has to change.
    metrics = MetricsConfig(publish_every=version * MINUTE)
    return said | {"rollout": Rollout.canary(percent=25, bake=MINUTE, alarms=[ALARM]), "metrics_config": metrics}


def later(kind: str) -> dict[str, Any]:
    """Say of an endpoint with the ``policies`` what changes its configuration, whatever its kind."""
    said = {"scaling": _scaling(kind, 2), "environment": {"THREADS": "8"}}
    return said | ({"metrics_config": MetricsConfig(enhanced=True)} if kind == "Components" else {})


def expected(kind: str, way: Way | None) -> dict[str, Any]:
    """Say what is seen of an endpoint that was created, or updated in a way after something had shifted it."""
    found = _created(kind)
    if way is None:
        return found
    if kind == "Components":
        found["copies"] = SHIFTED  # never reset, since the template says nothing new of them
    if way.untouched and kind != "Components":
        found["weights"] = [SHIFTED for _ in found["weights"]]
    return found | way.seen(kind)


def _created(kind: str) -> dict[str, Any]:
    return {
        "images": f"{REPOSITORY}:1",
        "data": "s3://models/1/" if kind == "MultiModel" else "s3://models/1.tar.gz",
        "environment": {},
        "counts": None if kind == "Serverless" else COUNT,
        "weights": [9, 1] if kind == "MultiVariant" else [1],
        "shadows": 1 if kind == "Shadow" else 0,
        "copies": COUNT if kind == "Components" else None,
        "deployment": None,
        "copies deployment": None,
        "placement": None,
        "cached": None,
        "capture": None,
        "metrics": None,
        "samples": None,
        "range": None,
        "policies": {},
        "alarms": [],
        "schedule": {},
        "tags": {},
        "failure": None,
    }
