"""Portraits with landmarks, and their recombination: the texture of one person in the face shape of another.

A folder of portraits holds `photo/<name>.jpg` (aligned, square), `landmarks.json` (name -> (L,2) points in the frame of
the photo) and `info.csv` (name, age, gender, split). The landmark template is the 189-point one of the Face Research
Lab sets; only `contours` depends on it.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
from attrs import frozen
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.spatial import Delaunay

from s2pzoo.errors import DataError
from s2pzoo.imaging.vectorise import Polyline, resampled, smoothed

# Which landmarks a person would connect by a line: name -> (indices, how often it is drawn). 189-point template.
LINES: dict[str, tuple[tuple[int, ...], float]] = {
    "left iris": ((2, 3, 4, 5, 6, 7, 8, 9, 2), 0.9),
    "right iris": ((10, 11, 12, 13, 14, 15, 16, 17, 10), 0.9),
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

LEFT_IRIS = (2, 3, 4, 5, 6, 7, 8, 9)
RIGHT_IRIS = (10, 11, 12, 13, 14, 15, 16, 17)
BROWS = (((76, 75, 74, 73, 72, 71), (76, 84, 83, 71)), ((77, 78, 79, 80, 81, 82), (77, 85, 86, 82)))


@frozen(kw_only=True)
class Portrait:
    """One aligned portrait: photo (S,S,3) float32 in [0,1], landmarks (L,2) x, y in its pixels, and its tags."""

    name: str
    photo: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    age: str
    gender: str
    split: str


def read_portraits(folder: Path, *, split: str | None = None) -> list[Portrait]:
    """Read the portraits of a folder, or those of one split; `DataError` says what is missing."""
    folder = Path(folder)
    try:
        landmarks = json.loads((folder / "landmarks.json").read_text())
        with (folder / "info.csv").open(newline="") as file:
            info = list(csv.DictReader(file))
    except OSError as error:
        raise DataError(
            f"{folder} is not a folder of portraits",
            why=str(error),
            fix="give a folder with photo/, landmarks.json and info.csv",
        ) from error
    chosen = [row for row in info if split is None or row["split"] == split]
    if not chosen:
        raise DataError(f"{folder} has no portrait of the split {split!r}", fix="look at the split column of info.csv")
    return [
        Portrait(
            name=row["name"],
            photo=np.asarray(Image.open(folder / "photo" / f"{row['name']}.jpg").convert("RGB"), np.float32) / 255.0,
            landmarks=np.asarray(landmarks[row["name"]], np.float32),
            age=row["age"],
            gender=row["gender"],
            split=row["split"],
        )
        for row in chosen
    ]


class ShapeModel:
    """Mean and principal components of landmark vectors: random plausible face shapes."""

    def __init__(self, shapes: NDArray[np.float32], *, components: int = 30) -> None:
        flat = shapes.reshape(len(shapes), -1)
        self.mean = flat.mean(0)
        _, scale, axes = np.linalg.svd(flat - self.mean, full_matrices=False)
        self.axes = axes[:components]
        self.deviation = scale[:components] / np.sqrt(max(1, len(shapes) - 1))

    def sample(self, rng: np.random.Generator, *, spread: float = 0.9) -> NDArray[np.float32]:
        """A shape (L,2): mean plus components with coefficients of `spread` standard deviations."""
        coefficients = rng.normal(size=len(self.deviation)) * self.deviation * spread
        return (self.mean + coefficients @ self.axes).reshape(-1, 2).astype(np.float32)


def warp(portrait: Portrait, shape: NDArray[np.floating], *, size: int) -> NDArray[np.float32]:
    """The portrait's texture moved into `shape` (landmarks in the portrait's frame): (size,size,3) float32 in [0,1].

    Piecewise affine over a Delaunay triangulation of the landmarks that lie in the frame in both shapes, and of fixed
    points along its border.
    """
    side = portrait.photo.shape[0]
    inside = ((portrait.landmarks > 2) & (portrait.landmarks < side - 3) & (shape > 2) & (shape < side - 3)).all(1)
    edge = np.linspace(0, side - 1, 9)
    border = np.array([(x, y) for x in edge for y in edge if x in (0, side - 1) or y in (0, side - 1)])
    target, kept = np.unique(np.concatenate([shape[inside], border]).round(1), axis=0, return_index=True)
    source = np.concatenate([portrait.landmarks[inside], border])[kept]
    # Pixel centres of the output, in the portrait's frame.
    at = ((np.arange(size) + 0.5) * side / size - 0.5).clip(0, side - 1)
    where = _piecewise_affine(target, source, at)
    blurred = gaussian_filter(portrait.photo, (0.4 * side / size, 0.4 * side / size, 0))
    coordinates = [where[..., 1], where[..., 0]]
    channels = [map_coordinates(blurred[..., c], coordinates, order=1, mode="nearest") for c in range(3)]
    return np.stack(channels, axis=-1).astype(np.float32)


def _piecewise_affine(
    target: NDArray[np.floating], source: NDArray[np.floating], at: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Where each point of the grid `at` x `at` among `target` comes from among `source`: x, y as (S,S,2).

    What scipy's LinearNDInterpolator gives; that one asks LAPACK about each triangle, and LAPACK's threads make it
    hundreds of times slower where several processes share the cores.
    """
    x, y = at[None, :], at[:, None]
    where = np.stack(np.broadcast_arrays(x, y), axis=-1).astype(np.float64)
    for triangle in Delaunay(target).simplices:
        a, b, c = target[triangle]
        (bx, by), (cx, cy) = b - a, c - a
        area = bx * cy - by * cx
        if abs(area) < 1e-9:
            continue
        low, high = np.searchsorted(at, target[triangle].min(0)), np.searchsorted(at, target[triangle].max(0), "right")
        box = slice(low[1], high[1]), slice(low[0], high[0])
        dx, dy = x[:, box[1]] - a[0], y[box[0]] - a[1]
        u, v = (dx * cy - dy * cx) / area, (dy * bx - dx * by) / area
        inside = (u > -1e-9) & (v > -1e-9) & (u + v < 1 + 1e-9)
        from_a, from_b, from_c = source[triangle]
        moved = from_a + u[..., None] * (from_b - from_a) + v[..., None] * (from_c - from_a)
        where[box][inside] = moved[inside]
    return where


@frozen(kw_only=True)
class Face:
    """One recombined face: photo (S,S,3) float32 in [0,1], landmarks (L,2) in its pixels, the texture person's tags."""

    photo: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    person: str
    gender: str
    age: str


class Recombiner:
    """Endless distinct faces from a few portraits, each a pure function of (seed, index)."""

    def __init__(
        self, portraits: list[Portrait], *, shapes: list[Portrait] | None = None, size: int, seed: int
    ) -> None:
        """`portraits` give textures; `shapes` (by default the same) give face shapes; `size` is the side in pixels."""
        self.portraits = portraits
        self.shapes = np.stack([p.landmarks for p in shapes or portraits])
        self.model = ShapeModel(self.shapes)
        self.size = size
        self.seed = seed

    def __call__(self, index: int) -> Face:
        rng = np.random.default_rng([self.seed, index])
        portrait = self.portraits[index % len(self.portraits)]
        shape = self.shapes[rng.integers(len(self.shapes))] if rng.random() < 0.5 else self.model.sample(rng)
        # Half-way shapes keep hair and neck closer to the texture's own than a full exchange does.
        shape = portrait.landmarks + rng.uniform(0.5, 1.0) * (shape - portrait.landmarks)
        photo = _tinted(warp(portrait, shape, size=self.size), rng)
        landmarks = shape * (self.size / portrait.photo.shape[0])
        if rng.random() < 0.5:
            photo = photo[:, ::-1]
            landmarks = landmarks * [-1, 1] + [self.size - 1, 0]
        return Face(
            photo=np.ascontiguousarray(photo),
            landmarks=landmarks.astype(np.float32),
            person=portrait.name,
            gender=portrait.gender,
            age=portrait.age,
        )


def _tinted(photo: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Mild changes of exposure, contrast and white balance."""
    gain = rng.uniform(0.94, 1.06) * rng.uniform(0.98, 1.02, size=3)
    toned = np.clip((photo - 0.5) * rng.uniform(0.95, 1.08) + 0.5, 0, 1) ** rng.uniform(0.92, 1.08)
    return np.clip(toned * gain.clip(0, 1.06), 0, 1).astype(np.float32)


def contours(landmarks: NDArray[np.float32], rng: np.random.Generator | None, *, size: int) -> list[Polyline]:
    """The lines that a person would draw of a face with these landmarks: lids, brows, nose, lips, jaw, hair.

    Each line is left out with its own small probability; without `rng`, those that most people draw are drawn. `size`
    is the side of the frame in pixels.
    """
    drawn = [
        _spline(landmarks[list(indices)])
        for indices, often in LINES.values()
        if (often > 0.5 if rng is None else rng.random() < often)
    ]
    filled = 0.55 if rng is None else rng.choice([0.0, 0.55, 0.95])
    if filled:
        drawn += [_scribble(landmarks[list(ring)], filled) for ring in (LEFT_IRIS, RIGHT_IRIS)]
    if rng is not None and rng.random() < 0.4:
        drawn += [hair for upper, lower in BROWS for hair in _hatching(landmarks, upper, lower, rng)]
    return [smoothed(line, 1.0) for line in drawn if ((line > 0) & (line < size)).all(1).any()]


def _scribble(ring: NDArray[np.float32], filled: float) -> Polyline:
    """A spiral that blackens the inner part of a ring of points, up to a share `filled` of its radius."""
    turns = np.linspace(0, 4 * 2 * np.pi, 64)
    radius = np.abs(ring - ring.mean(0)).max() * filled * turns / turns[-1]
    return (ring.mean(0) + np.stack([np.cos(turns), np.sin(turns)], 1) * radius[:, None]).astype(np.float32)


def _hatching(
    landmarks: NDArray[np.float32], upper: tuple[int, ...], lower: tuple[int, ...], rng: np.random.Generator
) -> list[Polyline]:
    """Short strokes across a brow, from its lower to its upper edge."""
    count = int(rng.integers(8, 20))
    low = resampled(landmarks[list(lower)], 1.0)
    high = resampled(landmarks[list(upper)], 1.0)
    at = rng.random(count)
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
