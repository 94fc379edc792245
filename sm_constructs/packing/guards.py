"""What is refused while a model's artifacts are packed or checked: one code for each kind of mistake."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sm_constructs.problems import Problem

if TYPE_CHECKING:
    from sm_constructs.problems import Severity


@dataclass(frozen=True, slots=True)
class Guard:
    """One thing that must hold for artifacts on this machine.

    Attributes
    ----------
    code : str
        ``SMC`` and three digits; stable.
    title : str
        What must hold, in one line.
    source : str
        Where AWS says so.
    facts : tuple[str, ...]
        The facts it stands on, as ``area/key``.
    severity : {"error", "warning"}
        See `sm_constructs.problems.Problem`.
    """

    code: str
    title: str
    source: str
    facts: tuple[str, ...] = ()
    severity: Severity = "error"

    def broken(self, message: str, *, source: str | None = None) -> Problem:
        """Say how it was broken, with a source of its own where that says more."""
        return Problem(self.code, self.severity, message, "model_data", source or self.source)


_ARCHIVE = "ContainerDefinition.ModelDataUrl"
_NO_LINKS = "SageMaker hosting FAQ, model artifacts"

EXISTS = Guard(
    "SMC420",
    "The model's directory or archive is there and is what it is called",
    _ARCHIVE,
    ("artifacts/tar_gz",),
)
NOT_EMPTY = Guard("SMC421", "A model has at least one file", _ARCHIVE, ("artifacts/tar_gz",))
LINKS_INSIDE = Guard(
    "SMC422",
    "A symbolic link in a model's directory leads to something inside that directory",
    _NO_LINKS,
    ("artifacts/no_symlinks",),
)
ONLY_FILES = Guard("SMC423", "A model consists of regular files and directories", _ARCHIVE, ("artifacts/tar_gz",))
READABLE = Guard("SMC424", "Every file of a model can be read", _ARCHIVE)
AT_REST = Guard("SMC425", "A model's files do not change while they are read", _ARCHIVE)
NAMES = Guard(
    "SMC426",
    "Names of a model's files can stand in the container's file system",
    "S3ModelDataSource.CompressionType",
    ("artifacts/s3_data_source_bad_names",),
)
FRAMEWORK = Guard(
    "SMC427", "The framework is one whose containers are known", "Deep Learning Containers, available images"
)
LAYOUT = Guard(
    "SMC428",
    "A model's files are where the framework's container looks for them",
    _ARCHIVE,
    ("artifacts/tensorflow", "artifacts/pytorch", "artifacts/mxnet", "artifacts/huggingface"),
)
SCRIPT_READ = Guard(
    "SMC429",
    "An inference script is where the framework's container looks for it",
    _ARCHIVE,
    ("artifacts/tensorflow", "artifacts/pytorch", "artifacts/mxnet", "artifacts/huggingface"),
    "warning",
)
SUFFIX = Guard("SMC430", "An archive's name ends in .tar.gz", _ARCHIVE, ("artifacts/tar_gz",))
WHOLE = Guard("SMC431", "An archive is a gzipped tar file, whole and undamaged", _ARCHIVE, ("artifacts/tar_gz",))
INSIDE = Guard("SMC432", "An archive's members stay inside the model's directory", _ARCHIVE, ("artifacts/tar_gz",))
NO_LINKS = Guard("SMC433", "An archive has no links", _NO_LINKS, ("artifacts/no_symlinks",))

GUARDS: dict[str, Guard] = {
    guard.code: guard
    for guard in (
        EXISTS,
        NOT_EMPTY,
        LINKS_INSIDE,
        ONLY_FILES,
        READABLE,
        AT_REST,
        NAMES,
        FRAMEWORK,
        LAYOUT,
        SCRIPT_READ,
        SUFFIX,
        WHOLE,
        INSIDE,
        NO_LINKS,
    )
}
"""Every guard, by code."""
