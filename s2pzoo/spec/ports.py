"""What crosses the border between two steps, and whether two borders fit.

A port names a *kind*: one canonical tensor with a fixed range and polarity. What a network wants inside ([-1, 1], three
channels, BGR) is its own business, so range and polarity errors cannot cross a border.

    sketch, edge   (N,1,H,W) float in [0,1]    1 is paper, 0 is ink
    gray           (N,1,H,W) float in [0,1]    luma
    photo          (N,3,H,W) float in [0,1]    sRGB
    mask           (N,1,H,W) float in [0,1]
    strokes        (N,T,5) float and lengths   dx, dy, pen one-hot; unit = the side of the canvas
    latent         (N,D) or (N,P,D)
    features       (N,C,H,W)                   of several layers: a list of such
    logits         (N,1,h,w) or (N,1)          of several scales: a list of such
    scalar         ()

A plugin may add a kind under its own name: `acme:normals`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from attrs import field, frozen

from s2pzoo.errors import DeclarationError

KINDS: dict[str, int | None] = {
    "sketch": 1,
    "edge": 1,
    "gray": 1,
    "photo": 3,
    "mask": 1,
    "strokes": None,
    "latent": None,
    "features": None,
    "logits": None,
    "scalar": None,
}
"""The core's kinds, each with its fixed number of channels, or None where it has none or any."""

_SHAPES: dict[str, tuple[int | str, ...]] = {"strokes": ("N", "T", 5), "logits": ("N", 1, "h", "w"), "scalar": ()}
_IMAGES = frozenset(kind for kind, channels in KINDS.items() if channels)
_OWN_KIND = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*:[a-z][a-z0-9_-]*", re.ASCII)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


@frozen
class Port:
    """One border: a kind and what is known about its shape. What is left None may be anything.

    Args:
        kind: a name of `KINDS`, or a plugin's own (`acme:normals`).
        size: side in pixels, or (height, width). Not for latent and strokes.
        multiple: height and width must divide by this.
        channels: for features and a plugin's own kinds; fixed by the kind for images.
        dim: for latents: D of (N,D), or (P,D) of (N,P,D).

    Raises:
        DeclarationError: the values contradict each other or the kind.
    """

    kind: str
    size: int | tuple[int, int] | None = None
    multiple: int = 1
    channels: int | None = None
    dim: int | tuple[int, int] | None = None

    def __attrs_post_init__(self) -> None:
        if self.kind not in KINDS and not _OWN_KIND.fullmatch(str(self.kind)):
            raise DeclarationError(
                f"Unknown port kind {self.kind!r}.",
                fix=f"Use one of {', '.join(KINDS)}, or a kind of your own as 'yourplugin:kind'.",
            )
        if self.size is not None and not _is_size(self.size):
            raise DeclarationError(f"Port size {self.size!r} is not a positive int or a pair of them.")
        if not _is_count(self.multiple):
            raise DeclarationError(f"Port multiple {self.multiple!r} is not a positive int.")
        if self.channels is not None and not _is_count(self.channels):
            raise DeclarationError(f"Port channels {self.channels!r} is not a positive int.")
        if self.dim is not None and not _is_size(self.dim):
            raise DeclarationError(f"Port dim {self.dim!r} is not a positive int or a pair (P, D) of them.")
        self._check_against_kind()

    def _check_against_kind(self) -> None:
        fixed = KINDS.get(self.kind)
        if fixed and self.channels not in (None, fixed):
            raise DeclarationError(f"A {self.kind} port has {fixed} channel(s), not {self.channels}.")
        if self.kind in ("latent", "strokes") and (self.size or self.channels or self.multiple != 1):
            raise DeclarationError(f"A {self.kind} port has no size, multiple or channels.")
        if self.dim is not None and (self.kind in _IMAGES or self.kind in ("features", "strokes")):
            raise DeclarationError(f"A {self.kind} port has no dim.", fix="Give dim to latent ports only.")
        if self.hw and any(side % self.multiple for side in self.hw):
            raise DeclarationError(f"Port size {self.size!r} does not divide by its own multiple {self.multiple}.")

    @property
    def hw(self) -> tuple[int, int] | None:
        """(height, width) in pixels, or None where any size goes."""
        return (self.size, self.size) if isinstance(self.size, int) else self.size

    @property
    def shape(self) -> tuple[int | str, ...]:
        """The tensor's shape, numbers where they are known and letters where not."""
        if self.kind in _SHAPES:
            return _SHAPES[self.kind]
        if self.kind == "latent" or self.dim is not None:
            dim = self.dim if self.dim is not None else "D"
            return ("N", *dim) if isinstance(dim, tuple) else ("N", dim)
        return ("N", self.channels or KINDS.get(self.kind) or "C", *(self.hw or ("H", "W")))

    def __str__(self) -> str:
        text = f"{self.kind} ({','.join(map(str, self.shape))})"
        return text if self.hw or self.multiple == 1 else f"{text} in multiples of {self.multiple}"


def _is_size(value: object) -> bool:
    return _is_count(value) or (isinstance(value, tuple) and len(value) == 2 and all(map(_is_count, value)))


def _ports(value: Mapping[str, Port]) -> dict[str, Port]:
    if not isinstance(value, Mapping):
        raise DeclarationError(f"Ports want a mapping of names to Port, not {type(value).__name__}.")
    for name, port in value.items():
        if not (isinstance(name, str) and name.isidentifier()):
            raise DeclarationError(f"Port name {name!r} is not an identifier.")
        if not isinstance(port, Port):
            raise DeclarationError(f"Port {name!r} is a {type(port).__name__}, not a Port.")
    return dict(value)


@frozen(kw_only=True)
class Ports:
    """All ports of a component, by name: what its forward takes as keywords, and what it gives back."""

    takes: dict[str, Port] = field(factory=dict, converter=_ports)
    gives: dict[str, Port] = field(factory=dict, converter=_ports)


def connect(gives: Port, takes: Port) -> list[str]:
    """Every reason why `gives` cannot feed `takes`, in words; empty when it can.

    Only what both sides state is compared: a port that leaves its size open fits a port of any size, and the tensor
    itself is measured when it arrives. sketch and edge are one canonical tensor and fit each other.
    """
    if _canonical(gives.kind) != _canonical(takes.kind):
        return [f"gives {gives.kind}, wanted {takes.kind}"]
    misfits = []
    if gives.channels and takes.channels and gives.channels != takes.channels:
        misfits.append(f"gives {gives.channels} channels, wanted {takes.channels}")
    if gives.dim is not None and takes.dim is not None and gives.dim != takes.dim:
        misfits.append(f"gives a latent of {_dim(gives.dim)}, wanted {_dim(takes.dim)}")
    if gives.hw and takes.hw and gives.hw != takes.hw:
        misfits.append(f"gives {_size(gives.hw)} pixels, wanted {_size(takes.hw)}")
    elif gives.hw and any(side % takes.multiple for side in gives.hw):
        misfits.append(f"gives {_size(gives.hw)} pixels, wanted a multiple of {takes.multiple}")
    return misfits


def _canonical(kind: str) -> str:
    return "sketch" if kind == "edge" else kind


def _size(hw: tuple[int, int]) -> str:
    return f"{hw[0]}x{hw[1]}"


def _dim(dim: int | tuple[int, int]) -> str:
    return f"{dim[0]} codes of {dim[1]}" if isinstance(dim, tuple) else f"one code of {dim}"
