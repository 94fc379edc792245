"""The endpoints of an AWS account at a glance, read through boto3."""

from __future__ import annotations

import datetime as dt
from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sm_constructs.local.aws import Aws
    from sm_constructs.local.shapes import Json

_DASH = "-"


@dataclass(frozen=True, slots=True)
class EndpointStatus:
    """One endpoint, as the table shows it; the fields are its columns."""

    endpoint: str
    kind: str
    state: str
    variants: str
    capacity: str
    age: str


def endpoints(aws: Aws) -> list[EndpointStatus]:
    """Describe all endpoints, sorted by name."""
    sagemaker: Any = aws.client("sagemaker")
    autoscaling: Any = aws.client("application-autoscaling")
    targets = [
        target
        for page in autoscaling.get_paginator("describe_scalable_targets").paginate(ServiceNamespace="sagemaker")
        for target in page["ScalableTargets"]
    ]
    names = [
        summary["EndpointName"]
        for page in sagemaker.get_paginator("list_endpoints").paginate(SortBy="Name", SortOrder="Ascending")
        for summary in page["Endpoints"]
    ]
    return [_endpoint(sagemaker, name, targets) for name in names]


def table(rows: Sequence[EndpointStatus]) -> str:
    """Write endpoints as a table; a sentence if there are none."""
    if not rows:
        return "There are no endpoints."
    lines = [tuple(column.name.upper() for column in fields(EndpointStatus)), *(astuple(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _endpoint(sagemaker: Json, name: str, targets: Iterable[Mapping[str, Any]]) -> EndpointStatus:
    endpoint = sagemaker.describe_endpoint(EndpointName=name)
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    models = [
        sagemaker.describe_model(ModelName=variant["ModelName"])
        for variant in config["ProductionVariants"]
        if "ModelName" in variant
    ]
    types = {variant["VariantName"]: variant.get("InstanceType") for variant in config["ProductionVariants"]}
    variants = endpoint["ProductionVariants"]
    ranges = [
        f"{target['MinCapacity']}-{target['MaxCapacity']}"
        for variant in variants
        for target in targets
        if target["ResourceId"] == f"endpoint/{name}/variant/{variant['VariantName']}"
    ]
    return EndpointStatus(
        endpoint=name,
        kind=_kind(config, models),
        state=endpoint["EndpointStatus"],
        variants=", ".join(_variant(variant, types[variant["VariantName"]]) for variant in variants),
        capacity=", ".join(ranges) or _DASH,
        age=_age(dt.datetime.now(dt.timezone.utc) - endpoint["CreationTime"]),
    )


def _kind(config: Mapping[str, Any], models: Sequence[Mapping[str, Any]]) -> str:  # noqa: PLR0911 - one per kind
    """Name the way of serving, in the words of this package's constructs."""
    variants = config["ProductionVariants"]
    if config.get("ShadowProductionVariants"):
        return "shadow"
    if len(variants) > 1:
        return "multi-variant"
    if "AsyncInferenceConfig" in config:
        return "asynchronous"
    if "ServerlessConfig" in variants[0]:
        return "serverless"
    if not models:
        return "inference components"
    (model,) = models
    containers = model.get("Containers") or [model["PrimaryContainer"]]
    if len(containers) > 1:
        direct = model.get("InferenceExecutionConfig", {}).get("Mode") == "Direct"
        return "multi-container" if direct else "pipeline"
    return "multi-model" if containers[0].get("Mode") == "MultiModel" else "real-time"


def _variant(variant: Mapping[str, Any], instance_type: str | None) -> str:
    serverless = variant.get("CurrentServerlessConfig")
    if serverless is not None:
        size = f"{serverless['MemorySizeInMB']} MB x {serverless['MaxConcurrency']}"
    else:
        size = f"{instance_type or _DASH} x {variant.get('CurrentInstanceCount', _DASH)}"
    return f"{variant['VariantName']} ({size})"


def _age(age: dt.timedelta) -> str:
    """Write a duration in its largest unit, as people tell ages."""
    seconds = max(int(age.total_seconds()), 0)
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
