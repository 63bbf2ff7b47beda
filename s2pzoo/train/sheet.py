"""Sample sheets of a training: batches as columns of pictures."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PIL import Image
from torch import Tensor

from s2pzoo.imaging.sheet import contact_sheet


def sheet(columns: Mapping[str, Tensor], *, cell: int = 192) -> Image.Image:
    """A contact sheet of batches in [0,1]: a row a picture, a column a name."""
    pictures = [[to_pil(image) for image in batch.float().cpu()] for batch in columns.values()]
    return contact_sheet([list(row) for row in zip(*pictures, strict=True)], list(columns), cell=cell)


def to_pil(image: Tensor) -> Image.Image:
    """(C,H,W) in [0,1], one or three channels -> a picture."""
    array = (image.clamp(0, 1).permute(1, 2, 0).numpy() * 255 + 0.5).astype(np.uint8)
    return Image.fromarray(array.squeeze(-1) if array.shape[-1] == 1 else array)
