# `make demo`, `make test`, and longer proofs; each makes its own .venv first.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: demo test bench powercut venv clean

demo: venv
	$(RUN) -m tools demo

test: venv
	$(RUN) -m pytest

bench: venv
	$(RUN) -m tools bench --write

powercut: venv
	$(RUN) -m tests.powercut

venv: $(VENV)/.done

$(VENV)/.done: requirements.txt tools/bootstrap.py
	$(PYTHON) tools/bootstrap.py

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis
