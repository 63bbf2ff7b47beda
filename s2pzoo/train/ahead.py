"""Batches made ahead by a thread or by processes."""

from __future__ import annotations

import queue
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from s2pzoo.errors import Remark, TrainingError


def endless(batches: Iterator[Any]) -> Iterator[Any]:
    """The same batches; an error where they end."""
    yield from batches
    raise TrainingError("The task has run out of batches.", fix="Task.batches must go on without end.")


def side_by_side(make: Callable[[int], Any], numbers: Iterable[int], *, workers: int, depth: int = 2) -> Iterator[Any]:
    """`make` of each number, in their order, by so many forked processes, each `depth` ahead; 0: by this one.

    So it is where no process can be forked (Windows), or not safely so (macOS): it is told.
    """
    if workers and sys.platform != "linux":
        told = f"schedule.workers={workers} needs Linux: batches are made by the training's own process."
        warnings.warn(told, Remark, stacklevel=2)
        workers = 0
    forked = {"multiprocessing_context": "fork", "worker_init_fn": _begin, "prefetch_factor": max(1, depth)}
    made = DataLoader(
        _Made(make), batch_size=None, sampler=numbers, num_workers=workers, pin_memory=torch.cuda.is_available(),
        generator=torch.Generator(),  # else it draws its seed from the global one
        **(forked if workers else {}),
    )  # fmt: skip
    return iter(made)


class _Made(Dataset[Any]):
    def __init__(self, make: Callable[[int], Any]) -> None:
        self.make = make

    def __getitem__(self, number: int) -> Any:
        return self.make(number)


def _begin(_: int) -> None:
    """Ctrl-C reaches these processes as well, and is for the one that asks them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def made_ahead(batches: Iterator[Any], depth: int) -> Iterator[Iterator[Any]]:
    """The same batches, `depth` of them made ahead by a thread. An error there is raised here, in its turn."""
    if not depth:
        yield batches
        return
    box: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue(maxsize=depth)
    closed = threading.Event()

    def put(item: tuple[Any, BaseException | None]) -> None:
        while not closed.is_set():
            with suppress(queue.Full):
                box.put(item, timeout=0.1)
                return

    def work() -> None:
        try:
            for batch in batches:
                put((batch, None))
                if closed.is_set():
                    return
        except BaseException as error:
            put((None, error))  # it belongs to whoever takes the batch

    def take() -> Iterator[Any]:
        while True:
            batch, error = box.get()
            if error is not None:
                raise error
            yield batch

    thread = threading.Thread(target=work, name="s2pzoo-batches", daemon=True)
    thread.start()
    try:
        yield take()
    finally:
        closed.set()
        thread.join(timeout=10)
