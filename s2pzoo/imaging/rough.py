"""Free-hand roughening: turn clean lines into what an unpractised hand draws.

Lines are polylines in pixels of a square frame of `size`; the amounts are for a 256-pixel frame and scale with it.
"""

from __future__ import annotations

import numpy as np
from attrs import frozen
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter1d, zoom

from s2pzoo.imaging.pixels import from_bytes
from s2pzoo.imaging.vectorise import Polyline, length, resampled


@frozen(kw_only=True)
class Roughness:
    """How far a drawing is from the clean lines. Lengths are pixels of a 256-pixel frame; the others probabilities."""

    warp: float = 0.0  # smooth deformation of the whole drawing: wrong proportions
    shift: float = 0.0  # each line moved as a whole
    wobble: float = 0.0  # the hand shakes along the line
    overshoot: float = 0.0  # lines run on beyond their ends
    broken: float = 0.0  # a line is cut and loses a piece
    doubled: float = 0.0  # a line is drawn a second time
    missing: float = 0.0  # a line is forgotten
    erased: float = 0.0  # everything in one region is forgotten
    width: tuple[float, float] = (0.7, 2.4)  # thickness of the pen, one for the drawing
    ink: tuple[float, float] = (0.75, 1.0)  # darkness of the pen, 1 is black


CLEAN = Roughness()
ROUGH = Roughness(
    warp=1.5, shift=0.7, wobble=0.7, overshoot=2.5, broken=0.15, doubled=0.15, missing=0.06, erased=0.08,
    width=(0.7, 3.0), ink=(0.6, 1.0),
)  # fmt: skip
VERY_ROUGH = Roughness(
    warp=4.0, shift=1.8, wobble=1.3, overshoot=5.0, broken=0.35, doubled=0.35, missing=0.2, erased=0.5,
    width=(0.7, 4.0), ink=(0.5, 1.0),
)  # fmt: skip
LEVELS = {"clean": CLEAN, "rough": ROUGH, "very rough": VERY_ROUGH}


def roughen(
    lines: list[Polyline], roughness: Roughness, rng: np.random.Generator, *, size: int = 256
) -> list[Polyline]:
    """Redraw `lines` with an unsure hand; the input is left as it is."""
    unit = size / 256.0
    hole = _hole(roughness, rng, size)
    coarse = rng.normal(size=(2, 5, 5)) * roughness.warp * unit
    field = np.stack([np.asarray(zoom(f, 33 / 5, order=2)) for f in coarse]) if roughness.warp else None
    out = []
    for line in lines:
        if rng.random() < roughness.missing or _inside(line, hole):
            continue
        line = resampled(line, 3.0 * unit)
        if field is not None:
            cell = np.clip(line / size * 32, 0, 32).round().astype(int)
            line = line + np.stack([field[0][cell[:, 1], cell[:, 0]], field[1][cell[:, 1], cell[:, 0]]], axis=1)
        copies = 2 if rng.random() < roughness.doubled else 1
        for _ in range(copies):
            out.extend(_broken(_shaken(line, roughness, rng, unit), roughness, rng))
    return out


def draw(
    lines: list[Polyline], *, size: int, width: float = 1.0, ink: float = 1.0, frame: int = 256
) -> NDArray[np.float32]:
    """Ink the lines, given in pixels of a `frame`-sized square, on paper: float32 (size,size) in [0,1], 1 is paper.

    `width` is the pen's thickness in pixels of a 256-pixel frame, `ink` its darkness in (0,1].
    """
    over = 3
    scale = size * over / frame
    paper = Image.new("L", (size * over, size * over), 0)
    pen = ImageDraw.Draw(paper)
    thick = max(1, round(width * size / 256 * over))
    for line in lines:
        pen.line([tuple(p) for p in (line * scale).tolist()], fill=255, width=thick, joint="curve")
    inked = from_bytes(np.asarray(paper.reduce(over)))
    return 1.0 - ink * inked


def sketch_of(
    lines: list[Polyline], roughness: Roughness, rng: np.random.Generator, *, size: int, frame: int = 256
) -> NDArray[np.float32]:
    """Roughen and ink in one go, the pen drawn at random from the roughness: float32 (size,size), 1 is paper."""
    rough = roughen(lines, roughness, rng, size=frame)
    return draw(rough, size=size, width=rng.uniform(*roughness.width), ink=rng.uniform(*roughness.ink), frame=frame)


def _hole(roughness: Roughness, rng: np.random.Generator, size: int) -> NDArray[np.float64] | None:
    """A forgotten region: x0, y0, x1, y1."""
    if rng.random() >= roughness.erased:
        return None
    centre = rng.uniform(0.15, 0.9, size=2) * size
    half = rng.uniform(0.08, 0.2, size=2) * size
    return np.concatenate([centre - half, centre + half])


def _inside(line: Polyline, hole: NDArray[np.float64] | None) -> bool:
    if hole is None:
        return False
    middle = line.mean(0)
    return bool((middle > hole[:2]).all() and (middle < hole[2:]).all())


def _shaken(line: Polyline, roughness: Roughness, rng: np.random.Generator, unit: float) -> Polyline:
    """Shift, wobble and overshoot of one line."""
    moved = line + rng.normal(size=2) * roughness.shift * unit
    if roughness.wobble:
        noise = gaussian_filter1d(rng.normal(size=moved.shape), 2.0, axis=0, mode="nearest") * 2.5
        moved = moved + noise * roughness.wobble * unit
    if roughness.overshoot and len(moved) > 3:
        reach = rng.exponential(roughness.overshoot * 0.5, size=2) * unit
        head, tail = moved[0] - moved[2], moved[-1] - moved[-3]
        first = moved[0] + head / (np.hypot(*head) + 1e-6) * reach[0]
        last = moved[-1] + tail / (np.hypot(*tail) + 1e-6) * reach[1]
        moved = np.concatenate([first[None], moved, last[None]])
    return moved.astype(np.float32)


def _broken(line: Polyline, roughness: Roughness, rng: np.random.Generator) -> list[Polyline]:
    """Cut a line in two with a gap between, sometimes."""
    if len(line) < 8 or rng.random() >= roughness.broken:
        return [line]
    at = int(rng.integers(3, len(line) - 3))
    gap = int(rng.integers(0, max(1, len(line) // 5)))
    return [piece for piece in (line[:at], line[at + gap :]) if len(piece) > 1 and length(piece) > 0]
