"""How long from a photo that was made to the nearest of ten thousand, and are they the nearest?

The gallery is synthetic: 16 numbers through a random layer, of length 1, as SqueezeNet's features are. The backbone has
random weights. Neither changes the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from measure import Measurement, alone, milliseconds

if TYPE_CHECKING:
    from torch import Tensor

PHOTOS, DIM, LATENT = 10_000, 512, 16
QUERIES, K = 16, 20


def measure(repeats: int = 50) -> Measurement:
    import torch
    from torchvision.models import squeezenet1_1

    from s2pzoo.nn.squeezenet import SqueezeBackbone
    from s2pzoo.retrieval.embedder import Embedder
    from s2pzoo.retrieval.search import Searcher

    features = synthetic_features(PHOTOS + QUERIES)
    gallery, queries = features[:PHOTOS].contiguous(), features[PHOTOS:]
    search = Searcher(gallery)
    check(search(queries, K)[1], gallery, queries)
    embedder = Embedder(SqueezeBackbone(squeezenet1_1().state_dict()), name="random squeezenet1_1")
    made = torch.rand(1, 3, embedder.side, embedder.side, generator=torch.Generator().manual_seed(0))
    values = milliseconds(lambda _: search(embedder(made), K), repeats=repeats)
    return Measurement(
        what=f"retrieval among {PHOTOS} photos",
        method=f"median of {repeats} after 3, from a made photo to its {K} nearest: SqueezeNet and search, synthetic "
        f"gallery of {DIM} numbers a photo, equal to brute force in float64, {torch.get_num_threads()} threads",
        values=values,
        unit="ms",
        target=50,
    )


def synthetic_features(count: int) -> Tensor:
    """(N,D)"""
    import torch

    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(count, LATENT, generator=generator)
    features = torch.relu(hidden @ torch.randn(LATENT, DIM, generator=generator))
    return torch.nn.functional.normalize(features, dim=1)


def check(found: Tensor, gallery: Tensor, queries: Tensor) -> None:
    """Compare rows (M,K) with those of brute force; RuntimeError where they differ."""
    import torch

    expected = torch.cdist(queries.double(), gallery.double()).topk(K, largest=False).indices
    if not torch.equal(found.sort(-1).values, expected.sort(-1).values):
        raise RuntimeError("the nearest are not those of brute force")


if __name__ == "__main__":
    alone(measure)
