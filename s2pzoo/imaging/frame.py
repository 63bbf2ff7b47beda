"""Where a drawing sits in its square: padded with paper, fitted to a frame, or found and brought there."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from attrs import frozen
from PIL import Image

from s2pzoo.imaging.strokes import Strokes
from s2pzoo.spec.frame import Found, Frame

Locate = Callable[[np.ndarray], Sequence[Found]]
"""A drawing (S, S), 1 is paper -> what is found in it, the surest first."""

SHIFT, SCALE, TURN = 0.025, 1.04, 3.0
"""What lies in its frame but for this part of the side, this factor and so many degrees stays as it lies."""
BESIDE = 0.04
"""Where more than this share of what lies beside the box is inked, it is told: hatching, a background, hair."""
ROOM = 4 / 3
"""At most so much smaller than its two points say a thing is made, so that it is not cut off above."""


@frozen(kw_only=True)
class Window:
    """A square of a picture, in its pixels; it may reach beyond the picture."""

    x: float
    y: float
    side: float
    angle: float = 0.0
    """By which it is turned about its middle, in degrees, clockwise on the screen."""

    def scaled(self, factor: float) -> Window:
        return Window(x=self.x * factor, y=self.y * factor, side=self.side * factor, angle=self.angle)

    def around(self) -> Window:
        """The upright one that holds it."""
        more = self.side * (abs(math.sin(math.radians(self.angle))) + abs(math.cos(math.radians(self.angle))) - 1)
        return Window(x=self.x - more / 2, y=self.y - more / 2, side=self.side + more)


def square_window(ink: np.ndarray) -> Window:
    """The whole picture, centred in the smallest square that holds it."""
    height, width = ink.shape[:2]
    side = max(height, width)
    return Window(x=-((side - width) // 2), y=-((side - height) // 2), side=side)


def fitted_window(ink: np.ndarray, frame: Frame) -> Window:
    """The square that puts the drawing's ink into the box of the frame. (H, W), 1 paper; not blank."""
    return _window_for(ink_box(ink), frame)


def ink_box(ink: np.ndarray) -> tuple[float, float, float, float]:
    """x0, y0, x1, y1 around the ink, without the outermost thousandth of it (specks), in pixels."""
    dark = 1.0 - ink
    dark = np.where(dark < 0.25 * dark.max(), 0, dark)
    (x0, x1), (y0, y1) = _extent(dark.sum(axis=0)), _extent(dark.sum(axis=1))
    return x0, y0, x1, y1


def found_window(ink: np.ndarray, frame: Frame | None, locate: Locate | None) -> tuple[Window, tuple[str, ...]]:
    """The square that brings what is found in a drawing (H, W) to its frame; the whole where it lies well."""
    whole = square_window(ink)
    if not (locate and frame and frame.points):
        return whole, ()
    found, thing = locate(cut(ink, whole)), frame.name.removesuffix(" frame")
    if not found:
        return whole, (f"no {thing} was found: taken as it lies",)
    best = max(found, key=lambda one: math.dist(*one.points) * one.sure)
    window = _window_of(best, frame, whole)
    if closer := locate(cut(ink, window)):
        window = _window_of(closer[0], frame, window)
    window = _with_its_top(ink, window, frame)
    notes = (f"{len(found)} {thing}s found: the largest is taken",) if len(found) > 1 else ()
    if _share_beside(cut(ink, window), frame) > BESIDE:
        notes = (*notes, f"much is drawn beside the {thing}: it is read as part of it")
    scale, turn = whole.side / window.side, abs(window.angle)
    off = math.dist(_middle(window), _middle(whole)) / whole.side
    if 1 / SCALE < scale < SCALE and turn < TURN and off < SHIFT:
        return whole, notes
    done = [f"turned upright by {turn:.0f} degrees"] if turn >= TURN else []
    done += [f"{'enlarged' if scale > 1 else 'shrunk'} to {scale:.0%}"] if not 1 / SCALE < scale < SCALE else []
    return window, (*notes, ": ".join(filter(None, (f"brought to the {frame.name}", ", ".join(done)))))


def _share_beside(ink: np.ndarray, frame: Frame) -> float:
    """How much of what lies left and right of the frame's box, at the height of its points, is inked."""
    side = len(ink)
    left, right = round(frame.box[0] / frame.side * side), round(frame.box[2] / frame.side * side)
    rows = ink[round(0.1 * side) : round(0.65 * side)]
    return float((np.concatenate([rows[:, :left], rows[:, right:]], axis=1) < 0.8).mean())


def _with_its_top(ink: np.ndarray, window: Window, frame: Frame) -> Window:
    """The window, made larger where a thing is cut off above: heads are drawn larger than their eyes say."""
    pair = next(iter(frame.points.values()))
    x, y = ((a + b) / 2 / frame.side for a, b in zip(*pair, strict=True))
    wide = cut(ink, _about(window, (x, y), ROOM))
    side = len(wide)
    rows = np.flatnonzero((wide[:, side // 5 : -side // 5] < 0.75).any(axis=1))
    if not len(rows) or rows[0] <= 1:  # what reaches up to there is no part of it
        return window
    above, room = (y - rows[0] / side) * ROOM, y - frame.box[1] / frame.side
    return _about(window, (x, y), above / room) if above > room else window


def _about(window: Window, point: tuple[float, float], factor: float) -> Window:
    """Larger by a factor; what lies at the point (in sides of it) stays there."""
    away = _rotated(((0.5 - point[0]) * window.side, (0.5 - point[1]) * window.side), window.angle)
    x, y = (m + (factor - 1) * a for m, a in zip(_middle(window), away, strict=True))
    side = window.side * factor
    return Window(x=x - side / 2, y=y - side / 2, side=side, angle=window.angle)


def _window_of(found: Found, frame: Frame, within: Window) -> Window:
    """The window in which the two points found in the window `within` lie where the frame has them."""
    (ax, ay), (bx, by) = next(iter(frame.points.values()))
    (px, py), (qx, qy) = found.points
    scale = math.dist((px, py), (qx, qy)) / (math.dist((ax, ay), (bx, by)) / frame.side)
    turn = math.degrees(math.atan2(qy - py, qx - px) - math.atan2(by - ay, bx - ax))
    side, angle = within.side * scale, within.angle + turn
    # From the middle of the frame's two points to the middle of its square, as the window is turned and scaled.
    away = _rotated((0.5 - (ax + bx) / 2 / frame.side, 0.5 - (ay + by) / 2 / frame.side), angle)
    seen = _rotated(((px + qx) / 2 - 0.5, (py + qy) / 2 - 0.5), within.angle)
    x, y = (m + s * within.side + a * side for m, s, a in zip(_middle(within), seen, away, strict=True))
    return Window(x=x - side / 2, y=y - side / 2, side=side, angle=angle)


def _middle(window: Window) -> tuple[float, float]:
    return window.x + window.side / 2, window.y + window.side / 2


def _rotated(point: tuple[float, float], angle: float) -> tuple[float, float]:
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return point[0] * c - point[1] * s, point[0] * s + point[1] * c


def cut(ink: np.ndarray, window: Window) -> np.ndarray:
    """The window's pixels, (side, side) rounded to whole pixels; paper where it reaches beyond the picture."""
    if window.angle:
        around = window.around()
        upright = cut(ink, around)
        turned = Image.fromarray(upright).rotate(window.angle, Image.Resampling.BICUBIC, fillcolor=1.0)
        inset = (len(upright) - max(1, round(window.side))) / 2
        return cut(np.clip(np.asarray(turned), 0, 1), Window(x=inset, y=inset, side=window.side))
    side, x, y = max(1, round(window.side)), round(window.x), round(window.y)
    out = np.ones((side, side), np.float32)
    height, width = ink.shape
    x0, y0, x1, y1 = max(0, x), max(0, y), min(width, x + side), min(height, y + side)
    if x1 > x0 and y1 > y0:
        out[y0 - y : y1 - y, x0 - x : x1 - x] = ink[y0:y1, x0:x1]
    return out


def crop_pixels(pixels: np.ndarray, window: Window) -> np.ndarray:
    """The part of the picture inside the window, without padding."""
    x0, y0 = max(0, int(window.x)), max(0, int(window.y))
    x1, y1 = int(np.ceil(window.x + window.side)), int(np.ceil(window.y + window.side))
    return pixels[y0:y1, x0:x1]


def fit_strokes(strokes: Strokes, frame: Frame) -> Strokes:
    """Move and scale strokes into the frame; the line widths stay."""
    return strokes_in(strokes, _window_for(strokes.box(), frame))


def strokes_in(strokes: Strokes, window: Window) -> Strokes:
    """What a window of the unit canvas shows; the line widths stay."""
    scale, (x, y) = 1.0 / window.side, _middle(window)
    centred = strokes.moved(x=-x, y=-y)
    turned = centred.turned(-window.angle) if window.angle else centred
    return turned.moved(scale=scale, x=0.5, y=0.5)


def _window_for(box: tuple[float, float, float, float], frame: Frame) -> Window:
    x0, y0, x1, y1 = box
    fx0, fy0, fx1, fy1 = frame.box
    side = max((x1 - x0) / (fx1 - fx0), (y1 - y0) / (fy1 - fy0), 1e-6) * frame.side
    x = (x0 + x1) / 2 - side * (fx0 + fx1) / 2 / frame.side
    y = (y0 + y1) / 2 - side * (fy0 + fy1) / 2 / frame.side
    return Window(x=x, y=y, side=side)


def _extent(profile: np.ndarray) -> tuple[float, float]:
    run = np.cumsum(profile)
    first = int(np.searchsorted(run, 0.0005 * run[-1], side="right"))
    last = int(np.searchsorted(run, 0.9995 * run[-1], side="left"))
    return float(first), float(min(last, profile.size - 1) + 1)
