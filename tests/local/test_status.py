"""The table of ``sm-constructs local status``."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from local.templates import Stacks, hosting, scaled
from sm_constructs.local import EmbeddedAws, status
from sm_constructs.local.status import EndpointStatus

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/serve:1"
ONE = {"Image": IMAGE, "ContainerHostname": "one"}
TWO = {"Image": IMAGE, "ContainerHostname": "two"}
INSTANCES = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
SERVERLESS = {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}
SHADOW = {"VariantName": "copy", **INSTANCES}
ASYNC = {"OutputConfig": {"S3OutputPath": "s3://bucket/results"}}


def test_the_table(stacks: Stacks, aws: EmbeddedAws):
    assert status.table(status.endpoints(aws)) == "There are no endpoints."
    stacks.deploy("app", hosting(EndpointName="chat", count=2) | scaled(maximum=6))
    stacks.deploy("b", hosting(EndpointName="a", instance_type="ml.g5.xlarge"))
    (row_a, row_chat) = status.endpoints(aws)
    assert row_a == EndpointStatus("a", "real-time", "InService", "main (ml.g5.xlarge x 1)", "-", row_a.age)
    lines = status.table([row_a, row_chat]).splitlines()
    assert lines[0].split() == ["ENDPOINT", "KIND", "STATE", "VARIANTS", "CAPACITY", "AGE"]
    assert lines[2].startswith("chat      real-time  InService  main (ml.m5.large x 2)   1-6       ")


@pytest.mark.parametrize(
    ("model", "variants", "config", "kind"),
    [
        ({"PrimaryContainer": ONE}, [INSTANCES], {}, "real-time"),
        ({"Containers": [ONE]}, [INSTANCES], {}, "real-time"),
        ({"PrimaryContainer": ONE}, [SERVERLESS], {}, "serverless"),
        ({"PrimaryContainer": ONE}, [INSTANCES], {"AsyncInferenceConfig": ASYNC}, "asynchronous"),
        ({"PrimaryContainer": ONE | {"Mode": "MultiModel"}}, [INSTANCES], {}, "multi-model"),
        ({"Containers": [ONE, TWO]}, [INSTANCES], {}, "pipeline"),
        (
            {"Containers": [ONE, TWO], "InferenceExecutionConfig": {"Mode": "Direct"}},
            [INSTANCES],
            {},
            "multi-container",
        ),
        ({"PrimaryContainer": ONE}, [INSTANCES, INSTANCES], {}, "multi-variant"),
        ({"PrimaryContainer": ONE}, [INSTANCES], {}, "shadow"),
        (None, [INSTANCES], {"ExecutionRoleArn": "arn:aws:iam::123456789012:role/r"}, "inference components"),
    ],
)
def test_kinds(
    running: EmbeddedAws,
    model: dict[str, Any] | None,
    variants: list[dict[str, Any]],
    config: dict[str, Any],
    kind: str,
):
    sagemaker: Any = running.client("sagemaker")
    name, named = f"n{uuid.uuid4()}", {}
    if model is not None:
        sagemaker.create_model(ModelName=name, ExecutionRoleArn="arn:aws:iam::123456789012:role/r", **model)
        named = {"ModelName": name}
    production = [{"VariantName": f"v{index}", **named, **variant} for index, variant in enumerate(variants)]
    shadow = {"ShadowProductionVariants": [{**SHADOW, **named}]} if kind == "shadow" else {}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=production, **config, **shadow)
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    (row,) = (row for row in status.endpoints(running) if row.endpoint == name)
    assert row.kind == kind
    if kind == "serverless":
        assert row.variants == "v0 (2048 MB x 5)"


@pytest.mark.parametrize(
    ("seconds", "age"), [(-1, "0 s"), (59, "59 s"), (60, "1 min"), (7199, "1 h"), (86400 * 3, "3 d")]
)
def test_ages(seconds: int, age: str):
    assert status._age(dt.timedelta(seconds=seconds)) == age
