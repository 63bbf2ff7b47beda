from __future__ import annotations

import pytest
import torch

from s2pzoo.losses.adversarial import d_loss, feature_matching, g_loss

REAL = [torch.tensor([1.0, 0.0]), torch.tensor([[2.0]])]
FAKE = [torch.tensor([0.5, -0.5]), torch.tensor([[-3.0]])]


def test_lsgan_by_hand() -> None:
    # scale 1: 0.5 * (0 + 1)/2 + 0.5 * (0.25 + 0.25)/2 = 0.375; scale 2: 0.5 * 1 + 0.5 * 9 = 5
    assert d_loss(REAL, FAKE).item() == pytest.approx((0.375 + 5) / 2)
    # scale 1: (0.25 + 2.25)/2 = 1.25; scale 2: 16
    assert g_loss(FAKE).item() == pytest.approx((1.25 + 16) / 2)


def test_hinge_by_hand() -> None:
    # scale 1: (0 + 1)/2 + (1.5 + 0.5)/2 = 1.5; scale 2: 0 + 0
    assert d_loss(REAL, FAKE, kind="hinge").item() == pytest.approx(0.75)
    assert g_loss(FAKE, kind="hinge").item() == pytest.approx((0 + 3) / 2)


def test_one_scale_may_come_without_a_list() -> None:
    assert d_loss(REAL[0], FAKE[0]).item() == pytest.approx(0.375)
    assert g_loss(FAKE[0]).item() == pytest.approx(1.25)


def test_scales_must_agree() -> None:
    with pytest.raises(ValueError, match="zip"):
        d_loss(REAL, FAKE[:1])


def test_feature_matching_by_hand_and_without_gradient_to_the_real() -> None:
    real = [[torch.zeros(2, requires_grad=True), torch.ones(1, requires_grad=True)]]
    fake = [[torch.tensor([1.0, -3.0], requires_grad=True), torch.ones(1, requires_grad=True)]]
    loss = feature_matching(real, fake)
    assert loss.item() == pytest.approx((2.0 + 0.0) / 2)
    loss.backward()
    assert real[0][0].grad is None
    gradient = fake[0][0].grad
    assert gradient is not None and gradient.tolist() == [0.25, -0.25]
