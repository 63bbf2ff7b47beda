"""Stage 1 of UPS, shape translation: T and T', their objective and its step (paper section 3.1; docs/ups.md)."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from attrs import evolve, frozen
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from s2pzoo.data.objects import enclosed, object_sketch
from s2pzoo.errors import RecipeError
from s2pzoo.host.parts import own_encoder
from s2pzoo.imaging.pixels import from_bytes, to_bytes
from s2pzoo.interfaces import Generator
from s2pzoo.nn.blocks import init_normal
from s2pzoo.nn.colour import luma
from s2pzoo.nn.conditional import ConditionalInstanceNorm2d, Layers, category_shares
from s2pzoo.nn.encoding import MapEncoding
from s2pzoo.nn.resnet import ResnetGenerator
from s2pzoo.spec.fields import knob
from s2pzoo.spec.model import Model
from s2pzoo.train.adversary import Adversary
from s2pzoo.train.recipe import Part, Recipe, Start, part, preset
from s2pzoo.train.sheet import sheet
from s2pzoo.train.start import begin, begun
from s2pzoo.train.task import Backward, Networks, Task, channels_last, numbers
from s2pzoo.train.unpaired import UnpairedBatches, UnpairedData, to_tensor
from s2pzoo_ups.config import ATTENTIONS, SHAPES, TranslatorConfig
from s2pzoo_ups.noise import COMPOSE, NoiseComposition, dense_patterns
from s2pzoo_ups.plugin import shape_steps

Terms = dict[str, Tensor]

_WHITE = 0.95  # luma from which a pixel is paper


class Suppression(nn.Module):
    """The attention of T says where strokes distract, and takes the features there away (figure 3).

    f (N,C,h,w) -> ((1 - A) f, A), A (N,1,h,w) in [0,1] the first of two logits' softmax: over the two logits
    (`channels`) or, as in the released code, over the rows, so that A sums to 1 down each column (`legacy_rows`).
    """

    def __init__(self, channels: int, *, softmax: str) -> None:
        super().__init__()
        self.logits = nn.Conv2d(channels, 2, 1)
        self.axis = 1 if softmax == "channels" else 2

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        attention = self.logits(features).softmax(self.axis)[:, :1]
        return (1 - attention) * features, attention


class ShapeTranslator(Generator):
    """T: sketch (N,1,S,S) -> gray (N,1,S,S) and attention (N,1,S/4,S/4). T': gray -> sketch. All in [0,1]."""

    Config = TranslatorConfig

    def __init__(self, config: TranslatorConfig) -> None:
        super().__init__(config)
        many = max(1, len(config.classes)) * 2 if config.toned else len(config.classes)
        self.network = ResnetGenerator(
            1, 1, base=config.base, downs=config.downs, blocks=config.blocks, kernel=config.kernel,
            resize="nearest" if config.resize else "",
            norm=partial(ConditionalInstanceNorm2d, classes=many) if many else nn.InstanceNorm2d,
        )  # fmt: skip
        channels = self.network.widths[-1]
        self.suppression = None if config.attention == "off" else Suppression(channels, softmax=config.attention)
        self.apply(init_normal)
        self.encoding = None
        if config.encoder.component:
            self.network.stem, self.network.down = Layers(), nn.ModuleList()
            self.encoding = MapEncoding(config.encoder, channels=channels, stride=1 << config.downs)

    def forward(
        self, *, tone: float | Tensor | None = None, category: Any = None, attend: bool = True,
        faithfulness: float | None = None, **image: Tensor,
    ) -> Tensor | dict[str, Tensor]:  # fmt: skip
        """One image by the name of its port.

        Args:
            tone: with `toned`, the mean luma of the things, in [0,1], one or (N,). None: the config's.
            category: with `classes`, the name or index of one, or a tensor (N,) of indices.
            attend: whether the attention suppresses; the map is given all the same.
            faithfulness: of T, how dark what is drawn lies in the gray photo, 0 or None not at all: see `laid`.

        Raises:
            BadOptionError: no such category, or none given where there are some.
        """
        x = image[self.config.takes]
        shares = self._shares(x, tone, category)
        maps = [self.encoding(x)] if self.encoding else self.network.encode(x * 2 - 1, shares)
        attention = None
        if self.suppression is not None:
            suppressed, attention = self.suppression(maps[-1])
            maps[-1] = suppressed if attend else maps[-1]
        made = self.network.decode(maps, shares).tanh() / 2 + 0.5
        made = laid(made, x, faithfulness) if faithfulness else made
        return made if attention is None else {self.config.gives: made, "attention": attention}

    def _shares(self, x: Tensor, tone: float | Tensor | None, category: Any) -> Tensor | None:
        """(N,K) of each category or, with `toned`, of the dark and the light ones of each."""
        shares = category_shares(category, self.config.classes, x)
        if self.config.toned:
            light = self.config.tone if tone is None else tone
            light = torch.as_tensor(light, dtype=torch.float32, device=x.device).expand(len(x))
            tones = torch.stack([1 - light, light], 1)
            shares = tones if shares is None else (shares[..., None] * tones[:, None]).flatten(1)
        return shares


def laid(gray: Tensor, sketch: Tensor, faithfulness: float = 1.0) -> Tensor:
    """A gray photo (N,1,S,S) with its sketch (N,1,S,S) over it: at 1 its lines are nearly black. Not in the paper."""
    return gray * (1 - 0.9 * faithfulness * (1 - sketch))


@frozen(kw_only=True)
class Data(UnpairedData):
    """A collection, and phi, the noise that is added to its sketches."""

    noise_complex: float = knob(0.2, low=0, high=1, paper=0.2, help="how often dense strokes are added to a sketch")
    noise_distractive: float = knob(0.3, low=0, high=1, paper=0.3, help="how often a patch of another sketch is")
    patch: int = knob(50, low=1, paper=50, help="its side in pixels")
    compose: str = knob("min", choices=COMPOSE, released="product_legacy", help="how one sketch lies over another")


@frozen(kw_only=True)
class Translators:
    """T; T' is the same network turned round."""

    preset: str = knob("light128", help=f"one of {', '.join(SHAPES)}")
    attention: str = knob("channels", choices=ATTENTIONS, help="see the config")
    trained: bool = knob(True, help="else T' alone is")


@frozen(kw_only=True)
class Stage1Networks:
    translator: Translators = Translators()
    encoder: Part = own_encoder()
    critic: Part = part("core/patchgan", help="D_G and D_S", base=64, widest=512)
    start: Start = Start()


@frozen(kw_only=True)
class Stage1Losses:
    adversarial: Part = part("core/lsgan", help="of both critics", was="gan_kind")
    pixel: Part = part("core/l1", help="of `pseudo`", was="pseudo_kind")
    perceptual: Part = part("core/perceptual", help="of `pseudo_perceptual`")
    matching: Part = part("core/feature-matching", help="of `pseudo_matching`")


@frozen(kw_only=True)
class Stage1Weights:
    gan: float = knob(1.0, low=0, paper=1.0, released=1.0, help="adversarial, eq. 1")
    cycle: float = knob(10.0, low=0, paper=10.0, released=10.0, help="eq. 2")
    identity: float = knob(
        5.0, low=0, paper="0.5, as printed", released="5: the code multiplies by the cycle's weight", help="eq. 3"
    )
    ss: float = knob(10.0, low=0, paper=1.0, released=10.0, help="self-supervision, where ss_mode is add")
    tone: float = knob(
        0.0, low=0, paper=0.0, help="what T makes of sketches is as light as it was told; not in the paper"
    )
    ground: float = knob(0.0, low=0, paper=0.0, help="T leaves white what lies far outside the lines; not in the paper")
    attention: float = knob(0.0, low=0, paper=0.0, help="A against the noise that was added; not in the paper")
    literal: float = knob(0.0, low=0, paper=0.0, help="T' reads lines that are laid over gray; not in the paper")
    pseudo: float = knob(0.0, low=0, paper=0.0, help="photos and line drawings made of them; not in the paper")
    pseudo_perceptual: float = knob(0.0, low=0, paper=0.0, help="the same, features of a network")
    pseudo_matching: float = knob(0.0, low=0, paper=0.0, help="the same, features of D_G")


@frozen(kw_only=True)
class Stage1Rules:
    ss_mode: str = knob(
        "replace", choices=("replace", "add", "off"), paper="add", released="replace",
        help="with noise on the sketch, the cycle back to the clean one replaces its own, is added, or is left out",
    )  # fmt: skip
    pool: int = knob(50, low=0, paper=50, help="past fakes that the critics are shown")
    unpaired_start: float = knob(0.0, low=0, high=1, help="share of the steps that see nothing but pseudo pairs")
    unpaired_every: int = knob(1, low=1, help="after that, all but every so-many-th do")


@frozen(kw_only=True)
class Stage1Recipe(Recipe):
    data: Data = Data()
    networks: Stage1Networks = Stage1Networks()
    losses: Stage1Losses = Stage1Losses()
    weights: Stage1Weights = Stage1Weights()
    rules: Stage1Rules = Stage1Rules()


class Stage1(Task):
    """T, T', D_G, D_S on unpaired sketches S and gray photos G.

    The pseudo terms are no part of the paper: T also learns from training photos and line drawings made of them.
    """

    Recipe = Stage1Recipe
    kinds = ("gray", "sketch")

    def __init__(self, *, recipe: Any, data: Path) -> None:
        super().__init__(recipe=recipe, data=data)
        weights, rules, wanted = recipe.weights, recipe.rules, recipe.networks.translator
        if (rules.unpaired_start or rules.unpaired_every > 1) and not weights.pseudo:
            raise RecipeError(
                "rules.unpaired_start and rules.unpaired_every leave nothing to learn from in some steps.",
                why="In those only photos and line drawings of them are looked at, and weights.pseudo is 0.",
                fix="Set weights.pseudo above 0, or rules.unpaired_start=0 and rules.unpaired_every=1.",
            )
        self.data = UnpairedBatches(recipe.data, data, batch=recipe.schedule.batch)
        self.phi = self._noise(recipe.data) if rules.ss_mode != "off" or weights.attention else None
        config = evolve(
            preset(SHAPES, wanted.preset), attention=wanted.attention, size=recipe.data.size,
            encoder=recipe.networks.encoder,
        )  # fmt: skip
        self.toned = config.toned
        if config.toned:
            config = evolve(config, tone=median_tone(self.data.collection.photos))
        made = {"translator": ShapeTranslator(config), "sketcher": ShapeTranslator(config.back())}
        begin(made, next(iter(self.starts().values())))
        made["translator"].requires_grad_(wanted.trained)
        self.networks = channels_last(made)
        self.ema = tuple(made)
        self.gan = Adversary(
            self, recipe.networks.critic, recipe.losses.adversarial, kinds=self.kinds, pool=rules.pool,
            matching=recipe.losses.matching,
        )  # fmt: skip
        self.optimizers["generators"] = self.adam(*made.values())
        self.frozen["pixel"] = recipe.losses.pixel.make()
        if weights.pseudo_perceptual:
            self.frozen["perceptual"] = recipe.losses.perceptual.make()

    def _noise(self, data: Data) -> NoiseComposition:
        sketches = self.data.collection.sketches
        return NoiseComposition(
            sketches, dense_patterns(sketches), complex_=data.noise_complex, distractive=data.noise_distractive,
            patch=data.patch, how=data.compose,
        )  # fmt: skip

    def starts(self) -> dict[str, str]:
        """The folders this training begins with, by what its bundle calls them; T and T' are in the first."""
        return {"start": self.recipe.networks.start.bundle}

    def draw(self, rng: np.random.Generator) -> Terms:
        sketches, photos = self.data.sketches(rng), self.data.lined_photos(rng)
        pictures = {"sketch": sketches, "photo": [photo for photo, _ in photos]}
        if self.phi:
            noised = [self.phi(sketch, rng) for sketch in pictures["sketch"]]
            pictures["noised"], pictures["noise"] = [one for one, _ in noised], [noise for _, noise in noised]
        if self.recipe.weights.ground or self.recipe.weights.tone:
            pictures["enclosed"] = [enclosed(sketch) for sketch in sketches]
        if self.recipe.weights.pseudo:
            pictures["pseudo"] = [
                to_bytes(object_sketch(from_bytes(photo), rng, lines=lines)) for photo, lines in photos
            ]
        return {name: to_tensor(images) for name, images in pictures.items()}

    def step(self, batch: Terms, index: int, backward: Backward) -> dict[str, float]:
        real = {"gray": luma(batch["photo"]), "sketch": batch["sketch"], "photo": batch["photo"]}
        terms, fakes = self.objective(batch, real["gray"], index)
        terms["gan"] = self.gan.fool(**fakes)  # eq. 1
        self.minimise("generators", self.weighted(terms), backward)
        pairs = {kind: (real[kind], fake) for kind, fake in fakes.items()}
        critics = self.gan.judge(backward, self.rng(index, 1), condition=None, **pairs)
        return numbers({**terms, "critics": critics})

    def objective(self, batch: Terms, G: Tensor, index: int) -> tuple[Terms, Terms]:
        """All terms of the loss but the adversarial one, and the fakes by kind."""
        terms, fakes, rules = {}, {}, self.recipe.rules
        if "pseudo" in batch:
            fakes["gray"] = self.T(batch["pseudo"], G)[0]
            terms = self._pseudo(fakes["gray"], G)
        late = index >= rules.unpaired_start * self.recipe.schedule.steps
        if late and index % rules.unpaired_every == 0:
            cycles, made = self._cycles(batch, G)
            terms |= cycles
            fakes = {**made, "gray": torch.cat([made["gray"], *fakes.values()])}
        return terms, fakes

    def _cycles(self, batch: Terms, G: Tensor) -> tuple[Terms, Terms]:
        """Section 3.1, on unpaired S and G; phi(S) is S with noise."""
        mode, S, T, T_ = self.recipe.rules.ss_mode, batch["sketch"], self.T, self.networks["sketcher"]
        fake, A = T(batch["noised"] if mode == "replace" else S, G)
        drawn = T_(gray=G)
        # As in the released code, the attention acts on sketches alone, not on what T' or a photo gives.
        terms = {"cycle": F.l1_loss(T_(gray=fake), S) + F.l1_loss(T(drawn, G, attend=False)[0], G)}  # eq. 2
        if mode != "replace" and self.phi:
            noised, A = T(batch["noised"], G)
            if mode == "add":
                terms["ss"] = F.l1_loss(T_(gray=noised), S)
        if self.recipe.weights.identity:
            terms["identity"] = F.l1_loss(T(G, G, attend=False)[0], G) + F.l1_loss(T_(gray=S), S)  # eq. 3
        if self.recipe.weights.literal:
            terms["literal"] = F.l1_loss(T_(gray=laid(fake, S)), S)
        if "enclosed" in batch:
            terms["tone"] = F.l1_loss(tone_of(1 - batch["enclosed"] * (1 - fake)), tone_of(G))
            terms["ground"] = ((1 - batch["enclosed"]) * (1 - fake)).mean()
        if self.recipe.weights.attention and A is not None:
            noise = F.interpolate(1 - batch["noise"], A.shape[-2:], mode="area")
            terms["attention"] = F.binary_cross_entropy(A.float(), (noise > 0.02).float())
        return terms, {"gray": fake, "sketch": drawn}

    def _pseudo(self, made: Tensor, G: Tensor) -> Terms:
        terms = {"pseudo": self.frozen["pixel"].total(fake=made, real=G)}
        if "perceptual" in self.frozen:
            terms["pseudo_perceptual"] = self.frozen["perceptual"].total(fake=made, real=G)
        if self.recipe.weights.pseudo_matching:
            terms["pseudo_matching"] = self.gan.match(gray=(G, made))
        return terms

    def T(self, sketch: Tensor, G: Tensor, *, attend: bool = True) -> tuple[Tensor, Tensor | None]:
        """T(sketch), in the tones of G where it is told any, and A where there is one."""
        told = {"tone": tone_of(G)} if self.toned else {}
        return opened(self.networks["translator"](sketch=sketch, attend=attend, **told))

    def sample(self, networks: Networks) -> Image.Image:
        batch = self.data.preview(self.device)
        photo, columns = luma(batch["photo"]), {"sketch": batch["sketch"]}
        T, sketcher = networks["translator"], networks["sketcher"]
        made, attention = opened(T(sketch=batch["sketch"]))
        if attention is not None:
            columns["attention"] = F.interpolate(attention, photo.shape[-2:], mode="bilinear")
        for tone in (0.25, 0.75) if T.config.toned else ():
            columns[f"tone {tone}"] = opened(T(sketch=batch["sketch"], tone=tone))[0]
        columns |= {"gray": made, "and back": sketcher(gray=made), "a photo": photo, "its sketch": sketcher(gray=photo)}
        return sheet(columns, cell=128)

    def finished(self, networks: Networks) -> tuple[Model, Networks]:
        steps = shape_steps(networks["translator"].config)
        return Model("ups.stage1", steps=steps, output="gray", size=self.recipe.data.size), networks

    def facts(self) -> dict[str, Any]:
        return {**self.data.facts(), **begun(self.starts())}


def opened(made: Tensor | dict[str, Tensor]) -> tuple[Tensor, Tensor | None]:
    """What T gave: gray, and A where there is one."""
    return (made["gray"], made["attention"]) if isinstance(made, dict) else (made, None)


def median_tone(photos: NDArray[np.uint8], *, most: int = 300) -> float:
    """The median of the tones of photos (N,S,S,3), or of so many of them."""
    some = [photos[index] for index in np.linspace(0, len(photos) - 1, min(most, len(photos))).astype(int)]
    return round(float(tone_of(luma(to_tensor(some))).median()), 2)


def tone_of(gray: Tensor) -> Tensor:
    """The mean luma (N,) of the things in gray photos (N,1,H,W), on white."""
    inside = (gray < _WHITE).to(gray)
    return (gray * inside).sum((1, 2, 3)) / inside.sum((1, 2, 3)).clamp(min=1)
