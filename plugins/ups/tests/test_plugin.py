from __future__ import annotations

from importlib.resources import files

import pytest
from s2pzoo_ups import plugin
from s2pzoo_ups.config import CONTENTS, SHAPES

from s2pzoo.errors import BadOptionError
from s2pzoo.host.plugin import load_object
from s2pzoo.spec.model import Model
from s2pzoo.train.recipe import read_recipe

MODELS = {entry.name: entry for entry in plugin.s2pzoo_models()}
TASKS = {entry.name: entry for entry in plugin.s2pzoo_tasks()}
RECIPES = sorted(file.name.removesuffix(".toml") for file in (files("s2pzoo_ups") / "recipes").iterdir())


@pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))
def test_the_steps_of_a_model_fit_together(model: Model) -> None:
    graph = Graph.of(model).check()
    assert set(graph.values) == {"sketch", "gray", "attention", "clean_sketch", "photo"}
    assert graph.values["photo"].size == graph.values["clean_sketch"].size == model.size == 128
    assert set(graph.options) == {"reference", "alpha"}
    assert [step.name for step in graph.steps if step.side] == ["sketcher"]


def test_the_shoes_are_the_default() -> None:
    assert [name for name, model in MODELS.items() if model.default] == ["ups.shoes128"]


@pytest.mark.parametrize("preset", ["paper128", "light128"])
def test_several_categories_are_an_option_of_every_step(preset: str) -> None:
    assert preset in SHAPES and preset in CONTENTS
    steps = plugin.model_steps(preset, classes=("shoes", "chairs"))
    graph = Graph.of(Model("ups.both", steps=steps, size=128)).check()
    assert all("category" in {option.name for option in step.options} for step in steps)
    assert graph.options["category"].choices == ("shoes", "chairs")
    assert graph.route({})["sketcher"]["category"] == "shoes"
    with pytest.raises(BadOptionError):
        graph.route({"category": "bags"})


@pytest.mark.parametrize("name", RECIPES)
def test_each_recipe_is_understood_by_its_task(name: str) -> None:
    recipe = read_recipe(f"ups/{name}")
    resolved = recipe.resolve(load_object(TASKS[recipe.task].factory).defaults)
    networks = resolved.networks.to_dict()
    assert networks.get("translator", {"preset": "light128"})["preset"] in SHAPES
    assert networks.get("content", {"preset": "light128"})["preset"] in CONTENTS
