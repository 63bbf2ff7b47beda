"""What tasks on unpaired collections share: batches of sketches and photos that have nothing to do with each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from s2pzoo.data.unpaired import open_collection
from s2pzoo.errors import DataError, RecipeError
from s2pzoo.train.recipe import Recipe
from s2pzoo.train.task import Task, about_training

SMALLEST = 24
"""Side of the smallest pictures that the critics can judge."""


class UnpairedTask(Task):
    """A task on one collection; held-out sketches and photos for the samples.

    A batch is a dict of float32 tensors in [0,1], drawn independently: `sketch` (N,1,S,S), `photo` (N,3,S,S). Images
    are read at `load` pixels, a random square of `size` is cut out, and a share `mirror` of them is mirrored. With
    `smallest` below 1, photos are shrunk to between that and 1 first and lie anywhere on white, as drawings on paper.
    """

    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "data": {"collection": ".", "size": 128, "load": 140, "mirror": 0.5, "smallest": 1.0},
    }

    def __init__(self, *, recipe: Recipe, data: Path) -> None:
        super().__init__(recipe=recipe, data=data)
        settings = recipe.data
        if settings.size % 4 or not SMALLEST <= settings.size <= settings.load:
            raise RecipeError(
                f"data.size={settings.size} and data.load={settings.load} cannot be.",
                why="Squares of `size` pixels are cut out of pictures of `load` pixels, and halved twice.",
                fix=f"Give a size of at least {SMALLEST} that divides by 4, and a load that is not smaller.",
            )
        folder = Path(data) / settings.collection
        self.collection = open_collection(folder, size=settings.load)
        self.preview = open_collection(folder, size=settings.size, split="test")
        few = min(len(self.collection.sketches), len(self.collection.photos))
        if few < recipe.schedule.batch:
            raise DataError(
                f"{folder} has too little to train on.",
                why=f"A batch takes {recipe.schedule.batch} photos and sketches; there are {few} of one.",
                fix="Add some, or lower schedule.batch.",
            )

    def batches(self, *, start: int, rank: int = 0, world: int = 1) -> Iterator[dict[str, Tensor]]:
        step = start
        while True:
            yield {name: to_tensor(images) for name, images in self.draw_batch(self.rng(step, rank)).items()}
            step += 1

    def draw_batch(self, rng: np.random.Generator) -> dict[str, list[NDArray[np.uint8]]]:
        """Images (S,S) or (S,S,3) of one batch by name; a subclass adds its own."""
        count = self.recipe.schedule.batch
        return {
            "sketch": [self.augment(image, rng) for image in self.some(self.collection.sketches, rng, count)],
            "photo": self.draw_photos(rng),
        }

    def draw_photos(self, rng: np.random.Generator) -> list[NDArray[np.uint8]]:
        """The photos of one batch."""
        settings, count = self.recipe.data, self.recipe.schedule.batch
        chosen = self.some(self.collection.photos, rng, count)
        return [self.augment(shrunk(image, rng, smallest=settings.smallest), rng) for image in chosen]

    def some(self, images: NDArray[np.uint8], rng: np.random.Generator, count: int) -> NDArray[np.uint8]:
        """`count` different images at random."""
        return images[rng.choice(len(images), size=count, replace=False)]

    def augment(self, image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        """A random square of `size`, mirrored or not."""
        size = self.recipe.data.size
        y, x = rng.integers(0, len(image) - size + 1, size=2)
        cut = image[y : y + size, x : x + size]
        return cut[:, ::-1] if rng.random() < self.recipe.data.mirror else cut

    def about(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """What a bundle says of itself: the recipe's [output], and what it was trained on, without absolute paths."""
        own = self.collection
        return about_training(self.recipe, {"photos": len(own.photos), "sketches": len(own.sketches), **metadata})

    def preview_batch(self, *, count: int = 10) -> dict[str, Tensor]:
        """The same held-out sketches and photos every time."""
        chosen = {"sketch": self.preview.sketches, "photo": self.preview.photos}
        return {
            name: to_tensor(list(images[np.linspace(0, len(images) - 1, count).astype(int)])).to(self.device)
            for name, images in chosen.items()
        }


def shrunk(image: NDArray[np.uint8], rng: np.random.Generator, *, smallest: float) -> NDArray[np.uint8]:
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


def to_tensor(images: list[NDArray[np.uint8]]) -> Tensor:
    """uint8 (S,S) or (S,S,3) -> float32 (N,1,S,S) or (N,3,S,S) in [0,1]."""
    stack = np.stack(images)
    stack = stack[:, None] if stack.ndim == 3 else stack.transpose(0, 3, 1, 2)
    return torch.from_numpy(stack.astype(np.float32) / 255)
