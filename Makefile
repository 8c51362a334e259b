# Two commands do everything: `make demo` runs the main job, `make test` passes the tests.
# Each builds what it lacks and reuses what an earlier run built.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BROWSER := $(VENV)/.browser
PYTEST := $(BIN)/python -m pytest -q

export BENTOML_DO_NOT_TRACK := true
export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := true
# Some machines forbid bytecode; without it every run compiles every test again.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup demo serve bento audit test quick test-full check format bench lock clean

help: ## show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

setup: $(STAMP) ## make the virtual environment and install the pinned dependencies

$(STAMP): requirements/all.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "riskml needs Python 3.11 with venv: install the packages python3.11 and python3.11-venv, or set PYTHON=" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "riskml needs the venv module: install the package python3.11-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep '^uv==' requirements/all.txt)"
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode -r requirements/all.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(STAMP) ## run the main job on the simulated world, end to end
	$(BIN)/riskml demo

serve: $(STAMP) ## serve what the demo promoted, until interrupted
	$(BIN)/riskml serve

quick: $(STAMP) ## the inner loop: fast tests only
	$(PYTEST) -n 2 --dist loadfile -m "not slow and not integration and not browser and not notebook and not full"

# The browser tests need Chromium, and axe-core, which judges pages for accessibility.
$(BROWSER): $(STAMP)
	@command -v chromium >/dev/null || { test "$$(id -u)" = 0 && apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-noto-core >/dev/null; } || { echo "the browser tests need chromium: install the package chromium" >&2; exit 1; }
	@command -v npm >/dev/null || { test "$$(id -u)" = 0 && apt-get update -qq && apt-get install -y -qq --no-install-recommends npm >/dev/null; } || { echo "the browser tests need npm: install the package npm" >&2; exit 1; }
	npm install --prefix $(VENV)/axe --no-save --no-package-lock --no-audit --no-fund --ignore-scripts --silent axe-core@4.11.0
	@touch $@

bento: $(STAMP) ## build a Bento of the promoted champions
	$(BIN)/python -m serving.bento

test: $(STAMP) $(BROWSER) ## all tests but the heaviest proofs
	$(PYTEST) -n 2 --dist loadfile -m "not full and not alone"
	$(PYTEST) -m "alone and not full"

test-full: $(STAMP) $(BROWSER) ## every test, many seeds and fault injection included
	$(PYTEST) -n 2 --dist loadfile -m "not alone"
	$(PYTEST) -m "alone"

check: $(STAMP) ## lint, types, architecture
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP) ## format and mend what can be mended by machine
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP) ## benchmarks, as ratios against named peers
	$(BIN)/python benchmarks/run.py

audit: $(STAMP) ## ask PyPI for known vulnerabilities of the pins; fails if it does not answer
	$(BIN)/uv tool run --quiet pip-audit==2.9.0 --strict --requirement requirements/all.txt --no-deps --disable-pip

lock: $(STAMP) ## compile the pins from the floors in pyproject.toml
	$(BIN)/python requirements/compile.py

clean: ## remove what the commands made, the virtual environment included
	rm -rf $(VENV) .riskml artifacts .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
