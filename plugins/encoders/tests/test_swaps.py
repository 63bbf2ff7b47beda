"""Encoders in the place of the methods' own: ours, and one that a third party writes in a few lines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from attrs import evolve
from s2pzoo_contextualgan.example import initialiser
from s2pzoo_deepfacedrawing.config import FACES256
from s2pzoo_deepfacedrawing.embedding import ComponentEncoders
from s2pzoo_deepfacedrawing.example import stage1 as embedding
from s2pzoo_deepfacedrawing.photo import seeing
from s2pzoo_ups.example import stage1 as shape

import s2pzoo
from s2pzoo.errors import UnknownComponentError, UntrainedError, UsageError
from s2pzoo.host.parts import Part
from s2pzoo.host.plugin import load_object
from s2pzoo.host.registry import default_registry
from s2pzoo.nn.encoding import CodeEncoding, Eyes, MapEncoding
from s2pzoo.spec.fields import read
from s2pzoo.train.loop import train
from s2pzoo.weights.bundle import read_bundle

DECLARED = """
from typing import ClassVar
from attrs import frozen
from s2pzoo.host.hooks import hookimpl
from s2pzoo.spec.model import ComponentEntry, Declaration
from s2pzoo.spec.ports import Port, Ports

S2PZOO_API = 2

@frozen(kw_only=True)
class EyeConfig:
    component: ClassVar = ComponentEntry("visor/eye", kind="encoder", network="s2pzoo_visor.eye:Eye")

    def ports(self) -> Ports:
        return Ports(takes={"sketch": Port("sketch")}, gives={"features": Port("features")})

@hookimpl
def s2pzoo_plugin():
    return Declaration(components=[EyeConfig])
"""
EYE = """
import timm
from s2pzoo.interfaces import Encoder
from s2pzoo_visor.plugin import EyeConfig

class Eye(Encoder):
    Config = EyeConfig

    def __init__(self, config):
        super().__init__(config)
        self.net = timm.create_model("test_convnext", features_only=True, in_chans=1, out_indices=(1,))

    def forward(self, *, sketch):
        return self.net(sketch)[0]
"""
STEPS = {"ups": "translator", "deepfacedrawing": "encoder", "contextualgan": "initialiser"}
TASKS = {
    "ups/stage1": (shape, "translator"),
    "deepfacedrawing/stage1": (embedding, "encoder"),
    "contextualgan/initialiser": (initialiser, "initialiser"),
}
PLAIN = (
    "schedule.minutes=0",
    "schedule.warmup=0",
    "schedule.decay=none",
    "schedule.accelerator=cpu",
    "schedule.steps=1",
)


@pytest.fixture
def visor(install: Callable[..., None]) -> None:
    """A plugin with an encoder, installed."""
    install("visor", plugin=DECLARED, eye=EYE)


def trained_with(task: str, encoder: str, folder: Path, *more: str) -> Path:
    """One step of a task with another encoder; the folder of what it leaves."""
    example, _ = TASKS[task]
    folder.mkdir()
    overrides = [*example(folder), *PLAIN, f"networks.encoder={encoder}", *more]
    train(task, folder, folder / "out", overrides=overrides, progress=False)
    return folder / "out"


def config_of(out: Path, step: str) -> dict[str, Any]:
    """The config of a step in a bundle."""
    return next(dict(one.config) for one in read_bundle(out).manifest.steps if one.name == step)


def encoder_of(out: Path, task: str) -> str:
    """The encoder in it."""
    return Part.of(config_of(out, TASKS[task][1])["encoder"]).component


@pytest.mark.parametrize("task", TASKS)
def test_an_encoder_of_a_third_party_is_trained_in_every_method(visor: None, task: str, tmp_path: Path) -> None:
    out = trained_with(task, "visor/eye", tmp_path / "data")
    assert encoder_of(out, task) == "visor/eye"
    network = load_part(out, TASKS[task][1])
    assert any(type(module).__name__ == "Eye" for module in network.modules())
    if task == "deepfacedrawing/stage1":  # which the second stage goes by
        assert seeing(read_bundle(out)) == {"encoder": "visor/eye", "whole": False}


@pytest.mark.parametrize("task", TASKS)
def test_a_stroke_encoder_is_trained_in_every_method(task: str, tmp_path: Path) -> None:
    out = trained_with(task, "encoders/sketchbert-small", tmp_path / "data", "networks.encoder.layers=1")
    assert encoder_of(out, task) == "encoders/sketchbert-small"


TRAINED = "deepfacedrawing.faces256:encoder"


def test_a_trained_part_of_another_model_is_where_an_encoder_begins(tmp_path: Path) -> None:
    out = trained_with("contextualgan/initialiser", TRAINED, tmp_path / "data", "schedule.lr=0")
    part = Part.of(config_of(out, "initialiser")["encoder"])
    assert (part.component, part.start, part.config["face"]["size"]) == ("deepfacedrawing/encoder", TRAINED, 256)
    assert read_bundle(out).manifest.training["pretrained"] == {"encoding.eyes.encoder": TRAINED}
    theirs = s2pzoo.load("deepfacedrawing").components["encoder"].state_dict()
    ours = load_part(out, "initialiser").encoding.eyes.encoder.state_dict()
    assert all(torch.allclose(ours[name], theirs[name].half().float(), atol=1e-4) for name in theirs)


def load_part(out: Path, step: str) -> Any:
    """The network of one step of a bundle."""
    held = read_bundle(out)
    entry = default_registry().component(next(one.component for one in held.manifest.steps if one.name == step))
    network = load_object(entry.network)(read(entry.config, config_of(out, step)))
    held.load_into({step: network})
    return network


def test_a_trained_part_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no step 'encodr'"):
        trained_with("ups/stage1", "deepfacedrawing.faces256:encodr", tmp_path / "data")


def test_one_encoder_may_see_the_whole_face() -> None:
    seen = Part(component="encoders/timm-test_resnet")
    encoder = ComponentEncoders(evolve(FACES256.encoder, encoder=seen, whole=True))
    assert len(encoder.eyes) == 1 and encoder(sketch=torch.rand(1, 1, 256, 256)).shape == (1, 5, 1024)
    each = ComponentEncoders(evolve(FACES256.encoder, encoder=seen))
    assert len(each.eyes) == 5 and each(sketch=torch.rand(1, 1, 256, 256)).shape == (1, 5, 1024)


@pytest.mark.parametrize("model", STEPS)
@pytest.mark.parametrize("encoder", ["encoders/timm-test_convnext", "encoders/sketchbert-small", "encoders/sketchcnn"])
def test_every_encoder_fits_into_every_method_and_is_not_run_untrained(model: str, encoder: str) -> None:
    swap = {STEPS[model]: encoder}
    with pytest.raises(UntrainedError, match=STEPS[model]):
        s2pzoo.load(model, swap=swap)
    pipeline = s2pzoo.load(model, swap=swap, untrained="allow")
    drawing = torch.ones(1, 1, pipeline.model.size, pipeline.model.size)
    drawing[..., 40:44, 30:90] = 0
    assert pipeline(drawing, **({"steps": 1} if model == "contextualgan" else {})).isfinite().all()


def test_what_is_no_encoder_of_drawings_is_refused() -> None:
    with pytest.raises(UsageError, match="kind discriminator"):
        Eyes(Part(component="core/patchgan"))
    with pytest.raises(UnknownComponentError, match="faces/locator"):
        CodeEncoding(Part(component="faces/locatr"), numbers=2)


@pytest.mark.parametrize("encoder", ["encoders/timm-test_resnet", "encoders/sketchcnn", "encoders/sketchbert-small"])
def test_what_an_encoder_gives_is_measured_and_brought_to_what_is_wanted(encoder: str) -> None:
    sketch = torch.ones(2, 1, 96, 96)
    sketch[..., 20:23, 10:80] = 0
    maps = MapEncoding(Part(component=encoder), channels=5, stride=4).eval()
    assert maps(sketch).shape == (2, 5, 24, 24) and maps.eyes.seen.channels > 0 and maps.eyes.seen.latent > 0
    assert CodeEncoding(Part(component=encoder), numbers=7).eval()(sketch).shape == (2, 7)


@pytest.mark.parametrize("encoder", ["encoders/timm-test_resnet", "encoders/timm-test_vit", "encoders/sketchcnn"])
def test_it_sees_in_fewer_bits(encoder: str) -> None:
    encoding = MapEncoding(Part(component=encoder), channels=5, stride=4)
    with torch.autocast("cpu", torch.bfloat16):
        made = encoding(torch.rand(2, 1, 40, 40).bfloat16())
    assert made.isfinite().all() and made.shape == (2, 5, 10, 10)


def test_a_part_without_a_name_is_no_start(tmp_path: Path) -> None:
    folder = s2pzoo.load("encoders.sketchbert-small").save(tmp_path / "bundle")
    with pytest.raises(UsageError, match="no name to begin with"):
        trained_with("ups/stage1", f"{folder}:encoder", tmp_path / "data")
