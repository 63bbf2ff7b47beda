from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import linalg
from torch import Tensor

from s2pzoo.errors import BadInputError, DataError
from s2pzoo.evaluate.fid import frechet_distance
from s2pzoo.nn.squeezenet import load_backbone, squeeze_features


def features(samples: np.ndarray) -> Tensor:
    return torch.from_numpy(np.asarray(samples, np.float64))


def exactly(mean: list[float], variances: list[float]) -> np.ndarray:
    """Samples whose mean and diagonal, unbiased covariance are exactly these: one pair of points per axis."""
    dim = len(mean)
    points = [
        sign * np.eye(dim)[axis] * np.sqrt(variances[axis] * (2 * dim - 1) / 2)
        for axis in range(dim)
        for sign in (1, -1)
    ]
    return np.array(points) + np.array(mean)


def test_the_distance_of_gaussians_by_hand() -> None:
    one = features(exactly([0.0, 0.0], [1.0, 4.0]))
    other = features(exactly([3.0, 4.0], [9.0, 1.0]))
    # 3^2 + 4^2 + (1 - 3)^2 + (2 - 1)^2: for diagonal covariances the squared difference of deviations
    assert frechet_distance(one, other) == pytest.approx(30.0)
    assert frechet_distance(other, one) == pytest.approx(30.0)
    assert frechet_distance(one, one) == pytest.approx(0.0, abs=1e-9)


def test_the_distance_is_that_of_the_matrix_square_root() -> None:
    rng = np.random.default_rng(1)
    one, other = (features(rng.normal(size=(200, 6)) @ rng.normal(size=(6, 6)) + rng.normal(size=6)) for _ in range(2))
    first, second = np.cov(one.numpy(), rowvar=False), np.cov(other.numpy(), rowvar=False)
    root = np.real(linalg.sqrtm(first @ second))
    apart = one.mean(0) - other.mean(0)
    expected = float(apart @ apart) + np.trace(first + second - 2 * root)
    assert frechet_distance(one, other) == pytest.approx(expected, rel=1e-8)


def test_fewer_samples_than_features_still_give_a_distance() -> None:
    rng = np.random.default_rng(2)
    one, other = (features(rng.normal(size=(10, 64))) for _ in range(2))
    assert frechet_distance(one, other) > 0
    assert frechet_distance(one, one) == pytest.approx(0.0, abs=1e-6)


def test_what_is_no_set_of_features_is_refused() -> None:
    two = torch.zeros(2, 3)
    with pytest.raises(BadInputError):
        frechet_distance(torch.zeros(3), two)
    with pytest.raises(BadInputError, match="finite"):
        frechet_distance(torch.full((2, 3), torch.nan), two)
    with pytest.raises(BadInputError):
        frechet_distance(two, torch.zeros(2, 4))
    with pytest.raises(DataError, match="two samples"):
        frechet_distance(two, torch.zeros(1, 3))


def test_fid_of_photos_is_zero_for_the_same_set_and_grows_with_the_difference(
    backbone_file: Path, photos: Tensor
) -> None:
    backbone = load_backbone(backbone_file)
    real = squeeze_features(photos, backbone=backbone)

    def fid(fakes: Tensor) -> float:
        return frechet_distance(squeeze_features(fakes, backbone=backbone), real)

    assert fid(photos.flip(0)) == pytest.approx(0.0, abs=1e-6)
    assert fid(photos * 0.5) > fid(photos * 0.95) > 0
