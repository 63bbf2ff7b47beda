"""Pixels: numbers in [0,1] to bytes and back, and the luma of colours. One home for what everybody does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

LUMA = (0.299, 0.587, 0.114)
"""Rec. 601, what PIL's "L" uses."""


def to_bytes(image: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Floats in [0,1] as bytes, rounded; what lies outside is clipped."""
    return (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)


def from_bytes(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Bytes as float32 in [0,1]."""
    return image.astype(np.float32) / np.float32(255)


def luma(image: NDArray[np.floating]) -> NDArray[np.float32]:
    """.299 R + .587 G + .114 B of (H,W,3), float32; a grey picture (H,W) passes through."""
    image = np.asarray(image, np.float32)
    return image if image.ndim == 2 else image @ np.asarray(LUMA, np.float32)


def picture(image: NDArray[np.floating]) -> Image.Image:
    """(H,W) in [0,1] as a grey picture, (H,W,3) as an RGB one."""
    return Image.fromarray(to_bytes(image))
