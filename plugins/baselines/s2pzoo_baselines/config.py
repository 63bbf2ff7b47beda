"""Configurations of the baselines. Torch-free."""

from __future__ import annotations

from attrs import frozen

from s2pzoo.ports import Port, Ports


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
