# make demo   a whole call, heard and measured       make test    what must pass before a change lands
# make run    serve until Ctrl-C                     make bench   the figures of the README
# make assist-demo   a call between two people, listened to
# make fleet  three nodes behind Kamailio, on loopback     make drain    they are restarted, and no call is lost
# make crash / limits / edge / upgrade / watch / image     what else is promised of a fleet (docs/deploying.md)
# make fleet-trials    all of it but the image, some ten minutes
# make fuzz   ten minutes of fuzzing     make attack   calls under attack, beside calls in peace
# make trials    tests that take longer
# make mutants   do the tests notice small changes? (half an hour)
PYTHON ?= python3
VENV := .venv
LOCK ?= requirements.lock
BIN := $(VENV)/bin

.PHONY: demo assist-demo fleet drain crash limits edge upgrade watch image fleet-trials run test side-by-side trials lint bench bench-sip soak fuzz attack mutants lock clean install install-dev

demo: install
	@if [ -t 1 ]; then $(BIN)/voicebot demo --stay; else $(BIN)/voicebot demo; fi

assist-demo: install
	$(BIN)/voicebot assist-demo --stay

fleet: install-dev
	$(BIN)/python deploy/try/fleet.py

drain: install-dev
	$(BIN)/python deploy/try/drain.py --all

# make crash ARGS="--times 10"
crash limits edge upgrade watch image: install-dev
	$(BIN)/python deploy/try/$@.py $(ARGS)

# what is not installed is said, and fails nothing
fleet-trials: install-dev
	@for trial in "drain.py --all" "crash.py --times 10" "crash.py --pause" "crash.py --alone" "crash.py --media" limits.py edge.py upgrade.py watch.py; do \
		echo "deploy/try/$$trial"; $(BIN)/python deploy/try/$$trial || [ $$? -eq 3 ] || exit 1; done

run: install
	$(BIN)/voicebot serve

# what lint runs has one thread, and the tests that come first mostly wait: for two cores, more processes than two
test: install-dev
	$(MAKE) --no-print-directory --jobs=2 lint side-by-side
	$(BIN)/python -m pytest -m "alone and not long" tests/endtoend

side-by-side: install-dev
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder -m "not alone and not long"

# what takes longer than make test may: wholes that are tested there in parts, more of the same
trials: install-dev
	$(BIN)/python -m pytest -m long

lint: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/vulture

bench: install-dev
	$(BIN)/python -m bench

bench-sip: install-dev
	$(BIN)/python -m bench.echo_calls
	-$(BIN)/python -m bench.echo_calls --peer sipp --steps 500

soak: install-dev
	$(BIN)/python -m bench.soak
	$(BIN)/python -m bench.soak --talking --lines 40
	$(BIN)/python -m bench.assist_soak

fuzz: install-dev
	FUZZ_S=70 $(BIN)/python -m pytest -n 2 tests/fuzz
	FUZZ_S=70 $(BIN)/python -m pytest -n 2 $$(grep -rl --include='*.py' 'from hypothesis' tests)

attack: install-dev
	$(BIN)/python -m bench.attack

mutants: install-dev
	$(BIN)/python -m bench.mutants

install: $(VENV)/installed
install-dev: $(VENV)/installed-dev

$(VENV)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
		{ echo "Python 3.11, 3.12 or 3.13 is needed; name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
		{ echo "Python's venv module is missing (Debian: the python3-venv package)" >&2; exit 1; }
	@echo "making the environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/installed: $(LOCK) pyproject.toml | $(VENV)/pip
	@echo "installing locked dependencies (about 500 MB, a minute or two)"
	@$(BIN)/pip install --disable-pip-version-check --require-hashes -r $(LOCK) --progress-bar on --quiet
	@$(BIN)/pip install --disable-pip-version-check --no-deps --quiet -e .
	@$(BIN)/voicebot localspeech --prepare
	@touch $@

$(VENV)/installed-dev: requirements-dev.lock $(VENV)/installed
	@$(BIN)/pip install --disable-pip-version-check --require-hashes -r requirements-dev.lock --quiet
	@touch $@

# after a change of the dependencies in pyproject.toml. requirements-all.lock: with all extras but that under the GPL
COMPILE := $(BIN)/uv pip compile --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-annotate
EXTRAS := redis opus azure-blob acs microsoft-agents otel
lock: | $(VENV)/pip
	$(BIN)/pip install --quiet uv
	$(COMPILE) --universal pyproject.toml -o requirements.lock
	$(COMPILE) --universal pyproject.toml $(EXTRAS:%=--extra %) -o requirements-all.lock
	$(COMPILE) --universal pyproject.toml --extra dev -o requirements-dev.lock
	printf 'cyclonedx-bom>=7.5,<8\nsetuptools>=77\n' | $(COMPILE) - -o deploy/image/build.lock

clean:
	rm -rf $(VENV) out var
