"""What a plugin module may answer.

A plugin is an installed distribution with an entry point in the group `s2pzoo`. The entry point's name is the model
family, its value a module that imports no torch:

    [project.entry-points.s2pzoo]
    acme = "s2pzoo_acme.plugin"

    # s2pzoo_acme/plugin.py
    from s2pzoo.host.hooks import hookimpl
    from s2pzoo.spec.model import Declaration, Model, Step

    S2PZOO_API = 2   # the API version it was written for

    @hookimpl
    def s2pzoo_plugin():
        return Declaration(components=[NetConfig], models=[Model("acme.small", steps=[Step("net", NetConfig())])])

Every name a plugin declares, but those of its tools, begins with its own family. A hook does nothing else: no network,
no files.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from s2pzoo.host.settings import Settings
    from s2pzoo.spec.model import Declaration

PROJECT = "s2pzoo"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def s2pzoo_plugin() -> Declaration:  # pyright: ignore[reportReturnType]
    """All that the plugin declares: components, models, tasks, datasets, tools, adapters."""


@hookspec(firstresult=True)
def s2pzoo_find_weights(ref: str, settings: Settings) -> Path | None:
    """A folder on this machine that holds the bundle `ref` (`family.variant`), or None: for private mirrors."""
