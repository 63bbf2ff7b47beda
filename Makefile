# make demo: sketches in, photos out.  make test: the same set-up, then the tests.  Needs Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PLUGINS := $(wildcard plugins/*/pyproject.toml)
READY := $(VENV)/.ready
FACES := examples/sketches/faces
OFF_CENTRE := $(FACES)/off_centre_woman.svg
IN_FRAME := $(filter-out $(OFF_CENTRE),$(wildcard $(FACES)/*))

export OMP_WAIT_POLICY ?= PASSIVE
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test lint wheels benchmark clean

demo: $(READY)
	$(BIN)/s2pzoo generate $(IN_FRAME) -m deepfacedrawing -o out/faces --sheet out/faces.png
	$(BIN)/s2pzoo generate $(OFF_CENTRE) -m deepfacedrawing -o out/faces --fit
	$(BIN)/s2pzoo generate $(FACES)/woman_bob_fringe.svg $(FACES)/rough_man.svg -m contextualgan -o out/contextualgan
	$(BIN)/s2pzoo complete out/contextualgan/rough_man.png --mask examples/masks/half.png -m contextualgan -o out/contextualgan/whole
	$(BIN)/s2pzoo generate examples/sketches/shoes -m ups.shoes128 -o out/shoes --sheet out/shoes.png
	$(BIN)/s2pzoo generate examples/sketches/chairs -m ups.chairs128 -o out/chairs --sheet out/chairs.png
	@echo "The photos are in out/; beside their sketches they are in out/faces.png, out/shoes.png and out/chairs.png"
	@echo "Draw one yourself: $(BIN)/s2pzoo studio"

test: $(READY)
	HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadgroup --durations=60

lint: $(READY)
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/pyright
	$(BIN)/python tools/registry.py --check

wheels: $(READY)
	tools/wheels.sh

benchmark: $(READY)
	env -u OMP_WAIT_POLICY $(BIN)/python benchmarks/run.py

# uv installs the same packages as pip in a third of the time. The environment is made anew when a requirement changes.
$(READY): pyproject.toml constraints.txt $(PLUGINS)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --python $(BIN)/python --compile-bytecode --quiet --constraint constraints.txt \
		-e ".[train,eval,encoders,new,signing,studio,runtimes,batch,ray,dev]" $(foreach plugin,$(PLUGINS),-e $(dir $(plugin)))
	touch $@

clean:
	rm -rf $(VENV) out dist
