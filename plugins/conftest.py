"""Surroundings of the tests of every first-party plugin."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from s2pzoo_faces import painted as synthetic_faces

from s2pzoo.host.registry import default_registry
from s2pzoo.testing import painted


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The checks of one plugin rest on each other: of several workers one does them all (`--dist loadgroup`)."""
    for item in items:
        if item.path.name == "test_every_plugin.py" and isinstance(item, pytest.Function) and "[" in item.name:
            item.add_marker(pytest.mark.xdist_group(item.originalname))


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Several threads would wait for each other longer than these networks run."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a corpus of eight painted faces, `faces`."""
    folder = tmp_path_factory.mktemp("data")
    synthetic_faces.write_corpus(folder / "faces", count=8)
    return folder


@pytest.fixture(scope="session")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A squeezenet with random weights, as a file."""
    return painted.write_backbone(tmp_path_factory.mktemp("backbone") / "squeezenet.safetensors")


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Installs a plugin of somebody else: its family, and the text of each module of its package."""
    packages = []

    def installed(family: str, **modules: str) -> None:
        packages.append(name := f"s2pzoo_{family}")
        package, info = tmp_path / name, tmp_path / f"{name}-1.dist-info"
        package.mkdir()
        info.mkdir()
        for module, text in {"__init__": "", **modules}.items():
            (package / f"{module}.py").write_text(text)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: s2pzoo-{family}\nVersion: 1\n")
        (info / "entry_points.txt").write_text(f"[s2pzoo]\n{family} = {name}.plugin\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        default_registry.cache_clear()

    yield installed
    default_registry.cache_clear()
    for name in [one for one in sys.modules if one.partition(".")[0] in packages]:
        del sys.modules[name]  # or the next test would import this one's


@pytest.fixture(autouse=True)
def _surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test has its own cache, and leaves the global generator as it found it."""
    for name in ("S2PZOO_WEIGHTS", "S2PZOO_PLUGINS", "S2PZOO_DISABLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("S2PZOO_CACHE", str(tmp_path / "cache"))
    with torch.random.fork_rng(devices=[]):
        torch.random.manual_seed(0)
        yield
