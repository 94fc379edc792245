"""The others who judge templates, each as a function that gives what it refuses in the hosting resources."""

from __future__ import annotations

import functools
import json
import tempfile
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import aws_cdk as cdk
import jsii
from cfnlint.config import ConfigMixIn
from cfnlint.decode import decode_str
from cfnlint.runner import Runner

from sm_constructs import check_template

from .requests import HOSTING, refused

REGION, ACCOUNT = "us-east-1", "123456789012"
CFN_LINT, CDK, BOTOCORE = OTHERS = ("cfn-lint", "the CDK's validation", "botocore")
"""The names of the judges."""


class Refusal(NamedTuple):
    """What a judge refuses: its rule, the place, and its words."""

    rule: str
    place: str
    text: str


def cfn_lint(template: dict, only: str | None = None, *, warnings: bool = False) -> set[Refusal]:
    """Give the errors, or also the warnings, that cfn-lint finds in the hosting resources, or in one of them.

    It takes a tenth of a second for each resource, so of those that are not asked about it is told the type alone.
    """
    asked = {
        id: it if (id == only if only else it.get("Type") in HOSTING) else {k: it[k] for k in it if k != "Properties"}
        for id, it in template["Resources"].items()
    }
    whole, unreadable = decode_str(json.dumps({**template, "Resources": asked}))
    matches = unreadable if unreadable or whole is None else _runner(warnings).validate_template(whole)
    found = set()
    for match in matches:
        path = list(getattr(match, "path", None) or [])
        in_hosting = path[:1] == ["Resources"] and path[2:3] == ["Properties"] and path[1] in asked
        in_hosting = in_hosting and "Properties" in asked[path[1]] and _is_hosting(template, path[1])
        if unreadable or in_hosting:
            found.add(Refusal(match.rule.id, "/".join(map(str, path)), match.message))
    return found


@functools.cache
def _runner(warnings: bool) -> Runner:
    return Runner(ConfigMixIn(regions=[REGION], ignore_checks=["I"] if warnings else ["W", "I"]))


def cdk_validation(template: dict, *, warnings: bool = False) -> set[Refusal]:
    """Give the errors, or also the warnings, that the CDK's validation finds in the hosting resources."""
    return next(cdk_validations([template], warnings=warnings))


def cdk_validations(templates: Sequence[dict], *, warnings: bool = False) -> Iterator[set[Refusal]]:
    """Give the same for many templates, in one call of the CDK."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number}.template.json" for number in range(len(templates))]
        for path, template in zip(paths, templates, strict=True):
            path.write_text(json.dumps(template), encoding="utf-8")
        report = _plugin().validate(_Context(paths))
    found: list[set[Refusal]] = [set() for _ in templates]
    for violation in report.violations:
        for resource in violation.violating_resources if violation.severity == "error" else ():
            number = int(Path(resource.template_path).name.partition(".")[0])
            if _is_hosting(templates[number], resource.resource_logical_id):
                place = (
                    f"Resources/{resource.resource_logical_id}/{'/'.join(resource.locations or []).replace('.', '/')}"
                )
                found[number].add(Refusal(violation.rule_name, place, violation.description))
    return iter(found)


@functools.cache
def _plugin() -> cdk.CloudFormationValidatePlugin:
    return cdk.CloudFormationValidatePlugin()


@jsii.implements(cdk.IPolicyValidationContext)
class _Context:
    """What the CDK tells its plugins about an app."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._stacks = [
            cdk.PolicyValidationStack(
                stack_construct_path=path.stem, template_path=str(path), region=REGION, account_id=ACCOUNT
            )
            for path in paths
        ]

    @property
    def stack_templates(self) -> list[cdk.PolicyValidationStack]:
        return self._stacks

    @property
    def template_paths(self) -> list[str]:
        return [stack.template_path for stack in self._stacks]

    @property
    def app_construct(self) -> Any:
        return None

    @property
    def region(self) -> str:
        return REGION

    @property
    def account_id(self) -> str:
        return ACCOUNT


def botocore(template: dict) -> set[Refusal]:
    """Give what botocore's service models refuse in the requests that CloudFormation makes of hosting resources."""
    return {Refusal(operation, f"Resources/{id}", text) for id, operation, text in refused(template)}


def ours(template: dict, *, warnings: bool = False) -> set[Refusal]:
    """Give the errors, or also the warnings, that our rules find; where the template is deployed is not told."""
    problems = check_template(template)
    return {Refusal(each.code, each.path, each.message) for each in problems if warnings or each.severity == "error"}


def _is_hosting(template: dict, id: Any) -> bool:
    resource = template["Resources"].get(id)
    return isinstance(resource, dict) and resource.get("Type") in HOSTING


def versions() -> dict[str, str]:
    """Give the versions of what the judges are made of."""
    return {
        CFN_LINT: version("cfn-lint"),
        CDK: f"aws-cdk-lib {version('aws-cdk-lib')}, cloudformation-validate {_plugin().version}",
        BOTOCORE: version("botocore"),
    }
