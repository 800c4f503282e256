# What people and machines run. `make` alone says what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TRAINS := $(VENV)/.trains
DEMO := sample_streams/break_in_at_night
OUT := out/demo
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint bench clean
MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:

help: ## What there is to make
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(READY) ## A virtual environment in .venv with Kizashi in it

demo: $(READY) ## Replay a break-in: incidents, and where the report lies
	@$(BIN)/kizashi replay $(DEMO) --out $(OUT)

test: lint ## Everything that must hold; what a change has to pass
	@.ci/system-packages chromium rtsp-server pulseaudio portaudio mosquitto openssl nft ip
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile

lint: $(TRAINS) ## Style and types only
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet || { $(BIN)/ruff format --check; exit 1; }
	@$(BIN)/mypy --no-error-summary

bench: $(READY) ## Speed and memory of a replay, on one core
	@$(BIN)/python -m benchmarks.replay $(DEMO)

clean: ## Away with what was made here
	rm -rf $(VENV) out build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "make: $(PYTHON) is not Python 3.11 or later; name one that is: make PYTHON=python3.11" >&2; exit 1; }
	@PYTHON="$(PYTHON)" .ci/system-packages venv
	@echo "setting up $(VENV) (some minutes, once)" >&2
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq -c constraints.txt -e '.[test]'
	@touch $@

$(TRAINS): $(READY)
	@echo "adding what training needs (a large download, once)" >&2
	@$(BIN)/python -m pip install -qq -c constraints.txt -e '.[test,train]'
	@touch $@
