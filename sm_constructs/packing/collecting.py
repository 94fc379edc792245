"""What belongs to a model's archive: a directory's files, found and judged before any of them is read."""

from __future__ import annotations

import os
import stat
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sm_constructs.facts import limit, load
from sm_constructs.packing.guards import LINKS_INSIDE, NAMES, NOT_EMPTY, ONLY_FILES, READABLE

if TYPE_CHECKING:
    from sm_constructs.problems import Problem


class Identity(NamedTuple):
    """What changes if a file changes."""

    device: int
    inode: int
    size: int
    modified_ns: int

    @classmethod
    def of(cls, descriptor: int) -> Identity:
        """Read it from an open file."""
        found = os.fstat(descriptor)
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class Member:
    """A file or a directory of the archive.

    Attributes
    ----------
    name : str
        Its name in the archive: relative, with ``/``, in Unicode's normal form C.
    path : Path
        Where it is on this machine, symbolic links resolved.
    identity : Identity | None
        The file as it was found; ``None`` for a directory.
    """

    name: str
    path: Path
    identity: Identity | None

    @property
    def is_file(self) -> bool:
        """Whether it is a file, not a directory."""
        return self.identity is not None

    @property
    def size(self) -> int:
        """The length of the file; 0 for a directory."""
        return 0 if self.identity is None else self.identity.size


@cache
def left_out() -> frozenset[str]:
    """Give the names of what never belongs to a model."""
    return frozenset(load("artifact_layouts.json")["left_out"])


@cache
def longest_name() -> int:
    """Give how many bytes one part of a path may have."""
    return int(limit("artifacts", "s3_data_source_bad_names")["name_max_bytes"])


def collect(directory: Path) -> tuple[list[Member], list[Problem]]:
    """Find the members of the archive of a directory, in their order, and everything that must not be there.

    The order is that of the names' UTF-8 bytes, which no locale and no file system changes. Names are brought
    into normal form C, because the same name read from a Mac's HFS+ comes decomposed. Symbolic links are
    followed, since SageMaker takes none in an archive. Empty directories are kept (Triton wants an empty
    version directory for an ensemble), except those that hold only what is left out.
    """
    collector = _Collector(Path(os.path.realpath(directory)))
    collector.visit(collector.root, "", (collector.root,))
    members = sorted(collector.members.values(), key=lambda member: member.name.encode())
    if not collector.problems and not any(member.is_file for member in members):
        what = ", ".join(sorted(left_out()))
        collector.problems.append(NOT_EMPTY.broken(f"the directory has no files (not counting {what})"))
    return members, collector.problems


@dataclass(slots=True)
class _Collector:
    root: Path
    members: dict[str, Member] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def visit(self, folder: Path, name: str, above: tuple[Path, ...]) -> None:
        """Take what is in a folder. `above` are the real paths of it and of the folders that led to it."""
        try:
            found = sorted(entry.name for entry in folder.iterdir())
        except OSError as error:
            self.problems.append(READABLE.broken(f"{name or '.'} cannot be listed: {error.strerror}"))
            return
        before = len(self.members)
        for entry in found:
            if entry in left_out():
                continue
            try:
                self._take(folder / entry, self._name(entry, name), above)
            except _Refused as refused:
                self.problems.append(refused.problem)
            except OSError as error:
                shown = f"{name}/{entry}" if name else entry
                self.problems.append(READABLE.broken(f"{shown} cannot be read: {error.strerror}; change its mode"))
        if name and (not found or len(self.members) > before):
            self.members[name] = Member(name, folder, None)

    def _name(self, entry: str, folder: str) -> str:
        shown = f"{folder}/{entry}" if folder else entry
        try:
            size = len((normal := unicodedata.normalize("NFC", entry)).encode())
        except UnicodeEncodeError:
            raise _Refused(NAMES.broken(f"{shown!r} is not UTF-8; rename it")) from None
        if size > longest_name():
            raise _Refused(
                NAMES.broken(f"{shown} is {size} bytes long; a name has at most {longest_name()}; shorten it")
            )
        name = f"{folder}/{normal}" if folder else normal
        if name in self.members:
            raise _Refused(NAMES.broken(f"{name} is there twice, in two Unicode spellings; rename one"))
        return name

    def _take(self, path: Path, name: str, above: tuple[Path, ...]) -> None:
        mode = path.lstat().st_mode
        if not stat.S_ISREG(mode):
            # A link, or on Windows a directory that is a junction: what counts is where it leads.
            path = self._resolve(path, name, is_link=stat.S_ISLNK(mode))
            mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            if path in above:
                raise _Refused(
                    LINKS_INSIDE.broken(f"{name} is a symbolic link to a directory that it is in; remove it")
                )
            self.visit(path, name, (*above, path))
        elif stat.S_ISREG(mode):
            with path.open("rb", buffering=0) as file:
                self.members[name] = Member(name, path, Identity.of(file.fileno()))
        else:
            raise _Refused(ONLY_FILES.broken(f"{name} is {_kind(mode)}, not a file or a directory; remove it"))

    def _resolve(self, path: Path, name: str, *, is_link: bool) -> Path:
        real = Path(os.path.realpath(path))
        if not real.exists():
            shown = path.readlink() if is_link else real
            raise _Refused(
                LINKS_INSIDE.broken(
                    f"{name} is a symbolic link that leads nowhere ({shown}); restore its target or remove it"
                )
            )
        if not real.is_relative_to(self.root):
            raise _Refused(
                LINKS_INSIDE.broken(
                    f"{name} is a symbolic link that leaves the directory ({real}); put a copy in its place "
                    "(a Hugging Face snapshot: download it with local_dir)"
                )
            )
        return real


class _Refused(Exception):  # noqa: N818 - never leaves this module
    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem)


def _kind(mode: int) -> str:
    if stat.S_ISFIFO(mode):
        return "a FIFO"
    if stat.S_ISSOCK(mode):
        return "a socket"
    return "a device"
