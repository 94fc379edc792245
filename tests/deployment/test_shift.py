"""Moving traffic on the embedded AWS, with the command as a user runs it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from sm_constructs.local import EmbeddedAws

OLD = {"champion": 9.0, "challenger": 1.0}


class Operator:
    """Somebody with a terminal, in the directory for which ``local up`` runs."""

    def __init__(self, aws: EmbeddedAws, folder: Path) -> None:
        self.sagemaker: Any = aws.client("sagemaker")
        self.cloudwatch: Any = aws.client("cloudwatch")
        self.aws, self._folder = aws, folder

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "sm_constructs.cli", "shift", *arguments]
        settings = {"env": self.aws.environment, "cwd": self._folder, "text": True} | options
        # Whoever runs the tests in the background may have switched Ctrl-C off.
        return subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - there are no threads
            **settings,
        )

    def shift(self, *arguments: str, **options: Any) -> tuple[int, str, str]:
        process = self.start(*arguments, **options)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def weights(self) -> dict[str, float]:
        return {variant["VariantName"]: variant["CurrentWeight"] for variant in self._variants()}

    def counts(self) -> dict[str, int]:
        return {variant["VariantName"]: variant["CurrentInstanceCount"] for variant in self._variants()}

    def set(self, **wanted: Any) -> None:
        changes = [{"VariantName": name, **change} for name, change in wanted.items()]
        self.sagemaker.update_endpoint_weights_and_capacities(EndpointName="chat", DesiredWeightsAndCapacities=changes)

    def alarm(self, state: str) -> None:
        self.cloudwatch.set_alarm_state(AlarmName="chat-errors", StateValue=state, StateReason="5 errors in a minute")

    def _variants(self) -> list[dict[str, Any]]:
        return self.sagemaker.describe_endpoint(EndpointName="chat")["ProductionVariants"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    folder, before = tmp_path_factory.mktemp("project"), Path.cwd()
    os.chdir(folder)
    try:
        embedded = EmbeddedAws(announced=True).__enter__()
    finally:
        os.chdir(before)
    try:
        yield Operator(embedded, folder)
    finally:
        embedded.__exit__()


@pytest.fixture
def operator(running: Operator) -> Operator:
    running.aws.reset()
    role = "arn:aws:iam::123456789012:role/execution"
    running.sagemaker.create_model(ModelName="m", ExecutionRoleArn=role, PrimaryContainer={"Image": "registry/serve:1"})
    variants = [
        {
            "VariantName": name,
            "ModelName": "m",
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 1,
            "InitialVariantWeight": weight,
        }
        for name, weight in OLD.items()
    ]
    running.sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=variants)
    running.sagemaker.create_endpoint(EndpointName="chat", EndpointConfigName="c")
    running.cloudwatch.put_metric_alarm(
        AlarmName="chat-errors",
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    running.alarm("OK")
    return running


def test_traffic_moves_in_steps_as_the_page_shows_and_the_counts_stay(operator):
    operator.set(champion={"DesiredInstanceCount": 5})
    page = (ROOT / "docs" / "updates.md").read_text()
    ((command, shown),) = re.findall(r"\$ sm-constructs shift ([^\n]*)\n(.*?)```", page, re.DOTALL)
    arguments = command.replace("--interval 5m", "--interval 0s").split()
    assert operator.shift(*arguments) == (0, shown, "")
    assert operator.weights() == {"champion": 25, "challenger": 75}
    assert operator.counts() == {"champion": 5, "challenger": 1}


def test_the_environment_leads_to_the_embedded_aws_too(operator, tmp_path):
    code, out, _ = operator.shift("chat", "challenger=9", cwd=tmp_path)
    assert code == 0
    assert "step 1 of 1: champion 50.0 %, challenger 50.0 %" in out
    assert operator.weights() == {"champion": 9, "challenger": 9}


def test_where_none_runs_none_is_found(operator, tmp_path):
    code, _, err = operator.shift("chat", "challenger=9", "--local", cwd=tmp_path)
    assert code == 1
    assert "No embedded AWS is running for this directory" in err
    assert operator.weights() == OLD


def test_what_is_there_already_is_said(operator):
    code, out, _ = operator.shift("chat", "champion=9", "--local")
    assert code == 0
    assert "already" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nobody", "champion=1"], "There is no endpoint nobody in us-east-1"),
        (["chat", "chamipon=1"], "There is no variant chamipon; the endpoint has champion, challenger"),
        (["chat", "champion=0", "challenger=0"], "no variant would get any request"),
        (["chat", "champion=1", "--abort-on", "chat-erors"], "There is no alarm chat-erors in us-east-1"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_changes(operator, arguments, message):
    code, _, err = operator.shift(*arguments, "--local")
    assert code == 1
    assert message in err
    assert operator.weights() == OLD


@pytest.mark.parametrize(
    "arguments",
    [
        ["chat", "champion=-1"],
        ["chat", "champion=1", "champion=2"],
        ["chat", "champion=1", "--interval", "5"],
        ["chat"],
    ],
)
def test_wrong_arguments_are_told_apart(operator, arguments):
    code, _, err = operator.shift(*arguments, "--local")
    assert code == 2
    assert "usage: sm-constructs shift" in err
    assert operator.weights() == OLD


def test_an_alarm_that_is_on_stops_it_before_it_begins(operator):
    operator.alarm("ALARM")
    code, out, err = operator.shift("chat", "champion=0", "--abort-on", "chat-errors", "--local")
    assert code == 1
    assert "The alarm chat-errors is on: 5 errors in a minute" in err
    assert "step" not in out
    assert operator.weights() == OLD


def under_way(operator: Operator, *arguments: str) -> subprocess.Popen[str]:
    """Start a shift whose first step is done when this returns."""
    process = operator.start("chat", "champion=0", "--interval", "10m", "--local", *arguments)
    assert "chat in the embedded AWS" in process.stdout.readline()
    assert "step 1" in process.stdout.readline()
    assert operator.weights() != OLD
    return process


@pytest.mark.parametrize("steps", ["1", "2"], ids=["after the last step", "between steps"])
def test_an_alarm_brings_the_old_weights_back(operator, steps):
    process = under_way(operator, "--steps", steps, "--abort-on", "chat-errors")
    operator.alarm("ALARM")
    out, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert out == "going back to champion 90.0 %, challenger 10.0 %\nback: champion 90.0 %, challenger 10.0 %\n"
    assert "The alarm chat-errors is on: 5 errors in a minute" in err
    assert operator.weights() == OLD


@pytest.mark.parametrize(("ending", "code"), [(signal.SIGINT, 1), (signal.SIGTERM, 143)])
def test_ctrl_c_and_an_end_from_outside_bring_the_old_weights_back(operator, ending, code):
    process = under_way(operator, "--steps", "2")
    process.send_signal(ending)
    out, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert "back: champion 90.0 %, challenger 10.0 %" in out
    assert "Traceback" not in err
    assert operator.weights() == OLD


def test_what_somebody_else_does_meanwhile_stays(operator):
    process = operator.start("chat", "champion=0", "--steps", "2", "--interval", "1s", "--local")
    process.stdout.readline()
    process.stdout.readline()
    operator.set(champion={"DesiredWeight": 2.0}, challenger={"DesiredWeight": 2.0})
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "Somebody else has changed the endpoint chat meanwhile: champion 50.0 %, challenger 50.0 %" in err
    assert operator.weights() == {"champion": 2, "challenger": 2}


def test_help_needs_no_boto3():
    code = "import sys; from sm_constructs.cli import main\ntry: main(['shift', '--help'])\nexcept SystemExit: pass\n"
    check = "assert not {'boto3', 'botocore', 'jsii', 'aws_cdk'} & set(sys.modules)"
    before = time.monotonic()
    subprocess.run([sys.executable, "-c", code + check], check=True, capture_output=True)
    assert time.monotonic() - before < 5
