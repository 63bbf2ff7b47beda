"""Manifold projection: move each component's code towards the samples it lies between (paper 4.1, eq. 1 to 3)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from attrs import frozen
from torch import Tensor

from s2pzoo.errors import BadInputError, UnknownOptionError
from s2pzoo.interfaces import Refiner
from s2pzoo.names import suggest
from s2pzoo_deepfacedrawing.config import SOLVERS, ManifoldConfig
from s2pzoo_deepfacedrawing.search import NeighbourIndex

GENDERS = {"any": 0, "female": 1, "male": 2}


@frozen(kw_only=True)
class Neighbours:
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

    The bank is three buffers: codes (P,S,D), gender (S,) and age (S,); see `fill`.
    """

    Config = ManifoldConfig
    bank: Tensor
    gender: Tensor
    age: Tensor

    def __init__(self, config: ManifoldConfig) -> None:
        super().__init__(config)
        parts, dim = len(config.face.windows), config.face.latent
        self.register_buffer("bank", torch.zeros(parts, config.samples, dim))
        self.register_buffer("gender", torch.zeros(config.samples, dtype=torch.uint8))
        self.register_buffer("age", torch.zeros(config.samples, dtype=torch.uint8))
        self._local: tuple[int, NeighbourIndex] | None = None
        self._whole: tuple[NeighbourIndex, NeighbourIndex, Tensor] | None = None

    def fill(self, bank: Tensor, *, gender: Tensor, age: Tensor) -> None:
        """Set the bank from the encodings (P,S,D) of S training sketches, and their tags (S,)."""
        self.bank.copy_(bank)
        self.gender.copy_(gender)
        self.age.copy_(age)

    def forward(
        self,
        *,
        latent: Tensor,
        blend: float | Mapping[str, float] | None = None,
        solver: str | None = None,
        neighbours: int | None = None,
        gender: str = "any",
        age: str | None = None,
    ) -> Tensor:
        """f = wb_c f_drawn + (1 - wb_c) f_proj (section 4.1), a `blend` for each component or one for all.

        Args:
            latent: codes (N,P,D).
            blend: wb_c in [0,1], instead of the configuration's; 1 keeps the drawing, 0 is full refinement. The
                released slider is 1 - wb_c.
            solver, neighbours: instead of the configuration's.
            gender: `any`, `female` or `male`; restricts the samples.
            age: years as `20-35`; restricts the samples.
        """
        drawn = self.blend_weights(blend, latent)
        if (solver or self.config.solver) == "none" or bool((drawn == 1).all()):
            return latent
        found = self.neighbours(latent, solver=solver, neighbours=neighbours, gender=gender, age=age)
        return drawn * latent + (1 - drawn) * found.projected

    def blend_weights(self, blend: float | Mapping[str, float] | None, like: Tensor) -> Tensor:
        """wb_c as a tensor (1,P,1); components that a mapping does not name follow its `all`, or the configuration."""
        names, usual = self.config.face.names, self.config.blend
        if isinstance(blend, Mapping):
            for name in blend:
                if name not in (*names, "all"):
                    raise UnknownOptionError(
                        f"There is no component {name!r} to blend.",
                        fix=f"The components are {', '.join(names)}.",
                        suggestions=suggest(name, names),
                    )
            values = [float(blend.get(name, blend.get("all", usual))) for name in names]
        else:
            values = [usual if blend is None else float(blend)] * len(names)
        if not all(0 <= value <= 1 for value in values):
            raise BadInputError(f"A blend of {blend} is out of range.", fix="Give numbers from 0 (refine) to 1 (keep).")
        return like.new_tensor(values)[None, :, None]

    def neighbours(
        self,
        latent: Tensor,
        *,
        solver: str | None = None,
        neighbours: int | None = None,
        gender: str = "any",
        age: str | None = None,
    ) -> Neighbours:
        """The samples each code lies between, and how much of each (weights sum to 1, and may be negative)."""
        solver = str(solver or self.config.solver)
        if solver not in SOLVERS:
            raise UnknownOptionError(
                f"There is no solver {solver!r}.", fix=f"Use one of {', '.join(SOLVERS)}.",
                suggestions=suggest(solver, SOLVERS),
            )  # fmt: skip
        allowed = self._allowed(gender, age)
        available = self.config.samples if allowed is None else int(allowed.sum())
        k = 1 if solver == "top1" else min(neighbours or self.config.neighbours, available)
        if solver == "global":
            return self._global(latent, k, allowed)
        squared, index = self._local_index()(latent, k, allowed=allowed)
        codes = self.bank[torch.arange(latent.shape[1], device=latent.device)[None, :, None], index]
        if solver in ("top1", "none"):
            weights = torch.zeros_like(squared)
            weights[..., 0] = 1
        elif solver == "idw":
            weights = 1 / squared.clamp_min(1e-12)
            weights = weights / weights.sum(-1, keepdim=True)
        elif solver == "lle_released":
            weights = lle_released(latent, codes)
        else:
            weights = lle(latent, codes, ridge=self.config.ridge)
        return Neighbours(index=index, weights=weights, codes=codes)

    def _global(self, latent: Tensor, k: int, allowed: Tensor | None) -> Neighbours:
        """One embedding of the whole face: all components take the same samples with the same weights.

        The embedding is the codes side by side, each component brought to the same spread.
        """
        whole, scale = self._whole_index()
        code = (latent / scale).flatten(1)[:, None]
        _, index = whole(code, k, allowed=allowed)
        weights = lle(code, whole.bank[0][index], ridge=self.config.ridge)
        parts = latent.shape[1]
        index, weights = index.expand(-1, parts, -1), weights.expand(-1, parts, -1)
        codes = self.bank[torch.arange(parts, device=latent.device)[None, :, None], index]
        return Neighbours(index=index, weights=weights, codes=codes)

    def _local_index(self) -> NeighbourIndex:
        """Search among each component's samples, made at first use and again when the bank has changed."""
        made = self._local
        if made is None or made[0] != self.bank._version or made[1].bank is not self.bank:
            made = self._local = self.bank._version, NeighbourIndex(self.bank)
        return made[1]

    def _whole_index(self) -> tuple[NeighbourIndex, Tensor]:
        """Search among whole faces, and the spread of each component (1,P,1); it copies the bank."""
        local = self._local_index()
        if self._whole is None or self._whole[0] is not local:
            scale = self.bank.var(1, keepdim=True).mean(-1, keepdim=True).sqrt().clamp_min(1e-6)  # P,1,1
            whole = (self.bank / scale).transpose(0, 1).flatten(1)[None]
            self._whole = local, NeighbourIndex(whole), scale.transpose(0, 1)
        return self._whole[1:]

    def _allowed(self, gender: str, age: str | None) -> Tensor | None:
        """Which samples may be used (S,), or None for all."""
        if gender not in GENDERS:
            raise BadInputError(f"There is no gender {gender!r} in the bank.", fix=f"Use one of {', '.join(GENDERS)}.")
        if gender == "any" and age is None:
            return None
        allowed = torch.ones_like(self.gender, dtype=torch.bool)
        if gender != "any":
            allowed &= self.gender == GENDERS[gender]
        if age is not None:
            low, high = _ages(age)
            allowed &= (self.age >= low) & (self.age <= high)
        if not allowed.any():
            raise BadInputError(
                f"The bank has no sample of gender {gender!r} and age {age or 'any'}.", fix="Widen the restriction."
            )
        return allowed


def _ages(text: str) -> tuple[int, int]:
    """`20-35` or `30` as lowest and highest age in years."""
    try:
        low, _, high = text.partition("-")
        return int(low), int(high or low)
    except ValueError as error:
        raise BadInputError(f"{text!r} is not an age.", fix="Write years as 20-35, or one number.") from error
