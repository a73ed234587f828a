# `make run` shows it, `make check` proves it. Everything happens in .venv.
SHELL := /bin/bash
PY := .venv/bin/python
READY := .venv/.ready
BENCH_READY := .venv/.bench-ready
ARGS ?=
TIMES ?= 10
SOAK ?=
# Most of the suite waits for servers and processes: two at a time take little more than half the time. PARALLEL=0 for one by one.
PARALLEL ?= 2

export CORPUS QUESTION

.PHONY: help env run up test test-unit test-repeat test-conformance lint format types contracts docs docs-site check lock bench-console bench-engine bench-fairness bench-latency bench-quality bench-mcp bench-startup bench-streams clean fuzz fuzz-api scan-chart screenshots test-alerts test-chaos test-containers test-mutations bench-memory

help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 20

env: $(READY) ## Make .venv, with the project and its development tools at the locked versions

$(READY): pyproject.toml constraints.txt scripts/env
	@scripts/env
	@touch $@

$(BENCH_READY): $(READY)
	@scripts/env bench
	@touch $@

run: env ## One question, one report: CORPUS=... QUESTION="..." make run
	@scripts/run $(ARGS)

up: env ## API, MCP servers and workers in one process tree
	@$(PY) -m synapse.cli.main up $(ARGS)

test: env ## All tests, on private servers
	@scripts/install-services chromium nginx
	@scripts/install-schemas
	@scripts/install-checkers
	@$(PY) -m pytest -n $(PARALLEL) --dist loadfile $(ARGS)

test-unit: env ## Tests that need no server
	@$(PY) -m pytest -n $(PARALLEL) --dist loadfile tests/unit $(ARGS)

test-chaos: env ## Every failure of the matrix, measured anew for docs/reference/failure-matrix.md, and the long soak: SOAK="--seed 7"
	@scripts/install-services
	@SYNAPSE_CHAOS_MEASURE=1 $(PY) -m pytest tests/chaos $(ARGS)
	@$(PY) scripts/generate-docs
	@$(PY) scripts/generate-deploy
	@$(PY) -m tests.chaos.soak $(SOAK)

test-alerts: env ## Break a live system, and time the alert that says so: a few minutes of waiting
	@scripts/install-services
	@$(PY) -m pytest tests/alerts $(ARGS)

test-containers: env ## The images, and the system in containers: a Docker engine that answers, or a private one where root may start it
	@scripts/with-engine scripts/with-images $(PY) -m pytest tests/containers tests/deploy/test_compose.py $(ARGS)

test-repeat: env ## The integration suite ten times in a row, with its log in build/test-repeat.log: TIMES=10
	@scripts/install-services
	@$(PY) -m benchmarks.repeat --times $(TIMES) $(ARGS)

test-mutations: env ## Break one promise of ledger and engine at a time, and write down which test notices: docs/reference/mutations.md
	@scripts/install-services
	@$(PY) -m benchmarks.mutations $(ARGS)
	@$(PY) scripts/generate-docs

test-conformance: env ## MCP's official conformance suite and inspector against both servers and the API; needs npm
	@scripts/install-node
	@SYNAPSE_CI_NODE=1 $(PY) -m pytest tests/conformance $(ARGS)

lint: env ## Style and format
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

format: env ## Put style and format right
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

types: env ## Types, strictly
	@$(PY) -m mypy

contracts: env ## Who may import whom
	@.venv/bin/lint-imports

docs: env ## Write docs/reference and what of deploy/ follows from the code
	@$(PY) scripts/generate-docs
	@$(PY) scripts/generate-deploy

screenshots: env ## Take the pictures of docs/images anew: ARGS="console-run"
	@scripts/install-services chromium
	@$(PY) scripts/screenshots $(ARGS)

scan-chart: env ## checkov over the chart, rendered with every file of values of its ci/
	@scripts/scan-chart

docs-site: env ## The documentation as a site in build/site, which needs nothing from elsewhere
	@NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --strict --quiet
	@echo "build/site: $(PY) -m http.server --directory build/site shows it"

check: lint types contracts docs-site test ## Everything that must hold

lock: ## Take today's newest versions into constraints.txt
	@scripts/lock

bench-engine: $(BENCH_READY) ## Engine overhead beside stock Celery and DBOS
	@scripts/install-services redis-server
	@$(PY) -m benchmarks.engine $(ARGS)

bench-fairness: $(BENCH_READY) ## What one tenant's many runs cost another one's few, with and without a window
	@$(PY) -m benchmarks.fairness $(ARGS)

bench-latency: $(BENCH_READY) ## Time from question to report on a local corpus
	@$(PY) -m benchmarks.latency $(ARGS)

bench-memory: env ## Memory of each kind of worker over 10,000 tasks
	@scripts/install-services
	@$(PY) -m benchmarks.memory $(ARGS)

bench-console: env ## From opening the console to its first paint, and from an event to its pixels, alone and under load
	@scripts/install-services chromium
	@$(PY) -m benchmarks.console $(ARGS)

bench-quality: env ## Extraction, evidence and search beside plain tools, on data from outside
	@$(PY) -m benchmarks.quality $(ARGS)

bench-mcp: env ## MCP servers under hostile input, ours and the peers from their registries; writes docs/reference/mcp-safety.md
	@$(PY) -m benchmarks.mcp_safety $(ARGS)

bench-startup: env ## Start the composition TIMES=10 times, a question each time; writes docs/reference/startup.md
	@scripts/with-engine scripts/with-images $(PY) -m benchmarks.startup --times $(TIMES) $(ARGS)
	@$(PY) scripts/generate-docs

bench-streams: env ## 200 readers of live events and 50 submissions a second: ARGS="--seconds 60"
	@scripts/install-services
	@$(PY) -m benchmarks.streams $(ARGS)

fuzz: env ## Random inputs for the guards of the MCP servers: ARGS="--seconds 120"
	@$(PY) -m benchmarks.fuzz $(ARGS)

fuzz-api: env ## Requests made from the OpenAPI document, all of schemathesis' checks: ARGS="--seconds 600"
	@$(PY) -m tests.api.fuzzing $(ARGS)

clean: ## Remove what was made here, reports and state excepted
	@rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
