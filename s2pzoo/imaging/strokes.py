"""Drawings as strokes: pen lines, and filled areas where a drawing has them, in a square canvas of side 1.

Strokes JSON, the form that `to_json` writes (`imaging.formats` reads it, and those of others):

    {"canvas": [w, h],
     "strokes": [{"points": [[x, y], ...], "width": w, "shade": 0.0},
                 {"rings": [[[x, y], ...], ...], "rule": "nonzero", "shade": 0.0}, ...]}

Points and widths are in units of the canvas, x to the right and y down. `width` may be left out (1/128 of the canvas),
`shade` too (0 is black, 1 is white). An entry with `rings` is a filled area. Marks are painted in their order.

An entry may be the bare list of points. Without a canvas, coordinates that all lie in [0, 1] are taken as they are;
otherwise the drawing is centred with a margin.

A canvas that is not square is centred in a square with the longer side.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from attrs import evolve, field, frozen

from s2pzoo.errors import BadInputError
from s2pzoo.spec.reading import UnreadableError, read_regular

DEFAULT_WIDTH = 1 / 128
"""Width of a line that does not say, as a part of the canvas side."""

MARGIN = 0.06
"""Left free on every side when a drawing comes without a canvas."""

MAX_POINTS = 500_000
MAX_MARKS = 40_000
FAR = 100.0
"""No point may lie further than this many canvases away."""

FORM = 'The form is {"canvas": [w, h], "strokes": [{"points": [[x, y], ...], "width": w}, ...]}.'


def not_drawn(found: Counter[str]) -> tuple[str, ...]:
    """What is in a drawing and not in its picture, in words."""
    told = [f"{count} {name}{'s' * (count > 1)}" for name, count in found.items() if count]
    return (f"not drawn: {', '.join(told)}",) if told else ()


def _points(value: Any) -> np.ndarray:
    array = np.array(value, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] not in (2, 3) or len(array) == 0:
        raise BadInputError(f"Points of shape {array.shape}.", why="A stroke is (M, 2) with M at least 1.", fix=FORM)
    array = array[:, :2].copy()  # a third number is the pen's pressure, or the time
    if not np.isfinite(array).all():
        raise BadInputError("A stroke has points that are NaN or infinite.", fix=FORM)
    array.setflags(write=False)
    return array


@frozen(kw_only=True)
class Stroke:
    """One pen line with round ends. A single point is a dot."""

    points: np.ndarray = field(converter=_points, eq=False)
    """(M, 2) float64, x and y, unit canvas."""
    width: float = DEFAULT_WIDTH
    """In canvas sides."""
    shade: float = 0.0
    """0 ink .. 1 paper."""


@frozen(kw_only=True)
class Area:
    """A filled shape of one or more closed rings (holes, islands)."""

    rings: tuple[np.ndarray, ...] = field(converter=lambda rings: tuple(map(_points, rings)), eq=False)
    shade: float = 0.0
    rule: str = "nonzero"
    """"nonzero" or "evenodd"."""


Mark = Stroke | Area


@frozen(kw_only=True)
class Strokes:
    """A drawing as marks in painting order."""

    marks: tuple[Mark, ...] = ()
    notes: tuple[str, ...] = ()
    """What of its file is not among them, in words."""

    @classmethod
    def of(cls, lines: Iterable[Any], *, width: float = DEFAULT_WIDTH) -> Strokes:
        """From (M, 2) point lists in the unit canvas, all of one width."""
        return cls(marks=tuple(Stroke(points=line, width=width) for line in lines))

    @property
    def lines(self) -> tuple[Stroke, ...]:
        """The pen lines, without filled areas."""
        return tuple(mark for mark in self.marks if isinstance(mark, Stroke))

    @property
    def points(self) -> tuple[np.ndarray, ...]:
        """(M, 2) points of every pen line."""
        return tuple(line.points for line in self.lines)

    @property
    def widths(self) -> tuple[float, ...]:
        """Width of every pen line, in canvas sides."""
        return tuple(line.width for line in self.lines)

    def box(self) -> tuple[float, float, float, float]:
        """x0, y0, x1, y1 around all points; the whole canvas when there is none."""
        arrays = [array for mark in self.marks for array in _arrays(mark)]
        if not arrays:
            return 0.0, 0.0, 1.0, 1.0
        low = np.min([array.min(axis=0) for array in arrays], axis=0)
        high = np.max([array.max(axis=0) for array in arrays], axis=0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])

    def moved(self, *, scale: float = 1.0, x: float = 0.0, y: float = 0.0, scale_widths: bool = False) -> Strokes:
        """Every point p becomes p * scale + (x, y); widths stay unless told."""
        shift, thicker = np.array([x, y]), scale if scale_widths else 1.0
        return evolve(self, marks=tuple(_moved(mark, scale, shift, thicker) for mark in self.marks))

    def turned(self, angle: float) -> Strokes:
        """About the origin, by so many degrees, clockwise on the screen."""
        c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        turn = np.array([[c, s], [-s, c]])
        return evolve(self, marks=tuple(_mapped(mark, lambda points: points @ turn) for mark in self.marks))

    def inverted(self) -> Strokes:
        """Light marks become dark and dark ones light."""
        return evolve(self, marks=tuple(evolve(mark, shade=1.0 - mark.shade) for mark in self.marks))

    def to_data(self) -> dict[str, Any]:
        """The form of a strokes JSON, canvas [1, 1], coordinates rounded to 1e-5."""
        return {"canvas": [1, 1], "strokes": [_entry(mark) for mark in self.marks]}

    def to_json(self) -> str:
        return json.dumps(self.to_data(), separators=(",", ":"))

    def to_svg(self, *, size: int = 512) -> str:
        """An SVG document with a square viewBox of `size` units."""
        body = "\n".join("  " + _svg_mark(mark, size) for mark in self.marks)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" fill="none" '
            f'stroke-linecap="round" stroke-linejoin="round">\n{body}\n</svg>\n'
        )


def on_canvas(marks: Sequence[Mark], canvas: tuple[float, float, float, float] | None) -> Strokes:
    """Bring marks from a canvas (x, y, width, height) to the unit square.

    Without one they are taken as they are where they lie in it, else centred with a margin.

    Raises BadInputError for a canvas without area, points too far away, or too many points.
    """
    drawn = Strokes(marks=tuple(marks))
    if sum(len(array) for mark in marks for array in _arrays(mark)) > MAX_POINTS:
        raise BadInputError("The drawing has too many points.", why=f"The limit is {MAX_POINTS}.", fix="Simplify it.")
    x0, y0, x1, y1 = drawn.box()
    unit = (0.0, 0.0, 1.0, 1.0) if min(x0, y0) >= 0 and max(x1, y1) <= 1 else None
    x, y, width, height = canvas or unit or canvas_about(drawn)
    side = max(width, height)
    if not (math.isfinite(x + y + width + height) and width > 0 and height > 0):
        raise BadInputError(
            f"The canvas of {width:g} x {height:g} has no area.", fix="Give a positive width and height."
        )
    scale = 1.0 / side
    moved = drawn.moved(
        scale=scale, x=((side - width) / 2 - x) * scale, y=((side - height) / 2 - y) * scale, scale_widths=True
    )
    if max(abs(edge) for edge in moved.box()) > FAR:
        raise BadInputError("The drawing lies far outside its canvas.", fix="Check the canvas.")
    if (widest := max(moved.widths, default=0.0)) > FAR:
        raise BadInputError(f"A line is {widest:g} times as wide as the canvas.", fix="Check its width.")
    return moved


def read_limited(path: Path, limit: int) -> bytes:
    """The bytes of a regular file of at most `limit` bytes. Raises BadInputError."""
    try:
        return read_regular(path, limit=limit)
    except (FileNotFoundError, UnreadableError) as error:
        why = "There is no such file." if isinstance(error, FileNotFoundError) else str(error)
        raise BadInputError(f"{path} cannot be read.", why=why, fix="Give a smaller or another file.") from error


def canvas_about(drawn: Strokes) -> tuple[float, float, float, float]:
    """The canvas in whose middle the drawing is, with a margin."""
    x0, y0, x1, y1 = drawn.box()
    side = max(x1 - x0, y1 - y0, 1e-9) / (1 - 2 * MARGIN)
    return (x0 + x1 - side) / 2, (y0 + y1 - side) / 2, side, side


def entries_of(data: Any) -> Strokes:
    """From the parsed form of a strokes JSON, or the list of its strokes. Raises BadInputError."""
    canvas, entries = None, data
    if isinstance(data, Mapping):
        entries = data.get("strokes")
        if data.get("canvas") is not None:
            width, height = _pair(data["canvas"])
            canvas = (0.0, 0.0, width, height)
    if not isinstance(entries, list | tuple):
        raise BadInputError("These are not strokes.", why="There is no list of strokes.", fix=FORM)
    if len(entries) > MAX_MARKS:
        why = f"The limit is {MAX_MARKS}."
        raise BadInputError(f"The drawing has {len(entries)} strokes.", why=why, fix="Join some, or leave some out.")
    default = DEFAULT_WIDTH * max(canvas[2:]) if canvas else math.nan
    try:
        marks = [_mark(entry, default) for entry in entries]
    except BadInputError:
        raise
    except (TypeError, ValueError, KeyError, IndexError, OverflowError) as error:
        raise BadInputError("These are not strokes.", why=str(error), fix=FORM) from error
    drawn = on_canvas(marks, canvas)
    return Strokes(
        marks=tuple(
            evolve(mark, width=DEFAULT_WIDTH) if isinstance(mark, Stroke) and math.isnan(mark.width) else mark
            for mark in drawn.marks
        )
    )


def _mark(entry: Any, default: float) -> Mark:
    if not isinstance(entry, Mapping):
        return Stroke(points=np.array(entry, np.float64)[:, :2], width=default)
    shade = float(np.clip(float(entry.get("shade", 0.0)), 0, 1))
    if "rings" in entry:
        rule = entry.get("rule", "nonzero")
        if rule not in ("nonzero", "evenodd"):
            raise BadInputError(f"Fill rule {rule!r} is not known.", fix='Use "nonzero" or "evenodd".')
        return Area(rings=entry["rings"], shade=shade, rule=rule)
    width = float(entry["width"]) if entry.get("width") is not None else default
    if "width" in entry and not (math.isfinite(width) and width > 0):
        raise BadInputError(f"A stroke has width {width:g}.", why="A width is a positive number.", fix=FORM)
    return Stroke(points=entry["points"], width=width, shade=shade)


def _pair(value: Any) -> tuple[float, float]:
    try:
        width, height = (float(side) for side in value)
    except (TypeError, ValueError) as error:
        raise BadInputError(f"Canvas {value!r} is not a size.", why=str(error), fix=FORM) from error
    return width, height


def _arrays(mark: Mark) -> tuple[np.ndarray, ...]:
    return (mark.points,) if isinstance(mark, Stroke) else mark.rings


def _moved(mark: Mark, scale: float, shift: np.ndarray, thicker: float) -> Mark:
    moved = _mapped(mark, lambda points: points * scale + shift)
    return evolve(moved, width=moved.width * thicker) if isinstance(moved, Stroke) else moved


def _mapped(mark: Mark, change: Callable[[np.ndarray], np.ndarray]) -> Mark:
    if isinstance(mark, Stroke):
        return evolve(mark, points=change(mark.points))
    return evolve(mark, rings=tuple(map(change, mark.rings)))


def _entry(mark: Mark) -> dict[str, Any]:
    shade = {} if mark.shade == 0 else {"shade": round(mark.shade, 3)}
    if isinstance(mark, Stroke):
        return {"points": np.round(mark.points, 5).tolist(), "width": round(mark.width, 6), **shade}
    return {"rings": [np.round(ring, 5).tolist() for ring in mark.rings], "rule": mark.rule, **shade}


def _svg_mark(mark: Mark, size: int) -> str:
    paths = ["M" + " L".join(f"{x:.2f},{y:.2f}" for x, y in array * size) for array in _arrays(mark)]
    grey = f"#{round(mark.shade * 255):02x}" + f"{round(mark.shade * 255):02x}" * 2
    if isinstance(mark, Stroke):
        dot = "h0" if len(mark.points) == 1 else ""
        return f'<path d="{paths[0]}{dot}" stroke="{grey}" stroke-width="{mark.width * size:.2f}"/>'
    return f'<path d="{" ".join(path + "Z" for path in paths)}" fill="{grey}" fill-rule="{mark.rule}"/>'
