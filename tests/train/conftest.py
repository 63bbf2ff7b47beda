from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fixtures" / "objects"))
import painted_objects  # pyright: ignore[reportMissingImports]


@pytest.fixture(scope="session")
def tiny() -> Iterator[ModuleType]:
    """The module tiny_task.py of this folder."""
    folder = str(Path(__file__).parent)
    sys.path.insert(0, folder)
    try:
        import tiny_task  # pyright: ignore[reportMissingImports]
    finally:
        sys.path.remove(folder)
    yield tiny_task


@pytest.fixture(scope="session")
def objects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with an unpaired collection, `objects`: six photos and six sketches, and two of each held out."""
    folder = tmp_path_factory.mktemp("data")
    painted_objects.write_collection(folder / "objects")
    return folder
