"""A guard around code of plugins: what comes out of it is an error that names the plugin, whatever it is."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from s2pzoo.errors import PluginFailedError, S2PZooError, UnexpectedError, UsageError
from s2pzoo.host.settings import Settings

FOLDER = "loading"
TRACEBACK = "S2PZOO_TRACEBACK"
"""Set in the environment, errors are told with their traceback."""

_NO_PATH = (errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL)
_LONG = 80  # letters of a path that an error shows


@contextlib.contextmanager
def interrupts() -> Iterator[list[int]]:
    """Within, the list is empty until the user presses Ctrl-C: a plugin may raise KeyboardInterrupt, too."""
    pressed: list[int] = []

    def press(number: int, frame: Any) -> None:
        pressed.append(number)
        signal.default_int_handler(number, frame)

    mine = threading.current_thread() is threading.main_thread()
    if not mine or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        if mine and callable(signal.getsignal(signal.SIGINT)):
            pressed.append(0)  # somebody else's handler: nobody can tell, so it counts as the user's
        yield pressed
        return
    signal.signal(signal.SIGINT, press)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextlib.contextmanager
def contained(what: str) -> Iterator[None]:
    """Within, what would end the process is an error that names what it came out of. Ctrl-C stays the user's.

    Raises:
        PluginFailedError: it raised SystemExit, KeyboardInterrupt of its own, or another BaseException.
    """
    with interrupts() as pressed:
        try:
            yield
        except (Exception, GeneratorExit):
            raise
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt) and pressed:
                raise
            why = f"It raised {reason(error)}."
            raise PluginFailedError(f"{what} would end the program.", why=why, fix="Run: s2pzoo plugins") from error


@contextlib.contextmanager
def unchanged() -> Iterator[list[str]]:
    """Within, settings of the whole process may be changed; afterwards they are as before, and the list says which."""
    changed: list[str] = []
    limit, torch = sys.getrecursionlimit(), sys.modules.get("torch")
    dtype = torch.get_default_dtype() if torch else None
    try:
        yield changed
    finally:
        if sys.getrecursionlimit() != limit:
            sys.setrecursionlimit(limit)
            changed.append("it changes Python's recursion limit; that was taken back")
        torch = sys.modules.get("torch")
        usual = dtype or (torch and torch.float32)
        if torch and torch.get_default_dtype() is not usual:
            torch.set_default_dtype(usual)
            changed.append("it changes torch's default dtype; that was taken back")


@contextlib.contextmanager
def breadcrumb(what: str) -> Iterator[None]:
    """Within, a file in the cache says what this process is at: what cannot be survived is at least named."""
    crumb = Settings.read().cache / FOLDER / str(os.getpid())
    with contextlib.suppress(OSError):
        crumb.parent.mkdir(parents=True, exist_ok=True)
        crumb.write_text(what)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            crumb.unlink()


def end_in_time(code: int, *, seconds: float = 10.0) -> None:
    """End this process with that exit code where, `seconds` after its work, a thread of a plugin keeps it from ending.

    Which thread it is goes to stderr.
    """

    def watch() -> None:
        while True:
            time.sleep(seconds)
            others = [one for one in threading.enumerate() if not one.daemon and one is not threading.main_thread()]
            if others:
                at = "; ".join(f"{one.name}, {_place_of(one)}" for one in others)
                with contextlib.suppress(OSError, ValueError, AttributeError):
                    sys.stderr.write(f"A thread does not end by itself: {at}. It was ended.\n")
                    sys.stderr.flush()
                os._exit(code)

    threading.Thread(target=watch, daemon=True).start()


def _place_of(thread: threading.Thread) -> str:
    """The file and line that a thread began with, of those that are not Python's own."""
    place, frame = "", sys._current_frames().get(thread.ident or 0)
    while frame is not None:
        if frame.f_code.co_filename != threading.__file__:
            place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
        frame = frame.f_back
    return place


def left_behind() -> list[str]:
    """What processes were at that are gone without an end; told once."""
    told = []
    with contextlib.suppress(OSError):
        for crumb in sorted((Settings.read().cache / FOLDER).iterdir()):
            if crumb.name.isdigit() and not _alive(int(crumb.name)):
                told.append(crumb.read_text()[:500])
                crumb.unlink()
    return told


def reason(error: BaseException) -> str:
    """An error in one line; also of one that cannot say what it is."""
    if isinstance(error, S2PZooError):
        return error.what
    name = type(error).__name__
    try:
        text = " ".join(str(error).split()).encode("utf-8", "backslashreplace").decode()
    except BaseException:
        return f"{name}, which cannot say what it is"
    return f"{name}: {text}" if text else name


def ours(error: Exception) -> S2PZooError:
    """The error as one of ours: that of a file or a model is told, and the rest of a batch goes on."""
    if isinstance(error, S2PZooError):
        return error
    if isinstance(error, OSError) and error.filename and error.errno in _NO_PATH:
        name = str(error.filename)
        shown = name if len(name) <= _LONG else f"{name[:_LONG]}..."
        return UsageError(f"{shown} cannot be used as a path.", why=str(error.strerror), fix="Give another.")
    where = getattr(error, "__notes__", None) or ["This was not expected: it may be a bug in s2pzoo or in a plugin."]
    fix = f"{TRACEBACK}=1 s2pzoo ... shows where it happened."
    return UnexpectedError(reason(error), why=" ".join(where), fix=fix)


def tail(error: BaseException, lines: int = 12) -> str:
    """The end of the traceback."""
    try:
        return "\n".join("".join(traceback.format_exception(error)).splitlines()[-lines:])
    except BaseException:
        return reason(error)


def _alive(pid: int) -> bool:
    if sys.platform == "win32":  # there this signal is Ctrl-C; nothing is told of processes that are gone
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return Path(f"/proc/{pid}").exists() if Path("/proc/self").exists() else True
