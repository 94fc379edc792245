"""``sm-constructs check``: reads the templates, has them checked, and writes what was found."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from sm_constructs.checking import check_template
from sm_constructs.linting import formats
from sm_constructs.linting.explaining import explain
from sm_constructs.linting.files import File, find
from sm_constructs.linting.places import Unreadable
from sm_constructs.linting.report import Failed, Found, Report
from sm_constructs.rules import RULES

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Iterator

    from sm_constructs.problems import Problem

_MANY_OBJECTS = 200_000


@contextmanager
def _collecting_rarely() -> Iterator[None]:
    """Let Python look for garbage less often: of what a check makes, nearly all is in use until it ends."""
    before, *others = gc.get_threshold()
    gc.set_threshold(before and _MANY_OBJECTS, *others)  # where it is switched off, it stays so
    try:
        yield
    finally:
        gc.set_threshold(before, *others)


def run(options: argparse.Namespace) -> int:
    """Do what the command line says; give the exit code."""
    if options.explain is not None:
        if options.explain not in RULES:
            options.error(f"argument --explain: there is no rule {options.explain}")
        _write(explain(RULES[options.explain]), sys.stdout)
        return 0
    if not options.paths:
        options.error("the following arguments are required: PATH")
    for code in options.ignore:
        if not any(rule.startswith(code) for rule in RULES):
            options.error(f"argument --ignore: there is no rule {code}")
    if options.severity == "error" and options.fail_on == "warning":
        options.error("argument --fail-on: --severity error leaves warnings out")
    ignored, severities = tuple(options.ignore), ("error", options.severity)

    def counts(problem: Problem) -> bool:
        return problem.severity in severities and not problem.code.startswith(ignored)

    with _collecting_rarely():
        report = check(options.paths, counts, region=options.region, account=options.account)
    _write("".join(f"sm-constructs: {_said(failed)}\n" for failed in report.failed), sys.stderr)
    _write(_written(report, options.format), sys.stdout)
    if report.failed:
        return 2
    return 1 if report.count("error") or (options.fail_on == "warning" and report.found) else 0


def check(
    paths: Iterable[str],
    counts: Callable[[Problem], bool] = lambda _: True,
    *,
    region: str | None = None,
    account: str | None = None,
) -> Report:
    """Check the templates in files and folders.

    Parameters
    ----------
    paths : Iterable[str]
        The paths, as `find` takes them.
    counts : Callable[[Problem], bool], default every problem does
        Says whether a problem is to be told.
    region, account : str, optional
        Where the templates will be deployed. Default: as the application says, if it does.
    """
    report = Report()
    seen: set[str] = set()
    for path in paths:
        number = 0
        for file in find(path):
            if isinstance(file, Unreadable):
                report.failed.append(Failed(path, file.message, file.position))
                number += 1
            elif file.identity in seen or _checked(file, counts, report, region, account):
                seen.add(file.identity)
                number += 1
        if not number:
            report.failed.append(Failed(path, "there are no templates in it"))
    return report


def _checked(
    file: File, counts: Callable[[Problem], bool], report: Report, region: str | None, account: str | None
) -> bool:
    """Check a file; say whether it was to be."""
    try:
        document = file.read()
        if document is None:
            return False
        problems = check_template(document.value, region=region or file.region, account=account or file.account)
    except Unreadable as error:
        report.failed.append(Failed(file.name, error.message, error.position))
        return True
    except ValueError as error:
        report.failed.append(Failed(file.name, str(error)))
        return True
    except Exception as error:
        # The other files are still to be checked.
        message = f"the check itself failed, which is a defect of sm-constructs: {type(error).__name__}: {error}"
        report.failed.append(Failed(file.name, message))
        return True
    problems = [problem for problem in problems if counts(problem)]
    positions = document.positions({problem.path for problem in problems})
    report.files.append(file.name)
    found = [Found(file.name, positions[problem.path], problem) for problem in problems]
    report.found += sorted(found, key=lambda each: (each.position, each.problem.code))
    return True


def _said(failed: Failed) -> str:
    return formats.plain(f"{failed.place}: {failed.message}")


def _written(report: Report, format_: str) -> str:
    match format_:
        case "json":
            return formats.as_json(report)
        case "github":
            return formats.github(report)
        case "sarif":
            from sm_constructs.linting.sarif import sarif

            return sarif(report)
        case _:
            colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
            return formats.text(report, colour=colour)


def _write(text: str, stream: TextIO) -> None:
    """Write a text; what the stream cannot show is written as Python escapes it."""
    encoding = stream.encoding or "utf-8"
    try:
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except BrokenPipeError:
        # Nobody reads on, as after `| head`. What is left in the buffer would be tried again at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
