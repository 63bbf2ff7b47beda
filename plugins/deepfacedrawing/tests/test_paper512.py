"""The faithful preset, without its 600 million numbers: everything lies on the meta device."""

from __future__ import annotations

import pytest
import torch
from s2pzoo_deepfacedrawing.config import PAPER512, DiscriminatorConfig
from s2pzoo_deepfacedrawing.embedding import ComponentDecoders, ComponentEncoders, FeatureMapping
from s2pzoo_deepfacedrawing.manifold import ManifoldProjection
from s2pzoo_deepfacedrawing.photo import ImageSynthesis, PhotoDiscriminator
from torch import nn

from s2pzoo.interfaces import Component


def made(cls: type[Component], config: object) -> Component:
    with torch.device("meta"):
        return cls(config).eval()


def millions(network: nn.Module) -> float:
    return round(sum(parameter.numel() for parameter in network.parameters()) / 1e6, 1)


def meta(*shape: int) -> torch.Tensor:
    return torch.empty(shape, device="meta")


@pytest.mark.parametrize(
    ("cls", "config", "parts", "expected"),
    [
        (ComponentEncoders, PAPER512.encoder, "encoders", [13.3, 13.3, 15.6, 18.5, 76.2]),
        (ComponentDecoders, PAPER512.decoder, "decoders", [13.3, 13.3, 15.7, 18.6, 76.4]),
        (FeatureMapping, PAPER512.mapping, "decoders", [15.7, 15.7, 18.0, 20.9, 78.7]),
    ],
    ids=["encoders", "image decoders", "feature decoders"],
)
def test_component_networks_have_the_papers_parameters(
    cls: type[Component], config: object, parts: str, expected: list[float]
) -> None:
    assert [millions(part) for part in getattr(made(cls, config), parts)] == expected


def test_image_synthesis_has_the_papers_parameters() -> None:
    assert millions(made(ImageSynthesis, PAPER512.synthesis)) == 139.8


def test_each_discriminator_looks_at_35_channels() -> None:
    critics = made(PhotoDiscriminator, DiscriminatorConfig(condition=PAPER512.synthesis.maps))
    first = [scale.layers[0][0] for scale in critics.scales]  # pyright: ignore
    assert [layer.in_channels for layer in first] == [35, 35, 35]


def test_a_sketch_becomes_codes_maps_and_a_photo_of_the_right_shapes() -> None:
    codes = made(ComponentEncoders, PAPER512.encoder)(sketch=meta(2, 1, 512, 512))
    assert codes.shape == (2, 5, 512)
    assert made(ManifoldProjection, PAPER512.manifold)(latent=codes, solver="none").shape == (2, 5, 512)
    features = made(FeatureMapping, PAPER512.mapping)(latent=codes)
    assert features.shape == (2, 32, 512, 512)
    assert made(ImageSynthesis, PAPER512.synthesis)(features=features).shape == (2, 3, 512, 512)
    assert made(ComponentDecoders, PAPER512.decoder)(latent=codes).shape == (2, 1, 512, 512)


def test_the_bank_holds_every_training_sketch_of_the_paper() -> None:
    manifold = made(ManifoldProjection, PAPER512.manifold)
    assert isinstance(manifold, ManifoldProjection)
    assert manifold.bank.shape == (5, 17703, 512)
    assert manifold.gender.shape == manifold.age.shape == (17703,)


def test_the_slope_of_the_released_code_makes_leaky_relus_the_identity() -> None:
    encoders = made(ComponentEncoders, PAPER512.encoder)
    slopes = {module.negative_slope for module in encoders.modules() if isinstance(module, nn.LeakyReLU)}
    momenta = {module.momentum for module in encoders.modules() if isinstance(module, nn.BatchNorm2d)}
    assert (slopes, momenta) == ({1.0}, {0.9, 0.1})  # of residual blocks: PyTorch's own
