"""What a check found, and the error that carries it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that AWS refuses (an error) or accepts although it will hurt (a warning).

    Attributes
    ----------
    code : str
        The stable code of the rule, ``SMC`` and three digits.
    severity : {"error", "warning"}
        ``"error"``: AWS refuses it or it is certain to fail. ``"warning"``: AWS accepts it.
    message : str
        What is wrong, with the user's own argument and value, and what is allowed.
    path : str
        Where it is: the user's argument, such as ``instances.volume_gb``.
    source : str
        Where AWS says so.
    """

    code: str
    severity: Severity
    message: str
    path: str
    source: str

    def __str__(self) -> str:
        """Give the problem as it stands in an error message: two lines, the second the source."""
        return f"{self.code} {self.message}\n       AWS: {self.source}"


class InvalidHosting(ValueError):  # noqa: N818 - the public name is a contract
    """AWS would refuse what was described; nothing was created.

    Parameters
    ----------
    subject : str
        What the problems belong to, such as ``Chat (ServerlessEndpoint)``.
    problems : Sequence[Problem]
        All problems that were found, at least one.
    """

    def __init__(self, subject: str, problems: Sequence[Problem]) -> None:
        self.subject = subject
        self.problems = tuple(problems)
        count = f"{len(self.problems)} problem{'s' if len(self.problems) > 1 else ''}"
        body = "\n".join(f"  {line}" for problem in self.problems for line in str(problem).splitlines())
        super().__init__(f"{subject} has {count}\n{body}")
