"""From a drawing to photos, by a photo that a model makes and by edges."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from attrs import frozen
from PIL import Image
from tiny_model import tint
from torch import Tensor

import s2pzoo
from s2pzoo.errors import BadInputError, UnknownOptionError, UsageError
from s2pzoo.interfaces import Generator
from s2pzoo.retrieval.embedder import Embedder
from s2pzoo.retrieval.gallery import open_gallery
from s2pzoo.retrieval.nearest import nearest
from s2pzoo.spec.ports import Port, Ports

from .conftest import COUNT, ring


@pytest.mark.parametrize("index", range(COUNT))
def test_the_photo_that_was_drawn_is_the_nearest_to_the_photo_that_is_made(
    photos: Path, drawing: Callable, embedder: Embedder, index: int
) -> None:
    found = nearest(drawing(index), open_gallery(photos, embedder=embedder), pipeline=tint(), k=3)
    assert found.hits[0].name == f"{index}.png"
    assert found.hits[0].distance < 1e-2
    assert [hit.distance for hit in found.hits] == sorted(hit.distance for hit in found.hits)
    assert len(found.hits) == 3
    assert found.photo is not None
    assert (tuple(found.sketch.shape), tuple(found.photo.shape)) == ((1, 64, 64), (3, 64, 64))


@pytest.mark.parametrize("index", range(COUNT))
def test_it_is_the_nearest_by_its_edges_too(photos: Path, drawing: Callable, embedder: Embedder, index: int) -> None:
    found = nearest(drawing(index), open_gallery(photos, embedder=embedder, via="edges"), k=1)
    assert found.hits[0].name == f"{index}.png"
    assert found.photo is None


def test_all_photos_are_given_where_there_are_fewer_than_k(photos: Path, drawing: Callable, embedder: Embedder) -> None:
    assert len(nearest(drawing(0), open_gallery(photos, embedder=embedder), pipeline=tint()).hits) == COUNT


def test_options_reach_the_model_and_notes_come_back(photos: Path, embedder: Embedder) -> None:
    gallery = open_gallery(photos, embedder=embedder)
    night = Image.eval(ring(1), lambda value: 255 - value)
    plain, other = (nearest(night, gallery, pipeline=tint(), red=red) for red in (1.0, 0.2))
    assert plain.photo is not None and other.photo is not None
    assert not torch.equal(plain.photo, other.photo)
    assert "inverted" in " ".join(plain.notes)
    with pytest.raises(UnknownOptionError):
        nearest(night, gallery, pipeline=tint(), rde=1.0)


@pytest.mark.parametrize("via", ["photo", "edges"])
def test_a_blank_drawing_is_refused(photos: Path, embedder: Embedder, via: str) -> None:
    pipeline = tint() if via == "photo" else None
    with pytest.raises(BadInputError, match="blank"):
        nearest(Image.new("L", (64, 64), 255), open_gallery(photos, embedder=embedder, via=via), pipeline=pipeline)


@frozen(kw_only=True)
class RedrawConfig:
    def ports(self) -> Ports:
        return Ports(takes={"sketch": Port("sketch", size=64)}, gives={"redrawn": Port("sketch", size=64)})


class Redraw(Generator):
    Config = RedrawConfig

    def forward(self, *, sketch: Tensor) -> Tensor:
        return sketch


def test_a_model_must_be_there_make_photos_and_have_something_to_do(
    photos: Path, drawing: Callable, embedder: Embedder
) -> None:
    by_photo, by_edges = (open_gallery(photos, embedder=embedder, via=via) for via in ("photo", "edges"))
    redraw = s2pzoo.compose([Redraw(RedrawConfig())], size=64)
    with pytest.raises(UsageError, match="No model"):
        nearest(drawing(0), by_photo)
    with pytest.raises(UsageError, match="makes no photos"):
        nearest(drawing(0), by_photo, pipeline=redraw)
    with pytest.raises(UsageError, match="nothing to do"):
        nearest(drawing(0), by_edges, pipeline=tint())
    with pytest.raises(UsageError, match="one or more"):
        nearest(drawing(0), by_edges, k=0)
