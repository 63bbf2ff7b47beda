"""What cannot be a drawing is refused: what, why, and what to do."""

from __future__ import annotations

import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from drawings import face
from PIL import Image

from s2pzoo.errors import BadInputError
from s2pzoo.imaging.read import read_sketch

FACE = Image.fromarray(face(256))


def refused(source: object, **options: object) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(BadInputError) as caught:
            read_sketch(source, size=64, **options)  # pyright: ignore[reportArgumentType]
    error = caught.value
    assert error.what
    assert error.exit_code == 2
    return str(error)


def header_only_png(width: int, height: int) -> bytes:
    """A valid PNG of a claimed size; its pixels would fill the memory."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_a_missing_file_a_folder_and_an_empty_file(tmp_path: Path) -> None:
    assert "does not exist" in refused(tmp_path / "no.png")
    assert "folder" in refused(tmp_path)
    (tmp_path / "empty.png").touch()
    assert "0 bytes" in refused(tmp_path / "empty.png")
    assert "cannot be read" in refused("bad\0name.png")
    assert "cannot be read" in refused("x" * 300 + ".png")


@pytest.mark.parametrize("content", [b"hello, I am a text", b"\x00\x01\x02" * 50, b"%PDF-1.7 ...", b"%!PS-Adobe-3.0"])
def test_what_is_not_an_image(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "face.png"
    path.write_bytes(content)
    assert "not an image" in refused(path)
    assert "PNG" in refused(path)


def test_a_heic_photo_is_told_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "photo.heic"
    path.write_bytes(b"\x00\x00\x00\x18ftypheic" + b"\0" * 100)
    assert "JPEG" in refused(path)


@pytest.mark.parametrize("name", ["face.png", "face.jpg", "face.webp", "face.tiff", "face.bmp", "face.gif"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.8])
def test_truncated_files(name: str, part: float, tmp_path: Path) -> None:
    path = tmp_path / name
    FACE.save(path)
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * part)])
    refused(path)


def test_garbage_after_a_good_header(tmp_path: Path) -> None:
    path = tmp_path / "face.png"
    FACE.save(path)
    raw = bytearray(path.read_bytes())
    raw[60:400] = bytes(340)
    path.write_bytes(raw)
    refused(path)


@pytest.mark.parametrize("side", [9_200, 10_000, 60_000])
def test_decompression_bombs(side: int, tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(header_only_png(side, side))
    assert "80 million pixels" in refused(path)


def test_a_huge_image_or_array_in_memory() -> None:
    assert "80 million" in refused(np.broadcast_to(np.uint8(255), (10_000, 10_000)))


def test_zero_sized() -> None:
    assert "no pixels" in refused(np.zeros((0, 5), np.uint8))
    assert "no pixels" in refused(Image.new("L", (0, 0)))


@pytest.mark.parametrize("level", [255, 250, 128, 90])
def test_blank_paper_of_any_level(level: int) -> None:
    assert "blank" in refused(np.full((100, 120), level, np.uint8))
    assert (read_sketch(np.full((100, 120), level, np.uint8), size=64, allow_blank=True).ink == 1).all()


def test_a_photo_of_a_blank_sheet_is_blank() -> None:
    y, x = np.mgrid[0:800, 0:600].astype(np.float32)
    noise = 0.01 * np.random.default_rng(0).standard_normal(y.shape)
    assert "blank" in refused(np.clip(0.4 + x / 1500 + y / 8000 + noise, 0, 1))


@pytest.mark.parametrize("allow_blank", [False, True])
def test_entirely_black(allow_blank: bool) -> None:
    assert "black" in refused(np.zeros((100, 100), np.uint8), allow_blank=allow_blank)


@pytest.mark.parametrize(
    ("array", "word"),
    [
        (np.full((9, 9), np.nan), "NaN"),
        (np.full((9, 9), np.inf), "NaN"),
        (np.full((9, 9), 200.0), "255"),
        (np.linspace(-1, 1, 81).reshape(9, 9), "(x + 1) / 2"),
        (np.zeros((9, 9), np.int64), "uint8"),
        (np.zeros((9, 9), complex), "uint8"),
        (np.zeros((3, 9, 9), np.uint8), "transpose"),
        (np.zeros((2, 1, 9, 9), np.uint8), "(H, W)"),
        (np.zeros(9, np.uint8), "(H, W)"),
        (np.array(["a"]), "(H, W)"),
    ],
)
def test_arrays_that_are_no_pictures(array: np.ndarray, word: str) -> None:
    assert word in refused(array)


@pytest.mark.parametrize("source", [None, 5, object()])
def test_what_is_no_source_at_all(source: object) -> None:
    assert "path" in refused(source)


def test_a_size_below_one_pixel() -> None:
    with pytest.raises(BadInputError):
        read_sketch(FACE, size=0)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[1, 2]",
        '{"lines": []}',
        '{"canvas": [0, 10], "strokes": [[[1, 2], [3, 4]]]}',
        '{"canvas": 7, "strokes": []}',
        '{"canvas": [10, 10], "strokes": [{"points": []}]}',
        '{"canvas": [10, 10], "strokes": [{"width": 2}]}',
        '{"canvas": [10, 10], "strokes": [{"points": [[1, 2, 3, 4]], "width": 2}]}',
        '{"canvas": [10, 10], "strokes": [{"points": [[1, NaN]], "width": 2}]}',
        '{"canvas": [10, 10], "strokes": [{"points": [[1, 2]], "width": -2}]}',
        '{"canvas": [10, 10], "strokes": [{"points": [[1, 2]], "width": "x"}]}',
        '{"canvas": [10, 10], "strokes": [{"points": [[1e9, 2], [3, 4]]}]}',
        '{"canvas": [10, 10], "strokes": [{"rings": [[[1, 2], [3, 4]]], "rule": "odd"}]}',
        '{"strokes": []}',
        "[]",
        "[" * 100_000,
    ],
)
def test_strokes_that_are_none(text: str, tmp_path: Path) -> None:
    path = tmp_path / "strokes.json"
    path.write_text(text)
    refused(path)


BOMB = (
    '<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
    '<svg xmlns="http://www.w3.org/2000/svg"><text>&b;</text></svg>'
)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (BOMB, "entities"),
        ('<?xml version="1.0"?>' + BOMB, "entities"),
        ('<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/hostname">]><svg>&x;</svg>', "entities"),
        ("<svg><path d='M0 0L5 5'", "broken"),
        ("<html><body/></html>", "not an SVG"),
        ("<svg viewBox='0 0 9 9'><text>face</text></svg>", "shows nothing"),
        ("<svg>" + "<g>" * 500 + "</g>" * 500 + "</svg>", "nested"),
        ("<svg viewBox='0 0 9 9'><path d='M1e8 1 L 2e8 2' stroke='black'/></svg>", "outside the sheet"),
    ],
)
def test_hostile_or_empty_svg(text: str, word: str, tmp_path: Path) -> None:
    path = tmp_path / "face.svg"
    path.write_text(text)
    assert word in refused(path)


def test_entities_are_refused_in_utf16_too(tmp_path: Path) -> None:
    path = tmp_path / "face.svg"
    path.write_bytes(BOMB.encode("utf-16"))
    assert "entities" in refused(path)


def test_a_bomb_of_use_elements_is_refused(tmp_path: Path) -> None:
    levels = "".join(f'<g id="g{i}">' + f'<use href="#g{i - 1}"/>' * 10 + "</g>" for i in range(1, 12))
    path = tmp_path / "face.svg"
    path.write_text(f'<svg viewBox="0 0 9 9"><path id="g0" d="M0 0L5 5" stroke="black"/>{levels}</svg>')
    assert "nodes limit" in refused(path)


def test_an_svg_over_the_size_limit(tmp_path: Path) -> None:
    path = tmp_path / "face.svg"
    path.write_bytes(b"<svg><!--" + b"x" * 20_000_001 + b"--></svg>")
    assert "the limit is" in refused(path)
