"""What this plugin declares: a generator, a loss, a dataset, a task, a verb."""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from s2pzoo.host.hooks import hookimpl
from s2pzoo.spec.fields import Field, knob
from s2pzoo.spec.model import (
    ComponentEntry,
    DatasetEntry,
    Declaration,
    Input,
    Model,
    Step,
    TaskEntry,
    ToolEntry,
    Weights,
)
from s2pzoo.spec.ports import Port, Ports

S2PZOO_API = 2
SOURCE = "after Chen et al., Sketch2Photo, SIGGRAPH Asia 2009; Efros and Freeman, Image Quilting, SIGGRAPH 2001"


@frozen(kw_only=True)
class CollageConfig:
    """A gallery of pairs of a drawing and a photo."""

    component: ClassVar = ComponentEntry(
        "patches/collage", kind="generator", network="s2pzoo_patches.collage:Collage",
        summary="patches of a gallery, retrieved, shifted and blended", source=SOURCE,
    )  # fmt: skip

    size: int = knob(64, low=16, help="side of the pictures in pixels")
    samples: int = knob(48, low=1, help="pairs in the gallery")
    patch: int = knob(24, low=4, help="side of a patch")
    stride: int = knob(8, low=1, help="between two patches")
    shift: int = knob(4, low=0, help="how far a patch may be moved, in pixels")

    def ports(self) -> Ports:
        """sketch -> photo, and of each patch which of the gallery it is."""
        across = (self.size - self.patch) // self.stride + 1
        gives = {"photo": Port("photo", size=self.size), "sources": Port("patches:sources", size=across, channels=1)}
        return Ports(takes={"sketch": Port("sketch", size=self.size)}, gives=gives)

    def options(self) -> tuple[Field, ...]:
        """How many of the gallery are looked at closely."""
        return (Field("candidates", "int", 2, low=1, help="drawings of the gallery from which patches are taken"),)


@frozen(kw_only=True)
class SoftConfig:
    """How far two pictures are apart, blurred more and more."""

    component: ClassVar = ComponentEntry(
        "patches/soft", kind="loss", network="s2pzoo_patches.collage:Soft",
        summary="mean absolute difference of blurred pictures", source="own work",
    )  # fmt: skip

    kind: str = knob("photo", help="of both pictures")
    scales: int = knob(3, low=1, help="each of half the size of the one before")

    def ports(self) -> Ports:
        """fake, real -> soft."""
        takes = {"fake": Port(self.kind), "real": Port(self.kind)}
        return Ports(takes=takes, gives={"soft": Port("scalar")})


def steps(config: CollageConfig) -> tuple[Step, ...]:
    """The one step of the model."""
    return (Step("collage", config),)


@hookimpl
def s2pzoo_plugin() -> Declaration:
    return Declaration(
        components=[CollageConfig, SoftConfig],
        models=[
            Model("patches.houses", steps=steps(CollageConfig()), size=64, weights=Weights(bundled="weights/houses"),
                  summary="Drawn houses to painted ones, patch by patch", paper=SOURCE, licence="Apache-2.0"),
        ],
        tasks=[
            TaskEntry("patches/collect", factory="s2pzoo_patches.collage:Collect",
                      example="s2pzoo_patches.houses:example", summary="a gallery, and what counts in comparing"),
        ],
        datasets=[
            DatasetEntry("patches/pairs", reader="s2pzoo_patches.houses:Pairs",
                         summary="a folder with photo/ and sketch/, pictures of the same names"),
        ],
        tools=[
            ToolEntry("sources", method="s2pzoo_patches.collage:sources", inputs=[Input("sketch", "drawings")],
                      summary="Show from which pictures of the gallery a photo is put together."),
        ],
    )  # fmt: skip
