# Two commands do everything: `make demo` and `make test`. Both make the virtual environment first.
.DEFAULT_GOAL := help
.PHONY: help demo test test-quick coverage lint bench bench-distributed fuzz hunt gallery tutorials notebooks site fast parity browser clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
FLOOR := 92

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-10s %s\n", $$1, $$2 }'

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "minitorch needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Setting up $(VENV) and installing minitorch in it: half a minute, or as long as the downloads take ..."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[viz,save,tutorials,dev]'
	@touch $(READY)

demo: $(READY) ## train a conv net on handwritten digits, check its gradients, draw its graph
	$(BIN)/python tutorials/00_quickstart.py

test: $(READY) ## run the whole test suite, on all cores
	$(BIN)/python -m pytest -n auto --dist loadscope $(ARGS)

coverage: $(READY) ## run the tests of single files, of ops and of errors, and say which lines and branches none of them reaches
	$(BIN)/python -m pytest -n auto --dist loadscope -m measured --cov --cov-report=term-missing --cov-fail-under=$(FLOOR)

test-quick: $(READY) ## run the part of it that tells most in a minute: no slow tests, fewer drawn cases, no PyTorch
	$(BIN)/python -m pytest -n auto --dist loadscope -m 'not slow and not parity' --hypothesis-profile=quick --ignore=tests/parity --ignore=tests/e2e --ignore=tests/laws/test_docs.py --ignore=tests/laws/test_typing.py --ignore=tests/unit/test_onnx.py

lint: $(READY) ## check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/laws/test_typing.py
	$(BIN)/lint-imports

bench: $(READY) ## measure speed, beside PyTorch where it is installed
	$(BIN)/python -m tests.benchmarks

bench-distributed: $(READY) ## measure what two processes bring over one (needs the extra distributed, which it installs)
	$(BIN)/python -m pip install --quiet --editable '.[distributed]'
	$(BIN)/python -m tests.benchmarks.processes

fuzz: $(READY) ## draw many more cases than `make test` does, others each time (about 20 minutes)
	$(BIN)/python -m pytest --hypothesis-profile=long tests/laws/test_ops.py tests/laws/test_layers.py tests/laws/test_kernels.py
	$(BIN)/python -m tests.hostile 200000
	$(BIN)/python -m tests.programs 20000

hunt: $(READY) ## a Python with a mistake in one derivative: find it, for ten points (N=7 for hunt number 7)
	$(BIN)/python -m tests.mutants --hunt $(N)

gallery: $(READY) ## draw a gallery of computation graphs, with players to step through
	$(BIN)/python tutorials/gallery.py

tutorials: $(READY) ## run every tutorial
	@set -e; for script in tutorials/[0-9]*.py; do echo "== $$script"; $(BIN)/python $$script; done

notebooks: $(READY) ## write the lessons as notebooks, and open them in JupyterLab
	$(BIN)/python -m pip install --quiet --editable '.[notebooks]'
	@mkdir -p tutorials/output/notebooks && cp tutorials/exercises.py tutorials/figures.py tutorials/digits_in_processes.py tutorials/output/notebooks/
	@cd tutorials && for lesson in 0[1-9]_*.py 1*_*.py; do \
		[ ! -e $$lesson ] || ../$(BIN)/jupytext --quiet --to ipynb --output output/notebooks/$${lesson%.py}.ipynb $$lesson; done
	cd tutorials/output/notebooks && ../../../$(BIN)/jupyter lab

site: $(READY) ## run the lessons and build the documentation site
	$(BIN)/python -m pip install --quiet --editable '.[site]'
	$(BIN)/python tutorials/build_site.py

fast: $(READY) ## install Numba and TBB beside minitorch, which then computes large arrays with compiled loops
	$(BIN)/python -m pip install --quiet --editable '.[fast]'

parity: $(READY) ## install PyTorch (large) beside minitorch, so that `make test` compares the two
	$(BIN)/python -m pip install --quiet torch==2.13.0

browser: $(READY) ## install Playwright beside minitorch, so that `make test` drives the pages in the system's Chromium
	$(BIN)/python -m pip install --quiet --editable '.[browser]'

clean: ## remove the environment and everything generated
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .hypothesis .mypy_cache .ruff_cache .import_linter_cache tutorials/output
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
