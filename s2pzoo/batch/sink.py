"""What becomes of many photos: files, tar shards (WebDataset) or parquet, each with what made it.

The results of a piece are written whole or not at all, but for files: of these each is. A piece that is made again
writes the same names.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from s2pzoo.imaging.write import write_bytes

if TYPE_CHECKING:
    from s2pzoo.pipeline.result import Result


class Files:
    """A PNG a photo, NAME.png, its provenance inside."""

    def __init__(self, folder: Path, number: int) -> None:
        self.folder = folder

    def add(self, name: str, result: Result) -> None:
        write_bytes(result.encoded(), self.folder / f"{name}.png")

    def close(self) -> None:
        pass


class Tar:
    """NNNNNN.tar of NAME.png and NAME.json, a piece each."""

    def __init__(self, folder: Path, number: int) -> None:
        self.path = folder / f"{number:06d}.tar"
        self._bytes = io.BytesIO()
        self._tar = tarfile.open(fileobj=self._bytes, mode="w", format=tarfile.GNU_FORMAT)  # noqa: SIM115

    def add(self, name: str, result: Result) -> None:
        for suffix, data in ((".png", result.encoded()), (".json", json.dumps(result.provenance).encode())):
            member = tarfile.TarInfo(name + suffix)
            member.size = len(data)
            self._tar.addfile(member, io.BytesIO(data))

    def close(self) -> None:
        self._tar.close()
        write_bytes(self._bytes.getvalue(), self.path)


class Parquet:
    """NNNNNN.parquet of name, photo (a PNG) and provenance (JSON), a piece each."""

    def __init__(self, folder: Path, number: int) -> None:
        self.path = folder / f"{number:06d}.parquet"
        self._rows: list[dict[str, Any]] = []

    def add(self, name: str, result: Result) -> None:
        self._rows.append({"name": name, "photo": result.encoded(), "provenance": json.dumps(result.provenance)})

    def close(self) -> None:
        import pyarrow as pa
        from pyarrow.parquet import write_table

        schema = pa.schema([("name", pa.string()), ("photo", pa.binary()), ("provenance", pa.string())])
        file = io.BytesIO()
        write_table(pa.Table.from_pylist(self._rows, schema=schema), file)
        write_bytes(file.getvalue(), self.path)


SINKS: dict[str, Callable[[Path, int], Files | Tar | Parquet]] = {"files": Files, "tar": Tar, "parquet": Parquet}
