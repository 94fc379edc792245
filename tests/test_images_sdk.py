"""The shipped image table gives the addresses that AWS's own SDK gives.

The SDK's answers are recorded in ``data/image_uris_sdk.json``: every serving image it knows, in some regions
each. Where ``sagemaker-core`` is installed in the table's version, all its addresses in all regions are
compared as well. That package is heavy, so neither this project nor its ``[dev]`` extra asks for it. To
compare everything and to record the answers anew, in an environment of its own::

    pip install pytest sagemaker-core==<version>
    PYTHONPATH=. python tests/test_images_sdk.py
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import logging
import os
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import mock

import pytest

from sm_constructs.facts import images, load

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORDED = Path(__file__).parent / "data" / "image_uris_sdk.json"
TABLE = load("images.json")
SOURCE = TABLE["source"]
FEWEST_PER_FRAMEWORK = 6

# The SDK has no argument for what an image computes with: instance types and names stand for it.
CUDA_11_INSTANCE = "ml.p4d.24xlarge"
INSTANCES = {"cpu": ["ml.m5.xlarge"], "gpu": ["ml.g5.xlarge", CUDA_11_INSTANCE], "inf": ["ml.inf1.xlarge"]}
ARM_INSTANCES = ["ml.c7g.xlarge"]
NEURON_TOOLS = {
    "huggingface-llm-neuronx": "neuronx",
    "huggingface-neuron": "neuron",
    "huggingface-neuronx": "neuronx",
}
CUDA_11_BUILDS = {"mxnet": "cu110-ubuntu16.04", "pytorch": "cu110-ubuntu18.04"}
OUR_NAMES = {
    "huggingface-tei-cpu": "huggingface-tei",
    "inferentia-mxnet": "neo-mxnet",
    "inferentia-pytorch": "neo-pytorch",
    "inferentia-tensorflow": "neo-tensorflow",
    "llama-cpp-arm64": "llama-cpp",
}
# Beginnings that the SDK takes for another version than they say. Neo's are versions of the framework that
# a model was made with; the SDK's tags for them are not documented.
NOT_FOLLOWED = {"huggingface-llm 2.0", "neo-mxnet", "neo-pytorch", "neo-tensorflow"}


class Asked(NamedTuple):
    """One image in the SDK's terms: arguments of its ``retrieve``."""

    framework: str
    image_scope: str
    version: str
    base_framework_version: str | None
    py_version: str | None
    instance_type: str | None
    inference_tool: str | None


def ours(asked: Asked) -> images.FrameworkImage:
    """Find in our table what was asked of the SDK."""
    instance = asked.instance_type or ""
    if asked.image_scope == "inference_graviton" or asked.framework.endswith("-arm64"):
        accelerator = "graviton"
    elif asked.inference_tool is not None:
        accelerator = asked.inference_tool
    elif asked.framework.endswith("-neuronx"):
        accelerator = "neuronx"
    elif instance.startswith("ml.inf1"):
        accelerator = "neuron"
    elif instance.startswith(("ml.g", "ml.p")) or asked.framework.startswith("djl-"):
        accelerator = "gpu"
    else:
        accelerator = "cpu"
    name, version = OUR_NAMES.get(asked.framework, asked.framework), asked.version
    if (base := asked.base_framework_version) is not None:
        if base.startswith("tensorflow"):
            name = "huggingface-tensorflow"
        if f"{version}+{base}" in images.versions(name):
            version = f"{version}+{base}"
    system = CUDA_11_BUILDS[name] if instance == CUDA_11_INSTANCE else None
    return images.find(name, version, accelerator=accelerator, python=asked.py_version, os=system)


def differences(asked: Asked, answers: dict[str, str]) -> list[str]:
    """Compare the SDK's answers by region with ours."""
    image = ours(asked)
    return [
        f"{asked} in {region}: the SDK says {answer}, we say {image.uri(region)}"
        for region, answer in answers.items()
        if image.uri(region) != answer
    ]


def recorded(part: str) -> Any:
    return json.loads(RECORDED.read_text(encoding="utf-8"))[part]


def installed() -> str | None:
    try:
        return importlib.metadata.version(SOURCE["package"])
    except importlib.metadata.PackageNotFoundError:
        return None


def test_answers_were_recorded_from_the_version_that_the_table_was_made_from():
    assert recorded("source") == f"{SOURCE['package']} {SOURCE['version']}"


def test_every_recorded_answer_of_the_sdk_is_ours():
    answers = [(Asked(*asked), by_region) for asked, by_region in recorded("answers")]
    assert sum(len(by_region) for _, by_region in answers) >= 200
    assert [line for asked, by_region in answers for line in differences(asked, by_region)] == []


def test_recorded_answers_cover_every_image_and_every_region():
    answers = [(ours(Asked(*asked)), by_region) for asked, by_region in recorded("answers")]
    assert {(image.framework, image.version, image.repository, image.tag) for image, _ in answers} == {
        (framework, version, repository, tag)
        for framework, rows_by_version in TABLE["frameworks"].items()
        for version, rows in rows_by_version.items()
        for _, _, _, repository, tag, _ in rows
    }
    assert {region for _, by_region in answers for region in by_region} == {
        region for accounts in TABLE["registries"].values() for region in accounts
    }


def test_beginnings_of_versions_mean_the_version_that_the_sdk_takes():
    aliases = [(Asked(*asked), target) for asked, target in recorded("aliases")]
    followed = [
        (asked, target)
        for asked, target in aliases
        if not {asked.framework, f"{asked.framework} {asked.version}"} & NOT_FOLLOWED
    ]
    assert len(followed) >= 100
    assert [(asked, target) for asked, target in followed if ours(asked).version != target] == []


@pytest.mark.skipif(
    installed() != SOURCE["version"],
    reason=f"needs {SOURCE['package']} {SOURCE['version']}; its recorded answers are compared in any case",
)
def test_every_address_that_the_sdk_gives_is_ours_and_the_other_way_round():
    addresses = set()
    for asked, by_region in sdk_answers():
        assert differences(asked, by_region) == []
        assert set(by_region) == set(ours(asked).accounts)
        addresses.update(by_region.values())
    assert addresses == our_addresses()


def our_addresses() -> set[str]:
    return {
        image.uri(region)
        for framework, rows_by_version in TABLE["frameworks"].items()
        for version, rows in rows_by_version.items()
        for accelerator, python, system, *_ in rows
        for image in [images.find(framework, version, accelerator=accelerator, python=python, os=system)]
        for region in image.accounts
    }


def sdk_tables() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Give the SDK's own tables of everything that it calls an image for inference."""
    image_uris = importlib.import_module("sagemaker.core.image_uris")

    for framework in image_uris.list_frameworks():
        table = image_uris.config_for_framework(framework)
        for scope in ("inference", "inference_graviton"):
            if scope in table.get("scope", table):
                yield framework, scope, table if "scope" in table else table[scope]


def sdk_questions(framework: str, scope: str, table: dict[str, Any], version: str) -> Iterator[tuple[Asked, dict]]:
    """Give what can be asked of the SDK for one version, with the entry of its table that answers."""
    described = table["versions"][version]
    if "repository" in described:
        entries = [(None, python, described) for python in described.get("py_versions") or [None]]
    elif framework.startswith("huggingface"):
        entries = [
            (base, python, entry)
            for base, entry in described.items()
            if base != "version_aliases"
            for python in entry["py_versions"]
        ]
    else:
        entries = [(None, python, entry) for python, entry in described.items()]
    name, tool = framework, NEURON_TOOLS.get(framework)
    if tool is not None:
        name = framework.removesuffix("-neuron").removesuffix("-neuronx") if entries[0][0] else framework
    for base, python, entry in entries:
        for processor in table.get("processors") or entry.get("processors") or [None]:
            instances = INSTANCES.get(processor, [None])
            if scope == "inference_graviton":
                instances = ARM_INSTANCES
            elif tool is not None or framework.endswith("-arm64"):
                instances = [None]
            for instance in instances:
                yield Asked(name, scope, version, base, python, instance, tool), entry


def sdk_answers() -> Iterator[tuple[Asked, dict[str, str]]]:
    """Ask the SDK for every image in every region."""
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")  # it makes a session when it is imported
    image_uris = importlib.import_module("sagemaker.core.image_uris")
    common_utils = importlib.import_module("sagemaker.core.common_utils")

    given = set()
    with (  # it reads the same files again at each call
        mock.patch.object(image_uris, "config_for_framework", cache(image_uris.config_for_framework)),
        mock.patch.object(common_utils, "_botocore_resolver", cache(common_utils._botocore_resolver)),
    ):
        for framework, scope, table in sdk_tables():
            for version in table["versions"]:
                for asked, entry in sdk_questions(framework, scope, table, version):
                    answers = {
                        region: image_uris.retrieve(region=region, **asked._asdict())
                        for region in sorted(entry["registries"])
                    }
                    image = framework, version, frozenset(answers.items())
                    if image not in given:  # mostly, all instance types with GPUs get the same
                        given.add(image)
                        yield asked, answers


def sdk_aliases() -> Iterator[tuple[Asked, str]]:
    """Give the beginnings of versions that the SDK takes, and for what; "latest" is none."""
    for framework, scope, table in sdk_tables():
        for alias, version in table.get("version_aliases", {}).items():
            if alias != "latest":
                asked, _ = next(sdk_questions(framework, scope, table, version))
                yield asked._replace(version=alias, base_framework_version=None, py_version=None), version


def sample(answers: list[tuple[Asked, dict[str, str]]]) -> list[tuple[Asked, dict[str, str]]]:
    """Keep some regions of every image: those that were kept least until then."""
    images_of = Counter(asked.framework for asked, _ in answers)
    kept = Counter[str]()
    result = []
    for asked, by_region in answers:
        count = -(-FEWEST_PER_FRAMEWORK // images_of[asked.framework])
        regions = sorted(sorted(by_region, key=lambda region: (kept[region], region))[:count])
        kept.update(regions)
        result.append((asked, {region: by_region[region] for region in regions}))
    return result


def main() -> None:
    """Compare everything, tell what differs, and record the SDK's answers."""
    logging.disable(logging.WARNING)
    answers = list(sdk_answers())
    differing = [line for asked, by_region in answers for line in differences(asked, by_region)]
    addresses = {address for _, by_region in answers for address in by_region.values()}
    ours_only = our_addresses() - addresses
    print(*differing, *sorted(ours_only), sep="\n")
    total = sum(len(by_region) for _, by_region in answers)
    print(f"{total} combinations: {total - len(differing)} equal, {len(differing)} differ")
    print(f"{len(ours_only)} of our {len(our_addresses())} addresses are not the SDK's")

    kept = sample(answers)
    text = json.dumps({"source": f"{SOURCE['package']} {installed()}"})[:-1]
    for part, rows in {"aliases": sdk_aliases(), "answers": kept}.items():
        lines = ",\n  ".join(json.dumps(row) for row in rows)
        text += f',\n "{part}": [\n  {lines}\n ]'
    RECORDED.write_text(f"{text}\n}}\n", encoding="utf-8", newline="\n")
    print(f"recorded {sum(len(by_region) for _, by_region in kept)} answers in {RECORDED.name}")


if __name__ == "__main__":
    main()
