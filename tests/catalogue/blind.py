"""Catalogues by other hands, from the same facts, of which the rules were not known, nor anything here to the rules.

Some of their cases can be argued about; they say so. Each says where a good tool would point.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from catalogue.case import _apply

NAMES = ("second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
FOLDER = Path(__file__).parent


@cache
def _load(catalogue: str, name: str) -> Any:
    return json.loads((FOLDER / catalogue / f"{name}.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Placed:
    """A template with something changed, what AWS does about it, and where a good tool would point.

    `doubt` says what can be argued about, and is None where nothing can.
    """

    catalogue: str
    id: str
    base: str
    fact: str
    why: str
    doubt: str | None
    places: list[str]
    change: list[list[Any]]

    @property
    def template(self) -> dict:
        """The whole changed template."""
        return changed(bases(self.catalogue)[self.base], self.change)


def changed(base: dict, change: list[list[Any]]) -> dict:
    """Give a template with changes."""
    template = copy.deepcopy(base)
    for each in change:
        _apply(template, tuple(each))
    return template


@cache
def bases(catalogue: str) -> dict[str, dict]:
    """Give the templates that the cases of a catalogue are made of, by name."""
    own = _load(catalogue, "bases") if (FOLDER / catalogue / "bases.json").exists() else {}
    return {**own, **good(catalogue)}


@cache
def good(catalogue: str) -> dict[str, dict]:
    """Give the good templates of a catalogue by name."""
    found = _load(catalogue, "good")
    if isinstance(found, dict):
        return found
    return {row["id"]: changed(_load(catalogue, "bases")[row["base"]], row["change"]) for row in found}


def wrong(catalogue: str) -> list[Placed]:
    """Give the templates of a catalogue that AWS refuses."""
    return [Placed(catalogue, **row) for row in _load(catalogue, "wrong")]


def harmful(catalogue: str) -> list[Placed]:
    """Give the templates of a catalogue that AWS accepts although they hurt."""
    return [Placed(catalogue, **row) for row in _load(catalogue, "harmful")]
