"""What an entry of the catalogue is: a good template and the changes that break it."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from .good import good

Change = tuple[str, str] | tuple[str, str, Any]


def _key(node: Any, part: str) -> Any:
    return int(part) if isinstance(node, list) else part


def _apply(template: dict, change: Change) -> None:
    """Carry out one change: ("set", path, value), ("delete", path) or ("append", path, value)."""
    action, path, *rest = change
    *parents, last = path.split("/")
    node: Any = template
    for part in parents:
        if isinstance(node, dict) and part not in node and action == "set":
            node[part] = {}
        node = node[_key(node, part)]
    if action == "set":
        node[_key(node, last)] = copy.deepcopy(rest[0])
    elif action == "delete":
        del node[_key(node, last)]
    elif action == "append":
        node[_key(node, last)].append(copy.deepcopy(rest[0]))
    else:
        raise ValueError(f"unknown change {action!r}")


@dataclass(frozen=True)
class Case:
    """A good template with one thing changed, and what AWS does about it.

    `base` names the good template; `fact` is an area and key of the facts, or the number of a pain point; `why` says
    what AWS does.
    """

    id: str
    base: str
    change: list[Change]
    fact: str
    why: str

    @property
    def template(self) -> dict:
        """The whole changed template."""
        template = copy.deepcopy(good()[self.base])
        for change in self.change:
            _apply(template, change)
        return template


def put(id: str, base: str, path: str, value: Any, fact: str, why: str) -> Case:
    """Give a case in which one thing is set."""
    return Case(id, base, [("set", path, value)], fact, why)


def drop(id: str, base: str, path: str, fact: str, why: str) -> Case:
    """Give a case in which one thing is left out."""
    return Case(id, base, [("delete", path)], fact, why)


def add(id: str, base: str, path: str, value: Any, fact: str, why: str) -> Case:
    """Give a case in which a list has one entry more."""
    return Case(id, base, [("append", path, value)], fact, why)
