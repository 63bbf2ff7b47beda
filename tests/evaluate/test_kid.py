from __future__ import annotations

import pytest
import torch

from s2pzoo.errors import DataError
from s2pzoo.evaluate import kid
from s2pzoo.evaluate.diversity import mean_pairwise
from s2pzoo.evaluate.kid import kernel_distance


def test_the_kernel_distance_is_that_of_a_sum_by_hand() -> None:
    zeros, ones = torch.zeros(2, 1), torch.ones(3, 1)
    assert kernel_distance(zeros, ones) == pytest.approx(1 + 8 - 2 * 1)  # (0 + 1)^3, (1 + 1)^3, (0 + 1)^3
    apart = torch.tensor([[2.0, 0.0], [0.0, 2.0]])  # the pair's product is 0, that of each with itself does not count
    assert kernel_distance(torch.zeros(2, 2), apart) == pytest.approx(1 + 1 - 2 * 1)
    twice = torch.full((2, 2), 2.0)  # on their own scale (1, 1), times itself (1 + 1) / 2
    assert kernel_distance(torch.zeros(2, 2), twice) == pytest.approx(1 + 8 - 2 * 1)


def test_it_depends_neither_on_the_scale_of_the_features_nor_on_how_the_rows_are_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    generator = torch.Generator().manual_seed(0)
    fake, real = torch.rand(7, 4, generator=generator), torch.rand(5, 4, generator=generator)
    whole = kernel_distance(fake, real)
    assert kernel_distance(6 * fake, 6 * real) == pytest.approx(whole)
    monkeypatch.setattr(kid, "_CHUNK", 2)
    assert kernel_distance(fake, real) == pytest.approx(whole)


def test_features_that_are_all_zero_are_no_failure() -> None:
    assert kernel_distance(torch.zeros(3, 2), torch.zeros(2, 2)) == 0


def test_it_is_unbiased_however_few_the_samples() -> None:
    generator = torch.Generator().manual_seed(0)
    draws = [kernel_distance(*torch.randn(2, 4, 8, generator=generator)) for _ in range(200)]
    mean, error = torch.tensor(draws).mean(), torch.tensor(draws).std() / 200**0.5
    assert abs(mean) < 3 * error


def test_one_sample_is_no_distribution() -> None:
    with pytest.raises(DataError, match="two samples or more; got 1 and 4"):
        kernel_distance(torch.zeros(1, 3), torch.zeros(4, 3))


def test_diversity_is_the_mean_over_all_pairs_for_each_sketch() -> None:
    grays = torch.tensor([[0.0, 0.5], [0.25, 0.5], [1.0, 0.5]])  # three versions of two sketches
    versions = [gray.view(2, 1, 1, 1).expand(2, 3, 4, 4) for gray in grays]
    found = mean_pairwise(versions, lambda one, other: (one - other).abs().mean((1, 2, 3)))
    assert found.tolist() == pytest.approx([(0.25 + 1 + 0.75) / 3, 0])
