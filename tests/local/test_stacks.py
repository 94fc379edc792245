"""Stacks are created, updated, rolled back and deleted as on AWS; templates go in through boto3."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.templates import Stacks, hosting, scaled
from sm_constructs.local import EmbeddedAws


def names(aws: EmbeddedAws) -> dict[str, list[str]]:
    """Everything that hosting leaves in an account."""
    sagemaker: Any = aws.client("sagemaker")
    autoscaling: Any = aws.client("application-autoscaling")
    iam: Any = aws.client("iam")
    found = {
        "models": [model["ModelName"] for model in sagemaker.list_models()["Models"]],
        "configs": [config["EndpointConfigName"] for config in sagemaker.list_endpoint_configs()["EndpointConfigs"]],
        "endpoints": [endpoint["EndpointName"] for endpoint in sagemaker.list_endpoints()["Endpoints"]],
        "roles": [role["RoleName"] for role in iam.list_roles()["Roles"] if not role["RoleName"].startswith("cdk-")],
    }
    in_sagemaker = {"ServiceNamespace": "sagemaker"}
    targets = autoscaling.describe_scalable_targets(**in_sagemaker)["ScalableTargets"]
    policies = autoscaling.describe_scaling_policies(**in_sagemaker)["ScalingPolicies"]
    actions = autoscaling.describe_scheduled_actions(**in_sagemaker)["ScheduledActions"]
    found["targets"] = [target["ResourceId"] for target in targets]
    found["policies"] = [policy["PolicyName"] for policy in policies]
    found["actions"] = [action["ScheduledActionName"] for action in actions]
    return found


def count(aws: EmbeddedAws) -> dict[str, int]:
    return {kind: len(found) for kind, found in names(aws).items() if found}


def variant(aws: EmbeddedAws) -> dict[str, Any]:
    sagemaker: Any = aws.client("sagemaker")
    (endpoint,) = names(aws)["endpoints"]
    (only,) = sagemaker.describe_endpoint(EndpointName=endpoint)["ProductionVariants"]
    return dict(only)


def test_a_stack_is_created_in_the_order_of_its_references(stacks: Stacks, aws: EmbeddedAws):
    assert stacks.deploy("app", hosting() | scaled()) == "CREATE_COMPLETE"
    done = [logical_id for logical_id, status in stacks.events("app") if status == "CREATE_COMPLETE"]
    assert done == ["Role", "Model", "Config", "Endpoint", "Target", "Policy", "app"]
    assert count(aws) == {"models": 1, "configs": 1, "endpoints": 1, "roles": 1, "targets": 1, "policies": 1}


def test_references_and_attributes(stacks: Stacks):
    template = hosting(EndpointName="chat") | scaled()
    wanted = {
        "ModelRef": {"Ref": "Model"},
        "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
        "ConfigRef": {"Ref": "Config"},
        "ConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]},
        "EndpointRef": {"Ref": "Endpoint"},
        "EndpointName": {"Fn::GetAtt": ["Endpoint", "EndpointName"]},
        "TargetRef": {"Ref": "Target"},
        "TargetId": {"Fn::GetAtt": ["Target", "Id"]},
        "PolicyRef": {"Ref": "Policy"},
        "PolicyArn": {"Fn::GetAtt": ["Policy", "Arn"]},
        "RoleRef": {"Ref": "Role"},
        "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
    }
    stacks.deploy("app", template, Outputs={name: {"Value": value} for name, value in wanted.items()})
    outputs = stacks.outputs("app")
    arn = "arn:aws:sagemaker:us-east-1:123456789012"
    assert outputs["ModelRef"] == f"{arn}:model/{outputs['ModelName']}"
    assert outputs["ModelName"].startswith("app-Model-")
    assert outputs["ConfigRef"] == f"{arn}:endpoint-config/{outputs['ConfigName']}"
    assert (outputs["EndpointName"], outputs["EndpointRef"]) == ("chat", f"{arn}:endpoint/chat")
    assert outputs["TargetRef"] == outputs["TargetId"]
    assert outputs["TargetRef"] == "endpoint/chat/variant/main|sagemaker:variant:DesiredInstanceCount|sagemaker"
    assert outputs["PolicyRef"] == outputs["PolicyArn"]
    assert outputs["PolicyArn"].endswith(":resource/sagemaker/endpoint/chat/variant/main:policyName/load")
    assert outputs["RoleArn"] == f"arn:aws:iam::123456789012:role/{outputs['RoleRef']}"


def test_deleting_a_stack_leaves_nothing(stacks: Stacks, aws: EmbeddedAws):
    stacks.deploy("app", hosting() | scaled())
    stacks.delete("app")
    assert count(aws) == {}
    with pytest.raises(ClientError, match="does not exist"):
        stacks.state("app")


def test_a_changed_model_is_replaced_and_the_endpoint_updated_in_place(stacks: Stacks, aws: EmbeddedAws):
    stacks.deploy("app", hosting() | scaled())
    before = names(aws)
    assert stacks.deploy("app", hosting(image="other:2") | scaled()) == "UPDATE_COMPLETE"
    after = names(aws)
    assert after["endpoints"] == before["endpoints"]
    assert after["models"] != before["models"]
    assert after["configs"] != before["configs"]
    assert count(aws) == {"models": 1, "configs": 1, "endpoints": 1, "roles": 1, "targets": 1, "policies": 1}
    assert variant(aws)["DeployedImages"][0]["SpecifiedImage"] == "other:2"
    # The old ones are deleted once the endpoint no longer uses them.
    events = stacks.events("app")
    assert events.index(("Endpoint", "UPDATE_COMPLETE")) < events.index(("Model", "DELETE_IN_PROGRESS"))
    assert events.index(("Endpoint", "UPDATE_COMPLETE")) < events.index(("Config", "DELETE_IN_PROGRESS"))


def test_an_update_sets_the_count_anew_unless_it_is_retained(stacks: Stacks, aws: EmbeddedAws):
    stacks.deploy("app", hosting(count=1))
    sagemaker: Any = aws.client("sagemaker")
    (endpoint,) = names(aws)["endpoints"]

    def scale_out() -> None:
        wanted = [{"VariantName": "main", "DesiredInstanceCount": 5, "DesiredWeight": 2.0}]
        sagemaker.update_endpoint_weights_and_capacities(EndpointName=endpoint, DesiredWeightsAndCapacities=wanted)

    scale_out()
    assert variant(aws)["CurrentInstanceCount"] == 5
    stacks.deploy("app", hosting(image="b:1", count=2))
    assert (variant(aws)["CurrentInstanceCount"], variant(aws)["CurrentWeight"]) == (2, 1.0)

    scale_out()
    stacks.deploy("app", hosting(image="c:1", count=2, RetainAllVariantProperties=True))
    assert (variant(aws)["CurrentInstanceCount"], variant(aws)["CurrentWeight"]) == (5, 2.0)

    scale_out()
    excluded = [{"VariantPropertyType": "DesiredWeight"}]
    retain = {"RetainAllVariantProperties": True, "ExcludeRetainedVariantProperties": excluded}
    stacks.deploy("app", hosting(image="d:1", count=2, **retain))
    assert (variant(aws)["CurrentInstanceCount"], variant(aws)["CurrentWeight"]) == (5, 1.0)


def test_a_failed_creation_is_rolled_back(stacks: Stacks, aws: EmbeddedAws):
    assert stacks.deploy("app", hosting(count=0) | scaled()) == "ROLLBACK_COMPLETE"
    assert (
        "1 validation error detected: Value '0' at 'productionVariants.1.member.initialInstanceCount' failed to "
        "satisfy constraint: Member must have value greater than or equal to 1"
    ) in stacks.reason("app", "Config")
    assert ("app", "ROLLBACK_IN_PROGRESS") in stacks.events("app")
    assert count(aws) == {}


def test_a_failed_update_is_rolled_back_and_the_old_endpoint_keeps_serving(stacks: Stacks, aws: EmbeddedAws):
    good = hosting(count=2) | scaled()
    stacks.deploy("app", good)
    before = names(aws)
    bad = hosting(image="other:2", count=2) | scaled(maximum=7)
    bad["Policy"]["Properties"]["PolicyType"] = "Wishful"
    assert stacks.deploy("app", bad) == "UPDATE_ROLLBACK_COMPLETE"
    assert "Member must satisfy enum value set: [" in stacks.reason("app", "Policy")
    assert names(aws) == before
    assert variant(aws)["DeployedImages"][0]["SpecifiedImage"].endswith("serve:1")
    autoscaling: Any = aws.client("application-autoscaling")
    (target,) = autoscaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert target["MaxCapacity"] == 3
    # And the stack can be updated again.
    assert stacks.deploy("app", hosting(image="third:3", count=2) | scaled()) == "UPDATE_COMPLETE"
    stacks.delete("app")
    assert count(aws) == {}


def test_another_instance_type_is_refused_while_the_variant_is_a_scalable_target(stacks: Stacks, aws: EmbeddedAws):
    stacks.deploy("app", hosting() | scaled())
    bigger = hosting(instance_type="ml.m5.xlarge")
    assert stacks.deploy("app", bigger | scaled()) == "UPDATE_ROLLBACK_COMPLETE"
    assert "registered as a scalable target" in stacks.reason("app", "Endpoint")
    # CloudFormation deletes the target only after the endpoint's update, so it takes two deployments, as on AWS.
    assert stacks.deploy("app", hosting()) == "UPDATE_COMPLETE"
    assert stacks.deploy("app", bigger | scaled()) == "UPDATE_COMPLETE"


def test_an_unknown_type_is_named_and_nothing_is_created(stacks: Stacks, aws: EmbeddedAws):
    for kind in ("AWS::SageMaker::Nonsense", "Custom::Anything"):
        with pytest.raises(ClientError, match=rf"Unrecognized resource types: \[{kind}\]"):
            stacks.deploy("app", hosting() | {"Other": {"Type": kind}})
    with pytest.raises(ClientError, match="Unrecognized resource types"):
        stacks.client.create_stack(StackName="app", TemplateBody='{"Resources": {"A": {"Type": "AWS::No::Such"}}}')
    assert count(aws) == {}


def test_types_without_effect_pass(stacks: Stacks):
    handles = {
        "CDKMetadata": {"Type": "AWS::CDK::Metadata", "Properties": {"Analytics": "v2:deflate64:x"}},
        "Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
    }
    assert stacks.deploy("app", handles) == "CREATE_COMPLETE"


def test_properties_that_a_type_does_not_have_or_lacks(stacks: Stacks):
    template = hosting()
    template["Endpoint"]["Properties"]["EndpointConfgName"] = template["Endpoint"]["Properties"].pop(
        "EndpointConfigName"
    )
    assert stacks.deploy("app", template) == "ROLLBACK_COMPLETE"
    assert stacks.reason("app", "Endpoint") == (
        "Properties validation failed for resource Endpoint with message:\n"
        "#: required key [EndpointConfigName] not found\n"
        "#: extraneous key [EndpointConfgName] is not permitted"
    )


def test_a_resource_with_a_fixed_name_cannot_be_replaced(stacks: Stacks):
    template = hosting()
    template["Model"]["Properties"]["ModelName"] = "fixed"
    assert stacks.deploy("app", template) == "CREATE_COMPLETE"
    template["Model"]["Properties"]["PrimaryContainer"] = {"Image": "other:2"}
    assert stacks.deploy("app", template) == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.reason("app", "Model").startswith(
        "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename fixed"
    )


def test_an_endpoint_is_replaced_when_its_name_changes(stacks: Stacks, aws: EmbeddedAws):
    stacks.deploy("app", hosting(EndpointName="one") | scaled())
    assert stacks.deploy("app", hosting(EndpointName="two") | scaled()) == "UPDATE_COMPLETE"
    found = names(aws)
    assert (found["endpoints"], found["targets"]) == (["two"], ["endpoint/two/variant/main"])


def test_tags_change_in_place(stacks: Stacks, aws: EmbeddedAws):
    def tagged(**tags: str) -> dict[str, Any]:
        template = hosting()
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        for logical_id in ("Model", "Config", "Endpoint", "Role"):
            template[logical_id]["Properties"]["Tags"] = pairs
        return template

    stacks.deploy("app", tagged(a="1", b="2"), Outputs={"Model": {"Value": {"Ref": "Model"}}})
    before = names(aws)
    stacks.deploy("app", tagged(b="3", c="4"), Outputs={"Model": {"Value": {"Ref": "Model"}}})
    assert names(aws) == before
    sagemaker: Any = aws.client("sagemaker")
    tags = sagemaker.list_tags(ResourceArn=stacks.outputs("app")["Model"])["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"b": "3", "c": "4"}
    iam: Any = aws.client("iam")
    (role,) = before["roles"]
    assert {tag["Key"]: tag["Value"] for tag in iam.list_role_tags(RoleName=role)["Tags"]} == {"b": "3", "c": "4"}


def test_a_role_is_updated_in_place_with_its_policies(stacks: Stacks, aws: EmbeddedAws):
    iam: Any = aws.client("iam")

    def permitting(managed: list[str], **actions: str) -> dict[str, Any]:
        template = hosting()
        policies = [
            {
                "PolicyName": name,
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}],
                },
            }
            for name, action in actions.items()
        ]
        template["Role"]["Properties"] |= {"Policies": policies, "ManagedPolicyArns": managed}
        return template

    prefix = "arn:aws:iam::aws:policy/"
    stacks.deploy("app", permitting([f"{prefix}ReadOnlyAccess"], logs="logs:*", images="ecr:*"))
    (role,) = names(aws)["roles"]
    assert set(iam.list_role_policies(RoleName=role)["PolicyNames"]) == {"logs", "images"}

    stacks.deploy("app", permitting([f"{prefix}AmazonS3ReadOnlyAccess"], logs="logs:PutLogEvents", data="s3:*"))
    assert names(aws)["roles"] == [role]
    assert set(iam.list_role_policies(RoleName=role)["PolicyNames"]) == {"logs", "data"}
    document = iam.get_role_policy(RoleName=role, PolicyName="logs")["PolicyDocument"]
    assert document["Statement"][0]["Action"] == "logs:PutLogEvents"
    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in attached] == ["AmazonS3ReadOnlyAccess"]

    bad = permitting([f"{prefix}NoSuchPolicy"], extra="s3:*")
    assert stacks.deploy("app", bad) == "UPDATE_ROLLBACK_COMPLETE"
    assert set(iam.list_role_policies(RoleName=role)["PolicyNames"]) == {"logs", "data"}

    stacks.delete("app")
    assert count(aws) == {}


def test_a_separate_policy_is_attached_before_what_depends_on_it(stacks: Stacks, aws: EmbeddedAws):
    template = hosting()
    template["Grant"] = {
        "Type": "AWS::IAM::Policy",
        "Properties": {
            "PolicyName": "grant",
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
            },
            "Roles": [{"Ref": "Role"}],
        },
    }
    template["Model"]["DependsOn"] = ["Grant"]
    assert stacks.deploy("app", template) == "CREATE_COMPLETE"
    events = stacks.events("app")
    assert events.index(("Grant", "CREATE_COMPLETE")) < events.index(("Model", "CREATE_IN_PROGRESS"))
    stacks.delete("app")
    assert count(aws) == {}


def test_conditions_mappings_parameters_and_no_value(stacks: Stacks, aws: EmbeddedAws):
    template = hosting()
    template["Extra"] = copy.deepcopy(template["Model"]) | {"Condition": "Never"}
    template["Config"]["Properties"]["ProductionVariants"][0] |= {
        "InstanceType": {"Fn::FindInMap": ["Types", {"Ref": "AWS::Region"}, "type"]},
        "InitialInstanceCount": {"Ref": "Count"},
        "VolumeSizeInGB": {"Fn::If": ["Never", 10, {"Ref": "AWS::NoValue"}]},
    }
    template["Config"]["Properties"]["Tags"] = [
        {"Key": "kept", "Value": "1"},
        {"Fn::If": ["Never", {"Key": "gone", "Value": "1"}, {"Ref": "AWS::NoValue"}]},
    ]
    sections = {
        "Mappings": {"Types": {"us-east-1": {"type": "ml.c5.large"}}},
        "Parameters": {"Count": {"Type": "Number", "Default": 1}},
        "Conditions": {"Never": {"Fn::Equals": [{"Ref": "AWS::Region"}, "moon-1"]}},
    }
    assert stacks.deploy("app", template, **sections, Values={"Count": "3"}) == "CREATE_COMPLETE"
    assert variant(aws)["CurrentInstanceCount"] == 3
    sagemaker: Any = aws.client("sagemaker")
    (config,) = names(aws)["configs"]
    (only,) = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    assert only["InstanceType"] == "ml.c5.large"
    assert "VolumeSizeInGB" not in only
    assert count(aws)["models"] == 1
    # Only the parameter's value differs now.
    assert stacks.deploy("app", template, **sections, Values={"Count": "4"}) == "UPDATE_COMPLETE"
    assert variant(aws)["CurrentInstanceCount"] == 4


def test_exports_are_imported_by_other_stacks_and_unique(stacks: Stacks):
    export = {"Outputs": {"Name": {"Value": {"Fn::GetAtt": ["Endpoint", "EndpointName"]}, "Export": {"Name": "name"}}}}
    assert stacks.deploy("one", hosting(), **export) == "CREATE_COMPLETE"
    topic = {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Fn::ImportValue": "name"}}}}
    assert stacks.deploy("two", topic) == "CREATE_COMPLETE"
    assert stacks.deploy("three", hosting(), **export) == "ROLLBACK_COMPLETE"


def test_what_is_removed_from_a_template_is_deleted_and_what_is_retained_stays(stacks: Stacks, aws: EmbeddedAws):
    kept = hosting()
    kept["Model"]["DeletionPolicy"] = "Retain"
    stacks.deploy("app", kept | scaled())
    assert stacks.deploy("app", kept) == "UPDATE_COMPLETE"
    assert count(aws) == {"models": 1, "configs": 1, "endpoints": 1, "roles": 1}
    stacks.delete("app")
    assert count(aws) == {"models": 1}


def test_nested_stacks(stacks: Stacks, aws: EmbeddedAws):
    s3: Any = aws.client("s3")
    s3.create_bucket(Bucket="templates")

    def nested(image: str, count: int = 1) -> dict[str, Any]:
        """A parent as the CDK makes it, whose child has the endpoint and gets its image as a parameter."""
        child = hosting(count=count)
        child["Model"]["Properties"]["PrimaryContainer"]["Image"] = {"Ref": "Image"}
        body = {
            "Resources": child,
            "Parameters": {"Image": {"Type": "String"}},
            "Outputs": {"Name": {"Value": {"Fn::GetAtt": ["Endpoint", "EndpointName"]}}},
        }
        s3.put_object(Bucket="templates", Key=f"{count}.json", Body=json.dumps(body))
        url = {"Fn::Sub": f"https://s3.${{AWS::Region}}.${{AWS::URLSuffix}}/templates/{count}.json"}
        properties = {"TemplateURL": url, "Parameters": {"Image": image}}
        return {"Child": {"Type": "AWS::CloudFormation::Stack", "Properties": properties}}

    output = {"Outputs": {"Name": {"Value": {"Fn::GetAtt": ["Child", "Outputs.Name"]}}}}
    assert stacks.deploy("app", nested("one:1"), **output) == "CREATE_COMPLETE"
    before = names(aws)
    assert before["endpoints"] == [stacks.outputs("app")["Name"]]
    assert stacks.deploy("app", nested("two:2"), **output) == "UPDATE_COMPLETE"
    assert names(aws)["endpoints"] == before["endpoints"]
    assert variant(aws)["DeployedImages"][0]["SpecifiedImage"] == "two:2"
    assert stacks.deploy("app", nested("three:3", count=0), **output) == "UPDATE_ROLLBACK_COMPLETE"
    assert "initialInstanceCount" in stacks.reason("app", "Child")
    assert variant(aws)["DeployedImages"][0]["SpecifiedImage"] == "two:2"
    stacks.delete("app")
    assert count(aws) == {}
    assert stacks.deploy("other", nested("three:3", count=0)) == "ROLLBACK_COMPLETE"
    assert count(aws) == {}


def test_termination_protection(stacks: Stacks, aws: EmbeddedAws):
    stacks.deploy("app", hosting())
    stacks.client.update_termination_protection(StackName="app", EnableTerminationProtection=True)
    with pytest.raises(ClientError, match="cannot be deleted while TerminationProtection is enabled"):
        stacks.delete("app")
    assert count(aws)["endpoints"] == 1
    stacks.client.update_termination_protection(StackName="app", EnableTerminationProtection=False)
    stacks.delete("app")
    assert count(aws) == {}


def test_templates_that_cannot_be(stacks: Stacks):
    circle = {
        "A": {"Type": "AWS::SNS::Topic", "DependsOn": "B"},
        "B": {"Type": "AWS::SNS::Topic", "DependsOn": "A"},
    }
    with pytest.raises(ClientError, match="Circular dependency between resources"):
        stacks.deploy("app", circle)
    unresolved = {"A": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "Missing"}}}}
    assert stacks.deploy("other", unresolved) == "ROLLBACK_COMPLETE"
    no_attribute = hosting()
    no_attribute["Endpoint"]["Properties"]["EndpointName"] = {"Fn::GetAtt": ["Model", "Nickname"]}
    assert stacks.deploy("third", no_attribute) == "ROLLBACK_COMPLETE"
    # An attribute that AWS has and moto does not; moto would leave the property out.
    network = {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
        "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.0.0.0/24"}},
        "Topic": {
            "Type": "AWS::SNS::Topic",
            "Properties": {"DisplayName": {"Fn::GetAtt": ["Subnet", "AvailabilityZone"]}},
        },
    }
    assert stacks.deploy("fourth", network) == "ROLLBACK_COMPLETE"
    assert stacks.reason("fourth", "Topic") == "The embedded AWS has no attribute AvailabilityZone of AWS::EC2::Subnet"


def test_what_hosting_stands_on(stacks: Stacks, aws: EmbeddedAws):
    """A VPC as the CDK makes it, a key, topics, alarms and a bucket with its policy: created, and all gone after."""
    ec2: Any = aws.client("ec2")
    routers_before = len(ec2.describe_route_tables()["RouteTables"])

    def ref(name: str) -> dict[str, str]:
        return {"Ref": name}

    def resource(kind: str, **properties: Any) -> dict[str, Any]:
        return {"Type": kind, "Properties": properties}

    template = {
        "Vpc": resource("AWS::EC2::VPC", CidrBlock="10.0.0.0/16"),
        "Subnet": resource("AWS::EC2::Subnet", VpcId=ref("Vpc"), CidrBlock="10.0.0.0/24"),
        "Gateway": resource("AWS::EC2::InternetGateway"),
        "Attachment": resource("AWS::EC2::VPCGatewayAttachment", VpcId=ref("Vpc"), InternetGatewayId=ref("Gateway")),
        "Table": resource("AWS::EC2::RouteTable", VpcId=ref("Vpc")),
        "Association": resource(
            "AWS::EC2::SubnetRouteTableAssociation", RouteTableId=ref("Table"), SubnetId=ref("Subnet")
        ),
        "Route": resource(
            "AWS::EC2::Route",
            RouteTableId=ref("Table"),
            DestinationCidrBlock="0.0.0.0/0",
            GatewayId=ref("Gateway"),
        )
        | {"DependsOn": "Attachment"},
        "Address": resource("AWS::EC2::EIP", Domain="vpc"),
        "Nat": resource(
            "AWS::EC2::NatGateway",
            SubnetId=ref("Subnet"),
            AllocationId={"Fn::GetAtt": ["Address", "AllocationId"]},
        ),
        "Group": resource("AWS::EC2::SecurityGroup", GroupDescription="endpoint", VpcId=ref("Vpc")),
        "Key": resource("AWS::KMS::Key", KeyPolicy={"Version": "2012-10-17", "Statement": []}),
        "Topic": resource("AWS::SNS::Topic"),
        "Alarm": resource(
            "AWS::CloudWatch::Alarm",
            ComparisonOperator="GreaterThanThreshold",
            EvaluationPeriods=1,
            Threshold=1,
            MetricName="Invocation5XXErrors",
            Namespace="AWS/SageMaker",
            Period=60,
            Statistic="Sum",
            AlarmActions=[ref("Topic")],
        ),
        "Bucket": resource("AWS::S3::Bucket"),
        "BucketPolicy": resource("AWS::S3::BucketPolicy", Bucket=ref("Bucket"), PolicyDocument={"Statement": []}),
        "Policy": resource(
            "AWS::IAM::ManagedPolicy",
            PolicyDocument={
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
            },
        ),
    }
    template |= hosting()
    template["Model"]["Properties"]["VpcConfig"] = {
        "Subnets": [ref("Subnet")],
        "SecurityGroupIds": [{"Fn::GetAtt": ["Group", "GroupId"]}],
    }
    template["Config"]["Properties"]["KmsKeyId"] = {"Fn::GetAtt": ["Key", "Arn"]}
    template["Endpoint"]["Properties"]["DeploymentConfig"] = {
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}},
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": ref("Alarm")}]},
    }
    state = stacks.deploy("app", template, Outputs={"Alarm": {"Value": {"Fn::GetAtt": ["Alarm", "Arn"]}}})
    assert state == "CREATE_COMPLETE", stacks.events("app")
    cloudwatch: Any = aws.client("cloudwatch")
    (alarm,) = cloudwatch.describe_alarms()["MetricAlarms"]
    assert alarm["AlarmArn"] == stacks.outputs("app")["Alarm"]
    sagemaker: Any = aws.client("sagemaker")
    (model,) = names(aws)["models"]
    assert sagemaker.describe_model(ModelName=model)["VpcConfig"]["Subnets"][0].startswith("subnet-")

    stack_id = stacks.client.describe_stacks(StackName="app")["Stacks"][0]["StackId"]
    stacks.delete("app")
    assert [
        (event["LogicalResourceId"], event["ResourceStatusReason"])
        for event in stacks.client.describe_stack_events(StackName=stack_id)["StackEvents"]
        if event["ResourceStatus"] in {"DELETE_SKIPPED", "DELETE_FAILED"}
    ] == []
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []
    assert [vpc for vpc in ec2.describe_vpcs()["Vpcs"] if not vpc["IsDefault"]] == []
    assert ec2.describe_addresses()["Addresses"] == []
    assert ec2.describe_internet_gateways()["InternetGateways"] == []
    assert len(ec2.describe_route_tables()["RouteTables"]) == routers_before
    sns: Any = aws.client("sns")
    assert sns.list_topics()["Topics"] == []
    s3: Any = aws.client("s3")
    assert [bucket for bucket in s3.list_buckets()["Buckets"] if not bucket["Name"].startswith("cdk-")] == []


def test_an_alarm_that_changes_keeps_its_state(stacks: Stacks, aws: EmbeddedAws):
    def watched(threshold: int) -> dict[str, Any]:
        properties = {"ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1, "Threshold": threshold}
        return {"Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmName": "errors", **properties}}}

    cloudwatch: Any = aws.client("cloudwatch")
    stacks.deploy("app", watched(1))
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="5 errors in a minute")
    assert stacks.deploy("app", watched(2)) == "UPDATE_COMPLETE"
    (alarm,) = cloudwatch.describe_alarms()["MetricAlarms"]
    assert (alarm["Threshold"], alarm["StateValue"], alarm["StateReason"]) == (2, "ALARM", "5 errors in a minute")
