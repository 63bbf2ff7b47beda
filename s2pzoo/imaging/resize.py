"""Resizing that keeps strokes: an area average, and thin lines widened first so that they do not fade away.

A one-pixel line in a 4000-pixel scan covers 6 % of a pixel at 256: averaged, it would be gone.
"""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage

OVERSAMPLING, LEAST = 4, 512
"""Pictures are worked on at up to OVERSAMPLING times the final side, or LEAST pixels where that is more."""

STAND_OUT = 0.15
"""A pixel this far from the mean of its block is a line, not grain."""

THIN, KEPT = 0.5, 0.8
"""Lines narrower than THIN final pixels are widened to KEPT final pixels."""

ALONE, DENSE = 0.15, 0.35
"""Share of ink within two final pixels below which a thin line is widened fully, and above which not at all: hatching
is a tone, and must stay one."""


def oversampled(pixels: np.ndarray, size: int) -> tuple[np.ndarray, int]:
    """(H, W[, 3]) uint8, uint16 or float -> (float32 in [0, 1] of at most the working side, the factor)."""
    top = 1.0 if pixels.dtype.kind == "f" else float(np.iinfo(pixels.dtype).max)
    side = max(OVERSAMPLING * size, LEAST)
    factor = -(-max(pixels.shape[:2]) // side)
    mean = block_mean(pixels, factor) / np.float32(top)
    if factor == 1:
        return mean, 1
    pick = np.maximum if float(np.median(mean)) < 0.5 else np.minimum
    extreme = _fold(_fold(pixels, factor, 0, pick), factor, 1, pick).astype(np.float32) / np.float32(top)
    gain = np.where(np.abs(extreme - mean) > STAND_OUT, extreme - mean, 0)
    paper = np.median(mean, axis=(0, 1))
    tone = np.abs(mean - paper)
    tone[tone > 0.8 * np.abs(extreme - paper).max()] = 0  # solid ink beside a line must not hold it back
    reach = (5 * side // size, 5 * side // size) + (1,) * (mean.ndim - 2)
    return mean + gain * _alone(tone, reach), factor


def block_mean(pixels: np.ndarray, factor: int) -> np.ndarray:
    """Mean over blocks of factor x factor; the last row and column of blocks may be smaller. float32."""
    if factor == 1:
        return pixels.astype(np.float32)
    height, width = pixels.shape[:2]
    total = _fold(_fold(pixels, factor, 0, np.add), factor, 1, np.add)
    rows = np.minimum(factor, height - np.arange(total.shape[0]) * factor)
    columns = np.minimum(factor, width - np.arange(total.shape[1]) * factor)
    count = np.outer(rows, columns).astype(np.float32)
    return total / (count if pixels.ndim == 2 else count[:, :, None])


def _fold(pixels: np.ndarray, factor: int, axis: int, join: np.ufunc) -> np.ndarray:
    """Join every `factor` neighbours along an axis. Slices, so that an absurd aspect costs no padding."""
    lead = (slice(None),) * axis
    first = pixels[(*lead, slice(0, None, factor))]
    folded = first.astype(np.float32) if join is np.add else first.copy()
    for offset in range(1, min(factor, pixels.shape[axis])):
        part = pixels[(*lead, slice(offset, None, factor))]
        view = folded[(*lead, slice(0, part.shape[axis]))]
        join(view, part, out=view)
    return folded


def resize_square(ink: np.ndarray, size: int) -> np.ndarray:
    """(S, S) float in [0, 1], 1 paper -> (size, size) float32 in [0, 1]. Same size: unchanged."""
    side = ink.shape[0]
    if side == size:
        return np.clip(ink, 0, 1).astype(np.float32)
    if side > 2 * size:
        ink = _thin_lines_widened(ink, side / size)
    method = Image.Resampling.HAMMING if side > size else Image.Resampling.BICUBIC
    image = Image.fromarray(np.ascontiguousarray(ink, np.float32))
    return np.clip(np.asarray(image.resize((size, size), method), np.float32), 0, 1)


def _thin_lines_widened(ink: np.ndarray, ratio: float) -> np.ndarray:
    dark = 1.0 - ink
    thin = dark - ndimage.grey_opening(dark, size=max(2, int(np.ceil(ratio))))
    thin[thin < 0.08] = 0
    width = _mean_width(thin)
    if width == 0 or width >= THIN * ratio:
        return ink
    grown = ndimage.maximum_filter(thin, size=1 + round(KEPT * ratio - width))
    return 1.0 - np.maximum(dark, grown * _alone(thin, round(5 * ratio)))


def _alone(dark: np.ndarray, reach: int | tuple[int, ...]) -> np.ndarray:
    """1 where little ink is around .. 0 where much is."""
    around = ndimage.uniform_filter(dark, size=reach)  # pyright: ignore[reportArgumentType]
    return np.clip((DENSE - around) / (DENSE - ALONE), 0, 1)


def _mean_width(dark: np.ndarray) -> float:
    """Twice the area over the length of the outline (the total variation), in pixels; 0 when empty."""
    down, right = np.diff(dark, axis=0, prepend=0), np.diff(dark, axis=1, prepend=0)
    outline = float(np.hypot(down, right).sum())
    return 2 * float(dark.sum()) / outline if outline > 0 else 0.0
