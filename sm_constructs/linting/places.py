"""Places in a template: by property path, and by line and column in the file."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Position = tuple[int, int]
"""Line and column, both from 1."""

Steps = tuple[str | int, ...]
"""The keys and indexes that lead to a place."""

_LONGEST_INDEX = 9


class Unreadable(ValueError):  # noqa: N818 - what it says is what it is
    """Something cannot be read as a template.

    Parameters
    ----------
    message : str
        Why.
    position : Position, optional
        Where, if that is known.
    """

    def __init__(self, message: str, position: Position | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


def steps(value: object, path: str) -> Steps:
    """Give the steps of a property path, as far as there is something; a key may have slashes in it.

    >>> steps({"Resources": {"Config": {"Tags": [1, 2]}}}, "Resources/Config/Tags/1/Value")
    ('Resources', 'Config', 'Tags', 1)
    """
    way: list[str | int] = []
    parts = path.split("/")
    while parts:
        if isinstance(value, dict):
            lengths = (n for n in range(len(parts), 0, -1) if "/".join(parts[:n]) in value)
            length = next(lengths, 0)
            if not length:
                break
            step: str | int = "/".join(parts[:length])
            value = value[step]
        elif isinstance(value, list):
            length, step = 1, _index(parts[0], len(value))
            if step < 0:
                break
            value = value[step]
        else:
            break
        way.append(step)
        del parts[:length]
    return tuple(way)


def _index(text: str, length: int) -> int:
    if not text.isdecimal() or len(text) > _LONGEST_INDEX:
        return -1
    index = int(text)
    return index if index < length else -1


def lines_of(text: str) -> Callable[[int], Position]:
    """Give what tells the line and column of an index in a text."""
    ends: list[int] = []
    end = text.find("\n")
    while end >= 0:
        ends.append(end)
        end = text.find("\n", end + 1)

    def position(index: int) -> Position:
        line = bisect_left(ends, index)
        return line + 1, index - (ends[line - 1] if line else -1)

    return position


def nearest(found: dict[Steps, Position], ways: Iterable[Steps]) -> dict[Steps, Position]:
    """Give the position of each place, or of the nearest one around it that has one."""
    whole = found.get((), (1, 1))
    return {way: next((found[way[:n]] for n in range(len(way), 0, -1) if way[:n] in found), whole) for way in ways}
