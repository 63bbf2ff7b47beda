"""Arguments that several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[
    str | None,
    typer.Option("-m", "--model", metavar="NAME", help="The model, see `s2pzoo list`; or the folder of a bundle. "
                 "By default the installed one, where just one has weights."),
]  # fmt: skip
Weights = Annotated[
    Path | None, typer.Option("--weights", metavar="FOLDER", help="The folder of a bundle to take the weights from.")
]
Device = Annotated[str, typer.Option("--device", help="Where to run, as torch names it: cpu, cuda, mps.")]
Fit = Annotated[bool, typer.Option("--fit", help="Move and scale each drawing so that it fills the face frame.")]
Seed = Annotated[int, typer.Option("--seed", help="For whatever is drawn at random.")]

Knobs = Annotated[
    list[str] | None,
    typer.Option("-O", "--option", metavar="KEY=VALUE", help="An option of the model, see `s2pzoo info`; "
                 "KEY.PART=VALUE for one of many parts. Repeat it for more."),
]  # fmt: skip
