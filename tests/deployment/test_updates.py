"""Each kind of endpoint is updated in every way that it has, on the embedded AWS, and looked at with boto3."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import aws_cdk as cdk
import pytest
from conftest import CONTEXT

from deployment.ways import ALARM, KINDS, POLICIES, SHIFTED, WAYS, expected, guarded, later, make
from sm_constructs import InvalidHosting, Scaling
from sm_constructs.local import EmbeddedAws

CASES = [(kind, name) for name, way in WAYS.items() for kind in KINDS if kind not in way.excluded]
EXCLUDED = [(kind, name) for name, way in WAYS.items() for kind in KINDS if kind in way.excluded and name != "copies"]
#: A rollout that an alarm watches, by the kind and by what is rolled out.
GUARDED = [*((kind, "endpoint") for kind in KINDS if kind != "Serverless"), ("Components", "copies")]

Template = Mapping[str, Any]
Key = tuple[str, str]


def said(kind: str, name: str) -> Mapping[str, Any]:
    """Give the arguments for a template by its name: that of a way, or of another state that a test needs."""
    if name == "first":
        return {}
    if name == "later":
        return later(kind)
    if name in WAYS:
        return WAYS[name].said(kind)
    part, version = name.split()
    return guarded(kind, part, int(version))


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Mapping[Key, Template]:
    """All templates by their kinds and names; one application, so that Node synthesises once."""
    folder = tmp_path_factory.mktemp("updates")
    wanted: list[Key] = [*((kind, name) for kind in KINDS for name in ("first", "later")), *CASES]
    wanted += [(kind, f"{part} {version}") for kind, part in GUARDED for version in (1, 2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        app = cdk.App(context=CONTEXT, outdir=str(folder / "cdk.out"))
        for index, (kind, name) in enumerate(wanted):
            make(kind, cdk.Stack(app, f"Stack{index}", stack_name=kind), **said(kind, name))
        app.synth()
    found = {}
    for index, key in enumerate(wanted):
        template = json.loads((folder / "cdk.out" / f"Stack{index}.template.json").read_text())
        del template["Parameters"], template["Rules"]  # there is no bootstrap stack
        found[key] = template
    return found


class Seen:
    """All that there is, when an account has one endpoint and nothing is left over."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self._sagemaker: Any = aws.client("sagemaker")
        scaling: Any = aws.client("application-autoscaling")
        cloudwatch: Any = aws.client("cloudwatch")
        sagemaker = self._sagemaker
        (endpoint,) = sagemaker.list_endpoints()["Endpoints"]
        self.endpoint = sagemaker.describe_endpoint(EndpointName=endpoint["EndpointName"])
        (config,) = sagemaker.list_endpoint_configs()["EndpointConfigs"]
        assert config["EndpointConfigName"] == self.endpoint["EndpointConfigName"]
        self.config = sagemaker.describe_endpoint_config(EndpointConfigName=config["EndpointConfigName"])
        self.components = [
            sagemaker.describe_inference_component(InferenceComponentName=each["InferenceComponentName"])
            for each in sagemaker.list_inference_components()["InferenceComponents"]
        ]
        variants = [*self.config["ProductionVariants"], *self.config.get("ShadowProductionVariants", [])]
        used = {variant["ModelName"] for variant in variants if "ModelName" in variant}
        used |= {component["Specification"]["ModelName"] for component in self.components}
        assert {model["ModelName"] for model in sagemaker.list_models()["Models"]} == used
        self.models = [sagemaker.describe_model(ModelName=name) for name in sorted(used)]
        every = {"ServiceNamespace": "sagemaker"}
        self._targets = scaling.describe_scalable_targets(**every)["ScalableTargets"]
        self._policies = scaling.describe_scaling_policies(**every)["ScalingPolicies"]
        self._actions = scaling.describe_scheduled_actions(**every)["ScheduledActions"]
        self._alarms = [alarm for alarm in cloudwatch.describe_alarms()["MetricAlarms"] if alarm["AlarmName"] != ALARM]

    @property
    def identity(self) -> dict[str, Any]:
        """What no update changes."""
        made = [(each["InferenceComponentArn"], each["CreationTime"]) for each in self.components]
        return {"components": made, **{name: self.endpoint[name] for name in ("EndpointArn", "CreationTime")}}

    @property
    def serving(self) -> dict[str, Any]:
        """What the endpoint is made of."""
        return {
            "config": self.config["EndpointConfigName"],
            "models": [model["ModelName"] for model in self.models],
            "specifications": [component["Specification"] for component in self.components],
        }

    def summary(self) -> dict[str, Any]:
        """Say what is there of everything that can be updated."""
        endpoint, config = self.endpoint, self.config
        assert endpoint["EndpointStatus"] == "InService"
        assert {component["InferenceComponentStatus"] for component in self.components} <= {"InService"}
        for name in ("ExplainerConfig", "MetricsConfig"):
            assert endpoint.get(name) == config.get(name)
        containers = [each for model in self.models for each in model.get("Containers") or [model["PrimaryContainer"]]]
        variants, explainer = endpoint["ProductionVariants"], config.get("ExplainerConfig")
        component = self.components[0] if self.components else {}
        specification = component.get("Specification", {})
        return {
            "images": _same(container["Image"] for container in containers),
            "data": _same(_where(container["ModelDataUrl"]) for container in containers),
            "environment": _same(container.get("Environment", {}) for container in containers),
            "counts": _same(variant.get("CurrentInstanceCount") for variant in variants),
            "weights": [variant["CurrentWeight"] for variant in variants],
            "shadows": len(endpoint.get("ShadowProductionVariants", [])),
            "copies": component.get("RuntimeConfig", {}).get("CurrentCopyCount"),
            "deployment": endpoint.get("LastDeploymentConfig"),
            "copies deployment": component.get("LastDeploymentConfig"),
            "placement": specification.get("SchedulingConfig", {}).get("PlacementStrategy"),
            "cached": specification.get("DataCacheConfig", {}).get("EnableCaching"),
            "capture": self._capture(),
            "metrics": config.get("MetricsConfig"),
            "samples": explainer and explainer["ClarifyExplainerConfig"]["ShapConfig"]["NumberOfSamples"],
            "tags": self._tags(),
            "failure": endpoint.get("FailureReason") or component.get("FailureReason"),
            **self._scaling(),
        }

    def _capture(self) -> Any:
        capture = self.config.get("DataCaptureConfig")
        if capture is None:
            assert "DataCaptureConfig" not in self.endpoint
            return None
        runs = self.endpoint["DataCaptureConfig"]
        assert (runs["EnableCapture"], runs["CaptureStatus"]) == (True, "Started")
        modes = [option["CaptureMode"] for option in capture["CaptureOptions"]]
        return runs["CurrentSamplingPercentage"], runs["DestinationS3Uri"], modes

    def _tags(self) -> dict[str, str]:
        """Give the tags that everything has."""
        arns = [self.endpoint["EndpointArn"], self.config["EndpointConfigArn"]]
        arns += [model["ModelArn"] for model in self.models]
        arns += [component["InferenceComponentArn"] for component in self.components]
        found = [self._sagemaker.list_tags(ResourceArn=arn)["Tags"] for arn in arns]
        return _same({tag["Key"]: tag["Value"] for tag in tags} for tags in found)

    def _scaling(self) -> dict[str, Any]:
        """Say how each variant or component scales, which is the same for all."""
        scaled = [f"inference-component/{each['InferenceComponentName']}" for each in self.components] or [
            f"endpoint/{self.endpoint['EndpointName']}/variant/{variant['VariantName']}"
            for variant in self.endpoint["ProductionVariants"]
        ]
        assert {target["ResourceId"] for target in self._targets} in (set(), set(scaled))
        arns = [{policy["PolicyARN"] for policy in self._policies if policy["ResourceId"] == of} for of in scaled]
        return {
            "range": _same((target["MinCapacity"], target["MaxCapacity"]) for target in self._targets)
            if self._targets
            else None,
            "policies": _same(
                {each["PolicyName"]: _policy(each) for each in self._policies if each["ResourceId"] == of}
                for of in scaled
            ),
            "alarms": _same(
                sorted(alarm["Threshold"] for alarm in self._alarms if set(alarm["AlarmActions"]) <= mine)
                for mine in arns
            ),
            "schedule": _same(
                {each["Schedule"]: each["ScalableTargetAction"] for each in self._actions if each["ResourceId"] == of}
                for of in scaled
            ),
        }


def _same(found: Iterable[Any]) -> Any:
    """Give what all of them are."""
    first, *others = found
    assert [other for other in others if other != first] == []
    return first


def _where(url: str) -> str:
    """Give where a model comes from; what is packed is named after its bytes."""
    return "packed" if "-assets-" in url else url


def _policy(policy: Mapping[str, Any]) -> Any:
    """Give the target of a policy, or its steps."""
    if "TargetTrackingScalingPolicyConfiguration" in policy:
        return policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"]
    return [
        (step.get("MetricIntervalLowerBound"), step.get("MetricIntervalUpperBound"), step["ScalingAdjustment"])
        for step in policy["StepScalingPolicyConfiguration"]["StepAdjustments"]
    ]


class Deployed:
    """A stack with one endpoint, the only one there is, through all its states."""

    def __init__(self, aws: EmbeddedAws, kind: str) -> None:
        self.aws, self.kind = aws, kind
        self._cloudformation: Any = aws.client("cloudformation")
        self._made = False
        aws.reset()
        aws.client("cloudwatch").put_metric_alarm(
            AlarmName=ALARM,
            Namespace="AWS/SageMaker",
            MetricName="Invocation5XXErrors",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
        )

    def deploy(self, template: Template) -> str:
        """Create or update the stack, and give the state that it is in then."""
        act = self._cloudformation.update_stack if self._made else self._cloudformation.create_stack
        self._made = True
        act(StackName=self.kind, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"])
        (stack,) = self._cloudformation.describe_stacks(StackName=self.kind)["Stacks"]
        return str(stack["StackStatus"])

    def failures(self) -> dict[str, str]:
        """Give the reasons for which resources have failed, by their types."""
        events = self._cloudformation.describe_stack_events(StackName=self.kind)["StackEvents"]
        failed = [event for event in events if event["ResourceStatus"].endswith("_FAILED")]
        return {event["ResourceType"]: event["ResourceStatusReason"] for event in failed}

    def delete(self) -> None:
        self._cloudformation.delete_stack(StackName=self.kind)
        sagemaker: Any = self.aws.client("sagemaker")
        scaling: Any = self.aws.client("application-autoscaling")
        assert sagemaker.list_endpoints()["Endpoints"] == []
        assert sagemaker.list_endpoint_configs()["EndpointConfigs"] == []
        assert sagemaker.list_models()["Models"] == []
        assert sagemaker.list_inference_components()["InferenceComponents"] == []
        assert scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []

    def shift(self, seen: Seen, **change: int) -> None:
        """Change the variants, or the copies, as people and autoscaling do between deployments."""
        sagemaker: Any = self.aws.client("sagemaker")
        if self.kind == "Serverless":
            change.pop("DesiredInstanceCount", None)
        if change:
            variants = [variant["VariantName"] for variant in seen.endpoint["ProductionVariants"]]
            sagemaker.update_endpoint_weights_and_capacities(
                EndpointName=seen.endpoint["EndpointName"],
                DesiredWeightsAndCapacities=[{"VariantName": name, **change} for name in variants],
            )
        for component in seen.components:
            sagemaker.update_inference_component_runtime_config(
                InferenceComponentName=component["InferenceComponentName"], DesiredRuntimeConfig={"CopyCount": SHIFTED}
            )

    def ring(self, state: str) -> None:
        self.aws.client("cloudwatch").set_alarm_state(AlarmName=ALARM, StateValue=state, StateReason="a test")


INSTANCES = {"DesiredInstanceCount": SHIFTED}
INSTANCES_AND_WEIGHTS = {**INSTANCES, "DesiredWeight": SHIFTED}


class Story:
    """One stack through all its updates, and what was seen after each."""

    def __init__(self, aws: EmbeddedAws, kind: str, templates: Mapping[Key, Template]) -> None:
        self.seen: dict[str, Any] = {}
        deployed = Deployed(aws, kind)
        seen: Seen | None = None
        for name in ["first", *(name for of, name in CASES if of == kind)]:
            if seen is not None:
                reaches = kind != "Components" or WAYS[name].reaches_instances
                deployed.shift(seen, **(INSTANCES_AND_WEIGHTS if reaches else {}))
            try:
                state = deployed.deploy(templates[kind, name])
                seen = Seen(aws)
                self.seen[name] = {"state": state, **seen.identity, **seen.summary()}
            except Exception as error:
                self.seen[name] = error  # the test of this step fails, and the story goes on
        deployed.delete()

    def expected(self, kind: str, name: str) -> dict[str, Any]:
        """Say what is to be seen."""
        state = "CREATE_COMPLETE" if name == "first" else "UPDATE_COMPLETE"
        first = {what: self.seen["first"][what] for what in ("components", "EndpointArn", "CreationTime")}
        return {"state": state, **first, **expected(kind, WAYS.get(name))}


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as running:
        yield running


@pytest.fixture(scope="module")
def story_of(aws: EmbeddedAws, templates: Mapping[Key, Template]) -> Callable[[str], Story]:
    told: dict[str, Story] = {}

    def of(kind: str) -> Story:
        if kind not in told:
            told[kind] = Story(aws, kind, templates)
        return told[kind]

    return of


@pytest.mark.parametrize(("kind", "name"), sorted([*((kind, "first") for kind in KINDS), *CASES]))
def test_an_update_brings_what_is_said_and_ends_what_was_said_before(story_of, kind, name):
    story = story_of(kind)
    assert story.seen[name] == story.expected(kind, name)


@pytest.mark.parametrize(("kind", "name"), EXCLUDED)
def test_what_a_kind_does_not_have_is_refused_before_anything_is_made(stack, kind, name):
    with pytest.raises((InvalidHosting, TypeError)):  # or it is not even an argument
        make(kind, stack, **WAYS[name].said(kind))
    assert stack.node.children == []


@pytest.mark.parametrize("name", [name for name, policy in POLICIES.items() if set(policy.kinds) < set(KINDS)])
def test_a_policy_that_a_kind_does_not_have_is_refused(app, name):
    policy = POLICIES[name]
    for kind in KINDS:
        if kind not in policy.kinds:
            with pytest.raises(InvalidHosting, match="policies"):
                make(kind, cdk.Stack(app, kind), scaling=Scaling(1, 4, policies=[policy.make(policy.target)]))


@pytest.mark.parametrize("kind", KINDS)
def test_an_update_of_which_something_else_fails_later_leaves_the_old_endpoint_serving(aws, templates, kind):
    """The endpoint has gone over to the new configuration by then, and goes back with the count that scaling chose."""
    deployed = Deployed(aws, kind)
    assert deployed.deploy(templates[kind, "policies"]) == "CREATE_COMPLETE"
    deployed.shift(Seen(aws), **(INSTANCES if kind != "Components" else {}))
    before = Seen(aws)

    resources = templates[kind, "later"]["Resources"]
    nobody = {"ExecutionRoleArn": "nobody"}
    last = {"Type": "AWS::SageMaker::Model", "Properties": nobody, "DependsOn": list(resources)}
    broken = {**templates[kind, "later"], "Resources": {**resources, "Last": last}}
    assert deployed.deploy(broken) == "UPDATE_ROLLBACK_COMPLETE"
    assert set(deployed.failures()) == {"AWS::SageMaker::Model"}
    after = Seen(aws)
    assert (after.identity, after.serving) == (before.identity, before.serving)
    assert after.summary() == before.summary()

    assert deployed.deploy(templates[kind, "later"]) == "UPDATE_COMPLETE"
    assert Seen(aws).serving["config"] != before.serving["config"]
    deployed.delete()


@pytest.mark.parametrize(("kind", "part"), GUARDED)
def test_an_alarm_takes_an_update_back_and_the_old_endpoint_goes_on_serving(aws, templates, kind, part):
    deployed = Deployed(aws, kind)
    assert deployed.deploy(templates[kind, f"{part} 1"]) == "CREATE_COMPLETE"
    deployed.shift(Seen(aws), **INSTANCES_AND_WEIGHTS)
    before = Seen(aws)

    deployed.ring("ALARM")
    assert deployed.deploy(templates[kind, f"{part} 2"]) == "UPDATE_ROLLBACK_COMPLETE"
    after = Seen(aws)
    reason = f"The update was rolled back, since these CloudWatch alarms are in state ALARM: {ALARM}."
    resource = "AWS::SageMaker::InferenceComponent" if part == "copies" else "AWS::SageMaker::Endpoint"
    assert deployed.failures() == {resource: reason}
    assert (after.identity, after.serving) == (before.identity, before.serving)
    assert after.summary() == before.summary() | {"failure": reason}

    deployed.ring("OK")
    assert deployed.deploy(templates[kind, f"{part} 2"]) == "UPDATE_COMPLETE"
    summary = Seen(aws).summary()
    assert (summary["environment"], summary["failure"]) == ({"THREADS": "2"}, None)
    assert Seen(aws).serving != before.serving
    deployed.delete()


def test_an_endpoint_can_begin_with_a_rollout_and_is_made_whatever_its_alarm_says(aws, templates):
    deployed = Deployed(aws, "RealTime")
    deployed.ring("ALARM")
    assert deployed.deploy(templates["RealTime", "canary"]) == "CREATE_COMPLETE"
    assert Seen(aws).summary()["deployment"] == WAYS["canary"].seen("RealTime")["deployment"]
    deployed.delete()
