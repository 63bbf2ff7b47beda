"""Files from strangers, as bytes and as JSON: regular files only, of a limited size, looked at before they are read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

LIMIT = 50_000_000


class UnreadableError(Exception):
    """Why a file cannot be read, in words; whoever asked for it makes an error of it that says what it was for."""


def read_regular(path: str | os.PathLike[str], *, limit: int = LIMIT) -> bytes:
    """The bytes of a file.

    Raises:
        FileNotFoundError: there is none.
        UnreadableError: it is a pipe, a device, a folder or a circle of links; it is too large, or not ours to read.
    """
    path = Path(path)
    try:
        status = path.stat()
        if not path.is_file():
            raise UnreadableError("It is not a regular file.")
        if status.st_size > limit:
            raise UnreadableError(f"It has {status.st_size} bytes; the limit is {limit}.")
        with open(path, "rb") as file:
            raw = file.read(limit + 1)
    except FileNotFoundError:
        raise
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: a circle of links, in Python 3.11 and 3.12
        raise UnreadableError((error.strerror if isinstance(error, OSError) else None) or str(error)) from error
    if len(raw) > limit:
        raise UnreadableError(f"It has more than {limit} bytes.")
    return raw


def read_json(path: str | os.PathLike[str], *, limit: int = LIMIT) -> Any:
    """What a JSON file holds. No name may stand twice in an object: programs differ in which of the two they take.

    Raises:
        FileNotFoundError: there is none.
        UnreadableError: it cannot be read, or is no JSON.
    """
    raw = read_regular(path, limit=limit)
    try:
        return json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_once)
    except RecursionError as error:
        raise UnreadableError("It is nested too deeply.") from error
    except ValueError as error:
        raise UnreadableError(f"It is no JSON: {error}") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        twice = next(name for index, (name, _) in enumerate(pairs) if name in dict(pairs[:index]))
        raise ValueError(f"{twice!r} stands twice in an object")
    return made
