"""JSON: read by Python's own parser; where something stands is looked up only when it is asked for."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NoReturn

from sm_constructs.linting.places import Unreadable, lines_of, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sm_constructs.linting.places import Position, Steps

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")
_TOKEN = re.compile(r'"(?:[^"\\]+|\\.)*"(\s*:)?|[][{}]', re.DOTALL)


class _DuplicateKeyError(ValueError):
    """A mapping has a key twice."""


def read(text: str) -> tuple[object, Callable[[Iterable[Steps]], dict[Steps, Position]]]:
    """Read JSON; give the value, and what tells where its places are.

    Raises
    ------
    Unreadable
        It is not JSON, or something in it cannot be in a template.
    """
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        message = f"it is not JSON: {error.msg}"
        raise Unreadable(message, (error.lineno, error.colno)) from None
    except _DuplicateKeyError:
        raise _duplicate(text) from None
    except RecursionError:
        message = "it nests too deeply"
        raise Unreadable(message) from None
    except ValueError as error:
        # A number of thousands of digits, or NaN.
        message = f"it is not JSON: {error}"
        raise Unreadable(message) from None
    return value, lambda ways: _locate(text, list(ways))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _DuplicateKeyError
    return found


def _refuse(constant: str) -> NoReturn:
    message = f"{constant} is no value"
    raise ValueError(message)


def _duplicate(text: str) -> Unreadable:
    """Say which key stands twice."""
    open_: list[set[str] | None] = []
    for token in _TOKEN.finditer(text):
        match token[0][0]:
            case "{":
                open_.append(set())
            case "[":
                open_.append(None)
            case "}" | "]":
                open_.pop()
            case _ if token[1] is not None and (keys := open_[-1]) is not None:
                key = json.loads(token[0].removesuffix(token[1]))
                if key in keys:
                    message = f"the key {key!r} stands twice in the same mapping"
                    return Unreadable(message, lines_of(text)(token.start()))
                keys.add(key)
    return Unreadable("a key stands twice in the same mapping")


def _locate(text: str, ways: list[Steps]) -> dict[Steps, Position]:
    tree: dict[str | int, Any] = {}
    for way in ways:
        inside = tree
        for step in way:
            inside = inside.setdefault(step, {})
    found: dict[Steps, int] = {}
    start = _skip(text, 0)
    found[()] = start
    _walk(text, start, tree, (), found)
    position = lines_of(text)
    return nearest({way: position(index) for way, index in found.items()}, ways)


def _walk(text: str, at: int, tree: dict[str | int, Any], way: Steps, found: dict[Steps, int]) -> int:
    """Note where the places of a tree are in the value that begins here; give where that ends.

    What is not in the tree is passed over by the parser, which is far faster than this.
    """
    if not tree:
        return _DECODER.raw_decode(text, at)[1]
    is_mapping = text[at] == "{"
    at = _skip(text, at + 1)
    index = 0
    while text[at] not in "]}":
        begin, step = at, index
        if is_mapping:
            step, at = _DECODER.raw_decode(text, at)
            at = _skip(text, _skip(text, at) + 1)
        if step in tree:
            inside = (*way, step)
            found[inside] = begin
            at = _walk(text, at, tree[step], inside, found)
        else:
            at = _DECODER.raw_decode(text, at)[1]
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)
        index += 1
    return at + 1


def _skip(text: str, at: int) -> int:
    """Give where the white space ends that begins here."""
    match = _SPACE.match(text, at)
    return at if match is None else match.end()
