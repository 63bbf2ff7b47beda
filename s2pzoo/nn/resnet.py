"""The residual generator of Johnson et al. 2016, as CycleGAN and pix2pixHD use it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial

from torch import Tensor, nn

from s2pzoo.nn.blocks import Grain, ResidualBlock, ResizeConv2d
from s2pzoo.nn.conditional import Layers


def reflected(inside: int, outside: int, kernel: int) -> list[nn.Module]:
    """A convolution of stride 1 with reflection padding."""
    return [nn.ReflectionPad2d(kernel // 2), nn.Conv2d(inside, outside, kernel)]


class ResnetGenerator(nn.Module):
    """(N,inside,H,W) -> (N,outside,H*enlarge,W*enlarge), linear.

    A stem of `base` channels, `downs` halvings that double the channels up to `widest`, `blocks` residual blocks, as
    many doublings back and log2(`enlarge`) more, a head. `skips` adds the maps of the way down to those of the way up.
    `resize` (`nearest` or `bilinear`) doubles by `ResizeConv2d`, which leaves no checkerboard, and `grain` adds `Grain`
    to what was doubled (neither CycleGAN nor pix2pixHD).
    """

    def __init__(
        self,
        inside: int,
        outside: int,
        *,
        base: int = 64,
        downs: int = 2,
        blocks: int = 9,
        kernel: int = 7,
        widest: int = 1024,
        enlarge: int = 1,
        skips: bool = False,
        resize: str = "",
        grain: bool = False,
        norm: Callable[[int], nn.Module] = nn.InstanceNorm2d,
    ) -> None:
        super().__init__()
        self.skips = skips
        self.widths = [min(base << level, widest) for level in range(downs + 1)]
        self.stem = Layers(*reflected(inside, base, kernel), norm(base), nn.ReLU())
        self.down = nn.ModuleList(
            Layers(nn.Conv2d(a, b, 3, 2, 1), norm(b), nn.ReLU()) for a, b in itertools.pairwise(self.widths)
        )
        self.blocks = Layers(*(ResidualBlock(self.widths[-1], norm=norm) for _ in range(blocks)))
        ups = [*self.widths[::-1], *(base >> level for level in range(1, enlarge.bit_length()))]
        transposed = partial(nn.ConvTranspose2d, kernel_size=3, stride=2, padding=1, output_padding=1)
        double = partial(ResizeConv2d, how=resize) if resize else transposed
        self.up = nn.ModuleList(
            Layers(double(a, b), *([Grain(b)] if grain else []), norm(b), nn.ReLU()) for a, b in itertools.pairwise(ups)
        )
        self.head = nn.Sequential(*reflected(ups[-1], outside, kernel))

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x))

    def encode(self, x: Tensor, shares: Tensor | None = None) -> list[Tensor]:
        """The maps of the stem and after each halving, the smallest last. `shares` as for `Layers`."""
        maps = [self.stem(x, shares)]
        for layer in self.down:
            maps.append(layer(maps[-1], shares))
        return maps

    def decode(self, maps: list[Tensor], shares: Tensor | None = None) -> Tensor:
        """The picture from what `encode` gave; without `skips` only the last map counts."""
        x = self.blocks(maps[-1], shares)
        beside = maps[-2::-1] if self.skips else []
        for level, layer in enumerate(self.up):
            x = layer(x, shares)
            if level < len(beside):
                x = x + beside[level]
        return self.head(x)
