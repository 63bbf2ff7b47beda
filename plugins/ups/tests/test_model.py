"""What UPS does beside photos, on untrained networks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from attrs import evolve
from PIL import Image, ImageDraw
from s2pzoo_ups.config import CONTENTS, SHAPES, TranslatorConfig
from s2pzoo_ups.content import ContentEnhancement
from s2pzoo_ups.plugin import s2pzoo_plugin, shape_steps
from s2pzoo_ups.shape import ShapeTranslator
from s2pzoo_ups.tools import SHADE
from torch import Tensor
from torch.nn import functional as F

import s2pzoo
from s2pzoo.errors import BadInputError, BadOptionError, UnknownOptionError, UsageError
from s2pzoo.pipeline.run import Pipeline
from s2pzoo.spec.model import Model, Step

CLASSES = ("shoes", "chairs")


def untrained(*, classes: tuple[str, ...] = (), attention: str = "channels") -> Pipeline:
    """The small networks, with weights at which they tell drawings and categories apart."""
    shape = evolve(SHAPES["small"], classes=classes, attention=attention)
    content = evolve(CONTENTS["small"], classes=classes)
    parts = {
        "translator": ShapeTranslator(shape),
        "sketcher": ShapeTranslator(shape.back()),
        "content": ContentEnhancement(content),
    }
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.random.manual_seed(1)
        for parameter in (parameter for part in parts.values() for parameter in part.parameters()):
            parameter.copy_(torch.randn_like(parameter) * 0.2)
    model = Model("ups.small", steps=(*shape_steps(shape), Step("content", content)), size=32)
    return Pipeline(model=model, components=parts, tools={tool.name: tool for tool in s2pzoo_plugin().tools})


@pytest.fixture(scope="module")
def zoo() -> Pipeline:
    return untrained()


@pytest.fixture(scope="module")
def many() -> Pipeline:
    return untrained(classes=CLASSES)


def test_a_faithful_photo_has_the_lines_of_its_drawing_in_it(zoo: Pipeline) -> None:
    sketch = (torch.rand(2, 1, 32, 32, generator=torch.Generator().manual_seed(0)) > 0.2).float()
    free, *literal = (zoo.execute({"sketch": sketch}, ["gray"], faithfulness=f)["gray"] for f in (None, 0.0, 0.5, 1.0))
    for f, gray in zip((0.0, 0.5, 1.0), literal, strict=True):
        assert torch.equal(gray[sketch == 1], free[sketch == 1])
        assert torch.allclose(gray[sketch == 0], free[sketch == 0] * (1 - 0.9 * f), atol=1e-6)


@pytest.fixture
def drawing() -> Image.Image:
    image = Image.new("L", (32, 32), 255)
    ImageDraw.Draw(image).ellipse((5, 8, 27, 25), outline=0)
    return image


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """Three photos as files: red, green, and noise."""
    noise = np.random.default_rng(0).integers(0, 256, (40, 30, 3)).astype(np.uint8)
    files = [tmp_path / f"{name}.png" for name in ("red", "green", "noise")]
    for file, image in zip(files, (Image.new("RGB", (32, 32), "red"), Image.new("RGB", (20, 32), "green"),
                                   Image.fromarray(noise)), strict=True):  # fmt: skip
        image.save(file)
    return files


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image, np.float32) / 255


# Photos


def test_a_drawing_becomes_a_photo_the_same_every_time(zoo: Pipeline, drawing: Image.Image) -> None:
    photo = zoo(drawing)
    assert (photo.size, photo.mode) == ((32, 32), "RGB")
    assert np.array_equal(pixels(photo), pixels(zoo(drawing, seed=7)))


def test_a_reference_changes_the_colours(zoo: Pipeline, photos: list[Path]) -> None:
    sketch = torch.rand(2, 1, 32, 32)
    plain, red, noise = zoo(sketch), zoo(sketch, reference=photos[0]), zoo(sketch, reference=str(photos[2]))
    assert not torch.allclose(plain, red, atol=0.01) and not torch.allclose(red, noise, atol=0.01)
    assert torch.equal(plain, zoo(sketch, reference=photos[0], alpha=0))
    half = zoo(sketch, reference=photos[0], alpha=0.5)
    assert not torch.allclose(half, plain) and not torch.allclose(half, red)


def test_every_value_can_be_had(zoo: Pipeline, drawing: Image.Image) -> None:
    values = zoo.run(drawing, keep=True).values
    assert {name: tuple(value.shape) for name, value in values.items()} == {
        "sketch": (1, 1, 32, 32), "gray": (1, 1, 32, 32), "attention": (1, 1, 8, 8), "clean_sketch": (1, 1, 32, 32),
        "photo": (1, 3, 32, 32),
    }  # fmt: skip
    assert all(value.min() >= 0 and value.max() <= 1 for value in values.values())


def test_the_light_model_can_be_built(drawing: Image.Image) -> None:
    zoo = s2pzoo.build("ups")
    assert "attention" in zoo.tools and zoo.model.name == "ups.shoes128"
    assert zoo(drawing).size == (128, 128) and zoo.attention(drawing).size == (128, 128)


# The automatic sketcher


def test_a_photo_is_drawn_by_the_way_back_of_its_gray(zoo: Pipeline) -> None:
    photo = torch.rand(3, 3, 32, 32)
    gray = 0.299 * photo[:, :1] + 0.587 * photo[:, 1:2] + 0.114 * photo[:, 2:]
    with torch.no_grad():
        drawn = zoo.components["sketcher"](gray=gray)
    assert torch.allclose(zoo.sketch(photo), drawn, atol=1e-5)


def test_one_photo_gives_one_drawing_and_a_list_a_list(zoo: Pipeline, photos: list[Path]) -> None:
    noise, red = photos[2], photos[0]
    one, listed = zoo.sketch(noise), zoo.sketch([str(noise), red])
    assert (one.size, one.mode) == ((32, 32), "L")
    assert len(listed) == 2 and np.abs(pixels(listed[0]) - pixels(one)).max() < 0.01
    assert np.array_equal(pixels(zoo.sketch(str(noise))), pixels(one))
    assert np.abs(pixels(listed[1]) - pixels(one)).max() > 0.1


def test_what_is_no_photo_cannot_be_drawn(zoo: Pipeline, tmp_path: Path) -> None:
    (tmp_path / "notes.png").write_text("to do")
    (tmp_path / "drawing.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0L9 9"/></svg>')
    for path, told in (("notes.png", "not an image"), ("drawing.svg", "not a photo"), ("none.png", "does not exist")):
        with pytest.raises(BadInputError, match=told):
            zoo.sketch(tmp_path / path)
    with pytest.raises(BadInputError, match="No photo"):
        zoo.sketch([])


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 1, 32, 32), (1, 3, 30, 30), (1, 3, 64, 64), (0, 3, 32, 32)])
def test_a_tensor_that_is_no_photo_cannot_be_drawn(zoo: Pipeline, shape: tuple[int, ...]) -> None:
    with pytest.raises(BadInputError, match="A photo cannot have the shape") as caught:
        zoo.sketch(torch.rand(shape))
    assert "(N,3,32,32)" in caught.value.fix


# Cleaning


def test_a_clean_sketch_is_there_and_back(zoo: Pipeline) -> None:
    sketch = torch.rand(2, 1, 32, 32)
    with torch.no_grad():
        gray = zoo.components["translator"](sketch=sketch)["gray"]
        clean = zoo.components["sketcher"](gray=gray)
    assert torch.allclose(zoo.clean(sketch), clean, atol=1e-5)


@pytest.mark.parametrize("method", ["clean", "attention"])
def test_what_goes_in_comes_out_as_many_times_and_in_its_form(zoo: Pipeline, drawing: Image.Image, method: str) -> None:
    make = getattr(zoo, method)
    mode, channels = ("L", 1) if method == "clean" else ("RGB", 3)
    one, listed = make(drawing), make([drawing, drawing])
    assert (one.size, one.mode) == ((32, 32), mode)
    assert len(listed) == 2 and np.abs(pixels(listed[1]) - pixels(one)).max() < 0.01
    assert make(torch.rand(1, 32, 32)).shape == (channels, 32, 32)
    assert make(torch.rand(2, 1, 32, 32)).shape == (2, channels, 32, 32)
    assert make(drawing, fit=True).size == (32, 32)
    with pytest.raises(BadInputError):
        make("no/such/drawing.png")


# Attention


@pytest.mark.parametrize(("logit", "full"), [(100.0, 1.0), (-100.0, 0.0)])
def test_where_strokes_distract_red_lies_over_them(logit: float, full: float) -> None:
    zoo, sketch = untrained(), torch.rand(1, 1, 32, 32)
    head: Any = zoo.components["translator"].suppression
    with torch.no_grad():
        head.logits.weight.zero_()
        head.logits.bias.copy_(torch.tensor([logit, -logit]))
    red = torch.tensor([0.85, 0.1, 0.1])[:, None, None]
    expected = sketch + full * SHADE * (red - sketch)
    assert torch.allclose(zoo.attention(sketch), expected, atol=1e-6)


def test_the_attention_is_shown_at_the_size_of_the_drawing(zoo: Pipeline) -> None:
    sketch = torch.ones(1, 1, 32, 32)
    sketch[..., 10:20, 4:9] = 0
    shown = zoo.attention(sketch)
    a = F.interpolate(zoo.execute({"sketch": sketch}, ("attention",))["attention"], (32, 32), mode="bilinear")
    assert torch.allclose(shown[:, :1], sketch + SHADE * a * (0.85 - sketch), atol=1e-6)


def test_a_network_without_attention_has_none_to_show(drawing: Image.Image) -> None:
    zoo = untrained(attention="off")
    assert zoo(drawing).size == (32, 32)
    with pytest.raises(UsageError, match=r"ups\.small has no attention"):
        zoo.attention(drawing)


# Styles


def test_one_drawing_in_the_colours_of_many(zoo: Pipeline, drawing: Image.Image, photos: list[Path]) -> None:
    made = zoo.styles(drawing, photos)
    assert len(made) == 3
    for image, reference in zip(made, photos, strict=True):
        assert np.abs(pixels(image) - pixels(zoo(drawing, reference=reference))).max() < 0.01
    assert not np.array_equal(pixels(made[0]), pixels(made[2]))


def test_styles_take_the_options_of_a_run(zoo: Pipeline, drawing: Image.Image, photos: list[Path]) -> None:
    plain = pixels(zoo(drawing))
    assert all(np.abs(pixels(image) - plain).max() < 0.01 for image in zoo.styles(drawing, photos, alpha=0.0))
    with pytest.raises(UnknownOptionError):
        zoo.styles(drawing, photos, alfa=0.0)


def test_styles_want_one_drawing_and_references_that_are_photos(
    zoo: Pipeline, drawing: Image.Image, photos: list[Path], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="takes one drawing"):
        zoo.styles([drawing, drawing], photos)
    with pytest.raises(UsageError, match="wants references"):
        zoo.styles(drawing, [])
    (tmp_path / "notes.png").write_text("to do")
    with pytest.raises(BadInputError, match="not an image"):
        zoo.styles(drawing, [photos[0], tmp_path / "notes.png"])


# Options and categories


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"refernce": "red.png"}, UnknownOptionError),
        ({"alpha": 1.5}, BadOptionError),
        ({"category": "shoes"}, UnknownOptionError),
    ],
)
def test_options_that_are_wrong_are_refused(
    zoo: Pipeline, drawing: Image.Image, options: dict[str, Any], error: type[Exception]
) -> None:
    for make in (zoo, zoo.clean, zoo.attention):
        with pytest.raises(error):
            make(drawing, **options)


def test_a_category_reaches_every_network(many: Pipeline, photos: list[Path]) -> None:
    sketch, gray, photo = torch.rand(1, 1, 32, 32), torch.rand(1, 1, 32, 32), torch.rand(1, 3, 32, 32)

    def made(**options: Any) -> list[Tensor]:
        return [
            many.execute({"sketch": sketch}, ("gray",), **options)["gray"],
            many.execute({"gray": gray}, ("photo",), **options)["photo"],
            many.sketch(photo, **options),
            many.clean(sketch, **options),
        ]

    for plain, shoes, chairs in zip(made(), made(category="shoes"), made(category="chairs"), strict=True):
        assert torch.equal(plain, shoes) and not torch.allclose(shoes, chairs, atol=1e-3)
    one, other = (many.styles(sketch, photos[:1], category=name)[0] for name in CLASSES)
    assert not np.array_equal(pixels(one), pixels(other))


def test_an_unknown_category_is_refused(many: Pipeline, drawing: Image.Image) -> None:
    for make in (many, many.clean, many.attention):
        with pytest.raises(BadOptionError, match="chair"):
            make(drawing, category="chair")


def test_a_model_of_several_categories_is_saved_and_read(many: Pipeline, tmp_path: Path) -> None:
    many.save(tmp_path / "bundle")
    read = s2pzoo.load(tmp_path / "bundle")
    config = read.components["translator"].config
    assert isinstance(config, TranslatorConfig) and config.classes == CLASSES
    sketch = torch.rand(1, 1, 32, 32)
    assert torch.allclose(read(sketch, category="chairs"), many(sketch, category="chairs"), atol=1e-5)
