"""A real task that trains in a second: a two-layer network learns the product of two numbers, with a critic beside it.

Run as a script, it trains until it is stopped: `python tiny_task.py OUT key=value ...`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from attrs import frozen
from PIL import Image
from torch import Tensor, nn

from s2pzoo.train import Recipe, Task, train

RECIPE = Recipe(name="tiny", task="tiny/product")


@frozen(kw_only=True)
class Rules:
    nan_at: int = -1
    width: int = 8


@frozen(kw_only=True)
class Weights:
    l2: float = 1.0


@frozen(kw_only=True)
class ProductRecipe(Recipe):
    weights: Weights = Weights()
    rules: Rules = Rules()


class Product(Task):
    Recipe = ProductRecipe

    def __init__(self, *, recipe: ProductRecipe, data: Path) -> None:
        super().__init__(recipe=recipe, data=data)
        width = recipe.rules.width
        self.networks = {
            "maker": nn.Sequential(nn.Linear(2, width), nn.BatchNorm1d(width), nn.Dropout(0.2), nn.Linear(width, 1)),
            "head": nn.Linear(1, 1),
            "critic": nn.Linear(1, 1),
            "bank": nn.BatchNorm1d(1, affine=False),  # only buffers
        }
        both = [*self.networks["maker"].parameters(), *self.networks["head"].parameters()]
        self.optimizers = {
            "maker": torch.optim.Adam(both, lr=recipe.schedule.lr),  # belongs to two networks
            "critic": torch.optim.SGD(self.networks["critic"].parameters(), lr=0.01, momentum=0.9),
        }
        self.ema = ("maker",)
        self.pool = torch.zeros(1)
        self.seen_rates: list[float] = []

    def draw(self, rng: np.random.Generator) -> Any:
        return {"x": torch.from_numpy(rng.random((self.recipe.schedule.batch, 2), dtype="float32"))}

    def step(self, batch: Any, index: int, backward: Any) -> dict[str, float]:
        self.seen_rates.append(self.optimizers["maker"].param_groups[0]["lr"])
        x = batch["x"]
        truth = x.prod(dim=1, keepdim=True)
        made = self.networks["head"](self.networks["maker"](x))
        self.optimizers["critic"].zero_grad()
        critic = self.networks["critic"](made.detach()).mean() - self.networks["critic"](truth).mean()
        backward(critic)
        self.optimizers["critic"].step()
        self.optimizers["maker"].zero_grad()
        l2 = (made - truth).square().mean()
        backward(self.weighted({"l2": l2}))
        self.optimizers["maker"].step()
        self.pool = 0.5 * self.pool + made.detach().mean()
        return {"l2": float("nan") if index == self.recipe.rules.nan_at else l2.item(), "pool": self.pool.item()}

    def sample(self, networks: Mapping[str, nn.Module]) -> Image.Image:
        assert not any(network.training for network in networks.values())
        value = networks["maker"](torch.rand(1, 2))
        assert not value.requires_grad
        return Image.new("L", (4, 4), 128)

    def bundle(self, networks: Mapping[str, nn.Module], folder: Path, metadata: Mapping[str, Any]) -> None:
        (folder / "manifest.json").write_text(json.dumps(metadata))

    def finished(self, networks: Mapping[str, nn.Module]) -> Any:
        raise NotImplementedError("it writes its bundle itself")

    def state(self) -> dict[str, Tensor]:
        return {"pool": self.pool}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        self.pool = state["pool"]


if __name__ == "__main__":
    result = train(RECIPE, ".", sys.argv[1], overrides=sys.argv[2:], task=Product)
    print(result.reason, result.step)
