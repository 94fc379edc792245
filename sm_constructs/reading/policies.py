"""The policy documents of IAM in a template."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sm_constructs.reading.intrinsics import text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sm_constructs.reading.nodes import Node

_NOTHING: Mapping[str, object] = {}


class Statement:
    """One statement of a policy document.

    Parameters
    ----------
    node : Node
        Where it stands.

    Attributes
    ----------
    node : Node
        Where it stands.
    effect : str or None
        What it does, as a text; ``None`` where it does not say.
    actions, resources : list[str] or None
        What it is about; ``None`` where it does not say, or where it is not known.
    """

    __slots__ = ("_says", "actions", "effect", "node", "resources")

    def __init__(self, node: Node) -> None:
        self.node = node
        self._says: Mapping[str, object] = node.value if isinstance(node.value, dict) else _NOTHING
        self.effect = text_of(self._says.get("Effect"))
        self.actions = _texts(self._says.get("Action"))
        self.resources = _texts(self._says.get("Resource"))

    def has(self, name: str) -> bool:
        """Say whether something stands there under a name."""
        return self._says.get(name) is not None

    @property
    def allows(self) -> bool:
        """Whether it allows something, on whatever condition."""
        return self.effect == "Allow"

    @property
    def is_conditional(self) -> bool:
        """Whether it holds only on a condition."""
        return self.has("Condition")


class Document:
    """A policy document.

    Parameters
    ----------
    node : Node
        Where it stands.

    Attributes
    ----------
    node : Node
        Where it stands.
    statements : tuple[Statement, ...]
        Its statements, of which there may be one without a list.
    is_known : bool
        Whether all of them are there.
    """

    __slots__ = ("is_known", "node", "statements")

    def __init__(self, node: Node) -> None:
        self.node = node
        several = node["Statement"]
        alone = isinstance(several.value, dict) and not several.is_intrinsic
        self.statements = tuple([Statement(each) for each in ((several,) if alone else several.entries())])
        self.is_known = bool(self.statements) and not any(
            each.is_intrinsic for each in (node, several, *(statement.node for statement in self.statements))
        )


def _texts(value: object) -> list[str] | None:
    """Give a text, or all texts of a list; nothing where they are not known to be such."""
    if isinstance(value, str):
        text = text_of(value)
        return None if text is None else [text]
    texts = [text_of(each) for each in (value if isinstance(value, list) else [value])]
    known = [text for text in texts if text is not None]
    return known if len(known) == len(texts) else None
