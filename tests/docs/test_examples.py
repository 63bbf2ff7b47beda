"""The example drawings can be read, are what their scripts draw, and go to the models they are for."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from s2pzoo.imaging.read import read_sketch

ROOT = Path(__file__).resolve().parents[2]
SKETCHES = ROOT / "examples/sketches"
SHOES, CHAIRS = (sorted((SKETCHES / kind).glob("*.svg")) for kind in ("shoes", "chairs"))
FACES = sorted((SKETCHES / "faces").iterdir())
SMALL = "slip_on"
"""The one shoe that lies small in a corner."""


def label(path: Path) -> str:
    return str(path.relative_to(SKETCHES))


@pytest.mark.parametrize("path", [*SHOES, *CHAIRS], ids=label)
def test_an_object_is_read_as_dark_lines_on_much_paper(path: Path) -> None:
    sketch = read_sketch(path, size=64)
    assert sketch.notes == ()
    assert sketch.ink.min() < 0.5
    assert sketch.ink.mean() > 0.75


@pytest.mark.parametrize("kind", [SHOES, CHAIRS], ids=["shoes", "chairs"])
def test_there_are_a_dozen_drawings_of_each_object_or_more(kind: list[Path]) -> None:
    assert len(kind) >= 12


@pytest.mark.parametrize("path", [*SHOES, *CHAIRS], ids=label)
def test_an_object_is_drawn_with_a_thin_pen_in_a_small_file_and_fills_its_page(path: Path) -> None:
    assert path.stat().st_size < 12_000
    pens = [float(width) for width in re.findall(r'stroke-width="([\d.]+)"', path.read_text())]
    assert pens and all(1 <= pen <= 2.5 for pen in pens)  # of 256
    ink = read_sketch(path, size=512).ink < 0.5
    rows, columns = np.nonzero(ink)
    assert min(rows.min(), columns.min()) > 0 and max(rows.max(), columns.max()) < 511
    assert (max(np.ptp(rows), np.ptp(columns)) > 0.7 * 512) != (path.stem == SMALL)


@pytest.mark.parametrize("path", SHOES, ids=label)
def test_shoes_point_to_the_left(path: Path) -> None:
    ink = read_sketch(path, size=128).ink < 0.5
    rows, columns = np.nonzero(ink)
    high = rows < rows.min() + 0.3 * np.ptp(rows)
    assert columns[high].mean() > (columns.min() + columns.max()) / 2  # the heel is the higher end


def test_the_objects_are_what_their_script_draws(tmp_path: Path) -> None:
    subprocess.run([sys.executable, ROOT / "examples/draw_objects.py", tmp_path], check=True)
    drawn = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.svg"))
    assert drawn == sorted(path.relative_to(SKETCHES) for path in (*SHOES, *CHAIRS))
    for name in drawn:  # not to the letter: the last digit may be another on another machine
        new, old = (read_sketch(folder / name, size=128).ink for folder in (tmp_path, SKETCHES))
        assert abs(new - old).mean() < 1e-3


def test_the_demo_gives_each_model_the_drawings_it_is_for() -> None:
    shown = subprocess.run(["make", "-n", "demo"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    given: dict[str, list[str]] = {}
    for line in shown.splitlines():
        words = line.split()
        if "generate" in words:
            drawings = [word for word in words if word.startswith("examples/sketches/")]
            given.setdefault(words[words.index("-m") + 1], []).extend(drawings)
    faces = [str(path.relative_to(ROOT)) for path in FACES]
    assert sorted(given.pop("deepfacedrawing")) == faces
    assert given.pop("contextualgan") and set(given) == {"ups.shoes128", "ups.chairs128"}
    assert given == {f"ups.{kind}128": [f"examples/sketches/{kind}"] for kind in ("shoes", "chairs")}
