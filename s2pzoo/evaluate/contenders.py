"""What is evaluated: something that makes photos of sketches, and says exactly what it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import torch
from attrs import field, frozen
from torch import Tensor
from torch.nn import functional as F

from s2pzoo.data.dataset import Dataset, evenly
from s2pzoo.errors import UsageError
from s2pzoo.evaluate.methods import NEAREST, Method
from s2pzoo.pipeline.run import Pipeline
from s2pzoo.spec import graph
from s2pzoo.spec.fields import read_options, to_dict
from s2pzoo.zoo import load

GALLERY = 4096
"""Photos of the gallery, at most, among which the nearest is looked for."""

_POOLED = 32
_CHUNK = 256


@frozen(kw_only=True)
class Contender:
    """One method, ready to run.

    Attributes:
        label: its name in tables.
        model, weights, options: what it is, for the record.
        fingerprint: of all that its photos depend on.
        size: side of its sketches in pixels.
        make: sketches (N,1,S,S) in [0,1] -> photos (N,3,S,S) in [0,1].
        pipeline: what makes them, where it is a model.
    """

    label: str
    model: str
    weights: Mapping[str, str] = field(factory=dict)
    options: Mapping[str, Any] = field(factory=dict)
    fingerprint: str
    size: int
    make: Callable[[Tensor], Tensor] = field(repr=False, eq=False)
    pipeline: Pipeline | None = field(default=None, repr=False, eq=False)

    @property
    def photo_size(self) -> int:
        """Side of its photos in pixels, as far as it says so."""
        told = self.pipeline.model.values[self.pipeline.model.output].size if self.pipeline else None
        return told if isinstance(told, int) else self.size


def load_contenders(methods: Iterable[Method], *, gallery: Dataset | None = None) -> list[Contender]:
    """Load every method, each model once whatever its options.

    Raises:
        UsageError: `nearest` without a gallery.
        UnknownOptionError, BadOptionError: an option.
        S2PZooError: as `load`.
    """
    loaded: dict[tuple[str, str | None], Pipeline] = {}
    made = []
    for method in methods:
        if method.model == NEAREST:
            made.append(_nearest(method, gallery))
            continue
        source = (method.model, method.weights)
        if source not in loaded:
            loaded[source] = load(method.model, weights=method.weights)
        made.append(_pipeline(method, loaded[source]))
    return made


class NearestPhoto:
    """The photo of a gallery whose clean sketch is nearest to the sketch: what memory alone can do.

    Sketches are compared blurred and pooled to 32 x 32, brought to mean 0 and length 1 so that the pen's thickness and
    darkness count for little, in L2.

    Args:
        gallery: a dataset; at most 4096 of its photos are used, evenly spread.
    """

    def __init__(self, gallery: Dataset) -> None:
        self.gallery = gallery
        self.indices = evenly(len(gallery), GALLERY)
        self._prints: Tensor | None = None

    def __call__(self, sketch: Tensor) -> Tensor:
        """(N,1,S,S) -> photos (N,3,S,S)."""
        if self._prints is None:
            parts = np.array_split(self.indices, -(-len(self.indices) // _CHUNK))
            cleans = (np.stack([self.gallery.clean(int(index)) for index in part]) for part in parts)
            self._prints = torch.cat([_fingerprint(torch.from_numpy(clean)[:, None].float()) for clean in cleans])
        nearest = torch.cdist(_fingerprint(sketch), self._prints).argmin(1)
        photos = np.stack([self.gallery.photo(int(self.indices[index])) for index in nearest])
        return torch.from_numpy(photos).permute(0, 3, 1, 2)


def _fingerprint(sketch: Tensor) -> Tensor:
    """(N,1,S,S) -> (N,1024) of mean 0 and length 1; a blank sketch is zero."""
    pooled = F.interpolate(sketch, (_POOLED, _POOLED), mode="bilinear", antialias=True).flatten(1)
    return F.normalize(pooled - pooled.mean(1, keepdim=True), dim=1)


def _nearest(method: Method, gallery: Dataset | None) -> Contender:
    if gallery is None:
        raise UsageError(f"{NEAREST} needs a gallery.", fix="Give the corpus of the training: --gallery FOLDER.")
    return Contender(
        label=method.label,
        model=NEAREST,
        options={"photos": min(len(gallery), GALLERY)},
        fingerprint=f"{NEAREST} of {GALLERY} in {gallery.digest}",
        size=gallery.size,
        make=NearestPhoto(gallery),
    )


def _pipeline(method: Method, pipeline: Pipeline) -> Contender:
    options = read_options(method.options, pipeline.model.options)
    configs = {step.name: to_dict(step.config) for step in pipeline.model.steps}
    facts = [pipeline.model.name, pipeline.weights, configs, graph.read_options(pipeline.model, options)]
    return Contender(
        label=method.label,
        model=pipeline.model.name,
        weights=pipeline.weights,
        options=options,
        fingerprint=json.dumps(facts, sort_keys=True),
        size=pipeline.model.size,
        make=lambda sketch: pipeline(sketch, **options),
        pipeline=pipeline,
    )
