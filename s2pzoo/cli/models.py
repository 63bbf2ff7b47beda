"""Which model a command line means, what weights it has, and what it can do."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import s2pzoo
from s2pzoo.errors import UsageError
from s2pzoo.host.catalogue import default_catalogue
from s2pzoo.host.plugin import State
from s2pzoo.host.registry import default_registry
from s2pzoo.spec import graph
from s2pzoo.spec.fields import read_options
from s2pzoo.spec.model import Model
from s2pzoo.weights.place import place_of

if TYPE_CHECKING:
    from s2pzoo.pipeline.run import Pipeline


def chosen(name: str | None, *, can: str = "") -> str:
    """`name`; or, where none was given, the one default model of an installed family that has weights here.

    Of several, the one whose family the catalogue calls the default; for a tool, the one that makes no photos.

    Args:
        name: what was given.
        can: a tool that it must have.

    Raises:
        UsageError: there is none, or several and no default among them.
    """
    if name:
        return name
    registry = default_registry()
    usual = [family for family, plugin in default_catalogue().plugins.items() if plugin.default]
    for families in (usual, registry.families()):  # the usual ones first: no other plugin is imported then
        able = [model for family in families if (model := _ready(family, can))]
        made_for_it = [model for model in able if not _makes_photos(model)]  # but for a tool, of what use would it be?
        ready = [model.name for model in (made_for_it or able)]
        if len(ready) == 1:
            return ready[0]
    why = f"These have weights here: {', '.join(ready)}." if ready else "No installed model has weights here."
    raise UsageError("No model was named.", why=why, fix="Name one with -m NAME; `s2pzoo list` shows them.")


def _ready(family: str, can: str) -> Model | None:
    """The default model of an installed family, where it has weights here and can do that: make photos, or a tool."""
    if family not in default_registry().families():
        return None
    plugin = default_registry().look(family)
    model = plugin.default if plugin.state is State.LOADED else None
    fits = model and (_can(model, can) if can else _makes_photos(model))
    return model if model and fits and place_of(model).folder else None


def _makes_photos(model: Model) -> bool:
    return model.values[model.output].kind == "photo"


def opened(
    name: str, *, weights: str | None = None, device: str = "cpu", can: str = "", runtime: str = "eager"
) -> Pipeline:  # fmt: skip
    """The loaded pipeline.

    Args:
        name: of the model, or the folder of a bundle with a slash in it.
        can: a tool that it must have.
        runtime: as for `s2pzoo.load`.

    Raises:
        UsageError: it does not have it; says which installed models have. Other errors as `s2pzoo.load`.
    """
    if can and "/" not in name and os.sep not in name and not _can(entry := default_registry().model(name), can):
        raise _cannot(entry.name, can)
    pipeline = s2pzoo.load(name, weights=weights, device=device, runtime=runtime)
    if can and can not in pipeline.tools:
        raise _cannot(pipeline.model.name, can)
    return pipeline


def options_of(pipeline: Pipeline, knobs: Iterable[str] | None, **more: Any) -> dict[str, Any]:
    """The options of a command line, each of them right: told before the first file is read.

    Args:
        knobs: those of -O.
        more: those with a flag of their own; None was not given.

    Raises:
        UsageError: no `key=value`. UnknownOptionError, BadOptionError: as `Pipeline.run`.
    """
    options = read_options(knobs or (), pipeline.model.options)
    options |= {name: value for name, value in more.items() if value is not None}
    read = graph.read_options(pipeline.model, options)
    return {name: read[name] for name in options}


def _can(model: Model, tool: str) -> bool:
    tools = default_registry().plugin(model.family).tools
    return tool in tools and tools[tool].serves(model)


def _cannot(name: str, method: str) -> UsageError:
    able = [model.name for model in default_registry().models() if _can(model, method)]
    fix = f"Models that can: {', '.join(able)}." if able else "No installed model can."
    return UsageError(f"{name} has no {method}.", why="It is an extra that only some families have.", fix=fix)
