"""`s2pzoo eval unpaired`: do the photos of sketches look like photos of such things? No torch until it runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from s2pzoo.cli import output
from s2pzoo.cli.arguments import METHOD, Batch, Dataset, Metrics, Squeeze

_METHODS = f"{METHOD} Or photos: those of the other split, as the floor."


def eval_unpaired(
    methods: Annotated[list[str], typer.Argument(metavar="METHOD...", help=_METHODS)],
    data: Annotated[
        Path, typer.Option("--data", metavar="COLLECTION", help="A folder with photo/ and sketch/, and split.json.")
    ],
    dataset: Dataset = "",
    backbone: Squeeze = None,
    out: Metrics = None,
    count: Annotated[int | None, typer.Option("-n", min=2, help="Sketches at most; by default all.")] = None,
    split: Annotated[
        Literal["train", "test", "all"], typer.Option("--split", help="Of the sketches, and of the true photos.")
    ] = "test",
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="LABEL", help="By whose FID all are divided; by default the first's."),
    ] = None,
    batch: Batch = 16,
) -> output.Answer:
    """Measure methods on sketches and photos that nothing pairs: FID, KID, gray FID, diversity and time."""
    from s2pzoo.evaluate.methods import parse_methods

    asked = parse_methods(methods)
    from s2pzoo.evaluate.unpaired import UnpairedEvaluator

    evaluator = UnpairedEvaluator(
        asked, data=data, dataset=dataset, backbone=backbone, split=split, n=count, batch=batch, against=against
    )
    with output.reports() as report:
        evaluation = evaluator.run(out=out, progress=report)
    return output.Answer(
        data=json.loads(evaluation.to_json()),
        show=lambda console: console.out(evaluation.to_markdown(), end="", highlight=False),
    )
