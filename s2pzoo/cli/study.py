"""`s2pzoo study`: people draw photos from memory, and judge what models make of it."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from s2pzoo.cli import files
from s2pzoo.cli.arguments import Device, Overwrite
from s2pzoo.cli.output import Answer, table
from s2pzoo.cli.studio import Host, NoOpen, Port, serve
from s2pzoo.errors import OutputError, UsageError
from s2pzoo.host.registry import default_registry

if TYPE_CHECKING:
    from s2pzoo.studio.engine import Engine
    from s2pzoo.studio.server import Extra
    from s2pzoo.studio.study import Study

Folder = Annotated[Path, typer.Argument(metavar="STUDY", help="The folder of the study.")]


def study_new(
    study: Folder,
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO...", help="Photos to show, or folders of them.")],
    model: Annotated[
        list[str], typer.Option("-m", "--model", metavar="NAME", help="Whose pictures are judged. Repeat it for more.")
    ],
    count: Annotated[int | None, typer.Option("-n", min=1, help="Photos at most, at random; by default all.")] = None,
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, help="For which each photo is seen.")] = 5.0,
    seed: Annotated[int, typer.Option("--seed", help="Of the order of photos and pictures.")] = 0,
) -> Answer:  # fmt: skip
    """Begin a study: which photos are shown, and which models paint.

    Then `s2pzoo study run STUDY` asks a painter, and `s2pzoo study report
    STUDY` says what they answered.
    """
    import numpy as np

    from s2pzoo.studio.study import new_study

    found = files.all_found(photos, files.PHOTOS, without=study)
    some = np.random.default_rng(seed).permutation(len(found))[:count]
    named: dict[str, Path] = {}
    for path in (found[index] for index in sorted(some)):
        name, number = path.stem, 2
        while name in named:
            name, number = f"{path.stem}-{number}", number + 1
        named[name] = path
    models = [default_registry().model(one).name for one in model]
    made = new_study(study, named, models, seconds=seconds, seed=seed)
    data = {"study": str(study), "photos": len(made.photos), "models": list(made.models)}

    def show(console: Console) -> None:
        told = f"{study}: {len(made.photos)} photos, {len(made.models)} models. Run: s2pzoo study run {study}"
        console.print(told, markup=False, soft_wrap=True)

    return Answer(data=data, show=show)


def study_run(
    study: Folder,
    painter: Annotated[
        str, typer.Option("--painter", metavar="NAME", help="Who draws: letters, digits, - _ and dots.")
    ] = "painter",
    drawings: Annotated[
        Path | None,
        typer.Option("--drawings", metavar="DIR", help="Drawings made elsewhere, named as the photos: only judged."),
    ] = None,
    host: Host = "127.0.0.1",
    port: Port = None,
    no_open: NoOpen = False,
    device: Device = "cpu",
) -> Answer:  # fmt: skip
    """Ask a painter in the browser: look, draw, judge.

    Each answer is kept at once; whoever stops goes on where they were.
    Ctrl-C ends it.
    """
    from s2pzoo.studio.study import open_study

    opened = open_study(study)
    if not re.fullmatch(r"[\w-][\w.-]*", painter):
        raise UsageError(f"{painter!r} cannot name a painter.", fix="Use letters, digits, - _ and dots.")
    given = _given(opened, painter, drawings) if drawings else 0

    def add(engine: Engine) -> Extra:
        from s2pzoo.studio.judging import judging

        return judging(opened, engine, painter)

    address = serve(host=host, port=port, no_open=no_open, device=device, add=add)
    left = len(opened.left(painter))
    return Answer(data={"address": address, "painter": painter, "drawings": given, "left": left})


def study_report(
    study: Folder,
    to: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Also every answer as a row.")] = None,
    overwrite: Overwrite = False,
) -> Answer:
    """Say what painters answered, with intervals of 95 %.

    Means of 1 (not at all what was meant) to 5 (exactly), over painters and
    photos drawn anew; of two, how often the one was nearer (Wilson).
    """
    from s2pzoo.imaging.write import write_bytes
    from s2pzoo.studio.study import open_study, report, rows

    opened = open_study(study)
    data = report(opened)
    if to:
        if to.exists() and not overwrite:
            raise OutputError(f"{to} is there already.", fix="Give another name, or say --overwrite.")
        sheet = io.StringIO(newline="")
        writer = csv.DictWriter(sheet, ["painter", "photo", "question", "model", "other", "value"])
        writer.writeheader()
        writer.writerows(rows(opened))
        write_bytes(sheet.getvalue().encode(), to)

    def show(console: Console) -> None:
        console.print(f"{data['painters']} painters, {data['photos']} photos", markup=False)
        means = table("model", "judged", "meant, 1 to 5", "95 %")
        for one in data["models"]:
            means.add_row(one["model"], str(one["judged"]), _shown(one["meant"]), _within(one))
        console.print(means)
        if data["pairs"]:
            two = table("nearer", "than", "judged", "share", "95 %", "p")
            for one in data["pairs"]:
                two.add_row(
                    one["a"], one["b"], str(one["judged"]), _shown(one["nearer"]), _within(one), _shown(one["p"])
                )
            console.print(two)

    return Answer(data={**data, "csv": str(to) if to else None}, show=show)


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _within(one: dict[str, Any]) -> str:
    return "-" if one["low"] is None else f"{one['low']:.2f} to {one['high']:.2f}"


def _given(study: Study, painter: str, folder: Path) -> int:
    """Copy drawings of the study's photos into it; how many.

    Raises:
        UsageError: there is none.
    """
    from s2pzoo.imaging.write import write_bytes

    found, _ = files.found([folder], files.DRAWINGS, without=study.folder)
    fitting = {path.stem: path for path in found if path.stem in study.photos}
    if not fitting:
        why = f"The photos are {', '.join(study.photos[:5])}{' ...' if len(study.photos) > 5 else ''}."
        raise UsageError(f"{folder} holds no drawing that is named as a photo.", why=why, fix="Name each as its photo.")
    for name, path in fitting.items():
        if study.drawing(painter, name) is None:
            write_bytes(path.read_bytes(), study.folder / "drawings" / painter / path.name)
    return len(fitting)
