"""`s2pzoo sketch`: photos become drawings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from s2pzoo.cli import files
from s2pzoo.cli.arguments import Device, Knobs, Overwrite, Seed, Weights
from s2pzoo.cli.each import Make, each
from s2pzoo.cli.models import opened, options_of
from s2pzoo.cli.output import Answer
from s2pzoo.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    from s2pzoo.pipeline.run import Pipeline

_SIDE = 256

Style = Literal["photocopy", "xdog", "fdog", "canny"]
"""Filters of s2pzoo.imaging.edges."""

Hand = Literal["clean", "rough", "very rough"]
"""Levels of s2pzoo.imaging.rough."""


def sketch(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO", help="Photos, or folders to search for them.")],
    model: Annotated[
        str | None,
        typer.Option("-m", "--model", metavar="NAME", help="Let a model draw, one that can. By default filters do."),
    ] = None,
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="OUT", help="The folder for the drawings; or a file, for one photo.")
    ] = Path("out"),
    style: Annotated[
        Style | None, typer.Option("--style", help="How lines are found.", show_default="photocopy")
    ] = None,
    simplify: Annotated[
        bool, typer.Option("--simplify", help="Trace it: thin lines, without the short ones, smoothed.")
    ] = False,
    roughness: Annotated[
        Hand | None, typer.Option("--roughness", help="Trace it, and draw it anew with a more or less sure hand.")
    ] = None,
    size: Annotated[
        int | None, typer.Option("--size", min=16, max=4096, help="The longer side in pixels.", show_default=str(_SIDE))
    ] = None,
    seed: Seed = 0,
    weights: Weights = None,
    knobs: Knobs = None,
    overwrite: Overwrite = False,
    device: Device = "cpu",
) -> Answer:
    """Turn photos into drawings, by image filters or by a model.

    --style, --simplify, --roughness and --size are for the filters;
    --weights, -O and --device for a model.
    """
    filtering = {"--style": style, "--simplify": simplify, "--roughness": roughness, "--size": size}
    _refuse(filtering if model else {"--weights": weights, "-O": knobs}, model)
    sources, failed = files.found(photos, files.PHOTOS, without=out)
    targets = files.results(sources, out, mark="sketch", overwrite=overwrite)
    if model:
        pipeline = opened(model, weights=weights, device=device, can="sketch")
        name, draw = pipeline.model.name, _by_model(pipeline, options_of(pipeline, knobs), seed)
    else:
        name, style = None, style or "photocopy"
        draw = _by_filter(style, simplify, roughness, size or _SIDE, seed)
    return each(sources, targets, draw, failed=failed, takes="photo", gives="sketch", model=name, style=style)


def _refuse(given: Mapping[str, object], model: str | None) -> None:
    """Refuse options of the other way to draw, by UsageError."""
    names = ", ".join(name for name, value in given.items() if value)
    if names and model:
        raise UsageError(f"{names} cannot be used with -m.", why="Filters are told so how to draw; a model is not.",
                         fix=f"Leave out {names}, or -m {model}.")  # fmt: skip
    if names:
        raise UsageError(f"{names} cannot be used without -m.", why="Filters draw, which have no weights or options.",
                         fix="Name a model with -m NAME; `s2pzoo list` shows them.")  # fmt: skip


def _by_model(pipeline: Pipeline, options: Mapping[str, Any], seed: int) -> Make:
    """The tool `sketch` of a family."""
    from s2pzoo.pipeline.inputs import as_picture

    return lambda path: (as_picture(pipeline.sketch(photo=path, seed=seed, **options), "sketch"), ())


def _by_filter(style: Style, simplify: bool, roughness: Hand | None, size: int, seed: int) -> Make:
    def draw(path: Path) -> tuple[Image.Image, Sequence[str]]:
        from s2pzoo.imaging.pixels import picture

        pixels, notes = _photo(path, size)
        paper = _drawn(pixels, style, simplify, roughness, seed)
        return picture(paper), notes

    return draw


def _photo(path: Path, size: int) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """A photo (H,W) or (H,W,3) in [0,1], its longer side of `size` pixels."""
    import numpy as np
    from PIL import Image

    from s2pzoo.imaging.decode import read_pixels

    read = read_pixels(path)
    pixels = read.pixels
    scaled = pixels.astype(np.float32) / (1.0 if pixels.dtype.kind == "f" else float(np.iinfo(pixels.dtype).max))
    height, width = scaled.shape[:2]
    ratio = size / max(height, width)
    shape = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    bands = [scaled] if scaled.ndim == 2 else list(np.moveaxis(scaled, 2, 0))
    small = [np.asarray(Image.fromarray(band).resize(shape, Image.Resampling.LANCZOS)) for band in bands]
    return np.clip(small[0] if scaled.ndim == 2 else np.stack(small, axis=2), 0, 1), read.notes


def _drawn(
    photo: NDArray[np.float32], style: Style, simplify: bool, roughness: Hand | None, seed: int
) -> NDArray[np.float32]:
    """The drawing of a photo, (H,W) in [0,1], 1 is paper."""
    import numpy as np

    from s2pzoo.imaging.edges import STYLES
    from s2pzoo.imaging.rough import LEVELS, draw, sketch_of
    from s2pzoo.imaging.vectorise import vectorise

    paper = STYLES[style](photo)
    if not simplify and roughness is None:
        return paper
    height, width = paper.shape
    side = max(height, width)
    lines = vectorise(paper, shortest=8.0 * side / 256)
    if roughness is None:
        drawn = draw(lines, size=side, frame=side)
    else:
        drawn = sketch_of(lines, LEVELS[roughness], np.random.default_rng(seed), size=side, frame=side)
    return drawn[:height, :width]
