"""By which names pictures are picked up in a folder. A file that is named itself may have any."""

from __future__ import annotations

PHOTOS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".avif"})
DRAWINGS = PHOTOS | {".pbm", ".svg", ".svgz", ".json", ".ndjson", ".jsonl", ".excalidraw", ".tldr"}
