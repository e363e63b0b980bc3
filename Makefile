# Every target is one command a person can run. Python 3.11-3.13, make and git are all that is needed.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
export PYTHONPATH := $(CURDIR):$(CURDIR)/plugins
# Airflow and pip of another environment must not leak into this one.
unexport PYTHONHOME VIRTUAL_ENV

.DEFAULT_GOAL := help
.PHONY: help setup run test test-browser test-guards lint up down status psql migrate load reference reconcile access backfill answer-claims bench bench-scrubber bench-answers docs lock reference-snapshots

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 21

setup: $(STAMP)  ## .venv with everything in it

$(STAMP): requirements.txt constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v < (3, 14) or sys.exit("Python 3.11, 3.12 or 3.13 is needed, $(PYTHON) is %d.%d. Name another: make $(MAKECMDGOALS) PYTHON=python3.12" % v)'
	@$(PYTHON) -c 'import ensurepip, venv' || { echo 'Python lacks the module venv (Debian and Ubuntu: apt install python3-venv).'; exit 1; }
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt -c constraints.txt
	@touch $(STAMP)

run: setup  ## three sample nights through Airflow, and what they did
	@$(PY) -m include.development.sample_nights

test: setup  ## all tests that need no browser (ARGS= for pytest)
	@$(PY) -m include.development.with_server --throwaway pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

test-browser: setup  ## the settings page in a headless Chromium, which must be installed (ARGS= for pytest)
	@$(PY) -m include.development.with_server pytest tests/browser $(ARGS)

test-guards: setup  ## without each guard of the delivery in turn: its tests must turn red
	@$(PY) -m include.development.with_server tests.faults.guards

lint: setup  ## ruff and mypy
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy --strict include plugins

up: setup  ## Airflow on 127.0.0.1:8080 (BILLING_UI_PORT= for another port)
	@$(PY) -m include.development.airflow_services up

down:  ## stops what make up started, and the embedded PostgreSQL
	@test ! -x $(PY) || $(PY) -m include.development.airflow_services down

status: setup  ## what is running
	@$(PY) -m include.development.airflow_services status

psql: setup  ## the billing database (ARGS= for psql)
	@$(PY) -m include.development.embedded_postgres psql $(ARGS)

migrate: setup  ## brings the billing database to the newest schema
	@$(PY) -m include.development.with_server include.database

load: setup  ## loads CSV files of practice data: make load DIR=folder
	@$(PY) -m include.development.with_server --migrate include.practice_data.load '$(DIR)'

reference: setup  ## the scrubber's reference tables: make reference [DIR=folder] [WITHDRAW=table]
	@$(PY) -m include.development.with_server --migrate include.reference_data.load $(if $(DIR),'$(DIR)') $(if $(WITHDRAW),--withdraw '$(WITHDRAW)')

reconcile: setup  ## after a restore: make reconcile [LAST_NUMBER=default=123 | NOTHING_SENT=1] [FILES=folder] [NOT_OURS=file id] [SEEN=1] [CONFIRM=1]
	@$(PY) -m include.development.with_server --airflow include.reconciliation.command $(if $(NOT_OURS),--not-ours '$(NOT_OURS)') $(if $(LAST_NUMBER),--last-number '$(LAST_NUMBER)') $(if $(NOTHING_SENT),--nothing-sent) $(if $(FILES),--files '$(FILES)') $(if $(SEEN),--seen) $(if $(CONFIRM),--confirm)

access: setup  ## who may see which practice in the UI: make access [LOGIN=kim | ROLE=user] [ORGANIZATION=3] [REVOKE=1]
	@$(PY) -m include.development.with_server --migrate include.settings.access $(if $(LOGIN),--login '$(LOGIN)') $(if $(ROLE),--role '$(ROLE)') $(if $(ORGANIZATION),--organization '$(ORGANIZATION)') $(if $(REVOKE),--revoke)

reference-snapshots: setup  ## the shipped diagnosis codes anew (needs the package simple-icd-10-cm)
	@$(PY) -m include.development.build_reference_snapshots

backfill: setup  ## missed nights: make backfill FROM=2026-11-02 TO=2026-11-04 [DAG=] [BUCKET=] [FORCE=1]
	@$(PY) -m include.development.backfill --from '$(FROM)' --to '$(TO)' --dag '$(DAG)' --bucket '$(BUCKET)' --force '$(FORCE)'

answer-claims: setup  ## a simulated clearinghouse answers the 837P files in the outbox folder
	@$(PY) -m include.development.simulated_clearinghouse

bench: setup  ## against bare SQL and per-row code: make bench [N=20000]
	@$(PY) -m include.development.with_server benchmarks.run $(if $(N),--appointments-per-night $(N))

# The peers have an environment of their own: claim-validator does not state that it needs httpx.
PEERS_VENV := .venv-peers
PEERS_STAMP := $(PEERS_VENV)/.installed-1

bench-scrubber: setup $(if $(PEERS),$(PEERS_STAMP))  ## scrubbers on valid and broken claims: make bench-scrubber [N=3000] [PEERS=1]
	@$(PY) -m benchmarks.scrubber.run $(if $(N),--claims $(N)) $(if $(PEERS),--peers $(PEERS_VENV)/bin/python)

bench-answers: setup  ## reading acknowledgments: make bench-answers [N=10000]
	@$(PY) -m benchmarks.answers $(if $(N),--claims $(N))

$(PEERS_STAMP):
	test -x $(PEERS_VENV)/bin/python || $(PYTHON) -m venv $(PEERS_VENV)
	echo '*' > $(PEERS_VENV)/.gitignore
	$(PEERS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check claim-validator==0.3.0 httpx==0.28.1
	@touch $@

docs: setup  ## the generated pages of docs/
	@$(PY) -m include.development.with_server --migrate include.development.generate_docs

lock:  ## constraints.txt anew from requirements.txt (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --custom-compile-command 'make lock' --no-emit-index-url --upgrade --output-file constraints.txt requirements.txt
