"""Stage 2 of UPS, content enhancement: C paints a gray photo, in its own colours or a reference's (section 3.2)."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from attrs import evolve, frozen
from PIL import Image, ImageColor
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from s2pzoo.errors import BadInputError, BadOptionError, RecipeError
from s2pzoo.imaging.photo import read_photo
from s2pzoo.interfaces import Generator
from s2pzoo.nn.adain import adain
from s2pzoo.nn.blocks import ResidualBlock, ResizeConv2d, init_normal
from s2pzoo.nn.colour import lightness, luma
from s2pzoo.nn.conditional import ConditionalNorm2d, Layers, category_shares
from s2pzoo.nn.resnet import reflected
from s2pzoo.spec.fields import knob
from s2pzoo.spec.model import Model, Step
from s2pzoo.spec.names import hint
from s2pzoo.train.adversary import Adversary
from s2pzoo.train.recipe import Part, Recipe, Start, part, preset
from s2pzoo.train.sheet import sheet
from s2pzoo.train.start import begin, begun
from s2pzoo.train.task import Backward, Networks, Task, channels_last, numbers
from s2pzoo.train.unpaired import UnpairedBatches, UnpairedData, to_tensor
from s2pzoo_ups.config import CONTENTS, ContentConfig

Reference = Tensor | str | os.PathLike[str]

_SMALLEST = 16
_CHROMA = 2  # on values in [-1,1], and so 4 of those in [0,1]
_WHITE = 0.97  # luma from which a pixel is paper


class TappedEncoder(nn.ModuleList):
    """(N,3,H,W) -> what the layers numbered `taps` give, in order; nothing comes after the last of them."""

    def __init__(self, layers: Iterable[nn.Module], *, taps: tuple[int, ...]) -> None:
        super().__init__(layers)
        self.taps = taps

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = []
        for index, layer in enumerate(self):
            x = layer(x)
            if index in self.taps:
                maps.append(x)
        return maps


def vgg_encoder() -> TappedEncoder:
    """relu1_1, relu2_1, relu3_1, relu3_4 of the normalised VGG-19 (Huang and Belongie 2017), frozen.

    Channels 64, 128, 256, 256; strides 1, 2, 4, 4. Layers have the numbers of the published file, whose first 26 they
    are, so that its weights load as they are.
    """
    halved = partial(nn.MaxPool2d, 2, ceil_mode=True)
    layers = (
        nn.Conv2d(3, 3, 1), *_convolved(3, 64), *_convolved(64, 64),
        halved(), *_convolved(64, 128), *_convolved(128, 128),
        halved(), *_convolved(128, 256), *_convolved(256, 256), *_convolved(256, 256), *_convolved(256, 256),
    )  # fmt: skip
    return TappedEncoder(layers, taps=(3, 10, 17, 26)).requires_grad_(False)


def trained_encoder(widths: tuple[int, int, int], kernel: int) -> TappedEncoder:
    """Four maps at the strides of VGG's, 1, 2, 4, 4.

    Layer normalisation leaves the statistics that AdaIN sets. Without any, the scale of the maps drifts in training,
    and with it what the style and content losses measure.
    """
    full, half, quarter = widths
    layers = (
        *reflected(3, full, kernel), layer_norm(full), nn.ReLU(),
        nn.Conv2d(full, half, 3, 2, 1), layer_norm(half), nn.ReLU(),
        nn.Conv2d(half, quarter, 3, 2, 1), layer_norm(quarter), nn.ReLU(),
        *reflected(quarter, quarter, 3), layer_norm(quarter), nn.ReLU(),
    )  # fmt: skip
    return TappedEncoder(layers, taps=(3, 6, 9, 13)).apply(init_normal)


def not_white(picture: Tensor, maps: Tensor) -> Tensor:
    """How much of each position of `maps` (N,C,h,w) is not white in the picture (N,1,H,W) or (N,3,H,W), (N,1,h,w)."""
    return F.adaptive_avg_pool2d((luma(picture) < _WHITE).to(picture), (maps.shape[-2], maps.shape[-1]))


def coloured(gray: Tensor, picture: Tensor) -> Tensor:
    """The colours of a picture (N,3,H,W) on gray (N,1,H,W) in [0,1] as their luma, paled where they would leave [0,1].

    So white stays white and black stays black.
    """
    chroma = picture - luma(picture)
    room = torch.where(chroma > 0, 1 - gray, gray) / chroma.abs().clamp_min(1e-6)
    # The share that fits is taken for a constant: its gradient has no bound.
    return (gray + chroma * room.amin(1, keepdim=True).clamp_max(1).detach()).clamp(0, 1)


def colour_of(name: str) -> Tensor:
    """A colour by its CSS name or as #rrggbb, (1,3,1,1) in [0,1].

    Raises:
        BadOptionError: there is none of that name.
    """
    try:
        rgb = ImageColor.getrgb(name)[:3]
    except ValueError:
        fix = hint(name, ImageColor.colormap) or "Give one of CSS's names, as sienna, or #a0522d."
        raise BadOptionError(f"There is no colour {name!r}.", fix=fix) from None
    return torch.tensor(rgb)[None, :, None, None].clamp_max(255) / 255


def layer_norm(channels: int) -> nn.Module:
    """Over all channels and positions of a picture."""
    return nn.GroupNorm(1, channels, affine=False)


def decoder(config: ContentConfig) -> Layers:
    """Maps (N,C,H/4,W/4) -> (N,3,H,W) in [-1,1]."""
    full, half, quarter = config.widths
    many = len(config.classes)
    norm = layer_norm if config.norm == "layer" else nn.InstanceNorm2d

    def of_category(channels: int) -> nn.Module:
        return ConditionalNorm2d(norm(channels), channels, many) if many else norm(channels)

    def doubled(inside: int, outside: int) -> list[nn.Module]:
        if config.resize:
            return [ResizeConv2d(inside, outside), norm(outside), nn.ReLU()]
        return [nn.ConvTranspose2d(inside, outside, 3, 2, 1, output_padding=1), norm(outside), nn.ReLU()]

    layers = (
        *(ResidualBlock(quarter, norm=of_category) for _ in range(config.blocks)),
        *doubled(quarter, half), *doubled(half, full),
        *reflected(full, 3, config.kernel), nn.Tanh(),
    )  # fmt: skip
    return Layers(*layers).apply(init_normal)


def _convolved(inside: int, outside: int) -> list[nn.Module]:
    return [*reflected(inside, outside, 3), nn.ReLU()]


class ContentEnhancement(Generator):
    """gray (N,1,H,W) -> photo (N,3,H,W) in [0,1], H and W multiples of 4."""

    Config = ContentConfig

    def __init__(self, config: ContentConfig) -> None:
        super().__init__(config)
        vgg = config.encoder == "vgg19"
        self.encoder = vgg_encoder() if vgg else trained_encoder(config.widths, config.kernel)
        self.decoder = decoder(config)

    def forward(
        self,
        *,
        gray: Tensor,
        reference: Reference | None = None,
        colour: str = "",
        alpha: float = 1.0,
        category: str | int | Tensor | None = None,
        maps: bool = False,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """The photo of a gray photo.

        Args:
            gray: (N,1,H,W) in [0,1].
            reference: whose colours to take: (N,3,h,w) or (1,3,h,w) in [0,1], or a picture file. None: none.
            colour: in which to paint without a reference: a name of CSS or #rrggbb. Empty: none.
            alpha: how much of the reference's statistics, 0 none to 1 all.
            category: of `config.classes`, where there are any: a name, an index, or indices (N,).
            maps: give (photo, t) instead, t as of `target`.

        Raises:
            BadInputError: a wrong shape, a file that is not a photo.
            BadOptionError: no such colour; no such category, or none given where there are some.
        """
        if reference is None and colour:
            reference = coloured(gray, colour_of(colour).to(gray))
        t = self.target(gray, reference, alpha)
        photo = self.decode(t, category=category)
        if self.config.keep_gray:
            photo = coloured(gray, photo)
        return (photo, t) if maps else photo

    def target(self, gray: Tensor, reference: Reference | None = None, alpha: float = 1.0) -> Tensor:
        """t, the maps (N,C,H/4,W/4) that are decoded: E(G), or AdaIN(E(G), E(R)), or between. Errors of `forward`."""
        if gray.dim() != 4 or gray.shape[1] != 1 or any(side % 4 or side < _SMALLEST for side in gray.shape[2:]):
            raise BadInputError(
                f"A gray photo cannot have the shape {tuple(gray.shape)}.",
                fix=f"It is (N,1,H,W), with sides of {_SMALLEST} pixels or more that divide by 4.",
            )
        t = self.encode(gray)[-1]
        if reference is None:
            return t
        photo = self._photo(reference, gray)
        style = self.encode(photo)[-1]
        if not self.config.object_only:
            return torch.lerp(t, adain(t, style), alpha)
        here, there = not_white(gray, t), not_white(photo, style)
        return torch.lerp(t, adain(t, style, weights=(here, there)), alpha * here)

    def encode(self, image: Tensor, *, fixed: bool = False) -> list[Tensor]:
        """The maps that the style loss reads, the last of which is E's: of gray (N,1,H,W) or photo (N,3,H,W) in [0,1].

        `fixed`: as a measure for losses, gradients reach the image and never the encoder's weights.
        """
        unit = self.config.encoder == "vgg19" and self.config.vgg_input_range == "unit"
        x = (image if unit else image * 2 - 1).expand(-1, 3, -1, -1)
        if self.config.opponent:
            light = luma(x)
            x = torch.cat([light, _CHROMA * (x[:, :1] - light), _CHROMA * (x[:, 2:] - light)], dim=1)
        if not fixed:
            return self.encoder(x)
        weights = {name: parameter.detach() for name, parameter in self.encoder.named_parameters()}
        return functional_call(self.encoder, weights, (x,))

    def decode(self, t: Tensor, *, category: str | int | Tensor | None = None) -> Tensor:
        """The picture (N,3,H,W) in [0,1] that is painted of maps (N,C,H/4,W/4). Errors of `forward`."""
        return self.decoder(t, category_shares(category, self.config.classes, t)) / 2 + 0.5

    def _photo(self, reference: Reference, gray: Tensor) -> Tensor:
        if not isinstance(reference, Tensor):
            pixels = torch.from_numpy(read_photo(reference, size=self.config.size))
            reference = pixels.permute(2, 0, 1)[None]
        shape = tuple(reference.shape)
        if len(shape) != 4 or shape[0] not in (1, len(gray)) or shape[1] != 3 or min(shape[2:]) < _SMALLEST:
            raise BadInputError(
                f"A reference for {len(gray)} pictures cannot have the shape {shape}.",
                fix=f"It is (1,3,H,W), or (N,3,H,W) with one for each, with sides of {_SMALLEST} pixels or more.",
            )
        return reference.to(gray)


@frozen(kw_only=True)
class Data(UnpairedData):
    """A collection, and how often a photo is a reference."""

    reference: float = knob(0.2, low=0, high=1, paper=0.2, help="share of the steps with a random photo as reference")
    own: float = knob(0.0, low=0, high=1, paper=0.0, help="share in which the reference is the photo itself")
    recoloured: float = knob(0.0, low=0, high=1, paper=0.0, help="of these, how many get random colours first")


@frozen(kw_only=True)
class Contents:
    """C."""

    preset: str = knob("light128", help=f"one of {', '.join(CONTENTS)}")
    encoder_weights: str = knob("", help="a safetensors file of the first 26 layers of the paper's VGG-19")


@frozen(kw_only=True)
class Stage2Networks:
    content: Contents = Contents()
    critic: Part = part("core/patchgan", help="D_I", base=64, widest=512)
    start: Start = Start()


@frozen(kw_only=True)
class Stage2Losses:
    adversarial: Part = part("core/lsgan", help="of D_I", was="gan_kind")
    style: Part = part("core/style", help="of `style`")
    content: Part = part("core/mse", help="of `content`; core/l1 in the paper")
    perceptual: Part = part("core/perceptual", help="of `own_perceptual`")


@frozen(kw_only=True)
class Stage2Weights:
    gan: float = knob(1.0, low=0, paper=1.0, help="adversarial, eq. 4")
    intensity: float = knob(10.0, low=0, paper=10.0, released="10, on [-1,1], which counts double", help="eq. 5")
    style: float = knob(0.1, low=0, paper=0.1, help="eq. 7")
    content: float = knob(0.05, low=0, paper=0.05, help="eq. 6")
    own_l1: float = knob(10.0, low=0, help="a photo that is its own reference comes back; not in the paper")
    own_perceptual: float = knob(0.0, low=0, help="the same, features of a network")
    own_chroma: float = knob(0.0, low=0, help="the same, its colours alone")


@frozen(kw_only=True)
class Stage2Rules:
    pool: int = knob(50, low=0, paper=50, help="past fakes that the critic is shown")
    intensity_kind: str = knob("luma", choices=("luma", "lab"), released="luma", help="compared by intensity")


@frozen(kw_only=True)
class Stage2Recipe(Recipe):
    data: Data = Data()
    networks: Stage2Networks = Stage2Networks()
    losses: Stage2Losses = Stage2Losses()
    weights: Stage2Weights = Stage2Weights()
    rules: Stage2Rules = Stage2Rules()


class Stage2(Task):
    """C and D_I on gray photos G of photos I, and photos R that have nothing to do with them.

    Where a photo is its own reference, or there is none, C has to bring it back (`own_*`): no part of the paper.
    """

    Recipe = Stage2Recipe

    def __init__(self, *, recipe: Any, data: Path) -> None:
        super().__init__(recipe=recipe, data=data)
        settings, wanted = recipe.data, recipe.networks.content
        if settings.reference + settings.own > 1:
            raise RecipeError(
                "data.reference and data.own are shares of the steps.", fix="Give two that add up to at most 1."
            )
        self.data = UnpairedBatches(settings, data, batch=recipe.schedule.batch)
        C = ContentEnhancement(evolve(preset(CONTENTS, wanted.preset), size=settings.size))
        if C.config.encoder == "vgg19":
            _load_encoder(C, wanted.encoder_weights)
        begin({"content": C}, recipe.networks.start.bundle)
        self.networks = channels_last({"content": C})
        self.ema = ("content",)
        self.gan = Adversary(
            self, recipe.networks.critic, recipe.losses.adversarial, kinds=("photo",), pool=recipe.rules.pool
        )
        self.optimizers["generators"] = self.adam(C)
        self.frozen |= {"style": recipe.losses.style.make(), "content": recipe.losses.content.make()}
        if settings.own and recipe.weights.own_perceptual:
            self.frozen["perceptual"] = recipe.losses.perceptual.make()

    def draw(self, rng: np.random.Generator) -> dict[str, Tensor]:
        # The photos are coloured anew; the others are what is real, and the references.
        return {"photo": to_tensor(self.data.photos(rng)), "other": to_tensor(self.data.photos(rng))}

    def step(self, batch: dict[str, Tensor], index: int, backward: Backward) -> dict[str, float]:
        I, R = batch["photo"], batch["other"]  # noqa: E741
        rng, settings = self.rng(index, 2), self.recipe.data
        dice = rng.random()
        if dice < settings.own * settings.recoloured:
            I, R = recoloured(I, rng), recoloured(R, rng)  # noqa: E741
        reference = I if dice < settings.own else R if dice < settings.own + settings.reference else None
        terms, fake = self.enhance(luma(I), reference)
        if settings.own and reference is not R:
            terms |= own_terms(fake, I)
            if "perceptual" in self.frozen:
                terms["own_perceptual"] = self.frozen["perceptual"].total(fake=fake, real=I)
        terms["gan"] = self.gan.fool(photo=fake)  # eq. 4
        self.minimise("generators", self.weighted(terms), backward)
        return numbers({**terms, "critics": self.gan.judge(backward, self.rng(index, 1), photo=(R, fake))})

    def enhance(self, G: Tensor, R: Tensor | None) -> tuple[dict[str, Tensor], Tensor]:
        """The terms of the photo C(G, R), and the photo."""
        C = cast(ContentEnhancement, self.networks["content"])
        fake, t = C(gray=G, reference=R, maps=True)
        terms = {"intensity": intensity(fake, G, self.recipe.rules.intensity_kind)}  # eq. 5
        if R is not None:
            made = C.encode(fake, fixed=True)
            with torch.no_grad():
                wanted = C.encode(R)
            terms["content"] = self.frozen["content"].total(fake=made[-1], real=t.detach())  # eq. 6
            terms["style"] = self.frozen["style"].total(fake=made, real=wanted)  # eq. 7
        return terms, fake

    def sample(self, networks: Networks) -> Image.Image:
        photo, C = self.data.preview(self.device)["photo"], networks["content"]
        gray = luma(photo)
        columns = {"gray": gray, "no reference": C(gray=gray), "its own": C(gray=gray, reference=photo)}
        for shift in (1, 2, 3):
            reference = photo.roll(shift, 0)
            columns |= {f"reference {shift}": reference, f"with {shift}": C(gray=gray, reference=reference)}
        return sheet({**columns, "truth": photo}, cell=128)

    def finished(self, networks: Networks) -> tuple[Model, Networks]:
        steps = (Step("content", networks["content"].config),)
        return Model("ups.stage2", steps=steps, input="gray", size=self.recipe.data.size), networks

    def facts(self) -> dict[str, Any]:
        return {**self.data.facts(), **begun({"start": self.recipe.networks.start.bundle})}


def intensity(photo: Tensor, gray: Tensor, kind: str = "luma") -> Tensor:
    """L_it (eq. 5), the mean of |gray - gray(photo)|: the colours may be any, the shading is given.

    The released code takes it on pictures in [-1,1], which is twice as much as here in [0,1].

    Args:
        photo: (N,3,H,W) in [0,1].
        gray: (N,1,H,W) in [0,1], luma.
        kind: what is compared: luma (released code), or the lightness of CIE-Lab of both.
    """
    shade = lightness if kind == "lab" else luma
    return F.l1_loss(shade(photo), shade(gray))


def own_terms(fake: Tensor, photo: Tensor) -> dict[str, Tensor]:
    """How far a photo that should have come back (N,3,H,W) is from the true one: all of it, and its colours."""
    return {"own_l1": F.l1_loss(fake, photo), "own_chroma": F.l1_loss(chroma(fake), chroma(photo))}


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
