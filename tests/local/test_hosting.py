"""SageMaker hosting and Application Auto Scaling, used directly by SDK clients."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from sm_constructs.local import EmbeddedAws

ROLE = "arn:aws:iam::123456789012:role/execution"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/serve:1"
DIMENSION = "sagemaker:variant:DesiredInstanceCount"
KEY = {"ServiceNamespace": "sagemaker", "ResourceId": "endpoint/chat/variant/main", "ScalableDimension": DIMENSION}


@pytest.fixture
def sagemaker(aws: EmbeddedAws) -> Any:
    return aws.client("sagemaker")


@pytest.fixture
def autoscaling(aws: EmbeddedAws) -> Any:
    return aws.client("application-autoscaling")


@pytest.fixture(scope="module")
def chat(running: EmbeddedAws) -> EmbeddedAws:
    """The embedded AWS with one endpoint, for tests that change nothing."""
    running.reset()
    create(running.client("sagemaker"))
    return running


def create(sagemaker: Any, *, name: str = "chat", config: dict[str, Any] | None = None, **variant: Any) -> None:
    """Create an endpoint with the model and the configuration of its name."""
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": IMAGE})
    size = {} if "ServerlessConfig" in variant else {"InstanceType": "ml.m5.large", "InitialInstanceCount": 2}
    only = {"VariantName": "main", "ModelName": name, **size, **variant}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[only], **(config or {}))
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)


@pytest.mark.parametrize(
    ("operation", "params", "message"),
    [
        (
            "describe_model",
            {"ModelName": "no"},
            'Could not find model "arn:aws:sagemaker:us-east-1:123456789012:model/no".',
        ),
        ("delete_endpoint_config", {"EndpointConfigName": "no"}, "Could not find endpoint configuration"),
        ("update_endpoint", {"EndpointName": "no", "EndpointConfigName": "chat"}, "Could not find endpoint "),
        ("create_endpoint", {"EndpointName": "x", "EndpointConfigName": "no"}, "Could not find endpoint configuration"),
        ("create_endpoint", {"EndpointName": "chat", "EndpointConfigName": "chat"}, "already existing endpoint"),
        (
            "create_endpoint_config",
            {"EndpointConfigName": "x", "ProductionVariants": [{"VariantName": "a", "ModelName": "no"}]},
            "Could not find model",
        ),
        (
            "update_endpoint_weights_and_capacities",
            {"EndpointName": "chat", "DesiredWeightsAndCapacities": [{"VariantName": "no", "DesiredWeight": 1}]},
            "is/are not present within endpoint configuration",
        ),
    ],
)
def test_what_is_not_there_or_is_already(chat: EmbeddedAws, operation: str, params: dict[str, Any], message: str):
    with pytest.raises(ClientError) as raised:
        getattr(chat.client("sagemaker"), operation)(**params)
    assert raised.value.response["Error"]["Code"] == "ValidationException"
    assert message in raised.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ResourceId": "endpoint/no/variant/main"}, "does not exist"),
        ({"ResourceId": "endpoint/chat/variant/no"}, "does not exist"),
        ({"ResourceId": "endpoint/chat"}, "Unsupported service namespace, resource type or scalable dimension"),
        ({"MinCapacity": 5}, "Maximum capacity 4 cannot be less than minimum capacity 5"),
        ({"MinCapacity": None}, "MinCapacity and MaxCapacity are required"),
        ({"ScalableDimension": "sagemaker:variant:DesiredProvisionedConcurrency"}, "no provisioned concurrency"),
    ],
)
def test_targets_that_cannot_be(chat: EmbeddedAws, change: dict[str, Any], message: str):
    autoscaling: Any = chat.client("application-autoscaling")
    request = {**KEY, "MinCapacity": 1, "MaxCapacity": 4, **change}
    with pytest.raises(ClientError, match=message):
        autoscaling.register_scalable_target(**{name: value for name, value in request.items() if value is not None})


def test_everything_that_was_asked_for_is_described(sagemaker: Any):
    network = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}
    containers = [{"Image": IMAGE, "ContainerHostname": host} for host in ("a", "b")]
    sagemaker.create_model(
        ModelName="model",
        ExecutionRoleArn=ROLE,
        Containers=containers,
        InferenceExecutionConfig={"Mode": "Direct"},
        VpcConfig=network,
        EnableNetworkIsolation=True,
    )
    model = sagemaker.describe_model(ModelName="model")
    assert model["ModelArn"] == "arn:aws:sagemaker:us-east-1:123456789012:model/model"
    assert model["Containers"] == containers
    assert model["InferenceExecutionConfig"] == {"Mode": "Direct"}
    assert (model["VpcConfig"], model["EnableNetworkIsolation"]) == (network, True)

    variant = {
        "VariantName": "main",
        "ModelName": "model",
        "InstanceType": "ml.g6.xlarge",  # of those that moto does not know
        "InitialInstanceCount": 1,
        "InitialVariantWeight": 0.0,
        "RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"},
        "ContainerStartupHealthCheckTimeoutInSeconds": 600,
    }
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 50,
        "DestinationS3Uri": "s3://bucket/capture",
        "CaptureOptions": [{"CaptureMode": "Input"}],
    }
    sagemaker.create_endpoint_config(
        EndpointConfigName="config", ProductionVariants=[variant], DataCaptureConfig=capture, ExecutionRoleArn=ROLE
    )
    config = sagemaker.describe_endpoint_config(EndpointConfigName="config")
    assert (config["ProductionVariants"], config["DataCaptureConfig"]) == ([variant], capture)

    sagemaker.create_endpoint(EndpointName="endpoint", EndpointConfigName="config")
    endpoint = sagemaker.describe_endpoint(EndpointName="endpoint")
    (summary,) = endpoint["ProductionVariants"]
    assert (summary["CurrentInstanceCount"], summary["CurrentWeight"]) == (1, 0.0)
    assert summary["RoutingConfig"] == variant["RoutingConfig"]
    assert endpoint["DataCaptureConfig"]["CaptureStatus"] == "Started"
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="endpoint")


def test_requests_of_any_client_are_checked_as_aws_checks_them(aws: EmbeddedAws):
    def client(service: str) -> Any:
        return boto3.client(
            service,
            region_name="us-east-1",
            endpoint_url=f"http://127.0.0.1:{aws.port}",
            aws_access_key_id="any",
            aws_secret_access_key="any",
            config=Config(parameter_validation=False),
        )

    with pytest.raises(ClientError) as raised:
        client("sagemaker").create_endpoint(EndpointName="a_b")
    assert raised.value.response["Error"]["Code"] == "ValidationException"
    assert raised.value.response["Error"]["Message"] == (
        "2 validation errors detected: Value null at 'endpointConfigName' failed to satisfy constraint: "
        "Member must not be null; Value 'a_b' at 'endpointName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
    )
    with pytest.raises(
        ClientError, match="at 'scalableDimension' failed to satisfy constraint: Member must satisfy enum"
    ):
        client("application-autoscaling").register_scalable_target(**KEY | {"ScalableDimension": "sagemaker:no:no"})


def test_lists_are_filtered_sorted_and_paged(sagemaker: Any):
    for name in ("a1", "b1", "a2"):
        create(sagemaker, name=name)

    def listed(**request: Any) -> list[str]:
        pages = sagemaker.get_paginator("list_endpoints").paginate(**request)
        return [endpoint["EndpointName"] for page in pages for endpoint in page["Endpoints"]]

    assert listed() == ["a2", "b1", "a1"]
    assert listed(SortBy="Name", SortOrder="Ascending", PaginationConfig={"PageSize": 2}) == ["a1", "a2", "b1"]
    assert listed(NameContains="a", SortBy="Name") == ["a2", "a1"]
    assert listed(StatusEquals="Failed") == []
    assert len(sagemaker.list_models(MaxResults=2)["Models"]) == 2
    first = sagemaker.describe_endpoint(EndpointName="b1")["CreationTime"]
    assert listed(CreationTimeAfter=first) == ["a2"]


def test_update_endpoint_keeps_the_deployment_configuration_if_told_to(sagemaker: Any):
    create(sagemaker)
    routing = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
    deployment = {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}}
    sagemaker.update_endpoint(EndpointName="chat", EndpointConfigName="chat", DeploymentConfig=deployment)
    assert sagemaker.describe_endpoint(EndpointName="chat")["LastDeploymentConfig"] == deployment
    sagemaker.update_endpoint(EndpointName="chat", EndpointConfigName="chat", RetainDeploymentConfig=True)
    assert sagemaker.describe_endpoint(EndpointName="chat")["LastDeploymentConfig"] == deployment
    sagemaker.update_endpoint(EndpointName="chat", EndpointConfigName="chat")
    assert "LastDeploymentConfig" not in sagemaker.describe_endpoint(EndpointName="chat")


def test_an_alarm_takes_an_update_back(aws: EmbeddedAws, sagemaker: Any):
    create(sagemaker)
    sagemaker.create_endpoint_config(
        EndpointConfigName="next",
        ProductionVariants=[
            {"VariantName": "main", "ModelName": "chat", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        ],
    )
    cloudwatch: Any = aws.client("cloudwatch")
    for name in ("errors", "latency"):
        cloudwatch.put_metric_alarm(
            AlarmName=name, ComparisonOperator="GreaterThanThreshold", EvaluationPeriods=1, Threshold=1
        )
    routing = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
    alarms = [{"AlarmName": name} for name in ("latency", "errors", "unknown")]
    guarded = {
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing},
        "AutoRollbackConfiguration": {"Alarms": alarms},
    }

    def update(**how: Any) -> tuple[str, int, str | None]:
        """Update the endpoint; give its configuration, its count, and why the update failed."""
        sagemaker.update_endpoint(EndpointName="chat", EndpointConfigName="next", **how)
        endpoint = sagemaker.describe_endpoint(EndpointName="chat")
        assert endpoint["EndpointStatus"] == "InService"
        count = endpoint["ProductionVariants"][0]["CurrentInstanceCount"]
        return endpoint["EndpointConfigName"], count, endpoint.get("FailureReason")

    reason = "The update was rolled back, since these CloudWatch alarms are in state ALARM: errors."
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="5 errors in a minute")
    assert update(DeploymentConfig=guarded) == ("chat", 2, reason)
    assert "LastDeploymentConfig" not in sagemaker.describe_endpoint(EndpointName="chat")
    assert update() == ("next", 1, None)  # nobody watches

    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="INSUFFICIENT_DATA", StateReason="no requests")
    assert update(DeploymentConfig=guarded) == ("next", 1, None)
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="5 errors in a minute")
    assert update(RetainDeploymentConfig=True) == ("next", 1, reason)


def test_a_serverless_variant_scales_its_provisioned_concurrency(sagemaker: Any, autoscaling: Any):
    create(sagemaker, ServerlessConfig={"MemorySizeInMB": 2048, "MaxConcurrency": 5, "ProvisionedConcurrency": 2})
    key = KEY | {"ScalableDimension": "sagemaker:variant:DesiredProvisionedConcurrency"}
    autoscaling.register_scalable_target(**key, MinCapacity=1, MaxCapacity=4)
    found = autoscaling.describe_scalable_targets(
        ServiceNamespace="sagemaker", ScalableDimension=key["ScalableDimension"], ResourceIds=[key["ResourceId"]]
    )
    assert [target["MaxCapacity"] for target in found["ScalableTargets"]] == [4]


def test_burstable_instances_do_not_scale(sagemaker: Any, autoscaling: Any):
    create(sagemaker, InstanceType="ml.t2.medium")
    with pytest.raises(ClientError, match="burstable"):
        autoscaling.register_scalable_target(**KEY, MinCapacity=1, MaxCapacity=4)


def test_a_policy_needs_a_target_and_goes_with_it(sagemaker: Any, autoscaling: Any):
    create(sagemaker)
    tracking = {
        "TargetValue": 70.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
    }
    policy = {
        **KEY,
        "PolicyName": "load",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": tracking,
    }
    with pytest.raises(autoscaling.exceptions.ObjectNotFoundException, match="No scalable target registered"):
        autoscaling.put_scaling_policy(**policy)
    autoscaling.register_scalable_target(**KEY, MinCapacity=1, MaxCapacity=4)
    autoscaling.put_scaling_policy(**policy)
    autoscaling.put_scheduled_action(
        **KEY, ScheduledActionName="night", Schedule="cron(0 0 * * ? *)", ScalableTargetAction={"MinCapacity": 1}
    )
    autoscaling.deregister_scalable_target(**KEY)
    assert autoscaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"] == []
    assert autoscaling.describe_scheduled_actions(ServiceNamespace="sagemaker")["ScheduledActions"] == []


def test_a_policy_that_is_put_anew_keeps_its_arn(sagemaker: Any, autoscaling: Any):
    create(sagemaker)
    autoscaling.register_scalable_target(**KEY, MinCapacity=1, MaxCapacity=4)
    arns = set()
    for change in (1, 2):
        steps = [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": change}]
        configuration = {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": steps}
        policy = {"PolicyName": "steps", "PolicyType": "StepScaling", "StepScalingPolicyConfiguration": configuration}
        arns.add(autoscaling.put_scaling_policy(**KEY, **policy)["PolicyARN"])
        (found,) = autoscaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
        assert found["StepScalingPolicyConfiguration"]["StepAdjustments"] == steps
        arns.add(found["PolicyARN"])
    assert len(arns) == 1


def test_what_moto_does_not_have_is_told_at_once(sagemaker: Any):
    with pytest.raises(ClientError, match="The embedded AWS cannot do this") as raised:
        sagemaker.list_human_task_uis()
    assert raised.value.response["ResponseMetadata"]["RetryAttempts"] == 0
