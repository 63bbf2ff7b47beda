"""Training: stage I (component embedding), stage II (feature mapping, image synthesis). docs/deepfacedrawing.md."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
import torch
from attrs import evolve
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from s2pzoo.errors import RecipeError
from s2pzoo.train.calibrate import recalibrate
from s2pzoo.train.faces import FaceTask
from s2pzoo.train.photo import PhotoTask
from s2pzoo.train.recipe import Recipe
from s2pzoo.train.sheet import sheet
from s2pzoo.train.start import begun
from s2pzoo.train.task import Backward, channels_last
from s2pzoo.weights.bundle import read_bundle, write_bundle
from s2pzoo_deepfacedrawing.config import PRESETS, Preset
from s2pzoo_deepfacedrawing.embedding import ComponentDecoders, ComponentEncoders, crop
from s2pzoo_deepfacedrawing.manifold import GENDERS, ManifoldProjection
from s2pzoo_deepfacedrawing.mapping import FeatureMapping
from s2pzoo_deepfacedrawing.plugin import model_steps
from s2pzoo_deepfacedrawing.synthesis import ImageSynthesis, PhotoDiscriminator


def _preset(recipe: Recipe) -> Preset:
    name = recipe.networks.preset.name
    if name not in PRESETS:
        raise RecipeError(f"There is no preset {name!r}.", fix=f"Use one of {', '.join(PRESETS)}.") from None
    return PRESETS[name]


def reconstruction(decoder: ComponentDecoders, codes: Tensor, target: Tensor, *, ink: float) -> dict[str, Tensor]:
    """Mean square error of each component's decoded sketch; pixels with ink weigh 1 + `ink` (0 in the paper)."""
    face = decoder.config.face
    pairs = zip(face.names, decoder.pieces(codes), crop(target, face), strict=True)
    return {name: _weighted(piece, wanted, ink=ink) for name, piece, wanted in pairs}


def first_maps(features: Tensor, drawing: Tensor, photo: Tensor, *, ink: float) -> Tensor:
    """How far FM's first four maps (N,4+,S/stride,S/stride) are from the drawing and the photo they should show.

    `drawing` (N,1,S,S) and `photo` (N,3,S,S) in [0,1]. The square error of the one, weighed by `ink`, and twice the
    absolute error of the other.
    """
    shown, side = features[:, :4] / 2 + 0.5, features.shape[-1]
    drawn = _weighted(shown[:, :1], F.adaptive_avg_pool2d(drawing, side), ink=ink)
    return drawn + 2 * (shown[:, 1:] - F.adaptive_avg_pool2d(photo, side)).abs().mean()


def _weighted(drawn: Tensor, wanted: Tensor, *, ink: float) -> Tensor:
    return ((1 + ink * (1 - wanted)) * (drawn - wanted).square()).mean()


class Stage1(FaceTask):
    """CE: five auto-encoders, each on its own window, mean square error.

    The paper reconstructs the sketch it is given (`target = "input"`). With `target = "clean"` the decoders give the
    clean drawing of the same face instead, so that the codes of a rough and of a clean drawing lie close together.
    `ink` is the further weight of pixels with ink, since paper is most of a sketch (0 in the paper). With
    `first_maps` above 0 stage II's FM is begun here: its first four maps learn to show the clean drawing and the photo,
    so that the codes hold what a photo needs, such as dark hair (not in the paper).
    """

    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        **FaceTask.defaults,
        "networks": {"preset": {"name": "faces256"}},
        "losses": {"reconstruction": 1.0, "ink": 0.0, "target": "input", "first_maps": 0.0},
    }

    def __init__(self, *, recipe: Recipe, data: Path) -> None:
        super().__init__(recipe=recipe, data=data)
        self.preset = _preset(recipe)
        if recipe.losses.target not in ("input", "clean"):
            raise RecipeError(f"losses.target cannot be {recipe.losses.target!r}.", fix="Use input or clean.")
        encoder, decoder = ComponentEncoders(self.preset.encoder), ComponentDecoders(self.preset.decoder)
        networks: dict[str, nn.Module] = {"encoder": encoder, "decoder": decoder}
        if recipe.losses.first_maps:
            networks["mapping"] = FeatureMapping(self.preset.mapping)
        self.networks = channels_last(networks)
        self.optimizers = {"embedding": self.adam(*networks.values())}
        self.ema = tuple(networks)

    def step(self, batch: dict[str, Tensor], index: int, backward: Backward) -> dict[str, float]:
        target = batch["sketch" if self.recipe.losses.target == "input" else "clean"]
        codes = self.networks["encoder"](sketch=batch["sketch"])
        decoder = cast(ComponentDecoders, self.networks["decoder"])
        terms = reconstruction(decoder, codes, target, ink=self.recipe.losses.ink)
        loss = self.recipe.losses.reconstruction * torch.stack(list(terms.values())).sum()
        if mapping := self.networks.get("mapping"):
            features, ink = mapping(latent=codes), self.recipe.losses.ink
            terms["first_maps"] = first_maps(features, batch["clean"], batch["photo"], ink=ink)
            loss = loss + self.recipe.losses.first_maps * terms["first_maps"]
        self.optimizers["embedding"].zero_grad()
        backward(loss)
        self.optimizers["embedding"].step()
        return {name: term.item() for name, term in terms.items()}

    def sample(self, networks: Mapping[str, nn.Module]) -> Image.Image:
        self._calibrate(networks)
        batch = self.preview_batch()
        codes = networks["encoder"](sketch=batch["sketch"])
        columns = {"sketch": batch["sketch"], "decoded": networks["decoder"](latent=codes), "clean": batch["clean"]}
        if mapping := networks.get("mapping"):
            shown = (mapping(latent=codes)[:, :4] / 2 + 0.5).clamp(0, 1)
            shown = F.interpolate(shown, batch["photo"].shape[-2:], mode="bilinear")
            columns |= {"first map": shown[:, :1], "next three": shown[:, 1:]}
        return sheet({**columns, "photo": batch["photo"]})

    def bundle(self, networks: Mapping[str, nn.Module], folder: Path, metadata: Mapping[str, Any]) -> None:
        self._calibrate(networks)
        steps = [step for step in model_steps(self.preset) if step.name in networks]
        write_bundle(
            folder, model_name="deepfacedrawing.stage1", steps=steps, components=networks,
            metadata=self.about(metadata), dtype="float16",
        )  # fmt: skip

    def _calibrate(self, networks: Mapping[str, nn.Module]) -> None:
        def run() -> None:
            for batch in self.some_batches(16):
                codes = networks["encoder"](sketch=batch["sketch"])
                cast(ComponentDecoders, networks["decoder"]).pieces(codes)
                if mapping := networks.get("mapping"):
                    mapping(latent=codes)

        recalibrate(networks.values(), run)


class Stage2(PhotoTask):
    """FM and IS end to end over the encoders of stage I; least-squares GAN, L1, perceptual, feature-matching losses.

    The paper keeps the encoders as they are (`embedding.trained = false`). When they are trained on, so are the image
    decoders, by stage I's loss with weight `reconstruction`, and the bank is encoded again every `embedding.refresh`
    steps. The paper feeds codes as they are (`projected = 0`); a share `projected` of the faces passes the manifold
    projection with a random wb instead, so that FM and IS know what they are given when people draw. `first_maps` as
    in stage I.
    """

    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        **PhotoTask.defaults,
        "networks": {
            **PhotoTask.defaults["networks"],
            "preset": {"name": "faces256"},
            # the folder that stage I wrote; the size of the bank
            "embedding": {"bundle": "", "samples": 3072, "trained": False, "refresh": 200},
            "start": {"bundle": ""},  # a folder that stage II wrote, to begin with its FM and IS; empty: at random
        },
        "losses": {
            **PhotoTask.defaults["losses"],
            "projected": 0.0,
            "reconstruction": 0.0,
            "ink": 0.0,
            "first_maps": 0.0,
        },
    }

    def __init__(self, *, recipe: Recipe, data: Path) -> None:
        super().__init__(recipe=recipe, data=data)
        embedding = recipe.networks.embedding
        preset = _preset(recipe)
        self.preset = evolve(preset, manifold=evolve(preset.manifold, samples=embedding.samples))
        if not embedding.bundle:
            raise RecipeError(
                "Stage II needs the encoders of stage I.", fix="Set networks.embedding.bundle to the folder of stage I."
            )
        drawn = {"encoder": ComponentEncoders(preset.encoder), "decoder": ComponentDecoders(preset.decoder)}
        read_bundle(Path(embedding.bundle)).load_into(drawn)
        self.networks = channels_last(
            {
                "manifold": ManifoldProjection(self.preset.manifold),
                "mapping": FeatureMapping(preset.mapping),
                "synthesis": ImageSynthesis(preset.synthesis),
                "discriminator": PhotoDiscriminator(preset.discriminator).critics,
            }
        )
        for folder in filter(None, (embedding.bundle, recipe.networks.start.bundle)):
            begun = read_bundle(Path(folder))
            names = {step.name for step in begun.manifest.steps} & {"mapping", "synthesis"}
            begun.load_into({name: self.networks[name] for name in sorted(names)})
        if embedding.trained:
            self.networks |= channels_last(drawn)
        else:
            self.frozen |= drawn
        self.ema = tuple(name for name in self.networks if name not in ("manifold", "discriminator"))
        self.optimizers = {
            "generator": self.adam(*(self.networks[name] for name in self.ema)),
            "discriminator": self.adam(self.networks["discriminator"], rate=recipe.losses.critic_rate),
        }
        self.samples = self._bank_sketches(embedding.samples)

    def step(self, batch: dict[str, Tensor], index: int, backward: Backward) -> dict[str, float]:
        parts, embedding, losses = {**self.frozen, **self.networks}, self.recipe.networks.embedding, self.recipe.losses
        stale = embedding.trained and index % embedding.refresh == 0
        if losses.projected and (stale or not cast(ManifoldProjection, parts["manifold"]).bank.any()):
            self._fill_bank(parts)
        with torch.set_grad_enabled(embedding.trained):
            codes = parts["encoder"](sketch=batch["sketch"])
        also = {}
        if embedding.trained and losses.reconstruction:
            decoder = cast(ComponentDecoders, parts["decoder"])
            terms = reconstruction(decoder, codes, batch["clean"], ink=losses.ink)
            also["reconstruction"] = torch.stack(list(terms.values())).sum()
        features = parts["mapping"](latent=self._some_projected(codes, self.rng(index, 2)))
        if losses.first_maps:
            also["first_maps"] = first_maps(features, batch["clean"], batch["photo"], ink=losses.ink)
        fake = parts["synthesis"](features=features)
        maps = features if self.preset.discriminator.conditional else None
        return self.improve(fake, batch["photo"], index, backward, maps=maps, also=also)

    def _some_projected(self, codes: Tensor, rng: np.random.Generator) -> Tensor:
        """A share of the faces projected, each with a wb of its own."""
        chosen = torch.from_numpy(rng.random(len(codes)) < self.recipe.losses.projected).to(codes.device)
        if not chosen.any():
            return codes
        keep = torch.from_numpy(rng.random((len(codes), 1, 1)).astype(np.float32)).to(codes.device)
        with torch.no_grad():
            projected = self.networks["manifold"](latent=codes, blend=0.0)
        return torch.where(chosen[:, None, None], keep * codes + (1 - keep) * projected, codes)

    def _bank_sketches(self, count: int) -> Tensor:
        """The drawings the bank encodes, (S,1,H,W) uint8: clean ones, every other one in a style of its own."""
        if count > len(self.corpus):
            raise RecipeError(
                f"A bank of {count} samples needs as many faces; the corpus has {len(self.corpus)}.",
                fix="Make a larger corpus, or lower networks.embedding.samples.",
            )
        rng = np.random.default_rng(self.recipe.seed)
        people = len({person["person"] for person in self.corpus.people})
        drawings = [
            self.corpus.clean(i) if (i // people) % 2 == 0 else self.corpus.sketch(i, rng, level="clean")
            for i in range(count)
        ]
        return torch.from_numpy(np.stack([(drawing * 255).astype(np.uint8) for drawing in drawings])[:, None])

    @torch.no_grad()
    def _fill_bank(self, parts: Mapping[str, nn.Module]) -> None:
        """Encode the bank's drawings anew."""
        encoder = parts["encoder"]
        training = encoder.training
        encoder.eval()
        codes = [encoder(sketch=part.to(self.device).float() / 255) for part in self.samples.split(32)]
        encoder.train(training)
        people = self.corpus.people[: len(self.samples)]
        ages = [float(p["age"]) if p["age"].replace(".", "").isdigit() else 0.0 for p in people]
        cast(ManifoldProjection, parts["manifold"]).fill(
            torch.cat(codes).transpose(0, 1),
            gender=torch.tensor([GENDERS.get(p["gender"], 0) for p in people], dtype=torch.uint8),
            age=torch.tensor(ages).round().to(torch.uint8),
        )

    def _finished(self, networks: Mapping[str, nn.Module]) -> dict[str, nn.Module]:
        """All parts of the model, averaged where they were trained, with statistics and a bank of their own."""
        parts = {**self.frozen, **networks}
        ours = [network for name, network in networks.items() if name in self.ema]

        def run() -> None:
            for batch in self.some_batches(16):
                codes = parts["encoder"](sketch=batch["sketch"])
                cast(ComponentDecoders, parts["decoder"]).pieces(codes)
                parts["mapping"](latent=codes)

        recalibrate(ours, run)
        self._fill_bank(parts)
        return parts

    def sample(self, networks: Mapping[str, nn.Module]) -> Image.Image:
        parts = self._finished(networks)
        batch = self.preview_batch()
        codes = parts["encoder"](sketch=batch["sketch"])
        refined = parts["manifold"](latent=codes)
        columns = {"sketch": batch["sketch"], "refined": parts["decoder"](latent=refined)}
        for name, latent in {"no projection": codes, "projected": refined}.items():
            columns[name] = parts["synthesis"](features=parts["mapping"](latent=latent))
        return sheet({**columns, "truth": batch["photo"]})

    def bundle(self, networks: Mapping[str, nn.Module], folder: Path, metadata: Mapping[str, Any]) -> None:
        parts = self._finished(networks)
        steps = model_steps(self.preset)
        earlier = {"stage1": self.recipe.networks.embedding.bundle, "start": self.recipe.networks.start.bundle}
        write_bundle(
            folder, model_name=f"deepfacedrawing.{self.recipe.networks.preset.name}", steps=steps,
            components={step.name: parts[step.name] for step in steps},
            metadata=self.about({**metadata, **begun(earlier)}), dtype="float16", blank_ok=True,
        )  # fmt: skip
