"""PatchGAN discriminator (Isola et al. 2017), with the features that feature matching compares."""

from __future__ import annotations

import itertools

from torch import Tensor, nn
from torch.nn import functional as F


class PatchDiscriminator(nn.Module):
    """(N,C,H,W) -> (logits (N,1,h,w), features of each layer before it).

    `layers` strided 4x4 convolutions from `base` channels, doubling up to `widest`, then two of stride 1; instance
    normalisation except in the first and last, LeakyReLU .2.
    """

    def __init__(self, channels: int, *, base: int = 64, layers: int = 3, widest: int = 512) -> None:
        super().__init__()
        widths = [channels, *(min(base << level, widest) for level in range(layers + 1))]
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(a, b, 4, 2 if level < layers else 1, 1),
                nn.InstanceNorm2d(b) if level else nn.Identity(),
                nn.LeakyReLU(0.2),
            )
            for level, (a, b) in enumerate(itertools.pairwise(widths))
        )
        self.head = nn.Conv2d(widths[-1], 1, 4, 1, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        features = []
        for layer in self.layers:
            x = layer(x)
            features.append(x)
        return self.head(x), features


class MultiScaleDiscriminator(nn.Module):
    """`scales` PatchGANs, each on a picture of half the size of the one before (Wang et al. 2018, pix2pixHD).

    (N,C,H,W) -> for each scale, finest first, (logits, features of each layer).
    """

    def __init__(self, channels: int, *, base: int = 64, layers: int = 3, widest: int = 512, scales: int = 3) -> None:
        super().__init__()
        self.scales = nn.ModuleList(
            PatchDiscriminator(channels, base=base, layers=layers, widest=widest) for _ in range(scales)
        )

    def forward(self, x: Tensor) -> list[tuple[Tensor, list[Tensor]]]:
        out = []
        for scale in self.scales:
            out.append(scale(x))
            x = F.avg_pool2d(x, 4, 2, 1, count_include_pad=False)
        return out
