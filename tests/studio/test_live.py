"""A slider runs what depends on it, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import s2pzoo
from s2pzoo.pipeline.run import Pipeline
from s2pzoo.studio.live import Live

FACES = Path(__file__).resolve().parents[2] / "examples" / "sketches" / "faces"


@pytest.fixture(scope="module")
def faces() -> Pipeline:
    return s2pzoo.load("deepfacedrawing")


@pytest.fixture
def ran(faces: Pipeline) -> Iterator[list[str]]:
    """The steps that ran, in order."""
    steps: list[str] = []
    hooks = [
        one.register_forward_hook(lambda *_, name=name: steps.append(name)) for name, one in faces.components.items()
    ]
    yield steps
    for hook in hooks:
        hook.remove()


@pytest.fixture(scope="module")
def drawing(faces: Pipeline) -> torch.Tensor:
    return faces.read(FACES / "rough_man.svg").tensor


def test_it_makes_what_a_run_makes(faces: Pipeline, drawing: torch.Tensor) -> None:
    options = {"blend": {"nose": 0.9}, "gender": "male"}
    made = Live(faces)(drawing, ["photo", "refined_sketch"], options=options)
    whole = faces.run(drawing, keep=True, **options).values
    assert made["photo"].equal(whole["photo"]) and made["refined_sketch"].equal(whole["refined_sketch"])


def test_a_slider_costs_no_encoding(faces: Pipeline, drawing: torch.Tensor, ran: list[str]) -> None:
    live = Live(faces)
    live(drawing, ["photo"])
    assert ran == ["encoder", "manifold", "mapping", "synthesis"]
    ran.clear()
    moved = live(drawing, ["photo"], options={"blend": {"all": 0.9}})["photo"]
    assert ran == ["manifold", "mapping", "synthesis"]
    assert moved.equal(faces.run(drawing, blend={"all": 0.9}).values["photo"])


def test_a_stroke_costs_the_pieces_that_it_is_in(faces: Pipeline, drawing: torch.Tensor) -> None:
    seen: list[str] = []
    names = faces.components["encoder"].config.face.names
    parts: dict[str, torch.nn.Module] = {}
    for step, inside in (("encoder", "encoders"), ("mapping", "decoders")):
        pieces = faces.components[step].get_submodule(inside).children()
        parts |= {f"{step} {name}": one for name, one in zip(names, pieces, strict=True)}
    hooks = [one.register_forward_hook(lambda *_, name=name: seen.append(name)) for name, one in parts.items()]
    live, more = Live(faces), drawing.clone()
    more[..., 200:202, 120:140] = 0  # on the lips
    live(drawing, ["photo"])
    seen.clear()
    photo = live(more, ["photo"])["photo"]
    assert seen == ["encoder mouth", "mapping mouth"]
    seen.clear()
    live(more, ["photo"], options={"blend": {"nose": 0.9}})
    assert seen == ["mapping nose"]
    for hook in hooks:
        hook.remove()
    assert photo.equal(s2pzoo.load("deepfacedrawing").run(more, fit=False).values["photo"])


def test_the_same_again_costs_nothing(faces: Pipeline, drawing: torch.Tensor, ran: list[str]) -> None:
    live = Live(faces)
    first = live(drawing, ["photo"], options={"blend": {"all": 0.2}})["photo"]
    ran.clear()
    assert live(drawing.clone(), ["photo"], options={"blend": {"all": 0.2}})["photo"].equal(first)
    assert ran == []


def test_another_value_is_made_of_what_is_there(faces: Pipeline, drawing: torch.Tensor, ran: list[str]) -> None:
    live = Live(faces)
    live(drawing, ["photo"])
    ran.clear()
    live(drawing, ["photo", "refined_sketch"])
    assert ran == ["decoder"]


def test_another_drawing_is_encoded(faces: Pipeline, drawing: torch.Tensor, ran: list[str]) -> None:
    live = Live(faces)
    live(drawing, ["photo"])
    other = drawing.clone()
    other[..., 100:104, 100:140] = 0
    ran.clear()
    assert live(other, ["photo"])["photo"].equal(faces.run(other).values["photo"])
    assert ran[0] == "encoder"
    ran.clear()
    live(drawing, ["photo"])  # and back
    assert ran[0] == "encoder"


def test_a_seed_counts_where_something_is_drawn_at_random(
    faces: Pipeline, drawing: torch.Tensor, ran: list[str]
) -> None:
    live = Live(faces)
    live(drawing, ["photo"])
    ran.clear()
    live(drawing, ["photo"], seed=5)
    assert ran == []  # no part of this model does
    search = s2pzoo.load("contextualgan")
    live, sketch = Live(search), search.read(FACES / "rough_man.svg").tensor
    options = {"steps": 1, "start": "random"}
    first = live(sketch, ["photo"], seed=1, options=options)["photo"]
    assert not live(sketch, ["photo"], seed=2, options=options)["photo"].equal(first)
