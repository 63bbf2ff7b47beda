"""IS, image synthesis: a pix2pixHD-style generator and its multi-scale discriminators (docs/deepfacedrawing.md)."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from s2pzoo.interfaces import Discriminator, Generator
from s2pzoo.nn.blocks import init_normal
from s2pzoo.nn.patchgan import MultiScaleDiscriminator
from s2pzoo.nn.resnet import ResnetGenerator
from s2pzoo_deepfacedrawing.config import DiscriminatorConfig, SynthesisConfig


class ImageSynthesis(Generator):
    """features (N,C,S/stride,S/stride) -> photo (N,3,S,S) in [0,1]."""

    Config = SynthesisConfig

    def __init__(self, config: SynthesisConfig) -> None:
        super().__init__(config)
        self.network = ResnetGenerator(
            config.maps, 3, base=config.base, downs=config.downs, blocks=config.blocks, kernel=config.kernel,
            widest=config.widest, enlarge=config.stride, skips=config.skips, resize=config.resize, grain=config.grain,
            norm=partial(nn.InstanceNorm2d, affine=config.affine),
        )  # fmt: skip
        self.apply(init_normal)

    def forward(self, *, features: Tensor) -> Tensor:
        return self.network(features).tanh() / 2 + 0.5


class PhotoDiscriminator(Discriminator):
    """photo (N,3,H,W) [and features] -> for each scale (logits, features of every layer), finest scale first."""

    Config = DiscriminatorConfig

    def __init__(self, config: DiscriminatorConfig) -> None:
        super().__init__(config)
        self.critics = MultiScaleDiscriminator(
            3 + (config.maps if config.conditional else 0),
            base=config.base, layers=config.layers, widest=config.widest, scales=config.scales,
        )  # fmt: skip
        self.apply(init_normal)

    def forward(self, *, photo: Tensor, features: Tensor | None = None) -> list[tuple[Tensor, list[Tensor]]]:
        beside = [F.interpolate(features, photo.shape[-2:])] if features is not None and self.config.conditional else []
        return self.critics(torch.cat([photo * 2 - 1, *beside], dim=1))
