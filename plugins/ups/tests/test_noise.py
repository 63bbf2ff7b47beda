"""phi: dense strokes and patches of other sketches over a sketch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays
from s2pzoo_ups.noise import NoiseComposition, compose, dense_patterns

from s2pzoo.errors import DataError, RecipeError
from s2pzoo.spec.fields import overridden
from s2pzoo.train.recipe import read_recipe

PAPER, INK = 255, 0
POOL, OTHER = 10, 90  # the shades by which noise is known again
SIZE = 128


def flat(shade: int, *, count: int = 1, side: int = SIZE) -> np.ndarray:
    return np.full((count, side, side), shade, np.uint8)


def phi(**options: Any) -> NoiseComposition:
    """The paper's, over sketches and masks of one shade each."""
    given = {"complex_": 0.2, "distractive": 0.3, "patch": 50, "how": "min", **options}
    return NoiseComposition(given.pop("sketches", flat(OTHER)), given.pop("pool", flat(POOL)), **given)


pictures = arrays(np.uint8, (4, 4))


# Composition


def test_the_darker_of_the_two_shows() -> None:
    sketch, noise = np.array([[255, 0, 255, 0, 100]], np.uint8), np.array([[255, 255, 0, 0, 40]], np.uint8)
    assert compose(sketch, noise).tolist() == [[255, 0, 0, 0, 40]]


def test_in_the_released_product_ink_on_ink_is_paper() -> None:
    sketch, noise = np.array([[255, 0, 255, 0, 51]], np.uint8), np.array([[255, 255, 0, 0, 51]], np.uint8)
    made = compose(sketch, noise, how="product_legacy")
    assert made.tolist() == [[255, 0, 0, 255, 173]]  # the last: (-.6)(-.6) = .36, and 1.36 * 127.5 = 173.4
    assert made.dtype == np.uint8


@pytest.mark.parametrize("how", ["min", "product_legacy"])
def test_paper_changes_nothing_under_any_shade(how: str) -> None:
    shades = np.arange(256, dtype=np.uint8)[None]
    paper = np.full_like(shades, PAPER)
    assert np.array_equal(compose(shades, paper, how=how), shades)
    assert np.array_equal(compose(paper, shades, how=how), shades)


@settings(max_examples=30, deadline=None)
@given(sketch=pictures, noise=pictures)
def test_noise_adds_ink_and_takes_none(sketch: np.ndarray, noise: np.ndarray) -> None:
    made = compose(sketch, noise)
    assert (made <= sketch).all() and (made <= noise).all()
    assert np.array_equal(made, compose(noise, sketch))


# Masks of dense strokes


def hatched(*, y: int, x: int, side: int = 96) -> np.ndarray:
    """One line across, and a square of 20 pixels of hatching."""
    sketch = np.full((side, side), PAPER, np.uint8)
    sketch[5, 10:90] = INK
    sketch[y : y + 20, x : x + 20 : 2] = INK
    return sketch


def test_the_window_where_strokes_are_densest_is_kept_and_nothing_else() -> None:
    plain = np.full((96, 96), PAPER, np.uint8)
    plain[5, 10:90] = INK
    sketch = hatched(y=50, x=40)
    (mask,) = dense_patterns(np.stack([plain, sketch, plain]), window=32)
    assert mask[50:70, 40:60].min() == INK and np.array_equal(mask[50:70, 40:60], sketch[50:70, 40:60])
    assert (mask[5] == PAPER).all()
    rows, columns = np.nonzero(mask < PAPER)
    assert np.ptp(rows) < 32 and np.ptp(columns) < 32


def test_each_sketch_with_dense_strokes_gives_one_mask() -> None:
    sketches = np.stack([hatched(y=10 * i + 10, x=30) for i in range(5)])
    masks = dense_patterns(sketches, window=24)
    assert masks.shape == sketches.shape and masks.dtype == np.uint8
    for mask, sketch in zip(masks, sketches, strict=True):
        assert np.isin(mask[mask < PAPER], sketch).all() and (mask >= sketch).all()
        assert (mask == INK).sum() > 0.5 * 20 * 10


def test_a_higher_percentile_leaves_fewer_masks_of_more_ink() -> None:
    rng = np.random.default_rng(0)
    shares = np.linspace(0.02, 0.4, 12)[:, None, None]
    sketches = np.where(rng.random((12, 64, 64)) < shares, INK, PAPER).astype(np.uint8)
    many, few = (dense_patterns(sketches, window=16, percentile=share) for share in (50, 90))
    assert len(many) > len(few) > 0
    assert (few == INK).mean() > (many == INK).mean()


def test_empty_sketches_have_no_dense_strokes() -> None:
    assert dense_patterns(flat(PAPER, count=3)).shape == (0, SIZE, SIZE)


def test_sketches_smaller_than_the_window_are_taken_whole() -> None:
    sketches = np.stack([hatched(y=20, x=20, side=96)[:40, :40], np.full((40, 40), PAPER, np.uint8)])
    (mask,) = dense_patterns(sketches)
    assert np.array_equal(mask, sketches[0])


# phi


def test_one_dice_in_ten_is_two_complex_and_three_distractive() -> None:
    compose_, rng, blank = phi(), np.random.default_rng(0), flat(PAPER)[0]
    counts, corners = {POOL: 0, OTHER: 0, PAPER: 0}, []
    for _ in range(4000):
        made, noise = compose_(blank, rng)
        assert np.array_equal(made, noise)  # on empty paper
        shade = int(made.min())
        counts[shade] += 1
        if shade == OTHER:
            rows, columns = np.nonzero(made == OTHER)
            assert len(rows) == 50 * 50 and np.ptp(rows) == np.ptp(columns) == 49
            assert (made == PAPER).sum() == SIZE**2 - 50 * 50
            corners.append((rows[0], columns[0]))
        else:
            assert (made == shade).all()
    shares = [counts[shade] / 4000 for shade in (POOL, OTHER, PAPER)]
    assert shares == pytest.approx([0.2, 0.3, 0.5], abs=0.03)
    assert np.min(corners, axis=0).tolist() == [0, 0] and np.max(corners, axis=0).tolist() == [78, 78]
    assert np.mean(corners, axis=0) == pytest.approx([39, 39], abs=3)


def test_without_noise_a_sketch_is_untouched() -> None:
    sketch, rng = np.random.default_rng(1).integers(0, 256, (SIZE, SIZE)).astype(np.uint8), np.random.default_rng(0)
    for _ in range(20):
        made, noise = phi(complex_=0.0, distractive=0.0, pool=flat(POOL)[:0])(sketch, rng)
        assert np.array_equal(made, sketch) and (noise == PAPER).all()


@pytest.mark.parametrize("how", ["min", "product_legacy"])
def test_outside_its_patch_a_sketch_is_untouched(how: str) -> None:
    rng = np.random.default_rng(0)
    sketch, others = (rng.integers(0, 256, shape).astype(np.uint8) for shape in ((SIZE, SIZE), (3, SIZE, SIZE)))
    once = phi(sketches=others, complex_=0.0, distractive=1.0, how=how)
    for _ in range(10):
        made, noise = once(sketch, rng)
        rows, columns = np.nonzero(noise < PAPER)
        box = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        outside = np.ones_like(sketch, bool)
        outside[box] = False
        assert noise[box].shape[0] <= 50 and noise[box].shape[1] <= 50
        assert np.array_equal(made[outside], sketch[outside])
        assert np.array_equal(made[box], compose(sketch, noise, how=how)[box])
        assert not np.array_equal(made, sketch)


def test_noise_is_cut_and_mirrored_like_a_sketch_of_its_own() -> None:
    pool = np.arange(64, dtype=np.uint8).reshape(1, 8, 8)
    always, rng, blank = phi(pool=pool, complex_=1.0, distractive=0.0), np.random.default_rng(0), flat(PAPER, side=5)[0]
    seen = {always(blank, rng)[0].tobytes() for _ in range(400)}
    cuts = [pool[0, y : y + 5, x : x + 5] for y in range(4) for x in range(4)]
    assert seen == {cut.tobytes() for cut in cuts} | {cut[:, ::-1].tobytes() for cut in cuts}


def test_a_patch_is_no_larger_than_the_sketch() -> None:
    made, _ = phi(complex_=0.0, distractive=1.0)(flat(PAPER, side=32)[0], np.random.default_rng(0))
    assert (made == OTHER).all()


def test_the_same_generator_gives_the_same_noise() -> None:
    one, other = (phi()(flat(PAPER)[0], np.random.default_rng(7))[0] for _ in range(2))
    assert np.array_equal(one, other)


def test_probabilities_that_do_not_fit_in_one_dice_are_refused() -> None:
    with pytest.raises(RecipeError, match=r"0\.8 and 0\.3 cannot be") as caught:
        phi(complex_=0.8, distractive=0.3)
    assert "at most 1" in caught.value.fix


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("noise_complex=-0.1", "from 0 to 1"),
        ("noise_distractive=-0.1", "from 0 to 1"),
        ("compose=max", "min, product_legacy"),
    ],
)
def test_a_recipe_asks_only_for_noise_that_can_be(override: str, told: str) -> None:
    with pytest.raises(RecipeError, match=rf"data\.{override.partition('=')[0]} cannot be(?s:.)*{told}"):
        overridden(read_recipe("ups/stage1"), [f"data.{override}"], error=RecipeError)


def test_an_empty_pool_is_refused_in_words_where_dense_strokes_are_wanted() -> None:
    with pytest.raises(DataError, match="no dense strokes") as caught:
        phi(pool=flat(POOL)[:0])
    assert "data.noise_complex=0" in caught.value.fix
    assert phi(pool=flat(POOL)[:0], complex_=0.0).complex == 0
