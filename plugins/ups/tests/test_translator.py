"""T and T': their layers, the attention, categories."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from attrs import evolve
from s2pzoo_ups.config import ATTENTIONS, SHAPES, TranslatorConfig
from s2pzoo_ups.shape import ShapeTranslator, Suppression
from torch import Tensor, nn

from s2pzoo.errors import BadOptionError, ConfigError, DeclarationError
from s2pzoo.nn.blocks import ResizeConv2d
from s2pzoo.nn.patchgan import PatchDiscriminator
from s2pzoo.spec.fields import read, to_dict

SMALL = TranslatorConfig(size=32, base=4, blocks=1, kernel=3)
MANY = evolve(SMALL, classes=("shoes", "chairs"))


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def louder(network: nn.Module) -> nn.Module:
    """With weights at which an untrained network tells drawings apart."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter *= 10
    return network


# Layers


def test_the_paper_sizes() -> None:
    with torch.device("meta"):
        t, back = ShapeTranslator(SHAPES["paper128"]), ShapeTranslator(SHAPES["paper128"].back())
        critic = PatchDiscriminator(1, base=64, widest=512)
    assert count(t) == 11_366_147  # 11.37 M
    assert count(t) - count(back) == 514  # the attention
    assert count(critic) == 2_762_689  # 2.76 M


def test_the_light_translator_is_small() -> None:
    with torch.device("meta"):
        assert count(ShapeTranslator(SHAPES["light128"])) < 2e6


@pytest.mark.parametrize("preset", ["light128", "paper128"])
def test_the_light_translator_alone_doubles_without_a_checkerboard(preset: str) -> None:
    with torch.device("meta"):
        kinds = {type(layer) for layer in ShapeTranslator(SHAPES[preset]).modules()}
    assert (ResizeConv2d in kinds) is (preset == "light128") is not (nn.ConvTranspose2d in kinds)


def test_the_paper_layers() -> None:
    """Convolution or its transpose: in, out, kernel, stride; the side of what it gives at 128 pixels."""
    seen: list[tuple[str, int, int, int, int, int]] = []

    def see(layer: Any, _: Any, out: Tensor) -> None:
        kind = "up" if isinstance(layer, nn.ConvTranspose2d) else "conv"
        seen.append((kind, layer.in_channels, layer.out_channels, layer.kernel_size[0], layer.stride[0], out.shape[-1]))

    with torch.device("meta"):
        network = ShapeTranslator(SHAPES["paper128"])
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                module.register_forward_hook(see)
        made = network(sketch=torch.rand(1, 1, 128, 128))
    assert isinstance(made, dict) and made["gray"].shape == (1, 1, 128, 128)
    assert made["attention"].shape == (1, 1, 32, 32)
    assert seen == [
        ("conv", 1, 64, 7, 1, 128),
        ("conv", 64, 128, 3, 2, 64),
        ("conv", 128, 256, 3, 2, 32),
        ("conv", 256, 2, 1, 1, 32),
        *[("conv", 256, 256, 3, 1, 32)] * 18,
        ("up", 256, 128, 3, 2, 64),
        ("up", 128, 64, 3, 2, 128),
        ("conv", 64, 1, 7, 1, 128),
    ]


def test_the_paper_norms_paddings_and_activations() -> None:
    with torch.device("meta"):
        network = ShapeTranslator(SHAPES["paper128"])
    modules = list(network.modules())
    norms = [module for module in modules if isinstance(module, nn.InstanceNorm2d)]
    assert len(norms) == 3 + 18 + 2 and not any(norm.affine for norm in norms)
    assert sum(isinstance(module, nn.ReLU) for module in modules) == 3 + 9 + 2
    paddings = [module.padding[0] for module in modules if isinstance(module, nn.ReflectionPad2d)]
    assert sorted(paddings) == [1] * 18 + [3, 3]
    convolutions = [module for module in modules if isinstance(module, nn.Conv2d | nn.ConvTranspose2d)]
    assert all(layer.bias is not None for layer in convolutions)


def test_weights_begin_as_the_released_code_begins() -> None:
    network = ShapeTranslator(SHAPES["light128"])
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            assert layer.bias is not None and not layer.bias.any()
    every = torch.cat([parameter.detach().flatten() for parameter in network.parameters() if parameter.dim() == 4])
    assert every.std().item() == pytest.approx(0.02, rel=0.05)


# Attention


@pytest.mark.parametrize("softmax", ["channels", "legacy_rows"])
def test_attention_is_between_0_and_1_and_takes_its_share_of_the_features(softmax: str) -> None:
    head, features = Suppression(6, softmax=softmax), torch.randn(2, 6, 8, 8)
    suppressed, attention = head(features)
    assert attention.shape == (2, 1, 8, 8)
    assert attention.min() >= 0 and attention.max() <= 1
    assert torch.equal(suppressed, (1 - attention) * features)
    assert count(head) == 6 * 2 + 2


def test_over_channels_the_two_logits_share_one() -> None:
    head, features = Suppression(6, softmax="channels"), torch.randn(2, 6, 8, 8)
    one, other = head.logits(features).chunk(2, 1)
    assert torch.allclose(head(features)[1], torch.sigmoid(one - other), atol=1e-6)


def test_over_rows_each_column_sums_to_one() -> None:
    head, features = Suppression(6, softmax="legacy_rows"), torch.randn(2, 6, 8, 5)
    attention = head(features)[1]
    assert torch.allclose(attention.sum(2), torch.ones(2, 1, 5), atol=1e-6)
    assert not torch.allclose(attention.sum(3), torch.ones(2, 1, 8), atol=1e-2)
    assert torch.allclose(attention, head.logits(features)[:, :1].softmax(2))


@pytest.mark.parametrize("attention", ["channels", "legacy_rows"])
def test_the_translator_decodes_what_the_attention_leaves(attention: str) -> None:
    network, sketch = ShapeTranslator(evolve(SMALL, attention=attention)), torch.rand(2, 1, 32, 32)
    louder(network)
    assert network.suppression is not None
    *beside, features = network.network.encode(sketch * 2 - 1)
    suppressed, map_ = network.suppression(features)
    attended, spared = network(sketch=sketch), network(sketch=sketch, attend=False)
    assert isinstance(attended, dict) and isinstance(spared, dict)
    assert torch.equal(attended["attention"], map_) and torch.equal(spared["attention"], map_)
    assert torch.allclose(attended["gray"], network.network.decode([*beside, suppressed]).tanh() / 2 + 0.5)
    assert torch.allclose(spared["gray"], network.network.decode([*beside, features]).tanh() / 2 + 0.5)
    assert not torch.allclose(attended["gray"], spared["gray"], atol=1e-3)


def test_without_attention_a_gray_is_all_it_gives() -> None:
    network = ShapeTranslator(evolve(SMALL, attention="off"))
    assert network.suppression is None
    made = network(sketch=torch.rand(2, 1, 32, 32))
    assert isinstance(made, Tensor) and made.shape == (2, 1, 32, 32)


# Both ways


def test_the_way_back_is_the_same_network_without_attention() -> None:
    there, back = SMALL, SMALL.back()
    assert (back.takes, back.gives, back.attention) == ("gray", "sketch", "off")
    assert evolve(back, takes="sketch", gives="gray", attention="channels") == there
    network, gray = ShapeTranslator(back), torch.rand(2, 1, 32, 32)
    assert network(gray=gray).shape == gray.shape
    assert set(network.ports.takes) == {"gray"} and set(network.ports.gives) == {"sketch"}


@pytest.mark.parametrize("config", [SMALL, SMALL.back()])
def test_what_it_gives_is_in_range_and_the_same_every_time(config: TranslatorConfig) -> None:
    network, image = louder(louder(ShapeTranslator(config))), torch.rand(2, 1, 32, 32)
    one, other = (network(**{config.takes: image}) for _ in range(2))
    one, other = (made[config.gives] if isinstance(made, dict) else made for made in (one, other))
    assert torch.equal(one, other) and one.min() >= 0 and one.max() <= 1 and one.std() > 0.1


def test_a_gray_does_not_depend_on_what_is_beside_it() -> None:
    network, sketch = louder(ShapeTranslator(SMALL)), torch.rand(3, 1, 32, 32)
    assert torch.allclose(network(sketch=sketch)["gray"][1:2], network(sketch=sketch[1:2])["gray"], atol=1e-5)


# Categories


def test_new_categories_draw_alike_until_they_are_trained() -> None:
    network, plain, sketch = ShapeTranslator(MANY), ShapeTranslator(SMALL), torch.rand(1, 1, 32, 32)
    missing, foreign = plain.load_state_dict(network.state_dict(), strict=False)
    assert not missing and all(name.endswith(("weight", "bias")) for name in foreign)
    shoes, chairs = (network(sketch=sketch, category=name)["gray"] for name in MANY.classes)
    assert torch.equal(shoes, chairs) and torch.equal(shoes, plain(sketch=sketch)["gray"])


@pytest.mark.parametrize("config", [MANY, MANY.back()])
def test_each_picture_is_drawn_as_its_category(config: TranslatorConfig) -> None:
    network, images = louder(ShapeTranslator(config)), {config.takes: torch.rand(2, 1, 32, 32)}
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if len(parameter) == 2 and parameter.dim() == 2 and not name.startswith("suppression"):
                parameter[1] += torch.randn_like(parameter[1]) * 5

    def drawn(category: Any) -> Tensor:
        made = network(**images, category=category)
        return made[config.gives] if isinstance(made, dict) else made

    shoes, chairs, mixed = drawn("shoes"), drawn(1), drawn(torch.tensor([1, 0]))
    assert not torch.allclose(shoes, chairs, atol=1e-2)
    assert torch.allclose(mixed[:1], chairs[:1], atol=1e-5) and torch.allclose(mixed[1:], shoes[1:], atol=1e-5)


@pytest.mark.parametrize(
    ("config", "category", "told"),
    [
        (MANY, None, "wants a category"),
        (MANY, "chair", "no category 'chair'"),
        (MANY, 2, "no category number 2"),
        (SMALL, "shoes", "knows no categories"),
    ],
)
def test_a_category_is_wanted_where_there_are_some_and_only_there(
    config: TranslatorConfig, category: Any, told: str
) -> None:
    with pytest.raises(BadOptionError, match=told):
        ShapeTranslator(config)(sketch=torch.rand(1, 1, 32, 32), category=category)


# Configs


@pytest.mark.parametrize("config", [*SHAPES.values(), MANY, SMALL.back()])
def test_a_config_survives_as_data(config: TranslatorConfig) -> None:
    assert read(TranslatorConfig, to_dict(config)) == config


def test_an_unknown_attention_is_refused() -> None:
    with pytest.raises(ConfigError, match="attention"):
        read(TranslatorConfig, {"attention": "rows"})
    assert {config.attention for config in SHAPES.values()} == {ATTENTIONS[0]}


def test_a_side_that_cannot_be_halved_twice_is_refused() -> None:
    with pytest.raises(DeclarationError, match="does not divide"):
        evolve(SMALL, size=30).ports()
