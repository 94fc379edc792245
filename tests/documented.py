"""What security scanners look at, and which of their findings docs/security.md explains."""

from __future__ import annotations

import re

from conftest import ROOT

DOCUMENTED = re.findall(r"^\| `([^`]+)`", (ROOT / "docs" / "security.md").read_text(encoding="utf-8"), re.MULTILINE)
TEMPLATES = sorted(path for golden in ("tests/golden", "examples/*/golden") for path in ROOT.glob(f"{golden}/*.json"))


def documented(finding: str) -> bool:
    return any(re.fullmatch(re.escape(row).replace("…", ".*"), finding) for row in DOCUMENTED)
