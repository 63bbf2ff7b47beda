"""What a plugin module may answer.

A plugin is an installed distribution with an entry point in the group `s2pzoo`. The entry point's name is the model
family, its value a module that imports no torch:

    [project.entry-points.s2pzoo]
    acme = "s2pzoo_acme.plugin"

    # s2pzoo_acme/plugin.py
    from s2pzoo.hooks import hookimpl

    S2PZOO_API = 1   # the API version it was written for; 1 where it says nothing

    @hookimpl
    def s2pzoo_models():
        return [ModelEntry("acme.small", steps=[...])]

Every name a plugin declares begins with its own family. A hook returns a list (or tuple) of entries and does nothing
else: no network, no files.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from s2pzoo.declare import AdapterEntry, ComponentEntry, ModelEntry, TaskEntry
    from s2pzoo.settings import Settings

PROJECT = "s2pzoo"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def s2pzoo_components() -> list[ComponentEntry]:  # pyright: ignore[reportReturnType]
    """The networks and other parts that models are made of."""


@hookspec
def s2pzoo_models() -> list[ModelEntry]:  # pyright: ignore[reportReturnType]
    """The models. Where there are several, one says `default=True`."""


@hookspec
def s2pzoo_tasks() -> list[TaskEntry]:  # pyright: ignore[reportReturnType]
    """The training tasks that recipes name."""


@hookspec
def s2pzoo_adapters() -> list[AdapterEntry]:  # pyright: ignore[reportReturnType]
    """The adapters between kinds of ports."""


@hookspec(firstresult=True)
def s2pzoo_find_weights(ref: str, settings: Settings) -> Path | None:
    """A folder on this machine that holds the bundle `ref` (`family.variant`), or None: for private mirrors."""
