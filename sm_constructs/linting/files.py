"""Which files are meant by the paths on the command line: templates, synthesised applications, and other folders."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sm_constructs.linting.assemblies import is_assembly, stacks_in
from sm_constructs.linting.documents import MOST_BYTES, decode, read
from sm_constructs.linting.places import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_constructs.linting.documents import Document

STANDARD_INPUT = "-"

_SUFFIXES = (".json", ".yaml", ".yml", ".template")
_LEFT_OUT = frozenset({"node_modules", "__pycache__", "site-packages"})


@dataclass(frozen=True, slots=True)
class File:
    """A file that is to be checked.

    Attributes
    ----------
    name : str
        What it is called in reports.
    region, account : str or None
        Where the template in it will be deployed, if the application says it.
    named : bool
        Whether it must be a template; otherwise it is passed over where it is none.
    """

    name: str
    region: str | None = None
    account: str | None = None
    named: bool = True

    @property
    def identity(self) -> str:
        """The same for all names of the same file."""
        try:
            return self.name if self.name == STANDARD_INPUT else str(Path(self.name).resolve())
        except (OSError, ValueError, RuntimeError):
            return self.name

    def read(self) -> Document | None:
        """Read the file; nothing where it is to be passed over.

        Raises
        ------
        Unreadable
            It cannot be read.
        """
        try:
            content = self._content()
            if not self.named and (len(content) > MOST_BYTES or not _may_be_template(content)):
                return None
            text = decode(content)
            document = read(text, is_json=self.name.lower().endswith(".json"))
        except Unreadable:
            # What is broken is told where it was to be a template.
            if self.named or b"AWS::" in content.replace(b"\0", b""):
                raise
            return None
        return document if self.named or _is_template(document.value) else None

    def _content(self) -> bytes:
        try:
            if self.name == STANDARD_INPUT:
                return sys.stdin.buffer.read(MOST_BYTES + 1)
            with Path(self.name).open("rb") as file:
                return file.read(MOST_BYTES + 1)
        except OSError as error:
            message = f"it cannot be read: {error.strerror}"
            raise Unreadable(message) from None
        except ValueError as error:
            # There is a NUL in the path.
            message = f"it cannot be read: {error}"
            raise Unreadable(message) from None


def find(path: str) -> Iterator[File | Unreadable]:
    """Give the files that a path means; in place of what cannot be looked into, why not.

    Parameters
    ----------
    path : str
        The path of a file or a folder; ``-`` is the standard input.
    """
    if path == STANDARD_INPUT or not os.path.isdir(path):  # noqa: PTH112 - whatever the path is, this raises nothing
        yield File(path)
        return
    failures: list[Unreadable] = []
    for place, folders, names in os.walk(path, onerror=lambda error: failures.append(_failure(error))):
        if is_assembly(Path(place)):
            folders.clear()
            yield from _in_assembly(Path(place))
            continue
        folders[:] = sorted(each for each in folders if not _is_left_out(Path(place, each)))
        for name in sorted(names):
            if name.lower().endswith(_SUFFIXES):
                yield File(str(Path(place, name)), named=False)
    yield from failures


def _in_assembly(place: Path) -> Iterator[File | Unreadable]:
    try:
        for stack in stacks_in(place):
            yield File(str(stack.path), stack.region, stack.account)
    except Unreadable as error:
        yield error


def _is_left_out(folder: Path) -> bool:
    """Say whether a folder holds what others wrote: packages, caches, environments."""
    return folder.name.startswith(".") or folder.name in _LEFT_OUT or (folder / "pyvenv.cfg").exists()


def _failure(error: OSError) -> Unreadable:
    return Unreadable(f"{error.filename} cannot be read: {error.strerror}")


def _may_be_template(content: bytes) -> bool:
    return b"Resources" in content.replace(b"\0", b"")


def _is_template(value: object) -> bool:
    """Say whether a value is meant as a template: by its version, or a resource with a type."""
    match value:
        case {"AWSTemplateFormatVersion": _}:
            return True
        case {"Resources": dict(resources)}:
            return any(
                isinstance(each, dict) and isinstance(kind := each.get("Type"), str) and "::" in kind
                for each in resources.values()
            )
        case _:
            return False
