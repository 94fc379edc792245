"""Packing a model's files to an archive that SageMaker takes, and checking one that is there already."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sm_constructs.packing import layouts, store, writing
from sm_constructs.packing.archive import ArchiveCheck
from sm_constructs.packing.collecting import collect
from sm_constructs.packing.guards import EXISTS, GUARDS, SUFFIX, Guard
from sm_constructs.packing.progress import progress_line
from sm_constructs.packing.reading import Changed, content_digest, hashes
from sm_constructs.problems import InvalidHosting, Problem

if TYPE_CHECKING:
    from os import PathLike

_SUFFIX = ".tar.gz"


@dataclass(frozen=True, slots=True)
class Packed:
    """An archive on this machine that can be uploaded.

    Attributes
    ----------
    path : Path
        Where it is.
    digest : str
        The SHA-256 of its content, in hexadecimal: equal files have equal digests.
    size : int
        The length of the archive, in bytes.
    warnings : tuple[Problem, ...]
        What SageMaker accepts although it will hurt.
    """

    path: Path
    digest: str
    size: int
    warnings: tuple[Problem, ...] = ()


def pack(
    directory: str | PathLike[str], *, framework: str | None = None, cache: str | PathLike[str] | None = None
) -> Packed:
    """Pack a directory to an archive in the cache, unless one with the same content is there already.

    The same files give the same bytes on every machine. The digest is that of the uncompressed content:
    names, kinds and contents of the files, not their times, owners or modes. ``__pycache__``, ``.DS_Store``
    and ``.git`` are left out; symbolic links are followed, and must stay inside. Every file in the archive
    has the mode 0755.

    Parameters
    ----------
    directory : str or PathLike
        The directory whose content becomes the content of ``/opt/ml/model``.
    framework : str, optional
        The framework whose container will read it; its layout is checked. Default: no check of the layout.
    cache : str or PathLike, optional
        The folder of packed archives. Default: ``sm-constructs`` in ``$XDG_CACHE_HOME``, ``~/.cache``,
        ``~/Library/Caches`` or ``%LOCALAPPDATA%``. Archives that were not used for 30 days are removed.

    Raises
    ------
    InvalidHosting
        With everything that is wrong: SMC420 to SMC429.

    Examples
    --------
    >>> pack("model", framework="pytorch").path
    PosixPath('/home/me/.cache/sm-constructs/8c0d….tar.gz')
    """
    subject = f"ModelData.from_directory({os.fspath(directory)!r})"
    root = Path(directory)
    folder = store.default_folder() if cache is None else Path(cache)
    if not root.is_dir():
        what = "is not a directory; for an archive use from_archive" if root.exists() else "does not exist"
        raise InvalidHosting(subject, [EXISTS.broken(f"{root} {what}")])
    members, problems = collect(root)
    if framework is not None:
        problems += layouts.check([member.name for member in members if member.is_file], framework)
    warnings = _sorted_out(subject, problems)
    total = sum(member.size for member in members)
    with progress_line(root.name) as line:
        line.begin("reading", total)
        found, problems = hashes(members, line)
        _sorted_out(subject, problems)
        digest = content_digest(members, found)
        path = store.look_up(folder, digest)
        if path is None:
            line.begin("packing", total)
            try:
                with store.adding(folder, digest) as file:
                    writing.write(members, found, file, line)
            except Changed as changed:
                raise InvalidHosting(subject, [changed.problem]) from None
            path = store.path_of(folder, digest)
    return Packed(path, digest, path.stat().st_size, warnings)


def check_archive(path: str | PathLike[str], *, framework: str | None = None) -> Packed:
    """Check an archive as `pack` would have made it, without unpacking it.

    Parameters
    ----------
    path : str or PathLike
        The archive, a gzipped tar file whose name ends in ``.tar.gz``. It stays where it is.
    framework : str, optional
        As for `pack`.

    Raises
    ------
    InvalidHosting
        With everything that is wrong: SMC420 to SMC433.

    Examples
    --------
    >>> check_archive("build/model.tar.gz", framework="tensorflow").digest
    '5d1f…'
    """
    subject = f"ModelData.from_archive({os.fspath(path)!r})"
    path = Path(path)
    if not path.is_file():
        what = "is not a file; for a directory use from_directory" if path.exists() else "does not exist"
        raise InvalidHosting(subject, [EXISTS.broken(f"{path} {what}")])
    problems = []
    if not path.name.endswith(_SUFFIX):
        problems.append(
            SUFFIX.broken(f"{path.name} does not end in {_SUFFIX}, so SageMaker does not take it; rename it")
        )
    with progress_line(path.name) as line:
        check = ArchiveCheck(path, line)
    problems += check.problems
    if framework is not None and not check.problems:
        problems += layouts.check(check.files, framework)
    return Packed(path, check.digest, check.size, _sorted_out(subject, problems))


def _sorted_out(subject: str, problems: list[Problem]) -> tuple[Problem, ...]:
    """Give the warnings, if there is nothing worse."""
    if any(problem.severity == "error" for problem in problems):
        raise InvalidHosting(subject, problems)
    return tuple(problems)


__all__ = ["GUARDS", "Guard", "Packed", "check_archive", "pack"]
