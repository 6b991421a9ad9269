# `make` alone lists what there is.
PYTHON ?= python3
EXTRAS ?= dev
SERIES ?=
OUT    ?= out
PORT   ?= 8000
comma  := ,
BIN    := .venv/bin
STAMP  := .venv/.installed-$(subst $(comma),-,$(EXTRAS))
PAGE   := web/dist/index.html
NPM    := $(shell command -v npm)
# The rooms' loops are short: more threads than one per process only get in each other's way.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup page run check test test-python test-web journeys browser bench evaluate reference train clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## / - /'

setup: $(STAMP) ## make the virtual environment and install everything

$(STAMP): pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing the Python packages (a minute or two the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[$(EXTRAS)]'
	@touch $@

web/node_modules/.installed: web/package-lock.json
	@echo "installing the page's packages ..."
	@cd web && npm ci --silent
	@touch $@

ifeq ($(NPM),)
page: ; @echo "npm is not at hand: the page is not built (Node.js 20 or newer brings it)"
else
page: $(PAGE) ## build the page that the server serves
$(PAGE): web/node_modules/.installed $(shell find web/src web/public web/index.html web/vite.config.ts contract src/heartbox/weights -type f 2>/dev/null)
	cd web && npm run --silent build
endif

run: setup page ## the main job on the example study, or on SERIES=path; then the page (not with SERVE=no)
	@$(BIN)/python examples/main_job.py --out '$(OUT)' --port $(PORT) $(if $(SERIES),--series '$(SERIES)') $(if $(filter no,$(SERVE)),--no-serve)

check: setup $(if $(NPM),web/node_modules/.installed) ## format, lint, types, floors, in both languages
	$(BIN)/ruff format --check src tests examples hatch_build.py
	$(BIN)/ruff check src tests examples hatch_build.py
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(if $(NPM),cd web && npm run --silent check,@echo "skipped: the page's checks (npm is not at hand)")

test: check test-python test-web journeys ## everything: check and all tests

test-python: setup page ## the Python tests
	$(BIN)/python -m pytest -n 2 --dist worksteal

test-web: page ## the page's unit tests
	$(if $(NPM),cd web && npm run --silent test,@echo "skipped: the page's unit tests (npm is not at hand)")

journeys: setup page browser ## the page's journeys in a real browser, on a phantom and on the example study
	@$(BIN)/python examples/main_job.py --fetch
	$(if $(NPM),cd web && npm run --silent journeys,@echo "skipped: the page's journeys (npm is not at hand)")

browser: ## a Chromium for the journeys, where none is there and it may be installed
	@command -v chromium chromium-browser google-chrome google-chrome-stable >/dev/null 2>&1 || \
	  { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && echo "installing Chromium ..." && \
	    apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } || \
	  echo "no Chromium is at hand and none may be installed: the journeys will be skipped by name"

bench: setup page ## seconds and memory of the main steps
	$(BIN)/heartbox bench locate $(or $(SERIES),build/example/lidc-idri-0001)
	$(BIN)/heartbox bench journey $(or $(SERIES),build/example/lidc-idri-0001)
	$(BIN)/heartbox bench uploads --kills 20

evaluate: setup ## the bars on twenty phantoms, and on MANIFEST=path where there is one
	$(BIN)/heartbox evaluate $(MANIFEST) --phantoms 20

reference: setup ## LIDC-IDRI-0001 in five wrappings against a reference mask of the aorta
	$(BIN)/python examples/reference_study.py

train: ## train the net again (DATA=folder, one hour on two cores)
	@$(MAKE) --no-print-directory setup EXTRAS=dev,train
	$(BIN)/heartbox train training/recipes/heart.toml --data '$(DATA)'

clean: ## remove what was made here
	rm -rf .venv build dist $(OUT) .mypy_cache .ruff_cache .pytest_cache web/node_modules web/dist web/build
