"""Features of a gallery's photos on disk: any number of shards, each whole or not there, joined when all is done."""

from __future__ import annotations

import hashlib
import json
import uuid
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from s2pzoo.errors import Remark
from s2pzoo.imaging.write import write_bytes
from s2pzoo.retrieval.files import PhotoFile

ABOUT = "gallery.json"


class Store:
    """A folder of shards: safetensors files with `features` (N,D), and in their metadata the photos they are of.

    A shard that is damaged counts as not there, so what it held is made again. Several programs may write at once:
    none deletes a shard that it has not read or written itself.

    Args:
        folder: made if missing.
        about: what it belongs to, for people; kept in gallery.json.

    Raises:
        OutputError: it cannot be written.
    """

    def __init__(self, folder: Path, *, about: Mapping[str, Any]) -> None:
        self.folder = folder
        self._shards: set[Path] = set()
        write_bytes((json.dumps(dict(about), indent=2) + "\n").encode(), folder / ABOUT)

    def read(self) -> dict[PhotoFile, Tensor]:
        """The features (D,) of every photo that was stored."""
        kept: dict[PhotoFile, Tensor] = {}
        self._shards.update(self.folder.glob("*.safetensors"))
        for path in sorted(self._shards):
            try:
                with safe_open(path, framework="pt") as shard:
                    said, features = shard.metadata(), shard.get_tensor("features")
                if said["sha256"] != _sha256(features):
                    raise ValueError("its features are not those that were written")
                photos = [PhotoFile(**photo) for photo in json.loads(said["photos"])]
                kept.update(zip(photos, features, strict=True))
            except (OSError, SafetensorError, ValueError, TypeError, KeyError, RecursionError) as error:
                warnings.warn(f"{path} is damaged ({error}): what it held is made again.", Remark, stacklevel=2)
        return kept

    def add(self, photos: Sequence[PhotoFile], features: Tensor) -> None:
        """Store the features (N,D) of photos; on disk before this returns.

        Raises:
            OutputError: it cannot be written.
        """
        names = json.dumps([attrs.asdict(photo) for photo in photos])
        path = self.folder / f"{uuid.uuid4().hex}.safetensors"
        self._shards.add(
            write_bytes(save({"features": features.contiguous()}, {"photos": names, "sha256": _sha256(features)}), path)
        )

    def join(self, photos: Sequence[PhotoFile], features: Tensor) -> None:
        """One shard of just these photos instead of all that was read and added.

        Raises:
            OutputError: it cannot be written.
        """
        old, self._shards = self._shards, set()
        self.add(photos, features)
        for path in old:
            path.unlink(missing_ok=True)

    @property
    def shards(self) -> int:
        """How many were read and added."""
        return len(self._shards)


def _sha256(features: Tensor) -> str:
    return hashlib.sha256(features.detach().cpu().contiguous().numpy().tobytes()).hexdigest()
