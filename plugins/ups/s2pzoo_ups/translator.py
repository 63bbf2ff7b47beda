"""T and T', the shape translators of stage 1 (paper section 3.1; docs/ups.md)."""

from __future__ import annotations

from functools import partial
from typing import Any

from torch import Tensor, nn

from s2pzoo.interfaces import Generator
from s2pzoo.nn.blocks import init_normal
from s2pzoo.nn.conditional import ConditionalInstanceNorm2d, category_index, conditioned
from s2pzoo.nn.resnet import ResnetGenerator
from s2pzoo_ups.attention import Suppression
from s2pzoo_ups.config import TranslatorConfig


class ShapeTranslator(Generator):
    """sketch (N,1,S,S) -> gray (N,1,S,S) and attention (N,1,S/4,S/4), or gray -> sketch; all in [0,1]."""

    Config = TranslatorConfig

    def __init__(self, config: TranslatorConfig) -> None:
        super().__init__(config)
        many = len(config.classes)
        self.network = ResnetGenerator(
            1, 1, base=config.base, downs=config.downs, blocks=config.blocks, kernel=config.kernel,
            resize="nearest" if config.resize else "",
            norm=partial(ConditionalInstanceNorm2d, classes=many) if many else nn.InstanceNorm2d,
        )  # fmt: skip
        channels = self.network.widths[-1]
        self.suppression = None if config.attention == "off" else Suppression(channels, softmax=config.attention)
        self.apply(init_normal)

    def forward(self, *, category: Any = None, attend: bool = True, **image: Tensor) -> Tensor | dict[str, Tensor]:
        """One image by the name of its port.

        Args:
            category: with `classes`, the name or index of one, or a tensor (N,) of indices.
            attend: whether the attention suppresses; the map is given all the same.

        Raises:
            BadOptionError: no such category, or none given where there are some.
        """
        x = image[self.config.takes]
        classes = self.config.classes
        wanted = classes or category is not None
        with conditioned(category_index(category, classes, len(x)).to(x.device) if wanted else None):
            maps = self.network.encode(x * 2 - 1)
            attention = None
            if self.suppression is not None:
                suppressed, attention = self.suppression(maps[-1])
                maps[-1] = suppressed if attend else maps[-1]
            made = self.network.decode(maps).tanh() / 2 + 0.5
        return made if attention is None else {self.config.gives: made, "attention": attention}
