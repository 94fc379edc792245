"""What an update does to one endpoint."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sm_constructs.diffing.changes import same
from sm_constructs.diffing.words import (
    close,
    container_words,
    hardware,
    is_latest,
    model_data,
    readable,
    short,
    type_words,
    variant_words,
)
from sm_constructs.facts import limit
from sm_constructs.reading.intrinsics import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_constructs.diffing.endpoints import HostedEndpoint
    from sm_constructs.diffing.findings import Find, Finding, Live
    from sm_constructs.reading.nodes import Node

_GUIDE = "https://docs.aws.amazon.com/sagemaker/latest/dg/"
_API = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/"
# The CDK names an asset by the hash of its content; so other bytes have another key.
_CONTENT_HASH = re.compile(r"[0-9a-f]{64}|HASH")


def update(find: Find, old: HostedEndpoint, new: HostedEndpoint, live: Live | None) -> Iterator[Finding]:
    """Say what happens to an endpoint that is updated in place.

    Parameters
    ----------
    find : Find
        Makes a finding about the endpoint.
    old, new : HostedEndpoint
        The endpoint in the two templates.
    live : Live | None
        What it has now, if that is known.
    """
    if live is not None and live.status != "InService":
        yield find(
            "caution",
            f"is {live.status} now; AWS may refuse the update.",
            instead="Wait until it is InService.",
            source=f"{_API}API_UpdateEndpoint.html",
        )
    if not (old.variants and new.variants):
        return  # the configuration is not in the template
    yield from _refused(find, old, new, live)
    yield from _kinds(find, old, new)
    yield from _content(find, old, new)
    yield from _retained(find, old, new, live)


def replacement(find: Find, old: HostedEndpoint, new: HostedEndpoint) -> Iterator[Finding]:
    """Say what it means that an endpoint is replaced."""
    names = [each.resource["EndpointName"].text().value or "a name of CloudFormation's" for each in (old, new)]
    yield find(
        "caution",
        f"is a new endpoint: {readable(names[0])} -> {readable(names[1])}. The old one is deleted once the new one is "
        "in service; requests must go to the new name. Instance counts and weights start anew.",
    )


def unseen_bytes(find: Find, endpoint: HostedEndpoint) -> Iterator[Finding]:
    """Name what may have new bytes under an old name, which nobody sees."""
    for name in endpoint.all_variants:
        for container in endpoint.containers(name):
            image, data = text_of(container.get("Image")), model_data(container)
            if image is not None and is_latest(image):
                yield find(
                    "ignored",
                    f"{name}: a newer image under {short(image)}; the template does not change with it.",
                    instead="Name the image by a tag of its own or by its digest, or change revision=.",
                )
            if data is not None and _CONTENT_HASH.search(data) is None:
                yield find(
                    "ignored",
                    f"{name}: new bytes under {readable(data)}; the template does not change with them.",
                    instead="Put it under a key of its own, as ModelData.from_directory does, or change revision=.",
                )


def _refused(find: Find, old: HostedEndpoint, new: HostedEndpoint, live: Live | None) -> Iterator[Finding]:
    scaled = old.scaled if live is None else old.scaled | live.scaled
    for name, variant in old.variants.items():
        if name not in scaled:
            continue
        if name not in new.variants:
            yield find(
                "fails",
                f"{name} is removed or renamed while it is autoscaled. AWS refuses that; the stack rolls back.",
                instead="Deploy twice: first without the scaling of the variant and with retain_capacity=True, "
                "then without the variant.",
                source=f"{_GUIDE}endpoint-scaling-update.html",
            )
        elif not same(hardware(variant), hardware(new.variants[name])):
            types = " -> ".join(type_words(each) for each in (variant, new.variants[name]))
            yield find(
                "fails",
                f"{name} changes its instance type, {types}, while it is autoscaled. AWS refuses that, also if "
                "the same update removes the scaling; the stack rolls back.",
                instead="Deploy twice: first with the old type, without scaling and with retain_capacity=True; "
                "then with the new type and the scaling.",
                source=f"{_GUIDE}endpoint-scaling-update.html",
            )
    missing = [name for name in old.variants if name not in new.variants]
    rollout = new.resource["DeploymentConfig"].value or (
        new.resource["RetainDeploymentConfig"].flag().value and old.resource["DeploymentConfig"].value
    )
    if missing and rollout:
        yield find(
            "fails",
            f"{', '.join(missing)} is not in the new configuration. Blue/green and rolling deployments need "
            "variants of the same names.",
            instead="Keep the names of the variants, or make this one update without DeploymentConfig.",
            source=f"{_GUIDE}deployment-guardrails-exclusions.html",
        )


def _kinds(find: Find, old: HostedEndpoint, new: HostedEndpoint) -> Iterator[Finding]:
    if new.serverless and not old.serverless:
        yield find(
            "fails",
            "has instances and would be serverless. AWS refuses that.",
            instead="Make the serverless endpoint beside this one, move the callers, then remove this one.",
            source=f"{_GUIDE}serverless-endpoints.html",
        )
    elif old.serverless and not new.serverless:
        yield find(
            "caution",
            "is serverless and gets instances. AWS does not let it become serverless again.",
            source=f"{_GUIDE}serverless-endpoints.html",
        )
    if old.asynchronous != new.asynchronous:
        call = "InvokeEndpointAsync" if new.asynchronous else "InvokeEndpoint"
        yield find(
            "caution",
            f"takes only {call} from then on; other calls fail.",
            source=f"{_GUIDE}async-inference.html",
        )


def _content(find: Find, old: HostedEndpoint, new: HostedEndpoint) -> Iterator[Finding]:
    for name in new.all_variants:
        if name not in old.all_variants:
            yield find("reaches", f"new variant {name} on {type_words(new.all_variants[name])}.")
    for name, variant in old.all_variants.items():
        if name not in new.all_variants:
            yield find("reaches", f"variant {name} is gone.")
            continue
        for words in variant_words(variant, new.all_variants[name]):
            yield find("reaches", f"{name}: {words}.")
        containers = old.containers(name), new.containers(name)
        if len(containers[0]) != len(containers[1]):
            counts = [len(each) for each in containers]
            yield find("reaches", f"{name}: {counts[1]} containers in place of {counts[0]}.")
            continue
        for index, (some, other) in enumerate(zip(*containers, strict=True)):
            which = f", container {index + 1}" if len(containers[0]) > 1 else ""
            for words in container_words(some, other):
                yield find("reaches", f"{name}{which}: {words}.")
    for name in limit("cloudformation", "endpoint_config_replacement"):
        if name in {"ProductionVariants", "ShadowProductionVariants", "EndpointConfigName", "DataCaptureConfig"}:
            continue
        if not same(old.configured(name), new.configured(name)):
            yield find("reaches", f"{name}.")
    if not same(old.resource["DeploymentConfig"].value, new.resource["DeploymentConfig"].value):
        yield find("reaches", "DeploymentConfig; this update follows the new one already.")


def _retained(find: Find, old: HostedEndpoint, new: HostedEndpoint, live: Live | None) -> Iterator[Finding]:
    """Say what becomes of counts, weights and data capture, which an endpoint has of its own."""
    retained = new.retained
    for name, variant in new.variants.items():
        if name in old.variants:
            yield from _count(find, name, old, variant, live, retained="DesiredInstanceCount" in retained)
    if len(new.variants) > 1:
        yield from _weights(find, old, new, live, retained="DesiredWeight" in retained)
    capture = old.configured("DataCaptureConfig"), new.configured("DataCaptureConfig")
    if not same(*capture):
        if "DataCaptureConfig" in retained and capture[0] is not None:
            yield find(
                "ignored",
                "DataCaptureConfig: the endpoint keeps the one that it has.",
                instead="Exclude DataCaptureConfig in ExcludeRetainedVariantProperties.",
                source=f"{_API}API_UpdateEndpoint.html",
            )
        else:
            yield find("reaches", "DataCaptureConfig.")


def _count(
    find: Find, name: str, old: HostedEndpoint, variant: Node, live: Live | None, *, retained: bool
) -> Iterator[Finding]:
    initial = [each["InitialInstanceCount"].number().value for each in (old.variants[name], variant)]
    before, after = initial
    current = None if live is None else live.counts.get(name)
    if before is None or after is None:
        return
    if retained:
        if after not in (before, current):
            now = "" if current is None else f" ({current:g})"
            yield find(
                "ignored",
                f"{name}: InitialInstanceCount {before:g} -> {after:g}; the endpoint keeps the count it has{now}.",
                instead="Change the scaling's range; without scaling, retain_capacity=False lets the count follow "
                "the template.",
                source=f"{_API}API_UpdateEndpoint.html",
            )
        return
    moved = name in old.scaled if current is None else current != before
    if moved and current != after:
        now = "whatever autoscaling has made of it" if current is None else f"which is {current:g} now"
        yield find(
            "reset",
            f"{name}: the count of instances, {now}, goes to {after:g}.",
            instead="retain_capacity=True (RetainAllVariantProperties) keeps it.",
            source=f"{_API}API_UpdateEndpoint.html",
        )
    elif before != after:
        yield find("reaches", f"{name}: {after:g} instances in place of {before:g}.")


def _weights(
    find: Find, old: HostedEndpoint, new: HostedEndpoint, live: Live | None, *, retained: bool
) -> Iterator[Finding]:
    before, after = old.weights, new.weights
    current = before if live is None else {**before, **live.weights}
    words = ", ".join(f"{name} {weight:g}" for name, weight in after.items())
    differs = not close(before, after)
    if retained:
        if differs:
            yield find(
                "ignored",
                f"InitialVariantWeight: the endpoint keeps the weights it has, in place of {words}.",
                instead="Move the traffic with sm-constructs shift.",
                source=f"{_API}API_UpdateEndpoint.html",
            )
    elif not close(current, before) and not close(current, after):
        now = ", ".join(f"{name} {weight:g}" for name, weight in current.items())
        yield find(
            "reset",
            f"the weights, which are {now} now, go to {words}.",
            instead="Write the weights that are live into the template before the update.",
            source=f"{_API}API_UpdateEndpoint.html",
        )
    elif live is None and not differs:
        yield find(
            "reset",
            f"the weights go to {words}, if they have been shifted since.",
            instead="Write the weights that are live into the template before the update.",
            source=f"{_API}API_UpdateEndpoint.html",
        )
    elif differs:
        yield find("reaches", f"the weights {words}.")
