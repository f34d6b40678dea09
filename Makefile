# Everything here runs inside .venv; `make install` makes it and touches nothing else.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin

.PHONY: install demo test check format lint types contracts docs bench priors libraries fuzz evidence drill clean
# seconds that `make fuzz` looks for a token that breaks the verifier, for a file that breaks the scanner, and
# for an export that breaks the readers
FUZZ_SECONDS ?= 60
# processes that share the tests, by file: each that runs Spark's starts a Java machine of its own
WORKERS ?= 2

install: $(VENV)/.installed

$(VENV)/.installed: requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

demo: install
	$(BIN)/brokenseal drill demo --out demo

test: install
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

check: format lint types contracts docs test

format: install
	$(BIN)/ruff format --check .

lint: install
	$(BIN)/ruff check .

types: install
	$(BIN)/mypy

contracts: install
	$(BIN)/lint-imports

docs: install
	$(BIN)/python -m docs.generate --check

bench: install
	$(BIN)/python -m bench.speed

priors: install
	$(BIN)/python -m bench.priors

libraries: install
	$(BIN)/python -m bench.libraries

fuzz: install
	FUZZ_SECONDS=$(FUZZ_SECONDS) $(BIN)/python -m tests.keys.fuzz
	FUZZ_SECONDS=$(FUZZ_SECONDS) $(BIN)/python -m tests.keys.fuzz_scan
	$(BIN)/python -m tests.fuzz.fuzz_readers --seconds $(FUZZ_SECONDS)

evidence: install
	$(BIN)/python -m bench.evidence
	$(BIN)/python -m docs.generate

drill: install
	$(BIN)/brokenseal drill --seeds 10 --report score
	$(BIN)/python -m bench.drill score/score.json

clean:
	rm -rf $(VENV) demo
