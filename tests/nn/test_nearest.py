from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from s2pzoo.nn import nearest
from s2pzoo.nn.nearest import NeighbourIndex


@pytest.fixture(autouse=True)
def _bound_small_banks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Banks of a test are small; the bound is to be used all the same."""
    monkeypatch.setattr(nearest, "SMALL", 100)


def codes(*, parts: int, samples: int, dim: int, rank: int, noise: float, seed: int) -> Tensor:
    """(P,N,D) about a surface of `rank` dimensions, not centred."""
    generator = torch.Generator().manual_seed(seed)
    latent = torch.randn(parts, samples, rank, generator=generator)
    surface = torch.relu(latent @ torch.randn(parts, rank, dim, generator=generator)) + 1.0
    return surface + noise * torch.randn(parts, samples, dim, generator=generator)


def brute_force(bank: Tensor, queries: Tensor, k: int, allowed: Tensor | None = None) -> Tensor:
    """Squared distances (M,P,k), in float64."""
    squared = torch.cdist(queries.transpose(0, 1).double(), bank.double()).square()
    if allowed is not None:
        squared = squared[..., allowed]
    return squared.topk(k, largest=False).values.transpose(0, 1)


def true_distances(bank: Tensor, queries: Tensor, index: Tensor) -> Tensor:
    found = bank[torch.arange(len(bank))[None, :, None], index]
    return (found.double() - queries.double()[:, :, None]).square().sum(-1)


@settings(max_examples=60, deadline=None)
@given(
    parts=st.integers(1, 3),
    samples=st.integers(101, 600),
    rank=st.integers(1, 30),
    noise=st.sampled_from([0.0, 0.01, 0.3, 3.0]),
    queries=st.integers(1, 5),
    k=st.integers(1, 15),
    share=st.sampled_from([None, 0.2, 0.9]),
    seed=st.integers(0, 2**31),
)
def test_the_neighbours_are_those_of_brute_force(
    parts: int, samples: int, rank: int, noise: float, queries: int, k: int, share: float | None, seed: int
) -> None:
    made = codes(parts=parts, samples=samples + queries, dim=64, rank=rank, noise=noise, seed=seed)
    bank, asked = made[:, :samples], made[:, samples:].transpose(0, 1)
    allowed = None
    if share is not None:
        allowed = torch.rand(samples, generator=torch.Generator().manual_seed(seed)) < share
        allowed[:k] = True
    index = NeighbourIndex(bank)
    assert index.directions == 8
    distance, found = index(asked, k, allowed=allowed)
    expected = brute_force(bank, asked, k, allowed)
    assert distance.shape == found.shape == (queries, parts, k)
    assert torch.allclose(distance.double(), expected, rtol=1e-4, atol=1e-5)
    assert torch.allclose(true_distances(bank, asked, found), expected, rtol=1e-4, atol=1e-5)
    assert (distance.diff(dim=-1) >= 0).all()
    assert allowed is None or allowed[found].all()
    assert all(len(set(row.tolist())) == k for row in found.flatten(0, 1))


def test_a_sample_is_its_own_nearest_neighbour() -> None:
    bank = codes(parts=2, samples=500, dim=64, rank=6, noise=0.05, seed=0)
    distance, found = NeighbourIndex(bank)(bank[:, 40:44].transpose(0, 1), 3)
    assert found[..., 0].T.tolist() == [[40, 41, 42, 43]] * 2
    assert (distance[..., 0] == 0).all()


def test_equal_samples_are_all_found() -> None:
    bank = codes(parts=1, samples=300, dim=64, rank=6, noise=0.05, seed=1)
    bank[:, 100:220] = bank[:, :1]
    distance, found = NeighbourIndex(bank)(bank[:, :1], 121)
    assert set(found.flatten().tolist()) == {0, *range(100, 220)}
    assert (distance == 0).all()


def test_codes_without_structure_are_measured_against_everything() -> None:
    bank = torch.randn(1, 1000, 64, generator=torch.Generator().manual_seed(2))
    asked = torch.randn(1, 1, 64, generator=torch.Generator().manual_seed(3))
    index = NeighbourIndex(bank)
    assert index._bounded(asked, 10, None) is None
    assert torch.allclose(index(asked, 10)[0].double(), brute_force(bank, asked, 10), rtol=1e-5)


def test_a_small_or_narrow_bank_is_read_whole() -> None:
    assert NeighbourIndex(torch.zeros(2, 50, 64)).directions == 0
    assert NeighbourIndex(torch.zeros(2, 500, 4)).directions == 0
    bank = codes(parts=2, samples=50, dim=64, rank=6, noise=0.05, seed=4)
    asked = codes(parts=2, samples=3, dim=64, rank=6, noise=0.05, seed=5).transpose(0, 1)
    assert torch.allclose(NeighbourIndex(bank)(asked, 10)[0].double(), brute_force(bank, asked, 10), rtol=1e-5)


def test_building_draws_nothing_from_the_global_generator() -> None:
    before = torch.get_rng_state()
    bank = codes(parts=1, samples=300, dim=64, rank=6, noise=0.05, seed=6)
    NeighbourIndex(bank)(bank[:, :1], 5)
    assert torch.equal(torch.get_rng_state(), before)
