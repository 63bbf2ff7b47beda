"""The two ways from a drawing to a photo. Torch-free."""

from __future__ import annotations

from enum import StrEnum


class Via(StrEnum):
    """In which form a drawing and a photo are compared.

    PHOTO: a model makes a photo of the drawing, and photos are compared. EDGES, the baseline: an edge map is made of
    every photo of the gallery, and drawings are compared; no model is needed.
    """

    PHOTO = "photo"
    EDGES = "edges"
