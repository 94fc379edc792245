"""Names that the user gives: the endpoint's and the variants'."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sm_constructs.facts import limit
from sm_constructs.rules.registry import Finding, rule
from sm_constructs.tokens import is_number, is_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_constructs.spec import EndpointSpec


def badly_named(at: str, value: object, pattern: str, longest: int) -> Iterator[Finding]:
    """Find a name that is too long or has the wrong characters."""
    if not is_text(value):
        return
    if len(value) > longest:
        yield Finding(at, f"is {value!r}, {len(value)} characters long; it has at most {longest}")
    elif not re.fullmatch(pattern, value):
        yield Finding(
            at,
            f"is {value!r}; it is letters, digits and single or several hyphens between them, none at an end",
        )


@rule(
    "SMC001",
    "The endpoint's name has 1 to 63 letters, digits and hyphens",
    source="CreateEndpoint.EndpointName",
    facts=["cloudformation/name_patterns", "cloudformation/name_lengths"],
    good='endpoint_name="churn-eu"',
    bad='endpoint_name="churn_eu"',
)
def endpoint_name(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the endpoint's name."""
    pattern = limit("cloudformation", "name_patterns")["endpoint,config,variant"]
    longest = limit("cloudformation", "name_lengths")["EndpointName"]
    yield from badly_named("endpoint_name", spec.endpoint_name, pattern, longest)


@rule(
    "SMC002",
    "A variant's name has 1 to 63 letters, digits and hyphens",
    source="ProductionVariant.VariantName",
    facts=["realtime/variant_name", "realtime/variant_required_fields"],
    good='variant_name="champion"',
    bad='variant_name="the champion"',
)
def variant_name(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the variants' names."""
    shape = limit("realtime", "variant_name")
    for at, variant in spec.placed_variants():
        yield from badly_named(f"{at}.name", variant.name, shape["pattern"], shape["max"])


@rule(
    "SMC003",
    "The variants of an endpoint have different names",
    source="CreateEndpointConfig.ProductionVariants",
    good='variant_names=["champion", "challenger"]',
    bad='variant_names=["champion", "champion"]',
)
def variant_names_differ(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that no two variants share a name."""
    seen: set[str] = set()
    for at, variant in spec.placed_variants():
        if is_text(variant.name) and variant.name in seen:
            yield Finding(f"{at}.name", f"is {variant.name!r}, the name of an earlier variant; each has its own")
        seen.add(variant.name)


@rule(
    "SMC004",
    "An endpoint has 1 to 10 production variants",
    source="CreateEndpointConfig.ProductionVariants",
    facts=["realtime/production_variants_count"],
    good='variant_names=["champion", "challenger"]',
    bad='variant_names=[f"v{i}" for i in range(11)]',
)
def variant_count(spec: EndpointSpec) -> Iterator[Finding]:
    """Check how many variants there are."""
    low, high = limit("realtime", "production_variants_count")
    if not low <= len(spec.variants) <= high:
        yield Finding("variants", f"has {len(spec.variants)} variants; an endpoint has {low} to {high}")


@rule(
    "SMC005",
    "A variant's weight is 0 or more",
    source="ProductionVariant.InitialVariantWeight",
    facts=["realtime/variant_weight_min"],
    good="weight=0",
    bad="weight=-1.0",
)
def variant_weight(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the variants' weights."""
    lowest = limit("realtime", "variant_weight_min")
    for at, variant in spec.placed_variants():
        if is_number(variant.weight) and variant.weight < lowest:
            yield Finding(f"{at}.weight", f"is {variant.weight:g}; it is {lowest} or more")


@rule(
    "SMC006",
    "Some variant gets requests",
    severity="warning",
    source="ProductionVariant.InitialVariantWeight: its share is its weight over the sum of all",
    facts=["realtime/variant_weight_min"],
    good="weight=1",
    bad="weight=0",
)
def some_weight(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn of weights of which the sum is 0."""
    if spec.variants and all(is_number(variant.weight) and variant.weight == 0 for variant in spec.variants):
        yield Finding("variants[0].weight", "is 0, as all weights are; no variant has a share of the requests")
