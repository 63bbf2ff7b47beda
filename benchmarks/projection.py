"""How long does the projection of one drawing take against a bank as large as the paper's, and is it exact?

The samples have structure, as codes of faces have: 24 numbers through a random network of two layers, and noise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from measure import Measurement, alone, milliseconds

if TYPE_CHECKING:
    from torch import Tensor

SAMPLES = 17_000
QUERIES = 16
LATENT, HIDDEN, NOISE = 24, 256, 0.05


def measure(repeats: int = 50) -> Measurement:
    import torch
    from s2pzoo_deepfacedrawing.config import ManifoldConfig
    from s2pzoo_deepfacedrawing.manifold import ManifoldProjection

    config = ManifoldConfig(samples=SAMPLES)
    parts, dim = len(config.face.windows), config.face.latent
    codes = structured_codes(parts, SAMPLES + QUERIES, dim)
    bank, drawn = codes[:, :SAMPLES].contiguous(), codes[:, SAMPLES:].transpose(0, 1).contiguous()
    projection = ManifoldProjection(config)
    unknown = torch.zeros(SAMPLES, dtype=torch.uint8)
    projection.fill(bank, gender=unknown, age=unknown)
    with torch.no_grad():
        check(projection.neighbours(drawn).index, bank, drawn, k=config.neighbours)
        values = milliseconds(
            lambda index: projection(latent=drawn[index % QUERIES, None]), repeats=repeats, warm_up=QUERIES
        )
    return Measurement(
        what=f"projection, {SAMPLES} samples x {parts} x {dim}",
        method=f"median of {repeats} after {QUERIES}, one drawing, K = {config.neighbours}, neighbours equal to brute "
        f"force in float64, {torch.get_num_threads()} threads",
        values=values,
        unit="ms",
        target=10,
    )


def structured_codes(parts: int, count: int, dim: int) -> Tensor:
    """(P,N,D)"""
    import torch

    generator = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    hidden = torch.relu(normal(parts, count, LATENT) @ (normal(parts, LATENT, HIDDEN) / LATENT**0.5))
    codes = hidden @ (normal(parts, HIDDEN, dim) / HIDDEN**0.5)
    return codes + NOISE * codes.std() * normal(parts, count, dim)


def check(found: Tensor, bank: Tensor, drawn: Tensor, *, k: int) -> None:
    """Compare neighbours (M,P,K) with those of brute force; RuntimeError where they differ."""
    import torch

    squared = torch.cdist(drawn.transpose(0, 1).double(), bank.double())
    expected = squared.topk(k, largest=False).indices.transpose(0, 1)
    if not torch.equal(found.sort(-1).values, expected.sort(-1).values):
        raise RuntimeError("the neighbours are not those of brute force")


if __name__ == "__main__":
    alone(measure)
