"""A second catalogue, by other hands, from the same facts; also without a look at the rules.

Some of its cases can be argued about; they say why. Each says where a good tool would point.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from catalogue.case import _apply

FOLDER = Path(__file__).parent


@cache
def _load(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def good() -> dict[str, dict]:
    """Give the good templates by name."""
    return _load("good.json")


@dataclass(frozen=True)
class Placed:
    """A good template with one thing changed, what AWS does about it, and where a good tool would point.

    `doubt` says what can be argued about, and is None where nothing can.
    """

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
        template = copy.deepcopy(good()[self.base])
        for change in self.change:
            _apply(template, tuple(change))
        return template


def wrong() -> list[Placed]:
    """Give the templates that AWS refuses."""
    return [Placed(**row) for row in _load("wrong.json")]


def harmful() -> list[Placed]:
    """Give the templates that AWS accepts although they hurt."""
    return [Placed(**row) for row in _load("harmful.json")]
