"""How much the photos of one sketch differ, as the papers on many-sided translation measure it: pairwise LPIPS."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def mean_pairwise(versions: Sequence[Tensor], distance: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """For each sketch the mean distance between its photos, (N,).

    Args:
        versions: two or more batches of photos (N,3,H,W), the i-th of each from the i-th sketch.
        distance: of two such batches, (N,).
    """
    return torch.stack([distance(one, other) for one, other in itertools.combinations(versions, 2)]).mean(0)
