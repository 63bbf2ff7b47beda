"""Results kept one by one in a file, so that a long evaluation that was stopped goes on where it was."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from s2pzoo.errors import OutputError
from s2pzoo.imaging.write import claim

JOURNAL = "scores.jsonl"
"""The name of the file, beside what is written in the end."""


def key_of(*facts: Any) -> str:
    """All that a record depends on, as plain data, in 64 hexadecimal digits."""
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


class Journal:
    """Records by key, appended to a JSON-lines file as they come; without a file, kept in memory.

    A last line that was cut off is ignored.
    """

    def __init__(self, path: Path | None, *, beside: tuple[str, ...] = ("metrics.json", "metrics.md")) -> None:
        self.path = path
        self._records: dict[str, dict[str, Any]] = {}
        if path:
            claim(path.parent, (path.name, *beside), advice="Give another folder.")
        for line in _lines(path):
            try:
                entry = json.loads(line)
                self._records[entry["key"]] = dict(entry["record"])
            except (ValueError, TypeError, KeyError):
                continue

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def forget(self, which: Callable[[Mapping[str, Any]], bool]) -> None:
        """Records that are not to count; in the file they stay."""
        self._records = {key: record for key, record in self._records.items() if not which(record)}

    def __contains__(self, key: str) -> bool:
        return key in self._records

    def __getitem__(self, key: str) -> dict[str, Any]:
        return self._records[key]

    def add(self, key: str, record: Mapping[str, Any]) -> None:
        """Keep a record; on disk before this returns.

        Raises:
            OutputError: the file cannot be written.
        """
        self._records[key] = dict(record)
        if self.path is None:
            return
        line = json.dumps({"key": key, "record": dict(record)})
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(("\n" if file.tell() else "") + line)  # first the newline: the last line may be cut off
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise OutputError(f"cannot write {self.path}", why=str(error), fix="choose another --out") from error


def _lines(path: Path | None) -> list[str]:
    if path is None or not path.exists():
        return []
    try:
        return path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError as error:
        raise OutputError(f"cannot read {path}", why=str(error), fix="choose another --out") from error
