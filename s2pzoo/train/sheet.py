"""Sample sheets of a training: batches as columns of pictures."""

from __future__ import annotations

from collections.abc import Mapping

from PIL import Image
from torch import Tensor

from s2pzoo.imaging.sheet import contact_sheet
from s2pzoo.pipeline.inputs import to_images


def sheet(columns: Mapping[str, Tensor], *, cell: int = 192) -> Image.Image:
    """A contact sheet of batches in [0,1]: a row a picture, a column a name."""
    pictures = [to_images(batch.float()) for batch in columns.values()]
    return contact_sheet([list(row) for row in zip(*pictures, strict=True)], list(columns), cell=cell)
