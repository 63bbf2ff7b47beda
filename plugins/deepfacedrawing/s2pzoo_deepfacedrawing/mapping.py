"""FM, feature mapping: each component's code to a multi-channel map, merged on the canvas."""

from __future__ import annotations

from torch import Tensor, nn

from s2pzoo.interfaces import Generator
from s2pzoo.nn.blocks import init_normal
from s2pzoo_deepfacedrawing.config import MappingConfig, Window
from s2pzoo_deepfacedrawing.embedding import Layers, merge


class FeatureDecoder(nn.Sequential):
    """(N,D) -> (N,C,s/stride,s/stride), linear."""

    def __init__(self, window: Window, config: MappingConfig) -> None:
        side, goal = window.side // window.pool // config.bottleneck, window.side // config.stride
        make = Layers(slope=config.negative_slope, momentum=config.momentum)
        widths = config.channels
        layers = [
            nn.Linear(config.face.latent, widths[0] * side**2),
            nn.Unflatten(1, (widths[0], side, side)),
            make.residual(widths[0]),
        ]
        used = 0
        while side < goal:
            layers.append(make.double(widths[used], widths[used + 1]))
            used, side = used + 1, side * 2
            if side <= config.residual_side:
                layers.append(make.residual(widths[used]))
        margin = config.kernel // 2
        layers += [nn.ReflectionPad2d(margin), nn.Conv2d(widths[used], config.maps, config.kernel)]
        super().__init__(*layers)


class FeatureMapping(Generator):
    """latent (N,P,D) -> merged features (N,C,S/stride,S/stride)."""

    Config = MappingConfig

    def __init__(self, config: MappingConfig) -> None:
        super().__init__(config)
        self.decoders = nn.ModuleList(FeatureDecoder(window, config) for window in config.face.windows)
        self.apply(init_normal)

    def forward(self, *, latent: Tensor) -> Tensor:
        maps = [decoder(latent[:, index]) for index, decoder in enumerate(self.decoders)]
        return merge(maps, self.config.face, stride=self.config.stride)
