"""What holds for every first-party plugin."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from s2pzoo import interfaces
from s2pzoo.host.catalogue import default_catalogue
from s2pzoo.host.plugin import load_object
from s2pzoo.host.registry import default_registry
from s2pzoo.spec import graph
from s2pzoo.spec.fields import read, to_dict
from s2pzoo.spec.model import ComponentEntry, Model, TaskEntry, ToolEntry
from s2pzoo.train.recipe import read_recipe
from s2pzoo.train.task import Task

FAMILIES = sorted(path.parent.name for path in Path(__file__).parent.glob("*/pyproject.toml"))
DECLARED = {family: importlib.import_module(f"s2pzoo_{family}.plugin").s2pzoo_plugin() for family in FAMILIES}
COMPONENTS = {entry.name: entry for declared in DECLARED.values() for entry in declared.components}
MODELS = {entry.name: entry for declared in DECLARED.values() for entry in declared.models}
TASKS = {entry.name: entry for declared in DECLARED.values() for entry in declared.tasks}
DATASETS = {entry.name: entry for declared in DECLARED.values() for entry in declared.datasets}
RECIPES = sorted(
    f"{family}/{file.name.removesuffix('.toml')}"
    for family in FAMILIES
    if (files(f"s2pzoo_{family}") / "recipes").is_dir()
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
        "plugin.s2pzoo_plugin()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    declared = DECLARED[family]
    assert len([*declared.components, *declared.models, *declared.tasks, *declared.datasets, *declared.tools]) > 1


@pytest.mark.parametrize("family", FAMILIES)
def test_the_catalogue_knows_its_tools(family: str) -> None:
    told = {tool.name: tool.summary for tool in DECLARED[family].tools}
    assert default_catalogue().plugins[family].tools == told


@pytest.mark.parametrize("tool", [t for d in DECLARED.values() for t in d.tools], ids=lambda tool: tool.name)
def test_each_tool_is_a_function_of_what_it_declares(tool: ToolEntry) -> None:
    takes = inspect.signature(load_object(tool.method)).parameters
    named = [one.name for one in tool.inputs if one.kind != "parts"] + [option.name for option in tool.options]
    assert all(name in takes for name in named) or any(p.kind is p.VAR_KEYWORD for p in takes.values())
    assert tool.summary


def test_the_registry_finds_what_is_declared() -> None:
    registry = default_registry()
    for name, entry in COMPONENTS.items():
        assert registry.component(name) == entry
    for name, entry in MODELS.items():
        assert registry.model(name) == entry
    for name, entry in TASKS.items():
        assert registry.task(name) == entry
    for name, entry in DATASETS.items():
        assert registry.dataset(name) == entry


@pytest.mark.parametrize("entry", COMPONENTS.values(), ids=list(COMPONENTS))
def test_each_component_is_of_its_kind_and_built_from_its_config(entry: ComponentEntry) -> None:
    cls, config = load_object(entry.network), entry.config
    assert issubclass(cls, getattr(interfaces, entry.kind.capitalize()))
    assert cls.Config is config
    made = config()
    assert made.ports().takes and made.ports().gives
    assert read(config, to_dict(made)) == made
    assert entry.summary and entry.source


@pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))
def test_the_steps_of_a_model_fit_together_from_sketch_to_output(model: Model) -> None:
    graph.check(model)
    assert model.values["sketch"].size == model.size and model.output in model.values
    assert model.summary and model.paper
    for step in model.steps:
        assert isinstance(step.config, COMPONENTS[step.component].config)


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
    assert recipe.schedule.steps > 0 and recipe.schedule.batch > 0
