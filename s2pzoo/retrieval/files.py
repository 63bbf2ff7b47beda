"""Which photos a gallery has. Torch-free."""

from __future__ import annotations

import os
from pathlib import Path

from attrs import frozen

from s2pzoo.errors import GalleryError
from s2pzoo.imaging.suffixes import PHOTOS


@frozen
class PhotoFile:
    """A photo as it is now: what is known of it holds while these stay.

    Attributes:
        name: its path in the gallery, with slashes.
        size: in bytes.
        modified: in nanoseconds.
    """

    name: str
    size: int
    modified: int


@frozen(kw_only=True)
class Skipped:
    """A file or folder of the gallery that cannot be read, and why."""

    name: str
    reason: str


def photo_files(folder: Path) -> tuple[list[PhotoFile], list[Skipped]]:
    """The photos in a folder and below, sorted by name, without hidden ones; and what cannot be read.

    Raises:
        GalleryError: there is no such folder, it cannot be read, or it holds no photo.
    """
    if not folder.is_dir():
        why = "It is a file." if folder.exists() else ""
        raise GalleryError(f"There is no folder {folder}.", why=why, fix="Give a folder of photos.")
    photos: list[PhotoFile] = []
    skipped: list[Skipped] = []

    def refused(error: OSError) -> None:
        where = Path(error.filename)
        if where == folder:
            raise GalleryError(
                f"The folder {folder} cannot be read.", why=error.strerror or str(error), fix="Check its permissions."
            ) from error
        skipped.append(Skipped(name=_name(where, folder), reason=error.strerror or str(error)))

    for root, folders, names in os.walk(folder, onerror=refused):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(root, name)
            if name.startswith(".") or path.suffix.lower() not in PHOTOS:
                continue
            try:
                status = path.stat()
            except OSError as error:  # a link that leads nowhere
                refused(error)
            else:
                photos.append(PhotoFile(_name(path, folder), status.st_size, status.st_mtime_ns))
    if not photos:
        raise GalleryError(
            f"The folder {folder} holds no photo.",
            why="\n".join(f"{one.name}: {one.reason}" for one in skipped),
            fix=f"Photos are found by their suffix: {' '.join(sorted(PHOTOS))}",
        )
    return sorted(photos, key=lambda photo: photo.name), skipped


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()
