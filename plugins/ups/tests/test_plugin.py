from __future__ import annotations

import subprocess
import sys
from importlib.resources import files

import pytest
from s2pzoo_ups import plugin
from s2pzoo_ups.config import SHAPES
from s2pzoo_ups.content_config import CONTENTS

from s2pzoo import interfaces
from s2pzoo.config import from_dict, to_dict
from s2pzoo.declare import ComponentEntry, ModelEntry, TaskEntry
from s2pzoo.errors import BadOptionError
from s2pzoo.pipeline.graph import Graph
from s2pzoo.pipeline.run import Pipeline
from s2pzoo.planning import load_object
from s2pzoo.registry import default_registry
from s2pzoo.train.recipe import read_recipe
from s2pzoo.train.task import Task

COMPONENTS = {entry.name: entry for entry in plugin.s2pzoo_components()}
MODELS = {entry.name: entry for entry in plugin.s2pzoo_models()}
TASKS = {entry.name: entry for entry in plugin.s2pzoo_tasks()}
RECIPES = sorted(file.name.removesuffix(".toml") for file in (files("s2pzoo_ups") / "recipes").iterdir())


def test_the_declarations_need_neither_torch_nor_numpy() -> None:
    code = (
        "import sys\n"
        "class Block:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in ('torch', 'numpy', 'PIL', 'scipy', 'lightning'):\n"
        "            raise ImportError(name)\n"
        "sys.meta_path.insert(0, Block())\n"
        "from s2pzoo_ups import plugin\n"
        "plugin.s2pzoo_components(), plugin.s2pzoo_models(), plugin.s2pzoo_tasks()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_the_registry_finds_what_is_declared() -> None:
    registry = default_registry()
    assert registry.model("ups").name == "ups.shoes128"
    assert [name for name, model in MODELS.items() if model.default] == ["ups.shoes128"]
    for name, entry in COMPONENTS.items():
        assert registry.component(name) == entry
    for name, entry in TASKS.items():
        assert registry.task(name) == entry


@pytest.mark.parametrize("entry", COMPONENTS.values(), ids=list(COMPONENTS))
def test_each_component_is_of_its_kind_and_built_from_its_config(entry: ComponentEntry) -> None:
    cls, config = load_object(entry.factory), load_object(entry.config)
    assert issubclass(cls, getattr(interfaces, entry.kind.capitalize()))
    assert cls.Config is config
    made = config()
    assert made.ports().takes and made.ports().gives
    assert from_dict(config, to_dict(made)) == made
    assert entry.summary and entry.source


@pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))
def test_the_steps_of_a_model_fit_together(model: ModelEntry) -> None:
    graph = Graph.of(model).check()
    assert set(graph.values) == {"sketch", "gray", "attention", "clean_sketch", "photo"}
    assert graph.values["photo"].size == graph.values["clean_sketch"].size == model.size == 128
    assert set(graph.options) == {"reference", "alpha"}
    assert [step.name for step in graph.steps if step.side] == ["sketcher"]
    assert issubclass(load_object(model.pipeline or ""), Pipeline)
    assert model.summary and model.paper
    for step in model.steps:
        assert isinstance(step.config, load_object(COMPONENTS[step.component].config))


@pytest.mark.parametrize("preset", ["paper128", "light128"])
def test_several_categories_are_an_option_of_every_step(preset: str) -> None:
    assert preset in SHAPES and preset in CONTENTS
    steps = plugin.model_steps(preset, classes=("shoes", "chairs"))
    graph = Graph.of(ModelEntry("ups.both", steps=steps, size=128)).check()
    assert all("category" in {option.name for option in step.options} for step in steps)
    assert graph.options["category"].choices == ("shoes", "chairs")
    assert graph.route({})["sketcher"]["category"] == "shoes"
    with pytest.raises(BadOptionError):
        graph.route({"category": "bags"})


@pytest.mark.parametrize("entry", TASKS.values(), ids=list(TASKS))
def test_each_task_is_one_and_says_what_it_trains(entry: TaskEntry) -> None:
    assert issubclass(load_object(entry.factory), Task) and entry.summary


@pytest.mark.parametrize("name", RECIPES)
def test_each_recipe_is_understood_by_its_task(name: str) -> None:
    recipe = read_recipe(f"ups/{name}")
    resolved = recipe.resolve(load_object(TASKS[recipe.task].factory).defaults)
    networks = resolved.networks.to_dict()
    assert networks.get("translator", {"preset": "light128"})["preset"] in SHAPES
    assert networks.get("content", {"preset": "light128"})["preset"] in CONTENTS
