# Two commands do all the set-up on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow lint bench validate docs clean

help: ## list what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "beamtwin needs Python 3.11 or newer; choose one: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.created pyproject.toml constraints.txt
	@echo "Installing beamtwin into $(VENV) (once; a minute or two)"
	$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-for-tests: $(VENV)/.installed
	@echo "Installing what the tests need into $(VENV) (once; a minute or two)"
	$(PIP) install -c constraints.txt -e '.[test]'
	@touch $@

$(VENV)/.installed-for-bench: $(VENV)/.installed-for-tests
	@echo "Installing the peers that are measured into $(VENV) (once; a minute)"
	$(PIP) install -c constraints.txt -e '.[test,bench]'
	@touch $@

$(VENV)/.installed-for-docs: $(VENV)/.installed
	$(PIP) install -c constraints.txt -e '.[docs]'
	@touch $@

demo: $(VENV)/.installed ## the main job: CHX slit diffraction, measured against simulated
	@$(BIN)/beamtwin demo

lint: $(VENV)/.installed-for-tests ## style, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/basedpyright

test: lint ## everything that has to hold, in a few minutes
	$(BIN)/pytest -m 'not slow'
	@echo "make test: style, types, import rules and tests hold."

test-slow: $(VENV)/.installed-for-tests ## the studies that take longer
	$(BIN)/pytest -m slow

bench: $(VENV)/.installed-for-bench ## speed against peers, as ratios; writes docs/benchmarks.md
	$(BIN)/python benchmarks/run.py

validate: $(VENV)/.installed ## the physics against closed forms, SRW and publications; writes docs/validation.md
	$(BIN)/python validation/run.py

docs: $(VENV)/.installed-for-docs ## docs/_build/html/index.html
	$(BIN)/sphinx-build -q -W -b html docs docs/_build/html
	@echo "make docs: docs/_build/html/index.html"

clean: ## forget what was installed and made
	rm -rf $(VENV) docs/_build demo build dist
