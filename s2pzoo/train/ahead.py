"""Batches made ahead by a thread."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from s2pzoo.errors import TrainingError


def endless(batches: Iterator[Any]) -> Iterator[Any]:
    """The same batches; an error where they end."""
    yield from batches
    raise TrainingError("The task has run out of batches.", fix="Task.batches must go on without end.")


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
