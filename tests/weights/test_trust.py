"""The manifest vouches for every file; and something vouches for the manifest."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

import s2pzoo
from s2pzoo.errors import PortMismatchError, WeightsCorruptError, WeightsMismatchError
from s2pzoo.host.catalogue import default_catalogue
from s2pzoo.pipeline.run import Pipeline
from s2pzoo.weights.bundle import read_bundle
from s2pzoo.weights.verify import record_of

FACES = Path(__file__).parents[2] / "plugins/deepfacedrawing/s2pzoo_deepfacedrawing/weights/faces256"


@pytest.fixture
def bundle(tiny: Pipeline, tmp_path: Path) -> Path:
    return tiny.save(tmp_path / "b")


def said(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change what a manifest says."""
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def retyped(folder: Path, key: str, dtype: torch.dtype, *, header: bool = False) -> None:
    """One tensor of another type, in a file that is whole; without a header nobody vouches for the manifest."""
    path = folder / "model.safetensors"
    tensors = load_file(path)
    tensors[key] = tensors[key].to(dtype)
    save_file(tensors, path)
    now = record_of(path)
    said(folder, lambda m: m["files"].update({"model.safetensors": {"sha256": now.sha256, "size": now.size}}))


def weight(folder: Path) -> str:
    tensors = load_file(folder / "model.safetensors")
    return next(key for key, tensor in tensors.items() if tensor.is_floating_point())


def test_a_bundle_that_was_written_here_is_vouched_for_by_its_weights(bundle: Path) -> None:
    assert read_bundle(bundle).trust() == "weights"


def test_a_published_one_is_vouched_for_by_the_catalogue() -> None:
    known = default_catalogue().bundles
    assert known["deepfacedrawing.faces256"].sha256
    assert read_bundle(FACES).trust() == "catalogue"


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m["steps"][0]["config"].update(width=99), lambda m: m.update(size=64),
        lambda m: m["steps"][-1].update(side=True), lambda m: m.update(blank_ok=not m["blank_ok"]),
        lambda m: m.update(model="tiny.other"),
    ],
)  # fmt: skip
def test_a_manifest_that_was_changed_is_refused(change: Callable, bundle: Path) -> None:
    said(bundle, change)
    with pytest.raises((WeightsCorruptError, WeightsMismatchError, PortMismatchError)):
        s2pzoo.load(bundle)


@pytest.mark.parametrize("field", ["summary", "licence", "metrics"])
def test_what_is_said_about_a_bundle_may_be_changed(field: str, bundle: Path) -> None:
    new: Any = {"summary": "better words", "licence": {"code": "MIT", "weights": "", "data": ""}, "metrics": []}[field]
    said(bundle, lambda m: m.update({field: new}))
    assert s2pzoo.load(bundle).metadata[field] is not None


def test_one_flipped_bit_in_a_published_manifest_gives_no_other_photo(tmp_path: Path) -> None:
    shutil.copytree(FACES, tmp_path / "b")
    manifest = tmp_path / "b/manifest.json"
    manifest.write_text(manifest.read_text().replace('"negative_slope": 0.2', '"negative_slope": 0.6', 1))
    with pytest.raises((WeightsCorruptError, WeightsMismatchError)):
        s2pzoo.load(tmp_path / "b")


def test_without_anybody_the_golden_outputs_are_asked(bundle: Path) -> None:
    retyped(bundle, weight(bundle), torch.float32)  # the header is gone, the weights are the same
    assert read_bundle(bundle).trust() == ""
    s2pzoo.load(bundle)
    path = bundle / "model.safetensors"
    save_file({key: value + 1 if value.is_floating_point() else value for key, value in load_file(path).items()}, path)
    now = record_of(path)
    said(bundle, lambda m: m["files"].update({"model.safetensors": {"sha256": now.sha256, "size": now.size}}))
    with pytest.raises(WeightsMismatchError, match="does not give what it gave"):
        s2pzoo.load(bundle)


@pytest.mark.parametrize(
    "dtype", [torch.float64, torch.bfloat16, torch.float16, torch.int8, torch.bool, torch.complex64]
)
def test_tensors_of_another_type_are_refused(dtype: torch.dtype, bundle: Path) -> None:
    retyped(bundle, weight(bundle), dtype)
    with pytest.raises(WeightsCorruptError, match="is stored as"):
        s2pzoo.load(bundle)


@pytest.mark.parametrize("stated", [0, -1, 1.0, True, "1", None, 1e300])
def test_a_format_that_is_none_is_refused(stated: object, bundle: Path) -> None:
    said(bundle, lambda m: m.update(format=stated))
    with pytest.raises(WeightsCorruptError, match="format"):
        read_bundle(bundle)


def test_a_later_format_says_to_upgrade(bundle: Path) -> None:
    said(bundle, lambda m: m.update(format=2))
    with pytest.raises(WeightsMismatchError, match="upgrade"):
        read_bundle(bundle)


@pytest.mark.parametrize("what", ["dtype", "name twice"])
def test_what_no_manifest_says(what: str, bundle: Path) -> None:
    path = bundle / "manifest.json"
    if what == "dtype":
        said(bundle, lambda m: m.update(dtype="banana"))
    else:
        path.write_text(path.read_text().replace('"size":', '"size": 32, "size":', 1))
    with pytest.raises(WeightsCorruptError):
        read_bundle(bundle)
