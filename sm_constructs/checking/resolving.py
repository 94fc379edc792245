"""A template with the intrinsic functions carried out, as far as that can be done before deployment.

What is known is carried out: ``Fn::If`` on a known condition, ``Ref`` of a parameter with a value, and ``Fn::Sub``,
``Fn::Join``, ``Fn::FindInMap``, ``Fn::Select`` and ``Fn::Split`` of what is known. Everything else stays as it stands.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sm_constructs.reading.intrinsics import NO_VALUE, is_intrinsic, substituted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sm_constructs.checking.assumptions import Assumptions, Case

_UNKNOWN = object()
_CONTAINERS = (dict, list)
_PLAIN = (str, int, float)
# Templates come from anybody: what nests deeper than this is not looked into.
_DEEPEST = 100


@dataclass(slots=True)
class Resolved:
    """A template, carried out.

    Attributes
    ----------
    template : dict[str, Any]
        The template, of which only the resources that were asked for are there.
    others : dict[str, Any]
        The other resources, by logical id, as they stand there.
    """

    template: dict[str, Any]
    others: dict[str, Any]
    _moved: dict[str, str] = field(default_factory=dict)

    def original(self, path: str) -> str:
        """Give the property path in the template as it was written."""
        prefix = path
        while prefix:
            if prefix in self._moved:
                return self._moved[prefix] + path[len(prefix) :]
            prefix = prefix.rpartition("/")[0]
        return path


def resolve(template: Mapping[str, Any], case: Case) -> Resolved:
    """Carry out the resources of a template.

    Parameters
    ----------
    template : Mapping[str, Any]
        The template.
    case : Case
        What parameters and conditions are, and the resources.
    """
    assumptions, ids, plain = case
    resources: dict[str, Any] = {}
    wanted = set(ids)
    others = {
        id: definition
        for id, definition in template["Resources"].items()
        if id not in wanted
        and (not isinstance(definition, dict) or assumptions.condition(definition.get("Condition")) is not False)
    }
    resolved = Resolved({**template, "Resources": resources}, others)
    resolver = _Resolver(template, assumptions, resolved._moved)  # noqa: SLF001 - its own
    for id in ids:
        definition = template["Resources"][id]
        if id in plain:
            resources[id] = definition
        elif assumptions.condition(definition.get("Condition")) is not False:
            path = f"Resources/{id}/Properties"
            properties = resolver.value(definition.get("Properties"), path, path, 0)
            if isinstance(properties, dict) and set(properties) == {"Fn::Transform"}:  # nothing is known of it
                resolved.others[id] = definition
            else:
                resources[id] = {**definition, **({} if "Properties" not in definition else {"Properties": properties})}
    return resolved


class _Resolver:
    def __init__(self, template: Mapping[str, Any], assumptions: Assumptions, moved: dict[str, str]) -> None:
        mappings = template.get("Mappings")
        self._mappings = mappings if isinstance(mappings, dict) else {}
        self._assumptions = assumptions
        self._moved = moved
        self._substituted: dict[str, Any] = {}

    def value(self, value: Any, path: str, origin: str, depth: int) -> Any:  # noqa: ANN401 - JSON
        """Carry out a value.

        Parameters
        ----------
        value : Any
            The value.
        path, origin : str
            Where it stands in the resolved template, and where it stood in the original one.
        depth : int
            How deep it is nested.
        """
        if depth > _DEEPEST:
            return value
        if isinstance(value, dict):
            if is_intrinsic(value):
                return self._call(value, path, origin, depth)
            if any(isinstance(name, str) and name.startswith("Fn::") for name in value):
                return {"Fn::Transform": value}  # what a macro or a loop makes of it is not known
            found = {}
            for name, each in value.items():
                if isinstance(each, _CONTAINERS):
                    each = self.value(each, f"{path}/{name}", f"{origin}/{name}", depth + 1)  # noqa: PLW2901
                    if each == NO_VALUE:
                        continue
                found[name] = each
            return found
        if isinstance(value, list):
            return self._list(value, path, origin, depth)
        return value

    def _list(self, values: list[Any], path: str, origin: str, depth: int) -> list[Any]:
        found: list[Any] = []
        for index, each in enumerate(values):
            place, before = f"{path}/{len(found)}", f"{origin}/{index}"
            if len(found) != index:
                self._moved[place] = before
            if isinstance(each, _CONTAINERS):
                each = self.value(each, place, before, depth + 1)  # noqa: PLW2901
                if each == NO_VALUE:
                    continue
            found.append(each)
        return found

    def _call(self, call: dict[str, Any], path: str, origin: str, depth: int) -> Any:  # noqa: ANN401, PLR0911 - JSON, a case each
        ((name, argument),) = call.items()
        inside = f"{origin}/{name}"
        match name, argument:
            case "Ref", str() as referred:
                known = self._assumptions.parameter(referred)
                return call if known is None else known
            case "Fn::If", [condition, yes, no]:
                chosen = self._assumptions.condition(condition)
                if chosen is None:
                    return call
                place = f"{inside}/{1 if chosen else 2}"
                self._moved[path] = place
                return self.value(yes if chosen else no, path, place, depth + 1)
            case "Fn::Sub", str() as text:
                if text not in self._substituted:
                    self._substituted[text] = self._sub(text, {}, call)
                return self._substituted[text]
            case "Fn::Sub", [str() as text, dict() as variables]:
                given = {k: self.value(v, path, f"{inside}/1/{k}", depth + 1) for k, v in variables.items()}
                return self._sub(text, given, {name: [text, given]})
            case (("Fn::Join" | "Fn::Select" | "Fn::Split" | "Fn::FindInMap"), list()):
                resolved = [self.value(each, path, f"{inside}/{i}", depth + 1) for i, each in enumerate(argument)]
                found = self._carried_out(name, resolved)
                return {name: resolved} if found is _UNKNOWN else found
            case _:
                return call

    def _sub(self, text: str, variables: dict[str, Any], call: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
        def known(name: str) -> str | None:
            value = variables[name] if name in variables else self._assumptions.parameter(name)
            return str(value) if isinstance(value, _PLAIN) else None

        whole, unknown = substituted(text, known)
        if not unknown:
            return whole
        if isinstance(call["Fn::Sub"], str):
            return {"Fn::Sub": whole}
        return {"Fn::Sub": [whole, {k: v for k, v in variables.items() if not isinstance(v, _PLAIN)}]}

    def _carried_out(self, name: str, argument: list[Any]) -> Any:  # noqa: ANN401 - JSON
        match name, argument:
            case "Fn::Join", [str() as separator, list() as parts] if all(isinstance(p, _PLAIN) for p in parts):
                return separator.join(map(str, parts))
            case "Fn::Select", [index, list() as values]:
                if isinstance(index, int | str) and str(index).isdecimal() and int(index) < len(values):
                    return values[int(index)]
            case "Fn::Split", [str() as separator, str() as text] if separator:
                return text.split(separator)
            case "Fn::FindInMap", [str() as table, str() | int() as row, str() | int() as column, *more]:
                rows = self._mappings.get(table)
                columns = rows.get(str(row)) if isinstance(rows, dict) else None
                if isinstance(columns, dict) and str(column) in columns:
                    return columns[str(column)]
                match more:
                    case [{"DefaultValue": default}]:
                        return default
        return _UNKNOWN
