"""What is published can be pulled, and gives what it gave; what people need to know of it is said."""

from __future__ import annotations

import shutil
import tomllib
import warnings
from pathlib import Path
from typing import Any

import pytest
from drawings import face
from huggingface_hub import ModelCard
from trained import trained

import s2pzoo
from s2pzoo.errors import ConfigError, HubError, OfflineError, UsageError, WeightsCorruptError
from s2pzoo.host.catalogue import read_catalogue
from s2pzoo.pipeline.golden import check_golden
from s2pzoo.testing.hub import TOKEN, Hub
from s2pzoo.weights.bundle import amend_bundle, read_bundle
from s2pzoo.weights.card import render_card
from s2pzoo.weights.hub import HubPlace, cached, pull
from s2pzoo.weights.publish import publish
from s2pzoo.zoo import as_it_is

ROOT = Path(__file__).parents[2]
BUNDLES = sorted(path.parent for path in ROOT.glob("plugins/*/s2pzoo_*/weights/*/manifest.json"))
ABOUT = {
    "summary": "A tiny model: of nothing.",
    "licence": {"code": "Apache-2.0", "weights": "CC-BY-4.0", "data": "drawn here"},
    "metrics": [
        {"sketches": "clean", "LPIPS": 0.25, "n": 4, "protocol": "by eye"},
        {"method": "another", "LPIPS": 0.125, "n": 4, "protocol": "by eye"},
    ],
}


@pytest.fixture
def bundle(tiny_surroundings: None, tmp_path: Path) -> Path:
    return trained(s2pzoo.build("tiny.small"), seed=1).save(tmp_path / "bundle", metadata=ABOUT)


@pytest.fixture
def writer(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """The Hub, with a token that may write."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    return hub


@pytest.mark.parametrize("folder", BUNDLES, ids=lambda folder: f"{folder.parts[-3]}-{folder.name}")
def test_a_bundle_of_each_family_comes_back_the_same(folder: Path, writer: Hub) -> None:
    made = publish(folder, "me/weights")
    assert cached(made.place) is None, "the cache is empty"
    back = read_bundle(pull(made.place))
    assert back.manifest == read_bundle(folder).manifest
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert max(check_golden(as_it_is(back.folder), back, tolerance=1e-3).values()) < 1e-3


@pytest.mark.parametrize("folder", BUNDLES, ids=lambda folder: f"{folder.parts[-3]}-{folder.name}")
def test_the_hub_can_read_every_card_of_ours(folder: Path) -> None:
    manifest = read_bundle(folder).manifest
    assert (folder / "README.md").read_text() == render_card(manifest)
    card: Any = ModelCard.load(folder / "README.md")
    assert (card.data.library_name, card.data.pipeline_tag) == ("s2pzoo", "image-to-image")
    assert card.data.license in ("cc-by-4.0", "other")
    assert (card.data.license == "other") == bool(card.data.get("license_name"))
    assert card.data.eval_results, "it was measured"


def test_a_card_tells_the_models_own_measures_alone(bundle: Path) -> None:
    card: Any = ModelCard.load(bundle / "README.md")
    assert card.data.license == "cc-by-4.0"
    assert len(card.data.eval_results) == 1
    result = card.data.eval_results[0]
    assert (result.metric_name, result.metric_value, result.dataset_name) == ("LPIPS", 0.25, "clean, by eye")


def test_only_the_files_of_the_bundle_go(bundle: Path, writer: Hub) -> None:
    (bundle / "notes.txt").write_text("nobody's business")
    made = publish(bundle, "me/tiny")
    held = writer.repos["me/tiny"].commits[made.place.revision]
    assert set(held) == {*made.files, ".gitattributes"}
    assert "notes.txt" not in held
    assert made.files == {name: len(data) for name, data in held.items() if name != ".gitattributes"}


def test_the_entry_is_one_that_the_catalogue_takes(bundle: Path, writer: Hub, tmp_path: Path) -> None:
    made = publish(bundle, "me/tiny")
    shutil.copytree(ROOT / "registry/plugins", tmp_path / "registry/plugins")
    family = (tmp_path / "registry/plugins/ups.toml").read_text().replace('family = "ups"', 'family = "tiny"')
    (tmp_path / "registry/plugins/tiny.toml").write_text(family)
    (tmp_path / "registry/bundles").mkdir()
    (tmp_path / "registry/bundles/tiny.small.toml").write_text(made.entry)
    known = read_catalogue(tmp_path / "registry").bundles["tiny.small"]
    assert known.hub == str(made.place)
    assert tomllib.loads(made.entry)["size"] == sum(made.files.values())


def test_publishing_again_makes_a_commit_and_leaves_the_earlier_one(bundle: Path, writer: Hub) -> None:
    first = publish(bundle, "me/tiny").place
    amend_bundle(bundle, about={"limits": ["very small"]})
    second = publish(bundle, "me/tiny").place
    assert first != second
    assert read_bundle(pull(first)).manifest.limits == ()
    assert read_bundle(pull(second)).manifest.limits == ("very small",)
    assert pull(HubPlace("me/tiny")).name == second.revision


def test_a_pipeline_is_pushed_and_comes_back(bundle: Path, writer: Hub) -> None:
    model = s2pzoo.load(bundle)
    made = model.push_to_hub("me/pushed", private=True)
    assert writer.repos["me/pushed"].private
    assert s2pzoo.load(f"hf://{made.place}")(face()).tobytes() == model(face()).tobytes()


def test_a_dry_run_asks_nobody(bundle: Path, hub: Hub) -> None:
    made = publish(bundle, "me/tiny", dry_run=True)
    assert hub.requests == []
    assert made.place.revision == "<commit>"
    assert "manifest.json" in made.files


def test_without_a_token_it_says_how_to_get_one(bundle: Path, hub: Hub) -> None:
    with pytest.raises(HubError, match="could not be published") as caught:
        publish(bundle, "me/tiny")
    assert "HF_TOKEN" in caught.value.fix


def test_offline_nothing_is_published(bundle: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(OfflineError, match="cannot be published"):
        publish(bundle, "me/tiny")
    assert hub.requests == []


def test_a_broken_bundle_or_one_that_says_too_little_stays_here(bundle: Path, writer: Hub) -> None:
    amend_bundle(bundle, about={"licence": {"code": "MIT", "weights": "", "data": ""}})
    with pytest.raises(ConfigError, match=r"licence\.weights, licence\.data"):
        publish(bundle, "me/tiny")
    with (bundle / "model.safetensors").open("r+b") as file:
        file.truncate(100)
    with pytest.raises(WeightsCorruptError):
        publish(bundle, "me/tiny")
    with pytest.raises(UsageError, match="no place on the Hub"):
        publish(bundle, "tiny")
    assert writer.requests == []
