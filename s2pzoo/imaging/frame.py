"""Where a drawing sits in its square: padded with paper, or fitted to a frame."""

from __future__ import annotations

import numpy as np
from attrs import frozen

from s2pzoo.imaging.strokes import Strokes
from s2pzoo.spec.frame import Frame


@frozen(kw_only=True)
class Window:
    """A square of a picture, in its pixels; it may reach beyond the picture."""

    x: float
    y: float
    side: float

    def scaled(self, factor: float) -> Window:
        return Window(x=self.x * factor, y=self.y * factor, side=self.side * factor)


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


def cut(ink: np.ndarray, window: Window) -> np.ndarray:
    """The window's pixels, (side, side) rounded to whole pixels; paper where it reaches beyond the picture."""
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
    window = _window_for(strokes.box(), frame)
    scale = 1.0 / window.side
    return strokes.moved(scale=scale, x=-window.x * scale, y=-window.y * scale)


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
