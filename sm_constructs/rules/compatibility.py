"""Which features can be combined, by one table of facts."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sm_constructs.containers import Container, PublishedImage, UriImage
from sm_constructs.facts import load
from sm_constructs.registries import parse_ecr_uri
from sm_constructs.rules.instances import known_types, recognised
from sm_constructs.rules.model_data import is_tree
from sm_constructs.rules.registry import Finding, rule
from sm_constructs.spec import once_each
from sm_constructs.tokens import is_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_constructs.spec import EndpointSpec, ModelSpec, VariantSpec


_PLAIN = {"cpu", "graviton"}


@cache
def table() -> list[dict[str, str]]:
    """Give the table: for each pair of features whether AWS refuses it, and where it says so."""
    rows: list[dict[str, str]] = load("compatibility.json")
    return rows


@cache
def _pairs_among(features: frozenset[str], verdict: str) -> list[tuple[str, str]]:
    """Give the pairs of features, of some, of which the table says something."""
    pairs = ((row["feature"], row["with"]) for row in table() if row["verdict"] == verdict)
    return [pair for pair in pairs if features.issuperset(pair)]


@once_each
def features(spec: EndpointSpec) -> Iterator[dict[str, str]]:
    """Give the features of an endpoint, once for each variant and component: one excludes nothing of another.

    They are under the names of the table, each with its place in the spec.
    """
    everywhere = _of_endpoint(spec)
    for at, variant in spec.placed_variants():
        models = {} if variant.model is None else _of_model(f"{at}.model", variant.model)
        yield {**everywhere, **_of_variant(at, variant), **models}
    for at, model in spec.placed_models():
        if at.startswith("components"):
            yield {**everywhere, **_of_model(at, model)}


def _of_endpoint(spec: EndpointSpec) -> dict[str, str]:
    found = {spec.kind.replace("-components", " components"): "variants[0]"}
    if len(spec.variants) > 1:
        found["several variants"] = "variants"
    if spec.shadow is not None:
        found["shadow variant"] = "shadow"
    if spec.network is not None and spec.network.has_vpc:
        found["VPC"] = "network"
    if spec.network is not None and spec.network.isolated:
        found["network isolation"] = "network.isolated"
    if spec.data_capture is not None:
        found["data capture"] = "data_capture"
    return found


def _of_variant(at: str, variant: VariantSpec) -> dict[str, str]:
    found = {}
    if variant.scaling is not None:
        found["autoscaling"] = f"{at}.scaling"
    kinds = [] if variant.instances is None else known_types(variant.instances)
    if any(kind.family == "inf1" for kind in kinds):
        found["Inf1"] = f"{at}.instances.type"
    if any(kind.gpus for kind in kinds):
        found["GPU"] = f"{at}.instances.type"
    return found


def _of_model(at: str, model: ModelSpec) -> dict[str, str]:
    found = {}
    if model.mode != "single":
        found["pipeline" if model.mode == "serial" else "multi-container"] = f"{at}.containers"
    for index, container in enumerate(model.containers):
        if not isinstance(container, Container):
            continue
        here = f"{at}.containers[{index}]"
        if container.models is not None:
            found["multi-model"] = f"{here}.models"
        if is_tree(container.model_data):
            found["uncompressed model data"] = f"{here}.model_data"
        match container.image:
            case PublishedImage(accelerator="gpu" | "neuron" | "neuronx"):
                found["accelerated image"] = f"{here}.image"
            case UriImage() if (its := recognised(container.image)) is not None and not its.accelerators & _PLAIN:
                found["accelerated image"] = f"{here}.image"
            case UriImage(uri=uri) if is_text(uri) and parse_ecr_uri(uri) is None:
                found["private registry"] = f"{here}.image"
            case _:
                pass
    return found


def _clashes(spec: EndpointSpec, verdict: str) -> Iterator[Finding]:
    told = set()
    for found in features(spec):
        for feature, other in _pairs_among(frozenset(found), verdict):
            finding = Finding(found[feature], f"makes {feature}, which {other} does not allow")
            if finding not in told:
                told.add(finding)
                yield finding


@rule(
    "SMC020",
    "Features are combined as AWS allows",
    source='"Feature matrix" and the pages of exclusions, SageMaker developer guide; see the compatibility table',
    facts=[
        "serverless/excluded_features",
        "serverless/excluded_features_matrix",
        "serverless/excluded_model_data_source",
        "async/excluded_by_feature_matrix",
        "async/excluded_by_exclusions_page",
        "mme/not_serverless_not_async",
        "mme/not_shadow_not_data_capture",
        "multi_container/mce_excluded",
        "multi_container/pipeline_excluded",
        "shadow/shadow_test_incompatible",
        "data_capture/not_with",
    ],
    good='kind="serverless", serverless=Serverless(memory_mb=2048, max_concurrency=5)',
    bad='kind="serverless", serverless=Serverless(memory_mb=2048, max_concurrency=5), network=Network(isolated=True)',
)
def refused(spec: EndpointSpec) -> Iterator[Finding]:
    """Check for pairs that AWS refuses."""
    yield from _clashes(spec, "refused")


@rule(
    "SMC021",
    "Features are combined as AWS's documents agree on",
    severity="warning",
    source='"Feature matrix", SageMaker developer guide; see the compatibility table',
    facts=["mme/multiple_variants", "multi_container/mce_excluded"],
    good='containers=[Container(image, hostname="a"), Container(image, hostname="b")], mode="direct"',
    bad='containers=[Container(image, hostname="a"), Container(image, hostname="b")], mode="direct", '
    'instances=Instances("ml.g5.xlarge")',
)
def doubtful(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn of pairs on which the documents contradict each other."""
    for finding in _clashes(spec, "warned"):
        yield Finding(finding.at, finding.text.replace("does not allow", "may not allow"))
