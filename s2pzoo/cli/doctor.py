"""`s2pzoo doctor`: is everything here as it should be? Each plugin is tried in a process of its own."""

from __future__ import annotations

import importlib.metadata
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from s2pzoo.cli.output import Answer, table
from s2pzoo.host.registry import default_registry
from s2pzoo.host.settings import Settings

_TRY = """
import sys
from s2pzoo.host.registry import default_registry
plugin = default_registry().look(sys.argv[1])
print(plugin.reason, *plugin.warnings, sep="; ", file=sys.stderr)
sys.exit({"loaded": 10, "blocked": 11}.get(plugin.state, 12))
"""
_LOADED, _BLOCKED, _FAILED = 10, 11, 12


def doctor(
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, help="How long a plugin may take to load.")] = 30.0,
) -> Answer:
    """Look at Python, torch, the cache folder, and every plugin, which is
    loaded in a process of its own: one that ends its process, crashes or
    never comes back is named. The exit code is 1 where something is wrong.
    """
    found = [*_surroundings(), *(_plugin(family, seconds) for family in default_registry().families())]

    def show(console: Console) -> None:
        rows = table("what", "state", "more")
        for one in found:
            rows.add_row(one["what"], Text(one["state"], style="" if one["well"] else "bold red"), one["more"])
        console.print(rows)

    return Answer(data={"found": found}, show=show, exit_code=0 if all(one["well"] for one in found) else 1)


def _row(what: str, state: str, more: str = "", *, well: bool = True) -> dict[str, Any]:
    return {"what": what, "state": state, "more": more, "well": well}


def _surroundings() -> Iterator[dict[str, Any]]:
    yield _row("python", platform.python_version(), sys.executable)
    for name in ("s2pzoo", "torch", "torchvision"):
        try:
            yield _row(name, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield _row(name, "missing", f"Run: pip install {name}", well=False)
    cache = Settings.read().cache
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=cache):
            yield _row("cache folder", "fine", str(cache))
    except OSError as error:
        yield _row("cache folder", "cannot be written", f"{cache}: {error.strerror}; set S2PZOO_CACHE", well=False)


def _plugin(family: str, seconds: float) -> dict[str, Any]:
    what = f"plugin {family}"
    command = [sys.executable, "-X", "faulthandler", "-c", _TRY, family]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return _row(what, "hangs", f"It was not loaded after {seconds:g} seconds.", well=False)
    last = (done.stderr.strip().splitlines() or [""])[-1].strip("; ")
    if done.returncode in (_LOADED, _BLOCKED):
        return _row(what, "loads" if done.returncode == _LOADED else "switched off", last)
    if done.returncode == _FAILED:
        return _row(what, "fails", last, well=False)
    ended = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
    return _row(what, "ends its process", f"{ended}. {last}", well=False)
