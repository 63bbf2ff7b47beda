"""pix2pix: its U-Net, its objective and its step (Isola et al., CVPR 2017).

Here with the photo losses and critics of the methods it is compared with.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from attrs import frozen
from PIL import Image
from torch import Tensor, nn

from s2pzoo.interfaces import Generator
from s2pzoo.nn.blocks import init_normal
from s2pzoo.spec.fields import knob
from s2pzoo.spec.model import Model, Step
from s2pzoo.train.calibrate import recalibrate
from s2pzoo.train.paired import PairedBatches, PairedData, PhotoLosses, PhotoObjective, PhotoRules
from s2pzoo.train.recipe import Part, Recipe, part
from s2pzoo.train.sheet import sheet
from s2pzoo.train.task import Backward, Networks, Task, channels_last, numbers
from s2pzoo_baselines.config import FACES256, UNetConfig


class UNet(Generator):
    """sketch (N,1,S,S) -> photo (N,3,S,S) in [0,1]."""

    Config = UNetConfig

    def __init__(self, config: UNetConfig) -> None:
        super().__init__(config)
        widths = [min(config.base << level, config.widest) for level in range(config.downs)]
        inner = config.downs - 1
        self.down = nn.ModuleList(
            nn.Sequential(
                nn.LeakyReLU(0.2) if level else nn.Identity(),
                nn.Conv2d(a, b, 4, 2, 1),
                nn.BatchNorm2d(b) if 0 < level < inner else nn.Identity(),
            )
            for level, (a, b) in enumerate(zip([1, *widths], widths, strict=False))
        )
        self.up = nn.ModuleList(
            nn.Sequential(
                nn.ReLU(),
                nn.ConvTranspose2d(widths[level] * (1 if level == inner else 2), widths[level - 1], 4, 2, 1),
                nn.BatchNorm2d(widths[level - 1]),
                nn.Dropout(config.dropout if level > inner - 3 else 0.0),
            )
            for level in range(inner, 0, -1)
        )
        self.head = nn.Sequential(nn.ReLU(), nn.ConvTranspose2d(widths[0] * 2, 3, 4, 2, 1))
        self.apply(init_normal)

    def forward(self, *, sketch: Tensor) -> Tensor:
        x = sketch * 2 - 1
        skips = []
        for layer in self.down:
            x = layer(x)
            skips.append(x)
        skips.pop()
        for layer in self.up:
            x = torch.cat([layer(x), skips.pop()], dim=1)
        return self.head(x).tanh() / 2 + 0.5


@frozen(kw_only=True)
class Pix2PixNetworks:
    critic: Part = part("core/multiscale-patchgan", help="of photos", base=32, widest=128, scales=2)


@frozen(kw_only=True)
class Pix2PixWeights:
    l1: float = knob(10.0, low=0, paper=100.0, help="on [0,1]; the paper's 100 is on [-1,1]")
    perceptual: float = knob(1.0, low=0, paper=0.0, help="features of a network")
    gan: float = knob(1.0, low=0, paper=1.0, help="adversarial, eq. 1")
    feature_matching: float = knob(10.0, low=0, paper=0.0, help="features of the critic")


@frozen(kw_only=True)
class Pix2PixRecipe(Recipe):
    data: PairedData = PairedData()
    networks: Pix2PixNetworks = Pix2PixNetworks()
    losses: PhotoLosses = PhotoLosses()
    weights: Pix2PixWeights = Pix2PixWeights()
    rules: PhotoRules = PhotoRules()


class Pix2Pix(Task):
    """The U-Net on drawings x and their photos y: L1, perceptual, adversarial and feature-matching losses."""

    Recipe = Pix2PixRecipe

    def __init__(self, *, recipe: Any, data: Path) -> None:
        super().__init__(recipe=recipe, data=data)
        self.data = PairedBatches(recipe.data, data, batch=recipe.schedule.batch)
        self.networks = channels_last({"generator": UNet(FACES256)})
        self.ema = ("generator",)
        self.optimizers["generator"] = self.adam(self.networks["generator"])
        self.objective = PhotoObjective(self)

    def draw(self, rng: np.random.Generator) -> dict[str, Tensor]:
        return self.data.draw(rng)

    def step(self, batch: dict[str, Tensor], index: int, backward: Backward) -> dict[str, float]:
        x, y = batch["sketch"], batch["photo"]
        fake = self.networks["generator"](sketch=x)
        terms, judged = self.objective(fake, y, index, backward)
        self.minimise("generator", self.weighted(terms), backward)
        return numbers({**terms, **judged})

    def _calibrate(self, networks: Networks) -> None:
        def run() -> None:
            for batch in self.some_batches(16):
                networks["generator"](sketch=batch["sketch"])

        recalibrate([networks["generator"]], run)

    def sample(self, networks: Networks) -> Image.Image:
        self._calibrate(networks)
        batch = self.data.preview(self.device)
        photo = networks["generator"](sketch=batch["sketch"])
        return sheet({"sketch": batch["sketch"], "photo": photo, "truth": batch["photo"]})

    def finished(self, networks: Networks) -> tuple[Model, Networks]:
        self._calibrate(networks)
        return Model("baselines.pix2pix-faces256", steps=[Step("generator", FACES256)], blank_ok=True), networks

    def facts(self) -> dict[str, Any]:
        return self.data.facts()
