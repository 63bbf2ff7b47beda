"""`core/pairs`: drawings and the photos they are of, in the layouts in which data sets come."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from s2pzoo.data.dataset import open_dataset
from s2pzoo.data.pairs import read_pairs
from s2pzoo.errors import DataError

LAYOUTS = {
    "Sketchy": {"photo/cat/n02_58.jpg": ["sketch/cat/n02_58-1.png", "sketch/cat/n02_58-2.png"],
                "photo/dog/n02_58.jpg": ["sketch/dog/n02_58-1.png"]},
    "ShoeV2": {"photo/2429.png": ["sketch/2429_1.png", "sketch/2429_2.svg"], "photo/24.png": ["sketch/24_1.png"]},
    "FS2K": {"photo/photo1/image0001.jpg": ["sketch/sketch1/sketch0001.jpg"],
             "photo/photo2/image0001.jpg": ["sketch/sketch2/sketch0001.jpg"]},
    "CUFS": {"photos/f-005-01.jpg": ["sketches/F2-005-01-sz1.jpg"],
             "photos/m-005-01.jpg": ["sketches/M2-005-01-sz1.jpg"]},
    "the same names": {"images/a_1.png": ["drawings/a_1.png"], "images/a_2.png": ["drawings/a_2.json"]},
}  # fmt: skip


def write_photo(path: Path, red: int, *, size: tuple[int, int] = (64, 64)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (red, 90, 20)).save(path)


def write_drawing(path: Path, at: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".svg":
        line = f'<path d="M{at} 0V64" stroke="black" stroke-width="4"/>'
        path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">{line}</svg>')
    elif path.suffix == ".json":
        path.write_text(f'{{"canvas": [64, 64], "strokes": [{{"points": [[{at}, 0], [{at}, 64]], "width": 4}}]}}')
    else:
        picture = Image.new("L", (64, 64), 255)
        ImageDraw.Draw(picture).line((at, 0, at, 64), fill=0, width=4)
        picture.save(path)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=list(LAYOUTS))
def test_each_photo_has_its_own_drawings(layout: dict[str, list[str]], tmp_path: Path) -> None:
    for number, (photo, drawings) in enumerate(layout.items()):
        write_photo(tmp_path / photo, 100 + 100 * number)
        for drawing in drawings:
            write_drawing(tmp_path / drawing, 16 + 32 * number)
    (tmp_path / next(iter(layout))).parent.joinpath("alone.png").write_bytes(
        (tmp_path / next(iter(layout))).read_bytes()
    )
    pairs = open_dataset(tmp_path)
    assert len(pairs) == len(pairs.tags) == 2 and pairs.size == 64  # the photo without a drawing is none
    assert [len(drawings) for _, _, drawings in read_pairs(tmp_path).drawn] in ([2, 1], [1, 2], [1, 1])
    for index in range(2):
        number = round((float(pairs.photo(index)[..., 0].mean()) * 255 - 100) / 100)
        for drawing in (pairs.clean(index), pairs.sketch(index, np.random.default_rng(0), level="rough")):
            assert (
                drawing.shape == (64, 64)
                and drawing[:, 16 + 32 * number].max() < 0.5 < drawing[:, 48 - 32 * number].min()
            )


@pytest.mark.parametrize("left", [True, False])
def test_pictures_of_both_are_cut_in_two(left: bool, tmp_path: Path) -> None:
    for number in range(3):
        write_photo(tmp_path / "photo.png", 200)
        write_drawing(tmp_path / "drawing.png", 16)
        both = Image.new("RGB", (128, 64))
        for place, name in zip((0, 64) if left else (64, 0), ("drawing.png", "photo.png"), strict=True):
            both.paste(Image.open(tmp_path / name).convert("RGB"), (place, 0))
        (tmp_path / "val").mkdir(exist_ok=True)
        both.save(tmp_path / f"val/{number}.jpg", quality=95)
    pairs = read_pairs(tmp_path / "val")
    assert len(pairs) == 3 and pairs.left == left
    assert pairs.photo(0)[..., 0].mean() == pytest.approx(200 / 255, abs=0.02)
    assert pairs.clean(0)[:, 16].max() < 0.2 and pairs.clean(0)[:, 40].min() > 0.9


def test_what_is_no_pair_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no folder"):
        read_pairs(tmp_path / "nowhere")
    with pytest.raises(DataError, match="no pairs"):
        read_pairs(tmp_path)
    write_photo(tmp_path / "photo/a.png", 9)
    write_drawing(tmp_path / "sketch/b.png", 9)
    with pytest.raises(DataError, match="named after a photo") as caught:
        read_pairs(tmp_path)
    assert "a.png, b.png" in caught.value.why


def test_words_inside_words_are_names_and_photos_that_are_called_alike_are_told(tmp_path: Path) -> None:
    for name in ("outline", "under", "underlined", "line"):
        write_photo(tmp_path / f"photo/{name}.png", 9)
        write_drawing(tmp_path / f"sketch/{name}.png", 9)
    write_drawing(tmp_path / "sketch/under.svg", 30)
    drawn = {photo.stem: [one.name for one in drawings] for _, photo, drawings in read_pairs(tmp_path).drawn}
    assert drawn == {"outline": ["outline.png"], "under": ["under.png", "under.svg"], "underlined": ["underlined.png"],
                     "line": ["line.png"]}  # fmt: skip
    for name in ("image-1", "photo-1"):
        write_photo(tmp_path / f"photo/{name}.png", 9)
    with pytest.raises(DataError, match="cannot be told apart") as caught:
        read_pairs(tmp_path)
    assert "image-1.png, photo-1.png" in caught.value.why


def test_another_file_is_another_dataset(tmp_path: Path) -> None:
    write_photo(tmp_path / "photo/a.png", 9)
    write_drawing(tmp_path / "sketch/a.svg", 9)
    before = read_pairs(tmp_path).digest
    assert read_pairs(tmp_path).digest == before
    write_drawing(tmp_path / "sketch/a.svg", 10)
    assert read_pairs(tmp_path).digest != before
