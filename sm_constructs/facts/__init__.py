"""What AWS accepts, as data with its sources; nothing else in the package holds a limit.

The rows of ``facts.json`` are addressed by area and key: ``fact("realtime", "volume_size_gb").value``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent


def load(name: str) -> Any:  # noqa: ANN401 - JSON
    """Read one of this folder's JSON files."""
    return json.loads((_FOLDER / name).read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Fact:
    """A limit or rule of AWS.

    Attributes
    ----------
    area, key : str
        Its address.
    value : Any
        The limit, as JSON.
    unit : str | None
        The unit of the value, or a remark on it.
    source : str
        Where AWS says so.
    enforced_by : str
        Which layer of AWS refuses a wrong value, as far as it is known.
    """

    area: str
    key: str
    value: Any
    unit: str | None
    source: str
    enforced_by: str


@dataclass(frozen=True, slots=True)
class InstanceType:
    """What one instance type consists of.

    Attributes
    ----------
    name : str
        The type, such as ``ml.m5.large``.
    vcpus, memory_mib, gpus, neuron_devices : int | None
        Its parts; ``None`` where no source gives them.
    nvme : bool
        Whether it has local NVMe disks, so that SageMaker attaches no EBS volume.
    burstable : bool
        Whether it is one of the burstable types, which cannot be autoscaled.
    arm : bool
        Whether its processor is an Arm one, so that the image must be built for arm64.
    """

    name: str
    vcpus: int | None
    memory_mib: int | None
    gpus: int | None
    neuron_devices: int | None
    nvme: bool
    burstable: bool
    arm: bool

    @property
    def family(self) -> str:
        """The family, such as ``m5`` for ``ml.m5.large``."""
        return self.name.split(".")[1]


@cache
def _facts() -> dict[tuple[str, str], Fact]:
    return {(row["area"], row["key"]): Fact(**row) for row in load("facts.json")}


def fact(area: str, key: str) -> Fact:
    """Give one fact.

    Raises
    ------
    KeyError
        There is no such fact.
    """
    return _facts()[area, key]


@cache
def limit(area: str, key: str) -> Any:  # noqa: ANN401 - JSON
    """Give the value of one fact; see `fact`."""
    return fact(area, key).value


@cache
def instance_types() -> dict[str, InstanceType]:
    """Give every instance type that SageMaker hosting knows, by name."""
    table = load("instance_types.json")
    known = {
        row["type"]: InstanceType(
            name=row["type"],
            vcpus=row["vcpu"],
            memory_mib=row["mem_mib"],
            gpus=row["gpus"],
            neuron_devices=row["neuron"],
            nvme=bool(row["nvme"]),
            burstable=row["burstable"],
            arm="arm64" in row["arch"],
        )
        for row in table["types"]
    }
    for name, gpus in table["no_specification_found"].items():  # the SageMaker SDK knows their GPUs
        known[name] = InstanceType(
            name=name,
            vcpus=None,
            memory_mib=None,
            gpus=gpus,
            neuron_devices=None,
            nvme=False,
            burstable=False,
            arm=False,
        )
    return known
