"""A model that makes photos at once: the sketch in a colour."""

from __future__ import annotations

from attrs import frozen
from torch import Tensor

from s2pzoo.declare import ModelEntry, Option, Step
from s2pzoo.interfaces import Generator
from s2pzoo.pipeline.run import Pipeline
from s2pzoo.ports import Port, Ports

SIZE = 64


@frozen(kw_only=True)
class TintConfig:
    size: int = SIZE

    def ports(self) -> Ports:
        return Ports(takes={"sketch": Port("sketch", size=self.size)}, gives={"photo": Port("photo", size=self.size)})


class Tint(Generator):
    Config = TintConfig

    def forward(self, *, sketch: Tensor, red: float = 1.0) -> Tensor:
        return sketch * sketch.new_tensor([red, 0.6, 0.5])[:, None, None]


def tint(size: int = SIZE) -> Pipeline:
    step = Step(
        "tint", "acme/tint", config=TintConfig(size=size), options=(Option("red", "float", 1.0, low=0, high=1),)
    )
    model = ModelEntry("acme.tint", steps=(step,), size=size)
    return Pipeline(model=model, components={"tint": Tint(step.config)}, weights={"tint": "acme.tint@0123"})
