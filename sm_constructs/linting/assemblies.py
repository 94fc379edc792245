"""Synthesised applications of the CDK (``cdk.out``): their stacks, with those of stages and nested ones."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sm_constructs.linting.places import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MANIFEST = "manifest.json"
_NESTED = ".nested.template.json"


@dataclass(frozen=True, slots=True)
class StackTemplate:
    """The template of a stack.

    Attributes
    ----------
    path : Path
        Where it is.
    region, account : str or None
        Where the stack will be deployed, if the application says it.
    """

    path: Path
    region: str | None
    account: str | None


def is_assembly(folder: Path) -> bool:
    """Say whether a folder is a synthesised application, or a part of one."""
    match _json(folder / _MANIFEST):
        case {"version": str(), "artifacts": dict()}:
            return True
        case _:
            return False


def stacks_in(folder: Path) -> Iterator[StackTemplate]:
    """Give the templates of a synthesised application, each once.

    Raises
    ------
    Unreadable
        A part of it is missing.
    """
    seen: set[Path] = set()
    todo = [folder]
    while todo:
        place = todo.pop(0)
        if not is_assembly(place):
            message = f"its part {place} is missing, or has no manifest"
            raise Unreadable(message)
        if place.resolve() in seen:
            continue
        seen.add(place.resolve())
        artifacts = _artifacts(place)
        for artifact in artifacts.values():
            match artifact:
                case {"type": "aws:cloudformation:stack", "properties": {"templateFile": str(file)}}:
                    region, account = _environment(artifact)
                    for name in dict.fromkeys([file, *_nested(place, file, artifact, artifacts)]):
                        yield StackTemplate(place / name, region, account)
                case {"type": "cdk:cloud-assembly", "properties": {"directoryName": str(name)}}:
                    todo.append(place / name)


def _environment(artifact: dict[str, Any]) -> tuple[str | None, str | None]:
    match str(artifact.get("environment")).removeprefix("aws://").split("/"):
        case [account, region]:
            return (
                None if region in {"", "unknown-region"} else region,
                None if account in {"", "unknown-account"} else account,
            )
        case _:
            return None, None


def _nested(place: Path, file: str, artifact: dict[str, Any], artifacts: dict[str, Any]) -> Iterator[str]:
    """Give the templates of the stacks that are nested in a stack: they are among its assets."""
    needed = artifact.get("dependencies")
    manifests = 0
    for id in needed if isinstance(needed, list) else ():
        match artifacts.get(id) if isinstance(id, str) else None:
            case {"type": "cdk:asset-manifest", "properties": {"file": str(manifest)}}:
                manifests += 1
                yield from _nested_assets(place / manifest)
    if not manifests:
        yield from _named_in(place, file)


def _nested_assets(manifest: Path) -> Iterator[str]:
    match _json(manifest):
        case {"files": dict(files)}:
            for each in files.values():
                match each:
                    case {"source": {"path": str(path)}} if path.endswith(_NESTED):
                        yield path


def _named_in(place: Path, file: str) -> Iterator[str]:
    """Give the templates that a template names, and those that these name, as applications without manifests do."""
    todo, seen = [file], {file}
    while todo:
        match _json(place / todo.pop(0)):
            case {"Resources": dict(resources)}:
                for resource in resources.values():
                    match resource:
                        case {"Metadata": {"aws:asset:path": str(name)}} if name.endswith(_NESTED) and name not in seen:
                            seen.add(name)
                            todo.append(name)
                            yield name


def _artifacts(folder: Path) -> dict[str, Any]:
    match _json(folder / _MANIFEST):
        case {"artifacts": dict(artifacts)}:
            return artifacts
        case _:
            return {}


def _json(path: Path) -> object:
    """Read a file of JSON; nothing where that cannot be done."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
