"""Draw the example portraits of ``examples/sketches/faces/`` (all of them original; nothing is traced).

Run ``python examples/draw_sketches.py [OUT_DIR]`` to write every file again; the output is deterministic.

How a portrait comes about: a :class:`Sheet` is a list of pen strokes. Each feature (eye, brow, nose, ...) is a
handful of splines through hand-placed points, varied by the fields of :class:`Person`. Things in front hide things
behind by :meth:`Sheet.erase` (a painter's algorithm for lines), hair is drawn as strands that are blended between
guide curves, and at the end a slow warp of the whole page takes away the symmetry. The rough, over-stroked and marker
drawings are the same features put through another hand (:func:`marker`, and those of ``pen.py``).

The face frame is that of DeepFaceDrawing at 512: pupils (188, 238) and (324, 238), mouth (256, 378), chin y = 470.
"""

from __future__ import annotations

import itertools
import json
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pen import Points, Sheet, disc, inside, on_page, pts, resample, roughen, search_lines, simplify, spline, to_svg

PUPIL_L, PUPIL_R, EYE_Y = 188.0, 324.0, 238.0


def mirror(points: Points | np.ndarray) -> np.ndarray:
    """The same points on the other half of the face."""
    p = np.array(points, dtype=float)
    p[:, 0] = 512 - p[:, 0]
    return p


def fill_frame(sheet: Sheet) -> None:
    """Widen and lengthen the head around the eyes, which stay: heads fill the face frame as portraits do."""
    for s in sheet.strokes:
        dx, y = s.points[:, 0] - 256, s.points[:, 1]
        away = np.clip((np.abs(dx) - 75) / 70, 0, 1)
        s.points[:, 0] = 256 + dx * (1 + 0.11 * away)
        s.points[:, 1] = y + 0.095 * np.maximum(y - 262, 0) + 0.085 * np.minimum(y - 230, 0)


# ------------------------------------------------------------------------------------------------------ person

# left half of the face outline, from the temple to the chin
JAWS: dict[str, Points] = {
    "oval": pts("134,140 126,190 122,238 125,290 133,340 150,388 179,430 215,460 256,469"),
    "heart": pts("131,140 124,190 122,238 126,290 136,340 156,388 189,431 223,460 256,468"),
    "square": pts("132,140 126,190 123,238 125,290 129,342 142,388 167,427 203,459 256,471"),
    "round": pts("134,140 125,190 120,238 120,292 126,346 145,394 179,434 217,461 256,469"),
    "long": pts("136,140 129,190 126,238 128,290 133,344 146,391 172,434 210,466 256,474"),
}


@dataclass(frozen=True)
class Person:
    """The features of one face; the numbers are pixels in the face frame."""

    jaw: str = "oval"
    eye_width: float = 62.0
    eye_top: float = 13.0
    eye_bottom: float = 10.5
    eye_tilt: float = 2.0  # how much higher the outer corner lies
    crease: float = 7.0  # distance of the fold from the lid
    lashes: int = 0
    lid: float = 2.8  # width of the upper lid line
    iris: float = 12.3
    iris_tone: int = 26  # number of iris strokes: dark or light eyes
    brow: float = 1.0  # thickness
    brow_y: float = 0.0
    brow_arch: float = 6.0
    brow_hairs: int = 34
    nose_width: float = 33.0
    nose_y: float = 318.0
    bridge: float = 1.0
    bridge_side: int = -1
    mouth_width: float = 51.0
    lip_top: float = 13.0
    lip_bottom: float = 20.0
    lip_tone: int = 16
    mouth_tilt: float = 0.0  # positive: corners up
    neck: float = 74.0  # half width
    age: float = 0.0
    collar: str = "crew"
    parts: frozenset[str] = frozenset({"eye_l", "eye_r", "brow_l", "brow_r", "nose", "mouth", "ears", "neck"})


WOMAN = Person(
    jaw="oval",
    lashes=6,
    lid=3.0,
    brow=0.8,
    brow_arch=8,
    nose_width=30,
    mouth_width=48,
    lip_top=15,
    lip_bottom=22,
    neck=66,
    eye_top=13.5,
    eye_bottom=11,
)
MAN = Person(
    jaw="square",
    lashes=0,
    lid=2.5,
    brow=1.2,
    brow_y=7,
    brow_arch=3.5,
    brow_hairs=42,
    nose_width=35,
    mouth_width=53,
    lip_top=10,
    lip_bottom=17,
    lip_tone=9,
    neck=92,
    eye_top=11.5,
    eye_bottom=10,
    eye_tilt=1,
    crease=5.5,
)


def draw_eye(s: Sheet, p: Person, side: int) -> None:
    """One eye; ``side`` -1 is the eye on the left of the page."""
    cx = PUPIL_L if side < 0 else PUPIL_R
    w, t, b, tilt = p.eye_width, p.eye_top, p.eye_bottom, p.eye_tilt
    part = "eye_l" if side < 0 else "eye_r"
    if part not in p.parts:
        return

    def at(points: Points) -> np.ndarray:  # drawn for the left eye: outer corner at negative x
        q = np.array(points, dtype=float)
        return np.column_stack([cx - side * q[:, 0] if side > 0 else cx + q[:, 0], EYE_Y + q[:, 1]])

    outer = (-0.50 * w, 1.5 - tilt)
    inner = (0.49 * w, 6.0)
    top = [
        inner,
        (0.42 * w, 1.2),
        (0.30 * w, -0.58 * t),
        (0.13 * w, -0.93 * t),
        (-0.04 * w, -t),
        (-0.22 * w, -0.84 * t),
        (-0.39 * w, -0.40 * t - 0.5 * tilt),
        outer,
    ]
    low = [
        outer,
        (-0.38 * w, 0.50 * b),
        (-0.20 * w, 0.90 * b),
        (-0.02 * w, b),
        (0.18 * w, 0.92 * b),
        (0.35 * w, 0.74 * b),
        inner,
    ]
    opening = np.vstack([spline(at(top)), spline(at(low))])

    # iris: rim, darker under the lid, radial strokes, a pupil with a light in it
    iy = -2.2
    ix = 0.6
    r = p.iris
    mine = Sheet(s.rng.randrange(1 << 30), wobble=0.25)
    rim = [(ix + r * math.cos(a), iy + r * math.sin(a)) for a in np.linspace(-0.3, 2 * math.pi - 0.1, 26)]
    mine.line(at(rim), 1.6, (0.1, 0.1), part)
    mine.line(
        at(
            [
                (ix - r * 0.97, iy - 3),
                (ix - r * 0.6, iy - 7.5),
                (ix, iy - 9),
                (ix + r * 0.6, iy - 7.5),
                (ix + r * 0.97, iy - 3),
            ]
        ),
        2.2,
        (0.3, 0.3),
        part,
    )
    for k in range(p.iris_tone):
        a = -math.pi / 2 + mine.rng.uniform(-1.9, 1.9)
        r0, r1 = r * mine.rng.uniform(0.88, 0.98), r * mine.rng.uniform(0.42, 0.68)
        mine.line(
            at([(ix + r0 * math.cos(a), iy + r0 * math.sin(a)), (ix + r1 * math.cos(a), iy + r1 * math.sin(a))]),
            0.9,
            (0, 0.5),
            part,
        )
        if k % 3 == 0:
            a += math.pi + mine.rng.uniform(-0.5, 0.5)
            mine.line(
                at(
                    [
                        (ix + r0 * math.cos(a), iy + r0 * math.sin(a)),
                        (ix + 0.75 * r * math.cos(a), iy + 0.75 * r * math.sin(a)),
                    ]
                ),
                0.7,
                (0, 0.5),
                part,
            )
    turns = np.linspace(0, 2 * math.pi * 3.2, 60)
    mine.line(
        at(
            [
                (ix + (0.6 + 4.9 * k / 59) * math.cos(a), iy + (0.6 + 4.9 * k / 59) * math.sin(a))
                for k, a in enumerate(turns)
            ]
        ),
        2.0,
        (0, 0),
        part,
    )
    light = at([(ix - 3.8, iy - 3.8)])[0]
    light[0] = cx - 3.4 + ix  # the light comes from the left for both eyes
    mine.erase(disc(light[0], light[1], 2.5))
    mine.erase(opening, keep_inside=True)
    s.strokes.extend(mine.strokes)

    # lids
    s.line(at(top), p.lid, (0.35, 0.12), part, floor=0.3)
    thick = [(x * 0.99, y - 1.3) for x, y in top[3:]]
    s.line(
        at([*thick[:-1], (outer[0] - 2.5 - 0.4 * p.lashes, outer[1] - 0.35 * p.lashes)]),
        p.lid * 0.85,
        (0.5, 0.25),
        part,
    )
    s.line(at([(outer[0] + 2, outer[1] + 1.0), *low[1:]]), 1.2, (0.3, 0.3), part)
    s.line(at([(0.405 * w, 2.6), (0.375 * w, 5.2), (0.41 * w, 7.6)]), 0.8, (0.3, 0.4), part)
    for k in range(p.lashes):
        f = k / max(p.lashes - 1, 1)
        q = spline(at(top))
        i = int((0.56 + 0.43 * f) * (len(q) - 1))
        x, y = q[i]
        length = 5.5 + 4 * f + s.rng.uniform(-1, 1)
        d = side * (0.25 + 0.85 * f)
        s.line(
            [(x, y), (x + d * length * 0.55, y - length * 0.28), (x + d * length, y - length * 0.78)],
            1.3,
            (0, 0.7),
            part,
        )
    if p.lashes:
        for f in (0.12, 0.2, 0.29):
            q = spline(at(low))
            x, y = q[int(f * (len(q) - 1))]
            s.line([(x, y), (x + side * 2.2, y + 3.6)], 0.8, (0, 0.6), part, curve=False)

    # fold above, bag below
    c = p.crease
    droop = 2.5 * p.age
    fold = [
        (0.40 * w, -0.25 * t - c * 0.6),
        (0.24 * w, -0.86 * t - c),
        (0.02 * w, -t - c * 1.05),
        (-0.22 * w, -0.86 * t - c),
        (-0.42 * w, -0.45 * t - c * 0.75 + droop),
        (-0.56 * w, -c * 0.4 + 2 * droop - tilt),
    ]
    s.line(at(fold), 1.3, (0.4, 0.4), part)
    bag = 0.3 + 0.7 * p.age
    if p.age > 0.2:
        s.line(
            at([(0.36 * w, b + 4), (0.16 * w, b + 8.5), (-0.1 * w, b + 10), (-0.34 * w, b + 6)]),
            1.0 * bag,
            (0.3, 0.6),
            part,
        )
        s.line(
            at([(0.42 * w, b + 7), (0.24 * w, b + 15), (-0.04 * w, b + 18.5), (-0.26 * w, b + 16)]),
            1.1 * bag,
            (0.3, 0.6),
            part,
        )
        for k in range(3):
            y0 = -5 + 6 * k
            s.line(
                at([(-0.62 * w, y0), (-0.72 * w, y0 - 2 + 2.5 * k), (-0.80 * w, y0 - 4 + 4 * k)]),
                0.9 * bag,
                (0.3, 0.6),
                part,
            )
    else:
        s.line(at([(0.36 * w, b + 5), (0.18 * w, b + 8.5), (-0.02 * w, b + 9.5)]), 0.8, (0.4, 0.6), part)


def draw_brow(s: Sheet, p: Person, side: int) -> None:
    """An eyebrow, hair by hair."""
    part = "brow_l" if side < 0 else "brow_r"
    if part not in p.parts:
        return
    y0 = p.brow_y + s.rng.uniform(-1, 1)
    a = p.brow_arch
    spine = spline(
        [
            (221, 207 + y0),
            (205, 203 + y0 - 0.35 * a),
            (185, 200 + y0 - 0.8 * a),
            (166, 199.5 + y0 - a),
            (150, 204 + y0 - 0.75 * a),
            (138, 212.5 + y0 - 0.3 * a),
        ]
    )
    half = 5.2 * p.brow * np.interp(np.linspace(0, 1, len(spine)), [0, 0.12, 0.5, 0.75, 1], [0.75, 1, 0.95, 0.7, 0.15])
    n = len(spine)
    hairs: list[tuple[np.ndarray, float]] = []
    for k in range(p.brow_hairs * 2):
        f = (k // 2 + s.rng.random()) / p.brow_hairs
        i = min(int(f * n), n - 2)
        j = min(i + int((0.13 + 0.05 * s.rng.random()) * n), n - 1)
        upper = k % 2 == 1
        off0 = half[i] * (s.rng.uniform(-0.9, -0.3) if upper else s.rng.uniform(0.1, 1.0))
        off1 = half[j] * (s.rng.uniform(-0.5, 0.25) if upper else s.rng.uniform(-0.9, -0.2))
        if f < 0.13:  # the first hairs stand up
            j = min(i + 3, n - 1)
            off0, off1 = half[i] * s.rng.uniform(0.5, 1.1), -half[i] * s.rng.uniform(0.7, 1.3)
        p0, p1 = spine[i] + [0, off0], spine[j] + [0, off1]
        mid = (p0 + p1) / 2 + [0.8, -1.2]
        hairs.append((np.array([p0, mid, p1]), s.rng.uniform(1.0, 1.6)))
    for h, w in hairs:
        s.line(h if side < 0 else mirror(h), w * (0.85 + 0.15 * p.brow), (0.1, 0.6), part)


def draw_nose(s: Sheet, p: Person) -> None:
    """Wings, nostrils, the tip, and a little of the bridge on the shadow side."""
    if "nose" not in p.parts:
        return
    w, y = p.nose_width, p.nose_y
    for side in (-1, 1):

        def at(points: Points, side: int = side) -> np.ndarray:
            return np.array([(256 + side * x, y + dy) for x, dy in points])

        s.line(
            at([(w * 0.80, -25), (w * 0.97, -17), (w * 1.02, -8), (w * 0.93, -0.5), (w * 0.74, 2.0), (w * 0.66, -1)]),
            1.8,
            (0.35, 0.3),
            "nose",
        )
        nostril = [(w * 0.68, 0.5), (w * 0.56, -4.0), (w * 0.38, -4.6), (w * 0.24, -0.8), (w * 0.20, 2.2)]
        s.line(at(nostril), 1.8, (0.3, 0.4), "nose")
        s.line(at([(w * 0.63, -0.6), (w * 0.50, -2.2), (w * 0.36, -1.8), (w * 0.28, 0.4)]), 1.5, (0.35, 0.4), "nose")
    s.line(
        [
            (256 - w * 0.26, y + 1),
            (256 - w * 0.12, y + 5),
            (256, y + 6.5),
            (256 + w * 0.12, y + 5),
            (256 + w * 0.26, y + 1),
        ],
        1.5,
        (0.4, 0.4),
        "nose",
    )
    side = p.bridge_side
    s.line(
        [(256 + side * 0.62 * w, y - 33), (256 + side * 0.50 * w, y - 24), (256 + side * 0.46 * w, y - 15)],
        0.9,
        (0.5, 0.6),
        "nose",
    )
    s.line(
        [(256 - side * 0.3 * w, y - 21), (256 - side * 0.42 * w, y - 13), (256 - side * 0.36 * w, y - 7)],
        0.7,
        (0.5, 0.6),
        "nose",
    )
    if p.bridge:
        s.line(
            [(256 + side * 35, 213), (256 + side * 25, 223), (256 + side * 19, 238), (256 + side * 16.5, 256)],
            1.2 * p.bridge,
            (0.4, 0.7),
            "nose",
        )
        s.line(
            [(256 + side * 14.5, 262), (256 + side * 14, 272), (256 + side * 15, 281)],
            0.9 * p.bridge,
            (0.5, 0.6),
            "nose",
        )
        s.line(
            [(256 - side * 26, 221), (256 - side * 20, 233), (256 - side * 18, 243)], 0.8 * p.bridge, (0.5, 0.6), "nose"
        )


def draw_mouth(s: Sheet, p: Person) -> None:
    """A closed mouth: parting line, cupid's bow, lower lip, the shadow below it."""
    if "mouth" not in p.parts:
        return
    w, t, b, c = p.mouth_width, p.lip_top, p.lip_bottom, 378.0
    k = -p.mouth_tilt

    def at(points: Points) -> np.ndarray:
        return np.array([(256 + x * w, c + y + k * abs(x) ** 2) for x, y in points])

    part = pts("-1,1.0 -0.82,0.8 -0.5,-1.2 -0.22,-1.6 0,1.6 0.22,-1.6 0.5,-1.2 0.82,0.8 1,1.0")
    s.line(at(part), 2.2, (0.3, 0.3), "mouth", swell=0.2)
    s.line(at(pts("-0.3,-1.2 -0.12,0.3 0,2.4 0.13,0.3 0.34,-1.2")), 1.9, (0.4, 0.4), "mouth")
    for side in (-1, 1):
        s.line(at([(side * 0.88, 0.9), (side * 0.98, 1.4), (side * 1.035, 2.8)]), 1.7, (0.4, 0.5), "mouth")
    bow = [(-0.95, -0.8), (-0.66, -0.46 * t), (-0.38, -0.84 * t), (-0.19, -t), (-0.08, -0.93 * t), (0, -0.76 * t)]
    s.line(at(bow), 1.5, (0.35, 0.12), "mouth")
    s.line(at([(-x, y) for x, y in reversed(bow)]), 1.5, (0.12, 0.35), "mouth")
    low = [(-0.86, 3.6), (-0.62, 0.62 * b), (-0.34, 0.93 * b), (0, b), (0.34, 0.93 * b), (0.62, 0.62 * b), (0.86, 3.6)]
    s.line(at(low), 1.5, (0.45, 0.45), "mouth")
    s.line(at([(-0.32, b + 8.5), (-0.1, b + 10.5), (0.14, b + 10.2), (0.34, b + 8)]), 1.2, (0.4, 0.5), "mouth")
    s.line(at([(-0.22, b + 11.5), (0, b + 12.8), (0.2, b + 11.8)]), 0.8, (0.4, 0.5), "mouth")
    for _ in range(p.lip_tone):  # the upper lip lies in shade
        x = s.rng.uniform(-0.62, 0.62)
        edge = -t * (1 - 0.95 * max(abs(x) - 0.2, 0) - (0.24 if abs(x) < 0.07 else 0))
        s.line(at([(x, -1.4), (x * 0.93, edge * s.rng.uniform(0.3, 0.6))]), 0.5, (0, 0.6), "mouth", curve=False)
        if s.rng.random() < 0.25:
            x = s.rng.uniform(-0.5, 0.5)
            s.line(at([(x, 3.0), (x * 1.05, s.rng.uniform(6, 0.5 * b))]), 0.45, (0, 0.6), "mouth", curve=False)
    for side in (-1, 1):  # philtrum
        s.line(
            [(256 + side * 6.5, c - t - 17), (256 + side * 7, c - t - 11), (256 + side * 8.5, c - t - 4)],
            0.7,
            (0.6, 0.4),
            "mouth",
            floor=0.2,
        )
    if p.age > 0.2:
        for side in (-1, 1):
            x = 256 + side * (w + 6)
            s.line([(x, c + 4), (x + side * 4, c + 14), (x + side * 4, c + 26)], 1.1 * p.age, (0.3, 0.6), "mouth")


def draw_ears(s: Sheet, p: Person) -> None:
    """Both ears, to be partly covered by hair."""
    if "ears" not in p.parts:
        return
    for m in (np.array, mirror):
        dy = s.rng.uniform(-3, 3)
        parts = [
            (pts("123,224 117,213 109,213 104,224 103,243 106,266 111,287 117,301 125,303"), 1.8),
            (pts("121,225 115,221 110,228 109,245 112,264"), 1.1),
            (pts("121,238 115,246 116,262 120,270 117,280"), 1.1),
            ([(124, 256), (121, 263), (124, 270)], 1.2),
        ]
        for q, w in parts:
            s.line(m(np.array(q, dtype=float) + np.array([0, dy])), w, (0.2, 0.35), "ear")


def draw_neck(s: Sheet, p: Person) -> None:
    """Neck, shoulders and the neckline; the shoulders matter only on larger pages."""
    if "neck" not in p.parts:
        return
    n = p.neck
    for side in (-1, 1):

        def at(points: Points, side: int = side) -> np.ndarray:
            return np.array([(256 + side * x, y) for x, y in points])

        s.contour(
            at(
                [
                    (n + 3, 396),
                    (n, 430),
                    (n - 1, 468),
                    (n + 3, 500),
                    (n + 20, 524),
                    (n + 66, 545),
                    (n + 120, 562),
                    (n + 160, 592),
                    (n + 176, 640),
                ]
            ),
            1.8,
            2,
            "neck",
        )
        s.line(at([(n * 0.62, 478), (n * 0.45, 506), (n * 0.22, 540)]), 1.0, (0.4, 0.6), "neck")
        if p.age > 0.2:
            s.line(at([(n * 0.75, 462), (n * 0.66, 486), (n * 0.55, 512)]), 0.9, (0.4, 0.6), "neck")
    if p.collar == "turtle":
        s.erase(
            np.array([(256 - n - 30, 486), (256 + n + 30, 486), (256 + n + 30, 530), (256 - n - 30, 530)], dtype=float)
        )
        s.line(
            [(256 - n - 4, 474), (256 - n * 0.6, 488), (256, 496), (256 + n * 0.6, 488), (256 + n + 4, 474)],
            1.9,
            (0.1, 0.15),
            "neck",
        )
        s.line([(256 - n - 4, 475), (256 - n - 9, 498), (256 - n - 14, 528)], 1.8, (0.1, 0.3), "neck")
        s.line([(256 + n + 4, 475), (256 + n + 9, 498), (256 + n + 14, 528)], 1.8, (0.1, 0.3), "neck")
        for k in range(15):
            x = -n * 0.93 + 1.86 * n * k / 14
            y = 496 - 20 * (x / n) ** 2
            s.line([(256 + x, y + 3), (256 + x * 1.04, y + 14), (256 + x * 1.08, y + 30)], 0.9, (0.2, 0.5), "neck")
    elif p.collar == "shirt":
        s.erase(
            np.array(
                [
                    (256 - n - 60, 478),
                    (256 - n + 14, 478),
                    (256, 540),
                    (256 + n - 14, 478),
                    (256 + n + 60, 478),
                    (640, 700),
                    (-130, 700),
                ],
                dtype=float,
            )
        )
        for side in (-1, 1):
            x0 = 256 + side * (n + 1)
            s.line(
                [(x0, 466), (x0 + side * 9, 474), (x0 + side * 19, 494), (x0 + side * 26, 520), (x0 + side * 10, 566)],
                1.9,
                (0.15, 0.2),
                "neck",
            )
            s.line(
                [(x0, 466), (x0 - side * 10, 484), (256 + side * n * 0.5, 506), (256 + side * 8, 536)],
                1.8,
                (0.15, 0.2),
                "neck",
            )
            s.line([(256 + side * 8, 536), (256 + side * 30, 560), (x0 + side * 10, 566)], 1.8, (0.15, 0.2), "neck")
            s.line(
                [(x0 + side * 20, 497), (x0 + side * 50, 512), (x0 + side * 110, 534), (x0 + side * 160, 580)],
                1.8,
                (0.15, 0.2),
                "neck",
            )
    elif p.collar == "scoop":
        s.line(
            [(256 - n - 70, 548), (256 - n - 26, 584), (256, 606), (256 + n + 26, 584), (256 + n + 70, 548)],
            1.8,
            (0.1, 0.15),
            "neck",
        )
    else:
        for d in (0, 9):
            s.line(
                [
                    (256 - n - 5 - d, 497 + d),
                    (256 - n * 0.7, 517 + d),
                    (256, 528 + d),
                    (256 + n * 0.7, 517 + d),
                    (256 + n + 5 + d, 497 + d),
                ],
                1.8,
                (0.1, 0.15),
                "neck",
            )


def face_outline(p: Person) -> tuple[np.ndarray, np.ndarray]:
    """The left half of the jaw and the closed polygon of the face."""
    left = spline(JAWS[p.jaw])
    crown = spline(pts("378,140 366,96 320,62 256,50 192,62 146,96 134,140"))
    return left, np.vstack([left, mirror(left)[::-1], crown])


def draw_face(s: Sheet, p: Person) -> None:
    """Everything but the hair."""
    left, polygon = face_outline(p)
    draw_neck(s, p)
    s.erase(polygon)
    draw_ears(s, p)
    s.erase(polygon)
    n = len(left)
    s.contour(left[: int(n * 0.99)], 2.0, 3)
    right = mirror(left)
    s.contour(right[: int(n * 0.97)], 2.0, 3)
    s.line(left[int(n * 0.93) :].tolist() + right[int(n * 0.93) :][::-1].tolist(), 1.8, (0.3, 0.3), curve=False)
    for side in (-1, 1):
        draw_brow(s, p, side)
        draw_eye(s, p, side)
    draw_nose(s, p)
    draw_mouth(s, p)
    if p.age > 0.2:
        for side in (-1, 1):
            s.line(
                [(256 + side * 39, 300), (256 + side * 52, 318), (256 + side * 63, 342), (256 + side * 66, 360)],
                1.5 * p.age,
                (0.25, 0.6),
            )
            s.line([(256 + side * 8, 204), (256 + side * 10, 192), (256 + side * 7, 182)], 1.2 * p.age, (0.3, 0.6))
        for k, y in enumerate((168, 150, 133)):
            a = 66 - 8 * k
            s.line(
                [(256 - a, y + 2), (256 - a * 0.5, y - 3), (252, y), (256 + a * 0.45, y - 4), (256 + a * 0.9, y + 1)],
                1.1 * p.age,
                (0.3, 0.5),
            )
    else:
        s.line([(246, 447), (256, 449.5), (265, 447.5)], 0.8, (0.4, 0.5))


# -------------------------------------------------------------------------------------------------------- hair


def ragged(s: Sheet, points: Points | np.ndarray, pieces: int, flick: float = 5.0, width: float = 1.8) -> None:
    """An outline of short overlapping locks whose tips leave the line."""
    p = spline(points)
    centre = np.array([256.0, 200.0])
    cuts = [i / pieces + s.rng.uniform(-0.25, 0.25) / pieces for i in range(pieces + 1)]
    for a, b in itertools.pairwise(cuts):
        i, j = max(0, int(a * len(p)) - 4), min(len(p), int(b * len(p)) + 7)
        if j - i < 6:
            continue
        q = p[i:j].copy()
        out = q - centre
        out /= np.linalg.norm(out, axis=1, keepdims=True)
        t = np.linspace(0, 1, len(q))[:, None]
        q += out * (t**3 * s.rng.uniform(0.2, 1.0) * flick + s.rng.uniform(-1.0, 0.6))
        s.line(q, width, (0.15, 0.35), "hair", curve=False)


def hair_long(s: Sheet, p: Person, part_x: float = 252.0, wave: float = 5.0, dense: int = 60) -> None:
    """Parted hair that falls over the shoulders."""
    px = part_x
    # behind the neck
    for side in (-1, 1):
        g = [
            [(256 + side * 128, 330), (256 + side * 122, 400), (256 + side * 116, 470), (256 + side * 118, 560)],
            [(256 + side * 96, 392), (256 + side * 84, 425), (256 + side * 76, 470), (256 + side * 82, 540)],
        ]
        s.flow(g, 22, (0, 0.3), (0.6, 1.0), (0.9, 1.5), 0.1)
    draw_face(s, p)
    for side in (-1, 1):

        def m(points: Points, side: int = side) -> np.ndarray:  # about the parting at first, then about the middle
            shift = np.interp(np.arange(len(points)), [0, 1, 2, 3, 4], [1, 0.72, 0.4, 0.15, 0]) * (px - 256)
            return np.array([(256 + d + side * x, y) for d, (x, y) in zip(shift, points, strict=True)], dtype=float)

        outer = m(pts("2,36 44,29 96,48 138,96 160,165 168,240 172,320 182,400 190,470 186,540 196,620"))
        mid = m(pts("1,56 34,54 76,78 116,124 142,186 151,252 155,322 164,400 168,470 164,540 170,620"))
        mid2 = m(pts("0,76 26,80 62,104 103,148 131,200 140,258 143,326 150,396 150,470 144,540 142,620"))
        inner = m(pts("0,98 20,104 52,126 92,160 119,206 130,262 131,324 133,392 129,470 120,540 112,620"))
        if wave:
            for q, k in ((outer, 1.0), (mid, 0.8), (mid2, 0.8), (inner, 0.9)):
                y = q[:, 1]
                q[:, 0] += side * k * wave * np.sin((y - 150) / 38) * np.clip((y - 180) / 150, 0, 1.6)
        s.erase(np.vstack([spline(outer), spline(inner)[::-1]]))
        s.contour(outer, 2.1, 5, "hair")
        s.contour(inner, 2.0, 4, "hair")
        g = [outer, mid, mid2, inner]
        s.flow(g, dense // 3, (0.0, 0.06), (0.2, 0.45), (0.9, 1.5), 0.03)
        s.flow(g, dense // 2, (0.1, 0.5), (0.5, 0.95), (0.8, 1.5), 0.1, wave=2.5, spread=0.9)
        s.flow(g, dense // 4, (0.4, 0.7), (0.75, 1.0), (0.8, 1.5), 0.12, wave=3, spread=0.9)
        s.flow(g, dense // 4, (0.35, 0.5), (0.6, 0.9), (1.0, 1.7), 0.04, (0.72, 1.0))
        for _ in range(4):  # flyaway hairs
            k = s.rng.randrange(2, 6)
            d = s.rng.uniform(2, 7)
            s.line(outer[k : k + s.rng.randrange(3, 5)] + np.array([side * d, -d * 0.5]), 0.9, (0.4, 0.6), "hair")
    s.line([(px, 36), (px - 1.5, 66), (px, 97)], 1.5, (0.2, 0.3), "hair")


def hair_bob(s: Sheet, p: Person, length: float = 428.0, fringe: bool = True) -> None:
    """A chin-long bob, with a fringe down to the brows."""
    for side in (-1, 1):
        x = 256 + side * 98
        s.flow(
            [
                [(x + side * 20, 330), (x + side * 14, 380), (x + side * 8, 425)],
                [(x, 392), (x - side * 8, 410), (x - side * 12, 428)],
            ],
            14,
            (0, 0.3),
            (0.6, 1.0),
            (0.9, 1.5),
            0.1,
        )
    draw_face(s, p)
    ln = length
    for side in (-1, 1):

        def m(points: Points, side: int = side) -> np.ndarray:
            return np.array([(256 + side * x, y) for x, y in points])

        wide = s.rng.uniform(-4, 4)
        outer = m(
            [
                (-2, 32),
                (50, 34),
                (100, 56),
                (140, 102),
                (160 + wide, 170),
                (166 + wide, 240),
                (168 + wide, 310),
                (164 + wide, 370),
                (148, ln - 14),
                (120, ln + 6),
            ]
        )
        mid = m(
            [
                (0, 40),
                (42, 46),
                (88, 74),
                (124, 120),
                (144, 180),
                (150, 244),
                (151, 310),
                (146, 368),
                (131, ln - 16),
                (104, ln + 4),
            ]
        )
        inner = m(
            [
                (4, 52),
                (34, 62),
                (74, 94),
                (104, 138),
                (119, 186),
                (128, 242),
                (128, 300),
                (120, 352),
                (108, ln - 34),
                (90, ln - 4),
            ]
        )
        s.erase(np.vstack([spline(outer), spline(inner)[::-1]]))
        s.contour(outer, 2.1, 4, "hair")
        k = spline(inner)
        s.contour(k[int(len(k) * 0.36) :], 2.0, 3, "hair")
        s.contour(m([(120, ln + 6), (106, ln + 5), (96, ln + 1), (90, ln - 4)]), 1.8, 1, "hair")
        g = [outer, mid, inner]
        s.flow(g, 26, (0.35, 0.6), (0.8, 1.0), (0.9, 1.6), 0.05)
        s.flow(g, 22, (0.0, 0.15), (0.3, 0.6), (0.8, 1.5), 0.04)
        s.flow(g, 18, (0.6, 0.8), (0.93, 1.0), (0.9, 1.6), 0.05)
    if fringe:
        low = pts("138,214 152,203 178,194 206,191 238,189 270,190 304,191 334,195 360,203 374,215")
        top = pts("236,58 238,56 242,54 246,53 252,52 258,52 264,53 270,54 274,56 276,58")
        guides = []
        for (x0, y0), (x1, y1) in zip(top, low, strict=True):
            bulge = (x1 - 256) * 0.12
            guides.append(
                [
                    (x0, y0),
                    (x0 + (x1 - x0) * 0.42 + bulge, y0 + (y1 - y0) * 0.22),
                    (x0 + (x1 - x0) * 0.8 + bulge, y0 + (y1 - y0) * 0.6),
                    (x1, y1),
                ]
            )
        s.erase(np.vstack([spline(guides[0]), spline(low), spline(guides[-1])[::-1]]))
        s.flow(guides, 54, (0.45, 0.75), (0.94, 1.02), (1.0, 1.8), 0.03, bunch=3)
        s.flow(guides, 34, (0.02, 0.2), (0.3, 0.6), (0.8, 1.4), 0.03)
        for k in range(22):  # the cut edge: short ends that meet in points
            f = (k + s.rng.random()) / 22
            q = spline(low)
            i = int(f * (len(q) - 1))
            x, y = q[i]
            dx = (x - 256) * 0.05
            s.line(
                [(x - dx - 3, y - 16), (x - dx * 0.3, y - 6), (x + s.rng.uniform(-2, 4), y + s.rng.uniform(0, 4))],
                1.7,
                (0.4, 0.3),
                "hair",
            )
        s.contour(guides[0], 1.6, 2, "hair")
        s.contour(guides[-1], 1.6, 2, "hair")


def hair_tied(s: Sheet, p: Person, tail: int = 1) -> None:
    """Hair drawn back from the forehead, with a tail that comes forward over one shoulder."""
    x = 256 + tail * 108
    a = [(x - tail * 4, 392), (x + tail * 26, 412), (x + tail * 46, 460), (x + tail * 48, 520), (x + tail * 30, 610)]
    b = [(x - tail * 16, 408), (x - tail * 8, 432), (x - tail * 6, 474), (x - tail * 10, 530), (x - tail * 4, 610)]
    draw_face(s, p)
    s.strokes, front = [q for q in s.strokes if q.part == "neck"], [q for q in s.strokes if q.part != "neck"]
    s.erase(np.vstack([spline(a), spline(b)[::-1]]))
    s.contour(a, 2.0, 2, "hair")
    s.contour(b, 2.0, 2, "hair")
    s.flow([a, b], 30, (0.0, 0.4), (0.5, 1.0), (0.9, 1.6), 0.12, wave=2)
    s.erase(face_outline(p)[1])
    s.strokes += front
    outer = pts("125,214 117,168 126,116 158,70 206,42 258,34 310,43 354,71 386,117 395,168 387,214")
    line = pts("131,214 135,180 150,144 176,116 214,99 256,95 300,100 338,117 362,145 377,180 381,214")
    s.erase(np.vstack([spline(outer), spline(line)[::-1]]))
    s.contour(outer, 2.1, 4, "hair")
    # strands run from the hairline backwards and meet at the crown
    left: list[Points] = [
        pts("125,214 118,168 127,117 159,71 206,43 258,35"),
        pts("132,214 131,168 144,122 172,82 212,54 258,40"),
        pts("136,182 144,148 162,112 188,82 220,60 258,45"),
        pts("152,146 166,122 184,98 206,78 230,62 258,50"),
        pts("178,117 190,104 204,90 220,77 238,66 258,55"),
        pts("216,100 223,92 231,84 239,76 248,68 258,60"),
        pts("252,96 253,90 254,83 255,76 256,70 258,64"),
    ]
    for g in (left, [mirror(q) for q in left]):
        s.flow(g, 56, (0.0, 0.1), (0.3, 0.8), (0.8, 1.5), 0.02, bunch=2)
        s.flow(g, 40, (0.2, 0.55), (0.65, 1.0), (0.8, 1.4), 0.02, bunch=2)
        s.flow(g, 22, (0.0, 0.04), (0.1, 0.25), (1.1, 1.8), 0.01, bunch=2)
    for side in (-1, 1):  # a loose wisp before each ear
        x0 = 256 + side * s.rng.uniform(120, 124)
        s.line(
            [(x0, 196), (x0 + side * 1, 226), (x0 - side * 8, 258), (x0 - side * 5, 292), (x0 + side * 5, 318)],
            1.4,
            (0.2, 0.5),
            "hair",
        )
        s.line(
            [(x0 + side * 3, 200), (x0 + side * 1, 236), (x0 - side * 4, 262), (x0 - side * 2, 284)],
            1.0,
            (0.2, 0.6),
            "hair",
        )


def clipped(s: Sheet, line: Points, outer: Points, count: int, lean: float = 2.0, length: float = 13.0) -> None:
    """The clipped hair at the sides, in small strokes downwards between two curves, on both sides."""
    q, r = spline(line), spline(outer)
    for k in range(count):
        f = s.rng.random()
        a, b = q[int(f * (len(q) - 1))], r[int(f * (len(r) - 1))]
        c = a + (b - a) * s.rng.uniform(0.0, 0.92)
        n = length * s.rng.uniform(0.7, 1.2)
        h = np.array([c, c + np.array([-lean * 0.3, n * 0.5]), c + np.array([-lean, n])])
        s.line(mirror(h) if k % 2 else h, s.rng.uniform(0.8, 1.3), (0.1, 0.6), "hair")


def hair_short(s: Sheet, p: Person, gap: float = 15.0) -> None:
    """A man's short cut, brushed up at the front and to one side."""
    draw_face(s, p)
    outer = pts("124,246 114,205 112,158 124,106 156,64 204,38 258,29 312,36 358,62 389,106 400,160 398,205 388,246")
    line = pts(
        "129,246 134,212 140,172 152,142 178,122 214,113 254,116 296,112 336,118 362,140 373,172 378,212 383,246"
    )
    region = np.vstack([spline(outer), spline(line)[::-1]])
    s.erase(region)
    ragged(s, outer, 13, 3.5, 2.0)
    growth = [
        (256, 114, 0.45, -1),
        (330, 116, 0.9, -0.7),
        (182, 118, -0.1, -1),
        (256, 50, 1, -0.15),
        (190, 64, 0.7, -0.8),
        (350, 70, 0.9, 0.5),
        (300, 80, 0.9, -0.4),
        (380, 130, 0.4, 1),
        (390, 200, -0.05, 1),
        (148, 140, -0.7, -0.6),
        (130, 120, 0.1, -1),
        (124, 165, -0.25, 1),
        (126, 215, 0.1, 1),
    ]
    s.comb(region, growth, gap, 3)
    s.comb(region, growth, gap * 1.7, 4, (24, 40), (1.2, 1.9))
    clipped(s, line[:4], outer[:4], 90)
    q = spline(line[2:11])
    for k in range(40):  # the roots along the forehead
        x, y = q[int((k + s.rng.random()) / 40 * (len(q) - 1))]
        lean = (x - 200) / 22
        n = s.rng.uniform(9, 20)
        s.line([(x, y + 2), (x + lean * 0.3, y - n * 0.5), (x + lean, y - n)], 1.4, (0.3, 0.5), "hair")


def hair_swept(s: Sheet, p: Person, lift: float = 10.0, gap: float = 15.0) -> None:
    """Hair brushed up from the forehead and over to one side, the sides cut short."""
    draw_face(s, p)
    outer = [
        (124, 246),
        (114, 205),
        (113, 158),
        (122, 108),
        (150, 66 - lift * 0.4),
        (200, 38 - lift),
        (258, 26 - lift),
        (316, 30 - lift),
        (364, 56 - lift * 0.6),
        (394, 104),
        (401, 160),
        (398, 205),
        (388, 246),
    ]
    line = pts(
        "129,246 133,212 138,174 146,142 166,116 208,104 256,106 302,102 342,114 364,140 373,172 378,212 383,246"
    )
    region = np.vstack([spline(outer), spline(line)[::-1]])
    s.erase(region)
    ragged(s, outer[:5], 5, 3, 1.8)
    s.contour(outer[4:9], 2.0, 4, "hair")
    ragged(s, outer[8:][::-1], 5, 3, 1.8)
    growth = [
        (208, 104, -0.25, -1),
        (256, 106, -0.35, -1),
        (302, 102, -0.3, -1),
        (342, 114, 0.35, -1),
        (166, 116, -0.5, -1),
        (146, 145, -0.4, -1),
        (130, 110, 0.4, -1),
        (180, 62, 0.2, -1),
        (210, 36, 0.9, -0.5),
        (256, 60, -0.3, -1),
        (256, 26, 0.9, -0.25),
        (310, 55, 0.1, -1),
        (316, 28, 0.9, 0.3),
        (355, 70, 0.6, -0.5),
        (385, 100, 0.4, 0.9),
        (372, 145, 0.4, -0.6),
        (395, 170, 0, 1),
        (118, 170, 0, 1),
    ]
    s.comb(region, growth, gap, 4, (36, 66))
    s.comb(region, growth, gap * 1.7, 5, (30, 50), (1.1, 1.8))
    q = spline(line[3:10])
    for k in range(44):
        x, y = q[int((k + s.rng.random()) / 44 * (len(q) - 1))]
        n = s.rng.uniform(12, 26)
        s.line([(x, y + 2), (x - n * 0.22, y - n * 0.5), (x - n * 0.3, y - n)], 1.4, (0.3, 0.5), "hair")
    clipped(s, line[:4], outer[:4], 120)


def hair_side(s: Sheet, p: Person) -> None:
    """A side parting: full on one side, combed over the forehead."""
    draw_face(s, p)
    outer = pts("120,250 113,200 113,150 128,98 160,62 196,44 236,24 292,18 346,36 384,76 402,130 402,190 391,250")
    line = pts("131,250 134,212 139,172 150,136 168,112 190,96 214,122 252,142 296,144 334,138 362,152 376,190 382,250")
    s.erase(np.vstack([spline(outer), spline(line)[::-1]]))
    ragged(s, outer[:6], 6, 4, 2.0)
    s.contour(outer[5:], 2.1, 4, "hair")
    # everything right of the parting fans out from it
    fan = [
        pts("192,98 194,72 222,38 284,24 342,42 380,84 397,140 394,196 388,244"),
        pts("192,98 200,74 232,50 286,40 336,60 370,100 388,150 390,200 386,240"),
        pts("192,98 204,80 238,66 286,60 328,80 358,114 378,158 385,200 384,234"),
        pts("192,98 206,88 240,86 284,88 322,104 350,130 370,166 380,204 383,230"),
        pts("192,98 204,100 236,112 278,120 316,126 344,140 364,172 376,206 382,226"),
        pts("190,97 206,116 240,136 284,146 322,141 346,146 364,176 374,206 380,224"),
    ]
    s.contour(fan[-1][:6], 1.5, 3, "hair")
    s.flow(fan, 36, (0.0, 0.12), (0.25, 0.55), (0.8, 1.5), 0.05)
    s.flow(fan, 44, (0.25, 0.5), (0.6, 0.97), (0.8, 1.5), 0.07)
    edge = spline(fan[-1][:6])
    for k in range(16):  # tips that fall out of the sweep
        x, y = edge[int((0.12 + 0.86 * (k + s.rng.random()) / 16) * (len(edge) - 1))]
        n = s.rng.uniform(10, 22)
        s.line(
            [(x - n, y - n * 0.32), (x - n * 0.3, y - 1), (x + n * 0.5, y + s.rng.uniform(1, 5))],
            1.5,
            (0.4, 0.5),
            "hair",
        )
    s.flow(fan, 14, (0.02, 0.2), (0.4, 0.6), (1.1, 1.8), 0.03, (0.75, 1.0))
    short = [
        pts("198,48 162,62 130,98 115,150 114,200 121,250"),
        pts("194,66 164,82 138,114 124,160 122,206 126,252"),
        pts("191,92 170,110 150,136 138,172 133,212 130,252"),
    ]
    s.flow(short, 40, (0.0, 0.2), (0.3, 0.6), (0.8, 1.5), 0.05)
    s.flow(short, 40, (0.25, 0.6), (0.65, 1.0), (0.8, 1.5), 0.05)
    s.line([(190, 97), (192, 74), (200, 46)], 1.6, (0.2, 0.4), "hair")
    edge = spline(line[:5])
    s.contour(edge, 1.4, 3, "hair")
    s.contour(mirror(edge)[: int(len(edge) * 0.7)], 1.4, 2, "hair")


def hair_curly(s: Sheet, p: Person, size: float = 1.0) -> None:
    """Thick curls: locks that wave and wind up at their tips."""
    draw_face(s, p)
    outer = spline(
        pts("110,250 96,206 92,150 108,94 148,50 200,24 256,16 312,24 364,50 404,94 420,150 416,206 402,250")
    )
    line = spline(
        pts("133,250 134,212 140,172 152,144 178,126 214,117 256,119 298,115 334,126 360,144 372,172 378,212 379,250")
    )
    region = np.vstack([outer, line[::-1]])
    s.erase(region)
    growth = [
        (256 + 170 * math.cos(a), 175 + 170 * math.sin(a), math.cos(a), math.sin(a))
        for a in np.linspace(math.pi, 2 * math.pi, 12)
    ]
    growth += [(x, y, (x - 256) / 110, -1) for x, y in ((150, 150), (200, 122), (256, 119), (310, 120), (362, 150))]
    growth += [(125, 230, -1, 0.4), (387, 230, 1, 0.4)]
    for ring, gap in ((outer, 17), (line, 19)):  # the edges: arcs that bulge out of the mass
        q = resample(ring, step=gap)
        for a, b in itertools.pairwise(q):
            d = b - a
            n = np.array([d[1], -d[0]]) * (1 if ring is outer else -1) * s.rng.uniform(0.2, 0.6)
            a = a + np.array([s.rng.gauss(0, 3), s.rng.gauss(0, 3)])
            if ring is line and s.rng.random() < 0.45:
                continue
            for k in range(3 if ring is outer else 1):
                m = 1 - 0.3 * k
                s.line(
                    [
                        a + d * 0.1 * k,
                        a + d * 0.15 + n * 0.8 * m,
                        a + d * 0.6 + n * m,
                        b + d * 0.1 + n * 0.3 * m,
                        b - d * 0.1 * k - n * 0.5,
                    ],
                    (1.7 if ring is outer else 1.3) - 0.4 * k,
                    (0.35, 0.5),
                    "hair",
                    swell=0,
                )
    s.comb(region, growth, 15 * size, 3, (36, 56), (0.9, 1.6), 9, 0.27)
    s.comb(region, growth, 24 * size, 3, (30, 48), (1.2, 1.9), 9, 0.36)


def hair_receding(s: Sheet, p: Person) -> None:
    """Thin hair, far back at the temples."""
    draw_face(s, p)
    outer = pts("119,256 111,214 113,168 126,120 154,82 200,58 256,50 312,57 358,82 386,120 399,168 401,214 393,256")
    line = pts("131,256 131,214 140,178 150,150 160,116 196,80 250,92 312,80 352,116 362,150 372,178 381,214 381,256")
    s.erase(np.vstack([spline(outer), spline(line)[::-1]]))
    s.contour(outer[3:10], 1.8, 4, "hair")
    ragged(s, outer[:5], 6, 3, 1.7)
    ragged(s, outer[8:][::-1], 6, 3, 1.7)
    left: list[Points] = [
        pts("140,150 146,112 166,80 204,59 254,52"),
        pts("156,118 164,92 184,73 212,60 254,54"),
        pts("168,104 184,84 206,69 230,60 254,57"),
        pts("196,82 208,74 222,67 238,63 254,61"),
        pts("226,90 232,82 238,76 246,70 254,66"),
        pts("250,93 251,88 252,82 253,76 254,71"),
    ]
    for g in (left, [mirror(q) for q in left]):
        s.flow(g, 24, (0.0, 0.25), (0.4, 0.95), (0.7, 1.3), 0.04, bunch=2)
        s.flow(g, 8, (0.0, 0.06), (0.15, 0.3), (0.8, 1.2), 0.04, bunch=2)
    clipped(s, line[:5], [*outer[:4], (150, 88)], 190, 6, 18)


def beard(s: Sheet, p: Person, length: float = 8.0, count: int = 640) -> None:
    """Moustache and a short beard along the jaw, in strokes that follow the growth."""
    left, _ = face_outline(p)
    jaw = left[left[:, 1] > 268]
    region_in = spline(pts("134,268 139,306 150,340 172,364 194,372 201,396 224,412 256,412"))
    region = np.vstack([jaw, region_in[::-1]])
    for k in range(count):
        while True:
            x, y = s.rng.uniform(120, 256), s.rng.uniform(268, 474)
            if inside(np.array([[x, y]]), region)[0]:
                break
        gap = (jaw[np.abs(jaw[:, 1] - y).argmin()][0] - x) / 60
        dx, dy = 0.25 + 0.6 * (x - 130) / 126 * max(0, (y - 380) / 90), 1.0
        n = length * s.rng.uniform(0.6, 1.3) * (1.15 + 0.4 * gap) / math.hypot(dx, dy)
        q = np.array([(x, y), (x + dx * n * 0.5 - 0.6, y + dy * n * 0.5), (x + dx * n, y + dy * n)])
        s.line(mirror(q) if k % 2 else q, s.rng.uniform(0.8, 1.3), (0.1, 0.6), "beard")
    for k in range(count // 4):
        f = s.rng.random()
        x, y = 256 - 4 - 54 * f, 341 + 30 * f**1.5 + s.rng.uniform(-4, 5)
        n = length * 1.25
        q = np.array([(x, y), (x - n * 0.35 * (0.4 + f), y + n * 0.6), (x - n * 0.7 * (0.4 + f), y + n)])
        s.line(mirror(q) if k % 2 else q, 1.1, (0.1, 0.6), "beard")
    for _ in range(count // 40):
        x = 256 + s.rng.uniform(-9, 9)
        y = 403 + s.rng.uniform(-2, 6)
        s.line([(x, y), (x + (x - 256) * 0.1, y + length)], 1.0, (0.1, 0.6), "beard")


# ------------------------------------------------------------------------------------------------- the marker


def marker(s: Sheet, width: float = 8.0) -> None:
    """A portrait drawn again with a thick felt pen: few lines, one width."""

    def stroke(points: Points | np.ndarray) -> None:
        s.line(points, width, (0, 0), "marker", swell=0.03)

    jaw = spline(JAWS["oval"])
    jaw = jaw[jaw[:, 1] > 190]
    stroke(jaw[: int(len(jaw) * 0.995)])
    stroke(mirror(jaw)[: int(len(jaw) * 0.995)])
    for side in (-1, 1):
        cx = 256 + side * 68

        def at(points: Points, side: int = side, cx: float = cx) -> np.ndarray:
            return np.array([(cx + side * x, EYE_Y + y) for x, y in points])

        stroke(at(pts("-31,7 -22,-6 -6,-14 12,-13 27,-4 34,1")))
        s.line(at(pts("-20,11 -4,15 14,13 25,7")), 4.5, (0.3, 0.3), "marker")
        a = np.linspace(0, 4 * math.pi, 40)
        stroke(
            [
                (cx + 0.5 + (2 + 4.0 * k / 39) * math.cos(t), EYE_Y - 1 + (2 + 4.0 * k / 39) * math.sin(t))
                for k, t in enumerate(a)
            ]
        )
        stroke(at(pts("-33,-35 -12,-40 10,-44 28,-40 45,-29")))
        stroke([(256 + side * 29, 303), (256 + side * 34, 312), (256 + side * 27, 319), (256 + side * 17, 317)])
        stroke([(256 + side * 64, 424), (256 + side * 61, 462), (256 + side * 66, 494), (256 + side * 112, 530)])
    stroke([(247, 322), (256, 325), (265, 322)])
    stroke(pts("206,379 230,377 246,376 256,379 267,376 283,377 306,379"))
    stroke(pts("217,371 234,364 247,361 256,365 266,361 279,364 295,371"))
    stroke(pts("226,394 243,401 257,402 271,401 287,394"))
    stroke(pts("300,34 230,26 164,48 118,104 98,180 92,262 84,340 90,420 72,512"))
    stroke(pts("300,34 352,46 396,94 416,170 420,250 430,330 424,410 440,512"))
    stroke(pts("300,34 288,74 240,116 182,148 142,192 126,250 124,312 132,380 128,440 116,512"))
    stroke(pts("298,40 318,88 352,128 378,180 388,250 390,320 382,390 388,450 398,512"))
    for q in (
        pts("272,56 222,88 168,118 128,172"),
        [(250, 50), (196, 70), (148, 112)],
        [(330, 66), (366, 104), (392, 160)],
        pts("108,240 104,310 110,380 100,450"),
        pts("404,240 408,310 402,390 412,460"),
        [(280, 90), (230, 124), (190, 144)],
    ):
        stroke(q)


# ------------------------------------------------------------------------------------------------ the portraits

FULL = Person().parts
Hair = Callable[[Sheet, Person], None]


def portrait(seed: int, person: Person, hair: Hair, bend: float = 2.0, extra: Hair | None = None) -> Sheet:
    """One careful portrait."""
    s = Sheet(seed)
    hair(s, person)
    if extra:
        extra(s, person)
    s.warp(bend)
    fill_frame(s)
    return s


def sparse(s: Sheet, p: Person) -> None:
    """Only the outline of the face and the eyes."""
    left, _ = face_outline(p)
    for q in (left, mirror(left)):
        s.contour(q[: int(len(q) * 0.998)], 2.2, 3)
    for side in (-1, 1):
        draw_eye(s, p, side)


def make_all() -> dict[str, tuple[Sheet, tuple[int, int]]]:
    """Every drawing by file name, with the size of its page."""
    page = (512, 512)
    long_ = replace(WOMAN, collar="scoop")
    bob = replace(
        WOMAN,
        jaw="round",
        eye_tilt=3,
        eye_width=60,
        crease=5,
        lip_top=13,
        lip_bottom=20,
        mouth_width=45,
        nose_width=31,
        iris_tone=44,
        brow=0.7,
        brow_arch=4,
        bridge=0.6,
        collar="turtle",
    )
    tied = replace(
        WOMAN,
        jaw="heart",
        lip_top=16,
        lip_bottom=25,
        mouth_width=50,
        nose_width=34,
        brow=1.0,
        brow_arch=10,
        iris_tone=40,
        eye_top=14.5,
        bridge_side=1,
    )
    short = replace(MAN)
    bearded = replace(
        MAN, jaw="long", brow=1.4, brow_y=8, iris_tone=40, nose_width=37, eye_top=11.5, bridge_side=1, collar="shirt"
    )
    curly = replace(
        MAN,
        jaw="oval",
        brow=1.3,
        lip_top=13,
        lip_bottom=22,
        nose_width=38,
        iris_tone=44,
        eye_top=13,
        lip_tone=14,
        neck=78,
    )
    older = replace(
        MAN,
        jaw="round",
        age=0.85,
        eye_top=9.5,
        eye_bottom=9,
        brow=1.2,
        brow_arch=5,
        brow_y=5,
        lip_top=6,
        lip_bottom=12,
        lip_tone=4,
        nose_width=39,
        nose_y=321,
        iris_tone=16,
        crease=4,
        mouth_tilt=-2,
        collar="shirt",
    )
    young = replace(
        MAN,
        jaw="long",
        brow=1.3,
        brow_arch=3,
        eye_top=12,
        lip_top=11,
        lip_bottom=18,
        nose_width=32,
        neck=74,
        eye_width=63,
        iris_tone=20,
        mouth_tilt=2,
    )
    aunt = replace(
        WOMAN, jaw="square", age=0.45, eye_top=11, lip_top=10, lip_bottom=16, lashes=3, brow_arch=7, collar="turtle"
    )

    out: dict[str, tuple[Sheet, tuple[int, int]]] = {
        "woman_long_hair.svg": (portrait(11, long_, hair_long), page),
        "woman_bob_fringe.svg": (portrait(12, bob, hair_bob), page),
        "woman_tied_hair.svg": (portrait(13, tied, hair_tied), page),
        "man_short_hair.svg": (portrait(14, short, hair_short), page),
        "man_beard.svg": (portrait(15, bearded, hair_swept, extra=beard), page),
        "man_curly_hair.svg": (portrait(16, curly, hair_curly), page),
        "man_older.svg": (portrait(17, older, hair_receding), page),
        "man_side_parting.svg": (portrait(18, young, hair_side), page),
    }
    s = portrait(21, replace(long_, jaw="heart", lashes=4, iris_tone=14), lambda s, p: hair_long(s, p, 300, 5, 36), 3)
    roughen(s, 1.0)
    out["rough_woman.svg"] = (s, page)
    s = portrait(22, replace(short, jaw="long", brow=1.1, collar="shirt"), lambda s, p: hair_swept(s, p, 4, 19), 4)
    roughen(s, 1.5)
    out["rough_man.svg"] = (s, page)
    s = portrait(23, replace(young, jaw="square", iris_tone=16), hair_side, 2.5)
    search_lines(s)
    out["overstroked_man.svg"] = (s, page)
    s = Sheet(24, wobble=0.9)
    marker(s)
    s.warp(2.0)
    fill_frame(s)
    out["marker_woman.svg"] = (s, page)
    nomouth = replace(tied, jaw="oval", brow_arch=6, lashes=4, parts=FULL - {"mouth"})
    out["no_mouth_woman.svg"] = (portrait(25, nomouth, lambda s, p: hair_tied(s, p, -1)), page)
    oneeye = replace(short, jaw="oval", brow=1.1, parts=FULL - {"eye_r", "brow_r"}, bridge=1.2)
    out["one_eye_man.svg"] = (portrait(26, oneeye, lambda s, p: hair_short(s, p, 17)), page)
    s = portrait(27, replace(bob, collar="crew", jaw="oval", iris_tone=30), lambda s, p: hair_bob(s, p, 410, True))
    s.strokes = on_page(s, page)  # head and neck, no shoulders
    for st in s.strokes:
        st.points = st.points * 0.58 + [470.0, 248.0]
        st.width = np.maximum(st.width * 0.72, 0.7)
    out["off_centre_woman.svg"] = (s, (800, 600))
    out["sparse.svg"] = (portrait(28, replace(WOMAN, lashes=0), sparse), page)
    out["woman_strokes.json"] = (portrait(29, aunt, lambda s, p: hair_long(s, p, 216, 2, 48)), page)
    return out


# ------------------------------------------------------------------------------------------------------- files


def to_json(s: Sheet, page: tuple[int, int]) -> str:
    """The strokes as JSON, one width for each."""
    rows = []
    for st in on_page(s, page):
        p = simplify(st.points, 0.18)
        points = [[round(float(x), 1), round(float(y), 1)] for x, y in p]
        rows.append(json.dumps({"points": points, "width": round(float(np.quantile(st.width, 0.6)), 1)}))
    body = ",\n  ".join(rows)
    return f'{{"canvas": {list(page)},\n "strokes": [\n  {body}\n]}}\n'


def main(folder: Path) -> None:
    """Write every drawing into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (sheet, page) in make_all().items():
        text = to_json(sheet, page) if name.endswith(".json") else to_svg(sheet, page)
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "sketches/faces")
