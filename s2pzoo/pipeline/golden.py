"""Golden tensors: a fixed input and what every step made of it, so that a bundle can be checked on any machine."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from s2pzoo.errors import WeightsMismatchError
from s2pzoo.spec.model import Model
from s2pzoo.spec.ports import KINDS, Port

if TYPE_CHECKING:
    from s2pzoo.weights.bundle import Bundle

MOST = 65_536
"""Numbers kept of one value; of a larger one, every k-th."""


class Runs(Protocol):
    """What of a Pipeline is looked at here."""

    model: Model

    def execute(self, values: Mapping[str, Tensor], wanted: Sequence[str]) -> dict[str, Tensor]:
        """Values by name."""
        ...


def golden_input(port: Port) -> Tensor | None:
    """A plain drawing (1,C,H,W) for a picture port of known size: an oval, two dots, a line. None for other ports."""
    if not KINDS.get(port.kind) or not port.hw:
        return None
    height, width = port.hw
    y = torch.linspace(-1, 1, height)[:, None]
    x = torch.linspace(-1, 1, width)[None, :]
    oval = ((x / 0.6) ** 2 + (y / 0.8) ** 2).sqrt().sub(1).abs() < 0.02
    dots = ((x.abs() - 0.22) ** 2 + (y + 0.15) ** 2).sqrt() < 0.06
    line = ((y - 0.42).abs() < 0.015) & (x.abs() < 0.2)
    return 1.0 - (oval | dots | line).float().expand(1, KINDS[port.kind] or 1, height, width).clone()


def thinned(value: Tensor) -> Tensor:
    """Every k-th number of a value, flat, so that at most `MOST` remain; float32 on the CPU."""
    flat = value.detach().to("cpu", torch.float32).flatten()
    # A copy: a step may give what it was given, and a file holds no tensor twice.
    return flat[:: max(1, math.ceil(flat.numel() / MOST))].clone(memory_format=torch.contiguous_format)


def golden_values(pipeline: Runs, given: Tensor) -> dict[str, Tensor]:
    """The input in full and every other value thinned, by value name."""
    source = pipeline.model.input
    names = [name for name in pipeline.model.values if name != source]
    values = pipeline.execute({source: given}, names)
    return {source: given.detach().cpu().contiguous(), **{name: thinned(value) for name, value in values.items()}}


def largest_errors(pipeline: Runs, golden: Mapping[str, Tensor]) -> dict[str, float]:
    """Step name -> the largest absolute difference between what it makes now and the golden tensors.

    A step whose values are not among them, or are of another shape, has an infinite error.
    """
    now = golden_values(pipeline, golden[pipeline.model.input])
    return {step.name: max(_errors(now, golden, step.outputs.values()), default=0.0) for step in pipeline.model.steps}


def check_golden(pipeline: Runs, bundle: Bundle, *, tolerance: float) -> dict[str, float]:
    """Step -> largest difference from the bundle's golden outputs.

    Raises:
        WeightsMismatchError: one is larger than `tolerance`.
    """
    errors = largest_errors(pipeline, bundle.golden())
    errors = {step: error if math.isfinite(error) else 1e30 for step, error in errors.items()}
    wrong = {step: error for step, error in errors.items() if not error <= tolerance}
    if wrong:
        raise WeightsMismatchError(
            f"{bundle.folder} does not give what it gave when it was written.",
            why=f"Largest differences: {', '.join(f'{step} {error:.3g}' for step, error in wrong.items())}.",
            fix=f"Get the bundle again, or install the plugin's version that wrote it: {bundle.manifest.created_with}",
        )
    return errors


def _errors(now: Mapping[str, Tensor], golden: Mapping[str, Tensor], names: Iterable[str]) -> Iterable[float]:
    for name in names:
        if name not in golden or golden[name].shape != now[name].shape:
            yield math.inf
        else:
            yield float((golden[name] - now[name]).abs().nan_to_num(nan=math.inf).max())
