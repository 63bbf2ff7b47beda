"""Photo -> sketch by image filters: `photocopy`, `xdog`, `fdog` and `canny`.

Each takes a photo, float (H,W) or (H,W,3) in [0,1], and gives a sketch, float32 (H,W) in [0,1]: 1 is paper, 0 is ink.
Lengths (sigma, radius) are in pixels of that photo.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from s2pzoo.imaging.pixels import luma

Image = NDArray[np.floating]


def photocopy(
    photo: Image,
    *,
    sharp: float = 0.7,
    radius: float = 4.0,
    threshold: float = 0.97,
    black: float = 0.12,
    white: float = 0.03,
) -> NDArray[np.float32]:
    """The photocopier look: ink where a pixel is darker than its surroundings.

    The ratio r of a fine blur (`sharp`) to a coarse one (`radius`) falls below `threshold` on dark lines; r ramps to
    full ink over `black` below it and to full paper over `white` above it. The idea of GIMP's Photocopy filter.
    """
    gray = luma(photo) + 0.02
    ratio = gaussian_filter(gray, sharp) / gaussian_filter(gray, radius)
    ramp = (ratio - (threshold - black)) / (black + white)
    return np.clip(ramp, 0.0, 1.0).astype(np.float32)


def xdog(
    photo: Image, *, sigma: float = 0.9, k: float = 1.6, tau: float = 0.97, epsilon: float = 0.008, phi: float = 60.0
) -> NDArray[np.float32]:
    """Extended difference of Gaussians (Winnemoeller et al. 2012).

    D = G_sigma - tau * G_{k sigma}; paper where D > epsilon, else 1 + tanh(phi * (D - epsilon)).
    """
    gray = luma(photo)
    difference = gaussian_filter(gray, sigma) - tau * gaussian_filter(gray, k * sigma)
    soft = 1.0 + np.tanh(phi * (difference - epsilon))
    return np.where(difference > epsilon, 1.0, np.clip(soft, 0.0, 1.0)).astype(np.float32)


def fdog(
    photo: Image, *, sigma: float = 1.0, along: float = 3.0, tau: float = 0.98, threshold: float = 0.25
) -> NDArray[np.float32]:
    """Flow-based difference of Gaussians (Kang, Lee, Chui 2007): lines that follow the edges.

    Across the edge tangent flow, the difference of Gaussians of `sigma` and 1.6 `sigma`; along it, a Gaussian of
    `along` pixels over those differences. Below 0, paper turns into ink as 1 + tanh, and what is darker than
    `threshold` grey after all is ink. The flow is the smoothed structure tensor's, as in Kyprianidis and Doellner 2008.
    """
    gray = luma(photo)
    down, right = np.gradient(gaussian_filter(gray, sigma))
    xx, yy, xy = (gaussian_filter(product, 2 * sigma) for product in (right * right, down * down, right * down))
    across = np.arctan2(2 * xy, xx - yy) / 2  # of the strongest change
    step = np.stack([np.sin(across), np.cos(across)])
    flow = np.stack([np.cos(across), -np.sin(across)])
    grid = np.indices(gray.shape, dtype=np.float32)

    def summed(image: Image, path: NDArray[np.floating], deviation: float) -> NDArray[np.floating]:
        reach = int(np.ceil(2 * deviation))
        weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
        taps = [map_coordinates(image, grid + at * path, order=1, mode="nearest") for at in range(-reach, reach + 1)]
        return np.average(taps, axis=0, weights=weights)

    difference = summed(gray, step, sigma) - tau * summed(gray, step, 1.6 * sigma)
    lines = 1 + np.tanh(40 * np.minimum(summed(difference, flow, along), 0))
    return np.where(lines < threshold, 0.0, lines).astype(np.float32)


def canny(photo: Image, *, sigma: float = 1.6, low: float = 0.03, high: float = 0.09) -> NDArray[np.float32]:
    """Canny edges, one pixel wide: ink on both sides of a dark line, as an edge detector draws it."""
    from skimage.feature import canny as detect

    return 1.0 - detect(luma(photo), sigma=sigma, low_threshold=low, high_threshold=high).astype(np.float32)


STYLES = {"photocopy": photocopy, "xdog": xdog, "fdog": fdog, "canny": canny}
