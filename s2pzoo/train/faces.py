"""What every task trained on the face corpus shares: batches of sketches and photos, and the faces of the samples."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from s2pzoo.data.corpus import Corpus, open_corpus
from s2pzoo.imaging.rough import LEVELS
from s2pzoo.train.recipe import Recipe
from s2pzoo.train.task import Task, about_training


class FaceTask(Task):
    """A task on a folder with two face corpora: one to train on, one of people held out for the samples.

    Batches are dicts of float32 tensors in [0,1]: `sketch` (N,1,S,S), `clean` (N,1,S,S), `photo` (N,3,S,S).
    """

    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "data": {
            "corpus": "train256",  # folder of the training corpus, in the data folder
            "preview": "test256",  # folder of the corpus of held-out people, for the samples
            "clean": 0.35,  # how often a sketch is clean, rough, very rough
            "rough": 0.4,
            "very_rough": 0.25,
        }
    }

    def __init__(self, *, recipe: Recipe, data: Path) -> None:
        super().__init__(recipe=recipe, data=data)
        self.corpus = open_corpus(data / recipe.data.corpus)
        self.preview = open_corpus(data / recipe.data.preview)
        odds = np.array([recipe.data[level.replace(" ", "_")] for level in LEVELS], np.float64)
        self.odds = odds / odds.sum()

    def batches(self, *, start: int, rank: int = 0, world: int = 1) -> Iterator[dict[str, Tensor]]:
        step = start
        while True:
            rng = self.rng(step, rank)
            indices = rng.integers(len(self.corpus), size=self.recipe.schedule.batch)
            levels = rng.choice(list(LEVELS), size=len(indices), p=self.odds)
            yield faces(self.corpus, indices, rng, levels=[str(level) for level in levels])
            step += 1

    def about(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """What a bundle says of itself: the recipe's [output], and how it was trained, without absolute paths."""
        people = len({face["person"] for face in self.corpus.people})
        return about_training(self.recipe, {"faces": len(self.corpus), "people": people, **metadata})

    def some_batches(self, count: int) -> Iterator[dict[str, Tensor]]:
        """The first few batches of the training, on the device."""
        for batch in itertools.islice(self.batches(start=0), count):
            yield {name: tensor.to(self.device) for name, tensor in batch.items()}

    def preview_batch(self, *, count: int = 9) -> dict[str, Tensor]:
        """The same held-out faces every time, a third of them at each level of roughness."""
        indices = np.linspace(0, len(self.preview) - 1, count).astype(int)
        levels = [list(LEVELS)[i * len(LEVELS) // count] for i in range(count)]
        batch = faces(self.preview, indices, np.random.default_rng(0), levels=levels)
        return {name: tensor.to(self.device) for name, tensor in batch.items()}


def faces(corpus: Corpus, indices: Any, rng: np.random.Generator, *, levels: list[str]) -> dict[str, Tensor]:
    """Faces of a corpus, each sketched at random at its level: sketch, clean, photo as float32 tensors in [0,1]."""
    sketches = [corpus.sketch(int(i), rng, level=level) for i, level in zip(indices, levels, strict=True)]
    cleans = [corpus.clean(int(i)) for i in indices]
    photos = [corpus.photo(int(i)).transpose(2, 0, 1) for i in indices]
    return {
        "sketch": torch.from_numpy(np.stack(sketches)[:, None]),
        "clean": torch.from_numpy(np.stack(cleans)[:, None]),
        "photo": torch.from_numpy(np.stack(photos)),
    }
