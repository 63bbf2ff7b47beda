"""The search is exact."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from s2pzoo.retrieval.search import Searcher


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 100), st.integers(1, 9), st.integers(1, 60), st.sampled_from([1, 2, 65]), st.integers(0, 1000))
def test_it_finds_what_brute_force_finds(n: int, dim: int, k: int, m: int, seed: int) -> None:
    features, queries = random(n, dim, seed=seed), random(m, dim, seed=seed + 1)
    distances, rows = Searcher(features)(queries, k)
    expected = (queries[:, None].double() - features.double()).norm(dim=2).sort(dim=1, stable=True)
    assert torch.equal(rows, expected.indices[:, :k])
    assert torch.allclose(distances, expected.values[:, :k])


def test_digits_that_the_matrix_product_loses_are_not_lost() -> None:
    far = torch.full((1, 64), 1000.0)
    features = far + 1e-2 * torch.arange(10)[:, None]
    distances, rows = Searcher(features)(features[:1], 10)
    assert rows[0].tolist() == list(range(10))
    assert distances[0, 1].item() == pytest.approx(8e-2, rel=1e-2)  # 64 steps of 0.01, as far as float32 holds them


def test_equals_come_in_the_order_of_their_rows() -> None:
    features = random(3, 4)[[1, 0, 2, 0, 1, 0]]
    assert Searcher(features)(features[1:2], 3)[1][0].tolist() == [1, 3, 5]
