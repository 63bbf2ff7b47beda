"""Both stages of the training, on eight painted faces, and what comes of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from s2pzoo_deepfacedrawing.embedding import first_maps
from s2pzoo_deepfacedrawing.manifold import ManifoldProjection
from s2pzoo_deepfacedrawing.photo import Stage2
from s2pzoo_faces.corpus import open_corpus
from safetensors.torch import load_file

import s2pzoo
from s2pzoo.errors import DataError, RecipeError
from s2pzoo.pipeline.golden import largest_errors
from s2pzoo.spec.fields import overridden
from s2pzoo.train.loop import TrainResult, train
from s2pzoo.train.recipe import find_task, read_recipe
from s2pzoo.weights.bundle import read_bundle

DATA = ("data.corpus=faces", "data.preview=faces", "batch=2", "accelerator=cpu", "log_every=1", "schedule.minutes=0")


def run(stage: str, data: Path, out: Path, *overrides: str) -> TrainResult:
    return train(f"deepfacedrawing/{stage}", data, out, overrides=(*DATA, *overrides), progress=False)


def metrics(out: Path) -> list[dict[str, float]]:
    return [json.loads(line)["losses"] for line in (out / "metrics.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def stage1(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that two steps of stage I leave."""
    out = tmp_path_factory.mktemp("stage1") / "run"
    assert run("stage1", corpus, out, "steps=2").reason == "finished"
    return out


@pytest.fixture(scope="module")
def stage2(corpus: Path, backbone: Path, stage1: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that three steps of stage II leave; every face of a batch passes the projection."""
    out = tmp_path_factory.mktemp("stage2") / "run"
    overrides = (
        "steps=3",
        f"networks.embedding.bundle={stage1}",
        "networks.embedding.samples=8",
        "networks.embedding.trained=true",
        "networks.embedding.refresh=2",
        "weights.reconstruction=1.0",
        f"losses.perceptual.backbone={backbone}",
        "rules.projected=1.0",
        "rules.critic_start=0.5",
    )
    assert run("stage2", corpus, out, *overrides).reason == "finished"
    return out


def test_stage_one_leaves_the_auto_encoders(stage1: Path) -> None:
    manifest = read_bundle(stage1).manifest
    assert [step.name for step in manifest.steps] == ["encoder", "mapping", "decoder"]
    for losses in metrics(stage1):
        assert set(losses) == {"left_eye", "right_eye", "nose", "mouth", "remainder", "first_maps"}
        assert all(np.isfinite(value) and value > 0 for value in losses.values())


def test_a_sheet_of_samples_is_made_before_and_after(stage1: Path, stage2: Path) -> None:
    for out, columns in ((stage1, 6), (stage2, 5)):
        sheets = sorted((out / "samples").glob("0*.png"))
        assert len(sheets) == 2
        width, height = Image.open(sheets[0]).size
        assert width > columns * 192 and height > 9 * 192


def test_stage_one_is_the_papers_alone_without_first_maps(corpus: Path, tmp_path: Path) -> None:
    run("stage1", corpus, tmp_path, "steps=1", "weights.first_maps=0")
    assert [step.name for step in read_bundle(tmp_path).manifest.steps] == ["encoder", "decoder"]
    assert "first_maps" not in metrics(tmp_path)[0]


def test_peoples_own_drawings_are_learnt_from_without_photos(corpus: Path, tmp_path: Path) -> None:
    for index in range(2):
        picture = Image.new("L", (256, 256), 255)
        picture.paste(40 * index, (100, 60, 104, 200))
        picture.save(tmp_path / f"{index}.png")
    recipe = overridden(
        read_recipe("deepfacedrawing/stage1"),
        ["data.corpus=faces", "data.preview=faces", f"data.drawings={tmp_path}", "data.drawn=0.5", "schedule.batch=4"],
    )
    task = find_task(recipe.task)(recipe=recipe, data=corpus)
    batch = next(task.batches(start=0))
    assert batch["drawings"].shape == (2, 1, 256, 256) and len(batch["sketch"]) == 4
    assert set(batch["drawings"].unique().mul(255).round().tolist()) <= {0.0, 40.0, 255.0}
    first = task.step(batch, 0, torch.Tensor.backward)
    again = task.step(batch | {"drawings": batch["drawings"] * 0 + 1}, 0, torch.Tensor.backward)
    assert first["remainder"] != pytest.approx(again["remainder"], rel=0.02)


@pytest.mark.parametrize("batch", [4, 5])
def test_each_drawing_may_be_used_twice_once_mirrored(corpus: Path, batch: int) -> None:
    given = [*DATA[:2], "data.mirrored=true", f"schedule.batch={batch}"]
    recipe = overridden(read_recipe("deepfacedrawing/stage1"), given)
    task = find_task(recipe.task)(recipe=recipe, data=corpus)
    half = -(-batch // 2)
    for one in next(task.batches(start=0)).values():
        assert len(one) == batch
        assert torch.equal(one[half:], one[: batch - half].flip(-1)) and not torch.equal(one[:1], one[:1].flip(-1))


def test_a_folder_without_drawings_is_told(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no drawing"):
        run("stage1", corpus, tmp_path / "out", "steps=1", f"data.drawings={tmp_path}")


def test_fm_is_taken_from_where_its_encoders_are(corpus: Path, backbone: Path, stage1: Path, stage2: Path) -> None:
    recipe = overridden(
        read_recipe("deepfacedrawing/stage2"),
        [*DATA[:2], f"networks.embedding.bundle={stage1}", "networks.embedding.samples=4",
         f"networks.start.bundle={stage2}", f"losses.perceptual.backbone={backbone}"],
    )  # fmt: skip
    task = find_task(recipe.task)(recipe=recipe, data=corpus)
    for name, folder in (("mapping", stage1), ("synthesis", stage2)):
        wanted = load_file(folder / "model.safetensors")
        for key, value in task.networks[name].state_dict().items():
            assert torch.equal(value, wanted[f"{name}.{key}"].to(value.dtype)), key


def test_first_maps_are_compared_with_the_drawing_and_the_photo_at_their_size() -> None:
    drawing, photo = torch.ones(1, 1, 4, 4), torch.full((1, 3, 4, 4), 0.5)
    drawing[..., :2, :2] = 0  # a quarter of ink
    features = torch.zeros(1, 6, 2, 2)
    features[:, 0] = 1.0  # white paper; the next three are mid-grey, the photo
    assert first_maps(features, drawing, photo, ink=0.0).item() == pytest.approx(0.25)
    assert first_maps(features, drawing, photo, ink=3.0).item() == pytest.approx(1.0)
    features[:, 1:4] = 0.5
    assert first_maps(features, drawing, photo, ink=0.0).item() == pytest.approx(0.25 + 2 * 0.25)


def test_stage_two_takes_over_every_loss_when_the_discriminator_joins(stage2: Path) -> None:
    first, *_, last = metrics(stage2)
    assert set(first) == {"l1", "perceptual", "reconstruction", "first_maps"}
    assert set(last) == {*first, "critics", "gan", "feature_matching"}
    assert all(np.isfinite(value) for value in last.values())


def test_the_bundle_of_stage_two_makes_photos(stage2: Path) -> None:
    zoo = s2pzoo.load("deepfacedrawing", weights=stage2)
    assert "shadow" in zoo.tools and zoo.model.name == "deepfacedrawing.faces256"
    drawing = Image.new("L", (256, 256), 255)
    drawing.paste(0, (100, 60, 160, 64))
    photo = zoo(drawing, blend={"nose": 0.4}, neighbours=3)
    assert (photo.size, photo.mode) == ((256, 256), "RGB")
    assert zoo.shadow(drawing).size == zoo.refine(drawing).size == (256, 256)
    errors = largest_errors(zoo, read_bundle(stage2).golden())
    assert max(errors.values()) < 1e-4


def test_the_bank_of_the_bundle_has_the_faces_of_the_corpus_and_their_tags(stage2: Path) -> None:
    manifold = s2pzoo.load("deepfacedrawing", weights=stage2).components["manifold"]
    assert isinstance(manifold, ManifoldProjection)
    assert manifold.bank.shape == (5, 8, 1024)
    assert manifold.gender.tolist() == [1, 2] * 4
    assert manifold.age.tolist() == list(range(20, 28))
    assert torch.isfinite(manifold.bank).all() and (manifold.bank.std(1).mean(-1) > 0).all()


def test_the_bank_is_that_of_the_encoders_in_the_bundle(stage2: Path, corpus: Path) -> None:
    zoo = s2pzoo.load("deepfacedrawing", weights=stage2)
    faces = open_corpus(corpus / "faces")
    sketch = torch.from_numpy(np.stack([faces.clean(index) for index in range(8)]))[:, None]
    codes = zoo.execute({"sketch": sketch}, ("codes",))["codes"].transpose(0, 1)
    manifold = zoo.components["manifold"]
    assert isinstance(manifold, ManifoldProjection)
    assert torch.allclose(manifold.bank, codes, rtol=0.02, atol=0.02 * float(codes.abs().max()))


def test_stage_two_keeps_the_encoders_as_they_are(corpus: Path, backbone: Path, stage1: Path, tmp_path: Path) -> None:
    recipe = overridden(
        read_recipe("deepfacedrawing/stage2"),
        (
            *DATA,
            f"networks.embedding.bundle={stage1}",
            "networks.embedding.samples=8",
            f"losses.perceptual.backbone={backbone}",
        ),
    )
    task = Stage2(recipe=recipe, data=corpus)
    assert "encoder" not in task.networks and "encoder" in task.frozen
    encoder = task.frozen["encoder"]
    before = {name: value.clone() for name, value in encoder.named_parameters()}
    batch = next(task.batches(start=0))
    assert batch["sketch"].shape == (2, 1, 256, 256) and batch["photo"].shape == (2, 3, 256, 256)
    losses = task.step(batch, 0, torch.Tensor.backward)
    assert "reconstruction" not in losses
    assert all(torch.equal(value, before[name]) for name, value in encoder.named_parameters())


def test_batches_are_a_function_of_seed_and_step(corpus: Path, backbone: Path, stage1: Path) -> None:
    recipe = overridden(
        read_recipe("deepfacedrawing/stage2"),
        (
            *DATA,
            f"networks.embedding.bundle={stage1}",
            "networks.embedding.samples=8",
            f"losses.perceptual.backbone={backbone}",
        ),
    )
    task = Stage2(recipe=recipe, data=corpus)
    whole = task.batches(start=0)
    later = [next(whole) for _ in range(3)][2]
    resumed = next(task.batches(start=2))
    assert all(torch.equal(later[name], resumed[name]) for name in later)
    other = next(task.batches(start=2, rank=1))
    assert not torch.equal(later["sketch"], other["sketch"])


@pytest.mark.parametrize(
    ("stage", "overrides", "told"),
    [
        ("stage1", ("networks.preset.name=tiny",), "no preset 'tiny'"),
        ("stage1", ("rules.target=both",), "rules.target cannot be 'both'"),
        ("stage2", ('networks.embedding.bundle=""',), "needs the encoders of stage I"),
    ],
)
def test_a_recipe_that_cannot_be_followed_is_told(
    corpus: Path, backbone: Path, tmp_path: Path, stage: str, overrides: tuple[str, ...], told: str
) -> None:
    if stage == "stage2":
        overrides = (*overrides, f"losses.perceptual.backbone={backbone}")
    with pytest.raises(RecipeError, match=told):
        run(stage, corpus, tmp_path / "out", *overrides)


def test_a_bank_larger_than_the_corpus_is_told(corpus: Path, backbone: Path, stage1: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="A bank of 9 samples needs as many faces; the corpus has 8"):
        run(
            "stage2",
            corpus,
            tmp_path / "out",
            f"networks.embedding.bundle={stage1}",
            "networks.embedding.samples=9",
            f"losses.perceptual.backbone={backbone}",
        )
