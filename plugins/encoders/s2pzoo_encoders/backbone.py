"""Any backbone of timm as an encoder: its levels are measured, brought to one stride, and added up."""

from __future__ import annotations

import copy
from typing import Any

import torch
from attrs import frozen
from torch import Tensor, nn
from torch.nn import functional as F

from s2pzoo.errors import UsageError
from s2pzoo.interfaces import Encoder
from s2pzoo.nn.backbones import norm_statistics_kept, published, timm_model
from s2pzoo.nn.encoding import resized
from s2pzoo_encoders.config import TimmConfig

_MULTIPLE = 32  # of pixels a side, which every backbone with free sizes takes
_MEAN, _STD = 0.449, 0.226  # of ImageNet's photos, the mean of the three channels


@frozen(kw_only=True)
class Level:
    """One map of a backbone, as it was measured."""

    channels: int
    stride: float
    last: bool  # its channels are the last axis, as in Swin transformers


class TimmEncoder(Encoder):
    """sketch (N,1,H,W) in [0,1] -> features (N,C,H/stride,W/stride), latent (N,D)."""

    Config = TimmConfig

    def __init__(self, config: TimmConfig) -> None:
        super().__init__(config)
        self.side = config.size or fixed_size(config.model)
        self.backbone = features_of(config.model, self.side)
        self.levels = measured(self.backbone, config.model, self.side or 128)
        coarse = [level for level in self.levels if level.stride >= config.stride] or self.levels[-1:]
        self.used = range(len(self.levels) - len(coarse), len(self.levels))
        self.lateral = nn.ModuleList(nn.Conv2d(level.channels, config.channels, 1) for level in coarse)
        self.smooth = nn.Sequential(nn.ReLU(), nn.Conv2d(config.channels, config.channels, 3, 1, 1))
        self.to_latent = nn.Linear(coarse[-1].channels, config.latent)
        self.backbone.requires_grad_(not config.frozen)

    def at_start(self) -> None:
        """Take timm's published weights, where the config asks for them."""
        if self.config.pretrained:
            revision = published(self.config.model, self.config.revision).parent.name
            self.origin = f"timm's {self.config.model} at {revision}"
            found = features_of(self.config.model, self.side, pretrained=True, revision=revision)
            self.backbone.load_state_dict(found.state_dict())

    def train(self, mode: bool = True) -> TimmEncoder:
        super().train(mode)
        if self.config.frozen:
            norm_statistics_kept(self.backbone)
        return self

    def forward(self, *, sketch: Tensor) -> dict[str, Tensor]:
        height, width = sketch.shape[-2:]
        size = (self.side or _whole(height), self.side or _whole(width))
        x = (sketch - _MEAN) / _STD
        x = x if x.shape[-2:] == size else resized(x, size)
        maps = self.backbone(x)
        maps = [m.permute(0, 3, 1, 2) if self.levels[i].last else m for i, m in enumerate(maps)]
        cells = (max(1, height // self.config.stride), max(1, width // self.config.stride))
        one = [
            F.interpolate(lateral(maps[i]), cells, mode="bilinear")
            for i, lateral in zip(self.used, self.lateral, strict=True)
        ]
        features = self.smooth(torch.stack(one).sum(0))
        return {"features": features, "latent": self.to_latent(maps[-1].mean((2, 3)))}


def _whole(side: int) -> int:
    """The side, or the next one that backbones of any size take."""
    return -(-side // _MULTIPLE) * _MULTIPLE


def fixed_size(model: str) -> int:
    """The side of the pictures that a model is made for; 0 where it takes any."""
    import timm

    published: Any = timm.get_pretrained_cfg(model) if timm.is_model(model) else None
    return published.input_size[-1] if published and published.fixed_input_size else 0


def features_of(model: str, side: int, *, pretrained: bool = False, revision: str = "") -> nn.Module:
    """The model as a network from one channel to maps.

    Raises:
        UsageError: timm has no such model, or it has no maps. Others as for `timm_model`.
    """
    sized: dict[str, Any] = {"img_size": side} if side and side != fixed_size(model) else {}
    try:
        return timm_model(model, pretrained=pretrained, revision=revision, features_only=True, in_chans=1, **sized)
    except (RuntimeError, TypeError, AttributeError, AssertionError, NotImplementedError, IndexError) as error:
        raise _none(model, f"It gives no maps: {error}") from error


def _none(model: str, why: str) -> UsageError:
    fix = "Name another, such as encoders/timm-resnet18; docs/encoders.md lists families that were tried."
    return UsageError(f"timm's {model} cannot be an encoder.", why=why, fix=fix)


def measured(backbone: nn.Module, model: str, side: int) -> list[Level]:
    """The maps of a backbone on the meta device, for pictures of `side` pixels; what it declares is not trusted.

    Raises:
        UsageError: it fails on such a picture.
    """
    info: Any = backbone.feature_info
    told: list[int] = info.channels()
    probe = copy.deepcopy(backbone).to("meta").eval()
    try:
        with torch.no_grad():
            maps = probe(torch.empty(1, 1, side, side, device="meta"))
    except Exception as error:  # whatever a network makes of a drawing that it cannot see
        why = f"It fails on a drawing of {side} x {side} pixels: {type(error).__name__} {error}".rstrip()
        raise _none(model, why) from error
    levels = []
    for m, channels in zip(maps, told, strict=True):
        last = m.shape[1] != channels and m.shape[-1] == channels
        height = m.shape[1] if last else m.shape[-2]
        levels.append(Level(channels=m.shape[-1] if last else m.shape[1], stride=side / height, last=last))
    return levels
