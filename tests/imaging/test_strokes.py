"""Strokes: reading, writing, and how they are drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from s2pzoo.imaging.formats import strokes_of
from s2pzoo.imaging.raster import rasterise
from s2pzoo.imaging.strokes import DEFAULT_WIDTH, Area, Stroke, Strokes
from s2pzoo.imaging.svg import draw_svg


def as_svg(strokes: Strokes, size: int) -> np.ndarray:
    """What the SVG of strokes shows, (size, size)."""
    drawn = draw_svg(strokes.to_svg().encode()).image
    paper = Image.new("RGBA", drawn.size, "white")
    shown = Image.alpha_composite(paper, drawn.convert("RGBA")).convert("L").resize((size, size), Image.Resampling.BOX)
    return np.asarray(shown, np.float32) / 255


def same_ink(a: Strokes, b: Strokes) -> None:
    assert np.abs(rasterise(a, 256) - rasterise(b, 256)).mean() < 2e-3


def test_a_canvas_that_is_not_square_is_centred() -> None:
    wide = strokes_of({"canvas": [200, 100], "strokes": [{"points": [[0, 0], [200, 100]], "width": 4}]})
    assert wide.points[0].tolist() == [[0, 0.25], [1, 0.75]]
    assert wide.widths == (0.02,)


def test_the_plain_form_in_the_unit_canvas_is_taken_as_it_is() -> None:
    plain = strokes_of([[[0.1, 0.2], [0.3, 0.4]]], form="points")
    assert plain.points[0].tolist() == [[0.1, 0.2], [0.3, 0.4]]
    assert plain.widths == (DEFAULT_WIDTH,)


def test_the_plain_form_in_other_units_is_centred_with_a_margin() -> None:
    plain = strokes_of([[[100, 100], [300, 100]], [[100, 200], [300, 200]]], form="points")
    x0, y0, x1, y1 = plain.box()
    assert (x0, x1) == pytest.approx((0.06, 0.94))
    assert y0 + y1 == pytest.approx(1)
    assert plain.widths == (DEFAULT_WIDTH,) * 2


points = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=12)


SCRIBBLE = [
    [
        (0, 0),
        (1, 0.7567715290460391),
        (0, 0.5026135229676917),
        (0, 0),
        (0, 1),
        (1, 1),
        (0, 0.75),
        (0.5, 1),
        (1, 0.125),
        (0, 0),
    ],
    [(1, 1), (0, 1), (1, 0.25), (0, 0.25), (1, 0.875), (0, 0.9342364715639959)],
]
"""So long that the edges of its lines, where two programs differ a little, are half of the sheet."""


@settings(max_examples=40, deadline=None)
@given(lines=st.lists(points, min_size=1, max_size=6), width=st.floats(0.002, 0.1))
@example(lines=SCRIBBLE, width=0.02)
def test_json_and_svg_round_trips_keep_the_drawing(lines: list, width: float) -> None:
    strokes = Strokes.of(lines, width=width)
    ink = rasterise(strokes, 64)
    assert ink.shape == (64, 64)
    assert ink.dtype == np.float32
    assert 0 <= ink.min() < 1 <= 1.0
    assert ink.max() <= 1
    assert np.abs(rasterise(strokes_of(strokes.to_data()), 64) - ink).mean() < 0.02
    if width > 1 / 64:  # thinner ones we draw as thick as a pixel
        length = sum(float(np.hypot(*np.diff(line, axis=0).T).sum()) for line in strokes.points)
        assert np.abs(as_svg(strokes, 64) - ink).mean() < max(0.03, 0.003 * length)


def test_shades_and_areas_survive_the_round_trips() -> None:
    ring = [[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]]
    hole = [[0.4, 0.4], [0.6, 0.4], [0.6, 0.6], [0.4, 0.6]]
    strokes = Strokes(
        marks=(Area(rings=(ring, hole), rule="evenodd", shade=0.5), Stroke(points=[[0.5, 0.5]], width=0.05))
    )
    same_ink(strokes, strokes_of(strokes.to_data()))
    assert np.abs(as_svg(strokes, 256) - rasterise(strokes, 256)).mean() < 5e-3
    ink = rasterise(strokes, 100)
    assert ink[30, 30] == pytest.approx(0.5, abs=0.01)
    assert ink[45, 45] == 1
    assert ink[50, 50] == 0


@pytest.mark.parametrize("width", [1.0, 1.5, 3.0, 8.0, 20.0])
def test_lines_have_their_width(width: float) -> None:
    ink = rasterise(Strokes.of([[[0.5, 0.1], [0.5, 0.9]]]), 256, width_px=width)
    assert (1 - ink[128]).sum() == pytest.approx(width, abs=0.26)
    assert ink[128].argmin() == pytest.approx(127.5, abs=width / 2 + 0.6)


def test_a_line_never_gets_thinner_than_a_pixel() -> None:
    ink = rasterise(Strokes.of([[[0.5, 0.1], [0.5, 0.9]]], width=1e-5), 64)
    assert (1 - ink[32]).sum() == pytest.approx(1, abs=0.3)


def test_edges_are_anti_aliased_and_ends_are_round() -> None:
    ink = rasterise(Strokes.of([[[0.3, 0.5], [0.7, 0.52]]], width=0.2), 256)
    assert ((ink > 0.1) & (ink < 0.9)).sum() > 100
    assert ink[128, int((0.3 - 0.09) * 256)] < 0.5  # the cap reaches out
    assert ink[int(0.41 * 256), int((0.3 - 0.09) * 256)] == 1  # but not in its corners


def test_a_single_point_is_a_dot() -> None:
    ink = rasterise(Strokes.of([[[0.25, 0.75]]], width=0.1), 200)
    assert (1 - ink).sum() == pytest.approx(math.pi * 10**2, rel=0.05)
    y, x = np.argwhere(ink < 0.5).mean(axis=0)
    assert (x, y) == pytest.approx((49.5, 149.5), abs=0.3)


def test_what_leaves_the_canvas_is_cut_off() -> None:
    ink = rasterise(Strokes.of([[[-40, 0.5], [40, 0.5]], [[3, 3], [4, 4]]]), 128, width_px=4)
    assert (ink[64] < 0.5).all()
    assert (ink[:50] == 1).all()


def test_every_size_can_be_asked_for() -> None:
    for size in (1, 2, 17, 300, 1024):
        assert rasterise(Strokes.of([[[0, 0], [1, 1]]]), size).shape == (size, size)
