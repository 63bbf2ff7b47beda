"""generate with --reference and --references: other colours, the grid of styles, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import s2pzoo

COLOURS = {"blue": (0, 0, 255), "red": (255, 0, 0)}
CELL, GAP, EDGE = 32, 2, 4  # of a contact sheet of pictures of that size


@pytest.fixture
def references(tmp_path: Path) -> Path:
    """A folder with a plain photo of each colour."""
    (tmp_path / "refs").mkdir()
    for name, colour in COLOURS.items():
        Image.new("RGB", (40, 40), colour).save(tmp_path / "refs" / f"{name}.png")
    return tmp_path / "refs"


def cell(grid: Path, row: int, column: int) -> np.ndarray:
    """One picture of a grid, (32,32,3)."""
    top, left = (EDGE + place * (CELL + GAP) for place in (row, column))
    return np.asarray(Image.open(grid).convert("RGB"))[top : top + CELL, left : left + CELL]


def test_the_grid_has_the_references_and_below_them_the_drawing_in_their_colours(
    cli: Callable, drawing: Callable, references: Path
) -> None:
    done = cli("generate", drawing("a.png"), "-m", "doodle", "--references", references, "--json")
    assert done.code == 0, done.err
    (one,) = done.json["photos"]
    assert (one["photo"], one["styles"]) == ("out/a.png", "out/a-styles.png")
    grid = Path(one["styles"])
    assert (cell(grid, 0, 0) == 255).all()
    for column, colour in enumerate(COLOURS.values(), 1):
        assert (cell(grid, 0, column) == colour).all()
        strongest = int(np.argmax(colour))
        assert cell(grid, 1, column).mean((0, 1)).argmax() == strongest
    sketch = cell(grid, 1, 0)
    assert (sketch.min(2) == sketch.max(2)).all()
    assert sketch.min() < 128


def test_the_ordinary_photo_is_what_it_is_without_references(
    cli: Callable, drawing: Callable, references: Path
) -> None:
    a = drawing("a.png")
    done = cli("generate", a, "-o", "plain", "--json")
    assert done.json["photos"][0]["styles"] is None
    assert done.json["skipped"] == []
    told = cli("generate", a, "-o", "styled", "--references", references).out.splitlines()
    assert told == [f"{a} -> styled/a.png", f"{a} -> styled/a-styles.png"]
    assert Image.open("plain/a.png").tobytes() == Image.open("styled/a.png").tobytes()


def test_one_reference_colours_the_photo_and_not_the_grid(cli: Callable, drawing: Callable, references: Path) -> None:
    a, red = drawing("a.png"), references / "red.png"
    given = ("generate", a, "--references", references)
    assert cli(*given, "-o", "plain").code == 0
    assert cli(*given, "-o", "red", "--reference", red).code == 0
    assert cli("generate", a, "-o", "knob", "-O", f"reference={red}").code == 0
    photo = np.asarray(Image.open("red/a.png"))
    assert photo[..., 0].min() > photo[..., 2].max()
    assert (photo == np.asarray(Image.open("knob/a.png"))).all()
    assert json.loads(Image.open("red/a.png").info["s2pzoo"])["options"] == {"reference": "red.png"}
    assert Path("red/a-styles.png").read_bytes() == Path("plain/a-styles.png").read_bytes()


def test_other_options_hold_for_the_grid_too(cli: Callable, drawing: Callable, references: Path) -> None:
    given = ("generate", drawing("a.png"), "--references", references / "red.png")
    assert cli(*given, "-o", "light").code == 0
    assert cli(*given, "-o", "dark", "-O", "tone=dark").code == 0
    assert (cell(Path("light/a-styles.png"), 1, 1) != cell(Path("dark/a-styles.png"), 1, 1)).any()


def test_references_that_are_no_images_are_skipped_and_told(cli: Callable, drawing: Callable, references: Path) -> None:
    (references / "bad.jpg").write_text("no picture")
    done = cli("generate", drawing("a.png"), "--references", references, "--json")
    assert done.code == 2
    assert done.json["failed"] == []
    (skipped,) = done.json["skipped"]
    assert skipped["reference"] == str(references / "bad.jpg")
    assert skipped["error"]["code"] == "E_BAD_INPUT"
    assert "skipped a reference" in done.err
    assert "bad.jpg" in done.err
    width, _ = Image.open("out/a-styles.png").size
    assert width == 2 * EDGE + 3 * CELL + 2 * GAP


def test_a_bad_drawing_does_not_stop_the_grids_of_the_others(
    cli: Callable, drawing: Callable, references: Path, tmp_path: Path
) -> None:
    (tmp_path / "bad.png").write_text("no picture")
    done = cli("generate", "bad.png", drawing("a.png"), drawing("b.svg"), "--references", references, "--json")
    assert done.code == 2
    assert [one["styles"] for one in done.json["photos"]] == ["out/a-styles.png", "out/b-styles.png"]


@pytest.mark.parametrize("given", ["empty", "absent.png", "one", "two", "a.svg"])
def test_references_of_which_none_can_be_used_are_an_error_before_anything_is_written(
    cli: Callable, drawing: Callable, tmp_path: Path, given: str
) -> None:
    for name in ("empty", "one", "two"):
        (tmp_path / name).mkdir()
    for name in ("one/x.png", "two/x.png", "two/y.png"):
        (tmp_path / name).write_text("no picture")
    drawing("a.svg")
    done = cli("generate", "a.svg", "--references", given, "--json")
    assert (done.code, done.json["error"]["code"]) == (2, "E_BAD_INPUT")
    assert not Path("out").exists()


def test_a_reference_that_is_no_image_is_the_error_once(cli: Callable, drawing: Callable, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("no picture")
    done = cli("generate", drawing("a.png"), drawing("b.png"), "--reference", "note.txt", "--json")
    assert (done.code, done.json["error"]["code"]) == (2, "E_BAD_INPUT")
    assert "note.txt" in done.json["error"]["what"]
    assert not Path("out").exists()


def test_a_model_without_references_is_an_error_before_anything_is_written(
    cli: Callable, drawing: Callable, references: Path
) -> None:
    s2pzoo.build("doodle.plain").save("plain")
    for option, code in (("--references", "E_USAGE"), ("--reference", "E_UNKNOWN_OPTION")):
        done = cli("generate", drawing("a.png"), "-m", "./plain", option, references / "red.png", "--json")
        assert (done.code, done.json["error"]["code"]) == (2, code)
    done = cli("generate", "a.png", "-m", "doodle.plain", "--references", references, "--json")
    assert done.json["error"]["fix"] == "Models that can: doodle.small."
    assert not Path("out").exists()


def test_grids_neither_collide_nor_overwrite_a_drawing_or_a_reference(
    cli: Callable, drawing: Callable, references: Path, tmp_path: Path
) -> None:
    drawings = [drawing(name) for name in ("a.png", "sub/a-styles.png", "red.svg")]
    before = {path: path.read_bytes() for path in (*drawings, *references.iterdir())}
    done = cli("generate", *drawings, "-o", references, "--references", references, "--json")
    assert done.code == 0, done.err
    names = [(Path(one["photo"]).name, Path(one["styles"]).name) for one in done.json["photos"]]
    assert names == [
        ("a.png", "a-styles-2.png"), ("a-styles.png", "a-styles-styles.png"), ("red-photo.png", "red-photo-styles.png"),
    ]  # fmt: skip
    for option in ("--reference", "--references"):
        for out in (["-o", references / "red.png"], ["--sheet", references / "red.png"]):
            done = cli("generate", tmp_path / "a.png", *out, option, references / "red.png", "--json")
            assert (done.code, done.json["error"]["code"]) == (2, "E_OUTPUT")
    assert all(path.read_bytes() == content for path, content in before.items())
