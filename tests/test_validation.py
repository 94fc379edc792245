"""The plugin for the CDK tells what is wrong in whatever an app synthesises, with the construct that has it."""

from __future__ import annotations

import json
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_sagemaker_alpha as alpha
from conftest import CONTEXT

from sm_constructs import Container, ContainerImage, HostingRules, Problem, ServerlessEndpoint, validation

IMAGE = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/scorer:1"
MEMORY = "Properties.ProductionVariants.0.ServerlessConfig.MemorySizeInMB"


@pytest.fixture
def app(tmp_path):
    """Give an app that only our plugin looks at."""
    app = cdk.App(context=CONTEXT, outdir=str(tmp_path / "cdk.out"), builtin_cloud_formation_validation=False)
    cdk.Validations.of(app).add_plugins(HostingRules())
    return app


def serverless(scope, id="Config", memory=1500, weight=1):
    variant = {
        "variantName": "AllTraffic",
        "modelName": "scorer",
        "initialVariantWeight": weight,
        "serverlessConfig": {"memorySizeInMb": memory, "maxConcurrency": 5},
    }
    return sagemaker.CfnEndpointConfig(scope, id, production_variants=[variant])


def acknowledge(scope, code):
    cdk.Validations.of(scope).acknowledge(cdk.Acknowledgment(id=f"sm-constructs::{code}", reason="we know"))


def violations(app) -> list[dict]:
    """Give what the plugin tells, in a report that fails exactly where one of it is an error."""
    error = ""
    try:
        app.synth()
    except RuntimeError as raised:
        error = str(raised)
    report = Path(app.outdir, "validation-report.json")
    reports = json.loads(report.read_text())["pluginReports"] if report.exists() else []
    found = [each for report in reports if report["pluginName"] == "sm-constructs" for each in report["violations"]]
    assert ("ValidationFailed" in error) == any(each["severity"] == "error" for each in found)
    return found


def places(app) -> set[tuple[str, str]]:
    return {(each["ruleName"], it["constructPath"]) for each in violations(app) for it in each["violatingConstructs"]}


def test_a_mistake_is_told_with_its_construct_and_all_that_is_known(app, stack):
    serverless(stack)
    (violation,) = violations(app)
    (construct,) = violation.pop("violatingConstructs")
    assert violation == {
        "ruleName": "SMC102",
        "description": "ProductionVariants/0/ServerlessConfig/MemorySizeInMB is 1500; "
        "serverless memory is one of 1024, 2048, 3072, 4096, 5120, 6144",
        "suggestedFix": "Serverless memory is one of six sizes (AWS: ProductionVariantServerlessConfig.MemorySizeInMB)",
        "severity": "error",
        "ruleMetadata": {
            "title": "Serverless memory is one of six sizes",
            "source": "ProductionVariantServerlessConfig.MemorySizeInMB",
        },
    }
    assert construct["constructPath"] == "Stack/Config"
    assert construct["cloudFormationResource"] == {
        "templatePath": "Stack.template.json",
        "logicalId": "Config",
        "propertyPaths": [MEMORY],
    }


def test_the_error_says_it_too(app, stack):
    serverless(stack)
    with pytest.raises(RuntimeError) as error:
        app.synth()
    text = str(error.value)
    assert "MemorySizeInMB is 1500" in text
    assert "Stack/Config" in text
    assert "Acknowledge with 'sm-constructs::SMC102'" in text


def test_a_mistake_made_with_the_alpha_constructs_is_told_with_theirs(app, stack):
    repository = ecr.Repository.from_repository_name(stack, "Repository", "scorer")
    model = alpha.Model(
        stack,
        "Model",
        role=iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com")),
        containers=[
            alpha.ContainerDefinition(image=alpha.ContainerImage.from_ecr_repository(repository, "1.4")),
        ],
    )
    config = alpha.EndpointConfig(
        stack,
        "Config",
        instance_production_variants=[
            alpha.InstanceProductionVariantProps(variant_name="the champion", model=model),
        ],
    )
    alpha.Endpoint(stack, "Endpoint", endpoint_config=config)
    logs = ("SMC868", "Stack/Model/Model")  # their role may not write any
    assert places(app) == {("SMC002", "Stack/Config/EndpointConfig"), logs}


def test_an_acknowledgement_is_for_a_construct_and_what_is_in_it(app, stack):
    serverless(stack, "Known")
    serverless(stack, "New")
    acknowledge(stack.node.find_child("Known"), "SMC102")
    assert places(app) == {("SMC102", "Stack/New")}


def test_an_acknowledgement_is_for_the_whole_app(app, stack):
    serverless(stack)
    acknowledge(app, "SMC102")
    assert violations(app) == []


def test_an_acknowledgement_is_for_one_rule(app, stack):
    serverless(stack)
    acknowledge(app, "SMC101")
    assert places(app) == {("SMC102", "Stack/Config")}


def test_two_that_break_one_rule_in_one_way_are_told_together(app, stack):
    serverless(stack, "One")
    serverless(stack, "Two")
    (violation,) = violations(app)
    assert [it["constructPath"] for it in violation["violatingConstructs"]] == ["Stack/One", "Stack/Two"]


def test_a_warning_is_told_and_fails_nothing(app, stack):
    serverless(stack, memory=1024, weight=0)
    assert [(each["ruleName"], each["severity"]) for each in violations(app)] == [("SMC006", "warning")]


def test_a_warning_is_left_out_on_request(tmp_path):
    app = cdk.App(context=CONTEXT, outdir=str(tmp_path / "cdk.out"), builtin_cloud_formation_validation=False)
    cdk.Validations.of(app).add_plugins(HostingRules(warnings=False))
    stack = cdk.Stack(app, "Stack")
    serverless(stack, memory=1500, weight=0)
    assert places(app) == {("SMC102", "Stack/Config")}
    assert "SMC006" not in HostingRules(warnings=False).rule_ids
    assert {"SMC102", "SMC006"} < set(HostingRules().rule_ids)


def endpoint(scope, image):
    container = Container(ContainerImage.from_uri(image))
    return ServerlessEndpoint(scope, "Endpoint", container=container, memory_mb=1024, max_concurrency=5)


@pytest.mark.parametrize("acknowledged", [False, True])
def test_a_warning_of_our_constructs_is_not_repeated(app, stack, acknowledged):
    ours = endpoint(stack, IMAGE.replace(":1", ":latest"))
    if acknowledged:
        cdk.Annotations.of(ours).acknowledge_warning("sm-constructs:SMC412", "asked for")
    assert violations(app) == []


def test_what_an_escape_hatch_does_to_our_constructs_is_told(app, stack):
    config = endpoint(stack, IMAGE).node.find_child("Config")
    config.add_property_override("ProductionVariants.0.ServerlessConfig.MemorySizeInMB", 1500)
    config.add_property_override("ProductionVariants.0.InitialVariantWeight", 0)
    assert places(app) == {("SMC102", "Stack/Endpoint/Config"), ("SMC006", "Stack/Endpoint/Config")}


def test_nested_stacks_and_stages_are_looked_at(app):
    stage = cdk.Stage(app, "Prod")
    nested = cdk.NestedStack(cdk.NestedStack(cdk.Stack(stage, "Stack"), "Outer"), "Inner")
    serverless(nested)
    endpoint(nested, IMAGE)
    assert places(app) == {("SMC102", "Prod/Stack/Outer/Inner/Config")}


def test_the_region_of_a_stack_counts(app):
    serverless(cdk.Stack(app, "Here", env=cdk.Environment(region="eu-west-1")), memory=1024)
    serverless(cdk.Stack(app, "There", env=cdk.Environment(region="cn-north-1")), memory=1024)
    assert places(app) == {("SMC107", "There/Config")}


def test_a_stack_with_nothing_in_it_has_no_problem(app):
    cdk.Stack(app, "Empty", synthesizer=cdk.LegacyStackSynthesizer())
    s3.Bucket(cdk.Stack(app, "Other", synthesizer=cdk.LegacyStackSynthesizer()), "Bucket")
    assert violations(app) == []


def test_what_belongs_to_no_resource_is_told_of_the_stack(app, stack, monkeypatch):
    serverless(stack)
    problem = Problem("SMC102", "error", "Mappings/Memory/live/Size is 1500", "Mappings/Memory/live/Size", "AWS")
    monkeypatch.setattr(validation, "check_template", lambda *_, **__: [problem])
    assert places(app) == {("SMC102", "Stack")}
