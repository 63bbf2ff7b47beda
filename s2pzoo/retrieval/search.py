"""The nearest of many features, exact to the last digit."""

from __future__ import annotations

import torch
from torch import Tensor

from s2pzoo.nn.nearest import NeighbourIndex

_SPARE = 32
_CHUNK = 64


class Searcher:
    """Exact L2 search among features (N,D) float32.

    `nn.nearest` chooses a few more candidates than are asked for; their distances are computed anew in float64, and
    equals are told apart by their row.
    """

    def __init__(self, features: Tensor) -> None:
        self.features = features
        self._index = NeighbourIndex(features[None])

    def __call__(self, queries: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """Queries (M,D) -> distances (M,k) float64, the smallest first, and rows (M,k); k is at most N."""
        k = min(k, len(self.features))
        parts = [self._nearest(part, k) for part in queries.split(_CHUNK)]
        distances, rows = zip(*parts, strict=True)
        return torch.cat(distances), torch.cat(rows)

    def _nearest(self, queries: Tensor, k: int) -> tuple[Tensor, Tensor]:
        candidates = min(k + _SPARE, len(self.features))
        rows = self._index(queries[:, None], candidates)[1][:, 0].sort(dim=1).values
        exact = (self.features[rows].double() - queries[:, None].double()).norm(dim=2)
        distances, order = exact.sort(dim=1, stable=True)
        return distances[:, :k], rows.gather(1, order[:, :k])
