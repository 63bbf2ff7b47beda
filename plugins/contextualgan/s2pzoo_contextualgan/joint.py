"""Joint images: a sketch and its photo as one picture (paper section 3; docs/contextualgan.md)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

GAIN = 2.5
"""How much darker lines become when a drawing is made small: thin lines would fade where pixels are averaged."""

EPSILON = 1e-6


def shrink(sketch: Tensor, side: int) -> Tensor:
    """A drawing (N,1,S,S) in [0,1] at a smaller side, its lines still dark: (N,1,side,side)."""
    factor = sketch.shape[-1] // side
    return 1 - (GAIN * F.avg_pool2d(1 - sketch, factor)).clamp(max=1) if factor > 1 else sketch


def join(sketch: Tensor, photo: Tensor, *, layout: str) -> Tensor:
    """One picture in [-1,1] of a sketch (N,1,s,s) and a photo (N,3,s,s) in [0,1].

    `beside` (paper): (N,3,s,2s), the sketch on the left in three equal channels. `stack`: (N,4,s,s).
    """
    if layout == "beside":
        return torch.cat([sketch.expand(-1, 3, -1, -1), photo], dim=3) * 2 - 1
    return torch.cat([sketch, photo], dim=1) * 2 - 1


def split(joint: Tensor, *, layout: str) -> tuple[Tensor, Tensor]:
    """Sketch (N,1,s,s) and photo (N,3,s,s) in [0,1] of a joint picture: the way back of `join`."""
    shown = joint / 2 + 0.5
    if layout == "beside":
        left, right = shown.chunk(2, dim=3)
        return left.mean(1, keepdim=True), right
    return shown[:, :1], shown[:, 1:]


def known(sketch: Tensor, photo: Tensor, *, layout: str, like_picture: bool = False) -> Tensor:
    """One mask of the joint picture of two masks (N,1,s,s), 1 where the half is known.

    `beside`: (N,1,s,2s). `stack`: (N,2,s,s), or with `like_picture` (N,4,s,s), a channel for each of the picture.
    """
    if layout == "beside":
        return torch.cat([sketch, photo], dim=3)
    return torch.cat([sketch, photo.expand(-1, 3 if like_picture else 1, -1, -1)], dim=1)


def blend(photo: Tensor, made: Tensor, hole: Tensor) -> Tensor:
    """The paper's last step without a seam: photos (N,3,s,s) in [0,1], but where the hole (N,1,s,s) is 1 what was made.

    How far the known is from what was made of it goes on smoothly into the hole, as a membrane would, and is added
    there; what is known stays as it is.
    """
    known = (hole == 0).to(photo)
    off = _stretched((photo - made) * known, known)
    for _ in range(_EVEN):
        off = torch.lerp(F.avg_pool2d(F.pad(off, (1, 1, 1, 1), mode="replicate"), 3, 1), off, known)
    return torch.lerp(photo, (made + off).clamp(0, 1), hole)


_EVEN = 64  # rounds of averaging that take the steps out of a stretched membrane


def _stretched(values: Tensor, known: Tensor) -> Tensor:
    """Values (N,C,s,s) where a mask (N,1,s,s) is 1; elsewhere those of the nearest coarser map that knows any."""
    if values.shape[-1] == 1 or bool(known.all()):
        return values
    share = F.avg_pool2d(known, 2)
    coarse = _stretched(F.avg_pool2d(values * known, 2) / share.clamp(min=EPSILON), (share > 0).to(values))
    return torch.lerp(F.interpolate(coarse, scale_factor=2, mode="bilinear"), values, known)
