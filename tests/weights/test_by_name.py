"""Bundles that name trained parts of other models, in place of copies of their weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from trained import face

import s2pzoo
from s2pzoo.errors import UnknownModelError, UsageError, WeightsCorruptError, WeightsMismatchError
from s2pzoo.host.registry import default_registry
from s2pzoo.pipeline.plan import found
from s2pzoo.pipeline.run import Pipeline
from s2pzoo.weights.bundle import read_bundle
from s2pzoo.weights.manifest import GOLDEN, MANIFEST, WEIGHTS

pytestmark = pytest.mark.usefixtures("tiny_surroundings")

NAMED = {name: f"tiny.small:{name}" for name in ("encoder", "refiner", "generator")}


@pytest.fixture
def hybrid(tmp_path: Path) -> Path:
    return s2pzoo.compose(list(NAMED.values()), name="custom.hybrid").save(tmp_path / "hybrid", by_name=True)


def changed(folder: Path, step: int, **values: Any) -> None:
    data = json.loads((folder / MANIFEST).read_text())
    data["steps"][step] |= values
    (folder / MANIFEST).write_text(json.dumps(data))


def test_it_has_no_weights_of_its_own_and_draws_the_same(hybrid: Path, tiny: Pipeline) -> None:
    assert {step.name: step.weights for step in read_bundle(hybrid).manifest.steps} == NAMED
    assert (hybrid / WEIGHTS).stat().st_size < 200 and (hybrid / GOLDEN).exists()
    assert "tiny.small:refiner" in (hybrid / "README.md").read_text()
    again = s2pzoo.load(hybrid)
    assert again(face()).tobytes() == tiny(face()).tobytes()
    assert again.named == NAMED and not again.untrained


def test_saved_again_it_names_them_still_or_holds_them_all(hybrid: Path, tiny: Pipeline, tmp_path: Path) -> None:
    named = s2pzoo.load(hybrid).save(tmp_path / "named", by_name=True)
    whole = s2pzoo.load(hybrid).save(tmp_path / "whole")
    assert (named / WEIGHTS).stat().st_size < 200 < (whole / WEIGHTS).stat().st_size
    assert s2pzoo.load(named)(face()).tobytes() == s2pzoo.load(whole)(face()).tobytes() == tiny(face()).tobytes()


def test_parts_of_no_name_keep_their_weights(tmp_path: Path, tiny: Pipeline) -> None:
    mixed = s2pzoo.compose(["tiny.small:encoder", tiny.components["refiner"], "tiny.small:generator"])
    folder = mixed.save(tmp_path / "mixed", by_name=True)
    assert [step.weights for step in read_bundle(folder).manifest.steps] == [NAMED["encoder"], "", NAMED["generator"]]
    assert s2pzoo.load(folder)(face()).tobytes() == tiny(face()).tobytes()


def test_what_was_changed_since_is_not_named(tmp_path: Path) -> None:
    pipeline = s2pzoo.compose(list(NAMED.values()))
    with torch.no_grad():
        next(pipeline.components["generator"].parameters()).add_(1)
    with pytest.raises(UsageError, match=r"no longer tiny\.small:generator"):
        pipeline.save(tmp_path / "changed", by_name=True)
    assert not (tmp_path / "changed").exists()


def test_a_part_that_is_another_network_here_is_refused(hybrid: Path) -> None:
    changed(hybrid, 1, config={"dim": 3})
    with pytest.raises(WeightsMismatchError, match="another network here"):
        s2pzoo.load(hybrid)


@pytest.mark.parametrize("part", ["tiny.small:painter", "tiny.small:generator"])
def test_a_part_that_is_not_there_or_is_another_is_refused(hybrid: Path, part: str) -> None:
    changed(hybrid, 0, weights=part)
    with pytest.raises(WeightsMismatchError, match="Install the versions"):
        s2pzoo.load(hybrid)


def test_a_model_that_nobody_has_is_told(hybrid: Path) -> None:
    changed(hybrid, 0, weights="tiny.huge:encoder")
    with pytest.raises(UnknownModelError, match="huge"):
        s2pzoo.load(hybrid)


def test_names_that_lead_round_in_a_circle_are_refused(hybrid: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for step in range(3):
        changed(hybrid, step, weights="custom.hybrid:encoder")
    named = read_bundle(hybrid)
    monkeypatch.setattr("s2pzoo.pipeline.plan.found", lambda *_: (named, None))
    with pytest.raises(WeightsMismatchError):
        s2pzoo.load(hybrid)


def test_a_manifest_that_was_changed_is_found_out(hybrid: Path) -> None:
    data = json.loads((hybrid / MANIFEST).read_text())
    (hybrid / MANIFEST).write_text(json.dumps(data | {"blank_ok": not data["blank_ok"]}))
    with pytest.raises(WeightsCorruptError, match="changed after"):
        s2pzoo.load(hybrid)


def test_the_place_of_a_part_is_looked_for_as_ever(hybrid: Path) -> None:
    held, _ = found(default_registry(), "tiny.small")
    assert s2pzoo.load(hybrid).weights["encoder"] == held.label


def test_a_part_of_a_bundle_in_a_folder_has_no_name(bundle: Path, tiny: Pipeline, tmp_path: Path) -> None:
    mixed = s2pzoo.compose([NAMED["encoder"], f"{bundle}:refiner", NAMED["generator"]])
    assert set(mixed.named) == {"encoder", "generator"} and mixed(face()).tobytes() == tiny(face()).tobytes()
    with pytest.raises(UsageError, match="no step 'refner'"):
        s2pzoo.compose([f"{bundle}:refner"])
    with pytest.raises(UsageError, match="its config is the bundle's"):
        s2pzoo.compose([{"part": f"{bundle}:refiner", "config": {"dim": 3}}])
