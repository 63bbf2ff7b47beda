"""`generate --references`: one drawing in the colours of many photos, by families whose pipelines have `styles`.

    pipeline.styles(drawing, paths, seed=..., **options) -> pictures, one for each path

The drawing is given as a tensor (1,S,S); options as for `run`, but for `reference`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from s2pzoo.cli.output import note, stderr
from s2pzoo.errors import BadInputError

if TYPE_CHECKING:
    from PIL import Image

    from s2pzoo.pipeline.result import Result
    from s2pzoo.pipeline.run import Pipeline


@frozen(kw_only=True)
class References:
    """Photos whose colours to take.

    Attributes:
        pictures: each file that can be read, and what it shows.
        skipped: the other files, and why.
    """

    pictures: dict[Path, Image.Image]
    skipped: list[tuple[Path, BadInputError]]


def read_references(paths: Iterable[Path], *, size: int) -> References:
    """Read them all; what is skipped is told.

    Raises:
        BadInputError: none of them can be read.
    """
    from s2pzoo.imaging.photo import read_picture

    pictures: dict[Path, Image.Image] = {}
    skipped: list[tuple[Path, BadInputError]] = []
    for path in paths:
        try:
            pictures[path] = read_picture(path, size=size)
        except BadInputError as error:
            skipped.append((path, error))
    if skipped and not pictures:
        first = skipped[0][1]
        if len(skipped) == 1:
            raise first
        raise BadInputError(
            f"None of {len(skipped)} references can be read.", why=f"The first: {first.what}", fix=first.fix
        )
    for _, error in skipped:
        note(stderr(), f"skipped a reference: {error.what}")
    return References(pictures=pictures, skipped=skipped)


def save_styles(
    pipeline: Pipeline, result: Result, references: References, target: Path, options: Mapping[str, Any]
) -> Path:
    """Write the grid of one drawing: the references, and below each the photo in its colours."""
    from s2pzoo.imaging.sheet import contact_sheet
    from s2pzoo.imaging.write import write_image
    from s2pzoo.pipeline.inputs import as_picture, to_images

    drawing = result.inputs.tensor
    given = {name: value for name, value in options.items() if name != "reference"}
    made = pipeline.styles(drawing[0], list(references.pictures), seed=result.seed, **given)
    rows = [[None, *references.pictures.values()], [*to_images(drawing), *(as_picture(one, "styles") for one in made)]]
    return write_image(contact_sheet(rows, cell=min(256, pipeline.model.size)), target)
