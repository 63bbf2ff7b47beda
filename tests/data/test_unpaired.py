"""Collections of photos and sketches that nothing pairs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from s2pzoo.data.dataset import open_dataset
from s2pzoo.data.unpaired import open_collection
from s2pzoo.errors import DataError
from s2pzoo.host.registry import Registry

LINE = [[[64, 128], [192, 128]]]


def write(folder: Path, *, photos: tuple[str, ...] = (), sketches: tuple[str, ...] = (), split: Any = None) -> Path:
    """A collection: photo i is of the colour (10 i, 0, 0), sketch i is a line across, at 4 i + 4 of 32 pixels."""
    for what, mode, names in (("photo", "RGB", photos), ("sketch", "L", sketches)):
        (folder / what).mkdir(parents=True)
        for index, name in enumerate(names):
            picture = Image.new(mode, (32, 32), (10 * index, 0, 0) if mode == "RGB" else 255)
            if mode == "L":
                picture.paste(0, (4, 4 * index + 4, 28, 4 * index + 8))
            picture.save(folder / what / f"{name}.png")
    if split is not None:
        (folder / "split.json").write_text(json.dumps(split))
    return folder


ACME = """
from pathlib import Path
from s2pzoo.data.unpaired import read_collection
from s2pzoo.errors import DataError

def read(folder, *, size, split, strokes):
    if not (folder / "acme").is_dir():
        raise DataError(f"{folder} is none of acme's.")
    return read_collection(folder / "acme", size=size, split=split, strokes=strokes)

declare(datasets=[DatasetEntry("acme/shoes", reader=f"{__name__}:read", paired=False)])
"""


def test_a_plugin_says_how_its_collections_are_read(
    tmp_path: Path, install: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    install("acme", ACME)
    monkeypatch.setattr("s2pzoo.data.dataset.default_registry", Registry)
    names = tuple(f"p{i}" for i in range(4))
    data, split = tmp_path / "data", {what: {"test": names[:2]} for what in ("photo", "sketch")}
    write(data / "acme", photos=names, sketches=names, split=split)
    assert open_collection(data, size=8).photo_names == names[2:]
    assert open_collection(data, size=8, name="acme/shoes", split="test").photo_names == names[:2]
    with pytest.raises(DataError, match="is no dataset") as caught:
        open_collection(tmp_path, size=8)
    assert "acme/shoes, core/unpaired" in caught.value.fix
    with pytest.raises(DataError, match="acme/shoes has no pairs"):
        open_dataset(data, name="acme/shoes")


@pytest.mark.parametrize(
    ("drawing", "said"),
    [([[[1, 2], [float("nan"), 4]]], "not a list of strokes"), ([[[1e30, 2], [4, 4]]], "not a list of strokes"),
     ([[[300, 300], [400, 400]]], "shows nothing"), ([[[9, 9]]], "shows nothing")],
)  # fmt: skip
def test_strokes_that_are_no_drawing_stop_the_training(tmp_path: Path, drawing: Any, said: str) -> None:
    write(tmp_path, photos=("a",))
    (tmp_path / "sketch_strokes.json").write_text(json.dumps({"a_1": drawing}))
    with pytest.raises(DataError, match=said) as caught:
        open_collection(tmp_path, size=16)
    assert "a_1" in str(caught.value)


def test_a_third_number_of_a_point_is_not_used(tmp_path: Path) -> None:
    for name, line in (("two", [[64, 128], [192, 128]]), ("three", [[64, 128, 0.2], [192, 128, 0.9]])):
        write(tmp_path / name, photos=("a",))
        (tmp_path / name / "sketch_strokes.json").write_text(json.dumps({"a_1": [line]}))
    two, three = (open_collection(tmp_path / name, size=64).sketches for name in ("two", "three"))
    assert np.array_equal(two, three) and two.min() < 200


def test_without_a_split_everything_is_for_training(tmp_path: Path) -> None:
    folder = write(tmp_path, photos=("b", "a"), sketches=("y", "x", "z"))
    own = open_collection(folder, size=8)
    assert own.photo_names == ("a", "b") and own.sketch_names == ("x", "y", "z")
    assert own.photos.shape == (2, 8, 8, 3) and own.sketches.shape == (3, 8, 8)
    assert own.photos.dtype == own.sketches.dtype == np.uint8
    assert own.photos[:, 0, 0, 0].tolist() == [10, 0] and own.sketches[:, :, 4].argmin(1).tolist() == [2, 1, 3]
    assert open_collection(folder, size=8, split="all").photo_names == own.photo_names


def test_a_split_may_name_photos_and_sketches(tmp_path: Path) -> None:
    split = {"photo": {"test": ["b"]}, "sketch": {"train": ["ignored"], "test": ["x", "y"]}}
    folder = write(tmp_path, photos=("a", "b"), sketches=("x", "y", "z"), split=split)
    train, test, whole = (open_collection(folder, size=8, split=name) for name in ("train", "test", "all"))
    assert train.photo_names == ("a",) and train.sketch_names == ("z",)
    assert test.photo_names == ("b",) and test.sketch_names == ("x", "y")
    assert whole.photo_names == ("a", "b") and whole.sketch_names == ("x", "y", "z")


@pytest.mark.parametrize("split", [{"test": ["shoe_1"]}, {"photo": {"test": ["shoe_1"]}}])
def test_a_split_of_photos_alone_holds_out_their_drawings_too(tmp_path: Path, split: Any) -> None:
    sketches = ("shoe_1_1", "shoe_1_2", "shoe_2_1", "shoe_11_1")
    folder = write(tmp_path, photos=("shoe_1", "shoe_2"), sketches=sketches, split=split)
    test = open_collection(folder, size=8, split="test")
    assert test.photo_names == ("shoe_1",) and test.sketch_names == ("shoe_1_1", "shoe_1_2")
    assert open_collection(folder, size=8).sketch_names == ("shoe_11_1", "shoe_2_1")


def test_drawings_may_be_strokes_of_a_256_pixel_frame(tmp_path: Path) -> None:
    write(tmp_path, photos=("a",))
    (tmp_path / "sketch_strokes.json").write_text(json.dumps({"dot": [[[5, 5]], *LINE], "empty": []}))
    own = open_collection(tmp_path, size=64)
    assert own.sketch_names == ("dot", "empty")
    line, empty = own.sketches
    assert (empty == 255).all()
    rows, columns = np.nonzero(line < 200)
    assert rows.min() >= 31 and rows.max() <= 32
    assert columns.min() in (15, 16) and columns.max() in (47, 48)


def test_strokes_count_before_a_folder_of_sketches(tmp_path: Path) -> None:
    write(tmp_path, photos=("a",), sketches=("x",))
    (tmp_path / "sketch_strokes.json").write_text(json.dumps({"line": LINE}))
    assert open_collection(tmp_path, size=16).sketch_names == ("line",)


def test_a_sketch_may_be_a_vector_file_or_a_picture_that_is_not_square(tmp_path: Path) -> None:
    write(tmp_path, photos=("a",))
    svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path d="M1 4H7" stroke="black"/></svg>'
    (tmp_path / "sketch" / "a.svg").write_text(svg)
    across = Image.new("RGB", (32, 16), "white")
    across.paste("black", (0, 6, 32, 10))
    across.save(tmp_path / "sketch" / "b.png")
    vector, wide = open_collection(tmp_path, size=16).sketches
    assert vector.min() < 100 and vector[0, 0] == 255
    assert (wide[[0, 5, -1]] == 255).all() and (wide[7:9] < 50).all()  # padded with paper, never squashed


def test_a_photo_that_is_not_square_is_padded_with_white(tmp_path: Path) -> None:
    write(tmp_path, sketches=("x",))
    Image.new("RGB", (32, 16), "black").save(tmp_path / "photo" / "a.png")
    photo = open_collection(tmp_path, size=16).photos[0]
    assert (photo[[0, -1]] == 255).all() and photo[6:10].max() < 5


@pytest.mark.parametrize(
    ("photos", "sketches", "told"),
    [((), ("x",), "has no photos"), (("a",), (), "has no sketches"), ((), (), "has no photos")],
)
def test_a_side_that_is_empty_is_told(tmp_path: Path, photos: Any, sketches: Any, told: str) -> None:
    with pytest.raises(DataError, match=told) as caught:
        open_collection(write(tmp_path, photos=photos, sketches=sketches), size=8)
    assert "photo/ and sketch/" in caught.value.fix


def test_a_side_that_is_missing_is_told(tmp_path: Path) -> None:
    (tmp_path / "photo").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "photo" / "a.png")
    with pytest.raises(DataError, match="has no sketches"):
        open_collection(tmp_path, size=8)


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no folder .*nowhere"):
        open_collection(tmp_path / "nowhere", size=8)


def test_an_unknown_split_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no split 'dev'"):
        open_collection(write(tmp_path, photos=("a",), sketches=("x",)), size=8, split="dev")


@pytest.mark.parametrize(
    ("split", "wanted", "told"),
    [
        (None, "test", "no photo in the split 'test'"),
        ({"test": ["a"]}, "train", "no photo in the split 'train'"),
        ({"photo": {"test": ["a"]}, "sketch": {"test": ["nobody"]}}, "test", "no sketch in the split 'test'"),
    ],
)
def test_a_split_with_nothing_in_it_is_told(tmp_path: Path, split: Any, wanted: str, told: str) -> None:
    folder = write(tmp_path, photos=("a",), sketches=("x",), split=split)
    with pytest.raises(DataError, match=told) as caught:
        open_collection(folder, size=8, split=wanted)
    assert '{"photo": {"test": [names]}' in caught.value.fix


@pytest.mark.parametrize("file", ["split.json", "sketch_strokes.json"])
@pytest.mark.parametrize(("text", "told"), [("{", "cannot be read"), ("[]", "not a JSON object")])
def test_a_broken_json_is_told(tmp_path: Path, file: str, text: str, told: str) -> None:
    folder = write(tmp_path, photos=("a",), sketches=("x",))
    (folder / file).write_text(text)
    with pytest.raises(DataError, match=rf"{file} .*{told}|{file} {told}"):
        open_collection(folder, size=8)


@pytest.mark.parametrize("split", [{"test": 5}, {"photo": ["a"]}])
def test_a_split_that_names_nothing_is_told(tmp_path: Path, split: Any) -> None:
    folder = write(tmp_path, photos=("a",), sketches=("x",), split=split)
    with pytest.raises(DataError, match=r"split\.json does not say what is held out"):
        open_collection(folder, size=8)


@pytest.mark.parametrize("strokes", [5, [[1, 2, 3]], [[["a", "b"], ["c", "d"]]], [["ab", "cd"]]])
def test_a_drawing_that_is_no_list_of_strokes_is_named(tmp_path: Path, strokes: Any) -> None:
    write(tmp_path, photos=("a",))
    (tmp_path / "sketch_strokes.json").write_text(json.dumps({"good": LINE, "odd": strokes}))
    with pytest.raises(DataError, match="The drawing 'odd' is not a list of strokes"):
        open_collection(tmp_path, size=8)


@pytest.mark.parametrize("what", ["photo", "sketch"])
def test_all_files_that_are_no_images_are_named_at_once(tmp_path: Path, what: str) -> None:
    folder = write(tmp_path, photos=("a",), sketches=("x",))
    for name in ("broken.png", "cut short.jpg"):
        (folder / what / name).write_text("to do")
    with pytest.raises(DataError, match="2 of 4 pictures") as caught:
        open_collection(folder, size=8)
    assert "broken.png" in caught.value.why and "cut short.jpg" in caught.value.why


@pytest.mark.parametrize("what", ["photo", "sketch"])
def test_what_is_no_picture_by_its_name_is_left_alone(tmp_path: Path, what: str) -> None:
    folder = write(tmp_path, photos=("a",), sketches=("x",))
    for name in ("Thumbs.db", "readme.txt", "README"):
        (folder / what / name).write_text("to do")
    own = open_collection(folder, size=8)
    assert (own.photo_names, own.sketch_names) == (("a",), ("x",))


def test_pictures_that_differ_in_their_suffix_alone_are_two(tmp_path: Path) -> None:
    folder = write(tmp_path, photos=("thing 1", "thing 2"), sketches=("x", "y"), split={"test": ["thing 1"]})
    Image.new("RGB", (16, 16), (99, 0, 0)).save(folder / "photo" / "thing 1.bmp")
    assert open_collection(folder, size=8, split="all").photo_names == ("thing 1.bmp", "thing 1.png", "thing 2")
    assert open_collection(folder, size=8).photo_names == ("thing 2",)


def test_light_lines_on_dark_are_read_as_everywhere(tmp_path: Path) -> None:
    folder = write(tmp_path, photos=("a",), sketches=("x",))
    Image.eval(Image.open(folder / "sketch" / "x.png"), lambda value: 255 - value).save(folder / "sketch" / "y.png")
    dark, light = open_collection(folder, size=16).sketches
    assert dark.mean() > 128 and np.abs(dark.astype(int) - light).max() < 3


def test_hidden_files_and_folders_are_no_pictures(tmp_path: Path) -> None:
    folder = write(tmp_path, photos=("a",), sketches=("x",))
    (folder / "photo" / ".DS_Store").write_bytes(b"\0\1")
    (folder / "photo" / "more").mkdir()
    assert open_collection(folder, size=8).photo_names == ("a",)
