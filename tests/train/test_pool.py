from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from s2pzoo.train.pool import ImagePool


def images(start: int, count: int) -> Tensor:
    """(count,1,2,2): flat pictures of the values start, start + 1, ..."""
    return torch.arange(start, start + count, dtype=torch.float32)[:, None, None, None].expand(-1, 1, 2, 2).clone()


def values(batch: Tensor) -> list[int]:
    return batch[:, 0, 0, 0].int().tolist()


def test_the_first_fifty_come_back_as_they_are() -> None:
    pool, rng = ImagePool(), np.random.default_rng(0)
    for start in range(0, 50, 5):
        assert torch.equal(pool.exchange(images(start, 5), rng), images(start, 5))
    assert torch.equal(pool.images, images(0, 50))


def test_then_half_are_exchanged_for_older_ones_that_are_shown_once_more() -> None:
    pool, rng = ImagePool(), np.random.default_rng(0)
    pool.exchange(images(0, 50), rng)
    given = [value for start in range(50, 2050, 4) for value in values(pool.exchange(images(start, 4), rng))]
    older = [value for place, value in enumerate(given, 50) if value != place]
    assert all(value < place for place, value in enumerate(given, 50) if value != place)
    assert len(older) / len(given) == pytest.approx(0.5, abs=0.04)
    assert len(set(older)) == len(older)
    left = set(range(2050)) - set(given) | set(range(50)) - set(older)
    assert set(values(pool.images)) >= left - set(range(50)) and len(pool.images) == 50


def test_an_exchanged_image_stays_in_the_pool_for_later() -> None:
    pool, rng = ImagePool(1), np.random.default_rng(0)
    kept, seen = 0, []
    pool.exchange(images(0, 1), rng)
    for value in range(1, 40):
        (given,) = values(pool.exchange(images(value, 1), rng))
        assert given in (value, kept)
        kept = value if given == kept else kept
        seen.append(given == value)
        assert values(pool.images) == [kept]
    assert any(seen) and not all(seen)


def test_what_it_gives_and_keeps_has_no_gradient_and_is_its_own() -> None:
    pool, new = ImagePool(2), images(1, 2).requires_grad_()
    given = pool.exchange(new, np.random.default_rng(0))
    assert not given.requires_grad and not pool.images.requires_grad
    with torch.no_grad():
        new.zero_()
    assert values(pool.images) == [1, 2]


def test_a_pool_of_none_gives_back_what_is_new() -> None:
    pool, rng = ImagePool(0), np.random.default_rng(0)
    for start in (0, 3):
        assert torch.equal(pool.exchange(images(start, 3), rng), images(start, 3))
    assert len(pool.images) == 0


def test_a_pool_that_was_read_from_a_file_takes_the_kind_of_the_new_images() -> None:
    pool, rng = ImagePool(2), np.random.default_rng(0)
    pool.images = images(0, 2).double()
    for start in range(2, 20, 2):
        assert pool.exchange(images(start, 2), rng).dtype == torch.float32


def test_it_is_its_images_and_nothing_else() -> None:
    one, rng = ImagePool(4), np.random.default_rng(0)
    for start in range(0, 20, 2):
        one.exchange(images(start, 2), rng)
    other = ImagePool(4)
    other.images = one.images.clone()
    for start in range(20, 60, 2):
        draws = np.random.default_rng(start), np.random.default_rng(start)
        assert torch.equal(one.exchange(images(start, 2), draws[0]), other.exchange(images(start, 2), draws[1]))
