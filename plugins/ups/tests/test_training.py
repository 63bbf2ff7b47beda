"""The three trainings in a row, and critics and losses that somebody else made."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image, ImageDraw
from s2pzoo_ups.shape import Stage1

import s2pzoo
from s2pzoo.errors import RecipeError, UnknownComponentError
from s2pzoo.spec.fields import overridden
from s2pzoo.train.loop import TrainResult, train
from s2pzoo.train.recipe import read_recipe

SMALL = (
    "data.collection=objects", "data.size=32", "data.load=36", "schedule.batch=2", "schedule.minutes=0", "steps=2",
    "networks.critic.base=2", "networks.critic.widest=4", "accelerator=cpu", "log_every=1",
)  # fmt: skip
SHAPE = (
    "rules.unpaired_start=0",
    "rules.unpaired_every=1",
    "weights.pseudo=0",
    "weights.pseudo_perceptual=0",
    "weights.pseudo_matching=0",
    "networks.translator.preset=small",
    "data.patch=16",
)

ACME = """
from __future__ import annotations
from typing import ClassVar
from attrs import frozen
from s2pzoo.host.hooks import hookimpl
from s2pzoo.spec.core import LSGANConfig, PatchGANConfig
from s2pzoo.spec.model import ComponentEntry, Declaration

S2PZOO_API = 2

@frozen(kw_only=True)
class SoftplusConfig(LSGANConfig):
    component: ClassVar = ComponentEntry("acme/softplus", kind="loss", network="s2pzoo_acme.parts:Softplus")
    scale: float = 1.0

@frozen(kw_only=True)
class CriticConfig(PatchGANConfig):
    component: ClassVar = ComponentEntry("acme/small-critic", kind="discriminator", network="s2pzoo_acme.parts:Critic")

@hookimpl
def s2pzoo_plugin():
    return Declaration(components=[SoftplusConfig, CriticConfig])
"""
PARTS = """
from torch.nn import functional as F
from s2pzoo.losses.adversarial import Adversarial
from s2pzoo.nn.patchgan import PatchGAN
from s2pzoo_acme.plugin import CriticConfig, SoftplusConfig

class Softplus(Adversarial):
    Config = SoftplusConfig
    def real(self, x): return self.config.scale * F.softplus(-x).mean()
    def fake(self, x): return self.config.scale * F.softplus(x).mean()
    def fool(self, x): return self.config.scale * F.softplus(-x).mean()

class Critic(PatchGAN):
    Config = CriticConfig
"""


@pytest.fixture
def acme(install: Callable[..., None]) -> None:
    """A plugin of somebody else, installed."""
    install("acme", plugin=ACME, parts=PARTS)


def run(stage: str, data: Path, out: Path, *overrides: str, **more: object) -> TrainResult:
    return train(f"ups/{stage}", data, out, overrides=(*SMALL, *overrides), progress=False, **more)  # pyright: ignore


def first_losses(out: Path) -> dict[str, float]:
    return json.loads((out / "metrics.jsonl").read_text().splitlines()[0])["losses"]


@pytest.fixture(scope="module")
def stage1(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("stage1") / "run"
    assert run("stage1", data, out, *SHAPE).reason == "finished"
    return out


def test_the_first_stage_leaves_a_model_that_makes_gray_photos(stage1: Path) -> None:
    image = Image.new("L", (32, 32), 255)
    ImageDraw.Draw(image).ellipse((5, 8, 27, 25), outline=0)
    made = s2pzoo.load(stage1).run(image, keep=True)
    assert made.values["gray"].shape == (1, 1, 32, 32)
    assert {"gan", "critics", "cycle"} <= set(first_losses(stage1))


def test_a_training_in_two_sittings_is_the_same_bit_for_bit(data: Path, tmp_path: Path) -> None:
    whole = run("stage1", data, tmp_path / "whole", *SHAPE, "steps=4")

    class Stops(Stage1):
        def step(self, batch, index, backward):
            if index == 1:
                signal.raise_signal(signal.SIGINT)
            return super().step(batch, index, backward)

    parts = run("stage1", data, tmp_path / "parts", *SHAPE, "steps=4", task=Stops)
    assert (parts.reason, parts.step) == ("interrupted", 2)
    rest = run("stage1", data, tmp_path / "parts", *SHAPE, "steps=4", resume=True)
    assert rest.reason == "finished" and rest.losses == whole.losses
    one, other = (s2pzoo.load(tmp_path / name).components for name in ("whole", "parts"))
    for step, network in one.items():
        for key, value in network.state_dict().items():
            assert torch.equal(value, other[step].state_dict()[key]), f"{step}.{key}"


def test_a_loss_of_somebody_else_changes_a_training(acme: None, data: Path, stage1: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = run("stage1", data, out, *SHAPE, "losses.adversarial=acme/softplus",
               "networks.critic=acme/small-critic")  # fmt: skip
    assert done.reason == "finished"
    theirs, ours = first_losses(out), first_losses(stage1)
    assert theirs["gan"] != ours["gan"] and theirs["critics"] != ours["critics"]


def test_the_cores_own_losses_may_be_exchanged(data: Path, stage1: Path, tmp_path: Path) -> None:
    for name in ("hinge", "bce", "wgan-gp"):
        run("stage1", data, tmp_path / name, *SHAPE, f"losses.adversarial=core/{name}")
        assert first_losses(tmp_path / name)["gan"] != first_losses(stage1)["gan"]


def test_a_loss_may_call_its_terms_as_it_likes(data: Path, tmp_path: Path) -> None:
    given = ("weights.pseudo=1", "weights.pseudo_perceptual=1", "losses.pixel=core/l1", "losses.perceptual=core/l1")
    run("stage1", data, tmp_path / "out", *SHAPE, *given)
    losses = first_losses(tmp_path / "out")
    assert losses["pseudo"] == losses["pseudo_perceptual"] > 0


def test_every_loss_goes_where_the_networks_go(data: Path) -> None:
    recipe = overridden(read_recipe("ups/stage1"), (*SMALL, *SHAPE, "losses.pixel=core/mse"))
    assert {"adversarial", "pixel"} <= set(Stage1(recipe=recipe, data=data).frozen)


@pytest.mark.parametrize(
    ("override", "why"),
    [
        ("losses.adversarial=core/patchgan", "kind discriminator, not loss"),
        ("networks.critic=core/hinge", "kind loss, not discriminator"),
        ("losses.adversarial=core/l1", "real: gives logits, wanted photo"),
        ("losses.pixel=core/lsgan", "wanted logits"),
        ("losses.pixel=core/total-variation", "It takes fake, and is given fake, real."),
        ("networks.critic=contextualgan/discriminator", "It takes sketch, photo, and is given picture."),
        ("losses.perceptual=3.0", "said under .weights."),
    ],
)
def test_what_cannot_stand_in_a_place_is_refused_with_why(data: Path, tmp_path: Path, override: str, why: str) -> None:
    with pytest.raises(RecipeError, match=why):
        run("stage1", data, tmp_path / "out", *SHAPE, override)


def test_the_discriminator_of_another_method_may_be_the_critic(data: Path, stage1: Path, tmp_path: Path) -> None:
    named = ("networks.critic=deepfacedrawing/discriminator", "networks.critic.base=2", "networks.critic.widest=4")
    run("stage1", data, tmp_path / "out", *SHAPE, *named)
    assert first_losses(tmp_path / "out")["gan"] != first_losses(stage1)["gan"]


def test_a_loss_that_is_none_is_told_with_the_nearest(data: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownComponentError, match="core/hinge"):
        run("stage1", data, tmp_path / "out", *SHAPE, "losses.adversarial=core/hing")
