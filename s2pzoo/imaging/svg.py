"""SVG drawings -> strokes: path, line, polyline, polygon, rect, circle, ellipse, groups, `use`, transforms, simple CSS.

Curves are flattened. Text, pictures, clips, masks, patterns and dashes are left out. The XML is read with entity
declarations refused, so that no document can grow while it is parsed, and nothing is ever fetched.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

import numpy as np
from attrs import evolve, frozen
from PIL import ImageColor

from s2pzoo.errors import BadInputError
from s2pzoo.imaging.strokes import MAX_POINTS, Area, Mark, Stroke, Strokes, on_canvas, read_limited
from s2pzoo.imaging.svgpath import Flattener, ellipse_points, parse_path

MAX_BYTES = 20_000_000
MAX_DEPTH = 100
MAX_SHAPES = 50_000

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_TRANSFORM = re.compile(r"(matrix|translate|scale|rotate|skewX|skewY)\s*\(([^)]*)\)")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_SKIPPED = {"defs", "symbol", "clipPath", "mask", "pattern", "marker", "style", "metadata", "title", "desc"}
_GROUPS = {"svg", "g", "a", "switch"}
_INHERITED = ("fill", "stroke", "stroke-width", "fill-rule", "visibility", "fill-opacity", "stroke-opacity", "color")
_UNITS = {"px": 1.0, "pt": 4 / 3, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0}


@frozen(kw_only=True)
class _State:
    """What a shape inherits from the groups around it."""

    matrix: np.ndarray
    style: Mapping[str, str]
    opacity: float = 1.0
    depth: int = 0


def read_svg(path: str | os.PathLike[str]) -> Strokes:
    """The lines and filled shapes of an SVG file. Raises BadInputError."""
    return parse_svg(read_limited(Path(path), MAX_BYTES), label=str(path))


def parse_svg(data: bytes, *, label: str = "the SVG") -> Strokes:
    """The visible lines and filled shapes of an SVG document, in painting order. Raises BadInputError."""
    root = _parse_xml(data, label)
    if _tag(root) != "svg":
        raise BadInputError(f"{label} is not an SVG", why=f"its root is <{_tag(root)[:40]}>", fix="give an SVG drawing")
    canvas = _canvas(root)
    reader = _Reader(root, chord=max(canvas[2:]) / 256 if canvas else 1.0)
    marks = reader.marks(root)
    return on_canvas(marks, canvas)


def _parse_xml(data: bytes, label: str) -> Element:
    builder, parser = TreeBuilder(), expat.ParserCreate(namespace_separator="}")
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise BadInputError(f"{label} is nested too deeply", why=f"the limit is {MAX_DEPTH}", fix="flatten it")
        builder.start(name, attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(name)

    def doctype(name: str, system: str | None, public: str | None, has_subset: int) -> None:
        # A bare <!DOCTYPE svg PUBLIC ...>, which drawing programs write, is harmless: it is never fetched.
        if has_subset:
            raise _entities(label)

    def entity(*_: object) -> None:
        raise _entities(label)

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler, parser.EntityDeclHandler = doctype, entity
    try:
        parser.Parse(data, True)
        return builder.close()
    except BadInputError:
        raise
    except (expat.ExpatError, AssertionError, ValueError, LookupError) as error:
        raise BadInputError(
            f"{label} is not a readable SVG", why=f"the XML is broken: {error}", fix="export it again"
        ) from error


def _entities(label: str) -> BadInputError:
    return BadInputError(
        f"{label} declares XML entities",
        why="they can make a small file grow without limit, so they are refused",
        fix='export it as "plain SVG"',
    )


class _Reader:
    def __init__(self, root: Element, *, chord: float) -> None:
        self._chord = chord
        self._rules = list(_style_rules(root))
        self._by_id = {e.get("id"): e for e in root.iter() if e.get("id")}
        self._shapes = 0
        self._points = 0

    def marks(self, root: Element) -> list[Mark]:
        return list(self._children(root, _State(matrix=np.eye(3), style=self._style(root, {}))))

    def _children(self, group: Element, state: _State) -> Iterator[Mark]:
        for child in group:
            yield from self._element(child, state)

    def _element(self, element: Element, state: _State) -> Iterator[Mark]:
        tag = _tag(element)
        if tag in _SKIPPED or state.depth > MAX_DEPTH:
            return
        self._shapes += 1
        if self._shapes > MAX_SHAPES:
            raise BadInputError("the SVG has too many shapes", why=f"the limit is {MAX_SHAPES}", fix="simplify it")
        style = self._style(element, state.style)
        if style.get("display") == "none":
            return
        inner = evolve(
            state,
            matrix=state.matrix @ _transform(element.get("transform", "")),
            style=style,
            opacity=state.opacity * _fraction(style.get("opacity", "1")),
            depth=state.depth + 1,
        )
        if tag in _GROUPS:
            yield from self._children(element, _shifted(inner, element) if tag == "svg" else inner)
        elif tag == "use":
            yield from self._use(element, inner)
        elif style.get("visibility", "visible") == "visible":
            yield from self._shape(element, tag, inner)

    def _use(self, element: Element, state: _State) -> Iterator[Mark]:
        link = element.get("href") or element.get("http://www.w3.org/1999/xlink}href") or ""
        target = self._by_id.get(link.removeprefix("#"))
        if target is None:
            return
        moved = _shifted(state, element)
        if _tag(target) == "symbol":
            yield from self._children(target, moved)
        else:
            yield from self._element(target, moved)

    def _style(self, element: Element, above: Mapping[str, str]) -> dict[str, str]:
        style = {name: above[name] for name in _INHERITED if name in above}
        own = (*_INHERITED, "opacity", "display")
        style.update({name: value.strip() for name in own if (value := element.get(name)) is not None})
        classes = set((element.get("class") or "").split())
        keys = {_tag(element), "*", f"#{element.get('id')}", *(f".{c}" for c in classes)}
        keys |= {f"{_tag(element)}.{c}" for c in classes}
        for selector, declarations in self._rules:
            if selector in keys:
                style.update(declarations)
        style.update(_declarations(element.get("style", "")))
        return {name: value for name, value in style.items() if value != "inherit"}

    def _shape(self, element: Element, tag: str, state: _State) -> Iterator[Mark]:
        scale = math.sqrt(abs(float(np.linalg.det(state.matrix[:2, :2]))))
        if not math.isfinite(scale) or scale == 0:
            return
        lines = _outline(element, tag, Flattener(chord=self._chord / scale))
        lines = [(_apply(state.matrix, points), closed) for points, closed in lines if len(points)]
        lines = [(points, closed) for points, closed in lines if np.isfinite(points).all()]
        self._points += sum(len(points) for points, _ in lines)
        if self._points > MAX_POINTS:
            raise BadInputError("the SVG has too many points", why=f"the limit is {MAX_POINTS}", fix="simplify it")
        style = state.style
        fill = _shade(style.get("fill", "black"), style, state.opacity * _fraction(style.get("fill-opacity", "1")))
        rings = [points for points, _ in lines if len(points) > 2]
        if fill is not None and rings and tag != "line":
            yield Area(rings=tuple(rings), shade=fill, rule=_rule(style))
        ink = _shade(style.get("stroke", "none"), style, state.opacity * _fraction(style.get("stroke-opacity", "1")))
        width = _length(style.get("stroke-width", "1"), default=1.0) * scale
        if ink is not None and width > 0:
            for points, closed in lines:
                whole = np.vstack([points, points[:1]]) if closed and len(points) > 1 else points
                yield Stroke(points=whole, width=width, shade=ink)


def _outline(element: Element, tag: str, flat: Flattener) -> list[tuple[np.ndarray, bool]]:
    """Sub-paths in user units, and whether each is closed."""

    def number(name: str) -> float:
        return _length(element.get(name, "0"), default=0.0)

    if tag == "path":
        return parse_path(element.get("d", ""), flat)
    if tag in ("polyline", "polygon"):
        values = [float(v) for v in _NUMBER.findall(element.get("points", ""))]
        return [(np.array(values[: len(values) // 2 * 2]).reshape(-1, 2), tag == "polygon")]
    if tag == "line":
        return [(np.array([[number("x1"), number("y1")], [number("x2"), number("y2")]]), False)]
    if tag == "rect":
        return _rectangle(number("x"), number("y"), number("width"), number("height"), element, flat)
    if tag in ("circle", "ellipse"):
        rx, ry = (number("r"),) * 2 if tag == "circle" else (number("rx"), number("ry"))
        if rx > 0 and ry > 0:
            return [(ellipse_points((number("cx"), number("cy")), (rx, ry), 0.0, 0.0, 2 * math.pi, flat)[:-1], True)]
    return []


def _rectangle(
    x: float, y: float, width: float, height: float, element: Element, flat: Flattener
) -> list[tuple[np.ndarray, bool]]:
    if width <= 0 or height <= 0:
        return []
    rx = _length(element.get("rx") or element.get("ry") or "0", default=0.0)
    ry = _length(element.get("ry") or element.get("rx") or "0", default=0.0)
    rx, ry = min(max(rx, 0), width / 2), min(max(ry, 0), height / 2)
    if rx == 0 or ry == 0:
        return [(np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]]), True)]
    right, low = x + width - rx, y + height - ry
    centres = [(right, y + ry), (right, low), (x + rx, low), (x + rx, y + ry)]
    corners = [
        ellipse_points(centre, (rx, ry), 0.0, math.pi / 2 * (i - 1), math.pi / 2, flat)
        for i, centre in enumerate(centres)
    ]
    return [(np.vstack(corners), True)]


def _canvas(root: Element) -> tuple[float, float, float, float] | None:
    box = [float(v) for v in _NUMBER.findall(root.get("viewBox", ""))]
    if len(box) == 4 and box[2] > 0 and box[3] > 0:
        return box[0], box[1], box[2], box[3]
    width, height = (_length(root.get(name, ""), default=0.0) for name in ("width", "height"))
    return (0.0, 0.0, width, height) if width > 0 and height > 0 else None


def _shifted(state: _State, element: Element) -> _State:
    move = np.eye(3)
    move[:2, 2] = _length(element.get("x", "0"), default=0.0), _length(element.get("y", "0"), default=0.0)
    return evolve(state, matrix=state.matrix @ move)


def _transform(text: str) -> np.ndarray:
    matrix = np.eye(3)
    for name, arguments in _TRANSFORM.findall(text):
        values = [float(v) for v in _NUMBER.findall(arguments)]
        matrix = matrix @ _one_transform(name, values)
    return matrix


def _one_transform(name: str, v: list[float]) -> np.ndarray:
    if name == "matrix" and len(v) == 6:
        return np.array([[v[0], v[2], v[4]], [v[1], v[3], v[5]], [0, 0, 1]])
    if name == "translate" and v:
        return np.array([[1, 0, v[0]], [0, 1, v[1] if len(v) > 1 else 0], [0, 0, 1]])
    if name == "scale" and v:
        return np.diag([v[0], v[1] if len(v) > 1 else v[0], 1.0])
    if name == "rotate" and v:
        cos, sin = math.cos(math.radians(v[0])), math.sin(math.radians(v[0]))
        x, y = (v[1], v[2]) if len(v) > 2 else (0.0, 0.0)
        return np.array([[cos, -sin, x - cos * x + sin * y], [sin, cos, y - sin * x - cos * y], [0, 0, 1]])
    if name in ("skewX", "skewY") and v:
        matrix = np.eye(3)
        matrix[(0, 1) if name == "skewX" else (1, 0)] = math.tan(math.radians(v[0]))
        return matrix
    return np.eye(3)


def _apply(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    return points @ matrix[:2, :2].T + matrix[:2, 2]


def _style_rules(root: Element) -> Iterator[tuple[str, dict[str, str]]]:
    """Rules with one tag, class or id as selector, which is what drawing programs write."""
    for element in root.iter():
        if _tag(element) == "style":
            text = re.sub(r"/\*.*?\*/", "", element.text or "", flags=re.DOTALL)
            for selectors, body in _RULE.findall(text):
                for selector in selectors.split(","):
                    yield selector.strip(), _declarations(body)


def _declarations(text: str) -> dict[str, str]:
    pairs = (part.partition(":") for part in text.split(";"))
    return {name.strip(): value.replace("!important", "").strip() for name, colon, value in pairs if colon}


def _shade(paint: str, style: Mapping[str, str], opacity: float) -> float | None:
    """0 ink .. 1 paper, or None when nothing is painted. A gradient counts as its line, black."""
    if paint == "currentColor":
        paint = style.get("color", "black")
    if paint in ("none", "transparent") or opacity <= 0:
        return None
    try:
        red, green, blue, *alpha = ImageColor.getrgb(paint)
    except ValueError:
        red = green = blue = 0
        alpha = []
    opacity *= alpha[0] / 255 if alpha else 1.0
    light = (0.299 * red + 0.587 * green + 0.114 * blue) / 255
    return 1.0 - (1.0 - light) * opacity if opacity > 0 else None


def _rule(style: Mapping[str, str]) -> str:
    return "evenodd" if style.get("fill-rule") == "evenodd" else "nonzero"


def _length(text: str, *, default: float) -> float:
    match = _NUMBER.match(text.strip())
    if not match or text.strip().endswith("%"):
        return default
    value = float(match.group()) * _UNITS.get(text.strip()[match.end() :].strip().lower(), 1.0)
    return value if math.isfinite(value) else default


def _fraction(text: str) -> float:
    match = _NUMBER.match(text.strip())
    if not match:
        return 1.0
    return min(max(float(match.group()) / (100 if text.strip().endswith("%") else 1), 0.0), 1.0)


def _tag(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
