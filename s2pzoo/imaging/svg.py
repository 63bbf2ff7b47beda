"""SVG drawings -> pixels, by resvg.

The XML is read with entity declarations refused, so that no document can grow while it is parsed. Nothing outside the
drawing is read: links that are neither into it nor data are taken out. So are filters, patterns and markers: they are
no lines, and a few of them can take minutes or all memory. What takes long otherwise is refused (`imaging.drawer`).
"""

from __future__ import annotations

import io
import os
import re
import zlib
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, tostring

import numpy as np
from PIL import Image

from s2pzoo.errors import BadInputError
from s2pzoo.imaging.drawer import DRAWER, TooCostlyError
from s2pzoo.imaging.strokes import read_limited

MAX_BYTES = 20_000_000
MAX_DEPTH = 100
SECONDS = 0.7
"""Of the processor, that drawing may take; as often as the file has megabytes, where it has more than one."""
SIDE = 768
"""Of the square, in pixels, that a drawing is fitted into."""

_LINES = {"path", "line", "polyline", "polygon", "rect", "circle", "ellipse"}
_SHAPES = _LINES | {"image", "text", "use"}
_PAINTS = ("fill", "stroke")
_TAKEN_OUT = {"filter", "pattern", "marker"}
_COSTLY = re.compile(r"(filter|marker(-\w+)?)\s*:[^;}]*")
MAX_ELEMENTS = 20_000
_GZIP = b"\x1f\x8b"


def read_svg(path: str | os.PathLike[str]) -> Image.Image:
    """An SVG file, or an .svgz, as RGBA; what is not painted is transparent. Raises BadInputError."""
    data, label = read_limited(Path(path), MAX_BYTES), str(path)
    if data[:2] == _GZIP:
        try:
            data = zlib.decompressobj(wbits=31).decompress(data, MAX_BYTES)
        except zlib.error as error:
            raise _unreadable(label, str(error)) from error
    return draw_svg(data, label=label)


def draw_svg(data: bytes, *, label: str = "The SVG") -> Image.Image:
    """The same of an SVG document. Raises BadInputError."""
    root = _parsed(data, label)
    if _tag(root) != "svg":
        raise BadInputError(
            f"{label} is not an SVG.", why=f"Its root is <{_tag(root)[:40]}>.", fix="Give an SVG drawing."
        )
    if (count := sum(1 for _ in root.iter())) > MAX_ELEMENTS:
        raise BadInputError(
            f"{label} would take too long to draw.", why=f"It has {count} elements; the limit is {MAX_ELEMENTS}.",
            fix="Join its paths, or export it as a PNG.",
        )  # fmt: skip
    _made_safe(root, label)
    try:
        # With both sides given the drawing keeps its proportions; with one, a narrow one could take all memory.
        text = tostring(root, encoding="unicode")
        png = DRAWER.draw(text, side=SIDE, seconds=max(SECONDS, SECONDS * len(text) / 1e6))
    except ValueError as error:
        raise _unreadable(label, str(error)) from error
    except TooCostlyError as error:
        raise BadInputError(
            f"{label} would take too long to draw.", why=f"More than {SECONDS:g} s a megabyte, or 3 GB of memory.",
            fix="Flatten it, or export it as a PNG.",
        ) from error  # fmt: skip
    drawn = Image.open(io.BytesIO(png))
    shapes = sum(_tag(element) in _SHAPES for element in root.iter())
    white = shapes > 1 and np.asarray(drawn).min() > 245  # one shape alone may be the paper
    if white or (shapes and drawn.getbbox() is None):
        raise BadInputError(
            f"{label} shows nothing, though there is something in it.",
            why="It lies outside the sheet (the viewBox), is white, not painted, text, or a picture in another file.",
            fix="Look at it in a browser, and export what you see there.",
        )
    return drawn


def _parsed(data: bytes, label: str) -> Element:
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        return fromstring(data)  # a bare <!DOCTYPE svg PUBLIC ...>, which drawing programs write, is never fetched
    except DefusedXmlException as error:
        raise BadInputError(
            f"{label} declares XML entities.",
            why="They can make a small file grow without limit, so they are refused.",
            fix='Export it as "plain SVG".',
        ) from error
    except (ParseError, ValueError, LookupError, RecursionError) as error:
        raise _unreadable(label, f"the XML is broken: {error}") from error


def _made_safe(root: Element, label: str) -> None:
    """Take out what reads other files, and filters, patterns, markers; refuse what is nested too deeply."""
    todo = [(root, 1, False)]
    while todo:
        element, depth, faint = todo.pop()
        if depth > MAX_DEPTH:
            raise BadInputError(f"{label} is nested too deeply.", why=f"The limit is {MAX_DEPTH}.", fix="Flatten it.")
        for name, value in list(element.attrib.items()):
            linked = name.rpartition("}")[2] == "href" and not value.strip().startswith(("#", "data:"))
            if linked or name == "filter" or name.startswith("marker"):
                del element.attrib[name]
            elif name == "style":
                element.set(name, _COSTLY.sub("", value))
        faint = faint or any(f"{paint}-opacity" in name + value for paint in _PAINTS for name, value in element.items())
        if _tag(element) in _LINES and "opacity" in element.attrib and not faint:  # of lines it is that of their paint
            element.attrib |= dict.fromkeys((f"{paint}-opacity" for paint in _PAINTS), element.attrib.pop("opacity"))
        if _tag(element) == "style":
            element.text = _COSTLY.sub("", element.text or "")
        for child in list(element):
            if _tag(child) in _TAKEN_OUT:
                element.remove(child)
            else:
                todo.append((child, depth + 1, faint))


def _unreadable(label: str, why: str) -> BadInputError:
    return BadInputError(f"{label} is not a readable SVG.", why=why, fix="Export it again.")


def _tag(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
