"""Perceptual loss: photos should look alike to a network that has seen many (Johnson et al. 2016, arXiv:1603.08155)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from s2pzoo.metrics.backbone import LAYERS, SqueezeBackbone, load_backbone


class PerceptualLoss(nn.Module):
    """Mean L1 distance of SqueezeNet feature maps, averaged over the layers. Frozen; gradients flow to the first image.

    With `normalise`, each position's feature vector is divided by its root mean square first (its unit vector, as in
    LPIPS, times sqrt(C)), so that no layer and no strong edge outweighs the rest: unrelated photos are about 1 apart.

    Args:
        backbone: a safetensors file, a loaded backbone, or None for torchvision's weights (downloaded once).
        layers: indices into torchvision's `features`, of s2pzoo.metrics.backbone.LAYERS.
        normalise: see above; False compares plain activations.

    Raises:
        WeightsError, OfflineError: as load_backbone.
    """

    def __init__(
        self,
        *,
        backbone: str | Path | SqueezeBackbone | None = None,
        layers: Sequence[int] = LAYERS,
        normalise: bool = True,
    ) -> None:
        super().__init__()
        if not layers or not set(layers) <= set(LAYERS):
            raise ValueError(f"layers must be some of {LAYERS}; got {tuple(layers)}.")
        self.backbone = backbone if isinstance(backbone, SqueezeBackbone) else load_backbone(backbone)
        self.layers = tuple(sorted(set(layers)))
        self.normalise = normalise

    def forward(self, fake: Tensor, real: Tensor) -> Tensor:
        """Scalar loss of photos (N,3,H,W) in [0,1]; `real` gets no gradient."""
        with torch.no_grad():
            targets = self.backbone.maps(real, self.layers)
        terms = [
            (self._scaled(mine) - self._scaled(target)).abs().mean()
            for mine, target in zip(self.backbone.maps(fake, self.layers), targets, strict=True)
        ]
        return torch.stack(terms).mean()

    def _scaled(self, features: Tensor) -> Tensor:
        if not self.normalise:
            return features
        return features * (features.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()
