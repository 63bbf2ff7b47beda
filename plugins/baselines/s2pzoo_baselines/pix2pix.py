"""pix2pix's generator (Isola et al., CVPR 2017, section 6.1): a U-Net from sketch to photo."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from s2pzoo.interfaces import Generator
from s2pzoo.nn.blocks import init_normal
from s2pzoo_baselines.config import UNetConfig


class UNet(Generator):
    """sketch (N,1,S,S) -> photo (N,3,S,S) in [0,1]."""

    Config = UNetConfig

    def __init__(self, config: UNetConfig) -> None:
        super().__init__(config)
        widths = [min(config.base << level, config.widest) for level in range(config.downs)]
        inner = config.downs - 1
        self.down = nn.ModuleList(
            nn.Sequential(
                nn.LeakyReLU(0.2) if level else nn.Identity(),
                nn.Conv2d(a, b, 4, 2, 1),
                nn.BatchNorm2d(b) if 0 < level < inner else nn.Identity(),
            )
            for level, (a, b) in enumerate(zip([1, *widths], widths, strict=False))
        )
        self.up = nn.ModuleList(
            nn.Sequential(
                nn.ReLU(),
                nn.ConvTranspose2d(widths[level] * (1 if level == inner else 2), widths[level - 1], 4, 2, 1),
                nn.BatchNorm2d(widths[level - 1]),
                nn.Dropout(config.dropout if level > inner - 3 else 0.0),
            )
            for level in range(inner, 0, -1)
        )
        self.head = nn.Sequential(nn.ReLU(), nn.ConvTranspose2d(widths[0] * 2, 3, 4, 2, 1))
        self.apply(init_normal)

    def forward(self, *, sketch: Tensor) -> Tensor:
        x = sketch * 2 - 1
        skips = []
        for layer in self.down:
            x = layer(x)
            skips.append(x)
        skips.pop()
        for layer in self.up:
            x = torch.cat([layer(x), skips.pop()], dim=1)
        return self.head(x).tanh() / 2 + 0.5
