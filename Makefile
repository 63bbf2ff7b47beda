# make demo: sketches in, photos out.  make test: the same set-up, then the tests.  Needs Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PLUGINS := $(wildcard plugins/*/pyproject.toml)
READY := $(VENV)/.ready
OFF_CENTRE := examples/sketches/off_centre_woman.svg
IN_FRAME := $(filter-out $(OFF_CENTRE),$(wildcard examples/sketches/*.*))

export OMP_WAIT_POLICY ?= PASSIVE
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test lint benchmark clean

demo: $(READY)
	$(BIN)/s2pzoo generate $(IN_FRAME) -m deepfacedrawing -o out --sheet out/sheet.png
	$(BIN)/s2pzoo generate $(OFF_CENTRE) -m deepfacedrawing -o out --fit
	@echo "The photos are in out/, and all of them beside their sketches in out/sheet.png"

test: $(READY)
	HF_HUB_OFFLINE=1 $(BIN)/python -m pytest

lint: $(READY)
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/pyright

benchmark: $(READY)
	$(BIN)/python benchmarks/run.py

# uv installs the same packages as pip in a third of the time. The environment is made anew when a requirement changes.
$(READY): pyproject.toml constraints.txt $(PLUGINS)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --python $(BIN)/python --compile-bytecode --quiet --constraint constraints.txt \
		-e ".[train,eval,dev]" $(foreach plugin,$(PLUGINS),-e $(dir $(plugin)))
	touch $@

clean:
	rm -rf $(VENV) out
