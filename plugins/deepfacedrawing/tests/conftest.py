"""A network of DeepFaceDrawing small enough to run in milliseconds, and faces that the tests draw themselves."""

from __future__ import annotations

import pytest
import torch
from s2pzoo_deepfacedrawing.config import (
    DecoderConfig,
    EncoderConfig,
    Face,
    ManifoldConfig,
    MappingConfig,
    Preset,
    SynthesisConfig,
    Window,
)
from s2pzoo_deepfacedrawing.embedding import ComponentDecoders, ComponentEncoders, FeatureMapping
from s2pzoo_deepfacedrawing.manifold import ManifoldProjection
from s2pzoo_deepfacedrawing.photo import ImageSynthesis
from s2pzoo_deepfacedrawing.plugin import model_steps, s2pzoo_plugin
from torch import Tensor, nn

from s2pzoo.pipeline.run import Pipeline
from s2pzoo.spec.model import Model

FACE = Face(
    size=64,
    windows=(
        Window(name="left_eye", x=14, y=20, side=16),
        Window(name="right_eye", x=32, y=20, side=16),
        Window(name="nose", x=22, y=28, side=20),
        Window(name="mouth", x=20, y=36, side=24),
        Window(name="remainder", x=0, y=0, side=64, pool=2),
    ),
    nose_cut=4,
    latent=8,
)
LAYERS = {"face": FACE, "channels": (8, 12), "negative_slope": 0.2, "momentum": 0.5}
SMALL = Preset(
    encoder=EncoderConfig(**LAYERS),
    decoder=DecoderConfig(**LAYERS),
    manifold=ManifoldConfig(face=FACE, samples=24, neighbours=4),
    mapping=MappingConfig(
        face=FACE, channels=(8, 8, 8), bottleneck=4, maps=6, stride=2, kernel=3, negative_slope=0.2, momentum=0.5
    ),
    synthesis=SynthesisConfig(size=64, maps=6, base=8, downs=2, blocks=1, kernel=3, stride=2, widest=16, skips=True),
)


@pytest.fixture(scope="session")
def face() -> Face:
    """64 pixels; windows that overlap as the official ones do."""
    return FACE


@pytest.fixture(scope="session")
def small() -> Preset:
    """Every part of the network, a few channels wide."""
    return SMALL


@pytest.fixture(scope="session")
def sketches() -> Tensor:
    """(28,1,64,64): scribbles of which no two are alike. The first 24 are in the bank."""
    return scribbles(28)


@pytest.fixture(scope="session")
def zoo(sketches: Tensor) -> Pipeline:
    """The whole pipeline; its statistics are those of the sketches, its bank holds the first 24 of them."""
    with torch.random.fork_rng(devices=[]):
        torch.random.manual_seed(1)
        parts = {
            "encoder": ComponentEncoders(SMALL.encoder),
            "manifold": ManifoldProjection(SMALL.manifold),
            "mapping": FeatureMapping(SMALL.mapping),
            "synthesis": ImageSynthesis(SMALL.synthesis),
            "decoder": ComponentDecoders(SMALL.decoder),
        }
    with torch.no_grad():
        for part in parts.values():
            part.apply(_louder)
        for _ in range(8):  # batch normalisation takes the statistics of the sketches
            codes = parts["encoder"](sketch=sketches)
            parts["synthesis"](features=parts["mapping"](latent=codes))
            parts["decoder"](latent=codes)
        codes = parts["encoder"].eval()(sketch=sketches[:24])
    tags = torch.arange(24)
    parts["manifold"].fill(codes.transpose(0, 1), gender=1 + tags % 2, age=20 + tags)
    steps = model_steps(SMALL)
    model = Model("deepfacedrawing.small", steps=steps, size=64, blank_ok=True, dataset="faces/corpus")
    return Pipeline(model=model, components=parts, tools={tool.name: tool for tool in s2pzoo_plugin().tools})


def scribbles(count: int) -> Tensor:
    """(N,1,64,64), 1 is paper: a few soft random strokes each."""
    generator = torch.Generator().manual_seed(2)
    coarse = torch.rand(count, 1, 16, 16, generator=generator)
    soft = nn.functional.interpolate(coarse, size=(64, 64), mode="bicubic", align_corners=False)
    return ((soft - 0.5).abs() * 8).clamp(0, 1)


def _louder(module: nn.Module) -> None:
    """Weights at which an untrained network tells drawings apart."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        module.weight.mul_(10)
