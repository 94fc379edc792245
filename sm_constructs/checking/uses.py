"""What resources use of the rest of a template, and so which of them another value of a parameter reaches."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sm_constructs.reading.intrinsics import calls, names_in, references_of
from sm_constructs.reading.resources import INLINE_POLICY, MANAGED_POLICY, PHYSICAL_NAMES, POLICY_OF_ROLE, ROLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sm_constructs.reading.intrinsics import Call

# What is the same as long as no parameter in it is known.
_LEFT_ALONE = frozenset({"Condition", "Ref", "Fn::GetAtt", "Fn::Sub", "Fn::Join", "Fn::ImportValue", "Fn::GetAZs"})


@dataclass(slots=True)
class Uses:
    """What something uses of the rest of the template."""

    names: set[str] = field(default_factory=set)
    conditions: set[str] = field(default_factory=set)
    rows: set[tuple[str, str]] = field(default_factory=set)
    """The name by which a row of a mapping is looked up, and the mapping."""
    comparisons: list[tuple[object, object]] = field(default_factory=list)
    calls: bool = False
    """Whether it calls something that can be carried out without a parameter."""
    called: list[Call] = field(default_factory=list)
    """The calls in the properties of a resource."""
    of_conditions: Uses | None = None
    """What the conditions use, on which it depends."""

    def update(self, other: Uses | None) -> None:
        """Add what something else uses."""
        if other is not None:
            self.names |= other.names
            self.conditions |= other.conditions
            self.rows |= other.rows
            self.comparisons += other.comparisons

    def has_any_of(self, known: Iterable[str]) -> bool:
        """Say whether something in it can be carried out, if these parameters are known."""
        return self.calls or bool(self.conditions or self.rows) or not self.names.isdisjoint(known)

    @property
    def changing(self) -> Iterator[str]:
        """Give what makes another thing of it: parameters, and comparisons by `repr`."""
        for each in (self, self.of_conditions):
            if each is not None:
                yield from each.names
                yield from (name for name, _ in each.rows)
        if self.of_conditions is not None:
            yield from map(repr, self.of_conditions.comparisons)

    def add(self, called: Iterable[Call]) -> None:
        """Add what calls of intrinsic functions use."""
        for _, function, argument in called:
            if function == "Fn::GetAtt":
                continue
            if function == "Ref" and isinstance(argument, str):
                self.names.add(argument)
                self.calls |= argument == "AWS::NoValue"
                continue
            match function, argument:
                case "Fn::Sub", ((str() as text) | [str() as text, *_]):
                    self.names.update(names_in(text))
                case (("Condition" | "Fn::If"), ((str() as name) | [str() as name, *_])):
                    self.conditions.add(name)
                case "Fn::FindInMap", [str() as table, {"Ref": str() as name}, *_]:
                    self.rows.add((name, table))
                case "Fn::Equals", [left, right]:
                    self.comparisons.append((left, right))
            self.calls |= function not in _LEFT_ALONE


def uses_of(resources: Mapping[str, Any], conditions: Mapping[str, Any]) -> dict[str, Uses]:
    """Say what each resource uses, with the conditions on which it depends.

    Parameters
    ----------
    resources : Mapping[str, Any]
        The resources.
    conditions : Mapping[str, Any]
        The conditions of the template.
    """
    found: dict[str, Uses] = {}
    known: dict[frozenset[str], Uses] = {}
    for id, resource in resources.items():
        uses = found[id] = Uses(called=calls(resource.get("Properties")))
        uses.add(uses.called)
        if isinstance(condition := resource.get("Condition"), str):
            uses.conditions.add(condition)
        its = frozenset(uses.conditions & conditions.keys())
        if its not in known:
            known[its] = _of_conditions(its, conditions)
        uses.of_conditions = known[its]
    return found


def _of_conditions(names: frozenset[str], conditions: Mapping[str, Any]) -> Uses:
    uses, todo, seen = Uses(), list(names), set[str]()
    while todo:
        if (name := todo.pop()) not in seen:
            seen.add(name)
            uses.add(calls(conditions[name]))
            todo += uses.conditions & set(conditions)
    return uses


class Reach:
    """Which resources may be others when something changes: those that use it, and those that belong to them.

    Parameters
    ----------
    resources : Mapping[str, Any]
        The resources.
    uses : Mapping[str, Uses]
        What each uses.
    """

    def __init__(self, resources: Mapping[str, Any], uses: Mapping[str, Uses]) -> None:
        self._resources = resources
        self._uses = uses
        self._users: dict[str, set[str]] = defaultdict(set)
        for id, its in uses.items():
            for name in its.changing:
                self._users[name].add(id)
        self._needed: dict[str, set[str]] = {}
        self._needing: dict[str, set[str]] = defaultdict(set)
        self._known: dict[frozenset[str], list[str]] = {}

    def of(self, changed: frozenset[str]) -> list[str]:
        """Give the resources that something reaches: parameters, and comparisons by `repr`."""
        if changed not in self._known:
            users: set[str] = set().union(*(self._users.get(name, ()) for name in changed))
            self._known[changed] = self._with_all_that_belongs(users)
        return self._known[changed]

    def _with_all_that_belongs(self, ids: set[str]) -> list[str]:
        if not ids:
            return []
        self._connect()
        if any(_is_named(resource) for resource in self._resources.values()):
            return list(self._resources)  # a name in another resource may mean it
        todo, found = list(ids), set(ids)
        while todo:
            id = todo.pop()
            more = self._needed[id] | {other for other in self._needing[id] if self._belongs(other, id)}
            todo += more - found
            found |= more
        return [id for id in self._resources if id in found]

    def _connect(self) -> None:
        for id in self._resources if not self._needed else ():
            others = {name for _, name, _ in references_of(self._uses[id].called) if name in self._resources}
            self._needed[id] = others
            for other in others:
                self._needing[other].add(id)

    def _belongs(self, other: str, id: str) -> bool:
        """Say whether what refers to a resource belongs to it; not so the many that take on one role."""
        kind, its = (self._resources[each].get("Type") for each in (id, other))
        return kind not in (ROLE, MANAGED_POLICY) or its in (POLICY_OF_ROLE, MANAGED_POLICY, INLINE_POLICY)


def _is_named(resource: Mapping[str, Any]) -> bool:
    properties = resource.get("Properties")
    return isinstance(properties, dict) and PHYSICAL_NAMES.get(str(resource.get("Type"))) in properties
