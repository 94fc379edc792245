"""Dashboards of endpoints: for each endpoint a page that answers what somebody on call asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from sm_constructs.alarms import Alarms
from sm_constructs.dashboard_rows import ROWS
from sm_constructs.graphs import variants_of
from sm_constructs.tokens import is_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sm_constructs.endpoints.base import EndpointBase
    from sm_constructs.graphs import Graph
    from sm_constructs.spec import VariantSpec

    Row = list[cloudwatch.IWidget]

_COLUMNS = 24  # of CloudWatch's grid


class EndpointDashboard(Construct):
    """A CloudWatch dashboard for each of some endpoints: what somebody on call looks at first.

    Each has the state of the alarms that were added before, the traffic by variant, errors, latencies with
    percentiles, what its kind is about (backlog, cache, cold starts, copies), the use of the instances, and the
    capacity with the bounds in which it scales.

    Parameters
    ----------
    scope : Construct
        The stack, or whatever it is part of.
    id : str
        Its id there.
    endpoints : Sequence[EndpointBase]
        The endpoints, each once. Of an endpoint that exists already no more is shown than is known: its usual variant,
        and no bounds.

    Attributes
    ----------
    dashboards : Mapping[str, Dashboard]
        The dashboards, by the path of their endpoint.

    Examples
    --------
    >>> EndpointDashboard(stack, "Watch", endpoints=[churn, chat])

    See Also
    --------
    AWS: "Using Amazon CloudWatch dashboards" in the CloudWatch user guide.
    """

    def __init__(self, scope: Construct, id: str, *, endpoints: Sequence[EndpointBase]) -> None:
        super().__init__(scope, id)
        self.dashboards: Mapping[str, cloudwatch.Dashboard] = {
            endpoint.node.path: cloudwatch.Dashboard(
                self,
                # By its path, so that neither order nor neighbours change the logical id.
                endpoint.node.path.replace("/", "-"),
                default_interval=Duration.hours(3),
                widgets=list(_page(endpoint)),
            )
            for endpoint in endpoints
        }


def _page(endpoint: EndpointBase) -> Iterator[Row]:
    yield [_heading(endpoint)]
    if isinstance(endpoint, Alarms) and endpoint.alarms:
        yield [cloudwatch.AlarmStatusWidget(title="Alarms", alarms=list(endpoint.alarms), width=_COLUMNS, height=3)]
    for metrics, row in ROWS:
        if isinstance(endpoint, metrics):
            yield from _rows(list(row(endpoint)))


def _rows(graphs: Sequence[Graph]) -> Iterator[Row]:
    """Lay graphs out, at most three beside each other, and in each row about as many."""
    count = -(-len(graphs) // 3)
    for number in range(count):
        some = graphs[number * len(graphs) // count : (number + 1) * len(graphs) // count]
        yield [graph(width=_COLUMNS // len(some)) for graph in some]


def _heading(endpoint: EndpointBase) -> cloudwatch.TextWidget:
    about = [_describe(variant) for variant in variants_of(endpoint)]
    return cloudwatch.TextWidget(
        markdown="\n".join([f"# {endpoint.endpoint_name}", " · ".join(each for each in about if each)]),
        width=_COLUMNS,
        height=2,
    )


def _describe(variant: VariantSpec) -> str:
    if variant.serverless is not None:
        return f"{variant.name}: serverless, {variant.serverless.memory_mb} MB"
    if variant.instances is None:
        return ""
    counts: tuple[int, ...] = (variant.instances.count,)
    if variant.scaling is not None:
        counts = (variant.scaling.min_capacity, variant.scaling.max_capacity)
    known = " to ".join(str(count) for count in counts) if all(map(is_number, counts)) else ""
    return f"{variant.name}: {known} {variant.instances.type}".replace("  ", " ")
