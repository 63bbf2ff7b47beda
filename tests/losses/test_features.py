from __future__ import annotations

import pytest
import torch

from s2pzoo.losses.features import Style
from s2pzoo.spec.core import StyleConfig


def style(mine: list[torch.Tensor], other: list[torch.Tensor], distance: str = "mse") -> torch.Tensor:
    return Style(StyleConfig(distance=distance))(fake=mine, real=other)["style"]


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


def test_references_get_no_gradient() -> None:
    mine, other = (torch.rand(1, 2, 3, 3, requires_grad=True) for _ in range(2))
    style([mine], [other]).backward()
    assert mine.grad is not None and other.grad is None
