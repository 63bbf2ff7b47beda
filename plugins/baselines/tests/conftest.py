from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tests" / "fixtures" / "faces"))
import synthetic_faces  # pyright: ignore[reportMissingImports]


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def _surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test has its own cache, and leaves the global generator as it found it."""
    for name in ("S2PZOO_WEIGHTS", "S2PZOO_PLUGINS", "S2PZOO_DISABLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("S2PZOO_CACHE", str(tmp_path / "cache"))
    with torch.random.fork_rng(devices=[]):
        torch.random.manual_seed(0)
        yield


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A data folder with a corpus of three painted faces, `faces`."""
    synthetic_faces.write_corpus(tmp_path / "data" / "faces", count=3)
    return tmp_path / "data"


@pytest.fixture
def backbone(tmp_path: Path) -> Path:
    """A squeezenet with random weights, as a file."""
    return synthetic_faces.write_backbone(tmp_path / "squeezenet.safetensors")
