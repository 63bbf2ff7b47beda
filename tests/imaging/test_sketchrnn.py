"""sketch-rnn's files: each drawing is found, and nothing in them is run."""

from __future__ import annotations

import contextlib
import io
import os
import pickle  # noqa: TID251 - as the data set was written
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s2pzoo.batch.source import items, pieces
from s2pzoo.errors import BadInputError
from s2pzoo.imaging.formats import members, read_strokes, strokes_of
from s2pzoo.imaging.read import read_sketch
from s2pzoo.imaging.sketchrnn import drawing_at, places

SQUARE = [[0, 0, 0], [90, 0, 0], [0, 90, 0], [-90, 0, 0], [0, -90, 1]]
BARS = [[5, 5, 0], [50, 0, 1], [-50, 20, 0], [50, 0, 1]]
ROWS = st.lists(st.tuples(st.integers(-300, 300), st.integers(-300, 300), st.integers(0, 1)), min_size=1, max_size=9)


def listed(drawings: list[Any]) -> np.ndarray:
    array = np.empty(len(drawings), object)
    array[:] = [np.array(rows, np.int16) for rows in drawings]
    return array


def packed(path: Path, **drawings: Any) -> Path:
    np.savez_compressed(path, allow_pickle=True, **{name: listed(some) for name, some in drawings.items()})
    return path


def holding(path: Path, made: bytes) -> Path:
    """An .npz whose `train` says that it holds objects, and holds these bytes."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"shape": (1,), "fortran_order": False, "descr": "|O"})
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("train.npy", head.getvalue() + made)
    return path


@settings(max_examples=20, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=5), st.lists(ROWS, max_size=3))
def test_each_drawing_is_found(tmp_path_factory: pytest.TempPathFactory, train: list[Any], test: list[Any]) -> None:
    path = packed(tmp_path_factory.mktemp("rnn") / "cat.npz", test=test, train=train)
    found = [drawing_at(path, place) for place in places(path)]
    assert found == [[list(row) for row in rows] for rows in (*train, *test)]


def test_they_are_members_of_their_file(tmp_path: Path) -> None:
    path = packed(tmp_path / "cat.npz", train=[SQUARE, BARS])
    assert [one.name for one in members(path)] == ["cat.npz#1", "cat.npz#2"]
    second = read_strokes(members(path)[1])
    wanted = strokes_of(BARS, form="stroke-3")
    assert all((one == other).all() for one, other in zip(second.points, wanted.points, strict=True))
    assert read_sketch(members(path)[0], size=64).ink.min() < 0.5
    with pytest.raises(BadInputError, match="no drawing 3"):
        read_strokes(tmp_path / "cat.npz#3")


def test_a_batch_reads_them(tmp_path: Path) -> None:
    path = packed(tmp_path / "cat.npz", train=[SQUARE, BARS, SQUARE])
    found = [item for piece in pieces([path], size=2, without=tmp_path / "out") for item in items(piece)]
    assert [item.name for item in found] == ["cat/0000001", "cat/0000002", "cat/0000003"]
    assert [len(item.read().points) for item in found] == [1, 2, 1]


def test_files_of_the_data_set_are_read_though_python_2_wrote_them(tmp_path: Path) -> None:
    """Protocol 2 has numpy's old names, and its bytes come as text or by `_codecs.encode`."""
    array = listed([SQUARE, BARS])
    new = pickle.dumps(array, protocol=2)
    for made in (new, new.replace(b"numpy._core", b"numpy.core")):
        path = holding(tmp_path / f"{len(made)}.npz", made)
        assert [drawing_at(path, place) for place in places(path)] == [SQUARE, BARS]


class _Runs:
    def __init__(self, *call: Any) -> None:
        self.call = call

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.call[0], self.call[1:]


@pytest.mark.parametrize("call", [(os.mkdir, "made"), (eval, "1/0"), (np.load, "x.npy")], ids=["mkdir", "eval", "load"])
def test_nothing_in_a_file_is_run(call: tuple[Any, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = holding(tmp_path / "cat.npz", pickle.dumps(_Runs(*call), protocol=2))
    with pytest.raises(BadInputError, match="asks for"):
        places(path)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "made", [b"", b"\x80", b"junk" * 20, pickle.dumps([1, 2]), pickle.dumps({"a": "b"})], ids=str
)  # fmt: skip
def test_what_is_no_list_of_drawings_is_told(made: bytes, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="no file of sketch-rnn"):
        places(holding(tmp_path / "cat.npz", made))


@settings(max_examples=150, deadline=None)
@given(place=st.integers(0, 700), byte=st.integers(0, 255))
def test_whatever_is_wrong_with_a_list_it_is_told_in_one_way(
    tmp_path_factory: pytest.TempPathFactory, place: int, byte: int
) -> None:
    made = bytearray(pickle.dumps(listed([SQUARE, BARS]), protocol=2))
    made[place % len(made)] = byte
    path = holding(tmp_path_factory.mktemp("rnn") / "cat.npz", bytes(made))
    with contextlib.suppress(BadInputError):
        for member in members(path):
            read_strokes(member)


def test_what_is_no_drawing_among_them_is_told(tmp_path: Path) -> None:
    path = packed(tmp_path / "cat.npz", train=[SQUARE, [[1, 2], [3, 4]]])
    assert len(places(path)) == 2
    with pytest.raises(BadInputError, match="#2 is no drawing"):
        read_strokes(tmp_path / "cat.npz#2")
    (tmp_path / "dog.npz").write_bytes(b"PK\3\4")
    with pytest.raises(BadInputError, match=r"dog\.npz is no file of sketch-rnn"):
        read_sketch(tmp_path / "dog.npz", size=64)
