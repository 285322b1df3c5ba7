# heedful: `make demo` shows what it does, `make test` checks it. Both set up .venv themselves and may be repeated.

# The first of these that is Python 3.11 or later; choose another with `make test PYTHON=/path/to/python3`.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
VENV ?= .venv
WORKERS ?= 2
ARGS ?=
# avx2: as on a processor without AVX-512 and bfloat16, `make test KIND=avx2`
KIND ?=

BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
AS := $(if $(KIND),.ci/as-$(KIND))
# Idle workers take over tests from busy ones: times differ by a factor of a thousand.
PYTEST := OMP_NUM_THREADS=1 $(AS) $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

.PHONY: help demo test test-all lint docs bench clean
.DEFAULT_GOAL := help

help:
	@echo "make demo      train two small translators on an embedded corpus, score them, draw where they look"
	@echo "make test      all tests but the slow ones (one test: make test ARGS='-k words tests/store')"
	@echo "make test-all  the slow tests too"
	@echo "               KIND=avx2 runs them as on a processor without AVX-512 and bfloat16"
	@echo "make bench     attention beside its peers, timed on this machine (some minutes; leave it alone meanwhile)"
	@echo "make lint      ruff, pyright and the floors"
	@echo "make docs      the documentation site, in docs/_build/html (offline; its notebooks run meanwhile)"
	@echo "make clean     remove caches, builds and what the demo left; $(VENV) stays"

demo: $(VENV)/.ready-demo
	@$(BIN)/heedful demo $(ARGS)

test: $(VENV)/.ready-dev
	@echo "== tests without the slow ones, on $(WORKERS) processes"
	@$(PYTEST) -q -m "not slow" $(ARGS)

test-all: $(VENV)/.ready-dev
	@echo "== all tests, on $(WORKERS) processes"
	@$(PYTEST) -q $(ARGS)

lint: $(VENV)/.ready-dev
	@echo "== ruff, pyright, the floors"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/pyright
	@$(BIN)/lint-imports

docs: $(VENV)/.ready-docs
	@echo "== the documentation site; a warning is an error"
	@OMP_NUM_THREADS=1 $(BIN)/python -m sphinx -q -W --keep-going -E -b html docs docs/_build/html
	@echo "open docs/_build/html/index.html"

bench: $(VENV)/.ready-dev
	@echo "== attention beside its peers"
	@$(BIN)/heedful bench $(ARGS)

clean:
	rm -rf build dist demo docs/_build .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -path './.venv*' -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the environment. A stamp is written when a step has succeeded, so that one that was cut short is done again.

$(VENV)/.created:
	@if ! "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
		echo "heedful needs Python 3.11 or later; $(or $(PYTHON),python3) is: $$("$(or $(PYTHON),python3)" --version 2>&1)" >&2; \
		echo "Install one, or say where it is: make test PYTHON=/path/to/python3.12" >&2; exit 1; fi
	@echo "== making $(VENV) with $$("$(PYTHON)" --version)"
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || "$(PYTHON)" -m venv "$(VENV)" || { \
		echo "Python could not make an environment; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@touch $@

$(VENV)/.ready-demo: $(VENV)/.created pyproject.toml constraints.txt
	@echo "== installing heedful with what training and pictures need (once; PyTorch is large)"
	@$(INSTALL) -e '.[train,plot]'
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.created pyproject.toml constraints.txt
	@echo "== installing heedful with what its tests need (once; PyTorch is large)"
	@$(INSTALL) -e '.[train,plot,image,dev]'
	@touch $@

$(VENV)/.ready-docs: $(VENV)/.created pyproject.toml constraints.txt
	@echo "== installing heedful with what its documentation needs (once)"
	@$(INSTALL) -e '.[train,plot,image,docs]'
	@touch $@
