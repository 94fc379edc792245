"""A report as text for people, as JSON, and as annotations of GitHub."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sm_constructs.linting.report import Found, Report

_COLOURS = {"error": "\x1b[31m", "warning": "\x1b[33m"}
_BOLD, _DIM, _END = "\x1b[1m", "\x1b[2m", "\x1b[0m"


def text(report: Report, *, colour: bool = False) -> str:
    """Write a report for people.

    Parameters
    ----------
    report : Report
        The report.
    colour : bool, default False
        Whether a terminal shows it, and may show it in colours.
    """
    lines: list[str] = []
    for _, several in groupby(report.found, lambda found: found.file):
        for found in several:
            lines += _lines(found, colour=colour)
        lines.append("")
    counts = [_counted(number, name) for name in ("error", "warning") if (number := report.count(name))]
    templates = _counted(len(report.files), "template")
    if counts:
        files = len({found.file for found in report.found})
        of_them = templates if files == len(report.files) else f"{files} of {templates}"
        lines.append(f"{', '.join(counts)} in {of_them}")
    else:
        lines.append(f"no problems in {templates}")
    if report.failed:
        lines[-1] += f"; not checked: {len(report.failed)}"
    return "\n".join(lines) + "\n"


def _lines(found: Found, *, colour: bool) -> list[str]:
    problem = found.problem
    line, column = found.position
    place = f"{plain(found.file)}:{line}:{column}:"
    message, source = plain(problem.message), f"AWS: {plain(problem.source)}"
    if not colour:
        return [f"{place} {problem.severity} {problem.code} {message}", f"  {source}"]
    painted = f"{_COLOURS[problem.severity]}{problem.severity} {problem.code}{_END}"
    return [f"{_BOLD}{place}{_END} {painted} {message}", f"  {_DIM}{source}{_END}"]


def as_json(report: Report) -> str:
    """Write a report as JSON."""
    body = {
        "templates": report.files,
        "problems": [
            {
                "file": found.file,
                "line": found.position[0],
                "column": found.position[1],
                "code": found.problem.code,
                "severity": found.problem.severity,
                "message": found.problem.message,
                "path": found.problem.path,
                "source": found.problem.source,
            }
            for found in report.found
        ],
        "unreadable": [
            {
                "file": failed.file,
                "line": failed.position[0] if failed.position else None,
                "column": failed.position[1] if failed.position else None,
                "message": failed.message,
            }
            for failed in report.failed
        ],
        "errors": report.count("error"),
        "warnings": report.count("warning"),
    }
    return json.dumps(body, indent=2) + "\n"


def github(report: Report) -> str:
    """Write a report as workflow commands, which GitHub shows at the lines of a pull request."""
    lines = [
        _annotation(
            found.problem.severity,
            found.file,
            found.position,
            found.problem.code,
            f"{found.problem.message}\nAWS: {found.problem.source}",
        )
        for found in report.found
    ]
    lines += [_annotation("error", each.file, each.position, "not checked", each.message) for each in report.failed]
    return "".join(f"{line}\n" for line in lines)


def _annotation(severity: str, file: str, position: tuple[int, int] | None, title: str, message: str) -> str:
    properties: dict[str, object] = {"file": file}
    if position is not None:
        properties |= {"line": position[0], "col": position[1]}
    properties["title"] = title
    said = ",".join(f"{name}={_escaped_property(str(value))}" for name, value in properties.items())
    return f"::{severity} {said}::{_escaped(message)}"


def _escaped(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(value: str) -> str:
    return _escaped(value).replace(":", "%3A").replace(",", "%2C")


def plain(value: str) -> str:
    """Write what a terminal would obey, or could not show, as Python escapes it."""
    return value if value.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in value)


def _counted(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"
