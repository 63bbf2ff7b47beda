"""A folder of photos that can be searched. The features of its photos are made once and kept in the cache folder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path, PurePosixPath

import torch
from attrs import define, field, frozen
from torch import Tensor

from s2pzoo.errors import BadInputError, GalleryError, OutputError
from s2pzoo.host.settings import Settings
from s2pzoo.imaging.edges import canny
from s2pzoo.imaging.photo import read_photo
from s2pzoo.retrieval.embedder import Embedder
from s2pzoo.retrieval.files import PhotoFile, Skipped, photo_files
from s2pzoo.retrieval.search import Searcher
from s2pzoo.retrieval.store import Store
from s2pzoo.retrieval.via import Via

FRAME = 256
"""Side in pixels at which photos are read and their edges are found."""

Progress = Callable[[int, int], None]
"""Called with how many photos were looked at, and how many there are to look at."""

_BATCH = 64
_FORMAT = 1


@frozen(kw_only=True)
class Hit:
    """A photo that was found, and its distance, from 0 to 2."""

    name: str
    distance: float


@define(kw_only=True, slots=False)
class Gallery:
    """Photos with their features.

    Attributes:
        folder: where they are.
        via: whether the features are of the photos or of their edges.
        embedder: what made them.
        names: of the photos: paths in the folder, sorted.
        features: (N,D)
        skipped: what could not be read.
    """

    folder: Path
    via: Via
    embedder: Embedder = field(repr=False)
    names: tuple[str, ...] = field(repr=False)
    features: Tensor = field(repr=False)
    skipped: tuple[Skipped, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    def search(self, queries: Tensor, k: int = 20) -> list[tuple[Hit, ...]]:
        """The k nearest photos of each query (M,D), the nearest first; all photos where there are fewer than k."""
        distances, rows = self._searcher(queries, k)
        return [
            tuple(Hit(name=self.names[row], distance=distance) for distance, row in zip(*pair, strict=True))
            for pair in zip(distances.tolist(), rows.tolist(), strict=True)
        ]

    def row(self, name: str) -> int:
        """Where a photo is; its suffix may be left out.

        Raises:
            GalleryError: there is none, or more than one.
        """
        rows = self._rows.get(name, ())
        if len(rows) != 1:
            what = f"has {len(rows)} photos" if rows else "has no photo"
            raise GalleryError(f"The gallery {self.folder} {what} {name!r}.", fix="Give its path in the gallery.")
        return rows[0]

    @cached_property
    def _searcher(self) -> Searcher:
        return Searcher(self.features)

    @cached_property
    def _rows(self) -> dict[str, tuple[int, ...]]:
        found: dict[str, tuple[int, ...]] = {}
        for row, name in enumerate(self.names):
            short = str(PurePosixPath(name).with_suffix(""))
            found[short] = (*found.get(short, ()), row)
        return found | {name: (row,) for row, name in enumerate(self.names)}


def open_gallery(
    folder: str | os.PathLike[str],
    *,
    embedder: Embedder,
    via: Via | str = Via.PHOTO,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Gallery:
    """The photos in a folder and below, embedded.

    Only photos that are new or have changed (name, size, time of the last change) are looked at. What was made is
    stored as it comes: after an interruption, it goes on where it was. Photos that cannot be read are skipped.

    Args:
        via: "photo" to find photos by photos, "edges" to find them by drawings.
        cache: folder to keep features in; by default `galleries` in the settings' cache.

    Raises:
        GalleryError: no such folder, one that cannot be read, or one without a photo that can be.
        OutputError: the cache cannot be written.
    """
    folder, via = Path(folder).expanduser(), Via(via)
    files, skipped = photo_files(folder)
    store = _store(folder, embedder, via, cache or Settings.read().cache / "galleries")
    known = store.read()
    missing = [photo for photo in files if photo not in known]
    for start in range(0, len(missing), _BATCH):
        batch = missing[start : start + _BATCH]
        pictures: dict[PhotoFile, Tensor] = {}
        for photo in batch:
            try:
                pictures[photo] = _picture(folder / photo.name, via)
            except BadInputError as error:
                skipped.append(Skipped(name=photo.name, reason=_reason(error, folder / photo.name)))
        if pictures:
            features = embedder(torch.stack(list(pictures.values())))
            store.add(list(pictures), features)
            known.update(zip(pictures, features, strict=True))
        if progress:
            progress(start + len(batch), len(missing))
    photos = [photo for photo in files if photo in known]
    if not photos:
        raise GalleryError(f"No photo in {folder} can be read.", why=_told(skipped), fix="Give other photos.")
    features = torch.stack([known[photo] for photo in photos])
    if store.shards > 1 or len(known) > len(photos):
        store.join(photos, features)
    return Gallery(
        folder=folder, via=via, embedder=embedder, names=tuple(photo.name for photo in photos), features=features,
        skipped=tuple(skipped),
    )  # fmt: skip


def _store(folder: Path, embedder: Embedder, via: Via, cache: Path) -> Store:
    home = str(folder.resolve())
    key = hashlib.sha256(os.fsencode(f"{_FORMAT} {via} {embedder.fingerprint} {home}")).hexdigest()[:32]
    about = {"format": _FORMAT, "folder": home, "via": via, "backbone": embedder.name, "weights": embedder.fingerprint}
    try:
        return Store(cache / key, about=about)
    except OutputError as error:
        error.fix = "Name a folder you may write to: S2PZOO_CACHE=FOLDER"
        raise


def _picture(path: Path, via: Via) -> Tensor:
    """A photo (3,S,S), or the edges in it (1,S,S), in [0,1]."""
    photo = read_photo(path, size=FRAME)
    if via is Via.PHOTO:
        return torch.from_numpy(photo).permute(2, 0, 1)
    return torch.from_numpy(canny(photo))[None]


def _reason(error: BadInputError, path: Path) -> str:
    what = error.what.removeprefix(str(path)).strip()
    return f"{what}: {error.why}" if error.why else what


def _told(skipped: Iterable[Skipped], most: int = 3) -> str:
    """The first few."""
    listed = [f"{one.name} {one.reason}" for one in skipped]
    return "\n".join(listed[:most] + ([f"and {len(listed) - most} more"] if len(listed) > most else []))
