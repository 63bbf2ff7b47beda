"""A plugin as `s2pzoo new` writes it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from processes import done


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a plugin `acme` that nobody has touched."""
    folder = tmp_path_factory.mktemp("new") / "acme"
    done([sys.executable, "-m", "s2pzoo", "new", "acme", "--defaults", "--out", str(folder)], cwd=folder.parent)
    return folder
