"""A plugin as `s2pzoo new` writes it is built, installed, trained, checked, loaded by name and changed into others."""

from __future__ import annotations

import json
import shutil
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from s2pzoo.cli.app import run

pytest.importorskip("copier")


def test_a_plugin_goes_from_nothing_to_photos_in_an_environment_of_its_own(
    environment, rendered: Path, tmp_path: Path
) -> None:
    project = shutil.copytree(rendered, tmp_path / "acme")
    environment.run("-m", "s2pzoo", "list", "--json", cwd=tmp_path)
    # The weights are trained where the package is, before it is installed.
    weights = project / "s2pzoo_acme/weights/tiny"
    environment.install(project)
    environment.run("-m", "s2pzoo_acme.fruit", "data/fruit", "--count", "60", cwd=project)
    environment.run(
        "-m", "s2pzoo", "train", "acme/tiny", "--data", "data", "--out", str(weights), "schedule.steps=60", cwd=project
    )
    environment.install(project)
    checked = json.loads(environment.run("-m", "s2pzoo", "check", "acme", "--json", cwd=tmp_path, code=None))
    assert not [one for one in checked["findings"] if one["state"] == "failed"]
    assert checked["ok"] and checked["counts"]["passed"] >= 20
    assert {one["check"] for one in checked["findings"] if one["state"] == "absent"} == {
        "api/dataset", "api/adapter", "tools/method", "tools/runs",
    }  # fmt: skip
    made = environment.run(
        "-c",
        "import s2pzoo, sys\n"
        "import s2pzoo_acme\n"
        f"photo = s2pzoo.load('acme')({str(project / 'data/fruit/sketch/0001.png')!r})\n"
        f"photo.save({str(tmp_path / 'photo.png')!r})\n"
        "print(s2pzoo.list_models(), photo.size, s2pzoo_acme.__file__)",
        cwd=tmp_path,
    )
    assert "'acme.tiny'" in made and "(64, 64)" in made and str(environment.folder) in made  # not the source folder
    red, _, blue = np.asarray(Image.open(tmp_path / "photo.png"), int)[28:36, 28:36].mean((0, 1))
    assert red > blue + 40  # red or yellow; there is no blue fruit
    left = [path.name for path in environment.folder.rglob("weights/tiny/*")]
    assert sorted(left) == ["README.md", "golden.safetensors", "manifest.json", "model.safetensors"]
    tests = environment.run(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", str(project / "tests/test_method.py"), cwd=tmp_path
    )
    assert "2 passed" in tests


def test_all_that_is_written_can_be_read(rendered: Path) -> None:
    project = tomllib.loads((rendered / "pyproject.toml").read_text())["project"]
    assert (project["name"], project["entry-points"]["s2pzoo"]) == ("s2pzoo-acme", {"acme": "s2pzoo_acme.plugin"})
    for path in rendered.rglob("*.py"):
        compile(path.read_text(), str(path), "exec")
    publish = yaml.safe_load((rendered / ".github/workflows/publish.yml").read_text())
    assert publish["jobs"]["publish"]["permissions"] == {"id-token": "write"}
    assert "matrix.python" in (rendered / ".github/workflows/tests.yml").read_text()
    assert not any("{{" in path.read_text() for path in rendered.rglob("*") if path.is_file() and path.suffix != ".yml")


@pytest.mark.parametrize(
    ("name", "package"), [("two-words", "s2pzoo_two_words"), ("under_score", "s2pzoo_under_score")]
)
def test_names_of_two_words_become_packages(tmp_path: Path, name: str, package: str) -> None:
    assert run(["new", name, "--defaults", "--out", str(tmp_path / "p")]) == 0
    assert (tmp_path / "p" / package / "plugin.py").is_file()
    assert f'"{name}/painter"' in (tmp_path / "p" / package / "plugin.py").read_text()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("core", "the core's own"),
        ("unregistered", "the core's own"),
        ("Acme", "cannot name a model family"),
        ("9lives", "cannot name"),
        ("a b", "cannot name"),
        ("ups", "s2pzoo-ups"),
    ],
)
def test_a_name_that_cannot_be_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, told: str
) -> None:
    assert run(["new", name, "--defaults", "--out", str(tmp_path / "p")]) == 2
    assert told in capfd.readouterr().err and not (tmp_path / "p").exists()


def test_nothing_is_written_over(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "mine.txt").write_text("kept")
    assert run(["new", "acme", "--defaults", "--out", str(tmp_path / "p")]) == 2
    assert "is there already" in capfd.readouterr().err
    assert [path.name for path in (tmp_path / "p").iterdir()] == ["mine.txt"]


def test_without_copier_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "copier", None)
    assert run(["new", "acme", "--out", str(tmp_path / "p")]) != 0
    assert "s2pzoo[new]" in capfd.readouterr().err
