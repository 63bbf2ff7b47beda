"""acc@K by hand, and of models beside the edge-map baseline."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tiny_model import tint

from s2pzoo.errors import BadInputError, DataError, GalleryError, UsageError
from s2pzoo.evaluate import contenders
from s2pzoo.evaluate.methods import parse_methods
from s2pzoo.retrieval.accuracy import accuracy, ranks
from s2pzoo.retrieval.embedder import Embedder
from s2pzoo.retrieval.evaluate import evaluate
from s2pzoo.retrieval.pairs import read_pairs

from .conftest import COUNT

LINE = torch.tensor([[0.0], [1.0], [2.0], [5.0]])


def test_places_by_hand() -> None:
    queries, truth = torch.tensor([[0.4], [0.4], [3.0], [9.0]]), torch.tensor([0, 2, 0, 3])
    assert ranks(queries, LINE, truth).tolist() == [1, 3, 4, 1]


def test_photos_just_as_near_count_as_nearer() -> None:
    assert ranks(torch.tensor([[1.5]]), LINE, torch.tensor([1])).tolist() == [2]
    assert ranks(torch.zeros(1, 3), torch.ones(7, 3), torch.tensor([0])).tolist() == [7]


def test_accuracy_by_hand() -> None:
    assert accuracy(torch.tensor([1, 2, 2, 6]), (1, 2, 5, 20)) == {1: 0.25, 2: 0.75, 5: 0.75, 20: 1.0}


@pytest.fixture
def pairs(drawing: Callable, tmp_path: Path) -> Path:
    """Pairs in which one of the drawings is said to be of another photo."""
    truth = {f"drawings/{drawing(index).name}": f"{index}.png" for index in range(4)}
    file = tmp_path / "pairs.json"
    file.write_text(json.dumps(truth | {"drawings/drawn-0.png": "5"}))
    return file


def test_a_model_stands_beside_the_edge_maps_and_chance(
    pairs: Path, photos: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contenders, "load", lambda *_, **__: tint())
    (photos / "broken.png").write_text("no photo")
    told = []
    table = evaluate(
        read_pairs(pairs), photos, parse_methods(["A=acme", "B=acme?red=0.9"]), embedder=embedder, ks=(1, 6, 9),
        progress=lambda what, done, of: told.append((what, done, of)),
    )  # fmt: skip
    rows = {row.name: dict(row.values) for row in table.rows}
    assert list(rows) == ["A", "B", "edge maps", "chance"]
    right = {"acc@1": 0.75, "acc@6": 1.0, "acc@9": 1.0}
    assert rows["A"] == rows["edge maps"] == right
    assert rows["chance"] == {"acc@1": 1 / COUNT, "acc@6": 1.0, "acc@9": 1.0}
    assert table.protocol["photos in the gallery"] == COUNT
    assert table.protocol["photos that could not be read"] == 1
    assert ("photos", COUNT + 1, COUNT + 1) in told
    assert ("edge maps", 4, 4) in told


def test_what_is_wrong_with_pairs_methods_and_ks_is_told(
    pairs: Path, photos: Path, embedder: Embedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contenders, "load", lambda *_, **__: tint())
    truth, methods = read_pairs(pairs), parse_methods(["acme"])
    with pytest.raises(GalleryError, match="no photo 'boot'"):
        evaluate({**truth, tmp_path / "x.png": "boot"}, photos, methods, embedder=embedder)
    with pytest.raises(BadInputError, match="does not exist"):
        evaluate({tmp_path / "x.png": "0"}, photos, methods, embedder=embedder)
    with pytest.raises(UsageError, match="nearest"):
        evaluate(truth, photos, parse_methods(["nearest"]), embedder=embedder)
    for ks in ((), (0, 5)):
        with pytest.raises(UsageError, match="1 or more"):
            evaluate(truth, photos, methods, embedder=embedder, ks=ks)


@pytest.mark.parametrize("text", ["", "[]", "{}", '["a.png"]', '{"a.png": 3}', "{"])
def test_pairs_that_are_none_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "pairs.json").write_text(text)
    with pytest.raises(DataError, match=r"drawing\.png"):
        read_pairs(tmp_path / "pairs.json")
    with pytest.raises(DataError, match="No such file"):
        read_pairs(tmp_path / "absent.json")


def test_drawings_are_named_from_the_folder_of_the_pairs(tmp_path: Path) -> None:
    (tmp_path / "pairs.json").write_text('{"in/a.png": "b"}')
    assert read_pairs(tmp_path / "pairs.json") == {tmp_path / "in/a.png": "b"}
