"""s2pzoo: the zoo for sketch-to-photo synthesis.

    photo = s2pzoo.load("deepfacedrawing")("face.png")

Importing this package imports neither torch nor numpy; what needs them does so when it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from s2pzoo.errors import S2PZooError as S2PZooError
    from s2pzoo.listing import describe as describe
    from s2pzoo.listing import list_models as list_models
    from s2pzoo.loading import build as build
    from s2pzoo.loading import compose as compose
    from s2pzoo.loading import load as load
    from s2pzoo.pipeline.run import Pipeline as Pipeline
    from s2pzoo.pipeline.run import Result as Result

__version__ = "0.1.0"

_HOME = {
    "load": "s2pzoo.loading",
    "build": "s2pzoo.loading",
    "compose": "s2pzoo.loading",
    "list_models": "s2pzoo.listing",
    "describe": "s2pzoo.listing",
    "Pipeline": "s2pzoo.pipeline.run",
    "Result": "s2pzoo.pipeline.run",
    "S2PZooError": "s2pzoo.errors",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 's2pzoo' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_HOME[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
