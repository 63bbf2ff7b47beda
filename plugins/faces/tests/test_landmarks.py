from __future__ import annotations

import numpy as np
import pytest
from s2pzoo_faces import painted as synthetic_faces
from s2pzoo_faces.landmarks import TEMPLATES, contours, template

from s2pzoo.errors import DataError
from s2pzoo.imaging.vectorise import Polyline

FACES = {189: synthetic_faces.landmarks(side=256), 70: synthetic_faces.landmarks70(side=256)}


@pytest.fixture(params=TEMPLATES, ids=str)
def points(request: pytest.FixtureRequest) -> np.ndarray:
    return FACES[request.param]


def distance(points: np.ndarray, line: Polyline) -> np.ndarray:
    """From each point to the nearest place on the line."""
    a, b = line[:-1, None], line[1:, None]
    along = ((points - a) * (b - a)).sum(-1) / np.maximum(((b - a) ** 2).sum(-1), 1e-9)
    return np.linalg.norm(points - (a + along.clip(0, 1)[..., None] * (b - a)), axis=-1).min(0)


def test_contours_pass_through_their_landmarks(points: np.ndarray) -> None:
    drawn = contours(points, None, size=256)
    usual = [indices for indices, often in template(points).lines.values() if often > 0.5]
    assert len(drawn) == len(usual) + 4  # two irises, each filled by a scribble
    for indices, line in zip(usual, drawn, strict=False):
        inside = points[[i for i in indices if (points[i] < 256).all()]]
        assert distance(inside, line).max() < 1.0, indices


def test_contours_are_drawn_at_random_with_a_generator(points: np.ndarray) -> None:
    drawn = [contours(points, np.random.default_rng(seed), size=256) for seed in (0, 0, 1)]
    assert all(np.array_equal(a, b) for a, b in zip(drawn[0], drawn[1], strict=True))
    assert [len(line) for line in drawn[0]] != [len(line) for line in drawn[2]]


def test_contours_outside_the_frame_are_left_out(points: np.ndarray) -> None:
    assert contours(points + 1000, None, size=256) == []


def test_irises_lie_about_the_pupils(points: np.ndarray) -> None:
    for pupil, ring in zip(points[:2], template(points).irises(points), strict=True):
        assert np.abs(ring.mean(0) - pupil).max() < 3
        assert 4 < np.hypot(*(ring - ring.mean(0)).T).max() < 9


def test_an_iris_ends_at_the_lids() -> None:
    points = FACES[70].copy()
    points[[39, 40], 1] = points[0, 1] - 2
    points[[42, 43], 1] = points[0, 1] + 3
    ring = template(points).irises(points)[0]
    assert ring[:, 1].min() == pytest.approx(points[0, 1] - 2) and ring[:, 1].max() == pytest.approx(points[0, 1] + 3)


def test_the_outline_goes_once_round_eyes_nose_and_mouth(points: np.ndarray) -> None:
    outline = template(points).outline(points)
    assert len(outline) > 20
    assert (outline.min(0) < points[:2].min(0) - 20).all() and (outline.max(0) > points[:2].max(0) + 20).all()
    centre = points[:2].mean(0) + np.array([0, 20])
    turn = np.unwrap(np.arctan2(*(np.vstack([outline, outline[:1]]) - centre).T))
    assert abs(turn[-1] - turn[0]) == pytest.approx(2 * np.pi, abs=0.01)


def test_a_brow_is_hatched_between_its_edges(points: np.ndarray) -> None:
    for low, high in template(points).brows(points):
        assert low[:, 1].mean() > high[:, 1].mean()
        assert abs(low[:, 0].mean() - high[:, 0].mean()) < 10


def test_an_unknown_number_of_landmarks_is_refused() -> None:
    with pytest.raises(DataError, match=r"5 landmarks(?s:.)*189 or 70"):
        contours(np.zeros((5, 2), np.float32), None, size=256)
