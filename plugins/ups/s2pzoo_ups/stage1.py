"""Training of stage 1, shape translation (paper section 3.1; docs/ups.md)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
import torch
from attrs import evolve
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from s2pzoo.data.objects import object_sketch
from s2pzoo.errors import RecipeError
from s2pzoo.losses.adversarial import feature_matching
from s2pzoo.losses.content import luma
from s2pzoo.losses.perceptual import PerceptualLoss
from s2pzoo.train.recipe import Recipe
from s2pzoo.train.sheet import sheet
from s2pzoo.train.start import begin, begun
from s2pzoo.train.task import Backward
from s2pzoo.train.translation import TranslationTask
from s2pzoo.weights.bundle import write_bundle
from s2pzoo_ups.config import ATTENTIONS, SHAPES, TranslatorConfig
from s2pzoo_ups.noise import NoiseComposition, dense_patterns
from s2pzoo_ups.plugin import shape_steps
from s2pzoo_ups.translator import ShapeTranslator

SS_MODES = ("replace", "add", "off")
PIXEL_LOSSES = {"l1": F.l1_loss, "mse": F.mse_loss}
Terms = dict[str, Tensor]


class Stage1(TranslationTask):
    """T, T', D_G, D_S on unpaired sketches and gray photos: adversarial, cycle, identity and self-supervised losses.

    `ss_mode`: with noise on the sketch, the cycle back to the clean one replaces the sketch's own cycle (the released
    code), is added to it with the weight `ss` (the paper's formula), or is left out. `attention` supervises A by the
    noise that was added.

    `pseudo`, `pseudo_perceptual` and `pseudo_matching` are no part of the paper: T also learns from training photos and
    line drawings made of them; from nothing else up to a share `unpaired_start` of the steps, and after that in all but
    every `unpaired_every`-th. The first compares pixels (`pseudo_kind`), the last what D_G sees in both.
    """

    kinds: ClassVar[Mapping[str, int]] = {"gray": 1, "sketch": 1}
    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "data": {
            **TranslationTask.defaults["data"],
            "noise_complex": 0.2,  # how often dense strokes are added to a sketch
            "noise_distractive": 0.3,  # how often a patch of another sketch is
            "patch": 50,  # its side in pixels
            "compose": "min",
        },
        "networks": {
            **TranslationTask.defaults["networks"],
            "translator": {"preset": "light128", "attention": "channels", "trained": True},  # else T' alone is
            "perceptual": {"backbone": ""},  # a file of local backbone weights; empty: the standard ones
            "start": {"bundle": ""},  # a folder that stage 1 wrote, to begin with its T and T'; empty: at random
        },
        "losses": {
            **TranslationTask.defaults["losses"],
            "cycle": 10.0,
            "identity": 5.0,
            "ss_mode": "replace",
            "ss": 10.0,
            "attention": 0.0,
            "pseudo": 0.0,
            "pseudo_kind": "l1",
            "pseudo_perceptual": 0.0,
            "pseudo_matching": 0.0,
            "unpaired_start": 0.0,
            "unpaired_every": 1,
        },
    }

    def __init__(self, *, recipe: Recipe, data: Path) -> None:
        super().__init__(recipe=recipe, data=data)
        settings, losses, wanted = recipe.data, recipe.losses, recipe.networks.translator
        for name, value, known in (
            ("losses.ss_mode", losses.ss_mode, SS_MODES),
            ("losses.pseudo_kind", losses.pseudo_kind, tuple(PIXEL_LOSSES)),
            ("networks.translator.attention", wanted.attention, ATTENTIONS),
        ):
            if value not in known:
                raise RecipeError(f"{name} cannot be {value!r}.", fix=f"Use one of {', '.join(known)}.")
        if losses.unpaired_every < 1:
            raise RecipeError(f"losses.unpaired_every cannot be {losses.unpaired_every}.", fix="Give 1 or more.")
        if (losses.unpaired_start or losses.unpaired_every > 1) and not losses.pseudo:
            raise RecipeError(
                "losses.unpaired_start and losses.unpaired_every leave nothing to learn from in some steps.",
                why="In those only photos and line drawings of them are looked at, and losses.pseudo is 0.",
                fix="Set losses.pseudo above 0, or losses.unpaired_start=0 and losses.unpaired_every=1.",
            )
        self.phi = None if losses.ss_mode == "off" else NoiseComposition(
            self.collection.sketches, dense_patterns(self.collection.sketches), complex_=settings.noise_complex,
            distractive=settings.noise_distractive, patch=settings.patch, how=settings.compose,
        )  # fmt: skip
        config = evolve(shape_preset(wanted.preset), attention=wanted.attention, size=settings.size)
        networks = {"translator": ShapeTranslator(config), "sketcher": ShapeTranslator(config.back())}
        shapes, *_ = self.starts().values()
        begin(networks, shapes)
        networks["translator"].requires_grad_(wanted.trained)
        self.add_generators(**networks)
        if losses.pseudo_perceptual:
            self.frozen = {"perceptual": PerceptualLoss(backbone=recipe.networks.perceptual.backbone or None)}

    def starts(self) -> dict[str, str]:
        """The folders this training begins with, by what its bundle calls them; T and T' are in the first."""
        return {"start": self.recipe.networks.start.bundle}

    def draw_batch(self, rng: np.random.Generator) -> dict[str, list[NDArray[np.uint8]]]:
        batch = super().draw_batch(rng)
        if self.phi:
            noised = [self.phi(sketch, rng) for sketch in batch["sketch"]]
            batch["noised"], batch["noise"] = [one for one, _ in noised], [noise for _, noise in noised]
        if self.recipe.losses.pseudo:
            batch["pseudo"] = [_pseudo(photo, rng) for photo in batch["photo"]]
        return batch

    def step(self, batch: dict[str, Tensor], index: int, backward: Backward) -> dict[str, float]:
        real = self.real(batch)
        terms, fakes = self.translate(batch, real, index)
        return self.improve(terms, fakes, real, index, backward)

    def real(self, batch: Mapping[str, Tensor]) -> Terms:
        """The pictures that the critics take for real, by kind."""
        return {"gray": luma(batch["photo"]), "sketch": batch["sketch"]}

    def translate(self, batch: Mapping[str, Tensor], real: Terms, index: int) -> tuple[Terms, Terms]:
        """The terms but the adversarial ones, and the fakes by kind."""
        terms, fakes = self._pseudo_terms(batch["pseudo"], real["gray"]) if "pseudo" in batch else ({}, {})
        losses = self.recipe.losses
        late = index >= losses.unpaired_start * self.recipe.schedule.steps
        if late and index % losses.unpaired_every == 0:
            cycles, made = self._cycles(batch, real["gray"])
            terms |= cycles
            fakes = {**made, "gray": torch.cat([made["gray"], *fakes.values()])}
        return terms, fakes

    def _pseudo_terms(self, pseudo: Tensor, gray: Tensor) -> tuple[Terms, Terms]:
        made = self._gray(pseudo)[0]
        terms = {"pseudo": PIXEL_LOSSES[self.recipe.losses.pseudo_kind](made, gray)}
        if "perceptual" in self.frozen:
            rgb = (image.expand(-1, 3, -1, -1) for image in (made, gray))
            terms["pseudo_perceptual"] = self.frozen["perceptual"](*rgb)
        if self.recipe.losses.pseudo_matching:
            judge = self.networks["gray_critic"].requires_grad_(False)
            terms["pseudo_matching"] = feature_matching([judge(gray)[1]], [judge(made)[1]])
        return terms, {"gray": made}

    def _cycles(self, batch: Mapping[str, Tensor], gray: Tensor) -> tuple[Terms, Terms]:
        losses, sketch, sketcher = self.recipe.losses, batch["sketch"], self.networks["sketcher"]
        made, attention = self._gray(batch["noised"] if losses.ss_mode == "replace" else sketch)
        terms = {"cycle": (sketcher(gray=made) - sketch).abs().mean()}
        if losses.ss_mode == "add":
            noised, attention = self._gray(batch["noised"])
            terms["ss"] = (sketcher(gray=noised) - sketch).abs().mean()
        drawn = sketcher(gray=gray)
        # As in the released code, the attention acts on sketches alone, not on what T' or a photo gives.
        terms["cycle"] = terms["cycle"] + (self._gray(drawn, attend=False)[0] - gray).abs().mean()
        if losses.identity:
            same = (self._gray(gray, attend=False)[0] - gray).abs().mean()
            terms["identity"] = same + (sketcher(gray=sketch) - sketch).abs().mean()
        if losses.attention and attention is not None and self.phi:
            noise = F.interpolate(1 - batch["noise"], attention.shape[-2:], mode="area")
            terms["attention"] = F.binary_cross_entropy(attention, (noise > 0.02).float())
        return terms, {"gray": made, "sketch": drawn}

    def _gray(self, sketch: Tensor, *, attend: bool = True) -> tuple[Tensor, Tensor | None]:
        """T(sketch), and A where there is one."""
        made = self.networks["translator"](sketch=sketch, attend=attend)
        return (made["gray"], made["attention"]) if isinstance(made, dict) else (made, None)

    def sample(self, networks: Mapping[str, nn.Module]) -> Image.Image:
        batch = self.preview_batch()
        photo, columns = luma(batch["photo"]), {"sketch": batch["sketch"]}
        made = networks["translator"](sketch=batch["sketch"])
        if isinstance(made, dict):
            columns["attention"] = F.interpolate(made["attention"], photo.shape[-2:], mode="bilinear")
            made = made["gray"]
        sketcher = networks["sketcher"]
        columns |= {"gray": made, "and back": sketcher(gray=made), "a photo": photo, "its sketch": sketcher(gray=photo)}
        return sheet(columns, cell=128)

    def bundle(self, networks: Mapping[str, nn.Module], folder: Path, metadata: Mapping[str, Any]) -> None:
        parts = {name: networks[name] for name in ("translator", "sketcher")}
        config = cast(TranslatorConfig, cast(ShapeTranslator, parts["translator"]).config)
        write_bundle(
            folder, model_name="ups.stage1", steps=shape_steps(config), components=parts, output="gray",
            metadata=self.about({**metadata, **begun(self.starts())}), dtype="float16",
        )  # fmt: skip


def shape_preset(name: str) -> TranslatorConfig:
    """The network of T by the name of its preset; RecipeError when there is none."""
    if name not in SHAPES:
        raise RecipeError(f"There is no preset {name!r}.", fix=f"Use one of {', '.join(SHAPES)}.")
    return SHAPES[name]


def _pseudo(photo: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A line drawing of a photo (S,S,3)."""
    return (object_sketch((photo / 255).astype(np.float32), rng) * 255 + 0.5).astype(np.uint8)
