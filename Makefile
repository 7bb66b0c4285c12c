# Everything happens in .venv in this directory, and for the benchmark's peers in .venv-bench;
# nothing is installed elsewhere. Stamp files remember what was installed, so a second run installs nothing.

PYTHON ?=
OUT ?= out/trojan-2009

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet
LOCKED := install --require-hashes --no-deps --only-binary :all:
# Tests that share what is compiled stay in one of the two processes: tests/conftest.py says which.
SHARED := --numprocesses 2 --dist loadfile
ITSELF := install --no-deps --no-build-isolation --editable .

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo verify test test-slow nightly bench lint clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile
	@echo "  make PYTHON=/path/to/python3.12 ...   choose the interpreter (3.11 to 3.13)"

install: .venv/runtime.stamp ## Install the package and its pinned dependencies into .venv

demo: install ## Run the whole job on the founding case and name the files (OUT=DIR)
	$(BIN)/lymphocast demo -o $(OUT)

verify: .venv/dev.stamp ## Run every check behind the answers and write the page (takes long)
	@mkdir -p out
	$(BIN)/lymphocast verify -o out/verify.html

test: .venv/dev.stamp ## Install the test tools and run the tests with coverage
	$(BIN)/python -m pytest $(SHARED) --timeout 300 --cov --cov-report=term-missing:skip-covered

test-slow: .venv/dev.stamp ## Run the tests that take minutes as well
	$(BIN)/python -m pytest $(SHARED) -m "not nightly"

nightly: .venv/dev.stamp ## Calibrate the samplers themselves over simulated patients (takes hours)
	$(BIN)/python -m pytest $(SHARED) --dist load -m nightly

bench: .venv/dev.stamp .venv-bench/peers.stamp ## Time it beside other programs, answers asserted first
	$(BIN)/python -m benchmarks.run
	$(BIN)/python -m benchmarks.start
	$(BIN)/python -m benchmarks.trial
	$(BIN)/python -m benchmarks.update

lint: .venv/dev.stamp ## Check style, format, types and layers
	scripts/check

clean: ## Remove the environment and all caches; results in out/ stay
	rm -rf .venv .venv-bench .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist
	find src tests docs -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/created.stamp: scripts/find-python
	@python=$$(scripts/find-python $(PYTHON)) || exit 1; \
	echo "Using $$python ($$($$python --version 2>&1))"; \
	"$$python" -m venv --clear .venv
	@touch $@

.venv/runtime.stamp: .venv/created.stamp requirements.txt pyproject.toml
	@echo "Installing the pinned dependencies into .venv"
	@$(PIP) $(LOCKED) -r requirements.txt
	@$(PIP) $(ITSELF)
	@touch $@

.venv/dev.stamp: .venv/runtime.stamp requirements-dev.txt
	@echo "Installing the pinned test tools into .venv"
	@$(PIP) $(LOCKED) -r requirements-dev.txt
	@touch $@

# Without a compiler no stamp is left, and the next run looks again.
.venv-bench/peers.stamp: .venv/created.stamp requirements-bench.txt scripts/bench-peers
	@scripts/bench-peers
