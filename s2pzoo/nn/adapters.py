"""The modules of the built-in adapters. None has weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from s2pzoo.imaging.raster import rasterise
from s2pzoo.imaging.sequence import from_sequence, padded, traced
from s2pzoo.imaging.strokes import Strokes
from s2pzoo.interfaces import Component
from s2pzoo.nn.colour import luma
from s2pzoo.spec.adapters import AdapterConfig, ResizeConfig


class _Adapter(Component):
    """One value in, one out."""

    Config = AdapterConfig

    def compile(self, *args: Any, **how: Any) -> None:
        """Nothing: it has no weights, and torch can neither trace drawings nor draw."""

    def forward(self, **ports: Tensor) -> Tensor:
        (value,) = ports.values()
        return self.adapt(value)

    def adapt(self, value: Tensor) -> Tensor:
        """The value as the other kind."""
        raise NotImplementedError


class Same(_Adapter):
    """(N,1,H,W) under another name."""

    def adapt(self, value: Tensor) -> Tensor:
        return value


class Repeat(_Adapter):
    """(N,1,H,W) -> (N,3,H,W)."""

    def adapt(self, value: Tensor) -> Tensor:
        return value.expand(-1, 3, -1, -1)


class Luma(_Adapter):
    """(N,3,H,W) sRGB -> (N,1,H,W)."""

    def adapt(self, value: Tensor) -> Tensor:
        return luma(value)


def strokes_of(sketch: Tensor, *, longest: int) -> Tensor:
    """Drawings (N,1,H,W) traced: strokes (N,T,5); on the meta device of 16 points, for there is nothing to trace."""
    if sketch.is_meta:
        return sketch.new_zeros(len(sketch), 16, 5)
    drawings = sketch[:, 0].detach().float().cpu().numpy()
    return torch.from_numpy(padded([traced(one, longest=longest) for one in drawings])).to(sketch.device)


class Trace(_Adapter):
    """(N,1,H,W) -> strokes (N,T,5), the lines of the drawing."""

    def adapt(self, value: Tensor) -> Tensor:
        return strokes_of(value, longest=self.config.longest)


class Rasterise(_Adapter):
    """Strokes (N,T,5) -> (N,1,size,size), 256 pixels where no size is said."""

    def adapt(self, value: Tensor) -> Tensor:
        drawings = [Strokes.of(from_sequence(one)) for one in value.detach().float().cpu().numpy()]
        drawn = [rasterise(one, self.config.size or 256) for one in drawings]
        return torch.from_numpy(np.stack(drawn)[:, None]).to(value.device)


class Resize(_Adapter):
    """(N,C,H,W) -> (N,C,size,size)."""

    Config = ResizeConfig

    def adapt(self, value: Tensor) -> Tensor:
        return resized(value, self.config.size)


def resized(value: Tensor, side: int) -> Tensor:
    """(N,C,H,W) in [0,1] -> (N,C,side,side): area averaging down, bicubic up."""
    size = (side, side)
    if value.shape[-2:] == size:
        return value
    if min(value.shape[-2:]) >= side:
        return F.interpolate(value, size, mode="area")
    return F.interpolate(value, size, mode="bicubic", antialias=True).clamp(0, 1)
