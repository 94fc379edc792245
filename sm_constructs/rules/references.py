"""References between the resources of a template, and the names that it fixes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sm_constructs.reading.intrinsics import references, text_of
from sm_constructs.reading.resources import COMPONENT, CONFIG, ENDPOINT, MODEL, POLICY, TARGET, Template
from sm_constructs.rules.registry import Finding, rule
from sm_constructs.rules.shapes import shapes
from sm_constructs.spec import once_each

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_constructs.reading.nodes import Node
    from sm_constructs.reading.resources import Resource

# What CloudFormation gives beside the read-only properties.
_NAMES = {
    MODEL: "ModelName",
    CONFIG: "EndpointConfigName",
    ENDPOINT: "EndpointName",
    COMPONENT: "InferenceComponentName",
}
_HOSTING = tuple(_NAMES)

_ROLE = "ExecutionRoleArn: 'arn:aws:iam::123456789012:role/hosting'"
_MODEL = f"Model: {{Type: AWS::SageMaker::Model, Properties: {{{_ROLE}}}}}\n"
_CONFIG = """\
Config:
  Type: AWS::SageMaker::EndpointConfig
  Properties:
    ProductionVariants: [{{VariantName: a, ModelName: {}, InstanceType: ml.m5.large, InitialInstanceCount: 1}}]
"""


def _config(model: str) -> str:
    return _MODEL + _CONFIG.format(model)


@once_each
def _references(template: Template) -> Iterator[tuple[str, str, str]]:
    """Give every reference in the resources of hosting: where it stands, the name, and the attribute."""
    for resource in template.of_type(*_HOSTING, TARGET, POLICY):
        if resource.type not in (TARGET, POLICY) or "sagemaker" in repr(resource.properties.value):
            for path, name, attribute in references(resource.properties.value):
                yield resource.properties.path + path, name, attribute


@rule(
    "SMC050",
    "A resource is named by its name; Ref gives its ARN",
    source="AWS::SageMaker::Model, EndpointConfig, Endpoint and InferenceComponent: return values",
    about=Template,
    facts=["cloudformation/ref_returns_arn", "inference_component/cfn_create_only"],
    good=_config("!GetAtt Model.ModelName"),
    bad=_config("!Ref Model"),
)
def names(template: Template) -> Iterator[Finding]:
    """Check that no ARN stands where a name is wanted."""
    for node in _named_places(template):
        for _, name, attribute in references(node.value):
            its = template.resource(name)
            if its is not None and its.type in _HOSTING and not attribute:
                wanted = f"{name}.{_NAMES[its.type]}"
                yield Finding(node.path, f"has Ref {name}, which gives an ARN; the name is Fn::GetAtt {wanted}")


def _named_places(template: Template) -> Iterator[Node]:
    """Give the places where SageMaker or Application Auto Scaling want a name."""
    for endpoint in template.of_type(ENDPOINT):
        yield endpoint["EndpointConfigName"]
    for config in template.of_type(CONFIG):
        for variant in _variants(config):
            yield variant["ModelName"]
    for component in template.of_type(COMPONENT):
        yield component["EndpointName"]
        yield component["Specification"]["ModelName"]
        yield component["Specification"]["BaseInferenceComponentName"]
    for target in template.of_type(TARGET, POLICY):
        yield target["ResourceId"]


def _variants(config: Resource) -> Iterator[Node]:
    for name in ("ProductionVariants", "ShadowProductionVariants"):
        yield from config[name].entries()


@rule(
    "SMC051",
    "A reference leads to something that there is",
    source='"Ref" and "Fn::GetAtt", CloudFormation user guide',
    about=Template,
    good=_config("!GetAtt Model.ModelName"),
    bad=_config("!GetAtt Modell.ModelName"),
)
def existing(template: Template) -> Iterator[Finding]:
    """Check that what is referred to exists, and has the attribute."""
    for path, name, attribute in _references(template):
        its = template.resource(name)
        if not attribute and not template.has_name(name):
            yield Finding(path, f"refers to {name}, which is neither a resource nor a parameter")
        elif attribute and not template.has_resource(name):
            yield Finding(path, f"refers to {name}.{attribute}, and there is no resource {name}")
        elif attribute and its is not None and its.type in _HOSTING:
            there = {*shapes()[its.type]["attributes"], _NAMES[its.type]}
            if attribute not in there:
                yield Finding(path, f"refers to {name}.{attribute}; {its.type} has {', '.join(sorted(there))}")


@rule(
    "SMC052",
    "A reference leads to a resource of the type that is wanted",
    source="AWS::SageMaker::Endpoint, EndpointConfig and InferenceComponent in the CloudFormation reference",
    about=Template,
    good=_config("!GetAtt Model.ModelName"),
    bad=_config("!GetAtt Config.EndpointConfigName"),
)
def fitting(template: Template) -> Iterator[Finding]:
    """Check the types of what is referred to."""
    for node, kind in _typed_places(template):
        for _, name, _ in references(node.value):
            its = template.resource(name)
            if its is not None and its.type in _HOSTING and its.type != kind:
                yield Finding(node.path, f"refers to {name}, which is an {its.type}; it names an {kind}")


def _typed_places(template: Template) -> Iterator[tuple[Node, str]]:
    for endpoint in template.of_type(ENDPOINT):
        yield endpoint["EndpointConfigName"], CONFIG
    for config in template.of_type(CONFIG):
        for variant in _variants(config):
            yield variant["ModelName"], MODEL
    for component in template.of_type(COMPONENT):
        yield component["EndpointName"], ENDPOINT
        yield component["Specification"]["ModelName"], MODEL
        yield component["Specification"]["BaseInferenceComponentName"], COMPONENT


@rule(
    "SMC053",
    "Models and endpoint configurations have no physical names",
    severity="warning",
    source='"Update behaviors of stack resources", CloudFormation user guide: a custom-named resource is not replaced',
    about=Template,
    facts=[
        "cloudformation/custom_name_trap",
        "cloudformation/model_replacement",
        "cloudformation/endpoint_config_replacement",
    ],
    good=_MODEL,
    bad=f"Model: {{Type: AWS::SageMaker::Model, Properties: {{ModelName: scorer, {_ROLE}}}}}",
)
def physical_names(template: Template) -> Iterator[Finding]:
    """Warn of names that stand in the way of the next update."""
    for resource in template.of_type(MODEL, CONFIG):
        node = resource[_NAMES[resource.type]]
        if text_of(node.value) is not None:
            yield Finding(
                node.path,
                "is given; every change replaces the resource, and CloudFormation does not replace one with a name",
            )
