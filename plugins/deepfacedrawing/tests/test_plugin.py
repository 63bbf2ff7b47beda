from __future__ import annotations

import subprocess
import sys
from importlib.resources import files

import pytest
from s2pzoo_deepfacedrawing import plugin
from s2pzoo_deepfacedrawing.config import FACES256, PRESETS, SOLVERS, Preset, with_samples

from s2pzoo import interfaces
from s2pzoo.config import from_dict, to_dict
from s2pzoo.declare import ComponentEntry, ModelEntry, TaskEntry
from s2pzoo.errors import BadOptionError, UnknownOptionError
from s2pzoo.pipeline.graph import Graph
from s2pzoo.pipeline.run import Pipeline
from s2pzoo.planning import load_object
from s2pzoo.registry import default_registry
from s2pzoo.train.recipe import read_recipe
from s2pzoo.train.task import Task

COMPONENTS = {entry.name: entry for entry in plugin.s2pzoo_components()}
MODELS = {entry.name: entry for entry in plugin.s2pzoo_models()}
TASKS = {entry.name: entry for entry in plugin.s2pzoo_tasks()}
each_model = pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))


def graph_of(model: ModelEntry) -> Graph:
    return Graph(name=model.name, steps=model.steps, input=model.input, output=model.output, size=model.size)


def test_the_declarations_need_neither_torch_nor_numpy() -> None:
    code = (
        "import sys\n"
        "class Block:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in ('torch', 'numpy', 'PIL', 'scipy', 'lightning'):\n"
        "            raise ImportError(name)\n"
        "sys.meta_path.insert(0, Block())\n"
        "from s2pzoo_deepfacedrawing import plugin\n"
        "print(len(plugin.s2pzoo_components()), len(plugin.s2pzoo_models()), len(plugin.s2pzoo_tasks()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["6", "2", "2"]


def test_the_registry_finds_what_is_declared() -> None:
    registry = default_registry()
    assert registry.model("deepfacedrawing").name == "deepfacedrawing.faces256"
    for name in COMPONENTS:
        assert registry.component(name) == COMPONENTS[name]
    for name in TASKS:
        assert registry.task(name) == TASKS[name]


@pytest.mark.parametrize("entry", COMPONENTS.values(), ids=list(COMPONENTS))
def test_each_component_is_of_its_kind_and_built_from_its_config(entry: ComponentEntry) -> None:
    cls, config = load_object(entry.factory), load_object(entry.config)
    assert issubclass(cls, getattr(interfaces, entry.kind.capitalize()))
    assert cls.Config is config
    made = config()
    assert made.ports().takes and made.ports().gives
    assert from_dict(config, to_dict(made)) == made
    assert entry.summary and entry.source


@each_model
def test_the_steps_of_a_model_fit_together(model: ModelEntry) -> None:
    graph = graph_of(model).check()
    assert {"sketch", "codes", "refined", "features", "photo", "refined_sketch"} <= set(graph.values)
    assert graph.values["photo"].size == model.size == graph.values["refined_sketch"].size
    assert issubclass(load_object(model.pipeline or ""), Pipeline)
    assert model.blank_ok and model.summary and model.paper
    for step in model.steps:
        assert isinstance(step.config, load_object(COMPONENTS[step.component].config))


def test_the_light_network_is_the_default() -> None:
    assert [name for name, model in MODELS.items() if model.default] == ["deepfacedrawing.faces256"]
    assert MODELS["deepfacedrawing.paper512"].weights is None


@each_model
def test_the_knobs_of_the_projection_are_declared(model: ModelEntry) -> None:
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


@pytest.mark.parametrize("entry", TASKS.values(), ids=list(TASKS))
def test_each_task_has_a_recipe_that_it_understands(entry: TaskEntry) -> None:
    cls = load_object(entry.factory)
    assert issubclass(cls, Task)
    recipe = read_recipe(entry.name)  # recipes have the names of their tasks
    assert recipe.task == entry.name
    resolved = recipe.resolve(cls.defaults)
    assert resolved.networks.preset.name in PRESETS and resolved.schedule.steps > 0


def test_the_weights_that_are_declared_lie_in_the_package() -> None:
    weights = MODELS["deepfacedrawing.faces256"].weights
    assert weights is not None and weights.bundled == "weights/faces256"
    folder = files("s2pzoo_deepfacedrawing") / weights.bundled
    if not folder.is_dir():
        pytest.skip("not trained yet")
    assert (folder / "manifest.json").is_file()


def test_the_preset_is_that_of_the_model() -> None:
    steps = {step.name: step.config for step in MODELS["deepfacedrawing.faces256"].steps}
    assert steps["encoder"] == FACES256.encoder and steps["manifold"] == FACES256.manifold
    assert steps["mapping"] == FACES256.mapping and steps["synthesis"] == FACES256.synthesis
