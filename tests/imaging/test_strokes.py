"""Strokes: reading, writing, SVG, and how they are drawn."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from drawings import FACE_SVG
from hypothesis import given, settings
from hypothesis import strategies as st

from s2pzoo.imaging.raster import rasterise
from s2pzoo.imaging.strokes import DEFAULT_WIDTH, Area, Stroke, Strokes
from s2pzoo.imaging.svg import parse_svg, read_svg
from s2pzoo.imaging.svgpath import Flattener, parse_path


def svg(body: str, attributes: str = 'viewBox="0 0 100 100" fill="none" stroke="black"') -> Strokes:
    return parse_svg(f'<svg xmlns="http://www.w3.org/2000/svg" {attributes}>{body}</svg>'.encode())


def same_ink(a: Strokes, b: Strokes) -> None:
    assert np.abs(rasterise(a, 256) - rasterise(b, 256)).mean() < 2e-3


def test_a_canvas_that_is_not_square_is_centred() -> None:
    wide = Strokes.from_data({"canvas": [200, 100], "strokes": [{"points": [[0, 0], [200, 100]], "width": 4}]})
    assert wide.points[0].tolist() == [[0, 0.25], [1, 0.75]]
    assert wide.widths == (0.02,)


def test_the_plain_form_in_the_unit_canvas_is_taken_as_it_is() -> None:
    plain = Strokes.from_data([[[0.1, 0.2], [0.3, 0.4]]])
    assert plain.points[0].tolist() == [[0.1, 0.2], [0.3, 0.4]]
    assert plain.widths == (DEFAULT_WIDTH,)


def test_the_plain_form_in_other_units_is_centred_with_a_margin() -> None:
    plain = Strokes.from_data([[[100, 100], [300, 100]], [[100, 200], [300, 200]]])
    x0, y0, x1, y1 = plain.box()
    assert (x0, x1) == pytest.approx((0.06, 0.94))
    assert y0 + y1 == pytest.approx(1)
    assert plain.widths == (DEFAULT_WIDTH,) * 2


points = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=12)


@settings(max_examples=40, deadline=None)
@given(lines=st.lists(points, min_size=1, max_size=6), width=st.floats(0.002, 0.1))
def test_json_and_svg_round_trips_keep_the_drawing(lines: list, width: float) -> None:
    strokes = Strokes.of(lines, width=width)
    ink = rasterise(strokes, 64)
    assert ink.shape == (64, 64)
    assert ink.dtype == np.float32
    assert 0 <= ink.min() < 1 <= 1.0
    assert ink.max() <= 1
    for other in (Strokes.from_data(strokes.to_data()), parse_svg(strokes.to_svg().encode())):
        assert np.abs(rasterise(other, 64) - ink).mean() < 0.02


def test_shades_and_areas_survive_the_round_trips() -> None:
    ring = [[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]]
    hole = [[0.4, 0.4], [0.6, 0.4], [0.6, 0.6], [0.4, 0.6]]
    strokes = Strokes(
        marks=(Area(rings=(ring, hole), rule="evenodd", shade=0.5), Stroke(points=[[0.5, 0.5]], width=0.05))
    )
    for other in (Strokes.from_data(strokes.to_data()), parse_svg(strokes.to_svg().encode())):
        same_ink(strokes, other)
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


def test_svg_transforms_are_applied_in_order() -> None:
    turned = svg('<g transform="translate(50 50) rotate(90)"><line x1="10" y1="0" x2="20" y2="0"/></g>')
    assert np.allclose(turned.points[0], [[0.5, 0.6], [0.5, 0.7]])
    about = svg('<line x1="60" y1="50" x2="70" y2="50" transform="rotate(90, 50, 50)"/>')
    assert np.allclose(about.points[0], turned.points[0])
    mixed = svg('<line x1="1" y1="1" x2="2" y2="2" transform="matrix(1 0 0 1 5 5) scale(2) skewX(45)"/>')
    assert np.allclose(mixed.points[0], [[0.09, 0.07], [0.13, 0.09]])


def test_svg_widths_scale_with_their_group_and_the_viewbox() -> None:
    assert svg('<g transform="scale(3)"><line x2="9" stroke-width="2"/></g>').widths == pytest.approx((0.06,))
    assert svg('<line x2="9"/>', 'viewBox="0 0 200 100" stroke="black"').widths == pytest.approx((0.005,))
    assert svg('<line x2="9" stroke-width="1mm"/>', 'width="10mm" height="10mm" stroke="#000"').widths == pytest.approx(
        (0.1,)
    )


def test_svg_viewbox_has_an_origin() -> None:
    line = svg('<line x1="-50" y1="-50" x2="50" y2="50"/>', 'viewBox="-50 -50 100 100" stroke="black"')
    assert line.points[0].tolist() == [[0, 0], [1, 1]]


@pytest.mark.parametrize(
    ("body", "strokes", "areas"),
    [
        ('<rect width="9" height="9"/>', 1, 0),
        ('<rect width="9" height="9" fill="black"/>', 1, 1),
        ('<rect width="9" height="9" fill="black" stroke="none"/>', 0, 1),
        ('<rect width="9" height="9" stroke="none"/>', 0, 0),
        ('<rect width="9" height="9" stroke-width="0"/>', 0, 0),
        ('<rect width="9" height="9" opacity="0"/>', 0, 0),
        ('<rect width="9" height="9" style="stroke: none; fill: #333"/>', 0, 1),
        ('<rect width="9" height="9" display="none"/>', 0, 0),
        ('<g visibility="hidden"><rect width="9" height="9"/></g>', 0, 0),
        ('<defs><rect width="9" height="9"/></defs>', 0, 0),
        ('<style>.a{stroke:none}</style><rect class="a" width="9" height="9"/>', 0, 0),
        ('<style>#b,rect.c{fill:red}</style><circle id="b" r="9"/><rect class="c" width="2" height="2"/>', 2, 2),
        ('<defs><path id="p" d="M0 0L9 9"/></defs><use href="#p"/><use href="#p" x="20"/>', 2, 0),
        ('<g id="loop"><use href="#loop"/></g><line x2="5"/>', 1, 0),
        ('<polyline points="0,0 5,5 10,0"/><polygon points="0 0 5 5 10 0"/>', 2, 0),
        ('<circle r="0"/><ellipse rx="5"/><rect width="5"/><polyline points=""/><path d=""/>', 0, 0),
        ('<text>hello</text><image href="x.png"/>', 0, 0),
    ],
)  # fmt: skip
def test_svg_paint_decides_what_is_drawn(body: str, strokes: int, areas: int) -> None:
    drawn = svg(body)
    assert len(drawn.lines) == strokes
    assert len(drawn.marks) - len(drawn.lines) == areas


def test_svg_colours_become_shades() -> None:
    shades = [mark.shade for mark in svg('<line x2="5" stroke="#808080"/><line x2="5" stroke-opacity="50%"/>').marks]
    assert shades == pytest.approx([0.5, 0.5], abs=0.01)


def test_svg_with_a_plain_doctype_and_namespaces_is_read() -> None:
    head = '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/x.dtd">'
    text = (
        head + '<svg:svg xmlns:svg="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><svg:path d="M1 1h5v5z"/></svg:svg>'
    )
    assert len(parse_svg(text.encode()).marks) == 1


def path(d: str) -> list[tuple[np.ndarray, bool]]:
    return parse_path(d, Flattener(chord=0.5))


@pytest.mark.parametrize(
    ("d", "same_as"),
    [
        ("m1 1 l2 0 l0 2 z", "M1,1 L3,1 L3,3 Z"),
        ("M1 1 3 1 3 3", "M1 1L3 1L3 3"),
        ("m1 1 2 0 0 2", "M1 1L3 1L3 3"),
        ("M1 1h2v2H1V1", "M1 1L3 1L3 3L1 3L1 1"),
        ("M0-1.5.5.5", "M0 -1.5 L0.5 0.5"),
        ("M0 0c1 1 2 1 3 0s2-1 3 0", "M0 0C1 1 2 1 3 0C4 -1 5 -1 6 0"),
        ("M0 0q1 1 2 0t2 0", "M0 0Q1 1 2 0Q3 -1 4 0"),
        ("M0 0S1 1 2 0", "M0 0C0 0 1 1 2 0"),
        ("M0 0a5 5 0 1110 0", "M0 0A5 5 0 1 1 10 0"),
        ("M0 0a5 5 0 01.5.5", "M0 0A5 5 0 0 1 .5 .5"),
        ("M0 0A0 5 0 0 1 9 9", "M0 0L9 9"),
        ("M1 1 L5 5 z l1 0", "M1 1 L5 5 Z M1 1 L2 1"),
        ("M1 1L2 2 nonsense", "M1 1L2 2"),
    ],
)
def test_every_path_command(d: str, same_as: str) -> None:
    ours, theirs = path(d), path(same_as)
    assert len(ours) == len(theirs)
    for (a, closed_a), (b, closed_b) in zip(ours, theirs, strict=True):
        assert closed_a == closed_b
        assert np.allclose(a, b)


@pytest.mark.parametrize("large", [0, 1])
@pytest.mark.parametrize("sweep", [0, 1])
def test_arcs_follow_their_circle(large: int, sweep: int) -> None:
    ((arc, _),) = path(f"M0 0A10 10 0 {large} {sweep} 10 10")
    centre = np.array([0, 10]) if large != sweep else np.array([10, 0])
    assert np.allclose(np.hypot(*(arc - centre).T), 10)
    length = np.hypot(*np.diff(arc, axis=0).T).sum()
    assert length == pytest.approx(10 * math.pi * (1.5 if large else 0.5), rel=0.01)
    assert np.allclose(arc[-1], [10, 10])


def test_arcs_that_are_too_small_are_enlarged() -> None:
    ((arc, _),) = path("M0 0A1 1 0 0 1 10 0")
    assert arc[:, 1].min() == pytest.approx(-5, abs=0.01)


def test_the_face_svg_looks_like_a_face(tmp_path: Path) -> None:
    file = tmp_path / "face.svg"
    file.write_text(FACE_SVG)
    ink = rasterise(read_svg(file), 512)
    assert ink[238, 188] == 0  # pupils
    assert ink[238, 324] == 0
    assert ink[420, 256] == 1  # chin
    assert 0.01 < 1 - ink.mean() < 0.1
