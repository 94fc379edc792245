"""Policies, alarms and schedules on the embedded AWS: created, changed in place, deleted; seen through boto3."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import aws_cdk as cdk
import pytest
from conftest import CONTEXT
from templates import Synthesised

from sm_constructs import (
    Container,
    ContainerImage,
    CustomMetric,
    Instances,
    RealTimeEndpoint,
    Scaling,
    ScheduledCapacity,
    Step,
    StepScaling,
    TargetTracking,
)
from sm_constructs.local import EmbeddedAws

IMAGE = ContainerImage.from_uri("123456789012.dkr.ecr.us-east-1.amazonaws.com/scorer:1.4")


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as running:
        yield running


def template(version: int) -> str:
    """Give an endpoint that scales in every way, in its first form or in a changed one."""
    stack = cdk.Stack(cdk.App(context=CONTEXT), "Scaling", synthesizer=cdk.LegacyStackSynthesizer())
    RealTimeEndpoint(
        stack,
        "E",
        container=Container(IMAGE),
        instances=Instances("ml.m5.xlarge", count=2),
        scaling=Scaling(
            1,
            8,
            policies=[
                TargetTracking.concurrent_requests_per_model(5 * version),
                TargetTracking.cpu_utilization(30 * version),
                TargetTracking.on_metric(CustomMetric("Waiting", namespace="Shop", dimensions={"Queue": "q"}), version),
                StepScaling(
                    "CPUUtilization",
                    [Step(None, 10 * version, -1), Step(40, 80, 1), Step(80, None, version)],
                    evaluation_periods=version,
                ),
            ],
            schedule=[
                ScheduledCapacity("rate(1 day)", min_capacity=version),
                ScheduledCapacity(f"rate({version + 1} hours)", max_capacity=4, time_zone="Europe/Berlin"),
            ],
        ),
    )
    return json.dumps(Synthesised(stack).json)


class Seen:
    """What an account has of scaling."""

    def __init__(self, aws: EmbeddedAws) -> None:
        scaling: Any = aws.client("application-autoscaling")
        cloudwatch: Any = aws.client("cloudwatch")
        policies = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
        self.policies = {policy["PolicyName"]: policy for policy in policies}
        actions = scaling.describe_scheduled_actions(ServiceNamespace="sagemaker")["ScheduledActions"]
        self.schedules = {action["Schedule"]: action for action in actions}
        self.alarms = {alarm["Threshold"]: alarm for alarm in cloudwatch.describe_alarms()["MetricAlarms"]}

    def target(self, name: str) -> float:
        return float(self.policies[name]["TargetTrackingScalingPolicyConfiguration"]["TargetValue"])

    def steps(self, name: str) -> list[tuple[float | None, float | None, int]]:
        return [
            (step.get("MetricIntervalLowerBound"), step.get("MetricIntervalUpperBound"), step["ScalingAdjustment"])
            for step in self.policies[name]["StepScalingPolicyConfiguration"]["StepAdjustments"]
        ]


def test_every_policy_is_created_updated_and_deleted(aws):
    cloudformation: Any = aws.client("cloudformation")

    cloudformation.create_stack(StackName="S", TemplateBody=template(1), Capabilities=["CAPABILITY_IAM"])
    created = Seen(aws)
    names = {
        "ConcurrentRequestsPerModelHighResolution",
        "CPUUtilization",
        "Waiting",
        "CPUUtilization-Low",
        "CPUUtilization-High",
    }
    assert set(created.policies) == names
    assert [created.target(name) for name in sorted(names) if "-" not in name] == [120, 5, 1]
    assert created.steps("CPUUtilization-Low") == [(None, 0, -1)]
    assert created.steps("CPUUtilization-High") == [(0, 160, 1), (160, None, 1)]
    assert set(created.alarms) == {40, 160}
    for threshold, side in ((40, "Low"), (160, "High")):
        actions = created.alarms[threshold]["AlarmActions"]
        assert actions == [created.policies[f"CPUUtilization-{side}"]["PolicyARN"]]
    assert set(created.schedules) == {"rate(1 day)", "rate(2 hours)"}
    assert created.schedules["rate(2 hours)"]["Timezone"] == "Europe/Berlin"

    cloudformation.update_stack(StackName="S", TemplateBody=template(2), Capabilities=["CAPABILITY_IAM"])
    (stack,) = cloudformation.describe_stacks(StackName="S")["Stacks"]
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    updated = Seen(aws)
    assert set(updated.policies) == names
    assert [updated.target(name) for name in sorted(names) if "-" not in name] == [240, 10, 2]
    assert updated.steps("CPUUtilization-High") == [(0, 160, 1), (160, None, 2)]
    assert set(updated.alarms) == {80, 160}
    assert updated.alarms[80]["EvaluationPeriods"] == 2
    assert updated.alarms[80]["AlarmActions"] == [updated.policies["CPUUtilization-Low"]["PolicyARN"]]
    assert set(updated.schedules) == {"rate(1 day)", "rate(3 hours)"}
    assert updated.schedules["rate(1 day)"]["ScalableTargetAction"] == {"MinCapacity": 2}

    cloudformation.delete_stack(StackName="S")
    left = Seen(aws)
    assert (left.policies, left.schedules, left.alarms) == ({}, {}, {})
