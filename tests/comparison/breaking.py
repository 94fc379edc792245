"""Ways to break a template: a random property of its hosting resources becomes what it had better not be."""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from sm_constructs.reading.intrinsics import is_intrinsic

from .requests import HOSTING

Path = tuple[str | int, ...]

NUMBERS = [-1, 0, 1, 0.5, 1.5, -1e9, 10**9, 2**40, "2", "2.0", "two", " 3", "1e2", ""]
TEXTS = [
    "",
    " ",
    "-a",
    "a-",
    "a_b",
    "a b",
    "a.b",
    "a/b",
    "ä",
    "a\nb",
    "NOPE",
    "none",
    "s3://",
    "http://a/b",
    "arn:aws:s3",
]
LENGTHS = [64, 65, 128, 129, 256, 257, 512, 1025, 2049, 10_241, 20_481]
COUNTS = [2, 3, 5, 6, 10, 11, 16, 17, 21, 31, 51, 201]
OTHERS = [None, True, False, 7, 1.25, "text", "true", "7", [], {}, ["text"], [7], [{}], {"Key": "text"}, [[]], [None]]
CALLS = [{"Ref": "Nowhere"}, {"Fn::GetAtt": ["Nowhere", "Arn"]}, {"Fn::Sub": "${Nowhere}-a"}]


class Broken(NamedTuple):
    """A template with one thing changed, and how it was changed."""

    how: str
    place: str
    change: str
    template: dict

    def __str__(self) -> str:
        return f"{self.how} at {self.place}: {self.change}"


def hosting(template: dict) -> list[str]:
    """Give the logical ids of the hosting resources."""
    return [id for id, it in template["Resources"].items() if isinstance(it, dict) and it.get("Type") in HOSTING]


def at(template: dict, path: Path) -> Any:
    """Give what stands at a place."""
    node: Any = template
    for step in path:
        node = node[step]
    return node


def places(value: Any, path: Path) -> Iterator[Path]:
    """Give a place and all places in it; a call of an intrinsic function is one place."""
    yield path
    if isinstance(value, dict | list) and not is_intrinsic(value):
        for step, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(child, (*path, step))


def _kinds(template: dict) -> dict[tuple, list[Path]]:
    """Give the places by what they are about, so that a long list is no likelier to be broken than a number."""
    found: dict[tuple, list[Path]] = {}
    for id in hosting(template):
        resource = template["Resources"][id]
        for path in places(resource.get("Properties", {}), ("Resources", id, "Properties")):
            names = tuple("*" if isinstance(step, int) or "Environment" in path[:-1] else step for step in path[3:])
            found.setdefault((resource["Type"], *names), []).append(path)
    return found


@functools.cache
def _schema(kind: str) -> dict:
    return PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema


def known_properties(kind: str, steps: Path) -> list[str]:
    """Give the properties that an object in a resource of a type can have."""
    whole = _schema(kind)
    node = whole
    for step in (None, *steps):
        if step is not None:
            node = node.get("items", {}) if isinstance(step, int) else node.get("properties", {}).get(step, {})
        if "$ref" in node:
            node = whole["definitions"][node["$ref"].rpartition("/")[2]]
    return sorted(node.get("properties", ()))


def broken(random: Random, template: dict) -> Broken:
    """Break one property of a template; what it is about is no likelier for being there more often."""
    kinds = _kinds(template)
    kind = random.choice(sorted(kinds))
    path = random.choice(kinds[kind])
    changed = copy.deepcopy(template)
    parent, last = at(changed, path[:-1]), path[-1]
    value = parent[last]
    how = random.choice(_ways(path, value, parent))
    match how:
        case "remove":
            del parent[last]
            return Broken(how, _written(path), _short(value), changed)
        case "rename":
            new = random.choice([f"{last}s", last[:-1], last[0].swapcase() + last[1:], f"X{last}"])
            at(changed, path[:-2])[path[-2]] = {new if name == last else name: each for name, each in parent.items()}
            return Broken(how, _written(path), new, changed)
        case "swap":
            other = random.choice(sorted(set(parent) - {last}))
            parent[last], parent[other] = parent[other], value
            return Broken(how, _written(path), f"with {other}", changed)
        case _:
            plain = _with_defaults(value, template) if how in ("many", "repeat") else value
            parent[last] = _value(random, how, kind[0], path, plain)
            return Broken(how, _written(path), f"{_short(value)} -> {_short(parent[last])}", changed)


def _ways(path: Path, value: Any, parent: Any) -> list[str]:
    """Give the ways to break a value, the likelier the more often."""
    ways = ["type", "type", "call"]
    if len(path) > 3:  # not all properties at once
        ways += ["remove", "remove"]
        if isinstance(parent, dict):
            ways += ["rename", *(["swap"] if len(parent) > 1 else [])]
    match value:
        case dict() if not is_intrinsic(value):
            ways += ["extra", "foreign", "foreign", "foreign"]
        case list():
            ways += ["many", "many", "repeat"]
        case int() | float() if not isinstance(value, bool):
            ways += ["number"] * 5
        case str():
            ways += ["text"] * 3 + ["long", "long", "edit", "edit"]
    return ways


def _value(random: Random, how: str, kind: str, path: Path, value: Any) -> Any:  # noqa: PLR0911 - a case each
    """Give what a value becomes."""
    match how:
        case "type":
            return random.choice(OTHERS)
        case "call":
            return random.choice(CALLS)
        case "extra":
            return {**value, random.choice(["Bogus", "bogus", "TagS", "7"]): random.choice(OTHERS)}
        case "foreign":
            more = [name for name in known_properties(kind, path[3:]) if name not in value] or ["Bogus"]
            return {**value, random.choice(more): random.choice(random.choice([NUMBERS, TEXTS, OTHERS]))}
        case "many":
            return [_another(value[n % len(value)], n) if value else "text" for n in range(random.choice(COUNTS))]
        case "repeat":
            return [*value, *value]
        case "number":
            return random.choice(NUMBERS)
        case "text":
            return random.choice(TEXTS)
        case "long":
            length = random.choice(LENGTHS)
            return (value + (value[-1:] or "a") * length)[:length]
        case _:
            cut = random.randint(0, len(value))
            piece = random.choice(["", "", " ", "_", "-", ":", "/", ".", "A", "ä", "0"])
            return value[:cut] + piece + value[cut + random.randint(0, 2) :]


def _another(value: Any, number: int) -> Any:
    """Give a value like another one, with its own name, so that being the same is not what is wrong."""
    match value:
        case str():
            return f"{value[:40]}{number}"
        case dict() if not is_intrinsic(value):
            named = (name for name in ("VariantName", "AlarmName", "Key", "ContainerHostname", "ScheduledActionName"))
            return {**value, **{name: f"a{number}" for name in named if name in value}}
        case _:
            return value


def _with_defaults(value: Any, template: dict) -> Any:
    """Write parameters as their defaults: a judge that tries all their values, for each copy, never comes to an end."""
    match value:
        case {"Ref": name} if name in template.get("Parameters", {}):
            return template["Parameters"][name].get("Default", "text")
        case {"Fn::If": [_, one, _]}:
            return _with_defaults(one, template)
        case {"Fn::FindInMap": _}:
            return "text"
        case dict():
            return {name: _with_defaults(each, template) for name, each in value.items()}
        case list():
            return [_with_defaults(each, template) for each in value]
        case _:
            return value


def _written(path: Path) -> str:
    return "/".join(map(str, path))


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else f"{text[:90]}… ({len(text)})"
