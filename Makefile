# Everything a developer or CI calls. Each target sets up what it needs itself.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
DEMO := demo
PLANTED := data/sample/planted
AS_OF := 2026-10-31

PEERS := .venv-peers/.ready
RUNS := 5

.PHONY: demo test lint format golden sample docs bench bench-quick bench-scale bench-database bench-docs clean

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $(READY)

demo: $(READY) ## load the sample with planted faults, audit it, write ledgers
	rm -rf $(DEMO)
	$(BIN)/permit-audit --workspace $(DEMO) load $(PLANTED)
	$(BIN)/permit-audit --workspace $(DEMO) run --as-of $(AS_OF)

test: $(READY)
	$(BIN)/python -m pytest -n 2 --dist loadfile

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

bench-database: $(READY) ## a million rows from a private PostgreSQL: time and memory, three times
	$(BIN)/python -m tests.bench.database

docs: $(READY) ## generated pages
	$(BIN)/python -m audit.docs

$(PEERS): tests/bench/requirements-peers.txt
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

bench: $(READY) $(PEERS) ## the rule engine against general data validators; results in .bench/
	$(BIN)/python -m tests.bench.run --runs $(RUNS)

bench-quick: $(READY) $(PEERS) ## the same on 10,000 permits, once
	$(BIN)/python -m tests.bench.run --permits 10000 --runs 1

bench-scale: $(READY) ## the whole catalogue on cities of several sizes and under memory limits
	$(BIN)/python -m tests.bench.scale

bench-docs: $(READY) ## put the last results into docs/benchmarks.md
	$(BIN)/python -m tests.bench.report $${BENCH_DIR:-.bench}/result.json

clean:
	rm -rf $(DEMO) .bench .venv .venv-peers build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
