"""Traits of the samples of a bank: sliders that move a face, and words that ask for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from s2pzoo_deepfacedrawing.config import Face, ManifoldConfig, Window
from s2pzoo_deepfacedrawing.manifold import FAR, ManifoldProjection
from s2pzoo_deepfacedrawing.traits import UNKNOWN, Wish, traits_of, wish

import s2pzoo
from s2pzoo.errors import BadInputError, BadOptionError, UnknownOptionError
from s2pzoo.pipeline.run import Pipeline

DIM, SAMPLES = 4, 600
FACE = Face(size=32, windows=(Window(name="eye", x=0, y=0, side=32), Window(name="remainder", x=0, y=0, side=32)),
            latent=DIM, nose_cut=0)  # fmt: skip
CONFIG = ManifoldConfig(face=FACE, samples=SAMPLES, neighbours=3, traits=("age", "hair"), tags=("beard",))
ALONG = {"age": torch.tensor([1.0, 0, 0, 0]), "hair": torch.tensor([0, 0.5, 0, 0])}


@pytest.fixture
def manifold() -> ManifoldProjection:
    """Its codes are where their age and hair say; the hair of every third is not known."""
    rng = np.random.default_rng(0)
    traits = torch.from_numpy(rng.uniform(-1, 1, (SAMPLES, 3)).astype(np.float32))
    codes = traits[:, :1] * ALONG["age"] + traits[:, 1:2] * ALONG["hair"]
    traits[::3, 1] = UNKNOWN
    made = ManifoldProjection(CONFIG).eval()
    blank = torch.zeros(SAMPLES, dtype=torch.uint8)
    made.fill(codes.expand(2, -1, -1), gender=1 + blank, age=30 + blank, traits=traits)
    return made


def test_a_slider_goes_the_way_that_samples_differ_by_its_trait(manifold: ManifoldProjection) -> None:
    code = torch.zeros(1, 2, DIM)
    for name, along in ALONG.items():
        moved = manifold(latent=code, blend=1.0, traits={name: 0.5})
        known = 1e-5 if name == "hair" else 0.15  # of age it is not held what is not known of all
        assert torch.allclose(moved[0, 0], FAR * 0.5 * along, atol=known)
    assert torch.equal(manifold(latent=code, blend=1.0, traits={"hair": 0.0}), code)


def test_words_and_sliders_ask_for_the_same(manifold: ManifoldProjection) -> None:
    code = torch.ones(1, 2, DIM)
    by_words = manifold(latent=code, text="long hair")
    assert torch.equal(by_words, manifold(latent=code, traits={"hair": 1.0}))
    assert torch.equal(manifold(latent=code, text="long hair", traits={"hair": 0.0}), manifold(latent=code))


def test_words_restrict_the_samples(manifold: ManifoldProjection) -> None:
    beard = manifold.traits[:, 2]
    for text, fits in (("a beard", beard > 0), ("no beard", beard < 0)):
        index = manifold.neighbours(torch.zeros(1, 2, DIM), text=text).index
        assert fits[index].all()
    with pytest.raises(BadInputError, match="gender male"):
        manifold(latent=torch.zeros(1, 2, DIM), text="a man")
    assert torch.equal(
        manifold(latent=torch.zeros(1, 2, DIM), text="a man", gender="female"), manifold(latent=torch.zeros(1, 2, DIM))
    )


def test_what_a_word_asks_for_is_what_it_says() -> None:
    assert wish("An old man with a beard") == Wish(gender="male", age="50-120", tags={"beard": 1}, traits={"age": 0.7})
    assert wish("young woman, long hair") == Wish(gender="female", age="0-29", traits={"hair": 1.0})
    assert wish("a person with no beard") == Wish(tags={"beard": -1})
    assert wish("") == Wish()


def test_a_word_that_is_none_is_told_with_those_there_are() -> None:
    with pytest.raises(BadOptionError, match="no word 'bread'") as told:
        wish("a man with a bread")
    assert "beard" in told.value.fix


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=40))
def test_any_text_is_a_wish_or_an_error_in_words(text: str) -> None:
    try:
        assert isinstance(wish(text), Wish)
    except BadOptionError as error:
        assert error.why


@pytest.mark.parametrize(
    ("tags", "index", "value"),
    [({"age": "65"}, 0, 1.0), ({"age": "40"}, 0, 0.0), ({"age": "?"}, 0, UNKNOWN), ({"gender": "male"}, 1, 1.0),
     ({"hair": "long"}, 3, 1.0), ({}, 3, UNKNOWN), ({"beard": "no"}, 4, -1.0)],
)  # fmt: skip
def test_tags_are_read_as_numbers(tags: Mapping[str, str], index: int, value: float) -> None:
    assert traits_of(tags, np.ones((64, 64, 3), np.float32))[index] == value


def test_skin_is_what_the_cheeks_are_like() -> None:
    photo = np.ones((256, 256, 3), np.float32)
    photo[145:176, 80:176] = 0.33
    assert traits_of({}, photo)[2] == pytest.approx(1.0) and traits_of({}, np.ones_like(photo))[2] == -1.0


def test_a_tag_that_the_bank_does_not_know_is_told() -> None:
    plain = ManifoldProjection(evolve(CONFIG, tags=())).eval()
    with pytest.raises(BadInputError, match="does not know beard"):
        plain(latent=torch.ones(1, 2, DIM), text="a man with a beard")


def test_another_reader_of_words_takes_the_place_of_ours(manifold: ManifoldProjection) -> None:
    other = ManifoldProjection(evolve(CONFIG, words=f"{__name__}:loud"))
    other.load_state_dict(manifold.state_dict())
    code = torch.ones(1, 2, DIM)
    assert torch.equal(other(latent=code, text="whatever"), manifold(latent=code, traits={"hair": 0.5}))


def loud(text: str) -> Wish:
    return Wish(traits={"hair": 0.5})


@pytest.fixture(scope="module")
def model() -> Pipeline:
    return s2pzoo.load("deepfacedrawing")


def photo(model: Pipeline, **options: Any) -> torch.Tensor:
    """Of an empty sheet, (3,256,256)."""
    return model.execute({"sketch": torch.ones(1, 1, 256, 256)}, ["photo"], **options)["photo"][0]


class TestTheWeights:
    def test_darker_skin_is_darker_and_longer_hair_longer(self, model: Pipeline) -> None:
        cheeks = [photo(model, traits={"skin": value})[:, 150:170, 84:104].mean() for value in (0, 0.5)]
        assert cheeks[0] > cheeks[1] + 0.15
        beside = [photo(model, traits={"hair": value})[:, 190:230, 40:70].mean().item() for value in (-0.5, 0.5)]
        assert beside[0] > beside[1] + 0.1

    def test_a_trait_that_is_none_is_told(self, model: Pipeline) -> None:
        with pytest.raises(UnknownOptionError, match="skn"):
            photo(model, traits={"skn": 1.0})

    def test_words_are_an_option(self, model: Pipeline) -> None:
        photos = [photo(model, text=text) for text in ("a bald man", "long hair")]
        assert (photos[0] - photos[1]).abs().mean() > 0.03
