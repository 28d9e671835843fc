# make run starts the example site, make test runs the tests, make help lists everything else.

PORT ?= 8000
VENV ?= .venv
# The pinned versions to install from requirements/; defaults to the newest Django for the Python.
DJANGO ?=
# Further arguments for pytest, such as ARGS="tests/unit/tasks -x".
ARGS ?=

# Most tests wait for other processes, so there are more than a small machine has cores. Stealing
# work keeps all of them busy until the end.
PARALLEL := --numprocesses 4 --dist worksteal
# What is left to test-all: what takes long, and what looks for rare faults by repetition.
QUICK := -m 'not long' --ignore tests/robustness

BIN := $(VENV)/bin
WAGTAIL := .venv-wagtail-$(or $(DJANGO),django61)
MANAGE := $(BIN)/python example_project/manage.py
INSTALL := -m pip --disable-pip-version-check --no-input install -qq
PIP := $(BIN)/python $(INSTALL)

.DEFAULT_GOAL := help
.PHONY: help run dev test test-all test-unit test-servers test-versions test-wagtail test-deploy chaos soak load bench bench-quick bench-relations compare conformance docs record lint format coverage messages clean programs

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  PORT=8123 make run uses another port."

# Override the variables of the shell, which may belong to another site.
run dev: export DJANGO_SETTINGS_MODULE := example.settings
run dev: export DEBUG := 1
run dev: export PORT := $(PORT)
run dev: export PYTHONUNBUFFERED := 1
run: export JOB_BACKEND ?= async

run: $(VENV)/installed ## Start the example site with jobs in threads of its process
	@$(BIN)/python scripts/check_port.py $(PORT)
	@$(MANAGE) demo
	@exec $(MANAGE) runserver 127.0.0.1:$(PORT)

dev: $(VENV)/installed ## Start the example site with Redis and a worker, reloading code
	@$(BIN)/python scripts/check_port.py $(PORT)
	@test -n "$$REDIS_URL" || scripts/ensure-program redis-server
	@exec $(BIN)/python scripts/dev.py $(PORT)

test: $(VENV)/installed-dev programs ## Run the tests, except those for robustness and those that take long
	@$(BIN)/python -m pytest $(PARALLEL) $(QUICK) $(ARGS)

test-all: $(VENV)/installed-dev programs ## Run all tests, as CI does
	@$(BIN)/python -m pytest $(PARALLEL) $(ARGS)

test-unit: $(VENV)/installed-dev ## Run the tests that need neither Redis nor other processes, in half a minute
	@$(BIN)/python -m pytest $(PARALLEL) tests/unit $(ARGS)

test-servers: $(VENV)/installed-dev programs ## Test each supported version of Redis and Valkey, which it fetches
	@scripts/test-servers $(BIN)/python -m pytest $(PARALLEL) $(ARGS)

test-versions: programs ## Test the lowest dependencies, Django 6.0, and Django 5.2 on a newer Python
	@scripts/test-versions $(ARGS)

test-wagtail: $(WAGTAIL)/installed ## Test a Wagtail site; DJANGO=django52 for that Django
	@scripts/ensure-program redis-server
	@$(WAGTAIL)/bin/python -m pytest -c tests/integration/wagtail/pytest.ini tests/integration/wagtail/suite.py $(ARGS)

test-deploy: $(VENV)/installed-dev .venv-deploy/installed programs ## Run the printed files in a real systemd and Docker (needs root)
	@scripts/ensure-program systemd-nspawn systemd-container || test -z "$$CI"
	@scripts/ensure-program mmdebstrap || test -z "$$CI"
	@scripts/ensure-program dockerd docker.io || test -z "$$CI"
	@scripts/fetch-compose || test -z "$$CI"
	@$(BIN)/python -m pytest -rs tests/integration/deployment/suite_*.py $(ARGS)

chaos: $(VENV)/installed-dev programs ## Kill, disconnect and fill up real processes for ten minutes
	@CHAOS_SCALE=10 $(BIN)/python -m pytest --timeout 900 tests/robustness/chaos tests/robustness/faults $(ARGS)

soak: $(VENV)/installed-dev programs ## Compare both brokers at random for half an hour, then simulate a year
	@SOAK_SECONDS=$${SOAK_SECONDS:-1800} $(BIN)/python -m pytest -s --timeout 0 tests/robustness/stateful tests/robustness/simulation $(ARGS)

load: $(VENV)/installed-dev programs ## Measure with a million queued jobs
	@LOAD_SCALE=1000000 $(BIN)/python -m pytest -s --show-capture no --timeout 0 tests/robustness/load $(ARGS)

bench: $(VENV)/installed-dev programs ## Compare all job queues, and update docs/benchmarks.md
	@$(BIN)/python -m benchmarks $(ARGS)
	@$(BIN)/python -m benchmarks.report

bench-quick: $(VENV)/installed-dev programs ## A short version of bench that changes no files
	@$(BIN)/python -m benchmarks --quick $(ARGS)

compare: $(VENV)/installed-dev programs ## Compare the speed with another checkout: make compare A=../other
	@$(BIN)/python -m benchmarks.compare $(A) . $(ARGS)

bench-relations: $(VENV)/installed-dev programs ## Compare unique, fair, limited and batch jobs with plain ones
	@$(BIN)/python -m benchmarks.relations $(ARGS)

conformance: $(VENV)/installed-dev ## Run Django's own tests of tasks with our backends (downloads them)
	@$(BIN)/python -m pytest --ds=tests.integration.conformance.settings tests/integration/conformance/suite.py

coverage: $(VENV)/installed-dev programs ## Run the tests, and show the lines that they do not cover
	@rm -f .coverage .coverage.*
	@$(BIN)/coverage run -m pytest $(ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

docs: .venv-docs/installed ## Build the documentation as a site in build/docs
	@.venv-docs/bin/python -m sphinx --fail-on-warning --keep-going --quiet -c docs . build/docs
	@echo "The documentation is in build/docs/index.html."

record: $(VENV)/installed-dev programs ## Record the moving pictures of the README
	@$(BIN)/python -m scripts.record_dashboard

lint: $(VENV)/installed-dev ## Check format, style, types and imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/shellcheck .ci/run $(filter-out %.py %__pycache__,$(wildcard scripts/*))
	DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/mypy django_jobs tests scripts deploy benchmarks
	DEBUG=1 DJANGO_SETTINGS_MODULE=example.settings MYPYPATH=example_project \
		$(BIN)/mypy --cache-dir .mypy_cache/example example_project
	$(BIN)/lint-imports

format: $(VENV)/installed-dev ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

messages: $(VENV)/installed-dev ## Collect and compile the translations of dashboard and recap (needs gettext)
	@for app in dashboard recap; do (cd django_jobs/$$app && \
		DJANGO_SETTINGS_MODULE=tests.settings PYTHONPATH=$(CURDIR) $(abspath $(BIN))/python -m django \
			makemessages --all --no-obsolete --no-wrap --add-location never && \
		for po in locale/*/LC_MESSAGES/django.po; do \
			msgfmt --check-format --output-file "$${po%.po}.mo" "$$po" || exit 1; done) || exit 1; done

clean: ## Remove the environments, fetched Pythons and the example site's data
	rm -rf $(VENV) .venv-wagtail-* .pythons .servers .dev build dist example_project/media example_project/db.sqlite3*

# Without a browser, PostgreSQL or Sidekiq, a few tests are skipped, except in CI.
programs:
	@scripts/ensure-program redis-server
	@scripts/ensure-program chromium || test -z "$$CI"
	@test -z "$$CI" || scripts/ensure-program initdb postgresql
	@test -z "$$CI" || scripts/ensure-program sidekiq "ruby-sidekiq ruby-activejob"

# Set-up. Each step leaves a stamp file, so it runs again only when its pinned versions change.

PINS = $(or $(DJANGO),$$($(BIN)/python -c 'import sys; print("django61" if sys.version_info >= (3, 12) else "django52")'))

$(VENV)/created:
	@python=$${PYTHON:-$$(scripts/find-python)} && \
		echo "Creating the environment $(VENV) with $$("$$python" --version)" && \
		"$$python" -m venv $(VENV)
	@touch $@

# Wagtail has a separate environment for each Django.
.venv-wagtail-%/installed: requirements/wagtail-%.txt
	@python=$${PYTHON:-$$(scripts/find-python)} && \
		echo "Creating the environment .venv-wagtail-$* with $$("$$python" --version)" && \
		"$$python" -m venv .venv-wagtail-$*
	@.venv-wagtail-$*/bin/python $(INSTALL) --require-hashes -r $<
	@touch $@

.venv-deploy/installed: requirements/deploy.txt
	@python=$${PYTHON:-$$(scripts/find-python)} && "$$python" -m venv .venv-deploy
	@.venv-deploy/bin/python $(INSTALL) --require-hashes -r $<
	@touch $@

.venv-docs/installed: requirements/docs.txt
	@python=$$(scripts/find-python 3.14 3.13 3.12) && "$$python" -m venv .venv-docs
	@.venv-docs/bin/python $(INSTALL) --require-hashes -r $<
	@touch $@

$(VENV)/installed: $(VENV)/created pyproject.toml requirements/django52.txt requirements/django60.txt requirements/django61.txt requirements/lowest.txt
	@echo "Installing the dependencies of the site"
	@$(PIP) --require-hashes -r requirements/$(PINS).txt
	@PATH="$(abspath $(BIN)):$$PATH" $(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements/django52-dev.txt requirements/django60-dev.txt requirements/django61-dev.txt requirements/lowest-dev.txt
	@echo "Installing the dependencies of the tests"
	@$(PIP) --require-hashes -r requirements/$(PINS)-dev.txt
	@touch $@
