"""The config of this plugin's network. No torch."""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from s2pzoo.spec.fields import knob
from s2pzoo.spec.model import ComponentEntry
from s2pzoo.spec.ports import Port, Ports

CENTERNET = "Zhou, Wang, Krahenbuhl: Objects as Points. arXiv 2019"


@frozen(kw_only=True)
class LocatorConfig:
    """Finds drawn heads: a map of how likely the middle between two pupils is here, and where the pupils then are."""

    component: ClassVar = ComponentEntry(
        "faces/locator", kind="encoder", network="s2pzoo_faces.locator:Locator",
        summary="where heads are in a drawing", source=f"{CENTERNET}, sections 3 and 4",
    )  # fmt: skip

    size: int = knob(128, low=32, help="side of the drawing in pixels")
    widths: tuple[int, ...] = knob((16, 32, 64, 96, 128), help="channels after each halving; maps stay at a quarter")

    def ports(self) -> Ports:
        """sketch (N,1,S,S) -> heads (N,3,S/4,S/4): likelihood, and half the way from pupil to pupil."""
        takes = Port("sketch", size=self.size, multiple=1 << len(self.widths))
        return Ports(takes={"sketch": takes}, gives={"heads": Port("features", channels=3, size=self.size // 4)})
