"""Frechet distance between two sets of photos (Heusel et al. 2017, arXiv:1706.08500), here on any features.

On the SqueezeNet backbone it is called FID-squeeze: its numbers compare with each other and never with FIDs of another
backbone, another image size, or another number of samples.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import linalg
from torch import Tensor

from s2pzoo.errors import BadInputError, DataError
from s2pzoo.metrics.backbone import SqueezeBackbone, squeeze_features

Array = NDArray[np.float64]


class Moments:
    """Mean and covariance of feature vectors (N,D) that come in batches. In float64; memory is that of one matrix.

    Sums are kept about the first batch's mean, so that a large common offset costs no digits.
    """

    def __init__(self) -> None:
        self.count = 0
        self._shift: Array = np.zeros(0)
        self._sum: Array = np.zeros(0)
        self._outer: Array = np.zeros((0, 0))

    def update(self, features: Tensor | NDArray[np.floating]) -> None:
        """Add features (N,D)."""
        array = features.detach().cpu().numpy() if isinstance(features, Tensor) else features
        batch = np.asarray(array, dtype=np.float64)
        if batch.ndim != 2 or (self.count and batch.shape[1] != len(self._shift)):
            raise BadInputError(f"Features must be (N,D) with one D throughout; got {batch.shape}.")
        if not np.isfinite(batch).all():
            raise BadInputError("The features are not finite.")
        if not len(batch):
            return
        if not self.count:
            self._shift = batch.mean(axis=0)
            self._sum = np.zeros_like(self._shift)
            self._outer = np.zeros((len(self._shift), len(self._shift)))
        centred = batch - self._shift
        self._sum += centred.sum(axis=0)
        self._outer += centred.T @ centred
        self.count += len(batch)

    @property
    def mean(self) -> Array:
        """(D,)"""
        self._require_two()
        return self._shift + self._sum / self.count

    @property
    def covariance(self) -> Array:
        """(D,D), unbiased (divided by N - 1)."""
        self._require_two()
        return (self._outer - np.outer(self._sum, self._sum) / self.count) / (self.count - 1)

    def _require_two(self) -> None:
        if self.count < 2:
            raise DataError(f"A distribution needs two samples or more; got {self.count}.")


def frechet_distance(one: Moments, other: Moments) -> float:
    """|m1 - m2|^2 + trace(C1 + C2 - 2 (C1 C2)^(1/2)), zero or more.

    The trace of the square root is taken as the sum of square roots of the eigenvalues of C1^(1/2) C2 C1^(1/2): these
    are those of C1 C2, and the matrix is symmetric and positive, so that fewer samples than features (singular
    covariances) give neither complex numbers nor a failing iteration.
    """
    difference = one.mean - other.mean
    first, second = one.covariance, other.covariance
    values, vectors = linalg.eigh(first)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    middle = root @ second @ root
    cross = np.sqrt(np.clip(linalg.eigvalsh((middle + middle.T) / 2), 0, None)).sum()
    return max(0.0, float(difference @ difference + np.trace(first) + np.trace(second) - 2 * cross))


class FidSqueeze:
    """FID-squeeze of photos (N,3,H,W) in [0,1], at the size they have.

    Args:
        backbone: see load_backbone.
    """

    def __init__(self, *, backbone: SqueezeBackbone) -> None:
        self.backbone = backbone
        self.real = Moments()
        self.fake = Moments()

    def update(self, images: Tensor, *, real: bool) -> None:
        """Add photos to the real or the fake side."""
        (self.real if real else self.fake).update(squeeze_features(images, backbone=self.backbone))

    def compute(self) -> float:
        """The distance. State it with `count` of both sides: with few samples it is biased upwards."""
        return frechet_distance(self.real, self.fake)
