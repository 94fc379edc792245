"""One embedded AWS, to which every kind is deployed, updated and destroyed, and what was seen on the way."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from conftest import ROOT

from deployment.kinds import Seen, synthesise
from sm_constructs.local import EmbeddedAws

os.environ["PATH"] = os.pathsep.join([str(ROOT / "node_modules" / ".bin"), os.environ["PATH"]])


@pytest.fixture(scope="session")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """Deploy every kind, update it, destroy it; with the real command line, and look after each step."""
    folder = tmp_path_factory.mktemp("deployment")
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    with EmbeddedAws() as aws:
        yield Seen(aws, synthesise(folder / "first", folder, 1), synthesise(folder / "second", folder, 2))
