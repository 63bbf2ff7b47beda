"""Strokes in the forms in which people have them: our own JSON, and those of data sets and other programs.

    s2pzoo      {"canvas": [w, h], "strokes": [...]}, see `imaging.strokes`
    points      a list of strokes, each a list of points (x, y); a third value, pressure or time, is not used
    quickdraw   a list of strokes, each [xs, ys] or [xs, ys, times]; {"drawing": [...]}; NDJSON, one of these a line;
                the data set's .bin
    stroke-3    sketch-rnn's rows (dx, dy, whether the pen is lifted after it); the data set's .npz
    stroke-5    sketch-rnn's rows (dx, dy, pen down, pen lifted, end)
    excalidraw  an .excalidraw file or its clipboard
    tldraw      a .tldr file, a snapshot or a clipboard

A list of numbers does not say what it is. Where more than one of these fits, we ask and do not guess.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from attrs import evolve

from s2pzoo.errors import BadInputError
from s2pzoo.imaging import quickdraw, sketchrnn
from s2pzoo.imaging.pixels import LUMA
from s2pzoo.imaging.strokes import (
    FORM,
    Area,
    Mark,
    Stroke,
    Strokes,
    canvas_about,
    entries_of,
    not_drawn,
    on_canvas,
    read_limited,
)

MAX_BYTES = 50_000_000
MAX_DRAWINGS = 10_000
_LINES = (".ndjson", ".jsonl")
BINARY: dict[str, tuple[Any, str]] = {
    quickdraw.SUFFIX: (quickdraw, "quickdraw"), sketchrnn.SUFFIX: (sketchrnn, "stroke-3"),
}  # fmt: skip
"""Files of many drawings that are no text: who reads them, and the form that comes of it."""
_MEMBER = re.compile(rf"(.+(?:{'|'.join(map(re.escape, (*_LINES, *BINARY)))}))#([1-9]\d{{0,6}})", re.IGNORECASE)


def members(path: Path) -> list[Path]:
    """The drawings in a file of one a line, QuickDraw's or sketch-rnn's, as FILE#1, FILE#2, ...; of any other the file.

    Raises BadInputError.
    """
    suffix = path.suffix.lower()
    if suffix not in (*BINARY, *_LINES) or not path.is_file():
        return [path]
    if suffix in BINARY:
        numbers = list(range(1, len(BINARY[suffix][0].places(path)) + 1))
    else:
        numbers = [number for number, line in enumerate(read_limited(path, MAX_BYTES).splitlines(), 1) if line.strip()]
    if len(numbers) > MAX_DRAWINGS:
        raise BadInputError(
            f"{path} holds {len(numbers)} drawings.", why=f"The limit is {MAX_DRAWINGS}.",
            fix=f"Take some: head -n 100 {path.name}",
        )  # fmt: skip
    return [path] if len(numbers) < 2 else [path.with_name(f"{path.name}#{number}") for number in numbers]


def home_of(path: Path) -> tuple[Path, int]:
    """The file that a drawing is in, and the line of it in FILE.ndjson#3; 0 where it is the whole file."""
    match = None if path.exists() else _MEMBER.fullmatch(path.name)
    return (path.with_name(match[1]), int(match[2])) if match else (path, 0)


def read_strokes(path: Path, *, form: str = "") -> Strokes:
    """Strokes from a file; FILE.ndjson#3 is its third line. Raises BadInputError."""
    home, number = home_of(path)
    if home.suffix.lower() in BINARY and (number or len(members(home)) < 2):
        return binary_strokes(home, number or 1)
    if number:
        raw = b"".join(read_limited(home, MAX_BYTES).splitlines()[number - 1 : number])
        return strokes_of(_parsed(raw, str(path)), form=form, label=str(path))
    if len(inside := members(path)) > 1:
        raise BadInputError(
            f"{path} holds {len(inside)} drawings.", why="One is wanted here.", fix=f"Name one: {inside[0]}"
        )
    return strokes_of(_parsed(read_limited(path, MAX_BYTES), str(path)), form=form, label=str(path))


def binary_strokes(path: Path, number: int) -> Strokes:
    """The drawing of that number, from 1, of a file of `BINARY`. Raises BadInputError."""
    reader, form = BINARY[path.suffix.lower()]
    places = reader.places(path)
    if number > len(places):
        raise BadInputError(f"{path} has no drawing {number}.", why=f"It has {len(places)}.", fix="Count from 1.")
    return strokes_of(reader.drawing_at(path, places[number - 1]), form=form, label=f"{path}#{number}")


def strokes_of(data: Any, *, form: str = "", label: str = "The drawing") -> Strokes:
    """Strokes from parsed JSON, or Python lists of the same form.

    Args:
        form: one of `FORMS`; by default what the data says that it is.
        label: what it is called in errors.

    Raises:
        BadInputError: it is nothing of the kind; it could be several of them.
    """
    check_form(form)
    try:
        form = form or _told(data, label)
        return FORMS[form](data)
    except BadInputError as error:
        raise BadInputError(
            error.what if label in error.what else f"{label}: {error.what}", why=error.why, fix=error.fix
        ) from error
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError, RecursionError) as error:
        what = f"{label} is not strokes of the form {form}." if form else f"{label} is not strokes."
        raise BadInputError(what, why=f"{type(error).__name__}: {error}", fix=FORM) from error


def check_form(form: str) -> None:
    """Raises BadInputError where there is none of that name."""
    if form and form not in FORMS:
        raise BadInputError(f"There is no form of strokes {form!r}.", fix=f"Use one of {', '.join(FORMS)}.")


def _parsed(raw: bytes, label: str) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        if str(error).startswith("Extra data") and b"\n{" in raw:
            raise BadInputError(
                f"{label} holds more than one JSON document.", why="It looks like NDJSON, a drawing a line.",
                fix="Name it .ndjson.",
            ) from error  # fmt: skip
        raise BadInputError(f"{label} is not valid JSON.", why=str(error), fix=FORM) from error


# Which form it is


def _told(data: Any, label: str) -> str:
    if isinstance(data, Mapping):
        if isinstance(lines := data.get("strokes"), list | tuple):  # our own, unless they cannot be
            plain = "canvas" not in data and lines and all(isinstance(line, list | tuple) for line in lines)
            arrays = plain and all(map(_is_arrays, lines)) and not all(map(_is_points, lines))
            return "quickdraw" if arrays else "s2pzoo"
        for form, keys in _KEYS.items():
            if any(key in data for key in keys):
                return form
    if not isinstance(data, Sequence) or isinstance(data, str | bytes):
        raise BadInputError("These are not strokes.", why="There is no list of strokes.", fix=FORM)
    if any(isinstance(entry, Mapping) for entry in data):
        return "s2pzoo"
    rows = {len(entry) for entry in data if _are_numbers(entry)}
    if data and all(map(_are_numbers, data)):
        flags = np.array([list(entry)[2:] for entry in data], np.float64) if rows in ({3}, {5}) else np.zeros((0, 0))
        if flags.size and np.isin(flags, (0, 1)).all() and (flags.shape[1] == 1 or (flags.sum(1) == 1).all()):
            return f"stroke-{rows.pop()}"
        if flags.size:
            raise BadInputError(
                f"{label} is one list of {rows.pop()} numbers a row.",
                why="The last are no states of a pen, which are 0 or 1: it may be one stroke with pressure or time.",
                fix="A drawing is a list of strokes: [[[x, y, pressure], ...]]. Or say which: --strokes stroke-3.",
            )
        raise BadInputError(
            "This is one list of points.", why="A drawing is a list of strokes.", fix=f"[[[x, y], ...]]. {FORM}"
        )
    if len(data) == 1 and len(data[0]) > 1 and all(map(_are_rows, data[0])):
        raise BadInputError(
            f"{label} can be read in two ways.",
            why="Its one stroke has rows that end in the states of a pen: sketch-rnn's, in a list of its own?",
            fix="Take the outer list away, then it is sketch-rnn's; or say what it is: --strokes points.",
        )
    fits = [form for form, fit in (("points", _is_points), ("quickdraw", _is_arrays)) if all(map(fit, data))]
    if len(fits) > 1 and data:
        raise BadInputError(
            f"{label} can be read in two ways.",
            why="All its strokes have two or three points: [[a, b], [c, d]] is two points, or two x and two y.",
            fix='Say which: --strokes points or --strokes quickdraw; in Python strokes="points".',
        )
    return fits[0] if fits else "points"


_KEYS = {
    "excalidraw": ("elements",), "tldraw": ("records", "shapes", "store", "document"), "quickdraw": ("drawing",),
    "s2pzoo": ("strokes",),
}  # fmt: skip


def _are_numbers(value: Any) -> bool:
    return (
        isinstance(value, Sequence | np.ndarray)
        and len(value) > 0
        and all(isinstance(one, int | float | np.number) for one in value)
    )


def _is_points(stroke: Any) -> bool:
    return len(stroke) > 0 and all(_are_numbers(point) and len(point) in (2, 3) for point in stroke)


def _are_rows(row: Any) -> bool:
    """Of stroke-3 or stroke-5: (dx, dy, states of 0 and 1)."""
    return _are_numbers(row) and len(row) in (3, 5) and all(state in (0, 1) for state in row[2:])


def _is_arrays(stroke: Any) -> bool:
    return len(stroke) in (2, 3) and all(map(_are_numbers, stroke)) and len({len(values) for values in stroke}) == 1


# The forms


def _points(data: Any) -> Strokes:
    return entries_of([stroke for stroke in (data["strokes"] if isinstance(data, Mapping) else data) if len(stroke)])


def _quickdraw(data: Any) -> Strokes:
    strokes = data.get("drawing", data.get("strokes")) if isinstance(data, Mapping) else data
    return _lines([np.array(stroke[:2], np.float64).T for stroke in strokes])


def _stroke3(data: Any) -> Strokes:
    rows = np.array(data, np.float64)
    return _lines(np.split(rows[:, :2].cumsum(0), np.flatnonzero(rows[:, 2] > 0.5) + 1))


def _stroke5(data: Any) -> Strokes:
    rows = np.array(data, np.float64)
    ends = np.flatnonzero(rows[:, 4] > 0.5)
    rows = rows[: ends[0]] if len(ends) else rows
    return _stroke3(np.column_stack([rows[:, :2], rows[:, 3]]))


def _excalidraw(data: Any) -> Strokes:
    marks: list[Mark] = []
    for element in data["elements"]:
        opacity = element.get("opacity", 100) / 100
        if element.get("isDeleted") or opacity == 0:
            continue
        box = np.array([element["x"], element["y"], element.get("width", 0), element.get("height", 0)], np.float64)
        line = element.get("points")
        outline = _outline(element["type"], *box[2:]) if line is None else np.array(line, np.float64)[:, :2]
        if outline is None or not len(outline):
            continue
        middle = (outline.min(0) + outline.max(0)) / 2
        at = _rotated(outline - middle, element.get("angle", 0)) + middle + box[:2]
        if (
            line is None
            and element.get("fillStyle") == "solid"
            and element.get("backgroundColor", "transparent") != "transparent"
        ):
            marks.append(Area(rings=(at,), shade=_seen(_shade(element["backgroundColor"]), opacity)))
        if (colour := element.get("strokeColor", "#000000")) != "transparent":
            shade = _seen(_shade(colour), opacity)
            marks.append(Stroke(points=at, width=float(element.get("strokeWidth", 2)), shade=shade))
    seen = [one["type"] for one in data["elements"] if not one.get("isDeleted")]
    return _drawn(marks, seen)


def _tldraw(data: Any) -> Strokes:
    held = data.get("document", data)
    held = held.get("records") or held.get("shapes") or held.get("store")
    records = list(held.values()) if isinstance(held, Mapping) else held
    shapes = {one["id"]: one for one in records if one.get("typeName", "shape") == "shape"}
    marks: list[Mark] = []
    pages = {one.get("parentId") for one in shapes.values() if one.get("parentId") not in shapes} - {None}
    if len(pages) > 1:
        raise BadInputError(f"It has {len(pages)} pages.", why="A photo is made of one.", fix="Export one page.")
    places: dict[str, Place] = {}
    for shape in shapes.values():
        if (opacity := shape.get("opacity", 1)) == 0:
            continue
        width = {"s": 2.0, "m": 3.5, "l": 5.0, "xl": 10.0}.get(shape["props"].get("size"), 3.5)
        shade = {"black": 0.0, "white": 1.0, "grey": 0.6}.get(shape["props"].get("color"), 0.3)
        closed = shape["type"] == "geo" or shape["props"].get("isClosed")
        angle, offset = _on_page(shape, shapes, places)
        for line in _tldraw_lines(shape["type"], shape["props"]):
            at = _rotated(line, angle) + offset
            if closed and shape["props"].get("fill") in ("solid", "fill"):  # of its colour, paler unless it is "fill"
                pale = shade if shape["props"]["fill"] == "fill" else 0.5 + shade / 2
                marks.append(Area(rings=(at,), shade=_seen(pale, opacity)))
            marks.append(Stroke(points=at, width=width, shade=_seen(shade, opacity)))
    return _drawn(marks, [one["type"] for one in shapes.values()])


def _tldraw_lines(kind: str, props: Mapping[str, Any]) -> Iterator[np.ndarray]:
    if kind in ("draw", "highlight"):
        scale = np.array([props.get("scaleX", 1), props.get("scaleY", 1)])
        parts = [_tldraw_segment(segment) for segment in props["segments"]]
        if any(map(len, parts)):
            yield np.concatenate([part for part in parts if len(part)]) * scale
    elif kind == "line" and isinstance(points := props.get("points") or props.get("handles"), Mapping):
        ordered = sorted(points.values(), key=lambda point: point["index"])
        yield np.array([[point["x"], point["y"]] for point in ordered], np.float64)
    elif kind == "arrow" and "x" in props.get("start", {}):
        yield np.array([[props[end]["x"], props[end]["y"]] for end in ("start", "end")], np.float64)
    elif kind == "geo":
        kind = {"ellipse": "ellipse", "oval": "ellipse", "diamond": "diamond"}.get(props.get("geo", ""), "rectangle")
        outline = _outline(kind, props["w"], props["h"])
        yield np.zeros((1, 2)) if outline is None else outline


def _tldraw_segment(segment: Mapping[str, Any]) -> np.ndarray:
    """Points {x, y}; or packed: half floats (x, y, z); or `path`, floats of the first and half floats of the steps."""
    if isinstance(points := segment.get("points"), str):
        return np.frombuffer(base64.b64decode(points), "<f2").reshape(-1, 3)[:, :2].astype(np.float64)
    if points is not None:
        return np.array([[point["x"], point["y"]] for point in points], np.float64).reshape(-1, 2)
    packed = base64.b64decode(segment.get("path", ""))
    first, steps = np.frombuffer(packed[:12], "<f4"), np.frombuffer(packed[12:], "<f2")
    return np.concatenate([first, steps.astype(np.float64)]).reshape(-1, 3)[:, :2].cumsum(0)


Place = tuple[float, np.ndarray]


def _on_page(shape: Mapping[str, Any], shapes: Mapping[str, Any], places: dict[str, Place]) -> Place:
    """How a shape is turned, and where its origin lies on the page: it lies in groups and frames, whose `places` are
    kept."""
    chain: list[Mapping[str, Any]] = []
    while shape["id"] not in places:
        chain.append(shape)
        if len(chain) > 100:
            raise BadInputError("Its groups are nested too deeply.", fix="Ungroup them.")
        if shape.get("parentId") not in shapes:
            break
        shape = shapes[shape["parentId"]]
    angle, offset = places.get(shape["id"], (0.0, np.zeros(2)))
    for one in reversed(chain):
        offset = offset + _rotated(np.array([one.get("x", 0), one.get("y", 0)], np.float64), angle)
        angle += float(one.get("rotation", 0))
        places[one["id"]] = angle, offset
    return angle, offset


FORMS: dict[str, Callable[[Any], Strokes]] = {
    "s2pzoo": entries_of, "points": _points, "quickdraw": _quickdraw, "stroke-3": _stroke3, "stroke-5": _stroke5,
    "excalidraw": _excalidraw, "tldraw": _tldraw,
}  # fmt: skip


def _lines(lines: Sequence[np.ndarray]) -> Strokes:
    """Strokes of the usual width, centred: their units say nothing."""
    drawn = Strokes.of([line for line in lines if len(line)])
    return Strokes.of(on_canvas(drawn.marks, canvas_about(drawn)).points) if drawn.marks else drawn


_NO_LINES = ("text", "image", "note", "video", "embed", "embeddable", "bookmark", "iframe", "magicframe")


def _drawn(marks: Sequence[Mark], kinds: Sequence[str]) -> Strokes:
    """Marks on a square about them; of the `kinds` of things in a file those are told that have no lines."""
    if kinds and not marks:
        raise BadInputError(
            "There are no lines in it.", why="Texts and pictures are not read.", fix="Export it as a PNG or an SVG."
        )
    if not marks:
        return Strokes()
    notes = not_drawn(Counter(kind for kind in kinds if kind in _NO_LINES))
    return evolve(on_canvas(marks, canvas_about(Strokes(marks=tuple(marks)))), notes=notes)


def _outline(kind: str, width: float, height: float) -> np.ndarray | None:
    """A closed outline in a box, or None of what has none."""
    corners = {
        "rectangle": [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]],
        "diamond": [[0.5, 0], [1, 0.5], [0.5, 1], [0, 0.5], [0.5, 0]],
        "ellipse": [[0.5 + 0.5 * math.cos(t), 0.5 + 0.5 * math.sin(t)] for t in np.linspace(0, 2 * math.pi, 49)],
    }.get(kind)
    return None if corners is None else np.array(corners) * [float(width), float(height)]


def _rotated(points: np.ndarray, angle: float) -> np.ndarray:
    c, s = math.cos(angle), math.sin(angle)
    return points @ np.array([[c, s], [-s, c]])


def _seen(shade: float, opacity: float) -> float:
    """Of a colour that lets the paper through."""
    return 1 - (1 - shade) * float(np.clip(opacity, 0, 1))


def _shade(colour: str) -> float:
    from PIL import ImageColor

    return float(np.dot(ImageColor.getrgb(colour)[:3], LUMA)) / 255
