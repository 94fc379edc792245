"""Places in a template, and what was found there.

A `Node` is a place, whether or not something stands there. Its methods give what stands there as the value objects
want it: of the right type, or a token of that type where it is not known before deployment, or nothing. What was read
is remembered, so that one can ask afterwards what was not.

A `Found` is a value with the place it came from; one that is made of others knows them, and so can say for each place
in the spec where it stands in the template.
"""

from __future__ import annotations

import re
from dataclasses import MISSING, dataclass, fields
from datetime import datetime, timedelta, timezone
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, cast

from sm_constructs.reading.intrinsics import NO_VALUE, calls, is_intrinsic, list_token, number_token, text_of
from sm_constructs.tokens import is_number, is_unresolved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from sm_constructs.durations import Time

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_TOO_LARGE = 1e288
_UNASKED = "${Token[nothing that a template says]}"
_TEXTUAL = (str, dict)
_FLAGS = {"true": True, "false": False}
_STEPS = re.compile(r"""\[['"]?([^\]]*?)['"]?\]|([^.\[\]]+)""")


Place: TypeAlias = "Node | Found[Any] | str"
"""Where something stands: a node, what was found there, or the property path."""

_Way: TypeAlias = "str | tuple[_Way, str | int]"

_NO_PARTS: Mapping[str, Found[Any]] = MappingProxyType({})


class Table:
    """Which property of a place is which field of a value object, and how it is read.

    Parameters
    ----------
    **fields : tuple[str, Callable[[Node], Found]]
        The property and what reads it, by the name of the field.

    Attributes
    ----------
    properties : dict[str, str]
        The property of each field.
    fields : dict[str, tuple[str, Callable[[Node], Found]]]
        The field of each property, and what reads it.
    """

    __slots__ = ("fields", "properties")

    def __init__(self, **fields: tuple[str, Callable[[Node], Found[Any]]]) -> None:
        self.properties = {field: name for field, (name, _) in fields.items()}
        self.fields = {name: (field, read) for field, (name, read) in fields.items()}


class Found(Generic[T_co]):
    """A value, with the place it came from and its parts.

    Parameters
    ----------
    value : T_co
        The value.
    place : Node, Found or str
        Where it came from; a property path, too.
    parts : Mapping[str, Found[Any]], optional
        What it is made of, by name.
    table : tuple[Node, Table], optional
        Where that stands of which there are no parts.
    """

    __slots__ = ("_place", "_table", "parts", "value")

    def __init__(
        self,
        value: T_co,
        place: Place,
        parts: Mapping[str, Found[Any]] = _NO_PARTS,
        table: tuple[Node, Table] | None = None,
    ) -> None:
        self.value = value
        self.parts = parts
        self._place = place
        self._table = table

    @property
    def path(self) -> str:
        """The property path; made when it is asked for, since most is in order."""
        return self._place if isinstance(self._place, str) else self._place.path

    def path_of(self, at: str) -> str:
        """Give the property path of a place in the value, as near as it is known."""
        found: Found[Any] = self
        for step in _STEPS.finditer(at):
            part = found.part(step[2] if step[1] is None else step[1])
            if part is None:
                break
            found = part
        return found.path

    def part(self, name: str) -> Found[Any] | None:
        """Give a part, or where it would stand."""
        if name in self.parts:
            return self.parts[name]
        if self._table is not None and name in self._table[1].properties:
            return self._table[0][self._table[1].properties[name]]
        return self._place.part(name) if isinstance(self._place, Found) else None


@cache
def _optional(cls: type) -> frozenset[str]:
    return frozenset(f.name for f in fields(cls) if f.default is not MISSING or f.default_factory is not MISSING)


def made(cls: type[T], place: Place, table: tuple[Node, Table] | None = None, /, **parts: Found[Any]) -> Found[T]:
    """Make a value object; what the template does not say is as the value object has it by default.

    Parameters
    ----------
    cls : type
        Its class.
    place : Node, Found or str
        Where it stands.
    table : tuple[Node, Table], optional
        Where its fields stand, and which are to be read there if they are.
    **parts : Found
        Further fields.
    """
    optional = _optional(cast("Any", cls))
    arguments = {
        name: value for name, part in parts.items() if (value := part.value) is not None or name not in optional
    }
    if table is not None:
        node, its = table
        for name in node.value if isinstance(node.value, dict) else ():
            if name in its.fields:
                field, read = its.fields[name]
                part = parts[field] = read(node[name])
                if part.value is not None:
                    arguments[field] = part.value
    return Found(cls(**arguments), place, parts, table)


def several(place: Place, found: Iterable[Found[T]]) -> Found[tuple[T, ...]]:
    """Put values together to one."""
    parts = list(found)
    if not parts:
        return Found((), place)
    return Found(tuple([part.value for part in parts]), place, {str(index): part for index, part in enumerate(parts)})


def nothing(node: Node) -> Found[None]:
    """Say that nothing was found at a place."""
    return node if node.value is None else Found(None, node)


@dataclass(frozen=True, slots=True)
class UnknownTime:
    """A time that is not known before deployment, or is longer than any `timedelta`."""

    count: float

    def to_seconds(self, *, integral: bool = True) -> float:  # noqa: ARG002 - as the CDK's Duration has it
        """Give the time in seconds, or the token of their number."""
        return self.count


class Node(Found[Any]):
    """A place in a template; the same place is always the same node. As a value found, it is what stands there.

    Parameters
    ----------
    way : str or tuple
        The property path; or the way to the place in which this one is, and what it is called there.
    value : object
        What stands there; ``None`` for nothing.

    Attributes
    ----------
    value : object
        What stands there; ``None`` for nothing.
    """

    # It does not know the place in which it is, so that a tree of them is freed at once.
    __slots__ = ("_below", "_entries", "_is_read", "_said", "_way")
    parts = _NO_PARTS
    _table = None

    def __init__(self, way: _Way, value: object) -> None:
        self._way = way
        self.value = value
        self._below: dict[str | int, Node] | None = None
        self._entries: tuple[Node, ...] | None = None
        self._said: str | None = _UNASKED
        self._is_read = False

    @property
    def path(self) -> str:
        """The property path, such as ``Resources/Config/Properties/KmsKeyId``."""
        way, names = self._way, list[str]()
        while not isinstance(way, str):
            way, name = way
            names.append(str(name))
        return "/".join([way, *reversed(names)])

    def part(self, name: str) -> None:
        """Give nothing."""

    def __getitem__(self, name: str) -> Node:
        below = self._below
        if below is None:
            below = self._below = {}
        elif name in below:
            return below[name]
        value = self.value.get(name) if isinstance(self.value, dict) else None
        way = (self._way, name)
        found = below[name] = _Nothing(way) if value is None or value == NO_VALUE else Node(way, value)
        return found

    def __bool__(self) -> bool:
        """Say whether something stands there."""
        return self.value is not None

    @property
    def is_intrinsic(self) -> bool:
        """Whether the whole is not known before deployment."""
        return is_intrinsic(self.value)

    @property
    def is_cut_out(self) -> bool:
        """Whether what stands there is cut out of something else."""
        return any(function in ("Fn::Select", "Fn::Split") for _, function, _ in calls(self.value))

    @property
    def said(self) -> str | None:
        """What stands there as a text; see `sm_constructs.reading.intrinsics.text_of`."""
        if self._said is _UNASKED:
            self._said = None if self.value is None else text_of(self.value)
        return self._said

    def entries(self) -> tuple[Node, ...]:
        """Give the entries of a list that there are."""
        if self._entries is None:
            self._entries = ()
            if isinstance(self.value, list):
                self._below = {
                    index: _Nothing(way) if value is None or value == NO_VALUE else Node(way, value)
                    for index, value in enumerate(self.value)
                    for way in [(self._way, index)]
                }
                self._entries = tuple([entry for entry in self._below.values() if entry])
        return self._entries

    def mark(self) -> None:
        """Remember that all that stands there was read."""
        self._is_read = True

    def unmark(self) -> None:
        """Take back that anything that stands there was read."""
        self._is_read = False
        for below in (self._below or {}).values():
            below.unmark()

    def unread(self) -> Iterator[str]:
        """Give the topmost places under which nothing was read, and something stands."""
        if self._is_read or self.value in (None, {}, []):
            return
        below = self._below or {}
        if not any(each._is_touched for each in below.values()):  # noqa: SLF001 - its own
            yield self.path
        elif isinstance(self.value, dict):
            for name in self.value:
                yield from self[name].unread()
        else:
            for each in below.values():
                yield from each.unread()

    @property
    def _is_touched(self) -> bool:
        """Whether it, or something in it, was read."""
        return self._is_read or any(each._is_touched for each in (self._below or {}).values())  # noqa: SLF001

    def _found(self, value: T) -> Found[T]:
        if value is not None:
            self._is_read = True
        return self if value is self.value else Found(value, self)

    def says(self, *expected: str) -> bool:
        """Say whether one of these texts stands there."""
        said = self.said in expected
        if said:
            self.mark()
        return said

    def text(self) -> Found[str | None]:
        """Give a text."""
        return self._found(self.said)

    def number(self) -> Found[float | None]:
        """Give a number; CloudFormation takes ``"2"`` for one too."""
        return self._found(self._number())

    def flag(self) -> Found[bool | None]:
        """Give a truth value; CloudFormation takes ``"true"`` for one too. Nothing where it is not known."""
        return self._found(_FLAGS.get((self.said or "").lower()))

    def time(self, *, unit: int = 1) -> Found[Time | None]:
        """Give a time, of a number of seconds or of so many of them."""
        count = self._number()
        if count is None:
            return Found(None, self)
        try:
            return self._found(timedelta(seconds=count * unit))
        except OverflowError:
            return self._found(cast("Time", UnknownTime(count)))

    def moment(self) -> Found[datetime | None]:
        """Give a date with a time. Nothing where it is not known."""
        text = self.said or ""
        try:
            # Python 3.10 does not know Z yet.
            moment = datetime.fromisoformat(re.sub("Z$", "+00:00", text))
        except ValueError:
            return Found(None, self)
        return self._found(moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc))

    def texts(self) -> Found[list[str] | None]:
        """Give a list of texts."""
        if self.is_intrinsic:
            return self._found(list_token(self.value))
        if not isinstance(self.value, list):
            return Found(None, self)
        found = [text for entry in self.entries() if (text := entry.text()).value is not None]
        return Found([str(each.value) for each in found], self, {str(i): each for i, each in enumerate(found)})

    def mapping(self) -> Found[dict[str, str] | None]:
        """Give texts by name; nothing where there are none."""
        if not isinstance(self.value, dict) or self.is_intrinsic:
            return Found(None, self)
        found = {name: self[name].text() for name in self.value if isinstance(name, str)}
        return Found(
            {name: str(each.value) for name, each in found.items() if each.value is not None} or None, self, found
        )

    def _number(self) -> float | None:
        value: Any = self.value
        if isinstance(value, _TEXTUAL):
            if self.said is None or is_unresolved(self.said):
                return None if self.said is None else number_token(self.said)
            try:
                value = float(self.said)
            except ValueError:
                return None
        # Neither infinite, nor no number at all, nor what would pass for a token.
        if not is_number(value) or not abs(value) < _TOO_LARGE:
            return None
        return int(value) if isinstance(value, float) and value.is_integer() else value


class _Nothing(Node):
    """A place where nothing stands, as most of those that are asked for: whatever is wanted, it is nothing."""

    __slots__ = ()
    value = None
    said = None
    is_intrinsic = False

    def __init__(self, way: _Way) -> None:
        self._way = way
        self._below = None
        self._is_read = False

    def __getitem__(self, name: str) -> Node:
        below = self._below
        if below is None:
            below = self._below = {}
        elif name in below:
            return below[name]
        found = below[name] = _Nothing((self._way, name))
        return found

    def __bool__(self) -> bool:
        return False

    def entries(self) -> tuple[Node, ...]:
        return ()

    def says(self, *expected: str) -> bool:  # noqa: ARG002 - nothing is none of them
        return False

    def text(self) -> Found[None]:
        return self

    number = flag = moment = texts = mapping = text

    def time(self, *, unit: int = 1) -> Found[None]:  # noqa: ARG002 - of no number
        return self
