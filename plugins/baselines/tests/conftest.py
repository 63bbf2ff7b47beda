from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tests" / "fixtures" / "faces"))
import synthetic_faces  # pyright: ignore[reportMissingImports]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A data folder with a corpus of three painted faces, `faces`."""
    synthetic_faces.write_corpus(tmp_path / "data" / "faces", count=3)
    return tmp_path / "data"


@pytest.fixture
def backbone(tmp_path: Path) -> Path:
    """A squeezenet with random weights, as a file."""
    return synthetic_faces.write_backbone(tmp_path / "squeezenet.safetensors")
