"""A model drawn: every step, every value, nothing outside the picture."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from s2pzoo.host.registry import default_registry
from s2pzoo.spec.diagram import diagram
from s2pzoo.spec.model import Model
from s2pzoo.zoo import on_paper

DOCS = Path(__file__).parents[2] / "docs/images"
SVG = "{http://www.w3.org/2000/svg}"
DRAWN = ("contextualgan", "deepfacedrawing", "hybrids", "ups")
MODELS = {model.name: model for model in default_registry().models()}


def texts(picture: str) -> list[str]:
    return [one.text or "" for one in ET.fromstring(picture).iter(f"{SVG}text")]


@pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))
def test_every_step_and_every_value_stands_in_the_picture_once(model: Model) -> None:
    model = on_paper(model.name).model
    said = texts(diagram(model))
    for step in model.steps:
        assert said.count(step.name) == 1 and step.component in said
    for value in model.values:
        if value not in (model.input, model.output):
            assert sum(text == value or text.startswith(f"{value}: ") for text in said) == 1
    assert said.count(model.input) == 2  # where it comes in, and on its arrow


@pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))
def test_nothing_lies_outside_the_picture(model: Model) -> None:
    picture = ET.fromstring(diagram(on_paper(model.name).model))
    width, height = float(picture.attrib["width"]), float(picture.attrib["height"])
    for one in picture.iter():
        if "x" in one.attrib:
            assert 0 <= float(one.attrib["x"]) < width and 0 < float(one.attrib["y"]) < height
        for x, y in re.findall(r"(?:M|C| )(-?[\d.]+) (-?[\d.]+)", one.attrib.get("d", "")):
            assert 0 <= float(x) <= width and -20 <= float(y) <= height


@pytest.mark.parametrize("family", DRAWN)
def test_the_pictures_in_the_docs_are_of_the_models_as_they_are(family: str) -> None:
    told = f"s2pzoo explain {family} --svg docs/images/{family}.svg"
    assert (DOCS / f"{family}.svg").read_text() == diagram(on_paper(family).model), f"Run: {told}"
