"""C, content enhancement: a gray photo is painted, in colours of its own or in those of a reference (docs/ups.md)."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import partial

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from s2pzoo.errors import BadInputError
from s2pzoo.imaging.photo import read_photo
from s2pzoo.interfaces import Generator
from s2pzoo.losses.content import luma
from s2pzoo.nn.adain import adain
from s2pzoo.nn.blocks import ResidualBlock, ResizeConv2d, init_normal
from s2pzoo.nn.conditional import ConditionalNorm2d, category_index, conditioned
from s2pzoo.nn.resnet import reflected
from s2pzoo_ups.content_config import ContentConfig

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


def layer_norm(channels: int) -> nn.Module:
    """Over all channels and positions of a picture."""
    return nn.GroupNorm(1, channels, affine=False)


def decoder(config: ContentConfig) -> nn.Sequential:
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
    return nn.Sequential(*layers).apply(init_normal)


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
        alpha: float = 1.0,
        category: str | int | Tensor | None = None,
        maps: bool = False,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """The photo of a gray photo.

        Args:
            gray: (N,1,H,W) in [0,1].
            reference: whose colours to take: (N,3,h,w) or (1,3,h,w) in [0,1], or a picture file. None: none.
            alpha: how much of the reference's statistics, 0 none to 1 all.
            category: of `config.classes`, where there are any: a name, an index, or indices (N,).
            maps: give (photo, t) instead, t as of `target`.

        Raises:
            BadInputError: a wrong shape, a file that is not a photo.
            BadOptionError: no such category, or none given where there are some.
        """
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
        classes = self.config.classes
        wanted = classes or category is not None
        with conditioned(category_index(category, classes, len(t)).to(t.device) if wanted else None):
            return self.decoder(t) / 2 + 0.5

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
