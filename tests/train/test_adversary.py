"""The adversarial pair, in a task that paints gray photos, on a collection of painted objects."""

from __future__ import annotations

import copy
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from attrs import frozen
from PIL import Image
from torch import Tensor, nn

from s2pzoo.errors import RecipeError
from s2pzoo.nn.colour import luma
from s2pzoo.nn.patchgan import PatchGAN
from s2pzoo.spec.fields import knob, overridden
from s2pzoo.train.adversary import Adversary
from s2pzoo.train.loop import TrainResult, train
from s2pzoo.train.recipe import Part, Recipe, part, recipe_of
from s2pzoo.train.sheet import sheet
from s2pzoo.train.task import Task, numbers
from s2pzoo.train.unpaired import UnpairedBatches, UnpairedData, to_tensor

SMALL = (
    "data.collection=objects", "data.size=24", "data.load=28", "batch=2", "networks.critic.base=2",
    "networks.critic.widest=4", "rules.pool=3", "accelerator=cpu", "schedule.ema=0.5", "lr=0.01",
)  # fmt: skip


@frozen(kw_only=True)
class Networks:
    critic: Part = part("core/patchgan")


@frozen(kw_only=True)
class Losses:
    adversarial: Part = part("core/lsgan")


@frozen(kw_only=True)
class Weights:
    gan: float = knob(1.0)
    l1: float = knob(10.0)


@frozen(kw_only=True)
class Rules:
    pool: int = knob(50)
    rate: float = knob(1.0)


@frozen(kw_only=True)
class PainterRecipe(Recipe):
    data: UnpairedData = UnpairedData()
    networks: Networks = Networks()
    losses: Losses = Losses()
    weights: Weights = Weights()
    rules: Rules = Rules()


class Painter(Task):
    """gray -> photo by one convolution, with a critic of photos and one of gray photos."""

    Recipe = PainterRecipe

    def __init__(self, *, recipe: Any, data: Path) -> None:
        super().__init__(recipe=recipe, data=data)
        self.data = UnpairedBatches(recipe.data, data, batch=recipe.schedule.batch)
        painter = nn.Conv2d(1, 3, 3, padding=1)
        self.networks, self.ema = {"painter": painter}, ("painter",)
        self.gan = Adversary(
            self, recipe.networks.critic, recipe.losses.adversarial, kinds=("photo", "gray"), pool=recipe.rules.pool,
            rate=recipe.rules.rate,
        )  # fmt: skip
        self.optimizers["generators"] = self.adam(painter)

    def draw(self, rng: np.random.Generator) -> dict[str, Tensor]:
        return {"photo": to_tensor(self.data.photos(rng))}

    def pictures(self, batch: dict[str, Tensor]) -> dict[str, tuple[Tensor, Tensor]]:
        """Real and fake ones by kind."""
        gray = luma(batch["photo"])
        fake = self.networks["painter"](gray)
        return {"photo": (batch["photo"].roll(1, 0), fake), "gray": (gray, luma(fake))}

    def step(self, batch: dict[str, Tensor], index: int, backward: Any) -> dict[str, float]:
        pairs = self.pictures(batch)
        real, fake = pairs["gray"]
        terms = {
            "l1": (fake - real).abs().mean(),
            "gan": self.gan.fool(**{kind: pair[1] for kind, pair in pairs.items()}),
        }
        self.minimise("generators", self.weighted(terms), backward)
        return numbers({**terms, "critics": self.gan.judge(backward, self.rng(index, 1), condition=None, **pairs)})

    def sample(self, networks: Mapping[str, Any]) -> Image.Image:
        photo = self.data.preview(self.device, count=3)["photo"]
        return sheet({"photo": networks["painter"](luma(photo))}, cell=32)

    def finished(self, networks: Mapping[str, Any]) -> Any: ...

    def bundle(self, networks: Mapping[str, Any], folder: Path, metadata: Mapping[str, Any]) -> None:
        (folder / "manifest.json").write_text("{}")


RECIPE = recipe_of(PainterRecipe, {"name": "tiny", "task": "tiny/painter", "seed": 3})


def make(objects: Path, *overrides: str) -> Painter:
    return Painter(recipe=overridden(RECIPE, (*SMALL, *overrides), error=RecipeError), data=objects)


def batch_of(task: Painter, step: int = 0) -> dict[str, Tensor]:
    return next(task.batches(start=step))


def weights(network: nn.Module) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in network.parameters()]


def same(one: list[Tensor], other: list[Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def has_gradient(network: nn.Module) -> bool:
    return any(parameter.grad is not None and bool(parameter.grad.any()) for parameter in network.parameters())


def test_there_is_a_critic_for_each_kind_as_the_recipe_wants_it(objects: Path) -> None:
    task = make(objects, "rules.rate=2")
    assert set(task.networks) == {"painter", "photo_critic", "gray_critic"}
    for kind in ("photo", "gray"):
        critic = task.networks[f"{kind}_critic"]
        assert isinstance(critic, PatchGAN)
        assert (critic.config.takes, critic.config.base, critic.config.widest) == (kind, 2, 4)
    assert [task.optimizers[name].param_groups[0]["lr"] for name in ("critics", "generators")] == [0.02, 0.01]


def test_the_losses_are_those_of_least_squares(objects: Path) -> None:
    task = make(objects, "gan=0.5", "l1=3")
    batch = batch_of(task)
    judges = {kind: copy.deepcopy(task.networks[f"{kind}_critic"]) for kind in ("photo", "gray")}
    gan = critics = 0.0
    for kind, (real, fake) in task.pictures(batch).items():
        (on_real, _), (on_fake, _) = judges[kind](picture=real)[0], judges[kind](picture=fake)[0]
        gan += (on_fake - 1).square().mean().item()
        critics += 0.5 * (on_real - 1).square().mean().item() + 0.5 * on_fake.square().mean().item()
    totals: list[float] = []

    def backward(loss: Tensor) -> None:
        totals.append(loss.item())
        loss.backward()

    losses = task.step(batch, 0, backward)
    assert losses == pytest.approx({"l1": losses["l1"], "gan": gan, "critics": critics}, rel=1e-5)
    assert totals == pytest.approx([3 * losses["l1"] + 0.5 * gan, critics], rel=1e-5)


def test_each_side_improves_on_its_own_loss_alone(objects: Path) -> None:
    task = make(objects)
    before = {name: weights(network) for name, network in task.networks.items()}
    grads: list[dict[str, bool]] = []

    def backward(loss: Tensor) -> None:
        loss.backward()
        grads.append({name: has_gradient(network) for name, network in task.networks.items()})

    task.step(batch_of(task), 0, backward)
    assert grads[0] == {"photo_critic": False, "gray_critic": False, "painter": True}
    assert all(grads[1].values())
    assert not any(same(before[name], weights(network)) for name, network in task.networks.items())
    assert all(parameter.requires_grad for network in task.networks.values() for parameter in network.parameters())


def test_only_the_critics_of_what_is_shown_learn(objects: Path) -> None:
    task = make(objects)
    before = {name: weights(network) for name, network in task.networks.items()}
    task.gan.judge(torch.Tensor.backward, np.random.default_rng(0), photo=task.pictures(batch_of(task))["photo"])
    changed = {name for name, network in task.networks.items() if not same(before[name], weights(network))}
    assert changed == {"photo_critic"}
    assert {kind: len(pool.images) for kind, pool in task.gan.pools.items()} == {"photo": 2, "gray": 0}


def test_there_may_be_more_fakes_than_real_pictures(objects: Path) -> None:
    task = make(objects)
    real, fake = task.pictures(batch_of(task))["photo"]
    loss = task.gan.judge(torch.Tensor.backward, np.random.default_rng(0), photo=(real, torch.cat([fake, fake])))
    assert loss.isfinite() and len(task.gan.pools["photo"].images) == 3


def test_feature_matching_compares_what_the_critic_sees_inside(objects: Path) -> None:
    task = make(objects)
    real, fake = task.pictures(batch_of(task))["photo"]
    task.gan.fool(photo=fake)
    matched = task.gan.match(photo=(real, fake))
    with torch.no_grad():
        seen = [task.networks["photo_critic"](picture=picture)[0][1] for picture in (fake, real)]
    apart = [(mine - true).abs().mean().item() for mine, true in zip(*seen, strict=True)]
    assert matched.item() == pytest.approx(sum(apart) / len(apart), rel=1e-5)
    matched.backward()
    assert has_gradient(task.networks["painter"]) and not has_gradient(task.networks["photo_critic"])


def test_pools_are_saved_and_taken_back(objects: Path) -> None:
    task, other = make(objects), make(objects)
    for index in range(3):
        task.step(batch_of(task, index), index, torch.Tensor.backward)
    other.load_state(task.state())
    assert all(torch.equal(other.gan.pools[kind].images, pool.images) for kind, pool in task.gan.pools.items())
    assert {kind: len(pool.images) for kind, pool in other.gan.pools.items()} == {"photo": 3, "gray": 3}


def run(objects: Path, out: Path, *overrides: str, task: type[Painter] = Painter, **options: Any) -> TrainResult:
    given = (*SMALL, "steps=6", "log_every=1", *overrides)
    return train(RECIPE, objects, out, overrides=given, progress=False, task=task, **options)


def tensors(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.safetensors")}


@pytest.mark.parametrize("stop", [0, 4])
def test_a_training_that_was_stopped_ends_as_one_that_was_not(objects: Path, tmp_path: Path, stop: int) -> None:
    whole = run(objects, tmp_path / "whole")

    class Stops(Painter):
        """Presses Ctrl-C in one step; pools are empty before the first, and exchange from the second on."""

        def step(self, batch: Any, index: int, backward: Any) -> dict[str, float]:
            if index == stop:
                signal.raise_signal(signal.SIGINT)
            return super().step(batch, index, backward)

    first = run(objects, tmp_path / "parts", task=Stops)
    assert (first.reason, first.step) == ("interrupted", stop + 1)
    second = run(objects, tmp_path / "parts", resume=True)
    assert second.reason == "finished" and second.losses == whole.losses
    assert tensors(whole.checkpoint) == tensors(second.checkpoint)


def test_a_training_may_be_stopped_before_its_first_step(objects: Path, tmp_path: Path) -> None:
    assert run(objects, tmp_path / "out", minutes=0).step == 0
    assert run(objects, tmp_path / "out", resume=True).step == 6
