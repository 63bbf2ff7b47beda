"""An exponential moving average of networks: smoother weights than those of any single step."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


class Ema:
    """Averages of named networks.

    After n updates the decay is min(decay, (1 + n) / (10 + n)): an average that starts at random weights forgets them
    in the first hundred steps. Buffers (running statistics) are copied, not averaged.

    Args:
        networks: the networks to follow. Their averages start as copies, in eval mode, without gradients.
        decay: of one update, in [0, 1).
    """

    def __init__(self, networks: Mapping[str, nn.Module], *, decay: float) -> None:
        self.decay = decay
        self.updates = 0
        self.networks = {name: copy.deepcopy(net).eval().requires_grad_(False) for name, net in networks.items()}

    def current_decay(self) -> float:
        return min(self.decay, (1 + self.updates) / (10 + self.updates))

    @torch.no_grad()
    def update(self, networks: Mapping[str, nn.Module]) -> None:
        """average <- decay * average + (1 - decay) * weight"""
        decay = self.current_decay()
        for name, average in self.networks.items():
            source = networks[name]
            mean: list[Tensor] = list(average.parameters())
            if mean:
                get_ema_multi_avg_fn(decay)(mean, list(source.parameters()), None)
            for target, buffer in zip(average.buffers(), source.buffers(), strict=True):
                target.copy_(buffer)
        self.updates += 1
