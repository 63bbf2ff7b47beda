"""Building networks apart from what the rest of the process does with torch.

No random number is drawn for weights that are about to be loaded, the global generator is left alone, and what is set
for this thread (inference mode, a default device) does not matter.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from s2pzoo.errors import UsageError

DTYPES = (torch.float32, torch.bfloat16, torch.float16)
"""What networks may compute in. What crosses a port is float32 in any case."""

_RANDOM = frozenset({"uniform_", "normal_", "kaiming_uniform_"})  # of torch.nn.init; the others end in these methods
_IN_PLACE = frozenset({"uniform_", "normal_", "random_", "bernoulli_", "exponential_"})
_MADE = {
    torch.rand: torch.zeros, torch.randn: torch.zeros, torch.rand_like: torch.zeros_like,
    torch.randn_like: torch.zeros_like,
}  # fmt: skip


class _Skip(TorchFunctionMode):
    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        given = dict(kwargs or {})
        name = getattr(func, "__name__", "")
        if getattr(func, "__module__", "") == "torch.nn.init" and name in _RANDOM:
            return args[0] if args else given["tensor"]
        if given.get("generator") is None:  # what draws from the global generator draws nothing
            if name in _IN_PLACE and args and isinstance(args[0], torch.Tensor):
                return args[0]
            if func in _MADE:
                given.pop("generator", None)
                return _MADE[func](*args, **given)
        return func(*args, **given)


@contextmanager
def without_initialising() -> Iterator[None]:
    """Inside, torch.nn.init leaves tensors as they are and nothing is drawn from the global random generator.

    Only for networks into which a whole state dict is loaded next.
    """
    with _Skip():
        yield


@contextmanager
def neutral() -> Iterator[None]:
    """Inside, tensors are usual ones on the CPU, whatever is set for this thread.

    Raises:
        UsageError: torch's default dtype, which is the whole process', is another than float32.
    """
    check_dtype()
    with usual_mode("cpu"), torch.device("cpu"):
        yield


def check_dtype() -> None:
    """Whether torch's default dtype is float32.

    Raises:
        UsageError: it is another.
    """
    if torch.get_default_dtype() is not torch.float32:
        raise UsageError(
            f"torch's default dtype is {torch.get_default_dtype()}.", why="The models of the zoo are float32 inside.",
            fix="Run torch.set_default_dtype(torch.float32) before; .double() a result where you need it.",
        )  # fmt: skip


def device_of(device: str | torch.device) -> torch.device:
    """The device of that name, if it is there; of "auto", the best that is: cuda, mps or cpu.

    Raises:
        UsageError: torch knows none of that name, or this machine has none.
    """
    usable = {"cuda": torch.cuda.is_available, "mps": torch.backends.mps.is_available}
    if device == "auto":
        device = next((name for name, there in usable.items() if there()), "cpu")
    try:
        found = torch.device(device)
    except (RuntimeError, TypeError) as error:
        why = str(error).split(" at start")[0]
        raise UsageError(f"There is no device {device!r}.", why=why, fix="Use auto, cpu, cuda or mps.") from error
    if found.type not in (*usable, "cpu", "meta"):
        raise UsageError(f"Models do not run on {found}.", fix="Use auto, cpu, cuda or mps.")
    if not usable.get(found.type, lambda: True)():
        raise UsageError(
            f"This machine has no {found.type} device that torch can use.", why="None, or no driver for it, was found.",
            fix="Leave out --device (device=): it runs on the CPU.",
        )  # fmt: skip
    if found.type == "cuda" and (found.index or 0) >= (count := torch.cuda.device_count()):
        raise UsageError(f"There is no {device}.", why=f"There are {count} of them.", fix="Use cuda:0.")
    return found


def check_half(dtype: torch.dtype) -> None:
    """Whether models run in it.

    Raises:
        UsageError: they do not.
    """
    if dtype not in DTYPES:
        named = ", ".join(str(one).removeprefix("torch.") for one in DTYPES)
        raise UsageError(f"Models do not run in {dtype}.", fix=f"Use one of {named}.")


@contextmanager
def usual_mode(device: torch.device | str) -> Iterator[None]:
    """Inside, inference mode is off, for some methods optimise at inference; so is autocast, for a photo is the same
    whatever is around it; and the default device is this one."""
    other = torch.get_default_device().type not in ("cpu", torch.device(device).type)
    with (
        torch.inference_mode(False),  # noqa: TID251 - it is switched off here
        torch.autocast(torch.device(device).type, enabled=False),
        torch.device(device) if other else contextlib.nullcontext(),
    ):
        yield
