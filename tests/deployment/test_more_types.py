"""Resource types that stand beside endpoints, and that the embedded AWS has itself: they change in place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sm_constructs.local import EmbeddedAws


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as running:
        yield running


def template(**resource: Any) -> str:
    return json.dumps({"Resources": {"It": resource}})


def test_a_key_changes_in_place(aws):
    def body(description: str, tag: str, *, rotation: bool) -> str:
        policy = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*", "Sid": tag}],
        }
        properties = {
            "Description": description,
            "KeyPolicy": policy,
            "EnableKeyRotation": rotation,
            "Tags": [{"Key": tag, "Value": "1"}],
        }
        return template(Type="AWS::KMS::Key", Properties=properties)

    cloudformation: Any = aws.client("cloudformation")
    kms: Any = aws.client("kms")

    def key() -> str:
        return cloudformation.describe_stack_resources(StackName="K")["StackResources"][0]["PhysicalResourceId"]

    cloudformation.create_stack(StackName="K", TemplateBody=body("a", "first", rotation=True))
    first = key()
    assert kms.get_key_rotation_status(KeyId=first)["KeyRotationEnabled"] is True
    cloudformation.update_stack(StackName="K", TemplateBody=body("b", "second", rotation=False))
    assert key() == first
    assert kms.describe_key(KeyId=first)["KeyMetadata"]["Description"] == "b"
    assert kms.get_key_rotation_status(KeyId=first)["KeyRotationEnabled"] is False
    assert [tag["TagKey"] for tag in kms.list_resource_tags(KeyId=first)["Tags"]] == ["second"]
    assert "second" in kms.get_key_policy(KeyId=first, PolicyName="default")["Policy"]
    cloudformation.delete_stack(StackName="K")
    assert kms.describe_key(KeyId=first)["KeyMetadata"]["KeyState"] == "PendingDeletion"


def test_a_topic_gets_its_policy(aws):
    cloudformation: Any = aws.client("cloudformation")
    sns: Any = aws.client("sns")

    def body(sid: str) -> str:
        document = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Sid": sid}],
        }
        policy = {"Type": "AWS::SNS::TopicPolicy", "Properties": {"Topics": [{"Ref": "T"}], "PolicyDocument": document}}
        return json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic"}, "P": policy}})

    for sid, act in (("first", cloudformation.create_stack), ("second", cloudformation.update_stack)):
        act(StackName="T", TemplateBody=body(sid))
        (topic,) = sns.list_topics()["Topics"]
        policy = sns.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]["Policy"]
        assert json.loads(policy)["Statement"][0]["Sid"] == sid
    cloudformation.delete_stack(StackName="T")
    assert sns.list_topics()["Topics"] == []


def test_a_schedule_changes_in_place(aws):
    cloudformation: Any = aws.client("cloudformation")
    scheduler: Any = aws.client("scheduler")
    properties = {
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {
            "Arn": "arn:aws:scheduler:::aws-sdk:sagemaker:createTransformJob",
            "RoleArn": "arn:aws:iam::1:role/r",
        },
    }
    for expression, act in (
        ("rate(1 day)", cloudformation.create_stack),
        ("rate(2 days)", cloudformation.update_stack),
    ):
        schedule = {"Type": "AWS::Scheduler::Schedule", "Properties": {**properties, "ScheduleExpression": expression}}
        act(StackName="S", TemplateBody=template(**schedule))
        (made,) = scheduler.list_schedules()["Schedules"]
        assert scheduler.get_schedule(Name=made["Name"])["ScheduleExpression"] == expression
    cloudformation.delete_stack(StackName="S")
    assert scheduler.list_schedules()["Schedules"] == []


def test_an_endpoint_goes_after_its_components_and_a_base_after_its_adapters(aws):
    sagemaker: Any = aws.client("sagemaker")
    role = "arn:aws:iam::123456789012:role/role"
    variant = {"VariantName": "v", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_model(ModelName="m", ExecutionRoleArn=role, PrimaryContainer={"Image": "i"})
    sagemaker.create_endpoint_config(EndpointConfigName="c", ExecutionRoleArn=role, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="c")
    base = {"ModelName": "m", "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 128}}
    adapter = {"BaseInferenceComponentName": "base", "Container": {"ArtifactUrl": "s3://b/a.tar.gz"}}
    place = {"EndpointName": "e", "VariantName": "v"}
    sagemaker.create_inference_component(
        InferenceComponentName="base", Specification=base, RuntimeConfig={"CopyCount": 1}, **place
    )
    sagemaker.create_inference_component(InferenceComponentName="adapter", Specification=adapter, **place)
    with pytest.raises(sagemaker.exceptions.ClientError, match="is the base of adapter"):
        sagemaker.delete_inference_component(InferenceComponentName="base")
    with pytest.raises(sagemaker.exceptions.ClientError, match="inference components base, adapter"):
        sagemaker.delete_endpoint(EndpointName="e")
    with pytest.raises(sagemaker.exceptions.ClientError, match="copy count"):
        sagemaker.create_inference_component(
            InferenceComponentName="none", Specification=base, RuntimeConfig={"CopyCount": 0}, **place
        )
    for name in ("adapter", "base"):
        sagemaker.delete_inference_component(InferenceComponentName=name)
    sagemaker.delete_endpoint(EndpointName="e")
    assert sagemaker.list_inference_components()["InferenceComponents"] == []


def test_an_endpoint_on_instances_does_not_become_a_serverless_one(aws):
    sagemaker: Any = aws.client("sagemaker")
    role = "arn:aws:iam::123456789012:role/role"
    sagemaker.create_model(ModelName="both", ExecutionRoleArn=role, PrimaryContainer={"Image": "i"})
    on_instances = {"VariantName": "v", "ModelName": "both", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    serverless = {
        "VariantName": "v",
        "ModelName": "both",
        "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1},
    }
    for name, variant in (("instances", on_instances), ("serverless", serverless)):
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="turned", EndpointConfigName="instances")
    with pytest.raises(sagemaker.exceptions.ClientError, match="cannot be updated to a serverless one"):
        sagemaker.update_endpoint(EndpointName="turned", EndpointConfigName="serverless")
    sagemaker.create_endpoint(EndpointName="other", EndpointConfigName="serverless")
    sagemaker.update_endpoint(EndpointName="other", EndpointConfigName="instances")
