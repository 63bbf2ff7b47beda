"""Writing results: whole or not at all, with a sign of who wrote them.

Every picture says in its Software field (PNG), its EXIF description (JPEG, WebP) or its comment (GIF) that s2pzoo wrote
it; a folder of other files has a marker. What has neither is somebody's, and the verbs leave it alone.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

import s2pzoo
from s2pzoo.errors import OutputError

MARKER = ".s2pzoo"
"""A file in folders that s2pzoo writes to."""
_SOFTWARE, _DESCRIPTION = "Software", ExifTags.Base.ImageDescription
FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".gif": "GIF"}


def write_bytes(data: bytes, path: str | os.PathLike[str]) -> Path:
    """Write a file by way of a temporary one beside it, so that no reader ever sees a part of it.

    Missing folders are made. Raises OutputError, and then leaves what was there before.
    """
    target = Path(path)
    if os.path.isdir(target):
        raise OutputError(f"Cannot write {target}.", why="It is a folder.", fix="Give a file name.")
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        replaced(temporary, target)
    except (OSError, ValueError) as error:
        with contextlib.suppress(OSError, ValueError):
            temporary.unlink(missing_ok=True)
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise OutputError(f"Cannot write {target}.", why=why, fix="Choose a folder you may write to.") from error
    return target


def replaced(temporary: Path, target: Path) -> None:
    """`os.replace`, tried for a second: on Windows a file that somebody reads, a virus scanner say, cannot be replaced.

    Raises OSError.
    """
    for wait in (0.02, 0.05, 0.1, 0.2, 0.6):
        with contextlib.suppress(PermissionError):
            os.replace(temporary, target)
            return
        time.sleep(wait)
    os.replace(temporary, target)


def write_text(text: str, path: str | os.PathLike[str], *, mark: str, overwrite: bool = False) -> Path:
    """Write a text that has `mark` near its beginning, which tells that s2pzoo wrote it.

    Raises:
        OutputError: a file is there that has no such mark; it cannot be written.
    """
    there = Path(path)
    if not overwrite and os.path.lexists(there):
        with contextlib.suppress(OSError):
            if mark.encode() in there.open("rb").read(1000):
                return write_bytes(text.encode(), path)
        raise OutputError(
            f"{path} is there, and s2pzoo did not write it.", fix="Give another name, or say --overwrite."
        )
    return write_bytes(text.encode(), path)


def write_image(image: Image.Image, path: str | os.PathLike[str], *, text: Mapping[str, str] | None = None) -> Path:
    """Write a picture, see `image_bytes`. Raises OutputError."""
    return write_bytes(image_bytes(image, path, text=text), path)


def image_bytes(image: Image.Image, path: str | os.PathLike[str], *, text: Mapping[str, str] | None = None) -> bytes:
    """What a picture file of that name holds; the suffix names the format (.png .jpg .jpeg .webp .gif).

    text  key -> value kept in the file: as text chunks in a PNG, as a JSON description in JPEG and WebP (EXIF) and
          GIF (comment). Raises OutputError.
    """
    kind = image_format(path)
    options: dict[str, Any] = {"JPEG": {"quality": 95}, "WEBP": {"quality": 92}}.get(kind, {})
    if kind == "JPEG" and image.mode not in ("L", "RGB"):
        image = _opaque(image)
    options |= described(kind, {_SOFTWARE: f"s2pzoo {s2pzoo.__version__}", **(text or {})})
    return _encoded(image, kind, path, options)


def write_animation(frames: Sequence[Image.Image], path: str | os.PathLike[str], *, ms: int = 80) -> Path:
    """Write frames as an endless animation, .webp or .gif, `ms` milliseconds each. Raises OutputError."""
    kind = image_format(path)
    if kind not in ("WEBP", "GIF"):
        raise OutputError(
            f"{path} cannot hold an animation.", why=f"{kind} is a still format.", fix="Use .webp or .gif."
        )
    if not frames:
        raise OutputError(f"No frames to write to {path}.", fix="Give at least one picture.")
    options = {"save_all": True, "append_images": list(frames[1:]), "duration": ms, "loop": 0}
    options |= described(kind, {_SOFTWARE: f"s2pzoo {s2pzoo.__version__}"})
    return write_bytes(_encoded(frames[0], kind, path, options), path)


def is_ours(path: str | os.PathLike[str]) -> bool:
    """Whether a picture was written by s2pzoo, and by nothing else since; a pipe or a device is not opened."""
    if not os.path.isfile(path):
        return False
    try:
        with Image.open(path) as image:
            if image.format == "PNG":
                image.load()  # text may stand behind the pixels
            said = [image.info.get("comment", ""), image.getexif().get(_DESCRIPTION, "")]
            software = image.info.get(_SOFTWARE, "")
        for text in filter(None, said):
            software = software or json.loads(text).get(_SOFTWARE, "")
    except Exception:  # a decoder may raise anything on what is no picture of ours
        return False
    return str(software).startswith("s2pzoo ")


_ADVICE = "Give another folder, or move it away; `s2pzoo train --overwrite` and save(overwrite=True) replace it."


def claim(folder: Path, names: Iterable[str], *, overwrite: bool = False, advice: str = _ADVICE) -> None:
    """Make a folder one that s2pzoo writes files of these names to.

    Raises:
        OutputError: it holds one of them already, and somebody else wrote it; it cannot be made.
    """
    marker, names = folder / MARKER, list(names)
    ours = marker.read_text(encoding="utf-8", errors="replace").splitlines()[1:] if marker.is_file() else []
    all_ours = overwrite or (marker.exists() and not ours)  # as markers of earlier versions say
    taken = [] if all_ours else [name for name in names if name not in ours and os.path.lexists(folder / name)]
    if taken:
        raise OutputError(
            f"{folder} holds a {taken[0]} that s2pzoo did not write.",
            fix=advice,
        )
    if not marker.exists() or not set(names) <= set(ours):
        listed = "\n".join(["s2pzoo writes to this folder:", *sorted({*ours, *names})])
        write_bytes(f"{listed}\n".encode(), marker)


def image_format(path: str | os.PathLike[str]) -> str:
    """PIL's name of the format that a path's suffix asks for. Raises OutputError: ask before the work is done."""
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        raise OutputError(
            f"Cannot write {path}.",
            why=f"{suffix or 'no suffix'} is not a known picture format.",
            fix="end the name in " + ", ".join(FORMATS),
        )
    return FORMATS[suffix]


def _encoded(image: Image.Image, kind: str, path: str | os.PathLike[str], options: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    try:
        image.save(buffer, kind, **options)
    except (OSError, ValueError) as error:
        raise OutputError(f"Cannot write {path}.", why=str(error), fix="Try .png.") from error
    return buffer.getvalue()


def described(kind: str, text: Mapping[str, str]) -> dict[str, Any]:
    """What PIL's `save` is told, so that a file of this kind says these texts."""
    if kind == "PNG":
        info = PngInfo()
        for key, value in text.items():
            info.add_text(key, value)
        return {"pnginfo": info}
    description = json.dumps(dict(text))
    if kind == "GIF":
        return {"comment": description.encode()}
    exif = Image.Exif()
    exif[_DESCRIPTION] = description
    return {"exif": exif.tobytes()}


def _opaque(image: Image.Image) -> Image.Image:
    if "A" not in image.getbands():
        return image.convert("RGB")
    rgba = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, (255, 255, 255, 255)), rgba).convert("RGB")
