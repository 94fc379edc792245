"""What CloudFormation itself refuses, whatever a resource is: what a template is made of, and how it fits together."""

from __future__ import annotations

import re
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from sm_constructs.reading.intrinsics import EXTENSIONS, LOOP, calls, references
from sm_constructs.reading.resources import ALARM, COMPONENT, CONFIG, ENDPOINT, MODEL, POLICY, ROLE, TARGET, Template
from sm_constructs.rules.registry import Finding, rule
from sm_constructs.tokens import is_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LOOKED_AT = (MODEL, CONFIG, ENDPOINT, COMPONENT, TARGET, POLICY)
_ENDPOINT = "Endpoint: {{Type: AWS::SageMaker::Endpoint, Properties: {{EndpointConfigName: {}}}}}\n"
_CONFIG = """\
Config:
  Type: AWS::SageMaker::EndpointConfig
  {}
  Properties:
    ProductionVariants: [{{VariantName: a, ModelName: m, InstanceType: ml.m5.large, InitialInstanceCount: 1}}]
"""
_REF = "!GetAtt Config.EndpointConfigName"
_VERSION = "2010-09-09"
_ID = re.compile("[A-Za-z0-9]+")
_PARAMETER_TYPES = re.compile("String|Number|CommaDelimitedList|List<(Number|AWS::.+)>|AWS::.+")
_FATES = {
    "DeletionPolicy": ("Delete", "Retain", "RetainExceptOnCreate", "Snapshot"),
    "UpdateReplacePolicy": ("Delete", "Retain", "Snapshot"),
}
# The attributes of resources that may say anything, and all of them.
_FREE = {"Type", "Properties", "DependsOn", "Condition", "Metadata", "CreationPolicy", "UpdatePolicy"}
_ATTRIBUTES = _FREE | _FATES.keys()


@rule(
    "SMC057",
    "Mappings and conditions that are used are there",
    source='"Fn::FindInMap", "Fn::If", "Fn::Select" and "Conditions", CloudFormation user guide',
    about=Template,
    good=_ENDPOINT.format("c"),
    bad=_ENDPOINT.format("{'Fn::If': [IsProduction, a, b]}"),
)
def there(template: Template) -> Iterator[Finding]:
    """Check what is looked up."""
    mappings, conditions = template.section("Mappings"), template.section("Conditions")
    for id, definition in template.definitions:
        condition = definition.get("Condition") if isinstance(definition, dict) else None
        if isinstance(condition, str) and condition not in conditions:
            yield Finding(f"Resources/{id}/Condition", f"is {condition}, and there is no such condition")
    for name, condition in conditions.items():
        yield from _in_condition(template, name, condition)
    alarms = [alarm for alarm in template.of_type(ALARM) if template.is_of_hosting(alarm)]
    for resource in (*template.of_type(*_LOOKED_AT), *alarms):
        for path, name, argument in template.calls(resource):
            match name, argument:
                case "Fn::If", [str(condition), *_] if condition not in conditions:
                    yield Finding(resource.path + path, f"asks for the condition {condition}, which is not there")
                case "Fn::If", [*several] if len(several) != _PARTS_OF_IF:
                    said = f"is Fn::If with {len(several)} entries; it has a condition and two values"
                    yield Finding(resource.path + path, said)
                case "Fn::ImportValue", _ if any(map(template.has_resource, _names_in(argument))):
                    yield Finding(resource.path + path, "is Fn::ImportValue of a name with a resource in it")
                case "Fn::Select", [int() | str() as index, [*several]] if _is_beyond(index, len(several)):
                    yield Finding(resource.path + path, f"selects entry {index}, counted from 0, of {len(several)}")
                case "Fn::FindInMap", [str(table), row, column] if table not in mappings:
                    yield Finding(resource.path + path, f"looks into the mapping {table}, which is not there")
                case "Fn::FindInMap", [str(table), str() | int() as row, str() | int() as column]:
                    rows = mappings[table]
                    columns = rows.get(str(row)) if isinstance(rows, dict) else None
                    if not isinstance(columns, dict) or str(column) not in columns:
                        said = f"looks for {row}, {column} in the mapping {table}, which has no such entry"
                        yield Finding(resource.path + path, said)


_PARTS_OF_IF = 3


def _names_in(value: object) -> set[str]:
    return {name for _, name, _ in references(value)}


def _is_beyond(index: int | str, number: int) -> bool:
    return str(index).isdecimal() and int(index) >= number


def _in_condition(template: Template, name: str, condition: object) -> Iterator[Finding]:
    for _, function, argument in calls({"": condition}):
        if function == "Condition" and argument not in template.section("Conditions"):
            yield Finding(f"Conditions/{name}", f"asks for the condition {argument}, which is not there")
        elif function == "Fn::GetAtt" or (function == "Ref" and template.has_resource(str(argument))):
            yield Finding(f"Conditions/{name}", f"has {function} of a resource; conditions are known before resources")


@rule(
    "SMC058",
    "A parameter has a type, and its default is a value that it may have",
    source='"Parameters", CloudFormation user guide',
    about=Template,
    good=_ENDPOINT.format("c"),
    bad=_ENDPOINT.format("!Ref Name") + "Parameters: {Name: {Type: String, AllowedValues: [a, b], Default: c}}",
)
def defaults(template: Template) -> Iterator[Finding]:
    """Check defaults against what the parameter itself says."""
    for name, parameter in template.section("Parameters").items():
        if not isinstance(parameter, dict):
            continue
        kind = parameter.get("Type")
        if isinstance(kind, str) and not _PARAMETER_TYPES.fullmatch(kind):
            yield Finding(f"Parameters/{name}/Type", f"is {kind!r}; it is String, Number, a list, or a type of AWS")
        elif kind is None:
            yield Finding(f"Parameters/{name}/Type", "is missing; a parameter has a type, such as String")
        if isinstance(parameter.get("Default"), str | int | float):
            for text in _misfits(parameter, str(parameter["Default"])):
                yield Finding(f"Parameters/{name}/Default", text)


def _misfits(parameter: dict[str, object], default: str) -> Iterator[str]:
    several = str(parameter.get("Type")) == "CommaDelimitedList" or str(parameter.get("Type")).startswith("List<")
    values = [each.strip() for each in default.split(",")] if several else [default]
    allowed, pattern = parameter.get("AllowedValues"), parameter.get("AllowedPattern")
    if isinstance(allowed, list) and not all(value in map(str, allowed) for value in values):
        yield f"is {default!r}; AllowedValues are {', '.join(map(str, allowed))}"
    low, high = parameter.get("MinValue"), parameter.get("MaxValue")
    for value in values if str(parameter.get("Type")) in ("Number", "List<Number>") else ():
        if not re.fullmatch(r"[-+]?[0-9]+(\.[0-9]+)?", value):
            yield f"is {default!r}; the parameter is a number"
        elif (is_number(low) and float(value) < low) or (is_number(high) and float(value) > high):
            yield f"is {value}; it is {low} to {high}"
    if isinstance(pattern, str) and not several and not _fits(pattern, default):
        yield f"is {default!r}; AllowedPattern is {pattern}"


def _fits(pattern: str, text: str) -> bool:
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error:
        return True


@rule(
    "SMC059",
    "No resource depends on itself, through others",
    source='"Troubleshooting CloudFormation": circular dependency between resources',
    about=Template,
    good=_ENDPOINT.format(_REF) + _CONFIG.format(""),
    bad=_ENDPOINT.format(_REF) + _CONFIG.format("DependsOn: Endpoint"),
)
def circles(template: Template) -> Iterator[Finding]:
    """Check for circles among what is looked at."""
    resources = template.of_type(*_LOOKED_AT, ALARM, ROLE)
    ids = {resource.id for resource in resources}
    needed = {
        resource.id: {name for _, name, _ in template.references(resource) if name in ids}.union(
            id for id in resource.depends_on if id in ids
        )
        for resource in resources
    }
    if not _has_circle(needed):
        return
    try:
        TopologicalSorter(needed).prepare()
    except CycleError as circle:
        found = circle.args[1]
        yield Finding(f"Resources/{found[-1]}", f"depends on itself: {' -> '.join(reversed(found))}")


def _has_circle(needed: Mapping[str, set[str]]) -> bool:
    """Say whether there is a circle; which one it is, takes far longer to find."""
    waiting = {id: len(before) for id, before in needed.items()}
    users: dict[str, list[str]] = defaultdict(list)
    for id, before in needed.items():
        for other in before:
            users[other].append(id)
    ready = [id for id, number in waiting.items() if not number]
    for id in ready:  # it grows
        for user in users[id]:
            waiting[user] -= 1
            if not waiting[user]:
                ready.append(user)
    return len(ready) < len(needed)


@rule(
    "SMC080",
    "A resource has a type, a logical id of letters and digits, and beside its properties only what there is",
    source='"Resources" and "Resource attributes", CloudFormation user guide',
    about=Template,
    good=_ENDPOINT.format("c"),
    bad=_ENDPOINT.format("c") + "Model-B: {Type: AWS::SageMaker::Model}",
)
def resources(template: Template) -> Iterator[Finding]:
    """Check what stands around the properties of resources."""
    version, transforms = template.says("AWSTemplateFormatVersion"), template.says("Transform")
    if isinstance(version, str) and version != _VERSION:
        yield Finding("AWSTemplateFormatVersion", f"is {version!r}; there is only {_VERSION}")
    named = transforms if isinstance(transforms, list) else [transforms]
    if any(name not in (None, EXTENSIONS) for name in named):
        return  # what other macros make of it is not known
    for id, definition in template.definitions:
        at = f"Resources/{id}"
        if _ID.fullmatch(id):
            if not isinstance(definition, dict) or not isinstance(definition.get("Type"), str):
                yield Finding(at, "has no Type; a resource is of a type")
            elif not definition.keys() <= _FREE:
                yield from _beside(at, definition)
        elif id.startswith(LOOP) and EXTENSIONS not in named:
            yield Finding(at, f"is a loop, which the template needs Transform: {EXTENSIONS} for")
        elif not id.startswith("Fn::"):
            yield Finding(at, "is no logical id; it has letters and digits only")


def _beside(at: str, definition: dict[str, object]) -> Iterator[Finding]:
    for name in definition.keys() - _ATTRIBUTES:
        yield Finding(f"{at}/{name}", "stands beside Properties; is it one of them?")
    for name, allowed in _FATES.items():
        if isinstance(fate := definition.get(name), str) and fate not in allowed:
            yield Finding(f"{at}/{name}", f"is {fate!r}; it is one of {', '.join(allowed)}")
