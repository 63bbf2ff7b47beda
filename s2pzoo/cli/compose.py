"""`s2pzoo compose`: a model of parts, from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import attrs
import typer

import s2pzoo
from s2pzoo.cli.arguments import Overwrite
from s2pzoo.cli.describing import explained
from s2pzoo.cli.output import Answer
from s2pzoo.zoo import composed


def compose(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A TOML file: name, size, and steps, each with a part.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="DIR", help="Save it as a bundle, to load and publish.")
    ] = None,
    svg: Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="Draw it into this file, too.")] = None,
    overwrite: Overwrite = False,
    by_name: Annotated[
        bool, typer.Option("--by-name", help="Name the trained parts in the bundle; it has no copies of their weights.")
    ] = False,
    untrained: Annotated[bool, typer.Option("--untrained", help="Parts without trained weights may be in it.")] = False,
) -> Answer:
    """Put parts of models together, say whether they fit and what goes from one
    to the next; adapters that lose nothing are put in. Saved, it is a model.
    """
    if out:
        pipeline = s2pzoo.compose(file, untrained="allow" if untrained else "refuse")
        pipeline.save(out, by_name=by_name, overwrite=overwrite)
        model = pipeline.model
    else:
        model = composed(file).model
    told = explained(model, svg=svg, overwrite=overwrite, also=f"{model.name} -> {out}" if out else "")
    return attrs.evolve(told, data={**told.data, "folder": str(out) if out else None})
