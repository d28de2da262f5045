# What a person types. Everything lands in .venv and build/; nothing needs root but missing system packages.
#
#   make             a virtual environment with pyzkfl in it, built from this tree
#   make demo        the same, then a federated training: proven, masked, recorded
#   make demo-chain  the demo on an Ethereum node of its own: stakes, verdicts, rewards, every party with its account
#   make test        every test
#   make test-deep   sanitizers, valgrind, long property tests (an hour or so), then fuzzing for four hours
#   make wheel       a wheel in dist/ that installs without a compiler
#   make bench       every benchmark, as a table
#   make dev         compile what changed, nothing else
#   make style       ruff, mypy
#   make clean       remove what was built; make distclean: the virtual environment too
#
#   PYTHON=python3.12 make      another Python (3.11 to 3.13)
#   PYZKFL_NO_APT=1 make        never call apt-get; name what is missing and stop
#   PYZKFL_BUILD_JOBS=1 make    fewer compilations at once

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := install
.PHONY: install demo demo-chain test test-deep wheel bench dev style clean distclean prerequisites test-tools test-environment

VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input

# The first Python in the range that the package takes.
ifeq ($(origin PYTHON), undefined)
PYTHON := $(shell for python in python3 python3.13 python3.12 python3.11; do \
  $$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && { command -v $$python; break; }; done)
endif

install: dev $(VENV)/.installed
	@echo "pyzkfl is in $(VENV). Try: $(BIN)/pyzkfl doctor"

prerequisites:
	@if [ -z "$(PYTHON)" ]; then echo "pyzkfl needs Python 3.11, 3.12 or 3.13 (PYTHON=... make)" >&2; exit 1; fi
	@$(PYTHON) scripts/prerequisites.py --install

# Stamps: pip runs again only when what it installs has changed.
$(VENV)/.tools: pyproject.toml | prerequisites
	$(PYTHON) -m venv $(VENV)
	$(PIP) install -q "setuptools>=77" wheel "pybind11>=2.13" "cython>=3.0"
	@cmake --version >/dev/null 2>&1 || $(PIP) install -q "cmake>=3.22"
	@touch $@

dev: prerequisites $(VENV)/.tools
	@$(BIN)/python setup.py -q build_ext --inplace

$(VENV)/.installed: pyproject.toml setup.py | dev
	PYTHONWARNINGS=ignore $(PIP) install -q --no-build-isolation -e ".[demo]"
	@touch $@

# torch comes first and alone: asked for by another package, pip would take a build with gigabytes of CUDA.
$(VENV)/.test-installed: $(VENV)/.installed
	$(PIP) install -q "torch==2.13.0"
	PYTHONWARNINGS=ignore $(PIP) install -q --no-build-isolation -e ".[demo,test,flower,dp]"
	@touch $@

test-tools: $(VENV)/.tools
	@$(PYTHON) scripts/prerequisites.py --tests --install

test-environment: test-tools install $(VENV)/.test-installed

demo: install
	$(BIN)/pyzkfl demo

$(VENV)/.chain-installed: $(VENV)/.installed
	PYTHONWARNINGS=ignore $(PIP) install -q --no-build-isolation -e ".[demo,evm]"
	@touch $@

demo-chain: install $(VENV)/.chain-installed
	$(BIN)/python scripts/demo_chain.py --rounds 5

test:
	@bash scripts/test.sh

test-deep:
	@bash scripts/test_deep.sh

# A wheel with OpenSSL and GMP inside, for systems with this one's C library or a newer one.
wheel: test-environment
	$(PIP) wheel -q --no-build-isolation --no-deps -w build/wheel .
	$(BIN)/auditwheel repair --wheel-dir dist "$$(ls -t build/wheel/*.whl | head -1)"

bench: test-environment
	$(BIN)/python -m pyzkfl bench all
	$(BIN)/python -m pytest benchmarks --benchmark-only --benchmark-columns=min,median,rounds

style: test-environment
	$(BIN)/ruff check .
	$(BIN)/mypy

clean:
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
	find pyzkfl -name '*.so' -delete -o -name __pycache__ -type d -prune -exec rm -rf {} +
	rm -f pyzkfl/_built.py $(VENV)/.installed $(VENV)/.chain-installed

distclean: clean
	rm -rf $(VENV)
