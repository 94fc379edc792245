"""What `sm_constructs.diff` tells, and what it is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Effect = Literal["fails", "reset", "caution", "deleted", "replaced", "created", "updated", "reaches", "ignored"]
"""What a finding is about, the gravest first.

``reset``: what was set at run time is lost. ``caution``: it works, and has a catch. ``reaches``: what the live endpoint
gets. ``ignored``: what it does not get, though one might think so.
"""
EFFECTS: tuple[Effect, ...] = (
    "fails",
    "reset",
    "caution",
    "deleted",
    "replaced",
    "created",
    "updated",
    "reaches",
    "ignored",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that an update does, or does not.

    Attributes
    ----------
    effect : Effect
        What it is about.
    logical_id : str
        The resource.
    path : str | None
        Its construct's path, if the template tells.
    message : str
        What happens.
    instead : str | None
        What to do instead, where there is something.
    source : str | None
        Where AWS says so.
    """

    effect: Effect
    logical_id: str
    path: str | None
    message: str
    instead: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What an endpoint has now.

    Attributes
    ----------
    status : str
        Its status.
    counts, weights : Mapping[str, float]
        How many instances its variants have, and their weights.
    scaled : frozenset[str]
        The variants that are registered as scalable targets.
    """

    status: str = "InService"
    counts: Mapping[str, float] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    scaled: frozenset[str] = frozenset()


if TYPE_CHECKING:
    #: Makes a finding about one resource: its effect and message, and ``instead`` and ``source`` where there are some.
    Find = Callable[..., Finding]
