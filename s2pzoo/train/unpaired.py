"""Batches of sketches and photos that nothing pairs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from attrs import frozen
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from s2pzoo.data.unpaired import open_collection
from s2pzoo.errors import DataError, RecipeError
from s2pzoo.imaging.pixels import from_bytes
from s2pzoo.imaging.vectorise import Polyline
from s2pzoo.spec.fields import knob

SMALLEST = 24
"""Side of the smallest pictures that the critics can judge."""

Pictures = NDArray[np.uint8]


@frozen(kw_only=True)
class UnpairedData:
    """The `[data]` of a training on one collection."""

    dataset: str = knob("", help="the declared dataset, plugin/dataset; empty: whichever can read the folder")
    collection: str = knob(".", help="its folder, in the data folder")
    size: int = knob(128, low=SMALLEST, help="side of the random squares that are cut out")
    load: int = knob(140, low=SMALLEST, help="side at which pictures are read")
    mirror: float = knob(0.5, low=0, high=1, help="how many are mirrored")
    strokes: str = knob("", help="the form of drawings that are strokes, where it could be several: points, quickdraw")
    smallest: float = knob(1.0, low=0.01, high=1, help="photos are shrunk to between this and 1, somewhere on white")


class UnpairedBatches:
    """Sketches and photos of one collection, drawn independently; some that are held out, for the samples.

    Raises:
        RecipeError: sizes that cannot be.
        DataError: no collection, or too little in it for a batch.
    """

    def __init__(self, settings: UnpairedData, folder: Path, *, batch: int) -> None:
        if settings.size % 4 or settings.size > settings.load:
            raise RecipeError(
                f"data.size={settings.size} and data.load={settings.load} cannot be.",
                why="Squares of `size` pixels are cut out of pictures of `load` pixels, and halved twice.",
                fix=f"Give a size of at least {SMALLEST} that divides by 4, and a load that is not smaller.",
            )
        folder = Path(folder) / settings.collection
        self.settings, self.batch = settings, batch
        how: Any = {"strokes": settings.strokes, "name": settings.dataset}
        self.collection = open_collection(folder, size=settings.load, **how)
        self.held_out = open_collection(folder, size=settings.size, split="test", **how)
        few = min(len(self.collection.sketches), len(self.collection.photos))
        if few < batch:
            raise DataError(
                f"{folder} has too little to train on.",
                why=f"A batch takes {batch} photos and sketches; there are {few} of one.",
                fix="Add some, or lower schedule.batch.",
            )

    def sketches(self, rng: np.random.Generator) -> list[Pictures]:
        """Sketches (S,S) of one batch."""
        sketches = self.collection.sketches
        return [self._placed(rng, smallest=1.0).picture(sketches[index]) for index in self._some(sketches, rng)]

    def photos(self, rng: np.random.Generator) -> list[Pictures]:
        """Photos (S,S,3) of one batch."""
        return [photo for photo, _ in self.lined_photos(rng)]

    def lined_photos(self, rng: np.random.Generator) -> list[tuple[Pictures, list[Polyline] | None]]:
        """As `photos`, each with its lines, in its pixels, where the collection has an exact line drawing of it."""
        own, out = self.collection, []
        for index in self._some(own.photos, rng):
            placing, lines = self._placed(rng, smallest=self.settings.smallest), own.lines_of(index)
            placed = None if lines is None else [placing.line(line) for line in lines]
            out.append((placing.picture(own.photos[index]), placed))
        return out

    def preview(self, device: torch.device, *, count: int = 10) -> dict[str, Tensor]:
        """The same held-out `sketch` (N,1,S,S) and `photo` (N,3,S,S) every time."""
        chosen = {"sketch": self.held_out.sketches, "photo": self.held_out.photos}
        return {
            name: to_tensor(list(images[np.linspace(0, len(images) - 1, count).astype(int)])).to(device)
            for name, images in chosen.items()
        }

    def facts(self) -> dict[str, int]:
        """How much there is to learn from."""
        return {"photos": len(self.collection.photos), "sketches": len(self.collection.sketches)}

    def _some(self, images: Pictures, rng: np.random.Generator) -> NDArray[np.int_]:
        return rng.choice(len(images), size=self.batch, replace=False)

    def _placed(self, rng: np.random.Generator, *, smallest: float) -> Placing:
        settings = self.settings
        return Placing.random(rng, load=settings.load, size=settings.size, smallest=smallest, mirror=settings.mirror)


@frozen(kw_only=True)
class Placing:
    """How a picture of `load` pixels is shrunk to `side`, laid at (x, y) on white, and a square of `size` cut out.

    `corner`: where the square begins in the white sheet of `load` pixels. `mirrored`: the square, at last.
    """

    load: int
    size: int
    side: int
    at: tuple[int, int]
    corner: tuple[int, int]
    mirrored: bool

    @classmethod
    def random(cls, rng: np.random.Generator, *, load: int, size: int, smallest: float, mirror: float) -> Placing:
        """`side` from `smallest` to 1 times `load`, anywhere; mirrored with the probability `mirror`."""
        side, x, y = load, 0, 0
        if smallest < 1:
            side = max(1, round(load * rng.uniform(smallest, 1)))
            y, x = map(int, rng.integers(0, load - side + 1, size=2))
        top, left = map(int, rng.integers(0, load - size + 1, size=2))
        return cls(load=load, size=size, side=side, at=(x, y), corner=(left, top), mirrored=bool(rng.random() < mirror))

    def picture(self, image: Pictures) -> Pictures:
        """A picture (load,load) or (load,load,3) -> (size,size) or (size,size,3)."""
        sheet, (x, y), (left, top) = image, self.at, self.corner
        if self.side < self.load:
            sheet = np.full_like(image, 255)
            small = Image.fromarray(image).resize((self.side, self.side), Image.Resampling.LANCZOS)
            sheet[y : y + self.side, x : x + self.side] = np.asarray(small)
        cut = sheet[top : top + self.size, left : left + self.size]
        return cut[:, ::-1] if self.mirrored else cut

    def line(self, line: Polyline) -> Polyline:
        """A line of the picture, (M,2) in shares of its side -> in pixels of the square; parts may lie outside it."""
        moved = line * self.side + np.subtract(self.at, self.corner)
        moved[:, 0] = self.size - moved[:, 0] if self.mirrored else moved[:, 0]
        return moved.astype(np.float32)


def to_tensor(images: list[Pictures]) -> Tensor:
    """uint8 (S,S) or (S,S,3) -> float32 (N,1,S,S) or (N,3,S,S) in [0,1]."""
    stack = np.stack(images)
    stack = stack[:, None] if stack.ndim == 3 else stack.transpose(0, 3, 1, 2)
    return torch.from_numpy(from_bytes(stack))
