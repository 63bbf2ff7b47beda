"""Stopping a training by a signal: once to let the step finish, twice to stop at once."""

from __future__ import annotations

import signal
import sys
import threading
from typing import Any


class Signals:
    """Catches SIGINT and SIGTERM once; a second SIGINT is the usual KeyboardInterrupt."""

    caught = False

    def __enter__(self) -> Signals:
        self._before: dict[int, Any] = {}
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._catch)
        return self

    def _catch(self, number: int, frame: object) -> None:
        self.caught = True
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        print("\nStopping after this step; once more to stop at once.", file=sys.stderr, flush=True)

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
