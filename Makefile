# RushTrade: `make help` lists what can be done here. Every target is safe to repeat and quick when nothing has changed:
# finished work leaves a stamp in .make/, and a stamp is renewed only when what it was made from is newer.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
PYTHON ?=
BIN := $(VENV)/bin
STAMPS := .make
ARGS ?=
PYTEST_ARGS ?= --numprocesses auto --dist loadfile
# Twice quiet: warnings about an index's spare locations are no news to who types `make up`; errors are shown.
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq

SAY = @printf '%s\n'

# A stamp is worth nothing when what it stands for has been removed.
ifeq ($(wildcard $(BIN)/python),)
$(shell rm -f $(STAMPS)/venv $(STAMPS)/runtime $(STAMPS)/package $(STAMPS)/dev)
endif
ifeq ($(wildcard web/node_modules),)
$(shell rm -f $(STAMPS)/web-packages)
endif

.PHONY: help up test lint bench lock clean web check-python browser

help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	$(SAY) '' '  ARGS="…" goes to the command: make up ARGS="--port 8010"; PYTEST_ARGS="…" to pytest; PYTHON=… names the interpreter.'

up: web ## install what is missing, build the workstation, start the house
	@exec $(BIN)/rushtrade up $(ARGS)

test: $(STAMPS)/dev web $(STAMPS)/web-packages browser ## run every check and test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@if [ -z "$(SKIP_WEB)" ]; then echo 'npm run check && npm test'; cd web && npm run --silent check && npm test --silent; \
	  else echo 'web: not tested (RUSHTRADE_SKIP_WEB is set)'; fi
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(STAMPS)/dev $(STAMPS)/web-packages ## run the checks alone, and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@if [ -z "$(SKIP_WEB)" ]; then cd web && npm run --silent fix && npm run --silent check; fi

bench: $(STAMPS)/dev ## measure, print one table, write bench/results.json
	$(BIN)/python -m bench $(ARGS)

web: $(STAMPS)/package ## build the browser workstation, when its sources have changed (hatch_build.py knows by their digest)
	@$(BIN)/python hatch_build.py

lock: $(STAMPS)/dev ## pin all packages anew (needs the package index)
	CUSTOM_COMPILE_COMMAND='make lock' $(BIN)/python -m piptools compile $(LOCK_OPTIONS) -o requirements.lock pyproject.toml
	CUSTOM_COMPILE_COMMAND='make lock' $(BIN)/python -m piptools compile $(LOCK_OPTIONS) --all-extras -c requirements.lock -o requirements-dev.lock pyproject.toml

clean: ## remove everything that was built or installed here (never a house's data)
	rm -rf $(STAMPS) $(VENV) src/rushtrade/static web/node_modules dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis test-results
	find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# ---------------------------------------------------------------------------------------------- what the targets need

LOCK_OPTIONS := --quiet --generate-hashes --strip-extras --allow-unsafe --all-build-deps --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options
SKIP_WEB := $(filter-out 0,$(RUSHTRADE_SKIP_WEB))

# The first interpreter that is CPython 3.11, 3.12 or 3.13, for which the lock files hold hashes.
FITS := import sys; raise SystemExit(not ((3, 11) <= sys.version_info[:2] <= (3, 13)))
FIND_PYTHON = for python in $(PYTHON) python3 python3.13 python3.12 python3.11 python; do \
	if "$$python" -c '$(FITS)' >/dev/null 2>&1; then break; fi; python=; done

$(STAMPS)/venv:
	@mkdir -p $(STAMPS)
	@if ! $(BIN)/python -c '$(FITS)' >/dev/null 2>&1; then \
	  $(FIND_PYTHON); \
	  if [ -z "$$python" ]; then \
	    echo "Python 3.11, 3.12 or 3.13 is needed; here is: $$(python3 --version 2>/dev/null || echo 'no python3')." >&2; \
	    echo 'Install one (Debian 12 and later: apt install python3 python3-venv; others: https://www.python.org/downloads/),' >&2; \
	    echo 'or name it: make up PYTHON=/path/to/python3.12' >&2; exit 1; fi; \
	  echo "python: making $(VENV) with $$("$$python" --version)"; \
	  rm -rf $(VENV); \
	  "$$python" -m venv $(VENV) || { rm -rf $(VENV); \
	    echo 'The venv module did not work. On Debian and Ubuntu: apt install python3-venv' >&2; exit 1; }; fi
	@touch $@

$(STAMPS)/runtime: requirements.lock | $(STAMPS)/venv
	$(SAY) 'python: installing the pinned packages (a minute or two the first time)'
	@$(PIP) install --require-hashes -r requirements.lock
	@touch $@

# The workstation is built first, by itself: what it lacks is said in a sentence then, and not in the middle of pip's own words.
$(STAMPS)/package: pyproject.toml hatch_build.py $(STAMPS)/runtime
	@$(BIN)/python hatch_build.py
	$(SAY) 'python: installing rushtrade from this folder'
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(STAMPS)/dev: requirements-dev.lock $(STAMPS)/package
	$(SAY) 'python: installing the pinned packages of the tests'
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

$(STAMPS)/web-packages: web/package-lock.json hatch_build.py $(STAMPS)/package
	@$(BIN)/python hatch_build.py --packages
	@touch $@

# A real Chromium for the browser test: Debian's, installed when it is missing and we may. Without one the test is
# skipped with its reason, and under CI=true it fails.
browser:
	@for name in chromium chromium-browser google-chrome; do command -v $$name >/dev/null 2>&1 && exit 0; done; \
	how='apt install chromium (Debian), or set RUSHTRADE_CHROMIUM to the path of a Chromium or Chrome'; \
	if [ -n "$$RUSHTRADE_CHROMIUM" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	  echo 'browser: installing chromium for the browser test'; \
	  { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium >/dev/null; } \
	    || echo "browser: that did not work; the browser test has none. Try: $$how" >&2; \
	else echo "browser: no Chromium here, the browser test will be skipped. To run it: $$how" >&2; fi
