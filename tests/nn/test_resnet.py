from __future__ import annotations

import pytest
import torch
from torch import nn

from s2pzoo.nn.blocks import Grain
from s2pzoo.nn.resnet import ResnetGenerator, reflected


@pytest.mark.parametrize(
    ("downs", "enlarge", "size"), [(0, 1, (16, 24)), (3, 1, (16, 24)), (1, 2, (32, 48)), (2, 4, (64, 96))]
)
def test_the_picture_has_the_size_of_the_input_or_a_multiple(downs: int, enlarge: int, size: tuple[int, int]) -> None:
    network = ResnetGenerator(5, 3, base=8, downs=downs, blocks=1, kernel=3, enlarge=enlarge)
    assert network(torch.rand(2, 5, 16, 24)).shape == (2, 3, *size)


def test_channels_double_up_to_the_widest_and_halve_on_the_way_back() -> None:
    network = ResnetGenerator(1, 3, base=4, downs=3, blocks=2, widest=12, enlarge=2)
    assert network.widths == [4, 8, 12, 12]
    maps = network.encode(torch.rand(1, 1, 16, 16))
    assert [tuple(one.shape[1:]) for one in maps] == [(4, 16, 16), (8, 8, 8), (12, 4, 4), (12, 2, 2)]
    doublings = [layer[0] for layer in network.up if isinstance(layer, nn.Sequential)]
    widths = [(up.in_channels, up.out_channels) for up in doublings if isinstance(up, nn.ConvTranspose2d)]
    assert widths == [(12, 12), (12, 8), (8, 4), (4, 2)]


def test_it_is_its_encoder_and_its_decoder() -> None:
    network, x = ResnetGenerator(1, 1, base=4, blocks=1, kernel=3, skips=True), torch.rand(1, 1, 16, 16)
    assert torch.equal(network(x), network.decode(network.encode(x)))


def test_without_skips_only_the_last_map_counts() -> None:
    network, x = ResnetGenerator(1, 1, base=4, blocks=1, kernel=3), torch.rand(1, 1, 16, 16)
    assert torch.equal(network(x), network.decode(network.encode(x)[-1:]))


def test_skips_add_each_map_of_the_way_down_to_the_one_of_its_size() -> None:
    plain = ResnetGenerator(1, 1, base=4, downs=2, blocks=1, kernel=3, enlarge=2)
    skipping = ResnetGenerator(1, 1, base=4, downs=2, blocks=1, kernel=3, enlarge=2, skips=True)
    skipping.load_state_dict(plain.state_dict())
    first, second, last = plain.encode(torch.rand(1, 1, 16, 16))
    half = plain.up[0](plain.blocks(last)) + second
    full = plain.up[1](half) + first
    assert torch.equal(skipping.decode([first, second, last]), plain.head(plain.up[2](full)))
    nothing = [torch.zeros_like(first), torch.zeros_like(second), last]
    assert torch.equal(skipping.decode(nothing), plain.decode(nothing))


def test_resizing_leaves_no_checkerboard_on_an_even_picture() -> None:
    """Away from the border every pixel of an even picture is made alike; a transposed convolution makes four kinds."""

    def kinds(resize: str) -> int:
        network = ResnetGenerator(1, 1, base=4, downs=1, blocks=0, kernel=3, enlarge=2, resize=resize)
        for layer in network.up:
            assert isinstance(layer, nn.Sequential)
            layer[1] = nn.Identity()
        made = network.decode([torch.zeros(0), torch.ones(1, 8, 12, 12)])[0, 0, 8:-8, 8:-8]
        return len((made * 1e4).round().unique())

    assert kinds("nearest") == kinds("bilinear") == 1 < kinds("")


def test_grain_makes_texture_of_an_even_picture() -> None:
    network = ResnetGenerator(1, 1, base=4, downs=1, blocks=0, kernel=3, resize="bilinear", grain=True)
    maps = [torch.zeros(0), torch.ones(1, 8, 12, 12)]
    for layer in network.up:
        assert isinstance(layer, nn.Sequential) and isinstance(layer[1], Grain)
        layer[2] = nn.Identity()
    assert network.decode(maps)[..., 4:-4, 4:-4].std() < 1e-6
    for layer in network.up:
        nn.init.ones_(layer[1].weight)  # pyright: ignore
    assert network.decode(maps)[..., 4:-4, 4:-4].std() > 1e-3


def test_the_head_is_linear() -> None:
    network, x = ResnetGenerator(1, 1, base=4, blocks=1, kernel=3), torch.rand(1, 1, 16, 16)
    before = network(x)
    with torch.no_grad():
        head = network.head[-1]
        assert isinstance(head, nn.Conv2d)
        head.weight *= 100
        head.bias *= 100  # pyright: ignore
    assert torch.allclose(network(x), 100 * before, rtol=1e-4, atol=1e-4)


def test_it_normalises_as_it_is_told() -> None:
    network = ResnetGenerator(1, 1, base=4, downs=1, blocks=2, norm=nn.BatchNorm2d)
    kinds = [type(module) for module in network.modules()]
    assert kinds.count(nn.BatchNorm2d) == 1 + 1 + 2 * 2 + 1 and nn.InstanceNorm2d not in kinds


@pytest.mark.parametrize("kernel", [1, 3, 7])
def test_a_reflected_convolution_keeps_the_size(kernel: int) -> None:
    assert nn.Sequential(*reflected(2, 3, kernel))(torch.rand(1, 2, 9, 8)).shape == (1, 3, 9, 8)
