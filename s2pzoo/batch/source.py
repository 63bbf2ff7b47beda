"""Where many drawings lie: folders, NDJSON of a drawing a line, tar shards (WebDataset), parquet; in pieces.

A piece is plain data: a worker, perhaps on another machine, opens the same files and finds the same drawings in it.
Nothing is held of a file but where its drawings begin.
"""

from __future__ import annotations

import glob
import hashlib
import json
import posixpath
import tarfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from attrs import frozen

from s2pzoo.errors import BadInputError, MissingExtraError
from s2pzoo.imaging.formats import BINARY, binary_strokes
from s2pzoo.imaging.suffixes import DRAWINGS, inside

LINES, TAR, PARQUET = (".ndjson", ".jsonl"), ".tar", ".parquet"
SUFFIXES = DRAWINGS | {TAR, PARQUET}
COLUMNS = ("image", "png", "jpg", "drawing", "strokes", "sketch", "bytes")
"""Of a parquet file, the first of these holds the drawings where none is named."""

LONGEST = 200
"""Bytes of a part of a name."""

Piece = dict[str, Any]


@frozen(kw_only=True)
class Item:
    """One drawing: how its photo is called, where it is from, and what reads it."""

    name: str
    label: str
    read: Callable[[], Any]


def pieces(given: Iterable[Path], *, size: int, without: Path, column: str = "") -> Iterator[Piece]:
    """Where the drawings lie, `size` of them at most in a piece.

    Args:
        given: files, folders, patterns with `*`.
        without: a folder that is left out: the results go there.
        column: of parquet files, where the drawings are.

    Raises:
        BadInputError: nothing is there, or it cannot be read.
    """
    names, several = _Names(), []
    for home, path in _found(given, without):
        kind = path.suffix.lower()
        if kind in (*LINES, TAR, PARQUET, *BINARY):
            held = {TAR: _members, PARQUET: _rows, **dict.fromkeys(BINARY, _places)}.get(kind, _lines)
            about = {"path": str(path), "stem": _folder(names.free(_below(home, path))), "bytes": path.stat().st_size}
            for piece in held(path, size, column):
                yield {**piece, **about}
        else:
            several.append([names.free(_below(home, path), path.suffix), str(path)])
            if len(several) == size:
                yield {"kind": "files", "items": several}
                several = []
    if several:
        yield {"kind": "files", "items": several}


def count(piece: Piece) -> int:
    """How many drawings a piece has."""
    return len(piece["items"]) if "items" in piece else piece["count"]


def items(piece: Piece) -> Iterator[Item]:
    """The drawings of a piece, in their order; each is read when it is asked for.

    Raises:
        BadInputError: their file is not what it was when the pieces were made.
    """
    if "bytes" in piece and (not (path := Path(piece["path"])).exists() or path.stat().st_size != piece["bytes"]):
        raise BadInputError(
            f"{path} is not what it was.", why="It has changed since this run was begun.",
            fix="Bring it back; or begin again in a new folder.",
        )  # fmt: skip
    opening = {"files": _open_files, "lines": _open_lines, "tar": _open_tar, "rows": _open_rows, "binary": _open_binary}
    return opening[piece["kind"]](piece)


class _Names:
    """No name twice, not even where case does not matter; none that cannot be that of a file."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def free(self, name: str, suffix: str = "") -> str:
        name = _fair(name)
        tries = [name, f"{name}-{suffix.lstrip('.')}"] if suffix else [name]
        number = 2
        while tries[0].casefold() in self._taken:
            tries = tries[1:] or [f"{name}-{number}"]
            number += 1
        self._taken.add(tries[0].casefold())
        return tries[0]


def _fair(name: str) -> str:
    """A name below a folder: no step out of it, in UTF-8, no part too long, no folder called as a photo would be."""
    parts = posixpath.normpath(f"/{name}").strip("/").split("/")
    parts = [part.encode("utf-8", "replace").decode() or "drawing" for part in parts]
    parts = [part if len(part.encode()) <= LONGEST else f"{part[: LONGEST // 4]}-{_short(part)}" for part in parts]
    return "/".join([*map(_folder, parts[:-1]), parts[-1]])


def _folder(name: str) -> str:
    """Never what a photo is called."""
    return f"{name}_" if name.lower().endswith(".png") else name


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _found(given: Iterable[Path], without: Path) -> Iterator[tuple[Path, Path]]:
    """Each file once, and the folder it was found in."""
    seen: set[str] = set()
    for path in given:
        several = [path] if path.exists() or not glob.has_magic(str(path)) else _matching(path)
        for one in several:
            found = inside(one, SUFFIXES, without) if one.is_dir() else [one]
            if not found:
                raise BadInputError(f"{one} holds nothing that can be read.", fix=f"It may be: {' '.join(SUFFIXES)}")
            for file in found:
                if (real := str(file.resolve())) not in seen:
                    seen.add(real)
                    yield (one if one.is_dir() else file.parent).absolute(), file.absolute()


def _matching(pattern: Path) -> list[Path]:
    found = sorted(map(Path, glob.glob(str(pattern), recursive=True)))
    if not found:
        raise BadInputError(f"Nothing matches {pattern}.", fix="Check the spelling and the folder.")
    return found


def _below(home: Path, path: Path) -> str:
    return path.relative_to(home).with_suffix("").as_posix()


# A drawing a line


def _lines(path: Path, size: int, column: str) -> Iterator[Piece]:
    first = held = at = start = 0
    with _opened(path) as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                first, start = (first, start) if held else (number, at)
                held += 1
            at += len(line)
            if held == size:
                yield {"kind": "lines", "start": start, "line": first, "count": held}
                held = 0
    if held:
        yield {"kind": "lines", "start": start, "line": first, "count": held}


def _open_lines(piece: Piece) -> Iterator[Item]:
    path, held = Path(piece["path"]), 0
    with _opened(path) as file:
        file.seek(piece["start"])
        for number, line in enumerate(file, piece["line"]):
            if held == piece["count"]:
                return
            if line.strip():
                held += 1
                yield Item(name=f"{piece['stem']}/{number:07d}", label=f"{path.name}#{number}", read=_json(line))


def _json(text: bytes | str) -> Callable[[], Any]:
    def read() -> Any:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise BadInputError("It is not valid JSON.", why=str(error), fix="Mend it, or leave it out.") from error
        if not isinstance(value, dict | list):  # a text would be taken for the name of a file
            raise BadInputError("It is no drawing.", why=f"It is {str(value)[:40]!r}.", fix="Leave it out.")
        return value

    return read


# QuickDraw's and sketch-rnn's files


def _places(path: Path, size: int, column: str) -> Iterator[Piece]:
    numbers = range(1, len(BINARY[path.suffix.lower()][0].places(path)) + 1)
    for first in range(0, len(numbers), size):
        yield {"kind": "binary", "items": list(numbers[first : first + size])}


def _open_binary(piece: Piece) -> Iterator[Item]:
    path = Path(piece["path"])
    for number in piece["items"]:
        read = lambda number=number: binary_strokes(path, number)  # noqa: E731
        yield Item(name=f"{piece['stem']}/{number:07d}", label=f"{path.name}#{number}", read=read)


# Plain files


def _open_files(piece: Piece) -> Iterator[Item]:
    for name, path in piece["items"]:
        yield Item(name=name, label=path, read=lambda path=path: Path(path))


# Tar shards: of the files of one key, which end in other suffixes, the one that is a drawing


def _members(path: Path, size: int, column: str) -> Iterator[Piece]:
    held: list[list[Any]] = []
    group: dict[str, list[Any]] = {}
    last, names = "", _Names()
    try:
        with tarfile.open(path, "r:") as archive:
            for member in archive:
                folder, _, base = member.name.rpartition("/")
                key, _, suffix = base.partition(".")
                key = f"{folder}/{key}" if folder else key
                if key != last and group:
                    held.append(_drawn(group, names))
                    group = {}
                if len(held) == size:
                    yield {"kind": "tar", "items": held}
                    held = []
                last, kind = key, f".{suffix.lower()}"
                if member.isfile() and kind in DRAWINGS:
                    group[kind] = [key, member.name, member.offset_data, member.size]
                archive.members = []  # else it keeps them all  # pyright: ignore[reportAttributeAccessIssue]
    except (tarfile.TarError, OSError, EOFError) as error:
        raise BadInputError(f"{path} is no tar file that can be read.", why=str(error), fix="Decompress it.") from error
    held += [_drawn(group, names)] if group else []
    if held:
        yield {"kind": "tar", "items": held}


def _drawn(group: dict[str, list[Any]], names: _Names) -> list[Any]:
    """Of several files about one thing the picture: JSON beside one is about it."""
    first = next(iter(group.values()))
    key, *where = next((found for kind, found in group.items() if kind not in (".json", *LINES)), first)
    return [names.free(key), *where]


def _open_tar(piece: Piece) -> Iterator[Item]:
    path = Path(piece["path"])
    for key, name, offset, size in piece["items"]:

        def read(offset: int = offset, size: int = size) -> bytes:
            with _opened(path) as file:
                file.seek(offset)
                return file.read(size)

        yield Item(name=f"{piece['stem']}/{key}", label=f"{path.name}/{name}", read=read)


# Parquet


def _parquet(path: Path) -> Any:
    try:
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise MissingExtraError("Parquet files need pyarrow.", extra="batch", why=str(error)) from error
    try:
        return ParquetFile(path)
    except (OSError, ValueError) as error:  # pyarrow's own are one of these
        raise BadInputError(f"{path} is no parquet file that can be read.", why=str(error)) from error


def _rows(path: Path, size: int, column: str) -> Iterator[Piece]:
    file, row = _parquet(path), 0
    known = file.schema_arrow.names
    column = column or next((name for name in COLUMNS if name in known), "")
    if column not in known:
        what = f"{path} has no column {column!r}." if column else f"Which column of {path} has drawings is not told."
        raise BadInputError(what, why=f"It has {', '.join(known)}.", fix="Say which: --column NAME.")
    for group in range(file.num_row_groups):
        rows = file.metadata.row_group(group).num_rows
        for start in range(0, rows, size):
            held = min(size, rows - start)
            yield {"kind": "rows", "column": column, "group": group, "start": start, "row": row, "count": held}
            row += held


def _open_rows(piece: Piece) -> Iterator[Item]:
    path = Path(piece["path"])
    table = _parquet(path).read_row_group(piece["group"], columns=[piece["column"]])
    for index, value in enumerate(table.column(0).slice(piece["start"], piece["count"])):
        row = piece["row"] + index
        read = lambda value=value: _cell(value.as_py())  # noqa: E731
        yield Item(name=f"{piece['stem']}/{row:07d}", label=f"{path.name}#{row}", read=read)


def _cell(value: Any) -> Any:
    """The drawing in a cell: bytes, datasets' {bytes, path}, strokes as lists or as JSON."""
    if isinstance(value, dict) and "bytes" in value:
        value = value["bytes"]
    if value is None:
        raise BadInputError("The cell is empty.", fix="Leave the row out.")
    return _json(value)() if isinstance(value, str) else value


def _opened(path: Path) -> Any:
    try:
        return path.open("rb")
    except OSError as error:
        raise BadInputError(f"{path} cannot be read.", why=error.strerror or str(error)) from error
