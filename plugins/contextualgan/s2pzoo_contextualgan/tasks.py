"""Training of G and D on joint pictures, and of the learned initialiser (paper section 3; docs/contextualgan.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from s2pzoo.errors import RecipeError
from s2pzoo.losses.adversarial import d_loss, g_loss
from s2pzoo.losses.perceptual import PerceptualLoss
from s2pzoo.train.calibrate import recalibrate
from s2pzoo.train.recipe import Recipe
from s2pzoo.train.sheet import sheet
from s2pzoo.train.task import Backward, Task, about_training, channels_last
from s2pzoo.weights.bundle import Bundle, read_bundle, write_bundle
from s2pzoo_contextualgan.config import PRESETS, JointConfig, ProjectionConfig
from s2pzoo_contextualgan.networks import ContextEncoder, JointDiscriminator, JointGenerator
from s2pzoo_contextualgan.pairs import open_pairs
from s2pzoo_contextualgan.plugin import model_steps
from s2pzoo_contextualgan.projection import Projection

KINDS = ("bce", "hinge", "lsgan")
PREVIEW = 32  # faces that are drawn for the sample sheets
Pair = dict[str, Tensor]


class Joint(Task):
    """G and D as a plain GAN on joint pictures: D once, then G `generator_steps` times.

    `gan_kind`: bce (paper), hinge, lsgan. `augment`: how far pictures are moved before D sees them, as a share of
    their side, both halves alike (0 in the paper).

    With `reconstruction` above 0 (not in the paper) the encoder is trained too, as that of a variational auto-encoder:
    it sees the whole joint picture, G has to bring it back (`reconstruction`, L1; `perceptual`), and z keeps to the
    prior (`prior`, the KL divergence a number of z). What it makes of a picture with parts hidden has to be what it
    makes of the whole one (`masked`): that is the learned initialiser. A share `completed` of the pictures G has to
    bring back, parts hidden, from its z, so that G knows the region where a search begins.
    """

    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "data": {"corpus": "train256", "preview": "test256", "drawings": 1, "faces": 0},
        "networks": {
            "preset": {"name": "paper64"},
            "perceptual": {"backbone": ""},
            "start": {"bundle": ""},  # a folder that this task wrote, to begin with its networks; empty: at random
        },
        "losses": {
            "gan": 1.0,
            "gan_kind": "bce",
            "generator_steps": 2,
            "augment": 0.0,
            "reconstruction": 0.0,
            "perceptual": 0.0,
            "prior": 0.01,
            "masked": 1.0,
            "completed": 0.0,
        },
    }

    def __init__(self, *, recipe: Recipe, data: Path) -> None:
        super().__init__(recipe=recipe, data=data)
        name, losses = recipe.networks.preset.name, recipe.losses
        if name not in PRESETS:
            raise RecipeError(f"There is no preset {name!r}.", fix=f"Use one of {', '.join(PRESETS)}.")
        if losses.gan_kind not in KINDS:
            raise RecipeError(f"losses.gan_kind cannot be {losses.gan_kind!r}.", fix=f"Use one of {', '.join(KINDS)}.")
        self.preset = PRESETS[name]
        if losses.reconstruction and self.preset.generator.prior != "normal":
            raise RecipeError(
                f"losses.reconstruction wants a normal prior, and {name} has a uniform one.",
                fix="Set losses.reconstruction=0, or take another preset.",
            )
        side = self.preset.generator.side
        faces = {"corpus": recipe.data.faces, "preview": PREVIEW}
        self.pairs, self.preview = (
            open_pairs(data / recipe.data[key], side=side, drawings=recipe.data.drawings, faces=count)
            for key, count in faces.items()
        )
        networks: dict[str, nn.Module] = {
            "generator": JointGenerator(self.preset.generator),
            "discriminator": JointDiscriminator(self.preset.discriminator),
        }
        if losses.reconstruction:
            networks["encoder"] = ContextEncoder(self.preset.encoder)
        if losses.reconstruction and losses.perceptual:
            self.frozen = {"perceptual": PerceptualLoss(backbone=recipe.networks.perceptual.backbone or None)}
        if folder := recipe.networks.start.bundle:
            self._begin(networks, read_bundle(Path(folder)))
        self.networks = channels_last(networks)
        self.ema = tuple(name for name in networks if name != "discriminator")
        self.optimizers = {
            "discriminator": self.adam(networks["discriminator"]),
            "generator": self.adam(*(networks[name] for name in self.ema)),
        }

    def batches(self, *, start: int, rank: int = 0, world: int = 1) -> Iterator[Pair]:
        step = start
        while True:
            yield self.pairs.batch(self.recipe.schedule.batch, self.rng(step, rank))
            step += 1

    def step(self, batch: Pair, index: int, backward: Backward) -> dict[str, float]:
        losses, rng = self.recipe.losses, self.rng(index, 1)
        fake, terms = self._make(batch, rng) if losses.reconstruction else (self._draw(batch, rng), {})
        shown = {half: image.detach() for half, image in fake.items()}
        judged = d_loss(self._judge(batch, rng), self._judge(shown, rng), kind=losses.gan_kind)
        self._improve("discriminator", judged, backward)
        for turn in range(losses.generator_steps):
            terms["gan"] = g_loss(self._judge(fake, rng), kind=losses.gan_kind)
            self._improve(
                "generator", torch.stack([losses[name] * term for name, term in terms.items()]).sum(), backward
            )
            if turn + 1 < losses.generator_steps:
                fake, terms = self._draw(batch, rng), {}
        return {name: term.item() for name, term in {**terms, "discriminator": judged}.items()}

    def _draw(self, batch: Pair, rng: np.random.Generator) -> Pair:
        """What G makes of draws from the prior, as many as there are pairs."""
        z = draw(self.preset.generator, len(batch["photo"]), rng)
        return self.networks["generator"](latent=z.to(self.device))

    def _judge(self, pair: Pair, rng: np.random.Generator) -> Tensor:
        """D's logits of pairs, each moved a little, sketch and photo alike."""
        moved = shifted(torch.cat([pair["sketch"], pair["photo"]], dim=1), self.recipe.losses.augment, rng)
        return self.networks["discriminator"](sketch=moved[:, :1], photo=moved[:, 1:])[0][0]

    def _improve(self, name: str, loss: Tensor, backward: Backward) -> None:
        self.networks["discriminator"].requires_grad_(name == "discriminator")
        self.optimizers[name].zero_grad()
        backward(loss)
        self.optimizers[name].step()
        self.networks["discriminator"].requires_grad_(True)

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
        completed = torch.from_numpy(rng.random((count, 1)) < self.recipe.losses.completed).to(mean.device)
        z = torch.where(completed, part, mean) + (spread / 2).exp() * noise
        fake = self.networks["generator"](latent=torch.cat([z, drawn]))
        again = {half: images[:count] for half, images in fake.items()}
        terms = {
            "reconstruction": torch.cat([(again[half] - batch[half]).abs().flatten() for half in again]).mean(),
            "prior": (mean.square() + spread.exp() - 1 - spread).mean() / 2,
            "masked": (part - mean.detach()).square().mean(),
        }
        if "perceptual" in self.frozen:
            terms["perceptual"] = self.frozen["perceptual"](again["photo"], batch["photo"])
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

    def sample(self, networks: Mapping[str, nn.Module]) -> Image.Image:
        self._calibrate(networks)
        rng = np.random.default_rng(0)
        z = draw(self.preset.generator, 16, rng).to(self.device)
        columns = {}
        for number, part in enumerate(z.split(8), 1):
            made = networks["generator"](latent=part)
            columns |= {f"sketch {number}": made["sketch"], f"photo {number}": made["photo"]}
        if "encoder" in networks:
            held_out = {name: images.to(self.device) for name, images in self.preview.batch(8, rng).items()}
            seen, hidden = torch.ones_like(held_out["sketch"]), torch.zeros_like(held_out["sketch"])
            columns |= {"held out": held_out["sketch"], "truth": held_out["photo"]}
            for name, photo_known in {"from both": seen, "from sketch": hidden}.items():
                guess = cast(ContextEncoder, networks["encoder"]).guess
                code = guess(**held_out, sketch_known=seen, photo_known=photo_known)[0]
                columns[name] = networks["generator"](latent=code)["photo"]
        return sheet(columns, cell=96)

    def bundle(self, networks: Mapping[str, nn.Module], folder: Path, metadata: Mapping[str, Any]) -> None:
        self._calibrate(networks)
        steps = model_steps(self.preset, initialiser="encoder" in networks)
        projection = Projection(cast(ProjectionConfig, steps[-1].config))
        projection.generator.load_state_dict(networks["generator"].state_dict())
        projection.discriminator.load_state_dict(networks["discriminator"].state_dict())
        parts: dict[str, nn.Module] = {"projection": projection}
        if "encoder" in networks:
            parts["initialiser"] = networks["encoder"]
        facts = {"faces": len(self.pairs), "drawings": self.pairs.sketches.shape[1], **metadata}
        write_bundle(
            folder, model_name=f"contextualgan.{self.recipe.networks.preset.name}", steps=steps, components=parts,
            metadata=about_training(self.recipe, facts), dtype="float16", output="photo",
        )  # fmt: skip

    def _calibrate(self, networks: Mapping[str, nn.Module]) -> None:
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
