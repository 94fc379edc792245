"""Step scaling: how far a metric is from where it should be decides how much capacity changes."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from math import inf
from typing import TYPE_CHECKING, Literal, cast

from sm_constructs.durations import seconds
from sm_constructs.scaling_metrics import ONE_MINUTE, CustomMetric, described

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_cloudwatch as cloudwatch

    from sm_constructs.durations import Time

Adjustment = Literal["change", "percent", "exact"]
"""What the change of a step is: of instances or copies, of percents of those there are, or the capacity itself."""

MissingData = Literal["breaching", "notBreaching", "ignore", "missing"]

Side = Literal["Low", "High"]

ADJUSTMENT_TYPES: Mapping[str, str] = {
    "change": "ChangeInCapacity",
    "percent": "PercentChangeInCapacity",
    "exact": "ExactCapacity",
}
COMPARISONS: Mapping[Side, str] = {"Low": "LessThanOrEqualToThreshold", "High": "GreaterThanOrEqualToThreshold"}
"""When the alarm of a side lets its policy act; the threshold belongs to both."""


@dataclass(frozen=True, slots=True)
class Step:
    """What happens while a metric is in a range.

    Parameters
    ----------
    lower, upper : float or None
        The range, in the metric's unit; ``None`` for no bound, at one end.
    change : int
        What happens to the capacity: see `StepScaling`.

    Examples
    --------
    >>> Step(80, None, 2)

    See Also
    --------
    AWS: ``StepAdjustment`` in the Application Auto Scaling API reference.
    """

    lower: float | None
    upper: float | None
    change: int


@dataclass(frozen=True, slots=True)
class StepScaling:
    """Change the capacity in steps, by the range in which a metric is.

    The bounds are values of the metric itself, not distances from the threshold of an alarm: thresholds and alarms are
    made of them. Leave out the range in which the capacity is right; the steps below it belong to one policy with its
    alarm, those above it to another. At the outer ends the steps have no bound. Above, a step begins at its lower
    bound; below, it ends at its upper bound, both included.

    Parameters
    ----------
    metric : IMetric, CustomMetric or str
        A metric of the CDK, or the name of a metric of what scales, which then needs no dimensions:
        ``"CPUUtilization"``, ``"MemoryUtilization"``, ``"GPUUtilization"``, ``"GPUMemoryUtilization"``,
        ``"InvocationsPerInstance"``, ``"ConcurrentRequestsPerModel"``; of asynchronous endpoints
        ``"ApproximateBacklogSizePerInstance"``, of serverless ones ``"ServerlessProvisionedConcurrencyUtilization"``,
        of inference components ``"InvocationsPerCopy"``, ``"ConcurrentRequestsPerCopy"``. Uses of vCPUs and GPUs are in
        percent of one of them, 0 to 100.
    steps : Sequence[Step]
        The steps, in any order.
    adjustment : {"change", "percent", "exact"}, default "change"
        Whether the change of a step is added to the capacity, added as that percentage of it, or is the new capacity.
    min_change : int, optional
        The least change in capacity, where it is in percent. Default: none.
    cooldown : Duration or timedelta, optional
        The pause after an activity, in whole seconds. Default: 300 seconds. 0 is a value.
    period : Duration or timedelta, optional
        The length of one data point: 10, 20 or 30 seconds, or whole minutes. Default: that of `metric`, or one minute.
    evaluation_periods : int, default 1
        How many periods the alarms look at.
    datapoints_to_alarm : int, optional
        How many of these must be beyond the threshold. Default: all.
    missing_data : {"breaching", "notBreaching", "ignore", "missing"}, optional
        What the alarms take missing data for. Default: ``"missing"``.
    name : str, optional
        The name of the policies, before ``-Low`` and ``-High``. Default: the name of the metric.

    Raises
    ------
    TypeError
        The metric is a calculation.

    Examples
    --------
    >>> StepScaling("CPUUtilization", [Step(None, 20, -1), Step(60, 80, 1), Step(80, None, 3)])

    See Also
    --------
    AWS: "Step scaling policies" in the Application Auto Scaling user guide.
    """

    metric: cloudwatch.IMetric | CustomMetric | str
    steps: Sequence[Step]
    _: KW_ONLY
    adjustment: Adjustment = "change"
    min_change: int | None = None
    cooldown: Time | None = None
    period: Time | None = None
    evaluation_periods: int = 1
    datapoints_to_alarm: int | None = None
    missing_data: MissingData | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        # In order, so that the same steps are the same policy however they are written.
        ordered = sorted(self.steps, key=lambda step: -inf if step.lower is None else step.lower)
        object.__setattr__(self, "steps", tuple(ordered))
        period: Time = ONE_MINUTE
        if not isinstance(self.metric, str | CustomMetric):
            metric, period = described(self.metric)
            object.__setattr__(self, "metric", metric)
        if self.period is None:
            object.__setattr__(self, "period", period)

    @property
    def follows(self) -> CustomMetric | str:
        """The metric, without the CDK."""
        return cast("CustomMetric | str", self.metric)

    @property
    def base_name(self) -> str:
        """What the names of the policies begin with."""
        if self.name is not None:
            return self.name
        return self.follows if isinstance(self.follows, str) else self.follows.name

    @property
    def policy_names(self) -> tuple[str, ...]:
        """The names of the policies."""
        return tuple(f"{self.base_name}-{side}" for side in self.sides)

    @property
    def period_seconds(self) -> float:
        """The length of one data point in seconds."""
        return seconds(cast("Time", self.period))

    @property
    def sides(self) -> Mapping[Side, tuple[Step, ...]]:
        """The steps of each policy: below and above the range in which the capacity is right.

        Where there is no such range, and the steps reach as far as there are values, they part where adding turns into
        taking away, or after the first.
        """
        steps = tuple(self.steps)
        inner = range(1, len(steps))
        cut = next((i for i in inner if steps[i - 1].upper != steps[i].lower), None)
        if cut is None and len(steps) > 1 and steps[0].lower is None and steps[-1].upper is None:
            turns = (i for i in inner if (steps[i].change > 0) != (steps[0].change > 0))
            cut = 1 if self.adjustment == "exact" else next(turns, 1)
        if cut is None:
            cut = len(steps) if steps and steps[0].lower is None else 0
        sides: dict[Side, tuple[Step, ...]] = {"Low": steps[:cut], "High": steps[cut:]}
        return {side: its for side, its in sides.items() if its}
