"""Training of stage 2, content enhancement (paper section 3.2; docs/ups.md)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
import torch
from attrs import evolve
from numpy.typing import NDArray
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from s2pzoo.errors import RecipeError
from s2pzoo.losses.content import content, intensity, luma, style
from s2pzoo.losses.perceptual import PerceptualLoss
from s2pzoo.train.recipe import Recipe
from s2pzoo.train.sheet import sheet
from s2pzoo.train.task import Backward
from s2pzoo.train.translation import TranslationTask
from s2pzoo.weights.bundle import write_bundle
from s2pzoo_ups.content import ContentEnhancement
from s2pzoo_ups.content_config import CONTENTS, ContentConfig
from s2pzoo_ups.plugin import content_steps

LOSS_KINDS = {"intensity_kind": ("luma", "lab"), "style_kind": ("mse", "l2"), "content_kind": ("mse", "l1")}


class Stage2(TranslationTask):
    """C and D_I on gray photos and unpaired photos: adversarial, intensity, style and content losses.

    In a share `reference` of the steps a random photo is the reference. `own` is no part of the paper: in so many steps
    the reference is the photo that the gray one was made of, which C has to bring back (`own_l1`, `own_perceptual`).
    The paper's VGG-19 needs `networks.content.encoder_weights`, a safetensors file of its first 26 layers.
    """

    kinds: ClassVar[Mapping[str, int]] = {"photo": 3}
    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "data": {**TranslationTask.defaults["data"], "reference": 0.2, "own": 0.0},
        "networks": {
            **TranslationTask.defaults["networks"],
            "content": {"preset": "light128", "encoder_weights": ""},
            "perceptual": {"backbone": ""},  # a file of local backbone weights; empty: the standard ones
        },
        "losses": {
            **TranslationTask.defaults["losses"],
            "intensity": 10.0,
            "intensity_kind": "luma",
            "style": 0.1,
            "style_kind": "mse",
            "content": 0.05,
            "content_kind": "mse",
            "own_l1": 10.0,
            "own_perceptual": 0.0,
        },
    }

    def __init__(self, *, recipe: Recipe, data: Path) -> None:
        super().__init__(recipe=recipe, data=data)
        settings, losses, wanted = recipe.data, recipe.losses, recipe.networks.content
        if min(settings.reference, settings.own) < 0 or settings.reference + settings.own > 1:
            raise RecipeError(
                "data.reference and data.own are shares of the steps.", fix="Give two that add up to at most 1."
            )
        for name, known in LOSS_KINDS.items():
            if losses[name] not in known:
                raise RecipeError(f"losses.{name} cannot be {losses[name]!r}.", fix=f"Use one of {', '.join(known)}.")
        network = ContentEnhancement(evolve(content_preset(wanted.preset), size=settings.size))
        if network.config.encoder == "vgg19":
            _load_encoder(network, wanted.encoder_weights)
        self.add_generators(content=network)
        if settings.own and losses.own_perceptual:
            self.frozen = {"perceptual": PerceptualLoss(backbone=recipe.networks.perceptual.backbone or None)}

    def draw_batch(self, rng: np.random.Generator) -> dict[str, list[NDArray[np.uint8]]]:
        # The photos are coloured anew; the others are what is real, and the references.
        return {**super().draw_batch(rng), "other": self.draw_photos(rng)}

    def step(self, batch: dict[str, Tensor], index: int, backward: Backward) -> dict[str, float]:
        photo, other = batch["photo"], batch["other"]
        dice, settings = self.rng(index, 2).random(), self.recipe.data
        reference = photo if dice < settings.own else other if dice < settings.own + settings.reference else None
        terms, fake = self.enhance(luma(photo), reference)
        if reference is photo:
            terms["own_l1"] = (fake - photo).abs().mean()
            if "perceptual" in self.frozen:
                terms["own_perceptual"] = self.frozen["perceptual"](fake, photo)
        return self.improve(terms, {"photo": fake}, {"photo": other}, index, backward)

    def enhance(self, gray: Tensor, reference: Tensor | None) -> tuple[dict[str, Tensor], Tensor]:
        """The terms of C(G, R) but the adversarial one, and the photo."""
        losses, network = self.recipe.losses, cast(ContentEnhancement, self.networks["content"])
        t = network.target(gray, reference)
        fake = network.decode(t)
        terms = {"intensity": intensity(fake, gray, losses.intensity_kind)}
        if reference is not None:
            made = network.encode(fake, fixed=True)
            with torch.no_grad():
                wanted = network.encode(reference)
            terms["style"] = style(made, wanted, losses.style_kind)
            terms["content"] = content(made[-1], t, losses.content_kind)
        return terms, fake

    def sample(self, networks: Mapping[str, nn.Module]) -> Image.Image:
        photo, network = self.preview_batch()["photo"], networks["content"]
        gray = luma(photo)
        columns = {"gray": gray, "no reference": network(gray=gray), "its own": network(gray=gray, reference=photo)}
        for shift in (1, 2, 3):
            reference = photo.roll(shift, 0)
            columns |= {f"reference {shift}": reference, f"with {shift}": network(gray=gray, reference=reference)}
        return sheet({**columns, "truth": photo}, cell=128)

    def bundle(self, networks: Mapping[str, nn.Module], folder: Path, metadata: Mapping[str, Any]) -> None:
        network = cast(ContentEnhancement, networks["content"])
        write_bundle(
            folder, model_name="ups.stage2", steps=content_steps(cast(ContentConfig, network.config)),
            components={"content": network}, input="gray", metadata=self.about(metadata), dtype="float16",
        )  # fmt: skip


def content_preset(name: str) -> ContentConfig:
    """The network C by the name of its preset; RecipeError when there is none."""
    if name not in CONTENTS:
        raise RecipeError(f"There is no preset {name!r}.", fix=f"Use one of {', '.join(CONTENTS)}.")
    return CONTENTS[name]


def _load_encoder(network: ContentEnhancement, path: str) -> None:
    if not path:
        raise RecipeError(
            "The paper's C needs the weights of its VGG-19.", why="They are not ours to ship.",
            fix="Set networks.content.encoder_weights to a safetensors file of them, or use the preset light128.",
        )  # fmt: skip
    try:
        network.encoder.load_state_dict(load_file(path))
    except (OSError, RuntimeError, SafetensorError) as error:
        raise RecipeError(f"{path} does not hold the weights of the VGG-19.", why=str(error)) from error
