"""Strokes -> pixels, anti-aliased: drawn several times larger with round caps and joins, then averaged down."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from s2pzoo.imaging.strokes import Area, Stroke, Strokes

MIN_WIDTH = 1.0
"""No line is drawn thinner than this many pixels."""


def rasterise(strokes: Strokes, size: int, width_px: float | None = None) -> np.ndarray:
    """(size, size) float32 in [0, 1], 1 paper and 0 ink.

    width_px draws every line with that many pixels, at least MIN_WIDTH; without it each keeps its own width (a part
    of the canvas side). Marks are painted in order; what lies outside the canvas is cut off.
    """
    finer = int(np.clip(2048 // max(size, 1), 2, 8))
    canvas = Image.new("L", (size * finer, size * finer), 255)
    for mark in strokes.marks:
        if isinstance(mark, Area):
            _fill(canvas, mark)
        else:
            wide = max(mark.width * size if width_px is None else width_px, MIN_WIDTH)
            _line(ImageDraw.Draw(canvas), mark, canvas.width, wide * finer)
    return np.asarray(canvas.reduce(finer), np.float32) / 255.0


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
    winding = np.zeros((canvas.height, canvas.width), np.int16)
    for ring in area.rings:
        if len(ring) < 3:
            continue
        mask = Image.new("1", canvas.size, 0)
        ImageDraw.Draw(mask).polygon((ring * canvas.width - 0.5).ravel().tolist(), fill=1)
        winding += np.asarray(mask) * np.int16(_turn(ring))
    inside = winding % 2 != 0 if area.rule == "evenodd" else winding != 0
    canvas.paste(_level(area.shade), (0, 0), Image.fromarray(inside))


def _turn(ring: np.ndarray) -> int:
    """1 for a ring that runs clockwise on the screen, -1 for the other way."""
    x, y = ring[:, 0], ring[:, 1]
    return 1 if float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) >= 0 else -1


def _level(shade: float) -> int:
    return round(255 * min(max(shade, 0.0), 1.0))
