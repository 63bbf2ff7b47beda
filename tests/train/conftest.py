from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
import tiny_task

from s2pzoo.testing import painted


@pytest.fixture(scope="session")
def tiny() -> ModuleType:
    """The module with the smallest of tasks."""
    return tiny_task


@pytest.fixture(scope="session")
def objects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with an unpaired collection, `objects`: six photos and six sketches, and two of each held out."""
    folder = tmp_path_factory.mktemp("data")
    painted.write_collection(folder / "objects")
    return folder
