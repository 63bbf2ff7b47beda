from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from s2pzoo_contextualgan.config import LAYOUTS
from s2pzoo_contextualgan.joint import blend, join, known, shrink, split

each_layout = pytest.mark.parametrize("layout", LAYOUTS)


@each_layout
def test_splitting_a_joint_picture_gives_back_its_halves(layout: str) -> None:
    sketch, photo = torch.rand(2, 1, 8, 8), torch.rand(2, 3, 8, 8)
    again = split(join(sketch, photo, layout=layout), layout=layout)
    assert torch.allclose(again[0], sketch, atol=1e-6) and torch.allclose(again[1], photo, atol=1e-6)


def test_the_paper_puts_the_sketch_on_the_left_in_three_equal_channels() -> None:
    joint = join(torch.zeros(1, 1, 4, 4), torch.ones(1, 3, 4, 4), layout="beside")
    assert joint.shape == (1, 3, 4, 8)
    assert (joint[..., :4] == -1).all() and (joint[..., 4:] == 1).all()


def test_a_sketch_of_three_channels_is_read_as_their_luma() -> None:
    left = torch.tensor([1.0, 0.0, 0.0])[None, :, None, None].expand(1, 3, 4, 4)
    red, _ = split(torch.cat([left, left], dim=3) * 2 - 1, layout="beside")
    assert torch.allclose(red, torch.full((1, 1, 4, 4), 0.299))


@each_layout
def test_a_mask_covers_the_half_it_is_of(layout: str) -> None:
    sketch, photo = torch.rand(1, 1, 4, 4), torch.rand(1, 3, 4, 4)
    mask = known(torch.ones(1, 1, 4, 4), torch.zeros(1, 1, 4, 4), layout=layout, like_picture=True)
    left, right = split(join(sketch, photo, layout=layout) * mask, layout=layout)
    assert torch.allclose(left, sketch, atol=1e-6) and (right == 0.5).all()
    opposite = known(torch.zeros(1, 1, 4, 4), torch.ones(1, 1, 4, 4), layout=layout, like_picture=True)
    assert torch.equal(mask + opposite, torch.ones_like(mask)) and (mask * opposite == 0).all()


@given(side=st.sampled_from([4, 8]), factor=st.integers(1, 4), seed=st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_a_small_drawing_is_never_paler_than_an_average_and_stays_in_range(side: int, factor: int, seed: int) -> None:
    sketch = torch.rand(1, 1, side * factor, side * factor, generator=torch.Generator().manual_seed(seed))
    small = shrink(sketch, side)
    assert small.shape == (1, 1, side, side) and small.min() >= 0 and small.max() <= 1
    assert (small <= torch.nn.functional.avg_pool2d(sketch, factor) + 1e-6).all()


def test_paper_stays_white_and_ink_black() -> None:
    assert (shrink(torch.ones(1, 1, 8, 8), 4) == 1).all() and (shrink(torch.zeros(1, 1, 8, 8), 4) == 0).all()


def test_a_blend_keeps_what_is_known_and_has_no_seam() -> None:
    """What was made is darker everywhere by the same amount: that is made up for in the hole, too."""
    photo = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0)) / 2 + 0.3
    hole = torch.zeros(2, 1, 16, 16)
    hole[0, :, 4:9, 3:12] = 1
    hole[1, :, :, 8:] = 1
    whole = blend(photo * (1 - hole), photo - 0.2, hole)
    assert torch.equal(whole[(hole == 0).expand_as(photo)], photo[(hole == 0).expand_as(photo)])
    assert torch.allclose(whole, photo, atol=1e-4)


def test_what_was_missing_from_a_photo_does_not_matter_to_a_blend() -> None:
    photo, made = torch.rand(2, 1, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    hole = torch.zeros(1, 1, 16, 16)
    hole[..., 5:11, 5:11] = 1
    assert torch.equal(blend(photo * (1 - hole), made, hole), blend(photo * (1 - hole) + hole, made, hole))
    assert torch.equal(blend(made, made, hole), made)
