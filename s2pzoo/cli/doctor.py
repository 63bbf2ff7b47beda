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
from s2pzoo.errors import install_command
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
_FIT = """
import torch, torchvision
torchvision.ops.nms(torch.zeros(1, 4), torch.zeros(1), 0.5)  # an operator that only a torchvision for this torch has
print("cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu")
"""


def doctor(
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, help="How long a plugin may take to load.")] = 30.0,
) -> Answer:
    """Look at Python, torch, the caches, what is required and not there, and
    every plugin, which is loaded in a process of its own: one that ends its
    process, crashes or never comes back is named. The exit code is 1 where
    something is wrong.
    """
    families = default_registry().families()
    found = [*_surroundings(), *_requirements(), *(_plugin(family, seconds) for family in families)]

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
            yield _row(name, "missing", f"Run: {install_command(name)}", well=False)
    yield _torch()
    settings = Settings.read()
    for what, folder, variable in (
        ("cache folder", settings.cache, "S2PZOO_CACHE"), ("Hub's cache", settings.hub_cache, "HF_HUB_CACHE"),
    ):  # fmt: skip
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                yield _row(what, "fine", str(folder))
        except OSError as error:
            yield _row(what, "cannot be written", f"{folder}: {error.strerror}; set {variable}", well=False)
    offline = "HF_HUB_OFFLINE is set: the Hub is not asked"
    yield _row("network", *(("offline", offline) if settings.offline else ("may be used", settings.endpoint)))


def _torch() -> dict[str, Any]:
    """Whether torch and torchvision are of one another, and where models would run."""
    done = subprocess.run([sys.executable, "-c", _FIT], capture_output=True, text=True, timeout=300, check=False)
    if done.returncode == 0:
        return _row("torch and torchvision", "fit", f"device auto is {done.stdout.split()[-1]}")
    last = (done.stderr.strip().splitlines() or [""])[-1]
    more = f"{last}. Install those of one release: {install_command('--upgrade torch torchvision')}"
    return _row("torch and torchvision", "do not fit together", more, well=False)


def _requirements() -> Iterator[dict[str, Any]]:
    """What the core and the plugins require, and is not there or of another version."""
    from packaging.requirements import InvalidRequirement, Requirement

    plugins = {one.distribution for plugin in default_registry().plugins(load=False) for one in plugin.providers}
    problems = []
    for name in sorted({"s2pzoo", *plugins}):
        try:
            needs = importlib.metadata.requires(name) or []
        except Exception as error:  # metadata that nobody can read
            problems.append(f"what {name} requires cannot be read: {type(error).__name__}")
            continue
        for text in needs:
            try:
                need = Requirement(text)
            except InvalidRequirement:
                problems.append(f"{name} requires {text!r}, which is not to be understood")
                continue
            if need.marker and not need.marker.evaluate({"extra": ""}):
                continue
            try:
                version = importlib.metadata.version(need.name)
            except importlib.metadata.PackageNotFoundError:
                problems.append(f"{name} requires {need.name}, which is not installed")
                continue
            if not need.specifier.contains(version, prereleases=True):
                problems.append(f"{name} requires {need.name}{need.specifier}; {version} is here")
    if problems:
        yield _row("requirements", "conflict", "; ".join(problems), well=False)
    else:
        yield _row("requirements", "met")


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
