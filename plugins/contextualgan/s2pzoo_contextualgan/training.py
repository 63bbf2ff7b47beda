"""Training of G and D on joint pictures, and of the learned initialiser: objective and step (paper section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from attrs import evolve, frozen
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from s2pzoo.errors import RecipeError
from s2pzoo.host.parts import own_encoder
from s2pzoo.spec.fields import knob
from s2pzoo.spec.model import Model
from s2pzoo.train.calibrate import recalibrate
from s2pzoo.train.recipe import Part, Recipe, Start, part, preset
from s2pzoo.train.sheet import sheet
from s2pzoo.train.task import Backward, Networks, Task, channels_last, numbers
from s2pzoo.weights.bundle import Bundle, read_bundle
from s2pzoo_contextualgan.config import PRESETS, JointConfig
from s2pzoo_contextualgan.joint import ContextEncoder, JointDiscriminator, JointGenerator
from s2pzoo_contextualgan.pairs import open_pairs
from s2pzoo_contextualgan.plugin import model_steps
from s2pzoo_contextualgan.projection import Projection

PREVIEW = 32  # faces that are drawn for the sample sheets
Pair = dict[str, Tensor]


@frozen(kw_only=True)
class Data:
    """Small pairs of a dataset, drawn once and kept in its folder."""

    dataset: str = knob("", help="the declared dataset, plugin/dataset; empty: whichever can read the folders")
    corpus: str = knob("train256", help="of the training data, in the data folder; several: joined by +")
    preview: str = knob("test256", help="folder of what is held out, for the samples")
    drawings: int = knob(1, low=1, help="random drawings of each photo, beside the clean one")
    faces: int = knob(0, low=0, help="photos that are used, the first ones; 0: all")


@frozen(kw_only=True)
class PresetChoice:
    """All parts."""

    name: str = knob("paper64", help=f"one of {', '.join(PRESETS)}")


@frozen(kw_only=True)
class JointNetworks:
    preset: PresetChoice = PresetChoice()
    encoder: Part = own_encoder()
    start: Start = Start()


@frozen(kw_only=True)
class Losses:
    adversarial: Part = part("core/bce", help="of D", paper="core/bce")
    perceptual: Part = part("core/perceptual", help="of `perceptual`")


@frozen(kw_only=True)
class Weights:
    gan: float = knob(1.0, low=0, paper=1.0, help="adversarial")
    reconstruction: float = knob(0.0, low=0, paper=0.0, help="G brings back what E sees; above 0, E is trained")
    perceptual: float = knob(0.0, low=0, paper=0.0, help="the same, features of a network")
    prior: float = knob(0.01, low=0, help="z keeps to the prior, the KL divergence a number of z")
    masked: float = knob(1.0, low=0, help="E makes the same of a part as of the whole: the learned initialiser")


@frozen(kw_only=True)
class Rules:
    generator_steps: int = knob(2, low=1, released=2, help="of G for each of D")
    augment: float = knob(0.0, low=0, high=0.5, paper=0.0, help="how far pictures are moved before D sees them")
    tint: float = knob(0.0, low=0, high=1, paper=0.0, help="how far light and colours of photos are changed for D")
    completed: float = knob(0.0, low=0, high=1, paper=0.0, help="share of the pictures G brings back from a part")


@frozen(kw_only=True)
class JointRecipe(Recipe):
    data: Data = Data()
    networks: JointNetworks = JointNetworks()
    losses: Losses = Losses()
    weights: Weights = Weights()
    rules: Rules = Rules()


class Joint(Task):
    """G and D as a plain GAN on joint pictures: D once, then G `generator_steps` times.

    With `weights.reconstruction` above 0 (not in the paper) the encoder E is trained too, as that of a variational
    auto-encoder: it sees the whole joint picture, and what it makes of a picture with parts hidden has to be what it
    makes of the whole one.
    """

    Recipe = JointRecipe

    def __init__(self, *, recipe: Any, data: Path) -> None:
        super().__init__(recipe=recipe, data=data)
        name, weights, settings = recipe.networks.preset.name, recipe.weights, recipe.data
        chosen = preset(PRESETS, name)
        self.preset = evolve(chosen, encoder=evolve(chosen.encoder, encoder=recipe.networks.encoder))
        if weights.reconstruction and self.preset.generator.prior != "normal":
            raise RecipeError(
                f"weights.reconstruction wants a normal prior, and {name} has a uniform one.",
                fix="Set weights.reconstruction=0, or take another preset.",
            )
        self.pairs, self.preview = (
            open_pairs(
                data / folder, side=self.preset.generator.side, drawings=settings.drawings, faces=count,
                dataset=settings.dataset, workers=recipe.schedule.workers,
            )
            for folder, count in ((settings.corpus, settings.faces), (settings.preview, PREVIEW))
        )  # fmt: skip
        made: dict[str, nn.Module] = {
            "generator": JointGenerator(self.preset.generator),
            "discriminator": JointDiscriminator(self.preset.discriminator),
        }
        if weights.reconstruction:
            made["encoder"] = ContextEncoder(self.preset.encoder)
            if weights.perceptual:
                self.frozen["perceptual"] = recipe.losses.perceptual.make()
        if folder := recipe.networks.start.bundle:
            self._begin(made, read_bundle(Path(folder)))
        self.networks = channels_last(made)
        self.ema = tuple(name for name in made if name != "discriminator")
        self.frozen["adversarial"] = recipe.losses.adversarial.make()
        self.optimizers = {
            "discriminator": self.adam(made["discriminator"]),
            "generator": self.adam(*(made[name] for name in self.ema)),
        }

    def draw(self, rng: np.random.Generator) -> Pair:
        return self.pairs.batch(self.recipe.schedule.batch, rng)

    def step(self, batch: Pair, index: int, backward: Backward) -> dict[str, float]:
        rules, rng = self.recipe.rules, self.rng(index, 1)
        fake, terms = self._make(batch, rng) if self.recipe.weights.reconstruction else (self._drawn(batch, rng), {})
        shown = {half: image.detach() for half, image in fake.items()}
        self.networks["discriminator"].requires_grad_(True)
        real, faked = self._moved(batch, rng), self._moved(shown, rng)
        loss = self.frozen["adversarial"]
        judged = loss(real=self._judge(real), fake=self._judge(faked))["critic"] + loss.penalty(
            self._judge, real, faked
        )
        self.minimise("discriminator", judged, backward)
        self.networks["discriminator"].requires_grad_(False)
        for turn in range(rules.generator_steps):
            terms["gan"] = loss(fake=self._judge(self._moved(fake, rng)))["generator"]
            self.minimise("generator", self.weighted(terms), backward)
            if turn + 1 < rules.generator_steps:
                fake, terms = self._drawn(batch, rng), {}
        return numbers({**terms, "discriminator": judged})

    def _drawn(self, batch: Pair, rng: np.random.Generator) -> Pair:
        """What G makes of draws from the prior, as many as there are pairs."""
        z = draw(self.preset.generator, len(batch["photo"]), rng)
        return self.networks["generator"](latent=z.to(self.device))

    def _moved(self, pair: Pair, rng: np.random.Generator) -> Tensor:
        """Pairs (N,4,s,s), each moved a little, sketch and photo alike, its photo in another light."""
        rules = self.recipe.rules
        return shifted(torch.cat([pair["sketch"], tinted(pair["photo"], rules.tint, rng)], dim=1), rules.augment, rng)

    def _judge(self, pairs: Tensor) -> list[Tensor]:
        """The logits of D's branches."""
        return [logits for logits, _ in self.networks["discriminator"](sketch=pairs[:, :1], photo=pairs[:, 1:])]

    def _make(self, batch: Pair, rng: np.random.Generator) -> tuple[Pair, dict[str, Tensor]]:
        """What G makes of the z that the encoder gives each pair, and of as many draws; the terms but the adversarial.

        Both in one batch, so that batch normalisation treats them alike.
        """
        encoder, count = cast(ContextEncoder, self.networks["encoder"]), len(batch["photo"])
        seen = torch.ones_like(batch["sketch"])
        mean, spread = encoder.guess(**batch, sketch_known=seen, photo_known=seen)
        noise, drawn = (draw(self.preset.generator, count, rng).to(mean.device) for _ in range(2))
        sketch_known, photo_known = hide(seen, rng)
        part, _ = encoder.guess(**batch, sketch_known=sketch_known, photo_known=photo_known)
        completed = torch.from_numpy(rng.random((count, 1)) < self.recipe.rules.completed).to(mean.device)
        z = torch.where(completed, part, mean) + (spread / 2).exp() * noise
        fake = self.networks["generator"](latent=torch.cat([z, drawn]))
        again = {half: images[:count] for half, images in fake.items()}
        terms = {
            "reconstruction": torch.cat([(again[half] - batch[half]).abs().flatten() for half in again]).mean(),
            "prior": (mean.square() + spread.exp() - 1 - spread).mean() / 2,
            "masked": (part - mean.detach()).square().mean(),
        }
        if "perceptual" in self.frozen:
            terms["perceptual"] = self.frozen["perceptual"].total(fake=again["photo"], real=batch["photo"])
        return fake, terms

    def _begin(self, networks: Mapping[str, nn.Module], begun: Bundle) -> None:
        """The weights of a bundle into the networks of which it has any."""
        projection = Projection(self.preset.projection())
        parts: dict[str, nn.Module] = {"projection": projection}
        if "encoder" in networks and any(step.name == "initialiser" for step in begun.manifest.steps):
            parts["initialiser"] = networks["encoder"]
        begun.load_into(parts)
        networks["generator"].load_state_dict(projection.generator.state_dict())
        networks["discriminator"].load_state_dict(projection.discriminator.state_dict())

    def sample(self, networks: Networks) -> Image.Image:
        self._calibrate(networks)
        rng = np.random.default_rng(0)
        z = draw(self.preset.generator, 16, rng).to(self.device)
        columns = {}
        for number, some in enumerate(z.split(8), 1):
            made = networks["generator"](latent=some)
            columns |= {f"sketch {number}": made["sketch"], f"photo {number}": made["photo"]}
        if "encoder" in networks:
            held_out = {name: images.to(self.device) for name, images in self.preview.batch(8, rng).items()}
            seen, hidden = torch.ones_like(held_out["sketch"]), torch.zeros_like(held_out["sketch"])
            columns |= {"held out": held_out["sketch"], "truth": held_out["photo"]}
            for name, photo_known in {"from both": seen, "from sketch": hidden}.items():
                code = networks["encoder"].guess(**held_out, sketch_known=seen, photo_known=photo_known)[0]
                columns[name] = networks["generator"](latent=code)["photo"]
        return sheet(columns, cell=96)

    def finished(self, networks: Networks) -> tuple[Model, Networks]:
        self._calibrate(networks)
        steps = model_steps(self.preset, initialiser="encoder" in networks)
        projection = Projection(steps[-1].config)
        projection.generator.load_state_dict(networks["generator"].state_dict())
        projection.discriminator.load_state_dict(networks["discriminator"].state_dict())
        parts: dict[str, nn.Module] = {"projection": projection}
        if "encoder" in networks:
            parts["initialiser"] = networks["encoder"]
        name = f"contextualgan.{self.recipe.networks.preset.name}"
        return Model(name, steps=steps, size=self.preset.generator.size), parts

    def facts(self) -> dict[str, Any]:
        return {"photos": len(self.pairs), "drawings": self.pairs.sketches.shape[1]}

    def _calibrate(self, networks: Networks) -> None:
        """The statistics of batch normalisation as the averaged networks have them."""
        ours = [networks[name] for name in self.ema]

        def run() -> None:
            rng = np.random.default_rng(1)
            for _ in range(8):
                pair = {name: images.to(self.device) for name, images in self.pairs.batch(32, rng).items()}
                z = [draw(self.preset.generator, 32, rng).to(self.device)]
                if "encoder" in networks:
                    seen = hide(torch.ones_like(pair["sketch"]), rng)
                    guess = cast(ContextEncoder, networks["encoder"]).guess
                    z.append(guess(**pair, sketch_known=seen[0], photo_known=seen[1])[0])
                networks["generator"](latent=torch.cat(z))

        recalibrate(ours, run)


def draw(config: JointConfig, count: int, rng: np.random.Generator) -> Tensor:
    """z from the prior, (count,D)."""
    shape = count, config.latent
    drawn = rng.uniform(-1, 1, shape) if config.prior == "uniform" else rng.standard_normal(shape)
    return torch.from_numpy(drawn.astype(np.float32))


def shifted(images: Tensor, share: float, rng: np.random.Generator) -> Tensor:
    """Images (N,C,H,W), each moved by up to a `share` of its side, the border repeated (Zhao et al. 2020)."""
    if not share:
        return images
    reach = round(share * images.shape[-1])
    padded = F.pad(images, (reach,) * 4, mode="replicate")
    corners = rng.integers(0, 2 * reach + 1, size=(len(images), 2)).tolist()
    height, width = images.shape[-2:]
    return torch.stack([one[:, y : y + height, x : x + width] for one, (y, x) in zip(padded, corners, strict=True)])


def tinted(photos: Tensor, share: float, rng: np.random.Generator) -> Tensor:
    """Photos (N,3,s,s), brightness, saturation and contrast of each changed by up to a `share` (Zhao et al. 2020)."""
    if not share:
        return photos
    changed = rng.uniform(-share, share, (3, len(photos), 1, 1, 1)).astype(np.float32)
    brightness, saturation, contrast = torch.from_numpy(changed).to(photos.device)
    photos = photos + brightness / 2
    gray, mean = photos.mean(1, keepdim=True), photos.mean((1, 2, 3), keepdim=True)
    return mean + (1 + contrast) * (gray + (1 + 2 * saturation) * (photos - gray) - mean)


def hide(seen: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """What is known of sketch and of photo (N,1,s,s), for each pair: the sketch, the photo, or all but a square."""
    masks = [seen.clone(), seen.clone()]
    side = seen.shape[-1]
    for index, choice in enumerate(rng.choice(3, size=len(seen), p=(0.6, 0.2, 0.2))):
        if choice == 2:
            y, x = rng.integers(0, side // 2, size=2)
            for mask in masks:
                mask[index, :, y : y + side // 2, x : x + side // 2] = 0
        else:
            masks[1 - choice][index] = 0
    return masks[0], masks[1]
