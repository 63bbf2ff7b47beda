"""PatchGAN critics (Isola et al. 2017), with the features that feature matching compares."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from s2pzoo.interfaces import Discriminator
from s2pzoo.nn.blocks import init_normal
from s2pzoo.spec.core import MultiScalePatchGANConfig, PatchGANConfig


class PatchDiscriminator(nn.Module):
    """(N,C,H,W) -> (logits (N,1,h,w), features of each layer before it).

    `layers` strided 4x4 convolutions from `base` channels, doubling up to `widest`, then two of stride 1; instance
    normalisation except in the first and last, LeakyReLU .2. `padding` is 1 in pix2pix, 2 in pix2pixHD.
    """

    def __init__(self, channels: int, *, base: int = 64, layers: int = 3, widest: int = 512, padding: int = 1) -> None:
        super().__init__()
        widths = [channels, *(min(base << level, widest) for level in range(layers + 1))]
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(a, b, 4, 2 if level < layers else 1, padding),
                nn.InstanceNorm2d(b) if level else nn.Identity(),
                nn.LeakyReLU(0.2),
            )
            for level, (a, b) in enumerate(itertools.pairwise(widths))
        )
        self.head = nn.Conv2d(widths[-1], 1, 4, 1, padding)

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        features = []
        for layer in self.layers:
            x = layer(x)
            features.append(x)
        return self.head(x), features


class PatchGAN(Discriminator):
    """picture (N,C,H,W) in [0,1], condition beside it or not -> one scale: (logits, features of each layer)."""

    Config = PatchGANConfig

    def __init__(self, config: PatchGANConfig) -> None:
        super().__init__(config)
        scales, padding = (config.scales, 2) if isinstance(config, MultiScalePatchGANConfig) else (1, 1)
        shape = {"padding": padding, "base": config.base, "layers": config.layers, "widest": config.widest}
        self.scales = nn.ModuleList(PatchDiscriminator(config.channels, **shape) for _ in range(scales))
        self.apply(init_normal)

    def forward(self, *, picture: Tensor, condition: Tensor | None = None) -> list[tuple[Tensor, list[Tensor]]]:
        x = picture * 2 - 1
        if condition is not None:
            x = torch.cat([x, F.interpolate(condition, picture.shape[-2:])], dim=1)
        judged = []
        for scale in self.scales:
            judged.append(scale(x))
            x = F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)
        return judged


class MultiScalePatchGAN(PatchGAN):
    """The same on several sizes, each half of the one before, finest first (Wang et al. 2018, pix2pixHD)."""

    Config = MultiScalePatchGANConfig
