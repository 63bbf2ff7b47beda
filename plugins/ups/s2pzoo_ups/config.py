"""Configurations of the two translators T and T' of stage 1. Torch-free."""

from __future__ import annotations

from attrs import evolve, field, frozen
from attrs.validators import in_

from s2pzoo.ports import Port, Ports

ATTENTIONS = ("channels", "legacy_rows", "off")


@frozen(kw_only=True)
class TranslatorConfig:
    """T (sketch to gray, with attention) or T' (gray to sketch, without): a residual generator (docs/ups.md).

    `attention` is a softmax over its two logits (`channels`), the released code's over the rows of the map
    (`legacy_rows`), or none (`off`). `resize` doubles without a checkerboard, where the released code has transposed
    convolutions. `classes` names what one network is trained on together; none means one class.
    """

    takes: str = "sketch"
    gives: str = "gray"
    size: int = 128
    base: int = 64
    downs: int = 2
    blocks: int = 9
    kernel: int = 7
    resize: bool = False
    attention: str = field(default="channels", validator=in_(ATTENTIONS))
    classes: tuple[str, ...] = ()

    def ports(self) -> Ports:
        """sketch -> gray and the attention over it, or gray -> sketch."""
        gives = {self.gives: Port(self.gives, size=self.size)}
        if self.attention != "off":
            gives["attention"] = Port("mask", size=self.size >> self.downs)
        return Ports(takes={self.takes: Port(self.takes, size=self.size, multiple=1 << self.downs)}, gives=gives)

    def back(self) -> TranslatorConfig:
        """The same network the other way round, without attention."""
        return evolve(self, takes=self.gives, gives=self.takes, attention="off")


SHAPES = {
    "paper128": TranslatorConfig(),  # layer for layer the released network, 11.37 M parameters
    "light128": TranslatorConfig(base=24, blocks=6, kernel=5, resize=True),  # small enough for a CPU to train
}
"""Presets of T; T' is the same network turned round."""
