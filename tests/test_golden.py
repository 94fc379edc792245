"""Every example gives its golden template: construct ids and logical ids are an API.

``make golden`` rewrites them; a change of one needs a reason that stands in CHANGELOG.md.
"""

from __future__ import annotations

import functools
import json
import re
import runpy
import shutil
from pathlib import Path

import aws_cdk as cdk
import pytest
from conftest import CONTEXT, ROOT

EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/app.py"))


def synthesise(folder: Path, monkeypatch, outdir: Path) -> dict[str, dict]:
    """Run an app with the settings that the CDK's command line would give it, and give its templates.

    One Node serves all tests, so the settings go in as arguments: it read its environment when it started.
    """
    monkeypatch.chdir(folder)
    monkeypatch.setattr(cdk, "App", functools.partial(cdk.App, outdir=str(outdir), context=CONTEXT))
    runpy.run_path("app.py")
    templates = {path.name.split(".")[0]: json.loads(path.read_text()) for path in outdir.glob("*.template.json")}
    assert templates
    return templates


def written(template: dict) -> str:
    """Write a template as it stands in a golden file; the version of the bootstrap stack is the CDK's affair."""
    template.get("Parameters", {}).pop("BootstrapVersion", None)
    template.pop("Rules", None)
    return json.dumps({key: value for key, value in template.items() if value}, indent=1) + "\n"


def compare(templates: dict[str, dict], folder: Path, request) -> None:
    if request.config.getoption("--golden") == "rewrite":
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name, template in templates.items():
            (folder / f"{name}.json").write_text(written(template))
    golden = {path.stem: path.read_text() for path in folder.glob("*.json")}
    assert {name: written(template) for name, template in templates.items()} == golden


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_gives_its_golden_template(example, tmp_path, monkeypatch, request, cache):
    compare(synthesise(example, monkeypatch, tmp_path / "out"), example / "golden", request)


def test_the_sample_app_gives_its_golden_template(tmp_path, monkeypatch, request, cache):
    templates = synthesise(ROOT, monkeypatch, tmp_path / "out")
    # Another version of scikit-learn trains other last digits.
    text = re.sub(r"\b[0-9a-f]{64}(?=\.tar)", "HASH", json.dumps(templates))
    compare(json.loads(text), ROOT / "tests" / "golden", request)


def test_every_example_has_its_app_and_its_settings():
    assert EXAMPLES
    for example in EXAMPLES:
        assert json.loads((example / "cdk.json").read_text())["app"] == "python3 app.py"


def test_the_settings_are_those_of_a_new_app():
    """Each flag that the pinned CDK recommends stands in cdk.json, and findings of its own validation are errors."""
    (recommended,) = (ROOT / "node_modules").glob("aws-cdk/lib/init-templates/.recommended-feature-flags.json")
    flags = json.loads(recommended.read_text())
    assert flags.items() <= CONTEXT.items()
    assert CONTEXT["@aws-cdk/core:validateAgainstDefaultRules"] is True
