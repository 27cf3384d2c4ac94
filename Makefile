# Two commands are enough on a fresh machine: `make demo` and `make test`. Python 3.11+ and make are all they need.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DEMO   ?= demo-brand
.DEFAULT_GOAL := help
# What the tests' many processes import is compiled once.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help demo test test-all check bench lock clean complete-journey

help: ## show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

$(VENV)/.base: requirements/base.lock pyproject.toml
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@echo "Installing Dujiang ..."
	@$(BIN)/python -m pip install -q --require-hashes -r requirements/base.lock
	@$(BIN)/python -m pip install -q --no-deps -e .
	@touch $@

$(VENV)/.test: requirements/test.lock $(VENV)/.base
	@echo "Installing what the tests need ..."
	@$(BIN)/python -m pip install -q --require-hashes -r requirements/test.lock
	@touch $@

$(VENV)/.bench: requirements/bench.lock $(VENV)/.test
	@echo "Installing what the benchmarks compare with ..."
	@$(BIN)/python -m pip install -q --require-hashes -r requirements/bench.lock
	@touch $@

demo: $(VENV)/.base ## install, build the demo brand, serve the console on loopback
	@$(BIN)/dujiang demo $(DEMO)

complete-journey: $(VENV)/.test ## the same with real retail data (the Complete Journey)
	@$(BIN)/python examples/complete_journey/run.py

# Three workers for two processors, since many tests wait for processes of their own. Files keep the order of tests/conftest.py.
test: $(VENV)/.test ## run the tests, with a real browser and a real PostgreSQL
	@$(BIN)/python tests/system_parts.py
	@$(BIN)/python -m pytest -m "not slow" -n 3 --dist loadfile --no-loadscope-reorder

test-all: $(VENV)/.bench ## run every test, the long ones too
	@$(BIN)/python tests/system_parts.py
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: $(VENV)/.test ## format, lint, types, import order
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/lint-imports && $(BIN)/pyright

bench: $(VENV)/.bench ## measure, print the table, write benchmarks/RESULTS.md
	@$(BIN)/python benchmarks/run.py

lock: ## compile the hashed locks from pyproject.toml (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements/base.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra test pyproject.toml -o requirements/test.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra test --extra bench pyproject.toml -o requirements/bench.lock

clean: ## remove the environment and the demo brand
	rm -rf $(VENV) $(DEMO)
