"""Drawings of rings, photos of the same rings on a coloured ground, and a backbone that sees where dark things are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from torch import nn

from s2pzoo.retrieval.embedder import Embedder

COUNT = 6
GROUND = (255, 153, 128)  # what `tint` makes of paper


def ring(index: int, mode: str = "L") -> Image.Image:
    """A ring whose place and width depend on the index."""
    picture = Image.new(mode, (64, 64), 255 if mode == "L" else GROUND)
    x, y = 4 + 7 * (index % 5), 4 + 5 * (index // 2 % 5)
    ImageDraw.Draw(picture).ellipse((x, y, x + 20 + index % 3 * 5, y + 20), outline=0, width=3)
    return picture


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S2PZOO_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def embedder() -> Embedder:
    return Embedder(nn.Sequential(nn.AvgPool2d(8), nn.Flatten()), name="pooled", side=64)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of photos 0.png, 1.png, ..."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for index in range(COUNT):
        ring(index, "RGB").save(folder / f"{index}.png")
    return folder


@pytest.fixture
def drawing(tmp_path: Path) -> Callable[[int], Path]:
    """drawing(3) is a file with the ring of 3.png."""

    def draw(index: int) -> Path:
        path = tmp_path / "drawings" / f"drawn-{index}.png"
        path.parent.mkdir(exist_ok=True)
        ring(index).save(path)
        return path

    return draw
