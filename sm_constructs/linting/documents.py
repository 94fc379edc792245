"""What stands in a file: a template as JSON or YAML, and the line and column of each of its places.

Files come from anybody. Whatever is in one, it is read, or `Unreadable` says why not and where.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sm_constructs.linting.json_reading import read as read_json
from sm_constructs.linting.places import Unreadable, lines_of, steps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sm_constructs.linting.places import Position, Steps

MOST_BYTES = 32 * 2**20
"""What is larger is not read; CloudFormation takes far less."""


@dataclass(frozen=True, slots=True)
class Document:
    """What was read.

    Attributes
    ----------
    value : object
        What stands there, with intrinsic functions in their long form.
    """

    value: object
    _locate: Callable[[Iterable[Steps]], dict[Steps, Position]]

    def positions(self, paths: Iterable[str]) -> dict[str, Position]:
        """Give the line and column of each property path, or of the nearest place around it."""
        ways = {path: steps(self.value, path) for path in paths}
        found = self._locate(ways.values()) if ways else {}
        return {path: found[way] for path, way in ways.items()}


def decode(content: bytes) -> str:
    """Give the text of a file, in UTF-8, UTF-16 or UTF-32.

    Raises
    ------
    Unreadable
        It is too large, or no text.
    """
    if len(content) > MOST_BYTES:
        message = f"it is larger than {MOST_BYTES >> 20} MiB"
        raise Unreadable(message)
    encoding = json.detect_encoding(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        before = content[: error.start].decode(encoding, "replace")
        name = encoding.removesuffix("-sig").upper()
        message = f"it is no text in {name}: the byte 0x{content[error.start]:02x} cannot stand here"
        raise Unreadable(message, lines_of(before)(len(before))) from None
    if "\0" in text:
        message = "it is no text: this is a NUL byte"
        raise Unreadable(message, lines_of(text)(text.index("\0")))
    return text


def read(text: str, *, is_json: bool = False) -> Document:
    """Read a template.

    Parameters
    ----------
    text : str
        The text.
    is_json : bool, default False
        Whether it can only be JSON. What else begins with a brace is tried as both.

    Raises
    ------
    Unreadable
        It is neither, or something in it cannot be in a template.
    """
    begin = text.lstrip()[:1]
    if not begin:
        message = "it is empty"
        raise Unreadable(message, (1, 1))
    if not is_json and begin != "{":
        return _read_yaml(text)
    try:
        return Document(*read_json(text))
    except Unreadable as error:
        if is_json:
            raise
        try:
            return _read_yaml(text)
        except Unreadable:
            if text.lstrip()[1:].lstrip()[:1] != '"':
                raise
            raise error from None


def _read_yaml(text: str) -> Document:
    try:
        from sm_constructs.linting.yaml_reading import read as read_yaml
    except ImportError:
        message = "YAML is read with PyYAML: pip install 'sm-constructs[cli]'"
        raise Unreadable(message) from None
    return Document(*read_yaml(text))
