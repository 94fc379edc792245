"""Writes the files of constraints: the exact versions that pip chooses today, for every Python that is supported.

One is for the project; checkov asks for other versions of the same packages, so it has a file and an environment to
itself. Run as ``python scripts/make_constraints.py python3.10 python3.11 …`` with the interpreters to ask.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
FILES = {"constraints.txt": ["--editable", f"{ROOT}[dev]"], "constraints-checkov.txt": ["checkov"]}


def resolved(python: str, what: list[str]) -> tuple[str, dict[str, str]]:
    """Give an interpreter's version, and what pip would install into it."""
    with tempfile.TemporaryDirectory() as folder:
        environment, report = Path(folder, "env"), Path(folder, "report.json")
        subprocess.run([python, "-m", "venv", environment], check=True)
        pip = [str(environment / "bin" / "python"), "-m", "pip", "--quiet"]
        subprocess.run([*pip, "install", "--upgrade", "pip"], check=True)
        wanted = ["--dry-run", "--ignore-installed", "--report", str(report), *what]
        subprocess.run([*pip, "install", *wanted], check=True)
        found = json.loads(report.read_text())
    packages = (each["metadata"] for each in found["install"])
    pins = {package["name"].lower().replace("_", "-"): package["version"] for package in packages}
    pins.pop("sm-constructs", None)
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
    for file, what in FILES.items():
        found = (resolved(python, what) for python in sys.argv[1:])
        pins = dict(sorted(found, key=lambda pair: int(pair[0].split(".")[1])))
        (ROOT / file).write_text(written(pins))
