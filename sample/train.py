"""Trains the sample model: which species an iris is, from the data set that scikit-learn ships with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

HERE = Path(__file__).parent


def train(folder: Path) -> Path:
    """Make a folder with the model and its inference script; the model is trained once."""
    model = folder / "model.json"
    if not model.exists():
        from sklearn.datasets import load_iris
        from sklearn.linear_model import LogisticRegression

        iris = load_iris()
        fitted = LogisticRegression(max_iter=1000).fit(iris.data, iris.target)
        folder.mkdir(parents=True, exist_ok=True)
        half_done = model.with_suffix(".part")
        half_done.write_text(
            json.dumps(
                {
                    "species": [str(name) for name in iris.target_names],
                    "coefficients": fitted.coef_.tolist(),
                    "intercepts": fitted.intercept_.tolist(),
                }
            )
        )
        half_done.replace(model)
    code = folder / "code"
    code.mkdir(exist_ok=True)
    shutil.copyfile(HERE / "inference.py", code / "inference.py")
    return folder
