"""A pen for the example drawings: curves, strokes on a page, other hands, and SVG.

A :class:`Sheet` is a list of pen strokes through hand-placed points. Things in front hide things behind by
:meth:`Sheet.erase` (a painter's algorithm for lines), and a slow warp of the whole page takes away the symmetry.
Everything random is drawn from the sheet's seed, so a drawing comes out the same each time.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

Points = Sequence[tuple[float, float]]


# ---------------------------------------------------------------------------------------------------- geometry


def pts(text: str) -> list[tuple[float, float]]:
    """Points written as in SVG: ``"x,y x,y ..."``."""
    return [(float(x), float(y)) for x, y in (q.split(",") for q in text.split())]


def spline(points: Points | np.ndarray, step: float = 1.5) -> np.ndarray:
    """Centripetal Catmull-Rom curve through ``points``, resampled every ``step`` pixels."""
    p = np.asarray(points, dtype=float)
    if len(p) < 2:
        return p
    p = np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    out = []
    for a, b, c, d in zip(p[:-3], p[1:-2], p[2:-1], p[3:], strict=True):
        t1 = max(np.linalg.norm(b - a), 1e-6) ** 0.5
        t2 = t1 + max(np.linalg.norm(c - b), 1e-6) ** 0.5
        t3 = t2 + max(np.linalg.norm(d - c), 1e-6) ** 0.5
        t = np.linspace(t1, t2, 16, endpoint=False)[:, None]
        a1, a2, a3 = a + (b - a) * t / t1, b + (c - b) * (t - t1) / (t2 - t1), c + (d - c) * (t - t2) / (t3 - t2)
        b1, b2 = a1 + (a2 - a1) * t / t2, a2 + (a3 - a2) * (t - t1) / (t3 - t1)
        out.append(b1 + (b2 - b1) * (t - t1) / (t2 - t1))
    return resample(np.vstack([*out, p[-2:-1]]), step=step)


def resample(p: np.ndarray, step: float = 1.5, count: int | None = None) -> np.ndarray:
    """Points at equal distances along the polyline ``p``."""
    s = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(p, axis=0), axis=1))])
    n = count or max(3, round(s[-1] / step) + 1)
    t = np.linspace(0, s[-1], n)
    return np.column_stack([np.interp(t, s, p[:, 0]), np.interp(t, s, p[:, 1])])


def inside(p: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """Which of the points ``p`` lie in ``polygon`` (even-odd rule)."""
    x, y = p[:, :1], p[:, 1:]
    ax, ay = polygon[:, 0], polygon[:, 1]
    bx, by = np.roll(ax, -1), np.roll(ay, -1)
    dy = np.where(by == ay, 1e-9, by - ay)
    crossing = ((ay > y) != (by > y)) & (x < (bx - ax) * (y - ay) / dy + ax)
    return crossing.sum(axis=1) % 2 == 1


def disc(cx: float, cy: float, rx: float, ry: float | None = None) -> np.ndarray:
    """An ellipse as a polygon."""
    a = np.linspace(0, 2 * math.pi, 36, endpoint=False)
    return np.column_stack([cx + rx * np.cos(a), cy + (rx if ry is None else ry) * np.sin(a)])


def simplify(p: np.ndarray, tolerance: float) -> np.ndarray:
    """Ramer-Douglas-Peucker: fewer points, nowhere farther than ``tolerance`` from the line."""
    if len(p) < 3:
        return p
    d = p[-1] - p[0]
    n = np.linalg.norm(d)
    q = p - p[0]
    dist = np.linalg.norm(q, axis=1) if n < 1e-9 else np.abs(q[:, 0] * d[1] - q[:, 1] * d[0]) / n
    i = int(dist.argmax())
    if dist[i] <= tolerance:
        return p[[0, -1]]
    return np.vstack([simplify(p[: i + 1], tolerance)[:-1], simplify(p[i:], tolerance)])


# ----------------------------------------------------------------------------------------------- strokes, sheet


@dataclass
class Stroke:
    """One movement of the pen: points, the pen's width at each of them, and what it is a part of."""

    points: np.ndarray
    width: np.ndarray
    part: str

    def pieces(self, keep: np.ndarray) -> list[Stroke]:
        """The runs of this stroke where ``keep`` holds."""
        edges = np.flatnonzero(np.diff(np.concatenate([[0], keep.astype(int), [0]])))
        runs = zip(edges[::2], edges[1::2], strict=True)
        return [Stroke(self.points[a:b], self.width[a:b], self.part) for a, b in runs if b - a >= 2]


@dataclass
class Sheet:
    """A page of strokes and the hand that draws on it."""

    seed: int
    strokes: list[Stroke] = field(default_factory=list)
    wobble: float = 0.45

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)  # stable over Python versions, unlike numpy's distributions

    def noise(self, n: int, wavelength: float) -> np.ndarray:
        """Slow noise of about unit size over ``n`` samples."""
        knots = max(4, math.ceil(n / max(wavelength, 1.0)) + 3)
        k = np.array([self.rng.gauss(0, 1) for _ in range(knots)])
        return (
            spline(np.column_stack([np.arange(knots) * 10.0, k * 4]), 0.5)[:, 1][
                np.linspace(20, 20 * (knots - 1) - 20, n).astype(int)
            ]
            / 4
        )

    def line(
        self,
        points: Points | np.ndarray,
        width: float = 1.7,
        taper: tuple[float, float] = (0.25, 0.3),
        part: str = "face",
        curve: bool = True,
        swell: float = 0.12,
        floor: float = 0.35,
    ) -> None:
        """Draw one stroke; ``taper`` is the share of its length over which the pen lands and lifts."""
        p = spline(points) if curve else np.array(points, dtype=float)
        n = len(p)
        if n < 2:
            return
        if self.wobble and n > 12:
            d = np.gradient(p, axis=0)
            d /= np.maximum(np.linalg.norm(d, axis=1, keepdims=True), 1e-6)
            p = p + np.column_stack([-d[:, 1], d[:, 0]]) * (self.noise(n, 18) * self.wobble)[:, None]
        t = np.linspace(0, 1, n)
        w = np.full(n, width)
        if taper[0]:
            w *= floor + (1 - floor) * np.minimum(1, t / taper[0]) ** 0.7
        if taper[1]:
            w *= floor + (1 - floor) * np.minimum(1, (1 - t) / taper[1]) ** 0.7
        if n > 12 and swell:
            w *= np.clip(1 + swell * self.noise(n, 40), 0.7, 1.3)
        self.strokes.append(Stroke(p, w, part))

    def contour(self, points: Points | np.ndarray, width: float = 1.9, pieces: int = 3, part: str = "face") -> None:
        """A long outline drawn in a few strokes that overlap, as one does with a pencil."""
        p = spline(points)
        n = len(p)
        cuts = np.linspace(0, n, pieces + 1)
        for i in range(pieces):
            a = max(0, int(cuts[i] - (self.rng.uniform(5, 12) if i else 0)))
            b = min(n, int(cuts[i + 1] + (self.rng.uniform(5, 12) if i < pieces - 1 else 0)))
            off = np.array([self.rng.gauss(0, 0.5), self.rng.gauss(0, 0.5)])
            self.line(p[a:b] + off, width, (0.12, 0.18), part, curve=False, floor=0.45)

    def flow(
        self,
        guides: Sequence[Points | np.ndarray],
        count: int,
        start: tuple[float, float] = (0.0, 0.3),
        end: tuple[float, float] = (0.6, 1.0),
        width: tuple[float, float] = (0.8, 1.5),
        drift: float = 0.05,
        across: tuple[float, float] = (0.0, 1.0),
        bunch: int = 3,
        wave: float = 0.0,
        part: str = "hair",
        within: np.ndarray | None = None,
        spread: float = 0.6,
    ) -> None:
        """Strands blended between neighbouring ``guides``, in bunches that run together towards their tips."""
        g = np.stack([resample(spline(q), count=70) for q in guides])
        u0, tip = 0.5, 0.5
        for i in range(count):
            if i % bunch == 0:
                u0 = across[0] + (across[1] - across[0]) * ((i // bunch + self.rng.random()) / math.ceil(count / bunch))
                tip = u0 + self.rng.gauss(0, drift)
            u = u0 + self.rng.gauss(0, spread * bunch / max(count, 1))
            a, b = self.rng.uniform(*start), self.rng.uniform(*end)
            t = np.linspace(a, max(b, a + 0.08), 60)
            pos = np.clip(u + (tip - u) * t**1.5, 0, 1) * (len(g) - 1)
            low = np.minimum(pos.astype(int), len(g) - 2)
            row = t * (g.shape[1] - 1)
            col = np.clip(row.astype(int), 0, g.shape[1] - 2)
            fu, ft = (pos - low)[:, None], np.clip(row - col, 0, 1)[:, None]
            p = (g[low, col] * (1 - ft) + g[low, col + 1] * ft) * (1 - fu)
            p += (g[low + 1, col] * (1 - ft) + g[low + 1, col + 1] * ft) * fu
            if wave:
                p[:, 0] += wave * np.sin(t * 13 + u0 * 5) * t
            before = len(self.strokes)
            self.line(resample(p), self.rng.uniform(*width), (0.3, 0.55), part, curve=False, swell=0, floor=0.3)
            if within is not None:
                last = self.strokes[before:]
                self.strokes[before:] = [q for st in last for q in st.pieces(inside(st.points, within))]

    def comb(
        self,
        region: np.ndarray,
        field_: Sequence[tuple[float, float, float, float]],
        gap: float,
        hairs: int = 3,
        length: tuple[float, float] = (28, 50),
        width: tuple[float, float] = (0.8, 1.6),
        loose: float = 5.0,
        curl: float = 0.0,
    ) -> None:
        """Locks of a few hairs each that follow a field of directions, given as (x, y, dx, dy) at some places."""
        f = np.array(field_, dtype=float)
        f[:, 2:] /= np.linalg.norm(f[:, 2:], axis=1, keepdims=True)
        low, high = region.min(axis=0), region.max(axis=0)
        seeds: list[tuple[float, float]] = []
        for _ in range(4000):
            x, y = self.rng.uniform(low[0], high[0]), self.rng.uniform(low[1], high[1])
            if all((x - a) ** 2 + (y - b) ** 2 > gap * gap for a, b in seeds) and inside(np.array([[x, y]]), region)[0]:
                seeds.append((x, y))
        for x, y in seeds:
            tilt = self.rng.gauss(0, 0.16)
            bend = self.rng.gauss(0, 0.006)
            turn = self.rng.choice((-1, 1)) * curl * self.rng.uniform(0.8, 1.25)
            phase = self.rng.uniform(0, 1.5)
            for k in range(hairs):
                p = np.array([x, y]) + np.array([self.rng.gauss(0, 2.4), self.rng.gauss(0, 2.4)])
                q = [p]
                for i in range(int(self.rng.uniform(*length) / 3)):
                    w = 1 / (((f[:, :2] - p) ** 2).sum(axis=1) + 60) ** 1.5
                    d = (f[:, 2:] * w[:, None]).sum(axis=0)
                    a = math.atan2(d[1], d[0]) + tilt + bend * 3 * i + (k - 1) * 0.035
                    if curl:  # a wave that winds up into a ring at the tip
                        a += turn * (max(0, i - 3) * 1.0 - 3.2 + phase) + turn * 0.03 * max(0, i - 7) ** 2
                    p = p + 3 * np.array([math.cos(a), math.sin(a)])
                    q.append(p)
                path = spline(np.array(q))
                out = np.flatnonzero(~inside(path, region))
                if len(out):
                    path = path[: out[0] + int(self.rng.uniform(0, loose) / 1.5)]
                if len(path) > 5:
                    self.line(path, self.rng.uniform(*width), (0.3, 0.6), "hair", curve=False, swell=0, floor=0.3)

    def erase(self, polygon: np.ndarray, parts: Iterable[str] | None = None, keep_inside: bool = False) -> None:
        """Rub out what lies in ``polygon`` (or all that lies outside it), of some ``parts`` or of everything."""
        out: list[Stroke] = []
        for s in self.strokes:
            if parts is not None and s.part not in parts:
                out.append(s)
                continue
            hit = inside(s.points, polygon)
            out.extend(s.pieces(hit if keep_inside else ~hit))
        self.strokes = out

    def warp(self, size: float = 2.0) -> None:
        """A slow bend of the whole page: what keeps a drawing from being symmetric."""
        r = self.rng
        terms = [
            (r.uniform(0.006, 0.014), r.uniform(0.006, 0.014), r.uniform(0, 6.28), r.gauss(0, 0.6), r.gauss(0, 0.6))
            for _ in range(5)
        ]
        for s in self.strokes:
            x, y = s.points[:, 0].copy(), s.points[:, 1].copy()
            for fx, fy, phase, dx, dy in terms:
                k = np.sin(fx * x + fy * y + phase) * size
                s.points[:, 0] += dx * k
                s.points[:, 1] += dy * k


# ----------------------------------------------------------------------------------------------- other hands


def roughen(s: Sheet, amount: float) -> None:
    """A wobbly, hasty hand: lines shift, break, overshoot and are drawn twice."""
    r, out = s.rng, []
    for st in s.strokes:
        n = len(st.points)
        length = n * 1.5
        small = st.part.startswith("eye") or st.part == "nose"
        if (st.part in ("hair", "beard") and r.random() < 0.25 * amount) or n < 3:
            continue
        if small and length < 14 and r.random() < 0.35:
            continue
        k = amount * (0.45 if small else 1.0)
        for again in range(2 if length > 25 and r.random() < 0.45 * amount else 1):
            p = st.points.copy()
            shift = np.array([r.gauss(0, 0.9), r.gauss(0, 0.9)]) * k * (1.7 if again else 1)
            bend = np.column_stack([s.noise(n, 42), s.noise(n, 42)]) * k * 1.7 * min(1, length / 40)
            shake = np.column_stack([s.noise(n, 6), s.noise(n, 6)]) * k * 0.35
            p += shift + bend + shake
            w = np.full(n, float(np.median(st.width)) * r.uniform(0.85, 1.25))
            if length > 45 and r.random() < 0.6 * amount:
                d = p[-1] - p[-4]
                d = d / max(float(np.linalg.norm(d)), 1e-6) * r.uniform(4, 12) * k
                p, w = np.vstack([p, p[-1] + d]), np.append(w, w[-1] * 0.6)
            keep = np.ones(len(p), dtype=bool)
            for _ in range(int(length / 90) + 1):
                if length > 35 and r.random() < 0.45 * amount:
                    i = r.randrange(4, len(p) - 3)
                    keep[i : i + max(2, int(r.uniform(2, 8) * amount))] = False
            out += Stroke(p, w, st.part).pieces(keep)
    s.strokes = out


def search_lines(s: Sheet, times: int = 5) -> None:
    """The searching hand: every line is tried again and again."""
    r, out = s.rng, []
    for st in s.strokes:
        length = len(st.points) * 1.5
        again = 1 if length < 12 else (2 if st.part in ("hair", "beard") else times + r.randrange(2))
        if st.part.startswith("brow"):
            again = 1 + (r.random() < 0.4)
        elif st.part.startswith("eye"):
            again = 2 if length > 30 else 1
        for k in range(again):
            a, b = (
                (0, len(st.points))
                if k == 0
                else (int(r.uniform(0, 0.25) * len(st.points)), int(r.uniform(0.75, 1.0) * len(st.points)))
            )
            p = st.points[a:b].copy()
            if len(p) < 3:
                continue
            c = p.mean(axis=0)
            turn = r.gauss(0, 0.012)
            m = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
            size = 0.7 if st.part.startswith("eye") or st.part == "nose" else 2.3
            p = (p - c) @ m * (1 + r.gauss(0, 0.016)) + c + np.array([r.gauss(0, 1), r.gauss(0, 1)]) * size
            p += np.column_stack([s.noise(len(p), 34), s.noise(len(p), 34)]) * size * 0.8
            out.append(Stroke(p, st.width[a:b] * r.uniform(0.55, 0.85), st.part))
    s.strokes = out


# ------------------------------------------------------------------------------------------------------- files


def on_page(s: Sheet, page: tuple[int, int]) -> list[Stroke]:
    """The strokes as far as they lie on the page."""
    w, h = page
    edge = np.array([(0, 0), (w, 0), (w, h), (0, h)], dtype=float)
    return [q for st in s.strokes for q in st.pieces(inside(st.points, edge))]


def to_svg(s: Sheet, page: tuple[int, int]) -> str:
    """SVG text; a stroke whose width changes becomes several paths that touch."""
    w, h = page
    size = f'width="{w}" height="{h}" viewBox="0 0 {w} {h}"'
    pen = 'stroke-linecap="round" stroke-linejoin="round"'
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" {size} {pen}>']
    for st in on_page(s, page):
        grid = np.maximum(np.round(st.width * 2) / 2, 0.5)
        if st.part == "beard":  # too short for a taper to be seen
            grid[:] = np.median(grid)
        cuts = [0, *(np.flatnonzero(np.diff(grid)) + 1).tolist(), len(grid)]
        for a, b in itertools.pairwise(cuts):
            p = simplify(st.points[a : min(b + 1, len(grid))], 0.2)
            if len(p) < 2:
                continue
            d = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in p)
            lines.append(f'<path d="{d}" fill="none" stroke="black" stroke-width="{grid[a]:.1f}"/>')
    return "\n".join([*lines, "</svg>", ""])
