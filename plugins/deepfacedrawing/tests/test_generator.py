"""Feature mapping, image synthesis and the discriminators."""

from __future__ import annotations

import pytest
import torch
from attrs import evolve
from s2pzoo_deepfacedrawing.config import DiscriminatorConfig, Face, Preset
from s2pzoo_deepfacedrawing.embedding import FeatureMapping
from s2pzoo_deepfacedrawing.photo import ImageSynthesis, PhotoDiscriminator
from torch import nn

from s2pzoo.nn.blocks import ResizeConv2d
from s2pzoo.pipeline.run import Pipeline


def test_features_are_merged_maps_of_the_canvas(small: Preset) -> None:
    assert FeatureMapping(small.mapping)(latent=torch.randn(2, 5, 8)).shape == (2, 6, 32, 32)


def test_each_code_paints_its_own_window(zoo: Pipeline, face: Face) -> None:
    mapping, codes = zoo.components["mapping"], torch.randn(1, 5, 8)
    before = mapping(latent=codes)
    for index, window in enumerate(face.parts):
        other = codes.clone()
        other[:, index] += 1
        changed = (mapping(latent=other) != before).any(1)[0]
        outside = torch.ones_like(changed)
        outside[window.y // 2 : (window.y + window.side) // 2, window.x // 2 : (window.x + window.side) // 2] = False
        assert changed.any() and not changed[outside].any(), window.name


@pytest.mark.parametrize("stride", [1, 2, 4])
@pytest.mark.parametrize("skips", [False, True])
def test_a_photo_has_its_size_whatever_the_stride_of_the_maps(small: Preset, stride: int, skips: bool) -> None:
    synthesis = ImageSynthesis(evolve(small.synthesis, stride=stride, skips=skips))
    photo = synthesis(features=torch.randn(2, 6, 64 // stride, 64 // stride))
    assert photo.shape == (2, 3, 64, 64)
    assert photo.min() >= 0 and photo.max() <= 1


def test_strong_features_stay_in_range(small: Preset) -> None:
    photo = ImageSynthesis(small.synthesis)(features=1e4 * torch.randn(1, 6, 32, 32))
    assert torch.isfinite(photo).all() and photo.min() >= 0 and photo.max() <= 1


def test_skips_carry_the_maps_across(small: Preset) -> None:
    """With what lies below the first level silenced, the photo still follows the features."""
    synthesis = ImageSynthesis(small.synthesis).requires_grad_(False)
    changes = [layer for layer in (*synthesis.network.down, *synthesis.network.up) if isinstance(layer, nn.Sequential)]
    for layer in changes:
        layer[1] = nn.Identity()
        nn.init.zeros_(layer[0].weight)  # pyright: ignore[reportArgumentType]
    nn.init.normal_(changes[-1][0].weight)  # pyright: ignore[reportArgumentType]
    one, other = (synthesis(features=torch.randn(1, 6, 32, 32)) for _ in range(2))
    assert not torch.allclose(one, other)


@pytest.mark.parametrize("affine", [False, True])
def test_instance_normalisation_is_affine_where_asked_for(small: Preset, affine: bool) -> None:
    synthesis = ImageSynthesis(evolve(small.synthesis, affine=affine))
    norms = [module for module in synthesis.modules() if isinstance(module, nn.InstanceNorm2d)]
    assert norms and all((norm.weight is not None) == affine for norm in norms)


def test_the_discriminator_judges_photo_and_maps_at_every_scale(small: Preset) -> None:
    critic = PhotoDiscriminator(DiscriminatorConfig(condition=6, base=8, widest=16, scales=2))
    photo, maps = torch.rand(2, 3, 64, 64), torch.randn(2, 6, 32, 32)
    judged = critic(picture=photo, condition=maps)
    assert [tuple(logits.shape) for logits, _ in judged] == [(2, 1, 11, 11), (2, 1, 7, 7)]
    assert [len(features) for _, features in judged] == [4, 4]
    assert not torch.allclose(judged[0][0], critic(picture=photo, condition=maps.flip(0))[0][0])


def test_maps_and_photos_are_doubled_as_the_config_says(small: Preset) -> None:
    for resize in ("nearest", "bilinear", ""):
        mapping = FeatureMapping(evolve(small.mapping, resize=resize))
        synthesis = ImageSynthesis(evolve(small.synthesis, resize=resize))
        for network in (mapping, synthesis):
            transposed = any(isinstance(layer, nn.ConvTranspose2d) for layer in network.modules())
            resized = any(isinstance(layer, ResizeConv2d) for layer in network.modules())
            assert (resized, transposed) == (bool(resize), not resize)
