# Everything from a fresh clone: each target sets up what it needs (.venv once, later runs take no time).
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test test-thorough check lint bench bench-restore bench-sweep bench-preview bench-rest bench-tracing chaos schemas docs docs-site deploy-check lock audit dashboard sbom clean

VENV := .venv
BIN := $(VENV)/bin
# The first of these that is Python 3.11 to 3.13 with venv; set PYTHON=... to choose another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1 \
	&& { command -v $$p; break; }; done)
# What pip says, as progress: a line every ten packages. Its errors are shown as they are, and its exit code counts.
PIP_INSTALL = @pip_install() { \
	{ $(BIN)/python -m pip install --disable-pip-version-check --no-color --progress-bar off \
		--constraint constraints.txt "$$@"; echo $$? >$(VENV)/.pip-exit; } | \
	awk '/^ *Collecting / { n++; if (n % 10 == 0) print "  " n " packages found ..." } \
		/^Installing collected/ { print "  installing ..." } { fflush() }'; \
	return "$$(cat $(VENV)/.pip-exit)"; }; pip_install
# Where it is set, each of the hundreds of processes that tests start would compile every module again.
unexport PYTHONDONTWRITEBYTECODE

# More for pytest, such as PYTEST_ARGS="-k name"; it comes behind what follows, so that "-n 0" wins over the processes.
PYTEST_ARGS ?=
# Seven processes for two cores, which share a broker: the tests mostly wait. A file stays in one process, as its tests
# share workers; tests/conftest.py says which files come first.
PYTEST := $(BIN)/pytest -n 7 --dist loadfile --no-loadscope-reorder
# More for the bench targets, such as BENCH_ARGS="--small"; BENCH_ARGS=--help lists what there is.
BENCH_ARGS ?=
MINUTES ?= 15
AUDIT := $(VENV)-audit
AUDITED ?= constraints.txt
SBOM := $(VENV)-sbom
RUNTIME := $(VENV)-runtime

help: ## this list
	@echo "lead-qualifier: live scores in, qualified leads out, exactly once"
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | while IFS='|' read -r name text; do \
		printf '%-25s%s\n' "$$name" "$$text"; done
	@echo
	@echo "After make run or make test the program is $(BIN)/lead-qualifier (try --help)."

run: $(VENV)/.ready ## the demo: a broker, live scores, qualified leads on the screen (DEMO_EVENTS=n ends by itself)
	@$(BIN)/lead-qualifier demo

test: $(VENV)/.ready-dev ## all tests, broker included (PYTEST_ARGS="-k name" for some)
	@$(PYTEST) $(PYTEST_ARGS)

test-thorough: $(VENV)/.ready-dev ## all tests, and four times as many examples of the property tests
	@HYPOTHESIS_PROFILE=thorough $(PYTEST) $(PYTEST_ARGS)

check: lint docs-site ## lint, the documentation, unit and contract tests: what to run before each commit
	@$(PYTEST) tests/unit tests/contract $(PYTEST_ARGS)

lint: $(VENV)/.ready-dev ## ruff, mypy --strict, import-linter
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(VENV)/.ready-dev ## CPU and latency of the worker, compared with a hand-written transactional loop
	@$(BIN)/python -m bench $(BENCH_ARGS)

bench-restore: $(VENV)/.ready-dev ## time and memory for a worker to restore 1,000,000 leads
	@$(BIN)/python -m bench.restore $(BENCH_ARGS)

bench-sweep: $(VENV)/.ready-dev ## time to evaluate 1,000,000 leads after a publish, and the effect on live events
	@$(BIN)/python -m bench.sweep $(BENCH_ARGS)

bench-preview: $(VENV)/.ready-dev ## time of `model preview` (fails above 10 s) and `model report` (20 s) with 1,000,000 leads
	@$(BIN)/python -m bench.preview --limit 10 $(BENCH_ARGS)

bench-rest: $(VENV)/.ready-dev ## CPU of programs and brokers, and latency, when there is little to do
	@$(BIN)/python -m bench.rest $(BENCH_ARGS)

bench-tracing: $(VENV)/.ready-dev ## CPU of the worker without spans, with spans of a tenth of the traces, and of all
	@$(BIN)/python -m bench.tracing $(BENCH_ARGS)

.PHONY: bench-console bench-projection
bench-console: $(VENV)/.ready-dev ## pages of the console for 50 marketers beside a worker at full speed, and the cost to it
	@$(BIN)/python -m bench.console $(BENCH_ARGS)

bench-projection: $(VENV)/.ready-dev ## CPU of the console to project and to preview 1,000,000 leads, to search and to report
	@$(BIN)/python -m bench.projection $(BENCH_ARGS)

.PHONY: bench-import
bench-import: $(VENV)/.ready-dev ## rows per second of `import`, without and with a broker
	@$(BIN)/python -m bench.lead_import $(BENCH_ARGS)

.PHONY: bench-rolling soak-reauth
bench-rolling: $(VENV)/.ready-dev ## pause of each partition while three workers are replaced under load
	@$(BIN)/python -m bench.rolling $(BENCH_ARGS)

chaos: $(VENV)/.ready-dev ## faults on real workers and services, checked exactly (CHAOS_SEED, CHAOS_FAULTS, CHAOS_SEEDS, CHAOS_BROKERS=3)
	@CHAOS_SEED=$(CHAOS_SEED) CHAOS_FAULTS=$(CHAOS_FAULTS) CHAOS_SEEDS=$(CHAOS_SEEDS) CHAOS_BROKERS=$(CHAOS_BROKERS) $(BIN)/python -m tests.chaos

soak-reauth: $(VENV)/.ready-dev ## sessions that the broker ends every minute, for MINUTES=15 with each SASL mechanism
	@REAUTHENTICATION_SECONDS=$$(( $(MINUTES) * 60 )) REAUTHENTICATION_EVERY_SECONDS=60 \
		$(PYTEST) -n 0 --timeout $$(( $(MINUTES) * 60 + 600 )) -rP tests/broker/test_reauthentication.py -k sessions_that_end $(PYTEST_ARGS)

# The console's pictures in docs/images, taken by a test in Chromium.
.PHONY: pictures
pictures: $(VENV)/.ready-dev
	@PICTURES=docs/images $(PYTEST) -n 0 -q tests/browser -k picture

schemas: $(VENV)/.ready-dev ## write the schemas from the code and schemas/examples
	@$(BIN)/python -m tools.schemas.generate

docs: $(VENV)/.ready-dev ## write the reference of settings, commands and topics, and the chart's tables, from the code
	@$(BIN)/python -m tools.configuration_table > docs/reference/configuration.md
	@$(BIN)/python -m tools.cli_reference > docs/reference/cli.md
	@$(BIN)/python -m tools.topics_table > docs/reference/topics.md
	@$(BIN)/python -m tools.chart

dashboard: $(VENV)/.ready-dev ## write the Grafana dashboard from tools/dashboard/panels.yaml
	@$(BIN)/python -m tools.dashboard.generate

docs-site: $(VENV)/.ready-dev ## build the documentation as a site in site/; a dead link fails
	@$(BIN)/mkdocs build --strict

deploy-check: $(VENV)/.ready-dev $(VENV)-deploy/schemas ## check what deploys it: chart, image, compose; a missing tool is named
	@deploy/check

lock: ## resolve pyproject.toml again and write constraints.txt
	@$(MAKE) --no-print-directory check-python
	@rm -rf $(VENV)-lock && $(PYTHON) -m venv $(VENV)-lock
	@$(VENV)-lock/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@{ sed -n '/^#/p' constraints.txt; $(VENV)-lock/bin/python -m pip freeze --exclude-editable; } > $(VENV)-lock/constraints.txt
	@mv $(VENV)-lock/constraints.txt constraints.txt && rm -rf $(VENV)-lock

# --strict: a package that a source does not know is not passed over in silence; then the other source is asked.
audit: check-python ## look for known vulnerabilities in what constraints.txt installs (pip-audit)
	@test -x $(AUDIT)/bin/pip-audit || { $(PYTHON) -m venv $(AUDIT) && \
		$(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check 'pip-audit>=2.9,<3'; }
	@for source in pypi osv; do \
		if $(AUDIT)/bin/pip-audit --strict --no-deps --disable-pip --progress-spinner off --timeout 15 \
			--vulnerability-service $$source --requirement $(AUDITED) >$(AUDIT)/$$source.txt 2>&1; \
		then echo "Nothing known against $(AUDITED) ($$source)."; exit 0; fi; \
		if grep -q '^Found [0-9]* known vulnerabilit' $(AUDIT)/$$source.txt; then cat $(AUDIT)/$$source.txt; exit 1; fi; \
	done; { \
		echo "Not audited: pip-audit could not ask pypi.org or api.osv.dev about every package from here:"; \
		tail -q -n 1 $(AUDIT)/pypi.txt $(AUDIT)/osv.txt; \
		echo "Run 'make audit' on a machine that reaches one of them, or give constraints.txt to the scanner you have."; \
		exit 3; } >&2

# Of an environment with nothing but the program and what it needs to run, as in the image. The same packages give the same file.
sbom: check-python ## write dist/sbom.cdx.json (CycloneDX) and dist/licenses.txt; a license that is not allowed fails
	@test -x $(SBOM)/bin/cyclonedx-py || { $(PYTHON) -m venv $(SBOM) && \
		$(SBOM)/bin/python -m pip install --quiet --disable-pip-version-check 'cyclonedx-bom>=7,<8'; }
	@rm -rf $(RUNTIME) && $(PYTHON) -m venv --without-pip $(RUNTIME) && mkdir -p dist
	@$(SBOM)/bin/python -m pip --python $(RUNTIME)/bin/python install --quiet --disable-pip-version-check \
		--constraint constraints.txt '.[console,otel]'
	@version=$$(sed -n 's/^__version__ = //p' app/lead_qualifier/__init__.py); \
		sed "s/^dynamic = .*/version = $$version/" pyproject.toml >$(SBOM)/pyproject.toml
	@$(SBOM)/bin/cyclonedx-py environment $(RUNTIME) --pyproject $(SBOM)/pyproject.toml --output-reproducible \
		--output-file dist/sbom.cdx.json
	@$(PYTHON) tools/licenses.py dist/sbom.cdx.json > dist/licenses.txt
	@rm -rf $(RUNTIME)
	@echo "dist/sbom.cdx.json: $$(wc -l < dist/licenses.txt) packages; their licenses (dist/licenses.txt) are allowed"

clean: ## remove .venv and caches; the demo's data in .data stays
	@rm -rf $(VENV) $(VENV)-lock $(VENV)-deploy $(AUDIT) $(SBOM) $(RUNTIME) dist site .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

.PHONY: check-python
check-python:
	@test -n "$(PYTHON)" || { \
		echo "No Python 3.11, 3.12 or 3.13 with venv was found (tried python3, python3.13, python3.12, python3.11, python)."; \
		echo "Install one (Debian and Ubuntu: apt-get install python3 python3-venv; macOS: brew install python@3.13)"; \
		echo "or name it: make PYTHON=/path/to/python3.12 ..."; exit 1; } >&2

# A stamp is newer than what it was made from; installing for development also does what running needs.
$(VENV)/.ready: pyproject.toml constraints.txt | check-python
	@echo "Setting up $(VENV) with $(PYTHON) (once, about half a minute) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) --editable '.[console,demo]'
	@touch $@

$(VENV)/.ready-dev: pyproject.toml constraints.txt | check-python
	@echo "Setting up $(VENV) for development with $(PYTHON) (once, about half a minute) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) --editable '.[dev]'
	@touch $(VENV)/.ready $@

# Schemas of Kubernetes are large, so that only deploy-check brings them.
$(VENV)-deploy/schemas: deploy/checks/requirements.txt tools/kubernetes_schemas.py | check-python
	@test -x $(VENV)-deploy/bin/python || $(PYTHON) -m venv $(VENV)-deploy
	@$(VENV)-deploy/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@$(VENV)-deploy/bin/python tools/kubernetes_schemas.py $@
	@touch $@
