"""What a check found, in all files together."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sm_constructs.linting.places import Position
    from sm_constructs.problems import Problem, Severity


@dataclass(frozen=True, slots=True)
class Found:
    """A problem, and where it is."""

    file: str
    position: Position
    problem: Problem


@dataclass(frozen=True, slots=True)
class Failed:
    """A file that could not be checked, why, and where in it that is, if it is somewhere."""

    file: str
    message: str
    position: Position | None = None

    @property
    def place(self) -> str:
        """The file, with line and column."""
        return self.file if self.position is None else f"{self.file}:{self.position[0]}:{self.position[1]}"


@dataclass(slots=True)
class Report:
    """Everything that was found.

    Attributes
    ----------
    files : list[str]
        The templates that were checked.
    found : list[Found]
        The problems, file by file.
    failed : list[Failed]
        What could not be checked.
    """

    files: list[str] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)

    def count(self, severity: Severity) -> int:
        """Give the number of problems of a severity."""
        return Counter(each.problem.severity for each in self.found)[severity]
