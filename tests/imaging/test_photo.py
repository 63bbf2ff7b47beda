from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from s2pzoo.errors import BadInputError
from s2pzoo.imaging.photo import read_photo


@pytest.mark.parametrize("shape", [(40, 20), (20, 40), (640, 320)])
def test_a_photo_is_padded_with_white_and_never_squashed(tmp_path: Path, shape: tuple[int, int]) -> None:
    Image.new("RGB", shape, (255, 0, 0)).save(tmp_path / "red.png")
    photo = read_photo(tmp_path / "red.png", size=20)
    assert photo.shape == (20, 20, 3) and photo.dtype == np.float32
    turned = photo if shape[0] < shape[1] else photo.transpose(1, 0, 2)
    assert turned[:, 7:13] == pytest.approx(np.broadcast_to([1, 0, 0], (20, 6, 3)), abs=1e-2)
    assert turned[:, [0, 1, 2, -3, -2, -1]].min() > 0.99


def test_a_photo_of_the_size_is_unchanged(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (24, 24, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "noise.png")
    assert read_photo(tmp_path / "noise.png", size=24) == pytest.approx(pixels / 255, abs=1e-6)


@pytest.mark.parametrize("mode", ["L", "I;16", "RGBA", "CMYK"])
def test_photos_of_other_modes_become_rgb(tmp_path: Path, mode: str) -> None:
    gray = Image.new("L", (30, 30), 51)
    image = (
        Image.fromarray(np.full((30, 30), 51 * 257, np.uint16)) if mode == "I;16" else gray.convert("RGB").convert(mode)
    )
    path = tmp_path / ("photo.tif" if mode == "CMYK" else "photo.png")
    image.save(path)
    assert read_photo(path, size=16) == pytest.approx(np.full((16, 16, 3), 0.2), abs=5e-3)


def test_transparency_is_white(tmp_path: Path) -> None:
    Image.new("RGBA", (16, 16), (0, 0, 0, 0)).save(tmp_path / "nothing.png")
    assert read_photo(tmp_path / "nothing.png", size=16).min() == 1


def test_what_is_not_a_photo_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "notes.png").write_text("not a photo")
    (tmp_path / "drawing.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0L9 9" stroke="#000"/></svg>'
    )
    for name, text in (("notes.png", "not an image"), ("drawing.svg", "not a photo"), ("none.png", "does not exist")):
        with pytest.raises(BadInputError, match=text) as caught:
            read_photo(tmp_path / name, size=16)
        assert name in caught.value.what and caught.value.fix
