from __future__ import annotations

from functools import partial
from threading import Thread
from typing import Any

import pytest
import torch
from torch import nn

from s2pzoo.errors import BadOptionError, UsageError
from s2pzoo.nn.blocks import ResidualBlock
from s2pzoo.nn.conditional import ConditionalInstanceNorm2d, ConditionalNorm2d, category_index, conditioned

CLASSES = ("shoes", "chairs", "bags")


@pytest.fixture
def x() -> torch.Tensor:
    return torch.randn(3, 4, 6, 5, generator=torch.Generator().manual_seed(0))


def test_a_new_one_is_plain_instance_normalisation(x: torch.Tensor) -> None:
    norm = ConditionalInstanceNorm2d(4, classes=3)
    with conditioned(torch.tensor([0, 2, 1])):
        assert torch.equal(norm(x), nn.InstanceNorm2d(4)(x))


def test_any_norm_can_be_conditional(x: torch.Tensor) -> None:
    plain = nn.GroupNorm(2, 4)
    with conditioned(torch.tensor([1])):
        assert torch.equal(ConditionalNorm2d(plain, 4, classes=2)(x), plain(x))


def test_each_picture_gets_the_scale_and_shift_of_its_own_category(x: torch.Tensor) -> None:
    norm = ConditionalInstanceNorm2d(4, classes=3)
    with torch.no_grad():
        norm.weight[2], norm.bias[2] = 3.0, torch.arange(4.0)
    with conditioned(torch.tensor([2, 0, 2])):
        made = norm(x)
    plain = nn.InstanceNorm2d(4)(x)
    assert torch.equal(made[1], plain[1])
    assert torch.allclose(made[[0, 2]], 3 * plain[[0, 2]] + torch.arange(4.0)[:, None, None])


def test_only_the_categories_of_a_batch_learn(x: torch.Tensor) -> None:
    block = ResidualBlock(4, norm=partial(ConditionalInstanceNorm2d, classes=3))
    with conditioned(torch.tensor([1])):
        block(x[:1]).square().mean().backward()
    norm = block.body[-1]
    assert isinstance(norm, ConditionalInstanceNorm2d) and norm.bias.grad is not None
    assert norm.bias.grad[1].any() and not norm.bias.grad[[0, 2]].any()


def test_without_a_category_it_is_refused_before_and_after_a_block_with_one(x: torch.Tensor) -> None:
    norm = ConditionalInstanceNorm2d(4, classes=3)
    with pytest.raises(RuntimeError, match="broke"), conditioned(torch.tensor([0])):
        raise RuntimeError("broke")
    with pytest.raises(UsageError, match="without a category"):
        norm(x)


def test_one_threads_category_is_not_anothers(x: torch.Tensor) -> None:
    seen: list[BaseException] = []

    def other() -> None:
        try:
            ConditionalInstanceNorm2d(4, classes=3)(x)
        except UsageError as error:
            seen.append(error)

    with conditioned(torch.tensor([0])):
        thread = Thread(target=other)
        thread.start()
        thread.join()
    assert len(seen) == 1


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
