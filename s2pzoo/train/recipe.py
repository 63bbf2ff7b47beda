"""Training recipes: a TOML file becomes a frozen, checked Recipe. Torch-free.

    name = "faces256"                     # a label for people
    task = "deepfacedrawing/stage2"       # the plugin's class that does the steps
    seed = 1

    [data]                                # the task's own settings
    [networks.generator]                  # one table per network: its config
    [losses]                              # weight of each loss term
    [schedule]                            # the loop's settings, see SCHEDULE; plus those the task declares
    [output]                              # what the finished bundle says about itself

A value is reached by key or by attribute: `recipe.schedule.batch`, `recipe["schedule"]["batch"]`.
"""

from __future__ import annotations

import importlib.resources
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from s2pzoo.errors import RecipeError, UnknownModelError
from s2pzoo.names import suggest

SECTIONS = ("data", "networks", "losses", "schedule", "output")
DECAYS = ("none", "linear", "cosine")

SCHEDULE: Mapping[str, Any] = {
    "steps": 10_000,  # steps of the whole training; the decay reaches its end here
    "minutes": 0.0,  # time of the whole training over all sittings, 0 = no limit; the decay ends at whichever is first
    "batch": 8,  # samples of one step on one device
    "lr": 2e-4,  # for the task's optimisers
    "betas": [0.9, 0.999],  # for the task's optimisers
    "weight_decay": 0.0,  # for the task's optimisers
    "warmup": 0,  # steps over which the learning rate rises from zero
    "decay": "none",  # none | linear | cosine
    "decay_start": 0.0,  # part of the training, 0 to 1, after which the decay begins
    "ema": 0.999,  # decay of the averaged networks
    "precision": "32-true",  # a Lightning Fabric precision: 32-true, 16-mixed, bf16-mixed ...
    "accelerator": "auto",  # a Lightning Fabric accelerator: auto, cpu, cuda, mps
    "strategy": "auto",  # auto or ddp (several devices: start with torchrun)
    "prefetch": 2,  # batches made ahead by a background thread, 0 = none
    "log_every": 10,  # steps between two lines of metrics.jsonl
    "sample_every_minutes": 5.0,
    "checkpoint_every_minutes": 5.0,
    "keep_checkpoints": 2,
}


class Section(Mapping[str, Any]):
    """A read-only table of a recipe. Keys are attributes too; a missing one raises RecipeError with suggestions."""

    def __init__(self, values: Mapping[str, Any] | None = None, *, path: str = "") -> None:
        self._path = path
        self._values = {key: _wrap(value, f"{path}.{key}".lstrip(".")) for key, value in (values or {}).items()}

    def __getitem__(self, key: str) -> Any:
        try:
            return self._values[key]
        except KeyError:
            raise _unknown_key(f"{self._path}.{key}".lstrip("."), self._values, key) from None

    def __getattr__(self, key: str) -> Any:
        if key.startswith("_"):  # Python's own protocols (copy, pickle, inspect) ask for these
            raise AttributeError(key)
        return self[key]

    def get(self, key: str, default: Any = None) -> Any:
        return self._values.get(key, default)

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Section({self.to_dict()!r})"

    def to_dict(self) -> dict[str, Any]:
        """A plain, deep copy."""
        return {key: value.to_dict() if isinstance(value, Section) else value for key, value in self._values.items()}


@frozen(kw_only=True)
class Recipe:
    """A checked recipe. `source` says where it was read from."""

    name: str
    task: str
    seed: int = 0
    data: Section = Section()
    networks: Section = Section()
    losses: Section = Section()
    schedule: Section = Section()
    output: Section = Section()
    source: str = ""

    def __getitem__(self, key: str) -> Any:
        if key not in ("name", "task", "seed", *SECTIONS):
            raise _unknown_key(key, ("name", "task", "seed", *SECTIONS), key)
        return getattr(self, key)

    def to_dict(self) -> dict[str, Any]:
        """The recipe as plain TOML-like data, without `source`."""
        sections = {section: self[section].to_dict() for section in SECTIONS if self[section]}
        return {"name": self.name, "task": self.task, "seed": self.seed, **sections}

    def resolve(self, defaults: Mapping[str, Mapping[str, Any]] | None = None, overrides: Iterable[str] = ()) -> Recipe:
        """Fill in the defaults, apply the overrides, and check.

        Args:
            defaults: what the task declares: section -> key -> default. A declared section is closed, and so are the
                tables in it, unless their default is empty: a key that is neither declared nor one of the loop's is an
                error. `schedule` is always closed.
            overrides: `section.key=value`, or `key=value` where only one section has the key. Values are TOML; a bare
                word is a string.

        Raises:
            RecipeError: an unknown key, an ambiguous override, a value of the wrong type or range.
        """
        declared = {name: dict(values) for name, values in (defaults or {}).items()}
        for name in declared:
            if name not in SECTIONS:
                raise _unknown_key(name, SECTIONS, name)
        declared["schedule"] = {**SCHEDULE, **declared.get("schedule", {})}
        tree = self.to_dict()
        for name, known in declared.items():
            given = tree.get(name, {})
            _check_known(name, known, given, self.source)
            tree[name] = _merge(known, given)
        for text in overrides:
            _override(tree, text)
        _check_schedule(tree["schedule"])
        return _from_tree(tree, source=self.source)


def read_recipe(source: str | Path) -> Recipe:
    """Read a recipe from a TOML file, or by the name `family/recipe` from a plugin's `recipes` folder.

    Raises:
        RecipeError: no such file or recipe, not TOML, an unknown or missing key.
    """
    path = find_recipe(source)
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path} is not TOML.", why=str(error)) from error
    except OSError as error:
        raise RecipeError(f"{path} cannot be read.", why=str(error)) from error
    return _from_tree(tree, source=str(path))


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
    from s2pzoo.registry import default_registry

    try:
        plugin = default_registry().plugin(family)
    except UnknownModelError as error:
        raise RecipeError(
            f"There is no recipe file {family}/..., and no plugin {family!r}.",
            why=error.why,
            fix=error.fix or "Give the path of a TOML file, or the name of a plugin's recipe as family/recipe.",
        ) from error
    package = plugin.providers[0].module.partition(".")[0]
    return Path(str(importlib.resources.files(package))) / "recipes"


def _from_tree(tree: Mapping[str, Any], *, source: str) -> Recipe:
    known = ("name", "task", "seed", *SECTIONS)
    for key, value in tree.items():
        if key not in known:
            raise _unknown_key(key, known, key, where=source)
        if key in SECTIONS and not isinstance(value, Mapping):
            raise RecipeError(f"{key} must be a table, as in [{key}]; it is {value!r}.", why=_in(source))
    for key in ("name", "task"):
        if not isinstance(tree.get(key), str) or not tree[key]:
            raise RecipeError(f"The recipe has no {key}.", why=_in(source), fix=f'Add a line: {key} = "..."')
    seed = tree.get("seed", 0)
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise RecipeError(f"seed must be a whole number, zero or more; it is {seed!r}.", why=_in(source))
    for name, table in tree.get("networks", {}).items():
        if not isinstance(table, Mapping):
            raise RecipeError(f"networks.{name} must be a table, as in [networks.{name}].", why=_in(source))
    sections = {name: Section(tree.get(name, {}), path=name) for name in SECTIONS}
    return Recipe(name=tree["name"], task=tree["task"], seed=seed, source=source, **sections)


def _wrap(value: Any, path: str) -> Any:
    return Section(value, path=path) if isinstance(value, Mapping) else value


def _merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` on top of `under`, tables merged."""
    merged = {key: _merge(value, {}) if isinstance(value, Mapping) else value for key, value in under.items()}
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merge(merged[key], value) if both else value
    return merged


def _override(tree: dict[str, Any], text: str) -> None:
    key, equals, value = (part.strip() for part in text.partition("="))
    if not equals or not key:
        raise RecipeError(f"{text!r} is not an override.", fix="Write section.key=value, as in schedule.batch=4.")
    paths = {".".join(path): path for path in _leaves(tree)}
    matches = [path for name, path in paths.items() if name == key or ("." not in key and path[-1] == key)]
    if key in paths:
        matches = [paths[key]]
    if not matches:
        known = {*paths, *(path[-1] for path in paths.values())}
        raise _unknown_key(key, known, key)
    if len(matches) > 1:
        names = ", ".join(".".join(path) for path in matches)
        raise RecipeError(f"The override {key!r} could mean any of: {names}.", fix="Write the full key.")
    *parents, last = matches[0]
    table = tree
    for parent in parents:
        table = table[parent]
    parsed = _parse(text, value)
    _check_type(".".join(matches[0]), table[last], parsed)
    table[last] = parsed


def _leaves(tree: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in tree.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, (*path, key))
        elif not (key == "task" and not path):  # another task needs another recipe
            yield (*path, key)


def _parse(text: str, value: str) -> Any:
    try:
        parsed = tomllib.loads(f"value = {value}")
    except tomllib.TOMLDecodeError as error:
        if re.fullmatch(r"[\w./~:+-]+", value):
            return value
        raise RecipeError(f"The value of the override {text!r} is not TOML.", why=str(error)) from error
    if set(parsed) != {"value"}:
        raise RecipeError(f"The override {text!r} has more than one value.")
    return parsed["value"]


def _check_known(path: str, known: Mapping[str, Any], given: Mapping[str, Any], source: str) -> None:
    for key, value in given.items():
        name = f"{path}.{key}"
        if key not in known:
            raise _unknown_key(name, known, key, where=source)
        _check_type(name, known[key], value)
        if isinstance(value, Mapping) and known[key]:
            _check_known(name, known[key], value, source)


def _check_type(name: str, model: Any, value: Any) -> None:
    """A value must have the type of the one it replaces; a whole number may stand for a float."""
    fits = type(value) is type(model) or (type(model) is float and type(value) is int) or model is None
    if not fits and not (type(model) is int and type(value) is float and value.is_integer()):
        words = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", list: "a list"}
        wanted = words.get(type(model), "a table")
        raise RecipeError(f"{name} must be {wanted}; it is {value!r}.")


def _check_schedule(schedule: dict[str, Any]) -> None:
    for key in ("steps", "batch", "log_every", "keep_checkpoints"):
        schedule[key] = int(schedule[key])
        _require(schedule[key] >= 1, key, schedule, "1 or more")
    for key in ("minutes", "warmup", "prefetch", "sample_every_minutes", "checkpoint_every_minutes"):
        _require(schedule[key] >= 0, key, schedule, "zero or more")
    _require(schedule["lr"] > 0, "lr", schedule, "above zero")
    _require(0 <= schedule["ema"] < 1, "ema", schedule, "at least 0 and below 1")
    _require(0 <= schedule["decay_start"] < 1, "decay_start", schedule, "at least 0 and below 1")
    _require(schedule["decay"] in DECAYS, "decay", schedule, f"one of {', '.join(DECAYS)}")


def _require(holds: bool, key: str, schedule: Mapping[str, Any], range_: str) -> None:
    if not holds:
        raise RecipeError(f"schedule.{key} must be {range_}; it is {schedule[key]!r}.")


def _unknown_key(path: str, known: Iterable[str], key: str, where: str = "") -> RecipeError:
    known = sorted(known)
    nearest = suggest(key, known)
    if nearest:
        fix = f"Did you mean {' or '.join(repr(name) for name in nearest)}?"
    else:
        fix = f"Known here: {', '.join(known)}." if known else ""
    return RecipeError(f"The recipe has no {path!r}.", why=_in(where), fix=fix)


def _in(source: str) -> str:
    return f"In {source}" if source else ""
