"""Golden tensors: a fixed input and what every step made of it, so that a bundle can be checked on any machine."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from s2pzoo.interfaces import Component
from s2pzoo.pipeline.run import Pipeline
from s2pzoo.spec.graph import misfits
from s2pzoo.spec.model import Model
from s2pzoo.spec.ports import KINDS, Port
from s2pzoo.weights.bundle import Bundle, amend_bundle, write_bundle
from s2pzoo.weights.initialise import without_initialising

MOST = 65_536
"""Numbers kept of one value; of a larger one, every k-th."""


def save_bundle(
    folder: str | Path,
    model: Model,
    networks: Mapping[str, nn.Module],
    *,
    golden: Tensor | None = None,
    about: Mapping[str, Any] | None = None,
    dtype: str = "float32",
) -> Bundle:
    """Write a bundle, read it back into fresh networks, and add what these make of a fixed input.

    Args:
        golden: that input, (1, ...); by default a plain drawing. A part of a model, or one that takes no picture, has
            no golden tensors.

    Further arguments and errors as for `weights.bundle.write_bundle`.
    """
    bundle = write_bundle(folder, model, networks, about=about, dtype=dtype)
    given = golden_input(model.input_port) if golden is None else golden
    ours = {step.name: network for step in model.steps if isinstance(network := networks[step.name], Component)}
    if misfits(model) or given is None or len(ours) < len(model.steps):
        return bundle
    with without_initialising():
        fresh = {name: type(network)(network.config) for name, network in ours.items()}
    bundle.load_into(fresh)
    return amend_bundle(folder, golden=golden_values(Pipeline(model=model, components=fresh), given))


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
    return flat[:: max(1, math.ceil(flat.numel() / MOST))].contiguous()


def golden_values(pipeline: Pipeline, given: Tensor) -> dict[str, Tensor]:
    """The input in full and every other value thinned, by value name."""
    source = pipeline.model.input
    names = [name for name in pipeline.model.values if name != source]
    values = pipeline.execute({source: given}, names)
    return {source: given.detach().cpu().contiguous(), **{name: thinned(value) for name, value in values.items()}}


def largest_errors(pipeline: Pipeline, golden: Mapping[str, Tensor]) -> dict[str, float]:
    """Step name -> the largest absolute difference between what it makes now and the golden tensors.

    A step whose values are not among them, or are of another shape, has an infinite error.
    """
    now = golden_values(pipeline, golden[pipeline.model.input])
    return {step.name: max(_errors(now, golden, step.outputs.values()), default=0.0) for step in pipeline.model.steps}


def _errors(now: Mapping[str, Tensor], golden: Mapping[str, Tensor], names: Iterable[str]) -> Iterable[float]:
    for name in names:
        if name not in golden or golden[name].shape != now[name].shape:
            yield math.inf
        else:
            yield float((golden[name] - now[name]).abs().nan_to_num(nan=math.inf).max())
