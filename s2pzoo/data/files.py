"""Folders of people's pictures, for training: read by the same doors as single ones, all faults told at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from s2pzoo.errors import BadInputError, DataError
from s2pzoo.imaging.formats import BINARY, members
from s2pzoo.imaging.pixels import to_bytes
from s2pzoo.imaging.read import read_sketch
from s2pzoo.imaging.suffixes import DRAWINGS

TOLD = 20


def named(folder: Path, suffixes: Collection[str] = DRAWINGS | set(BINARY)) -> dict[str, Path]:
    """The files with one of the suffixes, sorted, by name; with its suffix where two would share one."""
    if not folder.is_dir():
        return {}
    files = sorted(
        one for one in folder.iterdir()
        if one.suffix.lower() in suffixes and not one.name.startswith(".") and one.is_file()
    )  # fmt: skip
    count = Counter(one.stem for one in files)
    return {one.stem if count[one.stem] == 1 else one.name: one for one in files}


Read = Callable[[Any], NDArray[np.float32]]


def all_of(read: Read, things: Collection[Any]) -> NDArray[np.uint8]:
    """What `read` makes of each, (N, ...) uint8. Errors as for `all_of_several`."""
    return all_of_several((read, things))[0]


def all_of_several(*wanted: tuple[Read, Collection[Any]]) -> list[NDArray[np.uint8]]:
    """The same of several kinds of things, each with its `read`.

    Raises:
        DataError: some cannot be read; names them all.
    """
    made, faults = [], []
    for read, things in wanted:
        made.append([])
        for thing in things:
            try:
                made[-1].append(to_bytes(read(thing)))
            except (BadInputError, DataError) as error:
                faults.append(error.what)
    if faults:
        more = [f"... and {len(faults) - TOLD} more"] if len(faults) > TOLD else []
        count = sum(len(things) for _, things in wanted)
        raise DataError(
            f"{len(faults)} of {count} pictures cannot be used.", why="\n".join(faults[:TOLD] + more),
            fix="Mend them, or take them out of the folder.",
        )  # fmt: skip
    return [np.stack(kind) for kind in made]


def drawings_in(folder: Path) -> dict[str, Path]:
    """The drawings of a folder by name, as `named`; each line of an NDJSON file is one, FILE-1, FILE-2, ..."""
    found = {}
    for name, path in named(folder).items():
        inside = members(path)
        numbered = {f"{name}-{number}": one for number, one in enumerate(inside, 1)}
        found |= numbered if len(inside) > 1 else {name: path}
    return found


def drawings(folder: Path, *, size: int, shaded: bool) -> NDArray[np.uint8]:
    """All drawings of a folder as they lie, (N,S,S). `shaded`: see `imaging.read.read_sketch`.

    Raises:
        DataError: there is none; some cannot be read.
    """
    files = drawings_in(folder)
    if not files:
        raise DataError(f"{folder} has no drawing.", fix=f"Give a folder of {' '.join(sorted(DRAWINGS))} files.")
    return all_of(lambda path: read_sketch(path, size=size, shaded=shaded).ink, files.values())
