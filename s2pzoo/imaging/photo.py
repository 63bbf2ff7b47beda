"""Photos in: whatever picture people have becomes a square of sRGB on white."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from PIL import Image

from s2pzoo.errors import BadInputError
from s2pzoo.imaging.decode import read_pixels
from s2pzoo.imaging.frame import cut, square_window
from s2pzoo.imaging.pixels import picture
from s2pzoo.imaging.resize import block_mean


def read_photo(path: str | os.PathLike[str], *, size: int) -> np.ndarray:
    """Read a photo and bring it to (size, size, 3) float32 in [0, 1]: padded with white, never squashed.

    Raises BadInputError: missing, not an image, truncated, too large, zero-sized, or a drawing of lines.
    """
    try:
        return _read(Path(path), size)
    except BadInputError:
        raise
    except Exception as error:  # whatever is in a file, it is the file's fault
        why = f"{type(error).__name__}: {error}"
        raise BadInputError(f"{path} cannot be read.", why=why, fix="Export it again as a PNG.") from error


def _read(path: Path, size: int) -> np.ndarray:
    return photo_of(read_pixels(path).pixels, size)


def photo_of(pixels: np.ndarray, size: int) -> np.ndarray:
    """The same of decoded pixels, (H, W) or (H, W, 3)."""
    top = 1.0 if pixels.dtype.kind == "f" else float(np.iinfo(pixels.dtype).max)
    small = block_mean(pixels, max(1, max(pixels.shape[:2]) // (4 * size))) / np.float32(top)
    bands = [small] * 3 if small.ndim == 2 else list(np.moveaxis(small, 2, 0))
    return np.stack([_square(band, size) for band in bands], axis=2)


def read_picture(path: str | os.PathLike[str], *, size: int) -> Image.Image:
    """The same as an RGB picture."""
    return picture(read_photo(path, size=size))


def _square(band: np.ndarray, size: int) -> np.ndarray:
    sheet = Image.fromarray(cut(band, square_window(band)))
    return np.clip(np.asarray(sheet.resize((size, size), Image.Resampling.LANCZOS)), 0, 1)
