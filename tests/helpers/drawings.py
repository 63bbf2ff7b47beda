"""Drawings that the tests make themselves."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

FACE_SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 512 512" fill="none" stroke="black" stroke-width="5">
<path d="M256 60C140 60 120 180 120 270C120 380 200 480 256 480C312 480 392 380 392 270C392 180 372 60 256 60Z"/>
<ellipse cx="188" cy="238" rx="30" ry="14"/><ellipse cx="324" cy="238" rx="30" ry="14"/>
<circle cx="188" cy="238" r="9" fill="black"/><circle cx="324" cy="238" r="9" fill="black"/>
<path d="M150 200q38-24 76 0M286 200q38-24 76 0M256 240l-16 70q16 14 36 0"/><path d="M206 370a60 30 0 0 0 100 0z"/>
</svg>"""


def face(side: int = 512) -> np.ndarray:
    """(side, side) uint8, dark lines on white."""
    image = Image.new("L", (side * 2, side * 2), 255)
    draw, u = ImageDraw.Draw(image), side * 2 / 512
    draw.ellipse((120 * u, 60 * u, 392 * u, 480 * u), outline=0, width=round(5 * u))
    for x in (188, 324):
        draw.ellipse(((x - 30) * u, 224 * u, (x + 30) * u, 252 * u), outline=0, width=round(5 * u))
        draw.ellipse(((x - 8) * u, 230 * u, (x + 8) * u, 246 * u), fill=0)
    draw.line((256 * u, 240 * u, 240 * u, 310 * u, 272 * u, 312 * u), fill=0, width=round(5 * u), joint="curve")
    draw.arc((200 * u, 330 * u, 312 * u, 400 * u), 20, 160, fill=0, width=round(5 * u))
    return np.asarray(image.reduce(2))


def soft_face(side: int = 512) -> np.ndarray:
    """(side, side) float32: soft grey lines and shading on pure white, as a photocopy filter makes."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    blurred = Image.fromarray(face(side)).filter(ImageFilter.GaussianBlur(side / 200))
    hair = 0.5 * np.clip(1 - 4 * np.hypot(x - 0.5, (y - 0.2) * 1.6), 0, 1)
    ink = np.asarray(blurred, np.float32) / 255 - hair
    return np.clip(ink, 0, 1)


def phone_photo(height: int = 1600, width: int = 1200, *, seed: int = 0) -> tuple[Image.Image, np.ndarray]:
    """A simulated photo of the face on paper (warm uneven light, noise, slight blur), and the clean page, uint8."""
    rng = np.random.default_rng(seed)
    page = np.full((height, width), 255, np.uint8)
    side = int(min(height, width) * 0.8) // 2 * 2
    top, left = (height - side) // 2, (width - side) // 2
    page[top : top + side, left : left + side] = face(side)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    light = 0.4 + 0.5 * (0.7 * x / width + 0.3 * y / height)
    grey = (0.2 + 0.8 * page / 255) * light
    rgb = np.stack([grey, grey * 0.95, grey * 0.86], axis=-1)
    rgb += 0.02 * rng.standard_normal(rgb.shape, dtype=np.float32)
    photo = Image.fromarray((np.clip(rgb, 0, 1) * 255).astype(np.uint8))
    return photo.filter(ImageFilter.GaussianBlur(1)), page
