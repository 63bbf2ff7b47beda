"""`s2pzoo eval`: methods against each other on a dataset. No torch until it runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from s2pzoo.cli import files, output
from s2pzoo.cli.arguments import METHOD, Batch, Dataset, Metrics, Squeeze

_METHODS = f"{METHOD} Or nearest: the photo of the gallery with the nearest sketch."


def eval_command(
    methods: Annotated[list[str], typer.Argument(metavar="METHOD...", help=_METHODS)],
    data: Annotated[Path, typer.Option("--data", metavar="FOLDER", help="Dataset of people, or things, held out.")],
    dataset: Dataset = "",
    gallery: Annotated[
        Path | None, typer.Option("--gallery", metavar="FOLDER", help="The training's dataset, for nearest.")
    ] = None,
    backbone: Squeeze = None,
    count: Annotated[int, typer.Option("-n", min=2, help="Photos: the first n of the dataset.")] = 1000,
    paired: Annotated[
        int, typer.Option("--paired", min=1, help="Photos for LPIPS and SSIM, evenly spread over the people.")
    ] = 200,
    levels: Annotated[str, typer.Option("--levels", help="Roughness of the sketches.")] = "clean,rough,very rough",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the sketches.")] = 0,
    batch: Batch = 16,
    size: Annotated[
        int | None, typer.Option("--size", min=32, help="Compare photos at this side in pixels; else the dataset's.")
    ] = None,
    out: Metrics = None,
    sheet: Annotated[
        Path | None,
        typer.Option("--sheet", metavar="FILE", help="Picture of sketch, methods and truth; holds the data's photos."),
    ] = None,
    sheet_count: Annotated[int, typer.Option("--sheet-count", min=1, help="Photos on it, at each level.")] = 8,
) -> output.Answer:
    """Measure methods on photos held out: LPIPS, SSIM and FID at every level of roughness."""
    from s2pzoo.evaluate.methods import parse_methods
    from s2pzoo.imaging.write import write_image

    asked = parse_methods(methods)
    if sheet:
        files.sheet(sheet, inputs=())
    from s2pzoo.evaluate.evaluate import Evaluator
    from s2pzoo.evaluate.scores import Protocol

    chosen = [level.strip() for level in levels.split(",") if level.strip()]
    protocol = Protocol(n=count, paired=paired, levels=chosen, seed=seed, batch=batch, size=size)
    evaluator = Evaluator(asked, data=data, dataset=dataset, gallery=gallery, backbone=backbone, protocol=protocol)
    with output.reports() as report:
        evaluation = evaluator.run(out=out, progress=report)
    if sheet:
        write_image(evaluator.sheet(count=sheet_count), sheet)
    return output.Answer(
        data=json.loads(evaluation.to_json()),
        show=lambda console: console.out(evaluation.to_markdown(), end="", highlight=False),
    )
