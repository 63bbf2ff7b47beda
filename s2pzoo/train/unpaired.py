"""Batches of sketches and photos that nothing pairs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from attrs import frozen
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from s2pzoo.data.unpaired import open_collection
from s2pzoo.errors import DataError, RecipeError
from s2pzoo.spec.fields import knob

SMALLEST = 24
"""Side of the smallest pictures that the critics can judge."""

Pictures = NDArray[np.uint8]


@frozen(kw_only=True)
class UnpairedData:
    """The `[data]` of a training on one collection."""

    collection: str = knob(".", help="its folder, in the data folder")
    size: int = knob(128, low=SMALLEST, help="side of the random squares that are cut out")
    load: int = knob(140, low=SMALLEST, help="side at which pictures are read")
    mirror: float = knob(0.5, low=0, high=1, help="how many are mirrored")
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
        self.collection = open_collection(folder, size=settings.load)
        self.held_out = open_collection(folder, size=settings.size, split="test")
        few = min(len(self.collection.sketches), len(self.collection.photos))
        if few < batch:
            raise DataError(
                f"{folder} has too little to train on.",
                why=f"A batch takes {batch} photos and sketches; there are {few} of one.",
                fix="Add some, or lower schedule.batch.",
            )

    def sketches(self, rng: np.random.Generator) -> list[Pictures]:
        """Sketches (S,S) of one batch."""
        return [self._cut(image, rng) for image in self._some(self.collection.sketches, rng)]

    def photos(self, rng: np.random.Generator) -> list[Pictures]:
        """Photos (S,S,3) of one batch."""
        chosen = self._some(self.collection.photos, rng)
        return [self._cut(shrunk(image, rng, smallest=self.settings.smallest), rng) for image in chosen]

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

    def _some(self, images: Pictures, rng: np.random.Generator) -> Pictures:
        return images[rng.choice(len(images), size=self.batch, replace=False)]

    def _cut(self, image: Pictures, rng: np.random.Generator) -> Pictures:
        """A random square of `size`, mirrored or not."""
        size = self.settings.size
        y, x = rng.integers(0, len(image) - size + 1, size=2)
        cut = image[y : y + size, x : x + size]
        return cut[:, ::-1] if rng.random() < self.settings.mirror else cut


def shrunk(image: Pictures, rng: np.random.Generator, *, smallest: float) -> Pictures:
    """A picture (S,S,3) at a random share of its size, from `smallest` to 1, somewhere on a white one of that size."""
    if smallest >= 1:
        return image
    size = len(image)
    side = max(1, round(size * rng.uniform(smallest, 1)))
    y, x = rng.integers(0, size - side + 1, size=2)
    sheet = np.full_like(image, 255)
    small = Image.fromarray(image).resize((side, side), Image.Resampling.LANCZOS)
    sheet[y : y + side, x : x + side] = np.asarray(small)
    return sheet


def to_tensor(images: list[Pictures]) -> Tensor:
    """uint8 (S,S) or (S,S,3) -> float32 (N,1,S,S) or (N,3,S,S) in [0,1]."""
    stack = np.stack(images)
    stack = stack[:, None] if stack.ndim == 3 else stack.transpose(0, 3, 1, 2)
    return torch.from_numpy(stack.astype(np.float32) / 255)
