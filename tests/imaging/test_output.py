"""Sheets, and files that are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from s2pzoo.errors import OutputError
from s2pzoo.imaging.sheet import contact_sheet
from s2pzoo.imaging.write import image_format, write_animation, write_bytes, write_image

RED = Image.new("RGB", (32, 32), "red")


def test_text_is_kept_in_a_png(tmp_path: Path) -> None:
    path = write_image(RED, tmp_path / "out.png", text={"s2pzoo": '{"seed": 1}', "note": "größer"})
    with Image.open(path) as image:
        assert image.info["s2pzoo"] == '{"seed": 1}'
        assert image.info["note"] == "größer"


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".JPEG", ".webp", ".gif"])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_every_format_takes_every_mode(suffix: str, mode: str, tmp_path: Path) -> None:
    path = write_image(RED.convert(mode), tmp_path / f"new folder/out{suffix}", text={"a": "b"})
    with Image.open(path) as image:
        assert image.size == (32, 32)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_animations(tmp_path: Path) -> None:
    for name in ("a.webp", "a.gif"):
        path = write_animation([RED, Image.new("RGB", (32, 32), "blue")], tmp_path / name, ms=50)
        with Image.open(path) as image:
            assert image.n_frames == 2  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(OutputError):
        write_animation([RED], tmp_path / "a.png")
    with pytest.raises(OutputError):
        write_animation([], tmp_path / "a.gif")


def test_unknown_suffix_folder_and_unwritable_place(tmp_path: Path) -> None:
    for name in ("out", "out.xyz"):
        with pytest.raises(OutputError, match=r"\.png"):
            image_format(tmp_path / name)
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(OutputError, match="folder"):
        write_image(RED, tmp_path / "folder.png")
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError):
        write_image(RED, tmp_path / "file" / "out.png")
    with pytest.raises(OutputError):
        write_image(RED, tmp_path / ("x" * 300 + ".png"))
    with pytest.raises(OutputError):
        write_bytes(b"", tmp_path / "bad\0name.png")
    with pytest.raises(OutputError):
        write_image(Image.new("RGB", (70_000, 1)), tmp_path / "wide.jpg")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file", "folder.png"]


def test_a_failure_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_bytes(b"old", tmp_path / "out.png")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OutputError, match="No space left"):
        write_bytes(b"new", path)
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("held", [2, 99], ids=["for a moment", "for good"])
def test_a_file_that_somebody_reads_is_replaced_once_it_is_free(
    held: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, where nobody may replace a file that is open."""
    path, replace, tried = write_bytes(b"old", tmp_path / "out.png"), os.replace, []

    def refused(*names: Path) -> None:
        tried.append(names)
        if len(tried) <= held:
            raise PermissionError(13, "Permission denied")
        replace(*names)

    monkeypatch.setattr(os, "replace", refused)
    if held > 9:
        with pytest.raises(OutputError, match="Permission denied"):
            write_bytes(b"new", path)
    else:
        write_bytes(b"new", path)
    assert path.read_bytes() == (b"old" if held > 9 else b"new")
    assert [one.name for one in tmp_path.iterdir()] == ["out.png"]


@pytest.mark.skipif(os.name != "posix", reason="permissions as on posix")
def test_files_get_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    written = write_bytes(b"", tmp_path / "ours")
    assert written.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_sheet_places_pictures_in_a_grid() -> None:
    blue = Image.new("RGB", (64, 32), "blue")
    sheet = contact_sheet([[RED, blue], [None, RED]], ["sketch", "photo"], cell=64)
    pixels = np.asarray(sheet)
    assert sheet.mode == "RGB"
    assert tuple(pixels[0, 0]) == (255, 255, 255)
    red = (pixels == (255, 0, 0)).all(axis=2)
    assert red.sum() == 2 * 64 * 64
    assert (pixels == (0, 0, 255)).all(axis=2).sum() == 64 * 32  # aspect kept


def test_headers_and_labels_take_room_and_are_never_too_long() -> None:
    plain = contact_sheet([[RED]], cell=64)
    full = contact_sheet([[RED]], ["a very long header " * 9], cell=64, labels=["a very long label " * 9])
    assert full.height > plain.height
    assert full.width > plain.width
    assert full.width < 64 * 3
    assert contact_sheet([], []).size > (0, 0)


def test_a_sheet_takes_every_mode() -> None:
    row = [RED.convert(mode) for mode in ("L", "1", "RGBA", "P", "CMYK", "I;16")]
    assert contact_sheet([row], cell=32).mode == "RGB"
