from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s2pzoo.imaging.rough import CLEAN, LEVELS, ROUGH, VERY_ROUGH, Roughness, draw, roughen, sketch_of
from s2pzoo.imaging.vectorise import Polyline, length


def curves() -> list[Polyline]:
    """Twenty smooth lines in a 256-pixel frame."""
    t = np.linspace(0, 1, 40)
    return [
        np.stack([30 + 190 * t, 20 + 11 * i + 10 * np.sin(4 * t + i)], axis=1).astype(np.float32) for i in range(20)
    ]


def upright(x: float = 128.0) -> list[Polyline]:
    return [np.array([(x, 40), (x, 216)], np.float32)]


def farthest(made: list[Polyline], lines: list[Polyline]) -> np.ndarray:
    """For each point that was made, how far the nearest of the original lines is."""
    a = np.concatenate([line[:-1] for line in lines])
    step = np.concatenate([np.diff(line, axis=0) for line in lines])
    points = np.concatenate(made)[:, None]
    along = ((points - a) * step).sum(-1) / np.maximum((step**2).sum(-1), 1e-9)
    return np.linalg.norm(points - (a + along.clip(0, 1)[..., None] * step), axis=-1).min(1)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_a_clean_hand_draws_the_same_geometry(seed: int) -> None:
    lines = curves()
    made = roughen(lines, CLEAN, np.random.default_rng(seed))
    assert len(made) == len(lines)
    for new, old in zip(made, lines, strict=True):
        assert farthest([new], [old]).max() < 1 and farthest([old], [new]).max() < 1
        assert length(new) == pytest.approx(length(old), rel=0.02)
        assert np.allclose(new[[0, -1]], old[[0, -1]], atol=1e-3)


def test_a_rougher_hand_strays_farther_on_average() -> None:
    lines = curves()
    strays = [
        np.mean([farthest(roughen(lines, level, np.random.default_rng(seed)), lines).mean() for seed in range(8)])
        for level in (CLEAN, ROUGH, VERY_ROUGH)
    ]
    assert strays[0] < 0.1 < 2 * strays[1] < strays[2]


@pytest.mark.parametrize(
    "one",
    [Roughness(warp=3.0), Roughness(shift=2.0), Roughness(wobble=1.0), Roughness(overshoot=6.0)],
    ids=["warp", "shift", "wobble", "overshoot"],
)
def test_each_amount_moves_the_lines_and_grows_with_the_frame(one: Roughness) -> None:
    lines = [line for line in curves() for _ in range(2)]
    small = farthest(roughen(lines, one, np.random.default_rng(0)), lines).mean()
    twice = [line * 2 for line in lines]
    large = farthest(roughen(twice, one, np.random.default_rng(0), size=512), twice).mean()
    assert small > 0.02
    assert large == pytest.approx(2 * small, rel=0.25)


def test_overshooting_makes_lines_longer() -> None:
    lines = curves()
    made = roughen(lines, Roughness(overshoot=6.0), np.random.default_rng(0))
    assert all(length(new) > length(old) - 1 for new, old in zip(made, lines, strict=True))
    assert sum(map(length, made)) > sum(map(length, lines)) + 5 * len(lines)


def test_broken_lines_are_cut_in_two_and_lose_a_piece() -> None:
    for line in curves():
        pieces = roughen([line], Roughness(broken=1.0), np.random.default_rng(len(line)))
        assert len(pieces) in (1, 2)  # a gap near the end takes the end with it
        assert 0.5 * length(line) < sum(map(length, pieces)) < length(line)


def test_doubled_lines_are_drawn_twice_at_two_places() -> None:
    made = roughen(curves(), Roughness(doubled=1.0, shift=2.0), np.random.default_rng(0))
    assert len(made) == 40
    assert not np.allclose(made[0], made[1])


def test_everything_missing_is_nothing_drawn() -> None:
    rng = np.random.default_rng(0)
    assert roughen(curves(), Roughness(missing=1.0), rng) == []
    assert (sketch_of(curves(), Roughness(missing=1.0), rng, size=64) == 1).all()


def test_an_erased_region_takes_the_lines_in_it() -> None:
    spots = [np.array([(x, y), (x + 4, y)], np.float32) for x in range(8, 250, 12) for y in range(8, 250, 12)]
    left = roughen(spots, Roughness(erased=1.0), np.random.default_rng(0))
    gone = {tuple(line[0]) for line in spots} - {tuple(line[0].round()) for line in left}
    assert 0 < len(gone) < len(spots) / 3
    x, y = np.array(sorted(gone)).T
    assert len(gone) == len(set(x)) * len(set(y))  # a rectangle


def test_nothing_drawn_roughens_to_nothing() -> None:
    assert roughen([], VERY_ROUGH, np.random.default_rng(0)) == []


@settings(max_examples=10, deadline=None)
@given(level=st.sampled_from(list(LEVELS.values())), seed=st.integers(0, 2**31))
def test_a_hand_is_a_function_of_its_generator_and_leaves_the_lines_alone(level: Roughness, seed: int) -> None:
    lines = curves()
    before = [line.copy() for line in lines]
    one, other = (roughen(lines, level, np.random.default_rng(seed)) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(lines, before, strict=True))
    assert all(line.dtype == np.float32 and len(line) >= 2 and np.isfinite(line).all() for line in one)


def test_a_drawing_is_dark_on_white_paper() -> None:
    sketch = draw(upright(), size=256, width=3.0)
    assert sketch.shape == (256, 256) and sketch.dtype == np.float32
    assert sketch[128, 128] == 0 and sketch[128, 100] == 1
    assert (sketch[:35] == 1).all() and (sketch[222:] == 1).all()


@pytest.mark.parametrize("width", [1.0, 2.0, 3.0, 5.0])
@pytest.mark.parametrize("size", [128, 256])
def test_the_pen_has_its_width_at_every_size(width: float, size: int) -> None:
    sketch = draw(upright(), size=size, width=width)
    across = (1 - sketch[size // 2]).sum() / size * 256
    assert across == pytest.approx(width, abs=0.4 * 256 / size)


@pytest.mark.parametrize("ink", [0.3, 0.7, 1.0])
def test_the_ink_has_its_darkness(ink: float) -> None:
    assert draw(upright(), size=256, width=3.0, ink=ink).min() == pytest.approx(1 - ink, abs=1e-6)


def test_a_drawing_from_another_frame_is_scaled() -> None:
    assert np.array_equal(draw(upright(), size=128), draw([upright()[0] * 2], size=128, frame=512))


def test_no_lines_are_blank_paper() -> None:
    assert (draw([], size=32) == 1).all()


@pytest.mark.parametrize("level", list(LEVELS))
def test_a_sketch_of_lines_uses_the_pens_of_its_roughness(level: str) -> None:
    roughness = LEVELS[level]
    for seed in range(5):
        sketch = sketch_of(curves(), roughness, np.random.default_rng(seed), size=128)
        assert sketch.shape == (128, 128) and sketch.dtype == np.float32
        assert 1 - roughness.ink[1] - 1e-6 <= sketch.min() < 0.9 and sketch.max() == 1
