from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from s2pzoo_faces import painted as synthetic_faces
from s2pzoo_faces.portraits import Face, Portrait, Recombiner, ShapeModel, read_portraits, warp

from s2pzoo.errors import DataError


@pytest.fixture(scope="module")
def people(portraits: Path) -> list[Portrait]:
    return read_portraits(portraits)


@pytest.fixture(scope="module")
def recombiner(portraits: Path) -> Recombiner:
    return Recombiner(read_portraits(portraits, split="train"), size=96, seed=3)


def grid(side: int) -> np.ndarray:
    """Landmarks in rows and columns, (81,2)."""
    at = np.linspace(20, side - 21, 9)
    return np.stack(np.meshgrid(at, at), axis=-1).reshape(-1, 2).astype(np.float32)


def picture(photo: np.ndarray, points: np.ndarray) -> Portrait:
    return Portrait(name="a", photo=photo, landmarks=points, tags={"gender": "female", "age": "30"})


def ramp(side: int) -> np.ndarray:
    """A photo whose red is x and green is y, so that a pixel says where it came from."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / (side - 1)
    return np.stack([x, y, np.zeros_like(x)], axis=-1)


def test_portraits_are_read_with_their_tags_and_landmarks(people: list[Portrait]) -> None:
    assert [person.name for person in people] == [f"person-{i}" for i in range(6)]
    first = people[0]
    assert first.photo.shape == (256, 256, 3) and first.photo.dtype == np.float32
    assert 0 <= first.photo.min() < first.photo.max() <= 1
    assert first.landmarks.shape == (189, 2)
    assert first.tags == {"gender": "female", "age": "20"}


def test_a_split_is_read_alone(portraits: Path) -> None:
    assert [person.name for person in read_portraits(portraits, split="test")] == ["person-4", "person-5"]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"not a folder of portraits(?s:.)*info\.csv"):
        read_portraits(tmp_path / "nowhere")


def test_a_split_without_people_is_told(portraits: Path) -> None:
    with pytest.raises(DataError, match="no portrait of the split 'validation'"):
        read_portraits(portraits, split="validation")


def test_warping_into_its_own_shape_gives_the_photo_back(people: list[Portrait]) -> None:
    moved = warp(people[0], people[0].landmarks, size=256)
    assert moved.shape == (256, 256, 3) and moved.dtype == np.float32
    assert np.abs(moved - people[0].photo).mean() < 0.01


def test_warping_into_its_own_shape_at_half_the_size_gives_the_photo_reduced(people: list[Portrait]) -> None:
    moved = warp(people[0], people[0].landmarks, size=128)
    reduced = people[0].photo.reshape(128, 2, 128, 2, 3).mean((1, 3))
    assert moved.shape == (128, 128, 3)
    assert np.abs(moved - reduced).mean() < 0.01


@settings(max_examples=15, deadline=None)
@given(dx=st.floats(-15, 15), dy=st.floats(-15, 15))
def test_a_shifted_shape_moves_the_pixels_there(dx: float, dy: float) -> None:
    side, points = 128, grid(128)
    moved = warp(picture(ramp(side), points), points + np.array([dx, dy], np.float32), size=side)
    inside = slice(45, 83)  # well within the shifted landmarks
    y, x = np.mgrid[0:side, 0:side]
    assert np.abs(moved[..., 0] * (side - 1) - (x - dx))[inside, inside].max() < 0.2
    assert np.abs(moved[..., 1] * (side - 1) - (y - dy))[inside, inside].max() < 0.2


def test_the_border_stays_where_it_is() -> None:
    side, points = 128, grid(128)
    photo = ramp(side)
    moved = warp(picture(photo, points), points + np.float32(8), size=side)
    for edge in (np.s_[0], np.s_[-1], np.s_[:, 0], np.s_[:, -1]):
        assert np.abs(moved[edge] - photo[edge]).max() < 0.02


def test_landmarks_outside_the_frame_do_no_harm() -> None:
    points = np.concatenate([grid(128), [(60, 140), (-5, 60)]]).astype(np.float32)
    moved = warp(picture(ramp(128), points), points, size=128)
    assert np.isfinite(moved).all()
    assert np.abs(moved - ramp(128)).max() < 0.02


def test_a_landmark_that_two_shapes_share_keeps_its_texture_under_a_partial_shift() -> None:
    points = grid(128)
    shape = points.copy()
    shape[points[:, 0] < 60, 1] += 6
    moved = warp(picture(ramp(128), points), shape, size=128)
    x, y = points[49].round().astype(int)  # right of the middle
    assert moved[y, x, :2] * 127 == pytest.approx([x, y], abs=0.7)


def test_shapes_of_the_model_lie_about_its_people(people: list[Portrait]) -> None:
    shapes = np.stack([person.landmarks for person in people])
    model = ShapeModel(shapes)
    rng = np.random.default_rng(0)
    drawn = np.stack([model.sample(rng) for _ in range(200)])
    assert drawn.shape == (200, 189, 2)
    assert np.abs(drawn.mean(0) - shapes.mean(0)).max() < 2
    assert 0.6 < drawn.std(0).mean() / shapes.std(0, ddof=1).mean() < 1.1


def test_a_model_of_one_person_gives_that_person(people: list[Portrait]) -> None:
    model = ShapeModel(people[0].landmarks[None])
    assert np.allclose(model.sample(np.random.default_rng(0)), people[0].landmarks, atol=1e-3)


def test_a_face_is_a_function_of_seed_and_index(portraits: Path, recombiner: Recombiner) -> None:
    again = Recombiner(read_portraits(portraits, split="train"), size=96, seed=3)
    for index in (5, 2):  # in any order
        one, other = recombiner(index), again(index)
        assert np.array_equal(one.photo, other.photo)
        assert np.array_equal(one.landmarks, other.landmarks)
        assert one.tags == other.tags


def test_another_seed_gives_another_face(portraits: Path, recombiner: Recombiner) -> None:
    other = Recombiner(read_portraits(portraits, split="train"), size=96, seed=4)
    assert not np.array_equal(recombiner(0).photo, other(0).photo)


def test_distinct_indices_give_distinct_faces(recombiner: Recombiner) -> None:
    faces = [recombiner(index) for index in range(12)]
    assert len({face.photo.tobytes() for face in faces}) == 12
    assert len({face.landmarks.tobytes() for face in faces}) == 12


def test_textures_come_from_the_given_people_only(recombiner: Recombiner) -> None:
    assert {recombiner(index).tags["person"] for index in range(8)} == {f"person-{i}" for i in range(4)}


def test_a_face_carries_the_tags_of_its_texture(people: list[Portrait], recombiner: Recombiner) -> None:
    tags = {person.name: person.tags for person in people}
    for index in range(4):
        face = recombiner(index)
        assert face.tags == {"person": (name := face.tags["person"]), **tags[name]}


def test_faces_are_canonical_and_their_landmarks_lie_on_them(recombiner: Recombiner) -> None:
    for index in range(8):
        face: Face = recombiner(index)
        assert face.photo.shape == (96, 96, 3) and face.photo.dtype == np.float32
        assert np.isfinite(face.photo).all() and face.photo.min() >= 0 and face.photo.max() <= 1
        luma = face.photo.mean(-1)
        for pupil in face.landmarks[:2].round().astype(int):  # irises are dark, the skin beside the nose is not
            assert luma[pupil[1], pupil[0]] < 0.7 * luma[int(face.landmarks[164:170, 1].mean()), pupil[0]]


def test_half_of_the_faces_are_mirrored(recombiner: Recombiner) -> None:
    mirrored = [recombiner(index).landmarks[0, 0] > recombiner(index).landmarks[1, 0] for index in range(20)]
    assert 4 < sum(mirrored) < 16


def test_pictures_on_other_backgrounds_and_of_non_commercial_licences_are_left_out(tmp_path: Path) -> None:
    folder = synthetic_faces.write_portraits(tmp_path / "faces", people=4, held_out=0, side=64)
    rows = (folder / "info.csv").read_text().splitlines()
    tags = ["licence,background", "CC0 1.0,plain", "CC BY-NC-SA 4.0,plain", "MIT,original", "MIT,plain"]
    (folder / "info.csv").write_text("\n".join(f"{row},{tag}" for row, tag in zip(rows, tags, strict=True)))
    assert [one.name for one in read_portraits(folder)] == ["person-0", "person-3"]
    assert [one.name for one in read_portraits(folder, noncommercial=True)] == ["person-0", "person-1", "person-3"]
