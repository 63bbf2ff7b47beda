"""Training of the baselines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from PIL import Image
from torch import Tensor, nn

from s2pzoo.nn.blocks import init_normal
from s2pzoo.nn.patchgan import MultiScaleDiscriminator
from s2pzoo.train.calibrate import recalibrate
from s2pzoo.train.faces import channels_last, sheet
from s2pzoo.train.photo import PhotoTask
from s2pzoo.train.recipe import Recipe
from s2pzoo.train.task import Backward
from s2pzoo.weights.bundle import write_bundle
from s2pzoo_baselines.config import FACES256
from s2pzoo_baselines.pix2pix import UNet
from s2pzoo_baselines.plugin import s2pzoo_models


class Pix2Pix(PhotoTask):
    """pix2pix on the face corpus, with the photo losses and the discriminator of the method it is compared with."""

    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        **PhotoTask.defaults,
        "networks": {
            **PhotoTask.defaults["networks"],
            "discriminator": {"base": 32, "widest": 128, "scales": 2},
        },
    }

    def __init__(self, *, recipe: Recipe, data: Path) -> None:
        super().__init__(recipe=recipe, data=data)
        discriminator = MultiScaleDiscriminator(3, **recipe.networks.discriminator.to_dict()).apply(init_normal)
        self.networks = channels_last({"generator": UNet(FACES256), "discriminator": discriminator})
        self.optimizers = {name: self.adam(network) for name, network in self.networks.items()}
        self.ema = ("generator",)

    def step(self, batch: dict[str, Tensor], index: int, backward: Backward) -> dict[str, float]:
        fake = self.networks["generator"](sketch=batch["sketch"])
        return self.improve(fake, batch["photo"], index, backward)

    def _calibrate(self, networks: Mapping[str, nn.Module]) -> None:
        def run() -> None:
            for batch in self.some_batches(16):
                networks["generator"](sketch=batch["sketch"])

        recalibrate([networks["generator"]], run)

    def sample(self, networks: Mapping[str, nn.Module]) -> Image.Image:
        self._calibrate(networks)
        batch = self.preview_batch()
        photo = networks["generator"](sketch=batch["sketch"])
        return sheet({"sketch": batch["sketch"], "photo": photo, "truth": batch["photo"]})

    def bundle(self, networks: Mapping[str, nn.Module], folder: Path, metadata: Mapping[str, Any]) -> None:
        self._calibrate(networks)
        (model,) = s2pzoo_models()
        write_bundle(
            folder, model_name=model.name, steps=model.steps, components={"generator": networks["generator"]},
            metadata=self.about(metadata), dtype="float16",
        )  # fmt: skip
