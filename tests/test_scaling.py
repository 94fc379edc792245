"""Policies of autoscaling: what they become in the template, and what is refused."""

from __future__ import annotations

import json
from datetime import timedelta

import aws_cdk as cdk
import botocore.session
import pytest
from aws_cdk import aws_cloudwatch as cloudwatch
from conftest import CONTEXT
from specs import IMAGE, spec_of
from templates import Synthesised

from sm_constructs import (
    Container,
    CustomMetric,
    InferenceComponent,
    InferenceComponentEndpoint,
    Instances,
    InvalidHosting,
    MultiVariantEndpoint,
    RealTimeEndpoint,
    Scaling,
    ServerlessEndpoint,
    Step,
    StepScaling,
    TargetTracking,
    Variant,
)
from sm_constructs.facts import limit
from sm_constructs.rules import check
from sm_constructs.scaling_metrics import METRICS, described, plus
from sm_constructs.spec import Serverless
from sm_constructs.template import read

POLICY = "AWS::ApplicationAutoScaling::ScalingPolicy"
TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
ALARM = "AWS::CloudWatch::Alarm"


LARGE = Instances("ml.m5.xlarge")


def endpoint(stack, *policies, on=LARGE):
    scaling = Scaling(1, 4, policies=policies)
    return RealTimeEndpoint(stack, "Scorer", container=Container(IMAGE), instances=on, scaling=scaling)


def made(stack, kind=POLICY):
    """Give the properties of the resources of a type, those of policies by name."""
    found = [each for each in Synthesised(stack).json["Resources"].values() if each["Type"] == kind]
    return {each["Properties"].get("PolicyName", index): each["Properties"] for index, each in enumerate(found)}


def tracking(stack):
    (policy,) = made(stack).values()
    return policy["TargetTrackingScalingPolicyConfiguration"]


class TestTargetTracking:
    def test_high_resolution(self, stack):
        endpoint(stack, TargetTracking.concurrent_requests_per_model(5))
        metric = {"PredefinedMetricType": "SageMakerVariantConcurrentRequestsPerModelHighResolution"}
        assert tracking(stack) == {"PredefinedMetricSpecification": metric, "TargetValue": 5}

    @pytest.mark.parametrize(
        ("policy", "metric", "size", "target"),
        [
            (TargetTracking.cpu_utilization, "CPUUtilization", "ml.m5.xlarge", 240),
            (TargetTracking.cpu_utilization, "CPUUtilization", "ml.m5.24xlarge", 5760),
            (TargetTracking.memory_utilization, "MemoryUtilization", "ml.m5.24xlarge", 60),
            (TargetTracking.gpu_utilization, "GPUUtilization", "ml.g5.xlarge", 60),
            (TargetTracking.gpu_utilization, "GPUUtilization", "ml.g5.12xlarge", 240),
            (TargetTracking.gpu_memory_utilization, "GPUMemoryUtilization", "ml.g5.48xlarge", 480),
        ],
    )
    def test_percent_of_one_vcpu_or_gpu_become_those_of_all(self, stack, policy, metric, size, target):
        endpoint(stack, policy(60), on=Instances(size))
        made_of_it = tracking(stack)
        name = Synthesised(stack).ids("AWS::SageMaker::Endpoint")[0]
        assert made_of_it == {
            "CustomizedMetricSpecification": {
                "Namespace": "/aws/sagemaker/Endpoints",
                "MetricName": metric,
                "Dimensions": [
                    {"Name": "EndpointName", "Value": {"Fn::GetAtt": [name, "EndpointName"]}},
                    {"Name": "VariantName", "Value": "AllTraffic"},
                ],
                "Statistic": "Average",
                "Unit": "Percent",
            },
            "TargetValue": target,
        }

    def test_pools_of_one_size_have_one_target(self, stack):
        endpoint(stack, TargetTracking.cpu_utilization(50), on=Instances("ml.m5.xlarge", pools=["ml.m6i.xlarge"]))
        assert tracking(stack)["TargetValue"] == 200

    def test_the_uses_of_a_component_are_normalised(self, stack):
        scaling = Scaling(1, 4, policies=[TargetTracking.cpu_utilization(60)])
        component = InferenceComponent("trees", container=Container(IMAGE), memory_mb=512, cpus=2, scaling=scaling)
        InferenceComponentEndpoint(stack, "E", instances=Instances("ml.m5.2xlarge"), components=[component])
        metric = tracking(stack)["CustomizedMetricSpecification"]
        assert tracking(stack)["TargetValue"] == 60
        assert (metric["Namespace"], metric["MetricName"]) == (
            "/aws/sagemaker/InferenceComponents",
            "CPUUtilizationNormalized",
        )
        assert [dimension["Name"] for dimension in metric["Dimensions"]] == ["InferenceComponentName"]

    def test_any_metric_of_the_cdk(self, stack):
        metric = cloudwatch.Metric(
            namespace="Shop",
            metric_name="Waiting",
            dimensions_map={"Queue": "orders"},
            statistic="max",
            unit=cloudwatch.Unit.COUNT_PER_SECOND,
        )
        endpoint(stack, TargetTracking.on_metric(metric, 10, scale_out_cooldown=timedelta(0)))
        assert tracking(stack) == {
            "CustomizedMetricSpecification": {
                "Namespace": "Shop",
                "MetricName": "Waiting",
                "Dimensions": [{"Name": "Queue", "Value": "orders"}],
                "Statistic": "Maximum",
                "Unit": "Count/Second",
            },
            "TargetValue": 10,
            "ScaleOutCooldown": 0,
        }

    @pytest.mark.parametrize("follow", [lambda m: TargetTracking.on_metric(m, 1), lambda m: StepScaling(m, [])])
    def test_a_calculation_is_refused(self, follow):
        metric = cloudwatch.Metric(namespace="Shop", metric_name="Waiting")
        with pytest.raises(TypeError, match="calculation"):
            follow(cloudwatch.MathExpression(expression="a * 2", using_metrics={"a": metric}))

    def test_units_are_those_that_cloudwatch_knows(self):
        model = botocore.session.get_session().get_service_model("cloudwatch")
        units = {
            described(cloudwatch.Metric(namespace="a", metric_name="b", unit=unit))[0].unit for unit in cloudwatch.Unit
        }
        assert units == set(model.shape_for("StandardUnit").enum)

    def test_ids_and_names_come_from_the_metric_never_from_the_order(self):
        policies = [
            TargetTracking.cpu_utilization(50),
            TargetTracking.invocations_per_instance(70),
            StepScaling("CPUUtilization", [Step(None, 10, -1), Step(90, None, 1)]),
            TargetTracking.on_metric(CustomMetric("a/b", namespace="c"), 1),
            TargetTracking.on_metric(CustomMetric("a/b", namespace="d"), 1, name="other"),
        ]
        templates = []
        for ordered in (policies, policies[::-1]):
            stack = cdk.Stack(cdk.App(context=CONTEXT), "Stack")
            endpoint(stack, *ordered)
            templates.append(Synthesised(stack).json["Resources"])
        assert templates[0] == templates[1]
        names = {each["Properties"].get("PolicyName") for each in templates[0].values()} - {None}
        assert names == {
            "CPUUtilization",
            "InvocationsPerInstance",
            "CPUUtilization-Low",
            "CPUUtilization-High",
            "a/b",
            "other",
        }


class TestStepScaling:
    @pytest.mark.parametrize(
        ("steps", "options", "expected"),
        [
            ([(None, 20, -1)], {}, {"Low": (20, [(None, 0, -1)])}),
            ([(70, None, 1)], {}, {"High": (70, [(0, None, 1)])}),
            (
                [(80, None, 3), (60, 80, 1), (None, 10, -2), (10, 25, -1)],
                {},
                {"Low": (25, [(None, -15, -2), (-15, 0, -1)]), "High": (60, [(0, 20, 1), (20, None, 3)])},
            ),
            # No range in which the capacity is right: they part where taking away turns into adding.
            (
                [(None, 10, -2), (10, 50, -1), (50, None, 1)],
                {},
                {"Low": (50, [(None, -40, -2), (-40, 0, -1)]), "High": (50, [(0, None, 1)])},
            ),
            (
                [(None, 10, 1), (10, 50, 2), (50, None, 4)],
                {"adjustment": "exact"},
                {"Low": (10, [(None, 0, 1)]), "High": (10, [(0, 40, 2), (40, None, 4)])},
            ),
            # A metric that is small where capacity is missing.
            ([(None, 10, 2), (50, None, -1)], {}, {"Low": (10, [(None, 0, 2)]), "High": (50, [(0, None, -1)])}),
            ([(0.1, 0.3, 1), (0.3, None, 2)], {}, {"High": (0.1, [(0, 0.2, 1), (0.2, None, 2)])}),
        ],
    )
    def test_each_side_is_a_policy_with_its_alarm(self, stack, steps, options, expected):
        endpoint(stack, StepScaling("MemoryUtilization", [Step(*step) for step in steps], **options))
        resources = Synthesised(stack).json["Resources"]
        alarms = {
            alarm["Properties"]["AlarmActions"][0]["Ref"]: alarm["Properties"]
            for alarm in resources.values()
            if alarm["Type"] == ALARM
        }
        found = {}
        for id, policy in resources.items():
            if policy["Type"] == POLICY:
                side = policy["Properties"]["PolicyName"].rpartition("-")[2]
                compared = {"Low": "LessThanOrEqualToThreshold", "High": "GreaterThanOrEqualToThreshold"}[side]
                assert alarms[id]["ComparisonOperator"] == compared
                found[side] = (
                    alarms[id]["Threshold"],
                    [
                        (
                            step.get("MetricIntervalLowerBound"),
                            step.get("MetricIntervalUpperBound"),
                            step["ScalingAdjustment"],
                        )
                        for step in policy["Properties"]["StepScalingPolicyConfiguration"]["StepAdjustments"]
                    ],
                )
        assert found == expected
        assert len(alarms) == len(expected)

    def test_percent_of_one_vcpu_become_those_of_all(self, stack):
        endpoint(stack, StepScaling("CPUUtilization", [Step(50, 75.5, 1), Step(75.5, None, 2)]))
        (alarm,), (policy,) = made(stack, ALARM).values(), made(stack).values()
        assert alarm["Threshold"] == 200
        assert policy["StepScalingPolicyConfiguration"]["StepAdjustments"] == [
            {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 102, "ScalingAdjustment": 1},
            {"MetricIntervalLowerBound": 102, "ScalingAdjustment": 2},
        ]

    def test_what_is_said_of_policy_and_alarm(self, stack):
        metric = cloudwatch.Metric(
            namespace="Shop", metric_name="Wait", statistic="p90", period=cdk.Duration.seconds(30)
        )
        steps = StepScaling(
            metric,
            [Step(5, None, 50)],
            adjustment="percent",
            min_change=2,
            cooldown=timedelta(0),
            evaluation_periods=3,
            datapoints_to_alarm=2,
            missing_data="ignore",
        )
        endpoint(stack, steps)
        (policy,), (alarm,) = made(stack).values(), made(stack, ALARM).values()
        assert policy["StepScalingPolicyConfiguration"] == {
            "AdjustmentType": "PercentChangeInCapacity",
            "Cooldown": 0,
            "MetricAggregationType": "Average",
            "MinAdjustmentMagnitude": 2,
            "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 50}],
        }
        del alarm["AlarmActions"]
        assert alarm == {
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "DatapointsToAlarm": 2,
            "EvaluationPeriods": 3,
            "ExtendedStatistic": "p90",
            "MetricName": "Wait",
            "Namespace": "Shop",
            "Period": 30,
            "Threshold": 5,
            "TreatMissingData": "ignore",
        }

    def test_provisioned_concurrency(self, stack):
        ServerlessEndpoint(
            stack,
            "E",
            container=Container(IMAGE),
            memory_mb=1024,
            max_concurrency=9,
            provisioned_concurrency=1,
            scaling=Scaling(
                1, 9, policies=[StepScaling("ServerlessProvisionedConcurrencyUtilization", [Step(0.7, None, 1)])]
            ),
        )
        (alarm,) = made(stack, ALARM).values()
        assert (alarm["Namespace"], alarm["Statistic"], alarm["Threshold"]) == ("AWS/SageMaker", "Maximum", 0.7)

    def test_sums_are_those_of_paper(self):
        assert (plus(0.1, 0.2), plus(0.3, -0.1), plus(70, -70)) == (0.3, 0.2, 0)

    def test_steps_are_the_same_in_any_order(self):
        steps = [Step(None, 10, -1), Step(50, 60, 1), Step(60, None, 2)]
        assert StepScaling("CPUUtilization", steps) == StepScaling("CPUUtilization", steps[::-1])


class TestVariants:
    def variants(self, **options):
        return [
            Variant(name, container=Container(IMAGE), instances=Instances("ml.m5.large"), **options) for name in "ab"
        ]

    def test_all_scale_at_once_but_for_those_that_say_otherwise(self, stack):
        own = Scaling(1, 2, policies=[TargetTracking.invocations_per_instance(7)])
        variants = [
            *self.variants(),
            Variant("c", container=Container(IMAGE), instances=Instances("ml.m5.large"), scaling=own),
        ]
        common = Scaling(1, 8, policies=[TargetTracking.invocations_per_instance(70)])
        shared = MultiVariantEndpoint(stack, "E", variants=variants, scaling=common)
        assert [variant.scaling for variant in shared.variants] == [common, common, own]
        assert [target["MaxCapacity"] for target in made(stack, TARGET).values()] == [8, 8, 2]

    def test_a_shadow_variant_does_not_scale(self, stack):
        live, shadow = self.variants()
        common = Scaling(1, 8, policies=[TargetTracking.invocations_per_instance(70)])
        MultiVariantEndpoint(stack, "E", variants=[live], shadow=shadow, scaling=common)
        assert len(made(stack, TARGET)) == 1

    def test_a_problem_names_the_argument_that_made_it(self, stack):
        with pytest.raises(InvalidHosting, match=r"SMC601 scaling\.min_capacity is 0"):
            MultiVariantEndpoint(stack, "E", variants=self.variants()[:1], scaling=Scaling(0, 4))


class TestChecks:
    def test_what_the_size_of_the_instances_leaves_open_is_said_with_what_to_do(self):
        scaling = Scaling(1, 4, policies=[TargetTracking.cpu_utilization(50)])
        instances = Instances("ml.m5.large", pools=["ml.m5.xlarge"])
        (problem,) = check(spec_of(instances=instances, scaling=scaling))
        assert problem.code == "SMC615"
        assert "ml.m5.large, ml.m5.xlarge; give types of one size" in problem.message

    @pytest.mark.parametrize("kind", ["real-time", "asynchronous", "serverless", "inference-components"])
    def test_every_metric_goes_with_its_kind_and_no_other(self, kind):
        """What is checked against each other: metric, dimension, kind of endpoint."""
        of_kind = {name for (_, name), metric in METRICS.items() if kind in metric.kinds}
        others = {name for _, name in METRICS} - of_kind
        assert of_kind
        assert others

        def refused(name):
            scaling = Scaling(1, 4, policies=[TargetTracking(name, 50)])
            if kind == "inference-components":
                component = InferenceComponent("c", container=Container(IMAGE), memory_mb=512, scaling=scaling)
                return {p.code for p in check(spec_of(components=[component], instances=Instances("ml.g5.xlarge")))}
            on = {"instances": Instances("ml.g5.xlarge")}
            if kind == "serverless":
                on = {"serverless": Serverless(memory_mb=1024, max_concurrency=9, provisioned_concurrency=1)}
            return {p.code for p in check(spec_of(kind=kind, scaling=scaling, **on))}

        assert {name for name in of_kind | others if "SMC611" in refused(name)} == others

    def test_every_predefined_metric_is_offered(self):
        predefined = {name for (_, name), metric in METRICS.items() if metric.published is None}
        assert predefined == set(limit("autoscaling", "predefined_metrics"))


class TestReading:
    def test_a_policy_on_instances_of_unknown_size_follows_a_metric_like_any_other(self, stack):
        endpoint(stack, TargetTracking.cpu_utilization(50))
        template = Synthesised(stack).json
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::SageMaker::EndpointConfig":
                resource["Properties"]["ProductionVariants"][0]["InstanceType"] = {"Ref": "Type"}
        (found,) = read(template)
        (policy,) = found.spec.variants[0].scaling.policies
        assert (policy.metric.name, policy.target) == ("CPUUtilization", 200)
        assert [p.code for p in check(found.spec) if p.code.startswith("SMC61")] == []

    @pytest.mark.parametrize(
        "change",
        [
            {"ComparisonOperator": "GreaterThanThreshold"},
            {"Threshold": {"Ref": "Threshold"}},
            {"MetricName": None},
        ],
    )
    def test_an_alarm_that_a_spec_would_not_make_leaves_its_policy_untold(self, stack, change):
        endpoint(stack, StepScaling("MemoryUtilization", [Step(50, None, 1)]))
        template = json.loads(json.dumps(Synthesised(stack).json))
        for resource in template["Resources"].values():
            if resource["Type"] == ALARM:
                resource["Properties"] |= change
        (found,) = read(template)
        assert found.spec.variants[0].scaling.policies == ()
        assert any("StepScalingPolicyConfiguration" in place for place in found.untold)
