"""What CloudFormation does with each resource when one template follows another.

Which properties make CloudFormation replace a resource is known for the types that serve models; of the others it is
only said that they change.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sm_constructs.facts import limit
from sm_constructs.reading.intrinsics import is_intrinsic, text_of
from sm_constructs.reading.resources import COMPONENT, CONFIG, ENDPOINT, MODEL, POLICY, TARGET

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    Definitions = Mapping[str, Mapping[str, Any]]

Action = Literal["created", "deleted", "replaced", "updated"]

#: The property with the physical name.
NAMES = {MODEL: "ModelName", CONFIG: "EndpointConfigName", ENDPOINT: "EndpointName"}

_REPLACEMENT = {
    MODEL: "model_replacement",
    CONFIG: "endpoint_config_replacement",
    ENDPOINT: "endpoint_replacement",
    COMPONENT: "inference_component_replacement",
    TARGET: "scalable_target_replacement",
    POLICY: "scaling_policy_replacement",
    "AWS::IAM::Role": "role_replacement",
}
# It changes with every version of the CDK, and nothing depends on it.
_NOISE = "AWS::CDK::Metadata"
_SUBSTITUTED = re.compile(r"\$\{([A-Za-z0-9]+)")
_UNKNOWN = re.compile(r"\$\{Token\[[0-9a-f]{8}\]\}")


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to a resource.

    Attributes
    ----------
    action : {"created", "deleted", "replaced", "updated"}
        What CloudFormation does.
    properties : tuple[str, ...]
        The properties that change, of one that is in both templates.
    retyped : bool
        Whether the logical id has another type, which CloudFormation refuses.
    """

    action: Action
    properties: tuple[str, ...] = ()
    retyped: bool = False


def resources(template: Mapping[str, Any], region: str | None = None) -> dict[str, dict[str, Any]]:
    """Give the resources of a template, with the region and what its mappings say put in, as far as they are known."""
    mappings = template.get("Mappings", {})
    return {
        id: {**definition, "Properties": _filled_in(definition.get("Properties") or {}, mappings, region)}
        for id, definition in template.get("Resources", {}).items()
        if definition.get("Type") != _NOISE
    }


def changes(before: Definitions, after: Definitions) -> dict[str, Change]:
    """Say what happens to each resource; one to which nothing happens is left out.

    A resource that refers to one that is replaced changes, too, though its own text in the template is the same.

    Parameters
    ----------
    before, after : Mapping[str, Mapping[str, Any]]
        The resources of the two templates, by logical id.
    """
    replaced: set[str] = set()
    while True:
        found = {id: _change(before[id], after[id], replaced) for id in before if id in after}
        now_replaced = {id for id, change in found.items() if change is not None and change.action == "replaced"}
        if now_replaced == replaced:
            break
        replaced = now_replaced
    result = {id: change for id, change in found.items() if change is not None}
    result |= {id: Change("created") for id in after if id not in before}
    result |= {id: Change("deleted") for id in before if id not in after}
    return result


def same(some: object, other: object) -> bool:
    """Say whether two values in templates will be the same, also where one is written in another way.

    >>> same({"Fn::Join": ["", ["a-", {"Ref": "B"}]]}, {"Fn::Sub": "a-${B}"})
    True
    """
    if some == other:
        return True
    if is_intrinsic(some) or is_intrinsic(other):
        text = text_of(some)
        # A text with parts that are not looked into may be different although it looks the same.
        return text is not None and text == text_of(other) and _UNKNOWN.search(text) is None
    match some, other:
        case dict(), dict():
            return some.keys() == other.keys() and all(same(some[name], other[name]) for name in some)
        case list(), list():
            return len(some) == len(other) and all(map(same, some, other))
        case _:
            return False


def _change(before: Mapping[str, Any], after: Mapping[str, Any], replaced: Collection[str]) -> Change | None:
    if before["Type"] != after["Type"]:
        return Change("replaced", retyped=True)
    old, new = before["Properties"], after["Properties"]
    changed = tuple(
        name
        for name in dict.fromkeys([*old, *new])
        if not same(old.get(name), new.get(name)) or any(id in replaced for id in _references(new.get(name)))
    )
    if not changed:
        return None
    fact = _REPLACEMENT.get(before["Type"])
    replaces = fact is not None and not set(limit("cloudformation", fact)).isdisjoint(changed)
    return Change("replaced" if replaces else "updated", changed)


def _references(value: object) -> Iterator[str]:
    """Give the logical ids that a value refers to."""
    match value:
        case {"Ref": str(id)}:
            yield id
        case {"Fn::GetAtt": [str(id), *_]}:
            yield id
        case {"Fn::GetAtt": str(text)}:
            yield text.partition(".")[0]
        case {"Fn::Sub": str(text)}:
            yield from _SUBSTITUTED.findall(text)
        case {"Fn::Sub": [str(text), *rest]}:
            yield from _SUBSTITUTED.findall(text)
            yield from _references(rest)
        case dict():
            for each in value.values():
                yield from _references(each)
        case list():
            for each in value:
                yield from _references(each)
        case _:
            pass


def _filled_in(value: Any, mappings: Mapping[str, Any], region: str | None) -> Any:  # noqa: ANN401 - JSON
    match value:
        case {"Ref": "AWS::Region"} if region is not None:
            return region
        case {"Fn::FindInMap": [str(name), *keys]} if name in mappings:
            table = mappings[name]
            keys = [_filled_in(key, mappings, region) for key in keys]
            found = table
            for key in keys:
                if not (isinstance(key, str) and isinstance(found, dict) and key in found):
                    # What is looked up is not known; so any change of the table may be one of the value.
                    digest = hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()[:16]
                    return {"Fn::FindInMap": [f"{name} {digest}", *keys]}
                found = found[key]
            return found
        case dict():
            return {name: _filled_in(each, mappings, region) for name, each in value.items()}
        case list():
            return [_filled_in(each, mappings, region) for each in value]
        case _:
            return value
