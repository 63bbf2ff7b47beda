"""Drawings and the photos they are of, from a declared dataset: batches, and how made photos are compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from attrs import frozen
from torch import Tensor
from torch.nn import functional as F

from s2pzoo.data.dataset import Dataset, open_dataset, open_joined
from s2pzoo.imaging.rough import LEVELS
from s2pzoo.spec.fields import knob
from s2pzoo.train.adversary import Adversary
from s2pzoo.train.recipe import Part, part
from s2pzoo.train.task import Backward, Task


@frozen(kw_only=True)
class PairedData:
    """The `[data]` of a training on drawings and their photos."""

    dataset: str = knob("", help="the declared dataset, plugin/dataset; empty: whichever can read the folders")
    corpus: str = knob("train256", help="folder of the training data, in the data folder; several: joined by +")
    preview: str = knob("test256", help="folder of what is held out, for the samples")
    mirrored: bool = knob(False, help="each drawing and its photo are used twice, once mirrored")
    clean: float = knob(0.35, low=0, help="how often a sketch is clean")
    rough: float = knob(0.4, low=0, help="how often it is rough")
    very_rough: float = knob(0.25, low=0, help="how often it is very rough")


@frozen(kw_only=True)
class PhotoLosses:
    """Which, where photos are compared with true ones and judged."""

    adversarial: Part = part("core/lsgan", help="of the critics")
    perceptual: Part = part("core/perceptual", help="of `perceptual`")
    matching: Part = part("core/feature-matching", help="of `feature_matching`")


@frozen(kw_only=True)
class PhotoRules:
    """How photos are judged."""

    crop: int = knob(0, low=0, help="all losses but L1 look at one random square of so many pixels; 0: the whole photo")
    critic_start: float = knob(0.0, low=0, high=1, help="share of the steps after which the critics join")
    critic_rate: float = knob(1.0, low=0, help="their learning rate, times the generators'")


class PhotoObjective:
    """How photos that a task makes are compared with true ones: L1, features of a network, and critics of photos.

    It adds an Adversary to the task, whose recipe has `losses` as `PhotoLosses` and `rules` as `PhotoRules`.
    """

    def __init__(self, task: Task) -> None:
        self.task, recipe = task, task.recipe
        losses = recipe.losses
        self.gan = Adversary(
            task, recipe.networks.critic, losses.adversarial, kinds=("photo",), rate=recipe.rules.critic_rate,
            matching=losses.matching,
        )  # fmt: skip
        task.frozen["perceptual"] = losses.perceptual.make()

    def __call__(
        self, fake: Tensor, y: Tensor, index: int, backward: Backward
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """The generators' terms of photos (N,3,S,S) at a step; the critics, who make theirs, and their loss."""
        task, rules = self.task, self.task.recipe.rules
        at = window(y.shape[-1], rules.crop, task.rng(index, 1))
        real, shown = y[at], fake[at]
        terms = {"l1": F.l1_loss(fake, y), "perceptual": task.frozen["perceptual"].total(fake=shown, real=real)}
        if index < rules.critic_start * task.recipe.schedule.steps:
            return terms, {}
        judged = {"critics": self.gan.judge(backward, task.rng(index, 2), photo=(real, shown))}
        terms["gan"] = self.gan.fool(photo=shown)
        terms["feature_matching"] = self.gan.match(photo=(real, shown))
        return terms, judged


class PairedBatches:
    """Drawings of all levels of roughness with their photos; some that are held out, for the samples.

    Batches are dicts of float32 tensors in [0,1]: `sketch` (N,1,S,S), `clean` (N,1,S,S), `photo` (N,3,S,S).

    Raises:
        DataError: a folder that no dataset can read.
    """

    def __init__(self, settings: PairedData, folder: Path, *, batch: int) -> None:
        self.batch, self.mirrored = batch, settings.mirrored
        self.known = open_joined(folder / settings.corpus, name=settings.dataset)
        self.held_out = open_dataset(folder / settings.preview, name=settings.dataset)
        odds = np.array([getattr(settings, level.replace(" ", "_")) for level in LEVELS], np.float64)
        self.odds = odds / odds.sum()

    def draw(self, rng: np.random.Generator) -> dict[str, Tensor]:
        """One batch."""
        indices = rng.integers(len(self.known), size=-(-self.batch // 2) if self.mirrored else self.batch)
        levels = rng.choice(list(LEVELS), size=len(indices), p=self.odds)
        batch = pairs(self.known, indices, rng, levels=[str(level) for level in levels])
        if not self.mirrored:
            return batch
        return {name: torch.cat([one, one.flip(-1)])[: self.batch] for name, one in batch.items()}

    def preview(self, device: torch.device, *, count: int = 9) -> dict[str, Tensor]:
        """The same held-out ones every time, a third of them at each level of roughness."""
        indices = np.linspace(0, len(self.held_out) - 1, count).astype(int)
        levels = [list(LEVELS)[i * len(LEVELS) // count] for i in range(count)]
        batch = pairs(self.held_out, indices, np.random.default_rng(0), levels=levels)
        return {name: tensor.to(device) for name, tensor in batch.items()}

    def facts(self) -> dict[str, int]:
        """How much there is to learn from."""
        return {"photos": len(self.known), "people": len({tags["person"] for tags in self.known.tags})}


def pairs(dataset: Dataset, indices: Any, rng: np.random.Generator, *, levels: list[str]) -> dict[str, Tensor]:
    """Some of a dataset, each sketched at random at its level."""
    sketches = [dataset.sketch(int(i), rng, level=level) for i, level in zip(indices, levels, strict=True)]
    cleans = [dataset.clean(int(i)) for i in indices]
    photos = [dataset.photo(int(i)).transpose(2, 0, 1) for i in indices]
    return {
        "sketch": torch.from_numpy(np.stack(sketches)[:, None]),
        "clean": torch.from_numpy(np.stack(cleans)[:, None]),
        "photo": torch.from_numpy(np.stack(photos)),
    }


def window(size: int, side: int, rng: np.random.Generator) -> tuple[Any, ...]:
    """A random square of `side` pixels (0: everything) of pictures of `size`, as an index."""
    if not side or side >= size:
        return (...,)
    y, x = rng.integers(0, size - side + 1, size=2)
    return ..., slice(y, y + side), slice(x, x + side)
