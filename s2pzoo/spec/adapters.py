"""Adapters: parts that turn one kind of port into another. No torch; the modules are in `nn.adapters`.

A lossless adapter is put between two steps where it makes them fit, and `explain` shows it. A lossy one (gray from a
photo, another size) is used only where somebody names it. sketch and edge are one canonical tensor and need none.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from attrs import frozen

from s2pzoo.spec.fields import knob
from s2pzoo.spec.model import AdapterEntry, ComponentEntry, Step
from s2pzoo.spec.names import parse_component
from s2pzoo.spec.ports import Port, Ports

PLUGIN = "s2pzoo"
_MODULES = "s2pzoo.nn.adapters"


@frozen(kw_only=True)
class AdapterConfig:
    """The config of every adapter between two kinds. `size` is the side of the pictures, None where any goes; `longest`
    how many points strokes have at most."""

    kind_from: str
    kind_to: str
    size: int | None = None
    longest: int = 250

    def ports(self) -> Ports:
        """One port in, one out, each named by its kind."""
        return Ports(
            takes={_port_name(self.kind_from): _port(self.kind_from, self.size)},
            gives={_port_name(self.kind_to): _port(self.kind_to, self.size)},
        )


@frozen(kw_only=True)
class ResizeConfig:
    """Bring an image of any size to `size` pixels: area averaging down, bicubic up."""

    component: ClassVar = ComponentEntry(
        f"{PLUGIN}/resize",
        kind="adapter",
        network=f"{_MODULES}:Resize",
        summary="another size, by area averaging or bicubic interpolation; lossy",
    )

    kind: str = knob("sketch", help="of the picture")
    size: int = knob(256, help="side in pixels", low=1)

    def ports(self) -> Ports:
        """The same kind on both sides."""
        name = _port_name(self.kind)
        return Ports(takes={name: Port(self.kind)}, gives={name: Port(self.kind, size=self.size)})


def _entry(kind_to: str, kind_from: str, *, lossless: bool, summary: str) -> AdapterEntry:
    name = f"{PLUGIN}/{kind_to}-from-{kind_from}"
    how = _HOW.get(kind_to) or ("Luma" if kind_from == "photo" else "Rasterise" if kind_from == "strokes" else "Same")
    factory = f"{_MODULES}:{how}"
    return AdapterEntry(name, kind_from=kind_from, kind_to=kind_to, factory=factory, lossless=lossless, summary=summary)


_HOW = {"photo": "Repeat", "strokes": "Trace"}

ADAPTERS = (
    _entry("gray", "sketch", lossless=True, summary="the drawing as a grey picture"),
    _entry("photo", "sketch", lossless=True, summary="the drawing in three equal channels"),
    _entry("photo", "gray", lossless=True, summary="the grey picture in three equal channels"),
    _entry("gray", "photo", lossless=False, summary="luma (Rec. 601); the colours are lost"),
    _entry("sketch", "strokes", lossless=True, summary="the strokes drawn with a thin pen"),
    _entry("strokes", "sketch", lossless=False, summary="the lines traced; widths, tones and areas are lost"),
)
"""The core's adapters between kinds."""


def as_component(adapter: AdapterEntry) -> ComponentEntry:
    """An adapter seen as a component built from an AdapterConfig."""
    return ComponentEntry(
        adapter.name, kind="adapter", network=adapter.factory, config=AdapterConfig, summary=adapter.summary
    )


def adapter_config(adapter: AdapterEntry, *, size: int | None = None) -> AdapterConfig:
    """The config of `adapter` for pictures of `size`."""
    return AdapterConfig(kind_from=adapter.kind_from, kind_to=adapter.kind_to, size=size)


def adapter_step(adapter: AdapterEntry, *, reads: str, port: Port, taken: Iterable[str]) -> Step:
    """A step that adapts the value `reads`, which is what `port` says, and writes a value of a new name.

    Args:
        taken: names of steps and values in use.
    """
    taken = set(taken)
    config = adapter_config(adapter, size=port.size if isinstance(port.size, int) else None)
    (takes,), (gives,) = config.ports().takes, config.ports().gives
    label = parse_component(adapter.name).component
    name = unused(label, taken)
    value = unused(f"{reads}_as_{gives}", taken, joint="_")
    return Step(name, component=adapter.name, config=config, reads={takes: reads}, writes={gives: value})


def unused(name: str, taken: Iterable[str], *, joint: str = "-") -> str:
    """`name`, or the first of name-2, name-3, ... that is not in `taken`."""
    taken = set(taken)
    if name not in taken:
        return name
    return next(f"{name}{joint}{n}" for n in range(2, len(taken) + 3) if f"{name}{joint}{n}" not in taken)


def _port_name(kind: str) -> str:
    return kind.rpartition(":")[2].replace("-", "_")


def _port(kind: str, size: int | None) -> Port:
    return Port(kind) if kind in ("latent", "strokes") else Port(kind, size=size)
