"""Checking an archive that somebody else made, without unpacking it and in constant memory."""

from __future__ import annotations

import hashlib
import io
import tarfile
from gzip import BadGzipFile
from typing import IO, TYPE_CHECKING

from zlib_ng import gzip_ng, zlib_ng

from sm_constructs.packing.collecting import Identity, longest_name
from sm_constructs.packing.guards import AT_REST, INSIDE, NAMES, NO_LINKS, NOT_EMPTY, ONLY_FILES, WHOLE
from sm_constructs.packing.reading import PIECE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sm_constructs.packing.progress import Progress
    from sm_constructs.problems import Problem

# What the two libraries raise over damaged or hostile bytes.
_DAMAGE: tuple[type[Exception], ...] = (
    tarfile.TarError,
    BadGzipFile,
    EOFError,
    zlib_ng.error,  # type: ignore[assignment] # declared as an instance
    ValueError,
    OverflowError,
    RecursionError,
)


class ArchiveCheck:
    """One reading of an archive.

    Attributes
    ----------
    digest : str
        The SHA-256 of the file's bytes, in hexadecimal.
    size : int
        The length of the file.
    files : set[str]
        The names of its regular files, relative to the model's directory.
    problems : list[Problem]
        What is wrong with it.
    """

    def __init__(self, path: Path, progress: Progress) -> None:
        self.files: set[str] = set()
        self.problems: list[Problem] = []
        self._folders: set[str] = set()
        with path.open("rb") as file:
            before = Identity.of(file.fileno())
            progress.begin("checking", before.size)
            raw = _Tee(file, progress)
            try:
                self._read(raw)
            except _DAMAGE as error:
                self.problems.append(
                    WHOLE.broken(f"{path.name} is no gzipped tar file, or a damaged one: {error}; pack it again")
                )
            raw.drain()
            if Identity.of(file.fileno()) != before or raw.size != before.size:
                self.problems.append(AT_REST.broken(f"{path.name} changed while it was read; try again"))
        self.digest, self.size = raw.digest.hexdigest(), raw.size
        if not self.files and not self.problems:
            self.problems.append(NOT_EMPTY.broken(f"{path.name} has no files"))

    def _read(self, raw: _Tee) -> None:
        with gzip_ng.GzipFile(fileobj=raw, mode="rb") as unzipped:  # type: ignore[no-untyped-call]
            content = _Forward(unzipped)
            with tarfile.TarFile(
                fileobj=content,  # type: ignore[arg-type]
                encoding="utf-8",
                errors="surrogateescape",
            ) as tar:
                while (member := tar.next()) is not None:
                    tar.members.clear()  # type: ignore[attr-defined] # else it keeps every one
                    self.problems += self._member(member)
            # tarfile takes a header that it cannot read for the end, as it does for a block of zeros.
            if content.last.strip(b"\0"):
                message = f"no tar header at byte {content.position - len(content.last)}"
                raise tarfile.ReadError(message)
            content.drain()  # so that gzip's checksum is compared

    def _member(self, member: tarfile.TarInfo) -> Iterator[Problem]:
        shown = member.name
        parts = [part for part in shown.split("/") if part not in {"", "."}]
        name = "/".join(parts)
        if shown.startswith("/"):
            yield INSIDE.broken(f"{shown} is an absolute name; pack with `tar -C <directory> .`")
        if ".." in parts:
            yield INSIDE.broken(f"{shown} leads out of the directory; pack with `tar -C <directory> .`")
        if member.issym() or member.islnk():
            kind = "symbolic" if member.issym() else "hard"
            yield NO_LINKS.broken(
                f"{shown} is a {kind} link to {member.linkname}; "
                "pack with `tar --dereference --hard-dereference`, or use from_directory"
            )
            return
        if not (member.isreg() or member.isdir()):
            yield ONLY_FILES.broken(f"{shown} is not a file or a directory; pack without it")
            return
        if "\0" in shown or any(len(part.encode("utf-8", "surrogateescape")) > longest_name() for part in parts):
            yield NAMES.broken(f"{shown!r}: a name has no NUL and at most {longest_name()} bytes; rename it")
        folders = {"/".join(parts[:depth]) for depth in range(1, len(parts))}
        if member.isdir():
            folders.add(name)
        else:
            self.files.add(name)
        self._folders |= folders
        if name in self._folders and name in self.files:
            yield NAMES.broken(f"{shown} is there as a file and as a directory; pack it again")
        for folder in folders & self.files - {name}:
            yield NAMES.broken(f"{folder} is there as a file and as a directory; pack it again")


class _Tee(io.RawIOBase):
    """A file that is hashed as it is read."""

    def __init__(self, file: IO[bytes], progress: Progress) -> None:
        self._file = file
        self._progress = progress
        self.digest = hashlib.sha256()
        self.size = 0

    def readable(self) -> bool:
        return True

    def readinto(self, place: memoryview) -> int:  # type: ignore[override] # any writable buffer
        data = self._file.read(len(place))
        place[: len(data)] = data
        self.digest.update(data)
        self.size += len(data)
        self._progress.advance(len(data))
        return len(data)

    def drain(self) -> None:
        """Read what is left."""
        while self.read(PIECE):
            pass


class _Forward:
    """A stream for tarfile, which seeks only forward there, and needs to read only headers."""

    def __init__(self, stream: io.BufferedIOBase) -> None:
        self._stream = stream
        self.position = 0
        self.last = b""

    def tell(self) -> int:
        return self.position

    def seek(self, position: int) -> None:
        while self.position < position and (data := self._stream.read(min(PIECE, position - self.position))):
            self.position += len(data)

    def read(self, size: int) -> bytes:
        if size > PIECE:
            # A pax header of gigabytes would be read into memory as a whole.
            message = f"a header of {size} bytes"
            raise tarfile.ReadError(message)
        data = b""
        while len(data) < size and (more := self._stream.read(size - len(data))):
            data += more
        self.position += len(data)
        self.last = data
        return data

    def drain(self) -> None:
        """Read what is left."""
        while data := self._stream.read(PIECE):
            self.position += len(data)
