"""``sm-constructs shift``: moves the traffic of an endpoint between its variants in steps, and back if need be.

`plan` says what the weights are after each step, and knows nothing of AWS; `Shift` carries a plan out.
"""

from __future__ import annotations

import math
import re
import sys
import time
from argparse import ArgumentTypeError
from typing import TYPE_CHECKING, Any

from sm_constructs.clients import aws_errors, clients

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    Weights = Mapping[str, float]

_POLL_SECONDS = 3.0
_SECONDS = {"s": 1, "m": 60, "h": 3600}
# DescribeEndpoint, EndpointStatus: what ends by itself in another state.
_CHANGING = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack"})
# What AWS stores is a 32-bit float.
_SAME = 1e-5


class Interfered(RuntimeError):  # noqa: N818 - it says what happened
    """Somebody else has changed the endpoint meanwhile; what they did stays."""


# What the arguments say


def parse_weight(text: str) -> tuple[str, float]:
    """Read ``VARIANT=WEIGHT``, for argparse.

    >>> parse_weight("champion=25")
    ('champion', 25.0)
    """
    variant, equals, number = text.partition("=")
    if not (variant and equals):
        message = f"{text!r} is not VARIANT=WEIGHT, such as champion=25"
        raise ArgumentTypeError(message)
    try:
        weight = float(number)
    except ValueError:
        weight = math.nan
    if not 0 <= weight < math.inf:
        message = f"the weight of {variant} is {number!r}; a weight is a number from 0 up"
        raise ArgumentTypeError(message)
    return variant, weight


def parse_interval(text: str) -> float:
    """Read a time such as ``30s``, ``5m`` or ``1h``, for argparse; give it in seconds.

    >>> parse_interval("5m")
    300.0
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text)
    if match is None:
        message = f"{text!r} is not a time such as 30s, 5m or 1h"
        raise ArgumentTypeError(message)
    return float(match[1]) * _SECONDS[match[2]]


def parse_steps(text: str) -> int:
    """Read the number of steps, for argparse."""
    if not text.isdecimal() or int(text) < 1:
        message = f"{text!r} is not a number of steps from 1 up"
        raise ArgumentTypeError(message)
    return int(text)


# What is to be done


def plan(current: Weights, wanted: Weights, steps: int = 1) -> list[dict[str, float]]:
    """Give the weights of all variants after each step.

    The shares of the traffic, not the weights, change by the same amount in each step: weights count only relative to
    each other. The weights of each step have the same sum, and those of the last step are the ones wanted.

    Parameters
    ----------
    current : Mapping[str, float]
        The weights of all variants of the endpoint.
    wanted : Mapping[str, float]
        The weights that are wanted; variants that are not named keep theirs.
    steps : int, default 1
        How many steps, at least 1.

    Raises
    ------
    ValueError
        A variant is unknown, a weight is no number from 0 up, or no variant would have any traffic.

    Examples
    --------
    >>> plan({"a": 9, "b": 1}, {"a": 50, "b": 50}, 2)
    [{'a': 70.0, 'b': 30.0}, {'a': 50, 'b': 50}]
    """
    for variant, weight in wanted.items():
        if variant not in current:
            message = f"There is no variant {variant}; the endpoint has {', '.join(current)}."
            raise ValueError(message)
        if not 0 <= weight < math.inf:
            message = f"The weight of {variant} is {weight}; a weight is a number from 0 up."
            raise ValueError(message)
    goal = {**current, **wanted}
    total = sum(goal.values())
    if not 0 < total < math.inf:
        message = "All weights would be 0: no variant would get any request."
        raise ValueError(message)
    start, end = shares(current), shares(goal)
    between = (
        {variant: total * (start[variant] + (end[variant] - start[variant]) * step / steps) for variant in goal}
        for step in range(1, steps)
    )
    return [*between, goal]


def shares(weights: Weights) -> dict[str, float]:
    """Give each variant's share of the traffic, between 0 and 1; all 0 where no variant has a weight."""
    total = sum(weights.values())
    return {variant: weight / total if total else 0.0 for variant, weight in weights.items()}


def words(weights: Weights) -> str:
    """Say how the traffic is shared.

    >>> words({"champion": 1, "challenger": 3})
    'champion 25.0 %, challenger 75.0 %'
    """
    return ", ".join(f"{variant} {share:.1%}".replace("%", " %") for variant, share in shares(weights).items())


# Doing it


class Progress:
    """Writes to standard output: lines that stay, and on a terminal one in place that tells what is waited for."""

    def __init__(self) -> None:
        self._clear = "\r\x1b[K" if sys.stdout.isatty() else ""

    def line(self, text: str) -> None:
        """Write a line that stays."""
        sys.stdout.write(f"{self._clear}{text}\n")
        sys.stdout.flush()

    def passing(self, text: str) -> None:
        """Write a line that the next one takes the place of; nothing where lines cannot be taken back."""
        if self._clear:
            sys.stdout.write(f"{self._clear}{text}")
            sys.stdout.flush()


class Shift:
    """Moves the traffic of one endpoint.

    Parameters
    ----------
    endpoint : str
        Its name.
    sagemaker, cloudwatch
        The boto3 clients.
    alarms : Sequence[str]
        The names of the alarms on which the old weights come back.
    progress : Progress
        Shows what is done.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        sagemaker: Any,  # noqa: ANN401 - boto3 makes its clients at run time
        cloudwatch: Any,  # noqa: ANN401
        alarms: Sequence[str],
        progress: Progress,
    ) -> None:
        self.endpoint = endpoint
        self._sagemaker, self._cloudwatch = sagemaker, cloudwatch
        self._alarms = list(dict.fromkeys(alarms))
        self._progress = progress

    def weights(self) -> dict[str, float]:
        """Give the weights that the endpoint has now.

        Raises
        ------
        RuntimeError
            There is no such endpoint, or it is not in service.
        """
        described = self._describe()
        status = described["EndpointStatus"]
        if status != "InService":
            waiting = " Wait until it is InService." if status in _CHANGING else ""
            message = f"The endpoint {self.endpoint} is {status}; its traffic cannot be moved.{waiting}"
            raise RuntimeError(message)
        return _weights(described)

    def check_alarms(self) -> None:
        """Raise a `RuntimeError` if an alarm is on, or does not exist."""
        if not self._alarms:
            return
        with aws_errors():
            found = self._cloudwatch.describe_alarms(
                AlarmNames=self._alarms, AlarmTypes=["MetricAlarm", "CompositeAlarm"]
            )
        states = {alarm["AlarmName"]: alarm for kind in ("MetricAlarms", "CompositeAlarms") for alarm in found[kind]}
        unknown = [name for name in self._alarms if name not in states]
        if unknown:
            message = f"There is no alarm {', '.join(unknown)} in {self._cloudwatch.meta.region_name}."
            raise RuntimeError(message)
        for name in self._alarms:
            if states[name]["StateValue"] == "ALARM":
                message = f"The alarm {name} is on: {states[name].get('StateReason', 'no reason is given')}"
                raise RuntimeError(message)

    def run(self, steps: Sequence[Weights], interval: float) -> None:
        """Carry out a plan; go back to the weights before if anything comes between.

        With alarms, the last step is watched for an interval, too.

        Raises
        ------
        Interfered
            The weights are no longer those of the last step; nothing is put back.
        RuntimeError
            Why the old weights are back, or why they are not.
        KeyboardInterrupt
            A second one has come while the old weights were being put back.
        """
        before = self.weights()
        last: Weights = before
        self.check_alarms()
        try:
            for number, weights in enumerate(steps, 1):
                self._expect(last)
                self._set(weights)
                last = weights
                self._progress.line(f"step {number} of {len(steps)}: {words(weights)}")
                if number < len(steps) or self._alarms:
                    self._watch(interval, more=number < len(steps))
        except Interfered:
            raise
        except KeyboardInterrupt:
            self._go_back(before)
            message = "stopped; the old weights are back"
            raise RuntimeError(message) from None
        except BaseException:
            self._go_back(before)
            raise

    def _describe(self) -> dict[str, Any]:
        from botocore.exceptions import ClientError

        try:
            with aws_errors():
                described: dict[str, Any] = self._sagemaker.describe_endpoint(EndpointName=self.endpoint)
        except RuntimeError as error:
            if isinstance(error.__cause__, ClientError) and "Could not find endpoint" in str(error):
                message = f"There is no endpoint {self.endpoint} in {self._sagemaker.meta.region_name}."
                raise RuntimeError(message) from error
            raise
        return described

    def _wait(self) -> dict[str, float]:
        """Wait until the endpoint is in service; give its weights."""
        while (described := self._describe())["EndpointStatus"] in _CHANGING:
            time.sleep(_POLL_SECONDS)
        if described["EndpointStatus"] != "InService":
            reason = described.get("FailureReason", "no reason is given")
            message = f"The endpoint {self.endpoint} is {described['EndpointStatus']}: {reason}"
            raise RuntimeError(message)
        return _weights(described)

    def _expect(self, weights: Weights) -> None:
        found = self._wait()
        if not _same(found, weights):
            message = (
                f"Somebody else has changed the endpoint {self.endpoint} meanwhile: {words(found)}. "
                "It is left as it is now."
            )
            raise Interfered(message)

    def _set(self, weights: Weights) -> None:
        # Without DesiredInstanceCount, so that the counts stay.
        wanted = [{"VariantName": variant, "DesiredWeight": weight} for variant, weight in weights.items()]
        with aws_errors():
            self._sagemaker.update_endpoint_weights_and_capacities(
                EndpointName=self.endpoint, DesiredWeightsAndCapacities=wanted
            )
        self._wait()

    def _watch(self, interval: float, *, more: bool) -> None:
        end = time.monotonic() + interval
        while True:
            self.check_alarms()
            left = end - time.monotonic()
            if left <= 0:
                break
            self._progress.passing(f"{math.ceil(left)} s until the {'next step' if more else 'end'}")
            time.sleep(min(left, _POLL_SECONDS))

    def _go_back(self, before: Weights) -> None:
        self._progress.line(f"going back to {words(before)}")
        try:
            # An update that was under way when this began must end first: AWS refuses a second one.
            if not _same(self._wait(), before):
                self._set(before)
        except BaseException:
            weights = " ".join(f"{variant}={weight:g}" for variant, weight in before.items())
            sys.stderr.write(
                "sm-constructs: the old weights may not be back. "
                f"To put them back: sm-constructs shift {self.endpoint} {weights}\n"
            )
            raise
        self._progress.line(f"back: {words(before)}")


def run(options: argparse.Namespace) -> int:
    """Do what the command line says; give the exit code."""
    wanted = dict(options.weights)
    if len(wanted) < len(options.weights):
        options.error("a variant is given twice")
    client = clients(local=options.local, region=options.region, profile=options.profile)
    with aws_errors():
        sagemaker, cloudwatch = client("sagemaker"), client("cloudwatch")
    progress = Progress()
    shift = Shift(
        options.endpoint, sagemaker=sagemaker, cloudwatch=cloudwatch, alarms=options.abort_on, progress=progress
    )
    current = shift.weights()
    try:
        steps = plan(current, wanted, options.steps)
    except ValueError as error:
        raise RuntimeError(str(error)) from error
    place = "the embedded AWS" if options.local else sagemaker.meta.region_name
    progress.line(f"{options.endpoint} in {place}: {words(current)}")
    if _same(current, steps[-1]):
        progress.line("These are the weights already.")
        return 0
    shift.run(steps, options.interval)
    progress.line("done")
    return 0


def _weights(described: Mapping[str, Any]) -> dict[str, float]:
    return {variant["VariantName"]: variant.get("CurrentWeight", 1.0) for variant in described["ProductionVariants"]}


def _same(some: Weights, others: Weights) -> bool:
    return some.keys() == others.keys() and all(
        math.isclose(weight, others[variant], rel_tol=_SAME) for variant, weight in some.items()
    )
