"""The attention of T: it says where strokes distract, and takes the features there away (paper, figure 3)."""

from __future__ import annotations

from torch import Tensor, nn

_AXIS = {"channels": 1, "legacy_rows": 2}


class Suppression(nn.Module):
    """f (N,C,h,w) -> ((1 - A) f, A), A (N,1,h,w) in [0,1] the first of two logits' softmax.

    The softmax is over the two logits (`channels`) or, as in the released code, over the rows, so that A sums to 1 down
    each column (`legacy_rows`).
    """

    def __init__(self, channels: int, *, softmax: str) -> None:
        super().__init__()
        self.logits = nn.Conv2d(channels, 2, 1)
        self.axis = _AXIS[softmax]

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        attention = self.logits(features).softmax(self.axis)[:, :1]
        return (1 - attention) * features, attention
