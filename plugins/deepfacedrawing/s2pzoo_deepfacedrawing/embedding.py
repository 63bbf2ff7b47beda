"""CE, component embedding: one auto-encoder a component (paper section 4.1; docs/deepfacedrawing.md)."""

from __future__ import annotations

import itertools

import torch
from attrs import frozen
from torch import Tensor, nn
from torch.nn import functional as F

from s2pzoo.interfaces import Encoder, Generator
from s2pzoo.nn.blocks import ResidualBlock, ResizeConv2d, init_normal
from s2pzoo_deepfacedrawing.config import DecoderConfig, EmbeddingConfig, EncoderConfig, Face, MappingConfig, Window


def crop(sketch: Tensor, face: Face) -> list[Tensor]:
    """Cut a sketch (N,1,S,S) into the components' windows; the remainder is the sketch with the others made paper."""
    remainder = sketch.clone()
    for window in face.parts:
        remainder[..., *window.box] = 1.0
    return [*(sketch[..., *window.box] for window in face.parts), remainder]


def merge(pieces: list[Tensor], face: Face, *, stride: int = 1) -> Tensor:
    """Paste the components' pictures or maps onto the remainder's, by overwriting (docs/deepfacedrawing.md).

    In depth order: mouth first, then the nose without its lowest rows, then the eyes. `stride` is pixels of canvas a
    pixel of the pieces.
    """
    canvas = pieces[-1].clone()
    cuts = {"nose": face.nose_cut}
    order = ["mouth", "nose", "left_eye", "right_eye"]
    for window, piece in sorted(zip(face.parts, pieces, strict=False), key=lambda pair: order.index(pair[0].name)):
        rows = (window.side - cuts.get(window.name, 0)) // stride
        x, y = window.x // stride, window.y // stride
        canvas[..., y : y + rows, x : x + window.side // stride] = piece[..., :rows, :]
    return canvas


@frozen(kw_only=True)
class Layers:
    """The convolutions that CE and FM are made of: normalisation and LeakyReLU follow each change of side."""

    config: EmbeddingConfig | MappingConfig

    def norm(self, channels: int) -> nn.Module:
        """Batch normalisation, or instance normalisation with a scale and a shift."""
        if self.config.norm == "instance":
            return nn.InstanceNorm2d(channels, affine=True)
        return nn.BatchNorm2d(channels, momentum=self.config.momentum)

    def residual(self, channels: int) -> nn.Module:
        """A residual block."""
        return ResidualBlock(channels, norm=self.norm)

    def halve(self, inside: int, outside: int) -> nn.Module:
        """A convolution that halves the side."""
        return nn.Sequential(
            nn.Conv2d(inside, outside, 4, 2, 1), self.norm(outside), nn.LeakyReLU(self.config.negative_slope)
        )

    def double(self, inside: int, outside: int) -> nn.Module:
        """A transposed, or a resize-convolution that doubles the side."""
        how = self.config.resize if isinstance(self.config, MappingConfig) else ""
        layer = ResizeConv2d(inside, outside, how=how) if how else nn.ConvTranspose2d(inside, outside, 4, 2, 1)
        return nn.Sequential(layer, self.norm(outside), nn.LeakyReLU(self.config.negative_slope))


def to_code(window: Window, channels: int, side: int, latent: int) -> list[nn.Module]:
    """(N,C,h,h) -> (N,D): one linear layer over everything, or the same one in every cell."""
    if window.cells:
        return [nn.Flatten(2), nn.Conv1d(channels, latent // side**2, 1), nn.Flatten()]
    return [nn.Flatten(), nn.Linear(channels * side**2, latent)]


def from_code(window: Window, channels: int, side: int, latent: int) -> list[nn.Module]:
    """(N,D) -> (N,C,h,h), the way back of `to_code`."""
    if window.cells:
        each = latent // side**2
        return [nn.Unflatten(1, (each, side**2)), nn.Conv1d(each, channels, 1), nn.Unflatten(2, (side, side))]
    return [nn.Linear(latent, channels * side**2), nn.Unflatten(1, (channels, side, side))]


class ComponentEncoder(nn.Sequential):
    """E_c: (N,1,s,s) in [-1,1] -> (N,D)."""

    def __init__(self, window: Window, config: EmbeddingConfig) -> None:
        make = Layers(config=config)
        channels = config.channels
        layers = [make.halve(1, channels[0])]
        for inside, outside in itertools.pairwise(channels):
            layers += [make.residual(inside), make.halve(inside, outside)]
        side = window.side // window.pool >> len(channels)
        layers += [make.residual(channels[-1]), *to_code(window, channels[-1], side, config.face.code(window))]
        super().__init__(*layers)


class ComponentDecoder(nn.Sequential):
    """D_c: (N,D) -> (N,1,s,s), linear, read as [-1,1]."""

    def __init__(self, window: Window, config: EmbeddingConfig) -> None:
        make = Layers(config=config)
        widths = config.channels[::-1]
        side = window.side // window.pool >> len(widths)
        layers = [*from_code(window, widths[0], side, config.face.code(window)), make.residual(widths[0])]
        for inside, outside in zip(widths, [*widths[1:], widths[-1]], strict=True):
            layers += [make.double(inside, outside), make.residual(outside)]
        layers += [nn.ReflectionPad2d(2), nn.Conv2d(widths[-1], 1, 5)]
        super().__init__(*layers)


class ComponentEncoders(Encoder):
    """All encoders: sketch (N,1,S,S) -> latent (N,P,D), one code a component in the order of the windows."""

    Config = EncoderConfig

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__(config)
        self.encoders = nn.ModuleList(ComponentEncoder(window, config) for window in config.face.windows)
        self.apply(init_normal)

    def forward(self, *, sketch: Tensor) -> Tensor:
        face = self.config.face
        codes = []
        for window, encoder, piece in zip(face.windows, self.encoders, crop(sketch, face), strict=True):
            piece = F.avg_pool2d(piece, window.pool) if window.pool > 1 else piece
            code = encoder(piece * 2 - 1)
            codes.append(F.pad(code, (0, face.latent - code.shape[1])))
        return torch.stack(codes, dim=1)


class ComponentDecoders(Generator):
    """All image decoders: latent (N,P,D) -> refined sketch (N,1,S,S)."""

    Config = DecoderConfig

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__(config)
        self.decoders = nn.ModuleList(ComponentDecoder(window, config) for window in config.face.windows)
        self.apply(init_normal)

    def forward(self, *, latent: Tensor) -> Tensor:
        return merge([piece.clamp(0, 1) for piece in self.pieces(latent)], self.config.face)

    def pieces(self, latent: Tensor) -> list[Tensor]:
        """Each component's own sketch (N,1,s,s), 1 is paper, not clamped."""
        return [self.piece(index, latent[:, index]) for index in range(len(self.decoders))]

    def piece(self, index: int, code: Tensor) -> Tensor:
        """One component's sketch (N,1,s,s) from its code (N,D), not clamped."""
        window = self.config.face.windows[index]
        piece = self.decoders[index](code[:, : self.config.face.code(window)]) / 2 + 0.5
        return F.interpolate(piece, scale_factor=window.pool, mode="bilinear") if window.pool > 1 else piece
