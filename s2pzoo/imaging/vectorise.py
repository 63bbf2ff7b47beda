"""Raster sketch -> polylines: thinning, tracing, removal of short segments, smoothing of curves.

A polyline is a float32 array (M,2) of x, y in pixels of the sketch it was traced from, M >= 2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve, gaussian_filter1d

Polyline = NDArray[np.float32]

_AROUND = [(-1, 0), (0, -1), (0, 1), (1, 0), (-1, -1), (-1, 1), (1, -1), (1, 1)]


def vectorise(
    sketch: NDArray[np.floating], *, threshold: float = 0.6, shortest: float = 8.0, smooth: float = 1.5
) -> list[Polyline]:
    """Trace the ink of a sketch (H,W) in [0,1] into polylines.

    Ink is what is darker than `threshold`; it is thinned to one pixel, cut at junctions, freed of segments shorter than
    `shortest` pixels, and each segment is smoothed along itself with a Gaussian of `smooth` points.
    """
    from skimage.morphology import skeletonize

    # Lee's method: Zhang's, the default, wears away half of some diagonal strokes (10,10 to 35,34, three pixels wide).
    skeleton = skeletonize(np.asarray(sketch) < threshold, method="lee").astype(bool)
    return [smoothed(line, smooth) for line in _trace(skeleton) if length(line) >= shortest]


def length(line: Polyline) -> float:
    """Length of a polyline, in its own units."""
    return float(np.hypot(*np.diff(line, axis=0).T).sum())


def smoothed(line: Polyline, sigma: float) -> Polyline:
    """Gaussian smoothing along the line; the end points stay where they are."""
    if sigma <= 0 or len(line) < 3:
        return line
    # Reflecting about the end points (odd extension) keeps them fixed and does not shorten the line.
    pad = min(len(line) - 1, int(4 * sigma) + 1)
    head = 2 * line[0] - line[pad:0:-1]
    tail = 2 * line[-1] - line[-2 : -pad - 2 : -1]
    smooth = gaussian_filter1d(np.concatenate([head, line, tail]), sigma, axis=0)[pad:-pad].astype(np.float32)
    smooth[[0, -1]] = line[[0, -1]]  # which a line much shorter than the Gaussian would not keep
    return smooth


def resampled(line: Polyline, step: float) -> Polyline:
    """The same curve with points about `step` apart, at least two."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    count = max(2, round(along[-1] / step) + 1)
    at = np.linspace(0.0, along[-1], count)
    return np.stack([np.interp(at, along, line[:, 0]), np.interp(at, along, line[:, 1])], axis=1).astype(np.float32)


def _trace(skeleton: NDArray[np.bool_]) -> list[Polyline]:
    """Walk a one-pixel skeleton from its ends and junctions until every pixel has been visited."""
    skeleton = np.pad(skeleton, 1)
    width = skeleton.shape[1]
    steps = [dy * width + dx for dy, dx in _AROUND]
    neighbours = convolve(skeleton.astype(np.int8), np.ones((3, 3), np.int8), mode="constant") - 1
    pixels = np.flatnonzero(skeleton)
    degree = dict(zip(pixels.tolist(), neighbours.ravel()[pixels].tolist(), strict=True))
    left = set(degree)
    # Ends first, so that open curves are walked whole; what remains after them are loops.
    starts = sorted(left, key=lambda p: (degree[p] != 1, p))
    lines = []
    for start in starts:
        if start not in left:
            continue
        left.discard(start)
        path = [start]
        while True:
            here = path[-1]
            following = next((here + s for s in steps if here + s in left), None)
            if following is None:
                break
            path.append(following)
            left.discard(following)
            if degree[following] > 2 and len(path) > 2:
                break
        if len(path) > 1:
            y, x = np.divmod(np.array(path), width)
            lines.append(np.stack([x - 1, y - 1], axis=1).astype(np.float32))
    return lines
