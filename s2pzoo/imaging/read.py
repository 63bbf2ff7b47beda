"""The one door for drawings: whatever people have becomes a square of ink on white paper."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from attrs import field, frozen
from PIL import Image

from s2pzoo.errors import BadInputError
from s2pzoo.imaging import decode, paper
from s2pzoo.imaging.frame import crop_pixels, cut, fit_strokes, fitted_window, square_window
from s2pzoo.imaging.pixels import from_bytes, luma
from s2pzoo.imaging.raster import rasterise
from s2pzoo.imaging.resize import oversampled, resize_square
from s2pzoo.imaging.strokes import Strokes
from s2pzoo.spec.frame import WHOLE, Frame

Source = str | os.PathLike[str] | Image.Image | np.ndarray | Strokes | Mapping[str, Any] | Sequence[Any]

BLANK_INK = 0.04
"""A drawing whose darkest point is lighter than this (0 paper .. 1 ink) is blank."""


@frozen(kw_only=True)
class Sketch:
    """A drawing, ready for a model."""

    ink: np.ndarray = field(eq=False)
    """(size, size) float32 in [0, 1]; 1 is paper, 0 is ink."""
    notes: tuple[str, ...] = ()
    """What was decided while reading, in words: inverted, turned, paper flattened, first frame, ..."""
    source: str = ""
    """Where it came from: the path, or "image", "array", "strokes"."""


def read_sketch(source: Source, *, size: int, fit: bool | Frame = False, allow_blank: bool = False) -> Sketch:
    """Read a drawing and bring it to (size, size): padded with paper, never squashed.

    source       a path (PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF, SVG, strokes JSON), a PIL image, an array
                 ((H, W), (H, W, 1|3|4); uint8, uint16, bool or float in [0, 1]), `Strokes`, or the data of a
                 strokes JSON (a dict or a list). Any colours: ink is what is darker than the paper.
    size         side of the result in pixels, at least 1.
    fit          move and scale the drawing so that its ink fills a frame; True: the whole sheet.
    allow_blank  let an empty sheet through, as all ones.

    White-on-black drawings are inverted and photographed paper is flattened; `Sketch.notes` says so.
    Raises BadInputError: missing, not an image, truncated, too large, zero-sized, blank, all black, NaN.
    """
    if size < 1:
        raise BadInputError(f"Size must be at least 1 pixel, not {size}.", fix="Give the side of the square in pixels.")
    loaded, label = _load(source)
    frame = WHOLE if fit is True else fit or None
    if isinstance(loaded, Strokes):
        ink, notes = _from_strokes(loaded, size, frame)
    else:
        reader = _from_vector if loaded.vector else _from_pixels
        ink, notes = reader(loaded.pixels, size, frame, label)
        notes = loaded.notes + notes
    if 1.0 - float(ink.min()) < BLANK_INK:
        if not allow_blank:
            raise BadInputError(
                f"{label} is blank.",
                why="No ink was found on the paper.",
                fix="Draw something, or use a model that accepts an empty canvas.",
            )
        ink, notes = np.ones((size, size), np.float32), (*notes, "blank sheet")
    return Sketch(ink=ink, notes=notes, source=label)


def _load(source: Source) -> tuple[decode.Raster | Strokes, str]:
    if isinstance(source, Strokes):
        return source, "strokes"
    if isinstance(source, str | os.PathLike):
        return decode.read_file(Path(source)), str(source)
    if isinstance(source, Image.Image):
        return decode.from_image(source, "image"), "image"
    if isinstance(source, np.ndarray):
        return decode.from_array(source), "array"
    if isinstance(source, Mapping | list | tuple):
        return Strokes.from_data(source), "strokes"
    raise BadInputError(
        f"Cannot read a drawing from {type(source).__name__}.",
        fix="Give a path, a PIL image, a numpy array or strokes.",
    )


def _from_strokes(strokes: Strokes, size: int, frame: Frame | None) -> tuple[np.ndarray, tuple[str, ...]]:
    notes: tuple[str, ...] = ()
    if strokes.marks and all(mark.shade > 0.9 for mark in strokes.marks):
        strokes, notes = strokes.inverted(), ("light lines on a transparent sheet: inverted",)
    if frame and strokes.marks:
        strokes, notes = fit_strokes(strokes, frame), (*notes, f"fitted to the {frame.name}")
    ink = rasterise(strokes, size=size)
    if strokes.marks and paper.is_light_on_dark(ink):
        ink, notes = 1.0 - ink, (*notes, paper.INVERTED)
    return ink, notes


def _from_vector(pixels: np.ndarray, size: int, frame: Frame | None, label: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Lines that were drawn by a program: there is no paper to flatten."""
    ink, notes = luma(from_bytes(pixels)), ()
    if paper.is_light_on_dark(ink):
        ink, notes = 1.0 - ink, (paper.INVERTED,)
    if not frame or 1.0 - float(ink.min()) < BLANK_INK:
        return resize_square(cut(ink, square_window(ink)), size), notes
    return resize_square(cut(ink, fitted_window(ink, frame)), size), (*notes, f"fitted to the {frame.name}")


def _from_pixels(pixels: np.ndarray, size: int, frame: Frame | None, label: str) -> tuple[np.ndarray, tuple[str, ...]]:
    work, factor = oversampled(pixels, size)
    if paper.is_black(work):
        raise BadInputError(
            f"{label} is entirely black.",
            why="There is neither paper nor a light line in it.",
            fix="Give a dark drawing on light paper, or a light one on dark.",
        )
    ink, notes = paper.clean(work)
    if not frame or 1.0 - float(ink.min()) < BLANK_INK:
        return resize_square(cut(ink, square_window(ink)), size), notes
    window = fitted_window(ink, frame)
    if factor > 1 and window.side < 2 * size:
        # A small drawing on a large sheet: read its neighbourhood again from the full resolution.
        return _from_pixels(crop_pixels(pixels, window.scaled(factor)), size, frame, label)
    return resize_square(cut(ink, window), size), (*notes, f"fitted to the {frame.name}")
