"""Frechet distance between two sets of photos (Heusel et al. 2017, arXiv:1706.08500), here on any features.

On the SqueezeNet backbone it is called FID-squeeze: its numbers compare with each other and never with FIDs of another
backbone, another image size, or another number of samples.
"""

from __future__ import annotations

from torch import Tensor, nn

from s2pzoo.errors import BadInputError, DataError, MissingExtraError


def frechet_distance(fake: Tensor, real: Tensor) -> float:
    """|m1 - m2|^2 + trace(C1 + C2 - 2 (C1 C2)^(1/2)) of features (N,D) and (M,D), zero or more; by torchmetrics.

    Raises:
        BadInputError: other shapes, or features that are not finite.
        DataError: fewer than two of either.
        MissingExtraError: torchmetrics is not installed.
    """
    try:
        from torchmetrics.image.fid import FrechetInceptionDistance
    except ImportError as error:
        raise MissingExtraError("FID needs torchmetrics.", extra="eval", why=str(error)) from error
    if fake.ndim != 2 or real.ndim != 2 or fake.shape[1] != real.shape[1]:
        raise BadInputError(f"Features must be (N,D) and (M,D); got {tuple(fake.shape)} and {tuple(real.shape)}.")
    if min(len(fake), len(real)) < 2:
        raise DataError(f"A distribution needs two samples or more; got {len(fake)} and {len(real)}.")
    if not (fake.isfinite().all() and real.isfinite().all()):
        raise BadInputError("The features are not finite.")
    metric = FrechetInceptionDistance(feature=_Given(real.shape[1]))
    metric.update(real.double(), real=True)
    metric.update(fake.double(), real=False)
    return max(0.0, float(metric.compute()))


class _Given(nn.Module):
    """What it is given is features already."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.num_features = dim

    def forward(self, features: Tensor) -> Tensor:
        return features
