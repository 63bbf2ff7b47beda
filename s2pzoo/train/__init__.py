"""Training by recipe: `train(recipe, data, out)` runs a plugin's Task; see s2pzoo.train.task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from s2pzoo.train.loop import TrainResult, train
    from s2pzoo.train.recipe import Recipe, read_recipe
    from s2pzoo.train.task import Task

__all__ = ["Recipe", "Task", "TrainResult", "read_recipe", "train"]

_HOMES = {"Recipe": "recipe", "read_recipe": "recipe", "Task": "task", "TrainResult": "loop", "train": "loop"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
