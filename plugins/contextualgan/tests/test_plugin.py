from __future__ import annotations

import pytest
from s2pzoo_contextualgan import plugin
from s2pzoo_contextualgan.config import Search

from s2pzoo.errors import BadOptionError, UnknownOptionError
from s2pzoo.spec.model import Model

MODELS = {entry.name: entry for entry in plugin.s2pzoo_models()}
each_model = pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))


def graph_of(model: Model) -> Graph:
    return Graph.of(model)


def test_the_light_network_is_the_default() -> None:
    assert [name for name, model in MODELS.items() if model.default] == ["contextualgan.faces64"]


@each_model
def test_the_steps_of_a_model_fit_together(model: Model) -> None:
    graph = graph_of(model).check()
    assert {"sketch", "z", "drawn", "photo"} <= set(graph.values)
    assert graph.values["drawn"].size == graph.values["photo"].size
    assert ("first" in graph.values) == (model.name != "contextualgan.paper64")  # the paper has no initialiser


@each_model
def test_an_option_left_alone_is_what_a_search_does_anyway(model: Model) -> None:
    options = graph_of(model).options
    usual = Search()
    for name, option in options.items():
        if name != "faithfulness":
            assert option.default == getattr(usual, name), name
    assert Search.of({name: option.default for name, option in options.items()}) == usual


def test_options_that_make_no_sense_are_refused() -> None:
    graph = graph_of(MODELS["contextualgan.faces64"])
    for wrong in ({"faithfulness": 1.1}, {"steps": -1}, {"inits": 0}, {"contextual": "l3"}, {"start": "here"}):
        with pytest.raises(BadOptionError):
            graph.route(wrong)
    with pytest.raises(UnknownOptionError):
        graph.route({"faithfullness": 1.0})
