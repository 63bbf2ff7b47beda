"""`s2pzoo corpus`: a few portraits become many recombined faces to train on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from s2pzoo.cli.arguments import Seed
from s2pzoo.cli.files import check_folder
from s2pzoo.cli.output import Answer, progress, stderr
from s2pzoo.errors import OutputError


def corpus(
    portraits: Annotated[Path, typer.Argument(metavar="PORTRAITS", help="The folder of portraits with landmarks.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder for the corpus; a new or an empty one.")],
    count: Annotated[int, typer.Option("--count", min=1, help="Faces to make; at 256 pixels 0.26 MB each.")] = 10_000,
    size: Annotated[int, typer.Option("--size", min=16, help="Side of the photos in pixels.")] = 256,
    split: Annotated[str, typer.Option("--split", help="The people to take: train or test.")] = "train",
    seed: Seed = 0,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Processes that work side by side.")] = 2,
) -> Answer:
    """Recombine the features of portraits into a corpus of faces."""
    check_folder(out)
    if out.is_dir() and any(out.iterdir()):
        raise OutputError(f"{out} is not empty.", why="A corpus there would be overwritten.", fix="Give a new folder.")
    from s2pzoo.data.corpus import build_corpus

    with progress(stderr(), "faces", count) as done:
        made = build_corpus(
            portraits, out, count=count, size=size, split=split, seed=seed, workers=workers,
            progress=lambda *_: done(),
        )  # fmt: skip

    def show(console: Console) -> None:
        console.print(f"{len(made)} faces of {made.size} pixels: {out}", markup=False, soft_wrap=True)

    data = {"out": str(out), "count": len(made), "size": made.size, "split": split, "seed": seed}
    return Answer(data=data, show=show)
