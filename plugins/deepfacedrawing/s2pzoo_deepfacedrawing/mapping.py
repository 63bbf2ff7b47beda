"""FM, feature mapping: each component's code to a multi-channel map, merged on the canvas."""

from __future__ import annotations

from torch import Tensor, nn

from s2pzoo.interfaces import Generator
from s2pzoo.nn.blocks import init_normal
from s2pzoo_deepfacedrawing.config import MappingConfig, Window
from s2pzoo_deepfacedrawing.embedding import Layers, from_code, merge


class FeatureDecoder(nn.Sequential):
    """(N,D) -> (N,C,s/stride,s/stride), linear."""

    def __init__(self, window: Window, config: MappingConfig) -> None:
        side, goal = window.side // window.pool // config.bottleneck, window.side // config.stride
        make = Layers(config=config)
        widths = config.channels
        layers = [*from_code(window, widths[0], side, config.face.code(window)), make.residual(widths[0])]
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
        face = self.config.face
        maps = [
            decoder(latent[:, index, : face.code(window)])
            for index, (window, decoder) in enumerate(zip(face.windows, self.decoders, strict=True))
        ]
        return merge(maps, face, stride=self.config.stride)
