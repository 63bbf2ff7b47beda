"""Checkpoints: everything a training needs to go on as if it had never stopped. Safetensors and JSON, no pickle.

    OUT/checkpoints/step-000001200/
        state.json             step, seconds, recipe, what of the optimisers is not a tensor
        networks.safetensors   "network/parameter"
        ema.safetensors        "network/parameter" of the averages
        optimizers.safetensors "optimizer/index/name"
        extra.safetensors      torch's random states, the task's own state

A checkpoint is written beside its place, flushed to disk, and renamed: one that has its name is whole.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from attrs import frozen
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from s2pzoo.errors import OutputError, TrainingError
from s2pzoo.spec.reading import UnreadableError, read_json

FORMAT = 1
FOLDER = "checkpoints"
_NAME = re.compile(r"step-(\d{9})")


@frozen(kw_only=True)
class Checkpoint:
    """What is stored. `numbers` is JSON data, the others are tensors by name."""

    numbers: dict[str, Any]
    networks: dict[str, Tensor]
    ema: dict[str, Tensor]
    optimizers: dict[str, Tensor]
    extra: dict[str, Tensor]

    @property
    def step(self) -> int:
        """Steps done."""
        return self.numbers["step"]


_TENSORS = ("networks", "ema", "optimizers", "extra")


def list_checkpoints(out: Path) -> list[Path]:
    """The whole checkpoints below a training's folder, oldest first."""
    folder = out / FOLDER
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))


def save_checkpoint(checkpoint: Checkpoint, out: Path, *, keep: int) -> Path:
    """Write atomically, then delete all but the newest `keep`. A step that has a checkpoint already is left alone.

    Raises:
        OutputError: the disk is full or not writable. Earlier checkpoints are untouched.
    """
    final = out / FOLDER / f"step-{checkpoint.step:09d}"
    if final.is_dir():
        return final
    temporary = final.with_name(f".{final.name}.{os.getpid()}")
    try:
        for leftover in (out / FOLDER).glob(".step-*"):
            shutil.rmtree(leftover)
        temporary.mkdir(parents=True)
        for name in _TENSORS:
            save_file(getattr(checkpoint, name), temporary / f"{name}.safetensors")
        (temporary / "state.json").write_text(json.dumps(checkpoint.numbers, indent=1), encoding="utf-8")
        for file in (*temporary.iterdir(), temporary):
            _flush(file)
        temporary.rename(final)
        _flush(final.parent)
        for old in list_checkpoints(out)[:-keep]:
            shutil.rmtree(old)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise OutputError(
            f"The checkpoint of step {checkpoint.step} cannot be written to {out}.",
            why=str(error),
            fix="Free some space, then go on with --resume: earlier checkpoints are whole.",
        ) from error
    return final


def load_checkpoint(folder: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        TrainingError: a file is missing or damaged, or it was written by a newer version.
    """
    try:
        numbers = read_json(folder / "state.json")
        if numbers["format"] != FORMAT:
            raise TrainingError(f"{folder} has the checkpoint format {numbers['format']}; this version reads {FORMAT}.")
        tensors = {name: load_file(folder / f"{name}.safetensors") for name in _TENSORS}
    except (OSError, UnreadableError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise TrainingError(
            f"The checkpoint {folder} cannot be read.",
            why=f"{type(error).__name__}: {error}",
            fix="Delete this folder to go on from the checkpoint before it.",
        ) from error
    return Checkpoint(numbers=numbers, **tensors)


def pack_networks(networks: Mapping[str, nn.Module]) -> dict[str, Tensor]:
    """State dicts as one flat, CPU-side dict of copies."""
    return {f"{name}/{key}": _copy(value) for name, net in networks.items() for key, value in net.state_dict().items()}


def unpack_networks(networks: Mapping[str, nn.Module], tensors: Mapping[str, Tensor]) -> None:
    """Load what `pack_networks` gave, strictly.

    Raises:
        TrainingError: other networks, other names, or other shapes.
    """
    stored = _grouped(tensors)
    if stored.keys() != networks.keys():
        raise _mismatch(f"It holds {sorted(stored) or 'no networks'}; the recipe has {sorted(networks)}.")
    for name, network in networks.items():
        try:
            network.load_state_dict(stored[name], strict=True)
        except RuntimeError as error:
            raise _mismatch(f"{name}: {error}") from error


def pack_optimizers(optimizers: Mapping[str, Optimizer]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """State of the optimisers: tensors, and the rest as JSON data. Rates and betas are the recipe's, not stored."""
    tensors: dict[str, Tensor] = {}
    numbers: dict[str, Any] = {}
    for name, optimizer in optimizers.items():
        for index, state in optimizer.state_dict()["state"].items():
            for key, value in state.items():
                if isinstance(value, Tensor):
                    tensors[f"{name}/{index}/{key}"] = _copy(value)
                elif value is None or isinstance(value, (bool, int, float, str)):
                    numbers[f"{name}/{index}/{key}"] = value
                else:
                    raise TrainingError(
                        f"The state of the optimiser {name!r} cannot be stored.",
                        why=f"{key!r} is a {type(value).__name__}, neither tensor nor number.",
                    )
    return tensors, numbers


def unpack_optimizers(
    optimizers: Mapping[str, Optimizer], tensors: Mapping[str, Tensor], numbers: Mapping[str, Any]
) -> None:
    """Load what `pack_optimizers` gave; rates and betas stay as the recipe has built them."""
    states: dict[str, dict[int, dict[str, Any]]] = {name: {} for name in optimizers}
    for path, value in (*tensors.items(), *numbers.items()):
        name, index, key = path.split("/", 2)
        if name not in states:
            raise _mismatch(f"It holds an optimiser {name!r}; the recipe has {sorted(optimizers)}.")
        states[name].setdefault(int(index), {})[key] = value
    for name, optimizer in optimizers.items():
        parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        if any(index >= len(parameters) for index in states[name]):
            raise _mismatch(f"The optimiser {name!r} had more parameters than it has now.")
        groups = optimizer.state_dict()["param_groups"]
        optimizer.load_state_dict({"state": states[name], "param_groups": groups})


def pack_rng() -> dict[str, Tensor]:
    """The states of torch's global generators (CPU, current CUDA device)."""
    states = {"rng/cpu": torch.get_rng_state()}
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        states["rng/cuda"] = torch.cuda.get_rng_state()
    return states


def unpack_rng(states: Mapping[str, Tensor]) -> None:
    """Put back what `pack_rng` gave. The state of a device that is not here is left out."""
    torch.set_rng_state(states["rng/cpu"])
    if "rng/cuda" in states and torch.cuda.is_available():
        torch.cuda.set_rng_state(states["rng/cuda"])


def _grouped(tensors: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    groups: dict[str, dict[str, Tensor]] = {}
    for path, value in tensors.items():
        name, key = path.split("/", 1)
        groups.setdefault(name, {})[key] = value
    return groups


def _mismatch(why: str) -> TrainingError:
    return TrainingError(
        "The checkpoint does not fit the recipe.",
        why=why,
        fix="Resume with the recipe it was begun with, or start another training in another folder.",
    )


def _copy(tensor: Tensor) -> Tensor:
    return tensor.detach().to("cpu", copy=True).contiguous()


def _flush(path: Path) -> None:
    """To the disk. Windows opens no folder and flushes nothing that is open for reading alone."""
    if path.is_dir():
        with suppress(OSError):
            _synced(path, os.O_RDONLY)
    else:
        _synced(path, os.O_RDWR)


def _synced(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
