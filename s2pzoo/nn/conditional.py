"""One network for several categories: conditional normalisation (Dumoulin et al. 2017, arXiv:1610.07629).

Pictures may also lie between categories, as gray ones do between dark and light.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from s2pzoo.errors import BadOptionError, UsageError
from s2pzoo.spec.names import suggest


class Layers(nn.Sequential):
    """As nn.Sequential; layers that have `takes_shares` are told the shares (N,K), how much of each category it is."""

    takes_shares = True

    def forward(self, x: Tensor, shares: Tensor | None = None) -> Tensor:
        for layer in self:
            x = layer(x, shares) if getattr(layer, "takes_shares", False) else layer(x)
        return x


class ConditionalNorm2d(nn.Module):
    """(N,C,H,W) -> the same: `norm`, then scale and shift of each picture's category, or between those of several.

    New, it is `norm` alone.

    Raises:
        UsageError: it is told no shares.
    """

    takes_shares = True

    def __init__(self, norm: nn.Module, channels: int, classes: int) -> None:
        super().__init__()
        self.norm = norm
        self.weight = nn.Parameter(torch.ones(classes, channels))
        self.bias = nn.Parameter(torch.zeros(classes, channels))

    def forward(self, x: Tensor, shares: Tensor | None = None) -> Tensor:
        if shares is None:
            raise UsageError("A conditional network runs without a category.", fix="Give the shares of each.")
        # Not a matrix product, which autocast would round.
        tables = (self.weight, self.bias)
        scale, shift = ((shares[..., None] * table).sum(1)[..., None, None].to(x.dtype) for table in tables)
        return self.norm(x) * scale + shift


class ConditionalInstanceNorm2d(ConditionalNorm2d):
    """Of instance normalisation; a norm factory as `partial(ConditionalInstanceNorm2d, classes=2)`."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__(nn.InstanceNorm2d(channels), channels, classes)


def category_shares(category: str | int | Tensor | None, classes: Sequence[str], like: Tensor) -> Tensor | None:
    """The shares (N,K) of pictures `like` (N,...), each of one category; None where there are none and none is given.

    Arguments and errors of `category_index`.
    """
    if category is None and not classes:
        return None
    index = category_index(category, classes, len(like)).to(like.device)
    return functional.one_hot(index, len(classes)).float()


def category_index(category: str | int | Tensor | None, classes: Sequence[str], n: int) -> Tensor:
    """The categories of `n` pictures as a long tensor (n,), of indices into `classes`.

    Args:
        category: a name or an index for all pictures, or integers (n,), one for each; a tensor keeps its device.

    Raises:
        BadOptionError: none given, an unknown one, or not one for each picture.
    """
    known = f"It knows {', '.join(classes)}." if classes else "It knows no categories."
    if isinstance(category, str):
        if category not in classes:
            near = suggest(category, classes)
            fix = f"Did you mean {' or '.join(map(repr, near))}?" if near else ""
            raise BadOptionError(f"There is no category {category!r}.", why=known, fix=fix)
        category = classes.index(category)
    if category is None:
        raise BadOptionError("This network wants a category.", why=known, fix="Give the name of one.")
    index = torch.as_tensor(category)
    if index.is_floating_point() or index.dtype == torch.bool or index.numel() not in (1, n) or index.dim() > 1:
        raise BadOptionError(
            f"A category cannot be {index.dtype} of shape {tuple(index.shape)}.",
            why=f"There are {n} pictures.",
            fix="Give a name, an index, or one integer for each picture.",
        )
    index = index.long().reshape(-1).expand(n)
    wrong = index[(index < 0) | (index >= len(classes))]
    if len(wrong):
        raise BadOptionError(f"There is no category number {int(wrong[0])}.", why=known, fix="They count from 0.")
    return index
