"""The faces an evaluation is made on, and the same sketches of them every time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

import attrs
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from s2pzoo.data.corpus import Corpus
from s2pzoo.errors import DataError
from s2pzoo.imaging.rough import LEVELS
from s2pzoo.metrics.scores import Protocol


class HeldOut:
    """The first n faces of a corpus.

    Attributes:
        corpus: where they are from.
        protocol: with `paired` cut to n.
        paired: indices of the faces for LPIPS and SSIM.

    Raises:
        DataError: fewer faces than n.
    """

    def __init__(self, corpus: Corpus, protocol: Protocol) -> None:
        if len(corpus) < protocol.n:
            raise DataError(f"The corpus has {len(corpus)} faces.", why=f"n is {protocol.n}.", fix="Lower -n.")
        self.corpus = corpus
        self.protocol = attrs.evolve(protocol, paired=min(protocol.paired, protocol.n))
        self.paired = frozenset(self.spread(protocol.paired))

    @property
    def size(self) -> int:
        """Side in pixels."""
        return self.corpus.size

    @property
    def people(self) -> int:
        """How many there are."""
        return len({tags["person"] for tags in self.corpus.people[: self.protocol.n]})

    def batches(self) -> list[list[int]]:
        """Indices of all faces, in batches."""
        n, batch = self.protocol.n, self.protocol.batch
        return [list(range(start, min(start + batch, n))) for start in range(0, n, batch)]

    def spread(self, count: int) -> list[int]:
        """`count` faces, or all if there are fewer, evenly spread over the people."""
        return spread_over_people(self.corpus.people[: self.protocol.n], count)

    def photos(self, faces: Sequence[int]) -> Tensor:
        """True photos (N,3,S,S) in [0,1]."""
        return torch.from_numpy(np.stack([self.corpus.photo(face) for face in faces])).permute(0, 3, 1, 2)

    def sketches(self, level: str, faces: Sequence[int]) -> Tensor:
        """Sketches (N,1,S,S) as bytes, 255 is paper; each a pure function of seed, level and face."""
        return torch.from_numpy(np.stack([self._sketch(level, face) for face in faces]))[:, None]

    def refuse_shared_people(self, gallery: Corpus) -> None:
        """Refuse a gallery with people of these faces.

        Raises:
            DataError: it has some.
        """
        shared = {tags["person"] for tags in self.corpus.people} & {tags["person"] for tags in gallery.people}
        if shared:
            raise DataError(
                f"{len(shared)} people are in the data and in the gallery.",
                why=f"Among them {min(shared)}.",
                fix="Evaluate on people who were held out.",
            )

    def _sketch(self, level: str, face: int) -> np.ndarray:
        rng = np.random.default_rng([self.protocol.seed, list(LEVELS).index(level), face])
        return (self.corpus.sketch(face, rng, level=level) * 255 + 0.5).astype(np.uint8)


def spread_over_people(people: Sequence[Mapping[str, str]], count: int) -> list[int]:
    """`count` indices, ascending: the first face of every person, then the second of every person, and so on."""
    seen: dict[str, int] = {}
    turns = []
    for index, tags in enumerate(people):
        seen[tags["person"]] = turn = seen.get(tags["person"], 0) + 1
        turns.append((turn, index))
    return sorted(index for _, index in sorted(turns)[:count])


def evenly(total: int, count: int) -> NDArray[np.int_]:
    """`count` of `total` indices, or all if there are fewer, ascending and evenly spread."""
    return np.unique(np.linspace(0, total - 1, min(total, count)).round().astype(int))


def corpus_digest(corpus: Corpus) -> str:
    """What tells one corpus from another: its landmarks, people and shape, as 64 hexadecimal digits."""
    digest = hashlib.sha256(np.ascontiguousarray(corpus.landmarks).tobytes())
    digest.update(json.dumps([corpus.people, list(corpus.photos.shape)], sort_keys=True).encode())
    return digest.hexdigest()
