"""Graphs of dashboards, still without a width."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from aws_cdk import aws_cloudwatch as cloudwatch

from sm_constructs.tokens import is_number
from sm_constructs.watches import parts_of_instance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeAlias

    from sm_constructs.monitoring import EndpointMetrics
    from sm_constructs.scaling import Scaling
    from sm_constructs.spec import VariantSpec

    Graph: TypeAlias = Callable[..., cloudwatch.GraphWidget]

PERCENTILES = ("p50", "p90", "p99")


def draw(
    title: str,
    metrics: Sequence[cloudwatch.IMetric],
    *,
    unit: str = "",
    most: float | None = None,
    right: Sequence[cloudwatch.IMetric] = (),
    right_unit: str = "",
    bounds: Sequence[cloudwatch.HorizontalAnnotation] = (),
) -> Graph:
    """Draw metrics, with an axis from 0 to the most that there can be, in a unit that the axis names."""
    return partial(
        cloudwatch.GraphWidget,
        title=title,
        height=6,
        left=list(metrics),
        left_y_axis=cloudwatch.YAxisProps(label=unit, show_units=False, min=0, max=most),
        right=list(right) or None,
        right_y_axis=cloudwatch.YAxisProps(label=right_unit, show_units=False, min=0) if right else None,
        left_annotations=list(bounds) or None,
    )


def divided(metric: cloudwatch.Metric, by: float, number: int) -> cloudwatch.MathExpression:
    """Divide a metric; the number makes its id the only one of its graph."""
    return cloudwatch.MathExpression(
        expression=f"m{number} / {by:g}",
        using_metrics={f"m{number}": metric},
        label=metric.label,
        period=metric.period,
    )


def milliseconds(metrics: Sequence[cloudwatch.Metric]) -> list[cloudwatch.IMetric]:
    """Give metrics that are in microseconds in milliseconds."""
    return [divided(metric, 1000, number) for number, metric in enumerate(metrics, start=1)]


def by_percentile(title: str, metric: Callable[..., cloudwatch.Metric], names: Sequence[str]) -> Iterator[Graph]:
    """Draw a latency: one graph for one name, and one graph for each percentile where names are to be compared."""
    if len(names) == 1:
        lines = [metric(names[0], statistic=percentile, label=percentile) for percentile in PERCENTILES]
        yield draw(title, milliseconds(lines), unit="ms")
        return
    for percentile in PERCENTILES:
        lines = [metric(name, statistic=percentile, label=name) for name in names]
        yield draw(f"{title} {percentile}", milliseconds(lines), unit="ms")


def variants_of(endpoint: EndpointMetrics) -> Sequence[VariantSpec]:
    """Give every variant, the shadow variant last."""
    return endpoint.variants if endpoint.shadow is None else (*endpoint.variants, endpoint.shadow)


def names_of(endpoint: EndpointMetrics) -> list[str]:
    """Give the names of every variant."""
    return [variant.name for variant in variants_of(endpoint)]


def bounds_of(
    name: str, scaling: Scaling | None, fixed: int | None, *, several: bool = False
) -> list[cloudwatch.HorizontalAnnotation]:
    """Give the range of a capacity, or its fixed value, as far as it is known before deployment."""
    ends = {"fixed": fixed} if scaling is None else {"minimum": scaling.min_capacity, "maximum": scaling.max_capacity}
    of = f" of {name}" if several else ""
    return [
        cloudwatch.HorizontalAnnotation(label=f"{label}{of}", value=value)
        for label, value in ends.items()
        if is_number(value)
    ]


def counted(count: cloudwatch.MathExpression, number: int) -> cloudwatch.MathExpression:
    """Give a number of instances or copies ids of its own in its graph."""
    metrics = count.using_metrics or {}
    return cloudwatch.MathExpression(
        expression=f"total{number} / each{number}",
        using_metrics={f"{name}{number}": metric for name, metric in metrics.items()},
        label=count.label,
        period=count.period,
    )


def share_of_parts(
    title: str, metric: Callable[..., cloudwatch.Metric], variants: Sequence[VariantSpec], part: str
) -> Graph:
    """Draw a metric that runs to 100 times the number of parts as a percentage of all of them, if that is known."""
    numbers = [parts_of_instance(variant, part) for variant in variants]
    lines = [metric(variant=variant.name, label=variant.name) for variant in variants]
    if set(numbers) == {1}:
        return draw(title, lines, unit="percent", most=100)
    if not all(numbers):
        return draw(title, lines, unit=f"percent, to 100 for each of the {part}")
    shares = [
        divided(line, number, place) for place, (line, number) in enumerate(zip(lines, numbers, strict=True)) if number
    ]
    return draw(title, shares, unit="percent", most=100)
