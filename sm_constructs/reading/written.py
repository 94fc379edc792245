"""What properties hold as JSON in a text: definitions of state machines, inputs of schedules, bodies of dashboards."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from sm_constructs.reading.intrinsics import TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from sm_constructs.reading.nodes import Node

INSIDE = "#"
"""Ends the property path of a text, before the way to a place in what is written in it."""

_UNQUOTED = re.compile(rf"(?<=[:\[,])(\s*)({TOKEN.pattern})(?=\s*[,\]}}])")


def written(node: Node, fill: Callable[[str], str] = str) -> tuple[str, Any] | None:
    """Give what is written in a place, as it stands there or as JSON in a text, and where; nothing if it is no JSON.

    What is not known before deployment is a token, also where it stands for a number.

    Parameters
    ----------
    node : Node
        The place.
    fill : Callable[[str], str]
        Puts into the text what AWS puts into it before it reads it.
    """
    if isinstance(node.value, dict | list) and not node.is_intrinsic:
        return node.path, node.value
    text = fill(node.said or "")
    for each in (text, _UNQUOTED.sub(r'\1"\2"', text)):
        try:
            return node.path + INSIDE, json.loads(each)
        except (ValueError, RecursionError):
            continue
    return None
