"""What this plugin gives to s2pzoo: models made of the trained parts of others, each a composition in `compositions/`
and the bundle made of it. Data only, no torch."""

from __future__ import annotations

from pathlib import Path

from s2pzoo.host.hooks import hookimpl
from s2pzoo.pipeline.plan import bundled
from s2pzoo.spec.model import Declaration

S2PZOO_API = 2

PACKAGE = Path(__file__).parent
DEFAULT = "coloured-face"


@hookimpl
def s2pzoo_plugin() -> Declaration:
    names = sorted(folder.name for folder in (PACKAGE / "weights").iterdir() if folder.is_dir())
    return Declaration(models=[bundled(PACKAGE, f"weights/{name}", default=name == DEFAULT) for name in names])
