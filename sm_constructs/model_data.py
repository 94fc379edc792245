"""Where the model's artifacts come from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import PathLike

    from aws_cdk import aws_s3 as s3


@dataclass(frozen=True, slots=True)
class S3Location:
    """A place in a bucket.

    Parameters
    ----------
    bucket : IBucket or str
        The bucket, or its name.
    prefix : str, default ""
        The common beginning of the keys. Default: the whole bucket.

    Examples
    --------
    >>> S3Location(bucket, "captured/")
    """

    bucket: s3.IBucket | str
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class ModelData:
    """The artifacts of a model; made by one of the ``from_…`` methods."""

    @staticmethod
    def from_s3(bucket: s3.IBucket | str, key: str) -> ModelData:
        """Take one archive from S3.

        Parameters
        ----------
        bucket : IBucket or str
            The bucket, or its name, in the region of the endpoint. A bucket that knows its encryption key
            lets the endpoint decrypt with it.
        key : str
            The key of the archive; it ends in ``.tar.gz``.

        Examples
        --------
        >>> ModelData.from_s3(bucket, "churn/2026-11/model.tar.gz")
        """
        return S3Archive(bucket, key)

    @staticmethod
    def from_s3_prefix(bucket: s3.IBucket | str, prefix: str, *, accept_eula: bool = False) -> ModelData:
        """Take an uncompressed tree of files from S3: large models start faster without unpacking.

        Parameters
        ----------
        bucket : IBucket or str
            The bucket, or its name, in the region of the endpoint.
        prefix : str
            The prefix of all keys; a final ``/`` is added where it is missing.
        accept_eula : bool, default False
            Whether you accept the end-user licence of a model that has one, such as Llama's from JumpStart.

        Examples
        --------
        >>> ModelData.from_s3_prefix(bucket, "llama/")

        See Also
        --------
        AWS: "Deploying uncompressed models" in the SageMaker developer guide.
        """
        return S3Prefix(bucket, prefix if prefix.endswith("/") or not prefix else f"{prefix}/", accept_eula)

    @staticmethod
    def from_uri(uri: str) -> ModelData:
        """Take an archive, or an uncompressed tree, by its S3 URI.

        Parameters
        ----------
        uri : str
            ``s3://bucket/key.tar.gz`` is an archive, ``s3://bucket/prefix/`` a tree.

        Examples
        --------
        >>> ModelData.from_uri("s3://models/churn/model.tar.gz")
        """
        return UriData(uri)

    @staticmethod
    def from_directory(path: str | PathLike[str], *, framework: str | None = None) -> ModelData:
        """Pack a directory to a ``model.tar.gz`` when the app is synthesised, and upload it.

        The same files give the same archive on every machine, and so no update of the endpoint. The archive
        is kept in a cache, so an unchanged directory is not packed again.

        Parameters
        ----------
        path : str or PathLike
            The directory. ``__pycache__``, ``.DS_Store`` and ``.git`` are left out; symbolic links are
            followed, and must stay inside.
        framework : str, optional
            The framework whose container will read it, such as ``"pytorch"``; the layout is checked.
            Default: the layout is not checked.

        Examples
        --------
        >>> ModelData.from_directory("model", framework="sklearn")
        """
        return Directory(Path(path), framework)

    @staticmethod
    def from_archive(path: str | PathLike[str], *, framework: str | None = None) -> ModelData:
        """Check an archive on this machine when the app is synthesised, and upload it as it is.

        Parameters
        ----------
        path : str or PathLike
            The archive, a gzipped tar file whose name ends in ``.tar.gz``.
        framework : str, optional
            As for `from_directory`.

        Examples
        --------
        >>> ModelData.from_archive("build/model.tar.gz", framework="tensorflow")
        """
        return Archive(Path(path), framework)


@dataclass(frozen=True, slots=True)
class S3Archive(ModelData):
    """An archive in S3; see `ModelData.from_s3`."""

    bucket: s3.IBucket | str
    key: str


@dataclass(frozen=True, slots=True)
class S3Prefix(ModelData):
    """A tree in S3; see `ModelData.from_s3_prefix`."""

    bucket: s3.IBucket | str
    prefix: str
    accept_eula: bool = False


@dataclass(frozen=True, slots=True)
class UriData(ModelData):
    """An archive or a tree by its URI; see `ModelData.from_uri`."""

    uri: str

    @property
    def is_prefix(self) -> bool:
        """Whether the URI names a tree of files."""
        return self.uri.endswith("/")


@dataclass(frozen=True, slots=True)
class Directory(ModelData):
    """A directory on this machine; see `ModelData.from_directory`."""

    path: Path
    framework: str | None = None


@dataclass(frozen=True, slots=True)
class Archive(ModelData):
    """An archive on this machine; see `ModelData.from_archive`."""

    path: Path
    framework: str | None = None
