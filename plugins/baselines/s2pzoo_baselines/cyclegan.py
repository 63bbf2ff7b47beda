"""CycleGAN's generator (Zhu et al., ICCV 2017, section 4): a residual network from one kind of picture to another."""

from __future__ import annotations

from torch import Tensor

from s2pzoo.interfaces import Generator
from s2pzoo.nn.blocks import init_normal
from s2pzoo.nn.resnet import ResnetGenerator
from s2pzoo.ports import KINDS
from s2pzoo_baselines.config import ResnetConfig


class Resnet(Generator):
    """A picture (N,1 or 3,S,S) -> one of the other kind, (N,1 or 3,S,S); both in [0,1].

    Inside, every picture has three channels, as in the published network: one channel is shown thrice, and made as the
    mean of three. So a picture of the kind that it makes can also be put in, as the identity loss wants.
    """

    Config = ResnetConfig

    def __init__(self, config: ResnetConfig) -> None:
        super().__init__(config)
        self.network = ResnetGenerator(
            3, 3, base=config.base, downs=config.downs, blocks=config.blocks, kernel=config.kernel
        )
        self.apply(init_normal)

    def forward(self, **picture: Tensor) -> Tensor:
        x = picture[self.config.takes].expand(-1, 3, -1, -1)
        made = self.network(x * 2 - 1).tanh() / 2 + 0.5
        return made.mean(1, keepdim=True) if KINDS[self.config.gives] == 1 else made
