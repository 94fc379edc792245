"""Where the templates are that `sm_constructs.diff` compares: in files, in a synthesised application, or deployed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sm_constructs.linting import documents
from sm_constructs.linting.places import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class SynthesisedStack:
    """A stack of a synthesised application.

    Attributes
    ----------
    name : str
        Its name in CloudFormation.
    template : Path
        Where its template is.
    region : str | None
        Its region, if the application says it.
    """

    name: str
    template: Path
    region: str | None


def find_stack(assembly: Path, stack: str) -> SynthesisedStack:
    """Find a stack in a synthesised application, by its id, its path in the construct tree, or its name.

    Raises
    ------
    RuntimeError
        There is no such stack, or no application.
    """
    if not (assembly / "manifest.json").is_file():
        message = f"{assembly} is not a synthesised application. Run `cdk synth` first, or give --app or --template."
        raise RuntimeError(message)
    known: list[str] = []
    for id, artifact, folder in _stacks(assembly):
        properties = artifact["properties"]
        name = properties.get("stackName", id)
        if stack in {id, artifact.get("displayName"), name}:
            region = artifact.get("environment", "").rpartition("/")[2]
            return SynthesisedStack(
                name, folder / properties["templateFile"], None if region in {"", "unknown-region"} else region
            )
        known.append(artifact.get("displayName", id))
    message = f"There is no stack {stack} in {assembly}; there are {', '.join(known) or 'none'}."
    raise RuntimeError(message)


def read_template(path: Path) -> dict[str, Any]:
    """Read a template from a file.

    Raises
    ------
    RuntimeError
        It cannot be read, or is none.
    """
    try:
        text = documents.decode(path.read_bytes())
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise RuntimeError(message) from error
    except Unreadable as error:
        message = f"{path} cannot be read: {error.message}"
        raise RuntimeError(message) from error
    return parse(text, str(path))


def parse(body: str | Mapping[str, Any], where: str) -> dict[str, Any]:
    """Parse a template, JSON or YAML.

    Raises
    ------
    RuntimeError
        It is neither, or no template.
    """
    try:
        template: Any = documents.read(body).value if isinstance(body, str) else body
    except Unreadable as error:
        message = f"{where} is neither JSON nor YAML: {error.message}"
        raise RuntimeError(message) from error
    match template:
        case {"Resources": dict()}:
            return dict(template)
        case _:
            message = f"{where} is not a template: it has no Resources."
            raise RuntimeError(message)


def _stacks(assembly: Path) -> Iterator[tuple[str, dict[str, Any], Path]]:
    """Give the stacks of an application, those of its stages too."""
    manifest = json.loads((assembly / "manifest.json").read_text(encoding="utf-8"))
    for id, artifact in manifest.get("artifacts", {}).items():
        if artifact["type"] == "aws:cloudformation:stack":
            yield id, artifact, assembly
        elif artifact["type"] == "cdk:cloud-assembly":
            yield from _stacks(assembly / artifact["properties"]["directoryName"])
