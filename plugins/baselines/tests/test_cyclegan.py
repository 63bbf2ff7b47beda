"""CycleGAN: its network both ways, its losses by hand, its training."""

from __future__ import annotations

import json
import math
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from attrs import asdict, evolve
from PIL import Image
from s2pzoo_baselines.config import SHOES128, ResnetConfig
from s2pzoo_baselines.cyclegan import CycleGAN, CycleGANRecipe, CycleGANWeights, Resnet
from torch import nn

import s2pzoo
from s2pzoo.errors import BadNameError, RecipeError
from s2pzoo.host.plugin import load_object
from s2pzoo.host.registry import default_registry
from s2pzoo.spec.fields import overridden
from s2pzoo.train.loop import TrainResult, train
from s2pzoo.train.recipe import Recipe, read_recipe, recipe_of

SIZE = 32
SMALL = ResnetConfig(size=SIZE, base=4, blocks=1, kernel=3)
RECIPE = "baselines/cyclegan-shoes128"
TINY = (
    f"data.size={SIZE}", "data.load=36", "batch=2", "rules.pool=3", "accelerator=cpu", "log_every=1",
    "schedule.minutes=0", "networks.generator.base=4", "networks.generator.blocks=1", "networks.generator.kernel=3",
    "networks.critic.base=4", "networks.critic.widest=8",
)  # fmt: skip


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a collection `shoes` of coloured discs and drawn circles; two of each are held out."""
    rng, folder = np.random.default_rng(0), tmp_path / "data" / "shoes"
    y, x = np.mgrid[:48, :48]
    for kind in ("photo", "sketch"):
        (folder / kind).mkdir(parents=True)
        for number in range(6):
            away = np.hypot(y - 24, x - 24) - rng.uniform(10, 20)
            picture = np.full((48, 48, 3), 255, np.uint8)
            picture[away < 0 if kind == "photo" else abs(away) < 1] = rng.integers(0, 200, 3) * (kind == "photo")
            Image.fromarray(picture).save(folder / kind / f"{number}.png")
    held_out = {"test": ["4", "5"]}
    (folder / "split.json").write_text(json.dumps({"photo": held_out, "sketch": held_out}))
    return tmp_path / "data"


def tiny(*overrides: str) -> Recipe:
    return overridden(read_recipe(RECIPE), (*TINY, *overrides), error=RecipeError)


def test_a_sketch_becomes_a_photo_and_a_photo_a_sketch() -> None:
    sketch, photo = torch.rand(2, 1, SIZE, SIZE), torch.rand(2, 3, SIZE, SIZE)
    made, drawn = Resnet(SMALL)(sketch=sketch), Resnet(SMALL.back())(photo=photo)
    assert made.shape == photo.shape and drawn.shape == sketch.shape
    for picture in (made, drawn):
        assert picture.min() >= 0 and picture.max() <= 1


def test_a_sketch_is_read_in_three_channels_and_drawn_as_the_mean_of_three() -> None:
    generator, sketcher = Resnet(SMALL), Resnet(SMALL.back())
    sketch, photo = torch.rand(1, 1, SIZE, SIZE), torch.rand(1, 3, SIZE, SIZE)
    assert torch.equal(generator(sketch=sketch), generator(sketch=sketch.repeat(1, 3, 1, 1)))
    sketcher.load_state_dict(generator.state_dict())
    assert torch.equal(sketcher(photo=photo), generator(sketch=photo).mean(1, keepdim=True))


def test_the_published_network_has_its_parameters() -> None:
    with torch.device("meta"):
        assert count(Resnet(ResnetConfig())) == count(Resnet(ResnetConfig().back())) == 11_378_179  # 11.378 M


def test_the_light_network_is_about_as_large_as_the_light_t_of_ups() -> None:
    step = default_registry().model("ups.shoes128").steps[0]
    with torch.device("meta"):
        theirs = count(load_object(default_registry().component(step.component).network)(step.config))
        assert count(Resnet(SHOES128)) == 1_953_731 == pytest.approx(theirs, rel=0.1)


@pytest.mark.parametrize("kind", ["latent", "strokes", "acme:normals"])
def test_only_pictures_are_translated(kind: str) -> None:
    with pytest.raises(ValueError, match="takes"):
        ResnetConfig(takes=kind)


@pytest.mark.parametrize("config", [SHOES128, ResnetConfig()], ids=["shoes128", "paper128"])
def test_a_model_is_the_network_there_and_back(config: ResnetConfig) -> None:
    name = "baselines.cyclegan-shoes128" if config == SHOES128 else "baselines.cyclegan-paper128"
    model = default_registry().model(name)
    assert model.size == config.size == 128
    assert [step.config for step in model.steps] == [config, config.back()]
    assert [value for value, port in model.values.items() if port.kind == "sketch"] == ["sketch", "clean_sketch"]
    assert config == config.back().back()


def test_an_untrained_one_translates_both_ways() -> None:
    pipeline = s2pzoo.build("baselines.cyclegan-shoes128")
    assert set(pipeline.untrained) == {"generator", "sketcher"}
    photo = pipeline(Image.fromarray(np.tri(128, dtype=np.uint8) * 255))
    assert (photo.size, photo.mode) == ((128, 128), "RGB")
    drawn = pipeline.execute({"photo": torch.rand(1, 3, 128, 128)}, ("clean_sketch",))["clean_sketch"]
    assert drawn.shape == (1, 1, 128, 128)


def painting(task: CycleGAN, *, photo: tuple[float, float, float], sketch: float, logit: float) -> None:
    """Networks that see nothing: one colour for every photo, one shade for every sketch, one logit for every patch."""
    heads = {
        "generator.network.head.1": [math.atanh(2 * shade - 1) for shade in photo],
        "sketcher.network.head.1": [math.atanh(2 * sketch - 1)] * 3,
        "photo_critic.scales.0.head": [logit],
        "sketch_critic.scales.0.head": [logit],
    }
    networks = nn.ModuleDict(task.networks)
    with torch.no_grad():
        for head, bias in heads.items():
            networks.get_parameter(f"{head}.weight").zero_()
            networks.get_parameter(f"{head}.bias").copy_(torch.tensor(bias))


def test_the_losses_are_those_of_both_directions(data: Path) -> None:
    task = CycleGAN(recipe=tiny("identity=5.0"), data=data)
    painting(task, photo=(0.2, 0.4, 0.9), sketch=0.7, logit=0.3)
    sketch = torch.ones(2, 1, SIZE, SIZE)
    sketch[..., : SIZE // 4] = 0  # a quarter is ink
    photo = torch.tensor([0.5, 0.5, 1.0])[:, None, None].expand(2, 3, SIZE, SIZE)
    there = 0.25 * 0.7 + 0.75 * 0.3  # |F(G(s)) - s|
    back = (0.3 + 0.1 + 0.1) / 3  # |G(F(p)) - p|
    given: list[float] = []

    def backward(loss: torch.Tensor) -> None:
        given.append(loss.item())
        loss.backward()

    terms = task.step({"sketch": sketch, "photo": photo}, 0, backward)
    gan = 2 * 0.7**2  # two critics, (0.3 - 1)^2 each
    critics = 2 * 0.5 * (0.7**2 + 0.3**2)
    assert terms == pytest.approx({"cycle": there + back, "identity": there + back, "gan": gan, "critics": critics})
    assert given == pytest.approx([gan + 10 * (there + back) + 5 * (there + back), critics])


def test_each_cycle_goes_through_both_networks(data: Path) -> None:
    task = CycleGAN(recipe=tiny("weights.gan=0"), data=data)
    generator, sketcher = task.networks["generator"], task.networks["sketcher"]
    sketch, photo = torch.rand(2, 1, SIZE, SIZE), torch.rand(2, 3, SIZE, SIZE)
    with torch.no_grad():
        there = (sketcher(photo=generator(sketch=sketch)) - sketch).abs().mean()
        back = (generator(sketch=sketcher(photo=photo)) - photo).abs().mean()
    terms = task.step({"sketch": sketch, "photo": photo}, 0, torch.Tensor.backward)
    assert set(terms) == {"cycle", "gan", "critics"}  # the identity loss is off
    assert terms["cycle"] == pytest.approx((there + back).item())
    assert all(parameter.grad is not None for name in task.ema for parameter in task.networks[name].parameters())


def test_the_identity_loss_shows_each_network_what_it_makes(data: Path) -> None:
    task = CycleGAN(recipe=tiny("identity=5.0"), data=data)
    sketch, photo = torch.rand(2, 1, SIZE, SIZE), torch.rand(2, 3, SIZE, SIZE)
    with torch.no_grad():
        same_photo = (task.networks["generator"](sketch=photo) - photo).abs().mean()
        same_sketch = (task.networks["sketcher"](photo=sketch.repeat(1, 3, 1, 1)) - sketch).abs().mean()
    terms = task.step({"sketch": sketch, "photo": photo}, 0, torch.Tensor.backward)
    assert terms["identity"] == pytest.approx((same_photo + same_sketch).item())


def test_a_step_moves_every_network(data: Path) -> None:
    task = CycleGAN(recipe=tiny(), data=data)
    before = {name: [p.clone() for p in network.parameters()] for name, network in task.networks.items()}
    task.step(next(task.batches(start=0)), 0, lambda loss: loss.backward())
    for name, network in task.networks.items():
        assert any(not torch.equal(a, b) for a, b in zip(before[name], network.parameters(), strict=True)), name
    assert {kind: len(pool.images) for kind, pool in task.gan.pools.items()} == {"photo": 2, "sketch": 2}


def test_the_recipe_trains_the_declared_network_as_the_first_stage_of_ups_is_trained() -> None:
    recipe, other = read_recipe(RECIPE), read_recipe("ups/stage1")
    assert (recipe.task, recipe.name) == ("baselines/cyclegan", "baselines.cyclegan-shoes128")
    assert recipe.networks.generator.make(size=SHOES128.size).config == SHOES128
    assert evolve(recipe.schedule, steps=1, minutes=0) == evolve(
        other.schedule, steps=1, minutes=0
    )  # UPS has two stages
    assert recipe.networks.critic == other.networks.critic
    assert asdict(recipe.data).items() <= asdict(other.data).items()
    assert recipe.weights == CycleGANWeights()  # of its own paper


def test_the_published_network_and_losses_are_the_default() -> None:
    recipe = recipe_of(CycleGANRecipe, {"name": "baselines.cyclegan-mine", "task": "baselines/cyclegan"})
    assert recipe.networks.generator.make(size=recipe.data.size).config == ResnetConfig()
    assert asdict(recipe.weights) == {"gan": 1.0, "cycle": 10.0, "identity": 0.0} and recipe.rules.pool == 50


def run(data: Path, out: Path, *overrides: str, task: Any = None, resume: bool = False) -> TrainResult:
    return train(RECIPE, data, out, overrides=(*TINY, *overrides), task=task, resume=resume, progress=False)


def test_a_training_leaves_a_model_that_translates_both_ways(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert run(data, out, "steps=2").step == 2
    losses = [json.loads(line)["losses"] for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert [set(line) for line in losses] == [{"cycle", "gan", "critics"}] * 2
    pipeline = s2pzoo.load("baselines.cyclegan-shoes128", weights=out)
    photo = pipeline(Image.open(data / "shoes" / "sketch" / "4.png"), fit=True)
    assert (photo.size, photo.mode) == ((SIZE, SIZE), "RGB")
    values = pipeline.execute({"photo": torch.rand(1, 3, SIZE, SIZE)}, ("clean_sketch",))
    assert values["clean_sketch"].shape == (1, 1, SIZE, SIZE)
    with Image.open(out / "samples" / "latest.png") as sheet:
        assert sheet.width > 5 * 128  # sketch, photo, and back, a photo, its sketch


def test_a_training_in_two_sittings_is_the_same_bit_for_bit(data: Path, tmp_path: Path) -> None:
    class Stops(CycleGAN):
        """Presses Ctrl-C in its second step."""

        def step(self, batch: Any, index: int, backward: Any) -> dict[str, float]:
            if index == 1:
                signal.raise_signal(signal.SIGINT)
            return super().step(batch, index, backward)

    whole = run(data, tmp_path / "whole", "steps=4")
    assert run(data, tmp_path / "parts", "steps=4", task=Stops).reason == "interrupted"
    second = run(data, tmp_path / "parts", "steps=4", resume=True)
    assert (second.reason, second.step) == ("finished", 4)
    for path in whole.checkpoint.glob("*.safetensors"):
        assert path.read_bytes() == (second.checkpoint / path.name).read_bytes(), path.name


def test_a_name_that_no_bundle_can_have_is_refused_before_training(data: Path) -> None:
    with pytest.raises(BadNameError, match="my shoes"):
        CycleGAN(recipe=tiny("name='my shoes'"), data=data)
