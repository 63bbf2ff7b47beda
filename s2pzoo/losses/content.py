"""Losses of colouring and style transfer: intensity, style and content (docs/ups.md; Huang and Belongie 2017).

All are unweighted scalars. The released UPS code takes the intensity loss on pictures in [-1,1], which is twice as
much as here in [0,1].
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor

from s2pzoo.nn.adain import mean_std

_LUMA = (0.299, 0.587, 0.114)  # Rec. 601
_LUMINANCE = (0.212671, 0.715160, 0.072169)  # Y of linear sRGB, D65


def luma(photo: Tensor) -> Tensor:
    """sRGB (N,3,H,W) -> gray (N,1,H,W): .299 R + .587 G + .114 B. A gray stays as it is."""
    return _weighted(photo, _LUMA)


def lightness(photo: Tensor) -> Tensor:
    """sRGB (N,3,H,W), or gray (N,1,H,W), in [0,1] -> L of CIE-Lab (D65) over 100, (N,1,H,W) in [0,1].

    Differentiable everywhere, at black too.
    """
    linear = torch.where(photo <= 0.04045, photo / 12.92, ((photo.clamp(min=0.04045) + 0.055) / 1.055) ** 2.4)
    y = _weighted(linear, _LUMINANCE)
    dark = (6 / 29) ** 3
    root = torch.where(y > dark, y.clamp(min=dark) ** (1 / 3), y / (3 * (6 / 29) ** 2) + 4 / 29)
    return 1.16 * root - 0.16


_SHADE: dict[str, Callable[[Tensor], Tensor]] = {"luma": luma, "lab": lightness}
_DISTANCE: dict[str, Callable[[Tensor], Tensor]] = {
    "mse": lambda difference: difference.square().mean(),
    "l1": lambda difference: difference.abs().mean(),
    "l2": lambda difference: torch.linalg.vector_norm(difference, dim=1).mean(),
}


def intensity(photo: Tensor, gray: Tensor, kind: Literal["luma", "lab"] = "luma") -> Tensor:
    """L_it, the mean of |gray - gray(photo)|: the colours may be any, the shading is given.

    Args:
        photo: (N,3,H,W) in [0,1].
        gray: (N,1,H,W) in [0,1], luma.
        kind: what is compared: luma (released code), or the lightness of CIE-Lab of both.
    """
    shade = _SHADE[kind]
    return (shade(photo) - shade(gray)).abs().mean()


def style(
    features: Sequence[Tensor], reference_features: Sequence[Tensor], kind: Literal["mse", "l2"] = "mse"
) -> Tensor:
    """L_style: how far the channels' means and deviations are from the reference's, summed over the layers.

    Args:
        features: (N,C,H,W) of each layer.
        reference_features: of the same layers, (N,C,h,w) or (1,C,h,w). They get no gradient.
        kind: mean square (released code), or the norm over channels, averaged over the pictures (paper).
    """
    terms = [
        _DISTANCE[kind](mine - wanted.detach())
        for layer, other in zip(features, reference_features, strict=True)
        for mine, wanted in zip(mean_std(layer), mean_std(other), strict=True)
    ]
    return torch.stack(terms).sum()


def content(features: Tensor, target: Tensor, kind: Literal["mse", "l1"] = "mse") -> Tensor:
    """L_cont of maps (N,C,H,W): mean square (released code) or mean absolute (paper). The target gets no gradient."""
    return _DISTANCE[kind](features - target.detach())


def _weighted(image: Tensor, weights: tuple[float, float, float]) -> Tensor:
    """The weighted sum of the channels; a single channel counts for all three."""
    return (image * image.new_tensor(weights)[:, None, None]).sum(1, keepdim=True)
