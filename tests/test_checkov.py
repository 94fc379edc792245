"""What checkov finds in the golden templates, of what these constructs make, is in docs/security.md."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections import defaultdict

import pytest
from conftest import ROOT
from documented import DOCUMENTED, TEMPLATES

CHECKOV = ROOT / ".venv" / "checkov" / "bin" / "checkov"
# What the examples make with the CDK's own constructs; everything else comes from ours.
THEIRS = re.compile(r"AWS::(ApiGateway|Lambda|Logs|S3|SNS|SQS)::.*")


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> dict:
    """Run it once over everything, without settings from elsewhere and without asking anybody."""
    assert CHECKOV.exists(), "make test installs it"
    names = [str(path.relative_to(ROOT)) for path in TEMPLATES]
    options = ["--framework", "cloudformation", "--skip-download", "--compact", "--output", "json"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path_factory.mktemp("home"))}
    run = subprocess.run(
        [CHECKOV, *options, "--file", *names], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert run.stdout.startswith("{"), run.stderr
    return json.loads(run.stdout)


def results(report: dict, kind: str) -> dict[str, set[tuple[str, str]]]:
    """Give, by the check, the files and resources that failed it or passed it."""
    found = defaultdict(set)
    for each in report["results"][kind]:
        found[each["check_id"]].add((each["file_path"].rsplit("/", 1)[-1], each["resource"]))
    return found


def test_it_read_every_template(report):
    read = {each["file_path"] for kind in ("failed_checks", "passed_checks") for each in report["results"][kind]}
    assert report["results"]["parsing_errors"] == []
    assert read == {f"/{path.relative_to(ROOT)}" for path in TEMPLATES}


def test_what_is_found_is_documented(report):
    failed = results(report, "failed_checks")
    ours = {check for check, found in failed.items() if not all(THEIRS.fullmatch(what) for _, what in found)}
    assert ours == {row for row in DOCUMENTED if row.startswith("CKV")}


def test_network_isolation_settles_its_finding(report):
    failed, passed = (results(report, kind)["CKV_AWS_370"] for kind in ("failed_checks", "passed_checks"))
    assert ("Options.json", "AWS::SageMaker::Model.ChatModel62EB2AF0") in passed
    assert ("Options.json", "AWS::SageMaker::Model.ScorerModel4624113C") in failed
