"""`s2pzoo batch`: drawings of every kind, by several processes, each photo once."""

from __future__ import annotations

import io
import json
import os
import signal
import struct
import subprocess
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow.parquet import read_table, write_table

from s2pzoo.batch import run as batches
from s2pzoo.batch.source import count, items, pieces
from s2pzoo.errors import BadInputError
from s2pzoo.imaging.strokes import Strokes
from s2pzoo.pipeline.result import read_provenance

ROOT = Path(__file__).resolve().parents[2]
LINE = {"drawing": [[[8, 30, 56], [8, 60, 40]], [[5, 9, 12], [50, 20, 50]]]}


@pytest.fixture(autouse=True)
def _workers_find_the_plugin(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, [ROOT, site, *filter(None, sys.path)])))


@pytest.fixture
def everything(drawing: Callable, tmp_path: Path) -> Path:
    """A folder with drawings in all the ways in which many of them lie; two of them are none."""
    home = tmp_path / "in"
    names = ("a.png", "a.svg", "deep/b.json", "deep/b.png")
    for name in names:
        drawing(f"in/{name}")
    (home / "notes.txt").write_text("no drawing")
    lines = [LINE, LINE, "broken", {"strokes": [[[1, 1], [9, 9], [1, 9]]]}]
    (home / "quick.ndjson").write_text("\n\n".join(json.dumps(one) if one != "broken" else "{" for one in lines) + "\n")
    with tarfile.open(home / "shard-000.tar", "w") as archive:
        for name in ("deep/b.png", "a.svg"):
            archive.add(home / name, name.replace("/", "_").replace("b.png", "c.v1.png").replace("c.v1", "c"))
        member = tarfile.TarInfo("a.json")
        member.size = 2
        archive.addfile(member, io.BytesIO(b"{}"))
    strokes = json.dumps(LINE)
    table = {"image": [(home / "a.png").read_bytes(), None], "strokes": [strokes, strokes], "label": [0, 1]}
    write_table(pa.table(table), home / "rows.parquet")
    return home


NAMES = {
    "a", "a-svg", "deep/b", "deep/b-png", "quick/0000001", "quick/0000003", "quick/0000007", "shard-000/deep_c",
    "shard-000/a", "rows/0000000",
}  # fmt: skip


def made(out: Path) -> dict[str, bytes]:
    """The photos in a folder of results, by name, in whatever form; each must be there once."""
    found: list[tuple[str, bytes]] = []
    for path in out.rglob("*.*"):
        if path.suffix == ".png":
            found.append((path.relative_to(out).with_suffix("").as_posix(), path.read_bytes()))
        if path.suffix == ".tar":
            with tarfile.open(path) as archive:
                for member in archive:
                    if member.name.endswith(".png"):
                        held = archive.extractfile(member)
                        assert held is not None
                        found.append((member.name.removesuffix(".png"), held.read()))
        if path.suffix == ".parquet":
            rows = read_table(path).to_pylist()
            found += [(row["name"], row["photo"]) for row in rows]
    twice = [name for name, times in Counter(name for name, _ in found).items() if times > 1]
    assert not twice
    return dict(found)


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


@pytest.mark.parametrize("form", ["files", "tar", "parquet"])
def test_drawings_of_all_kinds_become_photos(form: str, everything: Path, cli: Callable, tmp_path: Path) -> None:
    done = cli("batch", "in", "-o", "out", "--as", form, "--shard", 3, "--workers", 2, "--json")
    photos = made(tmp_path / "out")
    assert done.code == 2 and set(photos) == NAMES
    assert done.json | {"seconds": 0} == {
        "folder": "out", "model": "doodle.small", "as": form, "drawings": 12, "made": 10, "failed": 2, "earlier": 0,
        "seconds": 0,
    }  # fmt: skip
    failed = [json.loads(line) for line in (tmp_path / "out/failed.ndjson").read_text().splitlines()]
    assert {one["drawing"] for one in failed} == {"quick.ndjson#5", "rows.parquet#1"}
    assert {one["code"] for one in failed} == {"E_BAD_INPUT"}
    assert cli("generate", "in/deep/b.png", "-o", "one.png").code == 0
    for name in ("deep/b-png", "shard-000/deep_c"):
        assert np.array_equal(pixels(photos[name]), pixels(Path("one.png").read_bytes()))
    (tmp_path / "again.png").write_bytes(photos["quick/0000003"])
    assert read_provenance(tmp_path / "again.png")["sketch"] == "quick.ndjson#3"
    # It is done: nothing is made again.
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.*")}
    again = cli("batch", "in", "-o", "out", "--as", form, "--shard", 3, "--json")
    assert again.json["earlier"] == again.json["drawings"] == 12
    kept = [path for path, at in before.items() if path.suffix in (".png", ".tar", ".parquet") and path.exists()]
    assert all(path.stat().st_mtime_ns == before[path] for path in kept)


def test_a_run_goes_on_from_elsewhere_and_where_its_folder_was_moved(
    drawing: Callable, cli: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawing("in/a.png")
    assert cli("batch", "in", "-o", "out", "--workers", 1).code == 0
    (tmp_path / "out").rename(tmp_path / "moved")
    (tmp_path / "moved/.batch/done.jsonl").unlink()  # as if it had been killed
    monkeypatch.chdir("/")
    again = cli("batch", tmp_path / "in", "-o", tmp_path / "moved", "--workers", 1, "--json")
    assert again.json["made"] == 1 and again.json["earlier"] == 0 and set(made(tmp_path / "moved")) == {"a"}


def test_another_run_does_not_go_into_its_folder(drawing: Callable, cli: Callable, tmp_path: Path) -> None:
    drawing("in/a.png")
    assert cli("batch", "in", "-o", "out", "--workers", 1).code == 0
    for other in (("--seed", 7), ("--shard", 9), ("--as", "tar"), ("-m", "doodle.plain")):
        refused = cli("batch", "in", "-o", "out", *other)
        assert refused.code == 2 and "holds another run" in refused.err
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/a.png").write_bytes(b"mine")
    refused = cli("batch", "in", "-o", "mine")
    assert refused.code == 2 and "is not empty: a.png" in refused.err
    assert (tmp_path / "mine/a.png").read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nowhere*", "-o", "out"), "Nothing matches nowhere*"), (("empty", "-o", "out"), "holds nothing"),
        (("in", "-o", "out", "--as", "zip"), "no form 'zip'"), (("in", "-o", "out", "-O", "bogus=1"), "bogus"),
        (("in", "-o", "out", "-m", "doodle.none"), "doodle.none"),
        (("rows.parquet", "-o", "out"), "Say which: --column NAME"),
        (("rows.parquet", "-o", "out", "--column", "x"), "no column 'x'"), (("bad.tar", "-o", "out"), "no tar file"),
        (("bad.parquet", "-o", "out"), "no parquet file"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_before(
    arguments: tuple[str, ...], told: str, drawing: Callable, cli: Callable, tmp_path: Path
) -> None:
    drawing("in/a.png")
    (tmp_path / "empty").mkdir()
    write_table(pa.table({"label": [1]}), tmp_path / "rows.parquet")
    for name in ("bad.tar", "bad.parquet"):
        (tmp_path / name).write_bytes(b"nothing of the kind")
    refused = cli("batch", *arguments, "--workers", 1)
    assert refused.code == 2 and told in refused.err


def test_a_drawing_over_which_the_process_ends_is_named_and_the_others_are_made(
    drawing: Callable, cli: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.png", "b.png", "deadly.png", "e.png", "worse-deadly.png"):
        drawing(f"in/{name}")
    deadly = """
import os, s2pzoo.batch.work as work
usual = work.items
def items(piece):
    for item in usual(piece):
        yield work.evolve(item, read=lambda: os._exit(9)) if "deadly" in item.name else item
work.items = items
"""
    usual = batches.start
    monkeypatch.setattr(batches, "start", lambda job: [*usual(job)[:2], f"{deadly}\n{usual(job)[2]}"])
    done = cli("batch", "in", "-o", "out", "--as", "tar", "--workers", 1)
    assert done.code == 2 and set(made(tmp_path / "out")) == {"a", "b", "e"}
    failed = [json.loads(line) for line in (tmp_path / "out/failed.ndjson").read_text().splitlines()]
    assert [Path(one["drawing"]).name for one in failed] == ["deadly.png", "worse-deadly.png"]
    assert "The process ended over it, with 9" in failed[0]["what"]


def test_workers_that_never_begin_end_the_run(
    drawing: Callable, cli: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawing("in/a.png")
    monkeypatch.setattr(batches, "start", lambda job: [sys.executable, "-c", "raise SystemExit(7)"])
    done = cli("batch", "in", "-o", "out", "--workers", 2)
    assert done.code == 1 and "end before they begin" in done.err and "with 7" in done.err


@pytest.mark.parametrize("form", ["files", "tar"])
def test_killed_three_times_each_photo_is_made_once(form: str, tmp_path: Path, cli: Callable) -> None:
    (tmp_path / "in.ndjson").write_text("".join(f"{json.dumps(LINE)}\n" for _ in range(400)))
    command = ["batch", "in.ndjson", "-o", "out", "--as", form, "--shard", "8", "--workers", "1"]
    journal = tmp_path / "out/.batch/done.jsonl"
    for stop in (1, 8, 20):
        running = subprocess.Popen(
            [sys.executable, "-m", "s2pzoo", *command], start_new_session=True, stderr=subprocess.DEVNULL
        )
        while running.poll() is None and (not journal.exists() or len(journal.read_text().splitlines()) < stop):
            time.sleep(0.02)
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
    done = cli(*command, "--json")
    assert done.code == 0 and done.json["made"] == 400 and 8 <= done.json["earlier"] < 400
    assert set(made(tmp_path / "out")) == {f"in/{number:07d}" for number in range(1, 401)}
    assert not list((tmp_path / "out").rglob("*.part"))


def test_names_that_are_no_names_of_files_are_made_such(drawing: Callable, cli: Callable, tmp_path: Path) -> None:
    face = drawing("in/x.svg").read_bytes()
    names = ("x" * 246 + ".svg", "a\u2028b.svg", os.fsdecode(b"\xff.svg"), "c.png/d.svg", "c.svg")
    for name in names:
        (tmp_path / "in" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_bytes(face)
    (tmp_path / "in/bad\u2028.svg").write_text("<svg")
    (tmp_path / "in/x.png.ndjson").write_text(json.dumps(LINE))
    with tarfile.open(tmp_path / "in/t.tar", "w") as archive:
        for name in ("a.svg", "b.svg", "a.svg", "A.svg", "./a/../e.svg", "y" * 240 + "/f.svg"):
            member = tarfile.TarInfo(name)
            member.size = len(face)
            archive.addfile(member, io.BytesIO(face))
    for form in ("files", "tar"):
        done = cli("batch", "in", "-o", form, "--as", form, "--workers", 1, "--json")
        assert done.json["made"] == 13 and done.json["failed"] == 1
        photos = made(tmp_path / form)
        assert len(photos) == 13 and {"c", "c.png_/d", "x", "x.png_/0000001", "t/a", "t/a-2", "t/A-3", "t/e"} <= set(
            photos
        )
        assert cli("batch", "in", "-o", form, "--as", form, "--json").json["earlier"] == 14


def test_data_names_no_file(drawing: Callable, cli: Callable, tmp_path: Path) -> None:
    secret = drawing("secret.png")
    (tmp_path / "in.ndjson").write_text(f"{json.dumps(str(secret))}\n3\n")
    write_table(pa.table({"image": [json.dumps(str(secret)), str(secret)]}), tmp_path / "in.parquet")
    done = cli("batch", "in.ndjson", "in.parquet", "-o", "out", "--workers", 1, "--json")
    assert done.code == 2 and done.json["made"] == 0 and done.json["failed"] == 4


def test_what_cannot_be_written_is_told_as_that(
    drawing: Callable, cli: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawing("in/a.png")
    full = "import s2pzoo.batch.sink as s; from s2pzoo.errors import OutputError\n"
    full += "def no(*_): raise OutputError('Cannot write it.', why='No space left on device')\ns.write_bytes = no"
    usual = batches.start
    monkeypatch.setattr(batches, "start", lambda job: [*usual(job)[:2], f"{full}\n{usual(job)[2]}"])
    done = cli("batch", "in", "-o", "out", "--workers", 1)
    assert done.code == 2 and "E_OUTPUT Cannot write it." in done.err and "No space left" in done.err


def test_an_input_that_changed_and_a_plan_that_is_damaged_are_told(cli: Callable, tmp_path: Path) -> None:
    (tmp_path / "in.ndjson").write_text(f"{json.dumps(LINE)}\n" * 3)
    assert cli("batch", "in.ndjson", "-o", "out", "--shard", 1, "--workers", 1).code == 0
    journal = tmp_path / "out/.batch/done.jsonl"
    journal.write_text(journal.read_text().split("\n")[0] + '\n{"key": "1", "record": {"made": 1}}')
    (tmp_path / "in.ndjson").write_text(f"{json.dumps(LINE)}\n")
    told = cli("batch", "in.ndjson", "-o", "out", "--shard", 1, "--workers", 1)
    assert told.code == 2 and "in.ndjson is not what it was" in told.err
    (tmp_path / "out/.batch/plan.ndjson").write_text("")
    told = cli("batch", "in.ndjson", "-o", "out", "--shard", 1)
    assert told.code == 2 and "plan of" in told.err and "is damaged" in told.err


def test_one_run_at_a_time_writes_to_a_folder(drawing: Callable, cli: Callable, tmp_path: Path) -> None:
    from s2pzoo.host.lock import locked

    drawing("in/a.png")
    with locked(tmp_path / "out/.batch", what="batch"):
        refused = cli("batch", "in", "-o", "out")
    assert refused.code == 2 and "A batch is going on" in refused.err


def test_ray_makes_the_same(everything: Path, cli: Callable, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    done = cli("batch", "in", "-o", "out", "--as", "tar", "--shard", 5, "--workers", 1, "--ray", "local", "--json")
    assert done.code == 2 and done.json["made"] == 10
    assert set(made(tmp_path / "out")) == NAMES


def pieced(path: Path, size: int) -> list[dict[str, Any]]:
    return list(pieces([path], size=size, without=Path("out")))


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 100])
@pytest.mark.parametrize("name", ["in.ndjson", "in.tar", "in.parquet", "in.bin", "in"])
def test_pieces_hold_each_drawing_once_and_in_order(size: int, name: str, tmp_path: Path, drawing: Callable) -> None:
    path = tmp_path / name
    if name == "in":
        for index in range(4):
            drawing(f"in/{index}.png")
    if name == "in.ndjson":
        path.write_text("\n" + "".join(f"[{index}]\n \n" for index in range(3)) + "[3]")
    if name == "in.tar":
        with tarfile.open(path, "w") as archive:
            for index in range(4):
                for suffix in ("cls", "png"):
                    member = tarfile.TarInfo(f"{index}.{suffix}")
                    member.size = 1
                    archive.addfile(member, io.BytesIO(str(index).encode()))
    if name == "in.bin":
        ones = [struct.pack("<Q2sbIHHBBBB", 0, b"DE", 1, 0, 1, 2, 0, index, 0, 90) for index in range(4)]
        path.write_bytes(b"".join(ones))
    if name == "in.parquet":
        write_table(pa.table({"image": [f"[{index}]" for index in range(4)]}), path, row_group_size=3)
    found = [item for piece in pieced(path, size) for item in items(piece)]
    assert sum(count(piece) for piece in pieced(path, size)) == len({item.name for item in found}) == 4
    assert all(count(piece) <= size for piece in pieced(path, size))
    assert [int("".join(filter(str.isdigit, str(_read(item.read()))))) for item in found] == [0, 1, 2, 3]


def _read(value: Any) -> Any:
    """What tells one of these drawings from another."""
    if isinstance(value, Strokes):
        across, down = value.points[0][1] - value.points[0][0]
        return round(90 * across / down)
    return value.stem if isinstance(value, Path) else value


def test_members_that_would_leave_the_folder_stay_in_it(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "in.tar", "w") as archive:
        for name in ("../../a.png", "/b.png"):
            archive.addfile(tarfile.TarInfo(name))
    names = [item.name for piece in pieced(tmp_path / "in.tar", 9) for item in items(piece)]
    assert not [name for name in names if ".." in name.split("/") or name.startswith("/")]


def test_a_packed_shard_is_told(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "in.tar", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("a.png"))
    with pytest.raises(BadInputError, match="no tar file"):
        pieced(tmp_path / "in.tar", 9)
