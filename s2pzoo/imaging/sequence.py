"""Drawings as sequences of points, stroke-5 (Ha and Eck 2018): what stroke encoders take, the port kind `strokes`.

A sequence is (T,5) float32: how far the pen went since the last point, in sides of the canvas and for the first point
from its upper left corner, and one of three states: the pen goes on to the next point, is lifted after this one, or
the drawing is over. A row of the last state ends it; rows after it are of that state too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from s2pzoo.imaging.vectorise import Polyline, vectorise

TOLERANCE = 2 / 256
"""How far lines may be from what was drawn where points are left out, in sides of the canvas; QuickDraw's."""

_OVER = np.array([[0, 0, 0, 0, 1]], np.float32)


def simplified(lines: Iterable[NDArray[np.floating]], *, longest: int, tolerance: float = TOLERANCE) -> list[Polyline]:
    """Lines (M,2) in sides of the canvas with fewer points (Ramer, Douglas, Peucker), at most `longest` - 1 in all.

    What still is longer at 8 times the tolerance loses its shortest lines.
    """
    from skimage.measure import approximate_polygon

    lines = [np.asarray(line, np.float32) for line in lines if len(line) > 1]
    for looser in (1, 2, 4, 8):
        fewer = [approximate_polygon(line, tolerance * looser).astype(np.float32) for line in lines]
        if sum(map(len, fewer)) < longest:
            return fewer
    by_length = sorted(range(len(fewer)), key=lambda i: -np.hypot(*np.diff(fewer[i], axis=0).T).sum())
    fits = np.cumsum([len(fewer[i]) for i in by_length]) < longest
    return [fewer[i] for i in sorted(i for i, fit in zip(by_length, fits, strict=True) if fit)]


def to_sequence(lines: Sequence[NDArray[np.floating]]) -> NDArray[np.float32]:
    """Lines (M,2) in sides of the canvas as one sequence (T,5), its end the last row."""
    if not lines:
        return _OVER.copy()
    points = np.concatenate(lines).astype(np.float32)
    lifted = np.zeros(len(points), bool)
    lifted[np.cumsum([len(line) for line in lines]) - 1] = True
    steps = np.diff(points, axis=0, prepend=np.zeros((1, 2), np.float32))
    return np.concatenate([np.column_stack([steps, ~lifted, lifted, np.zeros(len(points))]).astype(np.float32), _OVER])


def from_sequence(sequence: NDArray[np.floating]) -> list[Polyline]:
    """The lines of a sequence (T,5), in sides of the canvas."""
    over = np.flatnonzero(sequence[:, 4] > 0.5)
    rows = np.asarray(sequence[: over[0] if len(over) else None], np.float32)
    lines = np.split(rows[:, :2].cumsum(0), np.flatnonzero(rows[:, 3] > 0.5) + 1)
    return [line for line in lines if len(line)]


def padded(sequences: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Sequences as one array (N,T,5), T that of the longest."""
    longest = max(map(len, sequences))
    return np.stack([np.concatenate([one, np.repeat(_OVER, longest - len(one), 0)]) for one in sequences])


def in_order(lines: Sequence[NDArray[np.floating]], *, touching: float = 1.5 / 256) -> list[Polyline]:
    """Lines as a pen might draw them: from the upper left one always on to the nearest end that is left.

    Ends that touch are joined, for tracing cuts at every crossing.
    """
    left = [np.asarray(line, np.float32) for line in lines]
    drawn: list[Polyline] = []
    pen = np.zeros(2, np.float32)
    while left:
        ends = np.stack([[line[0], line[-1]] for line in left])
        far = np.hypot(*(ends - pen).transpose(2, 0, 1))
        index, end = np.unravel_index(int(far.argmin()), far.shape)
        line = left.pop(int(index))[:: -1 if end else 1]
        if drawn and far.min() <= touching:
            drawn[-1] = np.concatenate([drawn[-1], line[1:] if len(line) > 1 else line])
        else:
            drawn.append(line)
        pen = line[-1]
    return drawn


def traced(sketch: NDArray[np.floating], *, longest: int) -> NDArray[np.float32]:
    """The sequence of a raster drawing (H,W) in [0,1], 1 is paper, of at most `longest` rows."""
    side = max(sketch.shape)
    lines = [(line + 0.5) / side for line in vectorise(sketch, shortest=side / 64)]
    return to_sequence(simplified(in_order(lines), longest=longest))
