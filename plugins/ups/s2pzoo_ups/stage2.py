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
from s2pzoo.train.start import begin, begun
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
    the reference is the photo that the gray one was made of. C has to bring it back then, and in the steps without a
    reference, too (`own_l1`, `own_perceptual`, `own_chroma`). A share `recoloured` of the photos that are their own
    reference gets random colours first, which nothing but the reference tells of.
    The paper's VGG-19 needs `networks.content.encoder_weights`, a safetensors file of its first 26 layers.
    """

    kinds: ClassVar[Mapping[str, int]] = {"photo": 3}
    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "data": {**TranslationTask.defaults["data"], "reference": 0.2, "own": 0.0, "recoloured": 0.0},
        "networks": {
            **TranslationTask.defaults["networks"],
            "content": {"preset": "light128", "encoder_weights": ""},
            "perceptual": {"backbone": ""},  # a file of local backbone weights; empty: the standard ones
            "start": {"bundle": ""},  # a folder that stage 2 wrote, to begin with its C; empty: at random
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
            "own_chroma": 0.0,
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
        begin({"content": network}, recipe.networks.start.bundle)
        self.add_generators(content=network)
        if settings.own and losses.own_perceptual:
            self.frozen = {"perceptual": PerceptualLoss(backbone=recipe.networks.perceptual.backbone or None)}

    def draw_batch(self, rng: np.random.Generator) -> dict[str, list[NDArray[np.uint8]]]:
        # The photos are coloured anew; the others are what is real, and the references.
        return {**super().draw_batch(rng), "other": self.draw_photos(rng)}

    def step(self, batch: dict[str, Tensor], index: int, backward: Backward) -> dict[str, float]:
        photo, other = batch["photo"], batch["other"]
        rng, settings = self.rng(index, 2), self.recipe.data
        dice = rng.random()
        if dice < settings.own * settings.recoloured:
            photo, other = recoloured(photo, rng), recoloured(other, rng)
        reference = photo if dice < settings.own else other if dice < settings.own + settings.reference else None
        terms, fake = self.enhance(luma(photo), reference)
        if settings.own and reference is not other:
            terms |= own_terms(fake, photo)
            if "perceptual" in self.frozen:
                terms["own_perceptual"] = self.frozen["perceptual"](fake, photo)
        return self.improve(terms, {"photo": fake}, {"photo": other}, index, backward)

    def enhance(self, gray: Tensor, reference: Tensor | None) -> tuple[dict[str, Tensor], Tensor]:
        """The terms of C(G, R) but the adversarial one, and the photo."""
        losses, network = self.recipe.losses, cast(ContentEnhancement, self.networks["content"])
        fake, t = self.networks["content"](gray=gray, reference=reference, maps=True)
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
        metadata = {**metadata, **begun({"start": self.recipe.networks.start.bundle})}
        write_bundle(
            folder, model_name="ups.stage2", steps=content_steps(cast(ContentConfig, network.config)),
            components={"content": network}, input="gray", metadata=self.about(metadata), dtype="float16",
        )  # fmt: skip


def own_terms(fake: Tensor, photo: Tensor) -> dict[str, Tensor]:
    """How far a photo that should have come back (N,3,H,W) is from the true one: all of it, and its colours."""
    return {"own_l1": (fake - photo).abs().mean(), "own_chroma": (chroma(fake) - chroma(photo)).abs().mean()}


def chroma(photo: Tensor) -> Tensor:
    """What is left of photos (N,3,H,W) without their luma."""
    return photo - luma(photo)


def recoloured(photo: Tensor, rng: np.random.Generator) -> Tensor:
    """Photos (N,3,H,W) in [0,1], each with its hues turned by a random angle and its shades tinted; white stays white.

    A tint adds up to .6 to middle shades, in a direction across the grays, and less to lighter and darker ones.
    """
    turn, tint = (torch.from_numpy(rng.uniform(0, 2 * np.pi, len(photo))).to(photo)[:, None, None] for _ in range(2))
    amount = torch.from_numpy(rng.uniform(0, 0.6, len(photo))).to(photo)[:, None, None, None]
    ones, cross = torch.ones(3, 3), torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / 3**0.5
    about_grays = turn.cos() * torch.eye(3).to(photo) + turn.sin() * cross.to(photo)
    about_grays = about_grays + (1 - turn.cos()) * ones.to(photo) / 3
    across = torch.tensor([[1.0, -1, 0], [3**-0.5, 3**-0.5, -2 * 3**-0.5]]).to(photo) / 2**0.5
    direction = tint.cos() * across[:1] + tint.sin() * across[1:]  # (N,1,3), of length 1
    shade = photo.mean(1, keepdim=True)
    turned = torch.einsum("nij,njhw->nihw", about_grays, photo)
    return (turned + amount * 4 * shade * (1 - shade) * direction.transpose(1, 2)[..., None]).clamp(0, 1)


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
