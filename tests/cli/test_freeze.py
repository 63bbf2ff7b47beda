"""What is installed is written down, and what an upgrade loses is told."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import s2pzoo
from s2pzoo.cli.app import run
from s2pzoo.host.registry import default_registry
from s2pzoo.host.settings import Settings


@pytest.fixture
def frozen(tmp_path: Path) -> Path:
    assert run(["plugins", "freeze", "-o", str(tmp_path / "plugins.txt")]) == 0
    return tmp_path / "plugins.txt"


def changed(frozen: Path, old: str, new: str) -> None:
    text = frozen.read_text()
    assert re.search(old, text)
    frozen.write_text(re.sub(old, new, text))


def diff(frozen: Path, capfd: pytest.CaptureFixture[str], *, code: int) -> list[tuple[str, str]]:
    capfd.readouterr()
    assert run(["plugins", "diff", str(frozen), "--json"]) == code
    told = json.loads(capfd.readouterr().out)
    assert told["lost"] == bool(code)
    return [(row["distribution"], row["change"]) for row in told["changes"]]


def test_the_file_names_every_distribution_with_its_models_and_pip_can_read_it(frozen: Path) -> None:
    lines = frozen.read_text().splitlines()
    assert f"s2pzoo=={s2pzoo.__version__}" in lines
    (doodle,) = [line for line in lines if "doodle" in line]
    assert doodle.endswith("# doodle: doodle.plain doodle.small")
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-deps", "--no-index", "-r", str(frozen)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert "Invalid requirement" not in done.stderr


def test_nothing_has_changed(frozen: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert diff(frozen, capfd, code=0) == []
    assert run(["plugins", "diff", str(frozen)]) == 0
    assert "as it was" in capfd.readouterr().out


def test_a_distribution_that_is_gone_is_a_loss(frozen: Path, capfd: pytest.CaptureFixture[str]) -> None:
    frozen.write_text(frozen.read_text() + "s2pzoo-gone==1.0  # gone: gone.small\n")
    assert diff(frozen, capfd, code=1) == [("s2pzoo-gone", "is gone")]
    assert run(["plugins", "diff", str(frozen)]) == 1
    assert f"pip install -r {frozen}" in capfd.readouterr().out


def test_a_model_that_is_gone_is_a_loss_and_a_new_one_is_not(frozen: Path, capfd: pytest.CaptureFixture[str]) -> None:
    changed(frozen, "doodle.plain doodle.small", "doodle.large doodle.small")
    told = diff(frozen, capfd, code=1)
    assert [change for _, change in told] == ["models are gone", "models are new"]


def test_of_two_families_of_one_distribution_each_is_looked_at(frozen: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (line,) = [line for line in frozen.read_text().splitlines() if "doodle" in line]
    frozen.write_text(f"{line.partition('  #')[0]}  # scribble: scribble.small\n{frozen.read_text()}")
    assert [change for _, change in diff(frozen, capfd, code=1)] == ["is gone"]


def test_a_distribution_may_be_written_in_several_ways(frozen: Path, capfd: pytest.CaptureFixture[str]) -> None:
    frozen.write_text("\ufeff" + frozen.read_text().replace("s2pzoo-ups==", "S2PZoo_UPS=="))
    assert diff(frozen, capfd, code=0) == []


def test_another_version_is_told_and_no_loss(frozen: Path, capfd: pytest.CaptureFixture[str]) -> None:
    changed(frozen, r"(s2pzoo)==\S+\n", r"\1==0.0.1\n")
    assert diff(frozen, capfd, code=0) == [("s2pzoo", "another version")]


def test_a_new_distribution_is_told_and_no_loss(frozen: Path, capfd: pytest.CaptureFixture[str]) -> None:
    changed(frozen, r"\S+==\S+  # doodle: .*\n", "")
    assert [change for _, change in diff(frozen, capfd, code=0)] == ["is new"]


def test_a_plugin_that_no_longer_loads_is_a_loss(
    frozen: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("S2PZOO_DISABLE", "doodle")
    default_registry.cache_clear()
    assert [change for _, change in diff(frozen, capfd, code=1)] == ["does not load"]
    default_registry.cache_clear()


@pytest.mark.parametrize("text", ["", "# nothing\n", "doodle\n", "-e .\n", "\x00\n"])
def test_a_file_that_is_none_of_ours_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str], text: str) -> None:
    (tmp_path / "other.txt").write_text(text)
    assert run(["plugins", "diff", str(tmp_path / "other.txt")]) == 2
    assert "plugins freeze" in capfd.readouterr().err


def test_a_file_that_is_not_there_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["plugins", "diff", str(tmp_path / "none.txt")]) == 2
    assert "cannot be read" in capfd.readouterr().err


def test_a_plugin_that_vanished_since_the_last_look_is_told_once(cli: Callable[..., Any], tmp_path: Path) -> None:
    assert cli("list").err == ""
    (kept,) = (Settings.read().cache / "plugins").iterdir()
    kept.write_text(kept.read_text() + "s2pzoo-gone==1.0  # gone: gone.small\n")
    told = cli("plugins")
    assert told.code == 0 and "Gone since the last look: s2pzoo-gone 1.0." in told.err
    (before,) = (Settings.read().cache / "plugins").glob("*.before.txt")
    assert str(before) in told.err and "s2pzoo-gone==1.0" in before.read_text()
    assert cli("plugins", "diff", before).code == 1
    assert "Gone" not in cli("plugins").err


def test_a_cache_that_cannot_be_written_costs_nothing(cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S2PZOO_CACHE", "/dev/null/cache")
    assert cli("list").code == 0
