"""The requests that CloudFormation makes of hosting resources, to be judged by botocore's service models.

CloudFormation turns texts into numbers and back as the schema asks; so does this. What is known at deployment only
becomes a sample that the service model takes.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Collection, Iterator
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from sm_constructs.local import shapes
from sm_constructs.reading.intrinsics import NO_VALUE, is_intrinsic

_POLICY = {
    "PolicyName": "name",
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/name/variant/main",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
_ACTION = {name: value for name, value in _POLICY.items() if name != "PolicyName"}
# The properties that a call has, and what it is given where the template says nothing; None is every property.
_CALLS: dict[str, list[tuple[str, str, dict[str, str], set[str] | None]]] = {
    "AWS::SageMaker::Model": [("sagemaker", "CreateModel", {"ModelName": "name"}, None)],
    "AWS::SageMaker::EndpointConfig": [("sagemaker", "CreateEndpointConfig", {"EndpointConfigName": "name"}, None)],
    "AWS::SageMaker::Endpoint": [
        ("sagemaker", "CreateEndpoint", {"EndpointName": "name"}, None),
        (
            "sagemaker",
            "UpdateEndpoint",
            {"EndpointName": "name", "EndpointConfigName": "name"},
            {"RetainAllVariantProperties", "RetainDeploymentConfig", "ExcludeRetainedVariantProperties"},
        ),
    ],
    "AWS::SageMaker::InferenceComponent": [
        ("sagemaker", "CreateInferenceComponent", {"InferenceComponentName": "name"}, None),
        ("sagemaker", "UpdateInferenceComponent", {"InferenceComponentName": "name"}, {"DeploymentConfig"}),
    ],
    "AWS::ApplicationAutoScaling::ScalableTarget": [("application-autoscaling", "RegisterScalableTarget", {}, None)],
    "AWS::ApplicationAutoScaling::ScalingPolicy": [("application-autoscaling", "PutScalingPolicy", _POLICY, None)],
}
HOSTING = frozenset(_CALLS)
"""The resource types that are judged."""

# What the calls do not have: CloudFormation itself does something with it.
_OF_CLOUDFORMATION = {"ScalingTargetId", "ScheduledActions", "EndpointArn"}
_SAMPLES = [
    "name",
    "1",
    "arn:aws:iam::123456789012:role/name",
    "arn:aws:sagemaker:us-east-1:123456789012:training-plan/name",
    "arn:aws:sns:us-east-1:123456789012:name",
    "arn:aws:lambda:us-east-1:123456789012:function:name",
    "s3://bucket/key",
    "endpoint/name/variant/main",
]
_INTEGER = re.compile(r"-?\d+(\.0+)?")


def refused(template: dict) -> Iterator[tuple[str, str, str]]:
    """Give what the service models refuse: the resource, the operation, and the words."""
    for id, resource in template["Resources"].items():
        kind = resource.get("Type")
        properties = resource.get("Properties", {})
        if kind not in HOSTING or not isinstance(properties, dict) or is_intrinsic(properties):
            continue
        properties = without(properties, read_only(kind))
        elsewhere = set().union(*(only or () for _, _, _, only in _CALLS[kind])) | _OF_CLOUDFORMATION
        for service, operation, given, only in _CALLS[kind]:
            wanted = {k: v for k, v in properties.items() if (k not in elsewhere if only is None else k in only)}
            if only is None or wanted:
                yield from ((id, operation, text) for text in _check(service, operation, {**given, **wanted}))
        actions = properties.get("ScheduledActions")
        for action in actions if isinstance(actions, list) else ():
            if isinstance(action, dict) and not is_intrinsic(action):
                problems = _check("application-autoscaling", "PutScheduledAction", {**_ACTION, **action})
                yield from ((id, "PutScheduledAction", text) for text in problems)


@functools.cache
def read_only(kind: str) -> frozenset[tuple[str, ...]]:
    """Give the properties that a template may have, and that CloudFormation sends to nobody."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    paths = schema.get("readOnlyProperties", ())
    return frozenset(tuple(path.removeprefix("/properties/").split("/")) for path in paths)


def without(value: Any, paths: Collection[tuple[str, ...]]) -> Any:
    """Leave out what is at some places; ``*`` is any entry of a list."""
    if isinstance(value, list):
        return [without(each, [path[1:] for path in paths if path[0] == "*"]) for each in value]
    if not isinstance(value, dict) or not paths:
        return value
    return {
        name: without(each, [path[1:] for path in paths if path[0] == name and len(path) > 1])
        for name, each in value.items()
        if (name,) not in paths
    }


def _check(service: str, operation: str, properties: dict) -> list[str]:
    shape = shapes.operation_model(service, operation).input_shape
    return shapes.check(service, operation, _sent(shape, properties))


def _sent(shape: Shape, value: Any) -> Any:
    """Give what a request carries for a value of a template."""
    if is_intrinsic(value):
        return _sample(shape)
    match shape, value:
        case StructureShape(), dict():
            return {
                name: _sent(shape.members[name], each) if name in shape.members else each
                for name, each in value.items()
                if each != NO_VALUE
            }
        case MapShape(), dict():
            return {name: _sent(shape.value, each) for name, each in value.items() if each != NO_VALUE}
        case ListShape(), list():
            return [_sent(shape.member, each) for each in value if each != NO_VALUE]
        case _:
            return _coerced(shape.type_name, value)


def _coerced(kind: str, value: Any) -> Any:  # noqa: PLR0911 - a case each
    match kind, value:
        case "map", str():
            return _json(value)
        case "string", bool():
            return str(value).lower()
        case "string", (int() | float()):
            return str(value)
        case (("integer" | "long"), str()) if _INTEGER.fullmatch(value.strip()):
            return int(float(value))
        case (("integer" | "long"), float()) if value.is_integer():
            return int(value)
        case (("float" | "double"), str()):
            try:
                return float(value)
            except ValueError:
                return value
        case "boolean", str() if value.lower() in ("true", "false"):
            return value.lower() == "true"
        case _:
            return value


def _json(text: str) -> Any:
    """CloudFormation takes JSON in a text, too."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _sample(shape: Shape) -> Any:
    match shape:
        case StructureShape():
            return {name: _sample(shape.members[name]) for name in shape.required_members}
        case ListShape():
            return [_sample(shape.member)] * max(1, shape.metadata.get("min", 1))
        case MapShape():
            return {}
    if shape.type_name == "string":
        options = [*shape.metadata.get("enum", ()), *_SAMPLES]
    elif shape.type_name == "boolean":
        options = [True]
    else:
        options = [shape.metadata.get("min", 1)]
    return next((each for each in options if not [*shapes._broken(shape, each)]), options[0])
