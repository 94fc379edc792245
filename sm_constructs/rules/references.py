"""References between the resources of a template, and the names that it fixes."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sm_constructs.facts import limit
from sm_constructs.reading.intrinsics import TOKEN, calls, differ, references_of, referred, text_of
from sm_constructs.reading.resources import (
    ALARM,
    COMPONENT,
    CONFIG,
    ENDPOINT,
    MODEL,
    POLICY,
    READ_TYPES,
    ROLE,
    TARGET,
    Template,
)
from sm_constructs.rules.registry import Finding, rule
from sm_constructs.rules.shapes import shapes
from sm_constructs.spec import once_each
from sm_constructs.tokens import is_text

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
_RUNS = "PrimaryContainer: {Image: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/scorer:1'}"
_MODEL = f"Model: {{Type: AWS::SageMaker::Model, Properties: {{{_ROLE}, {_RUNS}}}}}\n"
_CONFIG = """\
Config:
  Type: AWS::SageMaker::EndpointConfig
  Properties:
    ProductionVariants: [{{VariantName: a, ModelName: {}, InstanceType: ml.m5.large, InitialInstanceCount: 1}}]
"""


_ADAPTER = """\
Adapter:
  Type: AWS::SageMaker::InferenceComponent
  DependsOn: Component
  Properties:
    InferenceComponentName: adapter
    EndpointName: !GetAtt Endpoint.EndpointName
    Specification: {{BaseInferenceComponentName: {}, Container: {{ArtifactUrl: s3://models/adapter.tar.gz}}}}
"""
_ON_VARIANT = """\
Endpoint: {{Type: AWS::SageMaker::Endpoint, Properties: {{EndpointConfigName: !GetAtt Config.EndpointConfigName}}}}
Config:
  Type: AWS::SageMaker::EndpointConfig
  Properties:
    ExecutionRoleArn: arn:aws:iam::123456789012:role/hosting
    ProductionVariants: [{{VariantName: a, InstanceType: ml.m5.large, InitialInstanceCount: 1}}]
Component:
  Type: AWS::SageMaker::InferenceComponent
  Properties:
    EndpointName: !GetAtt Endpoint.EndpointName
    VariantName: {}
    Specification: {{ModelName: m, ComputeResourceRequirements: {{MinMemoryRequiredInMb: 1024}}}}
"""


def _config(model: str) -> str:
    return _MODEL + _CONFIG.format(model)


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
    for node, _, name, attribute, kind in _namings(template):
        if (attribute and not attribute.endswith("Arn")) or template.resource(name) is None or node.is_cut_out:
            continue  # cut out of the ARN, perhaps
        if kind in _NAMES:
            said = f"Fn::GetAtt {name}.{attribute}" if attribute else f"Ref {name}"
            wanted = f"{name}.{_NAMES[kind]}"
            yield Finding(node.path, f"has {said}, which gives an ARN; the name is Fn::GetAtt {wanted}")
        elif kind == ALARM and attribute == "Arn":
            yield Finding(node.path, f"has the ARN of {name}; the name is Ref {name}")
    for id, kind in template.types.items():
        if kind.startswith("AWS::SageMaker::") and kind not in READ_TYPES:
            for path, told in monitored(template.properties(id), f"Resources/{id}/Properties"):
                endpoint = template.referred(ENDPOINT, text_of(told))
                if endpoint is not None and told == {"Ref": endpoint.id}:
                    said = (
                        f"has Ref {endpoint.id}, which gives an ARN; the name is Fn::GetAtt {endpoint.id}.EndpointName"
                    )
                    yield Finding(path, said)


def monitored(value: Any, path: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - JSON
    """Give the names of the endpoints that a monitor looks at, with their places."""
    for name, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        if name == "EndpointInput" and isinstance(each, dict):
            yield f"{path}/EndpointInput/EndpointName", each.get("EndpointName")
        else:
            yield from monitored(each, f"{path}/{name}")


class _Naming(NamedTuple):
    """A reference to a resource where a name is wanted."""

    node: Node
    wanted: str | None
    """The type of what is to be named, if it is known."""
    name: str
    attribute: str
    kind: str
    """The type of what is referred to."""


@once_each
def _namings(template: Template) -> Iterator[_Naming]:
    for node, wanted in _named_places(template):
        for _, name, attribute in template.references(node):
            if (kind := template.types.get(name)) is not None:
                yield _Naming(node, wanted, name, attribute, kind)


def _named_places(template: Template) -> Iterator[tuple[Node, str | None]]:
    """Give the places where SageMaker or Application Auto Scaling want a name, and the type of what has it."""
    for endpoint in template.of_type(ENDPOINT):
        yield endpoint["EndpointConfigName"], CONFIG
    for updated in template.of_type(ENDPOINT, COMPONENT):
        for alarm in rollback_alarms(updated):
            yield alarm["AlarmName"], ALARM
    for config in template.of_type(CONFIG):
        for variant in _variants(config):
            yield variant["ModelName"], MODEL
    for component in template.of_type(COMPONENT):
        yield component["EndpointName"], ENDPOINT
        yield component["Specification"]["ModelName"], MODEL
        yield component["Specification"]["BaseInferenceComponentName"], COMPONENT
    for target in template.of_type(TARGET, POLICY):
        about = (target["ResourceId"].said or "").partition("/")[0]
        yield target["ResourceId"], {"inference-component": COMPONENT, "endpoint": ENDPOINT}.get(about)


def rollback_alarms(resource: Resource) -> tuple[Node, ...]:
    """Give the places of the alarms that take back an update of an endpoint or an inference component."""
    return resource["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"].entries()


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
    for resource in template.of_type(*_HOSTING, TARGET, POLICY, ALARM):
        for name in resource.depends_on:
            if not template.has_resource(name):
                yield Finding(f"Resources/{resource.id}/DependsOn", f"names {name}, and there is no such resource")
        if resource.type in _HOSTING or template.is_of_hosting(resource):
            for path, name, attribute in template.references(resource):
                if (said := _missing(template, name, attribute)) is not None:
                    yield Finding(resource.path + path, said)
    for output, definition in template.section("Outputs").items():
        for said in _missing_in_output(template, definition):
            yield Finding(f"Outputs/{output}/Value", said)


def _missing(template: Template, name: str, attribute: str) -> str | None:
    """Say what is not there of what a reference leads to."""
    if not template.has_name(name) and template.may_be_made(name):
        return None
    if not attribute:
        return None if template.has_name(name) else f"refers to {name}, which is neither a resource nor a parameter"
    kind = template.types.get(name)
    if kind is None:
        return f"refers to {name}.{attribute}, and there is no resource {name}"
    if kind not in _NAMES or template.resource(name) is None or attribute in _attributes(kind):
        return None
    return f"refers to {name}.{attribute}; {kind} has {', '.join(sorted(_attributes(kind)))}"


@cache
def _attributes(kind: str) -> frozenset[str]:
    return frozenset({*shapes()[kind]["attributes"], _NAMES[kind]})


def _missing_in_output(template: Template, definition: object) -> Iterator[str]:
    """Say what is not there of what an output refers to, as far as it is known what there is in every case."""
    is_known = not template.section("Conditions")
    called = calls({"": definition})
    is_conditional = isinstance(definition, dict) and "Condition" in definition
    is_conditional = is_conditional or any(function == "Fn::If" for _, function, _ in called)
    for _, name, attribute in references_of(called):
        its = template.resource(name)
        missing = _missing(template, name, attribute) if its is not None or is_known else None
        if missing is not None:
            yield missing
        if its is not None and its.is_conditional and not is_conditional:
            yield f"refers to {name}, which is there on a condition only; the output has none"


@rule(
    "SMC052",
    "A reference leads to a resource of the type that is wanted",
    source="AWS::SageMaker::Endpoint, EndpointConfig and InferenceComponent in the CloudFormation reference",
    about=Template,
    good=_config("!GetAtt Model.ModelName"),
    bad=_config("!GetAtt Other.EndpointName")
    + "Other: {Type: AWS::SageMaker::Endpoint, Properties: {EndpointConfigName: other}}",
)
def fitting(template: Template) -> Iterator[Finding]:
    """Check the types of what is referred to."""
    for node, wanted, name, _, kind in _namings(template):
        if wanted in (kind, None) or (wanted == ALARM and kind == "AWS::CloudWatch::CompositeAlarm"):
            continue
        if wanted == ALARM:
            yield Finding(node.path, f"refers to {name}, which is an {kind}; it names an alarm")
        elif kind in _NAMES and template.resource(name) is not None:
            yield Finding(node.path, f"refers to {name}, which is an {kind}; it names an {wanted}")
    for model in template.of_type(MODEL) if template.mentions("ModelPackageName") else ():
        for container in (model["PrimaryContainer"], *model["Containers"].entries()):
            node = container["ModelPackageName"]
            for _, name, _ in template.references(node):
                if template.types.get(name, "") in _NAMES:
                    yield Finding(node.path, f"refers to {name}, which is an {template.types[name]}; it is a package")


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
    bad=f"Model: {{Type: AWS::SageMaker::Model, Properties: {{ModelName: scorer, {_ROLE}, {_RUNS}}}}}",
)
def physical_names(template: Template) -> Iterator[Finding]:
    """Warn of names that stand in the way of the next update."""
    for resource in template.of_type(MODEL, CONFIG):
        node = resource[_NAMES[resource.type]]
        if node.said is not None:
            yield Finding(
                node.path,
                "is given; every change replaces the resource, and CloudFormation does not replace one with a name",
            )


@rule(
    "SMC054",
    "An inference component is on a variant of its endpoint",
    source="CreateInferenceComponent.VariantName",
    about=Template,
    good=_ON_VARIANT.format("a"),
    bad=_ON_VARIANT.format("b"),
)
def variants_of_components(template: Template) -> Iterator[Finding]:
    """Check that the variant is there."""
    for component in template.of_type(COMPONENT):
        node = component["VariantName"]
        names, name = variant_names(template, component["EndpointName"].said), node.said
        if names is not None and is_text(name) and name not in names:
            yield Finding(node.path, f"is {name!r}; the endpoint has {', '.join(sorted(names))}")


_BASED = _ON_VARIANT.format("a").replace(
    "EndpointName: !GetAtt", "InferenceComponentName: base\n    EndpointName: !GetAtt"
)


@rule(
    "SMC077",
    "The base of an adapter is another component of its endpoint",
    source="InferenceComponentSpecification.BaseInferenceComponentName",
    about=Template,
    facts=["inference_component/adapter"],
    good=_BASED + _ADAPTER.format("base"),
    bad=_BASED + _ADAPTER.format("bass"),
)
def bases(template: Template) -> Iterator[Finding]:
    """Check that the base is there; with the endpoint, all that is on it is in the template."""
    names: dict[str, list[str | None]] = defaultdict(list)
    for component in template.of_type(COMPONENT):
        endpoint = template.referred(ENDPOINT, component["EndpointName"].said)
        if endpoint is not None and not component["Specification"]["BaseInferenceComponentName"]:
            names[endpoint.id].append(component["InferenceComponentName"].said)
    for component in template.of_type(COMPONENT):
        node = component["Specification"]["BaseInferenceComponentName"]
        endpoint = template.referred(ENDPOINT, component["EndpointName"].said)
        there = [] if endpoint is None else names[endpoint.id]
        said_base = node.said
        if said_base is None or endpoint is None or not (there or is_text(said_base)):
            continue
        if not all(each is not None and differ(each, said_base) for each in there):
            continue
        names_there = TOKEN.sub("…", ", ".join(map(str, there)) or "none")
        said = TOKEN.sub("…", said_base)
        yield Finding(node.path, f"is {said!r}; with a container of its own the endpoint has {names_there}")


def variant_names(template: Template, endpoint_name: str | None, *, shadows: bool = False) -> set[str] | None:
    """Give the names of the variants of an endpoint, if the template has it and all are known."""
    endpoint = template.referred(ENDPOINT, endpoint_name)
    config = None if endpoint is None else template.referred(CONFIG, endpoint["EndpointConfigName"].said)
    if config is None or config["ProductionVariants"].is_intrinsic:
        return None
    entries = config["ProductionVariants"].entries()
    if shadows:
        entries += config["ShadowProductionVariants"].entries()
    names = [variant["VariantName"].said for variant in entries]
    known = {name for name in names if is_text(name)}
    return known if known and len(known) == len(names) else None


@rule(
    "SMC055",
    "What names a resource of the template waits for it",
    source='"DependsOn attribute", CloudFormation user guide',
    about=Template,
    facts=["cloudformation/delete_order"],
    good=_CONFIG.format("!GetAtt Model.ModelName") + _MODEL,
    bad=_CONFIG.format("scorer") + _MODEL.replace("ExecutionRoleArn", "ModelName: scorer, ExecutionRoleArn"),
)
def in_order(template: Template) -> Iterator[Finding]:
    """Check that nothing is named by a literal before it is made."""
    for node, user, kind, name in _literal_names(template) if template.has_names else ():
        its = template.named(kind, name)
        if its is not None and its.id not in (user.id, referred(name)) and not template.waits_for(user, its):
            yield Finding(node.path, f"names {its.id} without referring to it: CloudFormation may make this one first")
    registered = {scaled(target): target for target in template.of_type(TARGET)}
    for policy in template.of_type(POLICY):
        about = None if policy["ScalingTargetId"] else scaled(policy)
        its = None if about is None else registered.get(about)
        if its is not None and not template.waits_for(policy, its):
            said = f"is that of {its.id}, to which this does not refer: CloudFormation may make this one first"
            yield Finding(policy["ResourceId"].path, said)
    for user in template.of_type(MODEL, CONFIG) if template.has_names else ():
        arn = user["ExecutionRoleArn"]
        before, _, name = (arn.said or "").rpartition("/")
        its = template.named(ROLE, name) if before.endswith(":role") and is_text(name) else None
        if its is not None and not template.waits_for(user, its):
            yield Finding(arn.path, f"names {its.id} without referring to it: CloudFormation may make this one first")


def scaled(scaling: Resource) -> tuple[str, str] | None:
    """Give what a scalable target or a policy says that it scales: the resource id and the dimension."""
    about, dimension = scaling["ResourceId"].said, scaling["ScalableDimension"].said
    return None if about is None or dimension is None else (about, dimension)


def _literal_names(template: Template) -> Iterator[tuple[Node, Resource, str, str]]:
    """Give where a resource may be named by a literal: the place, whose it is, the type that is named, the name."""
    users = [
        *((resource, node, kind) for resource in template.of_type(*_HOSTING) for node, kind in _places_of(resource)),
        *((target, target["ResourceId"], ENDPOINT) for target in template.of_type(TARGET)),
    ]
    for resource, node, kind in users:
        name = node.said
        if name is not None and resource.type == TARGET:
            about, _, rest = name.partition("/")
            name = rest.partition("/")[0]
            kind = COMPONENT if about == "inference-component" else ENDPOINT  # noqa: PLW2901
        if name:
            yield node, resource, kind, name


def _places_of(resource: Resource) -> Iterator[tuple[Node, str]]:
    if resource.type == ENDPOINT:
        yield resource["EndpointConfigName"], CONFIG
    elif resource.type == CONFIG:
        for variant in _variants(resource):
            yield variant["ModelName"], MODEL
    elif resource.type == COMPONENT:
        yield resource["EndpointName"], ENDPOINT
        yield resource["Specification"]["ModelName"], MODEL
        yield resource["Specification"]["BaseInferenceComponentName"], COMPONENT


@rule(
    "SMC056",
    "A template is not larger than CloudFormation takes",
    source='"CloudFormation quotas", CloudFormation user guide',
    about=Template,
    facts=[
        "cloudformation/resources_per_stack",
        "cloudformation/outputs_parameters",
        "cloudformation/template_body",
        "cloudformation/template_bytes",
    ],
    good=_MODEL,
    bad="".join(f"Role{number}: {{Type: AWS::IAM::Role}}\n" for number in range(501)),
)
def size(template: Template) -> Iterator[Finding]:
    """Check the numbers of things in a template."""
    for section, number, most in (
        ("Resources", len(template.types), limit("cloudformation", "resources_per_stack")),
        ("Parameters", template.count("Parameters"), limit("cloudformation", "outputs_parameters")),
        ("Outputs", template.count("Outputs"), limit("cloudformation", "outputs_parameters")),
    ):
        if number > most:
            yield Finding(section, f"has {number} entries; there are at most {most}")
    most = limit("cloudformation", "template_bytes")
    if (size := template.size_above(most)) is not None:
        yield Finding("Resources", f"make a template of at least {size} bytes; it has at most {most}")
