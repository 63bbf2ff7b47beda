"""The gallery: what is in it, what is looked at again, what is refused."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch import nn

from s2pzoo.errors import GalleryError, OutputError, Remark
from s2pzoo.imaging.edges import canny
from s2pzoo.imaging.photo import read_photo
from s2pzoo.retrieval import gallery as module
from s2pzoo.retrieval.embedder import Embedder
from s2pzoo.retrieval.gallery import FRAME, Gallery, open_gallery
from s2pzoo.retrieval.via import Via

from .conftest import COUNT, ring


def looked_at(folder: Path, embedder: Embedder, **options: Any) -> tuple[int, Gallery]:
    """How many photos an opening looks at, and what it gives."""
    seen = [0]
    made = open_gallery(folder, embedder=embedder, progress=lambda done, of: seen.append(done), **options)
    return seen[-1], made


def shards(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "cache/galleries").glob("*/*.safetensors"))


def test_the_features_are_those_of_the_photos_in_the_order_of_their_names(photos: Path, embedder: Embedder) -> None:
    gallery = open_gallery(photos, embedder=embedder)
    assert gallery.names == tuple(f"{index}.png" for index in range(COUNT))
    pictures = [torch.from_numpy(read_photo(photos / name, size=FRAME)).permute(2, 0, 1) for name in gallery.names]
    assert torch.allclose(gallery.features, embedder(torch.stack(pictures)))


def test_via_edges_they_are_those_of_the_edges(photos: Path, embedder: Embedder) -> None:
    gallery = open_gallery(photos, embedder=embedder, via="edges")
    edges = torch.from_numpy(canny(read_photo(photos / "2.png", size=FRAME)))[None, None]
    assert torch.allclose(gallery.features[2:3], embedder(edges))


def test_folders_below_are_searched_hidden_and_other_files_are_not(photos: Path, embedder: Embedder) -> None:
    (photos / "deep/er").mkdir(parents=True)
    ring(9, "RGB").save(photos / "deep/er/boot.JPG", "JPEG")
    ring(9, "RGB").save(photos / ".hidden.png")
    (photos / "notes.txt").write_text("no photo")
    gallery = open_gallery(photos, embedder=embedder)
    assert gallery.names == (*(f"{index}.png" for index in range(COUNT)), "deep/er/boot.JPG")
    assert gallery.skipped == ()


def test_a_second_opening_looks_at_nothing(photos: Path, embedder: Embedder) -> None:
    first, made = looked_at(photos, embedder)
    second, again = looked_at(photos, embedder)
    assert (first, second) == (COUNT, 0)
    assert torch.equal(made.features, again.features)


def test_only_new_and_changed_photos_are_looked_at_and_removed_ones_are_gone(photos: Path, embedder: Embedder) -> None:
    looked_at(photos, embedder)
    (photos / "0.png").unlink()
    ring(8, "RGB").save(photos / "8.png")
    ring(7, "RGB").save(photos / "3.png")
    os.utime(photos / "3.png", ns=(1, 1))
    count, gallery = looked_at(photos, embedder)
    assert count == 2
    assert gallery.names == ("1.png", "2.png", "3.png", "4.png", "5.png", "8.png")
    fresh = open_gallery(photos, embedder=embedder, cache=photos.parent / "another")
    assert torch.equal(gallery.features, fresh.features)


def test_a_photo_of_the_same_size_is_known_to_have_changed_by_its_time(photos: Path, embedder: Embedder) -> None:
    looked_at(photos, embedder)
    os.utime(photos / "1.png", ns=(5, 5))
    assert looked_at(photos, embedder)[0] == 1


def test_after_an_interruption_it_goes_on_where_it_was(
    photos: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "_BATCH", 2)

    def stop(done: int, of: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_gallery(photos, embedder=embedder, progress=stop)
    assert len(shards(tmp_path)) == 2
    count, gallery = looked_at(photos, embedder)
    assert count == COUNT - 4
    assert len(gallery) == COUNT
    assert len(shards(tmp_path)) == 1  # joined


def test_a_damaged_file_of_the_cache_is_made_anew(photos: Path, embedder: Embedder, tmp_path: Path) -> None:
    _, before = looked_at(photos, embedder)
    (shard,) = shards(tmp_path)
    shard.write_bytes(shard.read_bytes()[:100])
    count, after = looked_at(photos, embedder)
    assert count == COUNT
    assert torch.equal(before.features, after.features)
    assert len(shards(tmp_path)) == 1


@pytest.mark.parametrize("where", [-1, -30, -200])
def test_a_flipped_bit_in_the_cache_is_told_and_its_features_made_anew(
    where: int, photos: Path, embedder: Embedder, tmp_path: Path
) -> None:
    _, wanted = looked_at(photos, embedder)
    (shard,) = shards(tmp_path)
    damaged = bytearray(shard.read_bytes())
    damaged[where] ^= 0x40  # of an exponent, perhaps
    shard.write_bytes(damaged)
    with pytest.warns(Remark, match="is damaged"):
        _, again = looked_at(photos, embedder)
    assert torch.equal(again.features, wanted.features)


def test_another_backbone_and_the_edges_have_features_of_their_own(
    photos: Path, embedder: Embedder, tmp_path: Path
) -> None:
    other = Embedder(nn.Sequential(nn.AvgPool2d(4), nn.Flatten()), name="pooled", side=64)
    assert [looked_at(photos, one)[0] for one in (embedder, other, embedder, other)] == [COUNT, COUNT, 0, 0]
    assert [looked_at(photos, embedder, via=Via.EDGES)[0] for _ in range(2)] == [COUNT, 0]
    told = [json.loads(path.read_text()) for path in tmp_path.glob("cache/galleries/*/gallery.json")]
    assert sorted(one["via"] for one in told) == ["edges", "photo", "photo"]
    assert {one["folder"] for one in told} == {str(photos)}


def test_photos_that_cannot_be_read_are_skipped_and_listed(photos: Path, embedder: Embedder) -> None:
    whole = (photos / "1.png").read_bytes()
    (photos / "1.png").write_bytes(whole[: len(whole) // 2])
    (photos / "text.jpg").write_text("no photo")
    (photos / "gone.png").symlink_to(photos / "nowhere.png")
    gallery = open_gallery(photos, embedder=embedder)
    assert gallery.names == ("0.png", "2.png", "3.png", "4.png", "5.png")
    reasons = {one.name: one.reason for one in gallery.skipped}
    assert set(reasons) == {"1.png", "text.jpg", "gone.png"}
    assert "truncated" in reasons["1.png"]
    assert "not an image" in reasons["text.jpg"]
    assert "No such file" in reasons["gone.png"]
    (photos / "1.png").write_bytes(whole)
    assert len(open_gallery(photos, embedder=embedder)) == COUNT


def test_a_folder_without_photos_is_an_error_that_says_which(tmp_path: Path, embedder: Embedder) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "broken").mkdir()
    for index in range(9):
        (tmp_path / f"broken/{index}.png").write_text("no photo")
    for name, told in (
        ("absent", "no folder"), ("file", "It is a file"), ("empty", "holds no photo"), ("broken", "and 6 more"),
    ):  # fmt: skip
        with pytest.raises(GalleryError, match=told):
            open_gallery(tmp_path / name, embedder=embedder)


def refusing(folder: Path) -> Any:
    """os.scandir as it is for people without the right to read a folder; who tests as root has every right."""
    scan = os.scandir

    def scandir(path: Any) -> Iterator[os.DirEntry[str]]:
        if Path(path) == folder:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return scan(path)

    return scandir


def test_a_folder_without_permission_is_refused_and_one_below_is_listed(
    photos: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    (photos / "deep").mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", refusing(photos / "deep"))
        gallery = open_gallery(photos, embedder=embedder)
    assert len(gallery) == COUNT
    assert [(one.name, one.reason) for one in gallery.skipped] == [("deep", "Permission denied")]
    monkeypatch.setattr(os, "scandir", refusing(photos))
    with pytest.raises(GalleryError, match="Permission denied"):
        open_gallery(photos, embedder=embedder)


def test_a_cache_that_cannot_be_written_is_told_before_photos_are_looked_at(photos: Path, embedder: Embedder) -> None:
    (photos.parent / "file").write_text("")
    with pytest.raises(OutputError, match="S2PZOO_CACHE"):
        open_gallery(photos, embedder=embedder, cache=photos.parent / "file", progress=lambda *_: pytest.fail("late"))


def test_a_photo_is_named_with_or_without_its_suffix_unless_two_answer(photos: Path, embedder: Embedder) -> None:
    Image.open(photos / "2.png").save(photos / "2.webp")
    gallery = open_gallery(photos, embedder=embedder)
    assert gallery.names[gallery.row("4")] == "4.png"
    assert gallery.names[gallery.row("2.webp")] == "2.webp"
    with pytest.raises(GalleryError, match="has 2 photos '2'"):
        gallery.row("2")
    with pytest.raises(GalleryError, match="has no photo 'nine'"):
        gallery.row("nine")
