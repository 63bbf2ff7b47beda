from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch
from torch import nn

from s2pzoo.errors import BadOptionError, UsageError
from s2pzoo.nn.blocks import ResidualBlock
from s2pzoo.nn.conditional import (
    ConditionalInstanceNorm2d,
    ConditionalNorm2d,
    Layers,
    category_index,
    category_shares,
)

CLASSES = ("shoes", "chairs", "bags")


@pytest.fixture
def x() -> torch.Tensor:
    return torch.randn(3, 4, 6, 5, generator=torch.Generator().manual_seed(0))


def all_of(*index: int, classes: int = 3) -> torch.Tensor:
    """The shares of pictures of one category each."""
    return torch.eye(classes)[list(index)]


def test_a_new_one_is_plain_instance_normalisation(x: torch.Tensor) -> None:
    norm = ConditionalInstanceNorm2d(4, classes=3)
    assert torch.equal(norm(x, all_of(0, 2, 1)), nn.InstanceNorm2d(4)(x))


def test_any_norm_can_be_conditional(x: torch.Tensor) -> None:
    plain = nn.GroupNorm(2, 4)
    assert torch.equal(ConditionalNorm2d(plain, 4, classes=2)(x, all_of(1, 1, 1, classes=2)), plain(x))


def test_each_picture_gets_the_scale_and_shift_of_its_own_category(x: torch.Tensor) -> None:
    norm = ConditionalInstanceNorm2d(4, classes=3)
    with torch.no_grad():
        norm.weight[2], norm.bias[2] = 3.0, torch.arange(4.0)
    made = norm(x, all_of(2, 0, 2))
    plain = nn.InstanceNorm2d(4)(x)
    assert torch.equal(made[1], plain[1])
    assert torch.allclose(made[[0, 2]], 3 * plain[[0, 2]] + torch.arange(4.0)[:, None, None])


def test_a_picture_may_lie_between_categories(x: torch.Tensor) -> None:
    norm = ConditionalInstanceNorm2d(4, classes=2)
    with torch.no_grad():
        norm.weight[1], norm.bias[1] = 3.0, 2.0
    between = torch.tensor([[0.25, 0.75]]).expand(3, 2)
    assert torch.allclose(norm(x, between), 2.5 * nn.InstanceNorm2d(4)(x) + 1.5, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_it_keeps_the_precision_of_its_picture(x: torch.Tensor, dtype: torch.dtype) -> None:
    norm = ConditionalInstanceNorm2d(4, classes=3).to(dtype)
    assert norm(x.to(dtype), all_of(0, 1, 2)).dtype == dtype


def test_only_the_categories_of_a_batch_learn(x: torch.Tensor) -> None:
    block = ResidualBlock(4, norm=partial(ConditionalInstanceNorm2d, classes=3))
    block(x[:1], all_of(1)).square().mean().backward()
    norm = block.body[-1]
    assert isinstance(norm, ConditionalInstanceNorm2d) and norm.bias.grad is not None
    assert norm.bias.grad[1].any() and not norm.bias.grad[[0, 2]].any()


def test_without_a_category_it_is_refused(x: torch.Tensor) -> None:
    with pytest.raises(UsageError, match="without a category"):
        Layers(ConditionalInstanceNorm2d(4, classes=3))(x)


def test_shares_reach_every_layer_that_takes_them_and_no_other(x: torch.Tensor) -> None:
    norm = partial(ConditionalInstanceNorm2d, classes=2)
    layers = Layers(nn.Conv2d(4, 4, 1), ResidualBlock(4, norm=norm), nn.ReLU(), Layers(norm(4)))
    dark, light = all_of(0, 0, 0, classes=2), all_of(1, 1, 1, classes=2)
    assert torch.equal(layers(x, dark), layers(x, light))
    for told in layers.modules():
        if isinstance(told, ConditionalNorm2d):
            nn.init.ones_(told.bias[1:].detach())
            assert not torch.equal(layers(x, dark), layers(x, light))
            nn.init.zeros_(told.bias[1:].detach())


def test_it_compiles_as_one_graph(x: torch.Tensor) -> None:
    block = ResidualBlock(4, norm=partial(ConditionalInstanceNorm2d, classes=3))
    compiled = torch.compile(block, fullgraph=True, backend="eager")
    assert torch.equal(compiled(x, all_of(0, 1, 2)), block(x, all_of(0, 1, 2)))


@pytest.mark.parametrize(
    ("category", "index"),
    [
        ("chairs", [1, 1]),
        (2, [2, 2]),
        (torch.tensor(0), [0, 0]),
        (torch.tensor([1]), [1, 1]),
        (torch.tensor([2, 0], dtype=torch.uint8), [2, 0]),
    ],
)
def test_names_and_numbers_become_one_index_a_picture(category: Any, index: list[int]) -> None:
    found = category_index(category, CLASSES, 2)
    assert found.dtype == torch.long and found.tolist() == index


@pytest.mark.parametrize(("category", "index"), [("chairs", (1, 1, 1)), (torch.tensor([2, 0, 1]), (2, 0, 1))])
def test_shares_of_one_category_each_are_all_or_nothing(x: torch.Tensor, category: Any, index: tuple[int, ...]) -> None:
    shares = category_shares(category, CLASSES, x)
    assert shares is not None and torch.equal(shares, all_of(*index))


def test_where_there_are_no_categories_there_are_no_shares(x: torch.Tensor) -> None:
    assert category_shares(None, (), x) is None


def test_a_misspelt_name_is_met_with_the_nearest() -> None:
    with pytest.raises(BadOptionError) as caught:
        category_index("chair", CLASSES, 1)
    assert "'chair'" in str(caught.value) and "shoes, chairs, bags" in str(caught.value)
    assert caught.value.fix == "Did you mean 'chairs'?"


@pytest.mark.parametrize(
    ("category", "text"),
    [
        (None, "wants a category"),
        (3, "number 3"),
        (-1, "number -1"),
        (torch.tensor([0, 7]), "number 7"),
        (torch.tensor([0, 1, 2]), "2 pictures"),
        (torch.tensor([[0, 1]]), r"shape \(1, 2\)"),
        (1.5, "float"),
        (True, "bool"),
    ],
)
def test_what_is_no_category_is_refused_in_words(category: Any, text: str) -> None:
    with pytest.raises(BadOptionError, match=text):
        category_index(category, CLASSES, 2)


def test_a_network_of_one_kind_knows_no_categories() -> None:
    with pytest.raises(BadOptionError, match="knows no categories"):
        category_index("shoes", (), 1)
