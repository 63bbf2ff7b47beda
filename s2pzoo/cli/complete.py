"""`s2pzoo complete`: what is missing in photos is filled in, by families whose pipelines have a method of that name.

pipeline.complete(photo path, mask path, seed=..., **options) -> photo
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from s2pzoo.cli import files
from s2pzoo.cli.arguments import Device, Knobs, Model, Seed, Weights
from s2pzoo.cli.each import each
from s2pzoo.cli.models import as_picture, chosen, opened, options_of
from s2pzoo.cli.output import Answer

if TYPE_CHECKING:
    from PIL import Image


def complete(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO", help="Photos, or folders to search for them.")],
    mask: Annotated[
        Path, typer.Option("--mask", help="White where the photos are missing, black where they are known.")
    ],
    model: Model = None,
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="OUT", help="The folder for the photos; or a file, for one.")
    ] = Path("out"),
    seed: Seed = 0,
    weights: Weights = None,
    knobs: Knobs = None,
    device: Device = "cpu",
) -> Answer:
    """Fill in what is missing in photos."""
    sources, failed = files.found(photos, files.PHOTOS, without=out)
    targets = files.results(sources, out, mark="complete")
    pipeline = opened(chosen(model, can="complete"), weights=weights, device=device, can="complete")
    options = options_of(pipeline, knobs)

    def make(path: Path) -> tuple[Image.Image, tuple[str, ...]]:
        filled = pipeline.complete(path, mask, seed=seed, **options)  # pyright: ignore[reportAttributeAccessIssue]
        return as_picture(filled, "complete"), ()

    return each(sources, targets, make, failed=failed, takes="photo", gives="picture", model=pipeline.model.name)
