"""Properties of which there is one or the other, as far as specs have no place for both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sm_constructs.reading.intrinsics import referred
from sm_constructs.reading.resources import COMPONENT, CONFIG, ENDPOINT, EXPERIMENT, MODEL, PACKAGE, POLICY, Template
from sm_constructs.rules.registry import Finding, rule
from sm_constructs.spec import once_each
from sm_constructs.tokens import is_text, is_unresolved

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_constructs.reading.nodes import Node
    from sm_constructs.reading.resources import Resource

_ROLE = "ExecutionRoleArn: 'arn:aws:iam::123456789012:role/hosting'"
_MODEL = f"Model: {{{{Type: AWS::SageMaker::Model, Properties: {{{{{_ROLE}, {{}}}}}}}}}}"
_IMAGE = "Image: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/scorer:1"
_CONFIG = """\
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


def _either(node: Node, *names: str, needed: bool = True) -> Iterator[Finding]:
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
    good=_MODEL.format(f"PrimaryContainer: {{{_IMAGE}}}"),
    bad=_MODEL.format(f"PrimaryContainer: {{{_IMAGE}}}, Containers: [{{{_IMAGE}}}, {{{_IMAGE}}}]"),
)
def one_or_several(template: Template) -> Iterator[Finding]:
    """Check the containers of models."""
    for model in template.of_type(MODEL):
        yield from _either(model, "PrimaryContainer", "Containers")


@rule(
    "SMC061",
    "A container has an image, or is a model package",
    source="ContainerDefinition.Image, ModelPackageName",
    about=Template,
    good=_MODEL.format(f"PrimaryContainer: {{{_IMAGE}}}"),
    bad=_MODEL.format("PrimaryContainer: {Environment: {A: b}}"),
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
    facts=["mme/model_data_source_forbidden"],
    good=_MODEL.format(f"PrimaryContainer: {{{_IMAGE}, ModelDataUrl: s3://models/a.tar.gz}}"),
    bad=_MODEL.format(
        f"PrimaryContainer: {{{_IMAGE}, ModelDataUrl: s3://models/a.tar.gz, ModelDataSource: {{S3DataSource: "
        "{S3Uri: s3://models/a/, S3DataType: S3Prefix, CompressionType: None}}}"
    ),
)
def model_data(template: Template) -> Iterator[Finding]:
    """Check that there are not two places of model data, and that a store of models is given by its URL."""
    for container in containers(template):
        yield from _either(container, "ModelDataUrl", "ModelDataSource", needed=False)
        if container["Mode"].said == "MultiModel" and container["ModelDataSource"]:
            yield Finding(
                f"{container.path}/ModelDataSource",
                "is given; the store of a multi-model container is its ModelDataUrl",
            )
        source = container["ModelDataSource"]["S3DataSource"]
        uri, kind = source["S3Uri"].said, source["S3DataType"].said
        if kind == "S3Prefix":
            if uri is not None and not is_unresolved(uri) and not uri.endswith("/"):
                yield Finding(f"{source.path}/S3Uri", f"is {uri!r}; a prefix ends in /")
            compression = source["CompressionType"]
            if compression.said == "Gzip":
                yield Finding(compression.path, "is Gzip; what lies under a prefix is not one archive: None")


@rule(
    "SMC063",
    "A variant runs on instances, or is serverless",
    source="ProductionVariant.InstanceType, InstancePools, ServerlessConfig",
    about=Template,
    facts=["realtime/instance_xor_serverless", "serverless/memory_and_max_concurrency_required"],
    good=_CONFIG.format("InstanceType: ml.m5.large, InitialInstanceCount: 1"),
    bad=_CONFIG.format("InstanceType: ml.m5.large, ServerlessConfig: {MemorySizeInMB: 1024, MaxConcurrency: 5}"),
)
def instances_or_serverless(template: Template) -> Iterator[Finding]:
    """Check what variants run on."""
    for variant in variants(template):
        yield from _either(variant, "InstanceType", "InstancePools", "ServerlessConfig")
        if variant["ServerlessConfig"] and not variant["InstanceType"]:
            for name in ("InitialInstanceCount", "VolumeSizeInGB", "ManagedInstanceScaling"):
                if variant[name]:
                    yield Finding(f"{variant.path}/{name}", "is given; a serverless variant has no instances")


@rule(
    "SMC064",
    "A variant on instances says how many there are at the beginning",
    source="ProductionVariant.InitialInstanceCount",
    about=Template,
    good=_CONFIG.format("InstanceType: ml.m5.large, InitialInstanceCount: 1"),
    bad=_CONFIG.format("InstanceType: ml.m5.large"),
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
            yield from _either(tracking, "PredefinedMetricSpecification", "CustomizedMetricSpecification")
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
        yield from _either(endpoint["DeploymentConfig"], "BlueGreenUpdatePolicy", "RollingUpdatePolicy", needed=False)


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
        yield from _either(component, "Specification", "Specifications")


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
    good=_CONFIG.format("InstanceType: ml.m5.large, InitialInstanceCount: 1"),
    bad=_CONFIG.format("InstanceType: ml.m5.large, InitialInstanceCount: 1, ManagedInstanceScaling: {Status: ENABLED}"),
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
    facts=["shadow/limits", "shadow/shadow_test_incompatible"],
    good=_CONFIG.format("InstanceType: ml.m5.large, InitialInstanceCount: 1"),
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
    facts=["realtime/prefix_aware"],
    good=_CONFIG.format(
        "InstanceType: ml.g5.xlarge, InitialInstanceCount: 1, RoutingConfig: {RoutingStrategy: PREFIX_AWARE, "
        "PrefixAwareRoutingConfig: {PrefixLength: 4096, ConcurrencyThreshold: 8}}"
    ),
    bad=_CONFIG.format(
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
    facts=["realtime/private_registry"],
    good=_MODEL.format(f"PrimaryContainer: {{{_IMAGE}, ImageConfig: {{RepositoryAccessMode: Platform}}}}"),
    bad=_MODEL.format(
        f"PrimaryContainer: {{{_IMAGE}, ImageConfig: {{RepositoryAccessMode: Platform, RepositoryAuthConfig: "
        "{RepositoryCredentialsProviderArn: 'arn:aws:lambda:eu-west-1:123456789012:function:login'}}}"
    ),
)
def credentials(template: Template) -> Iterator[Finding]:
    """Check that credentials have a use, and registries a way to them."""
    # The models of inference components are in the VPC of the endpoint configuration.
    components = template.of_type(COMPONENT)
    brought = [template.referred(MODEL, component["Specification"]["ModelName"].said) for component in components]
    for model in template.of_type(MODEL):
        for config in (container["ImageConfig"] for container in containers_of(model)):
            node = config["RepositoryAccessMode"]
            if config["RepositoryAuthConfig"] and is_text(node.said) and node.said != "Vpc":
                yield Finding(
                    f"{config.path}/RepositoryAuthConfig", f"is given, and RepositoryAccessMode is {node.said}"
                )
            if node.said == "Vpc" and not model["VpcConfig"] and model not in brought:
                yield Finding(node.path, "is Vpc, and the model has no VpcConfig")


@rule(
    "SMC072",
    "What is said of a multi-model container is said of one",
    severity="warning",
    source="ContainerDefinition.MultiModelConfig: with Mode MultiModel",
    about=Template,
    facts=["mme/model_cache_setting", "mme/mode"],
    good=_MODEL.format(f"PrimaryContainer: {{{_IMAGE}, Mode: MultiModel, ModelDataUrl: s3://models/store/}}"),
    bad=_MODEL.format(f"PrimaryContainer: {{{_IMAGE}, MultiModelConfig: {{ModelCacheSetting: Disabled}}}}"),
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


@rule(
    "SMC073",
    "A multi-model container says where its models lie",
    source="ContainerDefinition.Mode, ModelDataUrl: the prefix under which the models of a multi-model container lie",
    about=Template,
    facts=["mme/model_data_url_is_prefix"],
    good=_MODEL.format(f"PrimaryContainer: {{{_IMAGE}, Mode: MultiModel, ModelDataUrl: s3://models/store/}}"),
    bad=_MODEL.format(f"PrimaryContainer: {{{_IMAGE}, Mode: MultiModel}}"),
)
def stores(template: Template) -> Iterator[Finding]:
    """Check that there is a store."""
    for container in containers(template):
        if (
            container["Mode"].said == "MultiModel"
            and not container["ModelDataUrl"]
            and not container["ModelDataSource"]
        ):
            yield Finding(f"{container.path}/ModelDataUrl", "is missing; it is the prefix under which the models lie")


@rule(
    "SMC074",
    "An asynchronous endpoint runs on instances",
    source='"Feature availability matrix", SageMaker developer guide; CreateEndpointConfig.AsyncInferenceConfig',
    about=Template,
    facts=["serverless/excluded_features_matrix", "async/excluded_by_feature_matrix"],
    good=_CONFIG.format("InstanceType: ml.m5.large, InitialInstanceCount: 1"),
    bad=_CONFIG.format("ServerlessConfig: {MemorySizeInMB: 1024, MaxConcurrency: 5}")
    + "    AsyncInferenceConfig: {OutputConfig: {S3OutputPath: s3://answers/}}",
)
def queues_on_instances(template: Template) -> Iterator[Finding]:
    """Check that nothing is serverless and asynchronous."""
    for config in template.of_type(CONFIG):
        queue = config["AsyncInferenceConfig"]
        if queue and any(variant["ServerlessConfig"] for variant in config["ProductionVariants"].entries()):
            yield Finding(queue.path, "is given, and a variant is serverless; an asynchronous endpoint has instances")


_PACKAGE = """\
Package:
  Type: AWS::SageMaker::ModelPackage
  Properties: {{{}InferenceSpecification: {{SupportedContentTypes: [text/csv], SupportedResponseMIMETypes: [text/csv],
    Containers: [{{Image: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/scorer:1'}}]}}}}
"""
_OF_PACKAGE = _MODEL.format("PrimaryContainer: {ModelPackageName: !Ref Package}") + "\n"


@rule(
    "SMC075",
    "A model package has a name of its own, or is a version in a group",
    source="CreateModelPackage.ModelPackageName, ModelPackageGroupName",
    about=Template,
    good=_PACKAGE.format("ModelPackageGroupName: churn, "),
    bad=_PACKAGE.format("ModelPackageGroupName: churn, ModelPackageName: churn-1, "),
)
def packages(template: Template) -> Iterator[Finding]:
    """Check the names of model packages."""
    for package in template.of_type(PACKAGE):
        yield from _either(package, "ModelPackageName", "ModelPackageGroupName", needed=False)


@rule(
    "SMC076",
    "A model package that is deployed is approved",
    severity="warning",
    source='"Update the approval status of a model", SageMaker developer guide: approved to be deployed',
    about=Template,
    good=_OF_PACKAGE + _PACKAGE.format("ModelPackageGroupName: churn, ModelApprovalStatus: Approved, "),
    bad=_OF_PACKAGE + _PACKAGE.format("ModelPackageGroupName: churn, ModelApprovalStatus: Rejected, "),
)
def approved(template: Template) -> Iterator[Finding]:
    """Warn of versions that nobody has approved."""
    for container in containers(template):
        name = container["ModelPackageName"]
        package = template.resource(referred(name.said or ""))
        status = None if package is None or package.type != PACKAGE else package["ModelApprovalStatus"].said
        if package is not None and is_text(status) and status != "Approved":
            yield Finding(name.path, f"is {package.id}, of which the approval status is {status}")


_EXPERIMENT = """\
Experiment:
  Type: AWS::SageMaker::InferenceExperiment
  Properties:
    Name: next
    Type: ShadowMode
    RoleArn: arn:aws:iam::123456789012:role/hosting
    EndpointName: e
    ModelVariants: [{{ModelName: m, VariantName: a, InfrastructureConfig: {{InfrastructureType: RealTimeInference,
      RealTimeInferenceConfig: {{InstanceType: ml.m5.large, InstanceCount: 1}}}}}}]
    ShadowModeConfig:
      SourceModelVariantName: a
      ShadowModelVariants: [{{ShadowModelVariantName: s, SamplingPercentage: {}}}]
"""


@rule(
    "SMC078",
    "A shadow experiment copies some requests",
    severity="warning",
    source="ShadowModelVariantConfig.SamplingPercentage",
    about=Template,
    facts=["shadow/sampling_percentage_max"],
    good=_EXPERIMENT.format(100),
    bad=_EXPERIMENT.format(0),
)
def copied(template: Template) -> Iterator[Finding]:
    """Warn of experiments without requests."""
    for experiment in template.of_type(EXPERIMENT):
        for variant in experiment["ShadowModeConfig"]["ShadowModelVariants"].entries():
            node = variant["SamplingPercentage"]
            if node.number().value == 0:
                yield Finding(node.path, "is 0: no request is copied")


@rule(
    "SMC079",
    "The model data of a serverless variant is given by its URL",
    source="ContainerDefinition.ModelDataSource: not for serverless endpoints",
    about=Template,
    facts=["serverless/excluded_model_data_source"],
    good=_CONFIG.format("ServerlessConfig: {MemorySizeInMB: 1024, MaxConcurrency: 5}"),
    bad=_CONFIG.replace("ModelName: m", "ModelName: !GetAtt Model.ModelName").format(
        "ServerlessConfig: {MemorySizeInMB: 1024, MaxConcurrency: 5}"
    )
    + _MODEL.format(
        f"PrimaryContainer: {{{_IMAGE}, ModelDataSource: {{S3DataSource: "
        "{S3Uri: s3://models/a.tar.gz, S3DataType: S3Object, CompressionType: Gzip}}}"
    ),
)
def archives_by_url(template: Template) -> Iterator[Finding]:
    """Check the archives of serverless variants; trees are another rule's."""
    for variant in variants(template):
        model = template.referred(MODEL, variant["ModelName"].said) if variant["ServerlessConfig"] else None
        for container in () if model is None else containers_of(model):
            source = container["ModelDataSource"]
            if source["S3DataSource"]["CompressionType"].said == "Gzip":
                yield Finding(source.path, "is given; a serverless variant takes the archive as ModelDataUrl")


_TWO = """\
Config:
  Type: AWS::SageMaker::EndpointConfig
  Properties:
    ProductionVariants:
    - {{VariantName: a, ModelName: m, InstanceType: ml.m5.large, InitialInstanceCount: 1}}
    - {{VariantName: b, ModelName: {}, InstanceType: ml.m5.large, InitialInstanceCount: 1}}
"""


@rule(
    "SMC087",
    "The variants of an endpoint differ in something",
    severity="warning",
    source='"Test models with production variants", SageMaker developer guide',
    about=Template,
    good=_TWO.format("n"),
    bad=_TWO.format("m"),
)
def variants_differ(template: Template) -> Iterator[Finding]:
    """Warn of variants that compare nothing."""
    for config in template.of_type(CONFIG):
        entries = config["ProductionVariants"].entries()
        kinds = {(each["ModelName"].said, repr(_runs_on(each))) for each in entries}
        if len(entries) > 1 and len(kinds) == 1 and entries[0]["ModelName"]:
            yield Finding(entries[1]["ModelName"].path, "is that of every variant, and all run on the same")


def _runs_on(variant: Node) -> list[object]:
    return [variant[name].value for name in ("InstanceType", "InstancePools", "ServerlessConfig")]


_WITHOUT_ROLE = f"Model: {{Type: AWS::SageMaker::Model, Properties: {{PrimaryContainer: {{{_IMAGE}}}}}}}"


@rule(
    "SMC088",
    "A model that has something to fetch has a role to fetch it with",
    severity="warning",
    source="CreateModel.ExecutionRoleArn: to access model artifacts and the image; CloudFormation does not ask for it",
    about=Template,
    facts=["cloudformation/model_not_validated_by_schema"],
    good=_MODEL.format(f"PrimaryContainer: {{{_IMAGE}}}"),
    bad=_WITHOUT_ROLE,
)
def fetching(template: Template) -> Iterator[Finding]:
    """Warn of models without a role; those of inference components have the role of the endpoint configuration."""
    components = template.of_type(COMPONENT)
    brought = [template.referred(MODEL, component["Specification"]["ModelName"].said) for component in components]
    for model in template.of_type(MODEL):
        fetched = [node for each in containers_of(model) for node in (each["Image"], each["ModelDataUrl"]) if node]
        if fetched and not model["ExecutionRoleArn"] and not model.is_intrinsic and model not in brought:
            yield Finding(model["ExecutionRoleArn"].path, "is missing; SageMaker fetches images and artifacts with it")
