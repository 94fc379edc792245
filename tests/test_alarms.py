"""Alarms: each watches a metric that exists, at a value in that metric's unit."""

from __future__ import annotations

from datetime import timedelta

import aws_cdk as cdk
import pytest
from aws_cdk import aws_cloudwatch, aws_cloudwatch_actions, aws_lambda, aws_sns
from metrics import assert_exists, published_by
from templates import Synthesised, plain
from watched import CONTAINER, EXISTING, G5, IMAGE, M5, MADE, asynchronous, multi_model, multi_variant, real_time

from sm_constructs import (
    Container,
    Instances,
    ModelData,
    MultiModelEndpoint,
    MultiVariantEndpoint,
    RealTimeEndpoint,
    ServerlessEndpoint,
    Variant,
)
from sm_constructs.alarm_options import (
    AlarmOptions,
    AsyncAlarmOptions,
    ComponentAlarmOptions,
    MultiModelAlarmOptions,
    RealTimeAlarmOptions,
    ServerlessAlarmOptions,
)

INSTANCES = {"AllTraffic-cpu", "AllTraffic-memory", "AllTraffic-disk"}
GPUS = {"AllTraffic-gpu", "AllTraffic-gpu-memory"}
REAL_TIME = {"AllTraffic-errors", "AllTraffic-latency", "AllTraffic-overhead", *INSTANCES}
DEFAULTS = {
    "real_time": REAL_TIME,
    "pipeline": REAL_TIME,
    "multi_container": REAL_TIME,
    "multi_model": REAL_TIME | {"AllTraffic-cache-misses", "AllTraffic-unloads", "AllTraffic-loading-wait"},
    "multi_variant": {
        f"{variant}-{what}"
        for variant in ("champion", "challenger")
        for what in ("errors", "latency", "overhead", "cpu", "memory", "disk")
    },
    "serverless": {
        f"AllTraffic-{what}"
        for what in (
            "errors",
            "latency",
            "overhead",
            "cold-start",
            "memory",
            "concurrency",
            "provisioned-concurrency",
            "spillover",
        )
    },
    "asynchronous": INSTANCES
    | {"backlog-age", "backlog-without-capacity", "AllTraffic-failures", "AllTraffic-expired"},
    "inference_components": INSTANCES
    | {f"{name}-{what}" for name in ("llama", "mistral") for what in ("errors", "latency", "no-capacity")},
}
ARGUMENTS = {
    "real_time": RealTimeAlarmOptions,
    "pipeline": RealTimeAlarmOptions,
    "multi_container": RealTimeAlarmOptions,
    "multi_variant": RealTimeAlarmOptions,
    "multi_model": MultiModelAlarmOptions,
    "serverless": ServerlessAlarmOptions,
    "asynchronous": AsyncAlarmOptions,
    "inference_components": ComponentAlarmOptions,
}
ON_GPUS = {"real_time", "asynchronous", "inference_components"}
EVERY = pytest.mark.parametrize("kind", MADE)


def thresholds(kind):
    return ARGUMENTS[kind].__optional_keys__ - AlarmOptions.__optional_keys__


def made(stack) -> list[dict]:
    """Give the properties of the alarms that `add_alarms` made; the way out of zero has an alarm of its own."""
    resources = Synthesised(stack).json["Resources"].values()
    alarms = [each["Properties"] for each in resources if each["Type"] == "AWS::CloudWatch::Alarm"]
    return [alarm for alarm in alarms if "AlarmDescription" in alarm]


def one(stack) -> dict:
    (alarm,) = made(stack)
    return alarm


def only(endpoint, kind, **options):
    """Add the one alarm that is asked for."""
    return endpoint.add_alarms(**{**dict.fromkeys(thresholds(kind)), **options})


def measured(alarm):
    """Give each metric of an alarm with its namespace, dimensions, statistic and unit."""
    for each in alarm.get("Metrics", [{"MetricStat": {"Metric": alarm, "Stat": None}}]):
        if "MetricStat" in each:
            metric, stat = each["MetricStat"]["Metric"], each["MetricStat"].get("Stat")
            statistic = stat or alarm.get("Statistic") or alarm.get("ExtendedStatistic")
            dimensions = {dimension["Name"] for dimension in metric["Dimensions"]}
            unit = each["MetricStat"].get("Unit", metric.get("Unit"))
            yield metric["Namespace"], metric["MetricName"], dimensions, statistic, unit


class TestEveryKind:
    @EVERY
    def test_has_its_alarms_without_an_argument(self, stack, kind):
        endpoint = MADE[kind](stack)
        alarms = endpoint.add_alarms()
        assert set(alarms) == DEFAULTS[kind]
        assert set(endpoint.alarms) == set(alarms.values())
        assert len(made(stack)) == len(alarms)

    @EVERY
    def test_has_no_alarm_where_all_are_left_out(self, stack, kind):
        assert only(MADE[kind](stack), kind) == {}
        assert made(stack) == []

    @EVERY
    def test_has_each_alarm_alone(self, stack, kind):
        endpoint = MADE[kind](stack)
        values = {"failures": 3, "expired": 3, "unloads": 0.5}
        times = ("latency", "overhead", "cold_start", "loading_wait", "backlog_age")
        values |= dict.fromkeys((*times, "backlog_without_capacity", "no_capacity"), cdk.Duration.minutes(20))
        found = set()
        for argument in sorted(thresholds(kind)):
            if argument.startswith("gpu") and kind not in ON_GPUS:
                continue
            keys = set(only(endpoint, kind, **{argument: values.get(argument, 0.5)}))
            assert {key.removeprefix("AllTraffic-").split("-", key.count("-"))[-1] for key in keys}
            assert all(key.endswith(argument.replace("_", "-")) for key in keys)
            found |= keys
        more = {"AllTraffic-latency"} if kind == "asynchronous" else set()
        assert found == DEFAULTS[kind] | more | (GPUS if kind in ON_GPUS else set())

    @EVERY
    def test_watches_metrics_that_exist(self, stack, kind):
        gpus = {"gpu": 95, "gpu_memory": 95} if kind in ON_GPUS else {}
        latency = {"latency": cdk.Duration.minutes(5)} if kind == "asynchronous" else {}
        MADE[kind](stack).add_alarms(**gpus, **latency)
        metrics = [metric for alarm in made(stack) for metric in measured(alarm)]
        assert len(metrics) >= len(DEFAULTS[kind])
        for metric in metrics:
            assert_exists(*metric)
            assert published_by(kind, metric[1]), metric

    @EVERY
    def test_takes_no_values_for_nothing_wrong_and_says_what_is_wrong(self, stack, kind):
        MADE[kind](stack).add_alarms()
        for alarm in made(stack):
            assert alarm["TreatMissingData"] == "notBreaching"
            assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
            assert "None" not in plain(alarm["AlarmDescription"])
            assert plain(alarm["AlarmDescription"]).startswith("${")

    @EVERY
    def test_has_ids_from_meaning(self, stack, kind):
        endpoint = MADE[kind](stack)
        alarms = endpoint.add_alarms()
        assert {key: alarm.node.id for key, alarm in alarms.items()} == {key: f"Alarm-{key}" for key in alarms}
        assert {alarm.node.scope.node.path for alarm in alarms.values()} == {endpoint.node.path}

    @EVERY
    def test_that_exists_already_has_what_needs_no_knowledge(self, stack, kind):
        unknown = {"AllTraffic-cpu", "AllTraffic-provisioned-concurrency", "AllTraffic-spillover"}
        usual = {key.replace("champion", "AllTraffic") for key in DEFAULTS[kind]}
        expected = {key for key in usual if key.startswith(("AllTraffic", "backlog"))} - unknown
        assert set(EXISTING[kind].from_endpoint_name(stack, "Found", "found").add_alarms()) == expected

    @EVERY
    def test_refuses_an_argument_that_it_does_not_have(self, stack, kind):
        with pytest.raises(TypeError, match=r"has no arguments \['temperature'\]"):
            MADE[kind](stack).add_alarms(temperature=1)

    def test_refuses_what_only_other_kinds_publish(self, stack):
        with pytest.raises(TypeError, match="errors"):
            asynchronous(stack).add_alarms(errors=0.1)


class TestValues:
    @pytest.mark.parametrize("time", [cdk.Duration.millis(500), timedelta(milliseconds=500)])
    def test_a_latency_is_given_as_a_time_and_watched_in_microseconds(self, stack, time):
        only(real_time(stack), "real_time", latency=time)
        alarm = one(stack)
        assert (alarm["Threshold"], alarm["ExtendedStatistic"], alarm["Unit"]) == (500_000, "p99", "Microseconds")
        assert plain(alarm["AlarmDescription"]).endswith(", AllTraffic: the model takes 0.5 s (p99).")

    def test_errors_are_a_share_of_the_requests(self, stack):
        only(real_time(stack), "real_time", errors=0.05)
        alarm = one(stack)
        assert (alarm["MetricName"], alarm["Statistic"], alarm["Threshold"]) == ("Invocation5XXErrors", "Average", 0.05)
        assert plain(alarm["AlarmDescription"]).endswith("5 % of the requests are answered with a 5XX code.")

    @pytest.mark.parametrize(
        ("argument", "metric", "threshold"),
        [("cpu", "CPUUtilization", 3840), ("gpu", "GPUUtilization", 320), ("gpu_memory", "GPUMemoryUtilization", 320)],
    )
    def test_a_percentage_is_of_all_vcpus_and_gpus(self, stack, argument, metric, threshold):
        only(real_time(stack), "real_time", **{argument: 80})
        alarm = one(stack)
        assert (alarm["MetricName"], alarm["Threshold"]) == (metric, threshold)

    def test_the_backlog_is_watched_in_seconds(self, stack):
        only(asynchronous(stack), "asynchronous", backlog_age=cdk.Duration.minutes(30))
        assert (one(stack)["Threshold"], one(stack)["Unit"]) == (1800, "Seconds")

    def test_a_backlog_without_capacity_lasts(self, stack):
        only(asynchronous(stack), "asynchronous", backlog_without_capacity=cdk.Duration.minutes(20))
        alarm = one(stack)
        assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (300, 4, 4)
        assert alarm["Threshold"] == 1

    def test_cache_misses_are_the_rest_of_the_hits(self, stack):
        only(multi_model(stack), "multi_model", cache_misses=0.3)
        alarm = one(stack)
        shown, hits = alarm["Metrics"]
        assert (shown["Expression"], shown["ReturnData"], alarm["Threshold"]) == ("1 - hits", True, 0.3)
        assert (hits["MetricStat"]["Metric"]["MetricName"], hits["MetricStat"]["Stat"]) == ("ModelCacheHit", "Average")

    def test_models_that_are_not_cached_are_not_expected_to_be(self, stack):
        models = ModelData.from_s3_prefix("models", "tenants/")
        endpoint = MultiModelEndpoint(
            stack, "Uncached", container=Container(IMAGE), models=models, instances=M5, cache_models=False
        )
        assert not {"AllTraffic-cache-misses", "AllTraffic-unloads"} & set(endpoint.add_alarms())

    def test_a_share_beyond_one_is_refused(self, stack):
        with pytest.raises(ValueError, match=r"errors is 5; it is a share: 0\.05 stands for five percent"):
            real_time(stack).add_alarms(errors=5)

    def test_nothing_is_made_when_something_is_refused(self, stack):
        with pytest.raises(ValueError, match="memory is 101; it is a percentage"):
            real_time(stack).add_alarms(memory=101)
        assert made(stack) == []

    def test_a_value_of_zero_is_refused(self, stack):
        with pytest.raises(ValueError, match="cpu is 0"):
            real_time(stack).add_alarms(cpu=0)

    def test_a_value_that_is_known_at_deployment_is_taken(self, stack):
        parameter = cdk.CfnParameter(stack, "Share", type="Number")
        only(real_time(stack), "real_time", errors=parameter.value_as_number)
        assert one(stack)["Threshold"] == {"Ref": "Share"}

    def test_but_not_where_it_is_multiplied(self, stack):
        parameter = cdk.CfnParameter(stack, "Percent", type="Number")
        with pytest.raises(ValueError, match="cannot be multiplied by vCPUs"):
            real_time(stack).add_alarms(cpu=parameter.value_as_number)

    def test_gpus_that_are_not_there_are_not_watched(self, stack):
        with pytest.raises(ValueError, match=r"Pipeline cannot have the alarm gpu: .* equally many GPUs"):
            MADE["pipeline"](stack).add_alarms(gpu=95)

    def test_pools_of_unlike_instances_have_no_percentage(self, stack):
        pools = Instances("ml.m5.xlarge", pools=["ml.m5.2xlarge"])
        endpoint = RealTimeEndpoint(stack, "Pools", container=CONTAINER, instances=pools)
        with pytest.raises(ValueError, match="cannot have the alarm cpu"):
            endpoint.add_alarms(cpu=80)
        assert "AllTraffic-cpu" not in endpoint.add_alarms()

    def test_pools_of_like_instances_have_one(self, stack):
        pools = Instances("ml.m5.xlarge", pools=["ml.m6i.xlarge"])
        only(RealTimeEndpoint(stack, "Pools", container=CONTAINER, instances=pools), "real_time", cpu=50)
        assert one(stack)["Threshold"] == 200

    def test_only_the_variants_with_gpus_are_watched_for_them(self, stack):
        variants = [
            Variant("small", container=CONTAINER, instances=M5),
            Variant("large", container=CONTAINER, instances=G5),
        ]
        endpoint = MultiVariantEndpoint(stack, "Mixed", variants=variants)
        assert set(only(endpoint, "multi_variant", gpu=90)) == {"large-gpu"}

    def test_concurrency_that_is_not_provisioned_is_not_watched(self, stack):
        endpoint = ServerlessEndpoint(stack, "Cold", container=CONTAINER, memory_mb=2048, max_concurrency=5)
        assert not {"AllTraffic-provisioned-concurrency", "AllTraffic-spillover"} & set(
            endpoint.add_alarms(memory=None)
        )
        with pytest.raises(ValueError, match=r"cannot have the alarm spillover: .* provisioned"):
            endpoint.add_alarms(spillover=0.2)

    def test_of_an_endpoint_that_exists_already_the_user_may_know_more(self, stack):
        found = ServerlessEndpoint.from_endpoint_name(stack, "Found", "found")
        assert set(only(found, "serverless", spillover=0.2)) == {"AllTraffic-spillover"}
        variants = MultiVariantEndpoint.from_endpoint_name(stack, "Both", "both", variants=["a", "b"])
        assert set(only(variants, "multi_variant", errors=0.1)) == {"a-errors", "b-errors"}


class TestWhatHappens:
    def test_a_topic_and_an_action_are_told(self, stack):
        topic = aws_sns.Topic(stack, "Topic")
        known = aws_sns.Topic.from_topic_arn(stack, "Known", "arn:aws:sns:eu-west-1:123456789012:known")
        code = aws_lambda.Code.from_inline("def handler(event, context): ...")
        runtime = aws_lambda.Runtime.PYTHON_3_13
        function = aws_lambda.Function(stack, "Function", code=code, runtime=runtime, handler="index.handler")
        action = aws_cloudwatch_actions.LambdaAction(function)
        only(real_time(stack), "real_time", errors=0.1, actions=[topic, action], ok_actions=[known])
        alarm = one(stack)
        assert [next(iter(each)) for each in alarm["AlarmActions"]] == ["Ref", "Fn::GetAtt"]
        assert alarm["OKActions"] == ["arn:aws:sns:eu-west-1:123456789012:known"]

    def test_how_long_it_takes_is_adjustable(self, stack):
        options = {"period": timedelta(minutes=1), "evaluation_periods": 5, "datapoints_to_alarm": 4}
        only(real_time(stack), "real_time", errors=0.1, **options)
        alarm = one(stack)
        assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (60, 5, 4)

    def test_the_period_is_that_of_each_metric_of_an_expression(self, stack):
        only(multi_model(stack), "multi_model", unloads=0.1, period=cdk.Duration.minutes(10))
        _, unloads, requests = one(stack)["Metrics"]
        assert (unloads["MetricStat"]["Period"], requests["MetricStat"]["Period"]) == (600, 600)

    def test_one_period_is_enough_if_there_is_one(self, stack):
        only(real_time(stack), "real_time", errors=0.1, evaluation_periods=1)
        assert one(stack)["DatapointsToAlarm"] == 1

    def test_alarms_have_no_names_of_their_own(self, stack):
        real_time(stack).add_alarms()
        assert not any("AlarmName" in alarm for alarm in made(stack))

    def test_unless_they_are_given_a_prefix(self, stack):
        only(multi_variant(stack), "multi_variant", errors=0.1, name_prefix="churn")
        assert {alarm["AlarmName"] for alarm in made(stack)} == {"churn-champion-errors", "churn-challenger-errors"}

    def test_names_and_actions_end_where_cloudwatch_does(self, stack):
        endpoint, topic = real_time(stack), aws_sns.Topic(stack, "Topic")
        with pytest.raises(ValueError, match=r"has 256 characters, more than 255 \(name_prefix\)"):
            only(endpoint, "real_time", errors=0.1, name_prefix="x" * 238)
        with pytest.raises(ValueError, match="there are 6 ok_actions; an alarm has at most 5"):
            only(endpoint, "real_time", errors=0.1, ok_actions=[topic] * 6)
        assert only(endpoint, "real_time", errors=0.1, name_prefix="x" * 237, actions=[topic] * 5)

    @pytest.mark.parametrize(
        ("options", "reason"),
        [
            ({"datapoints_to_alarm": 4}, "datapoints_to_alarm is 4; of 3 periods it is 1 to 3"),
            ({"datapoints_to_alarm": 0}, "datapoints_to_alarm is 0"),
            ({"evaluation_periods": 289}, "289 periods of 300 s are longer than CloudWatch looks back, 86400 s"),
            ({"evaluation_periods": 169, "period": timedelta(hours=1)}, "longer than .* 604800 s"),
        ],
    )
    def test_what_cloudwatch_refuses_is_refused(self, stack, options, reason):
        with pytest.raises(ValueError, match=reason):
            real_time(stack).add_alarms(**options)

    @pytest.mark.parametrize(
        "options", [{"evaluation_periods": 288}, {"evaluation_periods": 168, "period": timedelta(hours=1)}]
    )
    def test_and_what_it_takes_is_taken(self, stack, options):
        assert real_time(stack).add_alarms(**options)

    def test_a_time_is_rounded_up_to_whole_periods(self, stack):
        time, period = cdk.Duration.minutes(15), cdk.Duration.minutes(10)
        only(asynchronous(stack), "asynchronous", backlog_without_capacity=time, period=period)
        alarm = one(stack)
        assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (600, 2, 2)

    def test_alarms_come_in_several_calls(self, stack):
        endpoint = real_time(stack)
        only(endpoint, "real_time", errors=0.1)
        only(endpoint, "real_time", disk=90)
        assert [alarm.node.id for alarm in endpoint.alarms] == ["Alarm-AllTraffic-errors", "Alarm-AllTraffic-disk"]
        assert isinstance(endpoint.alarms[0], aws_cloudwatch.Alarm)
