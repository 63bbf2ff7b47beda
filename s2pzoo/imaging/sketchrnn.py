"""sketch-rnn's files: .npz of lists of drawings (`train`, `valid`, `test`), each rows (dx, dy, if the pen is lifted).

Such lists are pickles, which may run anything where they are opened as such. Here arrays alone are made of them.
"""

from __future__ import annotations

import functools
import pickle  # noqa: TID251 - to read arrays alone, see _Arrays
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from s2pzoo.errors import BadInputError

SUFFIX = ".npz"
MAX_BYTES = 1_000_000_000
"""Of one list, unpacked."""
_PARTS = ("train", "valid", "test")
_MAKE_ARRAY = np.empty(0).__reduce__()[0]


class _Arrays(pickle.Unpickler):
    """Arrays, and what they are made of: nothing else is looked up."""

    def find_class(self, module: str, name: str, /) -> Any:
        """Raises UnpicklingError."""
        made = {"_reconstruct": _MAKE_ARRAY, "ndarray": np.ndarray, "dtype": np.dtype}
        if module.split(".")[0] == "numpy" and name in made:
            return made[name]
        if (module, name) == ("_codecs", "encode"):  # how Python 3 writes bytes in Python 2's form
            return lambda text, _: text.encode("latin1")
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, and drawings are arrays alone")


def places(path: Path) -> tuple[int, ...]:
    """The numbers of a file's drawings, from 0: those of `train`, then `valid`, then `test`. Raises BadInputError."""
    return tuple(range(len(_drawings(path))))


def drawing_at(path: Path, place: int) -> list[list[float]]:
    """The rows of one. Raises BadInputError."""
    rows = _drawings(path)[place]
    if not isinstance(rows, np.ndarray) or rows.ndim != 2 or rows.shape[1] != 3 or rows.dtype.kind not in "iuf":
        raise BadInputError(f"{path}#{place + 1} is no drawing.", why="It is not rows of (dx, dy, lifted).")
    return rows.tolist()


def _drawings(path: Path) -> list[Any]:
    try:
        told = path.stat()
        return _read(path, told.st_mtime_ns, told.st_size)
    except OSError as error:
        raise BadInputError(f"{path} cannot be read.", why=error.strerror or str(error)) from error


@functools.lru_cache(maxsize=2)
def _read(path: Path, changed: int, size: int) -> list[Any]:
    found: list[Any] = []
    try:
        with zipfile.ZipFile(path) as archive:
            held = {Path(one.filename).stem: one for one in archive.infolist() if one.filename.endswith(".npy")}
            for name in [one for one in _PARTS if one in held] or sorted(held):
                if held[name].file_size > MAX_BYTES:
                    raise ValueError(f"{name} has more than {MAX_BYTES:,} bytes")
                with archive.open(held[name]) as file:
                    found += list(_array(file))
    except OSError:
        raise
    except Exception as error:  # broken archives, lists and arrays have many errors
        raise BadInputError(
            f"{path} is no file of sketch-rnn.", why=str(error) or type(error).__name__,
            fix="Give an .npz of the sketch-rnn data set, or another form of strokes.",
        ) from error  # fmt: skip
    return found


def _array(file: Any) -> np.ndarray:
    version = np.lib.format.read_magic(file)
    read_head = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read_head(file)
    if dtype.hasobject:
        array = _Arrays(file, encoding="latin1").load()
        if not isinstance(array, np.ndarray):
            raise ValueError("it holds no array")
        return array
    return np.frombuffer(file.read(), dtype)[: int(np.prod(shape))].reshape(shape)
