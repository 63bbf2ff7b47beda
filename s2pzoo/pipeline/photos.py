"""Photos and masks into a pipeline, by those that take them: files for pictures, tensors for tensors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from s2pzoo.errors import BadInputError
from s2pzoo.imaging.decode import read_pixels
from s2pzoo.imaging.photo import read_photo
from s2pzoo.pipeline.inputs import Inputs


def read_photos(photo: str | Path | Tensor | Sequence[str | Path], *, size: int) -> Inputs:
    """Photos as one batch (N,3,size,size) in [0,1]; `give_back` of it gives what was made in the same form.

    Args:
        photo: a picture file, or a list of them; or a tensor (N,3,size,size) in [0,1], for which a tensor comes back.
        size: side in pixels; files are padded with white, never squashed.

    Raises:
        BadInputError: a file that is not a photo, a tensor of another shape, an empty list.
    """
    if isinstance(photo, Tensor):
        if photo.dim() != 4 or photo.shape[1:] != (3, size, size) or not len(photo):
            raise BadInputError(
                f"A photo cannot have the shape {tuple(photo.shape)}.", fix=f"It is (N,3,{size},{size})."
            )
        return Inputs(tensor=photo, many=True, as_tensor=True)
    many = not isinstance(photo, str | Path)
    paths = list(photo) if many else [photo]
    if not paths:
        raise BadInputError("No photo was given.", fix="Give one, or a list of at least one.")
    pixels = np.stack([read_photo(path, size=size) for path in paths])
    return Inputs(tensor=torch.from_numpy(pixels).permute(0, 3, 1, 2), many=many)


def read_mask(mask: str | Path, photos: Sequence[str | Path], *, size: int) -> Tensor:
    """A picture, white where these photos are missing and black where they are known, as (1,1,size,size) of 0 and 1.

    What `read_photos` pads a photo with counts as known.

    Raises:
        BadInputError: the mask is no picture, or has not the size of each photo.
    """
    height, width = _shape(mask)
    for photo in photos:
        if (found := _shape(photo)) != (height, width):
            raise BadInputError(
                f"The mask {mask} is {width} x {height} pixels.",
                why=f"{photo} is {found[1]} x {found[0]}.",
                fix="Make the mask as large as the photo.",
            )
    missing = read_photo(mask, size=size).mean(2) > 0.5
    unit = size / max(height, width)
    inside = np.zeros_like(missing)
    down, right = (round((size - side * unit) / 2) for side in (height, width))
    inside[down : size - down, right : size - right] = True
    return torch.from_numpy(missing & inside).float()[None, None]


def _shape(path: str | Path) -> tuple[int, int]:
    """Height and width of a picture file."""
    pixels = read_pixels(Path(path), wanted="a picture").pixels
    return pixels.shape[0], pixels.shape[1]
