"""The nearest of many features: exact, by a matrix product, or by faiss where there are very many."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

LARGE = 20_000
"""From so many features on, faiss is used where it is installed."""

_SPARE = 32
_CHUNK = 64


class Searcher:
    """Exact L2 search among features.

    |q - g|^2 = |q|^2 - 2 q g + |g|^2 is fast and loses digits where q and g are close. So it, or faiss, only chooses
    candidates, a few more than are asked for; their distances are computed anew, and equals are told apart by their
    row. Both ways thus give the same.

    Args:
        features: (N,D) float32.
    """

    def __init__(self, features: Tensor) -> None:
        self.features = features
        self._flat = _faiss_index(features) if len(features) > LARGE else None
        self._squares = features.square().sum(1)

    def __call__(self, queries: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """Queries (M,D) -> distances (M,k) float64, the smallest first, and rows (M,k); k is at most N."""
        k = min(k, len(self.features))
        parts = [self._nearest(part, k) for part in queries.split(_CHUNK)]
        distances, rows = zip(*parts, strict=True)
        return torch.cat(distances), torch.cat(rows)

    def _nearest(self, queries: Tensor, k: int) -> tuple[Tensor, Tensor]:
        rows = self._candidates(queries, min(k + _SPARE, len(self.features))).sort(dim=1).values
        exact = (self.features[rows].double() - queries[:, None].double()).norm(dim=2)
        distances, order = exact.sort(dim=1, stable=True)
        return distances[:, :k], rows.gather(1, order[:, :k])

    def _candidates(self, queries: Tensor, count: int) -> Tensor:
        if self._flat is not None:
            return torch.from_numpy(self._flat.search(queries.numpy(), count)[1])
        return (self._squares - 2 * queries @ self.features.T).topk(count, dim=1, largest=False).indices


def _faiss_index(features: Tensor) -> Any:
    """An exact index of faiss, or None where it is not installed."""
    try:
        import faiss  # pyright: ignore[reportMissingImports]
    except ImportError:
        return None
    index = faiss.IndexFlatL2(features.shape[1])
    index.add(features.numpy())
    return index
