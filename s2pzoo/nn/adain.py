"""AdaIN: features of one picture with the statistics of another's (Huang and Belongie 2017, arXiv:1703.06868)."""

from __future__ import annotations

import torch
from torch import Tensor


def mean_std(x: Tensor, eps: float = 1e-5, *, weight: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Mean and deviation of each channel of each picture: (N,C,H,W), two positions or more -> twice (N,C,1,1).

    The variance is unbiased and `eps` is added to it, as the authors do. With the `weight` of each position, (N,1,H,W)
    of 0 or more, mean and (biased) variance are weighted; where all weights are 0, both are 0.
    """
    if weight is None:
        variance, mean = torch.var_mean(x, dim=(2, 3), keepdim=True)
    else:
        share = weight / weight.sum((2, 3), keepdim=True).clamp(min=eps)
        mean = (x * share).sum((2, 3), keepdim=True)
        variance = ((x - mean).square() * share).sum((2, 3), keepdim=True)
    return mean, (variance + eps).sqrt()


def adain(
    content: Tensor,
    style: Tensor,
    *,
    eps: float = 1e-5,
    weights: tuple[Tensor, Tensor] | tuple[None, None] = (None, None),
) -> Tensor:
    """sigma(style) (content - mu(content)) / sigma(content) + mu(style), channel by channel (eq. 8).

    Args:
        content: (N,C,H,W).
        style: (N,C,h,w), or (1,C,h,w) for all.
        weights: how much each position of either counts, (N,1,H,W) and (N,1,h,w) or (1,1,h,w); None: all the same.

    Raises:
        ValueError: other channels, or another number of pictures.
    """
    if style.shape[1] != content.shape[1] or len(style) not in (1, len(content)):
        raise ValueError(f"A style of shape {tuple(style.shape)} does not fit content of {tuple(content.shape)}.")
    mean, std = mean_std(content, eps, weight=weights[0])
    wanted_mean, wanted_std = mean_std(style, eps, weight=weights[1])
    return wanted_std * ((content - mean) / std) + wanted_mean
