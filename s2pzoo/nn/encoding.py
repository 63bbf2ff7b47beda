"""Any encoder of drawings in the place of a method's own: what it gives, as a map or as a code of the size wanted.

    self.encoding = MapEncoding(config.encoder, channels=256, stride=4)     # config.encoder: a host.parts.Part
    maps = self.encoding(sketch)

An encoder takes a sketch (N,1,H,W) or strokes (N,T,5), for which drawings are traced, and gives features (N,C,h,w), a
latent (N,D), or both. How many channels and how coarse is measured when it is built, on the meta device.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from attrs import frozen
from torch import Tensor, nn
from torch.nn import functional as F

from s2pzoo.errors import UsageError
from s2pzoo.host.parts import Part
from s2pzoo.host.registry import default_registry
from s2pzoo.interfaces import Encoder
from s2pzoo.nn.adapters import strokes_of
from s2pzoo.pipeline.plan import load_part
from s2pzoo.spec.ports import Port

_PROBE = 128  # pixels a side of what an encoder is measured on, where it takes any
_CELLS = 4  # a side of the map that a code is read from, and of the one made of a latent
_POINTS = 250  # of a traced drawing, at most


@frozen(kw_only=True)
class Seen:
    """What an encoder gives, as it was measured: channels and stride of its map, numbers of its latent; 0: none."""

    channels: int = 0
    stride: float = 0.0
    latent: int = 0


class Eyes(nn.Module):
    """An encoder, given drawings (N,1,H,W) whatever it takes: a map or None, a latent or None.

    Raises:
        UsageError: the part is no encoder of drawings.
    """

    def __init__(self, part: Part) -> None:
        super().__init__()
        entry = default_registry().component(part.component)
        if entry.kind != "encoder":
            raise UsageError(f"{part.component} is no encoder.", why=f"It is of kind {entry.kind}.", fix=_FIX)
        self.encoder: Encoder = part.make()
        self.start = part.start
        takes, gives = self.encoder.ports.takes, self.encoder.ports.gives
        self.takes, port = next(iter(takes.items()), ("", Port("scalar")))
        self.traced = port.kind == "strokes"
        self.side = port.size if isinstance(port.size, int) else 0
        self.gives = tuple(gives)
        self.map = next((name for name, one in gives.items() if one.kind == "features"), None)
        self.latent = next((name for name, one in gives.items() if one.kind == "latent" and one.dim), None)
        if len(takes) != 1 or port.kind not in ("sketch", "strokes") or not (self.map or self.latent):
            told = f"It takes {', '.join(takes) or 'nothing'} and gives {', '.join(gives) or 'nothing'}."
            wanted = "Wanted: one sketch or strokes in; features, or a latent with its dim, out."
            raise UsageError(f"{part.component} cannot stand in for an encoder.", why=f"{told} {wanted}", fix=_FIX)
        self.seen = measured(self)

    def forward(self, sketch: Tensor) -> tuple[Tensor | None, Tensor | None]:
        given = self.encoder(
            **{self.takes: strokes_of(sketch, longest=_POINTS) if self.traced else self._sized(sketch)}
        )
        values = given if isinstance(given, dict) else dict.fromkeys(self.gives, given)
        latent = values[self.latent] if self.latent else None
        return values[self.map] if self.map else None, latent if latent is None else latent.flatten(1)

    def at_start(self) -> None:
        """A training begins: take the weights of the trained part that the configuration names."""
        if self.start:
            load_part(self.start, self.encoder)
            self.encoder.origin = self.start

    def _sized(self, sketch: Tensor) -> Tensor:
        if not self.side or sketch.shape[-2:] == (self.side, self.side):
            return sketch
        return resized(sketch, (self.side, self.side))


def resized(x: Tensor, size: tuple[int, int]) -> Tensor:
    """(N,C,*size), averaged where it becomes smaller; in float32, for a CPU has it in nothing less."""
    return F.interpolate(x.float(), size, mode="bilinear", antialias=True).to(x.dtype)


_FIX = "Run: s2pzoo components --kind encoder"


def measured(eyes: Eyes) -> Seen:
    """What an encoder gives for one drawing, on the meta device; on this one where it cannot be there."""
    side = eyes.side or _PROBE
    for device in ("meta", "cpu"):
        try:
            probe = copy.deepcopy(eyes).eval().to(device)
            with torch.no_grad():
                maps, latent = probe(torch.ones(1, 1, side, side, device=device))
        except (NotImplementedError, RuntimeError, TypeError):
            if device == "cpu":
                raise
            continue
        break
    return Seen(
        channels=0 if maps is None else maps.shape[1],
        stride=0.0 if maps is None else side / maps.shape[-1],
        latent=0 if latent is None else latent.shape[1],
    )


class MapEncoding(nn.Module):
    """Drawings (N,1,H,W) in [0,1] -> a map (N,`channels`,H/`stride`,W/`stride`)."""

    def __init__(self, part: Part, *, channels: int, stride: int) -> None:
        super().__init__()
        self.eyes, self.stride = Eyes(part), stride
        seen = self.eyes.seen
        self.head = nn.Conv2d(seen.channels or seen.latent, channels * (1 if seen.channels else _CELLS**2), 1)

    def forward(self, sketch: Tensor) -> Tensor:
        maps, latent = self.eyes(sketch)
        if maps is None:
            assert latent is not None
            maps = self.head(latent[..., None, None])[..., 0, 0].unflatten(1, (-1, _CELLS, _CELLS))
        else:
            maps = self.head(maps)
        cells = (max(1, sketch.shape[-2] // self.stride), max(1, sketch.shape[-1] // self.stride))
        if maps.shape[-2:] == cells:
            return maps
        finer = maps.shape[-1] > cells[-1]
        return F.adaptive_avg_pool2d(maps, cells) if finer else F.interpolate(maps, cells, mode="bilinear")


class CodeEncoding(nn.Module):
    """Drawings (N,1,H,W) in [0,1] -> codes (N,`numbers`)."""

    def __init__(self, part: Part, *, numbers: int) -> None:
        super().__init__()
        self.eyes = Eyes(part)
        seen = self.eyes.seen
        self.head = nn.Linear(seen.channels * _CELLS**2 + seen.latent, numbers)

    def forward(self, sketch: Tensor) -> Tensor:
        maps, latent = self.eyes(sketch)
        read = [] if maps is None else [F.adaptive_avg_pool2d(maps, _CELLS).flatten(1)]
        return self.head(torch.cat([*read, *([] if latent is None else [latent])], 1))


def begin_pretrained(*networks: nn.Module) -> None:
    """Every encoder in the networks that trainings begin with published weights, or those of a part, takes them."""
    for network in networks:
        for module in network.modules():
            if isinstance(module, Encoder | Eyes):
                module.at_start()


_WRAPPED = "_forward_module."  # by Lightning Fabric


def origins(*networks: Any) -> dict[str, str]:
    """Whose weights encoders in the networks began with, by what they are called there."""
    named = ((name, module) for network in networks for name, module in network.named_modules())
    return {
        name.removeprefix(_WRAPPED) or "encoder": module.origin
        for name, module in named
        if getattr(module, "origin", "")
    }
