from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from s2pzoo.nn.adain import adain, mean_std


def maps(*shape: int, seed: int = 0, scale: float = 1.0, shift: float = 0.0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) * scale + shift


def test_mean_and_deviation_by_hand() -> None:
    # mean 2.5, unbiased variance (2.25 + .25 + .25 + 2.25) / 3 = 5/3
    mean, std = mean_std(torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]))
    assert mean.shape == std.shape == (1, 1, 1, 1)
    assert mean.item() == 2.5
    assert std.item() == pytest.approx((5 / 3 + 1e-5) ** 0.5)


def test_a_flat_channel_deviates_by_the_root_of_eps() -> None:
    flat = torch.full((1, 2, 3, 3), 7.0, requires_grad=True)
    std = mean_std(flat, 1e-4)[1]
    assert std.flatten().tolist() == pytest.approx([1e-2, 1e-2])
    std.sum().backward()
    assert flat.grad is not None and torch.isfinite(flat.grad).all()


def test_weighted_mean_and_deviation_by_hand() -> None:
    x, weight = torch.tensor([[[[1.0, 2.0], [4.0, 9.0]]]]), torch.tensor([[[[1.0, 0.0], [3.0, 0.0]]]])
    mean, std = mean_std(x, weight=weight)
    assert mean.item() == pytest.approx(1 / 4 + 4 * 3 / 4)
    assert std.item() == pytest.approx((2.25**2 / 4 + 0.75**2 * 3 / 4 + 1e-5) ** 0.5)
    assert mean_std(x, weight=torch.zeros(1, 1, 2, 2))[0].item() == 0


def test_what_weighs_nothing_has_no_part_in_the_statistics() -> None:
    content, style, here = maps(1, 2, 4, 4), maps(1, 2, 4, 4, seed=1), torch.zeros(1, 1, 4, 4)
    here[..., :2] = 1
    elsewhere = style + 100 * (1 - here)
    made, same = (adain(content, one, weights=(here, here)) for one in (style, elsewhere))
    assert torch.allclose(made, same, atol=1e-4)


@settings(max_examples=30, deadline=None)
@given(
    n=st.integers(1, 3),
    channels=st.integers(1, 5),
    side=st.integers(3, 9),
    scale=st.floats(0.1, 20),
    shift=st.floats(-50, 50),
    shared=st.booleans(),
)
def test_the_result_has_the_mean_and_deviation_of_the_style(
    n: int, channels: int, side: int, scale: float, shift: float, shared: bool
) -> None:
    content = maps(n, channels, side, side + 1)
    style = maps(1 if shared else n, channels, side + 2, side, seed=1, scale=scale, shift=shift)
    made = adain(content, style)
    assert made.shape == content.shape
    for got, wanted in zip(mean_std(made), mean_std(style), strict=True):
        assert torch.allclose(got, wanted.expand_as(got), rtol=2e-3, atol=2e-3)


def test_the_shape_of_the_content_stays() -> None:
    content, style = maps(1, 2, 6, 6).double(), maps(1, 2, 6, 6, seed=1, scale=3, shift=4).double()
    made = adain(content, style)
    for before, after in zip(content[0], made[0], strict=True):
        assert torch.corrcoef(torch.stack([before.flatten(), after.flatten()]))[0, 1] == pytest.approx(1)


def test_content_in_its_own_style_is_unchanged() -> None:
    content = maps(2, 3, 5, 5)
    assert torch.allclose(adain(content, content), content, atol=1e-6)


@pytest.mark.parametrize("shape", [(2, 4, 5, 5), (3, 3, 5, 5)])
def test_styles_of_other_channels_or_another_number_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        adain(maps(2, 3, 5, 5), maps(*shape))
