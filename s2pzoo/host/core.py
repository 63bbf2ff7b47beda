"""What the core itself declares, as a plugin would: its adapters (`s2pzoo/`), its losses and critics (`core/`)."""

from __future__ import annotations

import functools
from typing import Any

from s2pzoo.host.discovery import Candidate
from s2pzoo.host.plugin import NOUNS, Plugin, State, collected
from s2pzoo.spec.adapters import ADAPTERS, PLUGIN, ResizeConfig
from s2pzoo.spec.model import Declaration


def _declared(family: str, declaration: Declaration) -> Plugin:
    import s2pzoo

    home = Candidate(family=family, module="s2pzoo.host.core", distribution="s2pzoo", version=s2pzoo.__version__)
    entries: dict[str, Any] = {noun: collected(family, declaration, noun) for noun in NOUNS}
    return Plugin(family=family, providers=(home,), state=State.LOADED, **entries)


FAMILIES = (PLUGIN, "core")


@functools.cache
def core_plugins() -> dict[str, Plugin]:
    """By family. Made when a component is asked for: `list` needs none."""
    from s2pzoo.spec.core import CRITICS, LOSSES

    declarations = (
        Declaration(components=[ResizeConfig], adapters=ADAPTERS),
        Declaration(components=[*LOSSES, *CRITICS]),
    )
    return {family: _declared(family, declaration) for family, declaration in zip(FAMILIES, declarations, strict=True)}
