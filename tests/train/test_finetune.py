"""A composition trained on from end to end: `s2pzoo train FILE.toml`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from s2pzoo_faces.painted import write_corpus
from trained import face

import s2pzoo
from s2pzoo.errors import RecipeError
from s2pzoo.train.loop import train
from s2pzoo.weights.bundle import read_bundle

pytestmark = pytest.mark.usefixtures("tiny_surroundings")

STEPS = ("encoder", "refiner", "generator")


@pytest.fixture
def composition(tmp_path: Path) -> Path:
    write_corpus(tmp_path / "faces", count=8)
    steps = "".join(f'[[steps]]\npart = "tiny.small:{name}"\n' for name in STEPS)
    (tmp_path / "mine.toml").write_text(f'name = "custom.mine"\n{steps}')
    return tmp_path / "mine.toml"


@pytest.fixture
def run(composition: Path, backbone_file: Path, tmp_path: Path) -> Callable[..., Path]:
    def trained(*overrides: str) -> Path:
        usual = (
            "data.corpus=faces", "data.preview=faces", "schedule.steps=2", "schedule.batch=2", "schedule.lr=0.1",
            "networks.critic.base=4", "networks.critic.widest=8", "networks.critic.scales=1",
            f"losses.perceptual.backbone={backbone_file}",
        )  # fmt: skip
        return train(composition, tmp_path, tmp_path / "out", overrides=[*usual, *overrides], progress=False).out

    return trained


def weights(folder: Any) -> dict[str, dict[str, torch.Tensor]]:
    return {name: network.state_dict() for name, network in s2pzoo.load(folder).components.items()}


def alike(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return all(torch.allclose(a[key].float(), b[key].float(), atol=2e-3) for key in a)


def test_what_is_frozen_stays_and_is_named_what_is_not_is_trained(run: Callable[..., Path]) -> None:
    out = run("freeze=encoder,refiner")
    before, after = weights("tiny.small"), weights(out)
    assert [alike(before[name], after[name]) for name in STEPS] == [True, True, False]
    named = [step.weights for step in read_bundle(out).manifest.steps]
    assert named == ["tiny.small:encoder", "tiny.small:refiner", ""]
    pipeline = s2pzoo.load(out)
    assert pipeline.model.name == "custom.mine" and pipeline(face()).size == (32, 32)


def test_a_part_may_be_called_like_a_loss(run: Callable[..., Path], composition: Path) -> None:
    composition.write_text(composition.read_text().replace('small:encoder"', 'small:encoder"\nname = "perceptual"'))
    out = run("freeze=perceptual,refiner")
    assert alike(weights("tiny.small")["encoder"], weights(out)["perceptual"])


def test_without_freeze_every_part_is_trained(run: Callable[..., Path], composition: Path) -> None:
    composition.write_text(composition.read_text().replace('[[steps]]\npart = "tiny.small:refiner"\n', ""))
    before, after = weights("tiny.small"), weights(run())
    assert not any(alike(before[name], after[name]) for name in ("encoder", "generator"))


def test_a_part_that_no_gradient_comes_to_is_told(run: Callable[..., Path]) -> None:
    with pytest.raises(RecipeError, match=r"'encoder' of custom\.mine cannot learn"):
        run()  # the refiner takes the nearest sample


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (["freeze=encodre"], "no step 'encodre' to freeze"),
        (["freeze=encoder,refiner,generator"], "Nothing is left to train"),
        (["networks.composition=tiny.small:refiner"], "makes a latent"),
        (["networks.composition=''"], "nothing to train on"),
    ],
)
def test_what_cannot_be_trained_is_told(run: Callable[..., Path], overrides: list[str], told: str) -> None:
    with pytest.raises(RecipeError, match=told):
        run(*overrides)


def test_a_sheet_shows_every_picture_on_the_way(run: Callable[..., Path]) -> None:
    with Image.open(run("freeze=encoder") / "samples/latest.png") as sheet:
        assert sheet.width > sheet.height / 9 * 2
