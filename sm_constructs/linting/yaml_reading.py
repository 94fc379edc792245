"""YAML: built from PyYAML's events, with CloudFormation's short forms, and the position of every key and entry.

Scalars are what YAML 1.1 says they are, as CloudFormation has it too (``yes`` is true), but for dates, which are texts
in templates. Keys are the texts that stand there. Nothing here calls itself, and an alias is not copied, so that no
file can take more than its share of stack and memory.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

import yaml  # type: ignore[import-untyped]

from sm_constructs.linting.places import Unreadable, lines_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sm_constructs.linting.places import Position, Steps

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_DEEPEST = 200
_MOST_REPEATED = 1_000_000
_LONGEST_NUMBER = 100

_CORE = "tag:yaml.org,2002:"
_FUNCTIONS = frozenset(
    {
        *("And", "Base64", "Cidr", "Contains", "EachMemberEquals", "EachMemberIn", "Equals", "FindInMap", "GetAZs"),
        *("GetAtt", "GetStackOutput", "If", "ImportValue", "Join", "Length", "Not", "Or", "RefAll", "Select", "Split"),
        *("Sub", "ToJsonString", "Transform", "ValueOf", "ValueOfAll"),
    }
)
_SHORT_FORMS = {f"!{name}": f"Fn::{name}" for name in _FUNCTIONS} | {"!Ref": "Ref", "!Condition": "Condition"}

_CONSTRUCTOR = yaml.constructor.SafeConstructor()
_CONSTRUCT: dict[str, Callable[[Any], Any]] = {
    f"{_CORE}int": _CONSTRUCTOR.construct_yaml_int,
    f"{_CORE}float": _CONSTRUCTOR.construct_yaml_float,
    f"{_CORE}bool": _CONSTRUCTOR.construct_yaml_bool,
    f"{_CORE}null": _CONSTRUCTOR.construct_yaml_null,
}
_PATTERNS = {
    first: [(tag, pattern) for tag, pattern in patterns if tag in _CONSTRUCT]
    for first, patterns in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_UNPRINTABLE = yaml.reader.Reader.NON_PRINTABLE

_MERGE = object()
"""In place of a key: what follows is merged into the mapping."""


@dataclass(slots=True)
class _Anchored:
    """What an alias stands for: a value, how many values it has in it and how deep, and itself as a key."""

    value: Any
    size: int
    height: int
    key: Any


@dataclass(slots=True)
class _Open:
    """A mapping or list that is being read."""

    value: Any
    """It itself."""
    marks: Any
    """The marks of its keys or entries, by key or in their order."""
    mark: Any
    """Where it begins."""
    function: str | None
    """The function that it is the argument of, by its tag."""
    anchor: str | None
    size: int = 1
    height: int = 1
    key: Any = None
    """The key of which the value comes next."""
    key_mark: Any = None
    merged: list[dict[str, Any]] = field(default_factory=list)


def read(text: str) -> tuple[object, Callable[[Iterable[Steps]], dict[Steps, Position]]]:
    """Read YAML; give the value, and what tells where its places are.

    Raises
    ------
    Unreadable
        It is not YAML, or something in it cannot be in a template.
    """
    bad = _UNPRINTABLE.search(text)
    if bad is not None:
        message = f"it is not YAML: the character U+{ord(bad[0]):04X} cannot stand in it"
        raise Unreadable(message, lines_of(text)(bad.start()))
    builder = _Builder()
    try:
        builder.take(iter(_LOADER(text).get_event, None))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = f"it is not YAML: {error.problem or error.context}"
        if mark is not None and _stands_at(text, mark) == "\t":
            message += "; this is a tab, and YAML is indented with spaces"
        raise Unreadable(message, None if mark is None else _position(mark)) from None
    except Unreadable:
        raise
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        message = f"it is not YAML: {' '.join(str(error).split())}"
        raise Unreadable(message) from None
    if builder.documents == 0:
        message = "it is empty"
        raise Unreadable(message, (1, 1))
    return builder.value, builder.locate


def _position(mark: Any) -> Position:  # noqa: ANN401 - PyYAML has no types
    return mark.line + 1, mark.column + 1


def _stands_at(text: str, mark: Any) -> str:  # noqa: ANN401 - PyYAML has no types
    """Give the character at a mark; none where there is no such line."""
    lines = text.split("\n")
    return lines[mark.line][mark.column : mark.column + 1] if mark.line < len(lines) else ""


def _refuse(message: str, mark: Any) -> NoReturn:  # noqa: ANN401 - PyYAML has no types
    raise Unreadable(message, _position(mark))


class _Builder:
    """Puts events together to values."""

    def __init__(self) -> None:
        self.value: object = None
        self.documents = 0
        self._start: Any = None
        self._open: list[_Open] = []
        # By the identity of a mapping or list; itself too, so that its identity is not given to another.
        self._marks: dict[int, tuple[object, Any]] = {}
        self._anchors: dict[str, _Anchored | None] = {}
        self._plain: dict[str, Any] = {}
        self._repeated = 0
        self._take: dict[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._mapping,
            yaml.SequenceStartEvent: self._sequence,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }

    def take(self, events: Iterable[object]) -> None:
        """Take all events."""
        for event in events:
            take = self._take.get(type(event))
            if take is not None:
                take(event)

    def locate(self, ways: Iterable[Steps]) -> dict[Steps, Position]:
        """Give the position of each place, or of the nearest one around it that has one."""
        return {way: self._locate(way) for way in ways}

    def _locate(self, way: Steps) -> Position:
        mark, value = self._start, self.value
        for step in way:
            _, marks = self._marks.get(id(value), (None, None))
            if marks is None:
                break
            mark = marks[step]
            value = value[step]  # type: ignore[index]
        return _position(mark)

    def _document(self, event: Any) -> None:  # noqa: ANN401 - PyYAML has no types
        self.documents += 1
        if self.documents > 1:
            _refuse("a second document begins here; a template is one", event.start_mark)

    def _scalar(self, event: Any) -> None:  # noqa: ANN401
        tag, text, mark = event.tag, event.value, event.start_mark
        key: Any = text
        height = 0
        value: Any = text
        if tag is None:
            if event.implicit[0]:
                value = self._plain[text] if text in self._plain else self._resolved(text, mark)
                if text == "<<":
                    key = _MERGE
        elif tag in _CONSTRUCT:
            value = _constructed(tag, text, mark)
        elif tag in _SHORT_FORMS:
            name = _SHORT_FORMS[tag]
            value = {name: text.split(".", 1) if name == "Fn::GetAtt" and "." in text else text}
            key, height = None, 1
            self._marks[id(value)] = value, {name: mark}
        elif tag not in {"!", f"{_CORE}str"}:
            _refuse(_unknown(tag), mark)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(value, 1, height, key)
        self._put(value, mark, 1, height, key)

    def _resolved(self, text: str, mark: Any) -> Any:  # noqa: ANN401
        """Give what a scalar without quotes and tag is."""
        value: Any = text
        if len(text) <= _LONGEST_NUMBER:
            for tag, pattern in _PATTERNS.get(text[:1], ()):
                if pattern.match(text):
                    value = _constructed(tag, text, mark)
                    break
            self._plain[text] = value
        return value

    def _mapping(self, event: Any) -> None:  # noqa: ANN401
        self._begin(event, {}, {}, "map")

    def _sequence(self, event: Any) -> None:  # noqa: ANN401
        self._begin(event, [], [], "seq")

    def _begin(self, event: Any, value: Any, marks: Any, kind: str) -> None:  # noqa: ANN401
        tag, function = event.tag, None
        if tag is not None:
            function = _SHORT_FORMS.get(tag)
            if function is None and tag not in {"!", f"{_CORE}{kind}"}:
                _refuse(_unknown(tag), event.start_mark)
        if len(self._open) >= _DEEPEST:
            _refuse(f"it nests more than {_DEEPEST} deep", event.start_mark)
        self._marks[id(value)] = value, marks
        self._open.append(_Open(value, marks, event.start_mark, function, event.anchor))
        if event.anchor is not None:
            self._anchors[event.anchor] = None

    def _end(self, _: object) -> None:
        ended = self._open.pop()
        value = ended.value
        for merged in ended.merged:
            _, marks = self._marks[id(merged)]
            for key, each in merged.items():
                if key not in value:
                    value[key] = each
                    ended.marks[key] = marks[key]
        if ended.function is not None:
            value = {ended.function: value}
            ended.height += 1
            self._marks[id(value)] = value, {ended.function: ended.mark}
        if ended.anchor is not None:
            self._anchors[ended.anchor] = _Anchored(value, ended.size, ended.height, None)
        self._put(value, ended.mark, ended.size, ended.height, None)

    def _alias(self, event: Any) -> None:  # noqa: ANN401
        name, mark = event.anchor, event.start_mark
        if name not in self._anchors:
            _refuse(f"there is no anchor &{name} before this", mark)
        anchored = self._anchors[name]
        if anchored is None:
            _refuse(f"*{name} stands inside of what it stands for", mark)
        self._repeated += anchored.size
        if self._repeated > _MOST_REPEATED:
            _refuse(f"aliases repeat more than {_MOST_REPEATED} values", mark)
        if len(self._open) + anchored.height > _DEEPEST:
            _refuse(f"it nests more than {_DEEPEST} deep", mark)
        self._put(anchored.value, mark, anchored.size, anchored.height, anchored.key)

    def _put(self, value: Any, mark: Any, size: int, height: int, key: Any) -> None:  # noqa: ANN401
        """Put a value where it belongs: as a key, if a key comes next and it can be one."""
        if not self._open:
            self.value, self._start = value, mark
            return
        around = self._open[-1]
        around.size += size
        if height >= around.height:
            around.height = height + 1
        if isinstance(around.value, list):
            around.value.append(value)
            around.marks.append(mark)
        elif around.key is None:
            if key is None:
                _refuse("a key is a text", mark)
            if key in around.value:
                _refuse(f"the key {key!r} stands twice in the same mapping", mark)
            around.key, around.key_mark = key, mark
        else:
            if around.key is _MERGE:
                around.merged += _mappings(value, mark)
            else:
                around.value[around.key] = value
                around.marks[around.key] = around.key_mark
            around.key = None


def _mappings(value: object, mark: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - PyYAML has no types
    """Give the mappings that are to be merged."""
    several: list[Any] = value if isinstance(value, list) else [value]
    if not all(isinstance(each, dict) for each in several):
        _refuse("what is merged with << is a mapping, or a list of mappings", mark)
    return several


def _constructed(tag: str, text: str, mark: Any) -> Any:  # noqa: ANN401
    try:
        if len(text) <= _LONGEST_NUMBER:
            return _CONSTRUCT[tag](yaml.ScalarNode(tag, text))
    except (ValueError, LookupError, OverflowError):
        pass
    _refuse(f"{text[:_LONGEST_NUMBER]!r} is no {tag.removeprefix(_CORE)}", mark)


def _unknown(tag: str) -> str:
    shown = re.sub(f"^{_CORE}", "!!", tag)
    return f"{shown} is none of the tags that CloudFormation knows"
