"""A task on its device: Lightning Fabric, one set-up for each network, and the mistakes of a task's author."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import nn
from torch.optim import Optimizer

from s2pzoo.errors import MissingExtraError, RecipeError, TrainingError
from s2pzoo.train.checkpoint import pack_rng, unpack_rng
from s2pzoo.train.recipe import Schedule
from s2pzoo.train.task import Task

try:
    from lightning.fabric import Fabric
except ImportError as _error:
    raise MissingExtraError("Training needs Lightning Fabric.", extra="train", why=str(_error)) from _error


def make_fabric(schedule: Schedule) -> Fabric:
    """One process drives one device; torchrun starts several."""
    try:
        fabric = Fabric(
            accelerator=schedule.accelerator,
            strategy=schedule.strategy,
            precision=cast("Any", schedule.precision),  # Fabric itself says what it knows
            devices=int(os.environ.get("LOCAL_WORLD_SIZE", "1")),
            num_nodes=int(os.environ.get("GROUP_WORLD_SIZE", "1")),
        )
    except (ValueError, RuntimeError) as error:
        raise RecipeError(
            "The schedule's accelerator, strategy or precision cannot be used here.", why=str(error)
        ) from error
    fabric.launch()
    torch.backends.cudnn.benchmark = True  # a training's batches are all of one shape
    return fabric


def set_up(fabric: Fabric, task: Task) -> None:
    """Wrap the task's networks and optimisers in place: together where they belong to each other alone."""
    owners = {name: _owners(optimizer, task.networks) for name, optimizer in task.optimizers.items()}
    raw = dict(task.networks)
    for name, network in raw.items():
        mine = [key for key, networks in owners.items() if networks == {name}]
        if mine:
            wrapped, *optimizers = _as_tuple(fabric.setup(network, *(task.optimizers[key] for key in mine)))
            task.optimizers.update(zip(mine, optimizers, strict=True))
        elif any(parameter.requires_grad for parameter in network.parameters()):
            wrapped = fabric.setup_module(network)
        else:  # a bank, say: nothing to train, and DDP takes no such module
            wrapped = network.to(fabric.device)
        task.networks[name] = wrapped
    shared = [key for key, networks in owners.items() if len(networks) > 1]
    for key in shared:
        task.optimizers[key] = _as_tuple(fabric.setup_optimizers(task.optimizers[key]))[0]
    for module in task.frozen.values():
        module.to(fabric.device).eval().requires_grad_(False)
    task.device = fabric.device


def _owners(optimizer: Optimizer, networks: Mapping[str, nn.Module]) -> set[str]:
    homes = {id(parameter): name for name, network in networks.items() for parameter in network.parameters()}
    return {homes[id(p)] for group in optimizer.param_groups for p in group["params"] if id(p) in homes}


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def check_task(task: Task) -> None:
    """The mistakes a task's author makes, said before the first step."""
    name = type(task).__name__
    if not task.networks or not task.optimizers:
        raise TrainingError(f"The task {name} has no networks or no optimisers.")
    known = {id(parameter) for network in task.networks.values() for parameter in network.parameters()}
    for key, optimizer in task.optimizers.items():
        if any(id(parameter) not in known for group in optimizer.param_groups for parameter in group["params"]):
            raise TrainingError(
                f"The optimiser {key!r} of the task {name} has parameters that belong to none of its networks.",
                why="They would not be stored in a checkpoint.",
            )
    for key in task.ema:
        if key not in task.networks:
            raise TrainingError(f"The task {name} averages {key!r}, and has only the networks {sorted(task.networks)}.")
    if bad := [key for key in (*task.networks, *task.optimizers) if "/" in key]:
        raise TrainingError(f"The task {name} has a name with a slash: {bad[0]!r}.")


def seed_torch(seed: int) -> None:
    """Seed the global generator: initial weights and dropout draw from it."""
    torch.manual_seed(seed)  # noqa: TID251


@contextmanager
def rng_kept() -> Iterator[None]:
    """Puts torch's global generators back at the end."""
    states = pack_rng()
    try:
        yield
    finally:
        unpack_rng(states)
