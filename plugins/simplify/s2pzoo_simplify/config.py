"""Config of the simplification network, and its presets. No torch."""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from s2pzoo.spec.fields import knob
from s2pzoo.spec.model import ComponentEntry
from s2pzoo.spec.ports import Port, Ports

SIMPLIFY = (
    "Learning to Simplify: Fully Convolutional Networks for Rough Sketch Cleanup (Simo-Serra et al., SIGGRAPH 2016)"
)


@frozen(kw_only=True)
class SimplifyConfig:
    """The network: 23 convolutions down to an eighth of the side and up again."""

    component: ClassVar = ComponentEntry(
        "simplify/network", kind="refiner", network="s2pzoo_simplify.simplify:Simplify",
        summary="rough drawings made clean", source=SIMPLIFY,
    )  # fmt: skip

    width: int = knob(48, low=3, paper=48, help="channels of the first convolution; the others in proportion")

    gain: float = knob(
        1.0, low=1, paper=1.0, help="of the ink, once trained: squared errors make lines pale that may lie beside"
    )

    def ports(self) -> Ports:
        """sketch -> sketch."""
        return Ports(takes={"sketch": Port("sketch", multiple=8)}, gives={"sketch": Port("sketch")})


PRESETS = {
    "paper": SimplifyConfig(),  # layer for layer the published network, 44.8 M parameters
    "light": SimplifyConfig(width=12, gain=1.5),  # small enough for a CPU to train and to run live
}
