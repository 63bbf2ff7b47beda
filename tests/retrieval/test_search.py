"""The search is exact, with faiss and without."""

from __future__ import annotations

import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from s2pzoo.retrieval import search
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


def test_large_sets_are_searched_by_faiss_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("faiss")
    features, queries = random(500, 16), random(5, 16, seed=1)
    plain = Searcher(features)(queries, 20)
    monkeypatch.setattr(search, "LARGE", 400)
    by_faiss = Searcher(features)
    assert by_faiss._flat is not None
    assert all(torch.equal(a, b) for a, b in zip(plain, by_faiss(queries, 20), strict=True))


def test_without_faiss_large_sets_are_searched_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    features, queries = random(500, 16), random(5, 16, seed=1)
    plain = Searcher(features)(queries, 20)
    monkeypatch.setattr(search, "LARGE", 400)
    monkeypatch.setitem(sys.modules, "faiss", None)
    assert all(torch.equal(a, b) for a, b in zip(plain, Searcher(features)(queries, 20), strict=True))
