"""Residual block, upsampling and weight initialisation of the pix2pix family."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from s2pzoo.nn.conditional import Layers


class ResidualBlock(nn.Module):
    """x + norm(conv(relu(norm(conv(x))))), 3x3 with reflection padding, no activation after the sum."""

    takes_shares = True

    def __init__(self, channels: int, *, norm: Callable[[int], nn.Module] = nn.BatchNorm2d) -> None:
        super().__init__()
        self.body = Layers(
            nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), norm(channels), nn.ReLU(),
            nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), norm(channels),
        )  # fmt: skip

    def forward(self, x: Tensor, shares: Tensor | None = None) -> Tensor:
        return x + self.body(x, shares)


class ResizeConv2d(nn.Conv2d):
    """Doubling and a 3x3 convolution: (N,C,H,W) -> (N,D,2H,2W), without the checkerboards of transposed convolutions.

    Odena, Dumoulin, Olah 2016, Deconvolution and Checkerboard Artifacts. `how` it doubles: `nearest`, or `bilinear`,
    which leaves no steps either for a discriminator to make stripes of. Both layers are done as one transposed
    convolution, whose kernel is the 3x3 one spread over the pixels of the other: the same result (but for the border of
    `bilinear`, beyond which all is 0) with 4 multiplications for each 9, or as many.
    """

    def __init__(self, inside: int, outside: int, *, how: str = "nearest") -> None:
        super().__init__(inside, outside, 3)
        self.how = how

    def forward(self, x: Tensor) -> Tensor:
        spread, weight = _spread(self.how).to(self.weight), self.weight.transpose(0, 1)
        side = spread.shape[-1]
        kernel = (weight.flatten(2) @ torch.kron(spread, spread)).unflatten(-1, (side, side))
        return F.conv_transpose2d(x, kernel, self.bias, stride=2, padding=side // 2 - 1)


_TAPS = {"nearest": (1.0, 1.0), "bilinear": (0.25, 0.75, 0.75, 0.25)}


def _spread(how: str) -> Tensor:
    """(3,K): the kernel of both layers, in one dimension, for each of the three weights of the convolution."""
    taps = torch.tensor(_TAPS[how])
    return torch.stack([F.pad(taps, (2 - i, i)) for i in range(3)])


class Grain(nn.Module):
    """x + weight * noise, for each channel: (N,C,H,W) -> the same shape. The weights begin at 0.

    Texture such as hair needs something to grow from, or a network makes it of its own grid (the noise inputs of Karras
    et al. 2019, arXiv:1812.04948, section 3.2). The noise is the same for all pictures of a size, so nothing is random.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.weight * _noise(x.shape[-2], x.shape[-1]).to(x)


@lru_cache(maxsize=32)
def _noise(height: int, width: int) -> Tensor:
    return torch.randn(height, width, generator=torch.Generator().manual_seed(height * width))


def init_normal(module: nn.Module) -> None:
    """Convolutions N(0, .02), normalisation weights N(1, .02), biases 0: for `network.apply`."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)
