"""Good templates, as people write them: YAML with short tags, and JSON as a tool writes it."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "templates"


class _Loader(yaml.SafeLoader):
    """YAML with the short forms of CloudFormation's functions."""


def _function(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    """Write a short tag as the long form of the same function."""
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix in {"Ref", "Condition"}:
        return {suffix: value}
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _function)


def _read(path: Path) -> dict:
    text = path.read_text(encoding="utf-8")
    return json.loads(text) if path.suffix == ".json" else yaml.load(text, _Loader)  # the loader is a safe one


@functools.cache
def good() -> dict[str, dict]:
    """Give every good template by its name. Do not change what you get."""
    return {path.stem: _read(path) for path in sorted(FOLDER.iterdir())}
