"""What stands beside the resources of hosting: their names, networks, functions, logs and monitors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sm_constructs.facts import limit
from sm_constructs.reading.intrinsics import references, text_of
from sm_constructs.reading.resources import (
    COMPONENT,
    CONFIG,
    ENDPOINT,
    MODEL,
    PACKAGE,
    PACKAGE_GROUP,
    PHYSICAL_NAMES,
    READ_TYPES,
    ROLE,
    Template,
)
from sm_constructs.rules.references import monitored
from sm_constructs.rules.registry import Finding, mentioning, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_constructs.reading.nodes import Node
    from sm_constructs.reading.resources import Resource

_FUNCTION = "AWS::Lambda::Function"
_LOG_GROUP = "AWS::Logs::LogGroup"
_IN_VPC = {"Subnets": "AWS::EC2::Subnet", "SecurityGroupIds": "AWS::EC2::SecurityGroup"}
_LISTS = ("CommaDelimitedList", "List<", "AWS::SSM::Parameter::Value<List<")
_KEPT = ("Retain", "RetainExceptOnCreate")

_MODEL = """\
{}:
  Type: AWS::SageMaker::Model
  Properties:
    ModelName: {}
    ExecutionRoleArn: {}
    PrimaryContainer: {{Image: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/scorer:1'}}
"""
_ANY_ROLE = "arn:aws:iam::123456789012:role/hosting"
_NETWORK = """\
Model:
  Type: AWS::SageMaker::Model
  Properties:
    ExecutionRoleArn: arn:aws:iam::123456789012:role/hosting
    PrimaryContainer: {{Image: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/scorer:1'}}
    VpcConfig: {{Subnets: [!Ref {}], SecurityGroupIds: [sg-0123456789abcdef0]}}
Vpc: {{Type: AWS::EC2::VPC, Properties: {{CidrBlock: 10.0.0.0/16}}}}
Subnet: {{Type: AWS::EC2::Subnet, Properties: {{VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24}}}}
"""
_ENDPOINT = """\
Endpoint:
  Type: AWS::SageMaker::Endpoint
  {}
  Properties: {{EndpointName: scorer, EndpointConfigName: !GetAtt Config.EndpointConfigName}}
Config:
  Type: AWS::SageMaker::EndpointConfig
  Properties:
    ProductionVariants: [{{VariantName: a, ModelName: m, InstanceType: ml.m5.large, InitialInstanceCount: 1}}]
"""
_CALLER = """\
Caller:
  Type: AWS::Lambda::Function
  Properties: {{Role: !Ref RoleArn, Environment: {{Variables: {{ENDPOINT_NAME: {}}}}}}}
"""
_LOGS = "Logs: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /aws/sagemaker/Endpoints/scorer}}\n"
_MONITOR = """\
Monitor:
  Type: AWS::SageMaker::DataQualityJobDefinition
  Properties: {DataQualityJobInput: {EndpointInput: {EndpointName: !GetAtt Endpoint.EndpointName}}}
"""
_CAPTURE = """\
    DataCaptureConfig:
      InitialSamplingPercentage: 10
      DestinationS3Uri: s3://captured/
      CaptureOptions: [{CaptureMode: Input}]
"""


@rule(
    "SMC081",
    "No two resources of a type have the same name",
    source='"Name type", CloudFormation user guide; CreateEndpoint.EndpointName: unique, in whatever case',
    about=Template,
    facts=["cloudformation/name_patterns"],
    good=_MODEL.format("One", "scorer-a", _ANY_ROLE) + _MODEL.format("Two", "scorer-b", _ANY_ROLE),
    bad=_MODEL.format("One", "scorer", _ANY_ROLE) + _MODEL.format("Two", "scorer", _ANY_ROLE),
)
def different_names(template: Template) -> Iterator[Finding]:
    """Check physical names."""
    for kind, name in PHYSICAL_NAMES.items():
        first: dict[str, str] = {}
        for resource in template.of_type(kind) if kind in READ_TYPES else ():
            node = resource[name]
            if (said := node.said) is not None:
                key = said.lower() if kind == ENDPOINT else said
                if (other := first.setdefault(key, resource.id)) != resource.id:
                    yield Finding(node.path, f"is {said!r}, and so is that of {other}; each has a name of its own")


@rule(
    "SMC082",
    "Roles, subnets and security groups are referred to as such, one by one, in one VPC",
    source="VpcConfig.Subnets, SecurityGroupIds; CreateModel.ExecutionRoleArn",
    about=Template,
    facts=["realtime/vpc_config"],
    good=_NETWORK.format("Subnet"),
    bad=_NETWORK.format("Vpc"),
)
def of_fitting_types(template: Template) -> Iterator[Finding]:
    """Check references out of hosting."""
    for resource in template.of_type(MODEL, CONFIG):
        arn = resource["ExecutionRoleArn"]
        for _, name, attribute in template.references(arn):
            kind = template.types.get(name, "")
            is_known = kind.startswith("AWS::") and not kind.startswith("AWS::CloudFormation::")
            if attribute == "Arn" and is_known and kind != ROLE:
                yield Finding(arn.path, f"refers to {name}, which is an {kind}; it is a role")
        network = resource["VpcConfig"]
        places: dict[str, object] = {}
        for property_name, wanted in _IN_VPC.items():
            for entry in network[property_name].entries():
                yield from _of_network(template, entry, wanted, places)


def _of_network(template: Template, entry: Node, wanted: str, places: dict[str, object]) -> Iterator[Finding]:
    for _, name, attribute in references(entry.value):
        kind = template.types.get(name, "")
        parameter = template.section("Parameters").get(name)
        listed = str(parameter.get("Type")) if isinstance(parameter, dict) else ""
        if listed.startswith("AWS::EC2::") and not listed.startswith(wanted):
            yield Finding(entry.path, f"refers to {name}, which is an {listed}; it is an {wanted}::Id")
        elif kind.startswith("AWS::EC2::") and kind != wanted and attribute != "DefaultSecurityGroup":
            yield Finding(entry.path, f"refers to {name}, which is an {kind}; it is an {wanted}")
        elif not attribute and listed.startswith(_LISTS) and entry.value == {"Ref": name}:
            yield Finding(
                entry.path, f"refers to {name}, which is a list; it is one of them, or the whole is Ref {name}"
            )
        elif kind == wanted == _IN_VPC["SecurityGroupIds"] and template.properties(name).get("VpcId") is None:
            for other, its in places.items():
                if isinstance(its, dict) and _is_plain(template, its):
                    yield Finding(entry.path, f"is {name}, in the default VPC, and {other} is in another")
                    break
        elif kind == wanted and (vpc := template.properties(name).get("VpcId")) is not None:
            for other, its in places.items():
                if type(its) is type(vpc) and its != vpc and _is_plain(template, its) and _is_plain(template, vpc):
                    yield Finding(entry.path, f"is {name}, in another VPC than {other}")
                    break
            places[name] = vpc


def _is_plain(template: Template, vpc: object) -> bool:
    """Say whether it is known which VPC is meant: a text, or one of the template."""
    match vpc:
        case str():
            return True
        case {"Ref": str(name)}:
            return template.has_resource(name)
        case _:
            return False


@rule(
    "SMC083",
    "A function that is told the name of an endpoint is not told its ARN",
    severity="warning",
    source="AWS::SageMaker::Endpoint: Ref gives the ARN; InvokeEndpoint.EndpointName takes the name",
    about=Template,
    facts=["cloudformation/ref_returns_arn"],
    good=_ENDPOINT.format("") + _CALLER.format("!GetAtt Endpoint.EndpointName"),
    bad=_ENDPOINT.format("") + _CALLER.format("!Ref Endpoint"),
)
def told_names(template: Template) -> Iterator[Finding]:
    """Warn of ARNs in what callers take for a name."""
    for id, kind in template.types.items():
        environment = template.properties(id).get("Environment") if kind == _FUNCTION else None
        variables = environment.get("Variables") if isinstance(environment, dict) else None
        for name, value in variables.items() if isinstance(variables, dict) else ():
            match value:
                case {"Ref": str(referred)}:
                    endpoint = template.resource(referred)
                case _:
                    continue
            if endpoint is not None and endpoint.type == ENDPOINT and "name" in str(name).lower():
                at = f"Resources/{id}/Properties/Environment/Variables/{name}"
                yield Finding(at, f"is Ref {endpoint.id}, which gives an ARN; the name is {endpoint.id}.EndpointName")


@rule(
    "SMC084",
    "The log group of an endpoint is there before the endpoint",
    severity="warning",
    source="SageMaker makes the log group of an endpoint with its first line; CreateLogGroup refuses one that there is",
    about=Template,
    facts=["cloudwatch/log_group"],
    good=_ENDPOINT.format("DependsOn: Logs") + _LOGS,
    bad=_ENDPOINT.format("") + _LOGS,
)
def log_groups(template: Template) -> Iterator[Finding]:
    """Warn of log groups that SageMaker may make before CloudFormation does."""
    prefix = limit("cloudwatch", "log_group").partition("<")[0]
    for id, kind in template.types.items():
        name = text_of(template.properties(id).get("LogGroupName")) if kind == _LOG_GROUP else None
        if name is None or not name.lower().startswith(prefix.lower()):
            continue
        if not name.startswith(prefix):
            yield Finding(f"Resources/{id}/Properties/LogGroupName", f"is not that of an endpoint, which is {prefix}…")
        endpoint = template.referred(ENDPOINT, name.removeprefix(prefix))
        if endpoint is not None and id not in template.before(endpoint):
            at = f"Resources/{id}/Properties/LogGroupName"
            yield Finding(at, f"is that of {endpoint.id}, which may make it first: there, add DependsOn: {id}")


@rule(
    "SMC085",
    "What an endpoint that outlives its stack needs outlives it too",
    severity="warning",
    source="DeleteEndpoint, UpdateEndpoint: the configuration and the role are there as long as the endpoint",
    about=Template,
    facts=["cloudformation/delete_order"],
    good=_ENDPOINT.format(""),
    bad=_ENDPOINT.format("DeletionPolicy: Retain"),
)
def kept(template: Template) -> Iterator[Finding]:
    """Warn of endpoints that are kept without what they run on."""
    for endpoint in template.of_type(ENDPOINT):
        if endpoint.deletion_policy not in _KEPT:
            continue
        needed = (template.resource(id) for id in template.before(endpoint))
        lost = sorted(each.id for each in needed if each and each.type in (CONFIG, MODEL, ROLE) and _is_deleted(each))
        if lost:
            said = f"is {endpoint.deletion_policy}; {', '.join(lost)} would be deleted under the running endpoint"
            yield Finding(f"Resources/{endpoint.id}/DeletionPolicy", said)


def _is_deleted(resource: Resource) -> bool:
    return resource.deletion_policy in (None, "Delete")


@rule(
    "SMC086",
    "What is monitored is captured",
    severity="warning",
    source="EndpointInput: the captured data of an endpoint are what a monitor looks at",
    about=Template,
    good=_ENDPOINT.format("") + _CAPTURE + _MONITOR,
    bad=_ENDPOINT.format("") + _MONITOR,
)
def captured(template: Template) -> Iterator[Finding]:
    """Warn of monitors that will find nothing."""
    for id, kind in template.types.items():
        if not kind.startswith("AWS::SageMaker::") or kind in READ_TYPES:
            continue
        for path, name in monitored(template.properties(id), f"Resources/{id}/Properties"):
            endpoint = template.referred(ENDPOINT, text_of(name))
            config = None if endpoint is None else template.referred(CONFIG, endpoint["EndpointConfigName"].said)
            if endpoint is not None and config is not None and not config["DataCaptureConfig"]:
                yield Finding(path, f"is {endpoint.id}, which captures nothing")


_TAGGED = _MODEL.format("Model", "scorer", _ANY_ROLE) + "    Tags: [{Key: project, Value: churn}]\n"


@rule(
    "SMC092",
    "The key of a tag does not begin with aws:",
    source='"Tag naming limits and requirements", AWS General Reference: aws: is reserved',
    about=Template,
    where=mentioning("aws:"),
    facts=["cloudformation/tags_max"],
    good=_TAGGED,
    bad=_TAGGED.replace("project", "'aws:project'"),
)
def tags(template: Template) -> Iterator[Finding]:
    """Check the keys of tags."""
    for resource in template.of_type(MODEL, CONFIG, ENDPOINT, COMPONENT, PACKAGE, PACKAGE_GROUP):
        for tag in resource["Tags"].entries():
            if (tag["Key"].said or "").lower().startswith("aws:"):
                yield Finding(tag["Key"].path, f"is {tag['Key'].said!r}; what begins with aws: is AWS's own")
