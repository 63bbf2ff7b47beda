from __future__ import annotations

import torch
from torch import nn

from s2pzoo.train.ema import Ema


def scalar(value: float) -> nn.Module:
    net = nn.Linear(1, 1, bias=False)
    nn.init.constant_(net.weight, value)
    return net


def weight(net: nn.Module) -> float:
    return float(net.get_parameter("weight"))


def test_early_updates_have_a_small_decay() -> None:
    net = scalar(0.0)
    ema = Ema({"net": net}, decay=0.999)
    nn.init.constant_(net.get_parameter("weight"), 1.0)
    ema.update({"net": net})  # decay 1/10
    assert abs(weight(ema.networks["net"]) - 0.9) < 1e-6
    ema.update({"net": net})  # decay 2/11
    assert abs(weight(ema.networks["net"]) - (2 / 11 * 0.9 + 9 / 11)) < 1e-6


def test_late_updates_have_the_given_decay() -> None:
    net = scalar(1.0)
    ema = Ema({"net": scalar(0.0)}, decay=0.9)
    ema.updates = 1000
    ema.update({"net": net})
    assert abs(weight(ema.networks["net"]) - 0.1) < 1e-6


def test_buffers_are_copied_and_averages_take_no_gradient() -> None:
    net = nn.BatchNorm1d(2)
    ema = Ema({"net": net}, decay=0.999)
    net(torch.randn(8, 2, generator=torch.Generator().manual_seed(0)))
    ema.update({"net": net})
    average = ema.networks["net"]
    assert torch.equal(average.get_buffer("running_mean"), net.get_buffer("running_mean"))
    assert int(average.get_buffer("num_batches_tracked")) == 1
    assert not average.training
    assert not any(parameter.requires_grad for parameter in average.parameters())
    assert net.training
