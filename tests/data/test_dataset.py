from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from s2pzoo_faces import painted as synthetic_faces

from s2pzoo.data.dataset import open_dataset, open_joined
from s2pzoo.errors import DataError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two corpora beside each other, of two faces and of four."""
    folder = tmp_path_factory.mktemp("data")
    for name, count in (("few", 2), ("more", 4)):
        synthetic_faces.write_corpus(folder / name, count=count, side=64)
    return folder


def test_joined_datasets_take_turns_as_long_as_the_shortest_allows(folder: Path) -> None:
    few, more, both = (open_dataset(folder / "few"), open_dataset(folder / "more"), open_joined(folder / "few+more"))
    assert len(both) == 4 and both.size == 64
    for index, (one, at) in enumerate([(few, 0), (more, 0), (few, 1), (more, 1)]):
        assert np.array_equal(both.photo(index), one.photo(at))
        assert np.array_equal(both.clean(index), one.clean(at))
        assert both.tags[index] == one.tags[at]
        drawn = both.sketch(index, np.random.default_rng(3), level="rough")
        assert np.array_equal(drawn, one.sketch(at, np.random.default_rng(3), level="rough"))
    assert both.digest not in (few.digest, more.digest)


def test_one_folder_joined_is_that_dataset(folder: Path) -> None:
    assert open_joined(folder / "few").digest == open_dataset(folder / "few").digest


def test_a_folder_that_no_dataset_can_read_is_told_by_its_name(folder: Path) -> None:
    with pytest.raises(DataError, match="none"):
        open_joined(folder / "few+none")
