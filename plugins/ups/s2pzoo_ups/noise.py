"""phi, the composition of a sketch with noise (paper section 3.1): dense strokes, and patches of other sketches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from s2pzoo.errors import DataError, RecipeError

Sketches = NDArray[np.uint8]

COMPOSE = ("min", "product_legacy")


def compose(sketch: Sketches, noise: Sketches, *, how: str = "min") -> Sketches:
    """One sketch over another, uint8, 255 is paper: the darker wins (`min`), or the released code's product.

    That product is taken in [-1,1], so that where ink crosses ink the paper shows.
    """
    if how == "min":
        return np.minimum(sketch, noise)
    product = (sketch / 127.5 - 1) * (noise / 127.5 - 1)
    return ((product + 1) * 127.5 + 0.5).astype(np.uint8)


def dense_patterns(sketches: Sketches, *, window: int = 48, percentile: float = 95.0) -> Sketches:
    """The pool of complex masks (K,S,S): from each sketch, the window where its strokes are densest, on empty paper.

    Only windows with more ink than `percentile` percent of the windows of all sketches; those lie on a grid of a
    quarter of `window`, which is at most the sketch. How the paper cut its masks is not known.
    """
    ink = (255.0 - sketches) / 255.0
    size = sketches.shape[-1]
    window = min(window, size)
    half = window // 2
    grid = np.arange(half, size - half + 1, max(1, window // 4))
    density = np.stack([uniform_filter(one, window)[np.ix_(grid, grid)] for one in ink])
    enough = max(float(np.percentile(density, percentile)), 1e-6)
    pool = []
    for sketch, densities in zip(sketches, density, strict=True):
        row, column = np.unravel_index(densities.argmax(), densities.shape)
        if densities[row, column] > enough:
            pool.append(_only(sketch, grid[row] - half, grid[column] - half, window))
    return np.stack(pool) if pool else np.empty((0, *sketches.shape[1:]), np.uint8)


class NoiseComposition:
    """phi. One dice a sketch: dense strokes (`complex`), a patch of another sketch (`distractive`), or nothing.

    Args:
        sketches: (M,S,S), those the patches are taken from.
        pool: (K,S,S) masks of dense strokes.
        complex_, distractive: probabilities; 0.2 and 0.3 in the paper.
        patch: side of a patch in pixels, at most that of a sketch; 50 of 128 in the paper.
        how: see `compose`.

    Raises:
        RecipeError: probabilities that do not fit in one dice.
        DataError: dense strokes are wanted and the pool is empty.
    """

    def __init__(
        self, sketches: Sketches, pool: Sketches, *, complex_: float, distractive: float, patch: int, how: str
    ) -> None:
        if complex_ + distractive > 1:
            raise RecipeError(
                f"Noise with probabilities {complex_} and {distractive} cannot be.",
                fix="Give two that add up to at most 1.",
            )
        if complex_ and not len(pool):
            raise DataError(
                "There are no dense strokes to compose sketches with.",
                why="No window of the training sketches has more ink than the others.",
                fix="Set data.noise_complex=0, or add sketches with hatching.",
            )
        self.sketches, self.pool, self.patch, self.how = sketches, pool, patch, how
        self.complex, self.distractive = complex_, distractive

    def __call__(self, sketch: Sketches, rng: np.random.Generator) -> tuple[Sketches, Sketches]:
        """(the sketch with noise, the noise alone), both (S,S) like `sketch`, which may be smaller than the others."""
        dice, size = rng.random(), len(sketch)
        noise = np.full_like(sketch, 255)
        if dice < self.complex:
            noise = self._some(self.pool, size, rng)
        elif dice < self.complex + self.distractive:
            side = min(self.patch, size)
            y, x = rng.integers(0, size - side + 1, size=2)
            noise = _only(self._some(self.sketches, size, rng), y, x, side)
        return compose(sketch, noise, how=self.how), noise

    def _some(self, images: Sketches, size: int, rng: np.random.Generator) -> Sketches:
        """One of the images, cut to `size`, mirrored or not."""
        image = images[rng.integers(len(images))]
        y, x = rng.integers(0, len(image) - size + 1, size=2)
        cut = image[y : y + size, x : x + size]
        return cut[:, ::-1] if rng.random() < 0.5 else cut


def _only(sketch: Sketches, y: int, x: int, side: int) -> Sketches:
    """The sketch inside one square; paper around it."""
    out = np.full_like(sketch, 255)
    out[y : y + side, x : x + side] = sketch[y : y + side, x : x + side]
    return out
