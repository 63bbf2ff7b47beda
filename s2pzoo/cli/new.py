"""`s2pzoo new`: a plugin of one's own, complete, to begin with."""

from __future__ import annotations

import sys
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

import s2pzoo
from s2pzoo.cli.output import Answer
from s2pzoo.errors import MissingExtraError, OutputError, UsageError
from s2pzoo.host.catalogue import default_catalogue
from s2pzoo.host.core import FAMILIES
from s2pzoo.host.registry import default_registry
from s2pzoo.spec.model import UNREGISTERED
from s2pzoo.spec.names import is_family


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The model family, as in s2pzoo.load(NAME).")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="DIR", help="Where; by default ./s2pzoo-NAME.")
    ] = None,
    defaults: Annotated[bool, typer.Option("--defaults", help="Ask nothing; so it is without a terminal.")] = False,
) -> Answer:
    """Write a plugin to begin with: a tiny method that trains in seconds, its
    data, recipe, tests, README, and workflows that test and publish it.
    """
    if not is_family(name):
        raise UsageError(f"{name!r} cannot name a model family.", fix="Use lower-case letters, digits, - and _.")
    if name in (*FAMILIES, UNREGISTERED):
        raise UsageError(f"The name {name!r} is the core's own.", fix="Choose another.")
    taken = default_catalogue().plugins.get(name)
    if taken or name in default_registry().families():
        whose = (
            taken.distribution if taken else f"{default_registry().look(name).distribution}, which is installed here"
        )
        raise UsageError(f"The name {name!r} is taken.", why=f"It is that of {whose}.", fix="Choose another.")
    folder = out or Path(f"s2pzoo-{name.replace('_', '-')}")
    try:
        folder = folder.expanduser().resolve()
    except RuntimeError as error:  # ~nobody, links in a circle
        raise OutputError(f"{folder} cannot be a folder.", why=str(error), fix="Give another with --out.") from error
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(f"{folder} is there already.", why="Nothing is written over.", fix="Give another with --out.")
    _render(name, folder, defaults=defaults)
    written = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())

    def show(console: Console) -> None:
        console.print(f"{folder}: {len(written)} files. Its README says how to go on:", markup=False, soft_wrap=True)
        console.print(f'  cd {folder} && pip install -e ".[test]"', markup=False, soft_wrap=True)

    return Answer(data={"folder": str(folder), "family": name, "files": written}, show=show)


def _render(name: str, folder: Path, *, defaults: bool) -> None:
    try:
        import copier
    except ImportError as error:
        raise MissingExtraError(
            "Writing a plugin from a template needs copier.", extra="new", why=str(error)
        ) from error
    known: dict[str, Any] = {"family": name, "s2pzoo_version": s2pzoo.__version__}
    asked = sys.stdin is not None and sys.stdin.isatty()
    with as_file(files("s2pzoo") / "templates" / "plugin") as template:
        try:
            copier.run_copy(
                str(template),
                folder,
                data=known,
                defaults=defaults or not asked,
                quiet=True,
            )
        except OSError as error:
            raise OutputError(f"{folder} cannot be written.", why=error.strerror or str(error)) from error
