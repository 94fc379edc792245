"""How the scikit-learn container loads and asks the sample model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np


def model_fn(model_dir: str) -> dict[str, Any]:
    """Load the model: numbers, not a pickle, so that any version of the container can read them."""
    model: dict[str, Any] = json.loads((Path(model_dir) / "model.json").read_text())
    return model


def input_fn(body: str | bytes, content_type: str) -> list[list[float]]:
    """Read rows of four measurements each, as JSON."""
    if content_type != "application/json":
        message = f"send application/json, not {content_type}"
        raise ValueError(message)
    rows: list[list[float]] = json.loads(body)
    return rows


def predict_fn(rows: list[list[float]], model: dict[str, Any]) -> list[str]:
    """Name the species of each row: the one with the highest score."""
    scores = np.asarray(rows) @ np.asarray(model["coefficients"]).T + np.asarray(model["intercepts"])
    return [model["species"][best] for best in scores.argmax(axis=1)]


def output_fn(species: list[str], accept: str) -> tuple[str, str]:
    """Write the species, as JSON."""
    return json.dumps(species), accept
