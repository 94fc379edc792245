"""RealTimeEndpoint: every property, as it stands in the template."""

import json
from datetime import timedelta
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import assertions, aws_apigateway, aws_ec2, aws_ecr, aws_iam, aws_kms, aws_lambda, aws_s3
from specs import IMAGE, MODEL_DATA, POLICY
from templates import Synthesised, plain

from sm_constructs import (
    Container,
    ContainerImage,
    Instances,
    InvalidHosting,
    ModelData,
    ModelPackage,
    Network,
    PrefixAwareRouting,
    RealTimeEndpoint,
    Scaling,
    TargetTracking,
)

MODEL = "AWS::SageMaker::Model"
CONFIG = "AWS::SageMaker::EndpointConfig"
ENDPOINT = "AWS::SageMaker::Endpoint"
TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
POLICY_TYPE = "AWS::ApplicationAutoScaling::ScalingPolicy"
ROLE = "AWS::IAM::Role"


def endpoint(stack, id="Churn", **arguments):
    defaults = {"container": Container(IMAGE, model_data=MODEL_DATA), "instances": Instances("ml.m5.large")}
    return RealTimeEndpoint(stack, id, **{**defaults, **arguments})


def variant(stack, **arguments):
    endpoint(stack, instances=Instances("ml.m5.large", **arguments))
    (only,) = Synthesised(stack).properties(CONFIG)["ProductionVariants"]
    return only


def container_definition(stack, container, **arguments):
    endpoint(stack, container=container, **arguments)
    return Synthesised(stack).properties(MODEL)["PrimaryContainer"]


class TestTheWhole:
    def test_an_autoscaled_endpoint_is_six_resources(self, stack):
        endpoint(stack, scaling=Scaling(1, 4, policies=[POLICY]))
        synthesised = Synthesised(stack)
        for kind in (ROLE, MODEL, CONFIG, ENDPOINT, TARGET, POLICY_TYPE):
            synthesised.template.resource_count_is(kind, 1)
        assert len(synthesised.json["Resources"]) == 6

    def test_the_resources_refer_to_each_other_by_name(self, stack):
        endpoint(stack, scaling=Scaling(1, 4, policies=[POLICY]))
        s = Synthesised(stack)
        (model,), (config,), (name,), (target,) = s.ids(MODEL), s.ids(CONFIG), s.ids(ENDPOINT), s.ids(TARGET)
        assert s.properties(CONFIG)["ProductionVariants"][0]["ModelName"] == {"Fn::GetAtt": [model, "ModelName"]}
        assert s.properties(ENDPOINT)["EndpointConfigName"] == {"Fn::GetAtt": [config, "EndpointConfigName"]}
        assert plain(s.properties(TARGET)["ResourceId"]) == f"endpoint/${{{name}.EndpointName}}/variant/AllTraffic"
        assert s.properties(POLICY_TYPE)["ScalingTargetId"] == {"Ref": target}

    def test_model_and_configuration_have_no_physical_name(self, stack):
        endpoint(stack, endpoint_name="churn")
        s = Synthesised(stack)
        assert "ModelName" not in s.properties(MODEL)
        assert "EndpointConfigName" not in s.properties(CONFIG)
        assert s.properties(ENDPOINT)["EndpointName"] == "churn"

    def test_logical_ids_are_fixed(self, stack):
        endpoint(stack, scaling=Scaling(1, 4, policies=[POLICY]))
        assert sorted(Synthesised(stack).json["Resources"]) == [
            "ChurnConfig9DE79C4E",
            "ChurnEndpoint57AD3240",
            "ChurnModel6AEE25BA",
            "ChurnRoleF92066DA",
            "ChurnScalingAllTraffic8B42FD8F",
            "ChurnScalingAllTrafficInvocationsPerInstance7DF2FB05",
        ]

    def test_two_endpoints_stand_in_one_stack(self, stack):
        endpoint(stack, "A")
        endpoint(stack, "B")
        Synthesised(stack).template.resource_count_is(ENDPOINT, 2)

    def test_tags_reach_what_can_be_tagged(self, stack):
        endpoint(stack, scaling=Scaling(1, 4, policies=[POLICY]))
        cdk.Tags.of(stack).add("team", "risk")
        s = Synthesised(stack)
        for kind in (ROLE, MODEL, CONFIG, ENDPOINT, TARGET):
            assert s.properties(kind)["Tags"] == [{"Key": "team", "Value": "risk"}]

    def test_a_wrong_argument_creates_nothing_and_names_every_problem(self, stack):
        with pytest.raises(InvalidHosting) as refused:
            endpoint(
                stack,
                instances=Instances("ml.m5.larg", count=0),
                scaling=Scaling(3, 2, policies=[POLICY]),
                endpoint_name="a_b",
            )
        assert [problem.code for problem in refused.value.problems] == ["SMC001", "SMC301", "SMC302", "SMC602"]
        assert [problem.path for problem in refused.value.problems] == [
            "endpoint_name",
            "instances.type",
            "instances.count",
            "scaling.min_capacity",
        ]
        assert "Stack/Churn (RealTimeEndpoint) has 4 problems" in str(refused.value)
        assert "the nearest are ml.m5.large" in str(refused.value)
        assert stack.node.try_find_child("Churn") is None

    def test_a_warning_can_be_acknowledged(self, stack):
        made = endpoint(stack, scaling=Scaling(1, 4))
        warnings = assertions.Annotations.from_stack(stack).find_warning("*", assertions.Match.any_value())
        assert len(warnings) == 1
        assert "sm-constructs:SMC606" in str(warnings[0].entry.data)
        cdk.Annotations.of(made).acknowledge_warning("sm-constructs:SMC606")
        assert assertions.Annotations.from_stack(stack).find_warning("*", assertions.Match.any_value()) == []


class TestVariant:
    def test_defaults_leave_the_choice_to_sagemaker(self, stack):
        made = variant(stack)
        assert made.pop("ModelName")
        assert made == {
            "VariantName": "AllTraffic",
            "InitialInstanceCount": 1,
            "InitialVariantWeight": 1,
            "InstanceType": "ml.m5.large",
        }

    def test_all_of_instances(self, stack):
        made = variant(
            stack,
            count=3,
            volume_gb=50,
            model_download_timeout=timedelta(minutes=20),
            startup_timeout=cdk.Duration.minutes(10),
            ami_version="al2-ami-sagemaker-inference-gpu-3-1",
            routing="LEAST_OUTSTANDING_REQUESTS",
            ssm_access=True,
            capacity_reservation="arn:aws:sagemaker:us-east-1:123456789012:training-plan/plan",
            provision_timeout=timedelta(minutes=15),
        )
        assert {name: made[name] for name in made if name not in ("ModelName", "VariantName")} == {
            "InitialInstanceCount": 3,
            "InitialVariantWeight": 1,
            "InstanceType": "ml.m5.large",
            "VolumeSizeInGB": 50,
            "ModelDataDownloadTimeoutInSeconds": 1200,
            "ContainerStartupHealthCheckTimeoutInSeconds": 600,
            "InferenceAmiVersion": "al2-ami-sagemaker-inference-gpu-3-1",
            "RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"},
            "EnableSSMAccess": True,
            "CapacityReservationConfig": {
                "CapacityReservationPreference": "capacity-reservations-only",
                "MlReservationArn": "arn:aws:sagemaker:us-east-1:123456789012:training-plan/plan",
            },
            "VariantInstanceProvisionTimeoutInSeconds": 900,
        }

    def test_pools_take_the_place_of_the_type(self, stack):
        made = variant(stack, pools=["ml.m6i.large", "ml.m7i.large"])
        assert "InstanceType" not in made
        assert made["InstancePools"] == [
            {"InstanceType": "ml.m5.large", "Priority": 1},
            {"InstanceType": "ml.m6i.large", "Priority": 2},
            {"InstanceType": "ml.m7i.large", "Priority": 3},
        ]

    def test_prefix_aware_routing(self, stack):
        made = variant(stack, routing=PrefixAwareRouting(prefix_length=4096, concurrency_threshold=8))
        assert made["RoutingConfig"] == {
            "RoutingStrategy": "PREFIX_AWARE",
            "PrefixAwareRoutingConfig": {"PrefixLength": 4096, "ConcurrencyThreshold": 8},
        }

    def test_ssm_access_can_be_switched_off(self, stack):
        assert variant(stack, ssm_access=False)["EnableSSMAccess"] is False

    def test_a_parameter_is_not_guessed_at(self, stack):
        kind = cdk.CfnParameter(stack, "Type").value_as_string
        count = cdk.CfnParameter(stack, "Count", type="Number").value_as_number
        endpoint(stack, instances=Instances(kind, count=count), scaling=Scaling(2, 4, policies=[POLICY]))
        (made,) = Synthesised(stack).properties(CONFIG)["ProductionVariants"]
        assert (made["InstanceType"], made["InitialInstanceCount"]) == ({"Ref": "Type"}, {"Ref": "Count"})


class TestContainer:
    def test_environment_and_hostname(self, stack):
        container = Container(IMAGE, environment={"WORKERS": "2"}, hostname="scorer")
        made = container_definition(stack, container)
        assert made["Environment"] == {"WORKERS": "2"}
        assert made["ContainerHostname"] == "scorer"

    def test_an_image_from_ecr_is_pulled_from_that_repository_only(self, stack):
        repository = aws_ecr.Repository.from_repository_name(stack, "Repo", "team/scorer")
        made = container_definition(stack, Container(ContainerImage.from_ecr_repository(repository, tag="1.4")))
        here = "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/team/scorer:1.4"
        assert plain(made["Image"]) == here
        assert Synthesised(stack).allowed("ecr:BatchGetImage") == [
            "arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/team/scorer"
        ]

    def test_a_digest_is_written_with_an_at_sign(self, stack):
        repository = aws_ecr.Repository.from_repository_name(stack, "Repo", "scorer")
        digest = "sha256:" + "a" * 64
        made = container_definition(stack, Container(ContainerImage.from_ecr_repository(repository, digest=digest)))
        assert plain(made["Image"]).endswith(f"/scorer@{digest}")

    def test_an_image_by_uri_is_pulled_from_that_account_and_region(self, stack):
        endpoint(stack)
        assert Synthesised(stack).allowed("ecr:GetDownloadUrlForLayer") == [
            "arn:${AWS::Partition}:ecr:eu-west-1:123456789012:repository/scorer"
        ]

    def test_an_image_uri_of_tokens_is_taken_apart_too(self, stack):
        uri = f"{stack.account}.dkr.ecr.{stack.region}.{stack.url_suffix}/scorer:1"
        endpoint(stack, container=Container(ContainerImage.from_uri(uri)))
        assert Synthesised(stack).allowed("ecr:BatchGetImage") == [
            "arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/scorer"
        ]

    def test_a_private_registry_is_reached_through_the_vpc_with_credentials(self, stack):
        function = "arn:aws:lambda:eu-west-1:123456789012:function:login"
        image = ContainerImage.from_uri("registry.example.com/scorer:1.4", registry_credentials=function)
        network = Network(subnets=["subnet-0123456789abcdef0"], security_groups=["sg-0123456789abcdef0"])
        made = container_definition(stack, Container(image), network=network)
        assert made["ImageConfig"] == {
            "RepositoryAccessMode": "Vpc",
            "RepositoryAuthConfig": {"RepositoryCredentialsProviderArn": function},
        }
        synthesised = Synthesised(stack)
        assert synthesised.allowed("lambda:InvokeFunction") == [function]
        assert synthesised.allowed("ecr:BatchGetImage") == []

    def test_an_asset_is_built_for_the_processor_of_the_instances(self, app, stack, tmp_path):
        (tmp_path / "image").mkdir()
        (tmp_path / "image" / "Dockerfile").write_text("FROM scratch\n")
        image = ContainerImage.from_asset(str(tmp_path / "image"), build_args={"VERSION": "1.4"})
        endpoint(stack, "Arm", container=Container(image), instances=Instances("ml.c7g.large"))
        endpoint(stack, "X86", container=Container(image), instances=Instances("ml.c7i.large"))
        manifest = json.loads((Path(app.synth().directory) / "Stack.assets.json").read_text())
        sources = [image["source"] for image in manifest["dockerImages"].values()]
        assert sorted(source["platform"] for source in sources) == ["linux/amd64", "linux/arm64"]
        assert {source["dockerBuildArgs"]["VERSION"] for source in sources} == {"1.4"}

    def test_a_framework_image_is_looked_up_when_the_region_is_known_at_deployment(self, stack):
        made = container_definition(stack, Container(ContainerImage.from_framework("sklearn", "1.2-1")))
        s = Synthesised(stack)
        (mapping,) = s.json["Mappings"]
        assert made["Image"]["Fn::Join"][1][0] == {"Fn::FindInMap": [mapping, {"Ref": "AWS::Region"}, "Account"]}
        assert s.json["Mappings"][mapping]["eu-west-1"] == {"Account": "141502667606"}

    def test_endpoints_share_the_table_of_a_framework(self, stack):
        for id in ("A", "B"):
            endpoint(stack, id, container=Container(ContainerImage.from_framework("sklearn", "1.2-1")))
        assert len(Synthesised(stack).json["Mappings"]) == 1

    def test_a_framework_image_is_written_out_where_the_region_is_known(self, app):
        stack = cdk.Stack(app, "China", env=cdk.Environment(region="cn-north-1"))
        made = container_definition(stack, Container(ContainerImage.from_framework("sklearn", "1.2-1")))
        assert made["Image"] == (
            "450853457545.dkr.ecr.cn-north-1.amazonaws.com.cn/sagemaker-scikit-learn:1.2-1-cpu-py3"
        )
        assert "Mappings" not in Synthesised(stack).json

    def test_a_framework_image_can_come_from_a_copy(self, stack):
        image = ContainerImage.from_framework("sklearn", "1.2-1", account="210987654321")
        made = container_definition(stack, Container(image))
        assert plain(made["Image"]).startswith("210987654321.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/")
        assert Synthesised(stack).allowed("ecr:BatchGetImage") == [
            "arn:${AWS::Partition}:ecr:${AWS::Region}:210987654321:repository/sagemaker-scikit-learn"
        ]

    def test_an_unpublished_region_is_refused_with_those_that_exist(self, app):
        stack = cdk.Stack(app, "Nowhere", env=cdk.Environment(region="xx-nowhere-1"))
        with pytest.raises(InvalidHosting, match=r"SMC409 container\.image is not published.*xx-nowhere-1"):
            endpoint(stack, container=Container(ContainerImage.from_framework("sklearn", "1.2-1")))

    def test_a_model_package_stands_in_for_a_container(self, stack):
        arn = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn/3"
        made = container_definition(stack, ModelPackage(arn, environment={"A": "1"}))
        assert made == {"ModelPackageName": arn, "Environment": {"A": "1"}}
        assert Synthesised(stack).allowed("sagemaker:DescribeModelPackage") == [arn]


class TestModelData:
    def data(self, stack, model_data):
        return container_definition(stack, Container(IMAGE, model_data=model_data))

    def test_an_archive_is_read_by_its_key_alone(self, stack):
        made = self.data(stack, ModelData.from_s3("models", "churn/model.tar.gz"))
        assert made["ModelDataUrl"] == "s3://models/churn/model.tar.gz"
        s = Synthesised(stack)
        assert s.allowed("s3:GetObject") == ["arn:${AWS::Partition}:s3:::models/churn/model.tar.gz"]
        (listing,) = [x for x in s.statements() if x["Action"] == "s3:ListBucket"]
        assert plain(listing["Resource"]) == "arn:${AWS::Partition}:s3:::models"
        assert listing["Condition"] == {"StringLike": {"s3:prefix": ["churn/model.tar.gz"]}}

    def test_a_tree_is_read_by_its_prefix(self, stack):
        made = self.data(stack, ModelData.from_s3_prefix("models", "llama"))
        assert made["ModelDataSource"]["S3DataSource"] == {
            "S3Uri": "s3://models/llama/",
            "S3DataType": "S3Prefix",
            "CompressionType": "None",
        }
        assert Synthesised(stack).allowed("s3:GetObject") == ["arn:${AWS::Partition}:s3:::models/llama/*"]

    @pytest.mark.parametrize(
        ("uri", "where", "readable"),
        [
            ("s3://models/churn/model.tar.gz", "ModelDataUrl", "models/churn/model.tar.gz"),
            ("s3://models/llama/", "ModelDataSource", "models/llama/*"),
        ],
    )
    def test_a_uri_is_an_archive_or_a_tree(self, stack, uri, where, readable):
        assert where in self.data(stack, ModelData.from_uri(uri))
        assert Synthesised(stack).allowed("s3:GetObject") == [f"arn:${{AWS::Partition}}:s3:::{readable}"]

    def test_the_key_of_a_bucket_may_be_used_to_decrypt(self, stack):
        key = aws_kms.Key(stack, "Key")
        bucket = aws_s3.Bucket(stack, "Bucket", encryption_key=key)
        self.data(stack, ModelData.from_s3(bucket, "model.tar.gz"))
        s = Synthesised(stack)
        (key_id,) = s.ids("AWS::KMS::Key")
        assert s.allowed("kms:Decrypt") == [f"${{{key_id}.Arn}}"]

    def test_a_directory_is_packed_and_uploaded(self, stack, tmp_path, cache):
        (tmp_path / "model" / "code").mkdir(parents=True)
        (tmp_path / "model" / "code" / "inference.py").write_text("")
        (tmp_path / "model" / "model.joblib").write_bytes(b"\0" * 1000)
        made = self.data(stack, ModelData.from_directory(tmp_path / "model", framework="sklearn"))
        url = plain(made["ModelDataUrl"])
        assert url.startswith("s3://cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}/")
        assert url.endswith(".tar.gz")
        (readable,) = Synthesised(stack).allowed("s3:GetObject")
        assert readable == url.replace("s3://", "arn:${AWS::Partition}:s3:::")

    def test_what_is_wrong_with_a_directory_is_told_with_the_rest(self, stack, tmp_path, cache):
        (tmp_path / "model").mkdir()
        (tmp_path / "model" / "gone").symlink_to("nowhere")
        with pytest.raises(InvalidHosting) as refused:
            endpoint(
                stack,
                container=Container(IMAGE, model_data=ModelData.from_directory(tmp_path / "model")),
                instances=Instances("ml.m5.large", count=0),
            )
        codes = [problem.code for problem in refused.value.problems]
        assert codes[0] == "SMC302"
        assert codes[1].startswith("SMC42")
        assert stack.node.try_find_child("Churn") is None

    def test_an_archive_on_this_machine_is_checked(self, stack, tmp_path, cache):
        (tmp_path / "model.tar.gz").write_bytes(b"no archive")
        with pytest.raises(InvalidHosting, match=r"model\.tar\.gz"):
            self.data(stack, ModelData.from_archive(tmp_path / "model.tar.gz"))


class TestRole:
    def test_only_sagemaker_takes_the_role(self, stack):
        endpoint(stack)
        (trust,) = Synthesised(stack).properties(ROLE)["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "sagemaker.amazonaws.com"}

    def test_the_permissions_stand_inside_the_role(self, stack):
        endpoint(stack)
        s = Synthesised(stack)
        s.template.resource_count_is("AWS::IAM::Policy", 0)
        assert {
            action
            for x in s.statements()
            for action in ([x["Action"]] if isinstance(x["Action"], str) else x["Action"])
        } == {
            "ecr:GetAuthorizationToken",
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:GetDownloadUrlForLayer",
            "s3:GetObject",
            "s3:ListBucket",
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:DescribeLogStreams",
            "logs:PutLogEvents",
            "cloudwatch:PutMetricData",
        }

    def test_a_star_stands_only_where_aws_knows_no_resource(self, stack):
        vpc = aws_ec2.Vpc(stack, "Vpc", restrict_default_security_group=False)
        endpoint(stack, network=Network(vpc))
        starred = {
            x["Action"] if isinstance(x["Action"], str) else x["Action"][0]
            for x in Synthesised(stack).statements()
            if x["Resource"] == "*"
        }
        assert starred == {"ecr:GetAuthorizationToken", "cloudwatch:PutMetricData", "ec2:DescribeDhcpOptions"}

    def test_metrics_go_to_the_namespaces_of_sagemaker(self, stack):
        endpoint(stack)
        (metrics,) = [x for x in Synthesised(stack).statements() if x["Action"] == "cloudwatch:PutMetricData"]
        assert metrics["Condition"] == {
            "StringEquals": {
                "cloudwatch:namespace": [
                    "AWS/SageMaker",
                    "/aws/sagemaker/Endpoints",
                    "/aws/sagemaker/InferenceComponents",
                ]
            }
        }

    def test_logs_go_to_the_endpoint_of_that_name(self, stack):
        endpoint(stack, endpoint_name="churn")
        group = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:/aws/sagemaker/Endpoints/churn"
        assert Synthesised(stack).allowed("logs:PutLogEvents") == [group, f"{group}:*"]

    @pytest.mark.parametrize("id", ["Churn", "ChurnEndpoint", "a-quite-long-name-for-an-endpoint-of-ours"])
    def test_logs_go_to_whatever_cloudformation_names_the_endpoint(self, stack, id):
        endpoint(stack, id)
        s = Synthesised(stack)
        (granted,) = s.allowed("logs:PutLogEvents")
        part = granted.rpartition("/")[2]
        assert part.startswith("*")
        assert part.endswith("*")
        (logical_id,) = s.ids(ENDPOINT)
        assert logical_id.startswith(part.strip("*"))
        assert len(part.strip("*")) >= 10

    def test_no_network_may_be_said(self, stack):
        endpoint(stack, network=None)
        assert "VpcConfig" not in Synthesised(stack).properties(MODEL)

    def test_no_network_actions_without_a_vpc(self, stack):
        endpoint(stack)
        assert Synthesised(stack).allowed("ec2:CreateNetworkInterface") == []

    def test_what_is_granted_later_is_waited_for(self, stack):
        made = endpoint(stack)
        aws_s3.Bucket(stack, "Bucket").grant_read(made)
        s = Synthesised(stack)
        assert s.resource(MODEL)["DependsOn"] == s.ids("AWS::IAM::Policy")

    def test_a_role_of_the_user_gets_what_it_lacks(self, stack):
        role = aws_iam.Role(stack, "Mine", assumed_by=aws_iam.ServicePrincipal("sagemaker.amazonaws.com"))
        made = endpoint(stack, role=role)
        assert made.role is role
        s = Synthesised(stack)
        assert s.properties(MODEL)["ExecutionRoleArn"] == {"Fn::GetAtt": [s.ids(ROLE)[0], "Arn"]}
        document = s.properties("AWS::IAM::Policy")["PolicyDocument"]
        assert "arn:${AWS::Partition}:s3:::models/churn/model.tar.gz" in [
            plain(x["Resource"]) for x in document["Statement"]
        ]
        assert set(s.resource(MODEL)["DependsOn"]) == {*s.ids(ROLE), *s.ids("AWS::IAM::Policy")}

    def test_the_model_waits_for_every_policy_of_a_given_role(self, stack):
        role = aws_iam.Role(stack, "Mine", assumed_by=aws_iam.ServicePrincipal("sagemaker.amazonaws.com"))
        endpoint(stack, role=role)
        aws_iam.Policy(
            stack,
            "Later",
            roles=[role],
            statements=[aws_iam.PolicyStatement(actions=["s3:ListAllMyBuckets"], resources=["*"])],
        )
        aws_iam.ManagedPolicy(
            stack,
            "Managed",
            roles=[role],
            statements=[aws_iam.PolicyStatement(actions=["s3:ListAllMyBuckets"], resources=["*"])],
        )
        other = aws_iam.Role(stack, "Other", assumed_by=aws_iam.AccountRootPrincipal())
        aws_iam.Policy(
            stack,
            "Foreign",
            roles=[other],
            statements=[aws_iam.PolicyStatement(actions=["s3:ListAllMyBuckets"], resources=["*"])],
        )
        waits = Synthesised(stack).resource(MODEL)["DependsOn"]
        assert {"Later", "Managed"} <= {id[:-8] for id in waits}
        assert "Foreign" not in {id[:-8] for id in waits}

    def test_an_imported_role_gets_a_policy_that_is_waited_for(self, stack):
        role = aws_iam.Role.from_role_arn(stack, "Mine", "arn:aws:iam::123456789012:role/hosting")
        endpoint(stack, role=role)
        s = Synthesised(stack)
        assert s.properties("AWS::IAM::Policy")["Roles"] == ["hosting"]
        assert s.resource(MODEL)["DependsOn"] == s.ids("AWS::IAM::Policy")

    def test_an_immutable_imported_role_is_left_alone(self, stack):
        arn = "arn:aws:iam::123456789012:role/hosting"
        endpoint(stack, role=aws_iam.Role.from_role_arn(stack, "Mine", arn, mutable=False))
        s = Synthesised(stack)
        s.template.resource_count_is("AWS::IAM::Policy", 0)
        assert s.properties(MODEL)["ExecutionRoleArn"] == arn


class TestNetwork:
    def test_without_a_vpc_there_is_none(self, stack):
        made = endpoint(stack)
        assert "VpcConfig" not in Synthesised(stack).properties(MODEL)
        with pytest.raises(ValueError, match=r"Stack/Churn is in no VPC"):
            _ = made.connections

    def test_a_vpc_gives_its_private_subnets_and_a_security_group(self, stack):
        vpc = aws_ec2.Vpc(stack, "Vpc", max_azs=2)
        made = endpoint(stack, network=Network(vpc))
        made.connections.allow_from_any_ipv4(aws_ec2.Port.HTTPS)
        s = Synthesised(stack)
        config = s.properties(MODEL)["VpcConfig"]
        assert config["Subnets"] == [{"Ref": id} for id in s.ids("AWS::EC2::Subnet") if "Private" in id]
        (group,) = s.ids("AWS::EC2::SecurityGroup")
        assert config["SecurityGroupIds"] == [{"Fn::GetAtt": [group, "GroupId"]}]
        assert s.properties("AWS::EC2::SecurityGroup")["SecurityGroupIngress"][0]["FromPort"] == 443

    def test_the_subnets_can_be_chosen(self, stack):
        vpc = aws_ec2.Vpc(stack, "Vpc", max_azs=2)
        endpoint(stack, network=Network(vpc, subnets=aws_ec2.SubnetSelection(subnet_type=aws_ec2.SubnetType.PUBLIC)))
        s = Synthesised(stack)
        assert s.properties(MODEL)["VpcConfig"]["Subnets"] == [
            {"Ref": id} for id in s.ids("AWS::EC2::Subnet") if "Public" in id
        ]

    def test_subnets_and_groups_of_the_user_are_used(self, stack):
        made = endpoint(
            stack,
            network=Network(
                subnets=["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
                security_groups=["sg-0123456789abcdef0"],
            ),
        )
        assert made.connections.security_groups[0].security_group_id == "sg-0123456789abcdef0"
        s = Synthesised(stack)
        assert s.properties(MODEL)["VpcConfig"] == {
            "Subnets": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
            "SecurityGroupIds": ["sg-0123456789abcdef0"],
        }
        here = "arn:${AWS::Partition}:ec2:${AWS::Region}"
        assert s.allowed("ec2:CreateNetworkInterface") == [
            f"{here}:${{AWS::AccountId}}:network-interface/*",
            f"{here}:*:subnet/subnet-0123456789abcdef0",
            f"{here}:*:subnet/subnet-0123456789abcdef1",
            f"{here}:*:security-group/sg-0123456789abcdef0",
        ]

    def test_isolation(self, stack):
        endpoint(stack, network=Network(isolated=True))
        assert Synthesised(stack).properties(MODEL)["EnableNetworkIsolation"] is True

    def test_callers_in_the_vpc_reach_the_runtime_through_one_interface_endpoint(self, stack):
        vpc = aws_ec2.Vpc(stack, "Vpc", max_azs=2, restrict_default_security_group=False)
        for id in ("A", "B"):
            endpoint(stack, id, network=Network(vpc, private_access=True))
        made = Synthesised(stack).properties("AWS::EC2::VPCEndpoint")
        assert plain(made["ServiceName"]).endswith(".sagemaker.runtime")
        assert made["VpcEndpointType"] == "Interface"
        assert made["PrivateDnsEnabled"] is True
        assert len(made["SubnetIds"]) == 2


class TestEncryption:
    def test_the_key_encrypts_the_volumes(self, stack):
        key = aws_kms.Key(stack, "Key")
        endpoint(stack, encryption_key=key)
        s = Synthesised(stack)
        (key_id,) = s.ids("AWS::KMS::Key")
        assert s.properties(CONFIG)["KmsKeyId"] == {"Fn::GetAtt": [key_id, "Arn"]}
        (grant,) = [x for x in s.statements() if x["Action"] == "kms:CreateGrant"]
        assert grant["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}


class TestScaling:
    def policy(self, stack, **arguments):
        endpoint(stack, scaling=Scaling(1, 4, policies=[TargetTracking.invocations_per_instance(70, **arguments)]))
        return Synthesised(stack).properties(POLICY_TYPE)["TargetTrackingScalingPolicyConfiguration"]

    def test_the_target(self, stack):
        endpoint(stack, scaling=Scaling(1, 4, policies=[POLICY]))
        made = Synthesised(stack).properties(TARGET)
        del made["ResourceId"]
        assert made == {
            "MinCapacity": 1,
            "MaxCapacity": 4,
            "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
            "ServiceNamespace": "sagemaker",
        }

    def test_invocations_per_instance(self, stack):
        assert self.policy(stack) == {
            "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
            "TargetValue": 70,
        }

    def test_cooldowns_of_zero_stay_zero(self, stack):
        made = self.policy(stack, scale_in_cooldown=cdk.Duration.minutes(5), scale_out_cooldown=timedelta(0))
        assert (made["ScaleInCooldown"], made["ScaleOutCooldown"]) == (300, 0)

    def test_scale_in_can_be_switched_off(self, stack):
        assert self.policy(stack, scale_in=False)["DisableScaleIn"] is True

    def test_an_update_keeps_the_counts_that_scaling_chose_but_not_the_weights(self, stack):
        endpoint(stack, scaling=Scaling(1, 4, policies=[POLICY]))
        made = Synthesised(stack).properties(ENDPOINT)
        assert made["RetainAllVariantProperties"] is True
        assert made["ExcludeRetainedVariantProperties"] == [
            {"VariantPropertyType": "DesiredWeight"},
            {"VariantPropertyType": "DataCaptureConfig"},
        ]

    @pytest.mark.parametrize(("scaling", "retain"), [(None, None), (Scaling(1, 4, policies=[POLICY]), False)])
    def test_counts_follow_the_template_without_scaling_or_on_request(self, stack, scaling, retain):
        endpoint(stack, scaling=scaling, **({} if retain is None else {"retain_capacity": retain}))
        assert "RetainAllVariantProperties" not in Synthesised(stack).properties(ENDPOINT)


class TestUse:
    def test_invoking_is_granted_on_that_endpoint(self, stack):
        user = aws_iam.User(stack, "User")
        endpoint(stack).grant_invoke(user)
        s = Synthesised(stack)
        (statement,) = s.properties("AWS::IAM::Policy")["PolicyDocument"]["Statement"]
        (id,) = s.ids(ENDPOINT)
        assert (statement["Action"], statement["Resource"]) == ("sagemaker:InvokeEndpoint", {"Ref": id})

    def test_streaming_is_granted_by_itself(self, stack):
        endpoint(stack).grant_invoke_stream(aws_iam.User(stack, "User"))
        s = Synthesised(stack)
        (statement,) = s.properties("AWS::IAM::Policy")["PolicyDocument"]["Statement"]
        (id,) = s.ids(ENDPOINT)
        assert (statement["Action"], statement["Resource"]) == (
            "sagemaker:InvokeEndpointWithResponseStream",
            {"Ref": id},
        )

    def test_an_endpoint_that_exists_is_found_by_its_name(self, stack):
        user = aws_iam.User(stack, "User")
        found = RealTimeEndpoint.from_endpoint_name(stack, "Found", "Churn-EU")
        found.grant_invoke(user)
        assert found.endpoint_name == "Churn-EU"
        (statement,) = Synthesised(stack).properties("AWS::IAM::Policy")["PolicyDocument"]["Statement"]
        arn = "arn:${AWS::Partition}:sagemaker:${AWS::Region}:${AWS::AccountId}:endpoint/churn-eu"
        assert plain(statement["Resource"]) == arn

    def test_api_gateway_takes_it(self, stack):
        made = endpoint(stack)
        api = aws_apigateway.RestApi(stack, "Api")
        api.root.add_method("POST", aws_apigateway.SagemakerIntegration(made))
        s = Synthesised(stack)
        (id,) = s.ids(ENDPOINT)
        uri = plain(s.properties("AWS::ApiGateway::Method")["Integration"]["Uri"])
        assert uri.endswith(f":path/endpoints/${{{id}.EndpointName}}/invocations")

    def test_another_stack_can_refer_to_it(self, app, stack):
        made = endpoint(stack)
        other = cdk.Stack(app, "Other")
        aws_iam.User(other, "User")
        cdk.CfnOutput(other, "Name", value=made.endpoint_name)
        cdk.CfnOutput(other, "Arn", value=made.endpoint_ref.endpoint_arn)
        assert len(Synthesised(other).json["Outputs"]) == 2

    def test_a_lambda_function_can_be_given_the_right_to_invoke(self, stack):
        code = aws_lambda.Code.from_inline("def handler(event, context): pass")
        function = aws_lambda.Function(
            stack, "F", runtime=aws_lambda.Runtime.PYTHON_3_13, handler="index.handler", code=code
        )
        assert endpoint(stack).grant_invoke(function).success


class TestMetrics:
    @pytest.mark.parametrize(
        ("method", "namespace", "name", "statistic", "unit"),
        [
            ("metric_invocations", "AWS/SageMaker", "Invocations", "Sum", None),
            ("metric_invocations_per_instance", "AWS/SageMaker", "InvocationsPerInstance", "Sum", None),
            ("metric_errors", "AWS/SageMaker", "Invocation5XXErrors", "Sum", None),
            ("metric_model_latency", "AWS/SageMaker", "ModelLatency", "Average", "MICROSECONDS"),
            ("metric_overhead_latency", "AWS/SageMaker", "OverheadLatency", "Average", "MICROSECONDS"),
            ("metric_cpu_utilization", "/aws/sagemaker/Endpoints", "CPUUtilization", "Average", "PERCENT"),
            ("metric_memory_utilization", "/aws/sagemaker/Endpoints", "MemoryUtilization", "Average", "PERCENT"),
            ("metric_disk_utilization", "/aws/sagemaker/Endpoints", "DiskUtilization", "Average", "PERCENT"),
            ("metric_gpu_utilization", "/aws/sagemaker/Endpoints", "GPUUtilization", "Average", "PERCENT"),
            ("metric_gpu_memory_utilization", "/aws/sagemaker/Endpoints", "GPUMemoryUtilization", "Average", "PERCENT"),
        ],
    )
    def test_a_metric_is_the_one_that_exists(self, stack, method, namespace, name, statistic, unit):
        found = RealTimeEndpoint.from_endpoint_name(stack, "Found", "churn")
        metric = getattr(found, method)()
        assert (metric.namespace, metric.metric_name, metric.statistic) == (namespace, name, statistic)
        assert (metric.unit and metric.unit.name) == unit
        assert metric.dimensions == {"EndpointName": "churn", "VariantName": "AllTraffic"}

    def test_options_of_a_metric(self, stack):
        found = RealTimeEndpoint.from_endpoint_name(stack, "Found", "churn")
        metric = found.metric_model_latency(variant="b", statistic="p99", period=cdk.Duration.minutes(5), label="slow")
        assert (metric.statistic, metric.period.to_seconds(), metric.label) == ("p99", 300, "slow")
        assert metric.dimensions["VariantName"] == "b"
        assert found.metric_errors(client=True).metric_name == "Invocation4XXErrors"
