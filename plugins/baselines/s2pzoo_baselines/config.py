"""Configs of the baselines. No torch."""

from __future__ import annotations

from typing import ClassVar

from attrs import evolve, frozen

from s2pzoo.spec.fields import knob
from s2pzoo.spec.model import ComponentEntry
from s2pzoo.spec.ports import KINDS, Port, Ports

PIX2PIX = "Image-to-Image Translation with Conditional Adversarial Networks (Isola et al., CVPR 2017)"
CYCLEGAN = "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks (Zhu et al., ICCV 2017)"
PICTURES = tuple(kind for kind, channels in KINDS.items() if channels)


@frozen(kw_only=True)
class UNetConfig:
    """pix2pix's U-Net, with a skip at every level."""

    component: ClassVar = ComponentEntry(
        "baselines/unet", kind="generator", network="s2pzoo_baselines.pix2pix:UNet",
        summary="pix2pix's U-Net, sketch to photo", source=f"{PIX2PIX}, section 6.1",
    )  # fmt: skip

    size: int = knob(256, low=1, help="side in pixels")
    base: int = knob(64, low=1, help="channels of the first level; they double up to `widest`")
    widest: int = knob(512, low=1, help="channels at most")
    downs: int = knob(8, low=1, help="halvings")
    dropout: float = knob(0.5, low=0, high=1, paper=0.5, help="in the three innermost levels on the way up")

    def ports(self) -> Ports:
        """sketch -> photo."""
        return Ports(takes={"sketch": Port("sketch", size=self.size)}, gives={"photo": Port("photo", size=self.size)})


FACES256 = UNetConfig(base=32, widest=256, downs=7, dropout=0.0)
"""About the size of DeepFaceDrawing's light network."""


@frozen(kw_only=True)
class ResnetConfig:
    """CycleGAN's generator, from one kind of picture to another; as it is, the published one of 9 residual blocks."""

    component: ClassVar = ComponentEntry(
        "baselines/resnet", kind="generator", network="s2pzoo_baselines.cyclegan:Resnet",
        summary="CycleGAN's residual network, sketch to photo or photo to sketch", source=f"{CYCLEGAN}, section 4",
    )  # fmt: skip

    takes: str = knob("sketch", choices=PICTURES, help="the kind that goes in")
    gives: str = knob("photo", choices=PICTURES, help="the kind that comes out")
    size: int = knob(128, low=1, help="side in pixels")
    base: int = knob(64, low=1, help="channels at full resolution; they double with each halving")
    downs: int = knob(2, low=0, help="halvings")
    blocks: int = knob(9, low=0, help="residual blocks")
    kernel: int = knob(7, low=1, help="of the first and the last convolution")

    def ports(self) -> Ports:
        """One kind of picture -> another."""
        takes = Port(self.takes, size=self.size, multiple=1 << self.downs)
        return Ports(takes={self.takes: takes}, gives={self.gives: Port(self.gives, size=self.size)})

    def back(self) -> ResnetConfig:
        """The same network the other way round."""
        return evolve(self, takes=self.gives, gives=self.takes)


SHOES128 = ResnetConfig(base=28, blocks=8, kernel=5)
"""One network of about the size of UPS's two light ones, T and C together."""
