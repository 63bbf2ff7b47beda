"""What every task trained on the face corpus shares: batches of sketches and photos, and the faces of the samples."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from s2pzoo.data.corpus import Corpus, open_corpus
from s2pzoo.imaging.rough import LEVELS
from s2pzoo.imaging.sheet import contact_sheet
from s2pzoo.train.recipe import Recipe
from s2pzoo.train.task import Task


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

    def adam(self, *modules: nn.Module) -> torch.optim.Adam:
        """Adam over the modules, as the recipe's schedule says."""
        parameters = [parameter for module in modules for parameter in module.parameters()]
        schedule = self.recipe.schedule
        return torch.optim.Adam(parameters, lr=schedule.lr, betas=tuple(schedule.betas))

    def about(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """What a bundle says of itself: the recipe's [output], and how it was trained, without absolute paths."""
        recipe = {key: value for key, value in metadata["recipe"].items() if key != "output"}
        people = len({face["person"] for face in self.corpus.people})
        facts = {"faces": len(self.corpus), "people": people, **metadata, "recipe": recipe}
        return {"training": _without_folders(facts), **self.recipe.output.to_dict()}

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


def _without_folders(value: Any) -> Any:
    """The same data, with absolute paths cut to their last part."""
    if isinstance(value, Mapping):
        return {key: _without_folders(item) for key, item in value.items()}
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value


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


def channels_last(networks: dict[str, nn.Module]) -> dict[str, nn.Module]:
    """The networks with their convolutions' weights in the memory format that is fastest, on a CPU as on a GPU."""
    return {name: network.to(memory_format=torch.channels_last) for name, network in networks.items()}


def sheet(columns: Mapping[str, Tensor], *, cell: int = 192) -> Image.Image:
    """A contact sheet of batches in [0,1]: a row a face, a column a name."""
    pictures = [[to_pil(image) for image in batch.float().cpu()] for batch in columns.values()]
    return contact_sheet([list(row) for row in zip(*pictures, strict=True)], list(columns), cell=cell)


def to_pil(image: Tensor) -> Image.Image:
    """(C,H,W) in [0,1], one or three channels -> a picture."""
    array = (image.clamp(0, 1).permute(1, 2, 0).numpy() * 255 + 0.5).astype(np.uint8)
    return Image.fromarray(array.squeeze(-1) if array.shape[-1] == 1 else array)
