"""One embedded AWS for all tests of this folder that run in the same process, emptied before each."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.templates import Stacks
from sm_constructs.local import EmbeddedAws

HERE = Path(__file__).parent

# The CDK that npm installed, also where pytest was started without make and where a test runs elsewhere.
os.environ["PATH"] = os.pathsep.join([str(HERE.parent.parent / "node_modules" / ".bin"), os.environ["PATH"]])


@pytest.fixture(scope="session")
def running() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as aws:
        yield aws


@pytest.fixture
def aws(running: EmbeddedAws) -> EmbeddedAws:
    running.reset()
    return running


@pytest.fixture(scope="session")
def apps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The applications of `apps/endpoints.py`, synthesised, each in the directory of its name."""
    directory = tmp_path_factory.mktemp("apps")
    application = HERE / "apps" / "endpoints.py"
    subprocess.run([sys.executable, str(application), str(directory)], check=True, capture_output=True)
    return directory


@pytest.fixture
def stacks(aws: EmbeddedAws) -> Stacks:
    return Stacks(aws)
