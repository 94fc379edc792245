"""Where the frameworks' containers look for a model's files.

The facts stand in ``facts/artifact_layouts.json``. The code of the containers was read for them, since the
documentation shows examples rather than rules: TensorFlow Serving's, for one, finds a SavedModel at any
depth.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING

from sm_constructs.facts import load
from sm_constructs.facts.images import frameworks
from sm_constructs.packing.guards import FRAMEWORK, LAYOUT, SCRIPT_READ

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sm_constructs.problems import Problem

# The script that the containers import if SAGEMAKER_PROGRAM does not name another.
_SCRIPT = "inference.py"


@dataclass(frozen=True, slots=True)
class Layout:
    """What a framework's container cannot do without.

    Attributes
    ----------
    any_of : tuple[tuple[re.Pattern[str], ...], ...]
        Ways to satisfy it; each is a set of patterns, and some file matches every one of them.
    wants : str
        The same in words.
    source : str
        Where AWS says so.
    """

    any_of: tuple[tuple[re.Pattern[str], ...], ...]
    wants: str
    source: str

    def is_kept_by(self, names: Collection[str]) -> bool:
        """Whether the container finds what it needs among these files."""
        return any(
            all(any(pattern.fullmatch(name) for name in names) for pattern in patterns) for patterns in self.any_of
        )


@cache
def facts() -> dict[str, Layout]:
    """Give the layouts that are checked, by framework."""
    return {
        framework: Layout(
            tuple(tuple(re.compile(pattern, re.DOTALL) for pattern in way) for way in row["any_of"]),
            row["wants"],
            row["source"],
        )
        for framework, row in load("artifact_layouts.json")["layouts"].items()
    }


def check(names: Collection[str], framework: str) -> Iterator[Problem]:
    """Find what a framework's container would miss among a model's files.

    Only what surely fails is an error. A framework without a layout in the facts is not checked: its
    container reads whatever the user's script reads.

    Parameters
    ----------
    names : Collection[str]
        The files, relative to the model's directory.
    framework : str
        The framework, as `sm_constructs.ContainerImage.from_framework` names it.
    """
    aliases: dict[str, str] = load("images.json")["aliases"]
    framework = aliases.get(framework, framework)
    if framework not in (known := sorted({*frameworks(), *facts()})):
        near = ", ".join(get_close_matches(framework, known, cutoff=0))
        yield FRAMEWORK.broken(
            f"framework is {framework!r}; nearest by name: {near}; all: {', '.join(sorted({*known, *aliases}))}"
        )
        return
    layout = facts().get(framework)
    if layout is None:
        return
    script_at_top = _SCRIPT in names and not any(name.startswith("code/") and name.endswith(".py") for name in names)
    if layout.is_kept_by(names):
        if script_at_top:
            yield SCRIPT_READ.broken(
                f"{_SCRIPT} is at the top, where the {framework} container does not read it; move it to code/{_SCRIPT}",
                source=layout.source,
            )
        return
    if script_at_top:
        remedy = f"{_SCRIPT} is at the top, where it is not read: move it to code/{_SCRIPT}"
    elif deeper := [top for top, inner in _by_top_folder(names).items() if layout.is_kept_by(inner)]:
        top = deeper[0]
        remedy = f"that is one level too deep, in {top}/: move it to the top, or give {top}/ itself"
    else:
        remedy = "add it, or leave framework out if the container's environment tells it otherwise"
    yield LAYOUT.broken(f"the {framework} container wants {layout.wants}; {remedy}", source=layout.source)


def _by_top_folder(names: Collection[str]) -> dict[str, list[str]]:
    folders: dict[str, list[str]] = {}
    for name in names:
        top, slash, inner = name.partition("/")
        if slash:
            folders.setdefault(top, []).append(inner)
    return folders
