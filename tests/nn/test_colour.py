from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.color import rgb2lab

from s2pzoo.nn.colour import lightness, luma


def plain(*colour: float) -> torch.Tensor:
    """A picture of one colour."""
    return torch.tensor(colour, dtype=torch.float32)[None, :, None, None].expand(1, len(colour), 2, 2).clone()


def test_luma_by_hand() -> None:
    assert luma(plain(1, 0, 0)).unique().item() == pytest.approx(0.299)
    assert luma(plain(0, 1, 0)).unique().item() == pytest.approx(0.587)
    assert luma(plain(0, 0, 1)).unique().item() == pytest.approx(0.114)
    assert luma(plain(0.25)).unique().item() == pytest.approx(0.25)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1, width=32), min_size=3, max_size=3))
def test_lightness_is_that_of_skimage(colour: list[float]) -> None:
    expected = rgb2lab(np.array(colour, np.float64)[None, None])[0, 0, 0] / 100
    assert lightness(plain(*colour).double())[0, 0, 0, 0].item() == pytest.approx(expected, abs=2e-5)


def test_a_gray_is_as_light_as_the_same_gray_in_three_channels() -> None:
    gray = torch.linspace(0, 1, 64).view(1, 1, 8, 8)
    assert torch.allclose(lightness(gray), lightness(gray.expand(-1, 3, -1, -1)))
    assert lightness(gray).flatten()[[0, -1]].tolist() == pytest.approx([0, 1], abs=1e-6)


def test_lightness_has_finite_gradients_from_black_to_white() -> None:
    photo = torch.linspace(0, 1, 48).view(1, 3, 4, 4).requires_grad_()
    lightness(photo).sum().backward()
    assert photo.grad is not None and torch.isfinite(photo.grad).all() and (photo.grad > 0).all()
