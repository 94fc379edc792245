"""The serving images that AWS publishes: which there are, and under which address in which region.

The table, ``images.json``, is written by ``scripts/make_images.py`` and read at the first look-up. How it
names things:

- The accelerator is what an image computes with: ``"cpu"`` (x86), ``"graviton"`` (Arm), ``"gpu"``,
  ``"neuron"`` (Inferentia, ``ml.inf1``) or ``"neuronx"`` (Inferentia2 and Trainium). It belongs to the image,
  not to the framework's name, also where AWS keeps such images in repositories of their own. The images of
  built-in algorithms name no processor; they stand there for ``"cpu"`` as well as ``"gpu"``.
- A version of Hugging Face is one of the transformers library. ``"huggingface"`` has it with PyTorch,
  ``"huggingface-tensorflow"`` with TensorFlow, in the newest release that AWS built it for; one with an older
  release is a version of its own, such as ``"4.6.1+pytorch1.7.1"``.
- Tags are those of full versions. AWS has moving tags, too (``2.6-cpu-py312``); with these, equal templates
  could mean different images.
"""

from __future__ import annotations

import difflib
import re
from bisect import bisect
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from sm_constructs.facts import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class UnknownImage(LookupError):  # noqa: N818 - says what is wrong, as InvalidHosting does
    """AWS publishes no such image, or not in that region; the message names what comes nearest."""


@dataclass(frozen=True, slots=True)
class FrameworkImage:
    """One image, in every region where AWS publishes it.

    Attributes
    ----------
    framework : str
        The framework's name as `frameworks` gives it.
    version : str
        The full version, also if it was asked for by its beginning.
    accelerator : str
        What it computes with: ``"cpu"``, ``"graviton"``, ``"gpu"``, ``"neuron"`` or ``"neuronx"``.
    repository : str
        The repository's name in ECR, the same in all regions.
    tag : str
        The image's tag, the same in all regions.
    accounts : Mapping[str, str]
        The account of the registry, by region.
    """

    framework: str
    version: str
    accelerator: str
    repository: str
    tag: str
    accounts: Mapping[str, str] = field(hash=False, repr=False)

    def account(self, region: str) -> str:
        """Give the account of the registry in one region.

        Raises
        ------
        UnknownImage
            AWS does not publish the image there.
        """
        account = self.accounts.get(region)
        if account is None:
            regions = sorted(self.accounts)
            near = difflib.get_close_matches(region, regions, cutoff=0)
            message = (
                f"AWS does not publish {self.framework} {self.version} for {self.accelerator} in {region!r}; "
                f"nearest by name: {', '.join(near)}; all regions: {', '.join(regions)}"
            )
            raise UnknownImage(message)
        return account

    def uri(self, region: str) -> str:
        """Give the image's address in one region.

        Raises
        ------
        UnknownImage
            AWS does not publish the image there.
        """
        suffix = _table()["dns_suffixes"].get(region, "amazonaws.com")
        return f"{self.account(region)}.dkr.ecr.{region}.{suffix}/{self.repository}:{self.tag}"


def find(
    name: str, version: str, *, accelerator: str = "cpu", python: str | None = None, os: str | None = None
) -> FrameworkImage:
    """Find one image.

    Parameters
    ----------
    name : str
        A name that `frameworks` gives, or a common other one such as ``"tgi"``.
    version : str
        The full version, or at least its first two numbers: the newest version that begins so and exists for
        the accelerator. A beginning can mean a newer version in a later release of this library.
    accelerator : str, default="cpu"
        What it computes with: ``"cpu"``, ``"graviton"``, ``"gpu"``, ``"neuron"`` or ``"neuronx"``.
    python : str | None
        The Python in it, such as ``"py310"``; by default the newest.
    os : str | None
        What its tag must say of its system, such as ``"ubuntu22.04"`` or ``"cu110-ubuntu18.04"``; by default
        the image that AWS's own SDK chooses.

    Raises
    ------
    UnknownImage
        There is no such image.

    Examples
    --------
    >>> find("pytorch", "2.6", accelerator="gpu").uri("eu-west-1")
    '763104351884.dkr.ecr.eu-west-1.amazonaws.com/pytorch-inference:2.6.0-gpu-py312'
    """
    framework = _framework(name)
    full = _full_version(framework, version, accelerator)
    label = f"{framework} {full} for {accelerator}"
    offered = _images(framework)[accelerator][full]
    rows = [row for row in offered if python is None or row.python == python]
    if not rows:
        raise _missing(label, "python", python, (row.python for row in offered))
    offered, rows = rows, [row for row in rows if os is None or f"-{os}-" in f"-{row.os}-"]
    if not rows:
        raise _missing(label, "os", os, (row.os for row in offered))
    row = max(rows, key=lambda row: _python_key(row.python))  # of equal ones the first: the SDK's own choice
    accounts = dict(_table()["registries"][row.registries])
    return FrameworkImage(framework, full, accelerator, row.repository, row.tag, accounts)


@cache
def frameworks() -> Sequence[str]:
    """Give the names of all frameworks and built-in algorithms, in alphabetical order."""
    return tuple(_table()["frameworks"])


def versions(name: str) -> Sequence[str]:
    """Give the full versions of a framework, oldest first.

    Raises
    ------
    UnknownImage
        There is no such framework.
    """
    return tuple(_table()["frameworks"][_framework(name)])


class Recognised(NamedTuple):
    """An image that AWS publishes, as far as its URI tells."""

    framework: str
    accelerators: frozenset[str]


@cache
def _by_repository() -> dict[str, Recognised]:
    found: dict[str, Recognised] = {}
    for framework in _table()["frameworks"]:
        for accelerator, versions_of_it in _images(framework).items():
            for row in (row for rows in versions_of_it.values() for row in rows):
                before = found.get(row.repository, Recognised(framework, frozenset()))
                found[row.repository] = before._replace(accelerators=before.accelerators | {accelerator})
    return found


def recognise(account: str, repository: str, tag: str) -> Recognised | None:
    """Say what an image is, if AWS publishes images in that repository.

    >>> recognise("763104351884", "pytorch-inference", "2.6.0-gpu-py312")
    Recognised(framework='pytorch', accelerators=frozenset({'gpu'}))
    """
    image = _by_repository().get(repository) if account in registry_accounts() else None
    if image is None:
        return None
    named = frozenset(image.accelerators & set(re.split(r"[-_.]", tag)))
    return image._replace(accelerators=named) if named else image


@cache
def accounts_in(region: str) -> frozenset[str]:
    """Give the accounts in whose registries AWS publishes images in a region; empty where none is known."""
    return frozenset(dict(each).get(region, "") for each in _table()["registries"].values()) - {""}


@cache
def registry_accounts() -> frozenset[str]:
    """Give the accounts whose registries AWS publishes images in."""
    return frozenset(account for registries in _table()["registries"].values() for account in dict(registries).values())


class _Table(TypedDict):
    aliases: dict[str, str]
    dns_suffixes: dict[str, str]
    registries: dict[str, dict[str, str]]
    frameworks: dict[str, dict[str, list[list[str | None]]]]


class _Row(NamedTuple):
    accelerator: str
    python: str | None
    os: str | None
    repository: str
    tag: str
    registries: str


@cache
def _table() -> _Table:
    table: _Table = load("images.json")
    return table


@cache
def _images(framework: str) -> dict[str, dict[str, list[_Row]]]:
    """Give a framework's rows by accelerator and version."""
    images: dict[str, dict[str, list[_Row]]] = {}
    for version, rows in _table()["frameworks"][framework].items():
        for columns in rows:
            row = _Row(*columns)  # type: ignore[arg-type] # what each column holds, only the file knows
            images.setdefault(row.accelerator, {}).setdefault(version, []).append(row)
    return images


def _framework(name: str) -> str:
    table = _table()
    framework = table["aliases"].get(name, name)
    if framework not in table["frameworks"]:
        near = difflib.get_close_matches(name.lower(), [*table["frameworks"], *table["aliases"]])
        known = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(frameworks())}"
        message = f"AWS publishes no serving image called {name!r}; {known}"
        raise UnknownImage(message)
    return framework


def _full_version(framework: str, version: str, accelerator: str) -> str:
    images = _images(framework)
    fitting = images.get(accelerator, {})
    if version in fitting:
        return version
    if re.match(r"\d+\.\d", version) and (continued := _continued(version, fitting)):
        return continued[-1]

    known = versions(framework)
    existing = version if version in known else next(reversed(_continued(version, known)), None)
    if existing is not None and not _continued(version, fitting):
        there = " or ".join(name for name in images if existing in images[name])
        message = f"AWS publishes {framework} {existing} for {there}, not for {accelerator=}"
        if fitting:
            message += f"; nearest for {accelerator}: {_nearest(version, fitting)}"
    else:
        message = f"AWS publishes no {framework} {version!r}; nearest: {_nearest(version, fitting or known)}"
        if not fitting:
            message += f"; {framework} exists for {' or '.join(images)}, not for {accelerator=}"
    raise UnknownImage(message)


def _continued(version: str, known: Iterable[str]) -> list[str]:
    """Give the versions that go on where this one ends, oldest first."""
    return [full for full in known if full.startswith((f"{version}.", f"{version}-")) and "+" not in full]


def _nearest(version: str, known: Iterable[str]) -> str:
    """Give the newest that go on where this one ends, else two before and two after it; oldest first."""
    ordered = sorted(known, key=version_key)
    place = bisect(ordered, version_key(version), key=version_key)
    continued = _continued(version, ordered) if re.search(r"\d", version) else ordered
    return ", ".join(continued[-4:] or ordered[max(place - 2, 0) : place + 2])


def version_key(version: str) -> list[tuple[int, str]]:
    """Order versions by their numbers; what is no number comes before them."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.findall(r"\d+|[a-z]+", version.lower())]


def _python_key(python: str | None) -> tuple[int, int]:
    """Order Python versions; the images that say only ``py3`` are older than those that say which."""
    digits = (python or "py0").removeprefix("py")
    return int(digits[0]), int(digits[1:] or -1)


def _missing(label: str, argument: str, asked: str | None, offered: Iterable[str | None]) -> UnknownImage:
    known = " or ".join(dict.fromkeys(name for name in offered if name is not None))
    if known:
        return UnknownImage(f"AWS publishes {label} with {argument} {known}, not {asked!r}")
    return UnknownImage(f"AWS publishes {label} without telling its {argument}; leave out {argument}={asked!r}")
