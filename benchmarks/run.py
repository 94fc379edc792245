"""Run every benchmark, one after the other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

for script in ("imports.py", "synth.py", "packing.py", "check.py"):
    subprocess.run([sys.executable, Path(__file__).parent / script], check=True)
