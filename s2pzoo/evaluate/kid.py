"""Kernel distance between two sets of photos (Binkowski et al. 2018, arXiv:1801.01401), here on any features.

Unlike FID it is not biased by how few the photos are. Its features are brought to unit size first, so on the SqueezeNet
backbone it is called unit KID-squeeze: it compares only with its own kind, and not with KIDs of raw features.
"""

from __future__ import annotations

import torch
from torch import Tensor

from s2pzoo.errors import DataError

_CHUNK = 1024


@torch.no_grad()
def kernel_distance(fake: Tensor, real: Tensor) -> float:
    """Squared MMD of all features (N,D) from all features (M,D); about 0, or a little below, where they are alike.

    The kernel is (x y / D + 1)^3, with x and y scaled so that the mean square of the real ones is 1. It was made for
    Inception's features, which are of that size; those of SqueezeNet are six times as large, and the 1 would be lost.

    Raises:
        DataError: fewer than two of either.
    """
    if min(len(fake), len(real)) < 2:
        raise DataError(f"A distribution needs two samples or more; got {len(fake)} and {len(real)}.")
    unit = real.double().square().mean().sqrt().clamp(min=1e-12)
    x, y = fake.double() / unit, real.double() / unit
    return _within(x) + _within(y) - 2 * _total(x, y) / (len(x) * len(y))


def _within(x: Tensor) -> float:
    """The kernel's mean over pairs of different samples."""
    itself = float(_cube(x.square().sum(1), x.shape[1]).sum())
    return (_total(x, x) - itself) / (len(x) * (len(x) - 1))


def _total(x: Tensor, y: Tensor) -> float:
    return sum(float(_cube(part @ y.T, x.shape[1]).sum()) for part in x.split(_CHUNK))


def _cube(products: Tensor, dim: int) -> Tensor:
    return (products / dim + 1) ** 3
