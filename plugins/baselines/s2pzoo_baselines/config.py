"""Configurations of the baselines. Torch-free."""

from __future__ import annotations

from attrs import evolve, field, frozen
from attrs.validators import in_

from s2pzoo.ports import KINDS, Port, Ports

PICTURES = tuple(kind for kind, channels in KINDS.items() if channels)


@frozen(kw_only=True)
class UNetConfig:
    """pix2pix's U-Net: `downs` halvings from `base` channels, doubling up to `widest`, and a skip at every level.

    `dropout` in the three innermost levels on the way up (0.5 in the paper).
    """

    size: int = 256
    base: int = 64
    widest: int = 512
    downs: int = 8
    dropout: float = 0.5

    def ports(self) -> Ports:
        """sketch -> photo."""
        return Ports(takes={"sketch": Port("sketch", size=self.size)}, gives={"photo": Port("photo", size=self.size)})


FACES256 = UNetConfig(base=32, widest=256, downs=7, dropout=0.0)
"""About the size of DeepFaceDrawing's light network."""


@frozen(kw_only=True)
class ResnetConfig:
    """CycleGAN's generator, from one kind of picture to another; as it is, the published one of 9 residual blocks.

    `base` channels double with each of `downs` halvings; `kernel` of the first and the last convolution.
    """

    takes: str = field(default="sketch", validator=in_(PICTURES))
    gives: str = field(default="photo", validator=in_(PICTURES))
    size: int = 128
    base: int = 64
    downs: int = 2
    blocks: int = 9
    kernel: int = 7

    def ports(self) -> Ports:
        """One kind of picture -> another."""
        takes = Port(self.takes, size=self.size, multiple=1 << self.downs)
        return Ports(takes={self.takes: takes}, gives={self.gives: Port(self.gives, size=self.size)})

    def back(self) -> ResnetConfig:
        """The same network the other way round."""
        return evolve(self, takes=self.gives, gives=self.takes)


SHOES128 = ResnetConfig(base=28, blocks=8, kernel=5)
"""One network of about the size of UPS's two light ones, T and C together."""
