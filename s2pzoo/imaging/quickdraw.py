"""QuickDraw's binary files: one drawing after the other, little-endian.

Each is a key (8 bytes), a country (2), whether it was recognised (1), a time (4), the number of strokes (2), and of
each stroke its number of points (2), their x and their y (a byte each). Source: quickdraw-dataset, binary_file_parser.
"""

from __future__ import annotations

import functools
import struct
from pathlib import Path
from typing import Any, BinaryIO

from s2pzoo.errors import BadInputError

SUFFIX = ".bin"
_HEAD, _COUNT = struct.Struct("<8x2sbIH"), struct.Struct("<H")


def places(path: Path) -> tuple[int, ...]:
    """Where the drawings of a file begin, in bytes. Raises BadInputError: it is none, or is cut off."""
    try:
        told = path.stat()
        return _places(path, told.st_mtime_ns, told.st_size)
    except OSError as error:
        raise BadInputError(f"{path} cannot be read.", why=error.strerror or str(error)) from error


@functools.lru_cache(maxsize=8)
def _places(path: Path, changed: int, size: int) -> tuple[int, ...]:
    found = []
    with path.open("rb") as file:
        while (at := file.tell()) < size:
            found.append(at)
            for _ in range(_strokes(file, path)):
                file.seek(2 * _points(file, path), 1)
            if file.tell() > size:
                raise _cut_off(path)
    return tuple(found)


def drawing_at(path: Path, place: int) -> dict[str, Any]:
    """The drawing that begins there, in the form of QuickDraw's JSON. Raises BadInputError."""
    try:
        with path.open("rb") as file:
            file.seek(place)
            strokes = []
            for _ in range(_strokes(file, path)):
                count = _points(file, path)
                strokes.append([list(file.read(count)), list(file.read(count))])
            return {"drawing": strokes}
    except OSError as error:
        raise BadInputError(f"{path} cannot be read.", why=error.strerror or str(error)) from error


def _strokes(file: BinaryIO, path: Path) -> int:
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        raise _cut_off(path)
    country, recognised, _, count = _HEAD.unpack(head)
    if recognised not in (0, 1) or not (country.isalpha() or country in (b"\0\0", b"  ")):
        raise BadInputError(
            f"{path} is no QuickDraw file.", why="It does not say of its drawings what such files say.",
            fix="Give a .bin of the QuickDraw data set, or another form of strokes.",
        )  # fmt: skip
    return count


def _points(file: BinaryIO, path: Path) -> int:
    data = file.read(_COUNT.size)
    if len(data) < _COUNT.size:
        raise _cut_off(path)
    return _COUNT.unpack(data)[0]


def _cut_off(path: Path) -> BadInputError:
    return BadInputError(f"{path} is cut off.", why="Its last drawing ends before it should.", fix="Fetch it again.")
