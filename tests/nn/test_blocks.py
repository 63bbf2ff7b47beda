from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from s2pzoo.nn.blocks import Grain, ResidualBlock, ResizeConv2d, init_normal


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


@pytest.mark.parametrize(("how", "border"), [("nearest", 0), ("bilinear", 3)])
def test_a_resize_convolution_is_doubling_and_then_a_convolution(how: str, border: int) -> None:
    layer, x = ResizeConv2d(3, 5, how=how), picture(2, 3, 6, 9)
    inside = slice(border, -border or None)
    apart = F.conv2d(F.interpolate(x, scale_factor=2, mode=how), layer.weight, layer.bias, padding=1)
    made = layer(x)
    assert made.shape == apart.shape == (2, 5, 12, 18)
    made, apart = made[..., inside, inside], apart[..., inside, inside]
    assert torch.allclose(made, apart, atol=1e-5)
    gradients = [torch.autograd.grad(one.square().sum(), layer.weight)[0] for one in (made, apart)]
    assert torch.allclose(*gradients, rtol=1e-3, atol=1e-3)


def test_bilinear_doubling_leaves_no_stripes_on_a_slope() -> None:
    slope = torch.arange(12.0).expand(1, 1, 12, 12)

    def wiggle(how: str) -> float:
        made = ResizeConv2d(1, 1, how=how)(slope)[0, 0, 12, 6:-6]
        return made.diff().diff().abs().max().item()

    assert wiggle("bilinear") < 1e-5 < wiggle("nearest")


def test_grain_begins_as_nothing_and_is_the_same_in_every_picture() -> None:
    layer, x = Grain(3), picture(2, 3, 16, 24)
    assert torch.equal(layer(x), x)
    nn.init.constant_(layer.weight, 0.5)
    grain = layer(x) - x
    assert torch.allclose(grain[0, 0], grain[1, 2], atol=1e-5) and torch.equal(layer(x), layer(x))
    assert abs(grain.mean().item()) < 0.1 and abs(grain.std().item() - 0.5) < 0.1


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


@pytest.mark.parametrize("how", ["nearest", "bilinear"])
def test_a_doubling_is_exported_and_works_on_afterwards(how: str) -> None:
    layer, x = ResizeConv2d(2, 3, how=how), picture(1, 2, 6, 6)
    exported = torch.export.export(layer, (x,))
    assert torch.allclose(exported.module()(x), layer(x), atol=1e-6)
