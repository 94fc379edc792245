"""Words for what changes between two templates."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from sm_constructs.diffing.changes import same
from sm_constructs.reading.intrinsics import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sm_constructs.reading.nodes import Node

_TOKEN = re.compile(r"\$\{Token\[([^\]]+)\]\}")


def variant_words(old: Node, new: Node) -> Iterator[str]:
    """Say what changes in a variant, but for its counts and weights."""
    if not same(hardware(old), hardware(new)):
        yield f"{type_words(old)} -> {type_words(new)}"
    told = {"VariantName", "ModelName", "InitialInstanceCount", "InitialVariantWeight"}
    told |= {"InstanceType", "InstancePools"}
    values = [each.value if isinstance(each.value, dict) else {} for each in (old, new)]
    for name in dict.fromkeys([*values[0], *values[1]]):
        if name not in told and not same(values[0].get(name), values[1].get(name)):
            yield name


def container_words(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """Say what changes in a container."""
    images = [short(text_of(each.get("Image")) or "none") for each in (old, new)]
    if not same(old.get("Image"), new.get("Image")):
        yield f"image {images[0]} -> {images[1] if images[0] != images[1] else 'the same name in another registry'}"
    data = [model_data(each) or "none" for each in (old, new)]
    if data[0] != data[1]:
        yield f"model data {readable(data[0])} -> {readable(data[1])}"
    environments = [each.get("Environment") or {} for each in (old, new)]
    if all(isinstance(each, dict) for each in environments):
        before, after = environments
        # Names only: a value may be a secret.
        for name in dict.fromkeys([*before, *after]):
            if not same(before.get(name), after.get(name)):
                verb = "added" if name not in before else "removed" if name not in after else "changed"
                yield f"environment, {name} {verb}"
    told = {"Image", "ModelDataUrl", "ModelDataSource", "Environment"}
    for name in dict.fromkeys([*old, *new]):
        if name not in told and not same(old.get(name), new.get(name)):
            yield name


def hardware(variant: Node) -> object:
    """Give the instance types of a variant as the template has them."""
    pools = [pool["InstanceType"].text().value for pool in variant["InstancePools"].entries()]
    return pools or variant["InstanceType"].value


def type_words(variant: Node) -> str:
    """Say what a variant runs on."""
    types = hardware(variant)
    if isinstance(types, list):
        return " or ".join(map(str, types))
    text = text_of(types)
    return "serverless" if text is None else readable(text)


def model_data(container: Mapping[str, Any]) -> str | None:
    """Give the URI of the model data of a container."""
    if "ModelDataUrl" in container:
        return text_of(container["ModelDataUrl"])
    source = container.get("ModelDataSource")
    location = source.get("S3DataSource") if isinstance(source, dict) else None
    return text_of(location.get("S3Uri")) if isinstance(location, dict) else None


def is_latest(image: str) -> bool:
    """Say whether an image is that of the tag ``latest``, which means another one every day."""
    name = image.rpartition("/")[2]
    return ":" not in name or name.endswith(":latest")


def short(image: str) -> str:
    """Leave out the registry of an image."""
    return readable(image.rpartition("/")[2] or image)


def readable(text: str) -> str:
    """Write tokens as the template has them."""
    return _TOKEN.sub(lambda match: f"${{{match[1]}}}".replace("AWS.", "AWS::"), text)


def close(some: Mapping[str, float], others: Mapping[str, float]) -> bool:
    """Say whether weights are the same."""
    # The service stores 32-bit floats.
    return some.keys() == others.keys() and all(math.isclose(some[name], others[name], rel_tol=1e-5) for name in some)
