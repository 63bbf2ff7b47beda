"""sketch, verify, corpus and train."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

RECIPE = """
name = "doodle"
task = "doodle/paint"
[schedule]
steps = 3
batch = 2
log_every = 1
accelerator = "cpu"
"""


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photo that is not square: a dark disc with a ring on a bright ground."""
    y, x = np.mgrid[:96, :64]
    radius = np.hypot(y - 48, x - 32)
    luma = np.where(radius < 24, 90, 200) - 60 * (np.abs(radius - 12) < 2)
    Image.fromarray(np.stack([luma, luma, luma + 20], axis=2).astype(np.uint8)).save(tmp_path / "photo.jpg")
    return tmp_path / "photo.jpg"


@pytest.mark.parametrize(
    "how", [[], ["--style", "xdog"], ["--style", "canny"], ["--simplify"], ["--roughness", "very rough", "--seed", "3"]]
)
def test_a_photo_becomes_a_drawing(cli: Callable, photo: Path, tmp_path: Path, how: list[str]) -> None:
    done = cli("sketch", photo, "-o", tmp_path / "out", "--size", 192, *how, "--json")
    assert done.code == 0, done.err
    drawn = Image.open(tmp_path / "out/photo.png")
    assert drawn.mode == "L"
    assert drawn.size == (128, 192)
    assert 0.5 < np.asarray(drawn).mean() / 255 < 0.999


def test_sketch_does_the_others_when_one_is_bad(cli: Callable, photo: Path, drawing: Callable, tmp_path: Path) -> None:
    done = cli("sketch", photo, drawing("a.svg"), "-o", tmp_path, "--json")
    assert done.code == 2
    assert [one["sketch"] for one in done.json["photos"]] == [str(tmp_path / "photo.png")]
    assert "is a drawing, not a photo" in done.json["failed"][0]["error"]["what"]
    assert cli("sketch", photo, "-o", photo).code == 2


def test_verify_checks_files_tensors_and_golden_outputs(cli: Callable, site: Path, tmp_path: Path) -> None:
    told = cli("verify", "doodle", "--json").json
    assert told["ok"] is True
    assert told["model"] == "doodle.small"
    assert set(told["golden"]) == {"encoder", "redraw", "painter"}
    bundle = tmp_path / "bundle"
    shutil.copytree(site / "s2pzoo_doodle/weights/small", bundle)
    assert "sha256 right" in cli("verify", "bundle").out
    weights = bundle / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0")
    done = cli("verify", bundle, "--json")
    assert done.code == 1
    assert done.json["error"]["code"] == "E_WEIGHTS_CORRUPT"


def test_verify_finds_outputs_that_are_not_the_golden_ones(cli: Callable, site: Path, tmp_path: Path) -> None:
    from s2pzoo.weights.verify import record_of

    bundle = tmp_path / "bundle"
    shutil.copytree(site / "s2pzoo_doodle/weights/small", bundle)
    from safetensors.torch import load_file, save_file

    weights = load_file(bundle / "model.safetensors")
    weights["painter.fc.bias"] += 1
    save_file(weights, bundle / "model.safetensors")
    manifest = json.loads((bundle / "manifest.json").read_text())
    record = record_of(bundle / "model.safetensors")
    manifest["files"]["model.safetensors"] = {"sha256": record.sha256, "size": record.size}
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    done = cli("verify", bundle, "--json")
    assert done.code == 1
    assert done.json["error"]["code"] == "E_WEIGHTS_MISMATCH"
    assert "painter" in done.json["error"]["why"]
    assert cli("verify", bundle, "--tolerance", 1).code == 0


def test_corpus_refuses_a_folder_that_is_in_use_and_one_without_portraits(
    cli: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("S2PZOO_PLUGINS", "faces")
    (tmp_path / "used").mkdir()
    (tmp_path / "used/photos.npy").write_text("hours of work")
    assert cli("corpus", tmp_path, tmp_path / "used", "--json").json["error"]["code"] == "E_OUTPUT"
    done = cli("corpus", tmp_path, tmp_path / "new", "--count", 2, "--json")
    assert done.code == 1
    assert done.json["error"]["code"] == "E_DATA"


def test_train_makes_a_bundle_that_generate_can_use(cli: Callable, drawing: Callable, tmp_path: Path) -> None:
    pytest.importorskip("lightning")
    (tmp_path / "recipe.toml").write_text(RECIPE)
    arguments = ("train", tmp_path / "recipe.toml", "--data", tmp_path, "--out", tmp_path / "run")
    done = cli(*arguments, "schedule.steps=2", "--json")
    assert done.code == 0, done.err
    assert done.json["reason"] == "finished"
    assert done.json["step"] == 2
    assert "white" in done.json["losses"]
    assert cli("generate", drawing("a.png"), "-m", "doodle", "--weights", tmp_path / "run").code == 0
    assert cli(*arguments).code != 0  # a training is there, and --resume was not said


def test_train_tells_a_wrong_recipe(cli: Callable, tmp_path: Path) -> None:
    pytest.importorskip("lightning")
    done = cli("train", tmp_path / "absent.toml", "--data", tmp_path, "--out", tmp_path / "run", "--json")
    assert done.code == 2
    assert done.json["error"]["code"] == "E_RECIPE"
    assert not (tmp_path / "run").exists()
