"""CE, component embedding: one auto-encoder a component, its objective and its step (stage I, paper section 4.1)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from attrs import evolve, frozen
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from s2pzoo.data.files import drawings
from s2pzoo.host.parts import Part, own_encoder
from s2pzoo.interfaces import Encoder, Generator
from s2pzoo.nn.blocks import ResidualBlock, ResizeConv2d, init_normal
from s2pzoo.nn.encoding import MapEncoding
from s2pzoo.nn.kept import Kept, unless_kept
from s2pzoo.spec.fields import knob
from s2pzoo.spec.model import Model
from s2pzoo.train.calibrate import recalibrate
from s2pzoo.train.paired import PairedBatches, PairedData
from s2pzoo.train.recipe import Recipe, Start, preset
from s2pzoo.train.sheet import sheet
from s2pzoo.train.start import begin, begun
from s2pzoo.train.task import Backward, Networks, Task, channels_last, numbers
from s2pzoo.train.unpaired import to_tensor
from s2pzoo_deepfacedrawing.config import (
    PRESETS,
    DecoderConfig,
    EmbeddingConfig,
    EncoderConfig,
    Face,
    MappingConfig,
    Window,
)
from s2pzoo_deepfacedrawing.plugin import model_steps


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
        """A residual block; its batch normalisation has PyTorch's own momentum, as in the released code."""
        return ResidualBlock(channels, norm=nn.BatchNorm2d if self.config.norm == "batch" else self.norm)

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


class ForeignEncoder(nn.Sequential):
    """The rest of E_c where an encoder of another plugin sees the drawing: its map -> (N,D)."""

    def __init__(self, window: Window, config: EmbeddingConfig) -> None:
        side = window.side // window.pool >> len(config.channels)
        super().__init__(*to_code(window, config.channels[-1], side, config.face.code(window)))


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
        kind = ForeignEncoder if config.encoder.component else ComponentEncoder
        self.encoders = nn.ModuleList(kind(window, config) for window in config.face.windows)
        self.apply(init_normal)
        self.kept: Kept | None = None
        count = 0 if not config.encoder.component else 1 if config.whole else len(config.face.windows)
        stride, channels = 1 << len(config.channels), config.channels[-1]
        self.eyes = nn.ModuleList(MapEncoding(config.encoder, channels=channels, stride=stride) for _ in range(count))

    def forward(self, *, sketch: Tensor) -> Tensor:
        face = self.config.face
        codes = []
        for index, (encoder, seen) in enumerate(zip(self.encoders, self._seen(sketch), strict=True)):
            code = unless_kept(self.kept, index, encoder, seen)
            codes.append(F.pad(code, (0, face.latent - code.shape[1])))
        return torch.stack(codes, dim=1)

    def _seen(self, sketch: Tensor) -> Iterator[Tensor]:
        """What each component's encoder is given: its drawing in [-1,1], or a map of it."""
        face = self.config.face
        if len(self.eyes) == 1:
            maps, stride = self.eyes[0](sketch), 1 << len(self.config.channels)
            for window in face.windows:
                x, y, side = window.x // stride, window.y // stride, window.side // stride
                yield F.adaptive_avg_pool2d(maps[..., y : y + side, x : x + side], side // window.pool)
            return
        for index, (window, piece) in enumerate(zip(face.windows, crop(sketch, face), strict=True)):
            piece = F.avg_pool2d(piece, window.pool) if window.pool > 1 else piece
            yield self.eyes[index](piece) if self.eyes else piece * 2 - 1


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


# FM, which photo.py trains, is begun in stage I where `first_maps` asks for it.


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
        self.kept: Kept | None = None

    def forward(self, *, latent: Tensor) -> Tensor:
        face = self.config.face
        maps = [
            unless_kept(self.kept, index, decoder, latent[:, index, : face.code(window)])
            for index, (window, decoder) in enumerate(zip(face.windows, self.decoders, strict=True))
        ]
        return merge(maps, face, stride=self.config.stride)


def reconstruction(decoder: ComponentDecoders, codes: Tensor, target: Tensor, *, ink: float) -> dict[str, Tensor]:
    """Mean square error of each component's decoded sketch; pixels with ink weigh 1 + `ink` (0 in the paper)."""
    face = decoder.config.face
    pairs = zip(face.names, decoder.pieces(codes), crop(target, face), strict=True)
    return {name: _weighted(piece, wanted, ink=ink) for name, piece, wanted in pairs}


def first_maps(features: Tensor, drawing: Tensor, photo: Tensor, *, ink: float) -> Tensor:
    """How far FM's first four maps (N,4+,S/stride,S/stride) are from the drawing and the photo they should show.

    `drawing` (N,1,S,S) and `photo` (N,3,S,S) in [0,1]. The square error of the one, weighed by `ink`, and twice the
    absolute error of the other.
    """
    shown, side = features[:, :4] / 2 + 0.5, features.shape[-1]
    drawn = _weighted(shown[:, :1], F.adaptive_avg_pool2d(drawing, side), ink=ink)
    return drawn + 2 * (shown[:, 1:] - F.adaptive_avg_pool2d(photo, side)).abs().mean()


def _weighted(drawn: Tensor, wanted: Tensor, *, ink: float) -> Tensor:
    return ((1 + ink * (1 - wanted)) * (drawn - wanted).square()).mean()


@frozen(kw_only=True)
class PresetChoice:
    """All parts."""

    name: str = knob("faces256", help=f"one of {', '.join(PRESETS)}")


@frozen(kw_only=True)
class Stage1Networks:
    preset: PresetChoice = PresetChoice()
    encoder: Part = own_encoder()
    whole: bool = knob(False, help="one such encoder sees the whole face; else each component has one")
    start: Start = Start()


@frozen(kw_only=True)
class Stage1Weights:
    reconstruction: float = knob(1.0, low=0, paper=1.0, help="of each component's sketch")
    first_maps: float = knob(
        0.0, low=0, paper=0.0, help="FM is begun here: its first four maps show the clean drawing and the photo"
    )


@frozen(kw_only=True)
class Stage1Rules:
    ink: float = knob(0.0, low=0, paper=0.0, help="further weight of pixels with ink, since paper is most of a sketch")
    target: str = knob(
        "input", choices=("input", "clean"), paper="input",
        help="what is decoded: the sketch itself, or the clean drawing of the same face",
    )  # fmt: skip


@frozen(kw_only=True)
class EmbeddingData(PairedData):
    """Faces, and what else there is of drawings."""

    drawings: str = knob("", help="a folder of people's own drawings in the face frame, without photos; empty: none")
    drawn: float = knob(0.25, low=0, high=4, help="how many of them to a face")


class Drawings:
    """People's own drawings, of which there is no photo: CE learns from them too.

    Raises:
        DataError: there is none, or some cannot be read.
    """

    def __init__(self, settings: EmbeddingData, *, size: int, batch: int) -> None:
        self.count = max(1, round(settings.drawn * batch))
        self.known = drawings(Path(settings.drawings), size=size, shaded=True) if settings.drawings else None

    def draw(self, rng: np.random.Generator) -> dict[str, Tensor]:
        """Some of them as `drawings` (M,1,S,S) in [0,1], half of them mirrored."""
        if self.known is None:
            return {}
        drawn = self.known[rng.integers(len(self.known), size=self.count)]
        return {"drawings": to_tensor([one[:, ::-1] if rng.random() < 0.5 else one for one in drawn])}


def with_drawings(batch: dict[str, Tensor], kind: str) -> Tensor:
    """The batch's drawings of one kind, and people's own after them."""
    return torch.cat([batch[kind], batch["drawings"]]) if "drawings" in batch else batch[kind]


@frozen(kw_only=True)
class Stage1Recipe(Recipe):
    data: EmbeddingData = EmbeddingData()
    networks: Stage1Networks = Stage1Networks()
    weights: Stage1Weights = Stage1Weights()
    rules: Stage1Rules = Stage1Rules()


class Stage1(Task):
    """CE: five auto-encoders, each on its own window, mean square error."""

    Recipe = Stage1Recipe

    def __init__(self, *, recipe: Any, data: Path) -> None:
        super().__init__(recipe=recipe, data=data)
        self.data = PairedBatches(recipe.data, data, batch=recipe.schedule.batch)
        chosen, seeing = preset(PRESETS, recipe.networks.preset.name), recipe.networks
        self.preset = evolve(chosen, encoder=evolve(chosen.encoder, encoder=seeing.encoder, whole=seeing.whole))
        made: dict[str, nn.Module] = {
            "encoder": ComponentEncoders(self.preset.encoder), "decoder": ComponentDecoders(self.preset.decoder)
        }  # fmt: skip
        if recipe.weights.first_maps:
            made["mapping"] = FeatureMapping(self.preset.mapping)
        begin(made, recipe.networks.start.bundle)
        self.drawings = Drawings(recipe.data, size=self.preset.encoder.face.size, batch=recipe.schedule.batch)
        self.networks = channels_last(made)
        self.ema = tuple(made)
        self.optimizers = {"embedding": self.adam(*made.values())}

    def draw(self, rng: np.random.Generator) -> dict[str, Tensor]:
        return {**self.data.draw(rng), **self.drawings.draw(rng)}

    def step(self, batch: dict[str, Tensor], index: int, backward: Backward) -> dict[str, float]:
        rules, target = self.recipe.rules, "sketch" if self.recipe.rules.target == "input" else "clean"
        codes = self.networks["encoder"](sketch=with_drawings(batch, "sketch"))
        decoder = cast(ComponentDecoders, self.networks["decoder"])
        parts = reconstruction(decoder, codes, with_drawings(batch, target), ink=rules.ink)
        terms = {"reconstruction": torch.stack(list(parts.values())).sum()}
        if mapping := self.networks.get("mapping"):
            maps = mapping(latent=codes[: len(batch["photo"])])
            terms["first_maps"] = first_maps(maps, batch["clean"], batch["photo"], ink=rules.ink)
        self.minimise("embedding", self.weighted(terms), backward)
        return numbers({**parts, **{name: term for name, term in terms.items() if name != "reconstruction"}})

    def sample(self, networks: Networks) -> Image.Image:
        self._calibrate(networks)
        batch = self.data.preview(self.device)
        codes = networks["encoder"](sketch=batch["sketch"])
        columns = {"sketch": batch["sketch"], "decoded": networks["decoder"](latent=codes), "clean": batch["clean"]}
        if mapping := networks.get("mapping"):
            shown = (mapping(latent=codes)[:, :4] / 2 + 0.5).clamp(0, 1)
            shown = F.interpolate(shown, batch["photo"].shape[-2:], mode="bilinear")
            columns |= {"first map": shown[:, :1], "next three": shown[:, 1:]}
        return sheet({**columns, "photo": batch["photo"]})

    def finished(self, networks: Networks) -> tuple[Model, Networks]:
        self._calibrate(networks)
        steps = [step for step in model_steps(self.preset) if step.name in networks]
        size = self.preset.encoder.face.size
        return Model("deepfacedrawing.stage1", steps=steps, output="refined_sketch", size=size), networks

    def facts(self) -> dict[str, Any]:
        return {**self.data.facts(), **begun({"start": self.recipe.networks.start.bundle})}

    def _calibrate(self, networks: Networks) -> None:
        def run() -> None:
            for batch in self.some_batches(16):
                codes = networks["encoder"](sketch=batch["sketch"])
                cast(ComponentDecoders, networks["decoder"]).pieces(codes)
                if mapping := networks.get("mapping"):
                    mapping(latent=codes)

        recalibrate(networks.values(), run)
