"""Training recipes: a TOML file becomes a frozen, typed Recipe of its task. No torch.

    name = "faces256"                     # a label for people
    task = "deepfacedrawing/stage2"       # the plugin's class that does the steps
    seed = 1

    [data]                                # what it is trained on
    [networks.critic]                     # networks, by preset or as `component = "plugin/component"` and its config
    [losses]                              # which loss: losses.adversarial = "core/hinge"
    [weights]                             # of the loss terms
    [rules]                               # how they are put to use: when, where, how often
    [schedule]                            # the loop's settings, see `Schedule`
    [output]                              # what the finished bundle says about itself

Which sections there are beside `schedule` and `output`, and what is in them, its task says (`Task.Recipe`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import attrs
from attrs import field, frozen

from s2pzoo.errors import RecipeError, UnknownModelError
from s2pzoo.host.core import FINETUNE
from s2pzoo.host.parts import Part as Part
from s2pzoo.host.parts import part as part
from s2pzoo.host.plugin import load_object
from s2pzoo.host.registry import default_registry
from s2pzoo.pipeline.plan import named_part
from s2pzoo.spec.fields import knob, read, to_dict
from s2pzoo.spec.names import hint, suggest
from s2pzoo.spec.reading import UnreadableError, read_regular
from s2pzoo.weights.resolve import package_folder

R = TypeVar("R", bound="Recipe")
T = TypeVar("T")


@frozen(kw_only=True)
class Schedule:
    """The settings of the loop."""

    steps: int = knob(10_000, low=1, help="of the whole training; the decay reaches its end here")
    minutes: float = knob(0.0, low=0, help="of the whole training over all sittings, 0: no limit; the decay ends first")
    batch: int = knob(8, low=1, help="samples of one step on one device")
    lr: float = knob(2e-4, low=0, help="learning rate of the task's optimisers")
    betas: tuple[float, float] = knob((0.9, 0.999), low=0, high=1, help="of Adam")
    weight_decay: float = knob(0.0, low=0, help="of AdamW")
    warmup: int = knob(0, low=0, help="steps over which the learning rate rises from zero")
    decay: str = knob("none", choices=("none", "linear", "cosine"), help="of the learning rate")
    decay_start: float = knob(0.0, low=0, high=0.99999, help="part of the training after which the decay begins")
    ema: float = knob(0.999, low=0, high=0.99999, help="decay of the averaged networks")
    precision: str = knob("32-true", help="a Lightning Fabric precision: 32-true, 16-mixed, bf16-mixed ...")
    accelerator: str = knob("auto", help="a Lightning Fabric accelerator: auto, cpu, cuda, mps")
    strategy: str = knob("auto", help="auto or ddp (several devices: start with torchrun)")
    workers: int = knob(0, low=0, help="processes that draw the batches, 0: a thread of this one")
    prefetch: int = knob(2, low=0, help="batches that each of them is ahead")
    log_every: int = knob(10, low=1, help="steps between two lines of metrics.jsonl")
    sample_every_minutes: float = knob(5.0, low=0, help="between two sheets of samples")
    checkpoint_every_minutes: float = knob(5.0, low=0, help="between two checkpoints")
    keep_checkpoints: int = knob(2, low=1, help="how many")


@frozen(kw_only=True)
class Start:
    """Where a training begins."""

    bundle: str = knob("", help="a folder that this task wrote, to begin with its networks; empty: at random")


@frozen(kw_only=True)
class Output:
    """What the finished bundle says about itself; see `weights.manifest.Manifest`."""

    summary: str = ""
    paper: str = ""
    differences: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    licence: dict[str, str] = field(factory=dict)


def _label(instance: object, attribute: attrs.Attribute, value: str) -> None:
    if not value:
        raise ValueError(f'it is empty; add a line: {attribute.name} = "..."')


@frozen(kw_only=True)
class Recipe:
    """A checked recipe. A task adds its own sections in a subclass."""

    name: str = field(validator=_label)
    task: str = field(validator=_label)
    seed: int = knob(0, low=0, help="of initial weights and batches")
    schedule: Schedule = field(factory=Schedule)
    output: Output = field(factory=Output)

    def to_dict(self) -> dict[str, Any]:
        """The recipe as plain TOML-like data, defaults written out."""
        return to_dict(self)

    def about(self) -> dict[str, Any]:
        """What `output` says and is not empty."""
        return {name: value for name, value in to_dict(self.output).items() if value}


def read_recipe(source: str | Path, *, task: type[Any] | None = None) -> Any:
    """Read a recipe from a TOML file, or by the name `family/recipe` from a plugin's `recipes` folder.

    A TOML file of a composition (see `s2pzoo.compose`) is a recipe of `core/finetune`.

    Args:
        task: the Task whose Recipe it is; by default the one it names.

    Raises:
        RecipeError: no such file or recipe, not TOML, an unknown or missing key, a value of the wrong type or range.
        UnknownTaskError, PluginError: its task cannot be had.
    """
    path = find_recipe(source)
    try:
        tree = tomllib.loads(read_regular(path).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path} is not TOML.", why=str(error)) from error
    except (OSError, UnreadableError) as error:
        raise RecipeError(f"{path} cannot be read.", why=str(error)) from error
    if "steps" in tree and "task" not in tree:  # a composition: it is trained on from end to end
        tree = {
            "name": tree.get("name", f"custom.{path.stem}"), "task": FINETUNE.name,
            "networks": {"composition": str(path)},
        }  # fmt: skip
    if task is None and isinstance(name := tree.get("task"), str) and name:
        task = find_task(name)
    return recipe_of(task.Recipe if task else Recipe, tree, what=str(path))


def recipe_of(cls: type[R], tree: Mapping[str, Any], *, what: str = "The recipe") -> R:
    """The recipe that plain data describes. Errors as for `read_recipe`."""
    return read(cls, tree, what=what, error=RecipeError)


def with_named_parts(recipe: R) -> R:
    """The recipe with each encoder that is a trained part, `family.variant:step`, told in full."""
    networks = getattr(recipe, "networks", None)
    encoder = getattr(networks, "encoder", None)
    if not isinstance(encoder, Part) or not encoder.is_trained:
        return recipe
    return attrs.evolve(recipe, networks=attrs.evolve(networks, encoder=named_part(encoder)))


def preset(presets: Mapping[str, T], name: str) -> T:
    """The preset of that name.

    Raises:
        RecipeError: there is none.
    """
    if name not in presets:
        listed = f"There are: {', '.join(presets)}."
        raise RecipeError(f"There is no preset {name!r}.", why=listed, fix=hint(name, presets))
    return presets[name]


def find_task(name: str) -> type[Any]:
    """The class of the task `plugin/task`.

    Raises:
        UnknownTaskError, PluginError: it cannot be had.
    """
    return load_object(default_registry().task(name).factory)


def find_recipe(source: str | Path) -> Path:
    """The file of a recipe given by path or by the name `family/recipe`."""
    path = Path(source).expanduser()
    if path.is_file():
        return path
    family, slash, name = str(source).partition("/")
    if not slash or "/" in name or path.suffix == ".toml":
        raise RecipeError(
            f"There is no recipe file {source}.",
            fix="Give the path of a TOML file, or the name of a plugin's recipe as family/recipe.",
        )
    folder = _recipes_folder(family)
    known = tuple(sorted(file.stem for file in folder.glob("*.toml")))
    if name not in known:
        nearest = suggest(name, known) or known
        listed = " or ".join(repr(f"{family}/{other}") for other in nearest)
        raise RecipeError(
            f"The plugin {family!r} has no recipe {name!r}.", fix=f"Did you mean {listed}?" if listed else ""
        )
    return folder / f"{name}.toml"


def changes(old: Mapping[str, Any], new: Mapping[str, Any], path: str = "") -> list[str]:
    """What differs between two recipes given as plain data, one line each: `schedule.batch: 4 -> 8`."""
    lines: list[str] = []
    for key in (*old, *(key for key in new if key not in old)):
        before, after, name = old.get(key), new.get(key), f"{path}{key}"
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            lines += changes(before, after, f"{name}.")
        elif before != after:
            lines.append(f"{name}: {before!r} -> {after!r}")
    return lines


def _recipes_folder(family: str) -> Path:
    try:
        plugin = default_registry().plugin(family)
    except UnknownModelError as error:
        fix = "Give the path of a TOML file, or the name of a plugin's recipe as family/recipe."
        raise RecipeError(
            f"There is no recipe file {family}/..., and no plugin {family!r}.",
            why=error.why,
            fix=error.fix if error.suggestions else fix,
        ) from error
    return package_folder(plugin.module) / "recipes"
