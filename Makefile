# Insieme per il lavoro. `make` alone lists what there is; `make up` and `make test` prepare what they need.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
PORT ?= 8080
BROKER ?= auto
SERVICES := intake matching training enterprise reporting
PY := .venv/bin/python
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --require-hashes
CODE := $(wildcard deploy docs services shared tests benchmarks)
# Unit tests first: what they find is found in seconds; then what takes longest in one process, since whoever comes to it
# last keeps all others waiting. Three processes on two processors: browsers and brokers mostly wait.
FIRST := tests/unit/ tests/e2e/ tests/chaos/ tests/integration/test_simulate.py
LAST := tests/log/ tests/integration/
TESTS := $(FIRST) $(filter-out $(FIRST) $(LAST) tests/fixtures/,$(sort $(wildcard tests/*/))) $(LAST)
# Commands beside a running platform use its settings; the launcher leaves them there while it runs.
HOME_DIR := $(or $(INSIEME_HOME),.local)
JOIN := test -f $(HOME_DIR)/environment || { echo "La piattaforma non è in funzione: avviarla con «make up»."; exit 1; }; \
	set -a; . $(abspath $(HOME_DIR))/environment; set +a

# The environments beside each other: each is one download after the other, on one processor.
PREPARE = $(MAKE) --no-print-directory --jobs=3 .venv-streams/ready node_modules/ready

.PHONY: help setup up test check audit format lock replay bench chaos backup restore rotate

help: ## this list
	@grep -hE '^[a-z]+:.*## ' Makefile | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

up: ## run the platform (BROKER=auto|kafka|embedded SCENARIO=h1-2024|none PORT=8080)
	@$(PREPARE) .venv/ready-base
	@$(PY) -m services up --broker $(BROKER) --port $(PORT) $(if $(SCENARIO),--scenario $(SCENARIO))

test: check ## everything: check, then all tests (REQUIRE_KAFKA=1: no Kafka is a failure)
	$(PY) -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(TESTS)

check: setup ## style, types, boundaries, weaknesses, secrets, generated documents, manifests (also the pre-commit hook)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy $(CODE)
	.venv/bin/lint-imports
	@! grep -nE 'find-links|index-url|://' requirements/*.txt || { echo "requirements/ names where packages come from"; exit 1; }
	@! grep -n '"resolved"' package-lock.json || { echo "package-lock.json names where packages come from"; exit 1; }
	.venv/bin/bandit -q -c pyproject.toml -r services shared deploy docs benchmarks
	$(PY) -m deploy.secrets_scan
	$(PY) -m docs.generate --check
	$(PY) -m deploy.check

audit: .venv/ready-dev ## known vulnerabilities of what we depend on (1: found; 3: a registry did not answer)
	$(PY) -m deploy.audit

format: .venv/ready-dev ## put the code into the common form
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

replay: .venv/ready-base ## rebuild the views from the log, beside a running platform (SERVICE=..., VIEW=...)
	@$(JOIN); for service in $(or $(SERVICE),$(SERVICES)); do $(PY) -m services.$$service replay $(if $(VIEW),--view $(VIEW)); done

bench: setup ## how fast, each figure beside the limit measured in the same run
	$(PY) -m benchmarks

chaos: setup ## the long run that kills things at random
	$(PY) -m tests.chaos

backup: .venv/ready-base ## databases, vault and log of the running platform into FILE=..., its keys into FILE.keys
	@$(JOIN); $(PY) -m deploy.backup backup $(FILE)

restore: .venv/ready-base ## bring a backup back into an empty platform that is not running: FILE=... (BROKER=...)
	@$(PY) -m deploy.backup restore $(FILE) --broker $(BROKER)

rotate: .venv/ready-base ## a new generation of the vaults' master keys, beside a running platform (SERVICE=...)
	@$(JOIN); for service in $(or $(SERVICE),$(SERVICES)); do $(PY) -m services.$$service rotate-keys; done

setup: ## prepare the environments (done once; up and test do it themselves)
	@$(PREPARE) .venv/ready-dev

lock: .venv/ready-dev ## resolve requirements/*.in and package.json again (UPGRADE=1: to the newest)
	for name in base dev streams; do .venv/bin/uv pip compile --quiet $(if $(UPGRADE),--upgrade) --generate-hashes --no-emit-index-url \
		--no-header --python-version 3.11 $$([ $$name = dev ] && echo "-c requirements/base.txt") \
		requirements/$$name.in -o requirements/$$name.txt; done
	npm install --package-lock-only --ignore-scripts

.venv/bin/python .venv-streams/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Serve Python 3.11 o successivo")'
	$(PYTHON) -m venv $(@:/bin/python=)

.venv/ready-base: requirements/base.txt | .venv/bin/python
	@echo "Preparo l'ambiente Python (solo la prima volta)"
	@$(PY) $(PIP_INSTALL) -r requirements/base.txt
	@touch $@

# The developers' set contains the platform's own.
.venv/ready-dev: requirements/dev.txt | .venv/bin/python
	@echo "Preparo l'ambiente Python di sviluppo (solo la prima volta)"
	@$(PY) $(PIP_INSTALL) -r requirements/dev.txt
	@touch .venv/ready-base $@

.venv-streams/ready: requirements/streams.txt | .venv-streams/bin/python
	@echo "Preparo l'ambiente di Faust (solo la prima volta)"
	@.venv-streams/bin/python $(PIP_INSTALL) -r requirements/streams.txt
	@touch $@

node_modules/ready: package-lock.json
	@echo "Preparo le parti delle pagine (solo la prima volta)"
	@npm ci --ignore-scripts --loglevel=error
	@touch $@
