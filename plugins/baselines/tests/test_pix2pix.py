from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from s2pzoo_baselines.config import FACES256, UNetConfig
from s2pzoo_baselines.pix2pix import UNet
from torch import nn

import s2pzoo
from s2pzoo.train.loop import train
from s2pzoo.train.recipe import read_recipe


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(("size", "downs"), [(32, 5), (64, 4), (64, 6)])
def test_a_sketch_becomes_a_photo_of_its_size(size: int, downs: int) -> None:
    unet = UNet(UNetConfig(size=size, base=4, widest=16, downs=downs)).eval()
    photo = unet(sketch=torch.rand(2, 1, size, size))
    assert photo.shape == (2, 3, size, size)
    assert photo.min() >= 0 and photo.max() <= 1


def test_a_small_unet_has_skips_at_every_level() -> None:
    unet = UNet(UNetConfig(size=32, base=4, widest=16, downs=5))
    seen: list[int] = []
    for layer in unet.up:
        layer.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].shape[1]))
    unet(sketch=torch.rand(2, 1, 32, 32))
    assert seen == [16, 32, 32, 16]  # the bottleneck, then twice the channels of each level


def test_one_stroke_changes_the_photo() -> None:
    unet = UNet(UNetConfig(size=32, base=4, widest=16, downs=3)).eval()
    blank = torch.ones(1, 1, 32, 32)
    drawn = blank.clone()
    drawn[..., 10:20, 10:12] = 0
    assert not torch.equal(unet(sketch=blank), unet(sketch=drawn))


def test_only_the_three_innermost_levels_drop_out() -> None:
    unet = UNet(UNetConfig(base=2, widest=8))
    rates = [module.p for module in unet.modules() if isinstance(module, nn.Dropout)]
    assert rates == [0.5] * 3 + [0.0] * 4
    assert {module.p for module in UNet(FACES256).modules() if isinstance(module, nn.Dropout)} == {0.0}


def test_the_default_has_the_parameters_of_the_paper() -> None:
    with torch.device("meta"):
        assert count(UNet(UNetConfig())) == pytest.approx(54.4e6, rel=0.002)


def test_its_recipe_is_that_of_the_method_it_is_compared_with() -> None:
    ours, other = read_recipe("baselines/pix2pix-faces256"), read_recipe("deepfacedrawing/stage2")
    for name in ("l1", "perceptual", "gan", "feature_matching"):
        assert getattr(ours.weights, name) == getattr(other.weights, name)
    for name in ("crop", "critic_start", "critic_rate"):
        assert getattr(ours.rules, name) == getattr(other.rules, name)


def test_two_steps_of_training_leave_a_model_that_makes_photos(corpus: Path, backbone: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    overrides = (
        "data.corpus=faces", "data.preview=faces", "batch=2", "steps=2", "accelerator=cpu", "log_every=1",
        "schedule.minutes=0", f"losses.perceptual.backbone={backbone}", "rules.critic_start=0.0",
    )  # fmt: skip
    result = train("baselines/pix2pix-faces256", corpus, out, overrides=overrides, progress=False)
    assert (result.reason, result.step) == ("finished", 2)
    losses = [json.loads(line)["losses"] for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert set(losses[-1]) == {"l1", "perceptual", "critics", "gan", "feature_matching"}
    pipeline = s2pzoo.load("baselines.pix2pix-faces256", weights=out)
    photo = pipeline(Image.new("L", (256, 256), 255))
    assert (photo.size, photo.mode) == ((256, 256), "RGB")
