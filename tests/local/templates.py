"""Templates of endpoints, and a way to deploy them without the CDK."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from sm_constructs.local import EmbeddedAws


class Stacks:
    """Deploys templates as the CDK does: with change sets."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.client: Any = aws.client("cloudformation")

    def deploy(self, name: str, resources: Mapping[str, Any], **sections: Any) -> str:
        """Deploy a template; give the state that the stack is in then."""
        try:
            status = self.state(name)
        except self.client.exceptions.ClientError:
            status = None
        kind = "CREATE" if status is None else "UPDATE"
        parameters = [
            {"ParameterKey": key, "ParameterValue": value} for key, value in sections.pop("Values", {}).items()
        ]
        change_set = self.client.create_change_set(
            StackName=name,
            ChangeSetName="change",
            ChangeSetType=kind,
            TemplateBody=json.dumps({"Resources": resources, **sections}),
            Parameters=parameters,
        )
        self.client.execute_change_set(ChangeSetName=change_set["Id"])
        return self.state(name)

    def state(self, name: str) -> str:
        (stack,) = self.client.describe_stacks(StackName=name)["Stacks"]
        return str(stack["StackStatus"])

    def outputs(self, name: str) -> dict[str, str]:
        (stack,) = self.client.describe_stacks(StackName=name)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def delete(self, name: str) -> None:
        self.client.delete_stack(StackName=name)

    def events(self, name: str) -> list[tuple[str, str]]:
        """Give logical id and status of all events, oldest first."""
        events = self.client.describe_stack_events(StackName=name)["StackEvents"]
        return [(event["LogicalResourceId"], event["ResourceStatus"]) for event in reversed(events)]

    def reason(self, name: str, logical_id: str) -> str:
        """Give the reason for which a resource failed last."""
        for event in self.client.describe_stack_events(StackName=name)["StackEvents"]:
            if event["LogicalResourceId"] == logical_id and event["ResourceStatus"].endswith("_FAILED"):
                return str(event.get("ResourceStatusReason", ""))
        pytest.fail(f"{logical_id} has not failed")


def hosting(
    *,
    image: str = "123456789012.dkr.ecr.us-east-1.amazonaws.com/serve:1",
    instance_type: str = "ml.m5.large",
    count: int = 1,
    **endpoint: Any,
) -> dict[str, Any]:
    """The resources of one endpoint with its role."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    variant = {
        "VariantName": "main",
        "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
        "InstanceType": instance_type,
        "InitialInstanceCount": count,
    }
    return {
        # Deliberately in the wrong order.
        "Endpoint": {
            "Type": "AWS::SageMaker::Endpoint",
            "Properties": {"EndpointConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]}, **endpoint},
        },
        "Config": {"Type": "AWS::SageMaker::EndpointConfig", "Properties": {"ProductionVariants": [variant]}},
        "Model": {
            "Type": "AWS::SageMaker::Model",
            "Properties": {
                "ExecutionRoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
                "PrimaryContainer": {"Image": image},
            },
        },
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust}},
    }


def scaled(*, maximum: int = 3, target: float = 70.0, by_id: bool = True) -> dict[str, Any]:
    """The resources that scale the endpoint of `hosting`."""
    resource_id = {"Fn::Sub": "endpoint/${Endpoint.EndpointName}/variant/main"}
    key = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": resource_id,
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    return {
        "Policy": {
            "Type": "AWS::ApplicationAutoScaling::ScalingPolicy",
            "Properties": {
                "PolicyName": "load",
                "PolicyType": "TargetTrackingScaling",
                **({"ScalingTargetId": {"Ref": "Target"}} if by_id else key),
                "TargetTrackingScalingPolicyConfiguration": {
                    "TargetValue": target,
                    "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
                },
            },
            **({} if by_id else {"DependsOn": "Target"}),
        },
        "Target": {
            "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
            "Properties": {**key, "MinCapacity": 1, "MaxCapacity": maximum},
        },
    }
