"""Exact nearest neighbours of a few codes among tens of thousands, fast on a CPU.

Reading the whole bank is what costs. So codes are compared along a few directions first: the distance there never
exceeds the true one, which makes it a bound. The best candidates by that bound are measured in full; then every other
sample whose bound lies below the last neighbour found is measured too. What is left out cannot be nearer.
"""

from __future__ import annotations

import torch
from torch import Tensor

SMALL = 4096  # samples up to which reading everything is as fast
_FIRST = 64  # candidates measured before the others are excluded
_SPARE = 16  # samples measured again after |x|^2 - 2 x.q + |q|^2 has chosen: it loses digits
_ROUNDING = 1e-5  # of the squared lengths, more than a bound in float32 can be off


class NeighbourIndex:
    """Nearest neighbours in a bank (P,N,D): for each of P components its own samples. Moves with nothing: make anew."""

    def __init__(self, bank: Tensor) -> None:
        """An eighth of D are the directions that are compared first; a small or narrow bank is read whole."""
        self.bank = bank
        _, samples, width = bank.shape
        self.directions = width // 8 if samples > SMALL else 0
        self._norms: Tensor | None = None
        self._coarse: tuple[Tensor, Tensor, Tensor, Tensor] | None = None

    def __call__(self, codes: Tensor, k: int, *, allowed: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The `k` nearest samples of each code: squared distances (M,P,k), ascending, and indices (M,P,k).

        `codes` (M,P,D); `allowed` (N,) bool restricts the samples, of which there must be `k` or more.
        """
        queries = codes.transpose(0, 1)  # P,M,D
        found = self._bounded(queries, k, allowed) if self.directions else None
        distance, index = found or self._everything(queries, k, allowed)
        return distance.transpose(0, 1), index.transpose(0, 1)

    def _everything(self, queries: Tensor, k: int, allowed: Tensor | None) -> tuple[Tensor, Tensor]:
        if self._norms is None:
            self._norms = self.bank.square().sum(-1)[:, None]
        squared = torch.baddbmm(self._norms, queries, self.bank.mT, alpha=-2)  # P,M,N; but for |q|^2
        if allowed is not None:
            squared = squared.masked_fill(~allowed, torch.inf)
        return self._measured(queries, squared, min(k + _SPARE, squared.shape[-1]), k)

    def _bounded(self, queries: Tensor, k: int, allowed: Tensor | None) -> tuple[Tensor, Tensor] | None:
        """As `_everything`; None where the bound excludes too little to be worth it."""
        mean, axes, reduced, norms = self._directions()
        coarse = (queries - mean) @ axes
        bound = torch.baddbmm(norms, coarse, reduced, alpha=-2)  # P,M,N; but for |coarse|^2
        if allowed is not None:
            bound = bound.masked_fill(~allowed, torch.inf)
        lengths = coarse.square().sum(-1, keepdim=True)
        samples = bound.shape[-1]
        first = min(max(_FIRST, 2 * k), samples)
        found = self._measured(queries, bound, first, k)
        slack = _ROUNDING * (lengths + norms.amax(-1, keepdim=True))
        nearer = int((bound + lengths <= found[0][..., -1:] + slack).sum(-1).max())
        if nearer <= first:
            return found
        return self._measured(queries, bound, nearer, k) if nearer <= samples // 8 else None

    def _measured(self, queries: Tensor, score: Tensor, candidates: int, k: int) -> tuple[Tensor, Tensor]:
        """The k nearest, measured in full, among the candidates of lowest score (P,M,N); infinite ones are out."""
        score, index = score.topk(candidates, dim=-1, largest=False)
        rows = torch.arange(len(self.bank), device=index.device)[:, None, None]
        squared = (self.bank[rows, index] - queries[:, :, None]).square().sum(-1)
        distance, best = squared.masked_fill(score.isinf(), torch.inf).topk(k, dim=-1, largest=False)
        return distance, index.gather(-1, best)

    def _directions(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Mean (P,1,D), axes (P,D,d), samples along them (P,d,N), their squared lengths (P,1,N). Made at first use."""
        if self._coarse is None:
            mean = self.bank.mean(1, keepdim=True)
            axes = _leading_axes(self.bank[:, :: self.bank.shape[1] // SMALL + 1] - mean, self.directions)
            reduced = (self.bank @ axes - mean @ axes).mT.contiguous()
            self._coarse = mean, axes, reduced, reduced.square().sum(1, keepdim=True)
        return self._coarse


def _leading_axes(centred: Tensor, count: int) -> Tensor:
    """About the first `count` principal axes (P,D,count) of (P,N,D), by subspace iteration.

    Orthonormal to rounding, which is all that the bound needs; how near they are to the principal ones is only speed.
    """
    generator = torch.Generator(centred.device).manual_seed(0)
    axes = torch.randn(*centred.shape[::2], count, generator=generator, device=centred.device, dtype=centred.dtype)
    for _ in range(4):
        axes = torch.linalg.qr(centred.mT @ (centred @ axes)).Q
    return axes
