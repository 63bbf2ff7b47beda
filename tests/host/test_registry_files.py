"""The catalogue's files are what the code makes of them, and what is stale or wrong is told."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

import registry
from s2pzoo.host.catalogue import KnownBundle, KnownPlugin

ROOT = Path(__file__).parents[2]


def test_the_catalogue_is_right_and_nothing_of_it_is_stale() -> None:
    command = [sys.executable, str(ROOT / "tools/registry.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("cls", [KnownPlugin, KnownBundle])
def test_a_schema_says_every_field_with_its_form_and_its_words(cls: type) -> None:
    made = registry.schema(cls)
    assert list(made["properties"]) == [one.name for one in attrs.fields(cls)]
    assert all(one["description"] for one in made["properties"].values())
    assert set(made["required"]) == {one.name for one in attrs.fields(cls) if one.default is attrs.NOTHING}
    assert not made["additionalProperties"]
    json.dumps(made)


def test_forms_are_those_of_json_schema() -> None:
    forms = registry.schema(KnownPlugin)["properties"]
    assert forms["default"]["type"] == "boolean"
    assert forms["tools"]["additionalProperties"] == {"type": "string"}
    bundle = registry.schema(KnownBundle)["properties"]
    assert bundle["size"]["type"] == "integer" and bundle["metrics"]["items"]["type"] == "object"
    assert bundle["licence"]["required"] == ["code", "weights", "data"]


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the catalogue and what it is compared with."""
    shutil.copytree(ROOT / "registry", tmp_path / "registry")
    shutil.copy(ROOT / "README.md", tmp_path)
    for project in ROOT.glob("plugins/*/pyproject.toml"):
        (tmp_path / "plugins" / project.parent.name).mkdir(parents=True)
        shutil.copy(project, tmp_path / "plugins" / project.parent.name)
        for folder in project.parent.glob("s2pzoo_*/weights/*"):
            (tmp_path / folder.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / folder.relative_to(ROOT)).symlink_to(folder)
    monkeypatch.setattr(registry, "ROOT", tmp_path)
    monkeypatch.setattr(registry, "REGISTRY", tmp_path / "registry")
    monkeypatch.setattr(sys, "argv", ["registry.py", "--check"])
    return tmp_path


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("README.md", "`ups.shoes128`", "`ups.shoes64`", "README.md is stale"),
        ("registry/bundles/ups.shoes128.toml", "size = 1", "size = 2", "ups.shoes128.toml is stale"),
        ("registry/plugin.schema.json", '"string"', '"number"', "plugin.schema.json is stale"),
        ("registry/plugins/ups.toml", '"s2pzoo-ups"', '"s2pzoo-oops"', "distribution is 's2pzoo-ups'"),
        ("registry/plugins/ups.toml", "maintainer", "maintained", "maintained"),
        ("registry/plugins/ups.toml", '"s2pzoo-ups"', '"s2pzoo-faces"', "s2pzoo-faces is listed twice"),
    ],
)
def test_what_is_stale_or_wrong_is_told(
    copy: Path, capsys: pytest.CaptureFixture[str], name: str, old: str, new: str, told: str
) -> None:
    assert registry.main() == 0, capsys.readouterr().out
    text = (copy / name).read_text()
    (copy / name).write_text(text.replace(old, new, 1))
    assert registry.main() == 1
    assert told in capsys.readouterr().out
    assert (copy / name).read_text() == text.replace(old, new, 1)  # only told


def test_what_is_stale_is_written_anew(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = copy / "README.md"
    whole = page.read_text()
    page.write_text(whole.replace("`ups.shoes128`", "`ups.shoes64`"))
    monkeypatch.setattr(sys, "argv", ["registry.py"])
    registry.main()
    assert page.read_text() == whole
