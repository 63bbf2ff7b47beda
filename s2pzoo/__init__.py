"""s2pzoo: the zoo for sketch-to-photo synthesis.

    photo = s2pzoo.load("deepfacedrawing")("face.png")

Importing this package imports neither torch nor numpy; what needs them does so when it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from s2pzoo.errors import S2PZooError as S2PZooError
    from s2pzoo.imaging.fetch import fetch as fetch
    from s2pzoo.pipeline.run import Pipeline as Pipeline
    from s2pzoo.pipeline.run import Result as Result
    from s2pzoo.zoo import build as build
    from s2pzoo.zoo import compose as compose
    from s2pzoo.zoo import describe as describe
    from s2pzoo.zoo import list_models as list_models
    from s2pzoo.zoo import load as load

__version__ = "0.1.0"

_HOME = dict.fromkeys(("load", "build", "compose", "list_models", "describe"), "s2pzoo.zoo") | {
    "fetch": "s2pzoo.imaging.fetch",
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
