# Everything a developer or CI calls. Each target sets up what it needs itself.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
DEMO := demo
PLANTED := data/sample/planted
AS_OF := 2026-10-31

.PHONY: demo test test-spark lint format golden sample docs clean

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $(READY)

demo: $(READY) ## load the sample with planted faults, audit it, write ledgers
	rm -rf $(DEMO)
	$(BIN)/permit-audit --workspace $(DEMO) load $(PLANTED)
	$(BIN)/permit-audit --workspace $(DEMO) run --as-of $(AS_OF)

test: $(READY)
	$(BIN)/python -m pytest --ignore tests/spark

# pyspark changes what other packages import, so it has an environment of its own
.venv-spark/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-spark
	.venv-spark/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,spark]'
	touch .venv-spark/.ready

test-spark: .venv-spark/.ready ## the same findings on Apache Spark; needs Java
	.venv-spark/bin/python -m pytest tests/spark

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/permit-audit rules lint
	$(BIN)/python -m audit.docs --check

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

golden: $(READY) ## recall and precision on the sample, one line per rule
	$(BIN)/python -m tests.golden

sample: $(READY) ## write data/sample again (same seed, same bytes)
	$(BIN)/python data/sample/make_sample.py

docs: $(READY) ## generated pages
	$(BIN)/python -m audit.docs

clean:
	rm -rf $(DEMO) .venv .venv-spark build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
