"""The tiny plugin as an installed distribution, with trained weights in its package; each test has its own cache."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import s2pzoo
from s2pzoo.pipeline.run import Pipeline
from s2pzoo.registry import default_registry

sys.path.insert(0, str(Path(__file__).resolve().parent))  # for runtime_helpers
FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the installed plugin; its models are known and tiny.small is trained."""
    folder = tmp_path_factory.mktemp("site") / "tiny"
    shutil.copytree(FIXTURES / "tiny", folder, ignore=shutil.ignore_patterns("__pycache__"))
    sys.path.insert(0, str(folder))
    default_registry.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("S2PZOO_CACHE", str(folder.parent / "cache"))
        from runtime_helpers import trained

        trained(s2pzoo.build("tiny.small")).save(folder / "s2pzoo_tiny/weights/small")
    yield folder
    sys.path.remove(str(folder))
    default_registry.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "s2pzoo_tiny"]:
        del sys.modules[name]


@pytest.fixture(autouse=True)
def _surroundings(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("S2PZOO_WEIGHTS", "S2PZOO_PLUGINS", "S2PZOO_DISABLE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("S2PZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("s2pzoo.weights.verify._remembered", {})


@pytest.fixture
def configs(site: Path) -> ModuleType:
    """The plugin's configs."""
    return importlib.import_module("s2pzoo_tiny.config")


@pytest.fixture
def tiny() -> Pipeline:
    """tiny.small, loaded."""
    return s2pzoo.load("tiny")


@pytest.fixture
def bundle(site: Path, tmp_path: Path) -> Path:
    """A copy of tiny.small's bundle, to spoil."""
    return Path(shutil.copytree(site / "s2pzoo_tiny/weights/small", tmp_path / "bundle"))
