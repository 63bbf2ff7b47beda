"""Light and colour of pictures as tensors."""

from __future__ import annotations

import torch
from torch import Tensor

from s2pzoo.imaging.pixels import LUMA

_LUMINANCE = (0.212671, 0.715160, 0.072169)  # Y of linear sRGB, D65


def luma(photo: Tensor) -> Tensor:
    """sRGB (N,3,H,W) -> gray (N,1,H,W): .299 R + .587 G + .114 B. A gray stays as it is."""
    return _weighted(photo, LUMA)


def lightness(photo: Tensor) -> Tensor:
    """sRGB (N,3,H,W), or gray (N,1,H,W), in [0,1] -> L of CIE-Lab (D65) over 100, (N,1,H,W) in [0,1].

    Differentiable everywhere, at black too.
    """
    linear = torch.where(photo <= 0.04045, photo / 12.92, ((photo.clamp(min=0.04045) + 0.055) / 1.055) ** 2.4)
    y = _weighted(linear, _LUMINANCE)
    dark = (6 / 29) ** 3
    root = torch.where(y > dark, y.clamp(min=dark) ** (1 / 3), y / (3 * (6 / 29) ** 2) + 4 / 29)
    return 1.16 * root - 0.16


def _weighted(image: Tensor, weights: tuple[float, float, float]) -> Tensor:
    """The weighted sum of the channels; a single channel counts for all three."""
    return (image * image.new_tensor(weights)[:, None, None]).sum(1, keepdim=True)
