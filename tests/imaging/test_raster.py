"""Strokes as pixels: none takes long, however wide, many or large."""

from __future__ import annotations

import time

import numpy as np
import pytest

from s2pzoo.errors import BadInputError
from s2pzoo.imaging.formats import strokes_of
from s2pzoo.imaging.raster import rasterise
from s2pzoo.imaging.strokes import Area, Strokes

rng = np.random.default_rng(0)


def marks(count: int, points: int, width: float) -> dict:
    lines = [{"points": rng.uniform(0, 100, (points, 2)).tolist(), "width": width} for _ in range(count)]
    return {"canvas": [100, 100], "strokes": lines}


def rings(count: int) -> dict:
    return {"canvas": [100, 100], "strokes": [{"rings": [rng.uniform(0, 100, (3, 2)).tolist()]} for _ in range(count)]}


COSTLY = {
    "a line of fifty canvases": marks(1, 2, 5000),
    "a thousand wide lines": marks(1000, 2, 1000),
    "thirty thousand strokes": marks(30_000, 4, 1),
    "a hundred thousand points": marks(1, 100_000, 1),
    "a thousand areas": rings(1000),
    "ten thousand areas": rings(10_000),
    "a ring of a hundred thousand corners": {
        "canvas": [100, 100],
        "strokes": [{"rings": [rng.uniform(0, 100, (100_000, 2)).tolist()]}],
    },
}


@pytest.mark.parametrize("name", COSTLY)
def test_what_would_take_long_is_drawn_coarsely_or_refused(name: str) -> None:
    drawing = strokes_of(COSTLY[name])
    started = time.process_time()
    try:
        rasterise(drawing, 256)
    except BadInputError as error:
        assert "too long" in error.what
    assert time.process_time() - started < 5  # without a limit: 20 s to minutes


def test_an_ordinary_heavy_drawing_is_drawn() -> None:
    strokes = Strokes.of([np.cumsum(rng.normal(0, 0.003, (30, 2)), 0) + rng.uniform(0.2, 0.8, 2) for _ in range(2000)])
    assert 0.05 < 1 - rasterise(strokes, 256).mean() < 0.95


def test_a_line_wider_than_the_sheet_covers_it_and_one_beyond_all_measure_is_an_error() -> None:
    line = [[10, 10], [90, 90]]
    wide = strokes_of({"canvas": [100, 100], "strokes": [{"points": line, "width": 900}]})
    assert (rasterise(wide, 64) == 0).all()
    with pytest.raises(BadInputError, match="as wide as the canvas"):
        strokes_of({"canvas": [100, 100], "strokes": [{"points": line, "width": 1e5}]})


def test_areas_partly_off_the_sheet_are_filled_to_its_edge() -> None:
    ring = np.array([[-0.5, 0.25], [0.5, 0.25], [0.5, 0.75], [-0.5, 0.75]])
    hole = np.array([[0.1, 0.4], [0.1, 0.6], [0.3, 0.6], [0.3, 0.4]])
    drawn = rasterise(Strokes(marks=(Area(rings=(ring, hole)),)), 100)
    assert drawn[50, 5] == drawn[30, 20] == drawn[70, 45] == 0
    assert drawn[50, 20] == drawn[10, 20] == drawn[50, 60] == 1
    outside = rasterise(Strokes(marks=(Area(rings=(ring - 2,)),)), 100)
    assert (outside == 1).all()
