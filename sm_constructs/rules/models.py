"""Models and variants, packages and experiments, as they stand in templates."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sm_constructs.facts import images, limit
from sm_constructs.reading.intrinsics import referred
from sm_constructs.reading.resources import CONFIG, EXPERIMENT, MODEL, PACKAGE, Template
from sm_constructs.registries import parse_ecr_uri
from sm_constructs.rules.exclusive import (
    CONFIG_EXAMPLE,
    IMAGE_EXAMPLE,
    MODEL_EXAMPLE,
    containers,
    containers_of,
    either,
    models_of_components,
    variants,
)
from sm_constructs.rules.registry import Finding, mentioning, rule
from sm_constructs.tokens import is_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_constructs.reading.nodes import Node


@rule(
    "SMC073",
    "A multi-model container says where its models lie",
    source="ContainerDefinition.Mode, ModelDataUrl: the prefix under which the models of a multi-model container lie",
    about=Template,
    facts=["mme/model_data_url_is_prefix"],
    good=MODEL_EXAMPLE.format(
        f"PrimaryContainer: {{{IMAGE_EXAMPLE}, Mode: MultiModel, ModelDataUrl: s3://models/store/}}"
    ),
    bad=MODEL_EXAMPLE.format(f"PrimaryContainer: {{{IMAGE_EXAMPLE}, Mode: MultiModel}}"),
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
    where=mentioning("AsyncInferenceConfig"),
    facts=["serverless/excluded_features_matrix", "async/excluded_by_feature_matrix"],
    good=CONFIG_EXAMPLE.format("InstanceType: ml.m5.large, InitialInstanceCount: 1"),
    bad=CONFIG_EXAMPLE.format("ServerlessConfig: {MemorySizeInMB: 1024, MaxConcurrency: 5}")
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
_OF_PACKAGE = MODEL_EXAMPLE.format("PrimaryContainer: {ModelPackageName: !Ref Package}") + "\n"


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
        yield from either(package, "ModelPackageName", "ModelPackageGroupName", needed=False)


@rule(
    "SMC076",
    "A model package that is deployed is approved",
    severity="warning",
    source='"Update the approval status of a model", SageMaker developer guide: approved to be deployed',
    about=Template,
    where=mentioning("ModelPackageName"),
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
    ModelVariants:
    - {{ModelName: m, VariantName: a, InfrastructureConfig: &same {{InfrastructureType: RealTimeInference,
        RealTimeInferenceConfig: {{InstanceType: ml.m5.large, InstanceCount: 1}}}}}}
    - {{ModelName: n, VariantName: s, InfrastructureConfig: *same}}
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
    where=mentioning("ServerlessConfig"),
    facts=["serverless/excluded_model_data_source"],
    good=CONFIG_EXAMPLE.format("ServerlessConfig: {MemorySizeInMB: 1024, MaxConcurrency: 5}"),
    bad=CONFIG_EXAMPLE.replace("ModelName: m", "ModelName: !GetAtt Model.ModelName").format(
        "ServerlessConfig: {MemorySizeInMB: 1024, MaxConcurrency: 5}"
    )
    + MODEL_EXAMPLE.format(
        f"PrimaryContainer: {{{IMAGE_EXAMPLE}, ModelDataSource: {{S3DataSource: "
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
        entries = (*config["ProductionVariants"].entries(), *config["ShadowProductionVariants"].entries())
        if len(entries) == 1:
            continue
        kinds = {(each["ModelName"].said, repr(_runs_on(each))) for each in entries}
        if len(entries) > 1 and len(kinds) == 1 and entries[0]["ModelName"]:
            yield Finding(entries[1]["ModelName"].path, "is that of every variant, and all run on the same")


def _runs_on(variant: Node) -> list[object]:
    return [variant[name].value for name in ("InstanceType", "InstancePools", "ServerlessConfig")]


_WITHOUT_ROLE = f"Model: {{Type: AWS::SageMaker::Model, Properties: {{PrimaryContainer: {{{IMAGE_EXAMPLE}}}}}}}"


@rule(
    "SMC088",
    "A model that has something to fetch has a role to fetch it with",
    severity="warning",
    source="CreateModel.ExecutionRoleArn: to access model artifacts and the image; CloudFormation does not ask for it",
    about=Template,
    facts=["cloudformation/model_not_validated_by_schema"],
    good=MODEL_EXAMPLE.format(f"PrimaryContainer: {{{IMAGE_EXAMPLE}}}"),
    bad=_WITHOUT_ROLE,
)
def fetching(template: Template) -> Iterator[Finding]:
    """Warn of models without a role; those of inference components have the role of the endpoint configuration."""
    brought = models_of_components(template)
    for model in template.of_type(MODEL):
        fetched = [node for each in containers_of(model) for node in (each["Image"], each["ModelDataUrl"]) if node]
        if fetched and not model["ExecutionRoleArn"] and not model.is_intrinsic and model not in brought:
            yield Finding(model["ExecutionRoleArn"].path, "is missing; SageMaker fetches images and artifacts with it")


@rule(
    "SMC090",
    "A shadow experiment lasts an hour to 30 days, and its variants are there",
    source='"Create a shadow test", SageMaker developer guide; ShadowModeConfig',
    about=Template,
    where=mentioning(EXPERIMENT),
    facts=["shadow/shadow_test_duration", "shadow/limits"],
    good=_EXPERIMENT.format(50),
    bad=_EXPERIMENT.format(50).replace("SourceModelVariantName: a", "SourceModelVariantName: b"),
)
def experiments(template: Template) -> Iterator[Finding]:
    """Check how long experiments last, and what they compare."""
    least, most = (timedelta(seconds=end) for end in limit("shadow", "shadow_test_duration"))
    for experiment in template.of_type(EXPERIMENT):
        schedule = experiment["Schedule"]
        start, end = schedule["StartTime"].moment().value, schedule["EndTime"].moment().value
        if start is not None and end is not None and not least <= end - start <= most:
            yield Finding(schedule["EndTime"].path, f"is {end - start} after the start; it is {least} to {most}")
        there = [each["VariantName"].said for each in experiment["ModelVariants"].entries()]
        mode = experiment["ShadowModeConfig"]
        shadows = (each["ShadowModelVariantName"] for each in mode["ShadowModelVariants"].entries())
        for node in (mode["SourceModelVariantName"], *shadows):
            if is_text(node.said) and there and all(map(is_text, there)) and node.said not in there:
                yield Finding(node.path, f"is {node.said!r}; the variants are {', '.join(map(str, there))}")


_SHADOW = """\
Config:
  Type: AWS::SageMaker::EndpointConfig
  Properties:
    ProductionVariants: [{{VariantName: a, ModelName: m, InstanceType: ml.m5.large, InitialInstanceCount: 1}}]
    ShadowProductionVariants: [{{VariantName: s, {}InstanceType: ml.m5.large, InitialInstanceCount: 1}}]
"""


@rule(
    "SMC091",
    "A shadow variant has a model",
    source="CreateEndpointConfig.ShadowProductionVariants: a replica of the traffic goes to its model",
    about=Template,
    where=mentioning("ShadowProductionVariants"),
    facts=["shadow/limits"],
    good=_SHADOW.format("ModelName: n, "),
    bad=_SHADOW.format(""),
)
def shadow_models(template: Template) -> Iterator[Finding]:
    """Check that there is something to run."""
    for config in template.of_type(CONFIG):
        for variant in config["ShadowProductionVariants"].entries():
            if not variant["ModelName"] and not variant.is_intrinsic:
                yield Finding(variant["ModelName"].path, "is missing; a shadow variant has a model")


_MAPPED = (
    MODEL_EXAMPLE.format(f"PrimaryContainer: {{{IMAGE_EXAMPLE}}}")
    + "\n"
    + """\
Mappings: {Registries: {eu-west-1: {Account: 'ACCOUNT'}}}
"""
)


@rule(
    "SMC419",
    "A mapping by region has the images of each region",
    source='"Docker registry paths and example code", SageMaker documentation; an image is of the same region',
    about=Template,
    facts=["realtime/same_region"],
    good=_MAPPED.replace("ACCOUNT", "141502667606"),
    bad=_MAPPED.replace("ACCOUNT", "683313688378"),
)
def regional_images(template: Template) -> Iterator[Finding]:
    """Check the images and the registries in the rows of mappings; each row is for another deployment."""
    for name, rows in template.section("Mappings").items():
        for region, row in rows.items() if isinstance(rows, dict) else ():
            there = images.accounts_in(region) if isinstance(region, str) else frozenset[str]()
            for key, value in row.items() if there and isinstance(row, dict) else ():
                at = f"Mappings/{name}/{region}/{key}"
                parts = parse_ecr_uri(value) if isinstance(value, str) else None
                account = value if parts is None else parts.account
                if parts is not None and is_text(parts.region) and parts.region != region:
                    yield Finding(at, f"is an image in {parts.region}; a model takes images of its own region")
                elif isinstance(account, str) and account in images.registry_accounts() and account not in there:
                    said = f"has the registry of {account}, which is not one of those in {region}"
                    yield Finding(at, f"{said}: {', '.join(sorted(there))}")
