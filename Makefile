# venuenet: two commands matter, `make run` and `make test`; they set up what they need.
# Needs GNU make and Python >= 3.11. PYTHON=..., PORT=..., ARGS=... pass through.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: run test help setup browser postgis web lint types web-test lock bench screenshots beijing wheel clean

# Each candidate is started, not just looked up: a version manager's shim may be there and not run.
ifndef PYTHON
PYTHON := $(shell for p in python3.13 python3.12 python3.11 python3; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
endif
PY := .venv/bin/python
PORT ?= 8000
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

run: setup web ## open the map on the embedded data (PORT=8000, ARGS=...)
	@exec .venv/bin/venuenet serve --open --refresh --data .venuenet --port $(PORT) $(ARGS)

test: setup browser postgis lint types web-test ## run every check and every test (ARGS=... go to pytest)
	$(PY) -m pytest $(ARGS)

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

setup: .venv/ready ## make .venv from the locks

# The stamp is newer than all it was made from; a Python that is gone or was upgraded counts too.
.venv/ready: $(PY) requirements-dev.txt pyproject.toml
	@echo "Installing the locked packages into .venv (a minute or two the first time)"
	@$(PY) -m pip install -qq --require-hashes -r requirements-dev.txt
	@$(PY) -m pip install -qq --no-deps --no-build-isolation -e .
	@touch $@

$(PY):
	@test -n "$(PYTHON)" || { echo "Python >= 3.11 not found. Install it, or say where it is: make PYTHON=/path/to/python" >&2; exit 1; }
	@.ci/system-packages venv $(PYTHON)
	@$(PYTHON) -m venv --clear .venv

browser postgis:
	@.ci/system-packages $@

web: setup ## build the map into api/static, if its sources changed
	@$(PY) hatch_build.py

lint: setup ## style, layout and the borders between the rooms
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	.venv/bin/lint-imports

types: setup ## mypy --strict
	$(PY) -m mypy
	$(PY) -m mypy hatch_build.py

web-test: web ## lint and test the map's source
	$(PY) hatch_build.py run lint
	$(PY) hatch_build.py test

# The oldest Python locks: what it pins, newer ones can install; the other way round fails.
LOCK = env -u PIP_FIND_LINKS PIP_CONFIG_FILE=/dev/null $(PY) -m piptools compile --quiet \
  --generate-hashes --allow-unsafe --strip-extras --no-header --no-emit-index-url --no-emit-find-links
lock: setup ## renew the locks after a change of dependencies (ARGS=--upgrade for newer pins)
	@$(PY) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11) and "lock with Python 3.11: make clean lock PYTHON=python3.11")'
	$(LOCK) $(ARGS) -o requirements.txt pyproject.toml
	$(LOCK) $(ARGS) --extra dev -c requirements.txt -o requirements-dev.txt pyproject.toml
	$(LOCK) $(ARGS) --extra bench -c requirements.txt -o requirements-bench.txt pyproject.toml

bench: setup ## run every benchmark
	@$(PY) -m pip install -qq --require-hashes -r requirements-bench.txt
	@for file in benchmarks/[!_]*.py; do (set -x; $(PY) -m benchmarks.$$(basename $$file .py)); done

screenshots: setup browser web ## take docs/images again in a real Chromium
	VENUENET_SCREENSHOTS=$(CURDIR)/docs/images $(PY) -m pytest -q tests/web

beijing: setup ## write docs/beijing.md and docs/beijing.zh.md again from the embedded data
	$(PY) docs/beijing/write.py

wheel: setup ## make the sdist and the wheel in dist/
	$(PY) -m build --no-isolation

clean: ## remove what the other commands made
	rm -rf .venv .venuenet api/static build dist web/node_modules .*_cache .hypothesis
