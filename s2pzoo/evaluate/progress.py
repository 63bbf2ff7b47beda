"""How far an evaluation is. Torch-free."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and how much there is."""


class Work:
    """How much is done, of `total`."""

    def __init__(self, progress: Progress | None, *, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0

    def advance(self, what: str, by: int) -> None:
        """`by` more are done."""
        self.done += by
        if self.progress:
            self.progress(what, self.done, self.total)
