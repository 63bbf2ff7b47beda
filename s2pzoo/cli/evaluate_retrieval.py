"""`s2pzoo eval retrieval`: how often is the photo that was drawn among the nearest? No torch until it runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from s2pzoo.cli import output
from s2pzoo.cli.arguments import Backbone, Photos
from s2pzoo.cli.models import chosen
from s2pzoo.errors import UsageError


def eval_retrieval(
    pairs: Annotated[
        Path, typer.Argument(metavar="PAIRS.json", help='{"drawing": "name of its photo in the gallery", ...}')
    ],
    gallery: Photos,
    models: Annotated[
        list[str] | None,
        typer.Option("-m", "--model", metavar="METHOD", help="What to measure, as for `s2pzoo eval`. Repeat for more."),
    ] = None,
    ks: Annotated[str, typer.Option("-k", metavar="K,K,...", help="How many of the nearest count.")] = "1,5,20",
    backbone: Backbone = None,
) -> output.Answer:
    """Measure retrieval: acc@K of models beside that of the edge-map baseline and of chance."""
    from s2pzoo.evaluate.methods import parse_methods
    from s2pzoo.retrieval.files import photo_files
    from s2pzoo.retrieval.pairs import read_pairs

    methods = parse_methods(models or [chosen(None)])
    counts = _counts(ks)
    truth = read_pairs(pairs)
    photo_files(gallery)
    from s2pzoo.retrieval.embedder import load_embedder
    from s2pzoo.retrieval.evaluate import evaluate

    with output.reports() as report:
        table = evaluate(truth, gallery, methods, embedder=load_embedder(backbone), ks=counts, progress=report)
    return output.Answer(
        data=json.loads(table.to_json()), show=lambda console: console.out(table.to_markdown(), end="", highlight=False)
    )


def _counts(text: str) -> list[int]:
    try:
        return [int(word) for word in text.split(",")]
    except ValueError:
        raise UsageError(f"-k {text} is no list of whole numbers.", fix="Write, for example, -k 1,5,20.") from None
