"""What is rendered is read back as it was, `read(render(spec)) == spec`; templates that others wrote are read too."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta, timezone

import aws_cdk as cdk
import pytest
from conftest import CONTEXT, ROOT
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from strategies import SPECS
from templates import Synthesised
from test_layers import modules_after

from sm_constructs import Container, ContainerImage, InferenceComponent, ModelData, Network, S3Location
from sm_constructs.containers import UriImage
from sm_constructs.durations import seconds
from sm_constructs.endpoints.base import HostingEndpoint
from sm_constructs.model_data import S3Archive, S3Prefix
from sm_constructs.spec import ModelSpec
from sm_constructs.template import read
from sm_constructs.tokens import is_unresolved


class NamedModels(HostingEndpoint):
    """An endpoint whose models are told apart, as those of several variants are."""

    _models_are_named = True


def render(specs):
    """Give the template with the endpoints, and the specs in the normal form in which a template has them."""
    environment = cdk.Environment(region="us-east-1", account="123456789012")
    stack = cdk.Stack(cdk.App(context=CONTEXT), "Stack", env=environment)
    endpoints = [
        (NamedModels if spec.shadow or len(spec.variants) > 1 else HostingEndpoint)(stack, f"Endpoint{index}", spec, {})
        for index, spec in enumerate(specs)
    ]
    return Synthesised(stack).json, [normal(*pair) for pair in zip(endpoints, specs, strict=True)]


def normal(endpoint, spec):
    """Give the spec as a template tells it; see `sm_constructs.template`."""
    retain, network, asynchronous = spec.retain_capacity, spec.network, spec.asynchronous
    names = {name: made.inference_component_name for name, made in endpoint._components.items()}
    return replace(
        spec,
        variants=tuple(normal_variant(variant) for variant in spec.variants),
        shadow=None if spec.shadow is None else normal_variant(spec.shadow),
        retain_capacity=any(variant.scaling for variant in spec.variants) if retain is None else retain,
        network=network if network is not None and (network.has_vpc or network.isolated) else None,
        asynchronous=None if asynchronous is None else replace(asynchronous, inputs=()),
        components=tuple(
            replace(
                component,
                name=names[component.name],
                base=names.get(component.base),
                container=None if component.container is None else normal_container(component.container),
            )
            for component in spec.components
        ),
    )


def normal_variant(variant):
    if variant.model is None:
        return variant
    containers = tuple(normal_container(container) for container in variant.model.containers)
    return replace(variant, model=replace(variant.model, containers=containers))


def normal_container(container):
    return replace(container, environment=container.environment or None)


@pytest.mark.parametrize("kind", SPECS)
@given(data=st.data())
# A synthesis takes its time; what differs is shown as it was drawn, not made smaller first.
@settings(
    max_examples=3,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_what_is_rendered_is_read_as_it_was(kind, data):
    template, expected = render(data.draw(st.lists(SPECS[kind], min_size=6, max_size=6)))
    for endpoint, spec in zip(read(template, region="us-east-1", account="123456789012"), expected, strict=True):
        assert endpoint.spec == spec
        assert endpoint.untold == ()
        for at, value in leaves("", spec):
            said = at_path(template, endpoint.property_path(at))
            if at.endswith(".target"):
                assert said / value == pytest.approx(round(said / value)), at  # times the number of vCPUs or GPUs
            elif isinstance(value, str) and isinstance(said, str):
                assert value in said, at  # a bucket stands in its URI
            else:
                assert said == (seconds(value) if isinstance(value, timedelta) else value), at


# What stands in the template in another way, or does not where it is as by default.
ELSEWHERE = re.compile(
    r"(kind|region|account|retain_capacity|.*rollout\.strategy|"
    r".*\.(mode|weight|cache_models|scale_in|accept_eula|isolated|private_access|start|end|copies"
    r"|adjustment|lower|upper))"
)


def leaves(at, value):
    """Give what a value consists of, with its place."""
    match value:
        case None:
            return
        case _ if ELSEWHERE.fullmatch(at):
            return
        case _ if is_dataclass(value):
            parts = {f".{part.name}": getattr(value, part.name) for part in fields(value)}
        case dict():
            parts = {f"[{name!r}]": part for name, part in value.items()}
        case list() | tuple():
            parts = {f"[{index}]": part for index, part in enumerate(value)}
        case _:
            yield at, value
            return
    for step, part in parts.items():
        yield from leaves(f"{at}{step}".lstrip("."), part)


def at_path(template, path):
    for step in path.split("/"):
        template = template[int(step) if isinstance(template, list) else step]
    return template


GOLDEN = sorted(ROOT.glob("examples/*/golden/*.json"))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_of_the_examples_all_but_tags_is_told(path):
    for endpoint in read(json.loads(path.read_text())):
        assert [place for place in endpoint.untold if not place.endswith("/Tags")] == []


# Templates that others wrote.


def template_of(**resources):
    """Give a template; each resource is its type without the service, and its properties."""
    services = {"ScalableTarget": "ApplicationAutoScaling", "ScalingPolicy": "ApplicationAutoScaling"}
    return {
        "Resources": {
            id: {"Type": f"AWS::{services.get(kind, 'SageMaker')}::{kind}", "Properties": properties}
            for id, (kind, properties) in resources.items()
        }
    }


def endpoint_of(container=None, variant=None, config=None, endpoint=None, **more):
    """Give a template with one endpoint, but for the arguments."""
    its_variant = {
        "VariantName": "main",
        "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
        **(variant or {}),
    }
    return template_of(
        Model=("Model", {"PrimaryContainer": {"Image": "registry/image:1", **(container or {})}}),
        Config=("EndpointConfig", {"ProductionVariants": [its_variant], **(config or {})}),
        Endpoint=("Endpoint", {"EndpointConfigName": {"Fn::GetAtt": "Config.EndpointConfigName"}, **(endpoint or {})}),
        **more,
    )


def only(template):
    (endpoint,) = read(template)
    return endpoint


def container_in(template):
    return only(template).spec.variants[0].model.containers[0]


@pytest.mark.parametrize(
    "reference",
    [
        {"Ref": "Config"},
        {"Fn::GetAtt": ["Config", "EndpointConfigName"]},
        {"Fn::GetAtt": "Config.EndpointConfigName"},
        {"Fn::Sub": "${Config.EndpointConfigName}"},
        {"Fn::Sub": ["${Name}", {"Name": {"Ref": "Config"}}]},
        {"Fn::Join": ["", [{"Fn::GetAtt": ["Config", "EndpointConfigName"]}]]},
        {"Fn::Join": ["-", ["the", "config"]]},
        "the-config",
    ],
    ids=str,
)
def test_an_endpoint_refers_to_its_configuration_in_any_way(reference):
    template = endpoint_of(endpoint={"EndpointConfigName": reference}, config={"EndpointConfigName": "the-config"})
    endpoint = only(template)
    assert (endpoint.logical_id, endpoint.spec.variants[0].name) == ("Endpoint", "main")


@pytest.mark.parametrize(
    "resource_id",
    [
        {"Fn::Sub": "endpoint/${Endpoint.EndpointName}/variant/main"},
        {"Fn::Sub": ["endpoint/${Name}/variant/main", {"Name": {"Fn::GetAtt": ["Endpoint", "EndpointName"]}}]},
        {"Fn::Join": ["/", ["endpoint", {"Fn::GetAtt": ["Endpoint", "EndpointName"]}, "variant", "main"]]},
        "endpoint/churn/variant/main",
    ],
    ids=str,
)
@pytest.mark.parametrize("by_target", [True, False], ids=["ScalingTargetId", "ResourceId"])
def test_scaling_is_found_by_what_it_is_about(resource_id, by_target):
    about = {
        "ResourceId": resource_id,
        "ServiceNamespace": "sagemaker",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    tracking = {
        "TargetValue": "70",
        "ScaleInCooldown": 0,
        "DisableScaleIn": "true",
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
    }
    endpoint = only(
        endpoint_of(
            endpoint={"EndpointName": "churn"},
            Target=("ScalableTarget", {**about, "MinCapacity": "1", "MaxCapacity": {"Ref": "Most"}}),
            Policy=(
                "ScalingPolicy",
                {
                    "PolicyName": "p",
                    "PolicyType": "TargetTrackingScaling",
                    "TargetTrackingScalingPolicyConfiguration": tracking,
                    **({"ScalingTargetId": {"Ref": "Target"}} if by_target else about),
                },
            ),
        )
    )
    scaling = endpoint.spec.variants[0].scaling
    assert scaling.min_capacity == 1
    assert is_unresolved(scaling.max_capacity)
    (policy,) = scaling.policies
    assert (policy.target, policy.scale_in_cooldown, policy.scale_in) == (70, timedelta(0), False)
    assert endpoint.property_path("variants[0].scaling.max_capacity") == "Resources/Target/Properties/MaxCapacity"
    assert endpoint.property_path("variants[0].scaling.policies[0].metric") == (
        "Resources/Policy/Properties/TargetTrackingScalingPolicyConfiguration/"
        "PredefinedMetricSpecification/PredefinedMetricType"
    )
    assert endpoint.untold == ()


def test_a_way_out_of_zero_that_a_spec_would_not_make_is_told():
    about = {"ResourceId": {"Fn::Sub": "endpoint/${Endpoint.EndpointName}/variant/main"}}
    step = {"AdjustmentType": "ExactCapacity", "StepAdjustments": [{"ScalingAdjustment": 2}]}
    policy = {"ScalingTargetId": {"Ref": "Target"}, "PolicyType": "StepScaling", "StepScalingPolicyConfiguration": step}
    template = endpoint_of(
        Target=("ScalableTarget", {**about, "MinCapacity": 0, "MaxCapacity": 2}), Wake=("ScalingPolicy", policy)
    )
    endpoint = only(template)
    assert endpoint.spec.variants[0].scaling.min_capacity == 0
    assert endpoint.untold == (
        "Resources/Target/Properties/MinCapacity",
        "Resources/Wake/Properties/PolicyType",
        "Resources/Wake/Properties/StepScalingPolicyConfiguration",
    )


def test_what_is_not_known_before_deployment_is_a_token_of_its_type():
    image = {"Fn::Join": ["", ["123456789012.dkr.ecr.", {"Ref": "AWS::Region"}, ".amazonaws.com/a:1"]]}
    uri = {"Fn::Sub": "s3://${Bucket}/models/${!x}/model.tar.gz"}
    template = endpoint_of(
        container={"Image": image, "ModelDataUrl": uri, "Environment": {"A": {"Ref": "A"}, "B": 1, "C": True}},
        variant={
            "InitialInstanceCount": {"Ref": "Count"},
            "ModelDataDownloadTimeoutInSeconds": {"Ref": "Seconds"},
            "EnableSSMAccess": {"Ref": "Access"},
            "InferenceAmiVersion": {"Fn::If": ["Gpu", "a", "b"]},
        },
    )
    template["Resources"]["Model"]["Properties"]["VpcConfig"] = {"Subnets": {"Ref": "Subnets"}}
    spec = only(template).spec
    container, instances = spec.variants[0].model.containers[0], spec.variants[0].instances
    assert container.image == ContainerImage.from_uri("123456789012.dkr.ecr.${Token[AWS.Region]}.amazonaws.com/a:1")
    assert container.model_data == ModelData.from_uri("s3://${Token[Bucket]}/models/${x}/model.tar.gz")
    assert container.environment == {"A": "${Token[A]}", "B": "1", "C": "true"}
    unknown = [instances.count, seconds(instances.model_download_timeout), instances.ami_version, spec.network.subnets]
    assert [is_unresolved(value) for value in unknown] == [True] * 4
    assert instances.ssm_access is None


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        ({"ModelDataUrl": "s3://b/k.tar.gz"}, ModelData.from_uri("s3://b/k.tar.gz")),
        ({"ModelDataUrl": "s3://b/k/"}, S3Archive("b", "k/")),
        ({"ModelDataUrl": "https://b/k/"}, ModelData.from_uri("https://b/k/")),
        (("s3://b/k/", "S3Prefix"), ModelData.from_uri("s3://b/k/")),
        (("s3://b/k", "S3Prefix"), S3Prefix("b", "k")),
        (("s3://b/k.tar.gz", "S3Object"), ModelData.from_uri("s3://b/k.tar.gz")),
        (({"Ref": "Uri"}, "S3Prefix"), S3Prefix("${Token[Uri]}", "${Token[Uri]}")),
        ({"ModelDataUrl": ["s3://b/k.tar.gz"]}, None),
    ],
    ids=str,
)
def test_model_data_is_told_as_archive_or_tree(container, expected):
    if isinstance(container, tuple):
        uri, kind = container
        container = {"ModelDataSource": {"S3DataSource": {"S3Uri": uri, "S3DataType": kind}}}
    assert container_in(endpoint_of(container=container)).model_data == expected


def test_what_is_absent_or_of_the_wrong_type_is_left_out():
    template = endpoint_of(
        container={"Environment": ["A"], "ContainerHostname": {"Ref": "AWS::NoValue"}},
        variant={"InstanceType": {"a": 1}, "VolumeSizeInGB": "large", "RoutingConfig": 3},
        config={"KmsKeyId": {"Ref": "AWS::NoValue"}, "Tags": [{"Key": "a", "Value": "b"}]},
    )
    endpoint = only(template)
    instances = endpoint.spec.variants[0].instances
    assert (instances.type, instances.volume_gb, instances.routing) == (None, None, None)
    assert (endpoint.spec.encryption_key, endpoint.spec.retain_capacity) == (None, False)
    container = endpoint.spec.variants[0].model.containers[0]
    assert (container.environment, container.hostname) == (None, None)
    variant = "Resources/Config/Properties/ProductionVariants/0"
    assert set(endpoint.untold) == {
        "Resources/Model/Properties/PrimaryContainer/Environment",
        f"{variant}/InstanceType",
        f"{variant}/VolumeSizeInGB",
        f"{variant}/RoutingConfig",
        "Resources/Config/Properties/Tags",
    }


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "1e400", "-1e300", 10**400, True, "", [1]], ids=str)
def test_what_is_no_number_is_left_out(value):
    endpoint = only(endpoint_of(variant={"VolumeSizeInGB": value}))
    assert endpoint.spec.variants[0].instances.volume_gb is None
    assert endpoint.untold == ("Resources/Config/Properties/ProductionVariants/0/VolumeSizeInGB",)


@pytest.mark.parametrize(("value", "expected"), [(True, True), ("True", True), ("false", False), ("yes", None)])
def test_a_truth_value_may_be_a_text(value, expected):
    assert only(endpoint_of(variant={"EnableSSMAccess": value})).spec.variants[0].instances.ssm_access is expected


@pytest.mark.parametrize(("about", "followed"), [("Endpoint", True), ("Another", False)])
def test_a_metric_is_that_of_the_endpoint_that_scales(about, followed):
    backlog = {
        "Namespace": "AWS/SageMaker",
        "MetricName": "ApproximateBacklogSizePerInstance",
        "Statistic": "Average",
        "Dimensions": [{"Name": "EndpointName", "Value": {"Fn::GetAtt": [about, "EndpointName"]}}],
    }
    tracking = {"TargetValue": 5, "CustomizedMetricSpecification": backlog}
    policy = {"PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": tracking}
    target = {"ResourceId": {"Fn::Sub": "endpoint/${Endpoint.EndpointName}/variant/main"}, "MinCapacity": 1}
    template = endpoint_of(
        Target=("ScalableTarget", target), Policy=("ScalingPolicy", {**policy, "ScalingTargetId": {"Ref": "Target"}})
    )
    endpoint = only(template)
    (policy,) = endpoint.spec.variants[0].scaling.policies
    own = "ApproximateBacklogSizePerInstance"
    assert policy.metric == own if followed else policy.metric.name == own
    assert endpoint.untold == ()


def test_of_a_model_elsewhere_nothing_is_known():
    endpoint = only(endpoint_of(variant={"ModelName": {"Ref": "ModelParameter"}}))
    assert endpoint.spec.kind == "real-time"
    assert endpoint.spec.variants[0].model == ModelSpec(containers=(Container(ContainerImage()),))
    assert endpoint.property_path("variants[0].model.containers[0].image") == (
        "Resources/Config/Properties/ProductionVariants/0/ModelName"
    )


def test_a_configuration_without_an_endpoint_is_read_and_an_endpoint_without_a_configuration_is_not():
    template = endpoint_of(endpoint={"EndpointConfigName": {"Ref": "Parameter"}})
    endpoint = only(template)
    assert (endpoint.logical_id, endpoint.spec.endpoint_name) == ("Config", None)


def test_variants_that_are_not_known_leave_the_endpoint_out():
    assert read(endpoint_of(config={"ProductionVariants": {"Fn::If": ["A", [], []]}})) == []


def test_the_entries_of_lists_keep_their_places():
    template = endpoint_of()
    variants = template["Resources"]["Config"]["Properties"]["ProductionVariants"]
    variants.insert(0, {"Ref": "AWS::NoValue"})
    variants[1]["InstancePools"] = [
        {"InstanceType": "ml.b", "Priority": 2},
        {"InstanceType": "ml.a", "Priority": 1},
    ]
    endpoint = only(template)
    assert endpoint.spec.variants[0].instances.types == ("ml.a", "ml.b")
    pools = "Resources/Config/Properties/ProductionVariants/1/InstancePools"
    assert endpoint.property_path("variants[0].instances.type") == f"{pools}/1/InstanceType"
    assert endpoint.property_path("variants[0].instances.pools[0]") == f"{pools}/0/InstanceType"
    assert endpoint.property_path("variants[0].instances.pools[7]") == pools
    assert endpoint.property_path("nothing[0].of.the.kind") == "Resources/Endpoint/Properties"


def test_components_are_read_with_models_or_containers_of_their_own():
    def component(name, **specification):
        of = {"EndpointName": {"Ref": "Endpoint"}, "VariantName": "main", "Specification": specification}
        return ("InferenceComponent", {**of, **({"InferenceComponentName": name} if name else {})})

    template = endpoint_of(
        variant={"ModelName": {"Ref": "AWS::NoValue"}},
        A=component("a", ModelName={"Ref": "Model"}, ComputeResourceRequirements={"MinMemoryRequiredInMb": 1024}),
        B=component(None, Container={"Image": "image:2", "ArtifactUrl": "s3://b/k.tar.gz", "Environment": {"A": "b"}}),
        C=component("c", BaseInferenceComponentName={"Ref": "B"}, Container={"ArtifactUrl": "s3://b/l.tar.gz"}),
        D=component("d", BaseInferenceComponentName="elsewhere"),
    )
    endpoint = only(template)
    own = Container(UriImage("image:2"), model_data=ModelData.from_uri("s3://b/k.tar.gz"), environment={"A": "b"})
    assert endpoint.spec.kind == "inference-components"
    assert endpoint.spec.components == (
        InferenceComponent("a", container=Container(UriImage("registry/image:1")), memory_mb=1024),
        InferenceComponent("${Token[B]}", container=own),
        InferenceComponent("c", base="${Token[B]}", adapter=ModelData.from_uri("s3://b/l.tar.gz")),
        InferenceComponent("d", base="elsewhere"),
    )
    # The rules ask for the container of a component by its model.
    image = "Resources/Model/Properties/PrimaryContainer/Image"
    assert endpoint.property_path("components[0].model.containers[0].image") == image
    assert endpoint.property_path("components[0].container.image") == image
    assert endpoint.property_path("components[1].model.containers[0].image") == (
        "Resources/B/Properties/Specification/Container/Image"
    )


@pytest.mark.parametrize("containers", [[], [{"Image": "a:1"}, {"Image": "b:1"}]], ids=["none", "two"])
def test_of_a_component_that_does_not_run_one_container_nothing_is_known(containers):
    of = {"EndpointName": {"Ref": "Endpoint"}, "Specification": {"ModelName": {"Ref": "Other"}}}
    template = endpoint_of(Other=("Model", {"Containers": containers}), A=("InferenceComponent", of))
    endpoint = only(template)
    assert endpoint.spec.components == (InferenceComponent("${Token[A]}", container=Container(ContainerImage())),)
    assert endpoint.untold == ("Resources/Other/Properties",)


def test_the_first_network_stands_for_all():
    vpc = {"VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}}
    template = endpoint_of(Other=("Model", {"PrimaryContainer": {"Image": "other:1"}, **vpc}))
    template["Resources"]["Model"]["Properties"]["EnableNetworkIsolation"] = True
    config = template["Resources"]["Config"]["Properties"]
    config["ShadowProductionVariants"] = [{"VariantName": "next", "ModelName": {"Ref": "Other"}}]
    endpoint = only(template)
    assert endpoint.spec.shadow.name == "next"
    assert endpoint.spec.network == Network(isolated=True)
    assert endpoint.untold == ("Resources/Other/Properties/VpcConfig",)


@pytest.mark.parametrize(
    ("uri", "location"),
    [
        ("s3://b", S3Location("b")),
        ("s3://b/out/", S3Location("b", "out/")),
        ({"Fn::Sub": "s3://${B}/out/"}, S3Location("${Token[B]}", "out/")),
        ({"Ref": "Uri"}, S3Location("${Token[Uri]}", "${Token[Uri]}")),
        ("https://b/out", S3Location("https://b/out")),
    ],
    ids=str,
)
def test_a_location_is_taken_apart(uri, location):
    spec = only(endpoint_of(config={"AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": uri}}})).spec
    assert (spec.kind, spec.asynchronous.output) == ("asynchronous", location)


def test_a_moment_without_a_zone_is_in_utc():
    actions = [{"Schedule": "rate(1 day)", "StartTime": "2030-01-02T03:04:05", "EndTime": "soon"}]
    about = {"ResourceId": {"Fn::Sub": "endpoint/${Endpoint.EndpointName}/variant/main"}, "ScheduledActions": actions}
    (action,) = only(endpoint_of(Target=("ScalableTarget", about))).spec.variants[0].scaling.schedule
    assert (action.start, action.end) == (datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone.utc), None)


# Templates that nobody should write.

# What a reader might look for, so that it finds something of the wrong type there.
PROPERTIES = sorted(
    set(
        re.findall(
            r"\w+",
            """AcceptEula AdjustmentType AlarmActions ArtifactUrl AsyncInferenceConfig BaseInferenceComponentName
            CacheSetting CapacityReservationConfig ClientConfig ComputeResourceRequirements Container ContainerHostname
            Containers CopyCount CustomizedMetricSpecification Dimensions DisableScaleIn EnableNetworkIsolation
            EndpointConfigName EndpointName Environment ExcludeRetainedVariantProperties ExecutionRoleArn Image
            ImageConfig IncludeInferenceResponseIn InferenceComponentName InferenceExecutionConfig InitialInstanceCount
            InitialVariantWeight InstancePools InstanceType KmsKeyId ManagedInstanceScaling MaxCapacity MaxConcurrency
            MemorySizeInMB MetricName MinCapacity Mode ModelAccessConfig ModelDataSource ModelDataUrl ModelName
            ModelPackageName MultiModelConfig Name NotificationConfig OutputConfig PolicyName PolicyType
            PredefinedMetricSpecification PrefixAwareRoutingConfig PrimaryContainer Priority ProductionVariants
            ResourceId RetainAllVariantProperties RoutingConfig RoutingStrategy RuntimeConfig S3DataSource S3OutputPath
            S3Uri ScalableDimension ScalableTargetAction ScaleInCooldown ScalingTargetId Schedule ScheduledActions
            SecurityGroupIds ServerlessConfig ShadowProductionVariants Specification StartTime StartupParameters Status
            StepScalingPolicyConfiguration Subnets SuccessTopic TargetTrackingScalingPolicyConfiguration TargetValue
            Value VariantName VariantPropertyType VolumeSizeInGB VpcConfig ModelDataDownloadTimeoutInSeconds""",
        )
    )
)
TYPES = [
    "AWS::SageMaker::Model",
    "AWS::SageMaker::EndpointConfig",
    "AWS::SageMaker::Endpoint",
    "AWS::SageMaker::InferenceComponent",
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::CloudWatch::Alarm",
]
ids = st.sampled_from(["A", "B", "C", "D", "E", "F"])
said = st.sampled_from(
    ["MultiModel", "Direct", "PREFIX_AWARE", "ENABLED", "S3Prefix", "TargetTrackingScaling", "s3://b/k/", "1e400", "-1"]
)
intrinsics = ids.flatmap(
    lambda id: st.sampled_from(
        [
            {"Ref": id},
            {"Fn::GetAtt": [id, "EndpointName"]},
            {"Fn::Sub": f"endpoint/${{{id}}}/variant/AllTraffic"},
            {"Fn::Sub": f"inference-component/${{{id}.InferenceComponentName}}"},
            {"Fn::If": ["Condition", id, {"Ref": id}]},
            {"Ref": "AWS::NoValue"},
        ]
    )
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | ids | said | intrinsics,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(PROPERTIES), inner, max_size=8)
        | st.dictionaries(st.sampled_from(["Fn::Join", "Fn::Sub", "Fn::GetAtt", "Ref", "Fn::If"]), inner, max_size=1)
    ),
    max_leaves=12,
)


def mutated(value, changes, count):
    """Put other values in the place of those that are to be changed, counted in their order."""
    number = next(count)
    if number in changes:
        return changes[number]
    if isinstance(value, dict):
        return {name: mutated(part, changes, count) for name, part in value.items()}
    return [mutated(part, changes, count) for part in value] if isinstance(value, list) else value


def read_all(template):
    """Read, and ask for all there is to ask."""
    for endpoint in read(template, region="us-east-1"):
        for at, _ in leaves("", endpoint.spec):
            assert endpoint.property_path(at).startswith("Resources/")
        assert all(path.startswith("Resources/") for path in endpoint.untold)
    return read(template)


@given(
    st.dictionaries(
        ids,
        st.fixed_dictionaries(
            {"Type": st.sampled_from(TYPES)},
            optional={"Properties": st.dictionaries(st.sampled_from(PROPERTIES), values, max_size=8) | values},
        )
        | values,
    )
)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_resources_however_wrong_raise(resources):
    read_all({"Resources": resources})


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_template_with_something_wrong_inside_raises(data):
    everything, count = json.loads(data.draw(st.sampled_from(GOLDEN)).read_text()), itertools.count()
    mutated(everything, {}, count)
    changes = data.draw(st.dictionaries(st.integers(2, next(count)), values, max_size=50))
    read_all(mutated(everything, changes, itertools.count()))


@pytest.mark.parametrize(
    "template", [None, [], "", 1, {}, {"Resources": []}, {"Resources": {"A": None, "B": {"Type": 1}}}]
)
def test_what_is_no_template_has_no_endpoints(template):
    assert read(template) == []


def nested(depth, wrap, value):
    for _ in range(depth):
        value = wrap(value)
    return value


@pytest.mark.parametrize(
    "bomb",
    [
        nested(100_000, lambda inner: {"Fn::Join": ["", [inner]]}, "x"),
        nested(100_000, lambda inner: [inner], "x"),
        nested(100_000, lambda inner: {"Image": inner}, "x"),
        nested(12, lambda inner: {"Fn::Sub": ["${a}" * 50, {"a": inner}]}, ""),
        nested(12, lambda inner: {"Fn::Sub": ["${a}" * 50, {"a": inner}]}, "x" * 10_000),
        {"Fn::Sub": "${" * 1_000_000},
        {"Fn::Join": ["", ["x"] * 1_000_000]},
    ],
    ids=["joins", "lists", "objects", "many", "long", "open", "wide"],
)
def test_no_template_takes_for_ever(bomb):
    everywhere = dict.fromkeys(PROPERTIES, bomb)
    template = endpoint_of(
        container={"Image": bomb, "Environment": {"A": bomb}},
        variant={**everywhere, "ModelName": {"Ref": "Model"}},
        config={**everywhere, "ProductionVariants": [everywhere]},
        endpoint={**everywhere, "EndpointConfigName": {"Ref": "Config"}},
        Target=("ScalableTarget", everywhere),
        Component=("InferenceComponent", {**everywhere, "EndpointName": {"Ref": "Endpoint"}}),
    )
    (endpoint,) = read(template)
    assert len(endpoint.untold) < 1_000


def test_reading_does_not_start_node():
    assert not modules_after("import sm_constructs.template") & {"jsii", "aws_cdk", "constructs"}
