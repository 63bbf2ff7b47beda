"""Unpaired tasks: their batches, and the adversarial step that they share, on a collection of painted objects."""

from __future__ import annotations

import copy
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from s2pzoo.data.unpaired import open_collection
from s2pzoo.errors import DataError, RecipeError
from s2pzoo.losses.content import luma
from s2pzoo.nn.patchgan import PatchDiscriminator
from s2pzoo.train import Recipe, TrainResult, train
from s2pzoo.train.sheet import sheet
from s2pzoo.train.translation import TranslationTask
from s2pzoo.train.unpaired import shrunk, to_tensor

RECIPE = Recipe(name="tiny", task="tiny/painter", seed=3)
SMALL = (
    "data.collection=objects", "data.size=24", "data.load=28", "batch=2", "networks.critic.base=2",
    "networks.critic.widest=4", "losses.pool=3", "accelerator=cpu", "schedule.ema=0.5", "lr=0.01",
)  # fmt: skip


class Painter(TranslationTask):
    """gray -> photo by one convolution, with a critic of photos and one of gray photos."""

    kinds: ClassVar[Mapping[str, int]] = {"photo": 3, "gray": 1}
    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        **TranslationTask.defaults,
        "losses": {**TranslationTask.defaults["losses"], "l1": 10.0},
    }

    def __init__(self, *, recipe: Recipe, data: Path) -> None:
        super().__init__(recipe=recipe, data=data)
        self.add_generators(painter=nn.Conv2d(1, 3, 3, padding=1))

    def step(self, batch: Any, index: int, backward: Any) -> dict[str, float]:
        return self.improve(*self.translate(batch), index, backward)

    def translate(self, batch: Any) -> tuple[dict[str, Tensor], dict[str, Tensor], dict[str, Tensor]]:
        gray = luma(batch["photo"])
        fake = self.networks["painter"](gray)
        real = {"photo": batch["photo"].roll(1, 0), "gray": gray}
        return {"l1": (luma(fake) - gray).abs().mean()}, {"photo": fake, "gray": luma(fake)}, real

    def sample(self, networks: Mapping[str, nn.Module]) -> Image.Image:
        batch = self.preview_batch(count=3)
        return sheet({"sketch": batch["sketch"], "photo": networks["painter"](luma(batch["photo"]))}, cell=32)

    def bundle(self, networks: Mapping[str, nn.Module], folder: Path, metadata: Mapping[str, Any]) -> None:
        (folder / "manifest.json").write_text("{}")


def make(objects: Path, *overrides: str) -> Painter:
    with torch.random.fork_rng(devices=[]):
        torch.random.manual_seed(0)
        return Painter(recipe=RECIPE.resolve(Painter.defaults, (*SMALL, *overrides)), data=objects)


def weights(network: nn.Module) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in network.parameters()]


def same(one: list[Tensor], other: list[Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def has_gradient(network: nn.Module) -> bool:
    return any(parameter.grad is not None and bool(parameter.grad.any()) for parameter in network.parameters())


# Batches


def test_a_batch_is_sketches_and_photos_in_range(objects: Path) -> None:
    batch = next(make(objects).batches(start=0))
    assert batch["sketch"].shape == (2, 1, 24, 24) and batch["photo"].shape == (2, 3, 24, 24)
    for images in batch.values():
        assert images.dtype == torch.float32 and images.min() >= 0 and images.max() == 1


def test_batches_are_a_function_of_seed_step_and_rank(objects: Path) -> None:
    task = make(objects)
    whole = task.batches(start=0)
    later = [next(whole) for _ in range(3)][2]
    resumed, other = next(task.batches(start=2)), next(task.batches(start=2, rank=1, world=2))
    assert all(torch.equal(later[name], resumed[name]) for name in later)
    assert not torch.equal(later["photo"], other["photo"])


def test_held_out_pictures_are_seen_in_samples_and_never_trained_on(objects: Path) -> None:
    task = make(objects)
    test = open_collection(objects / "objects", size=24, split="test")
    assert len(task.collection.photos) == len(task.collection.sketches) == 6
    preview = task.preview_batch(count=4)
    assert torch.equal(preview["photo"], to_tensor(list(test.photos[[0, 0, 0, 1]])))
    assert torch.equal(preview["sketch"], to_tensor(list(test.sketches[[0, 0, 0, 1]])))
    assert not {*task.collection.photo_names} & {*test.photo_names}


def test_no_picture_is_twice_in_a_batch(objects: Path) -> None:
    task = make(objects, "batch=6", "mirror=0", "load=24")
    batch = next(task.batches(start=5))
    everything = to_tensor(list(task.collection.photos))
    assert sorted(map(hash_of, batch["photo"])) == sorted(map(hash_of, everything))
    assert len({hash_of(photo) for photo in batch["photo"]}) == 6


def hash_of(image: Tensor) -> int:
    return hash(image.numpy().tobytes())


def test_an_image_is_cut_anywhere_and_mirrored_half_of_the_time(objects: Path) -> None:
    task, rng = make(objects), np.random.default_rng(0)
    image = np.arange(28 * 28, dtype=np.uint16).reshape(28, 28)
    corners, mirrored = set(), 0
    for _ in range(600):
        cut = task.augment(image, rng)  # pyright: ignore[reportArgumentType]
        flipped = cut[0, 0] > cut[0, -1]
        mirrored += flipped
        straight = cut[:, ::-1] if flipped else cut
        y, x = divmod(int(straight[0, 0]), 28)
        assert np.array_equal(straight, image[y : y + 24, x : x + 24])
        corners.add((y, x))
    assert corners == {(y, x) for y in range(5) for x in range(5)}
    assert mirrored / 600 == pytest.approx(0.5, abs=0.07)


def test_nothing_is_mirrored_where_that_is_switched_off(objects: Path) -> None:
    task, rng = make(objects, "mirror=0", "load=24"), np.random.default_rng(0)
    image = task.collection.photos[0]
    assert all(np.array_equal(task.augment(image, rng), image) for _ in range(20))


def test_a_shrunk_photo_lies_whole_and_anywhere_on_white() -> None:
    image, rng = np.zeros((20, 20, 3), np.uint8), np.random.default_rng(0)
    assert shrunk(image, rng, smallest=1.0) is image
    sides, corners = set(), set()
    for _ in range(300):
        rows, columns = np.nonzero((shrunk(image, rng, smallest=0.5) == 0).all(2))
        assert np.ptp(rows) == np.ptp(columns)
        sides.add(int(np.ptp(rows)) + 1)
        corners.add((rows.min() > 0, columns.min() > 0))
    assert sides == set(range(10, 21))
    assert corners >= {(True, True), (True, False), (False, True)}


def test_photos_of_a_batch_are_shrunk_and_sketches_are_not(objects: Path) -> None:
    plain, small = (next(make(objects, f"smallest={share}").batches(start=0)) for share in (1.0, 0.3))
    assert torch.equal(plain["sketch"], small["sketch"])
    assert (small["photo"] < 0.9).float().mean() < 0.7 * (plain["photo"] < 0.9).float().mean()


def test_a_collection_smaller_than_a_batch_is_told(objects: Path) -> None:
    with pytest.raises(DataError, match="too little to train on") as caught:
        make(objects, "batch=7")
    assert "takes 7 photos and sketches; there are 6" in caught.value.why


@pytest.mark.parametrize("wrong", ["data.load=20", "data.size=26", "data.size=20"])
def test_sizes_that_cannot_be_are_told(objects: Path, wrong: str) -> None:
    with pytest.raises(RecipeError, match=r"data\.size=\d+ and data\.load=\d+ cannot be"):
        make(objects, wrong)


def test_a_folder_that_is_missing_is_told_before_anything_is_written(objects: Path, tmp_path: Path) -> None:
    given = (*SMALL, "data.collection=nothing", "steps=1")
    with pytest.raises(DataError, match="no folder"):
        train(RECIPE, objects, tmp_path / "out", overrides=given, task=Painter, progress=False)


def test_a_bundle_says_how_many_pictures_it_was_trained_on(objects: Path) -> None:
    task = make(objects)
    about = task.about({"recipe": {**task.recipe.to_dict(), "data": {"folder": "/home/me/objects"}}, "step": 5})
    assert about["training"]["photos"] == about["training"]["sketches"] == 6
    assert about["training"]["step"] == 5 and about["training"]["recipe"]["data"] == {"folder": "objects"}


# The adversarial step


def test_there_is_a_critic_for_each_kind_and_an_average_of_each_generator(objects: Path) -> None:
    task = make(objects)
    assert set(task.networks) == {"photo_critic", "gray_critic", "painter"}
    assert task.ema == ("painter",) and set(task.optimizers) == {"critics", "generators"}
    for kind, channels in task.kinds.items():
        critic = task.networks[f"{kind}_critic"]
        assert isinstance(critic, PatchDiscriminator)
        assert next(critic.parameters()).shape == (2, channels, 4, 4)  # as narrow as the recipe wants
    counts = {name: sum(len(group["params"]) for group in opt.param_groups) for name, opt in task.optimizers.items()}
    assert counts == {"critics": 2 * 10, "generators": 2}


def test_the_losses_are_those_of_least_squares(objects: Path) -> None:
    task = make(objects, "gan=0.5", "l1=3")
    batch = next(task.batches(start=0))
    judges = {kind: copy.deepcopy(task.networks[f"{kind}_critic"]) for kind in task.kinds}
    terms, fakes, real = task.translate(batch)
    gan = critics = 0.0
    for kind, fake in fakes.items():
        on_real, on_fake = judges[kind](real[kind])[0], judges[kind](fake)[0]
        gan += (on_fake - 1).square().mean().item()
        critics += 0.5 * (on_real - 1).square().mean().item() + 0.5 * on_fake.square().mean().item()
    l1, totals = terms["l1"].item(), []

    def backward(loss: Tensor) -> None:
        totals.append(loss.item())
        loss.backward()

    losses = task.step(batch, 0, backward)
    assert losses == pytest.approx({"l1": l1, "gan": gan, "critics": critics}, rel=1e-5)
    assert totals == pytest.approx([3 * l1 + 0.5 * gan, critics], rel=1e-5)


def test_each_side_improves_on_its_own_loss_alone(objects: Path) -> None:
    task = make(objects)
    batch = next(task.batches(start=0))
    before = {name: weights(network) for name, network in task.networks.items()}
    grads: list[dict[str, bool]] = []

    def backward(loss: Tensor) -> None:
        loss.backward()
        grads.append({name: has_gradient(network) for name, network in task.networks.items()})

    task.step(batch, 0, backward)
    assert grads[0] == {"photo_critic": False, "gray_critic": False, "painter": True}
    assert all(grads[1].values())
    assert not any(same(before[name], weights(network)) for name, network in task.networks.items())
    assert all(parameter.requires_grad for network in task.networks.values() for parameter in network.parameters())


def test_only_the_critics_of_what_was_made_learn(objects: Path) -> None:
    task = make(objects)
    batch = next(task.batches(start=0))
    before = {name: weights(network) for name, network in task.networks.items()}
    terms, fakes, real = task.translate(batch)
    losses = task.improve(terms, {"photo": fakes["photo"]}, real, 0, torch.Tensor.backward)
    assert set(losses) == {"l1", "gan", "critics"}
    changed = {name for name, network in task.networks.items() if not same(before[name], weights(network))}
    assert changed == {"photo_critic", "painter"}
    assert len(task.pools["photo"].images) == 2 and len(task.pools["gray"].images) == 0


def test_there_may_be_more_fakes_than_real_pictures(objects: Path) -> None:
    task = make(objects)
    terms, fakes, real = task.translate(next(task.batches(start=0)))
    both = {"photo": torch.cat([fakes["photo"], fakes["photo"]])}
    assert np.isfinite(list(task.improve(terms, both, real, 0, torch.Tensor.backward).values())).all()
    assert len(task.pools["photo"].images) == 3


def test_pools_are_saved_and_taken_back(objects: Path) -> None:
    task, other = make(objects), make(objects)
    for index in range(3):
        task.step(next(task.batches(start=index)), index, torch.Tensor.backward)
    other.load_state(task.state())
    assert all(torch.equal(other.pools[kind].images, pool.images) for kind, pool in task.pools.items())
    assert {kind: len(pool.images) for kind, pool in other.pools.items()} == {"photo": 3, "gray": 3}


def run(objects: Path, out: Path, *overrides: str, **options: Any) -> TrainResult:
    given = (*SMALL, "steps=6", "log_every=1", *overrides)
    return train(RECIPE, objects, out, overrides=given, progress=False, **{"task": Painter, **options})


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
