"""Networks of UPS small enough to run in milliseconds, and a collection of objects that the tests paint themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve
from s2pzoo_ups.config import CONTENTS, SHAPES, ContentConfig, TranslatorConfig

from s2pzoo.testing import painted

SHAPE = TranslatorConfig(size=32, base=4, blocks=1, kernel=3)
CONTENT = ContentConfig(size=32, encoder="trained", widths=(4, 6, 8), blocks=1, norm="layer", kernel=3)


@pytest.fixture(scope="session", autouse=True)
def _small() -> Iterator[None]:
    """Presets `small` of T and C, and `toned` of T."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SHAPES, "small", SHAPE)
        patch.setitem(SHAPES, "toned", evolve(SHAPE, toned=True))
        patch.setitem(CONTENTS, "small", CONTENT)
        yield


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with an unpaired collection, `objects`: six photos and six sketches, and two of each held out."""
    folder = tmp_path_factory.mktemp("data")
    painted.write_collection(folder / "objects")
    return folder
