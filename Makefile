# Every habit is a word here; `make` alone prints them.

PYTHON ?= python3
BIN := .venv/bin
CODE := $(wildcard chassis cli local scripts services tests)
# Tests that may run beside each other, as many as there are cores; tests of parts on nodes that they share, which wait more
# than they work; and tests of whole systems, which take the machine for themselves.
QUICK := $(wildcard tests/unit tests/contract)
PARTS := $(wildcard tests/integration)
WHOLE := $(wildcard tests/e2e tests/chaos)

.DEFAULT_GOAL := words
.PHONY: words setup setup-test run down status clean-data simulate proto proto-release proto-check map deploy-check deploy-copy lint format test check bench chaos assets lock

words: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## make .venv from the lock and install RabbitMQ where it is missing
	@$(PYTHON) scripts/setup.py run

setup-test: ## the same, and what the tests need: promtool, Chromium, Dovecot, Postfix and faketime
	@$(PYTHON) scripts/setup.py test

run: setup ## start everything, load the demo, print what to do next; Ctrl-C stops
	@$(BIN)/python -m local run

down: setup ## stop what `make run` started
	@$(BIN)/python -m local down

status: setup ## what runs, on which ports, since when
	@$(BIN)/python -m local status

clean-data: setup ## forget all data of the local system
	@$(BIN)/python -m local clean-data

simulate: setup ## play DAYS=30 of a desk's life in minutes beside whatever runs, check them, stay; SEED=1 START= LETTERS_A_DAY=25
	@DAYS=$(or $(DAYS),30) SEED=$(or $(SEED),1) START=$(START) LETTERS_A_DAY=$(or $(LETTERS_A_DAY),25) $(BIN)/python -m local simulate

proto: setup ## make the stubs in gen/ from proto/
	@$(BIN)/python scripts/proto.py

proto-check: setup ## stubs are fresh, buf finds no fault, nothing released is broken
	@$(BIN)/python scripts/proto.py --check
	@cd proto && ../$(BIN)/buf lint
	@cd proto && ../$(BIN)/buf format --diff --exit-code
	@cd proto && ../$(BIN)/buf breaking --against released.binpb

proto-release: setup ## what proto/ says now is released: nothing of it may be broken from here on
	@cd proto && ../$(BIN)/buf build -o released.binpb

map: setup ## draw the map of who hears whom into the README
	@$(BIN)/python -m scripts.draw_map

lint: setup proto-check deploy-check ## ruff, mypy --strict, import contracts, contracts of the wire
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/mypy $(CODE)
	@$(BIN)/lint-imports
	@$(BIN)/python scripts/assets.py --check
	@$(BIN)/python -m scripts.draw_map --check

deploy-check: setup ## image, compose file, chart, rules, runbooks and dashboard are right
	@$(BIN)/python -m scripts.deploy check

deploy-copy: setup ## give the chart its copies of the rules and the dashboard
	@$(BIN)/python -m scripts.deploy copy

format: setup ## let ruff put the code in order
	@$(BIN)/ruff check --fix $(CODE)
	@$(BIN)/ruff format $(CODE)

test: setup-test ## unit, contract, integration, e2e and the quick chaos tests, on own nodes
	@$(BIN)/pytest -n 2 -m "not bench and not exhaustive" $(QUICK)
	@$(BIN)/pytest -n 3 --dist loadfile -m "not bench and not exhaustive" $(PARTS)
	@$(BIN)/pytest -m "not bench and not exhaustive" --durations 10 $(WHOLE)

check: lint test ## what has to be green: lint and test

bench: setup-test ## measure the speed beside the bare pipe; prints ratios
	@$(BIN)/python -m tests.bench

chaos: setup-test ## every failpoint, kill, freeze and step-down, at length
	@$(BIN)/pytest -m "chaos or exhaustive" --timeout 1200 --durations 20 $(wildcard tests/chaos) tests/e2e/test_simulation.py

assets: setup ## fetch the vendored scripts, styles and fonts again
	@$(BIN)/python scripts/assets.py

lock: setup ## pin requirements*.in anew, with hashes
	@for part in requirements requirements-dev; do \
	  $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header \
	    --no-emit-index-url --no-emit-find-links --python-version 3.11 $$part.in -o $$part.txt; done
