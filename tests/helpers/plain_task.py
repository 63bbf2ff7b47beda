"""A task whose losses and gradients are means over its batch: several processes are to give what one gives.

`python plain_task.py OUT WORLD key=value ... [resume]` trains; with WORLD 2 in one process, on the batches of both.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from tiny_task import RECIPE, Product
from torch import nn

from s2pzoo.train import train


class Plain(Product):
    """Without dropout, and without statistics of a batch."""

    def __init__(self, *, recipe: Any, data: Path) -> None:
        super().__init__(recipe=recipe, data=data)
        self.networks["maker"] = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
        both = [*self.networks["maker"].parameters(), *self.networks["head"].parameters()]
        self.optimizers["maker"] = torch.optim.Adam(both, lr=recipe.schedule.lr)


class Joined(Plain):
    """What two processes would draw, one after the other."""

    def batches(self, *, start: int, rank: int = 0, workers: int = 0) -> Iterator[Any]:
        drawn = [super(Joined, self).batches(start=start, rank=one) for one in range(2)]
        for parts in zip(*drawn, strict=True):
            yield {"x": torch.cat([part["x"] for part in parts])}


if __name__ == "__main__":
    out, world, *words = sys.argv[1:]
    overrides = [word for word in words if "=" in word]
    task = Joined if world == "2" else Plain
    train(RECIPE, ".", out, overrides=["accelerator=cpu", *overrides], task=task, resume="resume" in words)
