"""`HostingRules`: the rules as a plugin of the CDK, for everything that an app synthesises, whoever wrote it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsii
from aws_cdk import (
    IPolicyValidationPlugin,
    PolicyValidationPluginReport,
    PolicyViolatingResource,
    PolicyViolation,
)

from sm_constructs import __version__
from sm_constructs.checking import check_template
from sm_constructs.model_host import WARNED
from sm_constructs.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aws_cdk import IPolicyValidationContext, PolicyValidationStack

    from sm_constructs.problems import Problem


@jsii.implements(IPolicyValidationPlugin)
class HostingRules:
    """Checks the hosting resources of an app, or of a stage, when it is synthesised.

    It looks at what is made with other constructs too, and at what escape hatches change; nested stacks included. What
    AWS would refuse fails the synthesis. A warning does not, and one that our constructs gave already is not repeated.

    A finding is acknowledged as the CDK has it, for a construct with all in it, or for the app:
    ``Validations.of(endpoint).acknowledge(Acknowledgment(id="sm-constructs::SMC102", reason="…"))``.

    Parameters
    ----------
    warnings : bool, default True
        Whether to tell what AWS accepts although it will hurt.

    Examples
    --------
    >>> Validations.of(app).add_plugins(HostingRules())
    """

    def __init__(self, *, warnings: bool = True) -> None:
        self._warnings = warnings

    @property
    def name(self) -> str:
        """The name that stands before a code where a finding is acknowledged."""
        return "sm-constructs"

    @property
    def version(self) -> str:
        """The version of this package."""
        return __version__

    @property
    def rule_ids(self) -> list[str]:
        """The codes of the rules that are looked at."""
        return sorted(
            code for code, rule in RULES.items() if rule.of_templates and (self._warnings or rule.severity == "error")
        )

    def validate(self, context: IPolicyValidationContext) -> PolicyValidationPluginReport:
        """Check the templates; the CDK calls this."""
        found: dict[tuple[str, str], tuple[Problem, list[PolicyViolatingResource]]] = {}
        for stack in context.stack_templates:
            for path, problem in self._problems(stack):
                text, resource = _placed(problem, path, stack.stack_construct_path)
                found.setdefault((problem.code, text), (problem, []))[1].append(resource)
        return PolicyValidationPluginReport(
            success=all(problem.severity != "error" for problem, _ in found.values()),
            violations=[
                PolicyViolation(
                    rule_name=problem.code,
                    description=text,
                    severity=problem.severity,
                    # The CDK shows no more of a rule than this.
                    fix=f"{RULES[problem.code].title} (AWS: {problem.source})",
                    rule_metadata={"title": RULES[problem.code].title, "source": problem.source},
                    violating_resources=resources,
                )
                for (_, text), (problem, resources) in found.items()
            ],
        )

    def _problems(self, stack: PolicyValidationStack) -> Iterator[tuple[Path, Problem]]:
        """Give the problems of a stack, and of the stacks nested in it, with the files of their templates."""
        warned: set[tuple[str, str]] | None = None
        for path in _files(Path(stack.template_path)):
            template = json.loads(path.read_text(encoding="utf-8"))
            if "Resources" not in template:  # an empty stack
                continue
            for problem in check_template(template, region=stack.region, account=stack.account_id):
                if problem.severity == "warning":
                    warned = _warned(Path(stack.template_path)) if warned is None else warned
                    if not self._warnings or any((id, problem.code) in warned for id in problem.path.split("/")[1:2]):
                        continue
                yield path, problem


def _placed(problem: Problem, path: Path, stack: str) -> tuple[str, PolicyViolatingResource]:
    """Give the words about a problem, and where the CDK finds the construct that has it."""
    match problem.path.split("/"):
        case ["Resources", id, *places]:
            text = problem.message.removeprefix(f"Resources/{id}/").removeprefix("Properties/")
            return text, PolicyViolatingResource(
                locations=[".".join(places)] if places else [], resource_logical_id=id, template_path=str(path)
            )
        case places:
            return problem.message, PolicyViolatingResource(
                locations=[".".join(places)], construct_path=stack, template_path=str(path)
            )


def _files(template: Path) -> Iterator[Path]:
    """Give the file of a stack's template and those of the nested stacks, which are assets of it."""
    yield template
    assets = template.with_name(template.name.replace(".template.json", ".assets.json"))
    if assets != template and assets.exists():
        for file in json.loads(assets.read_text(encoding="utf-8")).get("files", {}).values():
            name = file.get("source", {}).get("path", "")
            if name.endswith(".nested.template.json"):
                yield template.with_name(name)


def _warned(template: Path) -> set[tuple[str, str]]:
    """Give the logical ids in a stack of what our constructs made with a warning, and the codes of these warnings."""
    metadata = _metadata(template)
    codes = {path: {each["data"] for each in entries if each["type"] == WARNED} for path, entries in metadata.items()}
    return {
        (entry["data"], code)
        for path, entries in metadata.items()
        for entry in entries
        if entry["type"] == "aws:cdk:logicalId"
        for above in _upwards(path)
        for code in codes.get(above, ())
    }


def _metadata(template: Path) -> dict[str, list[dict[str, Any]]]:
    """Give what the constructs of a stack have as metadata, by their paths."""
    manifest = json.loads(template.with_name("manifest.json").read_text(encoding="utf-8"))
    for artifact in manifest["artifacts"].values():
        if artifact.get("properties", {}).get("templateFile") == template.name:
            metadata: dict[str, list[dict[str, Any]]] = artifact.get("metadata", {})
            if "additionalMetadataFile" in artifact:
                file = template.with_name(artifact["additionalMetadataFile"])
                metadata = {**metadata, **json.loads(file.read_text(encoding="utf-8"))}
            return metadata
    return {}


def _upwards(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition("/")[0]
