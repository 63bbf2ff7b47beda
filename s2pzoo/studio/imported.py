"""Files of drawings as the page takes them: strokes where they are strokes, else a picture of the ink."""

from __future__ import annotations

import base64
import io
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from s2pzoo.errors import BadInputError
from s2pzoo.imaging.decode import read_file
from s2pzoo.imaging.pixels import from_bytes, luma, picture
from s2pzoo.imaging.raster import rasterise
from s2pzoo.imaging.strokes import Strokes
from s2pzoo.imaging.svg import svg_strokes
from s2pzoo.pipeline.run import Pipeline

SIDE = 512
"""Of a picture, in pixels."""

ALIKE = 0.2
"""Share of the ink up to which the lines of an SVG may differ from it and be the whole drawing."""

MANY = 1000
"""More strokes than this are a picture to the page."""


def drawing_of(pipeline: Pipeline, data: bytes, name: str) -> dict[str, Any]:
    """What a file shows. Strokes lie as they lie; a picture is read as `generate` reads it: what is in it is found, and
    brought to where the model's drawings live.

    Returns:
        `strokes`, as in strokes JSON on the canvas [1, 1], or `picture`, a PNG as a data URL; and `notes`.

    Raises:
        BadInputError: it cannot be read.
    """
    file = io.BytesIO(data)
    file.name = Path(name).name
    drawn = _strokes(data, Path(name).suffix)
    if drawn:
        return {"strokes": drawn.to_data()["strokes"], "notes": []}
    inputs = pipeline.read(file, size=SIDE)
    made = io.BytesIO()
    picture(inputs.tensor[0, 0].numpy()).save(made, "PNG")
    address = f"data:image/png;base64,{base64.b64encode(made.getvalue()).decode()}"
    return {"picture": address, "notes": list(inputs.notes[0])}


def _strokes(data: bytes, suffix: str) -> Strokes | None:
    """The strokes of a file that has nothing else, dark on white; None of any other."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"drawing{suffix if suffix.isascii() and len(suffix) < 12 else ''}"
        path.write_bytes(data)
        try:
            drawn = read_file(path)
            if isinstance(drawn, Strokes):
                return drawn if all(mark.shade < 0.9 for mark in drawn.marks) and len(drawn.marks) <= MANY else None
            lines = svg_strokes(path) if drawn.vector else Strokes()
        except BadInputError:
            return None
    if not 0 < len(lines.marks) <= MANY or drawn.pixels.shape[0] != drawn.pixels.shape[1]:
        return None
    pixels = drawn.pixels
    seen = luma(from_bytes(pixels) if pixels.dtype == np.uint8 else pixels)
    off = np.abs(rasterise(lines, size=len(pixels)) - seen)
    return lines if off.mean() < ALIKE * (1 - seen).mean() else None
