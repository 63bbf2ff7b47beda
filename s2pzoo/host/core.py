"""What the core declares, as a plugin would: adapters (`s2pzoo/`), losses, critics, a task, a dataset (`core/`)."""

from __future__ import annotations

import functools
from typing import Any

from s2pzoo.host.discovery import Candidate
from s2pzoo.host.plugin import NOUNS, Plugin, State, collected
from s2pzoo.spec.adapters import ADAPTERS, PLUGIN, ResizeConfig
from s2pzoo.spec.model import DatasetEntry, Declaration, TaskEntry


def _declared(family: str, declaration: Declaration) -> Plugin:
    import s2pzoo

    home = Candidate(family=family, module="s2pzoo.host.core", distribution="s2pzoo", version=s2pzoo.__version__)
    entries: dict[str, Any] = {noun: collected(family, declaration, noun) for noun in NOUNS}
    return Plugin(family=family, providers=(home,), state=State.LOADED, **entries)


FAMILIES = (PLUGIN, "core")
FINETUNE = TaskEntry(
    "core/finetune", factory="s2pzoo.train.finetune:Finetune",
    summary="a composition, trained on from end to end: `s2pzoo train FILE.toml`",
)  # fmt: skip

UNPAIRED = DatasetEntry(
    "core/unpaired", reader="s2pzoo.data.unpaired:read_collection", paired=False,
    summary="photo/, sketch/ or sketch_strokes.json, and split.json",
)  # fmt: skip

PAIRS = DatasetEntry(
    "core/pairs", reader="s2pzoo.data.pairs:read_pairs",
    summary="photo/ and sketch/ of the same names (Sketchy, FS2K, CUFS, QMUL), or pix2pix' pictures of both",
)  # fmt: skip


@functools.cache
def core_plugins() -> dict[str, Plugin]:
    """By family. Made when a component is asked for: `list` needs none."""
    from s2pzoo.spec.core import CRITICS, LOSSES

    declarations = (
        Declaration(components=[ResizeConfig], adapters=ADAPTERS),
        Declaration(components=[*LOSSES, *CRITICS], tasks=[FINETUNE], datasets=[UNPAIRED, PAIRS]),
    )
    return {family: _declared(family, declaration) for family, declaration in zip(FAMILIES, declarations, strict=True)}
