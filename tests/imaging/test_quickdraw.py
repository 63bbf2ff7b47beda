"""QuickDraw's binary files: each drawing is found, and what is none is told."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2pzoo.data.files import drawings_in
from s2pzoo.errors import BadInputError
from s2pzoo.imaging.formats import members, read_strokes, strokes_of
from s2pzoo.imaging.quickdraw import drawing_at, places
from s2pzoo.imaging.read import read_sketch

Drawing = list[list[list[int]]]
SQUARE, BAR = [[[0, 90, 90, 0, 0], [0, 0, 90, 90, 0]]], [[[10, 80], [40, 50]], [[10, 80, 200], [60, 70, 9]]]
STROKES = st.integers(1, 20).flatmap(lambda n: st.lists(st.lists(st.integers(0, 255), min_size=n, max_size=n),
                                                        min_size=2, max_size=2))  # fmt: skip


def packed(drawings: list[Drawing]) -> bytes:
    out = b""
    for number, strokes in enumerate(drawings):
        out += struct.pack("<Q2sbIH", number, b"DE", 1, 1485352573, len(strokes))
        for xs, ys in strokes:
            out += struct.pack("<H", len(xs)) + bytes(xs) + bytes(ys)
    return out


@given(st.lists(st.lists(STROKES, max_size=4), max_size=5))
def test_each_drawing_is_found(tmp_path_factory: pytest.TempPathFactory, drawings: list[Drawing]) -> None:
    path = tmp_path_factory.mktemp("quick") / "cat.bin"
    path.write_bytes(packed(drawings))
    assert [drawing_at(path, place)["drawing"] for place in places(path)] == drawings


def test_they_are_members_of_their_file(tmp_path: Path) -> None:
    path = tmp_path / "cat.bin"
    path.write_bytes(packed([SQUARE, BAR]))
    assert [one.name for one in members(path)] == ["cat.bin#1", "cat.bin#2"]
    second = read_strokes(members(path)[1])
    assert [len(line) for line in second.points] == [2, 3]
    assert (second.points[1] == strokes_of({"drawing": BAR}).points[1]).all()
    assert read_sketch(members(path)[0], size=64).ink.min() < 0.5
    assert list(drawings_in(tmp_path)) == ["cat-1", "cat-2"]
    with pytest.raises(BadInputError, match="no drawing 3"):
        read_strokes(tmp_path / "cat.bin#3")
    path.write_bytes(packed([BAR]))
    assert len(read_strokes(path).points) == 2


@pytest.mark.parametrize(
    ("data", "told"),
    [(packed([SQUARE, BAR])[:-1], "cut off"), (packed([SQUARE])[:9], "cut off"), (b"PK\3\4" * 40, "no QuickDraw file"),
     (packed([SQUARE]) + b"\1", "cut off")],
)  # fmt: skip
def test_what_is_none_is_told(data: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / "cat.bin").write_bytes(data)
    with pytest.raises(BadInputError, match=told):
        places(tmp_path / "cat.bin")
    with pytest.raises(BadInputError, match=told):
        read_sketch(tmp_path / "cat.bin", size=64)
