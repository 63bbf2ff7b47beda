"""The one door for drawings: whatever people have becomes a square of ink on white paper."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from attrs import evolve, field, frozen
from PIL import Image

from s2pzoo.errors import BadInputError, S2PZooError
from s2pzoo.imaging import decode, paper
from s2pzoo.imaging.fetch import is_address
from s2pzoo.imaging.formats import check_form, strokes_of
from s2pzoo.imaging.frame import (
    Locate,
    Window,
    crop_pixels,
    cut,
    fit_strokes,
    fitted_window,
    found_window,
    square_window,
    strokes_in,
)
from s2pzoo.imaging.raster import rasterise
from s2pzoo.imaging.resize import oversampled, resize_square
from s2pzoo.imaging.sequence import simplified, to_sequence, traced
from s2pzoo.imaging.strokes import Strokes
from s2pzoo.imaging.svg import svg_strokes
from s2pzoo.spec.frame import WHOLE, Frame

Source = (
    str | os.PathLike[str] | bytes | BinaryIO | Image.Image | np.ndarray | Strokes | Mapping[str, Any] | Sequence[Any]
)

BLANK_INK = 0.04
"""A drawing whose darkest point is lighter than this (0 paper .. 1 ink) is blank."""


@frozen(kw_only=True)
class Sketch:
    """A drawing, ready for a model."""

    ink: np.ndarray = field(eq=False)
    """(size, size) float32 in [0, 1]; 1 is paper, 0 is ink."""
    notes: tuple[str, ...] = ()
    """What was decided while reading, in words: inverted, turned, paper flattened, first frame, ..."""
    source: str = ""
    """Where it came from: the path, or "image", "array", "strokes"."""


Fit = bool | str | Frame
"""How a drawing is placed: True, fitted to its frame by its ink; "auto", see `read_sketch`; False, as it lies."""


def read_sketch(
    source: Source,
    *,
    size: int,
    fit: Fit = False,
    frame: Frame | None = None,
    locate: Locate | None = None,
    allow_blank: bool = False,
    shaded: bool = True,
    strokes: str = "",
) -> Sketch:
    """Read a drawing and bring it to (size, size): padded with paper, never squashed.

    source       a path (PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF, SVG, strokes JSON), the bytes of such a file, an open
                 file of bytes, which is read to its end, a PIL image, an array
                 ((H, W), (H, W, 1|3|4); uint8, uint16, bool or float in [0, 1]), `Strokes`, or the data of a
                 strokes JSON (a dict or a list). Any colours: ink is what is darker than the paper.
    size         side of the result in pixels, at least 1.
    fit          True: move and scale the drawing so that its ink fills the frame. "auto": what `locate` finds is
                 brought to its place in the frame, upright; without it, the same as False. A Frame: fit to that one.
    frame        where drawings of this kind lie; by default the whole sheet.
    locate       finds the frame's points in a drawing.
    allow_blank  let an empty sheet through, as all ones. A drawing of which nothing can be seen is an error.
    shaded       filled areas stay; else they are read as their outlines.
    strokes      the form of strokes JSON, one of `imaging.formats.FORMS`; by default what the data says.

    White-on-dark drawings are inverted, photographed paper is flattened, ruled lines are taken out, ...;
    `Sketch.notes` says so.
    Raises BadInputError: missing, not an image, truncated, too large, zero-sized, blank, all black, NaN; whatever goes
    wrong while it is read.
    """
    if isinstance(source, bytes | bytearray | memoryview) or hasattr(source, "read"):
        how = {"size": size, "fit": fit, "frame": frame, "locate": locate, "allow_blank": allow_blank}
        return _from_bytes(source, **how, shaded=shaded, strokes=strokes)
    if size < 1:
        raise BadInputError(f"Size must be at least 1 pixel, not {size}.", fix="Give the side of the square in pixels.")
    if isinstance(fit, Frame):
        fit, frame = True, fit
    if fit not in (True, False, "auto"):
        raise BadInputError(f"fit={fit!r} is not possible.", fix='Use True, False or "auto".')
    check_form(strokes)
    label = _label(source)
    place = Placing(fit=fit, frame=frame or WHOLE, locate=locate)
    try:
        loaded = _load(source, strokes)
        if isinstance(loaded, Strokes):
            ink, notes = _from_strokes(loaded, size, place, label)
        else:
            ink, notes = _from_pixels(loaded, size, place, label, shaded=shaded)
            notes = loaded.notes + notes
    except S2PZooError:  # told already, or not the drawing's: `locate` is a plugin's
        raise
    except Exception as error:  # whatever is in a file, it is the file's fault and no end of a batch
        raise BadInputError(
            f"{label} cannot be read.", why=f"{type(error).__name__}: {error}", fix="Export it again as a PNG."
        ) from error
    if _is_blank(ink):
        if not allow_blank:
            raise BadInputError(
                f"{label} is blank.",
                why="No ink was found on the paper.",
                fix="Draw something, or use a model that accepts an empty canvas.",
            )
        ink, notes = np.ones((size, size), np.float32), (*notes, "blank sheet")
    return Sketch(ink=ink, notes=notes, source=label)


TRACED = "traced: widths, tones and areas are lost"


def read_sequence(source: Source, *, longest: int = 250, size: int = 256, strokes: str = "", **how: Any) -> Sequenced:
    """Read a drawing as points of strokes: those of a file of strokes or of an SVG as they are, pictures traced.

    `how`: as for `read_sketch`. Errors as for it.
    """
    sketch = read_sketch(source, size=size, strokes=strokes, **how)  # which refuses what cannot be a drawing
    held = isinstance(source, bytes | bytearray | memoryview) or hasattr(source, "read")
    if not held and isinstance(source, str | os.PathLike) and Path(source).suffix.lower() in (".svg", ".svgz"):
        drawn = svg_strokes(source)
    else:
        drawn = None if held else _load(source, strokes)
    if isinstance(drawn, Strokes):
        lines = simplified(drawn.points, longest=longest)
        return Sequenced(points=to_sequence(lines), notes=sketch.notes, source=sketch.source)
    points = traced(sketch.ink, longest=longest)
    return Sequenced(points=points, notes=(*sketch.notes, TRACED), source=sketch.source)


@frozen(kw_only=True)
class Sequenced:
    """A drawing as a sequence of points (T,5), see `imaging.sequence`; what was decided, and its name."""

    points: np.ndarray
    notes: tuple[str, ...]
    source: str


@frozen(kw_only=True)
class Placing:
    """How a drawing is brought to its place."""

    fit: bool | str
    frame: Frame
    locate: Locate | None

    def window(self, ink: np.ndarray) -> tuple[Window, tuple[str, ...]]:
        """The square of (H, W), 1 is paper and not blank, that is to be seen; what was decided, in words."""
        if self.fit == "auto":
            return found_window(ink, self.frame, self.locate)
        if self.fit:
            return fitted_window(ink, self.frame), (f"fitted to the {self.frame.name}",)
        return square_window(ink), ()


def _from_bytes(source: Any, **how: Any) -> Sketch:
    """A drawing of the bytes of a file, or of an open one."""
    name = getattr(source, "name", None)
    label = Path(name).name if isinstance(name, str) and name else "bytes"
    try:
        data = _all_of(source)
    except BadInputError:
        raise
    except Exception as error:  # a closed file, one that is only written, a memoryview that was released
        why, fix = f"{type(error).__name__}: {error}", 'Give bytes, or a file opened with "rb".'
        raise BadInputError(f"{label} cannot be read.", why=why, fix=fix) from error
    if data.lstrip()[:1] == b"{" and re.search(rb"\}[ \t\r]*\n\s*\{", data):
        why, fix = "A line is a drawing, and there are several.", "Save them to a file, and give its path."
        raise BadInputError(f"{label} holds several drawings.", why=why, fix=fix)
    suffix = ".svgz" if data[:2] == b"\x1f\x8b" else Path(label).suffix
    fair = suffix.isascii() and suffix[1:].isalnum() and len(suffix) < 10
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"drawing{suffix if fair else ''}"
        path.write_bytes(data)
        try:
            return evolve(read_sketch(path, **how), source=label)
        except BadInputError as error:
            what, why, fix = (text.replace(str(path), label) for text in (error.what, error.why, error.fix))
            raise BadInputError(what, why=why, fix=fix) from error


def _all_of(source: Any) -> bytes:
    """Bytes, or what an open file gives to its end."""
    if not hasattr(source, "read"):
        return bytes(source)
    data = b""
    while chunk := source.read(decode.MAX_FILE_BYTES + 1 - len(data)):  # an unbuffered one gives what is there
        if not isinstance(chunk, bytes):
            raise BadInputError(f"The file gives {type(chunk).__name__}, not bytes.", fix='Open it with "rb".')
        data += chunk
        if len(data) > decode.MAX_FILE_BYTES:
            break
    return data


def _label(source: Source) -> str:
    kinds = {Image.Image: "image", np.ndarray: "array", (Strokes, Mapping, list, tuple): "strokes"}
    return next((name for kind, name in kinds.items() if isinstance(source, kind)), str(source))


def _load(source: Source, strokes: str) -> decode.Raster | Strokes:
    if isinstance(source, Strokes):
        return source
    if is_address(source):
        raise BadInputError(
            f"{source} is not fetched by itself.", why="A drawing is read from this machine.",
            fix="Ask for it by name: s2pzoo.fetch(url) gives its bytes.",
        )  # fmt: skip
    if isinstance(source, str | os.PathLike):
        return decode.read_file(Path(source), strokes=strokes)
    if isinstance(source, Image.Image):
        return decode.from_image(source, "image")
    if isinstance(source, np.ndarray):
        return decode.from_array(source)
    if isinstance(source, Mapping | list | tuple):
        return strokes_of(source, form=strokes)
    raise BadInputError(
        f"Cannot read a drawing from {type(source).__name__}.",
        fix="Give a path, bytes, a PIL image, a numpy array or strokes.",
    )


def _is_blank(ink: np.ndarray) -> bool:
    return 1.0 - float(ink.min()) < BLANK_INK


def _lost(label: str, why: str) -> BadInputError:
    return BadInputError(
        f"{label} shows nothing, though there is something in it.", why=why,
        fix="Look at it in another program, and export what you see there, dark on white.",
    )  # fmt: skip


def _from_strokes(drawn: Strokes, size: int, place: Placing, label: str) -> tuple[np.ndarray, tuple[str, ...]]:
    notes = drawn.notes
    if not drawn.marks:
        return np.ones((size, size), np.float32), notes
    if all(mark.shade > 0.9 for mark in drawn.marks):
        drawn, notes = drawn.inverted(), (*notes, "light lines on a transparent sheet: inverted")
    if place.fit is True:
        drawn, notes = fit_strokes(drawn, place.frame), (*notes, f"fitted to the {place.frame.name}")
    ink = rasterise(drawn, size=size)
    if _is_blank(ink):
        x0, y0, x1, y1 = drawn.box()
        off = x1 < 0 or y1 < 0 or x0 > 1 or y0 > 1
        raise _lost(label, "It lies off its canvas." if off else "Its lines are as light as the paper.")
    light = paper.is_light_on_dark(ink)
    if place.fit == "auto":
        window, told = place.window(1.0 - ink if light else ink)
        if told and window.side != size:
            ink = rasterise(strokes_in(drawn, window.scaled(1 / size)), size=size)
        notes = (*notes, *told)
    return (1.0 - ink, (*notes, paper.INVERTED)) if light else (ink, notes)


def _from_pixels(
    raster: decode.Raster, size: int, place: Placing, label: str, *, shaded: bool
) -> tuple[np.ndarray, tuple[str, ...]]:
    work, factor = oversampled(raster.pixels, size)
    if work.ndim == 3 and (work[..., 0] == work[..., 1]).all() and (work[..., 1] == work[..., 2]).all():
        work = np.ascontiguousarray(work[..., 0])
    if paper.is_black(work):
        raise BadInputError(
            f"{label} is entirely black.",
            why="There is neither paper nor a light line in it.",
            fix="Give a dark drawing on light paper, or a light one on dark.",
        )
    ink, notes = paper.clean(work, photographed=not raster.vector)
    if _is_blank(ink):
        if paper.holds_something(work, photographed=not raster.vector):
            raise _lost(label, "Its lines are as light as the paper, or the paper is as dark as they are.")
        return resize_square(cut(ink, square_window(ink)), size), notes
    if not raster.vector:  # else there is no paper
        ink, told = paper.tidied(ink)
        notes += told
    if not shaded:
        lines = paper.outlined(ink)
        ink, notes = lines, notes if lines is ink else (*notes, paper.OUTLINED)
    window, told = place.window(ink)
    around = window.around() if window.angle else window
    if told and factor > 1 and around.side < min(2 * size, 0.9 * max(ink.shape)):
        # A small drawing on a large sheet: read its neighbourhood again from the full resolution.
        near = evolve(raster, pixels=crop_pixels(raster.pixels, around.scaled(factor)))
        return _from_pixels(near, size, place, label, shaded=shaded)[0], (*notes, *told)
    return resize_square(cut(ink, window), size), (*notes, *told)
