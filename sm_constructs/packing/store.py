"""The cache of packed archives: a folder with one ``<digest>.tar.gz`` for each content."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Iterator

_DAY = 86_400
_KEPT = 30 * _DAY  # seconds since its last use
_PARTIAL = ".partial"  # a file being written; one older than a day was left by a process that was killed


def default_folder() -> Path:
    """Give the platform's folder for things that can be made again."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "sm-constructs"


def look_up(folder: Path, digest: str) -> Path | None:
    """Give the archive with this content if it is there, and note that it was used."""
    path = path_of(folder, digest)
    if not path.is_file():
        return None
    with suppress(PermissionError):  # a cache that is only read, such as one in an image
        os.utime(path)
    return path


@contextmanager
def adding(folder: Path, digest: str) -> Iterator[IO[bytes]]:
    """Give a file to write an archive to; it appears in the cache when it is complete, or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    drop_unused(folder)
    path = path_of(folder, digest)
    partial = folder / f"{digest}.{uuid4().hex}{_PARTIAL}"
    try:
        with partial.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # before it gets its name: a crash must not leave a name without content
        _move(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def drop_unused(folder: Path) -> None:
    """Remove archives that nobody used for 30 days, and what killed processes left."""
    now = time.time()
    for suffix, kept in ((".tar.gz", _KEPT), (_PARTIAL, _DAY)):
        for path in folder.glob(f"*{suffix}"):
            with suppress(OSError):  # gone, or in use on Windows: another process does the same
                if now - path.stat().st_mtime > kept:
                    path.unlink()


def path_of(folder: Path, digest: str) -> Path:
    """Give the place of an archive, whether it is there or not."""
    return folder / f"{digest}.tar.gz"


def _move(source: Path, target: Path) -> None:
    try:
        source.replace(target)
    except PermissionError:
        # Windows, if another process has just written the same content and reads it.
        if not target.exists():
            raise
        source.unlink()
