"""Pipelines whose input is strokes: files of strokes are taken as they are, pictures are traced."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import s2pzoo
from s2pzoo.errors import BadInputError
from s2pzoo.imaging.raster import rasterise
from s2pzoo.imaging.read import TRACED, read_sequence, read_sketch
from s2pzoo.imaging.sequence import from_sequence
from s2pzoo.imaging.strokes import Strokes

FACES = Path(__file__).parents[2] / "examples/sketches/faces"
LINES = Strokes.of([np.array([[0.1, 0.2], [0.8, 0.2], [0.8, 0.6]]), np.array([[0.3, 0.9], [0.6, 0.9]])])


def test_strokes_are_the_points_that_were_drawn() -> None:
    read = read_sequence(LINES)
    for line, drawn in zip(from_sequence(read.points), LINES.points, strict=True):
        assert np.allclose(line, drawn, atol=1e-6)
    assert read.notes == ()


def test_pictures_are_traced_and_that_is_told() -> None:
    read = read_sequence(read_sketch(FACES / "man_beard.svg", size=256).ink, longest=100)
    assert read.notes[-1] == TRACED and 50 < len(read.points) <= 100


SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10" width="{0}" height="{0}" stroke-width=".1">
<defs><path d="M0 0H10"/></defs>
<g transform="translate(1 1) scale(2)"><path d="M0 0H2V3" fill="none" stroke="black"/></g>
<circle cx="5" cy="5" r="2" fill="none" stroke="red"/><path d="M0 9H9" display="none" stroke="black"/>
<path d="M0 8H8" fill="none"/></svg>"""


@pytest.mark.parametrize("width", [10, 400])
def test_an_svg_gives_its_own_lines(width: int, tmp_path: Path) -> None:
    (tmp_path / "a.svg").write_text(SVG.format(width))
    read = read_sequence(tmp_path / "a.svg", longest=500)
    corner, circle = from_sequence(read.points)
    assert read.notes == () and np.allclose(corner, [[0.1, 0.1], [0.5, 0.1], [0.5, 0.7]], atol=1e-3)
    assert np.allclose(np.hypot(*(circle - 0.5).T), 0.2, atol=0.01)


def test_an_svg_is_read_as_it_is_drawn() -> None:
    for name in ("rough_man.svg", "sparse.svg"):
        lines = from_sequence(read_sequence(FACES / name, longest=5000).points)
        drawn, ink = rasterise(Strokes.of(lines, width=0.01), 128), read_sketch(FACES / name, size=128).ink
        assert np.corrcoef(drawn.ravel(), ink.ravel())[0, 1] > 0.75


def test_what_is_no_drawing_is_refused() -> None:
    with pytest.raises(BadInputError, match="blank"):
        read_sequence(np.full((64, 64), 255, np.uint8))


def test_a_composition_of_strokes_reads_them_and_draws_its_sketch() -> None:
    part = {"part": "s2pzoo/sketch-from-strokes", "config": {"size": 64}}
    pipeline = s2pzoo.compose([part])
    read = pipeline.read([LINES, FACES / "woman_strokes.json"])
    assert read.tensor.shape[::2] == (2, 5)
    drawn = pipeline.execute({"strokes": read.tensor}, ["sketch"])["sketch"]
    assert drawn.shape == (2, 1, 64, 64) and (drawn.amin((1, 2, 3)) < 0.5).all()
    assert torch.equal(drawn[:1], pipeline.execute({"strokes": pipeline.read(LINES).tensor}, ["sketch"])["sketch"])
