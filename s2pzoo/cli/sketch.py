"""`s2pzoo sketch`: photos become drawings."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from s2pzoo.cli import files
from s2pzoo.cli.arguments import Seed
from s2pzoo.cli.output import Answer, error_data, note, progress, stderr, tell_failures
from s2pzoo.errors import BadInputError, OutputError, S2PZooError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Style(StrEnum):
    """Filters of s2pzoo.imaging.edges."""

    PHOTOCOPY = "photocopy"
    XDOG = "xdog"
    CANNY = "canny"


class Hand(StrEnum):
    """Levels of s2pzoo.imaging.rough."""

    CLEAN = "clean"
    ROUGH = "rough"
    VERY_ROUGH = "very rough"


def sketch(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO", help="Photos, or folders to search for them.")],
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="OUT", help="The folder for the drawings; or a file, for one photo.")
    ] = Path("out"),
    style: Annotated[Style, typer.Option("--style", help="How lines are found.")] = Style.PHOTOCOPY,
    simplify: Annotated[
        bool, typer.Option("--simplify", help="Trace it: thin lines, without the short ones, smoothed.")
    ] = False,
    roughness: Annotated[
        Hand | None, typer.Option("--roughness", help="Trace it, and draw it anew with a more or less sure hand.")
    ] = None,
    size: Annotated[int, typer.Option("--size", min=16, max=4096, help="The longer side in pixels.")] = 256,
    seed: Seed = 0,
) -> Answer:
    """Turn photos into drawings."""
    sources, failed = files.found(photos, files.PHOTOS, without=out)
    targets = files.results(sources, out, mark="sketch")
    made: list[dict[str, Any]] = []
    problems: list[tuple[Path, S2PZooError]] = list(failed)
    console = stderr()
    with progress(console, "photos", len(sources)) as done:
        for source, target in zip(sources, targets, strict=True):
            try:
                pixels, notes = _photo(source, size)
                _write(_drawn(pixels, style, simplify, roughness, seed), target)
            except (BadInputError, OutputError) as error:
                problems.append((source, error))
            else:
                made.append({"photo": str(source), "sketch": str(target), "notes": list(notes)})
                for text in notes:
                    note(console, f"{source}: {text}")
            done()
    tell_failures(problems, of=len(made) + len(problems))

    def show(console: Console) -> None:
        for one in made:
            console.print(f"{one['photo']} -> {one['sketch']}", markup=False, soft_wrap=True)

    data = {
        "style": str(style),
        "sketches": made,
        "failed": [{"photo": str(source), "error": error_data(error)} for source, error in problems],
    }
    return Answer(data=data, show=show, exit_code=2 if problems else 0)


def _photo(path: Path, size: int) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """A photo (H,W) or (H,W,3) in [0,1], its longer side of `size` pixels."""
    import numpy as np
    from PIL import Image

    from s2pzoo.imaging.decode import Raster, read_file

    read = read_file(path)
    if not isinstance(read, Raster):
        raise BadInputError(f"{path} is a drawing already.", fix="Give a photo: PNG, JPEG, WebP, ...")
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


def _write(paper: NDArray[np.float32], target: Path) -> None:
    import numpy as np
    from PIL import Image

    from s2pzoo.imaging.write import write_image

    write_image(Image.fromarray(np.round(paper * 255).astype(np.uint8)), target)
