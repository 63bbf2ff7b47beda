"""Line drawings of photographed objects."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from s2pzoo.data.objects import enclosed, object_sketch, silhouette

SIZE, RX, RY = 96, 38.0, 24.0
CENTRE = SIZE / 2 - 0.5


@pytest.fixture(scope="module")
def ellipse() -> NDArray[np.float32]:
    """A dark ellipse on white, without details."""
    big = Image.new("RGB", (SIZE * 4, SIZE * 4), "white")
    middle = SIZE * 2
    ImageDraw.Draw(big).ellipse((middle - 4 * RX, middle - 4 * RY, middle + 4 * RX, middle + 4 * RY), fill=(90, 40, 30))
    return (np.asarray(big.reduce(4)) / 255).astype(np.float32)


def distance(x: NDArray[Any], y: NDArray[Any]) -> NDArray[np.floating]:
    """About how many pixels a point is from the ellipse's outline; negative inside."""
    return (np.hypot((x - CENTRE) / RX, (y - CENTRE) / RY) - 1) * min(RX, RY)


def test_the_silhouette_of_an_ellipse_is_its_outline(ellipse: NDArray[np.float32]) -> None:
    (outline,), inside = silhouette(ellipse)
    assert np.abs(distance(*outline.T)).max() < 2
    assert np.ptp(outline, axis=0) == pytest.approx((2 * RX, 2 * RY), abs=2)
    rows, columns = np.nonzero(inside)
    assert distance(columns, rows).max() < 0
    assert inside.sum() > 0.8 * np.pi * RX * RY


def test_the_drawing_follows_the_outline(ellipse: NDArray[np.float32]) -> None:
    around = []
    for seed in range(12):
        drawn = object_sketch(ellipse, np.random.default_rng(seed))
        rows, columns = np.nonzero(drawn < 0.9)
        assert np.median(np.abs(distance(columns, rows))) < 2
        angles = np.arctan2(rows - CENTRE, columns - CENTRE)
        around.append(len(np.unique((angles / np.pi * 18).astype(int))) / 36)
    assert np.median(around) > 0.9  # strokes may be forgotten, most are not


def test_details_lie_inside_and_are_not_always_drawn(ellipse: NDArray[np.float32]) -> None:
    photo = ellipse.copy()
    photo[40:56, 47:50] = 1.0
    dark = [float((object_sketch(photo, np.random.default_rng(seed))[42:54, 42:55] < 0.9).sum()) for seed in range(12)]
    assert min(dark) == 0 and max(dark) > 10


def test_the_same_generator_gives_the_same_drawing(ellipse: NDArray[np.float32]) -> None:
    one, again, other = (object_sketch(ellipse, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert np.array_equal(one, again) and not np.array_equal(one, other)


def test_empty_paper_stays_empty() -> None:
    lines, inside = silhouette(np.ones((32, 32, 3), np.float32))
    assert lines == [] and not inside.any()
    assert (object_sketch(np.ones((32, 32, 3), np.float32), np.random.default_rng(0)) == 1).all()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), size=st.sampled_from([24, 40]), kind=st.sampled_from(["noise", "flat", "cut"]))
def test_any_picture_gives_a_drawing_in_range(seed: int, size: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    photo = np.ones((size, size, 3), np.float32)
    if kind == "noise":
        photo = rng.random((size, size, 3), np.float32)
    elif kind == "flat":
        photo *= rng.random(dtype=np.float32)
    else:
        photo[size // 2 :, : size // 3] = rng.random(3, np.float32)  # reaches the border
    drawn = object_sketch(photo, rng)
    assert drawn.shape == (size, size) and drawn.dtype == np.float32
    assert drawn.min() >= 0 and drawn.max() <= 1


def test_known_lines_are_drawn_in_place_of_those_found() -> None:
    photo = np.ones((64, 64, 3), np.float32)
    photo[20:44, 20:44] = 0.2  # which has an outline, where no line is
    line = np.array([[8, 54], [56, 54]], np.float32)
    dark = [object_sketch(photo, np.random.default_rng(seed), lines=[line]) < 0.9 for seed in range(12)]
    assert not any(drawn[:44].any() for drawn in dark)
    assert sum(drawn[46:62].sum() > 20 for drawn in dark) >= 9  # a rough hand may forget a line


def test_of_known_lines_the_shortest_may_be_left_out() -> None:
    photo, long = np.ones((64, 64, 3), np.float32), np.array([[4, 8], [60, 8]], np.float32)
    short = np.array([[20, 50], [44, 50]], np.float32)
    drawn = [object_sketch(photo, np.random.default_rng(seed), lines=[short, long]) < 0.9 for seed in range(30)]
    both = [(one[:20].any(), one[40:].any()) for one in drawn]
    assert (True, True) in both and (True, False) in both
    assert sum(first for first, _ in both) > sum(second for _, second in both)


def drawing(*lines: list[tuple[int, int]]) -> NDArray[np.uint8]:
    sheet = Image.new("L", (128, 128), 255)
    for line in lines:
        ImageDraw.Draw(sheet).line(line, fill=0)
    return np.asarray(sheet)


def test_what_lines_surround_is_enclosed_and_what_lies_beside_them() -> None:
    box = drawing([(30, 40), (90, 40), (90, 100), (30, 100), (30, 40)], [(60, 10), (60, 40)])
    found = enclosed(box) > 0
    assert found[40:101, 30:91].all() and found[20, 60]
    assert found[20, 58:63].all() and not found[20, :50].any() and not found[:, :20].any()
    assert not enclosed(drawing()).any()


def test_lines_that_leave_open_a_gap_of_a_few_pixels_enclose() -> None:
    assert enclosed(drawing([(34, 40), (90, 40), (90, 100), (30, 100), (30, 44)]))[70, 60]
    assert not enclosed(drawing([(60, 40), (90, 40), (90, 100), (30, 100), (30, 70)]))[60, 50]


@pytest.mark.parametrize("turned", range(4))
def test_what_the_border_cuts_off_is_closed_there(turned: int) -> None:
    found = np.rot90(enclosed(np.rot90(drawing([(30, 0), (30, 60), (90, 60), (90, 0)]), turned)), -turned)
    assert (found[:61, 30:91] == 255).all() and not found[70:].any() and not found[:, :20].any()
