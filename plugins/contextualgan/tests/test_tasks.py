"""The training, on eight painted faces, and what comes of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from s2pzoo_contextualgan.pairs import open_pairs
from s2pzoo_contextualgan.training import hide, shifted

import s2pzoo
from s2pzoo.errors import DataError, RecipeError
from s2pzoo.pipeline.golden import largest_errors
from s2pzoo.train.loop import TrainResult, train
from s2pzoo.weights.bundle import read_bundle

DATA = (
    "data.corpus=faces", "data.preview=faces", "batch=4", "steps=2", "accelerator=cpu", "log_every=1",
    "schedule.minutes=0",
)  # fmt: skip
GAN = {"gan", "discriminator"}


def run(data: Path, out: Path, backbone: Path, *overrides: str) -> TrainResult:
    given = (*DATA, f"losses.perceptual.backbone={backbone}", *overrides)
    return train("contextualgan/faces64", data, out, overrides=given, progress=False)


def losses(out: Path) -> set[str]:
    lines = [json.loads(line)["losses"] for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert all(np.isfinite(value) for line in lines for value in line.values())
    return set(lines[-1])


@pytest.fixture(scope="module")
def trained(corpus: Path, backbone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that two steps leave."""
    out = tmp_path_factory.mktemp("joint") / "run"
    assert run(corpus, out, backbone).reason == "finished"
    return out


def test_g_d_and_the_initialiser_are_trained_together(trained: Path) -> None:
    assert losses(trained) == GAN | {"reconstruction", "perceptual", "prior", "masked"}


def test_the_bundle_makes_photos_sketches_and_completions(trained: Path) -> None:
    zoo = s2pzoo.load("contextualgan", weights=trained)
    assert "complete" in zoo.tools and zoo.model.name == "contextualgan.faces64"
    drawing = Image.new("L", (256, 256), 255)
    drawing.paste(0, (100, 60, 160, 64))
    photo = zoo(drawing, steps=1)
    assert (photo.size, photo.mode) == ((64, 64), "RGB")
    assert zoo.sketch(torch.rand(1, 3, 64, 64), steps=1).shape == (1, 1, 64, 64)
    assert zoo.complete(torch.rand(1, 3, 64, 64), torch.eye(64)[None, None], steps=1).shape == (1, 3, 64, 64)
    assert max(largest_errors(zoo, read_bundle(trained).golden()).values()) < 1e-2


def test_the_papers_training_has_no_initialiser(corpus: Path, backbone: Path, tmp_path: Path) -> None:
    plain = ("networks.preset.name=small-paper", "losses.adversarial=core/bce", "rules.generator_steps=2")
    run(corpus, tmp_path, backbone, *plain, "weights.reconstruction=0", "rules.augment=0")
    assert losses(tmp_path) == GAN
    assert [step.name for step in read_bundle(tmp_path).manifest.steps] == ["projection"]


def test_the_wasserstein_critic_pays_its_penalty(corpus: Path, backbone: Path, tmp_path: Path) -> None:
    for name, table in (("with", ""), ("without", "losses.adversarial.penalty=0")):
        run(corpus, tmp_path / name, backbone, "losses.adversarial=core/wgan-gp", *filter(None, [table]), "steps=1")
    paid, spared = (
        json.loads((tmp_path / name / "metrics.jsonl").read_text().splitlines()[0])["losses"]["discriminator"]
        for name in ("with", "without")
    )
    assert paid > spared + 0.1


def test_a_training_can_begin_with_the_networks_of_another(
    trained: Path, corpus: Path, backbone: Path, tmp_path: Path
) -> None:
    """At a rate of next to nothing they are left as they were; without `start` they are others."""
    still = ("steps=1", "lr=1e-12", "warmup=0")
    run(corpus, tmp_path / "on", backbone, *still, f"networks.start.bundle={trained}")
    run(corpus, tmp_path / "anew", backbone, *still, "seed=7")
    before, on, anew = (parameters(folder) for folder in (trained, tmp_path / "on", tmp_path / "anew"))
    assert all(torch.allclose(on[name], value, atol=2e-3) for name, value in before.items())
    assert not all(torch.allclose(anew[name], value, atol=2e-3) for name, value in before.items())


def parameters(folder: Path) -> dict[str, torch.Tensor]:
    parts = s2pzoo.load("contextualgan", weights=folder).components
    return {f"{step}.{name}": value for step, part in parts.items() for name, value in part.named_parameters()}


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("networks.preset.name=tiny", "no preset 'tiny'"),
        ("networks.preset.name=small-paper", "wants a normal prior"),
    ],
)
def test_a_recipe_that_cannot_be_followed_is_told(
    corpus: Path, backbone: Path, tmp_path: Path, override: str, told: str
) -> None:
    with pytest.raises(RecipeError, match=told):
        run(corpus, tmp_path / "out", backbone, override)


def test_pairs_are_drawn_once_and_kept(corpus: Path) -> None:
    one = open_pairs(corpus / "faces", side=64, drawings=2)
    written = (corpus / "faces" / "pairs64x2of8.npz").stat().st_mtime_ns
    again = open_pairs(corpus / "faces", side=64, drawings=2, faces=1000)
    assert (corpus / "faces" / "pairs64x2of8.npz").stat().st_mtime_ns == written
    assert np.array_equal(one.sketches, again.sketches)
    assert one.photos.shape == (8, 3, 64, 64) and one.sketches.shape == (8, 3, 64, 64)
    assert np.array_equal(open_pairs(corpus / "faces", side=64, drawings=2, faces=3).photos, one.photos[:3])


def test_sketch_and_photo_of_a_batch_are_mirrored_together(corpus: Path) -> None:
    pairs = open_pairs(corpus / "faces", side=64, drawings=2)
    batch = pairs.batch(16, np.random.default_rng(0))
    assert batch["sketch"].shape == (16, 1, 64, 64) and batch["photo"].shape == (16, 3, 64, 64)
    photos, sketches = (torch.from_numpy(part).float() / 255 for part in (pairs.photos, pairs.sketches))
    for sketch, photo in zip(batch["sketch"], batch["photo"], strict=True):
        ways = [(s, p) for s, p in ((sketch, photo), (sketch.flip(-1), photo.flip(-1)))]
        assert any(
            torch.equal(p, photos[i]) and any(torch.equal(s[0], drawn) for drawn in sketches[i])
            for s, p in ways
            for i in range(8)
        )


def test_a_folder_that_is_no_corpus_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not a face corpus"):
        open_pairs(tmp_path, side=64, drawings=1)


def test_augmentation_moves_all_channels_alike() -> None:
    images = torch.rand(6, 1, 16, 16).expand(-1, 4, -1, -1)
    moved = shifted(images, 0.25, np.random.default_rng(0))
    assert moved.shape == images.shape and not torch.equal(moved, images)
    assert all(torch.equal(moved[:, 0], moved[:, channel]) for channel in range(1, 4))
    assert torch.equal(shifted(images, 0.0, np.random.default_rng(0)), images)


def test_something_is_always_hidden_and_something_always_known() -> None:
    sketch, photo = hide(torch.ones(64, 1, 16, 16), np.random.default_rng(0))
    both = torch.cat([sketch, photo], dim=1).flatten(1).mean(1)
    assert (both > 0).all() and (both < 1).all()
    assert {round(share, 3) for share in both.tolist()} == {0.5, 0.75}
