"""However a drawing file is mutated: a photo's drawing, or a coded error that names it, soon."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from fuzz_drawings import SEEDS, tried

SHARE = 300


@pytest.mark.parametrize("seed", SEEDS, ids=lambda path: path.name)
def test_mutated_files_are_read_or_named(seed: Path, tmp_path: Path) -> None:
    started = time.monotonic()
    for fault in tried(seed, tmp_path, count=-(-SHARE // len(SEEDS)), start=0):
        pytest.fail(fault)
    assert time.monotonic() - started < 120  # nothing hangs; the nightly run measures each
