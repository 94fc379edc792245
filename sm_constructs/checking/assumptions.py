"""What parameters and conditions may be: the cases in which a template is looked at.

- A parameter with a default is that, one with allowed values is each of them in turn, another is not known.
- The parameters that conditions depend on are all that makes a difference: each allowed value, or the default, every
  value that a condition compares with, and something else. All combinations are looked at, as far as they are not too
  many; then one parameter at a time differs from its default.
- Where a mapping is looked up with something that is not known, such as the region, each of its rows is looked at.
- A condition on what is not known is looked at both ways.
- Where a parameter is not its default, others that are empty by default are not known.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from sm_constructs.checking.uses import Reach, Uses, uses_of
from sm_constructs.reading.intrinsics import names_in, substituted

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from sm_constructs.reading.intrinsics import Call

_MOST_CASES = 64
_MOST_VALUES = 200
_DEEPEST = 20
_EMPTY = ("", ("",))

_ACCOUNT = re.compile(r"\b\d{12}\b")

OTHER = object()
"""Any value but those that are looked at."""


@dataclass(frozen=True)
class Assumptions:
    """One case.

    Attributes
    ----------
    values : Mapping[str, Any]
        The values of parameters and pseudo parameters; `OTHER` and what is missing are not known.
    flags : Mapping[str, bool]
        The comparisons that cannot be carried out, by `repr`.
    """

    values: Mapping[str, Any]
    flags: Mapping[str, bool]
    _conditions: Mapping[str, Any]
    _known: dict[str, bool | None] = field(default_factory=dict)

    def parameter(self, name: str) -> Any:  # noqa: ANN401 - JSON
        """Give the value of a parameter; ``None`` where it is not known."""
        value = self.values.get(name)
        if isinstance(value, tuple):
            return list(value)
        return None if value is OTHER else value

    def condition(self, name: object) -> bool | None:
        """Say whether a condition holds; ``None`` where there is no such condition."""
        if not isinstance(name, str) or name not in self._conditions:
            return None
        if name not in self._known:
            self._known[name] = None  # in a circle nothing is known
            self._known[name] = self._holds(self._conditions[name], 0)
        return self._known[name]

    def _holds(self, expression: object, depth: int) -> bool | None:  # noqa: PLR0911 - a case each
        if depth > _DEEPEST:
            return None
        match expression:
            case {"Condition": name}:
                return self.condition(name)
            case {"Fn::Not": [one]}:
                holds = self._holds(one, depth + 1)
                return None if holds is None else not holds
            case {"Fn::And": [*several]}:
                each = [self._holds(one, depth + 1) for one in several]
                return False if False in each else None if None in each else True
            case {"Fn::Or": [*several]}:
                each = [self._holds(one, depth + 1) for one in several]
                return True if True in each else None if None in each else False
            case {"Fn::Equals": [left, right]}:
                return self._equal(left, right)
            case _:
                return None

    def _equal(self, left: object, right: object) -> bool | None:
        one, other = self._text(left), self._text(right)
        if isinstance(one, str) and isinstance(other, str):
            return one == other
        if (one is OTHER and isinstance(other, str)) or (other is OTHER and isinstance(one, str)):
            return False
        return self.flags.get(repr((left, right)))

    def _text(self, value: object) -> object:
        """Give the text of a side of a comparison: a text, `OTHER`, or nothing where it is not known."""
        match value:
            case bool():
                return str(value).lower()
            case str() | int() | float():
                return str(value)
            case {"Ref": str() as name}:
                found = self.values.get(name)
                return str(found) if isinstance(found, str | int | float) else found
            case {"Fn::Sub": str() as text}:
                whole, left = substituted(text, lambda name: self.parameter(name))  # noqa: PLW0108
                return None if left else whole
            case {"Fn::Join": [str() as separator, {"Ref": str() as name}]}:
                found = self.values.get(name)
                return separator.join(map(str, found)) if isinstance(found, tuple) else found
            case _:
                return None


class Case(NamedTuple):
    """One case, and the resources that are to be looked at in it."""

    assumptions: Assumptions
    ids: list[str]
    plain: Mapping[str, list[Call]]
    """The calls in those of all resources in which nothing is to be carried out, by logical id."""


def cases(template: Mapping[str, Any], ids: list[str], pseudo: Mapping[str, str]) -> Iterator[Case]:
    """Give the cases in which the resources of a template are to be looked at.

    In the first case these are all of them, in each other those that may be different in it.

    Parameters
    ----------
    template : Mapping[str, Any]
        The template.
    ids : list[str]
        The logical ids of the resources.
    pseudo : Mapping[str, str]
        What is known of the pseudo parameters, such as ``AWS::Region``.
    """
    parameters, conditions, mappings = (_section(template, name) for name in ("Parameters", "Conditions", "Mappings"))
    resources = {id: template["Resources"][id] for id in ids}
    uses = uses_of(resources, conditions)
    usual = {**{name: _usual(parameters[name]) for name in parameters}, **pseudo}
    usual = {name: value for name, value in usual.items() if value is not None}
    names = {name for each in uses.values() for name in each.names}
    rows = {row for each in uses.values() for row in each.rows}
    deciding = Uses()
    for each in _different(its.of_conditions for its in uses.values()):
        deciding.update(each)
    decisive = _decisive(deciding, parameters, usual, pseudo)
    undecided = _undecided(deciding, {*decisive, *usual})
    turns: dict[str, list[Any]] = {}
    for name in sorted((names | {row for row, _ in rows}) - set(decisive) - set(pseudo)):
        possible = _allowed(parameters.get(name))
        if not possible and name not in usual:
            possible = [row for used, table in sorted(rows) if used == name for row in _unlike(mappings.get(table))]
        if possible:
            turns[name] = [usual.get(name, possible[0]), *possible]
    usual |= {name: ones[0] for name, ones in turns.items()}
    several = list(_combinations(decisive, undecided, usual))
    values, first_flags = several[0]
    known = {*usual, *values}
    plain = {id: its.called for id, its in uses.items() if not its.has_any_of(known)}
    yield Case(Assumptions({**usual, **values}, first_flags, conditions), ids, plain)
    for name, ones in turns.items():
        others = (one for one in dict.fromkeys(ones) if one != usual[name])
        several += [({**values, name: one}, first_flags) for one in itertools.islice(others, _MOST_VALUES)]
    if not several[1:]:
        return
    # Where somebody gives another value, what is empty by default is probably given too.
    given = {name: value for name, value in usual.items() if value not in _EMPTY}
    reach = Reach(resources, uses)
    for its_values, flags in several[1:]:
        changed = {name for name, value in its_values.items() if value != values.get(name, usual.get(name))}
        changed |= {comparison for comparison, holds in flags.items() if holds != first_flags[comparison]}
        if affected := reach.of(frozenset(changed)):
            yield Case(Assumptions({**given, **its_values}, flags, conditions), affected, plain)


def _different(uses: Iterable[Uses | None]) -> Iterable[Uses | None]:
    """Give those that are others; many resources share theirs."""
    # Python 3.12.1 takes no function `id` where a comprehension in the same function has a variable of that name.
    return {id(each): each for each in uses}.values()


def _combinations(
    decisive: Mapping[str, list[Any]], undecided: Sequence[str], usual: Mapping[str, Any]
) -> Iterator[tuple[dict[str, Any], dict[str, bool]]]:
    number = 2 ** len(undecided)
    for each in decisive.values():
        number *= len(each)
    if number <= _MOST_CASES:
        for values in itertools.product(*decisive.values()):
            for answers in itertools.product((True, False), repeat=len(undecided)):
                yield dict(zip(decisive, values, strict=True)), dict(zip(undecided, answers, strict=True))
        return
    base = {name: usual.get(name, values[0]) for name, values in decisive.items()}
    for flags in (dict.fromkeys(undecided, True), dict.fromkeys(undecided, False)):
        yield base, flags
        for name, others in decisive.items():
            yield from (({**base, name: value}, flags) for value in others if value != base[name])


def _decisive(
    deciding: Uses, parameters: Mapping[str, Any], usual: Mapping[str, Any], pseudo: Mapping[str, str]
) -> dict[str, list[Any]]:
    """Give the parameters that conditions depend on, with the values that make a difference."""
    found: dict[str, list[Any]] = {}
    for name in sorted(deciding.names - set(pseudo)):
        if name not in parameters and not name.startswith("AWS::"):
            continue
        values = _allowed(parameters.get(name))
        if not values:
            compared = _literals(name, deciding.comparisons)
            values = [*([usual[name]] if name in usual else []), *compared, OTHER]
        found[name] = list(dict.fromkeys(values))
    return found


def _literals(name: str, comparisons: Iterable[tuple[object, object]]) -> Iterator[Any]:
    """Give what a parameter is compared with: texts, and lists of one where it is joined first."""
    for left, right in comparisons:
        for one, other in ((left, right), (right, left)):
            if isinstance(other, str | int | float):
                text = str(other).lower() if isinstance(other, bool) else str(other)
                match one:
                    case {"Ref": str() as its} if its == name:
                        yield text
                    case {"Fn::Join": [str(), {"Ref": str() as its}]} if its == name:
                        yield (text,)


def _undecided(deciding: Uses, known: Container[str]) -> list[str]:
    """Give the comparisons that can never be carried out."""

    def is_known(side: object) -> bool:
        match side:
            case str() | int() | float():
                return True
            case {"Ref": str() as name}:
                return name in known
            case {"Fn::Sub": str() as text}:
                return all(name in known for name in names_in(text))
            case {"Fn::Join": [str(), {"Ref": str() as name}]}:
                return name in known
            case _:
                return False

    pairs = (pair for pair in deciding.comparisons if not all(map(is_known, pair)))
    return list(dict.fromkeys(map(repr, pairs)))


def _unlike(table: object) -> Iterator[str]:
    """Give the rows of a mapping of which each has other values; one account's id is like another's."""
    seen = set()
    for name, row in table.items() if isinstance(table, dict) else ():
        values = _ACCOUNT.sub("account", repr(row))
        if values not in seen and isinstance(name, str):
            seen.add(values)
            yield name


def _section(template: Mapping[str, Any], name: str) -> dict[str, Any]:
    section = template.get(name)
    return {k: v for k, v in section.items() if isinstance(k, str)} if isinstance(section, dict) else {}


def _allowed(parameter: object) -> list[Any]:
    values = parameter.get("AllowedValues") if isinstance(parameter, dict) else None
    return [_typed(parameter, value) for value in values if _is_plain(value)] if isinstance(values, list) else []


def _usual(parameter: object) -> Any:  # noqa: ANN401 - JSON
    if not isinstance(parameter, dict):
        return None
    value = parameter.get("Default")
    return _typed(parameter, value) if _is_plain(value) else None


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float)


def _typed(parameter: object, value: Any) -> Any:  # noqa: ANN401 - JSON
    """Give what ``Ref`` gives for a value of a parameter; nothing where the value is only the name of another one."""
    kind = str(parameter.get("Type")) if isinstance(parameter, dict) else ""
    if kind.startswith("AWS::SSM::Parameter::"):
        return OTHER
    if kind == "CommaDelimitedList" or kind.startswith("List<"):
        return tuple(part.strip() for part in str(value).split(","))
    return str(value).lower() if isinstance(value, bool) else value
