"""A report in SARIF 2.1.0, the Static Analysis Results Interchange Format, which code hosts and editors read."""

from __future__ import annotations

import json
import os
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sm_constructs.rules import RULES

if TYPE_CHECKING:
    from sm_constructs.linting.places import Position
    from sm_constructs.linting.report import Report
    from sm_constructs.rules import Rule

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif(report: Report) -> str:
    """Write a report."""
    codes = sorted({found.problem.code for found in report.found})
    run = {
        "tool": {
            "driver": {
                "name": "sm-constructs",
                "semanticVersion": metadata.version("sm-constructs"),
                "rules": [_rule(RULES[code]) for code in codes],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not report.failed,
                "toolExecutionNotifications": [
                    {
                        "level": "error",
                        "message": {"text": failed.message},
                        "locations": [{"physicalLocation": _place(failed.file, failed.position)}],
                    }
                    for failed in report.failed
                ],
            }
        ],
        "artifacts": [{"location": {"uri": _uri(file)}} for file in report.files],
        "results": [
            {
                "ruleId": found.problem.code,
                "ruleIndex": codes.index(found.problem.code),
                "level": found.problem.severity,
                "message": {"text": f"{found.problem.message}\nAWS: {found.problem.source}"},
                "locations": [
                    {
                        "physicalLocation": _place(found.file, found.position),
                        "logicalLocations": [{"fullyQualifiedName": found.problem.path}],
                    }
                ],
            }
            for found in report.found
        ],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def page(rule: Rule) -> str:
    """Give where a rule is documented, from the root of the repository."""
    return f"docs/rules/{rule.code}.md"


def _rule(rule: Rule) -> dict[str, Any]:
    # A helpUri would have to be absolute.
    return {
        "id": rule.code,
        "shortDescription": {"text": rule.title},
        "help": {
            "text": f"AWS: {rule.source}\nSee {page(rule)}",
            "markdown": f"AWS: {rule.source}\n\n[{rule.code}]({page(rule)})",
        },
        "defaultConfiguration": {"level": rule.severity},
    }


def _place(file: str, position: Position | None) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(file)}}
    if position is not None:
        place["region"] = {"startLine": position[0], "startColumn": position[1]}
    return place


def _uri(file: str) -> str:
    """Give the URI of a file, relative to the working directory where it is below that."""
    path = Path(file)
    if path.is_absolute():
        if not path.is_relative_to(Path.cwd()):
            return path.as_uri()
        path = path.relative_to(Path.cwd())
    return quote(os.fsencode(path.as_posix()))
