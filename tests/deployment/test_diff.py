"""What ``sm-constructs diff`` says beforehand is what happens on the embedded AWS."""

from __future__ import annotations

import copy
import functools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from conftest import ROOT
from local.templates import Stacks, hosting, scaled

from sm_constructs.local import EmbeddedAws

PAGE = (ROOT / "docs" / "updates.md").read_text()


class Team:
    """Deploys templates, asks beforehand, and looks at the endpoint."""

    def __init__(self, aws: EmbeddedAws, folder: Path) -> None:
        self.aws, self.stacks, self._folder = aws, Stacks(aws), folder
        self.sagemaker: Any = aws.client("sagemaker")
        self.cloudformation: Any = aws.client("cloudformation")

    def diff(self, *arguments: str, stack: str = "App") -> tuple[int, str, str]:
        command = [sys.executable, "-m", "sm_constructs.cli", "diff", stack, *arguments]
        environment = self.aws.environment | {"COLUMNS": "110"}
        done = subprocess.run(command, env=environment, cwd=self._folder, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def ask(self, resources: Mapping[str, Any]) -> tuple[int, dict[str, set[str]]]:
        """Give the exit code and the effects by logical id."""
        path = self._folder / "template.json"
        path.write_text(json.dumps({"Resources": resources}))
        code, out, err = self.diff("--template", str(path), "--json")
        assert (code in {0, 1}, err) == (True, "")
        effects: dict[str, set[str]] = {}
        for finding in json.loads(out)["findings"]:
            effects.setdefault(finding["logical_id"], set()).add(finding["effect"])
        return code, effects

    def endpoint(self) -> dict[str, Any]:
        (summary,) = self.sagemaker.list_endpoints()["Endpoints"]
        return self.sagemaker.describe_endpoint(EndpointName=summary["EndpointName"])

    def variant(self) -> dict[str, Any]:
        (variant,) = self.endpoint()["ProductionVariants"]
        return variant

    def instance_type(self) -> str:
        config = self.sagemaker.describe_endpoint_config(EndpointConfigName=self.endpoint()["EndpointConfigName"])
        return config["ProductionVariants"][0]["InstanceType"]

    def scale(self, count: int) -> None:
        """Do what autoscaling does."""
        endpoint = self.endpoint()
        self.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=endpoint["EndpointName"],
            DesiredWeightsAndCapacities=[
                {"VariantName": endpoint["ProductionVariants"][0]["VariantName"], "DesiredInstanceCount": count}
            ],
        )

    def targets(self) -> list[str]:
        autoscaling: Any = self.aws.client("application-autoscaling")
        found = autoscaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
        return [target["ResourceId"] for target in found]


@pytest.fixture(scope="module")
def running() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as aws:
        yield aws


@pytest.fixture
def team(running: EmbeddedAws, tmp_path: Path) -> Team:
    running.reset()
    return Team(running, tmp_path)


def test_before_the_first_deployment_everything_is_new(team):
    (team._folder / "t.json").write_text(json.dumps({"Resources": hosting()}))
    code, out, err = team.diff("--template", "t.json")
    assert code == 0
    assert out.startswith("App: 4 created")
    assert "no stack App is deployed in us-east-1" in err


def test_another_image_replaces_and_reaches_as_it_was_said(team):
    team.stacks.deploy("App", hosting())
    before = team.endpoint()
    wanted = hosting(image="123456789012.dkr.ecr.us-east-1.amazonaws.com/serve:2")
    assert team.ask(wanted) == (
        0,
        {"Model": {"replaced"}, "Config": {"replaced"}, "Endpoint": {"updated", "reaches"}},
    )
    assert team.stacks.deploy("App", wanted) == "UPDATE_COMPLETE"
    after = team.endpoint()
    assert after["EndpointArn"] == before["EndpointArn"]
    assert after["EndpointConfigName"] != before["EndpointConfigName"]
    assert after["ProductionVariants"][0]["DeployedImages"][0]["SpecifiedImage"].endswith(":2")
    assert team.ask(wanted) == (0, {})


def test_a_count_that_was_scaled_is_reset_or_kept_as_it_was_said(team):
    second = "123456789012.dkr.ecr.us-east-1.amazonaws.com/serve:2"
    third = "123456789012.dkr.ecr.us-east-1.amazonaws.com/serve:3"
    team.stacks.deploy("App", {**hosting(), **scaled()})
    team.scale(3)
    kept = {**hosting(image=second, RetainAllVariantProperties=True), **scaled()}
    assert "reset" not in team.ask(kept)[1]["Endpoint"]
    team.stacks.deploy("App", kept)
    assert team.variant()["CurrentInstanceCount"] == 3
    lost = {**hosting(image=third), **scaled()}
    assert "reset" in team.ask(lost)[1]["Endpoint"]
    team.stacks.deploy("App", lost)
    assert team.variant()["CurrentInstanceCount"] == 1


def test_what_is_scaled_outside_of_the_template_is_seen(team):
    team.stacks.deploy("App", hosting())
    autoscaling: Any = team.aws.client("application-autoscaling")
    autoscaling.register_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId=f"endpoint/{team.endpoint()['EndpointName']}/variant/main",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        MinCapacity=1,
        MaxCapacity=4,
    )
    code, effects = team.ask(hosting(instance_type="ml.m5.xlarge"))
    assert code == 1
    assert "fails" in effects["Endpoint"]


def renamed(resources: Mapping[str, Any]) -> dict[str, Any]:
    changed = copy.deepcopy(dict(resources))
    changed["Config"]["Properties"]["ProductionVariants"][0]["VariantName"] = "next"
    changed["Target"]["Properties"]["ResourceId"] = {"Fn::Sub": "endpoint/${Endpoint.EndpointName}/variant/next"}
    return changed


def named(id: str, name: str, image: str) -> dict[str, Any]:
    resources = hosting(image=image)
    resources[id]["Properties"][name] = "mine"
    return resources


def moved(resources: Mapping[str, Any]) -> dict[str, Any]:
    return {"Moved" if id == "Endpoint" else id: definition for id, definition in resources.items()}


def retyped() -> dict[str, Any]:
    resources = hosting()
    resources["Extra"] = {"Type": "AWS::SNS::Topic"}
    return resources


ONE, TWO = (f"123456789012.dkr.ecr.us-east-1.amazonaws.com/serve:{n}" for n in (1, 2))
REFUSED = {
    "another instance type": ({**hosting(), **scaled()}, {**hosting(instance_type="ml.m5.xlarge"), **scaled()}),
    "and no scaling": ({**hosting(), **scaled()}, hosting(instance_type="ml.m5.xlarge")),
    "another name of a scaled variant": ({**hosting(), **scaled()}, renamed({**hosting(), **scaled()})),
    "a named model": (named("Model", "ModelName", ONE), named("Model", "ModelName", TWO)),
    "a named configuration": (named("Config", "EndpointConfigName", ONE), named("Config", "EndpointConfigName", TWO)),
    "a name that is taken": (hosting(EndpointName="chat"), moved(hosting(EndpointName="chat"))),
    "another type": ({**hosting(), "Extra": {"Type": "AWS::SQS::Queue"}}, retyped()),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_it_says_will_fail_fails_and_the_old_endpoint_goes_on_serving(team, case):
    before, after = REFUSED[case]
    assert team.stacks.deploy("App", before) == "CREATE_COMPLETE"
    team_before, targets = team.endpoint(), team.targets()
    code, effects = team.ask(after)
    assert code == 1
    assert "fails" in set().union(*effects.values())

    assert team.stacks.deploy("App", after) == "UPDATE_ROLLBACK_COMPLETE"
    team_after = team.endpoint()
    for what in ("EndpointArn", "EndpointConfigName", "EndpointStatus"):
        assert team_after[what] == team_before[what], what
    for variants in zip(team_before["ProductionVariants"], team_after["ProductionVariants"], strict=True):
        for what in ("VariantName", "CurrentInstanceCount", "CurrentWeight"):
            assert variants[0][what] == variants[1][what], what
    config = team.sagemaker.describe_endpoint_config(EndpointConfigName=team_after["EndpointConfigName"])
    team.sagemaker.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
    assert team.targets() == targets


def test_a_file_in_place_of_the_deployed_template_needs_no_aws(team, tmp_path):
    for name, image in (("old", ONE), ("new", TWO)):
        (tmp_path / f"{name}.json").write_text(json.dumps({"Resources": hosting(image=image)}))
    offline = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    code = (
        "import sys; from sm_constructs.cli import main; "
        "code = main(['diff', 'App', '--template', 'new.json', '--deployed', 'old.json']); "
        "assert not {'boto3', 'jsii', 'aws_cdk'} & set(sys.modules); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=offline, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "main: image serve:1 -> serve:2." in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 1, "cdk.out is not a synthesised application"),
        (["--template", "nowhere.json"], 1, "nowhere.json cannot be read"),
        (["--template", "a", "--app", "b"], 2, "not allowed with argument"),
        (["--local", "--profile", "x"], 2, "not allowed with argument"),
    ],
)
def test_wrong_arguments_and_missing_files_are_told(team, arguments, code, message):
    told = team.diff(*arguments)
    assert told[0] == code
    assert message in told[2]


# The page


def pages() -> list[str]:
    """The application of the page: as it is deployed, in the first step, in the second one."""
    (application,) = re.findall(r"```python\n(# app\.py\n.*?)```", PAGE, re.DOTALL)
    steps = re.findall(r"   ```python\n(.*?)   ```", PAGE, re.DOTALL)
    assert len(steps) == 2
    place = re.search(r"    instances=.*?\n    scaling=.*?\n", application)
    assert place is not None
    return [
        application,
        *(application.replace(place[0], re.sub("^   ", "", step, flags=re.MULTILINE)) for step in steps),
    ]


def test_the_two_steps_of_the_page_give_an_autoscaled_variant_another_type_and_one_step_does_not(team, monkeypatch):
    """Everything to the letter: the code, and what the command answers."""
    application, first, second = pages()
    all_at_once, then_first, then_second = re.findall(r"\$ sm-constructs diff Churn\n(.*?)```", PAGE, re.DOTALL)
    team.aws.client("ssm").put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String")

    # As `cdk synth` has it; its variables reach only a process of Node that starts with them.
    settings = {"outdir": str(team._folder / "cdk.out"), "context": {"aws:cdk:enable-path-metadata": True}}
    monkeypatch.setattr(cdk, "App", functools.partial(cdk.App, **settings))

    def synthesise(code: str) -> None:
        exec(compile(code, "app.py", "exec"), {})

    def deploy() -> str:
        template = json.loads((team._folder / "cdk.out" / "Churn.template.json").read_text())
        return team.stacks.deploy("Churn", template.pop("Resources"), **template)

    synthesise(application)
    assert deploy() == "CREATE_COMPLETE"
    team.scale(3)

    synthesise(second)
    assert team.diff(stack="Churn") == (1, all_at_once, "")
    assert deploy() == "UPDATE_ROLLBACK_COMPLETE"
    assert (team.instance_type(), team.variant()["CurrentInstanceCount"], len(team.targets())) == ("ml.m5.large", 3, 1)

    synthesise(first)
    assert team.diff(stack="Churn") == (0, then_first, "")
    assert deploy() == "UPDATE_COMPLETE"
    assert (team.instance_type(), team.variant()["CurrentInstanceCount"], team.targets()) == ("ml.m5.large", 3, [])

    synthesise(second)
    assert team.diff(stack="Churn") == (0, then_second, "")
    assert deploy() == "UPDATE_COMPLETE"
    assert (team.instance_type(), team.variant()["CurrentInstanceCount"], len(team.targets())) == ("ml.m5.xlarge", 3, 1)


def test_without_retaining_the_first_step_would_lose_the_capacity(team):
    """Why the page says `retain_capacity=True`."""
    _, first, _ = pages()
    assert "retain_capacity=True" in first
    team.stacks.deploy("App", {**hosting(RetainAllVariantProperties=True), **scaled()})
    team.scale(3)
    assert "reset" in team.ask(hosting())[1]["Endpoint"]
    team.stacks.deploy("App", hosting())
    assert team.variant()["CurrentInstanceCount"] == 1


def test_the_rollback_of_the_page_can_be_tried(team, monkeypatch):
    """Everything to the letter: the code, and why the update fails."""
    _, section = PAGE.split("## Try a rollback\n")
    (argument,) = re.findall(r"```python\n(    rollout=.*?)```", section, re.DOTALL)
    (going_off,) = re.findall(r"```python\n(import boto3\n.*?)```", section, re.DOTALL)
    (reason,) = re.findall(r"```\n(The .*?)\n```", section, re.DOTALL)
    reason = reason.replace("\n", " ")
    application = pages()[0].replace("RealTimeEndpoint,", "RealTimeEndpoint, Rollout,")
    application = application.replace("    scaling=", f"{argument}    scaling=")
    team.aws.client("ssm").put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String")
    monkeypatch.setattr(cdk, "App", functools.partial(cdk.App, outdir=str(team._folder / "cdk.out")))

    def deploy(code: str) -> str:
        exec(compile(code, "app.py", "exec"), {})
        template = json.loads((team._folder / "cdk.out" / "Churn.template.json").read_text())
        return team.stacks.deploy("Churn", template.pop("Resources"), **template)

    def set_alarms(code: str) -> None:
        subprocess.run([sys.executable, "-c", code], env=team.aws.environment, check=True)

    def archive() -> str:
        config = team.sagemaker.describe_endpoint_config(EndpointConfigName=team.endpoint()["EndpointConfigName"])
        model = team.sagemaker.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
        return str(model["PrimaryContainer"]["ModelDataUrl"])

    changed = application.replace("churn/7/", "churn/8/")
    assert deploy(application) == "CREATE_COMPLETE"
    team.scale(3)
    set_alarms(going_off)
    assert deploy(changed) == "UPDATE_ROLLBACK_COMPLETE"
    assert team.stacks.reason("Churn", "Endpoint8024A810") == reason
    assert team.endpoint()["FailureReason"] == reason
    assert (archive(), team.variant()["CurrentInstanceCount"]) == ("s3://models/churn/7/model.tar.gz", 3)

    set_alarms(going_off.replace('"ALARM"', '"OK"'))
    assert deploy(changed) == "UPDATE_COMPLETE"
    assert (archive(), team.variant()["CurrentInstanceCount"]) == ("s3://models/churn/8/model.tar.gz", 3)
    assert "FailureReason" not in team.endpoint()
