"""Components that lie off their places, and how they are brought there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from s2pzoo_deepfacedrawing.config import Face, WindowsConfig
from s2pzoo_deepfacedrawing.windows import PlacedWindows, WindowsRules, corners, inverse, moved, random_moves
from torch import Tensor

import s2pzoo
from s2pzoo.train.loop import train


def cross(at: tuple[int, int], side: int = 64) -> Tensor:
    """A sketch with one cross of 5 pixels at (x, y)."""
    sketch, (x, y) = torch.ones(1, 1, side, side), at
    sketch[..., y, x - 2 : x + 3] = 0
    sketch[..., y - 2 : y + 3, x] = 0
    return sketch


def centre(sketch: Tensor) -> tuple[float, float]:
    """The middle of the ink, in pixels."""
    ink = 1 - sketch[0, 0]
    return tuple(float((ink.sum(axis) * torch.arange(len(ink))).sum() / ink.sum()) for axis in (0, 1))  # pyright: ignore[reportReturnType]


def test_windows_that_do_not_move_leave_every_pixel(face: Face) -> None:
    sketch = torch.rand(2, 1, 64, 64)
    assert torch.allclose(moved(sketch, torch.zeros(2, 4, 4), face), sketch, atol=1e-5)


def test_a_component_comes_from_where_theta_points(face: Face) -> None:
    mouth = face.parts[3]
    x, y = mouth.x + mouth.side // 2, mouth.y + mouth.side // 2
    theta = torch.zeros(1, 4, 4)
    theta[0, 3, :2] = torch.tensor([4.0, 2.0]) / face.size
    assert centre(moved(cross((x + 4, y + 2)), theta, face)) == pytest.approx((x, y), abs=0.6)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_move_and_its_inverse_leave_the_corners_where_they_were(seed: int) -> None:
    face = Face()
    theta = random_moves(np.random.default_rng(seed), 1, face, WindowsRules(still=0.0))
    assert torch.allclose(inverse(inverse(theta)), theta, atol=1e-6)
    window = face.parts[0]
    middle = torch.tensor([window.x + window.side / 2, window.y + window.side / 2]) / face.size
    shift, back = corners(theta, face)[0, 0] - middle, inverse(theta)[0, 0]
    c, s = back[2].exp() * back[3].cos(), back[2].exp() * back[3].sin()
    again = shift @ torch.stack([torch.stack([c, s]), torch.stack([-s, c])]) + back[:2]
    assert torch.allclose(again, corners(torch.zeros_like(theta), face)[0, 0] - middle, atol=1e-5)


def test_an_untrained_one_and_fixed_windows_give_the_sketch_itself(face: Face) -> None:
    network, sketch = PlacedWindows(WindowsConfig(face=face)), torch.rand(1, 1, 64, 64)
    assert torch.equal(network(sketch=sketch), sketch)
    torch.nn.init.normal_(network.out[-1].bias)  # pyright: ignore[reportArgumentType]
    assert not torch.equal(network(sketch=sketch), sketch)
    assert torch.equal(network(sketch=sketch, windows="fixed"), sketch)


def test_a_training_makes_a_bundle_that_can_be_put_in_front_of_a_model(corpus: Path, tmp_path: Path) -> None:
    settings = (
        "data.corpus=faces",
        "data.preview=faces",
        "batch=2",
        "data.drawings=4",
        "schedule.steps=2",
        "schedule.minutes=0",
    )
    train("deepfacedrawing/windows", corpus, tmp_path / "run", overrides=settings, progress=False)
    placed = s2pzoo.load(tmp_path / "run")
    assert placed.model.output == "placed"
    assert placed.execute({"sketch": torch.ones(1, 1, 256, 256)}, ["placed"])["placed"].shape == (1, 1, 256, 256)
