"""Manifold projection: move each component's code towards the samples it lies between (paper 4.1, eq. 1 to 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from s2pzoo.host.plugin import load_object
from s2pzoo.interfaces import Refiner
from s2pzoo_deepfacedrawing.bank import Bank
from s2pzoo_deepfacedrawing.config import ManifoldConfig
from s2pzoo_deepfacedrawing.traits import UNKNOWN, Wish

FAR = 3.0
"""How far a slider goes: by this many times the trait's own range from the middle to the end."""


class Neighbours(NamedTuple):
    """The samples a code lies between: indices and weights (M,P,K), and the samples themselves (M,P,K,D)."""

    index: Tensor
    weights: Tensor
    codes: Tensor

    @property
    def projected(self) -> Tensor:
        """f_proj = sum_k w_k f_k, (M,P,D) (eq. 3)."""
        return torch.einsum("mpk,mpkd->mpd", self.weights, self.codes)


def lle(code: Tensor, samples: Tensor, *, ridge: float) -> Tensor:
    """argmin |f - sum_k w_k f_k|^2 subject to sum_k w_k = 1 (eq. 2), in closed form.

    `code` (...,D), `samples` (...,K,D) -> weights (...,K). `ridge` is a share of the mean of the Gram's diagonal.
    """
    difference = samples - code[..., None, :]
    gram = difference @ difference.mT
    k = gram.shape[-1]
    scale = gram.diagonal(dim1=-2, dim2=-1).mean(-1)[..., None, None]
    # A code that is one of the samples has no scale of its own; the epsilon keeps the system solvable.
    gram = gram + (ridge * scale + 1e-8) * torch.eye(k, device=gram.device, dtype=gram.dtype)
    weights = torch.linalg.solve(gram, gram.new_ones(*gram.shape[:-1], 1)).squeeze(-1)
    return weights / weights.sum(-1, keepdim=True)


def lle_released(code: Tensor, samples: Tensor, *, constant: float = 10.0) -> Tensor:
    """The released code's solve: w_0 = 1 - sum of the others, which an extra row of `constant` pulls to zero.

    Minimises |(f-f_0) - sum_{i>=1} w_i (f_i-f_0)|^2 + constant^2 (sum_{i>=1} w_i)^2. f_0 is the nearest sample; the
    released code means the same but leaves the neighbours unsorted.
    """
    first = samples[..., :1, :]
    differences = samples[..., 1:, :] - first
    gram = differences @ differences.mT + constant**2
    right = differences @ (code[..., None, :] - first).mT
    others = torch.linalg.lstsq(gram, right).solution.squeeze(-1)
    return torch.cat([1 - others.sum(-1, keepdim=True), others], dim=-1)


class ManifoldProjection(Refiner):
    """latent (N,P,D) -> latent (N,P,D), between the code as drawn and its projection.

    The bank is buffers: codes (P,S,D), gender (S,), age (S,) and, where the configuration has some, traits (S,T); see
    `fill`.
    """

    Config = ManifoldConfig
    precise = True
    bank: Tensor
    gender: Tensor
    age: Tensor
    traits: Tensor

    def __init__(self, config: ManifoldConfig) -> None:
        super().__init__(config)
        parts, dim = len(config.face.windows), config.face.latent
        self.register_buffer("bank", torch.zeros(parts, config.samples, dim))
        self.register_buffer("gender", torch.zeros(config.samples, dtype=torch.uint8))
        self.register_buffer("age", torch.zeros(config.samples, dtype=torch.uint8))
        if columns := len(config.traits) + len(config.tags):
            self.register_buffer("traits", torch.full((config.samples, columns), UNKNOWN))
        self.samples = Bank(self)

    def fill(self, bank: Tensor, *, gender: Tensor, age: Tensor, traits: Tensor | None = None) -> None:
        """Set the bank from the encodings (P,S,D) of S training sketches, gender and age (S,), traits (S,T)."""
        if traits is not None and "traits" in self._buffers:
            self.traits.copy_(traits)
        self.bank.copy_(bank)
        self.gender.copy_(gender)
        self.age.copy_(age)

    def forward(
        self,
        *,
        latent: Tensor,
        faithfulness: float | None = None,
        blend: float | Mapping[str, float] | None = None,
        traits: Mapping[str, float] | None = None,
        **options: Any,
    ) -> Tensor:
        """f = wb_c f_drawn + (1 - wb_c) f_proj (section 4.1), moved by what is asked of its traits.

        Args:
            latent: codes (N,P,D).
            faithfulness: wb of every component in [0,1]; else the configuration's `blend`. 1 keeps the drawing, 0 is
                full refinement. The released slider is 1 - wb.
            blend: wb_c by component (`all`: the others), or one for all, in its place.
            traits: of `config.traits`, from -1 to 1: how far the code goes the way that samples differ by it; they
                count more than those of a `text`.
            **options: of `neighbours`.
        """
        wanted = self.wish(options.get("text")).traits | dict(traits or {})
        shares = self.blend_weights(blend, faithfulness)
        if (options.get("solver") or self.config.solver) != "none" and any(share != 1 for share in shares):
            wb = latent.new_tensor(shares)[None, :, None]
            latent = wb * latent + (1 - wb) * self.neighbours(latent, **options).projected
        return latent + self.moved(wanted) if any(wanted.values()) else latent

    def wish(self, text: str | None) -> Wish:
        """What a text asks for, by the function that the configuration names."""
        return load_object(self.config.words)(text) if text else Wish()

    def moved(self, traits: Mapping[str, float]) -> Tensor:
        """What is added to codes for traits from -1 to 1, (1,P,D)."""
        shares = self.bank.new_tensor([traits.get(name, 0.0) for name in self.config.traits])
        return FAR * torch.einsum("t,tpd->pd", shares, self.samples.directions())[None]

    def blend_weights(
        self, blend: float | Mapping[str, float] | None, faithfulness: float | None = None
    ) -> list[float]:
        """wb_c of each component."""
        given: Any = blend if isinstance(blend, Mapping) else {} if blend is None else {"all": blend}
        usual = given.get("all", self.config.blend if faithfulness is None else faithfulness)
        return [float(given.get(name, usual)) for name in self.config.face.names]

    def neighbours(
        self,
        latent: Tensor,
        *,
        solver: str | None = None,
        neighbours: int | None = None,
        gender: str = "any",
        age: str | None = None,
        text: str | None = None,
    ) -> Neighbours:
        """The samples each code lies between, and how much of each (weights sum to 1, and may be negative).

        Args:
            solver, neighbours: instead of the configuration's; at most as many as there are samples.
            gender: `any`, `female` or `male`; restricts the samples. age: years as `20-35`, likewise.
            text: words that restrict them, where gender and age do not.
        """
        wish = self.wish(text)
        solver = solver or self.config.solver
        gender, age = wish.gender if gender == "any" else gender, wish.age if age is None else age
        allowed = self.samples.allowed(gender, age, wish.tags)
        available = self.config.samples if allowed is None else int(allowed.sum())
        k = 1 if solver == "top1" else min(neighbours or self.config.neighbours, available)
        if solver == "global":
            return self._global(latent, k, allowed)
        squared, index = self.samples.local()(latent, k, allowed=allowed)
        codes = self.samples.codes(index)
        return Neighbours(index=index, weights=self._weights(solver, latent, codes, squared), codes=codes)

    def _weights(self, solver: str | None, latent: Tensor, codes: Tensor, squared: Tensor) -> Tensor:
        if solver == "lle":
            return lle(latent, codes, ridge=self.config.ridge)
        if solver == "lle_released":
            return lle_released(latent, codes)
        if solver == "idw":
            weights = 1 / squared.clamp_min(1e-12)
            return weights / weights.sum(-1, keepdim=True)
        nearest = torch.zeros_like(squared)
        nearest[..., 0] = 1
        return nearest

    def _global(self, latent: Tensor, k: int, allowed: Tensor | None) -> Neighbours:
        """One embedding of the whole face: all components take the same samples with the same weights.

        The embedding is the codes side by side, each component brought to the same spread.
        """
        whole, scale = self.samples.whole()
        code = (latent / scale).flatten(1)[:, None]
        _, index = whole(code, k, allowed=allowed)
        weights = lle(code, whole.bank[0][index], ridge=self.config.ridge)
        parts = latent.shape[1]
        index, weights = index.expand(-1, parts, -1), weights.expand(-1, parts, -1)
        return Neighbours(index=index, weights=weights, codes=self.samples.codes(index))
