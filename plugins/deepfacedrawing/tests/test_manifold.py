from __future__ import annotations

import numpy as np
import pytest
import torch
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from s2pzoo_deepfacedrawing.config import SOLVERS, Face, ManifoldConfig, Preset
from s2pzoo_deepfacedrawing.manifold import ManifoldProjection, lle, lle_released
from torch import Tensor

from s2pzoo.errors import BadInputError, BadOptionError, UnknownOptionError
from s2pzoo.spec.fields import Field

SAMPLES, PARTS, DIM = 12, 5, 8


def normal(*shape: int, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def manifold(small: Preset) -> ManifoldProjection:
    """Twelve random samples: genders female, male, female, ..., ages 20 to 31; the last is of unknown age."""
    made = ManifoldProjection(evolve(small.manifold, samples=SAMPLES, neighbours=4))
    tags = torch.arange(SAMPLES)
    age = 20 + tags
    age[-1] = 0
    made.fill(normal(PARTS, SAMPLES, DIM, seed=0).float(), gender=1 + tags % 2, age=age)
    return made


@pytest.fixture
def drawn() -> Tensor:
    """Codes (3,P,D) of three drawings."""
    return normal(3, PARTS, DIM, seed=1).float()


# The solvers


@settings(max_examples=50, deadline=None)
@given(k=st.integers(1, 15), dim=st.integers(1, 40), seed=st.integers(0, 2**31), ridge=st.sampled_from([1e-6, 1e-3]))
def test_weights_of_lle_sum_to_one(k: int, dim: int, seed: int, ridge: float) -> None:
    weights = lle(normal(2, dim, seed=seed), normal(2, k, dim, seed=seed + 1), ridge=ridge)
    assert weights.shape == (2, k)
    assert torch.allclose(weights.sum(-1), torch.ones(2, dtype=torch.float64))


@settings(max_examples=50, deadline=None)
@given(k=st.integers(1, 12), more=st.integers(0, 20), seed=st.integers(0, 2**31))
def test_lle_reproduces_a_code_that_lies_between_its_samples(k: int, more: int, seed: int) -> None:
    samples, weights = normal(k, k + more, seed=seed), normal(k, seed=seed + 1)
    weights = (weights - weights.mean() + 1 / k).clone()  # they sum to one, and some are negative
    code = weights @ samples
    found = lle(code, samples, ridge=1e-9)
    # The ridge's objective at the true weights is a bound on the error at the found ones.
    penalty = 1e-9 * (samples - code).square().sum(-1).mean() + 1e-8
    assert (found @ samples - code).square().sum() <= penalty * weights.square().sum() * 1.01 + 1e-12


@settings(max_examples=50, deadline=None)
@given(k=st.integers(2, 12), dim=st.integers(2, 24), seed=st.integers(0, 2**31))
def test_lle_is_the_constrained_least_squares_solution(k: int, dim: int, seed: int) -> None:
    code, samples, ridge = normal(dim, seed=seed), normal(k, dim, seed=seed + 1), 1e-2
    difference = (samples - code).numpy()
    penalty = ridge * np.square(difference).sum(-1).mean() + 1e-8
    # Lagrange: 2 (C + penalty) w = multiplier, sum w = 1
    system = np.block([[difference @ difference.T + penalty * np.eye(k), np.ones((k, 1))], [np.ones((1, k)), 0.0]])
    expected = np.linalg.solve(system, np.r_[np.zeros(k), 1.0])[:k]
    assert lle(code, samples, ridge=ridge).numpy() == pytest.approx(expected, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize(
    ("code", "expected"),
    [((0.25, 0.0), (0.75, 0.25)), ((0.25, 5.0), (0.75, 0.25)), ((2.0, 0.0), (-1.0, 2.0)), ((0.0, 0.0), (1.0, 0.0))],
    ids=["between", "beside", "beyond", "at the first"],
)
def test_lle_of_two_samples_by_hand(code: tuple[float, float], expected: tuple[float, float]) -> None:
    samples = torch.tensor([[0.0, 0.0], [1.0, 0.0]], dtype=torch.float64)
    weights = lle(torch.tensor(code, dtype=torch.float64), samples, ridge=0.0)
    assert weights.numpy() == pytest.approx(expected, abs=1e-5)


def test_lle_shares_a_code_among_equal_samples() -> None:
    code = torch.ones(6)
    assert torch.allclose(lle(code, code.expand(4, 6), ridge=1e-3), torch.full((4,), 0.25))


@settings(max_examples=50, deadline=None)
@given(
    k=st.integers(2, 15),
    more=st.integers(0, 20),
    seed=st.integers(0, 2**31),
    constant=st.sampled_from([0.5, 10.0]),
)
def test_lle_released_solves_its_least_squares_with_the_extra_row(
    k: int, more: int, seed: int, constant: float
) -> None:
    code, samples = normal(k + more, seed=seed).numpy(), normal(k, k + more, seed=seed + 1).numpy()
    first = samples[0]
    rows = np.vstack([(samples[1:] - first).T, np.full((1, k - 1), constant)])
    others = np.linalg.lstsq(rows, np.r_[code - first, 0.0], rcond=None)[0]
    weights = lle_released(torch.from_numpy(code), torch.from_numpy(samples), constant=constant)
    assert weights.numpy() == pytest.approx(np.r_[1 - others.sum(), others], rel=1e-5, abs=1e-7)


def test_lle_released_by_hand() -> None:
    """Samples 0 and 1, code 1: (1 - w)^2 + 100 w^2 is least at w = 1/101, far from the code."""
    weights = lle_released(torch.tensor([1.0]), torch.tensor([[0.0], [1.0]]))
    assert weights.numpy() == pytest.approx([100 / 101, 1 / 101])


def test_lle_released_solves_many_codes_at_once() -> None:
    codes, samples = normal(2, 3, 9, seed=0), normal(2, 3, 5, 9, seed=1)
    weights = lle_released(codes, samples)
    assert weights.shape == (2, 3, 5)
    assert torch.allclose(weights[1, 2], lle_released(codes[1, 2], samples[1, 2]))


# The projection


@pytest.mark.parametrize("solver", SOLVERS)
def test_weights_of_every_solver_sum_to_one(manifold: ManifoldProjection, drawn: Tensor, solver: str) -> None:
    found = manifold.neighbours(drawn, solver=solver)
    assert torch.allclose(found.weights.sum(-1), torch.ones(3, PARTS), atol=1e-5)
    assert found.codes.shape == (*found.index.shape, DIM)
    for part in range(PARTS):
        assert torch.equal(found.codes[:, part], manifold.bank[part][found.index[:, part]])


def test_neighbours_are_the_nearest_samples_of_their_component(manifold: ManifoldProjection, drawn: Tensor) -> None:
    found = manifold.neighbours(drawn)
    distance = torch.cdist(drawn.transpose(0, 1), manifold.bank).transpose(0, 1)
    assert torch.equal(found.index, distance.topk(4, largest=False).indices)


def test_the_number_of_neighbours_can_be_chosen(manifold: ManifoldProjection, drawn: Tensor) -> None:
    assert manifold.neighbours(drawn).index.shape == (3, PARTS, 4)
    assert manifold.neighbours(drawn, neighbours=7).index.shape == (3, PARTS, 7)
    assert manifold.neighbours(drawn, neighbours=100).index.shape == (3, PARTS, SAMPLES)


def test_top1_replaces_each_component_by_its_nearest_sample(manifold: ManifoldProjection, drawn: Tensor) -> None:
    nearest = torch.cdist(drawn.transpose(0, 1), manifold.bank).argmin(-1).T
    projected = manifold(latent=drawn, solver="top1")
    for part in range(PARTS):
        assert torch.equal(projected[:, part], manifold.bank[part][nearest[:, part]])


def test_idw_weighs_by_the_inverse_square_of_the_distance(small: Preset) -> None:
    manifold = ManifoldProjection(evolve(small.manifold, samples=3, neighbours=2))
    bank = torch.zeros(PARTS, 3, DIM)
    bank[:, 0, 0], bank[:, 1, 0], bank[:, 2, 0] = 1.0, -2.0, 9.0
    manifold.fill(bank, gender=torch.zeros(3), age=torch.zeros(3))
    found = manifold.neighbours(torch.zeros(1, PARTS, DIM), solver="idw")
    assert found.index[0].tolist() == [[0, 1]] * PARTS
    assert found.weights[0, 0].numpy() == pytest.approx([0.8, 0.2])
    assert found.projected[0, 0, 0] == pytest.approx(0.8 * 1 - 0.2 * 2)


@pytest.mark.parametrize("solver", ["lle", "idw", "top1", "lle_released", "global"])
def test_a_sample_of_the_bank_stays_where_it_is(manifold: ManifoldProjection, solver: str) -> None:
    code = manifold.bank[None, :, 5]
    assert torch.allclose(manifold(latent=code, solver=solver), code, atol=0.02)


def test_none_leaves_the_codes_alone(manifold: ManifoldProjection, drawn: Tensor) -> None:
    assert torch.equal(manifold(latent=drawn, solver="none"), drawn)


def test_global_takes_the_same_samples_for_all_components(manifold: ManifoldProjection, drawn: Tensor) -> None:
    found = manifold.neighbours(drawn, solver="global")
    for part in range(1, PARTS):
        assert torch.equal(found.index[:, part], found.index[:, 0])
        assert torch.equal(found.weights[:, part], found.weights[:, 0])
    local = manifold.neighbours(drawn, solver="lle")
    assert any(not torch.equal(local.index[:, part], local.index[:, 0]) for part in range(1, PARTS))


def test_global_lets_no_component_outweigh_the_others(manifold: ManifoldProjection, drawn: Tensor) -> None:
    before = manifold.neighbours(drawn, solver="global").index
    louder = torch.ones(PARTS)
    louder[2] = 1000.0
    manifold.fill(manifold.bank * louder[:, None, None], gender=manifold.gender, age=manifold.age)
    assert torch.equal(manifold.neighbours(drawn * louder[:, None], solver="global").index, before)


# How much is kept


def test_a_blend_of_one_keeps_the_drawing_and_of_zero_projects_it(manifold: ManifoldProjection, drawn: Tensor) -> None:
    assert torch.equal(manifold(latent=drawn, blend=1.0), drawn)
    assert torch.equal(manifold(latent=drawn, blend=0.0), manifold.neighbours(drawn).projected)
    assert not torch.allclose(manifold(latent=drawn), drawn, atol=0.1)


@settings(max_examples=20, deadline=None)
@given(blend=st.floats(0, 1))
def test_a_blend_lies_between_drawing_and_projection(blend: float) -> None:
    manifold = ManifoldProjection(ManifoldConfig(face=Face(latent=DIM), samples=6, neighbours=3))
    manifold.fill(normal(PARTS, 6, DIM, seed=3).float(), gender=torch.zeros(6), age=torch.zeros(6))
    code = normal(1, PARTS, DIM, seed=4).float()
    expected = blend * code + (1 - blend) * manifold(latent=code)
    assert torch.allclose(manifold(latent=code, blend=blend), expected, atol=1e-5)


def test_a_mapping_gives_each_component_its_own_blend(manifold: ManifoldProjection, drawn: Tensor) -> None:
    projected = manifold(latent=drawn)
    mixed = manifold(latent=drawn, blend={"nose": 1.0, "mouth": 0.25})
    assert torch.allclose(mixed[:, 2], drawn[:, 2])
    assert torch.allclose(mixed[:, 3], 0.25 * drawn[:, 3] + 0.75 * projected[:, 3], atol=1e-6)
    for other in (0, 1, 4):  # what is not named is refined fully
        assert torch.equal(mixed[:, other], projected[:, other])


def test_all_is_the_blend_of_the_components_that_are_not_named(manifold: ManifoldProjection, drawn: Tensor) -> None:
    mixed = manifold(latent=drawn, blend={"all": 1.0, "nose": 0.0})
    assert torch.allclose(mixed[:, [0, 1, 3, 4]], drawn[:, [0, 1, 3, 4]])
    assert torch.equal(mixed[:, 2], manifold(latent=drawn)[:, 2])


def test_the_configuration_has_the_blend_of_components_for_which_none_is_given(drawn: Tensor) -> None:
    config = ManifoldConfig(face=Face(latent=DIM), samples=6, neighbours=3)
    full, half = ManifoldProjection(config), ManifoldProjection(evolve(config, blend=0.5))
    for manifold in (full, half):
        manifold.fill(normal(PARTS, 6, DIM, seed=3).float(), gender=torch.zeros(6), age=torch.zeros(6))
    assert torch.equal(half(latent=drawn), full(latent=drawn, blend=0.5))
    assert torch.equal(half(latent=drawn, blend={"nose": 0.0}), full(latent=drawn, blend={"all": 0.5, "nose": 0.0}))
    assert torch.equal(half(latent=drawn, blend=0.0), full(latent=drawn))


def option(manifold: ManifoldProjection, name: str) -> Field:
    return next(one for one in manifold.config.options() if one.name == name)


def test_a_component_that_is_none_is_named_with_its_nearest(manifold: ManifoldProjection, drawn: Tensor) -> None:
    with pytest.raises(UnknownOptionError, match="'mout'") as caught:
        option(manifold, "blend").read({"mout": 0.5})
    assert "mouth" in caught.value.suggestions


@pytest.mark.parametrize("blend", [-0.1, 1.5, {"nose": 2.0}, float("nan")])
def test_a_blend_out_of_range_is_refused(manifold: ManifoldProjection, drawn: Tensor, blend: float) -> None:
    with pytest.raises(BadOptionError):
        option(manifold, "blend").read(blend if isinstance(blend, dict) else {"all": blend})


def test_a_solver_that_is_none_is_named_with_its_nearest(manifold: ManifoldProjection, drawn: Tensor) -> None:
    with pytest.raises(BadOptionError, match="lle"):
        option(manifold, "solver").read("lle2")


# Whose samples


@pytest.mark.parametrize(("gender", "first"), [("female", 0), ("male", 1)])
@pytest.mark.parametrize("solver", ["lle", "global"])
def test_a_gender_restricts_the_samples(
    manifold: ManifoldProjection, drawn: Tensor, gender: str, first: int, solver: str
) -> None:
    index = manifold.neighbours(drawn, gender=gender, solver=solver).index
    assert (index % 2 == first).all()


def test_an_age_restricts_the_samples(manifold: ManifoldProjection, drawn: Tensor) -> None:
    between = manifold.neighbours(drawn, age="22-26", neighbours=4).index
    assert between.min() >= 2 and between.max() <= 6
    assert (manifold.neighbours(drawn, age="24").index == 4).all()


def test_gender_and_age_restrict_together_and_fewer_samples_than_k_are_enough(
    manifold: ManifoldProjection, drawn: Tensor
) -> None:
    index = manifold.neighbours(drawn, gender="male", age="20-24").index
    assert index.shape == (3, PARTS, 2)
    assert set(index.flatten().tolist()) == {1, 3}


@pytest.mark.parametrize("solver", SOLVERS)
def test_every_solver_works_with_a_single_sample(manifold: ManifoldProjection, drawn: Tensor, solver: str) -> None:
    found = manifold.neighbours(drawn, age="24", solver=solver)
    assert torch.allclose(found.projected, manifold.bank[:, 4].expand(3, -1, -1), atol=1e-5)


@pytest.mark.parametrize("age", ["old", "-30", "20-x", ""])
def test_an_age_that_is_no_number_is_refused(manifold: ManifoldProjection, drawn: Tensor, age: str) -> None:
    with pytest.raises(BadInputError, match="is not an age"):
        manifold(latent=drawn, age=age)


def test_an_unknown_gender_is_refused(manifold: ManifoldProjection, drawn: Tensor) -> None:
    with pytest.raises(BadOptionError, match="female"):
        option(manifold, "gender").read("men")


def test_a_restriction_that_nobody_meets_is_told(manifold: ManifoldProjection, drawn: Tensor) -> None:
    with pytest.raises(BadInputError, match=r"no such sample: gender female, age 90-99(?s:.)*Widen"):
        manifold(latent=drawn, gender="female", age="90-99")


# The bank


def test_a_new_bank_is_searched_at_once(manifold: ManifoldProjection, drawn: Tensor) -> None:
    manifold(latent=drawn)
    bank = normal(PARTS, SAMPLES, DIM, seed=9).float()
    manifold.fill(bank, gender=torch.zeros(SAMPLES), age=torch.zeros(SAMPLES))
    for solver in ("lle", "global"):
        code = bank[None, :, 7]
        assert (manifold.neighbours(code, solver=solver).index[..., 0] == 7).all()


def test_a_bank_from_a_file_is_searched_at_once(manifold: ManifoldProjection, drawn: Tensor) -> None:
    manifold(latent=drawn)
    state = {name: tensor.clone() for name, tensor in manifold.state_dict().items()}
    state["bank"] += 3
    manifold.load_state_dict(state)
    assert (manifold.neighbours(state["bank"][None, :, 7]).index[..., 0] == 7).all()


def test_a_bank_that_was_moved_is_searched_where_it_is(small: Preset) -> None:
    manifold = ManifoldProjection(evolve(small.manifold, samples=SAMPLES))
    for dtype in (torch.float64, torch.float32, torch.float64):
        manifold.to(dtype)
        code = normal(1, PARTS, DIM, seed=5).to(dtype)
        assert manifold(latent=code).dtype == dtype


def test_the_bank_and_its_tags_are_all_that_is_saved(manifold: ManifoldProjection) -> None:
    assert set(manifold.state_dict()) == {"bank", "gender", "age"}
    assert list(manifold.parameters()) == []
