"""Pictures that pages upload: photos whose colours to take, photos to complete, masks. Known by their content."""

from __future__ import annotations

import hashlib
import io
import re
import tempfile
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from s2pzoo.errors import BadInputError

KEPT = 128
"""Pictures that are kept; of more, the oldest go."""

SIDE = 1024
"""Larger ones are made smaller."""


class Pictures:
    """Files of a folder of its own, gone when it is closed."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="s2pzoo-studio-")

    def add(self, data: bytes) -> str:
        """Its name.

        Raises:
            BadInputError: it is no picture.
        """
        name = hashlib.sha256(data).hexdigest()[:32]
        path = Path(self._folder.name) / f"{name}.png"
        if not path.exists():
            try:
                with Image.open(io.BytesIO(data)) as picture:
                    picture.draft("RGB", (SIDE, SIDE))
                    picture.thumbnail((SIDE, SIDE))
                    picture.convert("RGBA" if "A" in picture.getbands() else "RGB").save(path)
            except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
                path.unlink(missing_ok=True)
                raise BadInputError("This is no picture.", why=str(error), fix="Choose a PNG, JPEG or WebP.") from error
            known = sorted(Path(self._folder.name).iterdir(), key=lambda file: file.stat().st_mtime_ns)
            for old in known[:-KEPT]:
                old.unlink()
        return name

    def path(self, name: object) -> Path:
        """Its file.

        Raises:
            BadInputError: there is none of this name.
        """
        path = Path(self._folder.name) / f"{name}.png"
        if not (isinstance(name, str) and re.fullmatch(r"[0-9a-f]{32}", name) and path.exists()):
            raise BadInputError("This picture is not here any more.", fix="Choose it once more.")
        return path

    def close(self) -> None:
        """All of them go."""
        self._folder.cleanup()
