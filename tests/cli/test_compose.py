"""s2pzoo compose: a model of parts, from a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import s2pzoo
from s2pzoo.weights.bundle import read_bundle

TRAINED = ("doodle.small:encoder", "doodle.small:painter")


def recipe(folder: Path, *parts: str, more: str = "") -> Path:
    path = folder / "mine.toml"
    steps = "".join(f'[[steps]]\npart = "{part}"\n' for part in parts)
    path.write_text(f'name = "custom.mine"\n{more}\n{steps}')
    return path


def test_parts_are_put_together_shown_and_drawn(cli: Callable[..., Any], tmp_path: Path) -> None:
    done = cli("compose", recipe(tmp_path, *TRAINED), "--svg", "mine.svg", "--json")
    assert done.code == 0, done.err
    assert [step["component"] for step in done.json["steps"]] == ["doodle/encoder", "doodle/painter"]
    assert done.json["output"] == "photo" and done.json["folder"] is None
    assert "<title>custom.mine</title>" in (tmp_path / "mine.svg").read_text()


def test_what_was_saved_is_a_model(cli: Callable[..., Any], drawing: Callable[..., Path], tmp_path: Path) -> None:
    done = cli("compose", recipe(tmp_path, *TRAINED), "-o", "mine")
    assert done.code == 0 and "custom.mine -> mine" in done.out
    sketch = drawing("a.png")
    photo = s2pzoo.load(tmp_path / "mine")(sketch)
    assert photo.tobytes() == s2pzoo.load("doodle.small")(sketch).tobytes()
    assert cli("generate", sketch, "-m", tmp_path / "mine", "-o", "photo.png").code == 0


def test_what_does_not_fit_is_told_before_torch_is_imported(program: Callable[..., Any], tmp_path: Path) -> None:
    file = recipe(tmp_path, "doodle.small:painter", "doodle.small:encoder")
    block = "import sys; sys.modules['torch'] = None"
    done = program("compose", file, before=block)
    assert done.code == 2 and "E_PORT_MISMATCH" in done.err


def test_untrained_parts_are_saved_only_where_that_is_said(cli: Callable[..., Any], tmp_path: Path) -> None:
    file = recipe(tmp_path, "doodle/encoder", "doodle/painter")
    assert cli("compose", file).code == 0
    refused = cli("compose", file, "-o", "mine")
    assert refused.code == 1 and "E_UNTRAINED" in refused.err and not (tmp_path / "mine").exists()
    assert cli("compose", file, "-o", "mine", "--untrained").code == 0
    assert s2pzoo.load(tmp_path / "mine").model.name == "custom.mine"


@pytest.mark.parametrize("more", ["colour = 1", "size = ", "size = 'big'", "size = -1"])
def test_a_file_that_is_none_is_refused_in_words(cli: Callable[..., Any], tmp_path: Path, more: str) -> None:
    done = cli("compose", recipe(tmp_path, *TRAINED, more=more))
    assert done.code == 2 and "E_UNEXPECTED" not in done.err
    assert cli("compose", "no.toml").code == 2


def test_what_it_says_about_itself_is_in_the_bundle(cli: Callable[..., Any], tmp_path: Path) -> None:
    file = recipe(tmp_path, *TRAINED, more='[output]\nsummary = "Mine."\nlimits = ["It is small."]')
    assert cli("compose", file, "-o", "mine", "--by-name").code == 0
    held = read_bundle(tmp_path / "mine").manifest
    assert (held.summary, held.limits) == ("Mine.", ("It is small.",))
    assert [step.weights for step in held.steps] == list(TRAINED)
    assert cli("compose", recipe(tmp_path, *TRAINED, more="[output]\nsumary = 1")).code == 2
    done = cli("compose", recipe(tmp_path, *TRAINED, more="[output]\nsummary = 1"), "-o", "other")
    assert done.code == 2 and "E_UNEXPECTED" not in done.err
