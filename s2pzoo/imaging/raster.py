"""Strokes -> pixels, anti-aliased: drawn several times larger with round caps and joins, then averaged down."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from s2pzoo.errors import BadInputError
from s2pzoo.imaging.pixels import from_bytes
from s2pzoo.imaging.strokes import Area, Stroke, Strokes

MIN_WIDTH = 1.0
"""No line is drawn thinner than this many pixels."""
WIDEST = 3.0
"""Nor wider than so many canvases, which cover it from anywhere on it."""
MAX_COST = 1.2e9
"""Pixels that are painted, again and again where marks overlap: about half a second."""


def rasterise(strokes: Strokes, size: int, width_px: float | None = None) -> np.ndarray:
    """(size, size) float32 in [0, 1], 1 paper and 0 ink.

    width_px draws every line with that many pixels, at least MIN_WIDTH; without it each keeps its own width (a part
    of the canvas side). Marks are painted in order; what lies outside the canvas is cut off.

    Raises:
        BadInputError: it would take too long, however coarsely it is drawn.
    """
    fine = int(np.clip(2048 // max(size, 1), 2, 8))
    affordable = (one for one in (fine, 4, 2) if one <= fine and _cost(strokes, size * one) <= MAX_COST)
    if (finer := next(affordable, None)) is None:
        raise BadInputError(
            "The drawing would take too long to draw.", why="It has very many points, wide lines or large areas.",
            fix="Simplify it, or export it as a PNG.",
        )  # fmt: skip
    canvas = Image.new("L", (size * finer, size * finer), 255)
    for mark in strokes.marks:
        if isinstance(mark, Area):
            _fill(canvas, mark)
        else:
            wide = max(mark.width * size if width_px is None else width_px, MIN_WIDTH)
            _line(ImageDraw.Draw(canvas), mark, canvas.width, min(wide * finer, WIDEST * canvas.width))
    return from_bytes(np.asarray(canvas.reduce(finer)))


def _line(draw: ImageDraw.ImageDraw, stroke: Stroke, scale: int, width: float) -> None:
    # Pixel centres lie at whole numbers in PIL, so the canvas is shifted by half a (fine) pixel.
    points = stroke.points * scale - 0.5
    shade, radius = _level(stroke.shade), width / 2
    low, high = points.min(axis=0) - width, points.max(axis=0) + width
    if (high < 0).any() or (low > scale).any():
        return
    if len(points) > 1:
        draw.line(points.ravel().tolist(), fill=shade, width=max(1, round(width)))
    for x, y in points:
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=shade)


def _fill(canvas: Image.Image, area: Area) -> None:
    rings = [ring * canvas.width - 0.5 for ring in area.rings if len(ring) >= 3]
    left, top, right, bottom = _box(rings, canvas.width)
    if right <= left or bottom <= top:
        return
    winding = np.zeros((bottom - top, right - left), np.int16)
    for ring in rings:
        mask = Image.new("1", (right - left, bottom - top), 0)
        ImageDraw.Draw(mask).polygon((ring - [left, top]).ravel().tolist(), fill=1)
        winding += np.asarray(mask) * np.int16(_turn(ring))
    inside = winding % 2 != 0 if area.rule == "evenodd" else winding != 0
    canvas.paste(_level(area.shade), (left, top), Image.fromarray(inside))


def _box(rings: Sequence[np.ndarray], side: int) -> tuple[int, int, int, int]:
    """Left, top, right, bottom around all points, on the canvas."""
    if not rings:
        return 0, 0, 0, 0
    points = np.concatenate(rings)
    low, high = np.floor(points.min(0)) - 1, np.ceil(points.max(0)) + 2
    return (*np.clip(low, 0, side).astype(int).tolist(), *np.clip(high, 0, side).astype(int).tolist())


def _cost(strokes: Strokes, side: int) -> float:
    """Pixels that are painted on a canvas of so many a side; each point of a line is a dot of its own."""
    cost = 0.0
    for mark in strokes.marks:
        if isinstance(mark, Area):
            left, top, right, bottom = _box([ring * side for ring in mark.rings], side)
            cost += 10 * len(mark.rings) * (right - left) * (bottom - top)
            cost += sum(_EDGE * len(ring) * (1 + side * float(np.ptp(ring[:, 1]))) for ring in mark.rings if len(ring))
        else:
            width = side * min(mark.width, WIDEST)
            length = side * float(np.hypot(*np.diff(mark.points, axis=0).T).sum())
            cost += len(mark.points) * (_DOT + width**2) + length * (_ROW + width) + _DOT
    return cost


_DOT, _ROW = 6000, 200  # what a dot, and a line for each pixel of its length, take before they have any width
_EDGE = 86  # what each row of a filled ring takes for each of its edges


def _turn(ring: np.ndarray) -> int:
    """1 for a ring that runs clockwise on the screen, -1 for the other way."""
    x, y = ring[:, 0], ring[:, 1]
    return 1 if float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) >= 0 else -1


def _level(shade: float) -> int:
    return round(255 * min(max(shade, 0.0), 1.0))
