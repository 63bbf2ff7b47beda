from __future__ import annotations

import pytest
from s2pzoo_deepfacedrawing import plugin
from s2pzoo_deepfacedrawing.config import FACES256, PRESETS, SOLVERS, Preset

from s2pzoo.errors import BadOptionError, UnknownOptionError
from s2pzoo.spec.model import Model

MODELS = {entry.name: entry for entry in plugin.s2pzoo_models()}
each_model = pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))


def graph_of(model: Model) -> Graph:
    return Graph.of(model)


@each_model
def test_the_steps_of_a_model_fit_together(model: Model) -> None:
    graph = graph_of(model).check()
    assert {"sketch", "codes", "refined", "features", "photo", "refined_sketch"} <= set(graph.values)
    assert graph.values["photo"].size == model.size == graph.values["refined_sketch"].size
    assert model.blank_ok


def test_the_light_network_is_the_default() -> None:
    assert [name for name, model in MODELS.items() if model.default] == ["deepfacedrawing.faces256"]
    assert MODELS["deepfacedrawing.paper512"].weights is None


@each_model
def test_the_knobs_of_the_projection_are_declared(model: Model) -> None:
    graph = graph_of(model)
    assert set(graph.options) == {"blend", "solver", "neighbours", "gender", "age"}
    assert graph.options["solver"].choices == SOLVERS
    assert graph.options["blend"].keys == ("left_eye", "right_eye", "nose", "mouth", "remainder", "all")
    with pytest.raises(UnknownOptionError):
        graph.route({"blend": {"chin": 1.0}})
    with pytest.raises(BadOptionError):
        graph.route({"blend": {"nose": 1.1}})
    with pytest.raises(BadOptionError):
        graph.route({"neighbours": 0})


def test_the_refined_sketch_is_beside_the_way_to_the_photo() -> None:
    graph = graph_of(MODELS["deepfacedrawing.faces256"])
    given, ports = {"sketch"}, graph.values
    assert set(ports) > given
    assert [step.name for step in graph.steps if step.side] == ["decoder"]


@pytest.mark.parametrize("preset", PRESETS.values(), ids=list(PRESETS))
@pytest.mark.parametrize("samples", [1, 8, 3072])
def test_a_bank_of_any_size_can_be_declared(preset: Preset, samples: int) -> None:
    options = {
        option.name: option for step in plugin.model_steps(with_samples(preset, samples)) for option in step.options
    }
    assert options["neighbours"].default == min(10, samples)
    assert options["neighbours"].high == samples


def test_the_preset_is_that_of_the_model() -> None:
    steps = {step.name: step.config for step in MODELS["deepfacedrawing.faces256"].steps}
    assert steps["encoder"] == FACES256.encoder and steps["manifold"] == FACES256.manifold
    assert steps["mapping"] == FACES256.mapping and steps["synthesis"] == FACES256.synthesis
