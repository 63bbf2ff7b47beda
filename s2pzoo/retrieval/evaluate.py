"""acc@K of models beside the edge-map baseline: the same drawings, gallery and backbone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from s2pzoo.errors import GalleryError, UsageError
from s2pzoo.evaluate.contenders import load_contenders
from s2pzoo.evaluate.methods import NEAREST, Method
from s2pzoo.evaluate.progress import Progress
from s2pzoo.evaluate.table import Metric, Row, Table
from s2pzoo.imaging.read import read_sketch
from s2pzoo.retrieval.accuracy import accuracy, ranks
from s2pzoo.retrieval.embedder import Embedder
from s2pzoo.retrieval.gallery import FRAME, Gallery, open_gallery
from s2pzoo.retrieval.via import Via

BASELINE = "edge maps"
CHANCE = "chance"

_BATCH = 16


def evaluate(
    pairs: Mapping[Path, str],
    folder: Path,
    methods: Iterable[Method],
    *,
    embedder: Embedder,
    ks: Sequence[int] = (1, 5, 20),
    progress: Progress | None = None,
) -> Table:
    """acc@K of every method, of the edge-map baseline, and of chance.

    Args:
        pairs: drawing -> name of its true photo; see `read_pairs`.
        folder: the gallery.
        methods: see s2pzoo.evaluate.methods; not `nearest`.

    Raises:
        GalleryError: the gallery, or a true photo that it does not have.
        BadInputError: a drawing that cannot be read.
        UsageError: a method, or a K below 1.
    """
    if not ks or min(ks) < 1:
        raise UsageError("acc@K needs a K of 1 or more.", fix="Write, for example, -k 1,5,20.")
    asked = tuple(methods)
    if any(method.model == NEAREST for method in asked):
        raise UsageError(f"{NEAREST} makes no photos of its own.", fix="The edge-map baseline is always in the table.")
    report = progress or (lambda *_: None)
    contenders = load_contenders(asked)
    photos = _opened(folder, embedder, Via.PHOTO, report)
    truth = torch.tensor([photos.row(name) for name in pairs.values()])
    edges = _opened(folder, embedder, Via.EDGES, report)
    if photos.names != edges.names:
        raise GalleryError(f"{folder} changed while it was read.", fix="Run it again when it stays as it is.")
    rows, drawings = [], list(pairs)
    for label, gallery, size, make in (
        *((one.label, photos, one.size, one.make) for one in contenders),
        (BASELINE, edges, FRAME, lambda sketches: sketches),
    ):
        queries: list[Tensor] = []
        for start in range(0, len(drawings), _BATCH):
            queries.append(embedder(make(_read(drawings[start : start + _BATCH], size))))
            report(label, sum(map(len, queries)), len(pairs))
        rows.append(Row(name=label, values=_named(accuracy(ranks(torch.cat(queries), gallery.features, truth), ks))))
    rows.append(Row(name=CHANCE, values=_named({k: min(1.0, k / len(photos)) for k in ks})))
    return Table(
        metrics=tuple(Metric(name=name, better="higher") for name in rows[-1].values),
        rows=rows,
        protocol={
            "drawings": len(pairs),
            "photos in the gallery": len(photos),
            "photos that could not be read": len(photos.skipped),
            "backbone": f"{embedder.name}, fingerprint {embedder.fingerprint[:12]}",
        },
    )


def _opened(folder: Path, embedder: Embedder, via: Via, report: Progress) -> Gallery:
    what = {Via.PHOTO: "photos", Via.EDGES: "edges of photos"}[via]
    return open_gallery(folder, embedder=embedder, via=via, progress=lambda done, of: report(what, done, of))


def _read(paths: Sequence[Path], size: int) -> Tensor:
    """(N,1,S,S)"""
    return torch.stack([torch.from_numpy(read_sketch(path, size=size).ink)[None] for path in paths])


def _named(shares: Mapping[int, float]) -> dict[str, float]:
    return {f"acc@{k}": share for k, share in shares.items()}
