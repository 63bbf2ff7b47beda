"""Files, PIL images and arrays -> pixels; everything that cannot be a drawing is refused here."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import numpy as np
from attrs import evolve, field, frozen
from PIL import Image, ImageOps, UnidentifiedImageError

from s2pzoo.errors import BadInputError
from s2pzoo.imaging.formats import BINARY, home_of, read_strokes
from s2pzoo.imaging.strokes import Strokes
from s2pzoo.imaging.svg import GZIP, read_svg

MAX_PIXELS = 80_000_000
BOMB = 120_000_000  # bytes of pixels in less than a megabyte
MAX_FILE_BYTES = 300_000_000
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF")
"""Only formats that people draw or photograph in: no PostScript, no exotic decoders."""

WHITE_SHEET = "transparent paper taken as white"
READABLE = "Give a PNG, JPEG, WebP, GIF, BMP, TIFF, SVG or strokes JSON file."
_WHITE, _BLACK = (255, 255, 255, 255), (0, 0, 0, 255)


@frozen(kw_only=True)
class Raster:
    """Decoded pixels: (H, W) or (H, W, 3), uint8, uint16 or float32 in [0, 1], upright and without transparency."""

    pixels: np.ndarray = field(eq=False)
    notes: tuple[str, ...] = ()
    vector: bool = False
    """Drawn from lines and shapes: there is no paper to flatten."""


def read_file(path: Path, *, strokes: str = "") -> Raster | Strokes:
    """Read any readable file; the content decides, not the suffix. Raises BadInputError.

    Args:
        strokes: the form of strokes JSON, one of `imaging.formats.FORMS`; by default what the file says.
    """
    head = _head(home_of(path)[0])
    kind = _kind(path, head)
    if kind == "svg":
        drawn = read_svg(path)
        raster = from_image(drawn.image, str(path))
        notes = tuple(note for note in raster.notes if note != WHITE_SHEET)  # every SVG's is
        return evolve(raster, notes=(*notes, *drawn.notes), vector=True)
    return read_strokes(path, form=strokes) if kind == "strokes" else _read_pixels(path, head)


def read_pixels(path: Path, *, wanted: str = "a photo") -> Raster:
    """The same of a file of pixels. Raises BadInputError, also for lines, which are not what is `wanted`."""
    head = _head(path)
    if _kind(path, head) != "pixels":
        raise BadInputError(f"{path} is a drawing, not {wanted}.", fix="Give a PNG, JPEG, WebP, ... file.")
    return _read_pixels(path, head)


def _kind(path: Path, head: bytes) -> str:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    named = path.suffix.lower()
    if text[:1] == b"<" or (named == ".svg" and head[:2] in (b"\xff\xfe", b"\xfe\xff")) or head[:2] == GZIP:
        return "svg"
    return "strokes" if text[:1] in (b"{", b"[") or home_of(path)[0].suffix.lower() in BINARY else "pixels"


def _read_pixels(path: Path, head: bytes) -> Raster:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            Image.init()  # PIL registers WebP and TIFF only then, and AVIF only where it was built with it
            image = Image.open(path, formats=[name for name in FORMATS if name in Image.OPEN])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(str(path)) from error
    except UnidentifiedImageError as error:
        raise _not_an_image(path, head) from error
    except Exception as error:  # a decoder may raise anything on hostile bytes
        raise _broken(str(path), error) from error
    with image:
        raw = image.width * image.height * len(image.getbands())
        if raw > BOMB and path.stat().st_size < 1_000_000:
            why = f"It would become {raw // 1_000_000} MB of pixels, out of less than one of a file."
            raise BadInputError(f"{path} is too large.", why=why, fix="Shrink it to a few thousand pixels a side.")
        return from_image(image, str(path))


def from_image(image: Image.Image, label: str = "image") -> Raster:
    """A PIL image of any mode, any EXIF orientation, animated or not -> upright pixels. Raises BadInputError."""
    width, height = image.size
    if width < 1 or height < 1:
        raise _zero(label, (width, height))
    if width * height > MAX_PIXELS:
        raise _too_large(label, (width, height))
    notes: list[str] = []
    try:
        frames = 1 if image.format == "MPO" else int(getattr(image, "n_frames", 1))
        if frames > 1:
            image.seek(0)
            notes.append(f"first of {frames} frames used")
        image.load()
    except Exception as error:  # a decoder may raise anything on hostile bytes
        raise _broken(label, error) from error
    image = _upright(image, notes)
    if image.mode.startswith("I") or image.mode == "F":
        return Raster(pixels=_deep(image, label), notes=tuple(notes))
    if "A" in image.getbands() or "a" in image.getbands() or "transparency" in image.info:
        image = _on_paper(image.convert("RGBA"), notes)
    if image.mode not in ("L", "RGB"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    return Raster(pixels=np.asarray(image), notes=tuple(notes))


def from_array(array: np.ndarray) -> Raster:
    """(H, W) or (H, W, 1|3|4); uint8, uint16, bool, or float in [0, 1]. Raises BadInputError."""
    shape, label = array.shape, f"The array of shape {array.shape}"
    if isinstance(array, np.ma.MaskedArray):
        raise BadInputError(f"{label} is masked.", why="What is behind the mask is not known.",
                            fix="Fill it: array.filled(1) for paper.")  # fmt: skip
    if array.ndim not in (2, 3) or (array.ndim == 3 and shape[2] not in (1, 3, 4)):
        channels_first = array.ndim == 3 and shape[0] in (1, 3, 4)
        fix = "Move the channels last: array.transpose(1, 2, 0)." if channels_first else "Give one picture at a time."
        why = "A picture is (H, W), (H, W, 1), (H, W, 3) or (H, W, 4)."
        raise BadInputError(f"{label} is not a picture.", why=why, fix=fix)
    if array.size == 0:
        raise _zero(label, (shape[1], shape[0]))
    if shape[0] * shape[1] > MAX_PIXELS:
        raise _too_large(label, (shape[1], shape[0]))
    if array.dtype == bool:
        array = array.astype(np.uint8) * np.uint8(255)
    if array.dtype.kind == "f":
        array = _checked_floats(array, label)
    elif array.dtype not in (np.uint8, np.uint16):
        raise BadInputError(
            f"{label} holds {array.dtype}.",
            why="The range of its values is not known.",
            fix="Convert to uint8 (0..255), uint16 (0..65535) or float (0..1).",
        )
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim == 3 and array.shape[2] == 4:
        top = 1.0 if array.dtype.kind == "f" else float(np.iinfo(array.dtype).max)
        eight = np.round(array.astype(np.float32) * (255.0 / top)).astype(np.uint8)
        notes: list[str] = []
        return Raster(pixels=np.asarray(_on_paper(Image.fromarray(eight), notes)), notes=tuple(notes))
    return Raster(pixels=array)


def _checked_floats(array: np.ndarray, label: str) -> np.ndarray:
    if not np.isfinite(array).all():
        raise BadInputError(f"{label} holds NaN or infinite values.", fix="Replace them: 1 is paper, 0 is ink.")
    low, high = float(array.min()), float(array.max())
    if low < -1e-3 or high > 1 + 1e-3:
        raise BadInputError(
            f"{label} has values from {low:.4g} to {high:.4g}.",
            why="Floats must lie in [0, 1], 1 for paper and 0 for ink.",
            fix="Divide by 255, or map [-1, 1] to [0, 1] with (x + 1) / 2.",
        )
    return np.clip(array, 0, 1).astype(np.float32, copy=False)


def _upright(image: Image.Image, notes: list[str]) -> Image.Image:
    try:
        if image.getexif().get(0x0112, 1) in (0, 1):
            return image
        image = ImageOps.exif_transpose(image)
    except Exception:  # a broken EXIF block must not lose the picture
        return image
    notes.append("turned upright by its EXIF orientation")
    return image


def _deep(image: Image.Image, label: str) -> np.ndarray:
    """16-bit, 32-bit and float greys."""
    values = np.asarray(image)
    if not np.isfinite(values).all():
        raise BadInputError(
            f"{label} holds NaN or infinite values.", fix="Save it again as an 8-bit or 16-bit picture."
        )
    if image.mode.startswith("I;16"):
        return values.astype(np.uint16, copy=False)
    low, high = float(values.min()), float(values.max())
    for top in (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0):
        if low >= 0 and high <= top:
            return (values / top).astype(np.float32)
    raise BadInputError(
        f"{label} has grey values from {low:.4g} to {high:.4g}.",
        why="The levels of paper and ink cannot be told from that.",
        fix="Save it as an 8-bit or 16-bit picture.",
    )


def _on_paper(image: Image.Image, notes: list[str]) -> Image.Image:
    """Lay a transparent drawing on white; or on black when all that is visible is light."""
    alpha = np.asarray(image.getchannel("A"))
    if alpha.min() == 255:
        return image.convert("RGB")
    if alpha.max() == 0 and np.ptp(np.asarray(image.convert("RGB"))) > 0:
        raise BadInputError(
            "It is wholly transparent, though there is something in it.", fix="Export it again, with a background."
        )
    visible = np.asarray(image.convert("L"))[alpha > 127]
    light = visible.size > 0 and float(np.percentile(visible, 1)) > 190 and bool((alpha < 128).any())
    notes.append("light lines on a transparent sheet" if light else WHITE_SHEET)
    sheet = Image.new("RGBA", image.size, _BLACK if light else _WHITE)
    return Image.alpha_composite(sheet, image).convert("RGB")


def _head(path: Path) -> bytes:
    if os.path.isdir(path):
        raise BadInputError(f"{path} is a folder.", why="A drawing is one file.", fix="Name the files in it.")
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            raise BadInputError(f"{path} is not a regular file.", fix=READABLE)
        if path.stat().st_size > MAX_FILE_BYTES:
            raise BadInputError(f"{path} is too large.", why=f"The limit is {MAX_FILE_BYTES} bytes.", fix="Shrink it.")
        with open(path, "rb") as file:
            head = file.read(4096)
    except BadInputError:
        raise
    except FileNotFoundError as error:
        raise BadInputError(f"{path} does not exist.", fix="Check the spelling and the folder.") from error
    except (OSError, ValueError) as error:
        raise BadInputError(f"{path} cannot be read.", why=str(error), fix="Check its permissions.") from error
    if not head:
        raise BadInputError(f"{path} is empty.", why="It has 0 bytes.", fix=READABLE)
    return head


def _not_an_image(path: Path, head: bytes) -> BadInputError:
    if head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"hevc", b"mif1", b"msf1"):
        return BadInputError(f"{path} is a HEIC photo.", why="This format is not read.", fix="Export it as JPEG.")
    return BadInputError(f"{path} is not an image.", why="No known picture format was recognised.", fix=READABLE)


def _broken(label: str, error: Exception) -> BadInputError:
    return BadInputError(
        f"{label} is broken or truncated.", why=str(error) or type(error).__name__, fix="Copy or export the file again."
    )


def _zero(label: str, size: tuple[int, int]) -> BadInputError:
    return BadInputError(
        f"{label} has no pixels.", why=f"Its size is {size[0]} x {size[1]}.", fix="Give a larger picture."
    )


def _too_large(label: str, size: tuple[int, int] | None = None) -> BadInputError:
    have = f"it has {size[0]} x {size[1]} pixels; " if size else ""
    return BadInputError(
        f"{label} is too large.",
        why=f"{have}the limit is {MAX_PIXELS // 1_000_000} million pixels, against decompression bombs.",
        fix="Shrink it to a few thousand pixels a side.",
    )
