"""The catalogue: exact files, and errors that name the one at fault."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from s2pzoo.errors import CatalogueError
from s2pzoo.host.catalogue import default_folder, read_catalogue

ROOT = Path(__file__).parents[2]

PLUGIN = """
family = "acme"
distribution = "s2pzoo-acme"
summary = "Acme"
licence = "MIT"
source = "here"
maintainer = "me"
paper = ""
"""
BUNDLE = f"""
name = "acme.small"
summary = ""
bundled = true
hub = "acme/small@{"0" * 40}"
size = 3
sha256 = "{"a" * 64}"

[licence]
code = "MIT"
weights = "CC-BY-4.0"
data = "CC-BY-4.0"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "bundles").mkdir()
    (tmp_path / "plugins" / "acme.toml").write_text(PLUGIN)
    (tmp_path / "bundles" / "acme.small.toml").write_text(BUNDLE)
    return tmp_path


def test_a_good_folder_is_read(folder: Path) -> None:
    catalogue = read_catalogue(folder)
    assert catalogue.plugins["acme"].distribution == "s2pzoo-acme"
    assert catalogue.bundles["acme.small"].family == "acme"
    assert catalogue.bundles["acme.small"].licence.weights == "CC-BY-4.0"
    assert catalogue.names() == ["acme", "acme.small"]


WRONG = {
    "not toml": ("plugins/acme.toml", lambda text: text + "[", "cannot be read"),
    "not text": ("plugins/acme.toml", lambda text: text + "\udcff", "cannot be read"),
    "unknown field": ("plugins/acme.toml", lambda text: text + "colour = 'red'\n", "colour"),
    "missing field": (
        "plugins/acme.toml",
        lambda text: text.replace('distribution = "s2pzoo-acme"', ""),
        "distribution",
    ),
    "wrong type": ("plugins/acme.toml", lambda text: text.replace('"MIT"', "3"), "licence"),
    "empty summary": ("plugins/acme.toml", lambda text: text.replace('"Acme"', '""'), "summary"),
    "not the file's name": ("plugins/acme.toml", lambda text: text.replace('"acme"', '"amce"'), "family"),
    "no distribution": ("plugins/acme.toml", lambda text: text.replace('"s2pzoo-acme"', '"a; rm"'), "distribution"),
    "bundle without variant": ("bundles/acme.small.toml", lambda text: text.replace("acme.small", "acme"), "name"),
    "bundle of another name": ("bundles/acme.small.toml", lambda text: text.replace("acme.small", "acme.big"), "name"),
    "size as float": ("bundles/acme.small.toml", lambda text: text.replace("size = 3", "size = 3.5"), "size"),
    "size as bool": ("bundles/acme.small.toml", lambda text: text.replace("size = 3", "size = true"), "size"),
    "negative size": ("bundles/acme.small.toml", lambda text: text.replace("size = 3", "size = -3"), "size"),
    "short hash": ("bundles/acme.small.toml", lambda text: text.replace("a" * 64, "a" * 63), "sha256"),
    "branch for a commit": ("bundles/acme.small.toml", lambda text: text.replace("0" * 40, "main"), "hub"),
    "nowhere": (
        "bundles/acme.small.toml",
        lambda text: text.replace("bundled = true", "bundled = false").replace(f"acme/small@{'0' * 40}", ""),
        "hub",
    ),
    "no licence": ("bundles/acme.small.toml", lambda text: text.split("[licence]")[0], "licence"),
    "licence as text": (
        "bundles/acme.small.toml",
        lambda text: 'licence = "MIT"\n' + text.split("[licence]")[0],
        "licence",
    ),
    "unknown licence": ("bundles/acme.small.toml", lambda text: text + "logo = 'MIT'\n", "licence.logo"),
    "missing licence": ("bundles/acme.small.toml", lambda text: text.replace('data = "CC-BY-4.0"', ""), "licence.data"),
    "empty licence": ("bundles/acme.small.toml", lambda text: text.replace('"MIT"', '""'), "licence"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_is_named_with_its_field(case: str, folder: Path) -> None:
    name, spoil, said = WRONG[case]
    path = folder / name
    path.write_text(spoil(path.read_text()), encoding="utf-8", errors="surrogateescape")
    with pytest.raises(CatalogueError) as caught:
        read_catalogue(folder)
    assert str(path) in caught.value.what
    assert said in str(caught.value)


def test_a_bundle_of_no_known_plugin_is_named(folder: Path) -> None:
    (folder / "plugins" / "acme.toml").unlink()
    with pytest.raises(CatalogueError, match=r"acme\.small\.toml"):
        read_catalogue(folder)


def test_our_own_folder_is_right() -> None:
    folder = default_folder()
    assert folder is not None
    catalogue = read_catalogue(folder)
    assert {"deepfacedrawing", "baselines"} <= catalogue.plugins.keys()
    assert "deepfacedrawing.faces256" in catalogue.bundles


@pytest.mark.parametrize("path", sorted((ROOT / "registry" / "bundles").glob("*.toml")), ids=lambda path: path.stem)
def test_a_bundle_in_this_repository_is_the_one_in_the_catalogue(path: Path) -> None:
    bundle = read_catalogue(ROOT / "registry").bundles[path.stem]
    variant = bundle.name.partition(".")[2]
    weights = ROOT / "plugins" / bundle.family / f"s2pzoo_{bundle.family}" / "weights" / variant
    if not (weights / "manifest.json").is_file():
        pytest.skip("its weights are not in this checkout")
    assert hashlib.sha256((weights / "manifest.json").read_bytes()).hexdigest() == bundle.sha256
    assert sum(file.stat().st_size for file in weights.iterdir() if file.is_file()) == bundle.size
