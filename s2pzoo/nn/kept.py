"""What the pieces of a picture came to the last time: a piece that stays as it is costs nothing again."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

Kept = dict[int, tuple[Tensor, Tensor]]
"""Number of a piece -> what it was, and what it came to."""


def unless_kept(kept: Kept | None, index: int, make: Callable[[Tensor], Tensor], piece: Tensor) -> Tensor:
    """`make(piece)`, or what it came to where the piece is what it was; None keeps nothing."""
    if kept is None:
        return make(piece)
    was, made = kept.get(index, (None, None))
    if was is None or made is None or was.shape != piece.shape or not piece.equal(was):
        made = make(piece)
        kept[index] = piece.clone(), made
    return made
