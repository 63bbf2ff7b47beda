"""C: its encoders, AdaIN, decoder, references and categories."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from attrs import evolve
from PIL import Image
from s2pzoo_ups.config import CONTENTS, ContentConfig
from s2pzoo_ups.content import ContentEnhancement, TappedEncoder, colour_of, coloured, trained_encoder, vgg_encoder
from torch import nn

from s2pzoo.errors import BadInputError, BadOptionError, ConfigError
from s2pzoo.losses.features import Style
from s2pzoo.nn.adain import mean_std
from s2pzoo.nn.blocks import ResizeConv2d
from s2pzoo.nn.colour import luma
from s2pzoo.pipeline.run import Pipeline
from s2pzoo.spec.core import StyleConfig
from s2pzoo.spec.fields import read, to_dict
from s2pzoo.spec.model import Model, Step

SMALL = ContentConfig(size=32, encoder="trained", widths=(4, 6, 8), blocks=2, kernel=3)
SMALL_VGG = ContentConfig(size=32, widths=(4, 6, 256), blocks=1, kernel=3)
KINDS = pytest.mark.parametrize("config", [SMALL, SMALL_VGG], ids=["trained", "vgg19"])


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_the_papers_decoder_has_its_parameters() -> None:
    network = ContentEnhancement(CONTENTS["paper128"])
    assert count(network.decoder) == 14_540_163  # 14.54 M
    assert count(network.encoder) == 2_325_580


def test_the_light_network_is_small() -> None:
    assert 0.8e6 < count(ContentEnhancement(CONTENTS["light128"])) < 2.5e6


def test_the_light_network_keeps_the_gray_photo_as_the_luma_of_its_photo() -> None:
    for keep in (True, False):
        network, gray = ContentEnhancement(evolve(SMALL, keep_gray=keep)), torch.rand(2, 1, 16, 16)
        with torch.no_grad():
            for parameter in network.decoder.parameters():
                parameter *= 10
            photo, t = network(gray=gray, maps=True)
            assert torch.equal(network(gray=gray), photo) and torch.equal(network.target(gray), t)
        assert photo.min() >= 0 and photo.max() <= 1 and (photo.amax(1) - photo.amin(1)).max() > 0.05
        assert torch.allclose(luma(photo), gray, atol=1e-5) is keep
    assert CONTENTS["light128"].keep_gray and not CONTENTS["paper128"].keep_gray


def test_colours_are_laid_on_gray_and_paled_until_they_fit() -> None:
    red = torch.tensor([1.0, 0, 0])[None, :, None, None]  # luma .299, and so .701, -.299, -.299 beside it
    for gray, share in ((0.299, 1.0), (0.1, 0.1 / 0.299), (0.9, 0.1 / 0.701), (0.0, 0.0), (1.0, 0.0)):
        wanted = [gray + share * 0.701, gray - share * 0.299, gray - share * 0.299]
        assert coloured(torch.full((1, 1, 1, 1), gray), red).flatten().tolist() == pytest.approx(wanted, abs=1e-6)


def test_laid_colours_learn_in_the_measure_in_which_they_fit() -> None:
    picture = torch.tensor([1.0, 0, 0])[None, :, None, None].requires_grad_()
    coloured(torch.full((1, 1, 1, 1), 0.1), picture)[0, 0].sum().backward()
    share = 0.1 / 0.299
    assert picture.grad is not None
    assert picture.grad.flatten().tolist() == pytest.approx([share * 0.701, share * -0.587, share * -0.114], rel=1e-5)


@pytest.mark.parametrize("resize", [True, False])
def test_the_decoder_doubles_without_a_checkerboard_where_that_is_wanted(resize: bool) -> None:
    network = ContentEnhancement(evolve(SMALL, resize=resize))
    kinds = [type(layer) for layer in network.decoder]
    assert (kinds.count(ResizeConv2d), kinds.count(nn.ConvTranspose2d)) == ((2, 0) if resize else (0, 2))
    assert network(gray=torch.rand(1, 1, 32, 24)).shape == (1, 3, 32, 24)


def test_the_vgg_has_the_layers_of_the_published_file() -> None:
    encoder = vgg_encoder()
    assert len(encoder) == 27
    convolutions = {i: layer for i, layer in enumerate(encoder) if isinstance(layer, nn.Conv2d)}
    assert {i: (layer.in_channels, layer.out_channels) for i, layer in convolutions.items()} == {
        0: (3, 3), 2: (3, 64), 5: (64, 64), 9: (64, 128), 12: (128, 128),
        16: (128, 256), 19: (256, 256), 22: (256, 256), 25: (256, 256),
    }  # fmt: skip
    assert {layer.kernel_size for i, layer in convolutions.items() if i} == {(3, 3)}
    assert all(isinstance(encoder[i - 1], nn.ReflectionPad2d) for i in convolutions if i)
    assert [i for i, layer in enumerate(encoder) if isinstance(layer, nn.ReLU)] == [3, 6, 10, 13, 17, 20, 23, 26]
    pools = {i: layer for i, layer in enumerate(encoder) if isinstance(layer, nn.MaxPool2d)}
    assert set(pools) == {7, 14} and all(layer.ceil_mode for layer in pools.values())
    assert {f"{i}.{name}" for i in convolutions for name in ("weight", "bias")} == set(encoder.state_dict())


@pytest.mark.parametrize(
    ("encoder", "widths"), [(vgg_encoder(), (64, 128, 256, 256)), (trained_encoder((4, 6, 8), 5), (4, 6, 8, 8))]
)
def test_both_encoders_give_four_maps_at_the_same_strides(encoder: TappedEncoder, widths: tuple[int, ...]) -> None:
    maps = encoder(torch.rand(2, 3, 32, 32))
    sides = (32, 16, 8, 8)
    assert [tuple(m.shape) for m in maps] == [(2, width, side, side) for width, side in zip(widths, sides, strict=True)]
    assert all(m.min() >= 0 for m in maps)
    assert isinstance(encoder[encoder.taps[-1]], nn.ReLU) and len(encoder) == encoder.taps[-1] + 1


def test_the_maps_of_a_trained_encoder_keep_their_scale_whatever_its_weights() -> None:
    encoder, photo = trained_encoder((4, 6, 8), 5), torch.rand(1, 3, 32, 32)
    before = encoder(photo)
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter *= 5
    for one, other in zip(before, encoder(photo), strict=True):
        assert torch.allclose(one, other, atol=1e-2)
    assert all(0.2 < map_.square().mean() < 1 for map_ in before)


def test_the_vgg_sees_the_range_that_is_asked_for() -> None:
    signed = ContentEnhancement(SMALL_VGG)
    unit = ContentEnhancement(evolve(SMALL_VGG, vgg_input_range="unit"))
    unit.load_state_dict(signed.state_dict())
    image = torch.rand(1, 3, 32, 32)
    assert torch.equal(unit.encode(image * 2 - 1)[-1], signed.encode(image)[-1])
    assert not torch.equal(unit.encode(image)[-1], signed.encode(image)[-1])


@KINDS
def test_a_gray_is_encoded_as_the_same_gray_in_three_channels(config: ContentConfig) -> None:
    network, gray = ContentEnhancement(config), torch.rand(1, 1, 32, 32)
    for one, three in zip(network.encode(gray), network.encode(gray.repeat(1, 3, 1, 1)), strict=True):
        assert torch.equal(one, three)


def test_opponent_colours_are_luma_and_four_times_what_red_and_blue_differ_from_it() -> None:
    network = ContentEnhancement(evolve(SMALL, opponent=True))
    seen: list[torch.Tensor] = []
    network.encoder.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
    network.encode(torch.tensor([0.5, 0.25, 1.0])[None, :, None, None].expand(1, 3, 32, 32))
    network.encode(torch.full((1, 1, 32, 32), 0.25))
    light = 0.299 * 0.5 + 0.587 * 0.25 + 0.114 * 1.0
    wanted = [2 * light - 1, 4 * (0.5 - light), 4 * (1.0 - light)]
    assert seen[0][0, :, 0, 0].tolist() == pytest.approx(wanted, abs=1e-5)
    assert seen[1][0, :, 0, 0].tolist() == pytest.approx([-0.5, 0, 0], abs=1e-5)
    with pytest.raises(ValueError, match="VGG-19 was trained on red, green and blue"):
        ContentConfig(opponent=True)


@KINDS
def test_a_gray_becomes_a_photo_of_its_size_the_same_every_time(config: ContentConfig) -> None:
    network, gray = ContentEnhancement(config), torch.rand(2, 1, 32, 24)
    photo = network(gray=gray)
    assert photo.shape == (2, 3, 32, 24)
    assert photo.min() >= 0 and photo.max() <= 1
    assert torch.equal(photo, network(gray=gray))
    assert torch.equal(photo, network.decode(network.encode(gray)[-1]))  # t = E(G), untouched


def test_a_photo_does_not_depend_on_what_is_beside_it() -> None:
    network, gray = ContentEnhancement(SMALL), torch.rand(3, 1, 32, 32)
    reference = torch.rand(3, 3, 32, 32)
    together = network(gray=gray, reference=reference)
    assert torch.allclose(together[1:2], network(gray=gray[1:2], reference=reference[1:2]), atol=1e-5)


@KINDS
def test_a_reference_gives_its_statistics(config: ContentConfig) -> None:
    network, gray, reference = ContentEnhancement(config), torch.rand(2, 1, 32, 32), torch.rand(1, 3, 48, 40)
    wanted = mean_std(network.encode(reference)[-1])
    for got, statistic in zip(mean_std(network.target(gray, reference)), wanted, strict=True):
        assert torch.allclose(got, statistic.expand_as(got), rtol=0.05, atol=1e-4)


def test_only_the_object_takes_and_gives_colours_where_that_is_asked_for() -> None:
    network = ContentEnhancement(evolve(SMALL, object_only=True)).eval()
    gray, reference = torch.ones(1, 1, 32, 32), torch.ones(1, 3, 32, 32)
    gray[..., 8:24, 8:24], reference[..., :16, :] = 0.4, torch.tensor([0.8, 0.2, 0.2])[:, None, None]
    plain, styled = network.target(gray), network.target(gray, reference)
    assert torch.equal(styled[..., 0, :], plain[..., 0, :]) and torch.equal(styled[..., :, -1], plain[..., :, -1])
    assert not torch.allclose(styled[..., 2:6, 2:6], plain[..., 2:6, 2:6], atol=1e-2)
    blank = torch.ones_like(reference)
    assert network.target(gray, blank).isfinite().all() and network.target(blank[:, :1], reference).isfinite().all()


def test_alpha_goes_from_no_reference_to_all_of_it() -> None:
    network, gray, reference = ContentEnhancement(SMALL), torch.rand(1, 1, 32, 32), torch.rand(1, 3, 32, 32)
    none, half, full = (network.target(gray, reference, alpha) for alpha in (0.0, 0.5, 1.0))
    assert torch.equal(none, network.target(gray))
    assert torch.allclose(half, (none + full) / 2, atol=1e-6)
    assert not torch.allclose(none, full)


@pytest.mark.parametrize(
    ("name", "rgb"), [("sienna", (160, 82, 45)), ("#0a0b0c", (10, 11, 12)), ("rgb(1, 2, 300)", (1, 2, 255))]
)
def test_a_colour_has_a_name_of_css_or_numbers(name: str, rgb: tuple[int, ...]) -> None:
    assert (colour_of(name) * 255).flatten().tolist() == pytest.approx(rgb)


@pytest.mark.parametrize(("name", "fix"), [("siena", "'sienna'"), ("#12", "#a0522d"), ("the sea at night", "sienna")])
def test_what_is_no_colour_is_refused_with_what_would_be(name: str, fix: str) -> None:
    with pytest.raises(BadOptionError, match="There is no colour") as caught:
        ContentEnhancement(SMALL)(gray=torch.rand(1, 1, 32, 32), colour=name)
    assert fix in caught.value.fix


def test_a_colour_paints_as_the_gray_photo_in_that_colour_would_and_a_reference_goes_before_it() -> None:
    network, gray, reference = ContentEnhancement(SMALL), torch.rand(2, 1, 32, 32), torch.rand(1, 3, 32, 32)
    red = coloured(gray, colour_of("firebrick"))
    assert torch.equal(network(gray=gray, colour="firebrick"), network(gray=gray, reference=red))
    assert torch.equal(network(gray=gray, colour="red", reference=reference), network(gray=gray, reference=reference))


def test_a_model_may_have_a_colour_that_it_paints_in_unless_another_is_asked_for() -> None:
    config = evolve(SMALL, colour="teal")
    network = ContentEnhancement(config)
    pipeline = Pipeline(
        model=Model("ups.small", steps=(Step("content", config),), input="gray", size=32),
        components={"content": network},
    )
    gray = torch.rand(1, 1, 32, 32)
    assert torch.equal(pipeline(gray), network(gray=gray, colour="teal"))
    assert torch.equal(pipeline(gray, colour=""), network(gray=gray))
    assert torch.equal(pipeline(gray, colour="plum"), network(gray=gray, colour="plum"))


def test_one_reference_serves_all_pictures() -> None:
    network, gray, reference = ContentEnhancement(SMALL), torch.rand(3, 1, 32, 32), torch.rand(1, 3, 32, 32)
    each = network(gray=gray, reference=reference.repeat(3, 1, 1, 1))
    assert torch.allclose(network(gray=gray, reference=reference), each, atol=1e-6)


def test_a_reference_may_be_a_file(tmp_path: Path) -> None:
    network, gray = ContentEnhancement(SMALL), torch.rand(2, 1, 32, 32)
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "shoe.png")
    tensor = torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255
    for path in (tmp_path / "shoe.png", str(tmp_path / "shoe.png")):
        assert torch.allclose(network(gray=gray, reference=path), network(gray=gray, reference=tensor), atol=1e-6)


def test_a_reference_that_is_not_a_photo_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "shoe.png").write_text("no picture")
    network, gray = ContentEnhancement(SMALL), torch.rand(1, 1, 32, 32)
    with pytest.raises(BadInputError, match=r"shoe\.png is not an image"):
        network(gray=gray, reference=tmp_path / "shoe.png")
    with pytest.raises(BadInputError, match="does not exist"):
        network(gray=gray, reference="no/such/shoe.png")


@pytest.mark.parametrize("shape", [(2, 3, 32, 32), (3, 1, 32, 32), (3, 32, 32), (1, 3, 8, 32)])
def test_references_of_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(BadInputError, match="reference for 3 pictures"):
        ContentEnhancement(SMALL)(gray=torch.rand(3, 1, 32, 32), reference=torch.rand(shape))


@pytest.mark.parametrize("shape", [(1, 3, 32, 32), (1, 32, 32), (1, 1, 30, 32), (1, 1, 8, 8)])
def test_grays_of_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(BadInputError, match="gray photo cannot have"):
        ContentEnhancement(SMALL)(gray=torch.rand(shape))


def test_gradients_reach_the_decoder_and_not_a_frozen_encoder() -> None:
    network = ContentEnhancement(SMALL_VGG)
    network(gray=torch.rand(1, 1, 32, 32), reference=torch.rand(1, 3, 32, 32)).mean().backward()
    assert all(parameter.grad is not None for parameter in network.decoder.parameters())
    assert all(parameter.grad is None for parameter in network.encoder.parameters())


def test_gradients_reach_a_trained_encoder() -> None:
    network = ContentEnhancement(SMALL)
    network(gray=torch.rand(1, 1, 32, 32)).mean().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in network.encoder.parameters())


def test_as_a_measure_the_encoder_passes_gradients_on_and_takes_none() -> None:
    network, photo = ContentEnhancement(SMALL), torch.rand(1, 3, 32, 32, requires_grad=True)
    maps = network.encode(photo, fixed=True)
    assert all(torch.equal(a, b) for a, b in zip(maps, network.encode(photo), strict=True))
    Style(StyleConfig()).total(fake=maps, real=network.encode(torch.rand(1, 3, 32, 32))).backward()
    assert photo.grad is not None and photo.grad.any()
    assert all(parameter.grad is None for parameter in network.encoder.parameters())


@pytest.mark.parametrize(("norm", "kind"), [("instance", nn.InstanceNorm2d), ("layer", nn.GroupNorm)])
def test_the_decoder_is_normalised_as_asked_for(norm: str, kind: type[nn.Module]) -> None:
    decoder = ContentEnhancement(evolve(SMALL, norm=norm)).decoder
    norms = [module for module in decoder.modules() if isinstance(module, (nn.InstanceNorm2d, nn.GroupNorm))]
    assert len(norms) == 2 * SMALL.blocks + 2 and all(isinstance(module, kind) for module in norms)


def test_new_categories_paint_alike_until_they_are_trained() -> None:
    network, gray = ContentEnhancement(evolve(SMALL, classes=("shoes", "chairs"))), torch.rand(2, 1, 32, 32)
    plain = ContentEnhancement(SMALL)
    missing, foreign = plain.load_state_dict(network.state_dict(), strict=False)
    assert not missing and len(foreign) == SMALL.blocks * 2 * 2
    assert torch.equal(network(gray=gray, category="chairs"), plain(gray=gray))


def test_each_picture_is_painted_as_its_category() -> None:
    network, gray = ContentEnhancement(evolve(SMALL, classes=("shoes", "chairs"))), torch.rand(2, 1, 32, 32)
    with torch.no_grad():
        for name, parameter in network.decoder.named_parameters():
            if parameter.shape == (2, 8):
                parameter[1] += torch.randn(8) if name.endswith("weight") else 1.0
    shoes, chairs = network(gray=gray, category="shoes"), network(gray=gray, category=1)
    assert not torch.allclose(shoes, chairs)
    mixed = network(gray=gray, category=torch.tensor([1, 0]))
    assert torch.allclose(mixed[:1], chairs[:1], atol=1e-6) and torch.allclose(mixed[1:], shoes[1:], atol=1e-6)


def test_a_category_is_wanted_where_there_are_some_and_only_there() -> None:
    many, one, gray = (
        ContentEnhancement(evolve(SMALL, classes=("shoes", "chairs"))),
        ContentEnhancement(SMALL),
        torch.rand(1, 1, 32, 32),
    )
    for network, category, text in ((many, None, "wants"), (many, "shoe", "'shoes'"), (one, "shoes", "no categories")):
        with pytest.raises(BadOptionError, match=text):
            network(gray=gray, category=category)


@pytest.mark.parametrize(
    "config", [CONTENTS["paper128"], CONTENTS["light128"], evolve(SMALL, classes=("shoes", "chairs"))]
)
def test_a_config_survives_as_data(config: ContentConfig) -> None:
    assert read(ContentConfig, to_dict(config)) == config


@pytest.mark.parametrize(
    "wrong",
    [
        {"encoder": "vgg16"},
        {"vgg_input_range": "bgr"},
        {"norm": "batch"},
        {"widths": [24, 48, 96]},
        {"widths": [24, 48]},
    ],
)
def test_configs_that_cannot_be_built_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        read(ContentConfig, wrong)


def test_it_runs_as_a_step_with_a_reference_as_an_option(tmp_path: Path) -> None:
    Image.new("RGB", (40, 20), "red").save(tmp_path / "shoe.png")
    model = Model("ups.small", steps=(Step("content", SMALL),), input="gray", size=32)
    pipeline = Pipeline(model=model, components={"content": ContentEnhancement(SMALL)})
    gray = torch.rand(2, 1, 32, 32)
    plain, styled = pipeline(gray), pipeline(gray, reference=tmp_path / "shoe.png")
    assert plain.shape == styled.shape == (2, 3, 32, 32)
    assert not torch.equal(plain, styled)
    assert torch.equal(plain, pipeline(gray, reference=tmp_path / "shoe.png", alpha=0))
