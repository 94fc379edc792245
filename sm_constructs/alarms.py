"""Alarms of endpoints: what of each kind is worth waking somebody for, with values that one can live with.

What is watched stands in `sm_constructs.watches`, the arguments in `sm_constructs.alarm_options`.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, TypeGuard, cast

from aws_cdk import Duration
from aws_cdk.aws_cloudwatch import Alarm, ComparisonOperator, TreatMissingData

from sm_constructs.alarm_options import (
    AlarmOptions,
    AsyncAlarmOptions,
    ComponentAlarmOptions,
    MultiModelAlarmOptions,
    RealTimeAlarmOptions,
    ServerlessAlarmOptions,
)
from sm_constructs.durations import seconds
from sm_constructs.facts import limit
from sm_constructs.monitoring import (
    AsyncMetrics,
    ComponentMetrics,
    EndpointMetrics,
    MultiContainerMetrics,
    MultiModelMetrics,
    RealTimeMetrics,
    ServerlessMetrics,
)
from sm_constructs.tokens import is_text
from sm_constructs.watches import (
    KNOWN_IF,
    Given,
    of_backlog,
    of_components,
    of_concurrency,
    of_instances,
    of_models,
    of_requests,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk.aws_cloudwatch import IAlarmAction
    from aws_cdk.aws_sns import ITopic
    from constructs import Construct
    from typing_extensions import Unpack

    from sm_constructs.watches import Group, Watch

_PERIOD = timedelta(minutes=5)
_EVALUATION_PERIODS, _DATAPOINTS_TO_ALARM = 3, 2


def _add(
    endpoint: EndpointMetrics, options: AlarmOptions, arguments: frozenset[str], *groups: Group
) -> Mapping[str, Alarm]:
    """Make the alarms of some groups, and give them by variant or component and argument."""
    unknown = sorted(options.keys() - arguments)
    if unknown:
        message = f"add_alarms of {type(endpoint).__name__} has no arguments {unknown}; it has {sorted(arguments)}"
        raise TypeError(message)
    common = AlarmOptions.__optional_keys__
    given = Given({name: value for name, value in options.items() if name not in common})
    watches = [
        watch
        for variant in endpoint.variants
        for group in groups
        for watch in group(endpoint, variant, given)
        if watch.threshold is not None
    ]
    for argument in set(given.asked()) - {watch.argument for watch in watches}:
        where = cast("Construct", endpoint).node.path
        message = f"{where} cannot have the alarm {argument}: it is possible only if {KNOWN_IF[argument]}"
        raise ValueError(message)
    _check_names(options, [watch.key for watch in watches])
    evaluations = [_evaluation(watch, options) for watch in watches]  # all are checked before any is made
    return {
        watch.key: _make(endpoint, watch, evaluation, options)
        for watch, evaluation in zip(watches, evaluations, strict=True)
    }


class _Evaluation(NamedTuple):
    period: float
    periods: int
    datapoints: int


def _evaluation(watch: Watch, options: AlarmOptions) -> _Evaluation:
    period = seconds(options.get("period", _PERIOD))
    periods = options.get("evaluation_periods", _EVALUATION_PERIODS)
    datapoints = options.get("datapoints_to_alarm", min(_DATAPOINTS_TO_ALARM, periods))
    if watch.lasting is not None:
        periods = datapoints = math.ceil(seconds(watch.lasting) / period)
    _check_evaluation(period, periods, datapoints)
    return _Evaluation(period, periods, datapoints)


def _make(endpoint: EndpointMetrics, watch: Watch, evaluation: _Evaluation, options: AlarmOptions) -> Alarm:
    prefix = options.get("name_prefix")
    subject = f"{endpoint.endpoint_name}, {watch.of}" if watch.of else endpoint.endpoint_name
    alarm = Alarm(
        cast("Construct", endpoint),
        f"Alarm-{watch.key}",
        metric=watch.metric(period=Duration.seconds(evaluation.period)),
        threshold=cast("float", watch.threshold),
        comparison_operator=ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        evaluation_periods=evaluation.periods,
        datapoints_to_alarm=evaluation.datapoints,
        # Where nobody asks, or at zero instances, there are no values, and nothing is wrong.
        treat_missing_data=TreatMissingData.NOT_BREACHING,
        alarm_name=None if prefix is None else f"{prefix}-{watch.key}",
        alarm_description=f"{subject}: {watch.meaning}.",
    )
    alarm.add_alarm_action(*map(_as_action, options.get("actions", ())))
    alarm.add_ok_action(*map(_as_action, options.get("ok_actions", ())))
    return alarm


def _check_evaluation(period: float, periods: int, datapoints: int) -> None:
    """Refuse what CloudWatch does. AWS: ``PutMetricAlarm``, CloudWatch API reference."""
    longest = limit("cloudwatch", "alarm_evaluation")
    most = longest["short" if period < longest["long_period"] else "long"]
    if period * periods > most:
        message = f"add_alarms: {periods} periods of {period:g} s are longer than CloudWatch looks back, {most} s"
        raise ValueError(message)
    if not 1 <= datapoints <= periods:
        message = f"add_alarms: datapoints_to_alarm is {datapoints}; of {periods} periods it is 1 to {periods}"
        raise ValueError(message)


def _check_names(options: AlarmOptions, keys: Sequence[str]) -> None:
    """Refuse names and actions that CloudWatch does. AWS: ``PutMetricAlarm``, CloudWatch API reference."""
    prefix, (_, longest) = options.get("name_prefix"), limit("cloudwatch", "alarm_name")
    names = [f"{prefix}-{key}" for key in keys] if is_text(prefix) else []
    for name in names:
        if len(name) > longest:
            message = f"add_alarms: the name {name!r} has {len(name)} characters, more than {longest} (name_prefix)"
            raise ValueError(message)
    most = limit("cloudwatch", "alarm_actions")
    for argument, actions in (("actions", options.get("actions", ())), ("ok_actions", options.get("ok_actions", ()))):
        if len(actions) > most:
            message = f"add_alarms: there are {len(actions)} {argument}; an alarm has at most {most}"
            raise ValueError(message)


def _as_action(action: IAlarmAction | ITopic) -> IAlarmAction:
    if not _is_topic(action):
        return cast("IAlarmAction", action)
    from aws_cdk.aws_cloudwatch_actions import SnsAction  # many modules, for those who need it

    return cast("IAlarmAction", SnsAction(action))


def _is_topic(action: object) -> TypeGuard[ITopic]:
    return hasattr(action, "topic_arn")


class Alarms(EndpointMetrics):
    """The alarms of an endpoint, as they were made so far."""

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """What `add_alarms` made."""
        return tuple(child for child in cast("Construct", self).node.children if isinstance(child, Alarm))


class RealTimeAlarms(RealTimeMetrics, Alarms):
    """The alarms of endpoints that answer at once, on instances."""

    def add_alarms(self, **options: Unpack[RealTimeAlarmOptions]) -> Mapping[str, Alarm]:
        """Add alarms to each variant: errors, latency, and the use of the instances.

        Parameters
        ----------
        **options : RealTimeAlarmOptions
            `errors`, `latency`, `overhead`, `cpu`, `memory`, `disk`, `gpu`, `gpu_memory`: the values at which alarms
            go off, each with a default; ``None`` leaves one out. And what is said of all: `actions`, `ok_actions`,
            `period`, `evaluation_periods`, `datapoints_to_alarm`, `name_prefix`.

        Returns
        -------
        Mapping[str, Alarm]
            The alarms by the name of the variant and the argument, such as ``"AllTraffic-errors"``.

        Raises
        ------
        ValueError
            A value is out of its range, or no variant has what an argument watches.

        Examples
        --------
        >>> endpoint.add_alarms(actions=[topic], errors=0.005, latency=Duration.millis(500), disk=None)

        See Also
        --------
        AWS: "Amazon SageMaker AI metrics in Amazon CloudWatch" in the SageMaker developer guide.
        """
        return _add(self, options, RealTimeAlarmOptions.__optional_keys__, of_requests, of_instances)


class MultiContainerAlarms(MultiContainerMetrics, RealTimeAlarms):
    """The alarms of multi-container endpoints: those of any real-time endpoint."""


class MultiModelAlarms(MultiModelMetrics, Alarms):
    """The alarms of multi-model endpoints."""

    def add_alarms(self, **options: Unpack[MultiModelAlarmOptions]) -> Mapping[str, Alarm]:
        """Add alarms: errors, latency, the use of the instances, and the loading and unloading of models.

        Parameters
        ----------
        **options : MultiModelAlarmOptions
            `cache_misses`, `unloads`, `loading_wait`; and those of `RealTimeEndpoint.add_alarms`.

        Returns
        -------
        Mapping[str, Alarm]
            The alarms by the name of the variant and the argument, such as ``"AllTraffic-cache-misses"``.

        Raises
        ------
        ValueError
            A value is out of its range, or cannot be watched.

        Examples
        --------
        >>> endpoint.add_alarms(actions=[topic], cache_misses=0.3)

        See Also
        --------
        AWS: "CloudWatch metrics for multi-model endpoint deployments" in the SageMaker developer guide.
        """
        return _add(self, options, MultiModelAlarmOptions.__optional_keys__, of_requests, of_instances, of_models)


class ServerlessAlarms(ServerlessMetrics, Alarms):
    """The alarms of serverless endpoints."""

    def add_alarms(self, **options: Unpack[ServerlessAlarmOptions]) -> Mapping[str, Alarm]:
        """Add alarms: errors, latency, cold starts, memory, and the use of the concurrency.

        Parameters
        ----------
        **options : ServerlessAlarmOptions
            `errors`, `latency`, `overhead`, `cold_start`, `memory`, `concurrency`, `provisioned_concurrency`,
            `spillover`: the values at which alarms go off, each with a default; ``None`` leaves one out. And what is
            said of all; see `RealTimeEndpoint.add_alarms`.

        Returns
        -------
        Mapping[str, Alarm]
            The alarms by the name of the variant and the argument, such as ``"AllTraffic-cold-start"``.

        Raises
        ------
        ValueError
            A value is out of its range, or no concurrency is provisioned.

        Examples
        --------
        >>> endpoint.add_alarms(actions=[topic], latency=Duration.seconds(2), spillover=None)

        See Also
        --------
        AWS: "Alarms and logs for tracking metrics from serverless endpoints" in the SageMaker developer guide.
        """
        return _add(self, options, ServerlessAlarmOptions.__optional_keys__, of_requests, of_concurrency)


class AsyncAlarms(AsyncMetrics, Alarms):
    """The alarms of asynchronous endpoints."""

    def add_alarms(self, **options: Unpack[AsyncAlarmOptions]) -> Mapping[str, Alarm]:
        """Add alarms: the age of the backlog, a backlog without capacity, failures, and the use of the instances.

        Parameters
        ----------
        **options : AsyncAlarmOptions
            `backlog_age`, `backlog_without_capacity`, `failures`, `expired`, `latency`, `cpu`, `memory`, `disk`, `gpu`,
            `gpu_memory`: the values at which alarms go off, each with a default; ``None`` leaves one out. And what is
            said of all; see `RealTimeEndpoint.add_alarms`.

        Returns
        -------
        Mapping[str, Alarm]
            The alarms, such as ``"backlog-age"`` for the whole endpoint or ``"AllTraffic-failures"``.

        Raises
        ------
        ValueError
            A value is out of its range, or cannot be watched.

        Examples
        --------
        >>> endpoint.add_alarms(actions=[topic], backlog_age=Duration.minutes(30))

        See Also
        --------
        AWS: "Monitor asynchronous endpoint" in the SageMaker developer guide.
        """
        return _add(self, options, AsyncAlarmOptions.__optional_keys__, of_backlog, of_instances)


class ComponentAlarms(ComponentMetrics, Alarms):
    """The alarms of endpoints with inference components."""

    def add_alarms(self, **options: Unpack[ComponentAlarmOptions]) -> Mapping[str, Alarm]:
        """Add alarms: errors, latency and missing copies of each component, and the use of the instances.

        Parameters
        ----------
        **options : ComponentAlarmOptions
            `errors`, `latency`, `no_capacity`, `cpu`, `memory`, `disk`, `gpu`, `gpu_memory`: the values at which alarms
            go off, each with a default; ``None`` leaves one out. And what is said of all; see
            `RealTimeEndpoint.add_alarms`.

        Returns
        -------
        Mapping[str, Alarm]
            The alarms by the name of the component or the variant and the argument, such as ``"llama-no-capacity"``.

        Raises
        ------
        ValueError
            A value is out of its range, or cannot be watched.

        Examples
        --------
        >>> endpoint.add_alarms(actions=[topic], latency=Duration.seconds(20))

        See Also
        --------
        AWS: "Amazon SageMaker AI metrics in Amazon CloudWatch" in the SageMaker developer guide.
        """
        return _add(self, options, ComponentAlarmOptions.__optional_keys__, of_components, of_instances)
