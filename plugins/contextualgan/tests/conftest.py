"""Networks of Contextual GAN small enough to run in milliseconds, and faces that the tests paint themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from s2pzoo_contextualgan.config import PRESETS, Preset, make_preset
from s2pzoo_contextualgan.joint import ContextEncoder
from s2pzoo_contextualgan.plugin import model_steps, s2pzoo_plugin
from s2pzoo_contextualgan.projection import Projection
from torch import Tensor, nn

from s2pzoo.pipeline.run import Pipeline
from s2pzoo.spec.model import Model

SMALL = {"size": 64, "side": 16, "latent": 6, "widths": (12, 8), "kernel": 4}
PRESETS_HERE = {
    "small": make_preset(critic=(8, 6), norm="spectral", prior="normal", layout="stack", **SMALL),
    "small-paper": make_preset(critic=(8, 6), norm="batch", **SMALL),
    "small-residual": make_preset(
        critic=(8, 6), norm="spectral", prior="normal", layout="stack", blocks="residual", **SMALL
    ),
}


def projection_of(zoo: Pipeline) -> Any:
    return zoo.components["projection"]


@pytest.fixture(scope="session", autouse=True)
def _small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, preset in PRESETS_HERE.items():
            patch.setitem(PRESETS, name, preset)
        yield


@pytest.fixture(params=PRESETS_HERE)
def small(request: pytest.FixtureRequest) -> Preset:
    """Each kind of network, a few channels wide."""
    return PRESETS_HERE[request.param]


@pytest.fixture(scope="session")
def zoo() -> Pipeline:
    """The whole pipeline, untrained but lively."""
    preset = PRESETS_HERE["small"]
    with torch.random.fork_rng(devices=[]):
        torch.random.manual_seed(3)
        parts = {"initialiser": ContextEncoder(preset.encoder), "projection": Projection(preset.projection())}
        for part in parts.values():
            part.apply(_louder)
    entry = Model("contextualgan.small", steps=model_steps(preset), size=64)
    return Pipeline(model=entry, components=parts, tools={tool.name: tool for tool in s2pzoo_plugin().tools})


@pytest.fixture(scope="session")
def drawing(zoo: Pipeline) -> Tensor:
    """(3,1,64,64): drawings, no two alike, that G can make."""
    z = torch.randn(3, 6, generator=torch.Generator().manual_seed(4))
    return nn.functional.interpolate(projection_of(zoo).generator(latent=z)["sketch"], scale_factor=4).clamp(0, 1)


@torch.no_grad()
def _louder(module: nn.Module) -> None:
    """Weights at which an untrained network tells things apart."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d) and "weight" in dict(module.named_parameters(recurse=False)):
        module.weight.mul_(8)
