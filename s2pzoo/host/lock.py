"""One training, or one batch, at a time in a folder."""

from __future__ import annotations

import contextlib
import datetime
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from s2pzoo.errors import OutputError, S2PZooError, TrainingError


@contextlib.contextmanager
def locked(folder: Path, *, what: str = "training", error: type[S2PZooError] = TrainingError) -> Iterator[None]:
    """Hold a folder until the end, however it comes: a lock of the system goes with its process.

    Raises:
        `error`: another one of `what` holds it; says which.
    """
    if os.environ.get("RANK", "0") != "0":  # one training of several processes: the first one holds it
        yield
        return
    owner = folder / f".{what}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / f".{what}.lock")
        lock.acquire(blocking=False)
    except OSError as problem:
        if not isinstance(problem, Timeout):
            raise OutputError(f"The folder {folder} cannot be written.", why=str(problem)) from problem
        said = owner.read_text() if owner.is_file() else "an unknown process"
        raise error(
            f"A {what} is going on in {folder}.", why=f"It is {said}.", fix="Wait for it, or choose another folder."
        ) from None
    try:
        now = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
        owner.write_text(f"process {os.getpid()} on {socket.gethostname()}, since {now}")
        yield
    finally:
        owner.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # first, while it is ours: the next one's must not go
            os.unlink(lock.lock_file)
        lock.release()
