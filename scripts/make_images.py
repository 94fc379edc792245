"""Write ``sm_constructs/facts/images.json``: every serving image that AWS publishes, in every region.

Run ``python scripts/make_images.py``. The facts come from the image-URI files inside the ``sagemaker-core``
wheel on PyPI (Apache-2.0); the wheel is downloaded, read and thrown away. For a newer table, raise
``VERSION``, run this again, and record the package's own answers anew (see ``tests/test_images_sdk.py``).
The same wheel always gives the same bytes. What changed against the table that stood there is printed.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from botocore.loaders import create_loader

from sm_constructs.facts.images import version_key

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = "sagemaker-core"
VERSION = "2.27.0"
LICENCE = "Apache-2.0"
CONFIGURATIONS = "sagemaker/core/image_uri_config/"
TARGET = Path(__file__).parent.parent / "sm_constructs" / "facts" / "images.json"

# What the package splits by processor is one framework here, and the processor is its `accelerator`.
RENAMED = {
    "huggingface-neuron": "huggingface",
    "huggingface-neuronx": "huggingface",
    "huggingface-tei-cpu": "huggingface-tei",
    "inferentia-mxnet": "neo-mxnet",
    "inferentia-pytorch": "neo-pytorch",
    "inferentia-tensorflow": "neo-tensorflow",
    "llama-cpp-arm64": "llama-cpp",
    "sagemaker-tritonserver": "triton",
}
# Other names under which people know a framework.
ALIASES = {
    "deepar": "forecasting-deepar",
    "huggingface-pytorch": "huggingface",
    "lmi": "djl-lmi",
    "random-cut-forest": "randomcutforest",
    "sagemaker-tritonserver": "triton",
    "scikit-learn": "sklearn",
    "tei": "huggingface-tei",
    "tgi": "huggingface-llm",
}
# A table that knows more than this about an image may compose its tags in a way that is not known here.
KNOWN_KEYS = {
    "container_version",
    "processor_in_tag",
    "processors",
    "py_versions",
    "registries",
    "repository",
    "sdk_versions",
    "tag_prefix",
}
# The package has these in its code: builds for CUDA 11, which it takes on ml.p4d instances.
CUDA_11 = {
    ("mxnet", "1.8.0-gpu-py37"): "cu110-ubuntu16.04",
    ("pytorch", "1.6.0-gpu-py36"): "cu110-ubuntu18.04",
    ("pytorch", "1.6.0-gpu-py3"): "cu110-ubuntu18.04",
}
# In its code, too: the tags that stand for Arm where the repository is the same.
ARM_TAGS = {"sklearn": "{version}-arm64-cpu-py3", "xgboost": "{version}-arm64"}
# Repositories whose tags name the Neuron SDK before the operating system.
NAMES_NEURON_SDK = {
    "huggingface-pytorch-inference-neuron",
    "huggingface-pytorch-inference-neuronx",
    "huggingface-vllm-inference-neuronx",
}
# What the tags say where the package's table names a processor, or none.
NEURON_TOOLS = {
    "huggingface-llm-neuronx": "neuronx",
    "huggingface-neuron": "neuron",
    "huggingface-neuronx": "neuronx",
}

Json: TypeAlias = dict[str, Any]
Registries: TypeAlias = dict[str, str]


class Image(NamedTuple):
    """One image: what selects it, and where it is."""

    framework: str
    version: str
    accelerator: str
    python: str | None
    os: str | None
    repository: str
    tag: str
    registries: Registries

    @property
    def uris(self) -> set[str]:
        """Its address in every region, without the registry's domain."""
        return {f"{account}/{region}/{self.repository}:{self.tag}" for region, account in self.registries.items()}


def configurations() -> dict[str, Json]:
    """Download the wheel and give its image tables, by the package's name of the framework."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        subprocess.run([*command, "--dest", folder, f"{PACKAGE}=={VERSION}"], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            return {
                name.removeprefix(CONFIGURATIONS).removesuffix(".json"): json.loads(archive.read(name))
                for name in sorted(archive.namelist())
                if name.startswith(CONFIGURATIONS) and name.endswith(".json")
            }


class Variant(NamedTuple):
    """One entry of the package's tables, for one Python and one processor."""

    source: str
    version: str
    base: str | None
    python: str | None
    processor: str | None
    arm: bool
    entry: Json

    @property
    def os(self) -> str | None:
        """The end of the tag: CUDA or Neuron SDK, operating system, build."""
        if "container_version" not in self.entry:
            return None
        os: str = self.entry["container_version"][self.processor]
        if self.entry["repository"] in NAMES_NEURON_SDK:
            (sdk,) = self.entry["sdk_versions"]
            os = f"{sdk}-{os}"
        return f"{os}-sagemaker" if self.arm and self.source != "llama-cpp-arm64" else os

    @property
    def tag(self) -> str:
        """The image's tag."""
        if self.arm and self.source in ARM_TAGS:
            return ARM_TAGS[self.source].format(version=self.version)
        prefix = self.entry.get("tag_prefix", self.version)
        if self.base is not None:
            base = self.base.removeprefix("pytorch").removeprefix("tensorflow")
            prefix = f"{base}-transformers{self.version}"
        processor = NEURON_TOOLS.get(self.source, self.processor)
        unnamed = (self.source, self.processor) == ("sagemaker-tritonserver", "gpu")
        if unnamed or not self.entry.get("processor_in_tag", True):
            processor = None
        return "-".join(part for part in (prefix, processor, self.python, self.os) if part is not None)

    @property
    def accelerators(self) -> list[str]:
        """What it computes with: cpu and gpu, if neither its table nor its tag names a processor."""
        if self.arm:
            return ["graviton"]
        if self.source.endswith("-neuronx"):
            return ["neuronx"]
        if self.processor is not None:
            return [{"cpu": "cpu", "gpu": "gpu", "inf": "neuron"}[self.processor]]
        return ["gpu"] if re.search(r"-cu\d", self.tag) else ["cpu", "gpu"]

    def images(self) -> Iterator[Image]:
        """Give its images: one for each accelerator, and those built for another CUDA."""
        framework, version = RENAMED.get(self.source, self.source), self.version
        if self.base is not None:
            version = f"{version}+{self.base}"
            if self.base.startswith("tensorflow"):
                framework = f"{framework}-tensorflow"
        repository, registries = self.entry["repository"], self.entry["registries"]
        for accelerator in self.accelerators:
            image = Image(framework, version, accelerator, self.python, self.os, repository, self.tag, registries)
            yield image
            if cuda := CUDA_11.get((framework, self.tag)):
                yield image._replace(os=cuda, tag=f"{self.tag}-{cuda}")


def variants(source: str, table: Json) -> Iterator[Variant]:
    """Give every serving image of one of the package's tables."""
    for scope in ("inference", "inference_graviton"):
        config = table if scope in table.get("scope", ()) else table.get(scope)
        if config is None:
            continue
        arm = scope == "inference_graviton" or source.endswith("-arm64")
        for version, described in config["versions"].items():
            for base, python, entry in entries(described):
                if unknown := entry.keys() - KNOWN_KEYS:
                    sys.exit(f"{source} {version}: unknown to this script: {', '.join(sorted(unknown))}")
                for processor in config.get("processors") or entry.get("processors") or [None]:
                    yield Variant(source, version, base, python, processor, arm, entry)


def entries(described: Json) -> Iterator[tuple[str | None, str | None, Json]]:
    """Give base framework, Python and entry of everything that is described for one version."""
    if "repository" in described:
        for python in described.get("py_versions") or [None]:
            yield None, python, described
        return
    for key, entry in described.items():
        if re.fullmatch(r"py\d+", key):
            yield None, key, entry
        elif key != "version_aliases":
            for python in entry["py_versions"]:
                yield key, python, entry


def without_newest_base(found: list[Image]) -> list[Image]:
    """Let a Hugging Face version alone mean its newest base framework; an older one stays in the version."""
    bases = defaultdict(set)
    for image in found:
        number, _, base = image.version.partition("+")
        bases[image.framework, image.accelerator, number].add(base)
    result = []
    for image in found:
        number, _, base = image.version.partition("+")
        newest = max(bases[image.framework, image.accelerator, number], key=version_key)
        result.append(image._replace(version=number) if base == newest else image)
    return result


def dns_suffixes(regions: set[str]) -> dict[str, str]:
    """Give the registries' domain in every region where it is not ``amazonaws.com``."""
    partitions = create_loader().load_data("partitions")["partitions"]
    suffixes = {}
    for region in sorted(regions):
        (partition,) = (known for known in partitions if re.match(known["regionRegex"], region))
        if partition["outputs"]["dnsSuffix"] != "amazonaws.com":
            suffixes[region] = partition["outputs"]["dnsSuffix"]
    return suffixes


def table_of(found: list[Image]) -> Json:
    """Arrange the images as they stand in the file; equal sets of registries stand there once."""
    names: dict[tuple[tuple[str, str], ...], str] = {}
    frameworks: dict[str, dict[str, list[list[str | None]]]] = {}
    for image in sorted(found, key=lambda image: (image.framework, version_key(image.version))):
        registries = tuple(sorted(image.registries.items()))
        if registries not in names:
            earlier = sum(name.partition("/")[0] == image.framework for name in names.values())
            names[registries] = f"{image.framework}/{earlier + 1}"
        row = [image.accelerator, image.python, image.os, image.repository, image.tag, names[registries]]
        frameworks.setdefault(image.framework, {}).setdefault(image.version, []).append(row)
    return {
        "source": {
            "package": PACKAGE,
            "version": VERSION,
            "licence": LICENCE,
            "files": f"{CONFIGURATIONS}*.json",
        },
        "columns": ["accelerator", "python", "os", "repository", "tag", "registries"],
        "aliases": ALIASES,
        "dns_suffixes": dns_suffixes({region for image in found for region in image.registries}),
        "registries": {name: dict(registries) for registries, name in names.items()},
        "frameworks": frameworks,
    }


def text_of(table: Json) -> str:
    """Write the table so that a difference is readable: a line for each version and set of registries."""

    def lines(value: Json, depth: int, indent: str) -> str:
        if depth == 0:
            return json.dumps(value)
        members = (f"{indent}{json.dumps(key)}: {lines(value[key], depth - 1, indent + ' ')}" for key in value)
        return "{\n" + ",\n".join(members) + f"\n{indent[1:]}}}"

    depths = {"aliases": 1, "registries": 1, "frameworks": 2}
    members = (f' "{key}": {lines(part, depths.get(key, 0), "  ")}' for key, part in table.items())
    return "{\n" + ",\n".join(members) + "\n}\n"


def changes(before: list[Image], after: list[Image]) -> Iterator[str]:
    """Tell what was added, removed and changed, a line for each framework or version."""

    def by_version(found: list[Image]) -> dict[str, dict[str, set[str]]]:
        tree: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for image in found:
            tree[image.framework][image.version] |= image.uris
        return tree

    old, new = by_version(before), by_version(after)
    for framework in sorted(old.keys() | new.keys()):
        if framework not in old or framework not in new:
            sign, versions = ("-", old[framework]) if framework in old else ("+", new[framework])
            yield f"{sign} {framework}: {', '.join(sorted(versions, key=version_key))}"
            continue
        for version in sorted(old[framework].keys() | new[framework].keys(), key=version_key):
            gone = old[framework][version] - new[framework][version]
            come = new[framework][version] - old[framework][version]
            if gone or come:
                sign = "~" if old[framework][version] and new[framework][version] else "+" if come else "-"
                yield f"{sign} {framework} {version}: {len(come)} addresses added, {len(gone)} removed"


def read(table: Json) -> list[Image]:
    """Give the images of a file that was written earlier."""
    return [
        Image(framework, version, accelerator, python, os, repository, tag, table["registries"][registries])
        for framework, versions in table["frameworks"].items()
        for version, rows in versions.items()
        for accelerator, python, os, repository, tag, registries in rows
    ]


def main() -> None:
    """Write the file and tell what changed."""
    before = read(json.loads(TARGET.read_text(encoding="utf-8"))) if TARGET.exists() else []
    found = [
        image
        for source, described in configurations().items()
        for variant in variants(source, described)
        for image in variant.images()
    ]
    found = without_newest_base(found)
    table = table_of(found)
    TARGET.write_text(text_of(table), encoding="utf-8", newline="\n")
    print(*(list(changes(before, found)) or ["no change"]), sep="\n")
    counts = {
        "frameworks": len(table["frameworks"]),
        "versions": sum(map(len, table["frameworks"].values())),
        "images": len(found),
        "addresses": sum(len(image.registries) for image in found),
        "sets of registries": len(table["registries"]),
        "bytes": TARGET.stat().st_size,
    }
    print(f"{PACKAGE} {VERSION}:", ", ".join(f"{count} {what}" for what, count in counts.items()))


if __name__ == "__main__":
    main()
