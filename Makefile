# Two commands: `make demo` and `make test`; each makes its own .venv first. And
# `make deploy PORT=/dev/ttyUSB0`, for a board that has MicroPython on it.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: demo test deploy venv clean

demo: venv
	$(RUN) -m tools demo

test: venv
	$(RUN) -m pytest

deploy: venv
	$(RUN) -m tools deploy $(if $(PORT),$(PORT),$(error say which: make deploy PORT=/dev/ttyUSB0))

venv: $(VENV)/.done

$(VENV)/.done: requirements.txt tools/bootstrap.py
	$(PYTHON) tools/bootstrap.py

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis
