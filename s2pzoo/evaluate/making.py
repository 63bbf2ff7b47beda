"""What a model makes of sketches on the way to a photo, batch by batch."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

from s2pzoo.errors import UsageError
from s2pzoo.pipeline.run import Pipeline

Stages = Mapping[str, Tensor]
"""Pictures, or their features, by stage: "photo" (N,3,S,S), "gray" (N,1,S,S)."""


class Making:
    """The photos of sketches, and the gray ones where there are such; then `seconds` is how long it took.

    Args:
        sketches: (N,1,S,S) as bytes, 255 is paper.
        batch: sketches that run together.

    Raises:
        UsageError: as `stages_of`.
    """

    def __init__(self, pipeline: Pipeline, sketches: Tensor, *, batch: int, options: Mapping[str, Any]) -> None:
        self.pipeline, self.sketches, self.batch, self.options = pipeline, sketches, batch, dict(options)
        self.stages = stages_of(pipeline)
        self.seconds = 0.0

    def __iter__(self) -> Iterator[Stages]:
        self.seconds = 0.0
        for part in self.sketches.split(self.batch):
            started = time.perf_counter()
            given = {self.pipeline.model.input: part / 255}
            made = self.pipeline.execute(given, tuple(self.stages.values()), **self.options)
            self.seconds += time.perf_counter() - started
            yield {stage: made[value] for stage, value in self.stages.items()}


def stages_of(pipeline: Pipeline) -> dict[str, str]:
    """Which of its values are the "photo" and the "gray" photo, by their kinds; one of the two may be missing.

    Raises:
        UsageError: both are.
    """
    values, output = pipeline.model.values, pipeline.model.output
    found = {values[name].kind: name for name in (*values, output) if name != pipeline.model.input}
    stages = {kind: found[kind] for kind in ("photo", "gray") if kind in found}
    if not stages:
        raise UsageError(f"{pipeline.model.name} makes no photos.", why=f"It gives {values[output]}.")
    return stages


def colour_option(pipeline: Pipeline) -> str | None:
    """The option that takes a picture file whose colours its photos get, if it has one."""
    paths = (option.name for option in pipeline.model.options.values() if option.word == "path")
    return next(paths, None) if "photo" in stages_of(pipeline) else None
