"""Properties of which there is one or the other, as far as specs have no place for both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sm_constructs.reading.intrinsics import TOKEN, may_end
from sm_constructs.reading.resources import COMPONENT, CONFIG, ENDPOINT, MODEL, POLICY, Template
from sm_constructs.registries import parse_ecr_uri
from sm_constructs.rules.registry import Finding, mentioning, rule
from sm_constructs.spec import once_each
from sm_constructs.tokens import is_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_constructs.reading.nodes import Node
    from sm_constructs.reading.resources import Resource

_ROLE = "ExecutionRoleArn: 'arn:aws:iam::123456789012:role/hosting'"
MODEL_EXAMPLE = f"Model: {{{{Type: AWS::SageMaker::Model, Properties: {{{{{_ROLE}, {{}}}}}}}}}}"
IMAGE_EXAMPLE = "Image: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/scorer:1"
CONFIG_EXAMPLE = """\
Config:
  Type: AWS::SageMaker::EndpointConfig
  Properties:
    ProductionVariants: [{{VariantName: a, ModelName: m, {}}}]
"""
_SHADOW = """\
Config:
  Type: AWS::SageMaker::EndpointConfig
  Properties:
    ProductionVariants: [{{VariantName: a, ModelName: m, InstanceType: ml.m5.large, InitialInstanceCount: 1}}]
    ShadowProductionVariants: [{{VariantName: s, ModelName: n, {}}}]
"""
_POLICY = """\
Policy:
  Type: AWS::ApplicationAutoScaling::ScalingPolicy
  Properties:
    PolicyName: p
    PolicyType: TargetTrackingScaling
    ServiceNamespace: sagemaker
    ResourceId: endpoint/e/variant/a
    ScalableDimension: sagemaker:variant:DesiredInstanceCount
    {}: {{TargetValue: 70, PredefinedMetricSpecification: {{PredefinedMetricType: {}}}}}
"""
_INVOCATIONS = "SageMakerVariantInvocationsPerInstance"
_STEPS = "StepScalingPolicyConfiguration"
_TRACKING = "TargetTrackingScalingPolicyConfiguration"


def either(node: Node, *names: str, needed: bool = True) -> Iterator[Finding]:
    """Find more than one of some properties, or none of them."""
    if not isinstance(node.value, dict) or node.is_intrinsic:
        return
    given = [name for name in names if node[name]]
    if len(given) > 1:
        yield Finding(f"{node.path}/{given[1]}", f"is given beside {given[0]}; there is one of them")
    elif not given and needed:
        yield Finding(node.path, f"has neither {' nor '.join(names)}; one of them is needed")


@once_each
def containers(template: Template) -> Iterator[Node]:
    """Give the containers of all models."""
    for model in template.of_type(MODEL):
        yield from containers_of(model)


def containers_of(model: Resource) -> Iterator[Node]:
    """Give the containers of a model."""
    if model["PrimaryContainer"]:
        yield model["PrimaryContainer"]
    yield from model["Containers"].entries()


@once_each
def models_of_components(template: Template) -> list[Resource | None]:
    """Give the models that inference components bring to an endpoint."""
    components = template.of_type(COMPONENT)
    return [template.referred(MODEL, component["Specification"]["ModelName"].said) for component in components]


@once_each
def variants(template: Template) -> Iterator[Node]:
    """Give the variants of all endpoint configurations."""
    for config in template.of_type(CONFIG):
        for name in ("ProductionVariants", "ShadowProductionVariants"):
            yield from (variant for variant in config[name].entries() if not variant.is_intrinsic)


@rule(
    "SMC060",
    "A model has one container, or a list of them",
    source="CreateModel.PrimaryContainer, Containers",
    about=Template,
    facts=["multi_container/primary_container_xor_containers", "cloudformation/model_not_validated_by_schema"],
    good=MODEL_EXAMPLE.format(f"PrimaryContainer: {{{IMAGE_EXAMPLE}}}"),
    bad=MODEL_EXAMPLE.format(
        f"PrimaryContainer: {{{IMAGE_EXAMPLE}}}, Containers: [{{{IMAGE_EXAMPLE}}}, {{{IMAGE_EXAMPLE}}}]"
    ),
)
def one_or_several(template: Template) -> Iterator[Finding]:
    """Check the containers of models."""
    for model in template.of_type(MODEL):
        yield from either(model, "PrimaryContainer", "Containers")
        if model["Containers"].value == [] and not model["PrimaryContainer"]:
            yield Finding(model["Containers"].path, "is empty; a model has a container")


@rule(
    "SMC061",
    "A container has an image, or is a model package",
    source="ContainerDefinition.Image, ModelPackageName",
    about=Template,
    good=MODEL_EXAMPLE.format(f"PrimaryContainer: {{{IMAGE_EXAMPLE}}}"),
    bad=MODEL_EXAMPLE.format("PrimaryContainer: {Environment: {A: b}}"),
)
def images(template: Template) -> Iterator[Finding]:
    """Check that there is something to run."""
    for container in containers(template):
        if not container["Image"] and not container["ModelPackageName"] and not container.is_intrinsic:
            yield Finding(container.path, "has neither Image nor ModelPackageName; one of them is needed")


@rule(
    "SMC062",
    "Model data is given in one way",
    source="ContainerDefinition.ModelDataUrl, ModelDataSource",
    about=Template,
    where=mentioning("ModelDataSource"),
    facts=["mme/model_data_source_forbidden"],
    good=MODEL_EXAMPLE.format(f"PrimaryContainer: {{{IMAGE_EXAMPLE}, ModelDataUrl: s3://models/a.tar.gz}}"),
    bad=MODEL_EXAMPLE.format(
        f"PrimaryContainer: {{{IMAGE_EXAMPLE}, ModelDataUrl: s3://models/a.tar.gz, ModelDataSource: {{S3DataSource: "
        "{S3Uri: s3://models/a/, S3DataType: S3Prefix, CompressionType: None}}}"
    ),
)
def model_data(template: Template) -> Iterator[Finding]:
    """Check that there are not two places of model data, and that a store of models is given by its URL."""
    for container in containers(template):
        yield from either(container, "ModelDataUrl", "ModelDataSource", needed=False)
        if container["Mode"].said == "MultiModel" and container["ModelDataSource"]:
            yield Finding(
                f"{container.path}/ModelDataSource",
                "is given; the store of a multi-model container is its ModelDataUrl",
            )
        source = container["ModelDataSource"]["S3DataSource"]
        uri, kind = source["S3Uri"].said, source["S3DataType"].said
        if kind == "S3Object" and uri is not None and uri.endswith("/"):
            yield Finding(f"{source.path}/S3Uri", f"is {TOKEN.sub('…', uri)!r}; an object does not end in /")
        if kind == "S3Prefix":
            if uri is not None and not may_end(uri, "/"):
                yield Finding(f"{source.path}/S3Uri", f"is {TOKEN.sub('…', uri)!r}; a prefix ends in /")
            compression = source["CompressionType"]
            if compression.said == "Gzip":
                yield Finding(compression.path, "is Gzip; what lies under a prefix is not one archive: None")


@rule(
    "SMC063",
    "A variant runs on instances, or is serverless",
    source="ProductionVariant.InstanceType, InstancePools, ServerlessConfig",
    about=Template,
    facts=["realtime/instance_xor_serverless", "serverless/memory_and_max_concurrency_required"],
    good=CONFIG_EXAMPLE.format("InstanceType: ml.m5.large, InitialInstanceCount: 1"),
    bad=CONFIG_EXAMPLE.format("InstanceType: ml.m5.large, ServerlessConfig: {MemorySizeInMB: 1024, MaxConcurrency: 5}"),
)
def instances_or_serverless(template: Template) -> Iterator[Finding]:
    """Check what variants run on."""
    for variant in variants(template):
        yield from either(variant, "InstanceType", "InstancePools", "ServerlessConfig")
        if variant["ServerlessConfig"] and not variant["InstanceType"]:
            for name in ("InitialInstanceCount", "VolumeSizeInGB", "ManagedInstanceScaling"):
                if variant[name]:
                    yield Finding(f"{variant.path}/{name}", "is given; a serverless variant has no instances")


@rule(
    "SMC064",
    "A variant on instances says how many there are at the beginning",
    source="ProductionVariant.InitialInstanceCount",
    about=Template,
    good=CONFIG_EXAMPLE.format("InstanceType: ml.m5.large, InitialInstanceCount: 1"),
    bad=CONFIG_EXAMPLE.format("InstanceType: ml.m5.large"),
)
def initial_counts(template: Template) -> Iterator[Finding]:
    """Check that the number of instances is there."""
    for variant in variants(template):
        on_instances = (variant["InstanceType"] or variant["InstancePools"]) and not variant["ServerlessConfig"]
        if on_instances and not variant["InitialInstanceCount"]:
            yield Finding(f"{variant.path}/InitialInstanceCount", "is missing; instances need a number of them")


@rule(
    "SMC065",
    "A scaling policy has the configuration of its type, and one metric",
    source="PutScalingPolicy; TargetTrackingScalingPolicyConfiguration",
    about=Template,
    facts=["autoscaling/predefined_xor_custom", "autoscaling/resource_label"],
    good=_POLICY.format(_TRACKING, _INVOCATIONS),
    bad=_POLICY.format(_TRACKING, f"{_INVOCATIONS}, ResourceLabel: app/x"),
)
def policies(template: Template) -> Iterator[Finding]:
    """Check that what a policy says goes together."""
    wanted = {"TargetTrackingScaling": _TRACKING, "StepScaling": _STEPS}
    for policy in template.of_type(POLICY):
        if not template.is_of_hosting(policy):
            continue
        kind = policy["PolicyType"].said
        if is_text(kind) and kind not in wanted:
            yield Finding(policy["PolicyType"].path, f"is {kind}; hosting scales by {' and '.join(wanted)}")
        for its, name in wanted.items():
            if kind == its and not policy[name]:
                yield Finding(f"{policy.path}/{name}", f"is missing; the policy is of type {kind}")
            if kind in wanted and kind != its and policy[name]:
                yield Finding(f"{policy.path}/{name}", f"is given, and the policy is of type {kind}")
        tracking = policy[_TRACKING]
        if tracking:
            yield from either(tracking, "PredefinedMetricSpecification", "CustomizedMetricSpecification")
            custom = tracking["CustomizedMetricSpecification"]
            for name in ("MetricName", "Namespace", "Statistic"):
                if custom and not custom.is_intrinsic and bool(custom["Metrics"]) is bool(custom[name]):
                    said = "is given beside Metrics" if custom[name] else "is missing, and so is Metrics"
                    yield Finding(f"{custom.path}/{name}", f"{said}; a metric is given in one way")
        label = tracking["PredefinedMetricSpecification"]["ResourceLabel"]
        if label:
            yield Finding(label.path, "is given; the metrics of SageMaker have none")


@rule(
    "SMC066",
    "A rollout is a blue/green one or a rolling one",
    source="DeploymentConfig.BlueGreenUpdatePolicy, RollingUpdatePolicy",
    about=Template,
    where=mentioning("RollingUpdatePolicy"),
    facts=["guardrails/one_policy_only"],
    good="Endpoint: {Type: AWS::SageMaker::Endpoint, Properties: {EndpointConfigName: c, DeploymentConfig: "
    "{BlueGreenUpdatePolicy: {TrafficRoutingConfiguration: {Type: ALL_AT_ONCE, WaitIntervalInSeconds: 0}}}}}",
    bad="Endpoint: {Type: AWS::SageMaker::Endpoint, Properties: {EndpointConfigName: c, DeploymentConfig: "
    "{BlueGreenUpdatePolicy: {TrafficRoutingConfiguration: {Type: ALL_AT_ONCE, WaitIntervalInSeconds: 0}}, "
    "RollingUpdatePolicy: {MaximumBatchSize: {Type: CAPACITY_PERCENT, Value: 20}, WaitIntervalInSeconds: 60}}}}",
)
def one_rollout(template: Template) -> Iterator[Finding]:
    """Check rollouts."""
    for endpoint in template.of_type(ENDPOINT):
        yield from either(endpoint["DeploymentConfig"], "BlueGreenUpdatePolicy", "RollingUpdatePolicy", needed=False)


@rule(
    "SMC067",
    "An inference component has one specification, of a model or of a container",
    source="CreateInferenceComponent.Specification, Specifications; InferenceComponentSpecification",
    about=Template,
    facts=["inference_component/specification_xor_specifications"],
    good="Component: {Type: AWS::SageMaker::InferenceComponent, Properties: {EndpointName: e, VariantName: a, "
    "Specification: {ModelName: m, ComputeResourceRequirements: {MinMemoryRequiredInMb: 1024}}}}",
    bad="Component: {Type: AWS::SageMaker::InferenceComponent, Properties: {EndpointName: e, VariantName: a}}",
)
def specifications(template: Template) -> Iterator[Finding]:
    """Check what inference components run."""
    for component in template.of_type(COMPONENT):
        yield from either(component, "Specification", "Specifications")


@rule(
    "SMC068",
    "A variant has a model, or the configuration has the role with which inference components bring theirs",
    source="CreateEndpointConfig.ExecutionRoleArn; ProductionVariant.ModelName; CreateInferenceComponent",
    about=Template,
    facts=[
        "inference_component/endpoint_config_execution_role",
        "realtime/endpoint_config_vpc_isolation_role",
        "realtime/managed_instance_scaling_only_ic",
    ],
    good=CONFIG_EXAMPLE.format("InstanceType: ml.m5.large, InitialInstanceCount: 1"),
    bad=CONFIG_EXAMPLE.format(
        "InstanceType: ml.m5.large, InitialInstanceCount: 1, ManagedInstanceScaling: {Status: ENABLED}"
    ),
)
def models_or_components(template: Template) -> Iterator[Finding]:
    """Check where the models come from."""
    with_components = {
        endpoint.id
        for component in template.of_type(COMPONENT)
        if (endpoint := template.referred(ENDPOINT, component["EndpointName"].said)) is not None
    }
    bringing = {
        config.id
        for endpoint in template.of_type(ENDPOINT)
        if endpoint.id in with_components
        and (config := template.referred(CONFIG, endpoint["EndpointConfigName"].said)) is not None
    }
    for config in template.of_type(CONFIG):
        role = config["ExecutionRoleArn"]
        for variant in (each for each in config["ProductionVariants"].entries() if not each.is_intrinsic):
            if variant["ModelName"] and config.id in bringing:
                yield Finding(f"{variant.path}/ModelName", "is given; inference components bring the models here")
            if not variant["ModelName"] and not role:
                yield Finding(
                    f"{variant.path}/ModelName",
                    "is missing, and so is the ExecutionRoleArn of the configuration, with which inference components "
                    "bring models",
                )
            if variant["ModelName"] and variant["ManagedInstanceScaling"]:
                yield Finding(
                    f"{variant.path}/ManagedInstanceScaling", "is given; only under inference components it is possible"
                )


@rule(
    "SMC069",
    "An endpoint has one shadow variant at most, on instances",
    source="CreateEndpointConfig.ShadowProductionVariants",
    about=Template,
    where=mentioning("ShadowProductionVariants"),
    facts=["shadow/limits", "shadow/shadow_test_incompatible"],
    good=CONFIG_EXAMPLE.format("InstanceType: ml.m5.large, InitialInstanceCount: 1"),
    bad=_SHADOW.format("ServerlessConfig: {MemorySizeInMB: 1024, MaxConcurrency: 5}"),
)
def shadows(template: Template) -> Iterator[Finding]:
    """Check shadow variants."""
    for config in template.of_type(CONFIG):
        entries = config["ShadowProductionVariants"].entries()
        for extra in entries[1:]:
            yield Finding(extra.path, "is a second shadow variant; there is one at most")
        for entry in entries:
            if entry["ServerlessConfig"]:
                yield Finding(f"{entry.path}/ServerlessConfig", "is given; a shadow variant runs on instances")


@rule(
    "SMC070",
    "Prefix-aware routing says what it is aware of, and no other routing does",
    source="RoutingConfig.PrefixAwareRoutingConfig",
    about=Template,
    where=mentioning("RoutingConfig"),
    facts=["realtime/prefix_aware"],
    good=CONFIG_EXAMPLE.format(
        "InstanceType: ml.g5.xlarge, InitialInstanceCount: 1, RoutingConfig: {RoutingStrategy: PREFIX_AWARE, "
        "PrefixAwareRoutingConfig: {PrefixLength: 4096, ConcurrencyThreshold: 8}}"
    ),
    bad=CONFIG_EXAMPLE.format(
        "InstanceType: ml.g5.xlarge, InitialInstanceCount: 1, RoutingConfig: {RoutingStrategy: PREFIX_AWARE}"
    ),
)
def routing(template: Template) -> Iterator[Finding]:
    """Check that the parts of a routing go together."""
    for variant in variants(template):
        node = variant["RoutingConfig"]
        strategy, config = node["RoutingStrategy"].said, node["PrefixAwareRoutingConfig"]
        if strategy == "PREFIX_AWARE":
            for name in ("PrefixLength", "ConcurrencyThreshold"):
                if not config[name] and not config.is_intrinsic:
                    yield Finding(f"{config.path}/{name}", "is missing; PREFIX_AWARE needs both numbers")
        elif is_text(strategy) and config:
            yield Finding(config.path, f"is given, and the strategy is {strategy}")


@rule(
    "SMC071",
    "Credentials of a registry go with access through a VPC, and that with a VPC",
    source="ImageConfig: RepositoryAccessMode Vpc needs a VpcConfig, RepositoryAuthConfig that mode",
    about=Template,
    where=mentioning("ImageConfig"),
    facts=["realtime/private_registry"],
    good=MODEL_EXAMPLE.format(
        f"PrimaryContainer: {{{IMAGE_EXAMPLE}, ImageConfig: {{RepositoryAccessMode: Platform}}}}"
    ),
    bad=MODEL_EXAMPLE.format(
        f"PrimaryContainer: {{{IMAGE_EXAMPLE}, ImageConfig: {{RepositoryAccessMode: Platform, RepositoryAuthConfig: "
        "{RepositoryCredentialsProviderArn: 'arn:aws:lambda:eu-west-1:123456789012:function:login'}}}"
    ),
)
def credentials(template: Template) -> Iterator[Finding]:
    """Check that credentials have a use, and registries a way to them."""
    # The models of inference components are in the VPC of the endpoint configuration.
    brought = models_of_components(template)
    for model in template.of_type(MODEL):
        for config in (container["ImageConfig"] for container in containers_of(model)):
            node = config["RepositoryAccessMode"]
            if config["RepositoryAuthConfig"] and is_text(node.said) and node.said != "Vpc":
                yield Finding(
                    f"{config.path}/RepositoryAuthConfig", f"is given, and RepositoryAccessMode is {node.said}"
                )
            if node.said == "Vpc" and not model["VpcConfig"] and model not in brought:
                yield Finding(node.path, "is Vpc, and the model has no VpcConfig")


_ELSEWHERE = """\
Model:
  Type: AWS::SageMaker::Model
  Properties:
    ExecutionRoleArn: arn:aws:iam::123456789012:role/hosting
    VpcConfig: {{Subnets: [subnet-0123456789abcdef0], SecurityGroupIds: [sg-0123456789abcdef0]}}
    PrimaryContainer: {{Image: registry.example.com/scorer:1.4, {}}}
"""


@rule(
    "SMC089",
    "An image outside Amazon ECR is pulled through the VPC",
    source="ImageConfig.RepositoryAccessMode: Platform, the default, is for images in Amazon ECR",
    about=Template,
    facts=["realtime/private_registry"],
    good=_ELSEWHERE.format("ImageConfig: {RepositoryAccessMode: Vpc}"),
    bad=_ELSEWHERE.format("ImageConfig: {RepositoryAccessMode: Platform}"),
)
def access(template: Template) -> Iterator[Finding]:
    """Check how images are pulled."""
    for container in containers(template):
        image, mode = container["Image"].said, container["ImageConfig"]["RepositoryAccessMode"]
        is_platform = not container["ImageConfig"].is_intrinsic and mode.said in (None, "Platform")
        if is_platform and is_text(image) and image and parse_ecr_uri(image) is None:
            yield Finding(mode.path, f"is {mode.said or 'missing'}; {image} is not in Amazon ECR, and needs Vpc")


@rule(
    "SMC072",
    "What is said of a multi-model container is said of one",
    severity="warning",
    source="ContainerDefinition.MultiModelConfig: with Mode MultiModel",
    about=Template,
    where=mentioning("MultiModel"),
    facts=["mme/model_cache_setting", "mme/mode"],
    good=MODEL_EXAMPLE.format(
        f"PrimaryContainer: {{{IMAGE_EXAMPLE}, Mode: MultiModel, ModelDataUrl: s3://models/store/}}"
    ),
    bad=MODEL_EXAMPLE.format(
        f"PrimaryContainer: {{{IMAGE_EXAMPLE}, MultiModelConfig: {{ModelCacheSetting: Disabled}}}}"
    ),
)
def multi_model(template: Template) -> Iterator[Finding]:
    """Warn of settings without effect, and of a store that is one archive."""
    for container in containers(template):
        mode, config, data = container["Mode"].said, container["MultiModelConfig"], container["ModelDataUrl"]
        if config and mode in (None, "SingleModel"):
            yield Finding(config.path, "is given, and the container has one model")
        url = data.said
        if mode == "MultiModel" and url is not None and url.endswith(".tar.gz"):
            yield Finding(data.path, "ends in .tar.gz, and is the prefix under which the models lie")
