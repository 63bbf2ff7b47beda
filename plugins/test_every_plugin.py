"""What holds for every first-party plugin."""

from __future__ import annotations

import importlib
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from s2pzoo import interfaces
from s2pzoo.host.registry import default_registry
from s2pzoo.pipeline.plan import load_object
from s2pzoo.pipeline.run import Pipeline
from s2pzoo.spec.fields import from_dict, to_dict
from s2pzoo.spec.graph import Graph
from s2pzoo.spec.model import ComponentEntry, Model, TaskEntry
from s2pzoo.train.recipe import read_recipe
from s2pzoo.train.task import Task

FAMILIES = sorted(path.parent.name for path in Path(__file__).parent.glob("*/pyproject.toml"))
PLUGINS = [importlib.import_module(f"s2pzoo_{family}.plugin") for family in FAMILIES]
COMPONENTS = {entry.name: entry for plugin in PLUGINS for entry in plugin.s2pzoo_components()}
MODELS = {entry.name: entry for plugin in PLUGINS for entry in plugin.s2pzoo_models()}
TASKS = {entry.name: entry for plugin in PLUGINS for entry in plugin.s2pzoo_tasks()}
RECIPES = sorted(
    f"{family}/{file.name.removesuffix('.toml')}"
    for family in FAMILIES
    for file in (files(f"s2pzoo_{family}") / "recipes").iterdir()
)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_declarations_need_neither_torch_nor_numpy(family: str) -> None:
    code = (
        "import sys\n"
        "class Block:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in ('torch', 'numpy', 'PIL', 'scipy', 'lightning'):\n"
        "            raise ImportError(name)\n"
        "sys.meta_path.insert(0, Block())\n"
        f"from s2pzoo_{family} import plugin\n"
        "print(len([*plugin.s2pzoo_components(), *plugin.s2pzoo_models(), *plugin.s2pzoo_tasks()]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    named = [name for name in (*COMPONENTS, *MODELS, *TASKS) if name.startswith((f"{family}/", f"{family}."))]
    assert int(done.stdout) == len(named) > 2


def test_the_registry_finds_what_is_declared() -> None:
    registry = default_registry()
    for name, entry in COMPONENTS.items():
        assert registry.component(name) == entry
    for name, entry in MODELS.items():
        assert registry.model(name) == entry
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
def test_the_steps_of_a_model_fit_together_and_make_photos(model: Model) -> None:
    graph = Graph.of(model).check()
    assert graph.values["sketch"].size == model.size and graph.values["photo"].kind == "photo"
    assert model.pipeline is None or issubclass(load_object(model.pipeline), Pipeline)
    assert model.summary and model.paper
    for step in model.steps:
        assert isinstance(step.config, load_object(COMPONENTS[step.component].config))


@pytest.mark.parametrize("model", [m for m in MODELS.values() if m.weights and m.weights.bundled], ids=lambda m: m.name)
def test_bundled_weights_lie_in_the_package(model: Model) -> None:
    assert model.weights and model.weights.bundled
    family = model.name.partition(".")[0]
    assert (files(f"s2pzoo_{family}") / model.weights.bundled / "manifest.json").is_file()


@pytest.mark.parametrize("entry", TASKS.values(), ids=list(TASKS))
def test_each_task_is_one_and_has_a_recipe(entry: TaskEntry) -> None:
    assert issubclass(load_object(entry.factory), Task) and entry.summary
    assert entry.name in {read_recipe(name).task for name in RECIPES}


@pytest.mark.parametrize("name", RECIPES)
def test_each_recipe_is_understood_by_its_task(name: str) -> None:
    recipe = read_recipe(name)
    resolved = recipe.resolve(load_object(TASKS[recipe.task].factory).defaults)
    assert resolved.schedule.steps > 0 and resolved.schedule.batch > 0
