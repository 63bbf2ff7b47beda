from __future__ import annotations

import pytest
import torch
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from s2pzoo_deepfacedrawing.config import FACES256, PAPER512, EmbeddingConfig, Face, Preset, Window
from s2pzoo_deepfacedrawing.embedding import ComponentDecoders, ComponentEncoders, FeatureMapping, Layers, crop, merge
from torch import Tensor, nn

from s2pzoo.pipeline.run import Pipeline

LIGHT, PAPER = FACES256.encoder.face, PAPER512.encoder.face
official = pytest.mark.parametrize("official", [LIGHT, PAPER], ids=["faces256", "paper512"])


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def flat(face: Face, *, stride: int = 1) -> list[Tensor]:
    """A piece for each component, filled with the component's number: eyes 1 and 2, nose 3, mouth 4, remainder 5."""
    return [torch.full((1, 1, w.side // stride, w.side // stride), i + 1.0) for i, w in enumerate(face.windows)]


@official
def test_crops_have_the_size_of_their_windows(official: Face) -> None:
    pieces = crop(torch.rand(2, 1, official.size, official.size), official)
    assert [tuple(piece.shape) for piece in pieces] == [(2, 1, w.side, w.side) for w in official.windows]


def test_crops_are_cut_where_the_windows_are() -> None:
    y, x = torch.meshgrid(torch.arange(512.0), torch.arange(512.0), indexing="ij")
    left_eye, _, nose, mouth, _ = crop((1000 * y + x)[None, None], PAPER)
    assert left_eye[0, 0, 0, 0] == 156108 and left_eye[0, 0, -1, -1] == 283235
    assert nose[0, 0, 0, 0] == 232182
    assert mouth[0, 0, -1, -1] == 492360


@official
def test_the_remainder_is_the_sketch_with_the_windows_made_paper(official: Face) -> None:
    sketch = torch.zeros(1, 1, official.size, official.size)
    remainder = crop(sketch, official)[-1]
    white = torch.zeros_like(sketch, dtype=torch.bool)
    for window in official.parts:
        white[..., *window.box] = True
    assert (remainder[white] == 1).all() and (remainder[~white] == 0).all()


def test_parts_are_cut_from_the_untouched_sketch_which_stays_as_it_was(face: Face) -> None:
    sketch = noise(1, 1, 64, 64)
    before = sketch.clone()
    pieces = crop(sketch, face)
    assert torch.equal(sketch, before)
    for window, piece in zip(face.parts, pieces, strict=False):
        assert torch.equal(piece, sketch[..., *window.box])


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31), which=st.sampled_from([LIGHT, PAPER]), count=st.integers(1, 2))
def test_merging_the_crops_of_a_sketch_gives_the_sketch(seed: int, which: Face, count: int) -> None:
    sketch = noise(count, 1, which.size, which.size, seed=seed)
    assert torch.equal(merge(crop(sketch, which), which), sketch)


@official
def test_eyes_lie_over_the_nose_and_the_nose_over_the_mouth(official: Face) -> None:
    canvas = merge(flat(official), official)[0, 0]
    left, right, nose, mouth, _ = official.windows
    for number, eye in enumerate((left, right), 1):
        assert (canvas[eye.box] == number).all()
    below = slice(left.y + left.side, mouth.y)  # under the eyes, over the mouth
    assert (canvas[below, nose.x : nose.x + nose.side] == 3).all()
    last = nose.y + nose.side - official.nose_cut  # the first row that is left to the mouth
    assert (canvas[mouth.y : last, nose.x : nose.x + nose.side] == 3).all()
    assert (canvas[last : mouth.y + mouth.side, mouth.x : mouth.x + mouth.side] == 4).all()
    assert (canvas[: left.y] == 5).all() and (canvas[:, : left.x] == 5).all()


def test_without_a_cut_the_whole_nose_covers_the_mouth() -> None:
    whole = Face(nose_cut=0)
    nose = whole.windows[2]
    assert (merge(flat(whole), whole)[0, 0][nose.y + 60 : nose.y + nose.side, nose.x : nose.x + nose.side] == 3).all()


def test_the_depth_order_does_not_depend_on_the_order_of_the_windows() -> None:
    left, right, nose, mouth, rest = PAPER.windows
    other = Face(windows=(mouth, right, left, nose, rest))
    numbers = {"left_eye": 1.0, "right_eye": 2.0, "nose": 3.0, "mouth": 4.0, "remainder": 5.0}
    pieces = [torch.full((1, 1, w.side, w.side), numbers[w.name]) for w in other.windows]
    assert torch.equal(merge(pieces, other), merge(flat(PAPER), PAPER))


@pytest.mark.parametrize("stride", [1, 2])
def test_maps_of_a_stride_are_merged_as_the_full_ones_are(face: Face, stride: int) -> None:
    coarse = merge(flat(face, stride=stride), face, stride=stride)
    assert coarse.shape[-1] == face.size // stride
    assert torch.equal(coarse, merge(flat(face), face)[..., ::stride, ::stride])


def test_merging_leaves_the_pieces_alone(face: Face) -> None:
    pieces = flat(face)
    merge(pieces, face)
    assert (pieces[-1] == 5).all()


def test_there_is_one_code_a_component(small: Preset) -> None:
    assert ComponentEncoders(small.encoder)(sketch=torch.rand(3, 1, 64, 64)).shape == (3, 5, 8)


@pytest.mark.parametrize(
    ("at", "seen_by"),
    [((22, 16), {0}), ((22, 45), {1}), ((30, 24), {0, 2}), ((52, 30), {3}), ((5, 5), {4}), ((40, 30), {2, 3})],
    ids=["left eye", "right eye", "left eye and nose", "mouth", "outside", "nose and mouth"],
)
def test_a_stroke_changes_the_codes_of_the_windows_it_lies_in_and_no_other(
    zoo: Pipeline, sketches: Tensor, at: tuple[int, int], seen_by: set[int]
) -> None:
    sketch = sketches[:1].clone()
    sketch[..., at[0] : at[0] + 2, at[1] : at[1] + 2] = 1 - sketch[..., at[0] : at[0] + 2, at[1] : at[1] + 2].round()
    encoder = zoo.components["encoder"]
    changed = (encoder(sketch=sketch) != encoder(sketch=sketches[:1])).any(-1)[0]
    assert set(changed.nonzero().flatten().tolist()) == seen_by


def test_decoders_give_a_whole_sketch_in_range(zoo: Pipeline) -> None:
    refined = zoo.components["decoder"](latent=50 * torch.randn(3, 5, 8))
    assert refined.shape == (3, 1, 64, 64)
    assert refined.min() == 0 and refined.max() == 1


def test_the_refined_sketch_is_made_of_the_pieces(zoo: Pipeline, face: Face) -> None:
    decoder = zoo.components["decoder"]
    assert isinstance(decoder, ComponentDecoders)
    codes = torch.randn(2, 5, 8)
    pieces = decoder.pieces(codes)
    assert [piece.shape[-1] for piece in pieces] == [w.side for w in face.windows]
    refined = decoder(latent=codes)
    assert torch.equal(refined[..., *face.windows[0].box], pieces[0].clamp(0, 1))
    assert torch.equal(refined[..., :20, :], pieces[-1][..., :20, :].clamp(0, 1))
    for index, piece in enumerate(pieces):
        assert torch.equal(decoder.piece(index, codes[:, index]), piece)


def test_a_window_can_be_encoded_at_a_lower_resolution() -> None:
    pooled = Window(name="remainder", x=0, y=0, side=64, pool=2)
    assert pooled.side // pooled.pool == 32
    assert LIGHT.windows[-1].pool == 2 and PAPER.windows[-1].pool == 1


@pytest.fixture(scope="module")
def celled(small: Preset) -> Preset:
    """The small network with codes of 2 numbers a cell: 4 x 4 cells for an eye, 5 x 5, 6 x 6 and 8 x 8 for the rest."""
    face = small.encoder.face
    windows = tuple(evolve(w, cells=True, code=2 * (w.side // w.pool // 4) ** 2) for w in face.windows)
    face = evolve(face, windows=windows, latent=128)
    layers = {"face": face, "norm": "instance"}
    encoder, decoder = evolve(small.encoder, **layers), evolve(small.decoder, **layers)
    return evolve(small, encoder=encoder, decoder=decoder, mapping=evolve(small.mapping, **layers))


def test_a_window_uses_only_its_own_part_of_the_latent(celled: Preset) -> None:
    face = celled.encoder.face
    codes = ComponentEncoders(celled.encoder)(sketch=noise(2, 1, 64, 64))
    assert codes.shape == (2, 5, 128) and [face.code(w) for w in face.windows] == [32, 32, 50, 72, 128]
    decoder, mapping = ComponentDecoders(celled.decoder), FeatureMapping(celled.mapping)
    changed = codes.clone()
    for index, window in enumerate(face.windows):
        own = codes[:, index]
        assert (own[:, : face.code(window)].abs() > 0).any() and (own[:, face.code(window) :] == 0).all()
        changed[:, index, face.code(window) :] = 9.0
    assert torch.equal(decoder(latent=changed), decoder(latent=codes))
    assert torch.equal(mapping(latent=changed), mapping(latent=codes))


def test_a_stroke_changes_the_numbers_of_the_cells_near_it(celled: Preset) -> None:
    face = celled.encoder.face
    layers = evolve(celled.encoder, norm="batch")  # instance normalisation passes news of a stroke to the whole window
    encoder = ComponentEncoders(layers).eval()
    sketch = torch.ones(1, 1, 64, 64)
    drawn = sketch.clone()
    drawn[..., 1:4, 1:4] = 0
    with torch.no_grad():
        change = (encoder(sketch=drawn) - encoder(sketch=sketch))[0, -1].abs()
    cells = change.view(2, 8, 8).sum(0)
    assert face.code(face.windows[-1]) == 128
    assert cells[0, 0] == cells.max() > 0 and (cells[6:] == 0).all() and (cells[:, 6:] == 0).all()


def test_a_decoder_draws_a_cell_where_the_cell_is(celled: Preset) -> None:
    decoder = ComponentDecoders(evolve(celled.decoder, norm="batch")).eval()
    code = torch.zeros(1, 128)
    changed = code.clone().view(1, 2, 8, 8)
    changed[..., 7, 7] = 5.0
    with torch.no_grad():
        change = (decoder.piece(4, changed.flatten(1)) - decoder.piece(4, code)).abs()[0, 0]
    assert change[56:, 56:].max() > 0 and change[:8].max() == 0 and change[:, :8].max() == 0


@pytest.mark.parametrize(("norm", "kind"), [("batch", nn.BatchNorm2d), ("instance", nn.InstanceNorm2d)])
def test_the_normalisation_is_chosen_by_the_config(norm: str, kind: type[nn.Module]) -> None:
    assert isinstance(Layers(config=EmbeddingConfig(norm=norm)).norm(4), kind)


def test_another_normalisation_is_refused() -> None:
    with pytest.raises(ValueError, match="norm"):
        EmbeddingConfig(norm="layer")
