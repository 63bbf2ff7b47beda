"""A model that makes photos at once, the sketch in a colour; and one in two stages, with the colour of a picture."""

from __future__ import annotations

from typing import ClassVar

import torch
from attrs import frozen
from torch import Tensor

from s2pzoo.imaging.photo import read_photo
from s2pzoo.interfaces import Generator
from s2pzoo.pipeline.run import Pipeline
from s2pzoo.spec.fields import Field
from s2pzoo.spec.model import ComponentEntry, Model, Step
from s2pzoo.spec.ports import Port, Ports

SIZE = 64


@frozen(kw_only=True)
class TintConfig:
    component: ClassVar = ComponentEntry("acme/tint", kind="generator", network="tiny_model:Tint")

    size: int = SIZE

    def ports(self) -> Ports:
        return Ports(takes={"sketch": Port("sketch", size=self.size)}, gives={"photo": Port("photo", size=self.size)})

    def options(self) -> tuple[Field, ...]:
        return (Field("red", "float", 1.0, low=0, high=1),)


class Tint(Generator):
    Config = TintConfig

    def forward(self, *, sketch: Tensor, red: float = 1.0) -> Tensor:
        return sketch * sketch.new_tensor([red, 0.6, 0.5])[:, None, None]


def tint(size: int = SIZE) -> Pipeline:
    step = Step("tint", TintConfig(size=size))
    model = Model("acme.tint", steps=(step,), size=size)
    return Pipeline(model=model, components={"tint": Tint(step.config)}, weights={"tint": "acme.tint@0123"})


@frozen(kw_only=True)
class StageConfig:
    component: ClassVar = ComponentEntry("acme/stage", kind="generator", network="tiny_model:Paint")

    takes: str
    gives: str
    size: int = SIZE

    def ports(self) -> Ports:
        return Ports(
            takes={self.takes: Port(self.takes, size=self.size)}, gives={self.gives: Port(self.gives, size=self.size)}
        )

    def options(self) -> tuple[Field, ...]:
        return (Field("reference", "path"),) if self.takes == "gray" else ()


class Shade(Generator):
    Config = StageConfig

    def forward(self, *, sketch: Tensor) -> Tensor:
        return 0.25 + sketch / 2


class Paint(Generator):
    Config = StageConfig

    def forward(self, *, gray: Tensor, reference: str | None = None) -> Tensor:
        if reference is None:
            return gray.expand(-1, 3, -1, -1)
        colour = torch.from_numpy(read_photo(reference, size=self.config.size)).mean((0, 1))
        return gray * colour[:, None, None]


def painted(size: int = SIZE, *, output: str = "photo") -> Pipeline:
    """sketch -> gray -> photo; or the first stage alone, whose output may be called something else."""
    first = "gray" if output == "photo" else output
    shade = Step("shade", StageConfig(takes="sketch", gives=first, size=size))
    paint = Step("paint", StageConfig(takes="gray", gives="photo", size=size))
    steps = (shade, paint) if output == "photo" else (shade,)
    parts = {"shade": Shade(shade.config), "paint": Paint(paint.config)}
    model = Model("acme.painted", steps=steps, size=size, output=output)
    return Pipeline(model=model, components={step.name: parts[step.name] for step in steps})
