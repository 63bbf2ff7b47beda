"""The notebook runs from its first cell to its last, and shows what it says."""

from __future__ import annotations

import nbformat
import pytest
from tour import TOUR, executed


@pytest.mark.slow
def test_the_tour_runs_and_shows_its_pictures() -> None:
    ran, kept = executed(), nbformat.read(TOUR, as_version=4)
    for new, old in zip(ran.cells, kept.cells, strict=True):
        kinds = [[sorted(output.get("data", {"text": ""})) for output in one.get("outputs", ())] for one in (new, old)]
        assert kinds[0] == kinds[1], "run tools/tour.py"
    assert sum("image/png" in str(cell.get("outputs")) for cell in ran.cells) == 7
