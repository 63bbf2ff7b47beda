"""Training of the initialiser alone, with any encoder in it: z of a drawing for a trained G. Not in the paper."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from attrs import evolve, frozen
from PIL import Image
from torch import Tensor, nn

from s2pzoo.errors import RecipeError
from s2pzoo.host.parts import Part, own_encoder
from s2pzoo.host.registry import default_registry
from s2pzoo.pipeline.plan import found
from s2pzoo.spec.fields import knob, read
from s2pzoo.spec.model import Model
from s2pzoo.train.recipe import Recipe
from s2pzoo.train.sheet import sheet
from s2pzoo.train.start import begin
from s2pzoo.train.task import Backward, Networks, Task, channels_last, numbers
from s2pzoo_contextualgan.config import EncoderConfig, Preset, ProjectionConfig
from s2pzoo_contextualgan.joint import ContextEncoder
from s2pzoo_contextualgan.pairs import open_pairs
from s2pzoo_contextualgan.plugin import model_steps
from s2pzoo_contextualgan.projection import Projection
from s2pzoo_contextualgan.training import PREVIEW, Data, Pair


@frozen(kw_only=True)
class InitialiserNetworks:
    model: str = knob("contextualgan.faces64", help="whose G and initialiser: a trained model, or its folder")
    encoder: Part = own_encoder()


@frozen(kw_only=True)
class Weights:
    z: float = knob(1.0, low=0, help="the z that the model's own initialiser gives the whole pair, squared error")
    photo: float = knob(4.0, low=0, help="G's photo of the z, against the true one, absolute error")
    sketch: float = knob(1.0, low=0, help="the same of its sketch")


@frozen(kw_only=True)
class InitialiserRecipe(Recipe):
    data: Data = Data()
    networks: InitialiserNetworks = InitialiserNetworks()
    weights: Weights = Weights()


class Initialiser(Task):
    """E, with an encoder of any plugin: a drawing to the z from which G, which stays as it is, makes the pair."""

    Recipe = InitialiserRecipe

    def __init__(self, *, recipe: Any, data: Path) -> None:
        super().__init__(recipe=recipe, data=data)
        bundle, _ = found(default_registry(), recipe.networks.model)
        configs = {step.name: step.config for step in bundle.manifest.steps}
        if "initialiser" not in configs:
            raise RecipeError(
                f"{recipe.networks.model} has no initialiser.", why=f"Its steps are {', '.join(configs)}.",
                fix="Name a model of contextualgan/joint that was trained with weights.reconstruction above 0.",
            )  # fmt: skip
        config = read(EncoderConfig, configs["initialiser"])
        self.projection = Projection(read(ProjectionConfig, configs["projection"]))
        teacher = ContextEncoder(config)
        bundle.load_into({"initialiser": teacher, "projection": self.projection})
        self.frozen |= {"generator": self.projection.generator, "teacher": teacher}
        for one in self.frozen.values():
            one.eval().requires_grad_(False)
        made = {"initialiser": ContextEncoder(evolve(config, encoder=recipe.networks.encoder))}
        begin(made, "")
        self.networks, self.ema = channels_last(made), ("initialiser",)
        self.optimizers["initialiser"] = self.adam(*made.values())
        settings, side = recipe.data, config.side
        self.pairs, self.preview = (
            open_pairs(
                data / folder,
                side=side,
                drawings=settings.drawings,
                faces=count,
                dataset=settings.dataset,
                workers=recipe.schedule.workers,
            )
            for folder, count in ((settings.corpus, settings.faces), (settings.preview, PREVIEW))
        )

    def draw(self, rng: np.random.Generator) -> Pair:
        return self.pairs.batch(self.recipe.schedule.batch, rng)

    def step(self, batch: Pair, index: int, backward: Backward) -> dict[str, float]:
        seen = torch.ones_like(batch["sketch"])
        with torch.no_grad():
            wanted = self.frozen["teacher"].guess(**batch, sketch_known=seen, photo_known=seen)[0]
        z = self._z(self.networks, batch)
        made = self.frozen["generator"](latent=z)
        terms = {"z": (z - wanted).square().mean()}
        terms |= {half: (made[half] - batch[half]).abs().mean() for half in ("photo", "sketch")}
        self.minimise("initialiser", self.weighted(terms), backward)
        return numbers(terms)

    def _z(self, networks: Mapping[str, Any], batch: Pair) -> Tensor:
        seen = torch.ones_like(batch["sketch"])
        guess = cast(ContextEncoder, networks["initialiser"]).guess
        return guess(**batch, sketch_known=seen, photo_known=torch.zeros_like(seen))[0]

    def sample(self, networks: Networks) -> Image.Image:
        batch = {
            name: images.to(self.device) for name, images in self.preview.batch(8, np.random.default_rng(0)).items()
        }
        before = self.frozen["generator"](latent=self._z({"initialiser": self.frozen["teacher"]}, batch))["photo"]
        made = self.frozen["generator"](latent=self._z(networks, batch))
        columns = {"held out": batch["sketch"], "sketch": made["sketch"], "photo": made["photo"]}
        return sheet({**columns, "by its own": before, "truth": batch["photo"]}, cell=96)

    def finished(self, networks: Networks) -> tuple[Model, Networks]:
        config, projection = networks["initialiser"].config, self.projection.config
        preset = Preset(generator=projection.generator, discriminator=projection.discriminator, encoder=config)
        parts: dict[str, nn.Module] = {"initialiser": networks["initialiser"], "projection": self.projection}
        return Model(self.recipe.name, steps=model_steps(preset), size=config.size), parts

    def facts(self) -> dict[str, Any]:
        return {
            "photos": len(self.pairs),
            "drawings": self.pairs.sketches.shape[1],
            "model": self.recipe.networks.model,
        }
