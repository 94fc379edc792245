"""The documentation says what the code does."""

import re
import subprocess
import sys

import pytest
from conftest import ROOT

import sm_constructs
from scripts.make_docs import PAGES


@pytest.mark.parametrize("page", PAGES)
def test_a_generated_page_is_current(page):
    assert (ROOT / "docs" / page).read_text(encoding="utf-8") == PAGES[page](), "run make docs"


def test_every_link_of_the_readme_leads_somewhere():
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


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
