# Two commands do everything on a fresh Debian or Ubuntu machine with Python 3.11+: make demo, make test.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
DEV    := $(VENV)/.installed-dev

PROPERTIES := tests/unit/test_mask.py tests/unit/test_core_invariants.py tests/unit/test_chain.py tests/unit/test_spec_fuzz.py

.PHONY: demo test lint faults bench bench-peers screenshots lock docs clean install

install: $(STAMP)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "onduty needs Python 3.11 or newer; try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "no venv module; on Debian: apt-get install python3-venv"; exit 1; }

$(STAMP): $(VENV)/bin/python requirements.lock pyproject.toml
	@echo "installing onduty into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

$(DEV): $(STAMP) requirements-dev.lock
	@echo "installing what the tests need"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.lock
	@touch $@

# A throw-away fleet of SSH hosts on loopback and a release that fails on one of them, ready to be fixed.
demo: $(STAMP)
	@$(BIN)/onduty demo

# What fails on two busy cores is named, and tried once more alone: what fails then is broken, not slow.
AGAIN := --last-failed --last-failed-no-failures none

test: $(DEV)
	$(BIN)/python -m pytest -n 2 --dist loadgroup || $(BIN)/python -m pytest $(AGAIN)

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Slow faults on real sshd: kills, cuts, partitions, races. ONDUTY_SOAK=1 makes the counts that the product claims.
# Then the properties with many more examples.
faults: $(DEV)
	$(BIN)/python -m pytest tests -m faults || $(BIN)/python -m pytest tests -m faults $(AGAIN)
	ONDUTY_DEEP=6 $(BIN)/python -m pytest -n 2 -q $(PROPERTIES)

# Speed and memory beside what one would reach for instead; docs/bench.md says how to read it.
bench: $(DEV)
	$(BIN)/python -m tests.bench

# The fleet beside pssh, parallel-ssh, pyinfra and ansible, which are installed into a folder of their own.
bench-peers: $(DEV)
	@test -x .venv-peers/bin/ansible || $(PYTHON) -m venv .venv-peers
	@.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check parallel-ssh pyinfra ansible-core
	$(BIN)/python -m tests.bench --only fleet --peers .venv-peers

# Every screen at every size, dark and light, as SVG and (with librsvg2-bin) as PNG, into screenshots/.
screenshots: $(DEV)
	$(BIN)/python -m tests.screens.shots screenshots

# Writes the generated parts of README.md and docs/.
docs: $(DEV)
	$(BIN)/python -m tests.architecture.generated

lock: $(DEV)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate --extra dev pyproject.toml -o requirements-dev.lock

clean:
	rm -rf $(VENV) .venv-peers build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
