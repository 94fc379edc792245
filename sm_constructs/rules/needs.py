"""What execution roles need, by what stands in a template."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from sm_constructs.facts import images
from sm_constructs.reading.intrinsics import referred
from sm_constructs.reading.resources import COMPONENT, CONFIG, ENDPOINT, MODEL, Template
from sm_constructs.reading.transforms import job_requests
from sm_constructs.registries import parse_ecr_uri
from sm_constructs.rules.exclusive import containers_of
from sm_constructs.rules.references import rollback_alarms

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sm_constructs.reading.nodes import Node
    from sm_constructs.reading.resources import Resource

_BY_PATH = re.compile(r"https://s3[^/]*/(.+)")
_ATTACH = ("ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface")
_DESCRIBE = ("ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs")
_PULL = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


class Need(NamedTuple):
    """Something that a role must be allowed to do."""

    node: Node
    what: str
    action: str
    arn: str
    several: bool = False
    """Whether it is about more than one thing."""


def _object_arn(uri: str) -> str | None:
    """Give the ARN of an object; none where the form of the URI is another one."""
    if uri.startswith("s3://"):
        return f"arn:*:s3:::{uri.removeprefix('s3://')}"
    match = _BY_PATH.fullmatch(uri)
    return None if match is None else f"arn:*:s3:::{match[1]}"


def _needs_of_model(model: Resource) -> Iterator[Need]:
    yield from _needs_of_containers(containers_of(model))
    if network := model["VpcConfig"]:
        interface = "arn:*:ec2:*:*:network-interface/*"
        for action in _ATTACH:
            yield Need(network, "network interfaces", action, interface)
        for action in _DESCRIBE:
            yield Need(network, "the VPC", action, "*")


def _needs_of_containers(containers: Iterable[Node]) -> Iterator[Need]:
    for container in containers:
        image, source = container["Image"], container["ModelDataSource"]["S3DataSource"]["S3Uri"]
        uri = image.said or ""
        if (parts := parse_ecr_uri(uri)) is not None and not _is_published(parts.account):
            arn = f"arn:*:ecr:{parts.region}:{parts.account}:repository/{parts.repository}"
            for action in _PULL:
                yield Need(image, f"the image {uri}", action, arn)
            yield Need(image, f"the image {uri}", "ecr:GetAuthorizationToken", "*")
        for node in (container["ModelDataUrl"], container["ArtifactUrl"], source):
            data = node.said or ""
            tree = data.endswith("/") or container["Mode"].said == "MultiModel"
            if (place := _object_arn(data)) is not None:
                yield Need(node, "the model data", "s3:GetObject", f"{place}*" if tree else place, several=tree)
        config = container["ImageConfig"]
        login = config["RepositoryAuthConfig"]["RepositoryCredentialsProviderArn"] if config else config
        if login.said is not None:
            yield Need(login, "the credentials of the registry", "lambda:InvokeFunction", login.said)


def _is_published(account: str) -> bool:
    return account in images.registry_accounts()


def _needs_of_config(config: Resource) -> Iterator[Need]:
    capture, output = config["DataCaptureConfig"], config["AsyncInferenceConfig"]["OutputConfig"]
    places = [(output["S3OutputPath"], "the answers"), (output["S3FailurePath"], "the failures")]
    if capture["EnableCapture"].flag().value is not False:
        places.append((capture["DestinationS3Uri"], "what is captured"))
    for node, what in places:
        if (place := _object_arn(node.said or "")) is not None:
            yield Need(node, what, "s3:PutObject", f"{place}*")
    for name in ("SuccessTopic", "ErrorTopic"):
        topic = output["NotificationConfig"][name]
        if (arn := topic.said) is not None:
            yield Need(topic, "notifications", "sns:Publish", arn)


def _needs_of_endpoint(endpoint: Resource) -> Iterator[Need]:
    for alarm in rollback_alarms(endpoint):
        name = alarm["AlarmName"].said
        if name is not None:
            yield Need(alarm, "the alarm", "cloudwatch:DescribeAlarms", f"arn:*:cloudwatch:*:*:alarm:{name}")


def _needs_of_job(request: Node) -> Iterator[Need]:
    records = request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    if (place := _object_arn(records.said or "")) is not None:
        yield Need(records, "the records", "s3:GetObject", f"{place}*")
    results = request["TransformOutput"]["S3OutputPath"], request["DataCaptureConfig"]["DestinationS3Uri"]
    for node, what in zip(results, ("the results", "what is captured"), strict=True):
        if (place := _object_arn(node.said or "")) is not None:
            yield Need(node, what, "s3:PutObject", f"{place}*")


def _role_of(resource: Resource | None) -> str | None:
    return None if resource is None else referred(resource["ExecutionRoleArn"].said or "")


def _roles_of(template: Template, config: Resource) -> set[str]:
    users: Iterable[Node] = (
        *config["ProductionVariants"].entries(),
        *config["ShadowProductionVariants"].entries(),
    )
    models = [template.referred(MODEL, variant["ModelName"].said) for variant in users]
    return {role for role in (_role_of(config), *map(_role_of, models)) if role is not None}


def keys(template: Template) -> Iterator[tuple[str, Node]]:
    """Give the KMS keys that roles encrypt with, by the logical id of the role."""
    for config in template.of_type(CONFIG) if template.mentions("KmsKeyId") else ():
        capture, output = config["DataCaptureConfig"], config["AsyncInferenceConfig"]["OutputConfig"]
        for role in _roles_of(template, config):
            yield from ((role, place["KmsKeyId"]) for place in (capture, output))
    for request in job_requests(template):
        own = _role_of(template.referred(MODEL, request.node["ModelName"].said))
        if own is not None:
            places = request.node["TransformOutput"], request.node["DataCaptureConfig"]
            yield from ((own, place["KmsKeyId"]) for place in places)


def needs(template: Template) -> Iterator[tuple[str, Need]]:
    """Give what each role needs, by the logical id of the role."""
    for model in template.of_type(MODEL):
        if (role := _role_of(model)) is not None:
            yield from ((role, need) for need in _needs_of_model(model))
    for component in template.of_type(COMPONENT):
        endpoint = template.referred(ENDPOINT, component["EndpointName"].said)
        config = None if endpoint is None else template.referred(CONFIG, endpoint["EndpointConfigName"].said)
        if (role := _role_of(config)) is not None:
            container = component["Specification"]["Container"]
            yield from ((role, need) for need in _needs_of_containers([container]))
    for request in job_requests(template):
        if (role := _role_of(template.referred(MODEL, request.node["ModelName"].said))) is not None:
            yield from ((role, need) for need in _needs_of_job(request.node))
    for config in template.of_type(CONFIG):
        for role in _roles_of(template, config):
            yield from ((role, need) for need in _needs_of_config(config))
    for endpoint in template.of_type(ENDPOINT):
        config_there = template.referred(CONFIG, endpoint["EndpointConfigName"].said)
        for role in () if config_there is None else _roles_of(template, config_there):
            yield from ((role, need) for need in _needs_of_endpoint(endpoint))
