"""Rollouts, captured data, explanations and revisions on the embedded AWS, through updates, seen with boto3."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import aws_cdk as cdk
import pytest
from conftest import CONTEXT
from templates import Synthesised

from sm_constructs import (
    ClarifyExplainer,
    Container,
    ContainerImage,
    DataCapture,
    InferenceComponent,
    InferenceComponentEndpoint,
    Instances,
    MetricsConfig,
    ModelData,
    RealTimeEndpoint,
    Rollout,
    S3Location,
)
from sm_constructs.local import EmbeddedAws

CONTAINER = Container(
    ContainerImage.from_framework("xgboost", "1.7-1"), model_data=ModelData.from_s3("models", "latest.tar.gz")
)
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as running:
        yield running


class Deployed:
    """A stack with one endpoint, deployed again and again, each time with other options."""

    def __init__(self, aws: EmbeddedAws, name: str, make: Any) -> None:
        self._aws, self._name, self._make = aws, name, make
        self._made = False

    def deploy(self, **options: Any) -> dict[str, Any]:
        """Deploy, and give what DescribeEndpoint says."""
        stack = cdk.Stack(cdk.App(context=CONTEXT), self._name)
        self._make(stack, **options)
        cloudformation: Any = self._aws.client("cloudformation")
        act = cloudformation.update_stack if self._made else cloudformation.create_stack
        template = Synthesised(stack).json
        del template["Parameters"]["BootstrapVersion"], template["Rules"]  # there is no bootstrap stack
        body = json.dumps(template)
        act(StackName=self._name, TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
        (found,) = cloudformation.describe_stacks(StackName=self._name)["Stacks"]
        expected = "UPDATE_COMPLETE" if self._made else "CREATE_COMPLETE"
        events = cloudformation.describe_stack_events(StackName=self._name)["StackEvents"]
        assert found["StackStatus"] == expected, [event.get("ResourceStatusReason") for event in events]
        self._made = True
        resources = cloudformation.describe_stack_resources(StackName=self._name)["StackResources"]
        (arn,) = [
            each["PhysicalResourceId"] for each in resources if each["ResourceType"] == "AWS::SageMaker::Endpoint"
        ]
        sagemaker: Any = self._aws.client("sagemaker")
        return sagemaker.describe_endpoint(EndpointName=arn.rpartition("/")[2])

    def delete(self) -> None:
        """Take the stack away."""
        self._aws.client("cloudformation").delete_stack(StackName=self._name)
        assert self._aws.client("sagemaker").list_endpoints()["Endpoints"] == []


def real_time(stack: cdk.Stack, **options: Any) -> RealTimeEndpoint:
    return RealTimeEndpoint(stack, "E", container=CONTAINER, instances=Instances("ml.m5.large", count=4), **options)


ROLLOUTS = {
    "canary": (
        Rollout.canary(percent=25, bake=MINUTE, alarms=["errors"]),
        {
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": {
                    "Type": "CANARY",
                    "WaitIntervalInSeconds": 60,
                    "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 25},
                }
            },
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]},
        },
    ),
    "linear": (
        Rollout.linear(instances=2, interval=MINUTE, termination_wait=MINUTE, maximum_duration=timedelta(hours=1)),
        {
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": {
                    "Type": "LINEAR",
                    "WaitIntervalInSeconds": 60,
                    "LinearStepSize": {"Type": "INSTANCE_COUNT", "Value": 2},
                },
                "TerminationWaitInSeconds": 60,
                "MaximumExecutionTimeoutInSeconds": 3600,
            }
        },
    ),
    "rolling": (
        Rollout.rolling(instances=1, bake=MINUTE, rollback=4),
        {
            "RollingUpdatePolicy": {
                "MaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": 1},
                "WaitIntervalInSeconds": 60,
                "RollbackMaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": 4},
            }
        },
    ),
    "all at once": (
        Rollout.all_at_once(termination_wait=MINUTE),
        {
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0},
                "TerminationWaitInSeconds": 60,
            }
        },
    ),
}


def test_an_endpoint_is_updated_in_every_way(aws):
    deployed = Deployed(aws, "Rollouts", real_time)
    first = deployed.deploy()
    assert "LastDeploymentConfig" not in first
    for revision, (rollout, expected) in ROLLOUTS.items():
        found = deployed.deploy(rollout=rollout, revision=revision)
        assert found["LastDeploymentConfig"] == expected
        assert found["EndpointArn"] == first["EndpointArn"]
    deployed.delete()


def test_an_endpoint_can_begin_with_a_rollout(aws):
    rollout, expected = ROLLOUTS["canary"]
    deployed = Deployed(aws, "Begins", real_time)
    assert deployed.deploy(rollout=rollout)["LastDeploymentConfig"] == expected
    deployed.delete()


def test_a_revision_makes_another_model_and_reaches_the_endpoint(aws):
    sagemaker: Any = aws.client("sagemaker")
    deployed = Deployed(aws, "Revised", real_time)

    def serving(found: dict[str, Any]) -> dict[str, Any]:
        config = sagemaker.describe_endpoint_config(EndpointConfigName=found["EndpointConfigName"])
        return sagemaker.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])

    before = serving(deployed.deploy(revision="1"))
    after = serving(deployed.deploy(revision="2"))
    assert before["ModelName"] != after["ModelName"]
    assert before["PrimaryContainer"]["ModelDataUrl"] == after["PrimaryContainer"]["ModelDataUrl"]
    assert after["PrimaryContainer"]["Environment"] == {"SM_CONSTRUCTS_REVISION": "2"}
    deployed.delete()


def test_what_is_kept_and_told_of_the_traffic_begins_changes_and_ends(aws):
    sagemaker: Any = aws.client("sagemaker")
    deployed = Deployed(aws, "Observed", real_time)
    for percent in (10, 50):
        found = deployed.deploy(
            data_capture=DataCapture(S3Location("logs", "captured/"), percent=percent, modes=["Input"]),
            metrics_config=MetricsConfig(enhanced=True, publish_every=timedelta(seconds=30)),
            explainer=ClarifyExplainer(baseline="1,2", samples=percent),
        )
        assert found["DataCaptureConfig"] == {
            "EnableCapture": True,
            "CaptureStatus": "Started",
            "CurrentSamplingPercentage": percent,
            "DestinationS3Uri": "s3://logs/captured/",
            "KmsKeyId": "",
        }
        config = sagemaker.describe_endpoint_config(EndpointConfigName=found["EndpointConfigName"])
        assert config["DataCaptureConfig"]["CaptureOptions"] == [{"CaptureMode": "Input"}]
        assert config["MetricsConfig"] == {"EnableEnhancedMetrics": True, "MetricPublishFrequencyInSeconds": 30}
        assert config["ExplainerConfig"]["ClarifyExplainerConfig"]["ShapConfig"]["NumberOfSamples"] == percent
    assert "DataCaptureConfig" not in deployed.deploy()
    deployed.delete()


def test_the_copies_of_a_component_are_updated_in_batches(aws):
    def chat(stack: cdk.Stack, memory: int) -> None:
        component = InferenceComponent(
            "llama",
            container=CONTAINER,
            memory_mb=memory,
            copies=4,
            rollout=Rollout.rolling(copies=2, bake=MINUTE),
            cache_data=True,
            placement="SPREAD",
        )
        InferenceComponentEndpoint(stack, "C", instances=Instances("ml.m5.4xlarge"), components=[component])

    deployed = Deployed(aws, "Copies", chat)
    deployed.deploy(memory=1024)
    sagemaker: Any = aws.client("sagemaker")
    (made,) = sagemaker.list_inference_components()["InferenceComponents"]
    found = sagemaker.describe_inference_component(InferenceComponentName=made["InferenceComponentName"])
    assert "LastDeploymentConfig" not in found
    assert found["Specification"]["SchedulingConfig"] == {
        "PlacementStrategy": "SPREAD",
        "AvailabilityZoneBalance": {"EnforcementMode": "PERMISSIVE"},
    }
    deployed.deploy(memory=2048)
    found = sagemaker.describe_inference_component(InferenceComponentName=made["InferenceComponentName"])
    assert found["LastDeploymentConfig"] == {
        "RollingUpdatePolicy": {
            "MaximumBatchSize": {"Type": "COPY_COUNT", "Value": 2},
            "WaitIntervalInSeconds": 60,
        }
    }
    assert found["Specification"]["ComputeResourceRequirements"]["MinMemoryRequiredInMb"] == 2048
    deployed.delete()
