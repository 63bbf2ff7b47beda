"""The sketches and photos of an evaluation in which nothing pairs them, and the photos that are its floor."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from attrs import field, frozen
from torch import Tensor

from s2pzoo.data.dataset import evenly
from s2pzoo.data.unpaired import open_collection
from s2pzoo.errors import DataError
from s2pzoo.evaluate.making import Stages
from s2pzoo.evaluate.methods import PHOTOS
from s2pzoo.nn.colour import luma

Split = Literal["train", "test", "all"]

REFERENCES = 5
"""Photos in whose colours each sketch is painted, to measure diversity."""

VARIED = 50
"""Sketches, at most, over which diversity is measured."""

FLOOR: dict[Split, tuple[Split, Split]] = {
    "train": ("test", "train"),
    "test": ("train", "test"),
    "all": ("test", "train"),
}
"""For each split, which photos are compared with which as the floor: those held out, and those of the training."""


class Pictures:
    """One split of a collection at one size, as bytes.

    Attributes:
        sketches: (N,1,S,S); at most n, evenly spread.
        varied: those over which diversity is measured.
        photos: (M,3,S,S); all.
        references: files of at most 5 of the photos, evenly spread.
        digest: of what was read.

    Raises:
        DataError: as `open_collection`, or fewer than two of either.
        BadInputError: a picture that cannot be read.
    """

    def __init__(self, folder: Path, *, size: int, split: Split, n: int | None = None, dataset: str = "") -> None:
        own = open_collection(folder, size=size, split=split, name=dataset)
        for what, count in (("sketch", len(own.sketches)), ("photo", len(own.photos))):
            if count < 2:
                raise DataError(
                    f"{folder} has only one {what} in the split {split!r}.",
                    why="A distribution needs two or more.",
                    fix="Name more in split.json, or take --split all.",
                )
        sketches = own.sketches[evenly(len(own.sketches), n or len(own.sketches))]
        self.sketches = torch.from_numpy(sketches)[:, None]
        self.varied = self.sketches[evenly(len(sketches), VARIED)]
        self.photos = torch.from_numpy(own.photos).permute(0, 3, 1, 2)
        self.references = [own.photo_files[index] for index in evenly(len(own.photos), REFERENCES)]
        self.digest = hashlib.sha256(sketches.tobytes() + own.photos.tobytes()).hexdigest()


@frozen(kw_only=True, eq=False)
class Floor:
    """Photos in the place of made ones: what real photos come to.

    Attributes:
        label, model, weights, options, fingerprint, size: as of a Contender.
        photos: (N,3,S,S) as bytes.
        real: (M,3,S,S), what they are compared with; None for the photos that the methods are compared with.
    """

    label: str
    photos: Tensor
    real: Tensor | None
    size: int
    fingerprint: str
    model: str = PHOTOS
    weights: Mapping[str, str] = field(factory=dict)
    options: Mapping[str, Any] = field(factory=dict)


def floor(label: str, folder: Path, pictures: Pictures, *, split: Split, dataset: str = "") -> Floor:
    """Photos of one split against those of another (see FLOOR), as many as there are sketches, evenly spread.

    Raises:
        DataError: as Pictures.
    """
    size = pictures.sketches.shape[-1]
    made, real = (
        pictures if one == split else Pictures(folder, size=size, split=one, dataset=dataset) for one in FLOOR[split]
    )
    return Floor(
        label=label,
        photos=made.photos[evenly(len(made.photos), len(pictures.sketches))],
        real=None if real is pictures else real.photos,
        size=size,
        fingerprint=f"{PHOTOS} {made.digest} {real.digest}",
    )


def stages_of_photos(photos: Tensor, *, batch: int) -> Iterator[Stages]:
    """Photos (N,3,S,S) as bytes, in batches, with their luma."""
    for part in photos.split(batch):
        yield {"photo": part / 255, "gray": luma(part / 255)}
