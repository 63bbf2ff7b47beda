"""Adversarial losses over multi-scale logits, and feature matching.

`bce`: Goodfellow et al. 2014, arXiv:1406.2661, not saturating. `lsgan`: Mao et al. 2017, arXiv:1611.04076. `hinge`: Lim
and Ye 2017, arXiv:1705.02894. Feature matching: Wang et al. 2018 (pix2pixHD, arXiv:1711.11585, eq. 4). All are means
over scales, where pix2pixHD sums: the weight of a term then does not change its meaning with
the number of discriminators.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

Kind = Literal["lsgan", "hinge", "bce"]
Logits = Tensor | Sequence[Tensor]

_REAL: dict[str, Callable[[Tensor], Tensor]] = {
    "lsgan": lambda x: 0.5 * (x - 1).square().mean(),
    "hinge": lambda x: F.relu(1 - x).mean(),
    "bce": lambda x: F.softplus(-x).mean(),
}
_FAKE: dict[str, Callable[[Tensor], Tensor]] = {
    "lsgan": lambda x: 0.5 * x.square().mean(),
    "hinge": lambda x: F.relu(1 + x).mean(),
    "bce": lambda x: F.softplus(x).mean(),
}
_FOOL: dict[str, Callable[[Tensor], Tensor]] = {
    "lsgan": lambda x: (x - 1).square().mean(),
    "hinge": lambda x: -x.mean(),
    "bce": lambda x: F.softplus(-x).mean(),
}


def d_loss(real: Logits, fake: Logits, *, kind: Kind = "lsgan") -> Tensor:
    """The discriminator's loss, scalar: real towards 1 and fake towards 0 (lsgan; bce, of
    their sigmoid) or beyond the margins +-1 (hinge).

    Args:
        real, fake: one logit tensor of any shape per scale; detach the fake photos before.
    """
    pairs = zip(_scales(real), _scales(fake), strict=True)
    return torch.stack([_REAL[kind](r) + _FAKE[kind](f) for r, f in pairs]).mean()


def g_loss(fake: Logits, *, kind: Kind = "lsgan") -> Tensor:
    """The generator's loss, scalar: the discriminator should take its photos for real."""
    return torch.stack([_FOOL[kind](f) for f in _scales(fake)]).mean()


def feature_matching(real: Sequence[Sequence[Tensor]], fake: Sequence[Sequence[Tensor]]) -> Tensor:
    """Mean L1 distance of the discriminators' inner features, over layers and scales; scalar.

    Args:
        real, fake: per scale, the features of each layer. `real` gets no gradient.
    """
    terms = [
        F.l1_loss(f, r.detach())
        for real_scale, fake_scale in zip(real, fake, strict=True)
        for r, f in zip(real_scale, fake_scale, strict=True)
    ]
    return torch.stack(terms).mean()


def _scales(logits: Logits) -> Sequence[Tensor]:
    return (logits,) if isinstance(logits, Tensor) else logits
