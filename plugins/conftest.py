"""Surroundings of the tests of every first-party plugin."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from s2pzoo_faces import painted as synthetic_faces

from s2pzoo.testing import painted


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


@pytest.fixture(autouse=True)
def _surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test has its own cache, and leaves the global generator as it found it."""
    for name in ("S2PZOO_WEIGHTS", "S2PZOO_PLUGINS", "S2PZOO_DISABLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("S2PZOO_CACHE", str(tmp_path / "cache"))
    with torch.random.fork_rng(devices=[]):
        torch.random.manual_seed(0)
        yield
