from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from s2pzoo_deepfacedrawing.config import FACES256, PRESETS, SOLVERS, Preset
from s2pzoo_deepfacedrawing.plugin import model_steps, s2pzoo_plugin

from s2pzoo.errors import BadOptionError, UnknownOptionError
from s2pzoo.spec.graph import needed, read_options
from s2pzoo.spec.model import Model

MODELS = {model.name: model for model in s2pzoo_plugin().models}
LIGHT = MODELS["deepfacedrawing.faces256"]
each_model = pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))


@each_model
def test_the_values_on_the_way_have_the_names_of_the_paper(model: Model) -> None:
    assert {"sketch", "codes", "refined", "features", "photo", "refined_sketch"} == set(model.values)
    assert model.values["photo"].size == model.size == model.values["refined_sketch"].size
    assert model.blank_ok


def test_the_light_network_is_the_default() -> None:
    assert [name for name, model in MODELS.items() if model.default] == [LIGHT.name]
    assert MODELS["deepfacedrawing.paper512"].weights is None


@each_model
def test_the_knobs_of_the_projection_are_options(model: Model) -> None:
    known = {"traits", "text"} if model is LIGHT else set()  # what the bank says of its samples
    assert set(model.options) == {"faithfulness", "blend", "solver", "neighbours", "gender", "age", *known}
    assert model.options["solver"].choices == SOLVERS
    assert model.options["blend"].keys == ("left_eye", "right_eye", "nose", "mouth", "remainder", "all")


@pytest.mark.parametrize("wrong", [{"blend": {"nose": 1.1}}, {"neighbours": 0}, {"neighbours": 2.5}], ids=str)
def test_options_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadOptionError, match=next(iter(wrong))):
        read_options(LIGHT, wrong)


def test_a_component_that_is_none_is_told() -> None:
    with pytest.raises(UnknownOptionError, match="chin"):
        read_options(LIGHT, {"blend": {"chin": 1.0}})


def test_the_refined_sketch_is_made_only_when_asked_for() -> None:
    assert [step.name for step in LIGHT.steps if step.side] == ["decoder"]
    assert "decoder" not in [step.name for step in needed(LIGHT, ["sketch"], ["photo"])]
    assert [step.name for step in needed(LIGHT, ["refined"], ["refined_sketch"])] == ["decoder"]


@pytest.mark.parametrize("preset", PRESETS.values(), ids=list(PRESETS))
@pytest.mark.parametrize("samples", [1, 8, 3072])
def test_a_bank_of_any_size_can_be_declared(preset: Preset, samples: int) -> None:
    steps = model_steps(evolve(preset, manifold=evolve(preset.manifold, samples=samples)))
    neighbours = next(option for step in steps for option in step.options if option.name == "neighbours")
    assert (neighbours.default, neighbours.high) == (min(10, samples), samples)


def test_the_model_is_built_from_the_preset() -> None:
    assert [step.config for step in LIGHT.steps] == [
        FACES256.encoder, FACES256.manifold, FACES256.mapping, FACES256.synthesis, FACES256.decoder,
    ]  # fmt: skip
