from __future__ import annotations

import pytest
import torch
from s2pzoo_contextualgan.config import PRESETS, JointConfig, Preset
from s2pzoo_contextualgan.joint import ContextEncoder, JointDiscriminator, JointGenerator
from torch import nn

from s2pzoo.spec.fields import read, to_dict


def millions(network: nn.Module) -> float:
    return round(sum(parameter.numel() for parameter in network.parameters()) / 1e6, 2)


def test_the_networks_of_the_paper_have_its_parameters() -> None:
    paper = PRESETS["paper64"]
    assert millions(JointGenerator(paper.generator)) == 5.96
    assert millions(JointDiscriminator(paper.discriminator)) == 4.32


def test_the_maps_of_the_paper_have_its_shapes() -> None:
    shapes: list[tuple[int, ...]] = []
    generator = JointGenerator(PRESETS["paper64"].generator)
    for layer in generator.network:
        if isinstance(layer, nn.Unflatten | nn.ConvTranspose2d):
            layer.register_forward_hook(lambda _layer, _inputs, output: shapes.append(tuple(output.shape[1:])))
    assert generator.picture(torch.rand(1, 100)).shape == (1, 3, 64, 128)
    assert shapes == [(512, 4, 8), (256, 8, 16), (128, 16, 32), (64, 32, 64), (3, 64, 128)]


def test_g_makes_sketch_and_photo_in_range(small: Preset) -> None:
    made = JointGenerator(small.generator)(latent=10 * torch.randn(2, 6))
    assert made["sketch"].shape == (2, 1, 16, 16) and made["photo"].shape == (2, 3, 16, 16)
    assert all(half.min() >= 0 and half.max() <= 1 for half in made.values())


def test_d_judges_the_pair(small: Preset) -> None:
    critic = JointDiscriminator(small.discriminator).eval()
    sketch, photo = torch.rand(2, 1, 16, 16), torch.rand(2, 3, 16, 16)
    ((logits, features),) = critic(sketch=sketch, photo=photo)
    assert logits.shape == (2, 1) and features == []
    other = critic(sketch=sketch.flip(0), photo=photo)[0][0]
    assert not torch.allclose(logits, other)


def test_the_initialiser_does_not_look_at_what_is_hidden(small: Preset) -> None:
    encoder = ContextEncoder(small.encoder).eval()
    sketch, seen = torch.rand(2, 1, 16, 16), torch.ones(2, 1, 16, 16)
    one, other = (encoder.guess(sketch, torch.rand(2, 3, 16, 16), seen, 0 * seen) for _ in range(2))
    assert one[0].shape == one[1].shape == (2, 6)
    assert torch.allclose(one[0], other[0]) and torch.allclose(one[1], other[1])


def test_a_uniform_z_is_guessed_in_its_range() -> None:
    encoder = ContextEncoder(PRESETS["small-paper"].encoder).eval()
    for parameter in encoder.parameters():
        parameter.data.mul_(100)
    assert encoder(sketch=torch.rand(1, 1, 64, 64)).abs().max() <= 1


@pytest.mark.parametrize("field", [{"layout": "above"}, {"prior": "gumbel"}, {"blocks": "dense"}])
def test_an_unknown_choice_is_refused(field: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=next(iter(field))):
        JointConfig(**field)  # pyright: ignore[reportArgumentType]


def test_a_config_survives_json() -> None:
    for preset in PRESETS.values():
        for part in (preset.generator, preset.discriminator, preset.encoder, preset.projection()):
            assert read(type(part), to_dict(part)) == part
