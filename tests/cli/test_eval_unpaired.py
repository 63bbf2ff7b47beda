"""eval unpaired: what is measured, what is written, what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from s2pzoo.testing import painted


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return painted.write_backbone(tmp_path_factory.mktemp("backbone") / "net.safetensors")


@pytest.fixture
def measure(cli: Callable, backbone: Path, tmp_path: Path) -> Callable:
    """measure(method, ...) on a collection of two photos and two sketches held out."""
    data = painted.write_collection(tmp_path / "objects")
    return lambda *arguments: cli("eval", "unpaired", "--data", data, "--backbone", backbone, *arguments)


def test_methods_and_the_floor_are_measured_written_and_told(measure: Callable, tmp_path: Path) -> None:
    asked = ("Light=doodle", "Dark=doodle?tone=dark", "photos", "--against", "Dark", "--out", tmp_path / "out")
    done = measure(*asked, "--json")
    assert done.code == 0, done.err
    assert done.json == json.loads((tmp_path / "out" / "metrics.json").read_text())
    light, dark, floor = done.json["rows"]
    assert [row["method"] for row in done.json["rows"]] == ["Light", "Dark", "photos"]
    assert (light["n"], light["photos"], light["size"], light["gray_fid"]) == (2, 2, 32, None)
    assert (dark["ratio"], dark["options"]) == (1, {"tone": "dark"})
    assert light["ratio"] == pytest.approx(light["fid"] / dark["fid"])
    assert floor["model"] == "photos"
    assert "net.safetensors, sha256" in done.json["protocol"]
    shown = measure(*asked)
    assert shown.out == (tmp_path / "out" / "metrics.md").read_text()
    assert shown.out.startswith("| method | FID ↓ | FID / Dark ↓ |")


def test_split_and_n_choose_the_sketches(measure: Callable) -> None:
    done = measure("doodle", "--split", "train", "-n", 3, "--json")
    assert (done.json["rows"][0]["n"], done.json["rows"][0]["photos"]) == (3, 6)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("doodle", "--against", "dodle"), "E_USAGE", "Did you mean 'doodle'?"),
        (("photos",), "E_USAGE", "No model was named"),
        (("nearest", "doodle"), "E_USAGE", "nearest needs photos with sketches"),
        (("doodle", "--split", "held-out"), "E_USAGE", "s2pzoo eval unpaired --help"),
        (("doodle", "-n", "1"), "E_USAGE", "s2pzoo eval unpaired --help"),
        (("doodle", "doodle"), "E_USAGE", "'doodle' is there twice"),
        (("doodle", "--data", "absent"), "E_DATA", "There is no folder absent"),
    ],
)
def test_what_cannot_be_measured_is_told(measure: Callable, arguments: tuple, code: str, told: str) -> None:
    done = measure(*arguments, "--json")
    assert done.code in (1, 2)
    assert done.json["error"]["code"] == code
    assert told in " ".join(done.json["error"].values())
