"""generate: many drawings, one bad one, names, stages, sheet, options."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from s2pzoo.errors import BadOptionError, UsageError
from s2pzoo.spec.fields import Field, read_options


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_one_drawing_becomes_a_photo_with_its_provenance(cli: Callable, drawing: Callable, tmp_path: Path) -> None:
    done = cli("generate", drawing("face.svg"), "-m", "doodle", "-o", tmp_path / "out", "--seed", 7)
    assert done.code == 0, done.err
    assert done.out.strip() == f"{tmp_path}/face.svg -> {tmp_path}/out/face.png"
    photo = Image.open(tmp_path / "out/face.png")
    assert photo.size == (32, 32)
    provenance = json.loads(photo.info["s2pzoo"])
    assert provenance["model"] == "doodle.small"
    assert provenance["seed"] == 7
    assert names(tmp_path / "out") == ["face.png"]


def test_without_a_model_the_one_with_weights_is_taken_and_out_is_the_folder(cli: Callable, drawing: Callable) -> None:
    done = cli("generate", drawing("face.png"), "--json")
    assert done.code == 0, done.err
    assert done.json["model"] == "doodle.small"
    assert done.json["photos"][0]["photo"] == "out/face.png"
    assert Path("out/face.png").is_file()


def test_a_file_for_one_drawing(cli: Callable, drawing: Callable, tmp_path: Path) -> None:
    assert cli("generate", drawing("face.png"), "-o", tmp_path / "deep/er/photo.webp").code == 0
    assert Image.open(tmp_path / "deep/er/photo.webp").format == "WEBP"


def test_folders_are_searched_and_a_bad_file_does_not_stop_the_others(
    cli: Callable, drawing: Callable, tmp_path: Path
) -> None:
    for name in ("in/a.png", "in/b.svg", "in/deep/c.json", "in/.hidden/d.png"):
        drawing(name)
    (tmp_path / "in/bad.png").write_bytes(b"\x89PNG\r\n\x1a\n garbage")
    (tmp_path / "in/notes.txt").write_text("no drawing")
    (tmp_path / "in/package.json").write_text('{"name": "no drawing"}')
    done = cli("generate", tmp_path / "in", "-o", tmp_path / "out", "--json")
    assert done.code == 2
    assert names(tmp_path / "out") == ["a.png", "b.png", "c.png"]
    (failed,) = done.json["failed"]
    assert failed["sketch"] == str(tmp_path / "in/bad.png")
    assert failed["error"]["code"] == "E_BAD_INPUT"
    assert len(done.json["photos"]) == 3
    assert "1 of 4 failed" in done.err
    assert "bad.png" in done.err


def test_one_bad_drawing_alone_is_the_error_and_nothing_is_written(cli: Callable, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_text("no picture")
    done = cli("generate", tmp_path / "bad.png", "-o", tmp_path / "out", "--json")
    assert done.code == 2
    assert done.json["error"]["code"] == "E_BAD_INPUT"
    assert not (tmp_path / "out").exists()
    assert cli("generate", tmp_path / "absent.png").code == 2
    (tmp_path / "empty").mkdir()
    assert "holds nothing" in cli("generate", tmp_path / "empty").err


def test_a_blank_drawing_is_refused_where_the_model_wants_one(cli: Callable, tmp_path: Path) -> None:
    Image.new("L", (32, 32), 255).save(tmp_path / "blank.png")
    assert cli("generate", tmp_path / "blank.png", "--json").json["error"]["code"] == "E_BAD_INPUT"


def test_names_neither_collide_nor_overwrite_a_drawing(cli: Callable, drawing: Callable, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in map(drawing, ("face.png", "face.svg", "sub/Face.png", "b.json"))}
    done = cli("generate", *before, tmp_path / "face.png", "-o", tmp_path, "--json")
    assert done.code == 0, done.err
    photos = [Path(one["photo"]).name for one in done.json["photos"]]
    assert photos == ["face-photo.png", "face-photo-2.png", "Face-photo-3.png", "b.png"]
    assert all(path.read_bytes() == content for path, content in before.items())


def test_a_second_run_does_not_take_its_own_photos_for_drawings(cli: Callable, drawing: Callable) -> None:
    drawing("a.png")
    for _ in range(2):
        assert [one["sketch"] for one in cli("generate", ".", "-o", "out", "--json").json["photos"]] == ["a.png"]


def test_no_drawing_is_overwritten_by_a_file(cli: Callable, drawing: Callable, tmp_path: Path) -> None:
    face, other = drawing("face.png"), drawing("other.png")
    content = face.read_bytes()
    for arguments in (["-o", face], ["-o", tmp_path / "out", "--sheet", face]):
        done = cli("generate", face, *arguments, "--json")
        assert done.code == 2
        assert done.json["error"]["code"] == "E_OUTPUT"
    assert face.read_bytes() == content
    assert cli("generate", face, other, "-o", tmp_path / "one.png").code == 2


@pytest.mark.parametrize("out", ["face.txt", "photo.bmp", "file/deep", "file"])
def test_an_output_that_cannot_be_written_is_told_before_anything_is_loaded(
    cli: Callable, drawing: Callable, tmp_path: Path, out: str
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "face.txt").write_text("")
    done = cli("generate", drawing("face.png"), "-m", "no-such-model", "-o", tmp_path / out, "--json")
    assert done.code == 2
    assert done.json["error"]["code"] == "E_OUTPUT"


def test_notes_of_a_drawing_are_told(cli: Callable, drawing: Callable) -> None:
    done = cli("generate", drawing("night.png", inverted=True), "--json")
    assert "inverted" in " ".join(done.json["photos"][0]["notes"])
    assert "inverted" in done.err


def test_stages_are_kept_beside_the_photo(cli: Callable, drawing: Callable, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    done = cli("generate", drawing("a.png"), "-o", tmp_path / "out", "--keep-stages", "--json")
    assert done.json["photos"][0]["stages"] == str(tmp_path / "out/a.stages")
    assert names(tmp_path / "out") == ["a.png", "a.stages/.s2pzoo", "a.stages/redrawn.png", "a.stages/sketch.png",
                                       "a.stages/tensors.safetensors"]  # fmt: skip
    assert {
        name: tuple(value.shape) for name, value in load_file(tmp_path / "out/a.stages/tensors.safetensors").items()
    } == {"code": (1, 8)}


def test_a_contact_sheet_of_all_of_them(cli: Callable, drawing: Callable, tmp_path: Path) -> None:
    done = cli(
        "generate", drawing("a.png"), drawing("b.svg"), "-o", tmp_path / "out", "--sheet", "out/sheet.png", "--json"
    )
    assert done.json["sheet"] == "out/sheet.png"
    width, height = Image.open(tmp_path / "out/sheet.png").size
    assert width > 3 * 32
    assert height > 2 * 32
    assert cli("generate", tmp_path / "a.png", "--sheet", "sheet.txt").code == 2


def test_options_change_the_photo(cli: Callable, drawing: Callable) -> None:
    face = drawing("face.png")

    def photo(*knobs: str) -> bytes:
        done = cli("generate", face, *(word for knob in knobs for word in ("-O", knob)))
        assert done.code == 0, done.err
        return Image.open("out/face.png").tobytes()

    plain = photo()
    assert photo() == plain
    assert len({plain, photo("blend.nose=0.4"), photo("blend.nose=0.4", "blend.mouth=1"), photo("tone=dark"),
                photo("strength=2.5")}) == 5  # fmt: skip
    assert photo("wild=yes", "tone=dark") == plain


@pytest.mark.parametrize(
    ("knob", "code"),
    [("blnd.nose=1", "E_UNKNOWN_OPTION"), ("blend.nse=1", "E_UNKNOWN_OPTION"), ("blend=1", "E_BAD_OPTION"),
     ("blend.nose=2", "E_BAD_OPTION"), ("tone=drak", "E_BAD_OPTION"), ("strength=much", "E_BAD_OPTION"),
     ("wild=perhaps", "E_BAD_OPTION"), ("tone.nose=1", "E_BAD_OPTION"), ("strength", "E_USAGE")],
)  # fmt: skip
def test_a_wrong_option_is_refused_before_anything_is_written(
    cli: Callable, drawing: Callable, knob: str, code: str
) -> None:
    done = cli("generate", drawing("face.png"), "-O", knob, "--json")
    assert done.code == 2
    assert done.json["error"]["code"] == code
    assert not Path("out").exists()


def test_a_model_without_weights_is_an_error_of_its_own(cli: Callable, drawing: Callable) -> None:
    done = cli("generate", drawing("face.png"), "-m", "doodle.plain", "--json")
    assert done.code == 1
    assert done.json["error"]["code"] == "E_WEIGHTS_NOT_FOUND"


def test_weights_from_a_folder_and_a_bundle_as_the_model(cli: Callable, drawing: Callable, site: Path) -> None:
    bundle = site / "s2pzoo_doodle/weights/small"
    assert cli("generate", drawing("face.png"), "-m", "doodle", "--weights", bundle).code == 0
    assert cli("generate", drawing("face.png"), "-m", bundle).code == 0


def test_options_are_read_by_their_declared_type() -> None:
    declared = {o.name: o for o in (Field("n", "int"), Field("p", "path"), Field("m", "mapping"), Field("b", "bool"))}
    assert read_options(["n=3", "m.a=1", "m.b=0.5", "b=off", "p=x=y", "odd=1"], declared) == {
        "n": 3, "m": {"a": 1.0, "b": 0.5}, "b": False, "p": "x=y", "odd": "1",
    }  # fmt: skip
    with pytest.raises(BadOptionError, match="number"):
        read_options(["m.a=much"], declared)
    with pytest.raises(UsageError, match="not an option"):
        read_options(["=3"], declared)
