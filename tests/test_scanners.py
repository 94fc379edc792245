"""What cdk-nag finds in the examples, of what these constructs make, is in docs/security.md with what settles it."""

from __future__ import annotations

import json
import re
import runpy

import aws_cdk as cdk
import pytest
from cdk_nag import AwsSolutionsChecks, NIST80053R5Checks
from conftest import CONTEXT, ROOT
from documented import documented

from sm_constructs import HostingRules

EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/app.py"))
# What these constructs make; the rest of an example is the CDK's own.
OURS = re.compile(
    r"/(Role|SchedulerRole|Model(-[^/]+)?|Config|\w*Endpoint|Component-[^/]+|Scaling-[^/]+|Alarm-[^/]+|Schedule)(/Resource)?$"
)


def findings(example, monkeypatch, outdir) -> dict[str, set[str]]:
    """Give what the scanners find, with the paths of the resources."""
    app = cdk.App(outdir=str(outdir), context=CONTEXT)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(), NIST80053R5Checks(), HostingRules())
    monkeypatch.chdir(example)
    monkeypatch.setattr(cdk, "App", lambda: app)
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        runpy.run_path("app.py")
    report = json.loads((outdir / "validation-report.json").read_text())
    # A plugin stands in the report if it finds something, or fails.
    assert HostingRules().name not in [plugin["pluginName"] for plugin in report["pluginReports"]]
    found: dict[str, set[str]] = {}
    for plugin in report["pluginReports"]:
        for violation in plugin["violations"]:
            for construct in violation["violatingConstructs"]:
                found.setdefault(violation["ruleName"], set()).add(construct["constructPath"])
    return found


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_what_is_found_is_documented(example, tmp_path, monkeypatch, cache):
    found = findings(example, monkeypatch, tmp_path / "out")
    ours = {rule for rule, paths in found.items() if any(OURS.search(path) for path in paths)}
    assert ours
    assert sorted(rule for rule in ours if not documented(rule)) == []


def test_the_encryption_key_settles_its_finding(tmp_path, monkeypatch, cache):
    found = findings(ROOT / "examples" / "options", monkeypatch, tmp_path / "out")
    (rule,) = (rule for rule in found if "KMSKeyConfigured" in rule)
    assert "Options/Scorer/Config" not in found[rule]
    assert "Options/Chat/Config" in found[rule]
