"""Which photo is true for which drawing, as JSON: `{"drawing.png": "photo.jpg", ...}`. Torch-free."""

from __future__ import annotations

from pathlib import Path

from s2pzoo.errors import DataError
from s2pzoo.spec.reading import UnreadableError, read_json


def read_pairs(file: Path) -> dict[Path, str]:
    """Drawing -> name of its photo in the gallery. Drawings are named from the folder of the JSON file.

    Raises:
        DataError: it cannot be read, holds something else, or nothing.
    """
    form = 'It must read {"drawing.png": "photo.jpg", ...}.'
    try:
        data = read_json(file)
    except (FileNotFoundError, UnreadableError) as error:
        raise DataError(f"The pairs in {file} cannot be read.", why=str(error), fix=form) from error
    if not isinstance(data, dict) or not data or not all(isinstance(photo, str) for photo in data.values()):
        raise DataError(f"{file} holds no pairs.", fix=form)
    return {file.parent / sketch: photo for sketch, photo in data.items()}
