"""What a rule is, and the list of all rules."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sm_constructs.facts import limit
from sm_constructs.spec import EndpointSpec
from sm_constructs.tokens import is_number, is_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sm_constructs.problems import Severity
    from sm_constructs.reading.resources import Template
    from sm_constructs.transform import TransformSpec

    # Its argument is of the type that the rule is about.
    Check = Callable[[Any], Iterator["Finding"]]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found.

    Attributes
    ----------
    at : str
        The place in the spec, such as ``variants[0].instances.volume_gb``.
    text : str
        What stands there and what is allowed, to be read after the name of the place.
    """

    at: str
    text: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that AWS refuses, or accepts although it hurts.

    Attributes
    ----------
    code : str
        ``SMC`` and three digits; stable.
    title : str
        What must hold, in one line.
    severity : {"error", "warning"}
        See `sm_constructs.problems.Problem`.
    source : str
        Where AWS says so.
    facts : tuple[str, ...]
        The facts it stands on, as ``area/key``.
    good, bad : str
        Arguments of a `RealTimeEndpoint`, or of what the rule is about, that keep and break it, as Python source.
    check : Callable
        The rule itself.
    where : Callable or None
        Gives what of a spec the rule is about; where that is nothing, the rule has nothing to say.
    about : type
        What it checks: specs of a type, or whole templates.
    of_templates : bool
        Whether it holds for what others wrote too, and not only for the arguments of our constructs.
    of_constructs : bool
        Whether it holds for the arguments of our constructs, and not only for what others wrote.
    """

    code: str
    title: str
    severity: Severity
    source: str
    facts: tuple[str, ...]
    good: str
    bad: str
    check: Check
    where: Callable[[Any], object] | None = None
    about: type[EndpointSpec | TransformSpec | Template] = EndpointSpec
    of_templates: bool = True
    of_constructs: bool = True

    @property
    def is_shape(self) -> bool:
        """Whether it says no more than the shape of a property does."""
        return self.code in SHAPE_CODES


SHAPE_CODES = frozenset({"SMC039", "SMC040", "SMC041", "SMC042", "SMC043", "SMC044", "SMC045", "SMC046", "SMC047"})

RULES: dict[str, Rule] = {}
"""Every rule, by code."""


def rule(
    code: str,
    title: str,
    *,
    source: str,
    good: str,
    bad: str,
    facts: Sequence[str] = (),
    severity: Severity = "error",
    where: Callable[[Any], object] | None = None,
    about: type[EndpointSpec | TransformSpec | Template] = EndpointSpec,
    of_templates: bool = True,
    of_constructs: bool = True,
) -> Callable[[Check], Check]:
    """Enter a function into the list of rules; see `Rule`.

    Raises
    ------
    ValueError
        The code is taken.
    """

    def enter(check: Check) -> Check:
        if code in RULES:
            message = f"{code} is taken by {RULES[code].title!r}"
            raise ValueError(message)
        RULES[code] = Rule(
            code, title, severity, source, tuple(facts), good, bad, check, where, about, of_templates, of_constructs
        )
        return check

    return enter


@cache
def mentioning(*texts: str) -> Callable[[Template], bool]:
    """Say of a rule that it has nothing to say where none of these texts stands in what is looked at."""
    return lambda template: template.mentions(*texts)


def outside(at: str, value: object, area: str, key: str, *, unit: str, whole: bool = True) -> Iterator[Finding]:
    """Find a number that is outside the range that a fact gives; both ends are allowed."""
    if not is_number(value):
        return
    low, high = limit(area, key)
    if not low <= value <= high:
        yield Finding(at, f"is {value:g}; it is {low} to {high} {unit}")
    elif whole and value != int(value):
        yield Finding(at, f"is {value}; it is a whole number of {unit}")


def unlisted(at: str, value: object, allowed: Iterable[str]) -> Iterator[Finding]:
    """Find a string that is none of those allowed."""
    allowed = list(allowed)
    if is_text(value) and value not in allowed:
        yield Finding(at, f"is {value!r}; it is one of {', '.join(allowed)}")
