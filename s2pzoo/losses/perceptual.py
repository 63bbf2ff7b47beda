"""Perceptual loss: photos should look alike to a network that has seen many (Johnson et al. 2016, arXiv:1603.08155)."""

from __future__ import annotations

import torch
from torch import Tensor

from s2pzoo.interfaces import Loss
from s2pzoo.nn.squeezenet import load_backbone
from s2pzoo.spec.core import LPIPS_LAYERS, PerceptualConfig


class Perceptual(Loss):
    """Mean L1 distance of SqueezeNet feature maps, averaged over the layers. Frozen; gradients flow to the first image.

    With `normalise`, each position's feature vector is divided by its root mean square first (its unit vector, as in
    LPIPS, times sqrt(C)), so that no layer and no strong edge outweighs the rest: unrelated photos are about 1 apart.

    Raises:
        ValueError: layers that are none.
        WeightsError, OfflineError: as load_backbone.
    """

    Config = PerceptualConfig

    def __init__(self, config: PerceptualConfig) -> None:
        super().__init__(config)
        if not config.layers or not set(config.layers) <= set(LPIPS_LAYERS):
            raise ValueError(f"layers must be some of {LPIPS_LAYERS}; got {config.layers}.")
        self.backbone = load_backbone(config.backbone or None)
        self.layers = tuple(sorted(set(config.layers)))

    def forward(self, *, fake: Tensor, real: Tensor) -> dict[str, Tensor]:
        """The term of pictures (N,3,H,W) or (N,1,H,W) in [0,1]; `real` gets no gradient."""
        with torch.no_grad():
            targets = self.backbone.maps(real, self.layers)
        terms = [
            (self._scaled(mine) - self._scaled(target)).abs().mean()
            for mine, target in zip(self.backbone.maps(fake, self.layers), targets, strict=True)
        ]
        return {"perceptual": torch.stack(terms).mean()}

    def _scaled(self, features: Tensor) -> Tensor:
        if not self.config.normalise:
            return features
        return features * (features.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()
