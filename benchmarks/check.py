"""How long ``sm-constructs check`` takes for a template of 500 resources, next to cfn-lint.

Run as ``python benchmarks/check.py [--endpoints 10 100] [--runs 5]``. One stack of 83 endpoints, 498 resources with
their roles, is as this library synthesises it; in the other templates, written as people do, a tenth of the 500 are of
endpoints, or all. Each run is a process of its own, with the bytecode of its modules there as after an installation,
the two take turns, and what is printed are medians. The check itself is timed after start-up: reading the file,
checking it, and writing the report; before that, a template of one endpoint is checked in the same process. The two do
not look for the same: cfn-lint looks at every resource type, and ours at more of these ones.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import synth
import yaml

SYNTHESISED = 83
REGION = "us-east-1"
PER_ENDPOINT = 5
RESOURCES = 500
CHECKS = {
    "sm-constructs check": """
from sm_constructs.cli import main
def check(path):
    assert main(["check", path, "--region", "us-east-1"]) == 0
""",
    "cfn-lint": """
from cfnlint.runner import Runner
from cfnlint.config import ConfigMixIn
def check(path):
    found = list(Runner(ConfigMixIn(["--regions", "us-east-1", "--template", path])).run())
    assert found == [], found
""",
}
# Of what takes so little time, one disturbance of the machine would decide a single run.
OFTEN = {"sm-constructs check": 5, "cfn-lint": 1}


def endpoint(number: int) -> dict[str, dict]:
    """Give the resources of an autoscaled endpoint, as people write them."""
    model, config, name, target = (f"{kind}{number}" for kind in ("Model", "Config", "Endpoint", "Target"))
    variant = {
        "VariantName": "main",
        "ModelName": {"Fn::GetAtt": [model, "ModelName"]},
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
        "InitialVariantWeight": 1,
    }
    image = {"Fn::Sub": "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/scorer:1.4"}
    tracking = {
        "TargetValue": 70,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
    }
    capacity = {
        "MinCapacity": 1,
        "MaxCapacity": 4,
        "ResourceId": {"Fn::Sub": f"endpoint/${{{name}.EndpointName}}/variant/main"},
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "ServiceNamespace": "sagemaker",
    }
    policy = {
        "PolicyName": f"Tracking{number}",
        "PolicyType": "TargetTrackingScaling",
        "ScalingTargetId": {"Ref": target},
        "TargetTrackingScalingPolicyConfiguration": tracking,
    }
    container = {"Image": image, "ModelDataUrl": f"s3://models/{number}/model.tar.gz"}
    return {
        model: {
            "Type": "AWS::SageMaker::Model",
            "Properties": {"ExecutionRoleArn": {"Ref": "RoleArn"}, "PrimaryContainer": container},
        },
        config: {"Type": "AWS::SageMaker::EndpointConfig", "Properties": {"ProductionVariants": [variant]}},
        name: {
            "Type": "AWS::SageMaker::Endpoint",
            "Properties": {
                "EndpointConfigName": {"Fn::GetAtt": [config, "EndpointConfigName"]},
                "RetainAllVariantProperties": True,
                "ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DesiredWeight"}],
            },
        },
        target: {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": capacity},
        f"Policy{number}": {"Type": "AWS::ApplicationAutoScaling::ScalingPolicy", "Properties": policy},
    }


def template(endpoints: int, others: int = 0) -> dict:
    resources = {id: each for number in range(endpoints) for id, each in endpoint(number).items()}
    for number in range(others):
        properties = {"DisplayName": {"Fn::Sub": f"${{AWS::StackName}} {number}"}, "KmsMasterKeyId": "alias/aws/sns"}
        resources[f"Topic{number}"] = {"Type": "AWS::SNS::Topic", "Properties": properties}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Parameters": {"RoleArn": {"Type": "String"}},
        "Resources": resources,
    }


def run(check: str, small: Path, large: Path) -> tuple[float, float]:
    """Give the seconds of the whole process for a small template, and of the check alone for a large one."""
    bytecode = {"PYTHONPYCACHEPREFIX": str(small.parent / "bytecode"), "PYTHONDONTWRITEBYTECODE": ""}
    python = partial(subprocess.run, check=True, capture_output=True, text=True, env={**os.environ, **bytecode})
    start = time.perf_counter()
    python([sys.executable, "-c", f"{check}\ncheck({str(small)!r})"])
    whole = time.perf_counter() - start
    code = (
        f"import time{check}\ncheck({str(small)!r})\nstart = time.perf_counter()\ncheck({str(large)!r})\n"
        "print(time.perf_counter() - start)"
    )
    return whole, float(python([sys.executable, "-c", code]).stdout.split()[-1])


def synthesised(endpoints: int) -> dict:
    """Give a template of endpoints as this library makes it."""
    import aws_cdk as cdk

    with tempfile.TemporaryDirectory() as out:
        app = cdk.App(outdir=out)
        stack = cdk.Stack(app, "Stack", env=cdk.Environment(account="123456789012", region=REGION))
        make = synth.ours()
        for number in range(endpoints):
            make(stack, f"Endpoint{number}")
        return json.loads((Path(app.synth().directory) / "Stack.template.json").read_text())


def measure(folder: Path, title: str, whole: dict, suffix: str, runs: int) -> None:
    """Measure and print one template."""
    write = {"json": json.dumps, "yaml": yaml.safe_dump}[suffix]
    small, large = folder / f"small.{suffix}", folder / f"large.{suffix}"
    small.write_text(write(template(1), indent=1))
    large.write_text(write(whole, indent=1))
    times = {name: [] for name in CHECKS}
    for _ in range(runs + 1):
        for name, check in CHECKS.items():
            times[name] += [run(check, small, large) for _ in range(OFTEN[name])]
    times = {name: each[OFTEN[name] :] for name, each in times.items()}  # the first wrote the bytecode
    print(f"  {title}, {suffix}, {large.stat().st_size / 1e6:.1f} MB")
    alone = {}
    for name in CHECKS:
        whole, alone[name] = (statistics.median(each[which] for each in times[name]) * 1000 for which in (0, 1))
        print(f"    {name:20} {alone[name]:6.0f} ms   started, with {PER_ENDPOINT} resources {whole:6.0f} ms")
    ours, theirs = alone.values()
    print(f"    {theirs / ours:.0f} times as fast (aim: 100, and below 100 ms; started below 300 ms)", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--endpoints", type=int, nargs="+", default=[10, 100])
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    print(f"checking {RESOURCES} resources, median of {options.runs} runs")
    with tempfile.TemporaryDirectory(prefix="sm-constructs-bench-") as temporary:
        measure(
            Path(temporary), f"{SYNTHESISED} endpoints, synthesised", synthesised(SYNTHESISED), "json", options.runs
        )
        for endpoints in options.endpoints:
            whole = template(endpoints, RESOURCES - PER_ENDPOINT * endpoints)
            for suffix in ("json", "yaml"):
                measure(Path(temporary), f"{endpoints} endpoints", whole, suffix, options.runs)


if __name__ == "__main__":
    main()
