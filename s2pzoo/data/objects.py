"""Line drawings of photographed objects on a white ground, as a person begins them: outline first, then details."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, binary_erosion, binary_fill_holes, gaussian_filter
from skimage.measure import find_contours

from s2pzoo.imaging.edges import STYLES
from s2pzoo.imaging.pixels import luma
from s2pzoo.imaging.rough import LEVELS, sketch_of
from s2pzoo.imaging.vectorise import Polyline, length, smoothed, vectorise

_GROUND = 0.95  # luma of the white ground, blurred a little
_INK = 200  # gray values below are ink
_NEAR = 32  # a line reaches this part of the picture's side
_KEPT = 0.5  # of known lines at least this share is drawn, the longest first


def object_sketch(
    photo: NDArray[np.float32], rng: np.random.Generator, *, lines: list[Polyline] | None = None
) -> NDArray[np.float32]:
    """A random sketch of an object: photo (S,S,3) in [0,1] on white -> (S,S) in [0,1].

    The outline, and of the lines that a random filter finds inside it a random share, the longest first; drawn by a
    sure or an unsure hand. Of an object whose `lines` are known, in pixels, these are drawn in place of what is found.
    """
    size = len(photo)
    level = LEVELS[str(rng.choice(["clean", "rough", "rough"]))]
    if lines is not None:
        kept = sorted(lines, key=length, reverse=True)[: round(len(lines) * rng.uniform(_KEPT, 1))]
        return sketch_of(kept, level, rng, size=size, frame=size)
    outline, inside = silhouette(photo)
    traced = vectorise(STYLES[rng.choice(list(STYLES))](photo), shortest=float(rng.uniform(0.04, 0.12)) * size)
    within = [line for line in traced if inside[tuple(line.round().astype(int).T[::-1])].mean() > 0.7]
    details = sorted(within, key=length, reverse=True)[: round(len(within) * rng.random())]
    pieces = [piece for line in outline for piece in _pieces(line, int(rng.integers(1, 7)))]
    return sketch_of(pieces + details, level, rng, size=size, frame=size)


def silhouette(photo: NDArray[np.float32]) -> tuple[list[Polyline], NDArray[np.bool_]]:
    """The outlines of what is not white, in pixels, and where it is safely inside them, (S,S)."""
    size = len(photo)
    gray = gaussian_filter(luma(photo), size / 256)
    curves = find_contours(np.pad(gray, 1, constant_values=1.0), _GROUND)
    lines = [smoothed(curve[:, ::-1].astype(np.float32) - 1, size / 90) for curve in curves]
    inside = np.asarray(binary_erosion(binary_fill_holes(gray < _GROUND), iterations=max(1, round(size / 45))), bool)
    return [line for line in lines if length(line) > 0.15 * size], inside


def enclosed(sketch: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Where a sketch (S,S) has lines, something near them, or lines all round: 255 there, else 0, (S,S).

    What the sheet's border cuts off is taken for closed there.
    """
    near = binary_dilation(sketch < _INK, iterations=max(1, round(len(sketch) / _NEAR)))
    for side in (near[0], near[-1], near[:, 0], near[:, -1]):
        reached = np.flatnonzero(side)
        if len(reached):
            side[reached[0] : reached[-1]] = True
    return np.asarray(binary_fill_holes(near), np.uint8) * np.uint8(255)


def _pieces(line: Polyline, count: int) -> list[Polyline]:
    """A line in `count` strokes, each beginning where the one before ended."""
    cuts = np.linspace(0, len(line) - 1, count + 1).astype(int)
    return [line[a : b + 1] for a, b in itertools.pairwise(cuts) if b > a]
