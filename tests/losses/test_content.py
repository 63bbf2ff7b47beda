from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.color import rgb2lab

from s2pzoo.losses.content import content, intensity, lightness, luma, style


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


def test_intensity_by_hand() -> None:
    # luma of (.5, 1, 0) = .1495 + .587 = .7365
    assert intensity(plain(0.5, 1, 0), plain(0.5)).item() == pytest.approx(0.2365)
    # L of pure blue is 32.297, and that of the gray .5 53.389
    assert intensity(plain(0, 0, 1), plain(0.5), "lab").item() == pytest.approx(0.53389 - 0.32297, abs=1e-4)


@pytest.mark.parametrize("kind", ["luma", "lab"])
def test_a_gray_photo_of_the_right_shade_costs_nothing(kind: str) -> None:
    gray = torch.rand(2, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    assert intensity(gray.expand(-1, 3, -1, -1), gray, kind).item() == pytest.approx(0, abs=1e-6)  # pyright: ignore[reportArgumentType]


def test_style_by_hand() -> None:
    # Two layers of one and two channels; deviations of (a, b) are |a - b| / sqrt(2) up to eps.
    mine = [torch.tensor([[[[1.0, 3.0]]]]), torch.tensor([[[[0.0, 2.0]], [[4.0, 4.0]]]])]
    other = [torch.tensor([[[[5.0, 5.0]]]]), torch.tensor([[[[4.0, 6.0]], [[1.0, 1.0]]]])]
    # means differ by 3; by 4 and 3. Deviations by sqrt(2); by 0 and 0.
    assert style(mine, other).item() == pytest.approx(9 + 2 + (16 + 9) / 2 + 0, rel=5e-3)
    assert style(mine, other, "l2").item() == pytest.approx(3 + 2**0.5 + 5 + 0, rel=2e-3)


def test_the_norm_is_taken_of_each_picture() -> None:
    mine, other = [torch.zeros(2, 2, 2, 2)], [torch.zeros(2, 2, 2, 2)]
    mine[0][0, 0], mine[0][0, 1], mine[0][1, 0] = 3.0, 4.0, 2.0
    assert style(mine, other, "l2").item() == pytest.approx((5 + 2) / 2)


def test_one_reference_serves_all_pictures() -> None:
    mine, other = torch.rand(3, 4, 5, 5), torch.rand(1, 4, 7, 7)
    for kind in ("mse", "l2"):
        assert style([mine], [other], kind).item() == pytest.approx(
            style([mine], [other.expand(3, -1, -1, -1)], kind).item()
        )


def test_the_layers_must_agree() -> None:
    with pytest.raises(ValueError, match="zip"):
        style([torch.rand(1, 1, 2, 2)] * 2, [torch.rand(1, 1, 2, 2)])


def test_content_by_hand() -> None:
    mine, other = torch.tensor([[[[1.0, 3.0]]]]), torch.tensor([[[[1.0, 0.0]]]])
    assert content(mine, other).item() == pytest.approx(4.5)
    assert content(mine, other, "l1").item() == pytest.approx(1.5)


def test_targets_and_references_get_no_gradient() -> None:
    mine, other = (torch.rand(1, 2, 3, 3, requires_grad=True) for _ in range(2))
    (content(mine, other) + style([mine], [other])).backward()
    assert mine.grad is not None and other.grad is None
