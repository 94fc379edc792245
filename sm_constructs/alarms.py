"""Alarms of endpoints: what of each kind is worth waking somebody for, with values that one can live with.

What is watched stands in `sm_constructs.watches`, the arguments in `sm_constructs.alarm_options`.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeGuard, cast

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
    from collections.abc import Container, Mapping, Sequence

    from aws_cdk.aws_cloudwatch import IAlarmAction
    from aws_cdk.aws_sns import ITopic
    from constructs import Construct
    from typing_extensions import Unpack

    from sm_constructs.watches import Group, Watch

_PERIOD = timedelta(minutes=5)
_ROLLBACK_PERIOD = timedelta(minutes=1)  # an update waits minutes, not hours
_EVALUATION_PERIODS, _DATAPOINTS_TO_ALARM = 3, 2


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


def _make(endpoint: EndpointMetrics, id: str, watch: Watch, evaluation: _Evaluation, options: AlarmOptions) -> Alarm:
    prefix = options.get("name_prefix")
    subject = f"{endpoint.endpoint_name}, {watch.of}" if watch.of else endpoint.endpoint_name
    alarm = Alarm(
        cast("Construct", endpoint),
        id,
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

    _alarm_arguments: ClassVar[frozenset[str]]
    _alarm_groups: ClassVar[tuple[Group, ...]]
    _rollback_arguments: ClassVar[tuple[str, ...]] = ("errors", "latency")
    """The alarms that take an update back, where they are to be made."""

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """What `add_alarms` made, and the alarms that a rollout asked for."""
        return tuple(child for child in cast("Construct", self).node.children if isinstance(child, Alarm))

    def _add_alarms(
        self, options: AlarmOptions, *, id: str = "Alarm", only: Container[str] | None = None
    ) -> Mapping[str, Alarm]:
        """Make alarms, and give them by variant or component and argument."""
        unknown = sorted(options.keys() - self._alarm_arguments)
        if unknown:
            known = sorted(self._alarm_arguments)
            message = f"add_alarms of {type(self).__name__} has no arguments {unknown}; it has {known}"
            raise TypeError(message)
        common = AlarmOptions.__optional_keys__
        given = Given({name: value for name, value in options.items() if name not in common})
        watches = [
            watch
            for variant in self.variants
            for group in self._alarm_groups
            for watch in group(self, variant, given)
            if watch.threshold is not None and (only is None or watch.key in only)
        ]
        for argument in set(given.asked()) - {watch.argument for watch in watches}:
            where = cast("Construct", self).node.path
            message = f"{where} cannot have the alarm {argument}: it is possible only if {KNOWN_IF[argument]}"
            raise ValueError(message)
        _check_names(options, [watch.key for watch in watches])
        evaluations = [_evaluation(watch, options) for watch in watches]  # all are checked before any is made
        return {
            watch.key: _make(self, f"{id}-{watch.key}", watch, evaluation, options)
            for watch, evaluation in zip(watches, evaluations, strict=True)
        }

    def _add_rollback_alarms(self, keys: Container[str], prefix: str) -> None:
        """Make the alarms that rollouts asked for; see `sm_constructs.endpoints.rollback`."""
        left_out = self._alarm_arguments - AlarmOptions.__optional_keys__ - set(self._rollback_arguments)
        options: dict[str, Any] = {**dict.fromkeys(left_out), "name_prefix": prefix, "period": _ROLLBACK_PERIOD}
        self._add_alarms(cast("AlarmOptions", options), id="RollbackAlarm", only=keys)


class RealTimeAlarms(RealTimeMetrics, Alarms):
    """The alarms of endpoints that answer at once, on instances."""

    _alarm_arguments = RealTimeAlarmOptions.__optional_keys__
    _alarm_groups = (of_requests, of_instances)

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
        return self._add_alarms(options)


class MultiContainerAlarms(MultiContainerMetrics, RealTimeAlarms):
    """The alarms of multi-container endpoints: those of any real-time endpoint."""


class MultiModelAlarms(MultiModelMetrics, Alarms):
    """The alarms of multi-model endpoints."""

    _alarm_arguments = MultiModelAlarmOptions.__optional_keys__
    _alarm_groups = (of_requests, of_instances, of_models)

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
        return self._add_alarms(options)


class ServerlessAlarms(ServerlessMetrics, Alarms):
    """The alarms of serverless endpoints."""

    _alarm_arguments = ServerlessAlarmOptions.__optional_keys__
    _alarm_groups = (of_requests, of_concurrency)

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
        return self._add_alarms(options)


class AsyncAlarms(AsyncMetrics, Alarms):
    """The alarms of asynchronous endpoints."""

    _alarm_arguments = AsyncAlarmOptions.__optional_keys__
    _alarm_groups = (of_backlog, of_instances)
    _rollback_arguments = ("failures",)

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
        return self._add_alarms(options)


class ComponentAlarms(ComponentMetrics, Alarms):
    """The alarms of endpoints with inference components."""

    _alarm_arguments = ComponentAlarmOptions.__optional_keys__
    _alarm_groups = (of_components, of_instances)

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
        return self._add_alarms(options)
