"""Pairs of a drawing and a photo, as a dataset; and houses that this module paints.

python -m s2pzoo_patches.houses data/houses --count 64
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from s2pzoo.data.files import all_of, named
from s2pzoo.errors import DataError
from s2pzoo.imaging.photo import read_photo
from s2pzoo.imaging.read import read_sketch
from s2pzoo.imaging.rough import LEVELS, sketch_of
from s2pzoo.imaging.vectorise import vectorise

SIDE = 128


class Pairs:
    """A folder with `photo/` and `sketch/`, pictures of the same names: an s2pzoo.data.dataset.Dataset.

    Raises:
        DataError: there is none, they do not pair, or cannot be read.
    """

    size = 64

    def __init__(self, folder: Path) -> None:
        sketches, photos = named(folder / "sketch"), named(folder / "photo")
        if not photos or set(sketches) != set(photos):
            raise DataError(
                f"{folder} holds no pairs.", why=f"There are {len(sketches)} drawings and {len(photos)} photos.",
                fix="Give a folder with photo/ and sketch/, pictures of the same names.",
            )  # fmt: skip
        names = sorted(photos)
        self.tags = [{"person": name} for name in names]
        self._photos = all_of(lambda name: read_photo(photos[name], size=self.size), names)
        self._sketches = all_of(lambda name: read_sketch(sketches[name], size=self.size).ink, names)

    @property
    def digest(self) -> str:
        """Of all pixels."""
        return hashlib.sha256(self._photos.tobytes() + self._sketches.tobytes()).hexdigest()

    def __len__(self) -> int:
        return len(self._photos)

    def photo(self, index: int) -> np.ndarray:
        """(S,S,3) in [0,1]."""
        return self._photos[index].astype(np.float32) / 255

    def clean(self, index: int) -> np.ndarray:
        """(S,S) in [0,1]: the drawing."""
        return self._sketches[index].astype(np.float32) / 255

    def sketch(self, index: int, rng: np.random.Generator, *, level: str) -> np.ndarray:
        """(S,S) in [0,1]: the drawing by a less sure hand."""
        lines = vectorise(self.clean(index), shortest=2)
        return sketch_of(lines, LEVELS[level], rng, size=self.size, frame=self.size)


def paint(rng: np.random.Generator) -> tuple[Image.Image, Image.Image]:
    """A house in a meadow: how it is drawn, and how it looks."""
    left, right = rng.uniform(0.12, 0.24) * SIDE, rng.uniform(0.76, 0.88) * SIDE
    eaves, ground, ridge = rng.uniform(0.42, 0.52) * SIDE, 0.88 * SIDE, rng.uniform(0.14, 0.26) * SIDE
    middle = (left + right) / 2
    door = (middle - 9, ground - 34, middle + 9, ground)
    wide = rng.uniform(14, 20)
    windows = [(x - wide / 2, eaves + 12, x + wide / 2, eaves + 12 + wide) for x in (left + 18, right - 18)]
    wall, roof, wood = (rng.integers(low, high, 3) for low, high in ((170, 250), (90, 190), (60, 140)))
    sketch, photo = Image.new("L", (SIDE, SIDE), 255), Image.new("RGB", (SIDE, SIDE), (160, 200, 235))
    pencil, brush = ImageDraw.Draw(sketch), ImageDraw.Draw(photo)
    for y in range(round(0.8 * SIDE), SIDE):
        brush.line((0, y, SIDE, y), fill=(90, 150 - (SIDE - y) // 2, 70))
    for y in range(round(eaves), round(ground)):
        brush.line((left, y, right, y), fill=tuple((wall - (y - eaves) * 0.4).astype(int).tolist()))
    brush.polygon([(left - 8, eaves), (middle, ridge), (right + 8, eaves)], fill=tuple(roof.tolist()))
    brush.rectangle(door, fill=tuple(wood.tolist()))
    for box in windows:
        brush.rectangle(box, fill=(120, 170, 210), outline=(245, 245, 245), width=2)
    pencil.rectangle((left, eaves, right, ground), outline=0, width=2)
    pencil.line([(left - 8, eaves), (middle, ridge), (right + 8, eaves), (left - 8, eaves)], fill=0, width=2)
    for box in (door, *windows):
        pencil.rectangle(box, outline=0, width=2)
    return sketch, photo


def write_houses(folder: Path, *, count: int) -> Path:
    """So many pairs, in `sketch/` and `photo/`."""
    for index in range(count):
        for what, picture in zip(("sketch", "photo"), paint(np.random.default_rng(index)), strict=True):
            (folder / what).mkdir(parents=True, exist_ok=True)
            picture.save(folder / what / f"{index:03d}.png")
    return folder


def example(folder: Path) -> list[str]:
    """Eight houses, and what makes the recipe small."""
    write_houses(folder / "houses", count=8)
    return ["schedule.batch=2"]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Paint houses, and draw them.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=64)
    asked = parser.parse_args()
    print(write_houses(asked.folder, count=asked.count))
