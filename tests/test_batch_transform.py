"""BatchTransform: every property, as it stands in the template and in the request of a job."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import aws_cdk as cdk
import pytest
import strategies
from aws_cdk import assertions, aws_ec2, aws_iam, aws_kms, aws_s3, aws_sqs
from aws_cdk import aws_stepfunctions as sfn
from cfnlint.api import ManualArgs, lint
from conftest import CONTEXT
from constructs import Construct
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from specs import IMAGE, MODEL_DATA, transform_spec_of
from templates import Synthesised, plain

from sm_constructs import (
    BatchDataCapture,
    BatchTransform,
    Container,
    ContainerImage,
    DataProcessing,
    Instances,
    InvalidHosting,
    ModelData,
    ModelPackage,
    Network,
    S3Location,
    TransformInput,
    TransformOutput,
    TransformSchedule,
    check_template,
)
from sm_constructs.binding import Site
from sm_constructs.facts import instance_types, load
from sm_constructs.local import shapes
from sm_constructs.permissions import Arns
from sm_constructs.rules import RULES, check
from sm_constructs.transform import TransformSpec
from sm_constructs.transform_job import job_request

MODEL = "AWS::SageMaker::Model"
SCHEDULE = "AWS::Scheduler::Schedule"
ROLE = "AWS::IAM::Role"
MACHINE = "AWS::StepFunctions::StateMachine"
NIGHTLY = "cron(0 3 * * ? *)"


def transform(stack, id="Churn", **arguments):
    defaults = {
        "instances": Instances("ml.m5.xlarge"),
        "input": TransformInput(S3Location("data", "customers/")),
        "output": TransformOutput(S3Location("data", "scores/")),
    }
    if "containers" not in arguments:
        defaults["container"] = Container(IMAGE, model_data=MODEL_DATA)
    return BatchTransform(stack, id, **{**defaults, **arguments})


def request(stack, **arguments):
    """Give the request that a schedule sends."""
    transform(stack, **{"schedule": NIGHTLY, **arguments})
    return json.loads(plain(Synthesised(stack).properties(SCHEDULE)["Target"]["Input"]))


def schedule(stack, *schedule, **arguments):
    transform(stack, schedule=TransformSchedule(*(schedule or [NIGHTLY]), **arguments))
    return Synthesised(stack).properties(SCHEDULE)


def roles(stack):
    """Give the execution role and the one of the schedule, by their beginnings."""
    resources = Synthesised(stack).json["Resources"]
    return {id[:12]: r["Properties"] for id, r in resources.items() if r["Type"] == ROLE}


def statements(role):
    (policy,) = role["Policies"]
    return policy["PolicyDocument"]["Statement"]


class Executing(Synthesised):
    """The execution role, where the schedule has one too."""

    def statements(self):
        (id,) = [id for id in self.ids(ROLE) if id.startswith("ChurnRole")]
        return statements(self.json["Resources"][id]["Properties"])


class TestTheWhole:
    def test_without_a_schedule_it_is_a_model_and_its_role(self, stack):
        transform(stack)
        assert sorted(Synthesised(stack).json["Resources"]) == ["ChurnModel6AEE25BA", "ChurnRoleF92066DA"]

    def test_logical_ids_are_fixed(self, stack):
        transform(stack, schedule=NIGHTLY)
        assert sorted(Synthesised(stack).json["Resources"]) == [
            "ChurnModel6AEE25BA",
            "ChurnRoleF92066DA",
            "ChurnScheduleB82B45E7",
            "ChurnSchedulerRole36EC6664",
        ]

    def test_two_stand_in_one_stack(self, stack):
        transform(stack, "A", schedule=NIGHTLY)
        transform(stack, "B", schedule=NIGHTLY)
        Synthesised(stack).template.resource_count_is(SCHEDULE, 2)

    def test_nothing_has_a_physical_name(self, stack):
        transform(stack, schedule=NIGHTLY)
        s = Synthesised(stack)
        assert "ModelName" not in s.properties(MODEL)
        assert "Name" not in s.properties(SCHEDULE)
        assert all("RoleName" not in role for role in roles(stack).values())

    def test_every_problem_is_told_at_once_by_the_names_of_the_arguments(self, stack):
        with pytest.raises(InvalidHosting) as refused:
            transform(
                stack,
                container=Container(IMAGE, model_data=ModelData.from_s3_prefix("models", "churn")),
                instances=Instances("ml.m5.xlarge", count=0),
                strategy="SingleRecord",
                schedule="daily",
                network=Network(security_groups=["sg-0123456789abcdef0"]),
            )
        assert [(problem.code, problem.path) for problem in refused.value.problems] == [
            ("SMC011", "network.subnets"),
            ("SMC902", "instances.count"),
            ("SMC921", "strategy"),
            ("SMC940", "container.model_data"),
            ("SMC960", "schedule"),
        ]
        assert "Stack/Churn (BatchTransform) has 5 problems" in str(refused.value)
        assert stack.node.try_find_child("Churn") is None

    def test_problems_of_the_model_are_those_of_an_endpoints_model(self, stack):
        with pytest.raises(InvalidHosting) as refused:
            transform(stack, containers=[Container(ContainerImage.from_uri("nginx")), Container(IMAGE, hostname="a_b")])
        assert [(p.code, p.path) for p in refused.value.problems if p.severity == "error"] == [
            ("SMC406", "containers[1].hostname"),
            ("SMC407", "containers[0].image"),
            ("SMC513", "containers[0].hostname"),
        ]

    def test_a_warning_can_be_acknowledged(self, stack):
        made = transform(stack, network=Network(isolated=True))
        (warning,) = assertions.Annotations.from_stack(stack).find_warning("*", assertions.Match.any_value())
        assert "sm-constructs:SMC942" in str(warning.entry.data)
        cdk.Annotations.of(made).acknowledge_warning("sm-constructs:SMC942")
        assert assertions.Annotations.from_stack(stack).find_warning("*", assertions.Match.any_value()) == []

    @pytest.mark.parametrize("both", [{"container": None}, {"containers": [Container(IMAGE)] * 2, "container": 1}])
    def test_it_is_either_one_container_or_several(self, stack, both):
        with pytest.raises(TypeError, match="either container or containers"):
            transform(stack, **both)


class TestModel:
    def test_one_container(self, stack):
        transform(stack, container=Container(IMAGE, model_data=MODEL_DATA, environment={"WORKERS": "2"}))
        s = Synthesised(stack)
        assert s.properties(MODEL)["PrimaryContainer"] == {
            "Image": IMAGE.uri,
            "ModelDataUrl": "s3://models/churn/model.tar.gz",
            "Environment": {"WORKERS": "2"},
        }
        assert "Containers" not in s.properties(MODEL)
        assert s.allowed("s3:GetObject")[1:] == ["arn:${AWS::Partition}:s3:::models/churn/model.tar.gz"]

    def test_several_run_one_after_the_other(self, stack):
        package = ModelPackage("arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn/3")
        transform(stack, containers=[Container(IMAGE, model_data=MODEL_DATA), package])
        made = Synthesised(stack).properties(MODEL)
        assert [sorted(each) for each in made["Containers"]] == [["Image", "ModelDataUrl"], ["ModelPackageName"]]
        assert "PrimaryContainer" not in made
        assert "InferenceExecutionConfig" not in made

    def test_model_data_on_this_machine_is_packed(self, stack, tmp_path, cache):
        (tmp_path / "model.joblib").write_bytes(b"\0" * 100)
        transform(stack, container=Container(IMAGE, model_data=ModelData.from_directory(tmp_path)))
        assert plain(Synthesised(stack).properties(MODEL)["PrimaryContainer"]["ModelDataUrl"]).endswith(".tar.gz")

    def test_a_vpc(self, stack):
        vpc = aws_ec2.Vpc(stack, "Vpc", restrict_default_security_group=False)
        made = transform(stack, network=Network(vpc, isolated=True))
        s = Synthesised(stack)
        model = s.properties(MODEL)
        assert len(model["VpcConfig"]["Subnets"]) == 2
        (group,) = s.ids("AWS::EC2::SecurityGroup")
        assert model["VpcConfig"]["SecurityGroupIds"] == [{"Fn::GetAtt": [group, "GroupId"]}]
        assert model["EnableNetworkIsolation"] is True
        assert s.allowed("ec2:CreateNetworkInterface")
        assert len(made.connections.security_groups) == 1

    def test_given_security_groups(self, stack):
        made = transform(
            stack, network=Network(subnets=["subnet-0123456789abcdef0"], security_groups=["sg-0123456789abcdef0"])
        )
        assert Synthesised(stack).properties(MODEL)["VpcConfig"] == {
            "Subnets": ["subnet-0123456789abcdef0"],
            "SecurityGroupIds": ["sg-0123456789abcdef0"],
        }
        assert made.connections.security_groups[0].security_group_id == "sg-0123456789abcdef0"

    def test_without_a_vpc_there_are_no_connections(self, stack):
        with pytest.raises(ValueError, match="in no VPC"):
            _ = transform(stack).connections


class TestJob:
    def test_what_is_not_said_is_left_to_sagemaker(self, stack):
        assert request(stack) == {
            "TransformJobName": "churn-<aws.scheduler.execution-id>",
            "ModelName": "${ChurnModel6AEE25BA.ModelName}",
            "TransformInput": {
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/customers/"}}
            },
            "TransformOutput": {"S3OutputPath": "s3://data/scores/"},
            "TransformResources": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1},
        }

    def test_all_that_can_be_said(self, stack):
        keys = [f"arn:aws:kms:eu-west-1:123456789012:key/{n}" for n in range(3)]
        made = request(
            stack,
            instances=Instances("ml.p3.2xlarge", count=3, ami_version="al2-ami-sagemaker-batch-gpu-535"),
            input=TransformInput(
                S3Location("data", "customers/"), content_type="text/csv", compression="Gzip", split="Line"
            ),
            output=TransformOutput(
                S3Location("data", "scores/"), accept="application/json", assemble_with="Line", encryption_key=keys[0]
            ),
            strategy="MultiRecord",
            max_payload_mb=0,
            max_concurrent_transforms=0,
            invocation_timeout=timedelta(minutes=5),
            invocation_retries=0,
            environment={"LOG_LEVEL": "debug"},
            data_processing=DataProcessing(input_filter="$[1:]", output_filter="$[0,-1]", join_source="Input"),
            data_capture=BatchDataCapture(
                S3Location("captured", "churn/"), encryption_key=keys[1], generate_inference_id=True
            ),
            job_name_prefix="Nightly",
            encryption_key=keys[2],
        )
        assert made == {
            "TransformJobName": "Nightly-<aws.scheduler.execution-id>",
            "ModelName": "${ChurnModel6AEE25BA.ModelName}",
            "BatchStrategy": "MultiRecord",
            "MaxPayloadInMB": 0,
            "MaxConcurrentTransforms": 0,
            "ModelClientConfig": {"InvocationsTimeoutInSeconds": 300, "InvocationsMaxRetries": 0},
            "Environment": {"LOG_LEVEL": "debug"},
            "TransformInput": {
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/customers/"}},
                "ContentType": "text/csv",
                "CompressionType": "Gzip",
                "SplitType": "Line",
            },
            "TransformOutput": {
                "S3OutputPath": "s3://data/scores/",
                "Accept": "application/json",
                "AssembleWith": "Line",
                "KmsKeyId": keys[0],
            },
            "TransformResources": {
                "InstanceType": "ml.p3.2xlarge",
                "InstanceCount": 3,
                "TransformAmiVersion": "al2-ami-sagemaker-batch-gpu-535",
                "VolumeKmsKeyId": keys[2],
            },
            "DataProcessing": {"InputFilter": "$[1:]", "OutputFilter": "$[0,-1]", "JoinSource": "Input"},
            "DataCaptureConfig": {
                "DestinationS3Uri": "s3://captured/churn/",
                "KmsKeyId": keys[1],
                "GenerateInferenceId": True,
            },
        }
        assert (
            shapes.check("sagemaker", "CreateTransformJob", {**made, "TransformJobName": "a", "ModelName": "a"}) == []
        )

    def test_a_manifest_names_the_objects(self, stack):
        records = TransformInput(S3Location("data", "customers"), manifest=S3Location("lists", "new.manifest"))
        made = request(stack, input=records)
        assert made["TransformInput"]["DataSource"]["S3DataSource"] == {
            "S3DataType": "ManifestFile",
            "S3Uri": "s3://lists/new.manifest",
        }
        assert Executing(stack).allowed("s3:GetObject")[:2] == [
            "arn:${AWS::Partition}:s3:::data/customers*",
            "arn:${AWS::Partition}:s3:::lists/new.manifest",
        ]

    @pytest.mark.parametrize(
        ("path", "prefix"),
        [
            (["Churn"], "churn"),
            (["Risk", "ChurnEU"], "risk-churneu"),
            (["A_-b"], "a-b"),
            (["Ünï"], "n"),
            (["日本"], "transform"),
            (["ABCDEFGHIJKLMNOPQRSTUVWXY", "Z"], "abcdefghijklmnopqrstuvwxy"),
        ],
    )
    def test_jobs_are_named_after_the_ids_of_the_construct(self, stack, path, prefix):
        scope = stack
        for id in path[:-1]:
            scope = Construct(scope, id)
        assert transform(scope, path[-1]).job_name_prefix == prefix

    def test_a_parameter_is_not_guessed_at(self, stack):
        count = cdk.CfnParameter(stack, "Count", type="Number").value_as_number
        kind = cdk.CfnParameter(stack, "Type").value_as_string
        transform(stack, instances=Instances(kind, count=count), max_payload_mb=count, schedule=NIGHTLY)
        text = plain(Synthesised(stack).properties(SCHEDULE)["Target"]["Input"])
        assert '"InstanceType":"${Type}","InstanceCount":${Count}' in text
        assert '"MaxPayloadInMB":${Count}' in text


class TestSchedule:
    def test_it_starts_jobs_itself_and_on_time(self, stack):
        made = schedule(stack)
        target = made.pop("Target")
        assert made == {"ScheduleExpression": NIGHTLY, "FlexibleTimeWindow": {"Mode": "OFF"}}
        assert plain(target["Arn"]) == "arn:${AWS::Partition}:scheduler:::aws-sdk:sagemaker:createTransformJob"
        assert target["RoleArn"] == {"Fn::GetAtt": ["ChurnSchedulerRole36EC6664", "Arn"]}
        assert sorted(target) == ["Arn", "Input", "RoleArn"]

    def test_all_that_can_be_said(self, stack):
        made = schedule(
            stack,
            "rate(6 hours)",
            time_zone="Europe/Berlin",
            start=datetime(2026, 3, 1),  # noqa: DTZ001 - UTC is the default
            end=datetime(2026, 6, 1, tzinfo=timezone(timedelta(hours=2))),
            flexible_window=cdk.Duration.hours(1),
            retry_attempts=0,
            max_event_age=timedelta(hours=1),
        )
        retries = made.pop("Target")["RetryPolicy"]
        assert retries == {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 3600}
        assert made == {
            "ScheduleExpression": "rate(6 hours)",
            "ScheduleExpressionTimezone": "Europe/Berlin",
            "StartDate": "2026-03-01T00:00:00Z",
            "EndDate": "2026-05-31T22:00:00Z",
            "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 60},
        }

    def test_its_role_is_taken_by_schedules_of_this_account_alone(self, stack):
        schedule(stack)
        (trust,) = roles(stack)["ChurnSchedul"]["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
        condition = trust["Condition"]["StringEquals"]
        assert condition["aws:SourceAccount"] == {"Ref": "AWS::AccountId"}
        assert plain(condition["aws:SourceArn"]) == (
            "arn:${AWS::Partition}:scheduler:${AWS::Region}:${AWS::AccountId}:schedule-group/default"
        )

    def test_its_role_starts_jobs_of_this_model_and_nothing_else(self, stack):
        schedule(stack)
        (only,) = statements(roles(stack)["ChurnSchedul"])
        assert only["Action"] == "sagemaker:CreateTransformJob"
        here = "arn:${AWS::Partition}:sagemaker:${AWS::Region}:${AWS::AccountId}"
        assert plain(only["Resource"]) == f"{here}:transform-job/churn-*"
        assert [plain(each) for each in only["Condition"]["ArnEquals"]["sagemaker:ModelArn"]] == [
            "${ChurnModel6AEE25BA}",
            f"{here}:model/${{ChurnModel6AEE25BA.ModelName}}",
        ]

    def test_a_name_in_capitals_is_in_lower_case_in_an_arn(self, stack):
        transform(stack, job_name_prefix="Nightly", schedule=NIGHTLY)
        (only,) = statements(roles(stack)["ChurnSchedul"])
        assert [plain(arn).rpartition("/")[2] for arn in only["Resource"]] == ["Nightly-*", "nightly-*"]

    def test_what_failed_goes_to_a_queue(self, stack):
        key = aws_kms.Key(stack, "Key")
        queue = aws_sqs.Queue(stack, "Failed", encryption_master_key=key)
        made = schedule(stack, dead_letter_queue=queue)
        arn = stack.resolve(queue.queue_arn)
        assert made["Target"]["DeadLetterConfig"] == {"Arn": arn}
        _, send, encrypt = statements(roles(stack)["ChurnSchedul"])
        assert (send["Action"], send["Resource"]) == ("sqs:SendMessage", arn)
        assert encrypt["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
        assert encrypt["Resource"] == stack.resolve(key.key_arn)

    def test_a_queue_without_a_key_needs_none(self, stack):
        schedule(stack, dead_letter_queue=aws_sqs.Queue(stack, "Failed"))
        assert len(statements(roles(stack)["ChurnSchedul"])) == 2

    def test_each_run_may_write_to_a_folder_of_its_own(self, stack):
        made = request(stack, output=TransformOutput(S3Location("data", "scores/<aws.scheduler.scheduled-time>/")))
        assert made["TransformOutput"]["S3OutputPath"] == "s3://data/scores/<aws.scheduler.scheduled-time>/"
        assert Executing(stack).allowed("s3:PutObject") == ["arn:${AWS::Partition}:s3:::data/scores/*"]


class TestRole:
    def test_the_permissions_stand_inside_the_role(self, stack):
        transform(stack)
        s = Synthesised(stack)
        s.template.resource_count_is("AWS::IAM::Policy", 0)
        actions = [x["Action"] if isinstance(x["Action"], list) else [x["Action"]] for x in s.statements()]
        assert {action for each in actions for action in each} == {
            "ecr:GetAuthorizationToken",
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:GetDownloadUrlForLayer",
            "s3:GetObject",
            "s3:ListBucket",
            "s3:AbortMultipartUpload",
            "s3:PutObject",
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:DescribeLogStreams",
            "logs:PutLogEvents",
            "cloudwatch:PutMetricData",
        }
        assert {plain(x["Action"]) for x in s.statements() if x["Resource"] == "*"} == {
            "ecr:GetAuthorizationToken",
            "cloudwatch:PutMetricData",
        }

    def test_it_reads_the_records_and_writes_the_results(self, stack):
        transform(stack)
        s = Synthesised(stack)
        assert s.allowed("s3:GetObject")[0] == "arn:${AWS::Partition}:s3:::data/customers/*"
        assert s.allowed("s3:PutObject") == ["arn:${AWS::Partition}:s3:::data/scores/*"]

    @pytest.mark.parametrize(
        ("prefix", "readable"), [("", "*"), ("customers", "customers*"), ("customers/", "customers/*")]
    )
    def test_a_prefix_need_not_be_a_folder(self, stack, prefix, readable):
        transform(stack, input=TransformInput(S3Location("in", prefix)))
        s = Synthesised(stack)
        assert s.allowed("s3:GetObject")[0] == f"arn:${{AWS::Partition}}:s3:::in/{readable}"
        listing = next(x for x in s.statements() if x["Action"] == "s3:ListBucket")
        assert listing["Condition"] == {"StringLike": {"s3:prefix": [readable]}}

    def test_the_keys_of_the_buckets_are_used_without_being_named(self, stack):
        keys = {name: aws_kms.Key(stack, f"{name}Key") for name in ("In", "List", "Out", "Captured")}
        buckets = {name: aws_s3.Bucket(stack, name, encryption_key=key) for name, key in keys.items()}
        own, capturing = aws_kms.Key(stack, "OwnKey"), aws_kms.Key(stack, "CapturingKey")
        transform(
            stack,
            input=TransformInput(S3Location(buckets["In"]), manifest=S3Location(buckets["List"], "new")),
            output=TransformOutput(S3Location(buckets["Out"]), encryption_key=own),
            data_capture=BatchDataCapture(S3Location(buckets["Captured"]), encryption_key=capturing),
        )
        s = Synthesised(stack)
        arns = {
            name: plain(stack.resolve(key.key_arn)) for name, key in {**keys, "Own": own, "Own2": capturing}.items()
        }
        writing = [arns["Out"], arns["Captured"], arns["Own"], arns["Own2"]]
        assert s.allowed("kms:Decrypt") == [arns["In"], arns["List"], *writing]
        assert s.allowed("kms:GenerateDataKey") == writing
        assert len(s.allowed("s3:PutObject")) == 2

    def test_the_key_of_the_volumes(self, stack):
        key = aws_kms.Key(stack, "Key")
        transform(stack, encryption_key=key)
        assert Synthesised(stack).allowed("kms:CreateGrant") == [plain(stack.resolve(key.key_arn))]

    def test_logs_and_metrics_are_those_of_transform_jobs(self, stack):
        transform(stack)
        s = Synthesised(stack)
        group = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:/aws/sagemaker/TransformJobs"
        assert s.allowed("logs:PutLogEvents") == [group, f"{group}:*"]
        (metrics,) = [x for x in s.statements() if x["Action"] == "cloudwatch:PutMetricData"]
        assert metrics["Condition"] == {"StringEquals": {"cloudwatch:namespace": "/aws/sagemaker/TransformJobs"}}

    def test_a_given_role_gets_what_it_lacks_before_the_model_is_made(self, stack):
        role = aws_iam.Role(stack, "Mine", assumed_by=aws_iam.ServicePrincipal("sagemaker.amazonaws.com"))
        transform(stack, role=role)
        s = Synthesised(stack)
        s.template.resource_count_is(ROLE, 1)
        (policy,) = s.ids("AWS::IAM::Policy")
        assert policy in s.resource(MODEL)["DependsOn"]
        assert "s3:PutObject" in json.dumps(s.properties("AWS::IAM::Policy"))
        assert s.properties(MODEL)["ExecutionRoleArn"] == {"Fn::GetAtt": [s.ids(ROLE)[0], "Arn"]}

    def test_an_immutable_role_is_respected(self, stack):
        role = aws_iam.Role.from_role_arn(stack, "Mine", "arn:aws:iam::123456789012:role/mine", mutable=False)
        transform(stack, role=role)
        Synthesised(stack).template.resource_count_is("AWS::IAM::Policy", 0)

    def test_what_is_granted_to_it_comes_before_the_model(self, stack):
        made = transform(stack)
        aws_s3.Bucket(stack, "Extra").grant_read(made)
        s = Synthesised(stack)
        (policy,) = s.ids("AWS::IAM::Policy")
        assert s.properties("AWS::IAM::Policy")["Roles"] == [{"Ref": "ChurnRoleF92066DA"}]
        assert policy in s.resource(MODEL)["DependsOn"]

    def test_starting_jobs_can_be_granted(self, stack):
        user = aws_iam.User(stack, "User")
        transform(stack).grant_start(user)
        (only,) = Synthesised(stack).properties("AWS::IAM::Policy")["PolicyDocument"]["Statement"]
        assert only["Action"] == "sagemaker:CreateTransformJob"
        assert plain(only["Resource"]).endswith(":transform-job/churn-*")
        assert only["Condition"]["ArnEquals"]["sagemaker:ModelArn"][0] == {"Ref": "ChurnModel6AEE25BA"}


class TestTask:
    def definition(self, stack, task):
        sfn.StateMachine(stack, "Machine", definition_body=sfn.DefinitionBody.from_chainable(task))
        s = Synthesised(stack)
        assert check_template(s.json) == []
        return json.loads(plain(s.properties(MACHINE)["DefinitionString"]))["States"]["Score"]

    def test_it_runs_the_job_that_the_schedule_would_start(self, stack):
        arguments = {
            "strategy": "SingleRecord",
            "input": TransformInput(S3Location("data", "customers/"), content_type="text/csv", split="Line"),
            "max_concurrent_transforms": 0,
            "invocation_retries": 0,
            "environment": {"LOG_LEVEL": "debug"},
            "data_processing": DataProcessing(input_filter="$[1:]"),
            "data_capture": BatchDataCapture(S3Location("captured")),
            "instances": Instances("ml.g5.xlarge", ami_version="al2-ami-sagemaker-batch-gpu-535"),
        }
        made = transform(stack, schedule=NIGHTLY, **arguments)
        state = self.definition(stack, made.task(stack, "Score"))
        by_schedule = json.loads(plain(Synthesised(stack).properties(SCHEDULE)["Target"]["Input"]))
        assert state["Resource"] == "arn:${AWS::Partition}:states:::sagemaker:createTransformJob.sync"
        assert state["Parameters"].pop("TransformJobName.$") == "States.Format('churn-{}', States.UUID())"
        assert by_schedule.pop("TransformJobName")
        assert state["Parameters"] == by_schedule

    def test_places_may_come_from_the_input_of_the_state(self, stack):
        made = transform(stack)
        path = sfn.JsonPath.string_at
        state = self.definition(
            stack, made.task(stack, "Score", input_uri=path("$.records"), output_uri=path("$.scores"))
        )
        source = state["Parameters"]["TransformInput"]["DataSource"]["S3DataSource"]
        assert source == {"S3DataType": "S3Prefix", "S3Uri.$": "$.records"}
        assert state["Parameters"]["TransformOutput"] == {"S3OutputPath.$": "$.scores"}

    def test_the_cdks_own_options_are_passed_on(self, stack):
        task = transform(stack).task(
            stack,
            "Score",
            result_path="$.job",
            integration_pattern=sfn.IntegrationPattern.REQUEST_RESPONSE,
            task_timeout=sfn.Timeout.duration(cdk.Duration.hours(2)),
        )
        state = self.definition(stack, task)
        assert state["ResultPath"] == "$.job"
        assert state["TimeoutSeconds"] == 7200
        assert state["Resource"].endswith(":sagemaker:createTransformJob")

    def test_it_makes_no_role_with_full_access(self, stack):
        self.definition(stack, transform(stack).task(stack, "Score"))
        s = Synthesised(stack)
        assert "FullAccess" not in json.dumps(s.json)
        assert len(s.ids(ROLE)) == 2  # the model's and the state machine's
        granted = s.properties("AWS::IAM::Policy")["PolicyDocument"]["Statement"]
        (passed,) = [x["Resource"] for x in granted if x["Action"] == "iam:PassRole"]
        assert plain(passed) == "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${ChurnRoleF92066DA}"

    def test_it_is_chained_with_others(self, stack):
        made = transform(stack)
        first, then = made.task(stack, "First"), made.task(stack, "Then")
        sfn.StateMachine(stack, "Machine", definition_body=sfn.DefinitionBody.from_chainable(first.next(then)))
        states = json.loads(plain(Synthesised(stack).properties(MACHINE)["DefinitionString"]))["States"]
        assert states["First"]["Next"] == "Then"

    def test_keywords_of_the_scheduler_need_another_place(self, stack):
        place = S3Location("data", "scores/<aws.scheduler.execution-id>/")
        made = transform(stack, output=TransformOutput(place), schedule=NIGHTLY)
        with pytest.raises(ValueError, match="output_uri"):
            made.task(stack, "Score")
        assert made.task(stack, "Again", output_uri="s3://data/scores/again/")


# Promise 1 for batch transform: what is valid is accepted by every other judge too, what is not is refused.

HERE = Site(stack=None, arns=Arns("aws", "us-east-1", "123456789012"), path=())
_TYPES = sorted(load("instance_types.json")["accepted_for_transform"])
_PREFIXES = st.just("") | strategies.keys.map("{}/".format)


def locations(bucket):
    return st.builds(S3Location, st.just(bucket), _PREFIXES)


@st.composite
def transforms(draw):
    """Give valid arguments of a BatchTransform."""
    kind = draw(st.sampled_from(_TYPES))
    size = draw(st.none() | st.integers(0, 100))
    most = 100 // (6 if size is None else size) if size != 0 else 1000
    split = draw(st.sampled_from([None, "None", "Line", "RecordIO", "TFRecord"]))
    archives = strategies.keys.map(lambda key: ModelData.from_s3("models", f"{key}.tar.gz"))
    key = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    return {
        "container": Container(draw(strategies.images()), model_data=draw(st.none() | archives)),
        "instances": Instances(
            kind,
            count=draw(st.integers(1, 100)),
            ami_version=draw(st.sampled_from([None, "al2-ami-sagemaker-batch-gpu-470"])),
        ),
        "input": TransformInput(
            draw(locations("in")),
            manifest=draw(st.none() | locations("lists")),
            content_type=draw(st.sampled_from([None, "text/csv", "application/json", "application/jsonlines"])),
            compression=draw(st.sampled_from([None, "None", "Gzip"])),
            split=split,
        ),
        "output": TransformOutput(
            draw(locations("out")),
            accept=draw(st.sampled_from([None, "text/csv"])),
            assemble_with=draw(st.sampled_from([None, "None", "Line"])),
            encryption_key=draw(st.sampled_from([None, key])),
        ),
        "strategy": None if split in (None, "None") else draw(st.sampled_from([None, "MultiRecord", "SingleRecord"])),
        "max_payload_mb": size,
        "max_concurrent_transforms": draw(st.none() | st.integers(0, most)),
        "invocation_timeout": draw(st.none() | strategies.seconds_between(1, 3600)),
        "invocation_retries": draw(st.none() | st.integers(0, 3)),
        "environment": draw(st.none() | strategies.environments),
        "data_processing": draw(
            st.none()
            | st.builds(
                DataProcessing,
                input_filter=st.sampled_from([None, "$", "$[1:]", "$.features"]),
                output_filter=st.sampled_from([None, "$", "$['id','SageMakerOutput']"]),
                join_source=st.sampled_from([None, "Input", "None"]),
            )
        ),
        "data_capture": draw(
            st.none() | st.builds(BatchDataCapture, locations("captured"), generate_inference_id=st.booleans())
        ),
        "job_name_prefix": draw(st.from_regex("[a-zA-Z0-9](-?[a-zA-Z0-9]){0,12}", fullmatch=True)),
        "encryption_key": None if instance_types()[kind].nvme else draw(st.sampled_from([None, key])),
        "schedule": draw(
            st.builds(
                TransformSchedule,
                st.sampled_from([NIGHTLY, "rate(1 days)", "at(2030-01-01T00:00:00)"]),
                time_zone=st.sampled_from([None, "UTC", "Europe/Berlin"]),
                flexible_window=st.none() | st.integers(1, 1440).map(lambda n: timedelta(minutes=n)),
                retry_attempts=st.none() | st.integers(0, 185),
                max_event_age=st.none() | strategies.seconds_between(60, 86400),
            )
        ),
    }


def codes(spec: TransformSpec) -> set[str]:
    return {problem.code for problem in check(spec) if problem.severity == "error"}


@given(transforms())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_valid_arguments_break_no_rule_and_make_a_request_that_sagemaker_takes(arguments):
    spec = transform_spec_of(**arguments)
    assert codes(spec) == set()
    name = f"{spec.job_name_prefix}-{'0' * 36}"
    request = job_request(spec, HERE, job_name=name, model_name="model")
    assert shapes.check("sagemaker", "CreateTransformJob", request) == []


def _instances(**changes):
    return {"instances": replace(Instances("ml.m5.xlarge"), **changes)}


def _input(**changes):
    return {"input": TransformInput(S3Location("in"), **changes), "strategy": None, "data_processing": None}


def _output(**changes):
    return {"output": TransformOutput(S3Location("out"), **changes)}


def _schedule(*schedule, **changes):
    return {"schedule": TransformSchedule(*(schedule or [NIGHTLY]), **changes)}


def _container(**changes):
    return {"container": Container(IMAGE, **changes)}


# What replaces valid arguments, and the code that must refuse it. The numbers lie just beyond the limits that AWS
# documents; they stand here on purpose, apart from facts/ and rules/, so that a wrong one is noticed.
MUTATIONS = [
    ("SMC901", _instances(type="ml.m6g.xlarge")),
    ("SMC901", _instances(type="m5.xlarge")),
    ("SMC902", _instances(count=0)),
    ("SMC902", _instances(count=101)),
    ("SMC902", _instances(count=1.5)),
    ("SMC903", _instances(volume_gb=10)),
    ("SMC903", _instances(pools=["ml.m5.2xlarge"])),
    ("SMC903", _instances(model_download_timeout=timedelta(minutes=5))),
    ("SMC904", _instances(ami_version="al2-ami-sagemaker-inference-gpu-3-1")),
    ("SMC905", {"instances": Instances("ml.g5.xlarge"), "encryption_key": "key"}),
    ("SMC910", {"max_payload_mb": 101}),
    ("SMC910", {"max_payload_mb": -1}),
    ("SMC910", {"max_payload_mb": 0.5}),
    ("SMC911", {"max_concurrent_transforms": -1}),
    ("SMC911", {"max_concurrent_transforms": 1.5}),
    ("SMC912", {"max_payload_mb": 51, "max_concurrent_transforms": 2}),
    ("SMC912", {"max_payload_mb": 1, "max_concurrent_transforms": 101}),
    ("SMC914", {"invocation_timeout": timedelta(0)}),
    ("SMC914", {"invocation_timeout": timedelta(seconds=3601)}),
    ("SMC914", {"invocation_timeout": timedelta(seconds=1.5)}),
    ("SMC915", {"invocation_retries": -1}),
    ("SMC915", {"invocation_retries": 4}),
    ("SMC920", {"strategy": "multirecord"}),
    ("SMC921", {**_input(), "strategy": "SingleRecord"}),
    ("SMC921", {**_input(split="None"), "strategy": "SingleRecord"}),
    ("SMC922", _input(split="Lines")),
    ("SMC923", _output(assemble_with="RecordIO")),
    ("SMC924", _input(compression="gzip")),
    ("SMC925", _input(content_type="a" * 257)),
    ("SMC925", _output(accept="a" * 257)),
    ("SMC926", {"data_processing": DataProcessing(input_filter="features")}),
    ("SMC926", {"data_processing": DataProcessing(output_filter="$" + "a" * 63)}),
    ("SMC927", {"data_processing": DataProcessing(join_source="input")}),
    ("SMC928", {**_input(content_type="image/png"), "data_processing": DataProcessing(join_source="Input")}),
    ("SMC930", {"environment": {f"V{i}": "" for i in range(17)}}),
    ("SMC931", {"environment": {"1A": ""}}),
    ("SMC931", {"environment": {"A" * 1025: ""}}),
    ("SMC931", {"environment": {"A": "x" * 10241}}),
    ("SMC931", {"environment": {"A": 1}}),
    ("SMC932", {"job_name_prefix": "a" * 27}),
    ("SMC932", {"job_name_prefix": "a-"}),
    ("SMC932", {"job_name_prefix": "a_b"}),
    ("SMC932", {"job_name_prefix": ""}),
    ("SMC940", _container(model_data=ModelData.from_s3_prefix("models", "churn"))),
    ("SMC940", _container(model_data=ModelData.from_uri("s3://models/churn/"))),
    ("SMC941", _container(models=ModelData.from_s3_prefix("models", "churn"))),
    ("SMC950", {"output": TransformOutput(S3Location("s3://out"))}),
    ("SMC950", {"input": TransformInput(S3Location("in", "a" * 1020)), "strategy": None}),
    ("SMC960", _schedule("0 3 * * *")),
    ("SMC960", _schedule("cron(0 3 * * *)")),
    ("SMC960", _schedule("rate(0 days)")),
    ("SMC960", _schedule("rate(1 week)")),
    ("SMC960", _schedule("at(2026-01-01)")),
    ("SMC961", _schedule(time_zone="Europe/Munich")),
    ("SMC962", _schedule(flexible_window=timedelta(0))),
    ("SMC962", _schedule(flexible_window=timedelta(minutes=1441))),
    ("SMC962", _schedule(flexible_window=timedelta(seconds=90))),
    ("SMC963", _schedule(retry_attempts=-1)),
    ("SMC963", _schedule(retry_attempts=186)),
    ("SMC963", _schedule(max_event_age=timedelta(seconds=59))),
    ("SMC963", _schedule(max_event_age=timedelta(seconds=86401))),
    (
        "SMC964",
        _schedule(start=datetime(2026, 1, 2, tzinfo=timezone.utc), end=datetime(2026, 1, 1, tzinfo=timezone.utc)),
    ),
    ("SMC965", {"output": TransformOutput(S3Location("out", "<aws.scheduler.execution-id>/")), "schedule": None}),
]


@given(arguments=transforms())
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_step_beyond_a_limit_is_refused_with_its_code(arguments):
    for code, change in MUTATIONS:
        assert code in codes(transform_spec_of(**{**arguments, **change})), (code, change)


def test_every_error_is_reached_by_a_step_beyond_a_limit():
    errors = {code for code, rule in RULES.items() if rule.about is TransformSpec and rule.severity == "error"}
    assert errors == {code for code, _ in MUTATIONS}


@given(st.lists(transforms(), min_size=5, max_size=5))
@settings(
    max_examples=3,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
def test_valid_transforms_are_accepted_by_every_other_judge(several):
    app = cdk.App(context=CONTEXT)
    stack = cdk.Stack(app, "Stack", env=cdk.Environment(region="us-east-1", account="123456789012"))
    for index, arguments in enumerate(several):
        if (key := arguments["encryption_key"]) is not None:
            arguments["encryption_key"] = aws_kms.Key.from_key_arn(stack, f"Key{index}", key)
        BatchTransform(stack, f"Transform{index}", **arguments)
    s = Synthesised(stack)  # refused here where the CDK's own validation finds an error

    for id in s.ids(SCHEDULE):
        properties = s.json["Resources"][id]["Properties"]
        job = json.loads(plain(properties["Target"]["Input"]))
        job |= {"ModelName": "model", "TransformJobName": job["TransformJobName"].partition("<")[0] + "0" * 36}
        assert shapes.check("sagemaker", "CreateTransformJob", job) == []
        target = {
            **properties["Target"],
            "RoleArn": "arn:aws:iam::123456789012:role/role",
            "Arn": plain(properties["Target"]["Arn"]),
            "Input": json.dumps(job),
        }
        assert shapes.check("scheduler", "CreateSchedule", {**properties, "Name": "name", "Target": target}) == []

    findings = lint(json.dumps(s.json), config=ManualArgs(regions=["us-east-1"]))
    assert [str(finding) for finding in findings if finding.rule.severity == "error"] == []
