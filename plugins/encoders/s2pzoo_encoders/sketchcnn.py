"""Sketch-a-Net (Yu et al. 2017, table 1) without its classifier."""

from __future__ import annotations

from torch import Tensor, nn

from s2pzoo.interfaces import Encoder
from s2pzoo.nn.encoding import resized
from s2pzoo_encoders.config import SketchCNNConfig

SIDE = 225
"""Pixels a side of what it is made for."""


class SketchCNN(Encoder):
    """sketch (N,1,H,W) in [0,1] -> features (N,C,7,7), latent (N,D). Any size is brought to 225 pixels."""

    Config = SketchCNNConfig

    def __init__(self, config: SketchCNNConfig) -> None:
        super().__init__(config)
        a, b, c, d, e = config.widths
        self.layers = nn.Sequential(
            nn.Conv2d(1, a, 15, 3), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Conv2d(a, b, 5), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Conv2d(b, c, 3, padding=1), nn.ReLU(),
            nn.Conv2d(c, d, 3, padding=1), nn.ReLU(),
            nn.Conv2d(d, e, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2),
        )  # fmt: skip
        self.to_latent = nn.Sequential(
            nn.Conv2d(e, config.latent, 7), nn.ReLU(), nn.Dropout(config.dropout),
            nn.Conv2d(config.latent, config.latent, 1), nn.ReLU(), nn.Dropout(config.dropout), nn.Flatten(),
        )  # fmt: skip

    def forward(self, *, sketch: Tensor) -> dict[str, Tensor]:
        x = 1 - sketch
        if x.shape[-2:] != (SIDE, SIDE):
            x = resized(x, (SIDE, SIDE))
        features = self.layers(x)
        return {"features": features, "latent": self.to_latent(features)}
