"""Writes constraints.txt: the exact versions that pip chooses today, for every Python that is supported.

Run as ``python scripts/make_constraints.py python3.10 python3.11 …`` with the interpreters to ask.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent


def resolved(python: str) -> tuple[str, dict[str, str]]:
    """Give an interpreter's version, and what pip would install for it."""
    with tempfile.TemporaryDirectory() as folder:
        environment, report = Path(folder, "env"), Path(folder, "report.json")
        subprocess.run([python, "-m", "venv", environment], check=True)
        pip = [str(environment / "bin" / "python"), "-m", "pip", "--quiet"]
        subprocess.run([*pip, "install", "--upgrade", "pip"], check=True)
        wanted = ["--dry-run", "--ignore-installed", "--report", str(report), "--editable", f"{ROOT}[dev]"]
        subprocess.run([*pip, "install", *wanted], check=True)
        found = json.loads(report.read_text())
    packages = (each["metadata"] for each in found["install"])
    pins = {package["name"].lower().replace("_", "-"): package["version"] for package in packages}
    del pins["sm-constructs"]
    return ".".join(found["environment"]["python_version"].split(".")[:2]), pins


def written(by_python: dict[str, dict[str, str]]) -> str:
    """Write the pins, with a marker where the Pythons differ."""
    lines = ["# Exact versions, made by scripts/make_constraints.py."]
    for name in sorted(set().union(*by_python.values())):
        versions = [(python, pins.get(name)) for python, pins in by_python.items()]
        if len({version for _, version in versions}) == 1:
            lines.append(f"{name}=={versions[0][1]}")
            continue
        for index, (python, version) in enumerate(versions):
            if version is not None:
                newest = index == len(versions) - 1
                lines.append(f'{name}=={version}; python_version {">=" if newest else "=="} "{python}"')
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    pins = dict(sorted((resolved(python) for python in sys.argv[1:]), key=lambda pair: int(pair[0].split(".")[1])))
    (ROOT / "constraints.txt").write_text(written(pins))
