"""Training of the baselines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, cast

from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from s2pzoo.names import parse_model
from s2pzoo.nn.blocks import init_normal
from s2pzoo.nn.patchgan import MultiScaleDiscriminator
from s2pzoo.train.calibrate import recalibrate
from s2pzoo.train.photo import PhotoTask
from s2pzoo.train.recipe import Recipe
from s2pzoo.train.sheet import sheet
from s2pzoo.train.task import Backward, channels_last
from s2pzoo.train.translation import TranslationTask
from s2pzoo.weights.bundle import write_bundle
from s2pzoo_baselines.config import FACES256, ResnetConfig
from s2pzoo_baselines.cyclegan import Resnet
from s2pzoo_baselines.pix2pix import UNet
from s2pzoo_baselines.plugin import cycle_steps, unet_steps


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
        self.optimizers = {
            "generator": self.adam(self.networks["generator"]),
            "discriminator": self.adam(discriminator, rate=recipe.losses.critic_rate),
        }
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
        write_bundle(
            folder, model_name="baselines.pix2pix-faces256", steps=unet_steps(FACES256),
            components={"generator": networks["generator"]}, metadata=self.about(metadata), dtype="float16",
        )  # fmt: skip


class CycleGAN(TranslationTask):
    """CycleGAN on a collection of sketches and photos: adversarial and cycle losses in both directions.

    The recipe's name is the bundle's. `identity` is off, as in the paper's objective: where the paper adds it, for
    paintings and photos (section 5.2), it keeps the colours of what is put in, and a sketch has none to keep.
    """

    kinds: ClassVar[Mapping[str, int]] = {"photo": 3, "sketch": 1}
    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        **TranslationTask.defaults,
        "networks": {
            **TranslationTask.defaults["networks"],
            "generator": {"base": 64, "downs": 2, "blocks": 9, "kernel": 7},
        },
        "losses": {**TranslationTask.defaults["losses"], "cycle": 10.0, "identity": 0.0},
    }

    def __init__(self, *, recipe: Recipe, data: Path) -> None:
        parse_model(recipe.name)
        super().__init__(recipe=recipe, data=data)
        config = ResnetConfig(size=recipe.data.size, **recipe.networks.generator.to_dict())
        self.add_generators(generator=Resnet(config), sketcher=Resnet(config.back()))

    def step(self, batch: dict[str, Tensor], index: int, backward: Backward) -> dict[str, float]:
        terms, fakes = self.translate(batch["sketch"], batch["photo"])
        return self.improve(terms, fakes, batch, index, backward)

    def translate(self, sketch: Tensor, photo: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """The terms but the adversarial ones, and the fakes by kind."""
        generator, sketcher = self.networks["generator"], self.networks["sketcher"]
        made, drawn = generator(sketch=sketch), sketcher(photo=photo)
        terms = {"cycle": F.l1_loss(sketcher(photo=made), sketch) + F.l1_loss(generator(sketch=drawn), photo)}
        if self.recipe.losses.identity:
            terms["identity"] = F.l1_loss(generator(sketch=photo), photo) + F.l1_loss(sketcher(photo=sketch), sketch)
        return terms, {"photo": made, "sketch": drawn}

    def sample(self, networks: Mapping[str, nn.Module]) -> Image.Image:
        batch, generator, sketcher = self.preview_batch(), networks["generator"], networks["sketcher"]
        photo = generator(sketch=batch["sketch"])
        columns = {"sketch": batch["sketch"], "photo": photo, "and back": sketcher(photo=photo)}
        columns |= {"a photo": batch["photo"], "its sketch": sketcher(photo=batch["photo"])}
        return sheet(columns, cell=128)

    def bundle(self, networks: Mapping[str, nn.Module], folder: Path, metadata: Mapping[str, Any]) -> None:
        parts = {name: networks[name] for name in self.ema}
        config = cast(ResnetConfig, cast(Resnet, parts["generator"]).config)
        write_bundle(
            folder, model_name=self.recipe.name, steps=cycle_steps(config), components=parts,
            metadata=self.about(metadata), dtype="float16",
        )  # fmt: skip
