# `make demo`, `make test`, and longer proofs; each makes its own .venv first.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: demo test powercut venv clean

demo: venv
	$(RUN) -m tools demo

test: venv
	$(RUN) -m pytest

powercut: venv
	$(RUN) -m tests.powercut

venv: $(VENV)/.done

$(VENV)/.done: requirements.txt tools/bootstrap.py
	$(PYTHON) tools/bootstrap.py

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis
