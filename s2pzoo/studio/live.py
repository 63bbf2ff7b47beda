"""What a drawing's photo was made of, kept: when an option turns, only what depends on it runs again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor

from s2pzoo.pipeline.run import Pipeline
from s2pzoo.spec import graph


class Live:
    """One drawing at a time through one pipeline.

    Every value is known by what it came of: the drawing, and the options and seed of the steps on its way. A value
    that would come of the same is taken as it is. Parts that work piece by piece keep their pieces, too.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        for component in pipeline.components.values():
            if hasattr(component, "kept"):
                setattr(component, "kept", {})  # noqa: B010
        self._drawing: Tensor | None = None
        self._number = 0  # of drawings so far
        self._kept: dict[str, tuple[Any, Tensor]] = {}

    def __call__(
        self, drawing: Tensor, wanted: Iterable[str], *, seed: int = 0, options: Mapping[str, Any] | None = None
    ) -> dict[str, Tensor]:
        """The values `wanted` of a drawing (1, ...). Errors as of `Pipeline.execute`."""
        model, wanted, options = self.pipeline.model, list(wanted), dict(options or {})
        if self._drawing is None or not drawing.equal(self._drawing):
            self._drawing, self._number = drawing, self._number + 1
        origins = self._origins(graph.read_options(model, options), seed)
        have = {value: one for value, (origin, one) in self._kept.items() if origins[value] == origin}
        have[model.input] = drawing
        steps = graph.needed(model, have, wanted)
        made = [value for step in steps for value in step.outputs.values() if value not in have]
        have |= self.pipeline.execute(have, made, seed=seed, **options)
        self._kept = {value: (origins[value], one) for value, one in have.items()}
        return {value: have[value] for value in wanted}

    def _origins(self, options: Mapping[str, Any], seed: int) -> dict[str, Any]:
        """Value -> what it comes of."""
        origins: dict[str, Any] = {self.pipeline.model.input: self._number}
        for step in self.pipeline.model.steps:
            told = [repr(options[option.name]) for option in step.options]
            told += [seed] if self.pipeline.components[step.name].wants_generator else []
            origin = (step.name, *told, *(origins[value] for value in step.inputs.values()))
            origins |= dict.fromkeys(step.outputs.values(), origin)
        return origins
