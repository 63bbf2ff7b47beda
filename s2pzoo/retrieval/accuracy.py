"""acc@K: the share of drawings whose true photo is among the K nearest."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


def ranks(queries: Tensor, features: Tensor, truth: Tensor) -> Tensor:
    """The place of the true photo among all, 1 for the nearest; (M,).

    Photos that are just as near count as nearer, so that features which tell nothing apart find nothing.

    Args:
        queries: (M,D)
        features: (N,D)
        truth: (M,) row of the true photo of each query.
    """
    exact, places = features.double(), []
    for query, row in zip(queries.double(), truth.tolist(), strict=True):
        distances = (exact - query).norm(dim=1)
        places.append((distances <= distances[row]).sum())
    return torch.stack(places)


def accuracy(places: Tensor, ks: Iterable[int]) -> dict[int, float]:
    """K -> acc@K in [0,1], of the places (M,) that `ranks` gives."""
    return {k: (places <= k).double().mean().item() for k in ks}
