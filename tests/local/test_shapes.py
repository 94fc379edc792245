"""The check of requests against botocore's service model, in AWS's words."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from sm_constructs.local.shapes import check, error_message


def config(**variant: Any) -> dict[str, Any]:
    return {"EndpointConfigName": "config", "ProductionVariants": [{"VariantName": "main", **variant}]}


def problem(service: str, operation: str, params: dict[str, Any]) -> str:
    (only,) = check(service, operation, params)
    return only


def test_a_good_request_has_no_problems():
    request = config(
        ModelName="model",
        InstanceType="ml.m5.large",
        InitialInstanceCount=1,
        InitialVariantWeight=0.5,
        EnableSSMAccess=False,
    )
    assert check("sagemaker", "CreateEndpointConfig", request) == []
    assert (
        check("sagemaker", "ListEndpoints", {"CreationTimeAfter": dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)})
        == []
    )
    assert check("sagemaker", "ListEndpoints", {"CreationTimeAfter": 1767225600}) == []


def test_a_value_below_the_minimum():
    assert problem("sagemaker", "CreateEndpointConfig", config(InitialInstanceCount=0)) == (
        "Value '0' at 'productionVariants.1.member.initialInstanceCount' failed to satisfy constraint: "
        "Member must have value greater than or equal to 1"
    )


def test_a_value_above_the_maximum_which_botocore_lets_pass():
    found = problem("sagemaker", "CreateEndpointConfig", config(VolumeSizeInGB=513))
    assert found.startswith("Value '513' at 'productionVariants.1.member.volumeSizeInGB'")
    assert found.endswith("Member must have value less than or equal to 512")


@pytest.mark.parametrize(
    ("name", "good"), [("a", True), ("a-b-1", True), ("a_b", False), ("-a", False), ("a\n", False)]
)
def test_a_pattern_holds_for_the_whole_value(name: str, good: bool):
    found = check("sagemaker", "DescribeEndpoint", {"EndpointName": name})
    assert (found == []) is good
    assert good or "Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}" in found[0]


def test_lengths_of_strings_and_lists():
    assert "length less than or equal to 63" in check("sagemaker", "DescribeEndpoint", {"EndpointName": "a" * 64})[0]
    found = problem("sagemaker", "CreateEndpointConfig", {"EndpointConfigName": "c", "ProductionVariants": []})
    assert found.endswith(
        "at 'productionVariants' failed to satisfy constraint: Member must have length greater than or equal to 1"
    )


def test_an_enumeration():
    found = problem("sagemaker", "CreateEndpointConfig", config(InstanceType="ml.m5.lage"))
    assert "at 'productionVariants.1.member.instanceType'" in found
    assert "Member must satisfy enum value set: [ml.t2.medium, " in found


def test_what_is_required_is_told_as_null():
    assert check("sagemaker", "CreateEndpoint", {"EndpointName": None, "EndpointConfigName": "c"}) == [
        "Value null at 'endpointName' failed to satisfy constraint: Member must not be null"
    ]
    # An idempotency token is filled in by the client.
    assert check("sagemaker", "StartPipelineExecution", {"PipelineName": "p"}) == []


@pytest.mark.parametrize(
    ("variant", "kind"),
    [
        ({"InitialInstanceCount": "1"}, "integer"),
        ({"InitialInstanceCount": True}, "integer"),
        ({"InitialVariantWeight": "1"}, "float"),
        ({"EnableSSMAccess": "true"}, "boolean"),
        ({"ModelName": 1}, "string"),
        ({"ServerlessConfig": []}, "structure"),
        ({"InstancePools": {}}, "list"),
    ],
)
def test_a_wrong_type(variant: dict[str, Any], kind: str):
    assert problem("sagemaker", "CreateEndpointConfig", config(**variant)).endswith(f"Member must be of type {kind}")


def test_a_member_that_does_not_exist():
    found = problem("sagemaker", "CreateEndpointConfig", config(InstanceCount=1))
    assert found.startswith("Unknown member at 'productionVariants.1.member.instanceCount'; ProductionVariant has: [")


def test_members_of_lists_and_maps_are_told_with_all_their_constraints():
    subnets = {"ModelName": "m", "VpcConfig": {"Subnets": ["sub net"], "SecurityGroupIds": ["sg-1"]}}
    assert problem("sagemaker", "CreateModel", subnets) == (
        "Value '[sub net]' at 'vpcConfig.subnets' failed to satisfy constraint: Member must satisfy constraint: "
        "[Member must have length less than or equal to 32, Member must have length greater than or equal to 0, "
        "Member must satisfy regular expression pattern: [-0-9a-zA-Z]+]"
    )
    variables = {"ModelName": "m", "PrimaryContainer": {"Environment": {"a b": "x"}}}
    found = problem("sagemaker", "CreateModel", variables)
    assert found.startswith("Value '{a b=x}' at 'primaryContainer.environment' failed to satisfy constraint: Map keys ")


@pytest.mark.parametrize("given", [{}, {"PromQLCriteria": {"Query": "up"}, "Other": {}}])
def test_exactly_one_member_of_a_union(given: dict[str, Any]):
    found = check("cloudwatch", "PutMetricAlarm", {"AlarmName": "a", "EvaluationCriteria": given})
    assert "Exactly one member must be set of: [PromQLCriteria" in found[0]


def test_patterns_are_javas():
    def tag(key: str) -> dict[str, Any]:
        return {"ResourceArn": "arn:aws:sagemaker:us-east-1:123456789012:model/m", "Tags": [{"Key": key, "Value": ""}]}

    assert check("sagemaker", "AddTags", tag("Größe")) == []
    assert len(check("sagemaker", "AddTags", tag("a;b"))) == 1
    policy = {
        "PolicyName": "é",
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/e/variant/v",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    assert problem("application-autoscaling", "PutScalingPolicy", policy).endswith(r"pattern: \p{Print}+")


def test_the_message_counts_the_errors():
    assert error_message(["a"]) == "1 validation error detected: a"
    assert error_message(["a", "b"]) == "2 validation errors detected: a; b"
