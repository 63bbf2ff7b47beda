"""Training of C, on a collection of painted objects; and the fine-tuning of both stages together."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from s2pzoo_ups.config import CONTENTS, ContentConfig
from s2pzoo_ups.content import ContentEnhancement, Stage2, Stage2Recipe, chroma, recoloured, vgg_encoder
from s2pzoo_ups.joint import Joint
from safetensors.torch import save_file
from torch import Tensor, nn

import s2pzoo
from s2pzoo.errors import RecipeError
from s2pzoo.losses.perceptual import Perceptual
from s2pzoo.nn.adain import adain
from s2pzoo.nn.colour import lightness, luma
from s2pzoo.spec.core import PerceptualConfig
from s2pzoo.spec.fields import overridden
from s2pzoo.train.loop import TrainResult, train
from s2pzoo.train.recipe import Recipe, find_task, recipe_of
from s2pzoo.weights.bundle import read_bundle

RECIPE = recipe_of(Stage2Recipe, {"name": "small", "task": "ups/stage2", "seed": 1})
BOTH = (
    "data.collection=objects", "data.size=32", "data.load=36", "schedule.batch=2", "networks.critic.base=2",
    "networks.critic.widest=4", "networks.content.preset=small", "accelerator=cpu",
)  # fmt: skip


def make(data: Path, *overrides: str) -> Stage2:
    """A new task whose untrained network paints more than grey."""
    task = Stage2(recipe=overridden(RECIPE, (*BOTH, *overrides), error=RecipeError), data=data)
    with torch.no_grad():
        for parameter in content_of(task).decoder.parameters():
            parameter *= 10
    return task


def content_of(task: Stage2) -> ContentEnhancement:
    network = task.networks["content"]
    assert isinstance(network, ContentEnhancement)
    return network


def pair(task: Stage2) -> tuple[Tensor, Tensor]:
    """Gray photos, and other photos."""
    batch = next(task.batches(start=0))
    return luma(batch["photo"]), batch["other"]


def terms_of(task: Stage2, gray: Tensor, reference: Tensor | None) -> tuple[dict[str, float], Tensor]:
    with torch.no_grad():
        terms, fake = task.enhance(gray, reference)
    return {name: term.item() for name, term in terms.items()}, fake


class Watched(Stage2):
    """Makes nothing and only notes which reference each step takes, and what D_I is told is real."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.references: list[Tensor | None] = []
        self.gan = SimpleNamespace(fool=lambda **_: torch.zeros(()), judge=self.judge)  # pyright: ignore

    def enhance(self, G: Tensor, R: Tensor | None) -> tuple[dict[str, Tensor], Tensor]:
        self.references.append(R)
        return {}, G.expand(-1, 3, -1, -1)

    def minimise(self, name: str, loss: Tensor, backward: Any) -> None: ...

    def judge(self, backward: Any, rng: Any, *, photo: tuple[Tensor, Tensor]) -> Tensor:
        self.real = photo[0]
        return torch.zeros(())


def watched(data: Path, *overrides: str) -> Watched:
    return Watched(recipe=overridden(RECIPE, (*BOTH, *overrides), error=RecipeError), data=data)


def joint(*overrides: str) -> Recipe:
    return overridden(recipe_of(Joint.Recipe, {"name": "ups.small", "task": "ups/joint"}), overrides, error=RecipeError)


# References


def test_a_step_in_five_takes_another_photo_for_reference_and_as_many_their_own_as_are_wanted(data: Path) -> None:
    task = watched(data, "data.own=0.3")
    batch = {"photo": torch.zeros(1, 3, 4, 4), "other": torch.ones(1, 3, 4, 4)}
    for index in range(2000):
        task.step(batch, index, torch.Tensor.backward)
    taken = [None if reference is None else reference.mean().item() for reference in task.references]
    assert [taken.count(what) / 2000 for what in (1.0, 0.0, None)] == pytest.approx([0.2, 0.3, 0.5], abs=0.03)


def test_a_reference_is_drawn_for_itself_and_is_what_is_real(data: Path) -> None:
    task = watched(data, "data.reference=1", "schedule.batch=1", "data.mirror=0", "data.load=32")
    batches = task.batches(start=0)
    same = 0
    for index in range(40):
        batch = next(batches)
        task.step(batch, index, torch.Tensor.backward)
        assert task.references[-1] is batch["other"] and task.real is batch["other"]
        same += torch.equal(batch["photo"], batch["other"])
    assert same < 20  # one of six by chance


def test_the_defaults_are_the_papers_and_the_released_codes_distances() -> None:
    data, weights, losses = RECIPE.data, RECIPE.weights, RECIPE.losses
    assert (data.reference, data.own) == (0.2, 0.0)
    assert (weights.gan, weights.intensity, weights.style, weights.content) == (1, 10, 0.1, 0.05)
    assert (RECIPE.rules.intensity_kind, losses.style.component, losses.content.component) == (
        "luma", "core/style", "core/mse",
    )  # fmt: skip


# Loss terms


def test_without_a_reference_only_the_shading_is_given(data: Path) -> None:
    task = make(data)
    network, (gray, _) = content_of(task), pair(task)
    terms, fake = terms_of(task, gray, None)
    with torch.no_grad():
        painted = network.decode(network.encode(gray)[-1])
    assert torch.allclose(fake, painted)
    red, green, blue = painted.unbind(1)
    shade = 0.299 * red + 0.587 * green + 0.114 * blue
    assert terms == pytest.approx({"intensity": (shade - gray[:, 0]).abs().mean().item()}, rel=1e-5)


def test_a_reference_gives_its_style_and_the_content_stays(data: Path) -> None:
    task = make(data)
    network, (gray, reference) = content_of(task), pair(task)
    terms, fake = terms_of(task, gray, reference)
    with torch.no_grad():
        wanted = network.encode(reference)
        t = adain(network.encode(gray)[-1], wanted[-1])
        painted = network.decode(t)
        made = network.encode(painted)
    assert torch.allclose(fake, painted)
    style = 0.0
    for mine, theirs in zip(made, wanted, strict=True):
        style += (mine.mean((2, 3)) - theirs.mean((2, 3))).square().mean().item()
        deviations = [(x.var((2, 3)) + 1e-5).sqrt() for x in (mine, theirs)]
        style += (deviations[0] - deviations[1]).square().mean().item()
    content = (made[-1] - t).square().mean().item()
    intensity = (luma(painted) - gray).abs().mean().item()
    assert terms == pytest.approx({"intensity": intensity, "style": style, "content": content}, rel=1e-4)


def test_the_papers_own_distances_can_be_had(data: Path) -> None:
    task = make(data, "rules.intensity_kind=lab", "losses.style.distance=l2", "losses.content=core/l1")
    network, (gray, reference) = content_of(task), pair(task)
    terms, fake = terms_of(task, gray, reference)
    with torch.no_grad():
        made, wanted, t = network.encode(fake), network.encode(reference), network.target(gray, reference)
    style = 0.0
    for mine, theirs in zip(made, wanted, strict=True):
        means = mine.mean((2, 3)) - theirs.mean((2, 3))
        deviations = (mine.var((2, 3)) + 1e-5).sqrt() - (theirs.var((2, 3)) + 1e-5).sqrt()
        style += (means.norm(dim=1).mean() + deviations.norm(dim=1).mean()).item()
    assert terms["style"] == pytest.approx(style, rel=1e-4)
    assert terms["content"] == pytest.approx((made[-1] - t).abs().mean().item(), rel=1e-4)
    assert terms["intensity"] == pytest.approx((lightness(fake) - lightness(gray)).abs().mean().item(), rel=1e-4)


def test_in_its_own_colours_a_photo_has_to_come_back(data: Path, backbone: Path) -> None:
    given = ("data.own=1", "data.reference=0", "weights.own_perceptual=1", f"losses.perceptual.backbone={backbone}")
    task = make(data, *given)
    batch = next(task.batches(start=0))
    photo = batch["photo"]
    terms, fake = terms_of(task, luma(photo), photo)
    like = Perceptual(PerceptualConfig(backbone=str(backbone)))(fake=fake, real=photo)["perceptual"].item()
    losses = task.step(batch, 0, torch.Tensor.backward)
    assert set(losses) == {*terms, "own_l1", "own_chroma", "own_perceptual", "gan", "critics"}
    assert losses["own_l1"] == pytest.approx((fake - photo).abs().mean().item(), rel=1e-5)
    assert losses["own_perceptual"] == pytest.approx(like, rel=1e-5)
    assert {name: losses[name] for name in terms} == pytest.approx(terms, rel=1e-5)


def test_the_recipe_weighs_every_term(data: Path) -> None:
    weights = {"gan": 0.5, "intensity": 7.0, "style": 3.0, "content": 2.0, "own_l1": 4.0, "own_chroma": 5.0}
    task = make(data, "data.own=1", "data.reference=0", *(f"weights.{name}={value}" for name, value in weights.items()))
    totals: list[float] = []

    def backward(loss: Tensor) -> None:
        totals.append(loss.item())
        loss.backward()

    losses = task.step(next(task.batches(start=0)), 0, backward)
    critics = losses.pop("critics")
    assert set(losses) == set(weights)
    assert totals == pytest.approx([sum(weights[name] * value for name, value in losses.items()), critics], rel=1e-5)


# The VGG-19 of the paper


@pytest.fixture
def vgg(monkeypatch: pytest.MonkeyPatch) -> None:
    """A preset `vgg` of the paper's encoder with a narrow decoder."""
    monkeypatch.setitem(CONTENTS, "vgg", ContentConfig(size=32, widths=(4, 6, 256), blocks=0, kernel=3))


@pytest.mark.usefixtures("vgg")
def test_the_vgg_is_read_from_a_file_and_never_trained(data: Path, tmp_path: Path) -> None:
    file, weights = tmp_path / "vgg.safetensors", vgg_encoder().state_dict()
    save_file(weights, file)
    task = make(data, "networks.content.preset=vgg", f"networks.content.encoder_weights={file}", "data.reference=1")
    encoder = content_of(task).encoder
    assert set(task.step(next(task.batches(start=0)), 0, torch.Tensor.backward)) >= {"style", "content"}
    assert all(torch.equal(value, weights[name]) for name, value in encoder.state_dict().items())


@pytest.mark.usefixtures("vgg")
def test_a_vgg_without_its_weights_is_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="needs the weights of its VGG-19") as caught:
        make(data, "networks.content.preset=vgg")
    assert "networks.content.encoder_weights" in caught.value.fix
    save_file({"other": torch.zeros(1)}, tmp_path / "other.safetensors")
    (tmp_path / "broken.safetensors").write_text("no tensors")
    for name in ("other", "broken", "missing"):
        with pytest.raises(RecipeError, match=rf"{name}\.safetensors does not hold the weights"):
            make(data, "networks.content.preset=vgg", f"networks.content.encoder_weights={tmp_path / name}.safetensors")


# Training


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("networks.content.preset=paper", "no preset 'paper'"),
        ("data.own=0.9", "shares of the steps"),
        ("data.reference=1.1", "data.reference cannot be 1.1"),
        ("data.own=-0.1", "data.own cannot be -0.1"),
        ("rules.intensity_kind=hsv", "rules.intensity_kind cannot be 'hsv'"),
        ("losses.style.distance=gram", "distance cannot be 'gram'"),
    ],
)
def test_a_recipe_that_cannot_be_followed_is_told(data: Path, override: str, told: str) -> None:
    with pytest.raises(RecipeError, match=told) as caught:
        make(data, override)
    assert caught.value.why or caught.value.fix


def run(task: str, data: Path, out: Path, *overrides: str) -> TrainResult:
    given = (*BOTH, "log_every=1", *overrides)
    recipe = recipe_of(find_task(task).Recipe, {"name": "ups.small", "task": task})
    return train(recipe, data, out, overrides=given, progress=False)


@pytest.fixture(scope="module")
def stage2(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that two steps of stage 2 leave."""
    out = tmp_path_factory.mktemp("stage2") / "run"
    assert run("ups/stage2", data, out, "data.own=0.5", "data.reference=0.5", "schedule.steps=2").step == 2
    return out


def test_a_training_leaves_a_sheet_and_a_bundle_that_takes_references(stage2: Path, data: Path) -> None:
    lines = [json.loads(line)["losses"] for line in (stage2 / "metrics.jsonl").read_text().splitlines()]
    assert len(lines) == 2 and all(set(losses) >= {"intensity", "style", "content"} for losses in lines)
    assert all(np.isfinite(value) for losses in lines for value in losses.values())
    width, height = Image.open(stage2 / "samples" / "latest.png").size
    assert 10 * 128 < width < 11 * 128 and height > 10 * 128
    pipeline, gray = s2pzoo.load(stage2), torch.rand(2, 1, 32, 32)
    photo = pipeline(gray)
    assert photo.shape == (2, 3, 32, 32)
    assert not torch.equal(photo, pipeline(gray, reference=data / "objects" / "photo" / "0.png"))


def test_a_training_goes_on_from_the_network_of_an_earlier_one(stage2: Path, data: Path, tmp_path: Path) -> None:
    task = Stage2(recipe=overridden(RECIPE, (*BOTH, f"networks.start.bundle={stage2}"), error=RecipeError), data=data)
    assert same(s2pzoo.load(stage2).components["content"], task.networks["content"])
    run("ups/stage2", data, tmp_path / "run", f"networks.start.bundle={stage2}", "schedule.steps=1")
    told, earlier = (read_bundle(folder).manifest.training for folder in (tmp_path / "run", stage2))
    assert told["start"] == {"step": 2, "images": 4, "seconds": earlier["seconds"]}


# Both stages together


@pytest.fixture(scope="module")
def stage1(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that one step of stage 1 leaves."""
    out = tmp_path_factory.mktemp("stage1") / "run"
    recipe = recipe_of(find_task("ups/stage1").Recipe, {"name": "small", "task": "ups/stage1"})
    given = ("networks.translator.preset=small", "data.patch=16", "schedule.steps=1")
    shared = [setting for setting in BOTH if "content" not in setting]
    assert train(recipe, data, out, overrides=(*shared, *given), progress=False).step == 1
    return out


def test_fine_tuning_goes_on_from_both_stages_and_leaves_the_whole_model(
    data: Path, stage1: Path, stage2: Path, tmp_path: Path
) -> None:
    given = (
        f"networks.start.stage1={stage1}", f"networks.start.stage2={stage2}", "networks.translator.preset=small",
        "data.patch=16",
    )  # fmt: skip
    task = Joint(recipe=joint(*BOTH, *given), data=data)
    for folder, names in ((stage1, ("translator", "sketcher")), (stage2, ("content",))):
        parts = s2pzoo.load(folder).components
        for name in names:
            assert same(parts[name], task.networks[name])
    batch = next(task.batches(start=0))
    with torch.no_grad():
        terms, fakes = task.objective(batch, luma(batch["photo"]), 0)
        photo = task.networks["content"](gray=fakes["gray"])
    assert set(fakes) == set(task.kinds) == {"gray", "sketch", "photo"}
    assert torch.allclose(fakes["photo"], photo)
    assert terms["intensity"].item() == pytest.approx((luma(photo) - fakes["gray"]).abs().mean().item(), rel=1e-5)
    assert terms["own_l1"] > 0 and terms["own_chroma"] > 0
    result = run("ups/joint", data, tmp_path / "run", *given, "schedule.steps=1")
    zoo = s2pzoo.load(result.out)
    assert zoo(torch.rand(2, 1, 32, 32)).shape == (2, 3, 32, 32)
    assert zoo.clean(torch.rand(1, 32, 32)).shape == (1, 32, 32)
    training = read_bundle(result.out).manifest.training
    assert (training["stage1"]["step"], training["stage2"]["step"]) == (1, 2)


def test_in_no_time_fine_tuning_bundles_both_stages_as_they_were(
    data: Path, stage1: Path, stage2: Path, tmp_path: Path
) -> None:
    given = (
        *BOTH, f"networks.start.stage1={stage1}", f"networks.start.stage2={stage2}", "networks.translator.preset=small",
        "data.patch=16",
    )  # fmt: skip
    recipe = joint()
    assert train(recipe, data, tmp_path / "run", overrides=given, minutes=0, progress=False).step == 0
    zoo = s2pzoo.load(tmp_path / "run")
    for folder in (stage1, stage2):
        for name, part in s2pzoo.load(folder).components.items():
            assert same(part, zoo.components[name])


def same(one: nn.Module, other: nn.Module) -> bool:
    return all(torch.equal(value, other.state_dict()[name]) for name, value in one.state_dict().items())


@pytest.mark.parametrize("missing", ["stage1", "stage2"])
def test_fine_tuning_without_one_of_the_stages_is_refused(data: Path, stage1: Path, stage2: Path, missing: str) -> None:
    given = [
        f"networks.start.{name}={out}" for name, out in (("stage1", stage1), ("stage2", stage2)) if name != missing
    ]
    overrides = (*BOTH, "networks.translator.preset=small", "data.patch=16", *given)
    with pytest.raises(RecipeError, match="needs both stages") as caught:
        Joint(recipe=joint(*overrides), data=data)
    assert f"networks.start.{missing} is empty" in caught.value.why


def test_recoloured_photos_keep_their_shades_and_change_their_hues() -> None:
    for colour in ([0.5, 0.5, 0.5], [0.6, 0.4, 0.4]):
        photo = torch.tensor(colour)[:, None, None].expand(64, 3, 2, 2)
        coloured = recoloured(photo, np.random.default_rng(0))
        assert torch.allclose(coloured.mean(1), photo.mean(1), atol=0.05)  # but for clipping
        assert set(coloured[:, :, 0, 0].argmax(1).tolist()) == {0, 1, 2}
        strength = (coloured - coloured.mean(1, keepdim=True)).norm(dim=1)
        assert strength.max() <= 0.6 + (photo - photo.mean(1, keepdim=True)).norm(dim=1).max() + 1e-5


def test_chroma_is_what_luma_leaves() -> None:
    red, gray = torch.tensor([1.0, 0, 0])[None, :, None, None], torch.full((1, 3, 1, 1), 0.6)
    assert chroma(red).flatten().tolist() == pytest.approx([0.701, -0.299, -0.299])
    assert chroma(gray).flatten().tolist() == pytest.approx([0, 0, 0], abs=1e-6)


def test_recoloured_photos_keep_white_and_black() -> None:
    for shade in (torch.zeros(2, 3, 4, 4), torch.ones(2, 3, 4, 4)):
        assert torch.allclose(recoloured(shade, np.random.default_rng(0)), shade, atol=1e-5)


def test_without_a_reference_the_photo_has_to_come_back_where_its_own_are_wanted(data: Path) -> None:
    for own, wanted in ((1e-9, True), (0, False)):
        task = make(data, f"data.own={own}", "data.reference=0", "weights.own_perceptual=0")
        losses = task.step(next(task.batches(start=0)), 0, torch.Tensor.backward)
        assert ("own_l1" in losses) is wanted and "style" not in losses


def test_a_photo_is_recoloured_only_where_it_is_its_own_reference(data: Path) -> None:
    settings = ("data.own=1", "data.reference=0", "weights.own_perceptual=0")
    plain, other = (make(data, *settings, f"data.recoloured={share}") for share in (0, 1))
    other.networks["content"].load_state_dict(plain.networks["content"].state_dict())
    batch = next(plain.batches(start=0))
    one, two = (task.step(batch, 0, torch.Tensor.backward) for task in (plain, other))
    assert one["own_l1"] != two["own_l1"]
    never = make(data, "data.own=0", "data.reference=1", "data.recoloured=1")
    never.networks["content"].load_state_dict(other.networks["content"].state_dict())
    assert np.isfinite(never.step(batch, 0, torch.Tensor.backward)["style"])
