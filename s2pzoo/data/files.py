"""Folders of people's pictures, for training: read by the same doors as single ones, all faults told at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from s2pzoo.errors import BadInputError, DataError
from s2pzoo.imaging.pixels import to_bytes
from s2pzoo.imaging.read import read_sketch
from s2pzoo.imaging.suffixes import DRAWINGS

TOLD = 20


def named(folder: Path, suffixes: Collection[str] = DRAWINGS) -> dict[str, Path]:
    """The files with one of the suffixes, sorted, by name; with its suffix where two would share one."""
    if not folder.is_dir():
        return {}
    files = sorted(
        one for one in folder.iterdir()
        if one.suffix.lower() in suffixes and not one.name.startswith(".") and one.is_file()
    )  # fmt: skip
    count = Counter(one.stem for one in files)
    return {one.stem if count[one.stem] == 1 else one.name: one for one in files}


def all_of(read: Callable[[Any], NDArray[np.float32]], things: Collection[Any]) -> NDArray[np.uint8]:
    """What `read` makes of each, (N, ...) uint8.

    Raises:
        DataError: some cannot be read; names them all.
    """
    made, faults = [], []
    for thing in things:
        try:
            made.append(to_bytes(read(thing)))
        except (BadInputError, DataError) as error:
            faults.append(error.what)
    if faults:
        more = [f"... and {len(faults) - TOLD} more"] if len(faults) > TOLD else []
        raise DataError(
            f"{len(faults)} of {len(things)} pictures cannot be used.", why="\n".join(faults[:TOLD] + more),
            fix="Mend them, or take them out of the folder.",
        )  # fmt: skip
    return np.stack(made)


def drawings(folder: Path, *, size: int, shaded: bool) -> NDArray[np.uint8]:
    """All drawings of a folder as they lie, (N,S,S). `shaded`: see `imaging.read.read_sketch`.

    Raises:
        DataError: there is none; some cannot be read.
    """
    files = named(folder)
    if not files:
        raise DataError(f"{folder} has no drawing.", fix=f"Give a folder of {' '.join(sorted(DRAWINGS))} files.")
    return all_of(lambda path: read_sketch(path, size=size, shaded=shaded).ink, files.values())
