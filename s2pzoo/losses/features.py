"""Losses of feature maps: what a critic sees inside, and the style of a picture. The real ones get no gradient."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from s2pzoo.interfaces import Loss
from s2pzoo.nn.adain import mean_std
from s2pzoo.spec.core import FeatureMatchingConfig, StyleConfig


class FeatureMatching(Loss):
    """Mean L1 distance of a critic's inner features, over layers and scales (each a list of (N,C,h,w)).

    pix2pixHD's released code sums its four layers: four times as much as this.
    """

    Config = FeatureMatchingConfig

    def forward(self, *, fake: Sequence[Sequence[Tensor]], real: Sequence[Sequence[Tensor]]) -> dict[str, Tensor]:
        terms = [
            F.l1_loss(mine, wanted.detach())
            for mine_of_scale, wanted_of_scale in zip(fake, real, strict=True)
            for mine, wanted in zip(mine_of_scale, wanted_of_scale, strict=True)
        ]
        return {"matching": torch.stack(terms).mean()}


class Style(Loss):
    """L_style: how far the channels' means and deviations are from the reference's, summed over the layers.

    `fake` (N,C,H,W) of each layer, `real` of the same layers, (N,C,h,w) or (1,C,h,w). The distance is the mean square,
    or the norm over channels, averaged over the pictures.
    """

    Config = StyleConfig

    def forward(self, *, fake: Sequence[Tensor], real: Sequence[Tensor]) -> dict[str, Tensor]:
        terms = [
            self._distance(mine - wanted.detach())
            for layer, other in zip(fake, real, strict=True)
            for mine, wanted in zip(mean_std(layer), mean_std(other), strict=True)
        ]
        return {"style": torch.stack(terms).sum()}

    def _distance(self, difference: Tensor) -> Tensor:
        if self.config.distance == "mse":
            return difference.square().mean()
        return torch.linalg.vector_norm(difference, dim=1).mean()
