"""Loops over resources: ``Fn::ForEach`` of AWS::LanguageExtensions, carried out where its list is known."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sm_constructs.reading.intrinsics import EXTENSIONS, LOOP, is_intrinsic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MOST_TURNS = 100
_DEEPEST = 4


def expand(template: Mapping[str, Any]) -> tuple[Mapping[str, Any], dict[str, str]]:
    """Replace the loops in a template by the resources that they make.

    Parameters
    ----------
    template : Mapping[str, Any]
        The template.

    Returns
    -------
    tuple[Mapping[str, Any], dict[str, str]]
        The template without loops, and where each resource of a loop stands in the original one, by logical id.
    """
    transforms = template.get("Transform")
    resources = template["Resources"]
    if EXTENSIONS not in (transforms if isinstance(transforms, list) else [transforms]):
        return template, {}
    found: dict[str, Any] = {}
    places: dict[str, str] = {}
    for id, definition in resources.items():
        if not (isinstance(id, str) and id.startswith(LOOP)):
            found[id] = definition
            continue
        for made, (place, one) in _turns(template, definition, f"Resources/{id}", 0):
            found[made], places[made] = one, place
    return {**template, "Resources": found}, places


def _turns(
    template: Mapping[str, Any], loop: object, path: str, depth: int
) -> Iterator[tuple[str, tuple[str, dict[str, Any]]]]:
    """Give what a loop makes: logical ids, each with its place and its definition."""
    match loop:
        case [str(identifier), collection, dict(body)] if depth < _DEEPEST:
            items = _items(template, collection)
        case _:
            return
    for item in items[:_MOST_TURNS]:
        for key, definition in body.items():
            place = f"{path}/2/{key}"
            if isinstance(key, str) and key.startswith(LOOP):
                yield from _turns(template, _with(definition, identifier, item), place, depth + 1)
            elif isinstance(key, str) and isinstance(definition, dict):
                yield _named(key, identifier, item), (place, _with(definition, identifier, item))


def _items(template: Mapping[str, Any], collection: object) -> list[str]:
    if isinstance(collection, list):
        return [item for item in collection if isinstance(item, str)]
    match collection, template.get("Parameters"):
        case {"Ref": str(name)}, dict(parameters) if isinstance(parameters.get(name), dict):
            default = parameters[name].get("Default")
            return [item.strip() for item in default.split(",")] if isinstance(default, str) else []
        case _:
            return []


def _named(text: str, identifier: str, item: str) -> str:
    """Put the item into a text; ``&{…}`` leaves out what is neither a letter nor a digit."""
    text = text.replace(f"${{{identifier}}}", item)
    return text.replace(f"&{{{identifier}}}", re.sub(r"[^A-Za-z0-9]", "", item))


def _with(value: Any, identifier: str, item: str) -> Any:  # noqa: ANN401, PLR0911 - JSON, a case each
    if isinstance(value, str):
        return _named(value, identifier, item)
    if isinstance(value, list):
        return [_with(each, identifier, item) for each in value]
    if not isinstance(value, dict):
        return value
    if is_intrinsic(value) and value.get("Ref") == identifier:
        return item
    found = {
        _named(name, identifier, item) if isinstance(name, str) else name: _with(each, identifier, item)
        for name, each in value.items()
    }
    match found:
        # In a loop these take names that are put together.
        case {"Ref": {"Fn::Sub": str(name)}} if "${" not in name:
            return {"Ref": name}
        case {"Fn::GetAtt": [{"Fn::Sub": str(name)}, attribute]} if "${" not in name:
            return {"Fn::GetAtt": [name, attribute]}
        case _:
            return found
