"""resvg in a process of its own, kept for the next drawing: what takes too long or too much memory ends that one.

The limit is of processor time, so that a busy machine refuses nothing.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import subprocess
import sys
import threading
from typing import IO

MEMORY = 3 << 30
PATIENCE = 60.0
"""Seconds on the clock after which a drawer that does not answer is given up, whatever it is at."""

# Numbers are 8 bytes, little-endian. Asked: milliseconds, side, length, SVG. Answered: 1 or 0, length, PNG or why.
_CODE = f"""
import signal, sys
import resvg_py
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
except (ImportError, ValueError, OSError):
    pass
timer = getattr(signal, "setitimer", lambda *_: None)
asked, told = sys.stdin.buffer, sys.stdout.buffer
def number():
    return int.from_bytes(asked.read(8), "little")
while True:
    allowed, side, length = number(), number(), number()
    if not length:
        break
    text = asked.read(length).decode("utf-8", "surrogatepass")
    timer(getattr(signal, "ITIMER_PROF", 0), allowed / 1000)
    try:
        png = resvg_py.svg_to_bytes(svg_string=text, width=side, height=side, dpi=96, skip_system_fonts=True)
        good, answer = 1, bytes(png)
    except ValueError as error:
        good, answer = 0, str(error).encode("utf-8", "replace")
    timer(getattr(signal, "ITIMER_PROF", 0), 0)
    told.write(good.to_bytes(8, "little") + len(answer).to_bytes(8, "little") + answer)
    told.flush()
"""


class TooCostlyError(Exception):
    """The process ended over a drawing: it took too long, or too much memory."""


class Drawer:
    """One such process, started when it is needed."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Start anew, and leave the process alone: after a fork it is the parent's."""
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def draw(self, text: str, *, side: int, seconds: float) -> bytes:
        """An SVG as a PNG that fits into a square.

        Raises:
            ValueError: resvg cannot read it; says why.
            TooCostlyError: it takes more than `seconds` of the processor, or too much memory.
        """
        data = text.encode("utf-8", "surrogatepass")
        with self._lock:
            process = self._running()
            late = threading.Timer(PATIENCE, process.kill)
            late.start()
            try:
                assert process.stdin and process.stdout, "both are pipes"
                numbers = (round(1000 * seconds), side, len(data))
                process.stdin.write(b"".join(number.to_bytes(8, "little") for number in numbers) + data)
                process.stdin.flush()
                good = _number(process.stdout)
                answer = _exactly(process.stdout, _number(process.stdout))
            except (EOFError, OSError) as error:
                self.close()
                raise TooCostlyError from error
            finally:
                late.cancel()
        if not good:
            raise ValueError(answer.decode("utf-8", "replace"))
        return answer

    def close(self) -> None:
        """End the process, if it runs."""
        process, self._process = self._process, None
        if process:
            process.kill()
            for pipe in filter(None, (process.stdin, process.stdout)):
                with contextlib.suppress(OSError):
                    pipe.close()
            process.wait()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            command = [sys.executable, "-I", "-c", _CODE]
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        return self._process


def _number(pipe: IO[bytes]) -> int:
    return int.from_bytes(_exactly(pipe, 8), "little")


def _exactly(pipe: IO[bytes], count: int) -> bytes:
    read = pipe.read(count)
    if len(read) < count:
        raise EOFError
    return read


DRAWER = Drawer()
atexit.register(DRAWER.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=DRAWER.forget)
