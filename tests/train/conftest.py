from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest


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
