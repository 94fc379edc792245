"""The real CDK command line against the embedded AWS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sm_constructs.local import EmbeddedAws, status


@pytest.fixture(scope="module")
def deployed(apps: Path) -> Iterator[EmbeddedAws]:
    """An embedded AWS with the first application deployed; not that of other tests, which need no bootstrapping."""
    with EmbeddedAws() as aws:
        code, written = aws.deploy(apps / "first")
        assert code == 0, written
        yield aws


def summary(aws: EmbeddedAws) -> list[tuple[str, str, str, str]]:
    return [(row.endpoint, row.kind, row.variants, row.capacity) for row in status.endpoints(aws)]


def test_deploy_makes_an_endpoint_that_boto3_sees(deployed: EmbeddedAws):
    sagemaker: Any = deployed.client("sagemaker")
    endpoint = sagemaker.describe_endpoint(EndpointName="chat")
    assert endpoint["EndpointStatus"] == "InService"
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    model = sagemaker.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
    autoscaling: Any = deployed.client("application-autoscaling")
    (policy,) = autoscaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    assert policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 70
    # The archive was uploaded where the model says that it is.
    bucket, _, key = model["PrimaryContainer"]["ModelDataUrl"].removeprefix("s3://").partition("/")
    s3: Any = deployed.client("s3")
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"a model"
    assert summary(deployed) == [("chat", "real-time", "main (ml.m5.large x 1)", "1-4")]


def test_deploy_updates_and_a_wrong_template_fails_with_awss_words(deployed: EmbeddedAws, apps: Path):
    code, written = deployed.deploy(apps / "second")
    assert code == 0, written
    assert summary(deployed) == [("chat", "real-time", "main (ml.m5.large x 2)", "1-4")]

    code, written = deployed.deploy(apps / "wrong")
    assert code == 1
    assert "Value '0' at 'productionVariants.1.member.initialInstanceCount' failed to satisfy constraint" in written
    cloudformation: Any = deployed.client("cloudformation")
    (stack,) = cloudformation.describe_stacks(StackName="Endpoint")["Stacks"]
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert summary(deployed) == [("chat", "real-time", "main (ml.m5.large x 2)", "1-4")]
    sagemaker: Any = deployed.client("sagemaker")
    assert len(sagemaker.list_models()["Models"]) == 1

    code, written = deployed.deploy(apps / "unknown")
    assert code == 1
    assert "Unrecognized resource types: [AWS::EKS::Cluster]" in written


def test_destroy_leaves_only_what_bootstrapping_made(deployed: EmbeddedAws, apps: Path):
    code, written = deployed.destroy(apps / "first")
    assert code == 0, written
    assert status.endpoints(deployed) == []
    sagemaker: Any = deployed.client("sagemaker")
    assert sagemaker.list_models()["Models"] == []
    assert sagemaker.list_endpoint_configs()["EndpointConfigs"] == []
    cloudformation: Any = deployed.client("cloudformation")
    assert [stack["StackName"] for stack in cloudformation.describe_stacks()["Stacks"]] == ["CDKToolkit"]
    iam: Any = deployed.client("iam")
    assert [role for role in iam.list_roles()["Roles"] if not role["RoleName"].startswith("cdk-")] == []


def test_reset_empties_all_but_stays_bootstrapped(deployed: EmbeddedAws):
    sns: Any = deployed.client("sns")
    sns.create_topic(Name="topic")
    deployed.reset()
    assert sns.list_topics()["Topics"] == []
    ssm: Any = deployed.client("ssm")
    assert int(ssm.get_parameter(Name="/cdk-bootstrap/hnb659fds/version")["Parameter"]["Value"]) > 0
