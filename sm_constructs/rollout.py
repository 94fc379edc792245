"""How an update reaches the instances of an endpoint, or the copies of an inference component."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from aws_cdk import aws_cloudwatch as cloudwatch

    from sm_constructs.durations import Time

    Alarms: TypeAlias = Sequence[cloudwatch.IAlarm | str] | Literal["default"]

Strategy = Literal["all-at-once", "canary", "linear", "rolling"]

DEFAULT_ALARMS = "default"
"""Asks for alarms to be made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """How an update is carried out, and what takes it back; AWS calls it deployment guardrails.

    It is made by one of `all_at_once`, `canary`, `linear` and `rolling`, which all take:

    alarms : Sequence[IAlarm or str] or "default", default ()
        Up to 10 CloudWatch alarms, or their names. When one goes off during the update, SageMaker goes back to what
        served before, and CloudFormation rolls the stack back. The execution role may look at just these.
        With ``"default"`` they are made: for each variant, or each inference component, one that goes off when a
        hundredth of the requests fail and one when the model takes 30 seconds (p99); for each variant of an
        asynchronous endpoint, one when a request fails. Each goes off in 2 minutes, so wait longer than that.
        An alarm on the endpoint's own metrics that you make yourself is given by its name: the alarm refers to the
        endpoint, so that the endpoint cannot refer to the alarm.
    maximum_duration : Duration or timedelta, optional
        When to give up, 600 to 28800 seconds; more than all waits together. Default: SageMaker's choice.

    The first three start a second fleet beside the first; both are paid for until the update is over. They also take:

    termination_wait : Duration or timedelta, optional
        How long the old fleet is kept, and the alarms are watched, after all traffic went to the new one;
        0 to 3600 seconds. Default: 0.

    Examples
    --------
    >>> Rollout.canary(percent=10, bake=timedelta(minutes=10), alarms=["scorer-errors"])

    See Also
    --------
    AWS: "Deployment guardrails for updating models in production" in the SageMaker developer guide.
    """

    strategy: Strategy
    percent: int | None = None
    instances: int | None = None
    copies: int | None = None
    bake: Time | None = None
    interval: Time | None = None
    rollback: int | None = None
    alarms: Alarms = ()
    termination_wait: Time | None = None
    maximum_duration: Time | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.alarms, str):
            object.__setattr__(self, "alarms", tuple(self.alarms))
        elif self.alarms != DEFAULT_ALARMS:
            message = f"Rollout: alarms is {self.alarms!r}; it is a sequence of alarms and their names, or 'default'"
            raise TypeError(message)

    @property
    def wait(self) -> Time | None:
        """How long it waits between its steps."""
        return self.bake if self.interval is None else self.interval

    @property
    def wait_name(self) -> str:
        """The argument that says how long it waits between its steps."""
        return "interval" if self.strategy == "linear" else "bake"

    @staticmethod
    def all_at_once(
        *,
        alarms: Alarms = (),
        termination_wait: Time | None = None,
        maximum_duration: Time | None = None,
    ) -> Rollout:
        """Send all traffic to the new fleet in one step.

        See Also
        --------
        AWS: "All at once traffic shifting", SageMaker developer guide.
        """
        return Rollout(
            strategy="all-at-once",
            alarms=alarms,
            termination_wait=termination_wait,
            maximum_duration=maximum_duration,
        )

    @staticmethod
    def canary(
        *,
        percent: int | None = None,
        instances: int | None = None,
        bake: Time,
        alarms: Alarms = (),
        termination_wait: Time | None = None,
        maximum_duration: Time | None = None,
    ) -> Rollout:
        """Send a part of the traffic to the new fleet, watch it, then send the rest.

        Parameters
        ----------
        percent, instances : int
            The part, of all instances; one of the two, at most half.
        bake : Duration or timedelta
            How long to watch, 0 to 3600 seconds.
        alarms, termination_wait, maximum_duration
            See `Rollout`.

        See Also
        --------
        AWS: "Canary traffic shifting", SageMaker developer guide.
        """
        return Rollout(
            strategy="canary",
            percent=percent,
            instances=instances,
            bake=bake,
            alarms=alarms,
            termination_wait=termination_wait,
            maximum_duration=maximum_duration,
        )

    @staticmethod
    def linear(
        *,
        percent: int | None = None,
        instances: int | None = None,
        interval: Time,
        alarms: Alarms = (),
        termination_wait: Time | None = None,
        maximum_duration: Time | None = None,
    ) -> Rollout:
        """Send the traffic to the new fleet in equal steps, and watch after each.

        Parameters
        ----------
        percent, instances : int
            The size of a step, of all instances; one of the two, a tenth to a half.
        interval : Duration or timedelta
            How long to watch after each step, 0 to 3600 seconds.
        alarms, termination_wait, maximum_duration
            See `Rollout`.

        See Also
        --------
        AWS: "Linear traffic shifting", SageMaker developer guide.
        """
        return Rollout(
            strategy="linear",
            percent=percent,
            instances=instances,
            interval=interval,
            alarms=alarms,
            termination_wait=termination_wait,
            maximum_duration=maximum_duration,
        )

    @staticmethod
    def rolling(
        *,
        percent: int | None = None,
        instances: int | None = None,
        copies: int | None = None,
        bake: Time,
        rollback: int | None = None,
        alarms: Alarms = (),
        maximum_duration: Time | None = None,
    ) -> Rollout:
        """Replace the instances in batches, without paying for two whole fleets; or the copies of a component.

        Parameters
        ----------
        percent, instances, copies : int
            The size of a batch; one of the three, 5 % to 50 % of all. `instances` is for endpoints, `copies` for
            inference components.
        bake : Duration or timedelta
            How long to watch each batch, 0 to 3600 seconds.
        rollback : int, optional
            The size of the batches on the way back, in the same unit. Default: all at once.
        alarms, maximum_duration
            See `Rollout`.

        See Also
        --------
        AWS: "Use rolling deployments", SageMaker developer guide.
        """
        return Rollout(
            strategy="rolling",
            percent=percent,
            instances=instances,
            copies=copies,
            bake=bake,
            rollback=rollback,
            alarms=alarms,
            maximum_duration=maximum_duration,
        )
