"""Write ``sm_constructs/facts/shapes.json``: what the properties of the resource types around hosting may be.

Run ``python scripts/make_shapes.py``. The facts come from two packages that the project develops with: the resource
schemas of CloudFormation as cfn-lint carries them (MIT-0; the schemas are AWS's), and the service models of botocore
(Apache-2.0). Where both limit a value, the narrower limit holds, since CloudFormation calls the API; where both list
values, either may know a new one first, and the lists are joined. The same packages always give the same bytes. What
changed against the table that stood there is printed.
"""

from __future__ import annotations

import json
import re
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StringShape, StructureShape
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

if TYPE_CHECKING:
    from collections.abc import Iterator

TARGET = Path(__file__).parent.parent / "sm_constructs" / "facts" / "shapes.json"

# The resource types, each with the calls that make and change it, and the property that a call is about.
TYPES = {
    "AWS::SageMaker::Model": [("sagemaker", "CreateModel", "")],
    "AWS::SageMaker::EndpointConfig": [("sagemaker", "CreateEndpointConfig", "")],
    "AWS::SageMaker::Endpoint": [("sagemaker", "CreateEndpoint", ""), ("sagemaker", "UpdateEndpoint", "")],
    "AWS::SageMaker::InferenceComponent": [
        ("sagemaker", "CreateInferenceComponent", ""),
        ("sagemaker", "UpdateInferenceComponent", ""),
    ],
    "AWS::ApplicationAutoScaling::ScalableTarget": [
        ("application-autoscaling", "RegisterScalableTarget", ""),
        ("application-autoscaling", "PutScheduledAction", "ScheduledActions"),
    ],
    "AWS::ApplicationAutoScaling::ScalingPolicy": [("application-autoscaling", "PutScalingPolicy", "")],
    "AWS::SageMaker::ModelPackageGroup": [("sagemaker", "CreateModelPackageGroup", "")],
    "AWS::SageMaker::ModelPackage": [("sagemaker", "CreateModelPackage", "")],
    "AWS::SageMaker::InferenceExperiment": [("sagemaker", "CreateInferenceExperiment", "")],
    "AWS::CloudWatch::Alarm": [("cloudwatch", "PutMetricAlarm", "")],
    "AWS::IAM::Role": [("iam", "CreateRole", "")],
}
# The calls that state machines and schedules make, since CloudFormation has no resource type for what they start.
REQUESTS = {"CreateTransformJob": "sagemaker"}
# The services of which all resource types are known.
SERVICES = ("SageMaker", "ApplicationAutoScaling", "AutoScaling", "CloudWatch", "IAM", "Scheduler", "StepFunctions")
# What cfn-lint means by a format; the identifiers of EC2 and KMS, as their API references give them.
_KEY = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|mrk-[0-9a-f]{32}"
_ALIAS = r"alias/[a-zA-Z0-9:/_-]{1,250}"
FORMATS = {
    "AWS::EC2::SecurityGroup.Id": r"sg-(?:[0-9a-f]{8}|[0-9a-f]{17})",
    "AWS::EC2::Subnet.Id": r"subnet-(?:[0-9a-f]{8}|[0-9a-f]{17})",
    "AWS::IAM::Role.Arn": r"arn:aws[a-zA-Z-]*:iam::[0-9]{12}:role/.+",
    "AWS::KMS::Alias.AliasName": _ALIAS,
    "AWS::KMS::Key.Arn": rf"arn:aws[a-zA-Z-]*:kms:[a-z0-9-]+:[0-9]{{12}}:(?:key/(?:{_KEY})|{_ALIAS})",
    "AWS::KMS::Key.Id": _KEY,
}
# A date with a time, in ISO 8601, as CloudFormation takes a timestamp.
MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(\.[0-9]+)?(Z|[+-][0-9]{2}:?[0-9]{2})?$"
KINDS = {"integer": "integer", "long": "integer", "float": "number", "double": "number", "boolean": "boolean"}
# Patterns that every text matches, without their anchors and brackets.
SAYS_NOTHING = {
    r"[\S\s]*",
    r"[\s\S]*",
    r"[\u0009\u000A\u000D\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF]*",
}

Node = dict[str, Any]


def of_schema(schema: Node, definitions: Node, name: str = "") -> Node:
    """Write a node of a CloudFormation schema with its references carried out."""
    if "$ref" in schema:
        named = schema["$ref"].rpartition("/")[2]
        return of_schema({**definitions[named], **{k: v for k, v in schema.items() if k != "$ref"}}, definitions, name)
    kind = schema.get("type")
    node: Node = {"type": kind if isinstance(kind, str) else "json"}
    if properties := schema.get("properties"):
        node["properties"] = {each: of_schema(properties[each], definitions, each) for each in sorted(properties)}
        node["required"] = sorted(schema.get("required", []))
    elif len(patterns := schema.get("patternProperties", {})) == 1:
        (value,) = patterns.values()
        node |= {"type": "json", "values": of_schema(value, definitions)}
    elif kind == "object":
        node["type"] = "json"
    if "items" in schema:
        node["items"] = of_schema(schema["items"], definitions, name)
    if "enum" in schema:
        node["enum"] = sorted(map(str, schema["enum"]))
    if "pattern" in schema:
        node["patterns"] = [schema["pattern"]]
    formats = [each.get("format") for each in [schema, *schema.get("anyOf", [])]]
    if forms := [FORMATS[each] for each in formats if each in FORMATS]:
        node.setdefault("patterns", []).append(f"^(?:{'|'.join(forms)})$")
    by = "Key" if name == "Tags" and "items" in schema else None  # AWS refuses two tags with one key
    more = {"unique": schema.get("uniqueItems"), "unique_by": by, "one_of": _exclusive(schema)}
    node |= {name: value for name, value in more.items() if value}
    node |= {
        into: {name: sorted(others) for name, others in sorted(schema[keyword].items())}
        for into, keyword in (("needs", "dependentRequired"), ("excludes", "dependentExcluded"))
        if keyword in schema
    }
    for into, low, high in (
        ("length", "minLength", "maxLength"),
        ("range", "minimum", "maximum"),
        ("count", "minItems", "maxItems"),
        ("count", "minProperties", "maxProperties"),
    ):
        if low in schema or high in schema:
            node[into] = [schema.get(low), schema.get(high)]
    return node


def _exclusive(schema: Node) -> list[str]:
    """Give the properties of which there is exactly one."""
    required = [each["required"] for each in schema.get("oneOf", []) if set(each) == {"required"}]
    return sorted(schema.get("requiredXor", []) or [name for names in required for name in names])


def narrow(node: Node, shape: Shape, name: str = "") -> None:
    """Add to a node what the API says of it."""
    metadata = shape.metadata
    ends = [metadata.get("min"), metadata.get("max")]
    match shape, node["type"]:
        case StructureShape(), "object":
            if name:  # what a call itself asks for, CloudFormation may make up
                missing = {*shape.required_members} & {*node.get("properties", {})} - {*node.get("required", [])}
                if missing:
                    node["asked"] = sorted({*node.get("asked", []), *missing})
            for each, child in node.get("properties", {}).items():
                if each in shape.members:
                    narrow(child, shape.members[each], each)
        case MapShape(), _:
            limit(node, "count", ends)
            narrow(node.setdefault("values", {"type": "string"}), shape.value)
        case ListShape(), "array":
            limit(node, "count", ends)
            narrow(node["items"], shape.member, name)
        case Shape(type_name="timestamp"), "string":
            node.setdefault("patterns", []).append(MOMENT)
        case StringShape(), "string":
            limit(node, "length", ends)
            if shape.enum:
                node["enum"] = sorted({*node.get("enum", []), *shape.enum})
            if pattern := metadata.get("pattern"):
                # The pattern of an API is about the whole text, whether or not it says so.
                node.setdefault("patterns", []).append(f"^(?:{pattern.removeprefix('^').removesuffix('$')})$")
        case _, ("integer" | "number"):
            limit(node, "range", ends)


def limit(node: Node, into: str, ends: list[Any]) -> None:
    """Keep the narrower of two limits."""
    if ends == [None, None]:
        return
    before = node.get(into, [None, None])
    node[into] = [
        choose([end for end in pair if end is not None], default=None)
        for choose, pair in zip((max, min), zip(before, ends, strict=True), strict=True)
    ]


def clean(node: Node) -> Node:
    """Leave out patterns that say nothing, or that Python's expressions cannot say."""
    patterns = []
    for pattern in dict.fromkeys(node.pop("patterns", [])):
        try:
            re.compile(pattern)
        except re.error:
            continue
        if re.sub(r"[\^$()?:]", "", pattern) not in SAYS_NOTHING:
            patterns.append(pattern)
    if patterns:
        node["patterns"] = patterns
    for child in [*node.get("properties", {}).values(), *(node[each] for each in ("items", "values") if each in node)]:
        clean(child)
    return node


@cache
def service_model(service: str) -> ServiceModel:
    """Give what botocore knows of a service."""
    return ServiceModel(Loader().load_service_model(service, "service-2"))


def resource_types() -> list[str]:
    """Give the types that CloudFormation has of the services around hosting."""
    there = PROVIDER_SCHEMA_MANAGER.get_resource_types("us-east-1")
    return sorted(kind for kind in there if kind.startswith(tuple(f"AWS::{service}::" for service in SERVICES)))


def shape_of(kind: str) -> Node:
    """Give what a resource type may be."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    node = of_schema({**schema, "type": "object"}, schema.get("definitions", {}))
    for service, operation, about in TYPES[kind]:
        request = service_model(service).operation_model(operation).input_shape
        if request is not None:
            narrow(node["properties"][about]["items"] if about else node, request)
    read_only = [path.removeprefix("/properties/").replace("/", ".") for path in schema.get("readOnlyProperties", [])]
    node["attributes"] = sorted(read_only)
    return clean(node)


def of_api(shape: Shape) -> Node:
    """Write a node of what an API takes."""
    match shape:
        case StructureShape():
            properties = {name: of_api(shape.members[name]) for name in sorted(shape.members)}
            return {"type": "object", "properties": properties, "required": sorted(shape.required_members)}
        case ListShape():
            return {"type": "array", "items": of_api(shape.member)}
        case MapShape():
            return {"type": "json", "values": of_api(shape.value)}
        case _:
            return {"type": KINDS.get(shape.type_name, "string")}


def request_shape(service: str, operation: str) -> Node:
    """Give what the request of a call may be."""
    shape: Shape = service_model(service).operation_model(operation).input_shape  # type: ignore[assignment]
    node = of_api(shape)
    narrow(node, shape)
    return clean(node)


def differences(before: object, after: object, path: str = "") -> Iterator[str]:
    """Tell what differs between two tables, a line each."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted({*before, *after}):
            yield from differences(before.get(name), after.get(name), f"{path}/{name}")
    elif isinstance(before, list) and isinstance(after, list) and all(isinstance(x, str) for x in [*before, *after]):
        for mark, gone, come in (("-", before, after), ("+", after, before)):
            yield from (f"{path} {mark} {each}" for each in gone if each not in come)
    elif before != after:
        yield f"{path}: {json.dumps(before)[:200]} -> {json.dumps(after)[:200]}"


def table() -> Node:
    """Give the whole table."""
    return {
        "sources": {name: version(name) for name in ("cfn-lint", "botocore")},
        "types": {kind: shape_of(kind) for kind in TYPES},
        "requests": {name: request_shape(service, name) for name, service in REQUESTS.items()},
        "resource_types": resource_types(),
    }


def main() -> int:
    """Write the table; print what changed."""
    before = json.loads(TARGET.read_text(encoding="utf-8")) if TARGET.exists() else {}
    after = table()
    for line in differences(before, after):
        sys.stdout.write(f"{line}\n")
    TARGET.write_text(json.dumps(after, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
