from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from s2pzoo.imaging.vectorise import Polyline, length, resampled, smoothed, vectorise

SIDE = 128
coordinate = st.floats(10, SIDE - 10)


def drawn(line: np.ndarray, *, width: int = 3) -> np.ndarray:
    """A polyline (M,2) in pixels, inked four times as large and reduced."""
    image = Image.new("L", (SIDE * 4, SIDE * 4), 255)
    points = [tuple(point) for point in (line * 4 + 2).tolist()]
    ImageDraw.Draw(image).line(points, fill=0, width=width * 4, joint="curve")
    return np.asarray(image.reduce(4), np.float32) / 255


def circle(x: float, y: float, radius: float) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, 200)
    return np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], axis=1)


def random_line(seed: int) -> Polyline:
    return np.random.default_rng(seed).normal(size=(12, 2)).cumsum(0).astype(np.float32) * 4


@settings(max_examples=60, deadline=None)
@given(x0=coordinate, y0=coordinate, x1=coordinate, y1=coordinate, width=st.sampled_from([2, 3, 4]))
@example(x0=10.0, y0=10.0, x1=35.0, y1=34.0, width=3)
@example(x0=10.0, y0=10.0, x1=49.0, y1=46.0, width=3)
@example(x0=10.0, y0=10.0, x1=67.0, y1=64.0, width=4)
@example(x0=55.79609395106297, y0=93.49381823321245, x1=99.15138511407704, y1=24.375738446392276, width=2)
def test_a_straight_line_is_traced_whole(x0: float, y0: float, x1: float, y1: float, width: int) -> None:
    line = np.array([(x0, y0), (x1, y1)])
    whole = float(np.hypot(x1 - x0, y1 - y0))
    assume(whole > 20)
    (traced,) = vectorise(drawn(line, width=width))
    along = (line[1] - line[0]) / whole
    beside = np.abs((traced - line[0]) @ np.array([-along[1], along[0]]))
    inner = (traced - line[0]) @ along
    assert beside[(inner > width) & (inner < whole - width)].max() < 1.5
    assert beside.max() <= width / 2 + 1
    assert whole - 2 * width - 3 < length(traced) < 1.1 * whole + width + 2


@settings(max_examples=60, deadline=None)
@given(x=st.floats(55, 73), y=st.floats(55, 73), radius=st.floats(8, 45), width=st.sampled_from([2, 3, 4]))
def test_a_circle_is_traced_all_the_way_round(x: float, y: float, radius: float, width: int) -> None:
    traced = vectorise(drawn(circle(x, y, radius), width=width))
    for line in traced:
        assert np.abs(np.hypot(*(line - (x, y)).T) - radius).max() < 1.5
    whole = 2 * np.pi * radius
    assert sum(length(line) for line in traced) == pytest.approx(whole, rel=0.12)


def test_short_specks_are_dropped() -> None:
    sketch = drawn(np.array([(20, 20), (100, 90)]))
    sketch[100:104, 20:24] = 0
    assert len(vectorise(sketch)) == 1
    assert len(vectorise(sketch, shortest=0)) >= 1
    assert vectorise(drawn(np.array([(20, 20), (40, 20)])), shortest=30) == []


def test_crossing_lines_are_cut_where_they_cross() -> None:
    sketch = np.minimum(drawn(np.array([(20, 64), (108, 64)])), drawn(np.array([(64, 20), (64, 108)])))
    traced = vectorise(sketch)
    assert sum(length(line) for line in traced) == pytest.approx(176, rel=0.1)
    for line in traced:
        assert np.minimum(np.abs(line[:, 0] - 64), np.abs(line[:, 1] - 64)).max() < 1.5


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_paper_has_no_lines_and_a_black_page_does_not_fail(level: float) -> None:
    traced = vectorise(np.full((40, 40), level, np.float32))
    assert level == 0.0 or traced == []


def test_lines_at_the_border_of_the_sketch_stay_inside_it() -> None:
    sketch = np.ones((40, 60), np.float32)
    sketch[0] = sketch[:, -1] = 0
    traced = vectorise(sketch, smooth=0)
    assert traced
    for line in traced:
        assert line.dtype == np.float32 and len(line) >= 2
        assert line.min() >= 0 and line[:, 0].max() <= 59 and line[:, 1].max() <= 39


def test_fainter_ink_than_the_threshold_is_not_traced() -> None:
    sketch = 1 - 0.3 * (1 - drawn(np.array([(20, 20), (100, 90)])))
    assert vectorise(sketch) == []
    assert len(vectorise(sketch, threshold=0.8)) == 1


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), sigma=st.floats(0.2, 4))
def test_smoothing_keeps_the_ends_and_does_not_lengthen(seed: int, sigma: float) -> None:
    line = random_line(seed)
    smooth = smoothed(line, sigma)
    assert smooth.shape == line.shape and smooth.dtype == np.float32
    assert np.allclose(smooth[[0, -1]], line[[0, -1]], atol=1e-3)
    assert length(smooth) <= length(line) + 1e-3


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), step=st.floats(0.5, 20))
def test_resampling_keeps_the_ends_and_spaces_points_evenly(seed: int, step: float) -> None:
    line = random_line(seed)
    even = resampled(line, step)
    assert len(even) == max(2, round(length(line) / step) + 1)
    assert np.allclose(even[[0, -1]], line[[0, -1]], atol=1e-3)
    assert np.hypot(*np.diff(even, axis=0).T).max() <= length(line) / (len(even) - 1) + 1e-3


def test_the_length_of_a_right_angle_is_the_sum_of_its_sides() -> None:
    assert length(np.array([(0, 0), (3, 0), (3, 4)], np.float32)) == 7
