"""Fixtures for all tests."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CONTEXT = json.loads((ROOT / "cdk.json").read_text())["context"]

# Node of the virtual environment, also where pytest was started without make.
os.environ["PATH"] = os.pathsep.join([str(ROOT / ".venv" / "bin"), os.environ["PATH"]])


def pytest_addoption(parser):
    parser.addoption("--golden", choices=["compare", "rewrite"], default="compare", help="what to do with golden files")


@pytest.fixture
def app(tmp_path):
    """Give an app with the feature flags of cdk.json."""
    import aws_cdk as cdk

    return cdk.App(context=CONTEXT, outdir=str(tmp_path / "cdk.out"))


@pytest.fixture
def stack(app):
    """Give a stack whose region is not known before deployment."""
    import aws_cdk as cdk

    return cdk.Stack(app, "Stack")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Keep packed archives in a folder of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def pytest_make_parametrize_id(config, val, argname):
    """Name bytes and value objects by their argument: what they hold may differ from process to process."""
    return argname if isinstance(val, bytes) or dataclasses.is_dataclass(val) else None
