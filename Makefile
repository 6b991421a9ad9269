# `make` alone lists what there is.
PYTHON ?= python3
EXTRAS ?= dev
SERIES ?=
OUT    ?= out
comma  := ,
BIN    := .venv/bin
STAMP  := .venv/.installed-$(subst $(comma),-,$(EXTRAS))
# The rooms' loops are short: more threads than one per process only get in each other's way.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup run check test bench evaluate train clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' Makefile | sed -E 's/:.*## / - /'

setup: $(STAMP) ## make the virtual environment and install everything

$(STAMP): pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing (a minute or two the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[$(EXTRAS)]'
	@touch $@

run: setup ## the main job on the example study, or on SERIES=path
	@$(BIN)/python examples/main_job.py --out '$(OUT)' $(if $(SERIES),--series '$(SERIES)')

check: setup ## format, lint, types, floors
	$(BIN)/ruff format --check src tests examples
	$(BIN)/ruff check src tests examples
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

test: check ## everything: check and all tests
	$(BIN)/python -m pytest -n 2 --dist worksteal

bench: setup ## seconds and memory of the main steps
	$(BIN)/heartbox bench locate

evaluate: setup ## the bars on twenty phantoms, and on MANIFEST=path where there is one
	$(BIN)/heartbox evaluate $(MANIFEST) --phantoms 20

train: ## train the net again (DATA=folder, one hour on two cores)
	@$(MAKE) --no-print-directory setup EXTRAS=dev,train
	$(BIN)/heartbox train training/recipes/heart.toml --data '$(DATA)'

clean: ## remove what was made here
	rm -rf .venv build dist $(OUT) .mypy_cache .ruff_cache .pytest_cache
