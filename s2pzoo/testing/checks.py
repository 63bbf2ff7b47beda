"""The checks of the conformance kit, by group: static, api, ports, numeric, batch, device, weights, train, tools, docs.

Each asks one thing and is about one kind of fault, so that a plugin that is broken in one way fails in one place.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.metadata
import inspect
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

import s2pzoo
from s2pzoo import interfaces
from s2pzoo.host.plugin import Plugin, State, load_object
from s2pzoo.interfaces import Component
from s2pzoo.pipeline.golden import check_golden, golden_input
from s2pzoo.pipeline.inputs import to_images
from s2pzoo.pipeline.run import Pipeline
from s2pzoo.spec import graph
from s2pzoo.spec.fields import read, to_dict
from s2pzoo.spec.model import ComponentEntry, DatasetEntry, Model, TaskEntry, ToolEntry
from s2pzoo.spec.ports import KINDS, Port
from s2pzoo.testing.subject import AbsentError, Subject, check
from s2pzoo.weights.bundle import read_bundle
from s2pzoo.weights.manifest import CARD, GOLDEN

_HEAVY = ("torch", "torchvision", "numpy", "PIL", "scipy", "skimage", "timm", "lightning", "torchmetrics")
_CLOSE = 1e-4  # what should be the same may differ by
_GOLDEN = 1e-3
_HALF = 0.02  # what bfloat16 may change in a picture, on the mean
_LONGEST = 160  # letters of a summary


# static


@check("static", "plugin")
def loads(subject: Subject, plugin: Plugin) -> None:
    """It loads, and nothing about it is odd."""
    assert plugin.state is State.LOADED, f"It is {plugin.state}: {plugin.reason}"
    assert not plugin.warnings, "; ".join(plugin.warnings)


@check("static", "plugin", after="static/loads")
def light(subject: Subject, plugin: Plugin) -> None:
    """Its declaration needs neither torch nor numpy, and prints nothing."""
    code = f"""
import importlib, sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {_HEAVY}:
            raise ImportError(f"{{name}}, which makes every listing slow")
sys.meta_path.insert(0, Block())
sys.path[:] = {sys.path!r}
importlib.import_module({plugin.module!r}).s2pzoo_plugin()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, errors="replace", timeout=120, check=False
    )
    last = (done.stderr.strip().splitlines() or ["it ends the program"])[-1]
    assert done.returncode == 0, f"It fails without torch: {last}"
    said = (done.stdout + done.stderr).strip()
    assert not said, f"It prints when it is imported: {said[:200]!r}"


@check("static", "plugin", after="static/loads")
def distribution(subject: Subject, plugin: Plugin) -> None:
    """Its distribution says what it is, whose, for which Python, and that it needs s2pzoo."""
    said = importlib.metadata.metadata(plugin.distribution)
    needs = [one.split(";")[0].strip() for one in said.get_all("Requires-Dist") or ()]
    missing = [name for name in ("Summary", "Requires-Python") if name not in said]
    missing += [] if "License-Expression" in said or "License" in said else ["License-Expression"]
    missing += [] if any(_is_s2pzoo(one) for one in needs) else ["a requirement of s2pzoo"]
    assert not missing, f"pyproject.toml of {plugin.distribution} does not give: {', '.join(missing)}."


def _is_s2pzoo(requirement: str) -> bool:
    return requirement.startswith("s2pzoo") and not requirement[6:7].isalnum() and requirement[6:7] not in ("-", "_")


@check("static", "plugin", after="static/loads")
def no_pickle(subject: Subject, plugin: Plugin) -> None:
    """Nothing in its package reads a pickle, which may run anything: no torch.load, pickle, dill, joblib.load."""
    found = []
    for path in sorted(subject.package.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            imported = [one.name for one in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            home = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            called = [ast.unparse(node.func)] if isinstance(node, ast.Call) else []
            if {"pickle", "dill", "cloudpickle"} & {*imported, *home} or {"torch.load", "joblib.load"} & {*called}:
                found.append(f"{path.name}:{getattr(node, 'lineno', '?')}")
    assert not found, f"It does in {', '.join(found)}: use safetensors."


# api


@check("api", "components", after="static/loads")
def component(subject: Subject, entry: ComponentEntry) -> None:
    """Its class is of the kind it says, made of its config alone, and its config survives JSON."""
    cls, config = load_object(entry.network), entry.config()
    kind = Component if entry.kind == "adapter" else getattr(interfaces, entry.kind.capitalize())
    assert isinstance(cls, type) and issubclass(cls, kind), f"{entry.network} is no {kind.__name__}."
    assert getattr(cls, "Config", None) is entry.config, f"{entry.network}.Config is not {entry.config.__name__}."
    again = read(entry.config, to_dict(config))
    assert again == config, f"{entry.config.__name__} does not come back from JSON as it went: {again} for {config}."


@check("api", "components", after="api/component")
def forward(subject: Subject, entry: ComponentEntry) -> None:
    """Its forward takes its ports and its options by keyword."""
    cls, config = load_object(entry.network), entry.config()
    takes = inspect.signature(cls.forward).parameters
    if any(one.kind is one.VAR_KEYWORD for one in takes.values()):
        return
    assert config.ports().gives, f"{entry.config.__name__}.ports() gives nothing."
    wanted = [*config.ports().takes, *(option.name for option in getattr(config, "options", tuple)())]
    wanted += ["generator"] if cls.wants_generator else []
    unknown = [name for name in wanted if name not in takes]
    assert not unknown, f"{entry.network}.forward does not take {', '.join(unknown)}, which the config declares."


@check("api", "models", after="static/loads", needs=("api/forward",))
def model(subject: Subject, entry: Model) -> None:
    """Its steps fit together."""
    graph.check(entry)


@check("api", "datasets", after="static/loads")
def dataset(subject: Subject, entry: DatasetEntry) -> None:
    """What reads it, and what finds its frame in a drawing, can be called as they are."""
    how: dict[str, Any] = {} if entry.paired else {"size": 64, "split": "train", "strokes": ""}
    inspect.signature(load_object(entry.reader)).bind(object(), **how)
    if entry.locate:
        inspect.signature(load_object(entry.locate)).bind(object())


@check("api", "adapters", after="static/loads")
def adapter(subject: Subject, entry: Any) -> None:
    """It gives the kind that it says, of the form that its port has."""
    from s2pzoo.spec.adapters import adapter_config

    cls, config = load_object(entry.factory), adapter_config(entry, size=64)
    assert isinstance(cls, type) and issubclass(cls, Component), f"{entry.factory} is no Component."
    _as_declared(cls(config).eval(), config.ports().gives, _given(config.ports().takes, 2), {})


# ports, measured


@check("ports", "components", after="api/forward")
def component_gives(subject: Subject, entry: ComponentEntry) -> None:
    """What it gives, built from its default config, is of the ports that it says."""
    if entry.kind in ("loss", "discriminator"):
        raise AbsentError(f"what a {entry.kind} is given depends on the training")
    config = entry.config()
    network = load_object(entry.network)(config).eval()
    options = {
        option.name: option.read(subject.options.get(option.name, option.default))
        for option in getattr(config, "options", tuple)()
    }
    _as_declared(network, config.ports().gives, _given(config.ports().takes, 2), options)


@check("ports", "models", after="api/model", needs=("ports/component-gives",))
def values(subject: Subject, entry: Model) -> None:
    """Every value of it is of the port that it says: shape, type, finite."""
    made = _ran(subject, entry).together
    wrong = [f"{name}: {text}" for name, port in entry.values.items() for text in _misfits(made[name], port, 2)]
    assert not wrong, "; ".join(wrong)


@check("ports", "models", after="ports/values")
def ranges(subject: Subject, entry: Model) -> None:
    """Every picture of it lies in [0,1]."""
    made = _ran(subject, entry).together
    for name, port in entry.values.items():
        if KINDS.get(port.kind):
            low, high = float(made[name].min()), float(made[name].max())
            assert low >= -1e-3 and high <= 1 + 1e-3, f"{name} goes from {low:.3g} to {high:.3g}, not from 0 to 1."


# numeric


@check("numeric", "models", after="ports/values")
def considerate(subject: Subject, entry: Model) -> None:
    """Running it leaves the generators and settings of the process as they were."""
    changed = _ran(subject, entry).changed
    assert not changed, f"It changes {', '.join(changed)}. Draw from the `generator` that a step is given."


@check("numeric", "models", after="numeric/considerate")
def repeatable(subject: Subject, entry: Model) -> None:
    """The same drawing and seed give the same values."""
    ran = _ran(subject, entry)
    assert not (off := _differences(ran.alone(0), ran.alone(0, again=True), _CLOSE)), f"The second time, {off}."


# batch


@check("batch", "models", after="numeric/repeatable")
def alone(subject: Subject, entry: Model) -> None:
    """A drawing gives the same alone as beside another; nearly so where it is optimised, which magnifies rounding."""
    ran = _ran(subject, entry)
    optimises = any(part.needs_grad for part in subject.pipeline(entry).components.values())
    for index in range(2):
        row = {name: value[index : index + 1] for name, value in ran.together.items()}
        off = _differences(row, ran.alone(index), 100 * _CLOSE if optimises else _CLOSE)
        assert not off, f"Drawing {index + 1} of 2: alone, {off}."


# device


@check("device", "models", after="api/model", needs=("ports/component-gives",))
def moves(subject: Subject, entry: Model) -> None:
    """All its tensors are parameters or buffers, and none is made on another device than what it is given."""
    pipeline = subject.pipeline(entry)
    for step, network in pipeline.components.items():
        left = [f"{name or 'itself'}.{key}" for name, module in network.named_modules() for key in _tensors(module)]
        assert not left, f"Step {step}: {', '.join(left)} would stay where it is; register it as a buffer."
    for step in entry.steps:
        _on_meta(step.name, pipeline.components[step.name], step)


@check("device", "models", after="numeric/repeatable")
def bfloat16(subject: Subject, entry: Model) -> None:
    """It runs in bfloat16, and pictures are nearly the same; what has to be exact says `precise`."""
    pipeline, ran = subject.pipeline(entry), _ran(subject, entry)
    if pipeline.untrained:
        raise AbsentError("it has no weights here, and random ones magnify what is rounded")
    full = ran.alone(0)
    try:
        pipeline.to(dtype=torch.bfloat16)
        half = ran.alone(0, again=True)
    finally:
        subject.forget()  # its weights were rounded
    for name, port in entry.values.items():
        if KINDS.get(port.kind):
            error = float((full[name] - half[name]).abs().mean())
            assert error <= _HALF, f"{name} is off by {error:.2g} on the mean."


def _tensors(module: nn.Module) -> Iterator[str]:
    """Attributes that hold tensors, and that `.to` does not know of."""
    for key, value in vars(module).items():
        if key in ("_parameters", "_buffers", "_modules"):
            continue
        held = (
            [*value.values()] if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else [value]
        )
        if any(isinstance(one, Tensor) for one in held):
            yield key


def _on_meta(name: str, network: Component, step: Any) -> None:
    """Run a copy of it on torch's device without data; what needs the data itself is let be."""
    import copy

    moved = copy.deepcopy(network).to("meta")
    options = {option.name: option.read(option.default) for option in step.options}
    given = {port: value.to("meta") for port, value in _given(step.takes, 2).items()}
    if network.wants_generator:
        return  # there is no generator there
    try:
        with torch.no_grad():
            moved(**given, **options)
    except (RuntimeError, NotImplementedError) as error:
        text = str(error)
        if "same device" in text or "is not on the expected device" in text or ("on device" in text and "cpu" in text):
            raise AssertionError(f"Step {name}: a tensor is made on the CPU whatever it is given: {text}") from error


# weights


@check("weights", "bundles", after="static/loads")
def whole(subject: Subject, entry: Model) -> None:
    """The bundle is there, every file is the one its manifest names, and it is of this model."""
    bundle = read_bundle(_folder(subject, entry))
    bundle.verify()
    assert bundle.manifest.model == entry.name, f"The manifest is of {bundle.manifest.model}."


@check("weights", "bundles", after="weights/whole")
def told(subject: Subject, entry: Model) -> None:
    """It has a card, and says its licences and what it was trained on."""
    bundle = read_bundle(_folder(subject, entry))
    manifest = bundle.manifest
    missing = [name for name in ("code", "weights", "data") if not getattr(manifest.licence, name)]
    missing = [f"licence.{name}" for name in missing] + ([] if manifest.training else ["training"])
    missing += [] if (bundle.folder / CARD).is_file() else [CARD]
    assert not missing, f"{bundle.folder} does not give: {', '.join(missing)}."


@check("weights", "bundles", after="weights/whole", needs=("numeric/repeatable",))
def golden(subject: Subject, entry: Model) -> None:
    """It still gives what it gave when it was written."""
    bundle = read_bundle(_folder(subject, entry))
    assert GOLDEN in bundle.manifest.files, "It has no golden outputs. Write it with Pipeline.save or a training."
    check_golden(subject.pipeline(entry), bundle, tolerance=_GOLDEN)


def _folder(subject: Subject, entry: Model) -> Path:
    folder = subject.bundle(entry)
    assert folder is not None
    assert folder.is_dir(), (
        f"{entry.name} declares weights in {folder.name}, and there are none: train it, or say None."
    )
    return folder


# train


@check("train", "recipes", after="static/loads")
def recipe(subject: Subject, name: str) -> None:
    """It is understood by its task."""
    from s2pzoo.train.recipe import read_recipe

    assert read_recipe(name).task in subject.plugin.tasks, f"{name} is of a task that the plugin does not declare."


@check("train", "tasks", after="static/loads", needs=("train/recipe",))
def task(subject: Subject, entry: TaskEntry) -> None:
    """It is one, it has a recipe, and an example to try it on."""
    from s2pzoo.train.task import Task

    assert issubclass(load_object(entry.factory), Task), f"{entry.factory} is no s2pzoo.train.Task."
    assert _recipe_of(subject, entry), f"No recipe names it. Put recipes/NAME.toml with task = {entry.name!r} there."
    assert entry.example, "It declares no example: name a function of (folder) that writes data, and gives overrides."


@check("train", "tasks", after="train/task", needs=("ports/component-gives", "numeric/repeatable"))
def trains(subject: Subject, entry: TaskEntry) -> None:
    """A few steps on its example change weights, leave a bundle that loads, and go on after a stop as without one."""
    from safetensors.torch import load_file

    straight, stopped = (subject.folder / f"{how}-{entry.name.replace('/', '-')}" for how in ("straight", "stopped"))
    data = subject.folder / f"data-{entry.name.replace('/', '-')}"
    data.mkdir()
    assert entry.example
    overrides = list(load_object(entry.example)(data))
    _train(subject, entry, data, straight, overrides, steps=3)
    _train(subject, entry, data, stopped, overrides, steps=2)
    before = load_file(stopped / "model.safetensors")
    _train(subject, entry, data, stopped, overrides, steps=3, resume=True)
    done, went_on = (load_file(folder / "model.safetensors") for folder in (straight, stopped))
    assert any(not torch.equal(done[name], before[name]) for name in done), "The third step changes nothing."
    off = [name for name in done if not torch.equal(done[name], went_on[name])]
    assert not off, f"After a stop {len(off)} of {len(done)} tensors are others, such as {off[0]}: see Task.kept, rng."
    manifest = read_bundle(straight).manifest
    if manifest.model in subject.plugin.models:
        s2pzoo.load(straight)


def _recipe_of(subject: Subject, entry: TaskEntry) -> str | None:
    from s2pzoo.train.recipe import read_recipe

    named = sorted(subject.recipes, key=lambda name: name != entry.name)  # its own namesake first
    return next((name for name in named if read_recipe(name).task == entry.name), None)


def _train(
    subject: Subject, entry: TaskEntry, data: Path, out: Path, overrides: list[str], *, steps: int, resume: bool = False
) -> None:
    from s2pzoo.train.loop import train

    plain = (f"steps={steps}", "minutes=0", "decay=none", "warmup=0", "precision=32-true", "accelerator=cpu")
    settings = [*overrides, *(f"schedule.{one}" for one in plain)]
    name = _recipe_of(subject, entry)
    assert name
    result = train(name, data, out, resume=resume, overrides=settings, progress=False)
    assert (result.reason, result.step) == ("finished", steps), f"It ended at step {result.step}: {result.reason}."


# tools


@check("tools", "tools", after="static/loads")
def method(subject: Subject, tool: ToolEntry) -> None:
    """It is a function of the inputs and options that it declares."""
    takes = inspect.signature(load_object(tool.method)).parameters
    named = [one.name for one in tool.inputs if one.kind != "parts"] + [option.name for option in tool.options]
    unknown = [name for name in named if name not in takes]
    free = any(one.kind is one.VAR_KEYWORD for one in takes.values())
    assert free or not unknown, f"{tool.method} does not take {', '.join(unknown)}, which is declared."


@check("tools", "tools", after="tools/method", needs=("weights/golden",))
def runs(subject: Subject, tool: ToolEntry) -> None:
    """Given a drawing or a photo, it gives the picture that it promises."""
    kinds = [one.kind for one in tool.inputs]
    if not tool.model or any("folder" in kind or kind == "parts" for kind in kinds):
        raise AbsentError(f"it works on {' and '.join(kinds)}, which only its author has")
    served = [entry for entry in subject.plugin.models.values() if tool.serves(entry) and subject.bundle(entry)]
    if not served:
        raise AbsentError("no model that it works on has weights in the package")
    pipeline = subject.pipeline(served[0])
    given = {one.name: _thing(subject, one.kind, served[0].size) for one in tool.inputs}
    given |= {one.name: [given[one.name]] for one in tool.inputs[1:] if one.kind in ("drawings", "photos")}
    given |= {"t": 0.5} if tool.gives == "animation" else {}
    made = getattr(pipeline, tool.name)(**given)
    pictures = list(made) if tool.gives == "pictures" else [made]
    wrong = [type(one).__name__ for one in pictures if not isinstance(one, Image.Image | Tensor | list)]
    assert pictures and not wrong, f"It gave {', '.join(wrong) or 'nothing'}, not {tool.gives}."


def _thing(subject: Subject, kind: str, size: int) -> Any:
    """A drawing as tensor (1,S,S); a photo or a mask as a file."""
    drawing = _given({"sketch": Port("sketch", size=size)}, 1)["sketch"]
    if kind.startswith("drawing"):
        return drawing[0]
    picture = to_images(drawing if kind == "mask" else drawing.expand(-1, 3, -1, -1) * 0.7)[0]
    path = subject.folder / f"{kind}.png"
    picture.save(path)
    return path


# docs


@check("docs", "plugin", after="static/loads")
def readme(subject: Subject, plugin: Plugin) -> None:
    """Its distribution has a README, which says how to use it."""
    text = str(importlib.metadata.metadata(plugin.distribution).json.get("description", ""))
    assert text.strip(), "It has none: give readme in pyproject.toml."
    assert "s2pzoo" in text, "It does not say how it is used."


@check("docs", "plugin", after="static/loads")
def summaries(subject: Subject, plugin: Plugin) -> None:
    """Everything it declares has a summary of one line; components say where they come from."""
    nouns = (plugin.components, plugin.models, plugin.tasks, plugin.datasets, plugin.tools, plugin.adapters)
    entries = [entry for noun in nouns for entry in noun.values()]
    wrong = [entry.name for entry in entries if not 0 < len(entry.summary) <= _LONGEST or "\n" in entry.summary]
    assert not wrong, f"These have none, or one that is longer than a line: {', '.join(wrong)}."
    bare = [entry.name for entry in plugin.components.values() if not entry.source]
    assert not bare, f"These do not say their source, a paper or `own work`: {', '.join(bare)}."


@check("docs", "components", after="static/loads")
def options(subject: Subject, entry: ComponentEntry) -> None:
    """Every option of it says what it does."""
    config = entry.config()
    bare = [option.name for option in getattr(config, "options", tuple)() if not option.help]
    assert not bare, f"These have no help: {', '.join(bare)}."


# what several checks need


def _given(ports: Mapping[str, Port], count: int) -> dict[str, Tensor]:
    """Something for each port: pictures are drawings, no two alike; other tensors random numbers."""
    generator = torch.Generator().manual_seed(0)
    return {name: _value(port, count, generator) for name, port in ports.items()}


def _value(port: Port, count: int, generator: torch.Generator) -> Tensor:
    if KINDS.get(port.kind):
        side = port.hw or (-(-64 // port.multiple) * port.multiple,) * 2
        plain = golden_input(attrs.evolve(port, size=side))
        assert plain is not None
        return torch.cat([plain.roll((3 * index, 2 * index), (-2, -1)) for index in range(count)])
    sides = {"D": 16, "C": port.channels or 8, "H": 16, "W": 16, "h": 8, "w": 8, "T": 24}
    shape = [count if one == "N" else sides[one] if isinstance(one, str) else one for one in port.shape]
    return torch.randn(shape, generator=generator)


class _Ran:
    """What a model makes of two drawings, together and alone, each made once.

    `changed`: what of the process was changed meanwhile.
    """

    def __init__(self, pipeline: Pipeline, options: Mapping[str, Any]) -> None:
        self.pipeline, self.model = pipeline, pipeline.model
        self.options = {name: value for name, value in options.items() if name in self.model.options}
        self.given = _given({self.model.input: self.model.input_port}, 2)[self.model.input]
        with _generators():
            before = _process()
            self.together = self._execute(self.given)
            self.changed = [name for name, value in _process().items() if not _same(value, before[name])]
        self._alone: dict[int, dict[str, Tensor]] = {}

    def alone(self, index: int, *, again: bool = False) -> dict[str, Tensor]:
        """Every value of one of them; `again`: made anew."""
        if again or index not in self._alone:
            self._alone[index] = self._execute(self.given[index : index + 1])
        return self._alone[index]

    def _execute(self, given: Tensor) -> dict[str, Tensor]:
        return self.pipeline.execute({self.model.input: given}, tuple(self.model.values), **self.options)


def _ran(subject: Subject, entry: Model) -> _Ran:
    return subject.kept(f"ran {entry.name}", lambda: _Ran(subject.pipeline(entry), subject.options))


@contextlib.contextmanager
def _generators() -> Iterator[None]:
    """Within, the generators of the process are in a state that no seed which anybody uses gives."""
    seed, numpy, python = 987_654_321, np.random.get_state(), random.getstate()  # noqa: NPY002
    with torch.random.fork_rng(devices=[]):
        torch.set_rng_state(torch.Generator().manual_seed(seed).get_state())
        np.random.set_state(np.random.RandomState(seed).get_state())  # noqa: NPY002
        random.setstate(random.Random(seed).getstate())
        try:
            yield
        finally:
            np.random.set_state(numpy)  # noqa: NPY002
            random.setstate(python)


def _process() -> dict[str, Any]:
    return {
        "torch's generator": torch.get_rng_state(),
        "numpy's generator": np.random.get_state(legacy=False)["state"]["key"],  # noqa: NPY002 - whether somebody else does
        "Python's generator": random.getstate(),
        "torch's default dtype": torch.get_default_dtype(),
        "whether torch takes gradients": torch.is_grad_enabled(),
        "torch's number of threads": torch.get_num_threads(),
    }


def _same(one: Any, other: Any) -> bool:
    return bool((one == other).all()) if isinstance(one, Tensor | np.ndarray) else one == other


def _as_declared(
    network: Component, gives: Mapping[str, Port], given: Mapping[str, Tensor], options: Mapping[str, Any]
) -> None:
    more = {"generator": torch.Generator().manual_seed(0)} if network.wants_generator else {}
    with torch.set_grad_enabled(network.needs_grad):
        made = network(**given, **options, **more)
    made = made if isinstance(made, Mapping) else {next(iter(gives), ""): made}
    missing = [name for name in gives if name not in made]
    assert not missing, f"It does not give {', '.join(missing)}; it gives {', '.join(made)}."
    count = next((len(value) for value in given.values() if value.dim()), 1)
    wrong = [f"{name}: {text}" for name, port in gives.items() for text in _misfits(made[name], port, count)]
    assert not wrong, "; ".join(wrong)


def _misfits(value: Any, port: Port, count: int) -> Iterator[str]:
    """What of a value is not as its port says."""
    if not isinstance(value, Tensor):
        if port.kind not in ("features", "logits") or not isinstance(value, list | tuple):
            yield f"it is a {type(value).__name__}, not a tensor"
        return
    wanted = [count if one == "N" else one for one in port.shape]
    if value.dim() != len(wanted) or any(
        isinstance(a, int) and a != b for a, b in zip(wanted, value.shape, strict=True)
    ):
        yield f"its shape is {tuple(value.shape)}; {port} was declared"
    if value.dtype != torch.float32:
        yield f"it is {value.dtype}, not float32"
    if not bool(torch.isfinite(value).all()):
        yield "it is not finite"


def _differences(one: Mapping[str, Tensor], other: Mapping[str, Tensor], close: float) -> str:
    """Which values differ, and by how much; empty: by no more than `close`, of numbers above 1 times their size."""
    off = []
    for name, value in one.items():
        if not value.numel():
            continue
        scale = max(1.0, float(value.abs().max()))
        error = float((value - other[name]).abs().max()) / scale
        off += [f"{name} differs by {error:.2g}"] if not error <= close else []
    return ", ".join(off)
