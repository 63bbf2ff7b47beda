from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from s2pzoo_faces.corpus import (
    Corpus,
    build_corpus,
    clean_sketch,
    hair_strokes,
    open_corpus,
    pencil,
    portrait_lines,
    random_sketch,
)
from s2pzoo_faces.portraits import Portrait, Recombiner, read_portraits

from s2pzoo.errors import DataError
from s2pzoo.imaging.rough import LEVELS


@pytest.fixture(scope="module")
def folder(portraits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of 10 faces of 96 pixels, made by two processes."""
    out = tmp_path_factory.mktemp("corpus") / "train"
    build_corpus(portraits, out, count=10, size=96, seed=5, workers=2)
    return out


@pytest.fixture(scope="module")
def corpus(folder: Path) -> Corpus:
    return open_corpus(folder)


@pytest.fixture(scope="module")
def person(portraits: Path) -> Portrait:
    return read_portraits(portraits)[0]


def test_a_corpus_is_read_back_as_it_was_made(portraits: Path, corpus: Corpus) -> None:
    assert len(corpus) == 10 and corpus.size == 96
    assert corpus.landmarks.shape == (10, 189, 2)
    recombiner = Recombiner(read_portraits(portraits, split="train"), shapes=read_portraits(portraits), size=96, seed=5)
    for index in (0, 7):
        face = recombiner(index)
        assert np.abs(corpus.photo(index) - face.photo).max() <= 0.5 / 255 + 1e-6
        assert np.abs(corpus.clean(index) - clean_sketch(face.photo, face.landmarks)).max() <= 0.5 / 255 + 1e-6
        assert np.array_equal(corpus.landmarks[index], face.landmarks)
        assert corpus.tags[index] == face.tags


def test_the_people_of_a_split_stay_in_it(corpus: Corpus) -> None:
    assert {person["person"] for person in corpus.tags} == {f"person-{i}" for i in range(4)}


def test_the_test_split_has_only_its_own_textures(portraits: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    held_out = build_corpus(
        portraits, tmp_path / "test", count=3, size=64, split="test", progress=lambda *at: seen.append(at)
    )
    assert {person["person"] for person in held_out.tags} == {"person-4", "person-5"}
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_the_number_of_processes_changes_nothing(portraits: Path, corpus: Corpus, tmp_path: Path) -> None:
    alone = build_corpus(portraits, tmp_path / "alone", count=2, size=96, seed=5)
    assert np.array_equal(alone.photos, corpus.photos[:2])
    assert np.array_equal(alone.cleans, corpus.cleans[:2])


def test_photos_and_sketches_are_canonical(corpus: Corpus) -> None:
    assert corpus.photo(0).shape == (96, 96, 3) and corpus.photo(0).dtype == np.float32
    for level in LEVELS:
        sketch = corpus.sketch(0, np.random.default_rng(0), level=level)
        assert sketch.shape == (96, 96) and sketch.dtype == np.float32


def test_white_stays_white(portraits: Path, tmp_path: Path) -> None:
    white = shutil.copytree(portraits, tmp_path / "white")
    for file in (white / "photo").iterdir():
        Image.new("RGB", (256, 256), (255, 255, 255)).save(file)
    made = build_corpus(white, tmp_path / "out", count=8, size=48)
    assert made.photos.min() > 220


@pytest.mark.parametrize("missing", ["photos.npy", "cleans.npy", "landmarks.npy", "people.json"])
def test_a_folder_that_lacks_a_part_is_no_corpus(folder: Path, tmp_path: Path, missing: str) -> None:
    broken = shutil.copytree(folder, tmp_path / "broken")
    (broken / missing).unlink()
    with pytest.raises(DataError, match=r"not a face corpus(?s:.)*s2pzoo corpus"):
        open_corpus(broken)


def test_damaged_files_are_no_corpus(folder: Path, tmp_path: Path) -> None:
    broken = shutil.copytree(folder, tmp_path / "broken")
    (broken / "people.json").write_text(json.dumps([])[:-1])
    with pytest.raises(DataError, match="not a face corpus"):
        open_corpus(broken)


def test_a_missing_folder_of_portraits_makes_no_corpus(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not a folder of portraits"):
        build_corpus(tmp_path / "nowhere", tmp_path / "out", count=2)
    assert not (tmp_path / "out").exists()


def test_a_clean_sketch_has_dark_lines_on_white_paper(person: Portrait) -> None:
    sketch = clean_sketch(person.photo, person.landmarks)
    assert sketch.shape == (256, 256) and sketch.dtype == np.float32
    assert sketch.min() < 0.1 and sketch.max() == 1
    assert 0.01 < (sketch < 0.5).mean() < 0.15
    assert np.array_equal(sketch, clean_sketch(person.photo, person.landmarks))


def test_a_portrait_has_its_hair_from_the_photo_and_its_face_from_the_landmarks(person: Portrait) -> None:
    blank = np.ones_like(person.photo)
    face_only = portrait_lines(blank, person.landmarks)
    with_hair = portrait_lines(person.photo, person.landmarks)
    assert len(with_hair) > len(face_only)
    hair = with_hair[len(face_only) :]
    mouth = person.landmarks[87:109].mean(0)
    assert all(np.hypot(*(line.mean(0) - mouth)) > 20 for line in hair)


@pytest.mark.parametrize("level", list(LEVELS))
def test_random_sketches_stay_in_range_and_differ(person: Portrait, level: str) -> None:
    rng = np.random.default_rng(1)
    sketches = [random_sketch(person.photo, person.landmarks, rng, level=level) for _ in range(8)]
    for sketch in sketches:
        assert sketch.shape == (256, 256) and sketch.dtype == np.float32
        assert sketch.min() >= 0 and sketch.max() <= 1
        assert (sketch > 0.9).mean() > 0.6
    assert len({sketch.tobytes() for sketch in sketches}) == 8
    assert sum(sketch.min() < 0.6 for sketch in sketches) >= 6


def test_a_random_sketch_is_a_function_of_its_generator(person: Portrait) -> None:
    one, other = (
        random_sketch(person.photo, person.landmarks, np.random.default_rng(7), level="rough") for _ in range(2)
    )
    assert np.array_equal(one, other)


def test_an_unknown_level_is_an_error(person: Portrait) -> None:
    with pytest.raises(KeyError):
        random_sketch(person.photo, person.landmarks, np.random.default_rng(0), level="wild")


NO_FACE = np.full((4, 2), -1, np.float32)


def test_hair_strokes_lie_on_what_is_dark_and_follow_its_flow() -> None:
    photo = np.full((128, 128, 3), 0.9, np.float32)
    photo[:, 20:60] = 0.05
    photo[:, 24:60:8] = 0.2  # dark vertical strands
    strokes = hair_strokes(photo, NO_FACE, np.random.default_rng(0))
    assert len(strokes) > 20
    starts = np.array([stroke[0] for stroke in strokes])
    assert starts[:, 0].min() > 15 and starts[:, 0].max() < 65
    reach = np.abs(np.array([stroke[-1] - stroke[0] for stroke in strokes]))
    assert np.median(reach[:, 1]) > 4 * np.median(reach[:, 0])


def test_light_pictures_have_no_hair_strokes() -> None:
    assert hair_strokes(np.full((64, 64, 3), 0.9, np.float32), NO_FACE, np.random.default_rng(1)) == []


@pytest.mark.parametrize("skin", [0.3, 0.8])
def test_a_beard_has_strokes_and_the_skin_around_it_has_none_light_or_dark(skin: float) -> None:
    photo = np.full((128, 128, 3), skin, np.float32)
    photo[80:110, 40:90] = 0.05
    face = np.array([(10, 10), (118, 10), (118, 118), (10, 118)], np.float32)
    starts = np.array([stroke[0] for stroke in hair_strokes(photo, face, np.random.default_rng(0))])
    inside = (starts > 10).all(1) & (starts < 118).all(1)
    beard = (starts[:, 0] > 37) & (starts[:, 0] < 93) & (starts[:, 1] > 77) & (starts[:, 1] < 113)
    assert beard.sum() > 20
    assert not (inside & ~beard).any()


def test_a_pencil_shades_what_is_dark_and_leaves_the_rest() -> None:
    photo = np.full((128, 128, 3), 0.9, np.float32)
    photo[:, :60] = 0.05
    for seed in range(6):
        shaded = pencil(photo, np.random.default_rng(seed))
        assert shaded.shape == (128, 128) and shaded.dtype == np.float32
        assert shaded[:, 70:].min() == 1
        assert shaded[:, :50].mean() < 0.85 and shaded.min() >= 0


def test_some_sketches_are_a_few_contours_and_some_papers_are_not_white(corpus: Corpus) -> None:
    rng = np.random.default_rng(0)
    drawn = [corpus.sketch(1, rng, level="rough") for _ in range(60)]
    ink = np.array([(one < 0.7).mean() for one in drawn])
    assert ink.min() < ink.max() / 6
    assert 2 < sum(one.max() < 1 for one in drawn) < 25
