"""Losses of pictures, pixel by pixel. Unweighted; the means are over everything."""

from __future__ import annotations

from torch import Tensor

from s2pzoo.interfaces import Loss
from s2pzoo.spec.core import L1Config, MSEConfig, TotalVariationConfig


class L1(Loss):
    """mean |fake - real| of pictures (N,C,H,W) in [0,1]. On [-1,1], as many papers have it, it is twice as much."""

    Config = L1Config

    def forward(self, *, fake: Tensor, real: Tensor) -> dict[str, Tensor]:
        return {"l1": (fake - real).abs().mean()}


class MSE(Loss):
    """mean (fake - real)^2 of pictures (N,C,H,W)."""

    Config = MSEConfig

    def forward(self, *, fake: Tensor, real: Tensor) -> dict[str, Tensor]:
        return {"mse": (fake - real).square().mean()}


class TotalVariation(Loss):
    """mean |x[i+1] - x[i]|, down and right, of pictures (N,C,H,W)."""

    Config = TotalVariationConfig

    def forward(self, *, fake: Tensor) -> dict[str, Tensor]:
        down, right = fake.diff(dim=-2).abs().mean(), fake.diff(dim=-1).abs().mean()
        return {"total_variation": down + right}
