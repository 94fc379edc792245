"""Problems that a template says it knows of, as other linters have it: in its metadata, or in that of a resource."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sm_constructs.problems import Problem

NAME = "sm-constructs"


def is_suppressed(problem: Problem, template: Mapping[str, Any]) -> bool:
    """Say whether a template suppresses a problem, for the resource that has it or for all."""
    places: list[object] = [template]
    match problem.path.split("/"):
        case ["Resources", id, *_]:
            places.append(template["Resources"].get(id))
    return any(_covers(code, problem.code) for place in places for code in _ignored(place))


def _ignored(place: object) -> list[str]:
    match place:
        case {"Metadata": {"sm-constructs": {"config": {"ignore_checks": [*codes]}}}}:
            return [code for code in codes if isinstance(code, str)]
        case _:
            return []


def _covers(ignored: str, code: str) -> bool:
    """Say whether an entry is about a code: as cfn-lint has it, the beginning of a code stands for all that have it."""
    return bool(ignored) and code.startswith(ignored)
