"""IS, image synthesis: a pix2pixHD-style generator and its multi-scale discriminators (docs/deepfacedrawing.md)."""

from __future__ import annotations

import itertools
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from s2pzoo.interfaces import Discriminator, Generator
from s2pzoo.nn.blocks import ResidualBlock, init_normal
from s2pzoo.nn.patchgan import MultiScaleDiscriminator
from s2pzoo_deepfacedrawing.config import DiscriminatorConfig, SynthesisConfig


def _reflected(inside: int, outside: int, kernel: int) -> list[nn.Module]:
    return [nn.ReflectionPad2d(kernel // 2), nn.Conv2d(inside, outside, kernel)]


class ImageSynthesis(Generator):
    """features (N,C,S/stride,S/stride) -> photo (N,3,S,S) in [0,1]."""

    Config = SynthesisConfig

    def __init__(self, config: SynthesisConfig) -> None:
        super().__init__(config)
        norm = partial(nn.InstanceNorm2d, affine=config.affine)
        widths = [min(config.base << level, config.widest) for level in range(config.downs + 1)]
        self.stem = nn.Sequential(*_reflected(config.maps, widths[0], config.kernel), norm(widths[0]), nn.ReLU())
        self.down = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, 3, 2, 1), norm(b), nn.ReLU()) for a, b in itertools.pairwise(widths)
        )
        self.blocks = nn.Sequential(*(ResidualBlock(widths[-1], norm=norm) for _ in range(config.blocks)))
        ups = [*widths[::-1], *(widths[0] >> level for level in range(1, config.stride.bit_length()))]
        self.up = nn.ModuleList(
            nn.Sequential(nn.ConvTranspose2d(a, b, 3, 2, 1, output_padding=1), norm(b), nn.ReLU())
            for a, b in itertools.pairwise(ups)
        )
        self.head = nn.Sequential(*_reflected(ups[-1], 3, config.kernel))
        self.apply(init_normal)

    def forward(self, *, features: Tensor) -> Tensor:
        x = self.stem(features)
        skips = [x]
        for layer in self.down:
            x = layer(x)
            skips.append(x)
        x = self.blocks(x)
        skips.pop()
        for layer in self.up:
            x = layer(x)
            if self.config.skips and skips:
                x = x + skips.pop()
        return self.head(x).tanh() / 2 + 0.5


class PhotoDiscriminator(Discriminator):
    """photo (N,3,H,W) [and features] -> for each scale (logits, features of every layer), finest scale first."""

    Config = DiscriminatorConfig

    def __init__(self, config: DiscriminatorConfig) -> None:
        super().__init__(config)
        self.critics = MultiScaleDiscriminator(
            3 + (config.maps if config.conditional else 0),
            base=config.base, layers=config.layers, widest=config.widest, scales=config.scales,
        )  # fmt: skip
        self.apply(init_normal)

    def forward(self, *, photo: Tensor, features: Tensor | None = None) -> list[tuple[Tensor, list[Tensor]]]:
        beside = [F.interpolate(features, photo.shape[-2:])] if features is not None and self.config.conditional else []
        return self.critics(torch.cat([photo * 2 - 1, *beside], dim=1))
