"""What the core itself declares, as a plugin would: its adapters (`s2pzoo/`), its losses and critics (`core/`)."""

from __future__ import annotations

from typing import Any

from s2pzoo.host.discovery import Candidate
from s2pzoo.host.plugin import NOUNS, Plugin, State, collected
from s2pzoo.spec.adapters import ADAPTERS, PLUGIN, ResizeConfig
from s2pzoo.spec.core import CRITICS, LOSSES
from s2pzoo.spec.model import Declaration


def _declared(family: str, declaration: Declaration) -> Plugin:
    import s2pzoo

    home = Candidate(family=family, module="s2pzoo.host.core", distribution="s2pzoo", version=s2pzoo.__version__)
    entries: dict[str, Any] = {noun: collected(family, declaration, noun) for noun in NOUNS}
    return Plugin(family=family, providers=(home,), state=State.LOADED, **entries)


CORE = {
    PLUGIN: _declared(PLUGIN, Declaration(components=[ResizeConfig], adapters=ADAPTERS)),
    "core": _declared("core", Declaration(components=[*LOSSES, *CRITICS])),
}
"""By family."""
