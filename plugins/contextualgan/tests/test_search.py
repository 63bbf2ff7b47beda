from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from s2pzoo_contextualgan.config import PAPER_SEARCH, Search
from s2pzoo_contextualgan.projection import blurred, divergence, lines, mover, unreal
from scipy.ndimage import gaussian_filter

from s2pzoo.imaging.edges import photocopy

ONES = torch.ones(1, 1, 1, 2)


def pair(a: float, b: float) -> torch.Tensor:
    return torch.tensor([[[[a, b]]]])


def test_the_kl_of_light_is_that_of_the_pixels_shares() -> None:
    """Shares 1/4, 3/4 against 1/2, 1/2: 1/4 log 1/2 + 3/4 log 3/2."""
    loss = divergence(pair(0.25, 0.75), pair(0.5, 0.5), ONES, kind="kl", direction="input")
    assert loss.item() == pytest.approx(0.25 * math.log(0.5) + 0.75 * math.log(1.5), abs=1e-4)
    back = divergence(pair(0.25, 0.75), pair(0.5, 0.5), ONES, kind="kl", direction="made")
    assert back.item() == pytest.approx(0.5 * math.log(2) + 0.5 * math.log(2 / 3), abs=1e-4)


def test_the_kl_of_ink_is_that_of_what_is_dark() -> None:
    loss = divergence(pair(0.75, 0.25), pair(0.5, 0.5), ONES, kind="kl_ink", direction="input")
    assert loss.item() == pytest.approx(0.25 * math.log(0.5) + 0.75 * math.log(1.5), abs=1e-4)


def test_l1_and_mse_are_means_over_what_is_known() -> None:
    mask = pair(1.0, 0.0)
    assert divergence(pair(0.2, 0.9), pair(0.6, 0.1), mask, kind="l1", direction="input").item() == pytest.approx(0.4)
    assert divergence(pair(0.2, 0.9), pair(0.6, 0.1), mask, kind="mse", direction="input").item() == pytest.approx(0.16)


@given(
    kind=st.sampled_from(["kl", "kl_ink", "l1", "mse"]), direction=st.sampled_from(["input", "made"]),
    known=st.sampled_from([0.0, 0.5, 1.0]), seed=st.integers(0, 99),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_the_contextual_loss_is_finite_and_zero_for_the_same_sketch(
    kind: str, direction: str, known: float, seed: int
) -> None:
    """Also for a sketch that is all black or all white."""
    mask, flat = torch.ones(1, 1, 4, 4), torch.full((1, 1, 4, 4), known)
    made = torch.rand(1, 1, 4, 4, generator=torch.Generator().manual_seed(seed))
    loss = divergence(flat, made, mask, kind=kind, direction=direction)
    assert loss.isfinite().all() and loss.item() >= -1e-5
    assert divergence(made, made, mask, kind=kind, direction=direction).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("kind", ["kl_ink", "l1", "mse"])
def test_only_blurred_is_a_line_beside_another_nearer_than_one_far_off(kind: str) -> None:
    def line(column: int) -> torch.Tensor:
        sketch = torch.ones(1, 1, 16, 16)
        sketch[..., column] = 0
        return sketch

    def loss(column: int, blur: float) -> float:
        mask = torch.ones(1, 1, 16, 16)
        return divergence(line(4), line(column), mask, kind=kind, direction="input", blur=blur).item()

    assert loss(5, 0.0) == pytest.approx(loss(11, 0.0), rel=1e-3)
    assert loss(5, 1.5) < 0.8 * loss(11, 1.5)


def test_a_blur_keeps_what_is_even_and_the_ink_there_is() -> None:
    assert torch.allclose(blurred(torch.full((1, 1, 8, 8), 0.3), 2.0), torch.full((1, 1, 8, 8), 0.3), atol=1e-6)
    dot = torch.zeros(1, 1, 17, 17)
    dot[..., 8, 8] = 1
    spread = blurred(dot, 1.0)
    assert spread.sum().item() == pytest.approx(1, abs=1e-5) and spread.argmax() == dot.argmax()
    assert spread[0, 0, 8, 9] / spread.max() == pytest.approx(math.exp(-0.5), abs=1e-4)


def test_where_nothing_is_known_nothing_is_compared() -> None:
    for kind in ("kl", "kl_ink", "l1", "mse"):
        loss = divergence(pair(0.2, 0.9), pair(0.6, 0.1), 0 * ONES, kind=kind, direction="input")
        assert loss.item() == pytest.approx(0, abs=1e-6)


def test_both_forms_of_the_perceptual_loss_fall_as_d_is_convinced() -> None:
    logits = torch.tensor([[-2.0], [0.0], [2.0]])
    released, paper = unreal(logits, form="released"), unreal(logits, form="paper")
    assert released[1].item() == pytest.approx(math.log(2)) and paper[1].item() == pytest.approx(math.log(0.5))
    assert released.diff().max() < 0 and paper.diff().max() < 0


def test_the_momentum_rule_is_the_released_one() -> None:
    """v <- .9 v - lr g; z <- z - .9 v_before + 1.9 v, by hand for two steps of g = 1."""
    z = torch.zeros(1, 1)
    move = mover(z, Search(optimizer="momentum", lr=0.1))
    move(torch.ones(1, 1))
    assert z.item() == pytest.approx(1.9 * -0.1)
    move(torch.ones(1, 1))
    assert z.item() == pytest.approx(-0.19 + 0.9 * 0.1 + 1.9 * -0.19)


def test_what_makes_a_search_literal_has_weaker_priors_and_counts_the_lines_of_the_photo() -> None:
    plain = Search()
    literal = plain.literal(0.5)
    assert (literal.steps, literal.lines, literal.inits) == (plain.steps // 2, 1.0, 1)
    for prior in ("lam", "prior", "anchor"):
        assert getattr(literal, prior) == pytest.approx(getattr(plain, prior) / 10)


def test_the_lines_of_a_photo_are_those_that_the_filter_finds() -> None:
    photo = gaussian_filter(np.random.default_rng(0).random((64, 64, 3), np.float32), (2, 2, 0))
    found, made = photocopy(photo), lines(torch.from_numpy(photo).movedim(2, 0)[None])[0, 0].numpy()
    assert found.min() < 0.2
    assert np.abs(made - found)[16:-16, 16:-16].max() < 0.02  # borders are continued in another way


def test_total_variation_of_ink_is_none_of_a_drawing_to_itself_and_one_where_nothing_is_shared() -> None:
    left, right = torch.ones(1, 1, 8, 8), torch.ones(1, 1, 8, 8)
    left[..., 2], right[..., 5] = 0, 0
    compared = partial(divergence, mask=torch.ones_like(left), kind="tv_ink", direction="input")
    assert compared(left, left).item() == 0
    assert compared(left, right).item() == pytest.approx(1, abs=1e-3)


def test_the_papers_procedure_is_there_as_it_is() -> None:
    assert (PAPER_SEARCH.start, PAPER_SEARCH.inits, PAPER_SEARCH.steps, PAPER_SEARCH.contextual, PAPER_SEARCH.lam) == (
        "refined",
        30,
        1000,
        "kl",
        0.01,
    )


@pytest.mark.parametrize("field", [{"contextual": "l3"}, {"start": "here"}, {"steps": -1}, {"inits": 0}])
def test_a_search_that_makes_no_sense_is_refused(field: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(field))):
        Search(**field)  # pyright: ignore[reportArgumentType]
