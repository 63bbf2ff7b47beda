"""Draw the example shoes and chairs of ``examples/sketches/`` (all of them original; nothing is traced).

Run ``python examples/draw_objects.py [OUT_DIR]`` to write every file again; the output is deterministic.

They are what people draw with a pen in a few minutes: few lines of one width, ends that miss each other, a crooked
page. Shoes point to the left, seen from the side and a little from above; chairs are seen from the front or at an
angle. The page is a square of 256, as in the QMUL data sets of shoes and chairs.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pen import Sheet, inside, pts, resample, roughen, search_lines, spline, to_svg

SIDE = 256


def outline(text: str, curved: bool = True) -> np.ndarray:
    """A closed path through the points of a text, smooth or with corners."""
    corners = pts(text)
    ring = [*corners, corners[0]]
    return spline(ring) if curved else resample(np.array(ring))


@dataclass
class Pad(Sheet):
    """A page and a hand of some habits."""

    wobble: float = 0.6
    width: float = 1.5
    miss: float = 1.5  # by how many pixels the end of a line falls short or runs over
    again: float = 0.0  # the share of lines that are gone over a second time

    def curves(self, *texts: str) -> None:
        """A smooth stroke through the points of each text."""
        for text in texts:
            self.stroke(spline(pts(text)))

    def lines(self, *texts: str) -> None:
        """A stroke with corners at the points of each text."""
        for text in texts:
            self.stroke(resample(np.array(pts(text))))

    def stroke(self, path: np.ndarray) -> None:
        """One movement of the pen along ``path``, and perhaps another."""
        for again in range(1 + (self.rng.random() < self.again and len(path) > 12)):
            p = path + np.array([self.rng.gauss(0, 1.6), self.rng.gauss(0, 1.6)]) * again
            self.line(self._missed(p), self.width, (0, 0), curve=False, swell=0)

    def shape(self, text: str, curved: bool = True) -> None:
        """An outline that hides what was drawn behind it."""
        path = outline(text, curved)
        self.erase(path)
        self.stroke(path)

    def hide(self, text: str) -> None:
        """Rub out what lies in a smooth outline that is not drawn itself."""
        self.erase(outline(text))

    def loop(self, x: float, y: float, rx: float, ry: float, turn: float = 0.0, hides: bool = False) -> None:
        """An ellipse in one go, a little more than once around."""
        start = self.rng.uniform(0, 2 * math.pi)
        a = np.linspace(start, start + 2 * math.pi + self.rng.uniform(0.0, 0.5), 28)
        p = np.column_stack([rx * np.cos(a), ry * np.sin(a) * (1 + 0.02 * (a - start))])
        c, s = math.cos(math.radians(turn)), math.sin(math.radians(turn))
        path = spline(p @ np.array([[c, s], [-s, c]]) + [x, y])
        if hides:
            self.erase(path)
        self.stroke(path)

    def bar(self, a: str, b: str, wide: float, narrow: float | None = None) -> None:
        """A leg or a rail from ``a`` to ``b``: two long lines, and a short one at the far end."""
        p, q = np.array(pts(f"{a} {b}"))
        across = np.array([q[1] - p[1], p[0] - q[0]]) / np.linalg.norm(q - p) / 2
        end = wide if narrow is None else narrow
        quad = np.array([p + across * wide, q + across * end, q - across * end, p - across * wide])
        self.erase(quad)
        self.stroke(resample(quad[:2]))
        self.stroke(resample(quad[1:]))

    def hatch(self, text: str, gap: float, turn: float) -> None:
        """Fill a smooth outline with quick parallel lines, turned by that many degrees."""
        ring = outline(text)
        c, s = math.cos(math.radians(turn)), math.sin(math.radians(turn))
        along, off, middle = np.array([c, s]), np.array([-s, c]), (ring.min(axis=0) + ring.max(axis=0)) / 2
        reach = float(np.linalg.norm(np.ptp(ring, axis=0))) / 2
        for k in np.arange(-reach, reach, gap):
            centre = middle + off * (k + self.rng.uniform(-0.3, 0.3) * gap)
            tilt = off * self.rng.uniform(-2, 2)
            path = resample(np.array([centre - along * reach - tilt, centre + along * reach + tilt]))
            kept = path[inside(path, ring)]
            if len(kept) > 4:
                self.stroke(kept)

    def _missed(self, p: np.ndarray) -> np.ndarray:
        """``p`` with ends that fall short of where they should be, or run over."""
        for _ in range(2):
            p = p[::-1]
            off = self.rng.gauss(0, self.miss)
            step = p[-1] - p[-2]
            if off > 0:
                p = np.vstack([p, p[-1] + step / max(float(np.linalg.norm(step)), 1e-6) * off])
            elif len(p) > 20:
                p = p[: len(p) - round(-off / 1.5)]
        return p


# ------------------------------------------------------------------------------------------------------- shoes


def sneaker(s: Pad) -> None:
    """A low running shoe with laces and stripes."""
    s.curves("12,166 8,178 16,190 60,196 120,195 190,193 236,188 246,176 244,158")
    s.curves("12,166 50,174 110,177 180,171 244,158")
    s.curves("12,166 14,152 30,142 58,136 86,124 110,108 132,92")
    s.curves("56,137 70,152 75,175")
    s.curves("132,92 128,78 140,70 156,76 162,92")
    s.curves("160,92 172,110 194,114 216,104 232,88", "160,84 186,80 212,80 232,88")
    s.curves("232,88 244,76 247,90 240,116 240,138 244,158")
    s.curves("84,150 112,138 140,120 160,93")
    s.lines("90,121 110,137", "102,113 124,129", "114,104 138,118", "125,96 149,106")
    s.curves("138,94 120,82 110,88 126,99", "140,95 146,110 158,112 150,98")
    s.curves("116,175 132,156 148,130", "134,174 150,152 166,122", "152,172 168,148 180,120")
    s.curves("208,164 206,142 216,126 238,120")


def high_top(s: Pad) -> None:
    """A canvas basketball shoe with a rubber toe and a patch at the ankle."""
    s.curves("17,196 13,206 18,216 70,219 140,219 206,217 212,212 212,194")
    s.curves("17,196 70,203 140,203 212,194")
    s.curves("17,196 17,178 34,166 58,166 74,182 76,202")
    s.curves("18,209 80,212 150,212 211,206")
    s.curves("58,166 84,150 104,128 112,100 112,64 110,42")
    s.curves("110,42 140,36 176,34 206,38")
    s.curves("110,42 138,50 178,48 206,38")
    s.curves("206,38 204,80 205,130 212,194")
    s.curves("92,172 116,150 130,122 132,84 130,48")
    s.curves("112,46 104,34 112,26 126,30 128,44")
    for y in (62, 78, 94, 110):
        s.lines(f"113,{y} 131,{y + 7}", f"114,{y + 9} 131,{y - 3}")
    s.lines("108,126 126,134", "98,138 116,150", "88,148 104,162")
    s.loop(172, 100, 16, 16)
    s.lines("172,90 175,97 182,98 177,103 179,110 172,106 165,110 167,103 162,98 169,97 172,90")
    s.lines("198,42 197,120 200,196")


def ankle_boot(s: Pad) -> None:
    """A boot with an elastic side, a pull tab and a block heel."""
    s.curves("16,192 13,182 24,170 56,158 88,144 106,124 110,92 108,54")
    s.curves("108,54 140,62 180,60 210,50")
    s.curves("108,54 136,44 176,42 210,50")
    s.curves("210,50 208,92 212,136 220,176")
    s.curves("16,192 60,198 110,197 160,190 220,176")
    s.curves("16,192 15,201 58,207 112,207 158,201")
    s.lines("158,201 164,232 222,232 226,196 220,176")
    s.lines("138,61 150,128 166,130 178,60")
    for y in (74, 86, 98, 110, 120):
        s.lines(f"{141 + (y - 62) * 0.17:.0f},{y} {177 - (y - 62) * 0.17:.0f},{y - 1}")
    s.curves("196,54 194,34 206,30 210,48")
    roughen(s, 0.5)


def knee_boot(s: Pad) -> None:
    """A tall boot with a buckled strap."""
    s.curves("42,222 40,212 52,200 80,190 102,174 112,150 112,110 106,62 104,22")
    s.curves("104,22 132,32 166,30 190,18", "104,22 130,12 164,10 190,18")
    s.curves("190,18 192,66 186,120 184,160 194,204")
    s.curves("42,222 78,228 116,226 150,216 194,204")
    s.curves("42,222 42,229 80,236 118,234 150,226")
    s.lines("150,226 154,246 196,246 199,220 194,204")
    s.curves("110,154 136,166 164,166 184,156", "108,166 136,178 164,178 186,168")
    s.lines("138,162 154,163 154,182 138,181 138,162")
    s.curves("176,30 174,70 170,112 171,146")
    s.curves("116,140 124,138 132,142", "172,140 180,136 184,136")


def pump(s: Pad) -> None:
    """A court shoe with a thin high heel."""
    s.curves("14,204 22,186 46,168 72,154 84,150")
    s.curves("84,150 100,160 130,152 166,124 204,90 228,58")
    s.curves("84,150 96,134 130,118 172,86 206,58 228,58")
    s.curves("228,58 242,72 238,98 228,128")
    s.curves("14,204 44,211 76,206 106,188 140,160 178,136 206,132")
    s.curves("16,208 46,215 80,210 112,190")
    s.curves("206,132 214,160 216,190 216,214")
    s.lines("216,214 226,214")
    s.curves("226,214 226,180 226,154 228,128")


def wedge_sandal(s: Pad) -> None:
    """A cork wedge, two straps over the foot and one around the ankle."""
    s.curves("12,192 44,190 84,180 128,154 176,128 226,114")
    s.curves("12,192 10,204 20,212 90,214 160,214 232,212")
    s.curves("226,114 238,128 234,170 232,212")
    s.curves("12,192 18,182 34,174 62,166 96,150 136,126 170,110 204,102 226,114")
    s.hide("30,190 34,170 48,157 62,152 104,138 90,150 76,184")
    s.curves("30,190 33,170 46,156 62,152", "74,184 76,164 86,148 104,138", "62,152 84,143 104,138")
    s.hide("108,166 110,138 122,122 136,117 160,108 148,122 142,148")
    s.curves("108,166 110,140 120,124 136,117", "140,148 140,132 148,117 160,108", "136,117 148,111 160,108")
    s.curves("226,114 231,94 228,72", "214,110 220,96 217,82")
    s.loop(197, 68, 32, 10, -4)
    s.curves("166,72 170,83 196,88 220,82 229,70")
    s.lines("182,74 195,76 194,90 181,87 182,74")
    for x, y in ((30, 202), (62, 200), (90, 192), (118, 178), (146, 164), (180, 148), (208, 140)):
        s.lines(f"{x},{y} {x + 9},{y - 2}", f"{x + 14},{y + 8} {x + 22},{y + 7}")
    s.lines("172,190 182,188", "204,180 212,179", "146,198 156,197", "190,202 200,201", "110,202 119,201")


def strappy_heel(s: Pad) -> None:
    """An evening sandal: thin straps, a closed heel, a high heel."""
    s.curves("14,200 40,206 70,200 100,178 132,148 170,126 208,120")
    s.curves("14,200 16,191 40,190 62,184 92,160 126,130 164,112 206,108")
    s.curves("206,108 216,86 226,88 226,104 222,124 210,128")
    s.curves("208,120 212,160 206,212", "206,212 216,213", "216,213 222,170 222,124")
    s.curves("26,192 32,172 50,164 64,170 66,184", "36,192 40,178 52,173 58,188")
    s.curves("66,186 66,164 80,150 94,156 100,168", "78,180 76,166 84,160 90,166")
    s.curves("220,88 196,66 168,62 148,70 142,82 156,90 186,88 218,96")
    s.curves("214,90 192,74 168,70 154,76")
    s.lines("178,82 192,84 190,96 177,94 178,82")
    s.curves("82,152 104,126 126,100 146,86", "92,158 112,132 134,106 152,92")


def loafer(s: Pad) -> None:
    """A slip-on with an apron and a strap across it."""
    s.curves("12,172 14,158 34,144 64,134 94,124 116,114")
    s.curves("116,114 132,134 162,140 198,126 236,100", "116,114 140,98 182,88 216,88 236,100")
    s.curves("236,100 246,116 242,142 244,164")
    s.curves("12,172 50,182 110,182 170,174 244,164", "12,172 13,181 50,191 112,190 174,183")
    s.lines("174,182 176,200 240,197 244,164")
    s.curves("124,126 106,144 74,158 46,160 38,152 52,143 84,130")
    s.curves("50,160 54,165", "64,158 67,164", "78,154 82,160", "42,152 37,148", "52,144 48,138", "66,138 63,133")
    s.shape("84,127 102,120 140,160 146,176 126,180 116,164", curved=False)
    s.lines("108,140 114,136 124,147 117,152 108,140")


def flip_flop(s: Pad) -> None:
    """A flat sole seen from above, and a strap like a Y."""
    s.curves("16,184 12,164 36,144 76,138 120,128 164,104 202,92 232,98 242,114 232,132 196,148 150,168 104,192 60,206")
    s.curves("60,206 30,204 16,184")
    s.curves("16,184 16,198 32,216 62,219 106,205 152,181 198,160 234,144 243,128 242,114")
    s.shape("70,166 84,138 116,112 146,98 154,104 128,120 100,144 78,168")
    s.shape("74,166 104,160 140,158 168,160 166,170 136,168 102,172 74,172")
    s.loop(73, 168, 6, 5)


def ballerina(s: Pad) -> None:
    """A flat shoe with a wide opening and a bow at the toe."""
    s.curves("12,178 12,160 30,144 60,134 84,132")
    s.curves("12,178 30,192 70,198 130,194 190,184 236,170")
    s.curves("84,132 98,152 136,156 180,138 214,112 234,90")
    s.curves("84,132 104,112 144,98 186,86 216,80 234,90")
    s.curves("234,90 246,108 244,140 236,170")
    s.curves("14,184 32,199 72,205 130,201 192,191 236,176 236,170")
    s.curves("92,128 112,122 146,108 188,95 214,90")
    s.shape("76,136 62,118 44,116 44,134 54,144")
    s.shape("82,138 98,126 112,130 110,146 94,150")
    s.loop(78, 139, 7, 6, hides=True)
    s.curves("74,145 64,156 56,160", "82,145 86,158 94,164", "50,124 60,130", "106,136 96,138")


def oxford(s: Pad) -> None:
    """A laced leather shoe with a punched toe cap and a low heel."""
    s.curves("12,176 14,162 34,150 62,140 88,126 108,110")
    s.curves("108,110 106,98 120,90 134,100")
    s.curves("134,102 150,120 180,122 210,112 234,96", "134,100 162,89 204,86 234,96")
    s.curves("234,96 244,112 240,140 242,166")
    s.curves("12,176 56,185 112,184 174,176 242,166", "12,176 12,184 56,194 114,193 174,186")
    s.lines("174,185 176,203 240,200 242,166")
    s.curves("52,145 68,160 73,185", "59,142 76,158 81,185")
    s.curves("84,130 86,148 98,152 120,138 138,106")
    s.curves("98,152 122,166 150,166 166,150 172,122")
    s.lines("90,125 104,144", "97,119 114,138", "103,113 124,129")
    s.curves("114,112 98,98 88,104 106,115", "116,113 124,126 136,126 124,112")
    for x, y in ((30, 162), (40, 156), (46, 166), (36, 172), (54, 175), (24, 172)):
        s.loop(x, y, 1.6, 1.6)
    s.curves("200,172 200,148 212,130 239,126")


def work_boot(s: Pad) -> None:
    """A laced boot, tried again and again and shaded with quick lines."""
    s.curves("24,196 24,176 44,164 76,160 96,144 104,116 104,70 100,42")
    s.curves("100,42 130,50 170,48 200,38", "100,42 128,34 168,30 200,38")
    s.curves("200,38 198,90 202,140 210,188")
    s.curves("24,196 70,202 130,200 210,188")
    s.lines("24,196 20,210 22,218 40,220 44,215 60,221 66,216 82,221 90,216 106,220 134,214")
    s.lines("134,214 138,222 208,218 212,204 210,188")
    s.curves("58,164 74,178 76,200")
    s.curves("92,164 118,142 126,112 126,76 122,48")
    for y in (58, 74, 90, 106, 122):
        s.lines(f"104,{y} 126,{y + 8}", f"126,{y - 2} 103,{y + 10}")
    search_lines(s, 2)
    s.hatch("132,60 190,54 192,120 200,184 150,190 134,120", 8, 62)
    s.hatch("34,176 60,168 74,184 72,196 32,192", 6, 118)
    s.hatch("150,130 200,140 206,186 140,194", 9, 118)


def slip_on(s: Pad) -> None:
    """A plain canvas shoe; it lies small in a corner of the page."""
    s.curves("12,168 16,150 44,138 84,126 116,108")
    s.curves("116,108 136,130 166,134 204,122 236,98", "116,108 146,90 200,84 236,98")
    s.curves("236,98 246,130 244,160")
    s.curves("12,168 60,178 120,178 184,171 244,160", "12,168 12,186 60,197 122,197 186,190 242,180 244,160")
    s.curves("136,130 144,150 166,151 174,132")
    s.curves("60,134 76,150 80,178")
    for st in s.strokes:
        st.points = st.points * 0.44 + [124, 130]


# ------------------------------------------------------------------------------------------------------ chairs


def dining_chair(s: Pad) -> None:
    """Four legs, three upright slats, seen from the front left."""
    s.bar("110,128", "106,214", 8, 6)
    s.bar("190,128", "200,226", 9, 7)
    s.shape("56,150 138,168 196,136 112,122", curved=False)
    s.lines("56,150 57,161 138,180 138,168", "138,180 196,147 196,136")
    s.lines("113,123 106,26", "121,124 115,44")
    s.lines("195,138 202,32", "186,133 192,50")
    s.curves("106,26 150,18 202,32", "115,44 150,38 192,50")
    s.lines("136,41 138,125", "144,40 146,126", "160,41 160,128", "168,42 168,129")
    s.lines("57,161 58,240 66,241 68,164")
    s.lines("128,178 130,249 139,250 139,180")


def armchair(s: Pad) -> None:
    """A soft chair with round arms, seen from the front right."""
    s.curves("64,124 58,72 66,34 100,20 146,18 186,28 202,54 202,104")
    s.curves("78,120 76,76 84,48 112,38 150,38 178,46 184,70 184,112")
    s.shape("60,150 128,160 194,138 188,122 128,114 66,132")
    s.lines("60,152 62,172", "196,140 198,160")
    s.curves("60,172 128,184 198,162")
    s.shape("24,140 22,116 40,104 60,112 66,132 62,172 62,220 30,212")
    s.shape("194,140 192,112 208,98 228,106 234,126 232,200 200,216 196,180")
    s.curves("34,130 34,120 44,114 52,122 48,132", "206,124 206,112 216,108 222,116 218,126")
    s.curves("62,220 128,230 200,216")
    s.lines("36,214 38,232 48,234 50,217", "206,213 208,230 217,228 218,207", "88,225 90,240 98,241 99,227")


def stool(s: Pad) -> None:
    """A round seat on three legs with a ring between them."""
    s.bar("120,88", "126,214", 9, 7)
    s.bar("76,92", "38,240", 11, 8)
    s.bar("180,92", "218,238", 11, 8)
    s.curves("62,168 92,182 126,184 164,182 192,166", "60,176 92,191 126,193 166,191 196,174")
    s.hide("56,60 128,50 200,60 206,84 180,100 128,106 76,100 50,84")
    s.loop(128, 66, 80, 26)
    s.curves("48,68 52,88 84,104 128,108 172,104 204,88 208,68")


def office_chair(s: Pad) -> None:
    """A swivel chair on castors."""
    s.shape("92,22 124,16 158,22 168,40 164,84 150,104 116,104 94,92 86,56")
    s.curves("100,34 126,28 150,34", "96,82 124,94 154,88")
    s.lines("118,104 120,128", "134,104 134,126")
    s.shape("72,142 84,126 128,122 172,128 188,144 178,158 128,164 84,160")
    s.curves("74,152 90,172 130,176 172,170 187,152")
    s.lines("76,140 58,136 54,106", "186,142 202,138 206,106")
    s.curves("40,106 54,98 76,102 72,110 46,112 40,106", "188,102 208,98 222,106 214,112 190,110 188,102")
    s.lines("122,175 122,214", "138,175 137,214", "122,188 138,188")
    s.lines("122,210 62,226 62,232 126,220", "137,210 196,222 197,229 136,220")
    s.lines("124,220 92,234 97,239 130,223 162,238 168,233 136,220")
    for x, y in ((60, 238), (94, 244), (166, 243), (199, 235)):
        s.loop(x, y, 6, 6)


def rocking_chair(s: Pad) -> None:
    """From the side: bent runners, a high back of spindles."""
    s.curves("20,212 62,232 120,238 178,230 238,196", "22,204 62,223 120,229 178,221 234,189")
    s.bar("84,142", "70,226", 7)
    s.bar("166,144", "178,222", 7)
    s.shape("62,142 120,150 182,142 172,128 116,124 72,130")
    s.curves("62,142 64,152 120,160 182,150 182,142")
    s.lines("176,136 208,26", "168,130 198,30")
    s.lines("122,124 148,20", "130,126 157,26")
    s.curves("148,20 172,12 208,26", "152,40 176,34 202,48")
    for x, top in ((138, 164), (148, 174), (158, 185)):
        s.lines(f"{x},126 {top},38")
    s.curves("54,96 64,90 120,94 186,98", "54,96 60,104 120,104 184,107")
    s.lines("70,102 74,130", "78,103 82,129")
    s.lines("76,190 172,190", "75,197 174,197")


def bar_stool(s: Pad) -> None:
    """A high seat with a low back and a foot rest."""
    s.bar("106,92", "100,222", 7, 6)
    s.bar("154,90", "166,224", 7, 6)
    s.lines("100,190 164,190", "82,206 100,190", "164,190 172,208")
    s.shape("82,90 92,78 128,72 164,78 176,90 164,102 128,108 92,102")
    s.curves("82,91 84,104 100,114 130,118 160,114 174,104 176,91")
    s.lines("94,80 88,26", "102,78 97,40", "164,80 170,26", "156,77 161,40")
    s.curves("86,26 128,12 172,26", "86,26 88,42 128,30 170,42 172,26")
    s.bar("92,110", "72,246", 8, 7)
    s.bar("166,110", "186,246", 8, 7)
    s.lines("82,203 178,203", "81,211 180,211")
    roughen(s, 0.5)


def lounge_chair(s: Pad) -> None:
    """A low easy chair with a wooden frame and two cushions, from the side."""
    s.shape("154,164 176,98 204,36 220,28 232,40 212,106 186,172 170,180")
    s.curves("192,66 204,74 222,78", "168,118 182,126 204,130")
    s.shape("36,146 48,136 110,146 168,162 178,174 168,188 100,178 44,168")
    s.curves("76,140 73,156 75,172", "120,148 117,164 119,180")
    s.shape("30,112 36,103 110,108 202,116 206,126 112,120 38,118")
    s.bar("50,118", "34,230", 9, 7)
    s.bar("184,124", "220,228", 9, 7)
    s.lines("40,190 202,200", "39,198 205,209")


def folding_chair(s: Pad) -> None:
    """Crossed metal legs, a thin seat, a small back."""
    s.bar("96,62", "178,238", 6)
    s.bar("172,50", "232,222", 6)
    s.bar("108,134", "60,236", 6)
    s.bar("186,128", "150,212", 6)
    s.lines("62,232 150,210", "176,232 230,216")
    s.shape("58,142 72,132 176,120 198,126 190,138 84,154 62,152")
    s.curves("60,152 64,160 88,162 192,146 198,128")
    s.lines("96,62 88,24", "90,62 81,24", "172,50 168,14", "166,50 161,14")
    s.shape("80,24 84,16 128,8 172,8 178,18 182,50 176,58 128,64 96,70 88,64")
    s.lines("104,66 128,130", "98,70 118,132")


def sofa(s: Pad) -> None:
    """A seat for two with loose cushions."""
    s.curves("40,118 36,84 50,70 90,66 128,68 168,66 206,70 220,84 216,118")
    s.curves("128,69 127,100 128,126")
    s.shape("46,140 50,124 88,120 126,124 128,142 126,152 84,154 48,154")
    s.shape("130,142 132,124 170,120 208,124 212,140 208,154 168,154 130,152")
    s.shape("14,134 12,112 30,102 46,112 50,134 48,196 18,196")
    s.shape("206,134 208,112 226,102 244,112 242,136 238,196 208,196")
    s.lines("48,176 208,176", "48,196 208,196")
    s.lines("24,198 26,212 34,212 36,198", "220,198 222,212 230,212 232,198")
    s.lines("62,78 92,80 94,112 60,112 62,78", "62,78 94,112", "92,80 60,112")


def shell_chair(s: Pad) -> None:
    """A moulded seat on thin spread legs."""
    s.bar("110,158", "92,218", 5)
    s.bar("164,156", "190,214", 5)
    s.lines("94,170 168,200", "162,170 100,202")
    s.bar("94,156", "56,244", 7, 5)
    s.bar("168,160", "184,246", 7, 5)
    s.shape("70,140 60,112 74,98 84,92 82,58 90,28 122,14 162,22 186,52 186,92 206,104 206,128 186,156 132,172 88,162")
    s.curves("84,92 94,112 132,120 166,112 186,92")
    s.curves("70,140 96,152 134,156 176,142 206,118")
    s.curves("94,112 88,126 74,136", "166,112 176,124 190,130")


def wicker_chair(s: Pad) -> None:
    """A basket chair, tried again and again and filled with cross hatching."""
    back = "52,118 46,66 70,30 126,18 184,30 206,66 200,118 166,134 126,138 84,134"
    s.bar("66,160", "56,242", 9, 7)
    s.bar("188,160", "198,242", 9, 7)
    s.bar("102,168", "100,226", 7, 6)
    s.bar("152,168", "156,226", 7, 6)
    s.shape(back)
    s.curves("66,112 62,72 82,46 126,36 170,46 190,72 186,112")
    s.shape("48,132 66,114 126,108 188,114 206,132 184,152 126,158 68,152")
    s.curves("48,132 50,152 74,168 126,176 182,168 204,152 206,132")
    search_lines(s, 2)
    weave = "66,104 62,72 82,46 126,36 170,46 190,72 186,104 126,106"
    s.hatch(weave, 11, 50)
    s.hatch(weave, 11, 130)
    s.hatch("56,150 76,164 126,172 180,164 200,148 184,154 126,160 70,154", 7, 80)


def simple_chair(s: Pad) -> None:
    """A chair in seven lines."""
    s.lines("84,18 84,138", "164,24 166,134")
    s.curves("84,18 122,14 164,24")
    s.lines("84,138 60,168 146,172 166,134 84,138")
    s.lines("60,168 58,240", "146,172 148,244", "166,134 178,214", "86,170 88,212")


# ------------------------------------------------------------------------------------------------------- files

Draw = Callable[[Pad], None]


def make_all() -> dict[str, Pad]:
    """Every drawing by its file's name."""
    shoes: dict[Draw, Pad] = {
        sneaker: Pad(101),
        high_top: Pad(102, width=2.0),
        ankle_boot: Pad(103, wobble=0.9, miss=2.5),
        knee_boot: Pad(104),
        pump: Pad(105, width=2.0, again=0.3),
        wedge_sandal: Pad(106),
        strappy_heel: Pad(107, width=1.0),
        loafer: Pad(108, wobble=0.8, again=0.35),
        flip_flop: Pad(109, width=2.0, wobble=0.8),
        ballerina: Pad(110),
        oxford: Pad(111, width=1.0, miss=2.5),
        work_boot: Pad(112),
        slip_on: Pad(113),
    }
    chairs: dict[Draw, Pad] = {
        dining_chair: Pad(201, miss=2.5),
        armchair: Pad(202),
        stool: Pad(203, width=2.0),
        office_chair: Pad(204),
        rocking_chair: Pad(205),
        bar_stool: Pad(206, again=0.3),
        lounge_chair: Pad(207, width=2.0),
        folding_chair: Pad(208, wobble=0.8),
        sofa: Pad(209, miss=2.5),
        shell_chair: Pad(210, width=1.0),
        wicker_chair: Pad(211),
        simple_chair: Pad(212, width=2.0, wobble=0.9, miss=3.0),
    }
    out = {}
    for folder, drawings in (("shoes", shoes), ("chairs", chairs)):
        for draw, pad in drawings.items():
            draw(pad)
            pad.warp(1.5)
            out[f"{folder}/{draw.__name__}.svg"] = pad
    return out


def main(folder: Path) -> None:
    """Write every drawing into ``folder``/shoes and ``folder``/chairs."""
    for name, pad in make_all().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(to_svg(pad, (SIDE, SIDE)), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "sketches")
