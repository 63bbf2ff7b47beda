"""What is paper and what is ink: polarity, paper colour, photographed paper, and what is on paper that nobody drew.

Clean drawings pass through untouched. A sheet that is off-white, evenly or from one side to the other, is lifted to
white. Only when the light on the sheet is clearly uneven is the picture flattened: divided by the local paper level and
cut by a soft threshold. Then ruled lines, a frame and what lies beside a turned scan are taken out.
"""

from __future__ import annotations

import numpy as np
from attrs import frozen
from PIL import Image
from scipy import ndimage

from s2pzoo.imaging.pixels import luma
from s2pzoo.imaging.resize import block_mean

INVERTED = "white-on-black drawing inverted"
FLATTENED = "photographed paper: uneven light flattened by an adaptive threshold"
WHITENED = "off-white paper lifted to white"
RULED = "ruled lines taken out"
FRAMED = "a frame around the drawing taken out"
BESIDE = "what lies beside the sheet taken out"
OUTLINED = "filled areas read as their outlines"


def clean(work: np.ndarray, *, photographed: bool = True) -> tuple[np.ndarray, tuple[str, ...]]:
    """(H, W) or (H, W, 3) float in [0, 1] -> ((H, W) float32, 1 paper and 0 ink; what was decided, in words).

    photographed  whether it may be a photo of paper; else there is no uneven light to flatten.
    """
    notes: tuple[str, ...] = ()
    if is_light_on_dark(luma(work)):
        work, notes = 1.0 - work, (INVERTED,)
    light = luma(work)
    level = ground(work, light)
    if level is None and photographed and is_uneven(light):
        return flatten(darkness(work / _bright_level(work))), (*notes, FLATTENED)
    level = paper_level(work, light) if level is None else level
    if float(np.min(level)) < 0.97:
        notes = (*notes, WHITENED)
    return darkness(np.clip(work / level, 0, 1)), notes


def holds_something(work: np.ndarray, *, photographed: bool = True) -> bool:
    """Whether something stands out from its surroundings, be it ever so faint or light."""
    if not photographed:
        return float(np.ptp(work)) > 0
    light = block_mean(luma(work), max(1, max(work.shape[:2]) // 256))
    local = np.abs(light - ndimage.median_filter(light, size=9, mode="nearest"))
    return float(np.mean(local > 0.03)) > 2e-4


def tidied(ink: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """(H, W) on white paper -> without what is on the sheet and is no drawing; and what that was, in words."""
    notes: list[str] = []
    for change, note in ((without_table, BESIDE), (without_rules, RULED), (without_frame, FRAMED)):
        cleared = change(ink)
        if cleared is not ink:
            ink = cleared
            notes.append(note)
    return ink, tuple(notes)


def darkness(work: np.ndarray) -> np.ndarray:
    """(H, W[, 3]) with white paper -> (H, W) in [0, 1]. Greys stay as they are; a coloured line counts by the mean of
    its luma and its darkest channel, so that yellow pencil is seen."""
    if work.ndim == 2:
        return np.clip(work, 0, 1)
    return np.clip(0.5 * (luma(work) + work.min(axis=2)), 0, 1)


def is_black(work: np.ndarray) -> bool:
    """Nothing in it is lighter than a dark grey."""
    return float(work.max()) < 0.2


def is_light_on_dark(light: np.ndarray) -> bool:
    """(H, W): the sheet is dark or mid-grey, and what stands out is lighter. A dim photo of dark lines is not."""
    sheet = max(float(np.median(light)), float(np.median(_border(light))))
    if sheet >= 0.85:
        return False
    small = block_mean(light, -(-max(light.shape) // 160))
    local = small - ndimage.median_filter(small, size=15, mode="nearest")
    around = float(local.sum()) / max(float(np.abs(local).sum()), 1e-6)
    if sheet >= 0.5:
        return around > 0.6
    if abs(around) > 0.15:
        return around > 0
    return float(small.mean()) > float(np.median(small))


def is_uneven(light: np.ndarray) -> bool:
    """(H, W): clearly not uniform paper: neither most of the sheet nor most of its rim lies at one level.

    Soft grey drawings on white keep both at white, however much they shade.
    """
    if min(light.shape) < 48:
        return False
    levels = _grid(light, 24, 85)
    if float(np.mean(np.abs(levels - _mode(levels)) <= 0.025)) >= 0.5:
        return False
    windows = _grid(light, 5, 90)
    rim = np.concatenate([windows[0], windows[-1], windows[1:-1, 0], windows[1:-1, -1]])
    return float(np.mean(rim >= rim.max() - 0.04)) < 0.5


def ground(work: np.ndarray, light: np.ndarray) -> np.ndarray | None:
    """The level of paper that is nearly white, evenly or from one side to the other: (), (3,), (H, W) or (H, W, 3).

    1 where white is common; None of other paper.
    """
    if float(np.mean(light >= 0.998)) >= 0.15:
        return np.ones(work.shape[2:], np.float32)
    levels = _grid(light, 24, 85)
    smooth = _surface(levels)
    if float(smooth.min()) < 0.8 or float(np.mean(np.abs(levels - smooth) <= 0.025)) < 0.5:
        return None
    smooth = _enlarge(np.minimum(smooth, 1.0), light.shape)
    sheet = np.abs(light - smooth) <= 0.05
    tint = np.median(work[sheet] / light[sheet].reshape(-1, *(1,) * (work.ndim - 2)), axis=0)
    grain = 1.48 * np.median(np.abs(light[sheet] / smooth[sheet] - 1))
    return (smooth.reshape(*smooth.shape, *(1,) * (work.ndim - 2)) * tint * (1 - 2 * grain - 1e-5)).astype(np.float32)


def paper_level(work: np.ndarray, light: np.ndarray) -> np.ndarray:
    """The paper's level, () or (3,), a little below its mean where it is grainy; 1 when white is common."""
    white = np.ones(work.shape[2:], np.float32)
    if float(np.mean(light >= 0.97)) >= 0.15:
        return white
    level = _mode(_grid(light, 24, 85))
    sheet = work[np.abs(light - level) <= 0.05]
    if sheet.size == 0:
        return white
    middle = np.median(sheet, axis=0)
    grain = 1.48 * np.median(np.abs(sheet - middle), axis=0)
    return np.maximum(middle - 2 * grain, 0.05).astype(np.float32)


def flatten(grey: np.ndarray) -> np.ndarray:
    """(H, W) photographed dark lines under uneven light -> (H, W) float32: white paper, dark lines, soft edges."""
    grey = ndimage.gaussian_filter(grey, 0.6)
    ratio = grey / np.maximum(_illumination(grey), 0.02)
    ratio = ratio / np.median(ratio)
    ratio[_table(ratio)] = 1.0
    grain = 1.48 * float(np.median(np.abs(ratio - 1.0)))
    high = 1.0 - float(np.clip(4 * grain, 0.06, 0.2))
    inked = ratio[ratio < high]
    if inked.size == 0:
        return np.ones_like(grey)
    low = min(float(np.percentile(inked, 15)), high - 0.15)
    return _without_specks(np.clip((ratio - low) / (high - low), 0, 1).astype(np.float32))


def without_table(ink: np.ndarray) -> np.ndarray:
    """(H, W) without the dark wedges or bands along its rims, straight on the inside, that a turned scan has."""
    clear = np.zeros(ink.shape, bool)
    for turns in range(4):
        seen, gone = np.rot90(ink, turns), np.rot90(clear, turns)
        height = len(seen)
        light = seen > 0.7
        depth = np.where(light.any(axis=0), np.argmax(light, axis=0), height)  # from the upper rim to the first light
        at = np.flatnonzero((depth > 1) & (depth < 0.35 * height))
        if len(at) < max(8, 0.2 * len(depth)) or np.mean(depth >= 0.35 * height) > 0.3:
            continue
        few = at[:: max(1, len(at) // 200)]
        line = _straight_through(few, depth[few], len(depth))
        near = np.abs(line - depth)[at] < max(2.5, 0.006 * height)
        if near.sum() < max(8, 0.2 * len(depth), 0.55 * len(at)):
            continue
        first, *_, last = at[near]
        if np.mean(depth[first : last + 1] > 1) < 0.95:  # shaded hair and clothes have gaps
            continue
        edge = np.where(depth > 1, np.minimum(depth, line + 2) + max(2, round(0.006 * height)), 0)
        gone |= np.arange(height)[:, None] < edge
    return np.where(clear, np.float32(1), ink) if clear.any() else ink


def _straight_through(x: np.ndarray, y: np.ndarray, count: int) -> np.ndarray:
    """The line through most of the points, at 0 to `count` - 1: the median of all slopes (Theil, Sen)."""
    i, j = np.triu_indices(len(x), 1)
    slope = np.median((y[j] - y[i]) / (x[j] - x[i]))
    return slope * np.arange(count) + np.median(y - slope * x)


def without_rules(ink: np.ndarray) -> np.ndarray:
    """(H, W) without evenly spaced lines from rim to rim, across and down; and what crosses them whole."""
    left = 1 - ink
    across, down = _rules(left), _rules(left.T)
    spaced = _evenly(across, len(left)), _evenly(down, len(left.T))
    if not any(spaced):
        straight = _straightened(ink)
        return ink if straight is ink else without_rules(straight)
    for view, rules, known in ((left, across, spaced[0]), (left.T, down, spaced[1])):
        for rule in rules:
            if known or rule.share > 0.9:  # one alone is the margin of a ruled sheet
                _wipe(view, rule)
    return (1 - left).astype(np.float32)


def _straightened(ink: np.ndarray) -> np.ndarray:
    """(H, W) turned so that its ruled lines lie level, if they do not by up to 15 degrees; without any as it is."""
    if min(ink.shape) < 16:
        return ink
    rims = [ink[:, 1:4], ink[:, -4:-1], ink[1:4].T, ink[-4:-1].T]
    crossed = [int((np.diff((rim.mean(axis=1) < 0.97).astype(int)) == 1).sum()) for rim in rims]
    if min(crossed[:2]) < 5 and min(crossed[2:]) < 5:  # ruled lines run from rim to rim
        return ink
    small = block_mean(1 - ink, max(1, max(ink.shape) // 320))
    small = np.minimum(small if min(crossed[:2]) >= 5 else small.T, 0.3)
    rows, columns = np.indices(small.shape)
    angles = np.arange(-15, 15.01, 0.25)

    def sharpness(angle: float) -> float:
        """How much the sums along lines of this slope differ from one to the next."""
        at = rows - np.round((columns - small.shape[1] / 2) * np.tan(np.radians(angle))).astype(int)
        inside = (at >= 0) & (at < len(small))
        sums = np.bincount(at[inside], weights=small[inside], minlength=len(small))
        return float(np.square(np.diff(sums)).sum())

    scores = [sharpness(angle) for angle in angles]
    best = float(angles[int(np.argmax(scores))])
    if abs(best) < 0.5 or max(scores) < 2 * float(np.median(scores)):
        return ink
    turn = best if min(crossed[:2]) >= 5 else -best
    turned = Image.fromarray(ink.astype(np.float32)).rotate(turn, Image.Resampling.BICUBIC, fillcolor=1.0)
    straight = np.clip(np.asarray(turned), 0, 1)
    views = 1 - straight, (1 - straight).T
    return straight if any(_evenly(_rules(view, 0.5), len(view)) for view in views) else ink


@frozen
class _Rule:
    """A straight line across a picture: its rows, how dark it is, how much of the width it covers, whether it
    reaches both rims."""

    top: int
    bottom: int
    level: float
    share: float
    whole: bool


def _rules(dark: np.ndarray, least: float = 0.6) -> list[_Rule]:
    runs = ndimage.grey_opening(dark, size=(1, max(8, dark.shape[1] // 10)))
    share, rim = (runs > 0.03).mean(axis=1), max(2, dark.shape[1] // 12)
    labels, count = ndimage.label(share >= least)  # pyright: ignore[reportGeneralTypeIssues]
    found = []
    for (rows,) in ndimage.find_objects(labels, count):
        if rows.stop - rows.start <= max(4, len(dark) // 60):
            level = float(np.median(runs[rows][runs[rows] > 0.03]))
            inked = np.asarray((runs[rows] > 0.03).any(axis=0))
            whole = bool(inked[:rim].any() and inked[-rim:].any())
            found.append(_Rule(max(0, rows.start - 1), rows.stop + 1, level, float(share[rows].max()), whole))
    return found


def _evenly(rules: list[_Rule], side: int) -> bool:
    """Whether a sheet is ruled with these: from rim to rim, over most of it, evenly, all as dark. Shading is not so."""
    places = np.array([(rule.top + rule.bottom) / 2 for rule in rules])
    if len(rules) < 4 or places[-1] - places[0] < side / 2:
        return False
    steps, levels = np.diff(places), np.array([rule.level for rule in rules])
    ratio = steps / np.median(steps)
    alike = (np.abs(ratio - ratio.round()) < 0.2, [rule.whole for rule in rules], levels < 2 * np.median(levels))
    return all(float(np.mean(some)) >= 0.75 for some in alike)


def _wipe(dark: np.ndarray, rule: _Rule) -> None:
    """Take a line out in place; strokes that cross it stay whole."""
    above, below = dark[max(0, rule.top - 1)], dark[min(rule.bottom, len(dark) - 1)]
    band = dark[rule.top : rule.bottom]
    band[:] = np.where(band > 1.4 * rule.level + 0.1, band, np.minimum(band, np.minimum(above, below)))


def without_frame(ink: np.ndarray) -> np.ndarray:
    """(H, W) without a line around everything, close to the rims of the sheet."""
    straight = _without_four_sides(ink)
    if straight is not ink:
        return straight
    labels, count = _labelled(ink < 0.6)
    for number, (rows, columns) in enumerate(ndimage.find_objects(labels), 1):
        part = labels[rows, columns] == number
        height, width = part.shape
        if height < 0.8 * ink.shape[0] or width < 0.8 * ink.shape[1] or part.mean() > 0.1 or count < 3:
            continue
        if all(
            np.mean(np.argmax(np.rot90(part, k), axis=0) < 0.06 * np.rot90(part, k).shape[0]) > 0.9 for k in range(4)
        ):
            wide = ndimage.binary_dilation(labels == number, iterations=max(2, max(ink.shape) // 200))
            return np.where(wide, np.float32(1), ink)
    return ink


def _without_four_sides(ink: np.ndarray) -> np.ndarray:
    """(H, W) without the straight lines along all four rims, whatever touches them; there may be several."""
    left = 1 - ink
    sides = []
    for view in (left, left.T):
        close = [(rule, (rule.top + rule.bottom) / 2 / len(view)) for rule in _rules(view, 0.75)]
        sides += [(view, [rule for rule, at in close if at < 0.12]), (view, [r for r, at in close if at > 0.88])]
    if not all(rules for _, rules in sides):
        return ink
    rim = round(0.12 * min(ink.shape))
    if float(left[rim:-rim, rim:-rim].max()) < 0.4:  # then it is the drawing
        return ink
    for view, rules in sides:
        for rule in rules:
            _wipe(view, rule)
    return (1 - left).astype(np.float32)


def outlined(ink: np.ndarray) -> np.ndarray:
    """(H, W) with filled areas as the lines around them, and around what differs within them."""
    reach = max(6, round(0.07 * max(ink.shape)))
    dark = 1 - ink
    solid = ndimage.grey_opening(dark, size=reach) > 0.15
    if solid.mean() < 0.004:
        return ink
    area = ndimage.binary_dilation(solid, iterations=max(2, reach // 6))
    edges = ndimage.grey_dilation(dark, size=3) - ndimage.grey_erosion(dark, size=3)
    edges = ndimage.maximum_filter(np.clip(3 * edges, 0, 1) * (edges > 0.06), size=max(2, max(ink.shape) // 256))
    return np.where(area, 1 - edges, ink).astype(np.float32)


def _illumination(grey: np.ndarray) -> np.ndarray:
    """Level of the bare paper at every pixel: the local level where paper shows, a smooth surface under large filled
    areas."""
    small = ndimage.gaussian_filter(block_mean(grey, max(1, max(grey.shape) // 256)), 1.0)
    reach = max(5, min(small.shape) // 8)
    local = ndimage.grey_closing(small, size=reach)
    surface = _surface(local)
    shown = ndimage.minimum_filter((local >= 0.6 * surface).astype(np.float32), size=5)
    weight = ndimage.gaussian_filter(shown, reach / 8)
    smooth = ndimage.gaussian_filter(local * shown, reach / 8) / np.maximum(weight, 1e-6)
    return _enlarge(np.where(weight > 0.1, smooth, surface), grey.shape)


def _table(ratio: np.ndarray) -> np.ndarray:
    """What lies around the sheet: wide dark parts along the rim. Lines are too narrow to count."""
    width = max(3, max(ratio.shape) // 100)
    dark = (ratio < 0.6).astype(np.uint8)
    wide = ndimage.maximum_filter(ndimage.minimum_filter(dark, size=width), size=width)
    return ndimage.maximum_filter(_touching_rim(wide), size=2 * width + 1)


def _surface(level: np.ndarray) -> np.ndarray:
    """A quadratic through the bright parts: what the paper would be under large filled areas. Dark outliers weigh
    little (iteratively re-weighted least squares)."""
    y, x = (axis.ravel() for axis in np.meshgrid(*(np.linspace(-1, 1, n) for n in level.shape), indexing="ij"))
    basis = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
    target = level.ravel()
    weight = np.where(target >= np.median(target), 1.0, 0.1)
    fit = target
    for _ in range(8):
        weighted = basis.T * weight
        fit = basis @ np.linalg.lstsq(weighted @ basis, weighted @ target, rcond=None)[0]
        weight = np.where(target >= fit - 0.05, 1.0, 0.02)
    return np.clip(fit, 0.05, 1.5).reshape(level.shape)


def _touching_rim(mask: np.ndarray) -> np.ndarray:
    """The parts of a mask that run along at least 8 % of the picture's rim."""
    labels, count = _labelled(mask)
    along = np.bincount(_border(labels, 1), minlength=count + 1)
    keep = along >= 0.08 * _border(labels, 1).size
    keep[0] = False
    return keep[labels]


def _without_specks(ink: np.ndarray) -> np.ndarray:
    """Drop what is too small or too faint to be a stroke."""
    labels, count = _labelled(ink < 0.97)
    if count == 0:
        return ink
    strong = np.bincount(labels.ravel(), weights=(ink < 0.6).ravel(), minlength=count + 1)
    drop = strong < max(4.0, 8e-6 * ink.size)
    drop[0] = True
    return np.where(drop[labels], np.float32(1), ink)


def _labelled(mask: np.ndarray) -> tuple[np.ndarray, int]:
    """Connected parts numbered from 1 (0 is outside), diagonal neighbours joined; and how many."""
    labels = np.zeros(mask.shape, np.int32)
    ndimage.label(mask, structure=np.ones((3, 3)), output=labels)
    return labels, int(labels.max(initial=0))


def _bright_level(work: np.ndarray) -> np.ndarray:
    """90th percentile of every channel: takes the colour of the light out."""
    return np.maximum(np.percentile(work.reshape(-1, *work.shape[2:]), 90, axis=0), 0.05).astype(np.float32)


def _border(picture: np.ndarray, width: int | None = None) -> np.ndarray:
    n = width or max(1, round(0.03 * min(picture.shape)))
    return np.concatenate([picture[:n].ravel(), picture[-n:].ravel(), picture[:, :n].ravel(), picture[:, -n:].ravel()])


def _grid(picture: np.ndarray, cells: int, percentile: float) -> np.ndarray:
    """(H, W) -> (cells, cells) percentiles of a regular grid; fewer cells for a picture smaller than that."""
    step = max(1, max(picture.shape) // 512)
    picture = picture[::step, ::step]
    rows = np.array_split(picture, min(cells, picture.shape[0]), axis=0)
    return np.array(
        [[np.percentile(c, percentile) for c in np.array_split(r, min(cells, r.shape[1]), axis=1)] for r in rows]
    )


def _mode(levels: np.ndarray) -> float:
    counts, edges = np.histogram(levels, bins=50, range=(0, 1))
    peak = int(np.argmax(np.convolve(counts, [1, 2, 1], mode="same")))
    inside = levels[(levels >= edges[max(0, peak - 1)]) & (levels <= edges[min(50, peak + 2)])]
    return float(np.median(inside)) if inside.size else float(np.median(levels))


def _enlarge(picture: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    image = Image.fromarray(picture.astype(np.float32))
    return np.asarray(image.resize((shape[1], shape[0]), Image.Resampling.BILINEAR))
