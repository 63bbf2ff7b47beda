from __future__ import annotations

import pytest
from s2pzoo_ups.config import CONTENTS, SHAPES
from s2pzoo_ups.plugin import model_steps, s2pzoo_plugin

from s2pzoo.errors import BadOptionError
from s2pzoo.spec import graph
from s2pzoo.spec.model import Model
from s2pzoo.train.recipe import read_recipe

MODELS = {model.name: model for model in s2pzoo_plugin().models}


@pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))
def test_gray_and_attention_stand_between_sketch_and_photo(model: Model) -> None:
    assert set(model.values) == {"sketch", "gray", "attention", "clean_sketch", "photo"}
    assert model.values["photo"].size == model.values["clean_sketch"].size == model.size == 128
    told = {"tone"} if model.steps[0].config.toned else set()
    assert set(model.options) == {"faithfulness", "reference", "colour", "alpha", *told}
    assert [step.name for step in model.steps if step.side] == ["sketcher"]


def test_the_shoes_are_the_default() -> None:
    assert [name for name, model in MODELS.items() if model.default] == ["ups.shoes128"]


@pytest.mark.parametrize("preset", ["paper128", "light128"])
def test_several_categories_are_an_option_of_every_step(preset: str) -> None:
    model = graph.check(Model("ups.both", steps=model_steps(preset, classes=("shoes", "chairs")), size=128))
    assert all("category" in {option.name for option in step.options} for step in model.steps)
    assert graph.read_options(model, {})["category"] == "shoes"
    with pytest.raises(BadOptionError, match="shoes, chairs"):
        graph.read_options(model, {"category": "bags"})


@pytest.mark.parametrize("name", ["stage1", "stage2", "joint-shoes128", "joint-chairs128"])
def test_the_networks_of_each_recipe_are_presets(name: str) -> None:
    networks = read_recipe(f"ups/{name}").networks
    assert getattr(networks, "translator", None) is None or networks.translator.preset in SHAPES
    assert getattr(networks, "content", None) is None or networks.content.preset in CONTENTS
