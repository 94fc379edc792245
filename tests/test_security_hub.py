"""Security Hub's controls for SageMaker that look at hosting: what they find is in docs/security.md.

Security Hub looks at an account, not at a template, so the controls are written down here. Their source, with the
numbers and the titles: https://docs.aws.amazon.com/securityhub/latest/userguide/sagemaker-controls.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NamedTuple

import pytest
from aws_cdk import aws_ec2
from conftest import ROOT
from documented import DOCUMENTED, TEMPLATES
from templates import Synthesised

from sm_constructs import (
    Container,
    ContainerImage,
    InferenceComponent,
    InferenceComponentEndpoint,
    Instances,
    Network,
    PipelineEndpoint,
    RealTimeEndpoint,
)


class Control(NamedTuple):
    """A control: its title, the resource that it looks at, and whether it fails one with these properties."""

    title: str
    resource: str
    fails: Callable[[dict], bool]


def one_instance(config: dict) -> bool:
    """Tell whether a variant on instances starts with fewer than two."""
    variants = (variant for variant in config["ProductionVariants"] if "ServerlessConfig" not in variant)
    return any(variant["InitialInstanceCount"] < 2 for variant in variants)


def from_elsewhere(container: dict) -> bool:
    """Tell whether an image does not come from a registry in the VPC."""
    return container.get("ImageConfig", {}).get("RepositoryAccessMode") != "Vpc"


HOSTING = {
    4: Control(
        "SageMaker endpoint production variants should have an initial instance count greater than 1",
        "AWS::SageMaker::EndpointConfig",
        one_instance,
    ),
    5: Control(
        "SageMaker models should have network isolation enabled",
        "AWS::SageMaker::Model",
        lambda model: not model.get("EnableNetworkIsolation", False),
    ),
    16: Control(
        "SageMaker models should use private registry in VPC for primary containers",
        "AWS::SageMaker::Model",
        lambda model: "PrimaryContainer" in model and from_elsewhere(model["PrimaryContainer"]),
    ),
    19: Control(
        "SageMaker models should use private registry in VPC for multi-container inference pipelines",
        "AWS::SageMaker::Model",
        lambda model: any(from_elsewhere(container) for container in model.get("Containers", ())),
    ),
}
# The other controls look at what no construct makes.
OTHERS = {
    "AWS::SageMaker::NotebookInstance": (1, 2, 3, 8, 21),
    "AWS::SageMaker::AppImageConfig": (6,),
    "AWS::SageMaker::Image": (7,),
    "AWS::SageMaker::DataQualityJobDefinition": (9, 11),
    "AWS::SageMaker::ModelExplainabilityJobDefinition": (10, 20),
    "AWS::SageMaker::ModelBiasJobDefinition": (12, 15),
    "AWS::SageMaker::ModelQualityJobDefinition": (13, 25),
    "AWS::SageMaker::MonitoringSchedule": (14, 22),
    "AWS::SageMaker::FeatureGroup": (17, 18),
    "AWS::SageMaker::InferenceExperiment": (23, 24),
}
LAST = 25


def findings(template: dict) -> set[str]:
    resources = template["Resources"].values()
    return {
        f"SageMaker.{number}"
        for number, control in HOSTING.items()
        for resource in resources
        if resource["Type"] == control.resource and control.fails(resource["Properties"])
    }


def test_each_control_is_one_of_hosting_or_of_something_else():
    assert sorted([*HOSTING, *(number for numbers in OTHERS.values() for number in numbers)]) == [*range(1, LAST + 1)]


def test_what_is_found_is_documented():
    found = set().union(*(findings(json.loads(path.read_text())) for path in TEMPLATES))
    assert found == {row for row in DOCUMENTED if row.startswith("SageMaker.")}


def test_the_titles_are_in_the_documentation():
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    assert [control.title for control in HOSTING.values() if control.title not in page] == []


def test_no_example_has_what_the_other_controls_look_at():
    resources = [each for path in TEMPLATES for each in json.loads(path.read_text())["Resources"].values()]
    assert {each["Type"] for each in resources} & set(OTHERS) == set()


AWS_IMAGE = ContainerImage.from_framework("sklearn", "1.4-2")
OWN_IMAGE = ContainerImage.from_uri("registry.example.com/team/scorer:1.4")
ONE, TWO = Instances("ml.m5.large"), Instances("ml.m5.large", count=2)


@pytest.fixture
def vpc(stack):
    return aws_ec2.Vpc(stack, "Vpc", max_azs=2, restrict_default_security_group=False)


@pytest.fixture
def real_time(stack):
    def make(image, instances, **options):
        RealTimeEndpoint(stack, "Endpoint", container=Container(image), instances=instances, **options)
        return findings(Synthesised(stack).json)

    return make


def test_nothing_is_settled_by_default(real_time):
    assert real_time(AWS_IMAGE, ONE) == {"SageMaker.4", "SageMaker.5", "SageMaker.16"}


def test_two_instances_settle_their_finding(real_time):
    assert real_time(AWS_IMAGE, TWO) == {"SageMaker.5", "SageMaker.16"}


def test_network_isolation_settles_its_finding(real_time):
    assert real_time(AWS_IMAGE, ONE, network=Network(isolated=True)) == {"SageMaker.4", "SageMaker.16"}


def test_a_registry_in_the_vpc_settles_its_finding(real_time, vpc):
    assert real_time(OWN_IMAGE, ONE, network=Network(vpc)) == {"SageMaker.4", "SageMaker.5"}


def test_all_findings_can_be_settled_together(real_time, vpc):
    assert real_time(OWN_IMAGE, TWO, network=Network(vpc, isolated=True)) == set()


@pytest.mark.parametrize(("image", "found"), [(AWS_IMAGE, {"SageMaker.19"}), (OWN_IMAGE, set())], ids=["aws", "own"])
def test_a_registry_in_the_vpc_settles_it_for_several_containers_too(image, found, stack, vpc):
    containers = [Container(image, hostname=name) for name in ("first", "second")]
    network = Network(vpc, isolated=True)
    PipelineEndpoint(stack, "Endpoint", containers=containers, instances=TWO, network=network)
    assert findings(Synthesised(stack).json) == found


def test_the_models_of_inference_components_are_found_although_they_run_isolated(stack):
    container = Container(AWS_IMAGE)
    component = InferenceComponent("scorer", container=container, cpus=1, memory_mb=1024, copies=1)
    InferenceComponentEndpoint(stack, "Endpoint", components=[component], instances=TWO, network=Network(isolated=True))
    template = Synthesised(stack)
    assert template.properties("AWS::SageMaker::EndpointConfig")["EnableNetworkIsolation"] is True
    assert "SageMaker.5" in findings(template.json)
