from __future__ import annotations

import torch
from torch import nn

from s2pzoo.nn.blocks import ResidualBlock, init_normal


def picture(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def test_a_residual_block_whose_last_norm_is_zero_changes_nothing() -> None:
    block = ResidualBlock(6)
    last = block.body[-1]
    assert isinstance(last, nn.BatchNorm2d)
    nn.init.zeros_(last.weight)
    x = picture(2, 6, 9, 7)
    assert torch.equal(block(x), x)


def test_a_residual_block_adds_what_its_body_makes() -> None:
    block, x = ResidualBlock(4, norm=nn.InstanceNorm2d), picture(1, 4, 8, 8)
    made = block(x)
    assert made.shape == x.shape
    assert torch.equal(made, x + block.body(x))
    assert (made < 0).any()  # nothing cuts the sum off


def test_a_residual_block_takes_its_norm() -> None:
    assert sum(isinstance(layer, nn.InstanceNorm2d) for layer in ResidualBlock(4, norm=nn.InstanceNorm2d).body) == 2
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in ResidualBlock(4, norm=nn.InstanceNorm2d).body)


def test_initial_weights_are_those_of_pix2pix() -> None:
    convolution, up, norm, linear = (
        nn.Conv2d(64, 64, 3),
        nn.ConvTranspose2d(64, 64, 3),
        nn.BatchNorm2d(4096),
        nn.Linear(8, 8),
    )
    before = linear.weight.clone()
    with torch.random.fork_rng(devices=[]):
        torch.random.manual_seed(0)
        nn.Sequential(convolution, up, norm, linear).apply(init_normal)
    for layer, mean in ((convolution, 0.0), (up, 0.0), (norm, 1.0)):
        assert abs(layer.weight.mean() - mean) < 2e-3 and abs(layer.weight.std() - 0.02) < 2e-3
        assert layer.bias is not None and not layer.bias.any()
    assert torch.equal(linear.weight, before)


def test_norms_and_convolutions_without_parameters_are_left_out() -> None:
    nn.Sequential(nn.Conv2d(2, 2, 3, bias=False), nn.InstanceNorm2d(2)).apply(init_normal)
