from __future__ import annotations

import pytest
import torch
from torch import nn

from s2pzoo.nn.patchgan import MultiScalePatchGAN, PatchDiscriminator
from s2pzoo.spec.core import MultiScalePatchGANConfig


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def critic_of(channels: int, scales: int) -> MultiScalePatchGAN:
    made = MultiScalePatchGAN(MultiScalePatchGANConfig(base=4, scales=scales))
    made.scales = nn.ModuleList(PatchDiscriminator(channels, base=4) for _ in range(scales))
    return made


def test_a_photo_of_256_pixels_is_judged_in_30_by_30_patches() -> None:
    logits, features = PatchDiscriminator(3)(torch.rand(1, 3, 256, 256))
    assert logits.shape == (1, 1, 30, 30)
    assert [tuple(f.shape[1:]) for f in features] == [(64, 128, 128), (128, 64, 64), (256, 32, 32), (512, 31, 31)]


def test_each_patch_is_70_pixels_wide() -> None:
    critic = PatchDiscriminator(1, base=4)
    for layer in critic.layers:
        assert isinstance(layer, nn.Sequential)
        layer[1] = nn.Identity()  # instance normalisation looks at the whole photo
    photo = torch.zeros(1, 1, 256, 256, requires_grad=True)
    critic(photo)[0][0, 0, 15, 15].backward()
    assert photo.grad is not None
    rows, columns = photo.grad[0, 0].nonzero().T
    for seen in (rows, columns):
        assert int(seen.max() - seen.min()) + 1 == 70


def test_three_layers_of_base_64_have_the_papers_parameters() -> None:
    assert 2.76e6 < count(PatchDiscriminator(3)) < 2.77e6


def test_the_width_is_capped() -> None:
    widths = [layer[0].out_channels for layer in PatchDiscriminator(3, base=32, widest=64).layers]  # pyright: ignore
    assert widths == [32, 64, 64, 64]


def test_the_first_layer_is_not_normalised_and_the_others_are() -> None:
    norms = [isinstance(layer[1], nn.InstanceNorm2d) for layer in PatchDiscriminator(3, base=4).layers]  # pyright: ignore
    assert norms == [False, True, True, True]


@pytest.mark.parametrize("scales", [1, 2, 3])
def test_each_scale_sees_a_picture_of_half_the_side(scales: int) -> None:
    critics = critic_of(5, scales)
    seen: list[tuple[int, ...]] = []
    for critic in critics.scales:
        critic.register_forward_pre_hook(lambda _, inputs: seen.append(tuple(inputs[0].shape)))
    judged = critics(picture=torch.rand(2, 5, 128, 128))
    assert seen == [(2, 5, 128 >> scale, 128 >> scale) for scale in range(scales)]
    assert len(judged) == scales
    assert count(critics) == scales * count(critics.scales[0])


def test_halving_keeps_a_flat_picture_flat_up_to_its_border() -> None:
    critics = critic_of(1, 2)
    seen: list[torch.Tensor] = []
    critics.scales[1].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    critics(picture=torch.full((1, 1, 64, 64), 0.3))
    assert seen[0].shape == (1, 1, 32, 32) and torch.allclose(seen[0], seen[0].mean())


def test_several_sizes_are_padded_and_halved_as_in_pix2pixhd() -> None:
    critic = MultiScalePatchGAN(MultiScalePatchGANConfig(base=2, widest=4, scales=2))
    padded = {layer.padding for layer in critic.modules() if isinstance(layer, nn.Conv2d)}
    assert padded == {(2, 2)}
    photo = torch.rand(1, 3, 64, 64)
    (fine, _), (coarse, _) = critic(picture=photo)
    half = nn.functional.avg_pool2d(photo * 2 - 1, 3, stride=2, padding=1, count_include_pad=False)
    assert torch.equal(coarse, critic.scales[1](half)[0])
    assert (fine.shape[-1], coarse.shape[-1]) == (11, 7)
