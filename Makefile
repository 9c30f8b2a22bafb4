# `make run` and `make test` need python3.11, make and git; they put everything else into .venv.
PYTHON ?= python3.11
export CXE_HOME ?= $(CURDIR)/.cxe
# The checkout stays clean: byte code of our own sources is not written beside them.
export PYTHONDONTWRITEBYTECODE = 1

BIN := .venv/bin
READY := .venv/.ready
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --no-deps
# By file, because the tests of a file share the homes they were built for; in the order of conftest.
PYTEST := $(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder
CHECK_HOME := $(CURDIR)/.cxe/check

.PHONY: run test test-all bootstrap check-home checks lint dbt-build browser docs suites bench lock clean

bootstrap: $(READY)

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv --clear .venv
	@# uv does in seconds what takes pip minutes. pip remains, for indexes that only its settings name.
	$(PIP) "$$(grep ^uv== requirements.lock)"
	$(BIN)/uv pip install --quiet --python .venv --no-deps -r requirements.lock \
		|| $(PIP) --no-compile -r requirements.lock
	$(PIP) --no-build-isolation --editable .
	@# On all processors, and without what nothing imports: the tests of other people's packages.
	$(BIN)/python -m compileall -q -j 0 -x /tests/ .venv/lib
	@touch $@

run: bootstrap
	@if [ ! -d "$(CXE_HOME)/sample/extracts" ]; then \
		$(BIN)/cxe simulate "$(CXE_HOME)/sample" --hcps 500 --months 24; fi
	$(BIN)/cxe run --extracts "$(CXE_HOME)/sample/extracts" --home "$(CXE_HOME)"
	@echo "Look around: open $(CXE_HOME)/reports/current/index.html in a browser, or $(CXE_HOME)/published/current/cxe.duckdb"
	@echo "What ran, what arrived, what was found: $(BIN)/cxe status"

# Everything CI checks. `make test-all` adds the long share of the property and crash tests.
test: checks browser
	$(PYTEST) -m "not thorough"

test-all: checks browser
	$(PYTEST)

# Side by side, as dbt keeps one processor busy.
checks:
	$(MAKE) --jobs 2 lint dbt-build

lint: export CXE_HOME := $(CHECK_HOME)/lint
lint: export DBT_TARGET_PATH := $(CHECK_HOME)/lint/target
lint: export DBT_LOG_PATH := $(CHECK_HOME)/lint/logs
lint: check-home
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python tests/python/lint_sql.py lint --processes 2 models tests/dbt

# All models, data tests and unit tests as plain dbt runs them; metrics as MetricFlow checks them.
dbt-build: export CXE_HOME := $(CHECK_HOME)/build
dbt-build: export DBT_TARGET_PATH := $(CHECK_HOME)/build/target
dbt-build: export DBT_LOG_PATH := $(CHECK_HOME)/build/logs
dbt-build: check-home
	$(BIN)/dbt build --quiet
	@# MetricFlow knows one place for definitions only: `target` beside the project file.
	mkdir "$(CHECK_HOME)/project"
	ln -s "$(CURDIR)/dbt_project.yml" "$(CURDIR)/profiles.yml" ../build/target "$(CHECK_HOME)/project"
	cd "$(CHECK_HOME)/project" && "$(CURDIR)/$(BIN)/mf" validate-configs > ../mf.log 2>&1 \
		|| { cat ../mf.log; exit 1; }

# Debian's Chromium for the tests of the report, where there is none and it can be had. Without it
# they are skipped and say so: nothing else here needs a browser.
browser:
	@for name in chromium chromium-browser google-chrome; do \
		if command -v $$name > /dev/null; then exit 0; fi; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
		{ apt-get update && DEBIAN_FRONTEND=noninteractive \
			apt-get install -y --no-install-recommends chromium; } > /dev/null 2>&1 \
			|| echo "Chromium could not be installed: tests that need it are skipped."; fi

# The catalogue of metrics, from their definitions; the faults the guard is held against.
docs: export DBT_TARGET_PATH := $(CURDIR)/.cxe/docs
docs: export DBT_LOG_PATH := $(CURDIR)/.cxe/docs
docs: bootstrap
	$(BIN)/dbt --quiet parse
	$(BIN)/python -m cxe.metrics.page "$(DBT_TARGET_PATH)/semantic_manifest.json" \
		> docs/reference/metrics.md
	PYTHONPATH=tests/python $(BIN)/python -m guard.page > docs/reference/faults.md

# The expectation suites of the raw layer, from the input contract, and the ids of all.
suites: bootstrap
	$(BIN)/python -m cxe.guard.suites

# Homes for what needs a database to itself: the sample world landed, and of it a single extract,
# because SQL that is written for each landed extract would be too long to lint.
check-home: bootstrap
	rm -rf "$(CHECK_HOME)"
	$(BIN)/cxe simulate "$(CHECK_HOME)/sample" --hcps 60 --months 12
	$(BIN)/cxe land --extracts "$(CHECK_HOME)/sample/extracts" --home "$(CHECK_HOME)/build"
	mkdir -p "$(CHECK_HOME)/one/access"
	ln -s ../../sample/extracts/access/prior_auth "$(CHECK_HOME)/one/access"
	$(BIN)/cxe land --extracts "$(CHECK_HOME)/one" --home "$(CHECK_HOME)/lint"

bench: bootstrap
	$(BIN)/python benchmarks/run.py

clean:
	rm -rf .venv .cxe

# dbt-core-experimental-parser cannot be built without network access to its git host and is not
# used at run time, hence the override (DECISIONS.md).
lock: bootstrap
	mkdir -p .venv/lock
	echo "dbt-core-experimental-parser; sys_platform == 'never'" > .venv/lock/override.txt
	$(BIN)/uv pip compile pyproject.toml --extra dev --override .venv/lock/override.txt \
		--python-version 3.11 --no-header --quiet \
		--output-file .venv/lock/requirements.lock
	{ echo "# Every package of the project, exact. Installed with \`uv pip install --no-deps\`; made by \`make lock\`."; \
		cat .venv/lock/requirements.lock; } > requirements.lock
