"""retrieve and eval retrieval: what is found, what is told, what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image, ImageDraw
from safetensors.torch import save_file
from torchvision.models import squeezenet1_1


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file in the layout of the trained backbone, with random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.random.manual_seed(0)
        weights = squeezenet1_1(weights=None).state_dict()
    path = tmp_path_factory.mktemp("backbone") / "net.safetensors"
    save_file(weights, path)
    return path


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    """Discs at four places."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for index in range(4):
        picture = Image.new("RGB", (48, 64), (240, 200, 40 * index))
        ImageDraw.Draw(picture).ellipse((4 + 6 * index, 20, 20 + 6 * index, 40), fill=(20, 60, 90))
        picture.save(folder / f"{index}.png")
    return folder


@pytest.fixture
def retrieve(cli: Callable, gallery: Path, backbone: Path) -> Callable:
    """retrieve(drawing, ...) searches the gallery."""
    return lambda *arguments: cli("retrieve", *arguments, "--gallery", gallery, "--backbone", backbone)


def test_each_drawing_gets_its_nearest_photos(retrieve: Callable, drawing: Callable, gallery: Path) -> None:
    a, b = drawing("a.png"), drawing("b.svg")
    done = retrieve(a, b, "-m", "doodle", "-k", 3, "--json")
    assert done.code == 0, done.err
    assert done.json["model"] == "doodle.small"
    assert (done.json["via"], done.json["backbone"]) == ("photo", "net.safetensors")
    assert done.json["gallery"] == {"folder": str(gallery), "photos": 4, "skipped": []}
    assert [one["sketch"] for one in done.json["sketches"]] == [str(a), str(b)]
    for one in done.json["sketches"]:
        distances = [hit["distance"] for hit in one["nearest"]]
        assert distances == sorted(distances)
        assert len({hit["photo"] for hit in one["nearest"]}) == 3
    text = retrieve(a, "-k", 3).out
    assert str(a) in text
    assert f"{done.json['sketches'][0]['nearest'][0]['distance']:.3f}" in text


def test_the_sheet_shows_drawing_photo_and_what_was_found(retrieve: Callable, drawing: Callable) -> None:
    for via, columns in (("photo", 2 + 4), ("edges", 1 + 4)):
        done = retrieve(drawing("a.png"), drawing("b.png"), "--via", via, "-o", "deep/sheet.png", "--json")
        assert done.code == 0, done.err
        assert done.json["sheet"] == "deep/sheet.png"
        width, height = Image.open("deep/sheet.png").size
        assert columns * 128 < width < (columns + 1) * 128
        assert 2 * 128 < height < 3 * 128


def test_by_edges_a_photo_of_the_gallery_that_is_traced_is_found(
    retrieve: Callable, gallery: Path, tmp_path: Path
) -> None:
    from s2pzoo.imaging.edges import canny
    from s2pzoo.imaging.photo import read_photo

    edges = canny(read_photo(gallery / "2.png", size=256))
    Image.fromarray((edges * 255).astype("uint8")).save(tmp_path / "traced.png")
    done = retrieve(tmp_path / "traced.png", "--via", "edges", "--json")
    assert done.json["model"] is None
    assert done.json["sketches"][0]["nearest"][0] == {"photo": "2.png", "distance": pytest.approx(0, abs=1e-3)}


def test_options_and_seed_reach_the_model(retrieve: Callable, drawing: Callable) -> None:
    face = drawing("a.png")
    plain, dark = (retrieve(face, *knobs, "--json").json["sketches"] for knobs in ((), ("-O", "tone=dark")))
    assert plain != dark
    assert retrieve(face, "-O", "tone=drak", "--json").json["error"]["code"] == "E_BAD_OPTION"


def test_a_bad_drawing_does_not_stop_the_others(retrieve: Callable, drawing: Callable, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_text("no picture")
    done = retrieve(drawing("a.png"), tmp_path / "bad.png", "--json")
    assert done.code == 2
    assert len(done.json["sketches"]) == 1
    assert done.json["failed"][0]["error"]["code"] == "E_BAD_INPUT"
    assert "1 of 2 failed" in done.err
    assert retrieve(tmp_path / "bad.png", "--json").json["error"]["code"] == "E_BAD_INPUT"


def test_photos_that_cannot_be_read_are_told_and_left_out(retrieve: Callable, drawing: Callable, gallery: Path) -> None:
    for index in range(7):
        (gallery / f"broken-{index}.jpg").write_text("no photo")
    done = retrieve(drawing("a.png"), "--json")
    assert done.code == 0, done.err
    assert done.json["gallery"]["photos"] == 4
    assert [one["file"] for one in done.json["gallery"]["skipped"]] == [f"broken-{index}.jpg" for index in range(7)]
    assert "skipped broken-0.jpg: is not an image" in done.err
    assert "skipped 2 more" in done.err


@pytest.mark.parametrize("verb", ["retrieve", "eval retrieval"])
def test_a_wrong_gallery_is_told_before_anything_is_loaded(
    cli: Callable, drawing: Callable, tmp_path: Path, verb: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "pairs.json").write_text('{"a.png": "0"}')
    given = drawing("a.png") if verb == "retrieve" else tmp_path / "pairs.json"
    for folder in ("absent", "empty", "pairs.json"):
        done = cli(*verb.split(), given, "-m", "no-such-model", "--gallery", tmp_path / folder, "--json")
        assert done.code == 2
        assert done.json["error"]["code"] == "E_GALLERY"


@pytest.mark.parametrize("sheet", ["photos/sheet.png", "sheet.txt", "a.png"])
def test_a_sheet_is_refused_where_it_would_do_harm(retrieve: Callable, drawing: Callable, sheet: str) -> None:
    before = drawing("a.png").read_bytes()
    done = retrieve("a.png", "-m", "no-such-model", "-o", sheet, "--json")
    assert (done.code, done.json["error"]["code"]) == (2, "E_OUTPUT")
    assert Path("a.png").read_bytes() == before


def test_edges_and_a_model_exclude_each_other(retrieve: Callable, drawing: Callable) -> None:
    done = retrieve(drawing("a.png"), "--via", "edges", "-m", "doodle", "--json")
    assert (done.code, done.json["error"]["code"]) == (2, "E_USAGE")


def test_acc_at_k_of_models_beside_the_edge_maps(
    cli: Callable, drawing: Callable, gallery: Path, backbone: Path, tmp_path: Path
) -> None:
    for name in ("in/a.png", "in/b.svg"):
        drawing(name)
    pairs = tmp_path / "pairs.json"
    pairs.write_text(json.dumps({"in/a.png": "0", "in/b.svg": "3.png"}))
    given = ("eval", "retrieval", pairs, "--gallery", gallery, "--backbone", backbone, "-k", "1,4")
    done = cli(*given, "-m", "doodle", "-m", "Dark=doodle?tone=dark", "--json")
    assert done.code == 0, done.err
    rows = {row.pop("name"): row for row in done.json["rows"]}
    assert list(rows) == ["doodle", "Dark", "edge maps", "chance"]
    assert all(row["acc@4"] == 1.0 for row in rows.values())
    assert rows["chance"]["acc@1"] == 0.25
    text = cli(*given).out
    assert text.splitlines()[0] == "| method | acc@1 ↑ | acc@4 ↑ |"
    assert "drawings: 2; photos in the gallery: 4" in text
    assert cli(*given[:-1], "1;4", "--json").json["error"]["code"] == "E_USAGE"


def test_eval_retrieval_is_a_verb_of_two_words_beside_eval(cli: Callable) -> None:
    assert "PAIRS.json" in cli("eval", "retrieval", "--help").out
    assert "METHOD" in cli("eval", "--help").out
    done = cli("eval", "retrieval", "--json")
    assert done.code == 2
    assert "s2pzoo eval retrieval --help" in done.json["error"]["fix"]
    assert cli("eval", "doodle", "--data", "absent", "--json").json["error"]["code"] == "E_DATA"
