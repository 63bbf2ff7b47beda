"""What the paper builds on the network: shadow, refined sketch, morphing, copy-paste."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from s2pzoo_deepfacedrawing.config import Face
from s2pzoo_deepfacedrawing.embedding import ComponentDecoders
from torch import Tensor, nn

from s2pzoo.errors import BadOptionError, UnknownOptionError, UsageError
from s2pzoo.pipeline.run import Pipeline


@pytest.fixture
def a(sketches: Tensor) -> Tensor:
    return sketches[24]


@pytest.fixture
def b(sketches: Tensor) -> Tensor:
    return sketches[25]


@pytest.fixture
def ink(zoo: Pipeline) -> Iterator[Any]:
    """ink(nose=0.5): every sample's nose decodes to that flat ink, the other components to blank paper."""
    decoder = zoo.components["decoder"]
    assert isinstance(decoder, ComponentDecoders)
    before = {name: value.clone() for name, value in decoder.state_dict().items()}

    def fill(**components: float) -> None:
        for window, network in zip(zoo.model.step("manifold").config.face.windows, decoder.decoders, strict=True):
            assert isinstance(network, nn.Sequential)
            nn.init.zeros_(network[-1].weight)  # pyright: ignore
            nn.init.constant_(network[-1].bias, 1 - 2 * components.get(window.name, 0.0))  # pyright: ignore

    yield fill
    decoder.load_state_dict(before)


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image, np.int16)


def same(one: Image.Image, other: Image.Image) -> bool:
    """Alike but for rounding."""
    return one.size == other.size and int(np.abs(pixels(one) - pixels(other)).max()) <= 1


def plain(zoo: Pipeline, sketch: Tensor, **options: Any) -> Image.Image:
    """The photo as the pipeline makes it."""
    made = zoo(sketch[None], **options)[0]
    return Image.fromarray((made.permute(1, 2, 0) * 255).round().to(torch.uint8).numpy())


# Shadow


def test_a_shadow_is_never_darker_than_40_percent_grey(zoo: Pipeline, a: Tensor, ink: Any) -> None:
    ink(**dict.fromkeys(zoo.model.step("manifold").config.face.names, 1.0))
    shadow = zoo.shadow(a, strokes=False, solver="lle", neighbours=8)
    assert shadow.shape == (1, 64, 64)
    assert 0.6 - 1e-6 <= shadow.min() < 0.75 and shadow.max() <= 1


def test_a_shadow_is_white_where_no_neighbour_has_a_line(zoo: Pipeline, a: Tensor, ink: Any, face: Face) -> None:
    ink(nose=1.0)
    shadow = zoo.shadow(a, strokes=False)[0]
    nose = torch.zeros_like(shadow, dtype=torch.bool)
    nose[face.windows[2].box] = True
    assert (shadow[~nose] == 1).all()
    assert shadow[nose].min() < 0.99


def test_a_shadow_of_one_neighbour_by_hand(zoo: Pipeline, a: Tensor, ink: Any, face: Face) -> None:
    """One sample has weight 1, cut to 0.5; a part's ink counts half, and 0.4 of it is shown: 0.4 * 0.5 * 0.5."""
    ink(nose=1.0)
    shadow = zoo.shadow(a, strokes=False, solver="top1")[0]
    window = face.windows[2]
    row = shadow[window.y + window.side // 2, window.x : window.x + window.side]
    assert row[10] == pytest.approx(1 - 0.4 * 0.5 * 0.5)
    assert (row[:5].diff() < 0).all() and (row[-5:].diff() > 0).all()  # it fades towards the border
    assert row[0] == pytest.approx(1 - 0.1 * 0.5 / window.side / 0.25, abs=1e-6)


def test_the_remainders_shadow_is_fainter_inside_the_windows(zoo: Pipeline, a: Tensor, ink: Any) -> None:
    ink(remainder=1.0)
    shadow = zoo.shadow(a, strokes=False, solver="top1")[0]
    assert shadow[2, 2] == pytest.approx(1 - 0.4 * 0.5)
    assert shadow[52, 32] == pytest.approx(1 - 0.4 * 0.5 * 0.8, abs=0.01)  # in the mouth alone


def test_neighbours_that_count_against_leave_no_ink(zoo: Pipeline, a: Tensor, ink: Any) -> None:
    ink(remainder=0.25)
    codes = zoo.execute({"sketch": a[None]}, ("codes",))["codes"]
    weights = zoo.components["manifold"].neighbours(codes, neighbours=12).weights[0, -1]  # pyright: ignore
    assert (weights < 0).any()
    expected = 1 - 0.4 * 0.25 * float(weights.clamp(0, 0.5).sum())
    assert zoo.shadow(a, strokes=False, neighbours=12)[0, 2, 2] == pytest.approx(expected, abs=1e-5)


def test_strokes_are_drawn_over_their_shadow(zoo: Pipeline, a: Tensor) -> None:
    assert torch.allclose(zoo.shadow(a), zoo.shadow(a, strokes=False) * a)


def test_an_empty_canvas_has_a_shadow_and_a_photo(zoo: Pipeline) -> None:
    blank = Image.new("L", (64, 64), 255)
    assert zoo.shadow(blank).size == (64, 64)
    assert zoo(blank).size == (64, 64)


def test_several_drawings_have_several_shadows(zoo: Pipeline, sketches: Tensor) -> None:
    together = zoo.shadow(sketches[:3])
    assert together.shape == (3, 1, 64, 64)
    for sketch, shadow in zip(sketches, together, strict=False):
        assert torch.allclose(zoo.shadow(sketch), shadow, atol=1e-5)


def test_a_shadow_takes_the_options_of_a_run(zoo: Pipeline, a: Tensor) -> None:
    one = zoo.shadow(a, gender="male", age="20-30", neighbours=3, blend={"nose": 1})
    assert torch.equal(one, zoo.shadow(a, gender="male", age="20-30", neighbours=3))
    assert not torch.equal(one, zoo.shadow(a, gender="female", age="20-30", neighbours=3))


@pytest.mark.parametrize(
    ("options", "error"),
    [({"neighbors": 3}, UnknownOptionError), ({"neighbours": 0}, BadOptionError), ({"solver": "x"}, BadOptionError)],
)
def test_a_shadow_refuses_what_a_run_refuses(
    zoo: Pipeline, a: Tensor, options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        zoo.shadow(a, **options)


# Refined sketch


def test_a_refined_sketch_is_the_decoded_projection(zoo: Pipeline, a: Tensor) -> None:
    run = zoo.run(a, keep=True, neighbours=3)
    assert torch.equal(zoo.refine(a, neighbours=3), run.values["refined_sketch"][0])
    assert not torch.allclose(zoo.refine(a, neighbours=3), zoo.refine(a, solver="none"))


def test_a_refined_picture_is_a_picture(zoo: Pipeline) -> None:
    refined = zoo.refine([Image.new("L", (64, 64), 255)] * 2)
    assert [(one.size, one.mode) for one in refined] == [((64, 64), "L")] * 2


# Morphing


def test_a_morph_begins_and_ends_with_the_photos_of_its_drawings(zoo: Pipeline, a: Tensor, b: Tensor) -> None:
    first, last = zoo.morph(a, b, 0), zoo.morph(a, b, 1)
    assert isinstance(first, Image.Image) and isinstance(last, Image.Image)
    assert same(first, plain(zoo, a)) and same(last, plain(zoo, b))
    assert not same(first, last)


def test_a_morph_half_way_is_neither(zoo: Pipeline, a: Tensor, b: Tensor) -> None:
    half = zoo.morph(a, b)
    assert isinstance(half, Image.Image)
    assert not same(half, plain(zoo, a)) and not same(half, plain(zoo, b))


def test_several_times_give_as_many_frames(zoo: Pipeline, a: Tensor, b: Tensor) -> None:
    times = [0.0, 0.25, 0.5, 0.75, 1.0] * 2  # more than are made at once
    frames = zoo.morph(a, b, times)
    assert isinstance(frames, list) and len(frames) == 10
    for t, frame in zip(times, frames, strict=True):
        alone = zoo.morph(a, b, t)
        assert isinstance(alone, Image.Image) and same(frame, alone)


def test_a_list_of_one_time_gives_a_list_of_one_frame(zoo: Pipeline, a: Tensor, b: Tensor) -> None:
    frames = zoo.morph(a, b, (0.5,))
    assert isinstance(frames, list) and len(frames) == 1


def test_each_component_can_have_a_time_of_its_own(zoo: Pipeline, a: Tensor, b: Tensor) -> None:
    swapped = zoo.morph(a, b, {"all": 0.0, "nose": 1.0})
    assert isinstance(swapped, Image.Image)
    assert same(swapped, zoo.mix(remainder=a, nose=b))
    assert not same(swapped, plain(zoo, a))


def test_components_that_are_not_named_follow_all_or_stay_half_way(zoo: Pipeline, a: Tensor, b: Tensor) -> None:
    for mapping, t in (
        ({"all": 0.25}, 0.25),
        ({}, 0.5),
        (dict.fromkeys(zoo.model.step("manifold").config.face.names, 1.0), 1.0),
    ):
        mapped, plain_time = zoo.morph(a, b, mapping), zoo.morph(a, b, t)
        assert isinstance(mapped, Image.Image) and isinstance(plain_time, Image.Image)
        assert same(mapped, plain_time)


def test_a_morph_can_go_through_a_list_of_mappings(zoo: Pipeline, a: Tensor, b: Tensor) -> None:
    frames = zoo.morph(a, b, [{"all": 0.0}, {"all": 1.0}])  # pyright: ignore[reportArgumentType]
    assert isinstance(frames, list)
    assert same(frames[0], plain(zoo, a)) and same(frames[1], plain(zoo, b))


def test_a_morph_takes_the_options_of_the_projection(zoo: Pipeline, a: Tensor, b: Tensor) -> None:
    kept = zoo.morph(a, b, 0, solver="none")
    assert isinstance(kept, Image.Image)
    assert same(kept, plain(zoo, a, solver="none")) and not same(kept, plain(zoo, a))


@pytest.mark.parametrize("t", [-0.1, 1.1, {"nose": 2.0}, [0.0, 3.0], float("nan")])
def test_a_time_outside_the_morph_is_refused(zoo: Pipeline, a: Tensor, t: Any) -> None:
    with pytest.raises(BadOptionError, match="t cannot be"):
        zoo.morph(a, a, t)


def test_a_morph_names_a_component_that_is_none(zoo: Pipeline, a: Tensor) -> None:
    with pytest.raises(UnknownOptionError) as caught:
        zoo.morph(a, a, {"nos": 0.5})
    assert "nose" in caught.value.suggestions


# Copy and paste


def test_a_drawing_mixed_with_itself_gives_its_photo(zoo: Pipeline, a: Tensor) -> None:
    assert same(zoo.mix(blend=None, **dict.fromkeys(zoo.model.step("manifold").config.face.names, a)), plain(zoo, a))
    assert same(zoo.mix(remainder=a, nose=a), plain(zoo, a))


def test_what_is_not_named_comes_from_the_remainder(zoo: Pipeline, a: Tensor, b: Tensor) -> None:
    assert same(zoo.mix(remainder=a), plain(zoo, a))
    whole = {"left_eye": a, "right_eye": a, "nose": a, "mouth": b, "remainder": a}
    assert same(zoo.mix(remainder=a, mouth=b), zoo.mix(blend=None, **whole))
    assert not same(zoo.mix(remainder=a, mouth=b), plain(zoo, a))


def test_eyes_are_both_eyes_unless_one_is_named(zoo: Pipeline, a: Tensor, b: Tensor, sketches: Tensor) -> None:
    assert same(zoo.mix(remainder=a, eyes=b), zoo.mix(remainder=a, left_eye=b, right_eye=b))
    other = sketches[26]
    assert same(zoo.mix(remainder=a, eyes=b, right_eye=other), zoo.mix(remainder=a, left_eye=b, right_eye=other))


def test_a_mix_can_keep_what_is_drawn(zoo: Pipeline, a: Tensor) -> None:
    keep = dict.fromkeys(zoo.model.step("manifold").config.face.names, 1.0)
    assert same(zoo.mix(remainder=a, blend=keep), plain(zoo, a, solver="none"))


def test_a_mix_needs_a_remainder(zoo: Pipeline, a: Tensor) -> None:
    with pytest.raises(UsageError, match=r"remainder(?s:.)*remainder=drawing"):
        zoo.mix(mouth=a)


def test_a_mix_names_a_component_that_is_none(zoo: Pipeline, a: Tensor) -> None:
    with pytest.raises(UnknownOptionError) as caught:
        zoo.mix(remainder=a, left_ear=a)
    assert "left_eye" in caught.value.suggestions


# Live sliders


def test_a_changed_blend_costs_no_encoding(zoo: Pipeline, a: Tensor) -> None:
    codes = zoo.execute({"sketch": a[None]}, ("codes",))["codes"]
    hook = zoo.components["encoder"].register_forward_pre_hook(_forbidden)
    try:
        made = zoo.execute({"codes": codes}, ("photo",), blend={"nose": 0.5})["photo"]
    finally:
        hook.remove()
    assert torch.allclose(made, zoo.execute({"sketch": a[None]}, ("photo",), blend={"nose": 0.5})["photo"])


def test_the_photo_needs_no_image_decoder(zoo: Pipeline, a: Tensor) -> None:
    hook = zoo.components["decoder"].register_forward_pre_hook(_forbidden)
    try:
        zoo(a)
    finally:
        hook.remove()


def _forbidden(*_: Any) -> None:
    raise AssertionError("this network was not to run")
