"""Schemes of facial landmarks, and the lines a person would draw of a face that has them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from s2pzoo.errors import DataError
from s2pzoo.imaging.vectorise import Polyline, resampled, smoothed

Points = NDArray[np.float32]


@frozen(kw_only=True)
class Template:
    """What the points (L,2) of one scheme mean.

    Attributes:
        lines: which ones a person would connect by a line, and how often it is drawn.
        irises: of points: two rings.
        brows: of points: their lower and their upper edges.
        outline: of points: the polygon that bounds the face itself; hair and clothes lie outside.
        exchange: how far faces are moved to the shapes of others, least and most; 1 is all the way.
    """

    lines: dict[str, tuple[tuple[int, ...], float]]
    irises: Callable[[Points], tuple[Points, Points]]
    brows: Callable[[Points], tuple[tuple[Points, Points], ...]]
    outline: Callable[[Points], Points]
    exchange: tuple[float, float]


def template(landmarks: Points) -> Template:
    """The scheme of these landmarks, told by their number.

    Raises:
        DataError: there is none of so many.
    """
    if len(landmarks) not in TEMPLATES:
        raise DataError(
            f"A face with {len(landmarks)} landmarks cannot be drawn.",
            fix=f"Give faces with {' or '.join(map(str, TEMPLATES))} landmarks.",
        )
    return TEMPLATES[len(landmarks)]


_LINES_189: dict[str, tuple[tuple[int, ...], float]] = {
    "left upper lid": ((18, 19, 20, 21, 22), 1.0),
    "right upper lid": ((23, 24, 25, 26, 27), 1.0),
    "left lower lid": ((18, 28, 29, 30, 22), 0.95),
    "right lower lid": ((23, 31, 32, 33, 27), 0.95),
    "left crease": ((34, 35, 36, 37, 38), 0.6),
    "right crease": ((39, 40, 41, 42, 43), 0.6),
    "left bag": ((44, 45, 46), 0.1),
    "right bag": ((47, 48, 49), 0.1),
    "left nose side": ((50, 51, 52, 53, 54), 0.25),
    "right nose side": ((56, 57, 58, 59, 60), 0.25),
    "left nose wing": ((61, 62, 63, 64), 0.95),
    "right nose wing": ((66, 67, 68, 69), 0.95),
    "left nostril": ((65, 64, 179), 0.7),
    "right nostril": ((70, 69, 182), 0.7),
    "nose base": ((179, 180, 55, 181, 182), 0.8),
    "left brow": ((71, 72, 73, 74, 75, 76, 84, 83, 71), 0.9),
    "right brow": ((82, 81, 80, 79, 78, 77, 85, 86, 82), 0.9),
    "upper lip": ((87, 88, 89, 90, 91, 92, 93), 0.9),
    "lip parting": ((87, 94, 95, 96, 97, 98, 93), 1.0),
    "lower lip": ((87, 104, 105, 106, 107, 108, 93), 0.9),
    "jaw": ((109, 185, 110, 186, 111, 125, 126, 127, 128, 129, 130, 131, 132, 133, 114, 188, 113, 187, 112), 1.0),
    "left ear": ((115, 116, 117, 118, 119), 0.8),
    "right ear": ((120, 121, 122, 123, 124), 0.8),
    "hairline": ((134, 135, 136, 137, 138, 139, 140, 141, 142, 143, 144), 0.75),
    "hair": ((146, 147, 148, 149, 150, 151, 152, 153, 154, 155, 156), 0.25),
    "left neck": ((126, 145), 0.5),
    "right neck": ((132, 157), 0.5),
    "left fold": ((158, 159, 160), 0.12),
    "right fold": ((161, 162, 163), 0.12),
    "philtrum": ((170, 171), 0.1),
    "chin crease": ((176, 177, 178), 0.2),
}

_LINES_70: dict[str, tuple[tuple[int, ...], float]] = {
    "left upper lid": ((38, 39, 40, 41), 1.0),
    "right upper lid": ((44, 45, 46, 47), 1.0),
    "left lower lid": ((38, 43, 42, 41), 0.95),
    "right lower lid": ((44, 49, 48, 47), 0.95),
    "left brow": ((19, 20, 21, 22, 23), 0.95),
    "right brow": ((24, 25, 26, 27, 28), 0.95),
    "nose bridge": ((29, 30, 31, 32), 0.3),
    "nose base": ((33, 34, 35, 36, 37), 0.95),
    "upper lip": ((50, 51, 52, 53, 54, 55, 56), 0.95),
    "lower lip": ((50, 61, 60, 59, 58, 57, 56), 0.95),
    "upper parting": ((62, 63, 64, 65, 66), 1.0),
    "lower parting": ((62, 69, 68, 67, 66), 1.0),
    "jaw": (tuple(range(2, 19)), 1.0),
}


def _irises_70(points: Points) -> tuple[Points, Points]:
    """Circles about the pupils, as far as the lids leave them open."""
    radius = 0.095 * np.hypot(*(points[1] - points[0]))
    turn = np.linspace(0, 2 * np.pi, 25)
    circle = radius * np.stack([np.cos(turn), np.sin(turn)], axis=1)

    def ring(pupil: int, corner: int) -> Points:
        lids = points[corner : corner + 6, 1]
        top = min(lids[1], lids[2])
        ring = points[pupil] + circle
        ring[:, 1] = ring[:, 1].clip(top, max(top + 1, lids[4], lids[5]))
        return ring.astype(np.float32)

    return ring(0, 38), ring(1, 44)


def _outline_70(points: Points) -> Points:
    """The jaw, closed by a forehead as high as the brows are from the nose to the chin."""
    up = points[10] - points[31]
    arch = np.array([0.35, 0.55, 0.65, 0.7, 0.75, 0.75, 0.7, 0.65, 0.55, 0.35])[:, None]
    return np.concatenate([points[2:19], (points[19:29] - arch * up)[::-1]]).astype(np.float32)


def _brows_70(points: Points) -> tuple[tuple[Points, Points], ...]:
    """The points lie on the upper edge."""
    thick = np.array([0, 0.05 * np.hypot(*(points[1] - points[0]))], np.float32)
    return tuple((points[a:b] + thick, points[a:b]) for a, b in ((19, 24), (24, 29)))


TEMPLATES = {
    189: Template(
        lines=_LINES_189,
        irises=lambda p: (p[[*range(2, 10), 2]], p[[*range(10, 18), 10]]),
        brows=lambda p: (
            (p[[76, 84, 83, 71]], p[[76, 75, 74, 73, 72, 71]]), (p[[77, 85, 86, 82]], p[[77, 78, 79, 80, 81, 82]])
        ),
        outline=lambda p: p[[*range(134, 145), 112, 113, 114, *range(133, 124, -1), 111, 110, 109]],
        exchange=(0.5, 1.0),
    ),
    70: Template(lines=_LINES_70, irises=_irises_70, brows=_brows_70, outline=_outline_70, exchange=(0.2, 0.7)),
}  # fmt: skip
"""189: of the Face Research Lab sets. 70: two pupils, then the 68 points of iBUG, which say less of the head."""


def contours(landmarks: Points, rng: np.random.Generator | None, *, size: int) -> list[Polyline]:
    """The lines that a person would draw of a face with these landmarks: lids, brows, nose, lips, jaw, hair.

    Each line is left out with its own small probability; without `rng`, those that most people draw are drawn. `size`
    is the side of the frame in pixels.
    """
    scheme = template(landmarks)
    drawn = [
        _spline(landmarks[list(indices)])
        for indices, often in scheme.lines.values()
        if (often > 0.5 if rng is None else rng.random() < often)
    ]
    filled = 0.55 if rng is None else rng.choice([0.0, 0.55, 0.95])
    for ring in scheme.irises(landmarks):
        if rng is None or rng.random() < 0.9:
            drawn.append(_spline(ring))
        if filled:
            drawn.append(_scribble(ring, filled))
    if rng is not None and rng.random() < 0.4:
        drawn += [hair for low, high in scheme.brows(landmarks) for hair in _hatching(low, high, rng)]
    return [smoothed(line, 1.0) for line in drawn if ((line > 0) & (line < size)).all(1).any()]


def _scribble(ring: Points, filled: float) -> Polyline:
    """A spiral that blackens the inner part of a ring of points, up to a share `filled` of its radius."""
    turns = np.linspace(0, 4 * 2 * np.pi, 64)
    radius = np.abs(ring - ring.mean(0)).max() * filled * turns / turns[-1]
    spiral = ring.mean(0) + np.stack([np.cos(turns), np.sin(turns)], 1) * radius[:, None]
    return spiral.clip(ring.min(0), ring.max(0)).astype(np.float32)


def _hatching(low: Points, high: Points, rng: np.random.Generator) -> list[Polyline]:
    """Short strokes across a brow, from its lower to its upper edge."""
    low, high = resampled(low, 1.0), resampled(high, 1.0)
    at = rng.random(int(rng.integers(8, 20)))
    feet = low[(at * (len(low) - 1)).astype(int)]
    tips = high[(np.clip(at + 0.08, 0, 1) * (len(high) - 1)).astype(int)]
    return [np.stack([foot, tip]).astype(np.float32) for foot, tip in zip(feet, tips, strict=True)]


def _spline(points: NDArray[np.float32], *, between: int = 6) -> Polyline:
    """Catmull-Rom curve through the points, with `between` points a segment."""
    if len(points) < 3:
        return points.astype(np.float32)
    closed = np.allclose(points[0], points[-1])
    before = points[-2] if closed else 2 * points[0] - points[1]
    after = points[1] if closed else 2 * points[-1] - points[-2]
    p = np.concatenate([[before], points, [after]])
    t = np.linspace(0, 1, between, endpoint=False)[:, None]
    pieces = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False)
    ]
    return np.concatenate([*pieces, points[-1:]]).astype(np.float32)
