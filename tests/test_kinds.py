"""Every kind of endpoint but the real-time one, as it stands in the template."""

from datetime import datetime, timezone

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam, aws_kms, aws_s3, aws_sns
from specs import IMAGE, MODEL_DATA, POLICY
from templates import Synthesised, plain

from sm_constructs import (
    AsyncEndpoint,
    Container,
    ContainerImage,
    InferenceComponent,
    InferenceComponentEndpoint,
    Instances,
    InvalidHosting,
    ModelData,
    ModelPackage,
    MultiContainerEndpoint,
    MultiModelEndpoint,
    MultiVariantEndpoint,
    Network,
    PipelineEndpoint,
    S3Location,
    Scaling,
    ScheduledCapacity,
    ServerlessEndpoint,
    TargetTracking,
    Variant,
)

MODEL = "AWS::SageMaker::Model"
CONFIG = "AWS::SageMaker::EndpointConfig"
ENDPOINT = "AWS::SageMaker::Endpoint"
COMPONENT = "AWS::SageMaker::InferenceComponent"
TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
POLICIES = "AWS::ApplicationAutoScaling::ScalingPolicy"
ALARM = "AWS::CloudWatch::Alarm"
M5 = Instances("ml.m5.large")
CONTAINER = Container(IMAGE, model_data=MODEL_DATA)


def variants(stack):
    return Synthesised(stack).properties(CONFIG)["ProductionVariants"]


def refusal(make, code):
    with pytest.raises(InvalidHosting) as refused:
        make()
    return next(problem for problem in refused.value.problems if problem.code == code)


class TestServerless:
    def make(self, stack, **arguments):
        return ServerlessEndpoint(
            stack, "Churn", **{"container": CONTAINER, "memory_mb": 2048, "max_concurrency": 10, **arguments}
        )

    def test_the_variant(self, stack):
        self.make(stack, provisioned_concurrency=2)
        (made,) = variants(stack)
        del made["ModelName"]
        assert made == {
            "VariantName": "AllTraffic",
            "InitialVariantWeight": 1,
            "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 10, "ProvisionedConcurrency": 2},
        }

    def test_its_endpoint_has_another_logical_id_than_one_on_instances(self, stack):
        self.make(stack)
        (id,) = Synthesised(stack).ids(ENDPOINT)
        assert id.startswith("ChurnServerlessEndpoint")

    def test_provisioned_concurrency_scales(self, stack):
        policy = TargetTracking.provisioned_concurrency_utilization(0.7)
        schedule = ScheduledCapacity(
            "cron(0 8 ? * MON-FRI *)",
            min_capacity=5,
            start=datetime(2026, 12, 1, tzinfo=timezone.utc),
            time_zone="Europe/Berlin",
        )
        self.make(stack, provisioned_concurrency=1, scaling=Scaling(1, 10, policies=[policy], schedule=[schedule]))
        s = Synthesised(stack)
        target = s.properties(TARGET)
        assert target["ScalableDimension"] == "sagemaker:variant:DesiredProvisionedConcurrency"
        assert target["ScheduledActions"] == [
            {
                "ScheduledActionName": "cron(0 8 ? * MON-FRI *) Europe-Berlin",
                "Schedule": "cron(0 8 ? * MON-FRI *)",
                "ScalableTargetAction": {"MinCapacity": 5},
                "StartTime": "2026-12-01T00:00:00Z",
                "Timezone": "Europe/Berlin",
            }
        ]
        assert s.properties(POLICIES)["TargetTrackingScalingPolicyConfiguration"] == {
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "SageMakerVariantProvisionedConcurrencyUtilization"
            },
            "TargetValue": 0.7,
        }

    def test_problems_name_the_arguments(self, stack):
        with pytest.raises(InvalidHosting) as refused:
            self.make(stack, memory_mb=1500, max_concurrency=20, provisioned_concurrency=50)
        assert str(refused.value) == (
            "Stack/Churn (ServerlessEndpoint) has 3 problems\n"
            "  SMC102 memory_mb is 1500; serverless memory is one of 1024, 2048, 3072, 4096, 5120, 6144\n"
            "         AWS: ProductionVariantServerlessConfig.MemorySizeInMB\n"
            "  SMC104 provisioned_concurrency is 50, more than max_concurrency 20\n"
            '         AWS: "Provisioned Concurrency", serverless endpoints guide\n'
            "  SMC108 max_concurrency is 20; all serverless endpoints of a new account have 10 together, and more on "
            "request\n"
            '         AWS: "Amazon SageMaker AI endpoints and quotas": L-96300102'
        )

    def test_what_serverless_excludes_is_refused(self, stack):
        gpu = Container(ContainerImage.from_framework("pytorch", "2.6", accelerator="gpu"))
        problem = refusal(lambda: self.make(stack, container=gpu), "SMC020")
        assert problem.message == "container.image makes accelerated image, which serverless does not allow"

    @pytest.mark.parametrize("argument", ["network", "data_capture", "rollout", "instances"])
    def test_what_serverless_excludes_cannot_be_said(self, stack, argument):
        with pytest.raises(TypeError, match=argument):
            self.make(stack, **{argument: None})


class TestAsync:
    def make(self, stack, **arguments):
        defaults = {"container": CONTAINER, "instances": M5, "output": S3Location("answers", "out/")}
        return AsyncEndpoint(stack, "Texts", **{**defaults, **arguments})

    def config(self, stack):
        return Synthesised(stack).properties(CONFIG)["AsyncInferenceConfig"]

    def test_output_alone(self, stack):
        self.make(stack)
        assert self.config(stack) == {"OutputConfig": {"S3OutputPath": "s3://answers/out/"}}
        assert Synthesised(stack).allowed("s3:PutObject") == ["arn:${AWS::Partition}:s3:::answers/out/*"]

    def test_everything_about_answers(self, stack):
        done = aws_sns.Topic(stack, "Done")
        failed = "arn:aws:sns:eu-west-1:123456789012:failed"
        key = aws_kms.Key(stack, "Key")
        self.make(
            stack,
            failures=S3Location("answers", "failed/"),
            success_topic=done,
            error_topic=failed,
            include_response_in=["SUCCESS_NOTIFICATION_TOPIC"],
            max_concurrent_invocations_per_instance=4,
            output_encryption_key=key,
            inputs=[S3Location("questions", "in/")],
        )
        s = Synthesised(stack)
        (topic,), (key_id,) = s.ids("AWS::SNS::Topic"), s.ids("AWS::KMS::Key")
        assert s.properties(CONFIG)["AsyncInferenceConfig"] == {
            "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 4},
            "OutputConfig": {
                "KmsKeyId": {"Fn::GetAtt": [key_id, "Arn"]},
                "NotificationConfig": {
                    "SuccessTopic": {"Ref": topic},
                    "ErrorTopic": failed,
                    "IncludeInferenceResponseIn": ["SUCCESS_NOTIFICATION_TOPIC"],
                },
                "S3FailurePath": "s3://answers/failed/",
                "S3OutputPath": "s3://answers/out/",
            },
        }
        assert s.allowed("sns:Publish") == [f"${{{topic}}}", failed]
        assert s.allowed("kms:GenerateDataKey") == [f"${{{key_id}.Arn}}"]
        here = "arn:${AWS::Partition}:s3:::"
        assert s.allowed("s3:PutObject") == [f"{here}answers/out/*", f"{here}answers/failed/*"]
        assert f"{here}questions/in/*" in s.allowed("s3:GetObject")

    def test_scaling_from_zero_is_the_whole_arrangement(self, stack):
        self.make(stack, scaling=Scaling(0, 5))
        s = Synthesised(stack)
        (endpoint,) = s.ids(ENDPOINT)
        name = {"Fn::GetAtt": [endpoint, "EndpointName"]}
        assert (s.properties(TARGET)["MinCapacity"], variants(stack)[0]["InitialInstanceCount"]) == (0, 1)
        tracking, step = (s.json["Resources"][id]["Properties"] for id in sorted(s.ids(POLICIES)))
        assert tracking["TargetTrackingScalingPolicyConfiguration"] == {
            "TargetValue": 5,
            "CustomizedMetricSpecification": {
                "Namespace": "AWS/SageMaker",
                "MetricName": "ApproximateBacklogSizePerInstance",
                "Dimensions": [{"Name": "EndpointName", "Value": name}],
                "Statistic": "Average",
            },
        }
        assert step["StepScalingPolicyConfiguration"] == {
            "AdjustmentType": "ChangeInCapacity",
            "Cooldown": 300,
            "MetricAggregationType": "Average",
            "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
        }
        (step_id,) = (id for id in s.ids(POLICIES) if "FromZero" in id)
        assert s.properties(ALARM) == {
            "AlarmActions": [{"Ref": step_id}],
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "DatapointsToAlarm": 2,
            "Dimensions": [{"Name": "EndpointName", "Value": name}],
            "EvaluationPeriods": 2,
            "MetricName": "HasBacklogWithoutCapacity",
            "Namespace": "AWS/SageMaker",
            "Period": 60,
            "Statistic": "Average",
            "Threshold": 1,
            "TreatMissingData": "missing",
        }

    def test_above_zero_there_is_no_alarm(self, stack):
        self.make(stack, scaling=Scaling(1, 5, policies=[TargetTracking.backlog_per_instance(8)]))
        Synthesised(stack).template.resource_count_is(ALARM, 0)

    def test_a_metric_that_async_does_not_publish_is_refused(self, stack):
        problem = refusal(lambda: self.make(stack, scaling=Scaling(1, 4, policies=[POLICY])), "SMC611")
        assert problem.path == "scaling.policies[0]"
        assert "ApproximateBacklogSizePerInstance" in problem.message

    def test_callers_upload_queue_and_read(self, stack):
        key = aws_kms.Key(stack, "Key")
        bucket = aws_s3.Bucket(stack, "Bucket", encryption_key=key)
        made = self.make(stack, inputs=[S3Location(bucket, "in/")], output=S3Location(bucket, "out/"))
        user = aws_iam.User(stack, "User")
        made.grant_invoke_async(user)
        s = Synthesised(stack)
        statements = s.properties("AWS::IAM::Policy")["PolicyDocument"]["Statement"]
        (bucket_id,), (endpoint,) = s.ids("AWS::S3::Bucket"), s.ids(ENDPOINT)
        assert [(x["Action"], plain(x["Resource"])) for x in statements if "kms" not in str(x["Action"])] == [
            ("sagemaker:InvokeEndpointAsync", f"${{{endpoint}}}"),
            ("s3:PutObject", f"${{{bucket_id}.Arn}}/in/*"),
            ("s3:GetObject", f"${{{bucket_id}.Arn}}/out/*"),
        ]

    def test_topics_are_made_on_request(self, stack):
        made = self.make(stack, success_topic=True, error_topic=True)
        s = Synthesised(stack)
        notification = s.properties(CONFIG)["AsyncInferenceConfig"]["OutputConfig"]["NotificationConfig"]
        assert {topic["Ref"] for topic in notification.values()} == set(s.ids("AWS::SNS::Topic"))
        assert stack.resolve(made.success_topic.topic_arn) == notification["SuccessTopic"]
        assert stack.resolve(made.error_topic.topic_arn) == notification["ErrorTopic"]
        assert s.allowed("sns:Publish") == [f"${{{notification[n]['Ref']}}}" for n in ("SuccessTopic", "ErrorTopic")]

    def test_synchronous_requests_cannot_be_granted(self, stack):
        made = self.make(stack)
        with pytest.raises(TypeError, match="grant_invoke_async"):
            made.grant_invoke(aws_iam.User(stack, "User"))


class TestMultiModel:
    def make(self, stack, **arguments):
        defaults = {
            "container": Container(IMAGE),
            "models": ModelData.from_s3_prefix("models", "tenants"),
            "instances": M5,
        }
        return MultiModelEndpoint(stack, "Tenants", **{**defaults, **arguments})

    def container(self, stack):
        return Synthesised(stack).properties(MODEL)["PrimaryContainer"]

    def test_the_store_is_a_prefix(self, stack):
        self.make(stack)
        made = self.container(stack)
        assert (made["Mode"], made["ModelDataUrl"]) == ("MultiModel", "s3://models/tenants/")
        assert "MultiModelConfig" not in made

    def test_the_store_alone_is_listed_and_read(self, stack):
        self.make(stack)
        s = Synthesised(stack)
        assert s.allowed("s3:GetObject") == ["arn:${AWS::Partition}:s3:::models/tenants/*"]
        (listing,) = [x for x in s.statements() if x["Action"] == "s3:ListBucket"]
        assert listing["Condition"] == {"StringLike": {"s3:prefix": ["tenants/*"]}}

    def test_the_cache_can_be_switched_off(self, stack):
        self.make(stack, cache_models=False)
        assert self.container(stack)["MultiModelConfig"] == {"ModelCacheSetting": "Disabled"}

    def test_tenants_are_fenced(self, stack):
        made = self.make(stack)
        made.grant_invoke(aws_iam.User(stack, "A"), target_models=["tenant-a/*"])
        (statement,) = Synthesised(stack).properties("AWS::IAM::Policy")["PolicyDocument"]["Statement"]
        assert statement["Condition"] == {"StringLike": {"sagemaker:TargetModel": ["tenant-a/*"]}}

    def test_without_a_fence_every_model_may_be_asked(self, stack):
        self.make(stack).grant_invoke(aws_iam.User(stack, "A"))
        (statement,) = Synthesised(stack).properties("AWS::IAM::Policy")["PolicyDocument"]["Statement"]
        assert "Condition" not in statement

    @pytest.mark.parametrize("kind", ["ml.g5.12xlarge", "ml.p3.8xlarge"])
    def test_several_gpus_are_refused_at_the_argument(self, stack, kind):
        image = ContainerImage.from_framework("triton", "24.09", accelerator="gpu")
        problem = refusal(lambda: self.make(stack, container=Container(image), instances=Instances(kind)), "SMC501")
        assert problem.path == "instances.type"

    def test_an_archive_is_no_store(self, stack):
        problem = refusal(lambda: self.make(stack, models=ModelData.from_s3("models", "a.tar.gz")), "SMC504")
        assert problem.path == "models"


class TestSeveralContainers:
    TWO = (Container(IMAGE, hostname="a"), Container(IMAGE, hostname="b"))

    def test_multi_container(self, stack):
        MultiContainerEndpoint(stack, "Scorers", containers=self.TWO, instances=M5)
        made = Synthesised(stack).properties(MODEL)
        assert made["InferenceExecutionConfig"] == {"Mode": "Direct"}
        assert [container["ContainerHostname"] for container in made["Containers"]] == ["a", "b"]
        assert "PrimaryContainer" not in made

    def test_pipeline(self, stack):
        store = Container(IMAGE, models=ModelData.from_s3_prefix("models", "m/"))
        package = ModelPackage("arn:aws:sagemaker:eu-west-1:123456789012:model-package/p/1")
        PipelineEndpoint(stack, "Texts", containers=[CONTAINER, store, package], instances=M5)
        made = Synthesised(stack).properties(MODEL)
        assert "InferenceExecutionConfig" not in made
        assert [container.get("Mode") for container in made["Containers"]] == [None, "MultiModel", None]

    def test_each_directory_is_an_asset_of_its_own(self, stack, tmp_path, cache):
        for name in ("a", "b"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "model.bin").write_text(name)
        containers = [Container(IMAGE, model_data=ModelData.from_directory(tmp_path / name)) for name in ("a", "b")]
        PipelineEndpoint(stack, "Texts", containers=containers, instances=M5)
        urls = {plain(c["ModelDataUrl"]) for c in Synthesised(stack).properties(MODEL)["Containers"]}
        assert len(urls) == 2

    @pytest.mark.parametrize(
        ("kind", "containers", "code", "path"),
        [
            (MultiContainerEndpoint, TWO[:1], "SMC511", "containers"),
            (PipelineEndpoint, TWO * 8, "SMC511", "containers"),
            (MultiContainerEndpoint, (TWO[0], Container(IMAGE)), "SMC512", "containers[1].hostname"),
            (PipelineEndpoint, (TWO[0], Container(IMAGE)), "SMC513", "containers[1].hostname"),
            (PipelineEndpoint, (TWO[0], TWO[0]), "SMC514", "containers[1].hostname"),
        ],
    )
    def test_what_is_refused(self, stack, kind, containers, code, path):
        assert refusal(lambda: kind(stack, "X", containers=containers, instances=M5), code).path == path


class TestMultiVariant:
    def two(self, **challenger):
        return [
            Variant("champion", container=CONTAINER, instances=M5, weight=9),
            Variant("challenger", **{"container": CONTAINER, "instances": M5, "weight": 1, **challenger}),
        ]

    def test_variants_share_the_traffic(self, stack):
        made = MultiVariantEndpoint(stack, "Churn", variants=self.two())
        assert made.traffic_shares == {"champion": 0.9, "challenger": 0.1}
        s = Synthesised(stack)
        assert [v["InitialVariantWeight"] for v in variants(stack)] == [9, 1]
        champion, challenger = sorted(s.ids(MODEL), reverse=True)
        assert [v["ModelName"]["Fn::GetAtt"][0] for v in variants(stack)] == [
            id for name in ("champion", "challenger") for id in (champion, challenger) if name in id
        ]

    def test_shifting_traffic_is_granted(self, stack):
        MultiVariantEndpoint(stack, "Churn", variants=self.two()).grant_shift(aws_iam.User(stack, "User"))
        s = Synthesised(stack)
        (statement,) = s.properties("AWS::IAM::Policy")["PolicyDocument"]["Statement"]
        assert statement["Action"] == ["sagemaker:DescribeEndpoint", "sagemaker:UpdateEndpointWeightsAndCapacities"]
        assert statement["Resource"] == {"Ref": s.ids(ENDPOINT)[0]}

    def test_a_weight_of_zero_stays_zero(self, stack):
        made = MultiVariantEndpoint(stack, "Churn", variants=self.two(weight=0))
        assert variants(stack)[1]["InitialVariantWeight"] == 0
        assert made.traffic_shares["challenger"] == 0

    def test_ids_do_not_depend_on_the_other_variants(self, stack, app):
        MultiVariantEndpoint(stack, "Churn", variants=self.two())
        other = cdk.Stack(app, "Other")
        MultiVariantEndpoint(other, "Churn", variants=self.two()[1:])
        assert set(Synthesised(other).ids(MODEL)) < set(Synthesised(stack).ids(MODEL))

    def test_each_variant_scales_by_itself(self, stack):
        scaling = Scaling(1, 4, policies=[POLICY])
        both = [Variant(name, container=CONTAINER, instances=M5, scaling=scaling) for name in ("a", "b")]
        MultiVariantEndpoint(stack, "Churn", variants=both)
        s = Synthesised(stack)
        s.template.resource_count_is(POLICIES, 2)
        ids = [plain(s.json["Resources"][id]["Properties"]["ResourceId"]) for id in s.ids(TARGET)]
        assert [id.rpartition("/")[2] for id in ids] == ["a", "b"]

    def test_a_shadow_variant(self, stack):
        (champion, _) = self.two()
        MultiVariantEndpoint(
            stack, "Churn", variants=[champion], shadow=Variant("next", container=CONTAINER, instances=M5, weight=0.5)
        )
        (shadow,) = Synthesised(stack).properties(CONFIG)["ShadowProductionVariants"]
        assert (shadow["VariantName"], shadow["InitialVariantWeight"]) == ("next", 0.5)

    def test_a_shadow_beside_two_is_refused(self, stack):
        shadow = Variant("next", container=CONTAINER, instances=M5)
        refusal(lambda: MultiVariantEndpoint(stack, "C", variants=self.two(), shadow=shadow), "SMC801")

    def test_what_one_variant_excludes_another_may_have(self, stack):
        tree = Container(IMAGE, model_data=ModelData.from_s3_prefix("models", "llama/"))
        pipeline = Variant("pipeline", containers=[CONTAINER, CONTAINER], instances=M5)
        inf1 = Variant("inf1", container=tree, instances=Instances("ml.inf1.xlarge"))
        MultiVariantEndpoint(stack, "Churn", variants=[pipeline, inf1])
        assert len(variants(stack)) == 2

    def test_every_kind_of_model_stands_in_a_variant(self, stack):
        MultiVariantEndpoint(
            stack,
            "Churn",
            variants=[
                Variant("pipeline", containers=[CONTAINER, CONTAINER], instances=M5),
                Variant("direct", containers=TestSeveralContainers.TWO, direct=True, instances=M5),
                Variant("store", container=Container(IMAGE), models=ModelData.from_s3_prefix("m", "p"), instances=M5),
            ],
        )
        s = Synthesised(stack)
        made = [s.json["Resources"][id]["Properties"] for id in s.ids(MODEL)]
        assert [bool(m.get("Containers")) for m in made] == [True, True, False]
        assert made[2]["PrimaryContainer"]["Mode"] == "MultiModel"

    def test_problems_name_the_variant(self, stack):
        problem = refusal(
            lambda: MultiVariantEndpoint(stack, "C", variants=self.two(container=Container(IMAGE, hostname="_"))),
            "SMC406",
        )
        assert problem.path == "variants[1].container.hostname"

    def test_a_variant_has_a_container_or_containers(self):
        with pytest.raises(TypeError, match="variant 'a': give either container or containers"):
            Variant("a", instances=M5)
        with pytest.raises(TypeError, match="served by one container"):
            Variant("a", instances=M5, containers=[CONTAINER], models=MODEL_DATA)

    def test_there_are_no_shares_where_no_variant_has_weight(self, stack):
        made = MultiVariantEndpoint(stack, "C", variants=[Variant("a", container=CONTAINER, instances=M5, weight=0)])
        with pytest.raises(ValueError, match="has no shares"):
            _ = made.traffic_shares


class TestInferenceComponents:
    GPU = Instances("ml.g5.12xlarge")

    def component(self, name="llama", **arguments):
        return InferenceComponent(name, **{"container": CONTAINER, "memory_mb": 1024, **arguments})

    def make(self, stack, *components, **arguments):
        return InferenceComponentEndpoint(
            stack, "Chat", components=components or [self.component()], **{"instances": self.GPU, **arguments}
        )

    def test_the_variant_has_no_model_and_the_configuration_has_the_role(self, stack):
        self.make(stack, scaling=Scaling(0, 4))
        s = Synthesised(stack)
        assert variants(stack) == [
            {
                "VariantName": "AllTraffic",
                "InitialInstanceCount": 1,
                "InstanceType": "ml.g5.12xlarge",
                "ManagedInstanceScaling": {"Status": "ENABLED", "MinInstanceCount": 0, "MaxInstanceCount": 4},
            }
        ]
        assert s.properties(CONFIG)["ExecutionRoleArn"] == {"Fn::GetAtt": [*s.ids("AWS::IAM::Role"), "Arn"]}
        s.template.resource_count_is(TARGET, 0)

    def test_a_component(self, stack):
        made = self.make(
            stack,
            self.component(
                cpus=2,
                accelerators=1,
                max_memory_mb=4096,
                copies=2,
                startup_timeout=cdk.Duration.minutes(10),
                model_download_timeout=cdk.Duration.minutes(20),
            ),
        )
        s = Synthesised(stack)
        (endpoint,), (model,) = s.ids(ENDPOINT), s.ids(MODEL)
        assert s.properties(COMPONENT) == {
            "InferenceComponentName": made.component_names["llama"],
            "EndpointName": {"Fn::GetAtt": [endpoint, "EndpointName"]},
            "VariantName": "AllTraffic",
            "RuntimeConfig": {"CopyCount": 2},
            "Specification": {
                "ModelName": {"Fn::GetAtt": [model, "ModelName"]},
                "ComputeResourceRequirements": {
                    "MinMemoryRequiredInMb": 1024,
                    "MaxMemoryRequiredInMb": 4096,
                    "NumberOfCpuCoresRequired": 2,
                    "NumberOfAcceleratorDevicesRequired": 1,
                },
                "StartupParameters": {
                    "ContainerStartupHealthCheckTimeoutInSeconds": 600,
                    "ModelDataDownloadTimeoutInSeconds": 1200,
                },
            },
        }
        assert made.component_names["llama"].endswith("-llama")
        assert len(made.component_names["llama"]) <= 63

    def test_long_names_are_cut_and_stay_different(self, stack):
        names = [f"{'a' * 62}{end}" for end in "bc"]
        made = self.make(stack, *(self.component(name) for name in names))
        physical = list(made.component_names.values())
        assert len(set(physical)) == 2
        assert all(len(name) <= 63 for name in physical)
        assert len(Synthesised(stack).ids(COMPONENT)) == 2

    def test_copies_scale_down_to_zero(self, stack):
        policy = TargetTracking.concurrent_requests_per_copy(5)
        made = self.make(stack, self.component(scaling=Scaling(0, 8, policies=[policy])))
        s = Synthesised(stack)
        name = made.component_names["llama"]
        target = s.properties(TARGET)
        assert (target["ResourceId"], target["ScalableDimension"], target["MinCapacity"]) == (
            f"inference-component/{name}",
            "sagemaker:inference-component:DesiredCopyCount",
            0,
        )
        (component,) = s.ids(COMPONENT)
        assert s.resource(TARGET)["DependsOn"] == [component]
        alarm = s.properties(ALARM)
        assert alarm["MetricName"] == "NoCapacityInvocationFailures"
        assert alarm["Dimensions"] == [{"Name": "InferenceComponentName", "Value": name}]
        assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"

    def test_an_adapter_is_based_on_another_component(self, stack):
        adapter = InferenceComponent("legal", base="llama", adapter=ModelData.from_s3("models", "legal.tar.gz"))
        made = self.make(stack, self.component(), adapter)
        s = Synthesised(stack)
        (id,) = (id for id in s.ids(COMPONENT) if "legal" in id)
        assert s.json["Resources"][id]["Properties"]["Specification"] == {
            "BaseInferenceComponentName": made.component_names["llama"],
            "Container": {"ArtifactUrl": "s3://models/legal.tar.gz"},
        }
        (base,) = (id for id in s.ids(COMPONENT) if "llama" in id)
        assert s.json["Resources"][id]["DependsOn"] == [base]
        assert "arn:${AWS::Partition}:s3:::models/legal.tar.gz" in s.allowed("s3:GetObject")

    def test_callers_are_fenced_by_component(self, stack):
        other = InferenceComponent("other", container=CONTAINER, memory_mb=1024)
        made = self.make(stack, self.component(), other)
        user = aws_iam.User(stack, "User")
        made.grant_invoke(user, components=["llama"])
        made.grant_invoke_stream(user)
        (endpoint,) = Synthesised(stack).ids(ENDPOINT)
        llama, another = Synthesised(stack).ids(COMPONENT)
        statements = Synthesised(stack).properties("AWS::IAM::Policy")["PolicyDocument"]["Statement"]
        assert {each["Action"]: [plain(arn) for arn in each["Resource"]] for each in statements} == {
            "sagemaker:InvokeEndpoint": [f"${{{endpoint}}}", f"${{{llama}}}"],
            "sagemaker:InvokeEndpointWithResponseStream": [f"${{{endpoint}}}", f"${{{llama}}}", f"${{{another}}}"],
        }
        with pytest.raises(ValueError, match=r"has no components \['nobody'\]; it has \['llama', 'other'\]"):
            made.grant_invoke(user, components=["nobody"])

    def test_callers_of_an_endpoint_that_exists_are_fenced_by_physical_names(self, stack):
        found = InferenceComponentEndpoint.from_endpoint_name(stack, "Found", "found")
        found.grant_invoke(aws_iam.User(stack, "A"), components=["Chat-llama"])
        found.grant_invoke(aws_iam.User(stack, "B"))
        policies = Synthesised(stack).template.find_resources("AWS::IAM::Policy").values()
        arns = [policy["Properties"]["PolicyDocument"]["Statement"][0]["Resource"] for policy in policies]
        assert [plain(arn).rpartition(":")[2] for each in arns for arn in each] == [
            "endpoint/found",
            "inference-component/Chat-llama",
            "endpoint/found",
            "inference-component/*",
        ]

    def test_the_network_is_that_of_the_configuration(self, stack):
        network = Network(subnets=["subnet-0123456789abcdef0"], security_groups=["sg-0123456789abcdef0"], isolated=True)
        self.make(stack, network=network)
        s = Synthesised(stack)
        assert s.properties(CONFIG)["VpcConfig"]["Subnets"] == ["subnet-0123456789abcdef0"]
        assert s.properties(CONFIG)["EnableNetworkIsolation"] is True
        assert "VpcConfig" not in s.properties(MODEL)

    def test_components_write_logs_of_their_own(self, stack):
        self.make(stack)
        groups = [arn.partition("log-group:")[2] for arn in Synthesised(stack).allowed("logs:PutLogEvents")]
        assert groups == [
            "/aws/sagemaker/Endpoints/*ChatComponentEndpoint*",
            "/aws/sagemaker/InferenceComponents/*Chat*",
        ]

    @pytest.mark.parametrize(
        ("arguments", "code", "path"),
        [
            ({"memory_mb": 100}, "SMC822", "components[0].memory_mb"),
            ({"cpus": 0.1}, "SMC822", "components[0].cpus"),
            ({"accelerators": 5}, "SMC823", "components[0].accelerators"),
            ({"copies": 0}, "SMC824", "components[0].copies"),
            ({"container": Container(IMAGE, hostname="_")}, "SMC406", "components[0].container.hostname"),
            ({"scaling": Scaling(0, 2, policies=[POLICY])}, "SMC611", "components[0].scaling.policies[0]"),
            ({"adapter": MODEL_DATA}, "SMC825", "components[0].adapter"),
            ({"base": "nobody"}, "SMC836", "components[0].base"),
        ],
    )
    def test_what_is_refused(self, stack, arguments, code, path):
        assert refusal(lambda: self.make(stack, self.component(**arguments)), code).path == path

    def test_an_adapter_is_an_archive(self, stack):
        adapter = InferenceComponent("legal", base="llama", adapter=ModelData.from_s3_prefix("models", "legal/"))
        assert refusal(lambda: self.make(stack, self.component(), adapter), "SMC825").path == "components[1].adapter"

    def test_the_key_of_an_adapter_is_checked_as_any_other(self, stack):
        adapter = InferenceComponent("legal", base="llama", adapter=ModelData.from_s3("models", "legal.zip"))
        assert refusal(lambda: self.make(stack, self.component(), adapter), "SMC441").path == "components[1].adapter"

    def test_instances_are_not_scaled_by_policies(self, stack):
        problem = refusal(lambda: self.make(stack, scaling=Scaling(1, 4, policies=[POLICY])), "SMC826")
        assert problem.path == "scaling"


class TestMetrics:
    """Each kind has the metrics that it publishes, and no others."""

    KINDS = (
        AsyncEndpoint,
        InferenceComponentEndpoint,
        MultiContainerEndpoint,
        MultiModelEndpoint,
        MultiVariantEndpoint,
        PipelineEndpoint,
        ServerlessEndpoint,
    )

    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
    def test_an_endpoint_that_exists_has_the_metrics_of_its_kind(self, stack, kind):
        def metrics(cls):
            return {name for name in dir(cls) if name.startswith("metric_")}

        found = kind.from_endpoint_name(stack, "Found", "found")
        assert metrics(type(found)) == metrics(kind)
        assert len(metrics(kind)) > 5

    @pytest.mark.parametrize(
        ("kind", "absent"),
        [
            (AsyncEndpoint, "metric_invocations"),
            (AsyncEndpoint, "metric_invocations_per_instance"),
            (AsyncEndpoint, "metric_overhead_latency"),
            (ServerlessEndpoint, "metric_cpu_utilization"),
            (ServerlessEndpoint, "metric_disk_utilization"),
            (ServerlessEndpoint, "metric_invocations_per_instance"),
            (PipelineEndpoint, "metric_model_cache_hit"),
            (InferenceComponentEndpoint, "metric_backlog"),
        ],
    )
    def test_a_metric_that_is_not_published_is_not_there(self, kind, absent):
        assert not hasattr(kind, absent)

    @pytest.mark.parametrize(
        ("kind", "method", "arguments", "namespace", "name", "dimensions"),
        [
            (AsyncEndpoint, "metric_backlog", (), "AWS/SageMaker", "ApproximateBacklogSize", {}),
            (
                AsyncEndpoint,
                "metric_backlog_per_instance",
                (),
                "AWS/SageMaker",
                "ApproximateBacklogSizePerInstance",
                {},
            ),
            (AsyncEndpoint, "metric_backlog_age", (), "AWS/SageMaker", "ApproximateAgeOfOldestRequest", {}),
            (AsyncEndpoint, "metric_backlog_without_capacity", (), "AWS/SageMaker", "HasBacklogWithoutCapacity", {}),
            (AsyncEndpoint, "metric_time_in_backlog", (), "AWS/SageMaker", "TimeInBacklog", None),
            (AsyncEndpoint, "metric_total_processing_time", (), "AWS/SageMaker", "TotalProcessingTime", None),
            (AsyncEndpoint, "metric_invocation_failures", (), "AWS/SageMaker", "InvocationFailures", None),
            (AsyncEndpoint, "metric_expired_requests", (), "AWS/SageMaker", "ExpiredRequests", None),
            (AsyncEndpoint, "metric_notification_failures", (), "AWS/SageMaker", "NotificationFailures", None),
            (MultiModelEndpoint, "metric_model_cache_hit", (), "AWS/SageMaker", "ModelCacheHit", None),
            (MultiModelEndpoint, "metric_model_unloading_time", (), "AWS/SageMaker", "ModelUnloadingTime", None),
            (MultiModelEndpoint, "metric_loaded_model_count", (), "/aws/sagemaker/Endpoints", "LoadedModelCount", None),
            (ServerlessEndpoint, "metric_model_setup_time", (), "AWS/SageMaker", "ModelSetupTime", None),
            (
                ServerlessEndpoint,
                "metric_provisioned_concurrency_spillover",
                (),
                "AWS/SageMaker",
                "ServerlessProvisionedConcurrencySpilloverInvocations",
                None,
            ),
            (
                MultiContainerEndpoint,
                "metric_container_latency",
                ("a",),
                "AWS/SageMaker",
                "ContainerLatency",
                {"VariantName": "AllTraffic", "ContainerName": "a"},
            ),
        ],
    )
    def test_a_metric_is_the_one_that_exists(self, stack, kind, method, arguments, namespace, name, dimensions):
        metric = getattr(kind.from_endpoint_name(stack, "Found", "found"), method)(*arguments)
        assert (metric.namespace, metric.metric_name) == (namespace, name)
        more = {"VariantName": "AllTraffic"} if dimensions is None else dimensions
        assert metric.dimensions == {"EndpointName": "found", **more}

    def test_metrics_of_a_component_have_its_physical_name(self, stack):
        component = InferenceComponent("llama", container=CONTAINER, memory_mb=1024)
        made = InferenceComponentEndpoint(stack, "Chat", instances=M5, components=[component])
        for method, namespace, name in (
            ("metric_invocations_per_copy", "AWS/SageMaker", "InvocationsPerCopy"),
            ("metric_no_capacity_failures", "AWS/SageMaker", "NoCapacityInvocationFailures"),
            ("metric_component_gpu_utilization", "/aws/sagemaker/InferenceComponents", "GPUUtilizationNormalized"),
        ):
            metric = getattr(made, method)("llama")
            assert (metric.namespace, metric.metric_name) == (namespace, name)
            assert metric.dimensions == {"InferenceComponentName": made.component_names["llama"]}

    def test_an_asynchronous_endpoint_that_exists_takes_requests_into_its_queue(self, stack):
        AsyncEndpoint.from_endpoint_name(stack, "Found", "found").grant_invoke_async(aws_iam.User(stack, "User"))
        (statement,) = Synthesised(stack).properties("AWS::IAM::Policy")["PolicyDocument"]["Statement"]
        assert statement["Action"] == "sagemaker:InvokeEndpointAsync"

    def test_a_multi_model_endpoint_that_exists_fences_tenants(self, stack):
        found = MultiModelEndpoint.from_endpoint_name(stack, "Found", "found")
        found.grant_invoke(aws_iam.User(stack, "User"), target_models=["a/*"])
        (statement,) = Synthesised(stack).properties("AWS::IAM::Policy")["PolicyDocument"]["Statement"]
        assert statement["Condition"] == {"StringLike": {"sagemaker:TargetModel": ["a/*"]}}
