from __future__ import annotations

from pathlib import Path

import pytest
from s2pzoo_faces import painted as synthetic_faces


@pytest.fixture(scope="session")
def portraits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of six painted portraits of 256 pixels, four to train on and two held out."""
    return synthetic_faces.write_portraits(tmp_path_factory.mktemp("portraits") / "faces", people=6, held_out=2)
