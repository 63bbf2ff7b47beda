"""clean, attention, and sketch by a model: a picture for each file, by a family that has the method."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import s2pzoo


@pytest.mark.parametrize("verb", ["clean", "attention"])
def test_every_drawing_of_a_folder_gets_its_picture_and_a_bad_one_is_told(
    cli: Callable, drawing: Callable, tmp_path: Path, verb: str
) -> None:
    for name in ("in/a.png", "in/deep/b.svg"):
        drawing(name)
    (tmp_path / "in/bad.png").write_text("no picture")
    done = cli(verb, "in", "-m", "doodle", "-o", "out", "--json")
    assert done.code == 2
    assert done.json["model"] == "doodle.small"
    assert done.json["sketches"] == [
        {"sketch": "in/a.png", "picture": "out/a.png", "notes": []},
        {"sketch": "in/deep/b.svg", "picture": "out/b.png", "notes": []},
    ]
    assert [one["sketch"] for one in done.json["failed"]] == ["in/bad.png"]
    assert "1 of 3 failed" in done.err
    assert Image.open("out/a.png").size == (32, 32)


def test_clean_draws_anew_and_attention_colours_the_drawing(cli: Callable, drawing: Callable) -> None:
    a = drawing("a.png")
    assert cli("clean", a, "-o", "clean.png").out.strip() == f"{a} -> clean.png"
    assert Image.open("clean.png").mode == "L"
    assert cli("attention", a, "-o", "attention.png").code == 0
    red, green, blue = np.moveaxis(np.asarray(Image.open("attention.png")), 2, 0)
    assert red.max() == 255
    assert not green.any()
    assert not blue.any()


def test_notes_of_a_drawing_are_told_and_no_drawing_is_overwritten(
    cli: Callable, drawing: Callable, tmp_path: Path
) -> None:
    night = drawing("night.png", inverted=True)
    content = night.read_bytes()
    done = cli("clean", night, "-o", tmp_path, "--json")
    assert done.json["sketches"][0]["picture"] == str(tmp_path / "night-clean.png")
    assert "inverted" in " ".join(done.json["sketches"][0]["notes"])
    assert "inverted" in done.err
    assert cli("attention", night, "-o", night).code == 2
    assert night.read_bytes() == content


def test_options_of_the_model_reach_its_method_and_wrong_ones_are_refused(cli: Callable, drawing: Callable) -> None:
    a = drawing("a.png")
    assert cli("clean", a, "-o", "light.png").code == 0
    assert cli("clean", a, "-O", "tone=dark", "-o", "dark.png").code == 0
    assert Path("light.png").read_bytes() != Path("dark.png").read_bytes()
    done = cli("clean", a, "-O", "tne=dark", "-o", "out", "--json")
    assert (done.code, done.json["error"]["code"]) == (2, "E_UNKNOWN_OPTION")
    assert not Path("out").exists()


@pytest.mark.parametrize("verb", ["clean", "attention", "sketch"])
def test_a_model_without_the_method_says_which_have_it(cli: Callable, drawing: Callable, verb: str) -> None:
    done = cli(verb, drawing("a.png"), "-m", "doodle.plain", "--json")
    assert (done.code, done.json["error"]["code"]) == (2, "E_USAGE")
    assert f"has no {verb}" in done.json["error"]["what"]
    assert done.json["error"]["fix"] == "Models that can: doodle.small."
    assert not Path("out").exists()


def test_a_bundle_of_a_model_without_the_method_cannot_either(cli: Callable, drawing: Callable) -> None:
    s2pzoo.build("doodle.plain").save("plain")
    done = cli("clean", drawing("a.png"), "-m", "./plain", "--json")
    assert (done.code, done.json["error"]["code"]) == (2, "E_USAGE")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with a dark and a bright photo, and a file that is none."""
    (tmp_path / "photos").mkdir()
    for name, value in (("dark.jpg", 40), ("bright.jpg", 220)):
        Image.new("RGB", (48, 32), (value, value, value)).save(tmp_path / "photos" / name)
    (tmp_path / "photos/note.png").write_text("no picture")
    return tmp_path / "photos"


def test_a_model_draws_photos(cli: Callable, photos: Path) -> None:
    done = cli("sketch", "photos", "-m", "doodle", "-o", "out", "--json")
    assert done.code == 2
    assert (done.json["model"], done.json["style"]) == ("doodle.small", None)
    assert [one["sketch"] for one in done.json["photos"]] == ["out/bright.png", "out/dark.png"]
    assert [one["photo"] for one in done.json["failed"]] == ["photos/note.png"]
    pictures = [Image.open(f"out/{name}.png") for name in ("bright", "dark")]
    assert [(picture.mode, picture.size) for picture in pictures] == [("L", (32, 32))] * 2
    assert pictures[0].tobytes() != pictures[1].tobytes()


def test_without_a_model_filters_draw(cli: Callable, photos: Path) -> None:
    done = cli("sketch", photos / "dark.jpg", "-o", "out", "--json")
    assert (done.code, done.json["model"], done.json["style"]) == (0, None, "photocopy")
    assert Image.open("out/dark.png").size == (256, 171)


@pytest.mark.parametrize(
    "given",
    [
        ["--style", "photocopy"],
        ["--simplify"],
        ["--roughness", "rough"],
        ["--size", 256],
        ["--size", 64, "--style", "xdog"],
    ],
)
def test_options_of_the_filters_are_refused_with_a_model(cli: Callable, photos: Path, given: list) -> None:
    done = cli("sketch", photos / "dark.jpg", "-m", "doodle", *given, "--json")
    assert (done.code, done.json["error"]["code"]) == (2, "E_USAGE")
    assert all(word in done.json["error"]["what"] for word in map(str, given) if word.startswith("--"))
    assert not Path("out").exists()


@pytest.mark.parametrize("given", [["-O", "tone=dark"], ["--weights", "folder"]])
def test_options_of_a_model_are_refused_without_one(cli: Callable, photos: Path, given: list[str]) -> None:
    done = cli("sketch", photos / "dark.jpg", *given, "--json")
    assert (done.code, done.json["error"]["code"]) == (2, "E_USAGE")
    assert given[0] in done.json["error"]["what"]


def test_complete_fills_photos_and_wants_a_mask(cli: Callable, drawing: Callable) -> None:
    a, mask = drawing("a.png"), drawing("mask.png")
    assert cli("complete", a, "-o", "whole.png").code == 2
    done = cli("complete", a, "--mask", mask, "-o", "whole.png", "--json")
    assert done.json["model"] == "doodle.small"
    assert done.json["photos"] == [{"photo": str(a), "picture": "whole.png", "notes": []}]
    assert Image.open("whole.png").mode == "RGB"
