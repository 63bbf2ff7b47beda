"""Portraits with landmarks, and their recombination: the texture of one person in the face shape of another.

A folder of portraits holds `photo/<name>.jpg` (aligned, square), `landmarks.json` (name -> (L,2) points in the frame of
the photo; see landmarks.py) and `info.csv` (name, age, gender, split; where they differ, licence and background).
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
from s2pzoo.imaging.pixels import from_bytes
from s2pzoo_faces.landmarks import template

TAGS = ("gender", "age", "hair", "beard", "smile")
"""Columns of info.csv that a corpus keeps, where they are there."""


@frozen(kw_only=True)
class Portrait:
    """One aligned portrait: photo (S,S,3) float32 in [0,1], landmarks (L,2) x, y in its pixels, tags (`TAGS`)."""

    name: str
    photo: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    tags: dict[str, str]


def read_portraits(folder: Path, *, split: str | None = None, noncommercial: bool = False) -> list[Portrait]:
    """Read the portraits of a folder, or those of one split, on plain backgrounds.

    Args:
        folder: see above.
        split: of `info.csv`; None: all.
        noncommercial: also those whose licence forbids commercial use (one with NC in its name).

    Raises:
        DataError: something is missing, or no portrait is left.
    """
    folder = Path(folder)
    try:
        landmarks = json.loads((folder / "landmarks.json").read_text())
        with (folder / "info.csv").open(newline="") as file:
            info = list(csv.DictReader(file))
    except OSError as error:
        raise DataError(
            f"{folder} is not a folder of portraits.",
            why=str(error),
            fix="Give a folder with photo/, landmarks.json and info.csv.",
        ) from error
    plain = [row for row in info if row.get("background", "plain") == "plain"]
    allowed = [row for row in plain if noncommercial or "NC" not in row.get("licence", "")]
    chosen = [row for row in allowed if split in (None, row["split"])]
    if not chosen:
        raise DataError(
            f"{folder} has no portrait of the split {split!r}.", fix="Look at the split column of info.csv."
        )
    return [
        Portrait(
            name=row["name"],
            photo=from_bytes(np.asarray(Image.open(folder / "photo" / f"{row['name']}.jpg").convert("RGB"))),
            landmarks=np.asarray(landmarks[row["name"]], np.float32),
            tags={tag: row[tag] for tag in TAGS if tag in row},
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
    tags: dict[str, str]


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
        shape = portrait.landmarks + rng.uniform(*template(shape).exchange) * (shape - portrait.landmarks)
        photo = _tinted(warp(portrait, shape, size=self.size), rng)
        landmarks = shape * (self.size / portrait.photo.shape[0])
        if rng.random() < 0.5:
            photo = photo[:, ::-1]
            landmarks = landmarks * [-1, 1] + [self.size - 1, 0]
        return Face(
            photo=np.ascontiguousarray(photo),
            landmarks=landmarks.astype(np.float32),
            tags={"person": portrait.name, **portrait.tags},
        )


def _tinted(photo: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Mild changes of exposure, contrast and white balance."""
    gain = rng.uniform(0.94, 1.06) * rng.uniform(0.98, 1.02, size=3)
    toned = np.clip((photo - 0.5) * rng.uniform(0.95, 1.08) + 0.5, 0, 1) ** rng.uniform(0.92, 1.08)
    return np.clip(toned * gain.clip(0, 1.06), 0, 1).astype(np.float32)
