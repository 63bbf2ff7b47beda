"""The bank of a manifold: which samples may be used, and the nearest of them to a code. The search is made once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import torch
from torch import Tensor

from s2pzoo.errors import BadInputError
from s2pzoo.nn.nearest import NeighbourIndex
from s2pzoo_deepfacedrawing.config import ManifoldConfig

GENDERS = {"any": 0, "female": 1, "male": 2}


class Holder(Protocol):
    """What holds a bank: codes (P,S,D), and of each sample a gender (0 unknown, 1 female, 2 male) and an age in years
    (0 unknown), (S,), and the config's traits and tags (S,T) in [-1,1], below where they are not known."""

    config: ManifoldConfig

    bank: Tensor
    gender: Tensor
    age: Tensor
    traits: Tensor


class Bank:
    """The samples of a holder. Indices are made at first use, and again when the bank has changed."""

    def __init__(self, holder: Holder) -> None:
        self.holder = holder
        self._local: tuple[int, NeighbourIndex] | None = None
        self._whole: tuple[NeighbourIndex, NeighbourIndex, Tensor] | None = None
        self._directions: tuple[NeighbourIndex, Tensor] | None = None

    def codes(self, index: Tensor) -> Tensor:
        """The samples of indices (M,P,K), (M,P,K,D)."""
        rows = torch.arange(index.shape[1], device=index.device)[None, :, None]
        return self.holder.bank[rows, index]

    def local(self) -> NeighbourIndex:
        """Search among each component's samples."""
        bank, made = self.holder.bank, self._local
        if made is None or made[0] != bank._version or made[1].bank is not bank:
            made = self._local = bank._version, NeighbourIndex(bank)
        return made[1]

    def whole(self) -> tuple[NeighbourIndex, Tensor]:
        """Search among whole faces, and the spread of each component (1,P,1); it copies the bank."""
        local = self.local()
        if self._whole is None or self._whole[0] is not local:
            bank = self.holder.bank
            scale = bank.var(1, keepdim=True).mean(-1, keepdim=True).sqrt().clamp_min(1e-6)  # P,1,1
            whole = (bank / scale).transpose(0, 1).flatten(1)[None]
            self._whole = local, NeighbourIndex(whole), scale.transpose(0, 1)
        return self._whole[1:]

    def directions(self) -> Tensor:
        """How the codes change with each trait, (T,P,D): by least squares over the samples of which it is known, and
        with it the traits that are known of as many at least, which are held."""
        local = self.local()
        if self._directions is None or self._directions[0] is not local:
            traits = self.holder.traits[:, : len(self.holder.config.traits)]
            known = (traits >= -1).sum(0)
            found = []
            for index in range(len(known)):
                others = [i for i in range(len(known)) if i != index and known[i] >= known[index]]
                x = traits[:, [index, *others]]
                rows = (x >= -1).all(1)
                x = torch.cat([x[rows], x.new_ones(int(rows.sum()), 1)], dim=1)
                codes = self.holder.bank[:, rows].transpose(0, 1)
                found.append(torch.linalg.lstsq(x, codes.flatten(1)).solution[0].unflatten(0, codes.shape[1:]))
            self._directions = local, torch.stack(found)
        return self._directions[1]

    def allowed(self, gender: str, age: str | None, tags: Mapping[str, int] | None = None) -> Tensor | None:
        """Which samples may be used (S,), or None for all.

        Raises:
            BadInputError: none is left; a tag that is not known of them; an age that is none.
        """
        tags = tags or {}
        if gender == "any" and age is None and not tags:
            return None
        allowed = torch.ones_like(self.holder.gender, dtype=torch.bool)
        if gender != "any":
            allowed &= self.holder.gender == GENDERS[gender]
        if age is not None:
            low, high = _ages(age)
            allowed &= (self.holder.age >= low) & (self.holder.age <= high)
        columns = (*self.holder.config.traits, *self.holder.config.tags)
        for tag, sign in tags.items():
            if tag not in columns:
                why = f"Known is {', '.join(columns) or 'nothing'}."
                raise BadInputError(f"Of its samples this bank does not know {tag}.", why=why, fix="Say less.")
            value = self.holder.traits[:, columns.index(tag)]
            allowed &= (value >= -1) & (value * sign > 0)
        if not allowed.any():
            asked = ", ".join([gender, f"age {age or 'any'}", *(f"{'no ' * (n < 0)}{tag}" for tag, n in tags.items())])
            raise BadInputError(f"The bank has no such sample: gender {asked}.", fix="Widen the restriction.")
        return allowed


def _ages(text: str) -> tuple[int, int]:
    """`20-35` or `30` as lowest and highest age in years."""
    try:
        low, _, high = text.partition("-")
        return int(low), int(high or low)
    except ValueError as error:
        raise BadInputError(f"{text!r} is not an age.", fix="Write years as 20-35, or one number.") from error
