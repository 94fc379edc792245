"""The command line itself: what it imports, how it passes arguments on, what it says without the CDK."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sm_constructs import cli
from sm_constructs.local import cdk, commands


def test_the_command_line_starts_without_what_only_commands_need():
    code = (
        "import sys; from sm_constructs import cli\n"
        "try: cli.main(['local', 'deploy', '--help'])\n"
        "except SystemExit: pass\n"
        "print([name for name in ('aws_cdk', 'jsii', 'boto3', 'moto', 'sm_constructs.local') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "--all" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list:
    """What `local deploy` is called with, instead of deploying."""
    calls: list = []
    monkeypatch.setattr(commands, "deploy", lambda options: calls.append(options) or 0)
    monkeypatch.setattr(commands, "show_status", lambda options: calls.append(options) or 0)
    return calls


def test_what_is_not_an_option_of_ours_goes_to_the_cdk(ran: list):
    arguments = ["Chat", "-c", "kinds=real-time", "--all", "--app", "python3 app.py", "--reg", "x", "--no-rollback"]
    assert cli.main(["local", "deploy", "--region", "eu-west-1", *arguments]) == 0
    (options,) = ran
    assert (options.region, options.account) == ("eu-west-1", None)
    assert options.arguments == arguments


def test_status_takes_no_arguments_of_the_cdk(ran: list, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        cli.main(["local", "status", "--all"])
    assert "unrecognized arguments: --all" in capsys.readouterr().err
    assert ran == []


def test_an_error_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def fail(_: object) -> int:
        raise cdk.NoCdk

    monkeypatch.setattr(commands, "deploy", fail)
    assert cli.main(["local", "deploy"]) == 1
    assert capsys.readouterr().err.startswith(
        "sm-constructs: The CDK command line is neither on the PATH nor in node_m"
    )


def test_the_cdk_is_looked_for_on_the_path_and_then_upwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def executable(path: Path) -> Path:
        path.parent.mkdir(parents=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
        return path

    inner = tmp_path / "project" / "inner"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(cdk.NoCdk, match="npm install aws-cdk"):
        cdk.command("deploy")
    in_modules = executable(tmp_path / "project" / "node_modules" / ".bin" / "cdk")
    assert cdk.command("deploy") == [str(in_modules), "deploy"]
    on_path = executable(tmp_path / "bin" / "cdk")
    assert cdk.command("deploy", "--all") == [str(on_path), "deploy", "--all"]
