"""`s2pzoo weights ...`: where the weights of models are; get, check, carry and remove them."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from s2pzoo.cli.output import Answer, megabytes, progress, stderr, table
from s2pzoo.cli.verify import verify
from s2pzoo.errors import OutputError, S2PZooError, UsageError, WeightsNotFoundError
from s2pzoo.host.registry import default_registry
from s2pzoo.pipeline.plan import found
from s2pzoo.weights.bundle import Bundle, read_bundle
from s2pzoo.weights.hub import HUB, HubPlace, remove
from s2pzoo.weights.manifest import MANIFEST, read_manifest
from s2pzoo.weights.place import Place, place_of

_Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Models, or hf://owner/repo places.")]


def where(names: _Names = None) -> Answer:
    """Show where the weights of each model are."""
    places = {name: place_of(default_registry().model(name)) for name in _models(names)}
    data = [
        {"model": name, "state": one.state, "folder": str(one.folder) if one.folder else None, "hub": one.hub,
         "bytes": one.size}
        for name, one in places.items()
    ]  # fmt: skip

    def show(console: Console) -> None:
        rows = table("model", "weights", "size", "where")
        for name, one in places.items():
            size = megabytes(one.size) if one.folder else ""
            rows.add_row(Text(name), Text(one.state), size, Text(str(one.folder or one.hub or "")))
        console.print(rows)

    return Answer(data={"weights": data}, show=show)


def pull(names: _Names = None) -> Answer:
    """Have the weights of models on this machine: what is not here comes from the Hub. By default of all models."""
    asked = names or [name for name in _models(None) if place_of(default_registry().model(name)).state == "hub"]
    return _told(_opened(asked, "getting"))


def check(
    names: _Names = None,
    golden: Annotated[bool, typer.Option("--golden", help="Run each model on its fixed input, too.")] = False,
) -> Answer:
    """Check the weights that are here, of all models or of some: every sha256; with --golden what they make."""
    bundles = _opened(names or _here(), "checking")
    for bundle in bundles if golden else ():
        verify(str(bundle.folder))
    return _told(bundles)


def carry(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make, for S2PZOO_WEIGHTS.")],
    names: _Names = None,
) -> Answer:
    """Copy weights into a folder to carry to a machine without network; set S2PZOO_WEIGHTS=DIR there."""
    bundles = _opened(names or _here(), "checking")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        copied = [_copied(bundle, folder) for bundle in bundles]
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be written.", why=error.strerror or str(error), fix="Choose another."
        ) from error
    return _told(copied, f"S2PZOO_WEIGHTS={folder.absolute()}")


def rm(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Models, or hf://owner/repo places.")],
) -> Answer:
    """Remove downloaded weights from the cache. Those in a plugin's package or in your own folders stay."""
    freed = {name: remove(_on_hub(name)) for name in names}

    def show(console: Console) -> None:
        for name, size in freed.items():
            console.print(Text(f"{name}: {megabytes(size)} removed"), soft_wrap=True)

    return Answer(data={"removed": freed}, show=show)


def _on_hub(name: str) -> HubPlace:
    if name.startswith(HUB):
        return HubPlace.read(name)
    place: Place = place_of(default_registry().model(name))
    if place.state != "hub" or place.hub is None:
        where_else = f"They are in {place.folder}." if place.folder else "There are none."
        raise UsageError(f"The weights of {name} were not downloaded.", why=where_else)
    return HubPlace.read(place.hub)


def _models(names: Iterable[str] | None) -> list[str]:
    registry = default_registry()
    return sorted({registry.model(name).name for name in names} if names else {m.name for m in registry.models()})


def _here() -> list[str]:
    names = [name for name in _models(None) if place_of(default_registry().model(name)).folder]
    if not names:
        raise WeightsNotFoundError("No model has weights on this machine.", fix="Run: s2pzoo weights pull NAME")
    return names


def _opened(names: list[str], label: str) -> list[Bundle]:
    bundles = []
    with progress(stderr(), label, len(names)) as advance:
        for name in names:
            bundles.append(found(default_registry(), name)[0])
            bundles[-1].verify()
            advance()
    return bundles


def _copied(bundle: Bundle, folder: Path) -> Bundle:
    """A copy in `folder`, checked; it takes its place whole."""
    with tempfile.TemporaryDirectory(dir=folder) as made:
        work = Path(made) / "bundle"
        work.mkdir()
        for name in (*bundle.manifest.files, MANIFEST):
            shutil.copyfile(bundle.folder / name, work / name)
        read_bundle(work).verify()
        target = folder / bundle.manifest.model
        if target.exists():
            with contextlib.suppress(S2PZooError):
                read_manifest(target)
                target.rename(Path(made) / "old")
        if os.path.lexists(target):
            raise OutputError(
                f"{target} is there, and is no bundle of s2pzoo.", fix="Move it away, or give another DIR."
            )
        work.rename(target)
    return read_bundle(target)


def _told(bundles: list[Bundle], last: str = "") -> Answer:
    data: list[dict[str, Any]] = [
        {"model": bundle.manifest.model, "folder": str(bundle.folder), "bytes": bundle.bytes} for bundle in bundles
    ]

    def show(console: Console) -> None:
        rows = table("model", "size", "where")
        for one in data:
            rows.add_row(Text(one["model"]), megabytes(one["bytes"]), Text(one["folder"]))
        console.print(rows if data else "Nothing to do: no model without weights here is on the Hub.")
        if last:
            console.print(Text(last), soft_wrap=True)

    return Answer(data={"weights": data}, show=show)
