"""By which names pictures are picked up in a folder. A file that is named itself may have any."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from s2pzoo.errors import BadInputError

PHOTOS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".avif"})
DRAWINGS = PHOTOS | {".pbm", ".svg", ".svgz", ".json", ".ndjson", ".jsonl", ".excalidraw", ".tldr"}


def inside(folder: Path, suffixes: Collection[str], without: Path) -> list[Path]:
    """The files with one of `suffixes` in a folder and below, sorted, without hidden ones, without JSON that holds no
    strokes, and without what the folder `without`, a real path, holds."""
    held = []
    for root, folders, names in os.walk(folder):
        here = Path(root)
        folders[:] = sorted(n for n in folders if not n.startswith(".") and Path(os.path.realpath(here / n)) != without)
        held += [here / n for n in names if not n.startswith(".") and Path(n).suffix.lower() in suffixes]
    return sorted(path for path in held if path.suffix.lower() != ".json" or _has_strokes(path))


def _has_strokes(path: Path) -> bool:
    from s2pzoo.imaging.formats import MAX_BYTES, read_limited

    try:
        text = read_limited(path, MAX_BYTES)
    except BadInputError:
        return True  # reading it will say why not
    return text.lstrip()[:1] == b"[" or any(
        key in text for key in (b'"strokes"', b'"drawing"', b'"elements"', b'"records"')
    )
