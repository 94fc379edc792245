"""Places in a template, and what was found there.

A `Node` is a place, whether or not something stands there. Its methods give what stands there as the value objects
want it: of the right type, or a token of that type where it is not known before deployment, or nothing. What was read
is remembered, so that one can ask afterwards what was not.

A `Found` is a value with the place it came from; one that is made of others knows them, and so can say for each place
in the spec where it stands in the template.
"""

from __future__ import annotations

import re
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from sm_constructs.reading.intrinsics import NO_VALUE, is_intrinsic, list_token, number_token, text_of
from sm_constructs.tokens import is_number, is_unresolved

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sm_constructs.durations import Time

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_STEPS = re.compile(r"""\[['"]?([^\]]*?)['"]?\]|([^.\[\]]+)""")


@dataclass(frozen=True, slots=True)
class Found(Generic[T_co]):
    """A value, with its property path and those of its parts."""

    value: T_co
    path: str
    parts: Mapping[str, Found[Any]] = field(default_factory=dict)

    def path_of(self, at: str) -> str:
        """Give the property path of a place in the value, as near as it is known."""
        found: Found[Any] = self
        for step in _STEPS.finditer(at):
            name = step[2] if step[1] is None else step[1]
            if name not in found.parts:
                break
            found = found.parts[name]
        return found.path


@cache
def _optional(cls: type) -> frozenset[str]:
    return frozenset(f.name for f in fields(cls) if f.default is not MISSING or f.default_factory is not MISSING)


def made(cls: type[T], path: str, **parts: Found[Any]) -> Found[T]:
    """Make a value object; what the template does not say is as the value object has it by default."""
    optional = _optional(cast("Any", cls))
    arguments = {name: part.value for name, part in parts.items() if part.value is not None or name not in optional}
    return Found(cls(**arguments), path, parts)


def several(path: str, found: Iterable[Found[T]]) -> Found[tuple[T, ...]]:
    """Put values together to one."""
    parts = list(found)
    return Found(tuple(part.value for part in parts), path, {str(index): part for index, part in enumerate(parts)})


def nothing(node: Node) -> Found[None]:
    """Say that nothing was found at a place."""
    return Found(None, node.path)


@dataclass(frozen=True, slots=True)
class UnknownTime:
    """A time that is not known before deployment, or is longer than any `timedelta`."""

    count: float

    def to_seconds(self, *, integral: bool = True) -> float:  # noqa: ARG002 - as the CDK's Duration has it
        """Give the time in seconds, or the token of their number."""
        return self.count


@dataclass(frozen=True, slots=True)
class Record:
    """Which places were read.

    Attributes
    ----------
    read : set[str]
        The property paths of what was read, each with all below it.
    touched : set[str]
        The property paths of what has something below it that was read.
    """

    read: set[str] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)

    def add(self, path: str) -> None:
        """Remember that a place was read."""
        self.read.add(path)
        while path := path.rpartition("/")[0]:
            if path in self.touched:
                break
            self.touched.add(path)

    def discard(self, path: str) -> None:
        """Take back that a place, or anything below it, was read."""
        for paths in (self.read, self.touched):
            paths -= {each for each in paths if each == path or each.startswith(f"{path}/")}

    def unread(self, path: str, value: object) -> Iterator[str]:
        """Give the topmost places under which nothing was read, and something stands."""
        if path in self.read or value in (None, {}, [], NO_VALUE):
            return
        if path not in self.touched or not isinstance(value, dict | list):
            yield path
            return
        for name, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from self.unread(f"{path}/{name}", each)


class Node:
    """A place in a template.

    Attributes
    ----------
    path : str
        The property path, such as ``Resources/Config/Properties/KmsKeyId``.
    value : object
        What stands there; ``None`` for nothing.
    """

    __slots__ = ("_above", "_name", "_record", "value")

    def __init__(self, above: str | Node, value: object, record: Record, name: str | int = "") -> None:
        self._above = above
        self._name = name
        self.value = None if value == NO_VALUE else value
        self._record = record

    @property
    def path(self) -> str:
        """The property path; made when it is asked for, since most places are empty."""
        return self._above if isinstance(self._above, str) else f"{self._above.path}/{self._name}"

    def __getitem__(self, name: str) -> Node:
        inside = self.value.get(name) if isinstance(self.value, dict) else None
        return Node(self, inside, self._record, name)

    def __bool__(self) -> bool:
        """Say whether something stands there."""
        return self.value is not None

    @property
    def is_intrinsic(self) -> bool:
        """Whether the whole is not known before deployment."""
        return is_intrinsic(self.value)

    def entries(self) -> list[Node]:
        """Give the entries of a list that there are."""
        values = self.value if isinstance(self.value, list) else []
        return [entry for i, value in enumerate(values) if (entry := Node(self, value, self._record, i))]

    def mark(self) -> None:
        """Remember that all that stands there was read."""
        self._record.add(self.path)

    def unmark(self) -> None:
        """Take back that anything that stands there was read."""
        self._record.discard(self.path)

    def unread(self) -> Iterator[str]:
        """Give the topmost places under which nothing was read."""
        return self._record.unread(self.path, self.value)

    def _found(self, value: T) -> Found[T]:
        if value is not None:
            self.mark()
        return Found(value, self.path)

    def says(self, *expected: str) -> bool:
        """Say whether one of these texts stands there."""
        said = text_of(self.value) in expected
        if said:
            self.mark()
        return said

    def text(self) -> Found[str | None]:
        """Give a text."""
        return self._found(text_of(self.value))

    def number(self) -> Found[float | None]:
        """Give a number; CloudFormation takes ``"2"`` for one too."""
        return self._found(_number(self.value))

    def flag(self) -> Found[bool | None]:
        """Give a truth value; CloudFormation takes ``"true"`` for one too. Nothing where it is not known."""
        return self._found({"true": True, "false": False}.get((text_of(self.value) or "").lower()))

    def time(self, *, unit: int = 1) -> Found[Time | None]:
        """Give a time, of a number of seconds or of so many of them."""
        count = _number(self.value)
        if count is None:
            return Found(None, self.path)
        try:
            return self._found(timedelta(seconds=count * unit))
        except OverflowError:
            return self._found(cast("Time", UnknownTime(count)))

    def moment(self) -> Found[datetime | None]:
        """Give a date with a time. Nothing where it is not known."""
        text = text_of(self.value) or ""
        try:
            # Python 3.10 does not know Z yet.
            moment = datetime.fromisoformat(re.sub("Z$", "+00:00", text))
        except ValueError:
            return Found(None, self.path)
        return self._found(moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc))

    def texts(self) -> Found[list[str] | None]:
        """Give a list of texts."""
        if self.is_intrinsic:
            return self._found(list_token(self.value))
        if not isinstance(self.value, list):
            return Found(None, self.path)
        found = [text for entry in self.entries() if (text := entry.text()).value is not None]
        return Found([str(each.value) for each in found], self.path, {str(i): each for i, each in enumerate(found)})

    def mapping(self) -> Found[dict[str, str] | None]:
        """Give texts by name; nothing where there are none."""
        if not isinstance(self.value, dict) or self.is_intrinsic:
            return Found(None, self.path)
        found = {name: self[name].text() for name in self.value if isinstance(name, str)}
        return Found(
            {name: str(each.value) for name, each in found.items() if each.value is not None} or None, self.path, found
        )


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float | dict):
        return None
    if isinstance(value, str | dict):
        text = text_of(value)
        if text is None or is_unresolved(text):
            return None if text is None else number_token(text)
        try:
            value = float(text)
        except ValueError:
            return None
    # Neither infinite, nor no number at all, nor what would pass for a token.
    if not is_number(value) or not abs(value) < _TOO_LARGE:
        return None
    return int(value) if float(value).is_integer() else value


_TOO_LARGE = 1e288
