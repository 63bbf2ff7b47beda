from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image
from s2pzoo_baselines.config import FACES256, UNetConfig
from s2pzoo_baselines.pix2pix import UNet
from s2pzoo_baselines.plugin import s2pzoo_components, s2pzoo_models, s2pzoo_tasks
from s2pzoo_baselines.tasks import Pix2Pix
from torch import nn

import s2pzoo
from s2pzoo.host.registry import default_registry
from s2pzoo.interfaces import Generator
from s2pzoo.pipeline.plan import load_object
from s2pzoo.spec.fields import from_dict, to_dict
from s2pzoo.spec.graph import Graph
from s2pzoo.train import train
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


def test_the_declarations_are_valid_and_fit_together() -> None:
    component, model, task = s2pzoo_components()[0], s2pzoo_models()[0], s2pzoo_tasks()[0]
    registry = default_registry()
    assert registry.model("baselines") == model and registry.component(component.name) == component
    assert registry.task(task.name) == task
    graph = Graph(name=model.name, steps=model.steps, input=model.input, output=model.output, size=model.size).check()
    assert graph.values["photo"].size == 256
    assert load_object(component.factory) is UNet and issubclass(UNet, Generator)
    assert load_object(component.config) is UNetConfig is UNet.Config
    assert load_object(task.factory) is Pix2Pix
    assert from_dict(UNetConfig, to_dict(FACES256)) == FACES256


def test_the_declarations_need_no_torch() -> None:
    block = "import sys; sys.modules['torch'] = sys.modules['numpy'] = None; "
    code = block + "from s2pzoo_baselines import plugin; plugin.s2pzoo_models()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_its_recipe_is_that_of_the_method_it_is_compared_with() -> None:
    recipe = read_recipe("baselines/pix2pix-faces256")
    assert recipe.task == "baselines/pix2pix"
    ours, other = recipe.resolve(Pix2Pix.defaults), read_recipe("deepfacedrawing/stage2")
    shared = ("l1", "perceptual", "gan", "feature_matching", "crop", "critic_start", "critic_rate")
    assert {name: ours.losses[name] for name in shared} == {name: other.losses[name] for name in shared}


def test_two_steps_of_training_leave_a_model_that_makes_photos(corpus: Path, backbone: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    overrides = (
        "data.corpus=faces", "data.preview=faces", "batch=2", "steps=2", "accelerator=cpu", "log_every=1",
        "schedule.minutes=0", f"networks.perceptual.backbone={backbone}", "losses.critic_start=0.0",
    )  # fmt: skip
    result = train("baselines/pix2pix-faces256", corpus, out, overrides=overrides, progress=False)
    assert (result.reason, result.step) == ("finished", 2)
    losses = [json.loads(line)["losses"] for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert set(losses[-1]) == {"l1", "perceptual", "discriminator", "gan", "feature_matching"}
    pipeline = s2pzoo.load("baselines.pix2pix-faces256", weights=out)
    photo = pipeline(Image.new("L", (256, 256), 255))
    assert (photo.size, photo.mode) == ((256, 256), "RGB")
