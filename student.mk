# What readers and students run; `make` alone lists it. Makefile adds the commands of those who teach or change the book.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3
BIN := $(CURDIR)/.venv/bin
UV := .tools/bin/uv
# One BLAS thread: the matrices here are small, and two threads fight over them. It must be set before NumPy starts.
export OPENBLAS_NUM_THREADS := 1
export OMP_NUM_THREADS := 1
# nbgrader calls its own helpers (alembic) by bare name.
export PATH := $(BIN):$(PATH)
export UV_PYTHON_DOWNLOADS := never
unexport VIRTUAL_ENV PYTHONPATH

.PHONY: help
help:  ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(filter %.mk,$(MAKEFILE_LIST)) $(filter-out %.mk,$(MAKEFILE_LIST))

# ---- set-up: an environment of the project's own, made once, remade when the lock changes ----

.tools/.done: requirements-tools.lock
	@$(PYTHON) scripts/check_python.py
	@echo "Setting up: the installer (.tools)"
	@$(PYTHON) -m venv --clear .tools
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-tools.lock
	@touch $@

.venv/.done: .tools/.done requirements.lock pyproject.toml
	@echo "Setting up: the environment (.venv), about a minute"
	@$(UV) venv --quiet --clear --python .tools/bin/python .venv
	@$(UV) pip install --quiet --python .venv --require-hashes --compile-bytecode -r requirements.lock
	@$(UV) pip install --quiet --python .venv --no-deps --no-build-isolation --editable .
	@.venv/bin/python -m compileall -q rnncore scripts
	@touch $@

.PHONY: setup
setup: .venv/.done  ## Make the environment (the other commands do it by themselves)

# ---- read, solve ----

.PHONY: lab
lab: setup  ## Open the book in JupyterLab
	@jupyter lab --config=scripts/jupyter_lab_config.py $(LAB_OPTIONS)

.PHONY: check
check: setup  ## Run the visible tests on your answers: make check CH=08 [NOTEBOOK=elsewhere.ipynb]
	@python -m scripts.check "$(CH)" $(if $(NOTEBOOK),"$(NOTEBOOK)")
