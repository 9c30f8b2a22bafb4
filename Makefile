# `make run` and `make test` need python3.11, make and git; they put everything else into .venv.
PYTHON ?= python3.11
export CXE_HOME ?= $(CURDIR)/.cxe
# The checkout stays clean: byte code of our own sources is not written beside them.
export PYTHONDONTWRITEBYTECODE = 1

BIN := .venv/bin
READY := .venv/.ready

.PHONY: run test test-all bootstrap lint bench lock clean

bootstrap: $(READY)

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# dbt-core-experimental-parser cannot be built without network access to its git host and is not
# used at run time, hence the override (DECISIONS.md).
lock:
	$(PYTHON) -m venv .venv/lock
	.venv/lock/bin/pip install --quiet uv
	echo "dbt-core-experimental-parser; sys_platform == 'never'" > .venv/lock/override.txt
	.venv/lock/bin/uv pip compile pyproject.toml --extra dev --override .venv/lock/override.txt \
		--python-version 3.11 --no-header --no-emit-index-url --no-emit-find-links --quiet \
		--output-file .venv/lock/requirements.lock
	{ echo "# Every package of the project, exact. Installed with \`pip install --no-deps\`; made by \`make lock\`."; \
		cat .venv/lock/requirements.lock; } > requirements.lock
