"""Rollouts, as they stand in the template, and what of them is refused."""

from datetime import timedelta

import aws_cdk as cdk
import pytest
from aws_cdk import assertions, aws_cloudwatch, aws_iam
from specs import IMAGE, MODEL_DATA, spec_of
from templates import Synthesised, plain
from test_round_trip import endpoint_of, only

from sm_constructs import (
    AsyncEndpoint,
    Container,
    InferenceComponent,
    InferenceComponentEndpoint,
    Instances,
    InvalidHosting,
    MultiVariantEndpoint,
    RealTimeEndpoint,
    Rollout,
    S3Location,
    ScaleIn,
    Scaling,
    TargetTracking,
    Variant,
)
from sm_constructs.rules import check

ENDPOINT = "AWS::SageMaker::Endpoint"
COMPONENT = "AWS::SageMaker::InferenceComponent"
CONTAINER = Container(IMAGE, model_data=MODEL_DATA)
MINUTE = timedelta(minutes=1)
LOOK = "cloudwatch:DescribeAlarms"


def real_time(stack, rollout, **options):
    instances = Instances("ml.m5.large", count=4)
    return RealTimeEndpoint(stack, "Churn", container=CONTAINER, instances=instances, rollout=rollout, **options)


def component(**arguments):
    arguments = {"name": "llama", "container": CONTAINER, "memory_mb": 1024, "copies": 4, **arguments}
    return InferenceComponent(arguments.pop("name"), **arguments)


def deployment(stack):
    return Synthesised(stack).properties(ENDPOINT)["DeploymentConfig"]


def codes(**arguments):
    return {(problem.code, problem.path) for problem in check(spec_of(**arguments))}


def test_all_at_once(stack):
    real_time(
        stack,
        Rollout.all_at_once(termination_wait=timedelta(minutes=5), maximum_duration=cdk.Duration.hours(1)),
    )
    assert deployment(stack) == {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0},
            "TerminationWaitInSeconds": 300,
            "MaximumExecutionTimeoutInSeconds": 3600,
        }
    }


@pytest.mark.parametrize(
    ("size", "written"),
    [
        ({"percent": 25}, {"Type": "CAPACITY_PERCENT", "Value": 25}),
        ({"instances": 1}, {"Type": "INSTANCE_COUNT", "Value": 1}),
    ],
    ids=["percent", "instances"],
)
def test_steps_are_a_share_or_a_number_of_instances(stack, app, size, written):
    other = cdk.Stack(app, "Linear")
    real_time(stack, Rollout.canary(**size, bake=timedelta(minutes=10)))
    real_time(other, Rollout.linear(**size, interval=timedelta(seconds=30), termination_wait=timedelta(0)))
    assert deployment(stack) == {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {"Type": "CANARY", "CanarySize": written, "WaitIntervalInSeconds": 600}
        }
    }
    assert deployment(other) == {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {"Type": "LINEAR", "LinearStepSize": written, "WaitIntervalInSeconds": 30},
            "TerminationWaitInSeconds": 0,
        }
    }


def test_rolling_goes_back_in_batches_of_the_same_unit(stack):
    rollout = Rollout.rolling(instances=1, bake=timedelta(0), rollback=2, maximum_duration=timedelta(minutes=10))
    real_time(stack, rollout)
    assert deployment(stack) == {
        "RollingUpdatePolicy": {
            "MaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": 1},
            "RollbackMaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": 2},
            "WaitIntervalInSeconds": 0,
            "MaximumExecutionTimeoutInSeconds": 600,
        }
    }


def test_an_endpoint_without_a_rollout_says_nothing_of_one(stack):
    RealTimeEndpoint(stack, "Churn", container=CONTAINER, instances=Instances("ml.m5.large"))
    synthesised = Synthesised(stack)
    assert "DeploymentConfig" not in synthesised.properties(ENDPOINT)
    assert synthesised.allowed(LOOK) == []


def test_the_role_may_look_at_just_the_alarms(stack):
    metric = aws_cloudwatch.Metric(namespace="Shop", metric_name="Orders")
    orders = aws_cloudwatch.Alarm(stack, "Orders", metric=metric, threshold=1, evaluation_periods=1)
    real_time(stack, Rollout.all_at_once(alarms=[orders, "churn-errors"]))
    (id,) = Synthesised(stack).ids("AWS::CloudWatch::Alarm")
    assert deployment(stack)["AutoRollbackConfiguration"] == {
        "Alarms": [{"AlarmName": {"Ref": id}}, {"AlarmName": "churn-errors"}]
    }
    assert Synthesised(stack).allowed(LOOK) == [
        f"${{{id}.Arn}}",
        "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:churn-errors",
    ]


def test_a_given_role_may_look_at_the_alarms_too(stack):
    role = aws_iam.Role(stack, "Mine", assumed_by=aws_iam.ServicePrincipal("sagemaker.amazonaws.com"))
    real_time(stack, Rollout.all_at_once(alarms=["errors"]), role=role)
    (policy,) = Synthesised(stack).template.find_resources("AWS::IAM::Policy").values()
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    (looking,) = [statement for statement in statements if statement["Action"] == LOOK]
    assert plain(looking["Resource"]).endswith(":alarm:errors")


def test_asynchronous_and_multi_variant_endpoints_have_rollouts_too(stack, app):
    rollout = Rollout.canary(percent=50, bake=MINUTE, alarms=["errors"])
    large = Instances("ml.m5.large")
    AsyncEndpoint(stack, "A", container=CONTAINER, instances=large, output=S3Location("out"), rollout=rollout)
    other = cdk.Stack(app, "Several")
    variants = [Variant(name, container=CONTAINER, instances=large) for name in ("a", "b")]
    MultiVariantEndpoint(other, "M", variants=variants, rollout=rollout)
    for each in (stack, other):
        assert deployment(each)["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]["Type"] == "CANARY"


WATCHED = Rollout.canary(percent=50, bake=timedelta(minutes=10), alarms="default")


class TestDefaultAlarms:
    """The alarms refer to the endpoint, the endpoint only knows their names."""

    def names(self, stack) -> dict[str, dict]:
        alarms = Synthesised(stack).template.find_resources("AWS::CloudWatch::Alarm").values()
        return {alarm["Properties"]["AlarmName"]: alarm["Properties"] for alarm in alarms}

    def rolled_back_by(self, properties: dict) -> list[str]:
        return [alarm["AlarmName"] for alarm in properties["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]]

    def test_errors_and_latency_take_an_update_back(self, stack):
        endpoint = real_time(stack, WATCHED)
        made = self.names(stack)
        names = self.rolled_back_by(Synthesised(stack).properties(ENDPOINT))
        assert names == ["Stack-Churn-AllTraffic-errors", "Stack-Churn-AllTraffic-latency"]
        assert set(made) == set(names)
        assert {alarm["MetricName"] for alarm in made.values()} == {"Invocation5XXErrors", "ModelLatency"}
        assert {(alarm["Period"], alarm["DatapointsToAlarm"]) for alarm in made.values()} == {(60, 2)}
        assert [arn.rpartition(":")[2] for arn in Synthesised(stack).allowed(LOOK)] == names
        assert len(endpoint.alarms) == 2

    def test_they_stand_beside_those_of_add_alarms(self, stack):
        endpoint = real_time(stack, WATCHED)
        made = endpoint.add_alarms()
        assert len(endpoint.alarms) == len(made) + 2

    def test_those_of_an_asynchronous_endpoint_watch_its_failures(self, stack):
        large = Instances("ml.m5.large")
        AsyncEndpoint(stack, "A", container=CONTAINER, instances=large, output=S3Location("out"), rollout=WATCHED)
        (alarm,) = self.names(stack).values()
        assert alarm["MetricName"] == "InvocationFailures"

    def test_each_variant_has_its_own_as_far_as_there_may_be(self, stack):
        def make(id: str, names: str) -> None:
            variants = [Variant(name, container=CONTAINER, instances=Instances("ml.m5.large")) for name in names]
            MultiVariantEndpoint(stack, id, variants=variants, rollout=WATCHED)

        make("Few", "ab")
        assert len(self.rolled_back_by(Synthesised(stack).properties(ENDPOINT))) == len(self.names(stack)) == 4
        with pytest.raises(InvalidHosting, match=r"rollout\.alarms has 12 entries"):
            make("Many", "abcdef")

    def test_a_component_has_its_own(self, stack):
        rollout = Rollout.rolling(copies=2, bake=MINUTE, alarms="default")
        components = [component(rollout=rollout), component(name="other")]
        InferenceComponentEndpoint(stack, "Chat", instances=Instances("ml.g5.12xlarge", count=2), components=components)
        watched = Synthesised(stack).template.find_resources(
            COMPONENT, {"Properties": {"DeploymentConfig": assertions.Match.any_value()}}
        )
        (properties,) = (each["Properties"] for each in watched.values())
        assert set(self.rolled_back_by(properties)) == set(self.names(stack))
        assert len(self.names(stack)) == 2

    def test_long_names_stay_within_what_cloudwatch_takes(self, app):
        stack = cdk.Stack(app, "S" * 120)
        variants = [Variant("v" * 63, container=CONTAINER, instances=Instances("ml.m5.large"))]
        MultiVariantEndpoint(stack, "E" * 150, variants=variants, rollout=WATCHED)
        assert max(map(len, self.names(stack))) <= 255

    def test_one_name_is_no_list_of_names(self):
        with pytest.raises(TypeError, match="alarms is 'errors'; it is a sequence"):
            Rollout.all_at_once(alarms="errors")


class TestComponents:
    def make(self, stack, **arguments):
        return InferenceComponentEndpoint(
            stack,
            "Chat",
            instances=Instances("ml.g5.12xlarge", count=2),
            components=[component(**arguments.pop("component", {}))],
            **arguments,
        )

    def test_a_rollout_of_copies(self, stack):
        rollout = Rollout.rolling(copies=2, bake=MINUTE, rollback=4, alarms=["tokens"])
        self.make(stack, component={"rollout": rollout})
        synthesised = Synthesised(stack)
        assert synthesised.properties(COMPONENT)["DeploymentConfig"] == {
            "RollingUpdatePolicy": {
                "MaximumBatchSize": {"Type": "COPY_COUNT", "Value": 2},
                "RollbackMaximumBatchSize": {"Type": "COPY_COUNT", "Value": 4},
                "WaitIntervalInSeconds": 60,
            },
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "tokens"}]},
        }
        assert "DeploymentConfig" not in synthesised.properties(ENDPOINT)
        assert [arn.rpartition(":")[2] for arn in synthesised.allowed(LOOK)] == ["tokens"]

    def test_caching_and_placement(self, stack):
        self.make(stack, component={"cache_data": False, "placement": "BINPACK", "zone_imbalance": 0})
        specification = Synthesised(stack).properties(COMPONENT)["Specification"]
        assert specification["DataCacheConfig"] == {"EnableCaching": False}
        assert specification["SchedulingConfig"] == {
            "PlacementStrategy": "BINPACK",
            "AvailabilityZoneBalance": {"EnforcementMode": "PERMISSIVE", "MaxImbalance": 0},
        }

    def test_scale_in(self, stack):
        policy = ScaleIn("CONSOLIDATION", most_at_once=3, cooldown=timedelta(minutes=45))
        self.make(stack, scaling=Scaling(0, 4), scale_in=policy)
        (variant,) = Synthesised(stack).properties("AWS::SageMaker::EndpointConfig")["ProductionVariants"]
        assert variant["ManagedInstanceScaling"]["ScaleInPolicy"] == {
            "Strategy": "CONSOLIDATION",
            "MaximumStepSize": 3,
            "CooldownInMinutes": 45,
        }

    @pytest.mark.parametrize(
        ("arguments", "found"),
        [
            ({"rollout": Rollout.rolling(instances=1, bake=MINUTE)}, ("SMC701", "instances")),
            ({"rollout": Rollout.rolling(copies=3, bake=MINUTE)}, ("SMC703", "copies")),
            ({"rollout": Rollout.rolling(percent=51, bake=MINUTE)}, ("SMC702", "percent")),
            ({"copies": 100, "rollout": Rollout.rolling(copies=4, bake=MINUTE)}, ("SMC703", "copies")),
        ],
    )
    def test_what_is_refused(self, arguments, found):
        code, argument = found
        components = [component(**arguments)]
        assert (code, f"components[0].rollout.{argument}") in codes(components=components)

    def test_each_component_is_held_against_its_own_number_of_copies(self):
        rollout = Rollout.rolling(copies=3, bake=MINUTE, alarms=["a"])
        few, many = (
            component(rollout=rollout),
            InferenceComponent("many", container=CONTAINER, memory_mb=1024, copies=6, rollout=rollout),
        )
        found = codes(components=[many, few])
        assert ("SMC703", "components[1].rollout.copies") in found
        assert ("SMC703", "components[0].rollout.copies") not in found

    @pytest.mark.parametrize(
        "policy",
        [
            ScaleIn("CONSOLIDATION", most_at_once=101),
            ScaleIn("CONSOLIDATION", cooldown=timedelta(minutes=4)),
            ScaleIn("CONSOLIDATION", cooldown=timedelta(seconds=330)),
            ScaleIn("OLDEST"),
            ScaleIn("IDLE_RELEASE", cooldown=timedelta(minutes=5)),
        ],
    )
    def test_scale_in_that_is_refused(self, policy):
        found = codes(components=[component()], managed=Scaling(0, 4), scale_in=policy)
        assert {code for code, _ in found} == {"SMC829"}


LARGE = Instances("ml.m5.large", count=10)


@pytest.mark.parametrize(
    ("rollout", "found"),
    [
        (Rollout.canary(bake=MINUTE), ("SMC701", "percent")),
        (Rollout.canary(percent=10, instances=1, bake=MINUTE), ("SMC701", "percent")),
        (Rollout.rolling(copies=1, bake=MINUTE), ("SMC701", "copies")),
        (Rollout.canary(percent=0, bake=MINUTE), ("SMC702", "percent")),
        (Rollout.canary(percent=51, bake=MINUTE), ("SMC702", "percent")),
        (Rollout.canary(percent=12.5, bake=MINUTE), ("SMC702", "percent")),
        (Rollout.linear(percent=51, interval=MINUTE), ("SMC702", "percent")),
        (Rollout.rolling(percent=4, bake=MINUTE), ("SMC702", "percent")),
        (Rollout.rolling(percent=5, bake=MINUTE, rollback=101), ("SMC702", "rollback")),
        (Rollout.rolling(instances=1, bake=MINUTE, rollback=0), ("SMC703", "rollback")),
        (Rollout.canary(instances=6, bake=MINUTE), ("SMC703", "instances")),
        (Rollout.canary(instances=0, bake=MINUTE), ("SMC703", "instances")),
        (Rollout.canary(percent=10, bake=timedelta(seconds=3601)), ("SMC704", "bake")),
        (Rollout.canary(percent=10, bake=timedelta(seconds=-1)), ("SMC704", "bake")),
        (Rollout.linear(percent=10, interval=timedelta(seconds=0.5)), ("SMC704", "interval")),
        (Rollout.all_at_once(termination_wait=timedelta(seconds=3601)), ("SMC704", "termination_wait")),
        (Rollout.all_at_once(maximum_duration=timedelta(seconds=599)), ("SMC704", "maximum_duration")),
        (Rollout.all_at_once(maximum_duration=timedelta(seconds=28801)), ("SMC704", "maximum_duration")),
        (
            Rollout.canary(
                percent=10,
                bake=timedelta(minutes=20),
                termination_wait=timedelta(minutes=10),
                maximum_duration=timedelta(minutes=30),
            ),
            ("SMC705", "maximum_duration"),
        ),
        (
            Rollout.rolling(instances=2, bake=timedelta(minutes=12), maximum_duration=timedelta(hours=1)),
            ("SMC705", "maximum_duration"),
        ),
        (Rollout.all_at_once(alarms=["a"] * 11), ("SMC706", "alarms")),
        (Rollout.all_at_once(alarms=[""]), ("SMC706", "alarms[0]")),
        (Rollout.all_at_once(alarms=["a", "a" * 256]), ("SMC706", "alarms[1]")),
        (Rollout.linear(percent=10, interval=MINUTE), ("SMC711", "alarms")),
    ],
)
def test_a_step_beyond_a_limit_is_found(rollout, found):
    code, argument = found
    assert (code, f"rollout.{argument}") in codes(instances=LARGE, rollout=rollout)


@pytest.mark.parametrize(
    "rollout",
    [
        Rollout.all_at_once(),
        Rollout.all_at_once(alarms=["a" * 255] * 10, termination_wait=timedelta(hours=1)),
        Rollout.canary(percent=1, bake=timedelta(hours=1), alarms=["a"]),
        Rollout.canary(percent=50, bake=timedelta(0)),
        Rollout.canary(instances=5, bake=timedelta(0)),
        Rollout.linear(percent=10, interval=MINUTE, alarms=["a"]),
        Rollout.linear(
            percent=25, interval=timedelta(minutes=10), maximum_duration=timedelta(minutes=33), alarms=["a"]
        ),
        Rollout.rolling(percent=5, bake=MINUTE, alarms=["a"], maximum_duration=timedelta(hours=8)),
        Rollout.rolling(instances=1, bake=timedelta(0), rollback=10),
        Rollout.canary(percent=cdk.Token.as_number({"Ref": "P"}), bake=timedelta(0)),
        Rollout.canary(instances=cdk.Token.as_number({"Ref": "P"}), bake=timedelta(0)),
        Rollout.canary(percent=10, bake=cdk.Duration.seconds(cdk.Token.as_number({"Ref": "P"})), alarms=["a"]),
    ],
)
def test_what_is_allowed_is_not_found(rollout):
    assert codes(instances=LARGE, rollout=rollout) == set()


def test_with_scaling_a_number_of_instances_is_right_for_some_capacity():
    scaling = Scaling(1, 10, policies=[TargetTracking.invocations_per_instance(70)])
    one = Instances("ml.m5.large", count=1)

    def found(instances):
        rollout = Rollout.canary(instances=instances, bake=timedelta(0))
        return {code for code, _ in codes(instances=one, scaling=scaling, rollout=rollout)}

    assert found(1) == set()
    assert found(5) == {"SMC714"}  # while there are ten, it is right
    assert found(6) == {"SMC703"}


# Templates that others wrote.


def rolling_in_a_template(**back):
    policy = {"MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 25}, "WaitIntervalInSeconds": "60"}
    return only(endpoint_of(endpoint={"DeploymentConfig": {"RollingUpdatePolicy": {**policy, **back}}}))


def test_a_way_back_in_another_unit_is_not_told():
    endpoint = rolling_in_a_template(RollbackMaximumBatchSize={"Type": "INSTANCE_COUNT", "Value": 2})
    assert endpoint.spec.rollout == Rollout.rolling(percent=25, bake=MINUTE)
    path = "Resources/Endpoint/Properties/DeploymentConfig/RollingUpdatePolicy"
    assert endpoint.untold == (f"{path}/RollbackMaximumBatchSize",)
    assert endpoint.property_path("rollout.bake") == f"{path}/WaitIntervalInSeconds"


def test_of_two_policies_one_is_not_told():
    both = {
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE"}},
        "RollingUpdatePolicy": {"WaitIntervalInSeconds": 60},
    }
    endpoint = only(endpoint_of(endpoint={"DeploymentConfig": both}))
    assert endpoint.untold == ("Resources/Endpoint/Properties/DeploymentConfig/BlueGreenUpdatePolicy",)
    # The rules find that it does not say how large a batch is.
    assert ("SMC701", "rollout.percent") in {(problem.code, problem.path) for problem in check(endpoint.spec)}


def test_a_canary_without_a_size_is_found():
    routing = {"TrafficRoutingConfiguration": {"Type": "CANARY", "WaitIntervalInSeconds": 0}}
    endpoint = only(endpoint_of(endpoint={"DeploymentConfig": {"BlueGreenUpdatePolicy": routing}}))
    assert ("SMC701", "rollout.percent") in {(problem.code, problem.path) for problem in check(endpoint.spec)}


def test_capture_that_is_switched_off_is_none():
    capture = {"EnableCapture": "false", "DestinationS3Uri": "s3://logs/a/"}
    assert only(endpoint_of(config={"DataCaptureConfig": capture})).spec.data_capture is None
    capture["EnableCapture"] = True
    assert only(endpoint_of(config={"DataCaptureConfig": capture})).spec.data_capture.destination == S3Location(
        "logs", "a/"
    )
