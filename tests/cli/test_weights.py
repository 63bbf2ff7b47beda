"""`s2pzoo weights` and `s2pzoo publish`: where weights are, to and from the Hub, carried and removed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import s2pzoo
from s2pzoo.testing.hub import TOKEN, Hub

SAID = {"summary": "Doodles.", "licence": {"code": "MIT", "weights": "MIT", "data": "none"}}


@pytest.fixture
def bundle(site: Path, tmp_path: Path) -> Path:
    return s2pzoo.build("doodle.small").save(tmp_path / "bundle", metadata=SAID)


def test_where_weights_are_is_shown(cli: Callable, site: Path) -> None:
    for verb in (("weights",), ("weights", "where")):
        done = cli(*verb, "--json")
        told = {one["model"]: one for one in done.json["weights"]}
        assert told["doodle.small"]["state"] == "bundled"
        assert told["doodle.small"]["folder"] == str(site / "s2pzoo_doodle/weights/small")
        assert told["doodle.small"]["bytes"] > 1000
    assert "bundled" in cli("weights", "doodle").out


def test_a_bundle_goes_to_the_hub_and_back_by_commands(
    cli: Callable, bundle: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    dry = cli("publish", bundle, "me/doodle", "--dry-run")
    assert dry.code == 0
    assert "Nothing was uploaded" in dry.out
    assert hub.requests == []
    assert cli("publish", bundle, "me/doodle").code == 1
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    done = cli("publish", bundle, "me/doodle", "--json")
    assert done.code == 0, done.err
    place = f"hf://{done.json['place']}"
    pulled = cli("weights", "pull", place, "--json")
    folder = Path(pulled.json["weights"][0]["folder"])
    assert (folder / "model.safetensors").read_bytes() == (bundle / "model.safetensors").read_bytes()
    assert cli("weights", "verify", "--golden", place).code == 0
    removed = cli("weights", "rm", place, "--json")
    assert removed.json["removed"][place] > 1000
    assert not folder.exists()
    assert cli("weights", "rm", place).code == 1


def test_what_was_carried_is_found_on_a_machine_without_network(
    cli: Callable, tmp_path: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):  # again takes the place of the first
        assert cli("weights", "bundle", tmp_path / "carry").code == 0
    assert [path.name for path in (tmp_path / "carry").iterdir()] == ["doodle.small"]
    monkeypatch.setenv("S2PZOO_WEIGHTS", str(tmp_path / "carry"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    hidden = site / "s2pzoo_doodle/weights/hidden"
    (site / "s2pzoo_doodle/weights/small").rename(hidden)
    try:
        told = cli("weights", "doodle", "--json").json["weights"][0]
        assert (told["state"], told["folder"]) == ("folder", str(tmp_path / "carry/doodle.small"))
    finally:
        hidden.rename(site / "s2pzoo_doodle/weights/small")


def test_a_damaged_bundle_is_named_and_not_carried(cli: Callable, bundle: Path, tmp_path: Path, site: Path) -> None:
    with (bundle / "model.safetensors").open("r+b") as file:
        file.truncate(100)
    shutil.move(site / "s2pzoo_doodle/weights/small", tmp_path / "kept")
    shutil.copytree(bundle, site / "s2pzoo_doodle/weights/small")
    try:
        for verb in (("weights", "verify"), ("weights", "bundle", tmp_path / "carry")):
            done = cli(*verb)
            assert done.code == 1
            assert "E_WEIGHTS_CORRUPT" in done.err
        assert not list(tmp_path.glob("carry/*"))
    finally:
        shutil.rmtree(site / "s2pzoo_doodle/weights/small")
        shutil.move(tmp_path / "kept", site / "s2pzoo_doodle/weights/small")


def test_weights_that_were_not_downloaded_are_not_removed(cli: Callable, site: Path) -> None:
    done = cli("weights", "rm", "doodle.small")
    assert done.code == 2
    assert "were not downloaded" in done.err
    assert (site / "s2pzoo_doodle/weights/small/manifest.json").is_file()
