"""Masks from files: white is missing, and a mask is as large as its photo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from s2pzoo.errors import BadInputError
from s2pzoo.pipeline.photos import read_mask

Draw = Callable[..., Path]


@pytest.fixture
def paint(tmp_path: Path) -> Draw:
    """paint("a.png", (w, h), white=(x, y, X, Y)): black, with a white box."""

    def draw(name: str, size: tuple[int, int], *, white: tuple[int, int, int, int] = (0, 0, 0, 0)) -> Path:
        picture = Image.new("L", size, 0)
        picture.paste(255, white)
        picture.save(tmp_path / name)
        return tmp_path / name

    return draw


def test_white_is_missing_and_black_is_known(paint: Draw) -> None:
    mask = read_mask(paint("mask.png", (32, 32), white=(0, 0, 16, 32)), [paint("photo.png", (32, 32))], size=16)
    assert mask.shape == (1, 1, 16, 16)
    assert (mask[..., :8] == 1).all() and (mask[..., 8:] == 0).all()


@pytest.mark.parametrize("size", [(32, 16), (16, 32)], ids=["wide", "tall"])
def test_what_a_photo_is_padded_with_is_known(paint: Draw, size: tuple[int, int]) -> None:
    mask = read_mask(paint("mask.png", size, white=(0, 0, *size)), [paint("photo.png", size)], size=16)[0, 0]
    missing = mask if size == (32, 16) else mask.T
    assert (missing[:4] == 0).all() and (missing[4:12] == 1).all() and (missing[12:] == 0).all()


def test_a_mask_of_another_size_is_refused_with_both_sizes(paint: Draw) -> None:
    photos = [paint("a.png", (20, 30)), paint("b.png", (30, 20))]
    with pytest.raises(BadInputError) as told:
        read_mask(paint("mask.png", (20, 30)), photos, size=16)
    assert "mask.png is 20 x 30 pixels" in str(told.value) and "b.png is 30 x 20" in str(told.value)


def test_a_mask_that_is_a_drawing_is_refused(paint: Draw, tmp_path: Path) -> None:
    (tmp_path / "mask.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M1 1L8 8"/></svg>'
    )
    with pytest.raises(BadInputError, match="is a drawing"):
        read_mask(tmp_path / "mask.svg", [paint("a.png", (20, 30))], size=16)
