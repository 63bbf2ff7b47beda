"""Building networks whose weights are about to be loaded: no time spent on random ones, no random numbers drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_RANDOM = frozenset({"uniform_", "normal_", "kaiming_uniform_"})  # of torch.nn.init; the others end in these methods


class _Skip(TorchFunctionMode):
    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if getattr(func, "__module__", "") == "torch.nn.init" and func.__name__ in _RANDOM:
            return args[0] if args else (kwargs or {})["tensor"]
        return func(*args, **(kwargs or {}))


@contextmanager
def without_initialising() -> Iterator[None]:
    """Inside, torch.nn.init leaves tensors as they are; the global random generator is afterwards as before.

    Only for networks into which a whole state dict is loaded next.
    """
    with torch.random.fork_rng(devices=[]), _Skip():
        yield
