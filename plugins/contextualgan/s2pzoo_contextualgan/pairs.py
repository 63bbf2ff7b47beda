"""Small sketch-photo pairs of a dataset: drawn once, kept in its folder, read at once ever after."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import torch
from attrs import frozen
from numpy.typing import NDArray
from rich.progress import track
from torch import Tensor
from torch.nn import functional as F

from s2pzoo.data.dataset import Dataset, open_joined
from s2pzoo.imaging.pixels import to_bytes
from s2pzoo.imaging.rough import LEVELS
from s2pzoo.train.ahead import side_by_side
from s2pzoo_contextualgan.joint import shrink


@frozen(kw_only=True)
class Pairs:
    """Photos (N,3,s,s) and D drawings of each (N,D,s,s), uint8; the first is the clean one."""

    photos: NDArray[np.uint8]
    sketches: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.photos)

    def batch(self, count: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """Random pairs, half of them mirrored: `sketch` (N,1,s,s) and `photo` (N,3,s,s), float32 in [0,1]."""
        face, drawing = rng.integers(len(self), size=count), rng.integers(self.sketches.shape[1], size=count)
        mirrored = torch.from_numpy(rng.random((count, 1, 1, 1)) < 0.5)
        pairs = {"sketch": self.sketches[face, drawing][:, None], "photo": self.photos[face]}
        batch = {name: torch.from_numpy(images).float() / 255 for name, images in pairs.items()}
        return {name: torch.where(mirrored, images.flip(-1), images) for name, images in batch.items()}


def open_pairs(folder: Path, *, side: int, drawings: int, faces: int = 0, dataset: str = "", workers: int = 0) -> Pairs:
    """The pairs of a dataset's folder at `side` pixels, with `drawings` random drawings a face beside the clean one.

    Of the first `faces` faces, or of all (0, or more than there are), by so many processes.

    Raises:
        DataError: no dataset can read the folder.
    """
    corpus = open_joined(folder, name=dataset)
    count = min(faces or len(corpus), len(corpus))
    path = folder / f"pairs{side}x{drawings}of{count}.npz"
    if not path.exists():
        drawn = side_by_side(partial(_pair, corpus, side=side, drawings=drawings), range(count), workers=workers)
        drawn = track(drawn, total=count, description=f"drawing {count} faces")
        made = [[part.numpy().copy() for part in pair] for pair in drawn]  # what a process hands over holds a file open
        folder.mkdir(exist_ok=True)
        begun = path.with_suffix(".part.npz")
        np.savez(begun, photos=np.stack([photo for photo, _ in made]), sketches=np.stack([drawn for _, drawn in made]))
        begun.replace(path)
    with np.load(path) as stored:
        return Pairs(photos=stored["photos"], sketches=stored["sketches"])


def _pair(corpus: Dataset, index: int, *, side: int, drawings: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    rng = np.random.default_rng([side, index])
    drawn = [corpus.clean(index)]
    drawn += [corpus.sketch(index, rng, level=str(rng.choice(list(LEVELS)))) for _ in range(drawings)]
    photo = torch.from_numpy(corpus.photo(index).transpose(2, 0, 1))
    small = shrink(torch.from_numpy(np.stack(drawn))[:, None], side)[:, 0]
    return to_bytes(F.adaptive_avg_pool2d(photo, side).numpy()), to_bytes(small.numpy())
