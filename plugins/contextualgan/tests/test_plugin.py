from __future__ import annotations

from typing import Any

import pytest
from attrs import asdict
from s2pzoo_contextualgan.config import Search
from s2pzoo_contextualgan.plugin import s2pzoo_plugin

from s2pzoo.errors import BadOptionError, UnknownOptionError
from s2pzoo.spec.graph import read_options
from s2pzoo.spec.model import Model

MODELS = {model.name: model for model in s2pzoo_plugin().models}
each_model = pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))


def test_the_light_network_is_the_default() -> None:
    assert [name for name, model in MODELS.items() if model.default] == ["contextualgan.faces64"]


@each_model
def test_z_and_the_drawing_of_it_stand_beside_the_photo(model: Model) -> None:
    assert {"sketch", "z", "drawn", "photo"} <= set(model.values)
    assert model.values["drawn"].size == model.values["photo"].size
    assert ("first" in model.values) == (model.name != "contextualgan.paper64")  # the paper has no initialiser


@each_model
def test_an_option_left_alone_is_what_a_search_does_anyway(model: Model) -> None:
    usual = read_options(model, {})
    assert usual.pop("faithfulness") is None
    assert usual == asdict(Search())


@pytest.mark.parametrize(
    "wrong", [{"faithfulness": 1.1}, {"steps": -1}, {"inits": 0}, {"contextual": "l3"}, {"start": "here"}], ids=str
)
def test_options_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadOptionError, match=next(iter(wrong))):
        read_options(MODELS["contextualgan.faces64"], wrong)


def test_a_misspelt_option_is_told_with_what_is_near() -> None:
    with pytest.raises(UnknownOptionError) as caught:
        read_options(MODELS["contextualgan.faces64"], {"faithfullness": 1.0})
    assert caught.value.suggestions[0] == "faithfulness"
