from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from s2pzoo.errors import OutputError, TrainingError
from s2pzoo.train import checkpoint as checkpoints


def make(step: int) -> checkpoints.Checkpoint:
    numbers = {"format": checkpoints.FORMAT, "step": step}
    return checkpoints.Checkpoint(numbers=numbers, networks={"a/w": torch.ones(2)}, ema={}, optimizers={}, extra={})


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    for step in (5, 10, 15):
        checkpoints.save_checkpoint(make(step), tmp_path, keep=2)
    assert [checkpoints.load_checkpoint(path).step for path in checkpoints.list_checkpoints(tmp_path)] == [10, 15]


def test_a_checkpoint_that_cannot_be_written_leaves_the_earlier_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints.save_checkpoint(make(1), tmp_path, keep=1)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints, "_flush", full)
    with pytest.raises(OutputError, match="No space left"):
        checkpoints.save_checkpoint(make(2), tmp_path, keep=1)
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["step-000000001"]


@pytest.mark.skipif(os.name != "posix", reason="it is what Windows does")
def test_a_checkpoint_is_written_where_folders_cannot_be_opened_nor_what_is_read_be_flushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    opened, flushed = os.open, os.fsync

    def open_(path: Any, flags: int, *more: Any, **how: Any) -> int:
        if Path(path).is_dir():
            raise PermissionError(13, "Permission denied")
        return opened(path, flags, *more, **how)

    def fsync(descriptor: int) -> None:
        if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(9, "Bad file descriptor")
        flushed(descriptor)

    monkeypatch.setattr(os, "open", open_)
    monkeypatch.setattr(os, "fsync", fsync)
    assert checkpoints.load_checkpoint(checkpoints.save_checkpoint(make(1), tmp_path, keep=1)).step == 1


@pytest.mark.parametrize("step", [0, 1, 2])
def test_a_folder_that_cannot_be_flushed_is_no_loss(step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed, count = os.fsync, []

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            count.append(descriptor)
            raise OSError(22, "Invalid argument")
        flushed(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    assert checkpoints.save_checkpoint(make(step), tmp_path, keep=1).is_dir()
    assert len(count) == 2


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    folder = checkpoints.save_checkpoint(make(1), tmp_path, keep=1)
    (folder / "state.json").write_text('{"format": 99, "step": 1}')
    with pytest.raises(TrainingError, match="format 99"):
        checkpoints.load_checkpoint(folder)


@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.SGD, torch.optim.RMSprop, torch.optim.AdamW])
def test_an_optimiser_goes_on_exactly(kind: Any) -> None:
    def step(net: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        optimizer.zero_grad()
        net(torch.ones(1, 3)).square().sum().backward()
        optimizer.step()

    options: dict[str, Any] = {"momentum": 0.9} if kind is torch.optim.SGD else {}
    one, other = nn.Linear(3, 2), nn.Linear(3, 2)
    first = kind(one.parameters(), lr=0.1, **options)
    step(one, first)
    tensors, numbers = checkpoints.pack_optimizers({"opt": first})
    checkpoints.unpack_networks({"net": other}, checkpoints.pack_networks({"net": one}))
    second = kind(other.parameters(), lr=0.1, **options)
    checkpoints.unpack_optimizers({"opt": second}, tensors, numbers)
    step(one, first)
    step(other, second)
    assert torch.equal(one.weight, other.weight)


def test_an_optimiser_whose_state_is_no_tensor_is_refused() -> None:
    net = nn.Linear(2, 1)
    optimizer = torch.optim.LBFGS(net.parameters())

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = net(torch.ones(1, 2)).square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)  # pyright: ignore[reportArgumentType]
    with pytest.raises(TrainingError, match="cannot be stored"):
        checkpoints.pack_optimizers({"opt": optimizer})


def test_shared_parameters_are_stored(tmp_path: Path) -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    net[1].weight = net[0].weight
    packed = checkpoints.pack_networks({"net": net})
    stored = checkpoints.Checkpoint(
        numbers={"format": checkpoints.FORMAT, "step": 1}, networks=packed, ema={}, optimizers={}, extra={}
    )
    folder = checkpoints.save_checkpoint(stored, tmp_path, keep=1)
    assert checkpoints.load_checkpoint(folder).networks.keys() == packed.keys()
