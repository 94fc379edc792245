"""The policy documents of IAM in a template."""

from __future__ import annotations

import marshal
from typing import TYPE_CHECKING, Any

from sm_constructs.reading.intrinsics import NO_VALUE, is_intrinsic, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sm_constructs.reading.nodes import Node

_NOTHING: Mapping[str, object] = {}


class Said:
    """What a statement of a policy document says; the same for all that say the same, wherever they stand.

    Parameters
    ----------
    value : object
        The statement.

    Attributes
    ----------
    effect : str or None
        What it does, as a text; ``None`` where it does not say.
    allows : bool
        Whether it allows something, on whatever condition.
    is_conditional : bool
        Whether it holds only on a condition.
    is_mapping, is_intrinsic : bool
        Whether it is a mapping; and whether that is a call of an intrinsic function.
    actions, resources : list[str] or None
        What it is about; ``None`` where it does not say, or where it is not known.
    """

    __slots__ = ("_says", "actions", "allows", "effect", "is_conditional", "is_intrinsic", "is_mapping", "resources")

    def __init__(self, value: object) -> None:
        self.is_mapping = isinstance(value, dict)
        self.is_intrinsic = is_intrinsic(value)
        self._says: Mapping[str, object] = value if isinstance(value, dict) else _NOTHING
        self.effect = text_of(self._says.get("Effect"))
        self.allows = self.effect == "Allow"
        self.is_conditional = self.has("Condition")
        self.actions = _texts(self._says.get("Action"))
        self.resources = _texts(self._says.get("Resource"))

    def has(self, name: str) -> bool:
        """Say whether something stands there under a name."""
        return self._says.get(name) is not None


class Document:
    """A policy document.

    Parameters
    ----------
    node : Node
        Where it stands.
    known : dict[object, Said]
        What statements say, by how Python writes them: the same ones stand in many documents. What is new is added.

    Attributes
    ----------
    node : Node
        Where it stands.
    statements : list[Said]
        What its statements say, of which there may be one without a list.
    is_known : bool
        Whether all of them are there.
    """

    __slots__ = ("is_known", "node", "statements")

    def __init__(self, node: Node, known: dict[object, Said]) -> None:
        self.node = node
        several = node["Statement"]
        alone = isinstance(several.value, dict) and not several.is_intrinsic
        given = [several.value] if alone else several.value if isinstance(several.value, list) else []
        self.statements = [_said(each, known) for each in given if each is not None and each != NO_VALUE]
        intrinsic = several.is_intrinsic or node.is_intrinsic or any(each.is_intrinsic for each in self.statements)
        self.is_known = bool(self.statements) and not intrinsic

    def place(self, index: int) -> Node:
        """Give the place of a statement."""
        several = self.node["Statement"]
        return several.entries()[index] if isinstance(several.value, list) else several


def _said(
    value: Any,  # noqa: ANN401 - JSON
    known: dict[object, Said],
) -> Said:
    try:
        look = marshal.dumps(value)
    except ValueError:  # it is neither JSON nor YAML
        return Said(value)
    if look not in known:
        known[look] = Said(value)
    return known[look]


def _texts(value: object) -> list[str] | None:
    """Give a text, or all texts of a list; nothing where they are not known to be such."""
    if isinstance(value, str):
        text = text_of(value)
        return None if text is None else [text]
    texts = [text_of(each) for each in (value if isinstance(value, list) else [value])]
    known = [text for text in texts if text is not None]
    return known if len(known) == len(texts) else None
