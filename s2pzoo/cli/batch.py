"""`s2pzoo batch`: photos of very many drawings."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from attrs import asdict
from rich.console import Console

from s2pzoo.cli.arguments import Device, Fit, Knobs, Model, Runtime, Seed, Strokes, Weights, reading
from s2pzoo.cli.models import chosen
from s2pzoo.cli.output import Answer, reports


def batch(
    drawings: Annotated[
        list[Path],
        typer.Argument(metavar="INPUT", help="Drawings, folders of them, patterns; NDJSON of a drawing a line, tar "
                       "shards (WebDataset), parquet."),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="OUT", help="A new folder; or one to go on with.")],
    model: Model = None,
    form: Annotated[str, typer.Option("--as", help="What is written: files, tar or parquet.")] = "files",
    size: Annotated[
        int | None, typer.Option("--shard", min=1, help="Drawings in a shard (1000), or in a piece of files (64).")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Processes, each with a model; by default one a core.")
    ] = None,
    ray: Annotated[str, typer.Option("--ray", metavar="ADDRESS", help="By a Ray cluster; local: one here.")] = "",
    column: Annotated[str, typer.Option("--column", help="Of parquet: where the drawings are.")] = "",
    seed: Seed = 0,
    fit: Fit = None,
    strokes: Strokes = None,
    weights: Weights = None,
    knobs: Knobs = None,
    device: Device = "cpu",
    runtime: Runtime = "eager",
) -> Answer:  # fmt: skip
    """Turn very many drawings into photos, by all cores of a machine or a cluster.

    Killed and started again with the same arguments it goes on, and makes
    each photo once. Drawings that cannot be read are listed in
    OUT/failed.ndjson; the exit code is then 2.
    """
    from s2pzoo.batch.run import FAILED, Job, run

    job = Job(
        model=chosen(model), out=str(out), form=form, weights=weights, device=device, runtime=runtime, seed=seed,
        knobs=knobs or (), reading=reading(fit, strokes),
    )  # fmt: skip
    usual = (os.cpu_count() or 1) if device == "cpu" else 1
    with reports() as told:
        tally = run(
            job, drawings, size=size or (64 if form == "files" else 1000), column=column, workers=workers or usual,
            ray=ray, report=lambda done, total: told("drawings", done, total),
        )  # fmt: skip

    def show(console: Console) -> None:
        before = f", {tally.earlier} of them before" if tally.earlier else ""
        console.print(f"{tally.made} photos of {tally.drawings} drawings in {out}{before}.", soft_wrap=True)
        if tally.failed:
            console.print(f"{tally.failed} could not be made: {out / FAILED}", soft_wrap=True)

    data = {"folder": str(out), "model": job.model, "as": form, **asdict(tally)}
    return Answer(data=data, show=show, exit_code=2 if tally.failed else 0)
