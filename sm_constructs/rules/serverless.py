"""Serverless: memory, concurrency, where it is offered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sm_constructs.facts import limit
from sm_constructs.registries import parse_ecr_uri
from sm_constructs.rules.containers import by_uri
from sm_constructs.rules.registry import Finding, outside, rule
from sm_constructs.scaling import TargetTracking
from sm_constructs.scaling_metrics import CustomMetric
from sm_constructs.spec import once_each
from sm_constructs.tokens import is_number, is_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_constructs.spec import EndpointSpec, Serverless


@once_each
def hosted(spec: EndpointSpec) -> Iterator[tuple[str, Serverless]]:
    """Give every serverless variant, with its place."""
    for at, variant in spec.placed_variants():
        if variant.serverless is not None:
            yield f"{at}.serverless", variant.serverless


@rule(
    "SMC101",
    "Up to 200 requests are answered at once",
    where=hosted,
    source="ProductionVariantServerlessConfig.MaxConcurrency",
    facts=["serverless/max_concurrency", "serverless/memory_and_max_concurrency_required"],
    good='kind="serverless", serverless=Serverless(memory_mb=1024, max_concurrency=200)',
    bad='kind="serverless", serverless=Serverless(memory_mb=1024, max_concurrency=201)',
)
def max_concurrency(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the maximum of concurrency."""
    for at, serverless in hosted(spec):
        yield from outside(
            f"{at}.max_concurrency", serverless.max_concurrency, "serverless", "max_concurrency", unit="requests"
        )


@rule(
    "SMC102",
    "Serverless memory is one of six sizes",
    where=hosted,
    source="ProductionVariantServerlessConfig.MemorySizeInMB",
    facts=["serverless/memory_size_allowed", "serverless/memory_size_min_max"],
    good='kind="serverless", serverless=Serverless(memory_mb=6144, max_concurrency=5)',
    bad='kind="serverless", serverless=Serverless(memory_mb=1500, max_concurrency=5)',
)
def memory(spec: EndpointSpec) -> Iterator[Finding]:
    """Check memory sizes."""
    allowed = limit("serverless", "memory_size_allowed")
    for at, serverless in hosted(spec):
        if is_number(serverless.memory_mb) and serverless.memory_mb not in allowed:
            sizes = ", ".join(map(str, allowed))
            yield Finding(f"{at}.memory_mb", f"is {serverless.memory_mb}; serverless memory is one of {sizes}")


@rule(
    "SMC103",
    "Provisioned concurrency is 1 to 200",
    where=hosted,
    source="ProductionVariantServerlessConfig.ProvisionedConcurrency",
    facts=["serverless/provisioned_concurrency"],
    good='kind="serverless", serverless=Serverless(memory_mb=1024, max_concurrency=9, provisioned_concurrency=9)',
    bad='kind="serverless", serverless=Serverless(memory_mb=1024, max_concurrency=9, provisioned_concurrency=0)',
)
def provisioned_concurrency(spec: EndpointSpec) -> Iterator[Finding]:
    """Check provisioned concurrency by itself."""
    for at, serverless in hosted(spec):
        value = serverless.provisioned_concurrency
        yield from outside(
            f"{at}.provisioned_concurrency", value, "serverless", "provisioned_concurrency", unit="requests"
        )


@rule(
    "SMC104",
    "Provisioned concurrency is not more than the maximum",
    where=hosted,
    source='"Provisioned Concurrency", serverless endpoints guide',
    facts=["serverless/provisioned_le_max_concurrency"],
    good='kind="serverless", serverless=Serverless(memory_mb=1024, max_concurrency=20, provisioned_concurrency=20)',
    bad='kind="serverless", serverless=Serverless(memory_mb=1024, max_concurrency=20, provisioned_concurrency=50)',
)
def provisioned_beyond_maximum(spec: EndpointSpec) -> Iterator[Finding]:
    """Check provisioned concurrency against the maximum."""
    for at, serverless in hosted(spec):
        provisioned, most = serverless.provisioned_concurrency, serverless.max_concurrency
        if is_number(provisioned) and is_number(most) and provisioned > most:
            yield Finding(f"{at}.provisioned_concurrency", f"is {provisioned}, more than max_concurrency {most}")


@rule(
    "SMC105",
    "Only provisioned concurrency scales, within the maximum",
    where=hosted,
    source='"Automatically scale Provisioned Concurrency", SageMaker developer guide',
    facts=["serverless/provisioned_le_max_concurrency"],
    good='kind="serverless", serverless=Serverless(memory_mb=1024, max_concurrency=9, provisioned_concurrency=1), '
    "scaling=Scaling(1, 9, policies=[TargetTracking.provisioned_concurrency_utilization(0.7)])",
    bad='kind="serverless", serverless=Serverless(memory_mb=1024, max_concurrency=9, provisioned_concurrency=1), '
    "scaling=Scaling(1, 10, policies=[TargetTracking.provisioned_concurrency_utilization(0.7)])",
)
def scaling_range(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that there is something to scale, and room for it."""
    for at, variant in spec.placed_variants():
        if variant.serverless is None or variant.scaling is None:
            continue
        most, high = variant.serverless.max_concurrency, variant.scaling.max_capacity
        if variant.serverless.provisioned_concurrency is None:
            yield Finding(f"{at}.serverless.provisioned_concurrency", "is missing; it is what scaling scales")
        if is_number(most) and is_number(high) and high > most:
            yield Finding(f"{at}.scaling.max_capacity", f"is {high}, more than max_concurrency {most}")


@rule(
    "SMC110",
    "Some concurrency stays provisioned",
    severity="warning",
    where=hosted,
    source='"Automatically scale Provisioned Concurrency": at least 1; RegisterScalableTarget.MinCapacity: or 0',
    facts=["serverless/autoscaling_min_capacity_guide"],
    good='kind="serverless", serverless=Serverless(memory_mb=1024, max_concurrency=9, provisioned_concurrency=1), '
    "scaling=Scaling(1, 9, policies=[TargetTracking.provisioned_concurrency_utilization(0.7)])",
    bad='kind="serverless", serverless=Serverless(memory_mb=1024, max_concurrency=9, provisioned_concurrency=1), '
    "scaling=Scaling(0, 9, policies=[TargetTracking.provisioned_concurrency_utilization(0.7)])",
)
def provisioned_at_least(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn where the documents contradict each other."""
    lowest = limit("serverless", "autoscaling_min_capacity_guide")
    for at, variant in spec.placed_variants():
        low = None if variant.serverless is None or variant.scaling is None else variant.scaling.min_capacity
        if is_number(low) and low < lowest:
            yield Finding(
                f"{at}.scaling.min_capacity", f"is {low:g}; the guide wants {lowest} or more, the API does not"
            )


@rule(
    "SMC106",
    "The target of provisioned concurrency is a ratio",
    severity="warning",
    where=hosted,
    source='"Automatically scale Provisioned Concurrency", SageMaker developer guide: a value such as 0.7',
    facts=["serverless/autoscaling_target_value"],
    good='kind="serverless", serverless=Serverless(memory_mb=1024, max_concurrency=9, provisioned_concurrency=1), '
    "scaling=Scaling(1, 9, policies=[TargetTracking.provisioned_concurrency_utilization(0.7)])",
    bad='kind="serverless", serverless=Serverless(memory_mb=1024, max_concurrency=9, provisioned_concurrency=1), '
    "scaling=Scaling(1, 9, policies=[TargetTracking.provisioned_concurrency_utilization(70)])",
)
def target_is_a_ratio(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn of a percentage."""
    for at, variant in spec.placed_variants():
        if variant.serverless is None or variant.scaling is None:
            continue
        for index, policy in enumerate(variant.scaling.policies):
            if not isinstance(policy, TargetTracking) or isinstance(policy.metric, CustomMetric):
                continue
            if is_number(policy.target) and policy.target > 1:
                yield Finding(
                    f"{at}.scaling.policies[{index}].target",
                    f"is {policy.target:g}, a use that is never reached; it is a ratio such as 0.7",
                )


@rule(
    "SMC107",
    "The region offers serverless inference",
    severity="warning",
    where=hosted,
    source='"Deploy models with Amazon SageMaker Serverless Inference": supported regions',
    facts=["serverless/supported_regions"],
    good='kind="serverless", serverless=Serverless(memory_mb=1024, max_concurrency=5), region="eu-west-1"',
    bad='kind="serverless", serverless=Serverless(memory_mb=1024, max_concurrency=5), region="cn-north-1", '
    "container=sklearn",
)
def region(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn of a region that AWS does not list."""
    regions = limit("serverless", "supported_regions")
    for at, _ in hosted(spec):
        if spec.region is not None and spec.region not in regions:
            yield Finding(at, f"is serverless in {spec.region}; AWS lists {', '.join(regions)}")


@rule(
    "SMC108",
    "The concurrency fits the quotas that an account begins with",
    severity="warning",
    where=hosted,
    source='"Amazon SageMaker AI endpoints and quotas": L-96300102',
    facts=["serverless/total_concurrency_service_quota_default"],
    good='kind="serverless", serverless=Serverless(memory_mb=1024, max_concurrency=10)',
    bad='kind="serverless", serverless=Serverless(memory_mb=1024, max_concurrency=50)',
    of_templates=False,  # whoever has such a template, may have asked for more already
)
def quota(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn of a concurrency that a new account has to ask for."""
    most = limit("serverless", "total_concurrency_service_quota_default")
    for at, serverless in hosted(spec):
        if is_number(serverless.max_concurrency) and serverless.max_concurrency > most:
            yield Finding(
                f"{at}.max_concurrency",
                f"is {serverless.max_concurrency}; all serverless endpoints of a new account have {most} together, "
                "and more on request",
            )


@rule(
    "SMC109",
    "The image of a serverless endpoint lies in the account's own registry",
    severity="warning",
    source='"Serverless endpoint prerequisites", SageMaker developer guide of 2023',
    facts=["serverless/image_ecr_same_account"],
    good='kind="serverless", serverless=Serverless(memory_mb=1024, max_concurrency=5), account="123456789012"',
    bad='kind="serverless", serverless=Serverless(memory_mb=1024, max_concurrency=5), account="210987654321"',
)
def own_registry(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn of an image of another account."""
    if spec.kind != "serverless" or spec.account is None:
        return
    for at, image, _ in by_uri(spec):
        ecr = parse_ecr_uri(image.uri)
        if ecr is not None and is_text(ecr.account) and ecr.account != spec.account:
            yield Finding(at, f"is {image.uri!r}, of another account than the endpoint's {spec.account}")
