"""What the network does as a verb: `s2pzoo clean`, and `pipeline.clean(...)`."""

from __future__ import annotations

from typing import Any

from s2pzoo.pipeline.run import Pipeline


def clean(pipeline: Pipeline, sketch: Any, *, fit: bool | str = "auto", **options: Any) -> Any:
    """The same drawing with one line where there were many. `sketch` and `fit` as for `run`, and so what comes back."""
    return pipeline(sketch, fit=fit, **options)
