"""FM and IS: from codes to a photo, their objective and their step (stage II, paper section 4.2).

FM's network is in embedding.py, where stage I begins it.
"""

from __future__ import annotations

from functools import cached_property, partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from attrs import evolve, frozen
from PIL import Image
from torch import Tensor, nn

from s2pzoo.errors import RecipeError
from s2pzoo.imaging.pixels import to_bytes
from s2pzoo.interfaces import Generator
from s2pzoo.nn.blocks import init_normal
from s2pzoo.nn.patchgan import MultiScalePatchGAN
from s2pzoo.nn.resnet import ResnetGenerator
from s2pzoo.spec.fields import knob
from s2pzoo.spec.model import Model
from s2pzoo.train.adversary import Adversary
from s2pzoo.train.ahead import side_by_side
from s2pzoo.train.calibrate import recalibrate
from s2pzoo.train.paired import PairedBatches, PhotoLosses, PhotoRules, window
from s2pzoo.train.recipe import Part, Recipe, Start, part, preset
from s2pzoo.train.sheet import sheet
from s2pzoo.train.start import begun
from s2pzoo.train.task import Backward, Networks, Task, channels_last, numbers
from s2pzoo.weights.bundle import Bundle, read_bundle
from s2pzoo_deepfacedrawing.bank import GENDERS
from s2pzoo_deepfacedrawing.config import PRESETS, DiscriminatorConfig, SynthesisConfig
from s2pzoo_deepfacedrawing.embedding import (
    ComponentDecoders,
    ComponentEncoders,
    Drawings,
    EmbeddingData,
    FeatureMapping,
    PresetChoice,
    first_maps,
    reconstruction,
    with_drawings,
)
from s2pzoo_deepfacedrawing.manifold import ManifoldProjection
from s2pzoo_deepfacedrawing.plugin import model_steps
from s2pzoo_deepfacedrawing.traits import traits_of


class ImageSynthesis(Generator):
    """features (N,C,S/stride,S/stride) -> photo (N,3,S,S) in [0,1]."""

    Config = SynthesisConfig

    def __init__(self, config: SynthesisConfig) -> None:
        super().__init__(config)
        self.network = ResnetGenerator(
            config.maps, 3, base=config.base, downs=config.downs, blocks=config.blocks, kernel=config.kernel,
            widest=config.widest, enlarge=config.stride, skips=config.skips, resize=config.resize, grain=config.grain,
            norm=partial(nn.InstanceNorm2d, affine=config.affine),
        )  # fmt: skip
        self.apply(init_normal)

    def forward(self, *, features: Tensor) -> Tensor:
        return self.network(features).tanh() / 2 + 0.5


class PhotoDiscriminator(MultiScalePatchGAN):
    """D: PatchGANs on several sizes, FM's maps beside the photo or not."""

    Config = DiscriminatorConfig


@frozen(kw_only=True)
class Embedding:
    """CE, and the bank of its codes."""

    bundle: str = knob("", help="the folder that stage I wrote")
    samples: int = knob(3072, low=1, paper=17703, help="size of the bank")
    trained: bool = knob(False, paper=False, help="encoders and image decoders are trained on")
    refresh: int = knob(200, low=1, help="steps after which the bank is encoded again, where they are")


@frozen(kw_only=True)
class Stage2Networks:
    preset: PresetChoice = PresetChoice()
    embedding: Embedding = Embedding()
    critic: Part = part("core/multiscale-patchgan", help="of photos", base=32, widest=128, scales=2)
    start: Start = Start()


@frozen(kw_only=True)
class Stage2Weights:
    l1: float = knob(10.0, low=0, released="not released; 10 in a reimplementation", help="on [0,1]")
    perceptual: float = knob(1.0, low=0, paper="there, of VGG", help="features of a network")
    gan: float = knob(1.0, low=0, help="adversarial")
    feature_matching: float = knob(10.0, low=0, help="features of the critics")
    first_maps: float = knob(0.0, low=0, paper=0.0, help="FM's first four maps show the clean drawing and the photo")
    reconstruction: float = knob(0.0, low=0, paper=0.0, help="stage I's, where the encoders are trained on")


@frozen(kw_only=True)
class Stage2Rules(PhotoRules):
    projected: float = knob(
        0.0, low=0, high=1, paper=0.0,
        help="share of the faces that pass the projection with a random wb, as when people draw",
    )  # fmt: skip
    ink: float = knob(0.0, low=0, paper=0.0, help="further weight of pixels with ink")
    conditional: bool = knob(
        False, released="not released; yes in reimplementations", help="the critics see FM's maps beside the photo"
    )


@frozen(kw_only=True)
class Stage2Recipe(Recipe):
    data: EmbeddingData = EmbeddingData()
    networks: Stage2Networks = Stage2Networks()
    losses: PhotoLosses = PhotoLosses()
    weights: Stage2Weights = Stage2Weights()
    rules: Stage2Rules = Stage2Rules()


def seeing(stage1: Bundle) -> dict[str, Any]:
    """Which encoders another plugin gave to stage I, as fields of an EncoderConfig."""
    configs = (step.config for step in stage1.manifest.steps if step.name == "encoder")
    return {name: value for config in configs for name, value in config.items() if name in ("encoder", "whole")}


class Stage2(Task):
    """FM and IS end to end over the encoders of stage I."""

    Recipe = Stage2Recipe

    def __init__(self, *, recipe: Any, data: Path) -> None:
        super().__init__(recipe=recipe, data=data)
        self.data = PairedBatches(recipe.data, data, batch=recipe.schedule.batch)
        wanted, rules = recipe.networks.embedding, recipe.rules
        if not wanted.bundle:
            raise RecipeError(
                "Stage II needs the encoders of stage I.", fix="Set networks.embedding.bundle to the folder of stage I."
            )
        chosen = preset(PRESETS, recipe.networks.preset.name)
        stage1 = read_bundle(Path(wanted.bundle))
        chosen = evolve(chosen, encoder=evolve(chosen.encoder, **seeing(stage1)))
        self.preset = evolve(chosen, manifold=evolve(chosen.manifold, samples=wanted.samples))
        self.drawings = Drawings(recipe.data, size=chosen.encoder.face.size, batch=recipe.schedule.batch)
        drawn = {"encoder": ComponentEncoders(chosen.encoder), "decoder": ComponentDecoders(chosen.decoder)}
        made = {"mapping": FeatureMapping(chosen.mapping), "synthesis": ImageSynthesis(chosen.synthesis)}
        stage1.load_into(drawn)
        start = recipe.networks.start.bundle or wanted.bundle
        # FM reads the codes of its encoders: where stage I began it, it is taken from there.
        for folder, names in ((start, {"mapping", "synthesis"}), (wanted.bundle, {"mapping"})):
            bundle = read_bundle(Path(folder))
            bundle.load_into({s.name: made[s.name] for s in bundle.manifest.steps if s.name in names})
        if wanted.trained:
            made |= drawn
        else:
            self.frozen |= drawn
        self.networks = channels_last({"manifold": ManifoldProjection(self.preset.manifold), **made})
        self.ema = tuple(made)
        self.gan = Adversary(
            self, recipe.networks.critic, recipe.losses.adversarial, kinds=("photo",), rate=rules.critic_rate,
            matching=recipe.losses.matching,
            condition=chosen.mapping.maps if rules.conditional else 0,
        )  # fmt: skip
        self.optimizers["generator"] = self.adam(*(self.networks[name] for name in self.ema))
        self.frozen["perceptual"] = recipe.losses.perceptual.make()
        self.samples = self._bank_sketches(wanted.samples)

    @property
    def parts(self) -> dict[str, nn.Module]:
        """All networks by name, trained here or not."""
        return {**self.frozen, **self.networks}

    def draw(self, rng: np.random.Generator) -> dict[str, Tensor]:
        trained = self.recipe.networks.embedding.trained
        return {**self.data.draw(rng), **(self.drawings.draw(rng) if trained else {})}

    def step(self, batch: dict[str, Tensor], index: int, backward: Backward) -> dict[str, float]:
        parts, photo, weights, rules = self.parts, batch["photo"], self.recipe.weights, self.recipe.rules
        all_codes = self._codes(with_drawings(batch, "sketch"), index)
        codes = all_codes[: len(photo)]
        features = parts["mapping"](latent=self._some_projected(codes, self.rng(index, 2)))
        fake = parts["synthesis"](features=features)
        at = window(photo.shape[-1], rules.crop, self.rng(index, 1))
        terms = {
            "l1": (fake - photo).abs().mean(),
            "perceptual": self.frozen["perceptual"].total(fake=fake[at], real=photo[at]),
        }
        if weights.first_maps:
            terms["first_maps"] = first_maps(features, batch["clean"], photo, ink=rules.ink)
        if weights.reconstruction and self.recipe.networks.embedding.trained:
            decoder, target = cast(ComponentDecoders, parts["decoder"]), with_drawings(batch, "sketch")
            made = reconstruction(decoder, all_codes, target, ink=rules.ink)
            terms["reconstruction"] = torch.stack(list(made.values())).sum()
        judged = {}
        if index >= rules.critic_start * self.recipe.schedule.steps:
            real, shown = photo[at], fake[at]
            beside = nn.functional.interpolate(features, photo.shape[-2:])[at] if rules.conditional else None
            judged["critics"] = self.gan.judge(backward, self.rng(index, 3), condition=beside, photo=(real, shown))
            terms["gan"] = self.gan.fool(condition=beside, photo=shown)
            terms["feature_matching"] = self.gan.match(condition=beside, photo=(real, shown))
        self.minimise("generator", self.weighted(terms), backward)
        return numbers({**terms, **judged})

    def _codes(self, sketch: Tensor, index: int) -> Tensor:
        """The codes of a batch; the bank is filled where it is needed and empty, or stale."""
        wanted, parts = self.recipe.networks.embedding, self.parts
        stale = wanted.trained and index % wanted.refresh == 0
        if self.recipe.rules.projected and (stale or not cast(ManifoldProjection, parts["manifold"]).bank.any()):
            self._fill_bank(parts)
        with torch.set_grad_enabled(wanted.trained):
            return parts["encoder"](sketch=sketch)

    def _some_projected(self, codes: Tensor, rng: np.random.Generator) -> Tensor:
        """A share of the faces projected, each with a wb of its own."""
        chosen = torch.from_numpy(rng.random(len(codes)) < self.recipe.rules.projected).to(codes.device)
        if not chosen.any():
            return codes
        keep = torch.from_numpy(rng.random((len(codes), 1, 1)).astype(np.float32)).to(codes.device)
        with torch.no_grad():
            projected = self.networks["manifold"](latent=codes, blend=0.0)
        return torch.where(chosen[:, None, None], keep * codes + (1 - keep) * projected, codes)

    def _bank_sketches(self, count: int) -> Tensor:
        """The drawings the bank encodes, (S,1,H,W) uint8: clean ones, every other one in a style of its own."""
        known = self.data.known
        if count > len(known):
            raise RecipeError(
                f"A bank of {count} samples needs as many faces; the corpus has {len(known)}.",
                fix="Make a larger corpus, or lower networks.embedding.samples.",
            )
        people = len({tags["person"] for tags in known.tags})

        def drawing(i: int) -> Any:
            styled = (i // people) % 2 == 1
            return to_bytes(known.sketch(i, self.rng(i, 4), level="clean") if styled else known.clean(i))

        drawings = side_by_side(drawing, range(count), workers=self.recipe.schedule.workers)
        return torch.stack([torch.as_tensor(one) for one in drawings])[:, None]

    @torch.no_grad()
    def _fill_bank(self, parts: Networks) -> None:
        """Encode the bank's drawings anew."""
        encoder = parts["encoder"]
        training = encoder.training
        encoder.eval()
        codes = [encoder(sketch=part.to(self.device).float() / 255) for part in self.samples.split(32)]
        encoder.train(training)
        cast(ManifoldProjection, parts["manifold"]).fill(torch.cat(codes).transpose(0, 1), **self._people)

    @cached_property
    def _people(self) -> dict[str, Tensor]:
        """What is known of the bank's samples, of whom its codes change and these do not."""
        known = self.data.known
        people = known.tags[: len(self.samples)]
        ages = [float(p["age"]) if p["age"].replace(".", "").isdigit() else 0.0 for p in people]
        return {
            "gender": torch.tensor([GENDERS.get(p["gender"], 0) for p in people], dtype=torch.uint8),
            "age": torch.tensor(ages).round().to(torch.uint8),
            "traits": torch.tensor([traits_of(tags, known.photo(index)) for index, tags in enumerate(people)]),
        }

    def _settled(self, networks: Networks) -> dict[str, nn.Module]:
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

    def sample(self, networks: Networks) -> Image.Image:
        parts = self._settled(networks)
        batch = self.data.preview(self.device)
        codes = parts["encoder"](sketch=batch["sketch"])
        refined = parts["manifold"](latent=codes)
        columns = {"sketch": batch["sketch"], "refined": parts["decoder"](latent=refined)}
        for name, latent in {"no projection": codes, "projected": refined}.items():
            columns[name] = parts["synthesis"](features=parts["mapping"](latent=latent))
        return sheet({**columns, "truth": batch["photo"]})

    def finished(self, networks: Networks) -> tuple[Model, Networks]:
        name = f"deepfacedrawing.{self.recipe.networks.preset.name}"
        size = self.preset.encoder.face.size
        return Model(name, steps=model_steps(self.preset), size=size, blank_ok=True), self._settled(networks)

    def facts(self) -> dict[str, Any]:
        networks = self.recipe.networks
        return {**self.data.facts(), **begun({"stage1": networks.embedding.bundle, "start": networks.start.bundle})}
