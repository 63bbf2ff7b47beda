"""`s2pzoo clean` and `attention`: a picture for each drawing, by families whose pipelines have a method of that name.

    pipeline.clean(drawing, seed=..., **options) -> drawing
    pipeline.attention(drawing, seed=..., **options) -> picture

Drawings are given as tensors (1,S,S), read once; options as for `run`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from s2pzoo.cli import files
from s2pzoo.cli.arguments import Device, Fit, Knobs, Model, Seed, Weights
from s2pzoo.cli.each import each
from s2pzoo.cli.models import as_picture, chosen, opened, options_of
from s2pzoo.cli.output import Answer

if TYPE_CHECKING:
    from PIL import Image

_Sketches = Annotated[list[Path], typer.Argument(metavar="SKETCH", help="Drawings, or folders of them.")]
_Out = Annotated[
    Path, typer.Option("-o", "--out", metavar="OUT", help="The folder for the pictures; or a file, for one drawing.")
]


def _redrawing(method: str, *, about: str) -> Callable[..., Answer]:
    """The verb that shows each drawing as `method` of the pipeline sees it."""

    def verb(
        sketches: _Sketches,
        model: Model = None,
        out: _Out = Path("out"),
        seed: Seed = 0,
        fit: Fit = False,
        weights: Weights = None,
        knobs: Knobs = None,
        device: Device = "cpu",
    ) -> Answer:
        sources, failed = files.found(sketches, files.DRAWINGS, without=out)
        targets = files.results(sources, out, mark=method)
        pipeline = opened(chosen(model, can=method), weights=weights, device=device, can=method)
        options = options_of(pipeline, knobs)

        def make(path: Path) -> tuple[Image.Image, tuple[str, ...]]:
            inputs = pipeline.read(path, fit=fit)
            made = getattr(pipeline, method)(inputs.tensor[0], seed=seed, **options)
            return as_picture(made, method), inputs.notes[0]

        return each(sources, targets, make, failed=failed, takes="sketch", gives="picture", model=pipeline.model.name)

    verb.__doc__ = about
    return verb


clean = _redrawing("clean", about="Draw drawings anew, without what does not belong to them.")
attention = _redrawing("attention", about="Show which strokes of drawings the model leaves out.")
