"""The simplification network, its loss map, the drawings it learns from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from s2pzoo_simplify.config import PRESETS, SimplifyConfig
from s2pzoo_simplify.example import cleanup
from s2pzoo_simplify.simplify import Simplify, loss_map, rough_and_clean, scribble
from scipy.ndimage import binary_dilation

import s2pzoo
from s2pzoo.errors import PortMismatchError
from s2pzoo.train.loop import train

SQUARE = [np.array([[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8], [0.2, 0.2]], np.float32)]


def test_the_papers_network_has_its_23_convolutions_and_halves_three_times() -> None:
    with torch.device("meta"):
        network = Simplify(PRESETS["paper"])
        made = network(sketch=torch.empty(1, 1, 64, 96))
    convolutions = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d | torch.nn.ConvTranspose2d)]
    assert made.shape == (1, 1, 64, 96)
    assert len(convolutions) == 23
    assert [c.out_channels for c in convolutions[:9]] == [48, 128, 128, 256, 256, 256, 256, 512, 1024]
    assert sum(c.stride == (2, 2) for c in convolutions) == 6
    assert sum(p.numel() for p in network.parameters()) == 44_845_185


@pytest.mark.parametrize("size", [(8, 8), (40, 24)])
def test_it_takes_any_multiple_of_eight(size: tuple[int, int]) -> None:
    network = Simplify(SimplifyConfig(width=3)).eval()
    made = network(sketch=torch.rand(2, 1, *size))
    assert made.shape == (2, 1, *size) and ((made >= 0) & (made <= 1)).all()


def test_in_front_of_a_model_of_another_size_it_is_a_misfit() -> None:
    with pytest.raises(PortMismatchError, match="multiple"):
        s2pzoo.compose([("simplify/network", {"width": 3})], size=100, untrained="allow")


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), height=st.integers(1, 9), width=st.integers(1, 9))
def test_the_loss_map_is_that_of_the_definition(seed: int, height: int, width: int) -> None:
    clean = np.random.default_rng(seed).choice([0.0, 0.15, 0.5, 1.0], size=(height, width))
    kind = np.minimum((clean * 10).astype(int), 9)
    wanted = np.empty_like(clean)
    for y, x in np.ndindex(height, width):
        around = kind[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3]
        wanted[y, x] = np.exp(-(around == kind[y, x]).mean()) + 0.5
    made = loss_map(torch.from_numpy(clean)[None, None].float())
    assert np.allclose(made[0, 0].numpy(), wanted, atol=1e-5)


def test_a_thin_line_counts_more_than_the_paper_around_it() -> None:
    clean = torch.ones(1, 1, 21, 21)
    clean[..., 10, :] = 0
    weight = loss_map(clean)[0, 0]
    assert weight[10, 10] > weight[2, 10]


def test_the_rough_drawing_has_what_the_clean_one_has_and_more() -> None:
    rng = np.random.default_rng(0)
    pairs = [rough_and_clean(SQUARE, rng, size=256) for _ in range(40)]
    for rough, clean in pairs:
        assert rough.shape == clean.shape == (256, 256) and rough.min() >= 0 and rough.max() <= 1
        assert np.allclose(clean, pairs[0][1])  # the hand is unsure, the line is not
        drawn = binary_dilation(rough < np.median(rough) - 0.15, iterations=5)
        assert drawn[clean < 0.3].mean() > 0.7  # but for gaps
    far = np.ones((256, 256), bool)
    far[30:226, 30:226] = False
    assert any((rough[far] < 0.6).any() for rough, _ in pairs)  # scribbles beside it


def test_scribbles_stay_small() -> None:
    rng = np.random.default_rng(1)
    for _ in range(100):
        mark = scribble(rng, size=100)
        assert len(mark) >= 2 and np.ptp(mark, axis=0).max() < 45


def test_training_lowers_its_error(tmp_path: Path) -> None:
    overrides = [*cleanup(tmp_path), "schedule.steps=60", "schedule.lr=0.01", "schedule.decay=none"]
    first: list[float] = []

    def told(step: int, losses: object) -> None:
        first.append(losses["mse"])  # pyright: ignore[reportIndexIssue]

    train("simplify/light", tmp_path, tmp_path / "out", overrides=overrides, progress=False, callbacks=[told])
    assert np.mean(first[-10:]) < 0.6 * np.mean(first[:5])
    assert s2pzoo.load(tmp_path / "out").model.output == "clean_sketch"
