"""One training at a time in a folder."""

from __future__ import annotations

import contextlib
import datetime
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from s2pzoo.errors import OutputError, TrainingError


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder until the end, however it comes: a lock of the system goes with its process.

    Raises:
        TrainingError: another training holds it; says which.
    """
    if os.environ.get("RANK", "0") != "0":  # one training of several processes: the first one holds it
        yield
        return
    owner = folder / ".training"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".training.lock")
        lock.acquire(blocking=False)
    except OSError as error:
        if not isinstance(error, Timeout):
            raise OutputError(f"The folder {folder} cannot be written.", why=str(error)) from error
        said = owner.read_text() if owner.is_file() else "an unknown process"
        raise TrainingError(
            f"A training is going on in {folder}.", why=f"It is {said}.", fix="Wait for it, or choose another folder."
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
