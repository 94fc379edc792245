"""What AWS refuses: every entry is a good template with one thing broken."""

from __future__ import annotations

from .case import Case
from .wrong_combinations import COMBINATIONS
from .wrong_shapes import SHAPES


def wrong() -> list[Case]:
    """Give the templates that AWS refuses."""
    return [*SHAPES, *COMBINATIONS]
