"""Where the templates are that `sm_constructs.diff` compares: in files, in a synthesised application, or deployed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise RuntimeError(message) from error
    return parse(text, str(path))


def parse(body: str | Mapping[str, Any], where: str) -> dict[str, Any]:
    """Parse a template, JSON or YAML.

    Raises
    ------
    RuntimeError
        It is neither, or no template.
    """
    template: Any = body
    if isinstance(body, str):
        try:
            template = json.loads(body)
        except ValueError:
            template = _parse_yaml(body, where)
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


def _parse_yaml(text: str, where: str) -> object:
    try:
        import yaml  # type: ignore[import-untyped]
    except ImportError:
        message = f"{where} is not JSON. To read YAML: pip install pyyaml"
        raise RuntimeError(message) from None

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        """Knows the short forms of the intrinsic functions."""

    def intrinsic(loader: Any, suffix: str, node: Any) -> dict[str, Any]:  # noqa: ANN401 - PyYAML has no types
        if isinstance(node, yaml.ScalarNode):
            value = loader.construct_scalar(node)
        elif isinstance(node, yaml.SequenceNode):
            value = loader.construct_sequence(node, deep=True)
        else:
            value = loader.construct_mapping(node, deep=True)
        if suffix == "GetAtt" and isinstance(value, str):
            value = value.split(".", 1)
        return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}

    Loader.add_multi_constructor("!", intrinsic)
    # Dates are texts in templates: "2010-09-09", the version of the format, above all.
    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in Loader.yaml_implicit_resolvers.items()
    }
    try:
        return yaml.load(text, Loader)  # noqa: S506 - a subclass of the safe one
    except yaml.YAMLError as error:
        message = f"{where} is neither JSON nor YAML: {error}"
        raise RuntimeError(message) from error
