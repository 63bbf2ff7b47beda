"""Adversarial losses over the logits of one scale or several: what a critic minimises, and whoever wants to fool it.

All are means over scales, where pix2pixHD sums: the weight of a term then does not change its meaning with the number
of critics. A loss of your own subclasses `Adversarial` and says what real, fake and fooling logits cost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from s2pzoo.interfaces import Loss
from s2pzoo.spec.core import BCEConfig, HingeConfig, LSGANConfig, WGANGPConfig

Logits = Tensor | Sequence[Tensor]


class Adversarial(Loss):
    """real and fake logits -> `critic`, which detaches nothing: give it logits of detached fakes; and `generator`."""

    def real(self, x: Tensor) -> Tensor:
        """What the critic pays for its logits of real pictures."""
        raise NotImplementedError

    def fake(self, x: Tensor) -> Tensor:
        """What it pays for those of fakes."""
        raise NotImplementedError

    def fool(self, x: Tensor) -> Tensor:
        """What the generator pays for the critic's logits of its fakes."""
        raise NotImplementedError

    def penalty(self, critic: Callable[[Tensor], Logits], real: Tensor, fake: Tensor) -> Tensor:
        """What the critic pays beside, for how it judges pictures (N,C,H,W) between real and fake. Nothing here."""
        return real.new_zeros(())

    def forward(self, *, fake: Logits, real: Logits | None = None) -> dict[str, Tensor]:
        terms = {"generator": torch.stack([self.fool(f) for f in _scales(fake)]).mean()}
        if real is not None:
            pairs = zip(_scales(real), _scales(fake), strict=True)
            terms["critic"] = torch.stack([self.real(r) + self.fake(f) for r, f in pairs]).mean()
        return terms


class LSGAN(Adversarial):
    """Least squares: real towards 1, fake towards 0."""

    Config = LSGANConfig

    def real(self, x: Tensor) -> Tensor:
        return 0.5 * (x - 1).square().mean()

    def fake(self, x: Tensor) -> Tensor:
        return 0.5 * x.square().mean()

    def fool(self, x: Tensor) -> Tensor:
        return (x - 1).square().mean()


class BCE(Adversarial):
    """Cross-entropy of the sigmoid; the generator's does not saturate."""

    Config = BCEConfig

    def real(self, x: Tensor) -> Tensor:
        return F.softplus(-x).mean()

    def fake(self, x: Tensor) -> Tensor:
        return F.softplus(x).mean()

    fool = real


class Hinge(Adversarial):
    """Nothing is paid beyond the margins 1 and -1."""

    Config = HingeConfig

    def real(self, x: Tensor) -> Tensor:
        return F.relu(1 - x).mean()

    def fake(self, x: Tensor) -> Tensor:
        return F.relu(1 + x).mean()

    def fool(self, x: Tensor) -> Tensor:
        return -x.mean()


class WGANGP(Adversarial):
    """E[D(fake)] - E[D(real)] + lambda E[(|grad D(x)| - 1)^2], x between real and fake (eq. 3)."""

    Config = WGANGPConfig

    def real(self, x: Tensor) -> Tensor:
        return -x.mean()

    def fake(self, x: Tensor) -> Tensor:
        return x.mean()

    fool = real

    def penalty(self, critic: Callable[[Tensor], Logits], real: Tensor, fake: Tensor) -> Tensor:
        count = min(len(real), len(fake))
        share = torch.rand(count, 1, 1, 1, device=real.device)
        between = torch.lerp(fake[:count].detach(), real[:count].detach(), share).requires_grad_(True)
        judged = torch.stack([logits.flatten(1).mean(1).sum() for logits in _scales(critic(between))]).sum()
        (slope,) = torch.autograd.grad(judged, between, create_graph=True)
        return self.config.penalty * (slope.flatten(1).norm(dim=1) - 1).square().mean()


def _scales(logits: Logits) -> Sequence[Tensor]:
    return (logits,) if isinstance(logits, Tensor) else logits
