# Tillbridge.  `make` alone lists what there is.
PYTHON ?= python3
N ?= 2000
STAGE ?= dev
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
BENCH := $(VENV)/bench

.DEFAULT_GOAL := help
.PHONY: help run console stop deploy package destroy test check prove bench format lint types imports clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 20

run: $(READY) ## send a day's trading through the real app, on the embedded AWS (N=2000, KEEP=1)
	@$(BIN)/python -m ops run --count $(N) $(if $(KEEP),--keep)

console: $(READY) ## open a page on a stage, or on what `make run KEEP=1` left up (STAGE=, PORT=)
	@$(BIN)/python -m ops console $(if $(filter-out file default,$(origin STAGE)),--stage $(STAGE)) $(if $(PORT),--port $(PORT))

stop: $(READY) ## stop what `make run KEEP=1` left up
	@$(BIN)/python -m ops stop

deploy: $(READY) ## ship a stage: resources, then `chalice deploy` (STAGE=dev)
	@$(BIN)/python -m ops deploy --stage $(STAGE)

package: $(READY) ## make CloudFormation of a stage, and ship that with BUCKET=... (STAGE=dev)
	@$(BIN)/python -m ops package --stage $(STAGE) $(if $(BUCKET),--bucket $(BUCKET)) out/$(STAGE)

destroy: $(READY) ## delete a stage, but for its table and its dead letters; asks first (STAGE=dev)
	@$(BIN)/python -m ops destroy --stage $(STAGE)

test: $(READY) ## run the tests, those on the embedded AWS included
	@$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile

bench: $(BENCH) ## measure speed and cost beside the usual tool's, in 10 minutes (QUICK=1: in two)
	@$(BIN)/python -m benchmarks $(if $(QUICK),--quick)

check: format lint types imports test ## all that CI checks

prove: $(READY) ## run the whole proof: simulation, faults, soak, fuzzing (half an hour; QUICK=1)
	@$(BIN)/python -m tests.prove $(if $(QUICK),--quick) $(PART)

format: $(READY) ## check the formatting
	@$(BIN)/ruff format --check .

lint: $(READY) ## check for faults and style
	@$(BIN)/ruff check .

types: $(READY) ## check the types, strictly
	@STAGE=local $(BIN)/mypy

imports: $(READY) ## check that imports go one way
	@$(BIN)/lint-imports

clean: ## remove what make has made
	rm -rf $(VENV) .local out .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(READY): requirements.txt requirements-dev.txt constraints.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Tillbridge needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	@echo "making a virtual environment and installing the pinned packages (once; a few minutes)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt -c constraints.txt
	@$(BIN)/pip download --quiet --disable-pip-version-check -r requirements.txt -d .local/wheels
	@touch $@

$(BENCH): $(READY) requirements-bench.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-bench.txt -c constraints.txt
	@$(BIN)/pip download --quiet --disable-pip-version-check -r requirements-bench.txt -c constraints.txt -d .local/wheels
	@touch $@
