"""The documentation says what the code does."""

import ast
import inspect
import re
import subprocess
import sys

import pytest
from conftest import ROOT

import sm_constructs
from scripts.make_docs import pages
from sm_constructs.endpoints.options import EndpointOptions
from sm_constructs.packing.guards import GUARDS
from sm_constructs.rules import RULES
from sm_constructs.transform import TransformOptions


def test_the_generated_pages_are_current():
    docs = ROOT / "docs"
    there = {path.relative_to(docs).as_posix(): path.read_text(encoding="utf-8") for path in docs.rglob("*.md")}
    now = pages()
    assert [page for page, text in now.items() if there.get(page) != text] == [], "run make docs"
    assert [page for page in there if page.startswith("rules/") and page not in now] == [], "run make docs"


def test_every_rule_has_a_page_and_stands_in_the_list():
    index = (ROOT / "docs" / "rules" / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[(SMC\d{3})\]\((SMC\d{3})\.md\)", index, re.MULTILINE)
    assert sorted(listed) == [(code, code) for code in sorted({*RULES, *GUARDS})]


def test_the_examples_of_the_rules_have_arguments_that_the_constructs_have():
    for path in (ROOT / "docs" / "rules").glob("SMC*.md"):
        for example in re.findall(r"```python\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL):
            call = ast.parse(example, mode="eval").body
            if not hasattr(sm_constructs, getattr(call.func, "id", "")) or "has no argument for it" in example:
                continue
            assert {each.arg for each in call.keywords} <= arguments_of(call.func.id), path.name


def arguments_of(name):
    construct = getattr(sm_constructs, name)
    options = TransformOptions if name == "BatchTransform" else EndpointOptions
    own = set(inspect.signature(construct.__init__).parameters)
    return own | options.__annotations__.keys() if "options" in own else own


def test_every_link_leads_somewhere():
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    links = [
        (page, link)
        for page in pages
        for link in re.findall(r"\]\((?!https?://|#)([^)#]+)", without_code(page.read_text(encoding="utf-8")))
    ]
    assert len(links) > len(RULES)
    assert [(page.name, link) for page, link in links if not (page.parent / link).exists()] == []


def without_code(text):
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)


def test_every_link_to_a_heading_leads_to_one():
    index = (ROOT / "docs" / "rules" / "README.md").read_text(encoding="utf-8")
    headings = {
        re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^## (.+)", index, re.MULTILINE)
    }
    pages = (ROOT / "docs" / "rules").glob("SMC*.md")
    linked = {
        link for page in pages for link in re.findall(r"\]\(README\.md#([^)]+)", page.read_text(encoding="utf-8"))
    }
    assert linked == headings


def test_the_first_example_of_the_readme_runs(tmp_path):
    """It is run to the letter, as a reader would, in a folder with a model."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(# app\.py\n.*?)```", readme, re.DOTALL)
    (tmp_path / "model" / "code").mkdir(parents=True)
    (tmp_path / "model" / "code" / "inference.py").write_text("")
    (tmp_path / "app.py").write_text(example)
    subprocess.run([sys.executable, "app.py"], cwd=tmp_path, check=True)


def test_the_readme_names_every_construct():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    constructs = [name for name in sm_constructs.__all__ if name.endswith("Endpoint") or name == "BatchTransform"]
    assert [name for name in constructs if f"`{name}`" not in text] == []


def test_the_error_in_the_readme_is_the_one_that_is_raised(stack):
    from sm_constructs import Container, ContainerImage, InvalidHosting, ServerlessEndpoint

    sklearn = Container(ContainerImage.from_framework("sklearn", "1.4-2"))
    with pytest.raises(InvalidHosting) as refused:
        ServerlessEndpoint(
            stack, "Chat", container=sklearn, memory_mb=1500, max_concurrency=10, provisioned_concurrency=50
        )
    assert f"InvalidHosting: {refused.value}\n" in (ROOT / "README.md").read_text(encoding="utf-8")
