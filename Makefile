# The same verbs for people and for CI; CONTRIBUTING.md says what each is for.

PYTHON ?= python3
VENV := .venv
DEMO := .demo-venv
BIN := $(VENV)/bin
SETUP := $(VENV)/.setup
PEERS := .peers-venv
PIP := -m pip --quiet --disable-pip-version-check --no-input
PLUGINS := $(sort $(wildcard plugins/*))
SOURCES := core/src $(PLUGINS:=/src) tests bench docs
SITE := build/docs

.PHONY: demo test lint coverage mutants fuzz soak bench docs reference clean setup peers format

demo: $(DEMO)/.setup
	@$(DEMO)/bin/inboxlink demo

test: setup peers
	@$(BIN)/python -m pytest

lint: setup
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/mypy core/src $(PLUGINS:=/src)
	@$(BIN)/lint-imports

# Which branches of the core the tests take; every line and its branches in build/coverage. What
# a start imports cannot be seen here, because measuring imports too.
coverage: setup peers
	@rm -rf build/coverage && mkdir -p build/coverage
	@$(BIN)/coverage run -m pytest -q --ignore=tests/core/test_startup.py
	@$(BIN)/coverage combine -q
	@$(BIN)/coverage html -q --fail-under=0
	@$(BIN)/coverage json -q --fail-under=0
	@$(BIN)/coverage report
	@$(BIN)/python bench/branches.py

# How many changes of the code the tests notice; `make mutants PACKAGE=flows` for one package.
mutants: $(VENV)/.mutants
	@$(BIN)/python bench/mutants.py $(PACKAGE)

# Inputs by the million, guided by what they reach; what is found stays in build/fuzz.
FUZZ_S ?= 60
fuzz: $(VENV)/.fuzz
	@mkdir -p build/fuzz
	@for target in imap smtp autoconfig address configuration shown; do \
		PYTHONPATH=tests $(BIN)/python -m fuzz $$target build/fuzz -max_total_time=$(FUZZ_S) \
			-max_len=4096 -verbosity=0 -print_final_stats=1 > build/fuzz/$$target.log 2>&1 \
			|| { cat build/fuzz/$$target.log; exit 1; }; \
		echo "$$target: $$(sed -n 's/^stat::number_of_executed_units: *//p' build/fuzz/$$target.log)" \
			"inputs, $$(sed -n 's/^stat::peak_rss_mb: *//p' build/fuzz/$$target.log) MB, nothing found"; \
	done

# kill -9 at every named moment, 25 times each: a table, and status 1 where anything broke.
soak: setup peers
	@PYTHONPATH=tests $(BIN)/python -m soak

# BENCH: options for those that hold bounds, such as --report or --markdown.
bench: setup $(PEERS)/.setup
	@$(BIN)/python bench/startup.py
	@echo; status=0; $(BIN)/python bench/explain.py || status=1; for each in verify store bulk "detection --peers $(PEERS)/bin/python"; do \
		set -- $$each; name=$$1; shift; \
		echo; $(BIN)/python bench/$$name.py "$$@" $(BENCH) || status=1; \
	done; exit $$status

# Every warning is an error, and every reference must lead somewhere; nothing is fetched.
docs: setup
	@$(BIN)/python -m sphinx --fail-on-warning --keep-going --nitpicky --quiet docs $(SITE)
	@$(BIN)/python -m pytest -q tests/docs
	@echo "The site is in $(SITE)/index.html"

# What follows from the code, and the transcripts.
reference: setup
	@$(BIN)/python docs/generate.py
	@PYTHONPATH=tests $(BIN)/python tests/docs/transcripts.py

format: setup
	@$(BIN)/ruff check --fix-only --quiet $(SOURCES)
	@$(BIN)/ruff format --quiet $(SOURCES)

clean:
	@rm -rf $(VENV) $(DEMO) $(PEERS) tests/peers/oauth/node_modules build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -prune -exec rm -rf {} +

setup: $(SETUP)

$(SETUP): constraints.txt requirements-dev.txt core/pyproject.toml $(PLUGINS:=/pyproject.toml) pyproject.toml
	@echo "Setting up $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python $(PIP) install -c constraints.txt -e "core[demo,oauth]" $(PLUGINS:%=-e %) \
		-r requirements-dev.txt
	@touch $@

# Others that detect a mailbox's servers, to be measured against; nothing of them is imported here.
$(PEERS)/.setup: requirements-peers.txt
	@$(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/python $(PIP) install -r requirements-peers.txt
	@touch $@

$(VENV)/.mutants: $(SETUP) requirements-mutants.txt
	@$(BIN)/python $(PIP) install -c constraints.txt -r requirements-mutants.txt
	@touch $@

$(VENV)/.fuzz: $(SETUP) requirements-fuzz.txt
	@$(BIN)/python $(PIP) install -c constraints.txt -r requirements-fuzz.txt
	@touch $@

$(DEMO)/.setup: constraints.txt core/pyproject.toml plugins/imap/pyproject.toml
	@echo "Setting up $(DEMO) ..."
	@$(PYTHON) -m venv $(DEMO)
	@$(DEMO)/bin/python $(PIP) install -c constraints.txt -e "core[demo]" -e plugins/imap
	@touch $@

# The servers and the browser of the tests. Without them their tests are skipped, except in CI.
peers: setup
	@tests/peers/install.sh
