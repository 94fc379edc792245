"""The sample model really predicts, through the script that is packed with it."""

import json

from sklearn.datasets import load_iris

from sample.inference import input_fn, model_fn, output_fn, predict_fn
from sample.train import train


def test_the_sample_model_knows_its_irises(tmp_path):
    model = model_fn(str(train(tmp_path)))
    iris = load_iris()
    rows = input_fn(json.dumps(iris.data.tolist()), "application/json")
    answer, content_type = output_fn(predict_fn(rows, model), "application/json")
    right = [iris.target_names[kind] == said for kind, said in zip(iris.target, json.loads(answer), strict=True)]
    assert sum(right) / len(right) > 0.95
    assert content_type == "application/json"


def test_a_second_training_changes_nothing(tmp_path):
    first = (train(tmp_path) / "model.json").stat().st_mtime_ns
    assert (train(tmp_path) / "model.json").stat().st_mtime_ns == first
