# Every task of the project. `make help` lists them; each works as the first command on a machine with git, make and Python.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BENCH := .venv-bench
, := ,

# uv installs in a tenth of pip's time: the one that is there, else a copy inside the environment; where it finds no
# packages (it does not read pip's configuration), pip does it.
UV := $(shell command -v uv 2>/dev/null)
make_venv = $(PYTHON) -m venv $(1)
ifndef UV
make_venv += && { $(1)/bin/python -m pip install --quiet --disable-pip-version-check uv || echo "uv cannot be installed here; pip takes its place"; }
endif
# Penstock itself is built anew even where uv remembers a build: its files may have changed since.
install = $(or $(UV),$(1)/bin/uv) pip install --quiet --reinstall-package penstock --python $(1)/bin/python $(2) || \
  $(1)/bin/python -m pip install --quiet --disable-pip-version-check $(2)

# Whether the compiled kernels are in use, said before what depends on them.
say_kernels = @$(BIN)/python -c "from penstock.kernels import status; s = status(); \
  print('Kernels: compiled, ' + s.isa if s.isa else '*** Kernels: NOT IN USE, several times slower: ' + s.reason)"

# What an installation must be made anew for; Python files are read where they lie.
BUILT_FROM := pyproject.toml CMakeLists.txt $(wildcard native/*)

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow coverage test-elsewhere test-native test-peers test-classical lint types format bench studies clean

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

# The demo needs the kernels of this machine only, which compile in half the time of all; those that tests need do as well.
demo: $(firstword $(wildcard $(VENV)/.test $(VENV)/.studies) $(VENV)/.demo)  ## Install, train on the S&P 500, print the honest table, write sp500.html
	$(say_kernels)
	$(BIN)/penstock study sp500 --no-transformer --report sp500.html

test: $(VENV)/.test  ## Run the fast suite
	$(say_kernels)
	$(BIN)/python -m pytest -n auto

test-slow: $(VENV)/.test  ## Run the tests that the fast suite leaves out, and the examples in docstrings
	$(BIN)/python -m pytest -n auto -m slow --doctest-modules tests src

coverage: $(VENV)/.test  ## Measure the lines that the fast and the slow suite run; fails below 95 %
	$(BIN)/python -m pytest -n auto -m "" --doctest-modules tests src --cov=penstock --cov-report=term-missing:skip-covered --cov-fail-under=95

test-elsewhere:  ## Build on Debian 12, 13 and sid with g++ and clang and test there (needs root and debootstrap; an hour)
	tests/elsewhere.sh bookworm:g++,clang++ trixie:g++,clang++ sid:g++,clang++

test-native:  ## Run the kernels under AddressSanitizer and UBSan, and fenced (needs gcc or clang)
	native/run.sh test

test-peers: $(VENV)/.peers  ## Compare outputs and gradients with torch, audit other libraries (installs them; a quarter of an hour)
	$(BIN)/python -m pytest tests/peers tests/adapters

test-classical: $(VENV)-classical/.installed  ## Test the models of the extra `classical` (installs it apart: it holds pandas below 3)
	$(VENV)-classical/bin/python -m pytest tests/contract tests/baselines/test_classical.py tests/adapters/test_nixtla.py -k "classical or ETS or ARIMA or MSTL or statsforecast"

lint: $(VENV)/.lint  ## Check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.lint  ## Check types, strictly
	$(BIN)/mypy

format: $(VENV)/.lint  ## Mend style and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(BENCH)/.bench  ## Measure against the peers, in turn in one run (installs them beside)
	$(BENCH)/bin/python benchmarks/run.py --out build/benchmarks

studies: $(VENV)/.studies  ## Run what made the figures of docs/ (docs/studies/runs.txt) and fill its pages (needs PENSTOCK_DATA; hours)
	mkdir -p build/studies
	sed -n 's|^penstock .*|& --missing --report build/studies|p' docs/studies/runs.txt | PATH="$(CURDIR)/$(BIN):$$PATH" sh -ex
	$(BIN)/python docs/fill.py build/studies

clean:  ## Remove environments and what was built
	rm -rf $(VENV) $(BENCH) build dist .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python $(BENCH)/bin/python $(VENV)-classical/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Penstock needs Python 3.11 or later, but $(PYTHON) is $$($(PYTHON) --version 2>&1); name another: make PYTHON=python3.12"; exit 1; }
	$(call make_venv,$(@:%/bin/python=%))

$(VENV)/.demo: $(BUILT_FROM) | $(BIN)/python
	@echo "Installing Penstock into $(VENV), with the kernels of this machine's instruction set ..."
	$(call install,$(VENV),-C cmake.define.PENSTOCK_ISAS=host -e .)
	@touch $@

$(VENV)/.studies: $(BUILT_FROM) | $(BIN)/python
	@echo "Installing Penstock and what its studies read into $(VENV) ..."
	$(call install,$(VENV),-e '.[parquet$(,)text]')
	@touch $@

$(VENV)/.test: $(BUILT_FROM) | $(BIN)/python
	@echo "Installing Penstock and what its tests need into $(VENV) ..."
	$(call install,$(VENV),-e '.[test]')
	@touch $@

# Checkers read the sources: what those import is installed, Penstock is not built.
$(VENV)/.lint: pyproject.toml | $(BIN)/python
	@echo "Installing what Penstock imports and its checkers into $(VENV) ..."
	$(BIN)/python -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
	  print(*p['dependencies'], *p['optional-dependencies']['lint'], sep='\n')" > $(VENV)/lint.txt
	$(call install,$(VENV),-r $(VENV)/lint.txt)
	@touch $@

$(VENV)/.peers: $(BUILT_FROM) | $(BIN)/python
	@echo "Installing Penstock, its tests and its peers into $(VENV) ..."
	$(call install,$(VENV),-e '.[test$(,)peers]')
	@touch $@

$(VENV)-classical/.installed: $(BUILT_FROM) | $(VENV)-classical/bin/python
	@echo "Installing Penstock, its tests and statsforecast into $(VENV)-classical ..."
	$(call install,$(VENV)-classical,-e '.[test$(,)classical]')
	@touch $@

$(BENCH)/.bench: $(BUILT_FROM) benchmarks/requirements.txt | $(BENCH)/bin/python
	@echo "Installing Penstock and its peers into $(BENCH) ..."
	$(call install,$(BENCH),-e . -r benchmarks/requirements.txt)
	@touch $@
