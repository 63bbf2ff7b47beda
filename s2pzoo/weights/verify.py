"""Is a file still the one the manifest was written for? sha256, computed once per file and remembered. Torch-free.

A file that was checked leaves a stamp in the cache folder: sha256, size, and the times of its last change. While those
stay, it is not read again. Where the cache folder cannot be written, this process remembers.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path

from attrs import asdict, frozen

from s2pzoo.errors import WeightsCorruptError
from s2pzoo.host.settings import Settings
from s2pzoo.spec.reading import UnreadableError, read_json
from s2pzoo.weights.manifest import AGAIN, FileRecord

_remembered: dict[str, _Stamp] = {}


@frozen(kw_only=True)
class _Stamp:
    sha256: str
    size: int
    modified: int
    changed: int


def sha256_of(path: Path) -> str:
    """The file's sha256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def record_of(path: Path) -> FileRecord:
    """What the manifest says about a file."""
    return FileRecord(sha256=sha256_of(path), size=path.stat().st_size)


def verify_file(path: Path, expected: FileRecord) -> None:
    """Check a file against its record; its stamp is in `stamps` of the settings' cache.

    Raises:
        WeightsCorruptError: it is missing, of another size, or of another sha256.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise WeightsCorruptError(f"{path} is missing.", why=error.strerror or str(error), fix=AGAIN) from error
    if status.st_size != expected.size:
        raise WeightsCorruptError(
            f"{path} is truncated or another file.",
            why=f"It has {status.st_size:,} bytes; the manifest says {expected.size:,}.",
            fix=AGAIN,
        )
    now = _Stamp(sha256=expected.sha256, size=status.st_size, modified=status.st_mtime_ns, changed=status.st_ctime_ns)
    folder = Settings.read().cache / "stamps"
    key = str(path.resolve())
    if _remembered.get(key) == now or _read_stamp(folder, key) == now:
        return
    found = sha256_of(path)
    if found != expected.sha256:
        raise WeightsCorruptError(
            f"{path} is corrupt.",
            why=f"Its sha256 is {found[:16]}...; the manifest says {expected.sha256[:16]}...",
            fix=AGAIN,
        )
    _remembered[key] = now
    _write_stamp(folder, key, now)


def _stamp_path(folder: Path, key: str) -> Path:
    return folder / f"{hashlib.sha256(os.fsencode(key)).hexdigest()[:32]}.json"


def _read_stamp(folder: Path, key: str) -> _Stamp | None:
    try:
        return _Stamp(**read_json(_stamp_path(folder, key), limit=4096))
    except (FileNotFoundError, UnreadableError, TypeError):
        return None  # no stamp, or not one: hash again


def _write_stamp(folder: Path, key: str, stamp: _Stamp) -> None:
    path = _stamp_path(folder, key)
    temporary = path.with_suffix(f".{os.getpid()}")
    with contextlib.suppress(OSError):  # a read-only cache: this process remembers
        folder.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(asdict(stamp)), encoding="utf-8")
        temporary.replace(path)
