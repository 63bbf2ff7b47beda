"""What an evaluation is made on: photos held out, and the same sketches of them every time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import numpy as np
import torch
from torch import Tensor

from s2pzoo.data.dataset import Dataset
from s2pzoo.errors import DataError
from s2pzoo.evaluate.scores import Protocol
from s2pzoo.imaging.pixels import to_bytes
from s2pzoo.imaging.rough import LEVELS


class HeldOut:
    """The first n photos of a dataset.

    Attributes:
        data: where they are from.
        protocol: with `paired` cut to n.
        paired: indices of the photos for LPIPS and SSIM.

    Raises:
        DataError: fewer photos than n.
    """

    def __init__(self, data: Dataset, protocol: Protocol) -> None:
        if len(data) < protocol.n:
            raise DataError(f"The dataset has {len(data)} photos.", why=f"n is {protocol.n}.", fix="Lower -n.")
        self.data = data
        self.protocol = attrs.evolve(protocol, paired=min(protocol.paired, protocol.n))
        self.paired = frozenset(self.spread(protocol.paired))

    @property
    def people(self) -> int:
        """How many there are."""
        return len({tags["person"] for tags in self.data.tags[: self.protocol.n]})

    def batches(self) -> list[list[int]]:
        """Indices of all, in batches."""
        n, batch = self.protocol.n, self.protocol.batch
        return [list(range(start, min(start + batch, n))) for start in range(0, n, batch)]

    def spread(self, count: int) -> list[int]:
        """`count` of them, or all if there are fewer, evenly spread over the people."""
        return spread_over_people(self.data.tags[: self.protocol.n], count)

    def photos(self, indices: Sequence[int]) -> Tensor:
        """True photos (N,3,S,S) in [0,1]."""
        return torch.from_numpy(np.stack([self.data.photo(index) for index in indices])).permute(0, 3, 1, 2)

    def sketches(self, level: str, indices: Sequence[int]) -> Tensor:
        """Sketches (N,1,S,S) as bytes, 255 is paper; each a pure function of seed, level and index."""
        return torch.from_numpy(np.stack([self._sketch(level, index) for index in indices]))[:, None]

    def refuse_shared_people(self, gallery: Dataset) -> None:
        """Refuse a gallery with people of these photos.

        Raises:
            DataError: it has some.
        """
        shared = {tags["person"] for tags in self.data.tags} & {tags["person"] for tags in gallery.tags}
        if shared:
            raise DataError(
                f"{len(shared)} people are in the data and in the gallery.",
                why=f"Among them {min(shared)}.",
                fix="Evaluate on people who were held out.",
            )

    def _sketch(self, level: str, index: int) -> np.ndarray:
        rng = np.random.default_rng([self.protocol.seed, list(LEVELS).index(level), index])
        return to_bytes(self.data.sketch(index, rng, level=level))


def spread_over_people(tags: Sequence[Mapping[str, str]], count: int) -> list[int]:
    """`count` indices, ascending: the first photo of every person, then the second of every person, and so on."""
    seen: dict[str, int] = {}
    turns = []
    for index, own in enumerate(tags):
        seen[own["person"]] = turn = seen.get(own["person"], 0) + 1
        turns.append((turn, index))
    return sorted(index for _, index in sorted(turns)[:count])
