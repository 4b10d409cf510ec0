# `make demo`, `make test`, and longer proofs; each makes its own .venv first. And
# `make deploy PORT=/dev/ttyUSB0`, for a board that has MicroPython on it.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: demo test powercut soak day week receiver-proof bench load size deploy venv clean

demo: $(VENV)/.board
	$(RUN) -m tools demo

test: venv
	$(RUN) -m pytest

powercut: venv
	$(RUN) -m tests.system.powercut

soak: venv
	$(RUN) -m tests.system.soak --write

day: venv
	$(RUN) -m tests.system.soak.day --write

week: venv
	$(RUN) -m tests.system.soak.week --write

receiver-proof: venv
	$(RUN) -m tests.system.receiver --write

bench: venv
	$(RUN) -m tools bench --write

load: venv
	$(RUN) -m tests.system.load --write

size: venv
	$(RUN) -m tests.system.size --write

deploy: $(VENV)/.board
	$(RUN) -m tools deploy $(if $(PORT),$(PORT),$(error say which: make deploy PORT=/dev/ttyUSB0))

venv: $(VENV)/.done

PINS := requirements.txt pyproject.toml tools/bootstrap.py

# What the demo needs, and what all else needs too: a download of a third.
$(VENV)/.board: $(PINS)
	$(PYTHON) tools/bootstrap.py board

$(VENV)/.done: $(PINS)
	$(PYTHON) tools/bootstrap.py dev

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis
