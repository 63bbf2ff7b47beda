"""`s2pzoo train`: a recipe becomes a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from s2pzoo.cli.arguments import Overwrite
from s2pzoo.cli.output import Answer, InterruptedByUserError


def train(
    recipe: Annotated[
        str,
        typer.Argument(
            metavar="RECIPE",
            help="A TOML file, or plugin/recipe for a plugin's own; that of a composition trains it as a whole.",
        ),
    ],
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Changes to it, such as schedule.batch=16.")
    ] = None,
    *,
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="The data folder.")],
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="DIR", help="The folder for checkpoints, samples and the bundle.")
    ],
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the newest checkpoint in DIR.")] = False,
    minutes: Annotated[
        float | None, typer.Option("--minutes", min=0, help="Stop this sitting after so long; go on with --resume.")
    ] = None,
    overwrite: Overwrite = False,
) -> Answer:
    """Train a model by a recipe, in one sitting or several.

    Ctrl-C once lets the step finish and writes a checkpoint; the exit code is then 130.
    """
    from s2pzoo.train.loop import train as run

    result = run(recipe, data, out, resume=resume, minutes=minutes, overrides=overrides or (), overwrite=overwrite)
    answer = {
        "out": str(result.out),
        "reason": result.reason,
        "step": result.step,
        "seconds": round(result.seconds, 1),
        "losses": dict(result.losses),
        "checkpoint": str(result.checkpoint),
    }

    def show(console: Console) -> None:
        more = "" if result.reason == "finished" else " Go on with --resume."
        console.print(f"{result.reason} at step {result.step}: {result.out}.{more}", markup=False, soft_wrap=True)

    code = InterruptedByUserError.exit_code if result.reason == "interrupted" else 0
    return Answer(data=answer, show=show, exit_code=code)
