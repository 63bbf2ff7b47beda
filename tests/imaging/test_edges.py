from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from s2pzoo.imaging.edges import STYLES, canny, fdog, photocopy, xdog
from s2pzoo.imaging.pixels import luma

Filter = Callable[[np.ndarray], np.ndarray]
each_filter = pytest.mark.parametrize("sketch_of", STYLES.values(), ids=list(STYLES))


def line_photo(*, ground: float = 0.8, line: float = 0.3, width: int = 3) -> np.ndarray:
    """(80,80,3): an upright line through the middle."""
    photo = np.full((80, 80, 3), ground, np.float32)
    photo[:, 40 - width // 2 : 40 + width // 2 + 1] = line
    return photo


@each_filter
def test_a_dark_line_becomes_ink_and_what_is_flat_becomes_paper(sketch_of: Filter) -> None:
    sketch = sketch_of(line_photo())
    assert sketch.shape == (80, 80) and sketch.dtype == np.float32
    assert (sketch[10:-10, 36:45].min(axis=1) < 0.3).all()
    assert sketch[:, :28] == pytest.approx(1, abs=1e-3) and sketch[:, 53:] == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("sketch_of", [photocopy, xdog])
def test_the_middle_of_a_dark_line_is_the_darkest(sketch_of: Filter) -> None:
    row = sketch_of(line_photo())[40]
    assert row[40] == row.min() < 0.1


@pytest.mark.parametrize("sketch_of", [photocopy, xdog])
def test_a_light_line_on_dark_ground_is_not_ink(sketch_of: Filter) -> None:
    dark, light = sketch_of(line_photo()), sketch_of(line_photo(ground=0.5, line=0.95))
    assert dark[40, 40] < 0.1 and light[40, 40] == 1


def test_fdog_closes_gaps_along_a_line_that_xdog_leaves_open() -> None:
    photo = line_photo()
    photo[38:41] = 0.8  # a gap of three pixels
    assert fdog(photo)[39, 38:43].min() < xdog(photo)[39, 38:43].min()


def test_canny_draws_both_sides_of_a_wide_line() -> None:
    row = canny(line_photo(width=15))[40]
    assert sorted(np.flatnonzero(row == 0)) == pytest.approx([32, 48], abs=1.5)


@each_filter
@pytest.mark.parametrize("level", [0.35, 0.7, 1.0])
def test_a_flat_photo_is_blank_paper(sketch_of: Filter, level: float) -> None:
    assert sketch_of(np.full((32, 32), level, np.float32)) == pytest.approx(1, abs=1e-5)


def test_xdog_tones_dark_flat_areas_as_its_equation_says() -> None:
    tones = [xdog(np.full((32, 32), level, np.float32)).mean() for level in (0.0, 0.1, 0.2, 0.3)]
    assert tones == sorted(tones) and tones[0] < 0.6 and tones[-1] == 1


@each_filter
def test_a_grey_photo_and_its_colour_copy_give_the_same_sketch(sketch_of: Filter) -> None:
    photo = line_photo()
    assert np.allclose(sketch_of(photo), sketch_of(photo[..., 0]), atol=1e-4)


@each_filter
@settings(max_examples=20, deadline=None)
@given(photo=arrays.arrays(np.float32, (24, 20, 3), elements=st.floats(0, 1, width=32)))
def test_a_sketch_stays_in_range_and_leaves_the_photo_alone(sketch_of: Filter, photo: np.ndarray) -> None:
    before = photo.copy()
    sketch = sketch_of(photo)
    assert sketch.shape == (24, 20) and sketch.dtype == np.float32
    assert sketch.min() >= 0 and sketch.max() <= 1
    assert np.array_equal(photo, before)


def test_gray_is_the_luma_of_rec_601() -> None:
    assert luma(np.eye(3, dtype=np.float32)[None])[0] == pytest.approx([0.299, 0.587, 0.114])
