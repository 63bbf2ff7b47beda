"""SVG drawings -> pixels, by resvg.

The XML is read with entity declarations refused, so that no document can grow while it is parsed. Nothing outside the
drawing is read: links that are neither into it nor data are taken out. So are filters, patterns and markers: they are
no lines, and a few of them can take minutes or all memory. What takes long otherwise is refused (`imaging.drawer`).
Style sheets are resolved first (`imaging.cascade`). What is in a drawing and not drawn is told.
"""

from __future__ import annotations

import functools
import io
import math
import os
import re
import zlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError, tostring

import numpy as np
from attrs import frozen
from PIL import Image

from s2pzoo.errors import BadInputError
from s2pzoo.imaging.cascade import cascade, tag_of
from s2pzoo.imaging.drawer import DRAWER, TooCostlyError
from s2pzoo.imaging.strokes import Stroke, Strokes, not_drawn, on_canvas, read_limited

MAX_BYTES = 20_000_000
MAX_DEPTH = 100
SECONDS = 0.7
"""Of the processor, that drawing may take; as often as the file has megabytes, where it has more than one."""
CURVE = 13
"""Points of a curve, where an SVG is read as strokes."""
SIDE = 768
"""Of the square, in pixels, that a drawing is fitted into."""

_LINES = {"path", "line", "polyline", "polygon", "rect", "circle", "ellipse"}
_LOOKS = ("style", "fill", "stroke")
_MARKED = re.compile(r"marker(?:-\w+)?\s*:\s*url")
_LINK = re.compile(r"url\(\s*['\"]?#([^)'\"\s]*)")
_SHAPES = _LINES | {"image", "text", "use", "foreignObject"}
_PAINTS = ("fill", "stroke")
_PAINTED = (*_PAINTS, "color", "stop-color")
_TAKEN_OUT = {"filter", "pattern", "marker"}
_COSTLY = re.compile(r"(filter|marker(-\w+)?)\s*:[^;}]*")
_COLOUR = re.compile(
    r"\b(rgba?|hsla?|oklch|oklab|lch|lab|hwb|color|var|light-dark|color-mix)\(([^()]*(?:\([^()]*\)[^()]*)*)\)"
)
_DETERMINANT = re.compile(r"(matrix|scale)\s*\(([^()]*)\)")
_VARIABLE = re.compile(r"(?<![\w-])(--[\w-]++)\s*+:([^;{}]*)")
_WIDTH = re.compile(r"(?<![\w-])stroke-width\s*:\s*([\d.eE+-]+)[a-z]*")
_LENGTH = re.compile(r"\s*([\d.]+)\s*(px)?\s*")
MAX_ELEMENTS = 20_000
GZIP = b"\x1f\x8b"


@frozen(kw_only=True)
class Drawn:
    """An SVG's pixels, and what of it is not among them, in words."""

    image: Image.Image
    notes: tuple[str, ...] = ()


def read_svg(path: str | os.PathLike[str]) -> Drawn:
    """An SVG file, or an .svgz, as RGBA; what is not painted is transparent. Raises BadInputError."""
    return draw_svg(_uncompressed(path), label=str(path))


def _uncompressed(path: str | os.PathLike[str]) -> bytes:
    data = read_limited(Path(path), MAX_BYTES)
    if data[:2] == GZIP:
        try:
            data = zlib.decompressobj(wbits=31).decompress(data, MAX_BYTES)
        except zlib.error as error:
            raise _unreadable(str(path), str(error)) from error
    return data


def draw_svg(data: bytes, *, label: str = "The SVG") -> Drawn:
    """The same of an SVG document. Raises BadInputError."""
    if (tags := data.count(b"<")) > 4 * MAX_ELEMENTS:
        raise _too_many(label, tags // 2)
    root = _parsed(data, label)
    if tag_of(root) != "svg":
        raise BadInputError(
            f"{label} is not an SVG.", why=f"Its root is <{tag_of(root)[:40]}>.", fix="Give an SVG drawing."
        )
    if (count := sum(1 for _ in root.iter())) > MAX_ELEMENTS:
        raise _too_many(label, count)
    seconds = max(SECONDS, SECONDS * len(data) / 1e6)
    try:
        cascade(root, seconds=seconds / 2)
        notes = _not_drawn(root)
        _made_safe(root, label)
        # With both sides given the drawing keeps its proportions; with one, a narrow one could take all memory.
        png = DRAWER.draw(tostring(root, encoding="unicode"), side=SIDE, seconds=seconds)
    except ValueError as error:
        raise _unreadable(label, str(error)) from error
    except TooCostlyError as error:
        raise _too_costly(label) from error
    drawn = Image.open(io.BytesIO(png))
    shapes = sum(tag_of(element) in _SHAPES for element in root.iter())
    white = shapes > 1 and np.asarray(drawn).min() > 245  # one shape alone may be the paper
    if white or (shapes and drawn.getbbox() is None):
        raise BadInputError(
            f"{label} shows nothing, though there is something in it.",
            why="It lies outside the sheet (the viewBox), is white, not painted, text, or a picture in another file.",
            fix="Look at it in a browser, and export what you see there.",
        )
    return Drawn(image=drawn, notes=notes)


def svg_strokes(path: str | os.PathLike[str]) -> Strokes:
    """The lines of an SVG file: of everything painted its outline, in order. Raises BadInputError."""
    from svgelements import SVG, Close, Line, Move, Path, Shape

    label = str(path)
    root = _parsed(_uncompressed(path), label)
    try:
        cascade(root, seconds=SECONDS)
        _made_safe(root, label)
        drawing = SVG.parse(io.StringIO(tostring(root, encoding="unicode")))
        marks = []
        for shape in drawing.elements(lambda one: isinstance(one, Shape)):
            hidden = shape.values.get("display") == "none" or shape.values.get("visibility") == "hidden"
            if hidden or not (_painted(shape.stroke) or _painted(shape.fill)):
                continue
            for part in Path(shape).as_subpaths():
                pieces = [one for one in part if not isinstance(one, Move)]
                shares = [[0, 1] if isinstance(one, Line | Close) else np.linspace(0, 1, CURVE) for one in pieces]
                points = [one.npoint(np.asarray(share, float)) for one, share in zip(pieces, shares, strict=True)]
                marks += [Stroke(points=_once(points), width=shape.stroke_width or 1.0)] if points else []
        return on_canvas(marks, (0.0, 0.0, float(drawing.width), float(drawing.height)))
    except BadInputError:
        raise
    except TooCostlyError as error:
        raise _too_costly(label) from error
    except Exception as error:  # whatever is in a file, it is the file's fault
        raise _unreadable(label, f"{type(error).__name__}: {error}") from error


def _once(pieces: list[np.ndarray]) -> np.ndarray:
    """The points of a path, (M,2): where one piece ends and the next begins there is one."""
    points = np.concatenate(pieces)
    return points[np.r_[True, (np.diff(points, axis=0) != 0).any(1)]] if len(points) > 2 else points


def _painted(paint: Any) -> bool:
    return paint is not None and paint.value is not None and paint.opacity != 0


def _parsed(data: bytes, label: str) -> Element:
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        return fromstring(data.lstrip())  # a <!DOCTYPE svg PUBLIC ...> is never fetched
    except DefusedXmlException as error:
        raise BadInputError(
            f"{label} declares XML entities.",
            why="They can make a small file grow without limit, so they are refused.",
            fix='Export it as "plain SVG".',
        ) from error
    except (ParseError, ValueError, LookupError, RecursionError) as error:
        raise _unreadable(label, f"the XML is broken: {error}") from error


def _not_drawn(root: Element) -> tuple[str, ...]:
    """What is in a drawing and will not be in the picture, in words."""
    patterns = {element.get("id", "") for element in root.iter() if tag_of(element) == "pattern"}
    found: Counter[str] = Counter()
    for element in root.iter():
        looks = [f"{name}:{value}" for name, value in element.items() if name in _LOOKS or name.startswith("marker")]
        found["arrow head"] += any(_MARKED.search(one) for one in looks)
        found["pattern"] += any(match[1] in patterns for one in looks for match in _LINK.finditer(one))
        found["text"] += tag_of(element) == "text" and bool("".join(element.itertext()).strip())
        found["piece of HTML"] += tag_of(element) == "foreignObject"
        outside = any(name.rpartition("}")[2] == "href" and not _inside(value) for name, value in element.items())
        found["picture of another file"] += tag_of(element) == "image" and outside
    return not_drawn(found)


def _inside(link: str) -> bool:
    return link.strip().startswith(("#", "data:"))


def _made_safe(root: Element, label: str) -> None:
    """Take out what reads other files, and filters, patterns, markers; refuse what is nested too deeply.

    Say in words that resvg knows today's colours, and strokes that keep their width however they are scaled.
    """
    todo = [(root, 1, False, _Pen(scale=_zoom(root)))]
    while todo:
        element, depth, faint, pen = todo.pop()
        pen = pen.inside(element)
        known = functools.partial(_known_colour, pen.variables)
        if "non-scaling-stroke" in element.get("vector-effect", "") + element.get("style", ""):
            others = _WIDTH.sub("", element.get("style", "")).strip("; ")
            element.set("style", f"stroke-width:{pen.width / pen.scale:.6g};{others}")
        if depth > MAX_DEPTH:
            raise BadInputError(f"{label} is nested too deeply.", why=f"The limit is {MAX_DEPTH}.", fix="Flatten it.")
        for name, value in list(element.attrib.items()):
            linked = name.rpartition("}")[2] == "href" and not _inside(value)
            if linked or name == "filter" or name.startswith("marker"):
                del element.attrib[name]
            elif name == "style":
                element.set(name, _COLOUR.sub(known, _COSTLY.sub("", value)))
            elif name in _PAINTED:
                element.set(name, _COLOUR.sub(known, value))
        faint = faint or any(f"{paint}-opacity" in name + value for paint in _PAINTS for name, value in element.items())
        if (
            tag_of(element) in _LINES and "opacity" in element.attrib and not faint
        ):  # of lines it is that of their paint
            element.attrib |= dict.fromkeys((f"{paint}-opacity" for paint in _PAINTS), element.attrib.pop("opacity"))
        for child in list(element):
            if tag_of(child) in _TAKEN_OUT:
                element.remove(child)
            else:
                todo.append((child, depth + 1, faint, pen))


@frozen
class _Pen:
    """How wide lines are here, how much larger they come out, and what CSS variables say."""

    width: float = 1.0
    scale: float = 1.0
    variables: Mapping[str, str] = {}

    def inside(self, element: Element) -> _Pen:
        """In an element: its own width, transformations and variables."""
        style = element.get("style", "")
        own = {name: value.strip() for name, value in _VARIABLE.findall(style)} if "--" in style else {}
        said = _WIDTH.findall(style)
        width = _number(said[-1] if said else element.get("stroke-width", ""), self.width)
        size = math.prod(_size(how, numbers) for how, numbers in _DETERMINANT.findall(element.get("transform", "")))
        return _Pen(
            width, self.scale * math.sqrt(abs(size)) or self.scale, {**self.variables, **own} if own else self.variables
        )


def _size(how: str, numbers: str) -> float:
    """How much larger areas become by a transformation."""
    values = [_number(one, 0.0) for one in re.split(r"[\s,]+", numbers.strip())]
    if how == "matrix":
        return values[0] * values[3] - values[1] * values[2] if len(values) == 6 else 1.0
    return values[0] * values[-1]


def _zoom(root: Element) -> float:
    """How many pixels, as its width says, a unit of the root's viewBox has."""
    box, width = root.get("viewBox", "").replace(",", " ").split(), _LENGTH.fullmatch(root.get("width", ""))
    return (_number(width[1], 1.0) / (_number(box[2], 0.0) or 1.0) if width and len(box) == 4 else 0.0) or 1.0


def _known_colour(variables: Mapping[str, str], found: re.Match[str], depth: int = 0) -> str:
    """A colour as resvg reads it: of `rgb(0 0 0 / 80%)` the same; of others the lightness; of a variable its value, or
    what it is without it, or black; of a mixture what it has most of."""
    how, inside = found[1], found[2]
    if how in ("var", "light-dark", "color-mix"):
        first, _, rest = inside.partition(",")
        shares = [one.strip().rpartition(" ") for one in _outer(rest) if one.endswith("%")]
        most = next((one for one, _, share in shares if _number(share.rstrip("%"), 0.0) > 50), "")
        value = variables.get(first.strip(), rest) or "#000"
        given = {"var": value, "light-dark": first}.get(how, most or "#000").strip()
        deeper = functools.partial(_known_colour, variables, depth=depth + 1)
        return _COLOUR.sub(deeper, given) if depth < 4 else "#000"
    colour, _, alpha = inside.partition("/")
    values = [one for one in re.split(r"[\s,]+", colour.strip()) if one]
    if how == "color":
        values = [f"{100 * _number(one, 0.0):g}%" if not one.endswith("%") else one for one in values[1:]]
    elif how not in ("rgb", "rgba", "hsl", "hsla"):
        light = _number(values[0].rstrip("%"), 0.0) if values else 0.0
        light *= 1.0 if (values and values[0].endswith("%")) or how in ("lab", "lch") else 100.0
        values = [f"{light:g}%"] * 3 if how != "hwb" else [f"{_number(values[1].rstrip('%'), 0.0):g}%"] * 3
    shade = "hsl" if how.startswith("hsl") else "rgb"
    alpha = alpha.strip() or (values.pop() if len(values) > 3 else "1")
    share = _number(alpha.rstrip("%"), 1.0) / (100 if alpha.endswith("%") else 1)
    return f"{shade}a({', '.join(values[:3])}, {share:g})" if len(values) >= 3 else found[0]


def _outer(text: str) -> list[str]:
    """Apart at the commas that are in no brackets."""
    return re.findall(r"(?:[^,()]|\([^()]*\))+", text)


def _number(text: str, otherwise: float) -> float:
    try:
        value = float(text)
    except ValueError:
        return otherwise
    return value if math.isfinite(value) else otherwise


def _too_many(label: str, count: int) -> BadInputError:
    why = f"It has some {count} elements; the limit is {MAX_ELEMENTS}."
    return BadInputError(f"{label} would take too long to draw.", why=why, fix="Join its paths, or export it as a PNG.")


def _too_costly(label: str) -> BadInputError:
    why = f"More than {SECONDS:g} s a megabyte, or 3 GB of memory."
    return BadInputError(f"{label} would take too long to draw.", why=why, fix="Flatten it, or export it as a PNG.")


def _unreadable(label: str, why: str) -> BadInputError:
    return BadInputError(f"{label} is not a readable SVG.", why=why, fix="Export it again.")
