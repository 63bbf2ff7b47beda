"""The `d` of an SVG path -> flattened sub-paths (SVG 1.1, section 8.3 and appendix F.6)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import numpy as np
from attrs import frozen

_COMMAND = re.compile(r"[\s,]*([MmZzLlHhVvCcSsQqTtAa])")
_NUMBER = re.compile(r"[\s,]*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)")
_FLAG = re.compile(r"[\s,]*([01])")
_ARGUMENTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7, "Z": 0}

Point = tuple[float, float]


@frozen(kw_only=True)
class Flattener:
    """Cuts curves into chords of about `chord` units, at most 256 a curve."""

    chord: float

    def steps(self, length: float) -> int:
        return int(np.clip(math.ceil(length / max(self.chord, 1e-12)) if math.isfinite(length) else 256, 4, 256))

    def bezier(self, *control: Point) -> np.ndarray:
        """(n + 1, 2) points of a quadratic or cubic curve, both ends included."""
        points = np.array(control)
        n = self.steps(float(np.hypot(*np.diff(points, axis=0).T).sum()))
        t = np.linspace(0, 1, n + 1)[:, None, None]
        levels = np.broadcast_to(points, (n + 1, *points.shape))
        while levels.shape[1] > 1:  # De Casteljau, all t at once
            levels = levels[:, :-1] * (1 - t) + levels[:, 1:] * t
        return levels[:, 0]


def ellipse_points(centre: Point, radii: Point, turn: float, start: float, sweep: float, flat: Flattener) -> np.ndarray:
    """(n + 1, 2) points of an elliptic arc, both ends included; angles in radians."""
    n = flat.steps(abs(sweep) * max(radii))
    angle = start + sweep * np.linspace(0, 1, n + 1)
    x, y = radii[0] * np.cos(angle), radii[1] * np.sin(angle)
    cos, sin = math.cos(turn), math.sin(turn)
    return np.stack([centre[0] + cos * x - sin * y, centre[1] + sin * x + cos * y], axis=1)


def parse_path(text: str, flat: Flattener) -> list[tuple[np.ndarray, bool]]:
    """Sub-paths as ((M, 2) points, closed). A broken path is read up to its error, as SVG asks."""
    pen, position, command = _Pen(flat), 0, ""
    while True:
        match = _COMMAND.match(text, position)
        if match:
            command, position = match.group(1), match.end()
        elif not command or command in "Zz":
            break
        values, position = _arguments(text, position, command)
        if values is None:
            break
        pen.draw(command, values)
        command = {"M": "L", "m": "l"}.get(command, command)
    return pen.finished()


def _arguments(text: str, position: int, command: str) -> tuple[list[float] | None, int]:
    values: list[float] = []
    for index in range(_ARGUMENTS[command.upper()]):
        # The two flags of an arc may be written without a space: "a1 1 0 01.5.5".
        pattern = _FLAG if command in "Aa" and index in (3, 4) else _NUMBER
        match = pattern.match(text, position)
        if not match:
            return None, position
        values.append(float(match.group(1)))
        position = match.end()
    return values, position


class _Pen:
    def __init__(self, flat: Flattener) -> None:
        self._flat = flat
        self._done: list[tuple[np.ndarray, bool]] = []
        self._line: list[np.ndarray] = []
        self._at: Point = (0.0, 0.0)
        self._start: Point = (0.0, 0.0)
        self._handle: Point | None = None
        self._last = ""
        self._verbs: dict[str, Callable[[list[float], bool], None]] = {
            "M": self._move,
            "L": self._straight,
            "H": self._straight,
            "V": self._straight,
            "C": self._cubic,
            "S": self._cubic,
            "Q": self._quadratic,
            "T": self._quadratic,
            "A": self._arc,
            "Z": self._close,
        }

    def draw(self, command: str, values: list[float]) -> None:
        name, relative = command.upper(), command.islower()
        if name == "H":
            values = [values[0], 0.0 if relative else self._at[1]]
        elif name == "V":
            values = [0.0 if relative else self._at[0], values[0]]
        elif name == "S":
            values = [*self._reflected("CS", relative), *values]
        elif name == "T":
            values = [*self._reflected("QT", relative), *values]
        if name not in "MZ" and not self._line:
            self._line = [np.array([self._at])]
            self._start = self._at
        self._verbs[name](values, relative)
        self._last = name

    def finished(self) -> list[tuple[np.ndarray, bool]]:
        self._end(closed=False)
        return self._done

    def _points(self, values: list[float], relative: bool) -> list[Point]:
        x, y = self._at if relative else (0.0, 0.0)
        return [(values[i] + x, values[i + 1] + y) for i in range(0, len(values), 2)]

    def _reflected(self, family: str, relative: bool) -> Point:
        x, y = self._at
        if self._handle is not None and self._last in family:
            x, y = 2 * x - self._handle[0], 2 * y - self._handle[1]
        return (x - self._at[0], y - self._at[1]) if relative else (x, y)

    def _move(self, values: list[float], relative: bool) -> None:
        (point,) = self._points(values, relative)
        self._end(closed=False)
        self._at = self._start = point
        self._line = [np.array([point])]

    def _straight(self, values: list[float], relative: bool) -> None:
        (point,) = self._points(values, relative)
        self._add(np.array([point]), point)

    def _cubic(self, values: list[float], relative: bool) -> None:
        first, second, end = self._points(values, relative)
        self._add(self._flat.bezier(self._at, first, second, end)[1:], end)
        self._handle = second

    def _quadratic(self, values: list[float], relative: bool) -> None:
        control, end = self._points(values, relative)
        self._add(self._flat.bezier(self._at, control, end)[1:], end)
        self._handle = control

    def _arc(self, values: list[float], relative: bool) -> None:
        rx, ry, degrees, large, sweep = values[:5]
        (end,) = self._points(values[5:], relative)
        if rx == 0 or ry == 0:
            self._add(np.array([end]), end)
        elif end != self._at:
            arc = _arc_points(
                self._at, end, (abs(rx), abs(ry)), math.radians(degrees), large > 0, sweep > 0, self._flat
            )
            self._add(arc[1:], end)

    def _close(self, values: list[float], relative: bool) -> None:
        self._end(closed=True)
        self._at = self._start

    def _add(self, points: np.ndarray, end: Point) -> None:
        self._line.append(points)
        self._at = end

    def _end(self, *, closed: bool) -> None:
        # "M x y" alone paints nothing; "M x y Z" or "M x y h 0" is a dot.
        if len(self._line) > 1 or (closed and self._line):
            self._done.append((np.vstack(self._line), closed))
        self._line = []


def _arc_points(
    start: Point, end: Point, radii: Point, turn: float, large: bool, sweep: bool, flat: Flattener
) -> np.ndarray:
    """Endpoint to centre form, SVG appendix F.6.5; radii too small are enlarged, F.6.6."""
    cos, sin = math.cos(turn), math.sin(turn)
    dx, dy = (start[0] - end[0]) / 2, (start[1] - end[1]) / 2
    x1, y1 = cos * dx + sin * dy, cos * dy - sin * dx
    rx, ry = radii
    excess = (x1 / rx) ** 2 + (y1 / ry) ** 2
    if excess > 1:
        rx, ry = rx * math.sqrt(excess), ry * math.sqrt(excess)
    below = (rx * y1) ** 2 + (ry * x1) ** 2
    root = math.sqrt(max(0.0, ((rx * ry) ** 2 - below) / below)) if below > 0 else 0.0
    root = -root if large == sweep else root
    cx, cy = root * rx * y1 / ry, -root * ry * x1 / rx
    centre = (cos * cx - sin * cy + (start[0] + end[0]) / 2, sin * cx + cos * cy + (start[1] + end[1]) / 2)
    first = math.atan2((y1 - cy) / ry, (x1 - cx) / rx)
    last = math.atan2((-y1 - cy) / ry, (-x1 - cx) / rx)
    angle = (last - first) % (2 * math.pi)
    if not sweep:
        angle -= 2 * math.pi
    return ellipse_points(centre, (rx, ry), turn, first, angle, flat)
