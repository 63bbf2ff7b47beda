"""Batch-normalisation statistics of averaged networks.

The running statistics that training gathers belong to the weights of each step. Averaged weights give other
activations, and with statistics that are not theirs they can lose all contrast; so they are measured anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


@torch.no_grad()
def recalibrate(networks: Iterable[nn.Module], run: Callable[[], object]) -> None:
    """Measure the running mean and variance of every batch normalisation anew while `run` feeds the networks data.

    The statistics are the plain mean over all batches of `run`; everything else in the networks stays in eval mode.
    """
    layers = [m for network in networks for m in network.modules() if isinstance(m, _BatchNorm)]
    if not layers:
        return
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None
        layer.train()
    try:
        run()
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
            layer.eval()
