from __future__ import annotations

import pytest
import torch

from s2pzoo.losses.adversarial import BCE, LSGAN, WGANGP, Adversarial, Hinge
from s2pzoo.losses.features import FeatureMatching
from s2pzoo.spec.core import BCEConfig, FeatureMatchingConfig, HingeConfig, LSGANConfig, WGANGPConfig

REAL = [torch.tensor([1.0, 0.0]), torch.tensor([[2.0]])]
FAKE = [torch.tensor([0.5, -0.5]), torch.tensor([[-3.0]])]
LOSSES = [LSGAN(LSGANConfig()), BCE(BCEConfig()), Hinge(HingeConfig()), WGANGP(WGANGPConfig())]


def test_lsgan_by_hand() -> None:
    loss = LSGAN(LSGANConfig())
    # scale 1: 0.5 * (0 + 1)/2 + 0.5 * (0.25 + 0.25)/2 = 0.375; scale 2: 0.5 * 1 + 0.5 * 9 = 5
    assert loss(real=REAL, fake=FAKE)["critic"].item() == pytest.approx((0.375 + 5) / 2)
    # scale 1: (0.25 + 2.25)/2 = 1.25; scale 2: 16
    assert loss(fake=FAKE)["generator"].item() == pytest.approx((1.25 + 16) / 2)


def test_hinge_by_hand() -> None:
    loss = Hinge(HingeConfig())
    # scale 1: (0 + 1)/2 + (1.5 + 0.5)/2 = 1.5; scale 2: 0 + 0
    assert loss(real=REAL, fake=FAKE)["critic"].item() == pytest.approx(0.75)
    assert loss(fake=FAKE)["generator"].item() == pytest.approx((0 + 3) / 2)


def test_wgan_by_hand() -> None:
    loss = WGANGP(WGANGPConfig())
    # scale 1: -0.5 + 0; scale 2: -2 - 3
    assert loss(real=REAL, fake=FAKE)["critic"].item() == pytest.approx((-0.5 - 5) / 2)
    assert loss(fake=FAKE)["generator"].item() == pytest.approx((0 + 3) / 2)


def test_bce_of_a_critic_that_knows_nothing_is_log_2() -> None:
    logits = torch.zeros(2, 1, 3, 3)
    told = BCE(BCEConfig())(real=logits, fake=logits)
    assert told["generator"].item() == pytest.approx(0.6931, abs=1e-4)
    assert told["critic"].item() == pytest.approx(2 * 0.6931, abs=2e-4) or told["critic"].item() == pytest.approx(
        0.6931, abs=1e-4
    )


def test_the_gradient_penalty_is_zero_for_a_slope_of_one_and_grows_away_from_it() -> None:
    loss, real, fake = WGANGP(WGANGPConfig()), torch.rand(2, 1, 2, 2), torch.rand(2, 1, 2, 2)

    def sloped(slope: float) -> float:
        return loss.penalty(
            lambda x: slope * x.sum((1, 2, 3), keepdim=True) / 2, real, fake
        ).item()  # four pixels: |grad| = slope

    assert sloped(1.0) == pytest.approx(0.0, abs=1e-6)
    assert sloped(3.0) == pytest.approx(4 * sloped(2.0), rel=1e-4) and sloped(2.0) > 0


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_one_scale_may_come_without_a_list_and_scales_must_agree(loss: Adversarial) -> None:
    assert loss(fake=FAKE[0])["generator"].item() == pytest.approx(loss(fake=FAKE[:1])["generator"].item())
    with pytest.raises(ValueError, match="zip"):
        loss(real=REAL, fake=FAKE[:1])


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_a_fake_that_looks_real_costs_the_generator_less(loss: Adversarial) -> None:
    low, high = (loss(fake=torch.full((1, 1, 2, 2), value))["generator"].item() for value in (0.0, 0.9))
    assert high < low


def test_feature_matching_by_hand_and_without_gradient_to_the_real() -> None:
    real = [[torch.zeros(2, requires_grad=True), torch.ones(1, requires_grad=True)]]
    fake = [[torch.tensor([1.0, -3.0], requires_grad=True), torch.ones(1, requires_grad=True)]]
    loss = FeatureMatching(FeatureMatchingConfig())(real=real, fake=fake)["matching"]
    assert loss.item() == pytest.approx((2.0 + 0.0) / 2)
    loss.backward()
    assert real[0][0].grad is None
    gradient = fake[0][0].grad
    assert gradient is not None and gradient.tolist() == [0.25, -0.25]
