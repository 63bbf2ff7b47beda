"""The face corpus: thousands of recombined faces on disk, and sketches of them in every style and roughness.

A corpus folder holds `photos.npy` (N,S,S,3) uint8, `cleans.npy` (N,S,S) uint8 (the canonical line drawing of each),
`landmarks.npy` (N,L,2) float32 in pixels and `people.json` (for each face: person, gender, age, and hair,
beard and smile where they are known). All other sketches are made on the fly, endlessly different.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from attrs import frozen
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter, map_coordinates

from s2pzoo.errors import DataError
from s2pzoo.imaging.edges import STYLES, photocopy
from s2pzoo.imaging.pixels import from_bytes, luma, to_bytes
from s2pzoo.imaging.rough import CLEAN, LEVELS, draw, sketch_of
from s2pzoo.imaging.vectorise import Polyline, vectorise
from s2pzoo_faces.landmarks import contours, template
from s2pzoo_faces.portraits import Recombiner, read_portraits


@frozen(kw_only=True)
class Corpus:
    """A corpus on disk, read lazily: an s2pzoo.data.dataset.Dataset.

    The tags of a face: person, and those of `portraits.TAGS` that are known.
    """

    photos: NDArray[np.uint8]
    cleans: NDArray[np.uint8]
    landmarks: NDArray[np.float32]
    tags: list[dict[str, str]]

    def __len__(self) -> int:
        return len(self.photos)

    @property
    def size(self) -> int:
        """Side of the photos in pixels."""
        return self.photos.shape[1]

    @property
    def digest(self) -> str:
        """What tells one corpus from another: its landmarks, people and shape, as 64 hexadecimal digits."""
        digest = hashlib.sha256(np.ascontiguousarray(self.landmarks).tobytes())
        digest.update(json.dumps([self.tags, list(self.photos.shape)], sort_keys=True).encode())
        return digest.hexdigest()

    def photo(self, index: int) -> NDArray[np.float32]:
        """(S,S,3) in [0,1]."""
        return from_bytes(self.photos[index])

    def clean(self, index: int) -> NDArray[np.float32]:
        """The canonical clean sketch, (S,S) in [0,1]."""
        return from_bytes(self.cleans[index])

    def sketch(self, index: int, rng: np.random.Generator, *, level: str) -> NDArray[np.float32]:
        """A random sketch at a level of roughness, (S,S) in [0,1]."""
        return random_sketch(self.photo(index), self.landmarks[index], rng, level=level)


def open_corpus(folder: Path) -> Corpus:
    """Open a corpus folder; `DataError` when it is not one."""
    folder = Path(folder)
    try:
        return Corpus(
            photos=np.load(folder / "photos.npy", mmap_mode="r"),
            cleans=np.load(folder / "cleans.npy", mmap_mode="r"),
            landmarks=np.load(folder / "landmarks.npy"),
            tags=json.loads((folder / "people.json").read_text()),
        )
    except (OSError, ValueError) as error:
        raise DataError(
            f"{folder} is not a face corpus.", why=str(error), fix="Make one with `s2pzoo corpus PORTRAITS OUT`."
        ) from error


def build_corpus(
    portraits: Path,
    out: Path,
    *,
    count: int,
    size: int = 256,
    split: str = "train",
    noncommercial: bool = False,
    seed: int = 0,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Corpus:
    """Make `count` recombined faces of `size` pixels from one split of a portrait folder.

    Args:
        noncommercial: see `read_portraits`.

    Textures come from that split only; so do the face shapes, except for a split of fewer than 20 people, which takes
    the shapes of everybody (a shape is no one's texture).
    """
    out = Path(out)
    textures = read_portraits(portraits, split=split, noncommercial=noncommercial)
    shapes = textures if len(textures) >= 20 else read_portraits(portraits, noncommercial=noncommercial)
    recombiner = Recombiner(textures, shapes=shapes, size=size, seed=seed)
    out.mkdir(parents=True, exist_ok=True)
    photos = np.lib.format.open_memmap(out / "photos.npy", mode="w+", dtype=np.uint8, shape=(count, size, size, 3))
    cleans = np.lib.format.open_memmap(out / "cleans.npy", mode="w+", dtype=np.uint8, shape=(count, size, size))
    landmarks = np.zeros((count, *textures[0].landmarks.shape), np.float32)
    people: list[dict[str, str]] = []
    with ProcessPoolExecutor(workers, initializer=_begin, initargs=(recombiner,)) as pool:
        for index, (photo, clean, points, tags) in enumerate(pool.map(_face_and_clean, range(count), chunksize=16)):
            photos[index], cleans[index], landmarks[index] = photo, clean, points
            people.append(tags)
            if progress:
                progress(index + 1, count)
    photos.flush()
    cleans.flush()
    np.save(out / "landmarks.npy", landmarks)
    (out / "people.json").write_text(json.dumps(people))
    return open_corpus(out)


_recombiner: Recombiner | None = None  # of this worker: handed over once, since it holds all portraits


def _begin(recombiner: Recombiner) -> None:
    global _recombiner
    _recombiner = recombiner


def _face_and_clean(index: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32], dict[str, str]]:
    assert _recombiner
    face = _recombiner(index)
    return to_bytes(face.photo), to_bytes(clean_sketch(face.photo, face.landmarks)), face.landmarks, face.tags


def portrait_lines(
    photo: NDArray[np.float32], landmarks: NDArray[np.float32], rng: np.random.Generator | None = None
) -> list[Polyline]:
    """The drawing a person would make: contours of the face from its landmarks, hair and clothes traced from the photo.

    With `rng` the contours vary (see `contours`); without, they are the usual ones.
    """
    size = photo.shape[0]
    outline = template(landmarks).outline(landmarks)
    traced = vectorise(photocopy(photo), shortest=10.0)
    lines = contours(landmarks, rng, size=size) + [line for line in traced if not _mostly_inside(line, outline)]
    if rng is not None and rng.random() < 0.7:
        lines += hair_strokes(photo, outline, rng)
    return lines


def hair_strokes(photo: NDArray[np.float32], outline: NDArray[np.float32], rng: np.random.Generator) -> list[Polyline]:
    """Strokes along the flow of what is dark, as people draw hair: the darker, the denser.

    A stroke follows the tangent of the blurred luma's level lines from a random point. Inside the face's `outline`
    (N,2) dark means far darker than its skin, so beards, brows and fringes get strokes and dark skin gets none.
    """
    size = photo.shape[0]
    unit = size / 256
    light = np.asarray(gaussian_filter(luma(photo), 1.2 * unit), np.float32)
    angle = _flow(light, 2.5 * unit)
    steps, stride = int(rng.integers(4, 9) * rng.choice([1, 1, 4])), 2.0 * unit
    at = rng.uniform(0, size - 1, size=(int(rng.uniform(1000, 24000) / steps), 2))
    x, y = at.astype(int).T
    at = at[light[y, x] < _darkest(light, outline, rng)[y, x]]
    paths = [at]
    heading = np.zeros_like(at)
    for _ in range(steps):
        x, y = paths[-1].astype(int).T
        along = np.stack([np.cos(angle[y, x]), np.sin(angle[y, x])], axis=1)
        along *= np.where((along * heading).sum(1, keepdims=True) < 0, -1, 1)
        heading = along
        paths.append((paths[-1] + stride * along).clip(0, size - 1))
    return list(np.stack(paths, axis=1).astype(np.float32))


def _flow(light: NDArray[np.float32], blur: float) -> NDArray[np.floating]:
    """Along the level lines of `light`: an angle in radians for each pixel, averaged over `blur` pixels.

    It is averaged as a double angle: opposite gradients on the two sides of a strand agree.
    """
    down, right = np.gradient(light)
    twice = [gaussian_filter(part, blur) for part in (right**2 - down**2, 2 * right * down)]
    return np.arctan2(twice[1], twice[0]) / 2 + np.pi / 2


def pencil(photo: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """What is dark in a photo, shaded as with a soft pencil: hatched, the darker the denser. (S,S) in [0,1]."""
    unit = photo.shape[0] / 256
    light = np.asarray(gaussian_filter(luma(photo), 1.8 * unit), np.float32)
    dark = np.clip((rng.uniform(0.3, 0.55) - light) / rng.uniform(0.1, 0.35), 0, 1)
    one_way = rng.random() < 0.4
    angle = np.full_like(light, rng.uniform(0, np.pi)) if one_way else _flow(light, 3 * unit)
    # Noise averaged along the strokes' way (Cabral & Leedom 1993, line integral convolution).
    noise = rng.random(light.shape, np.float32)
    at, along = np.indices(light.shape, np.float32), np.stack([np.sin(angle), np.cos(angle)])
    steps = np.linspace(-5 * unit, 5 * unit, 7)
    grain = np.mean([map_coordinates(noise, at + t * along, order=1, mode="reflect") for t in steps], axis=0)
    grain = (grain - grain.mean()) / (grain.std() + 1e-6)
    covered = np.clip(0.5 + 0.5 * grain + 2.2 * (dark - 0.5), 0, 1) * (dark > 0.02)
    return (1 - covered * rng.uniform(0.4, 0.95)).astype(np.float32)


def _darkest(light: NDArray[np.float32], outline: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """The luma below which a pixel counts as hair, (S,S)."""
    limit = np.full_like(light, rng.uniform(0.15, 0.5))
    inside = Image.new("1", light.shape[::-1])
    ImageDraw.Draw(inside).polygon([tuple(point) for point in outline.tolist()], fill=1)
    face = np.asarray(inside)
    if face.any():
        limit[face] = np.minimum(limit[face], rng.uniform(0.5, 0.65) * np.median(light[face]))
    return limit


def clean_sketch(photo: NDArray[np.float32], landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    """The canonical clean line drawing of a face, (S,S) in [0,1]: what a refined sketch should look like."""
    lines = portrait_lines(photo, landmarks)
    return draw(lines, size=photo.shape[0], width=1.2, frame=photo.shape[0])


def random_sketch(
    photo: NDArray[np.float32], landmarks: NDArray[np.float32], rng: np.random.Generator, *, level: str
) -> NDArray[np.float32]:
    """A sketch of the face in a random style at a roughness level (`clean`, `rough`, `very rough`): (S,S) in [0,1].

    Styles: the filters of `imaging.edges` as they come (clean only), their traced lines, the portrait drawing, and a
    few contours of it. Some are shaded with a pencil; not all paper is white.
    """
    roughness = LEVELS[level]
    size = photo.shape[0]
    style = rng.choice(["filter", "traced", "portrait", "few"], p=[0.22, 0.22, 0.48, 0.08])
    if style == "filter" and roughness is CLEAN:
        name = rng.choice(list(STYLES))
        paper = STYLES[name](photo)
        return paper if name == "canny" else 1.0 - (1.0 - paper) * np.float32(rng.uniform(0.6, 1.0))
    if style == "portrait":
        lines = portrait_lines(photo, landmarks, rng)
    elif style == "few":
        known = contours(landmarks, rng, size=size)
        lines = [known[i] for i in rng.permutation(len(known))[: rng.integers(4, max(5, len(known)))]]
    else:
        lines = vectorise(STYLES[rng.choice(list(STYLES))](photo), shortest=float(rng.uniform(5, 12)))
    drawn = sketch_of(lines, roughness, rng, size=size, frame=size)
    if style != "few" and rng.random() < 0.3:
        drawn = drawn * pencil(photo, rng)
    if rng.random() < 0.15:
        drawn = drawn * np.float32(rng.uniform(0.95, 1.0))
    return drawn


def _mostly_inside(line: Polyline, polygon: NDArray[np.float32]) -> bool:
    """Whether most points of the line lie inside the polygon (even-odd rule)."""
    x, y = line[::3, 0:1], line[::3, 1:2]
    x0, y0 = polygon.T
    x1, y1 = np.roll(polygon, -1, axis=0).T
    crosses = ((y0 > y) != (y1 > y)) & (x < (x1 - x0) * (y - y0) / (y1 - y0 + 1e-9) + x0)
    return bool((crosses.sum(1) % 2).mean() > 0.5)
