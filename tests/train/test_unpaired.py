"""Batches of a collection of painted objects, where nothing pairs sketches and photos."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from s2pzoo.data.unpaired import open_collection
from s2pzoo.errors import DataError, RecipeError
from s2pzoo.train.unpaired import Placing, UnpairedBatches, UnpairedData, to_tensor


def make(objects: Path, *, batch: int = 2, **settings: Any) -> UnpairedBatches:
    return UnpairedBatches(
        UnpairedData(**{"collection": "objects", "size": 24, "load": 28, **settings}), objects, batch=batch
    )


def drawn(batches: UnpairedBatches, seed: int = 0) -> dict[str, Tensor]:
    rng = np.random.default_rng(seed)
    return {"sketch": to_tensor(batches.sketches(rng)), "photo": to_tensor(batches.photos(rng))}


def test_a_batch_is_sketches_and_photos_in_range(objects: Path) -> None:
    batch = drawn(make(objects))
    assert batch["sketch"].shape == (2, 1, 24, 24) and batch["photo"].shape == (2, 3, 24, 24)
    for images in batch.values():
        assert images.dtype == torch.float32 and images.min() >= 0 and images.max() == 1


def test_batches_are_a_function_of_their_generator(objects: Path) -> None:
    one, again, other = (drawn(make(objects), seed) for seed in (2, 2, 3))
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not torch.equal(one["photo"], other["photo"])


def test_held_out_pictures_are_seen_in_samples_and_never_trained_on(objects: Path) -> None:
    batches = make(objects)
    test = open_collection(objects / "objects", size=24, split="test")
    assert len(batches.collection.photos) == len(batches.collection.sketches) == 6
    preview = batches.preview(torch.device("cpu"), count=4)
    assert torch.equal(preview["photo"], to_tensor(list(test.photos[[0, 0, 0, 1]])))
    assert torch.equal(preview["sketch"], to_tensor(list(test.sketches[[0, 0, 0, 1]])))
    assert not {*batches.collection.photo_names} & {*test.photo_names}


def test_no_picture_is_twice_in_a_batch(objects: Path) -> None:
    batches = make(objects, batch=6, mirror=0.0, load=24)
    photos = [photo.numpy().tobytes() for photo in drawn(batches)["photo"]]
    assert sorted(photos) == sorted(one.numpy().tobytes() for one in to_tensor(list(batches.collection.photos)))
    assert len(set(photos)) == 6


def test_an_image_is_cut_anywhere_and_mirrored_half_of_the_time(objects: Path) -> None:
    batches, rng = make(objects), np.random.default_rng(0)
    number = np.arange(28 * 28).reshape(28, 28)
    batches.collection.photos[:] = np.stack([number // 256, number % 256, number * 0], axis=-1)
    corners, mirrored = set(), 0
    for _ in range(300):
        for photo in batches.photos(rng):
            cut = photo[..., 0].astype(int) * 256 + photo[..., 1]
            flipped = cut[0, 0] > cut[0, -1]
            mirrored += flipped
            straight = cut[:, ::-1] if flipped else cut
            y, x = divmod(int(straight[0, 0]), 28)
            assert np.array_equal(straight, number[y : y + 24, x : x + 24])
            corners.add((y, x))
    assert corners == {(y, x) for y in range(5) for x in range(5)}
    assert mirrored / 600 == pytest.approx(0.5, abs=0.07)


def test_nothing_is_mirrored_where_that_is_switched_off(objects: Path) -> None:
    batches, rng = make(objects, mirror=0.0, load=24), np.random.default_rng(0)
    known = {image.tobytes() for image in batches.collection.sketches}
    assert all(image.tobytes() in known for _ in range(20) for image in batches.sketches(rng))


def test_a_shrunk_photo_lies_whole_and_anywhere_on_white() -> None:
    image, rng = np.zeros((20, 20, 3), np.uint8), np.random.default_rng(0)
    assert (placing(rng, smallest=1.0).picture(image) == image).all()
    sides, corners = set(), set()
    for _ in range(300):
        rows, columns = np.nonzero((placing(rng, smallest=0.5).picture(image) == 0).all(2))
        assert np.ptp(rows) == np.ptp(columns)
        sides.add(int(np.ptp(rows)) + 1)
        corners.add((rows.min() > 0, columns.min() > 0))
    assert sides == set(range(10, 21))
    assert corners >= {(True, True), (True, False), (False, True)}


def placing(rng: np.random.Generator, *, smallest: float) -> Placing:
    return Placing.random(rng, load=20, size=20, smallest=smallest, mirror=0.0)


def test_lines_go_where_their_photo_goes() -> None:
    image, rng = np.full((40, 40), 255, np.uint8), np.random.default_rng(0)
    image[10:20, 24:30] = 0
    box = np.array([[24, 10], [30, 10], [30, 20], [24, 20]], np.float32) / np.float32(40)
    for _ in range(100):
        placed = Placing.random(rng, load=40, size=36, smallest=0.5, mirror=0.5)
        rows, columns = np.nonzero(placed.picture(image) < 128)
        (left, top), (right, bottom) = placed.line(box).min(0), placed.line(box).max(0)
        assert columns.size == 0 or np.allclose(
            [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1],
            np.clip([left, top, right, bottom], 0, 36),
            atol=1,
        )


def test_photos_with_a_line_drawing_bring_their_lines(objects: Path) -> None:
    folder = objects / "objects"
    (folder / "line").mkdir()
    name = open_collection(folder, size=24).photo_names[0]
    sheet = Image.new("L", (256, 256), 255)
    ImageDraw.Draw(sheet).line((64, 64, 192, 64), fill=0, width=2)
    sheet.save(folder / "line" / f"{name}.png")
    lined = make(objects, batch=6, mirror=0.0, load=24).lined_photos(np.random.default_rng(0))
    (lines,) = [lines for _, lines in lined if lines is not None]
    assert len(lined) == 6 and len(lines) == 1
    assert np.allclose(np.sort(lines[0][[0, -1], 0]), [6, 18], atol=0.3) and np.allclose(lines[0][:, 1], 6, atol=0.3)


def test_photos_of_a_batch_are_shrunk_and_sketches_are_not(objects: Path) -> None:
    plain, small = (drawn(make(objects, smallest=share)) for share in (1.0, 0.3))
    assert torch.equal(plain["sketch"], small["sketch"])
    assert (small["photo"] < 0.9).float().mean() < 0.7 * (plain["photo"] < 0.9).float().mean()


def test_a_collection_smaller_than_a_batch_is_told(objects: Path) -> None:
    with pytest.raises(DataError, match="too little to train on") as caught:
        make(objects, batch=7)
    assert "takes 7 photos and sketches; there are 6" in caught.value.why


@pytest.mark.parametrize("wrong", [{"load": 24, "size": 28}, {"size": 26}], ids=str)
def test_sizes_that_cannot_be_are_told(objects: Path, wrong: dict[str, int]) -> None:
    with pytest.raises(RecipeError, match=r"data\.size=\d+ and data\.load=\d+ cannot be"):
        make(objects, **wrong)


def test_a_folder_that_is_missing_is_told(objects: Path) -> None:
    with pytest.raises(DataError, match="no folder"):
        make(objects, collection="nothing")


def test_how_many_pictures_there_are_is_a_fact_of_the_training(objects: Path) -> None:
    assert make(objects).facts() == {"photos": 6, "sketches": 6}
