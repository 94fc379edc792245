"""The arguments of ``add_alarms`` of each kind of endpoint: the values at which alarms go off, and what happens then.

The defaults that are not AWS's own limits are ours, and say why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import TypedDict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk.aws_cloudwatch import IAlarmAction
    from aws_cdk.aws_sns import ITopic

    from sm_constructs.durations import Time


class AlarmOptions(TypedDict, total=False):
    """What may be said of the alarms of any endpoint.

    Attributes
    ----------
    actions, ok_actions : Sequence[IAlarmAction or ITopic]
        What happens when an alarm goes off, and when all is well again. Default: nothing. A topic that has a policy,
        as one with ``enforce_ssl`` has, must let CloudWatch publish:
        ``topic.grant_publish(ServicePrincipal("cloudwatch.amazonaws.com"))``.
    period : Duration or timedelta
        How much time one data point stands for: a number of whole minutes. Default: five minutes, so that the
        share and the percentile of a quiet endpoint still stand for something.
    evaluation_periods, datapoints_to_alarm : int
        How many periods are looked at, and in how many of them the value must be reached. Default: two of three,
        so that nobody is woken by a single outlier.
    name_prefix : str
        Gives the alarms physical names: the prefix, a hyphen, and the key in what `add_alarms` returns. Default:
        CloudFormation makes their names.
    """

    actions: Sequence[IAlarmAction | ITopic]
    ok_actions: Sequence[IAlarmAction | ITopic]
    period: Time
    evaluation_periods: int
    datapoints_to_alarm: int
    name_prefix: str


class InstanceAlarmOptions(AlarmOptions, total=False):
    """The values at which alarms on the use of instances go off; ``None`` leaves one out.

    Attributes
    ----------
    cpu : float or None
        The use of the processors in percent of all vCPUs, 0 to 100. Default: 90, if the number of vCPUs is known.
    memory : float or None
        The use of the memory in percent. Default: 90.
    disk : float or None
        The use of the disk of the fullest instance in percent. Default: 85.
    gpu : float or None
        The use of the GPUs in percent of all GPUs, 0 to 100. Default: none, because a busy GPU is a well used one.
    gpu_memory : float or None
        The use of the GPUs' memory in percent of all GPUs, 0 to 100. Default: none, because servers of large
        language models take nearly all of it when they start.
    """

    cpu: float | None
    memory: float | None
    disk: float | None
    gpu: float | None
    gpu_memory: float | None


class RealTimeAlarmOptions(InstanceAlarmOptions, total=False):
    """The values at which alarms of endpoints that answer at once go off; ``None`` leaves one out.

    Attributes
    ----------
    errors : float or None
        The share of requests that are answered with a 5XX code, 0 to 1. Default: 0.01.
    latency : Duration, timedelta or None
        The time that the model takes for all but one percent of the requests (p99). Default: half of the time
        after which SageMaker gives a request up; give what your callers can bear.
    overhead : Duration, timedelta or None
        The time that SageMaker adds to the model's answer, on average. Default: one second.
    """

    errors: float | None
    latency: Time | None
    overhead: Time | None


class MultiModelAlarmOptions(RealTimeAlarmOptions, total=False):
    """The values at which alarms of multi-model endpoints go off; ``None`` leaves one out.

    Attributes
    ----------
    cache_misses : float or None
        The share of requests whose model was not loaded, 0 to 1. Default: 0.5, unless models are not cached.
    unloads : float or None
        How many models are unloaded per request. It is high when the models do not fit into memory and push each
        other out. Default: 0.2, unless models are not cached.
    loading_wait : Duration, timedelta or None
        The time that requests wait for their model, on average. Default: half of the time after which SageMaker
        gives a request up.
    """

    cache_misses: float | None
    unloads: float | None
    loading_wait: Time | None


class ServerlessAlarmOptions(AlarmOptions, total=False):
    """The values at which alarms of serverless endpoints go off; ``None`` leaves one out.

    Attributes
    ----------
    errors : float or None
        The share of requests that are answered with a 5XX code, 0 to 1. Default: 0.01.
    latency : Duration, timedelta or None
        The time that the model takes for all but one percent of the requests (p99). Default: half of the time
        after which SageMaker gives a request up; give what your callers can bear.
    overhead : Duration, timedelta or None
        The time that SageMaker adds to the model's answer, cold starts included, on average. Default: as `latency`.
    cold_start : Duration, timedelta or None
        The time that cold starts take, on average. Default: as `latency`.
    memory : float or None
        The use of the memory in percent. Default: 90.
    concurrency : float or None
        The used share of the maximum of concurrency, 0 to 1; at 1 requests are throttled. Default: 0.9.
    provisioned_concurrency : float or None
        The used share of the provisioned concurrency, 0 to 1. Default: 0.9, if some is provisioned.
    spillover : float or None
        The share of requests that go beyond what is provisioned, 0 to 1, and so may start cold. Default: 0.1, if
        some is provisioned.
    """

    errors: float | None
    latency: Time | None
    overhead: Time | None
    cold_start: Time | None
    memory: float | None
    concurrency: float | None
    provisioned_concurrency: float | None
    spillover: float | None


class AsyncAlarmOptions(InstanceAlarmOptions, total=False):
    """The values at which alarms of asynchronous endpoints go off; ``None`` leaves one out.

    Attributes
    ----------
    backlog_age : Duration, timedelta or None
        The age of the oldest request that waits or runs. Default: a quarter of the time after which SageMaker
        drops a request unanswered, unless the request says otherwise.
    backlog_without_capacity : Duration, timedelta or None
        How long requests wait while there is no instance at all; rounded up to whole periods. Default: 15
        minutes, in which an endpoint that scaled to zero gets an instance.
    failures : int or None
        The number of requests in a period that fail. Default: 1.
    expired : int or None
        The number of requests in a period that are dropped because they waited too long. Default: 1.
    latency : Duration, timedelta or None
        The time that the model takes for all but one percent of the requests (p99). Default: none, since nobody
        waits for it.
    """

    backlog_age: Time | None
    backlog_without_capacity: Time | None
    failures: int | None
    expired: int | None
    latency: Time | None


class ComponentAlarmOptions(InstanceAlarmOptions, total=False):
    """The values at which alarms of endpoints with inference components go off; ``None`` leaves one out.

    Attributes
    ----------
    errors : float or None
        The share of a component's requests that are answered with a 5XX code, 0 to 1. Default: 0.01.
    latency : Duration, timedelta or None
        The time that a component's model takes for all but one percent of the requests (p99). Default: half of the
        time after which SageMaker gives a request up; give what your callers can bear.
    no_capacity : Duration, timedelta or None
        How long requests fail because the component has no copy; rounded up to whole periods. Default: 15
        minutes, in which a component that scaled to zero gets a copy.
    """

    errors: float | None
    latency: Time | None
    no_capacity: Time | None
