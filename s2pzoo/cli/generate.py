"""`s2pzoo generate`: drawings become photos."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from attrs import frozen
from rich.console import Console

from s2pzoo.cli import files
from s2pzoo.cli.arguments import Device, Fit, Knobs, Model, Seed, Weights
from s2pzoo.cli.models import chosen, opened
from s2pzoo.cli.output import Answer, error_data, note, progress, stderr, tell_failures
from s2pzoo.errors import BadInputError, OutputError, S2PZooError
from s2pzoo.knobs import read_knobs

if TYPE_CHECKING:
    from PIL import Image

    from s2pzoo.pipeline.result import Result
    from s2pzoo.pipeline.run import Pipeline

TENSORS = "tensors.safetensors"


@frozen(kw_only=True)
class Made:
    """One photo that was written, and where it is from."""

    sketch: Path
    photo: Path
    notes: tuple[str, ...]
    seconds: float
    stages: Path | None

    def data(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "sketch": str(self.sketch),
            "photo": str(self.photo),
            "notes": list(self.notes),
            "seconds": round(self.seconds, 4),
            "stages": str(self.stages) if self.stages else None,
        }


def generate(
    sketches: Annotated[
        list[Path],
        typer.Argument(metavar="SKETCH", help="Drawings (PNG, JPEG, SVG, strokes JSON, ...), or folders of them."),
    ],
    model: Model = None,
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="OUT", help="The folder for the photos; or a file, for one drawing.")
    ] = Path("out"),
    seed: Seed = 0,
    fit: Fit = False,
    sheet: Annotated[
        Path | None, typer.Option("--sheet", metavar="FILE", help="Also a contact sheet: sketch, stages, photo.")
    ] = None,
    keep_stages: Annotated[
        bool, typer.Option("--keep-stages", help="Keep all that is made on the way, in a folder beside each photo.")
    ] = False,
    weights: Weights = None,
    knobs: Knobs = None,
    device: Device = "cpu",
) -> Answer:
    """Turn drawings into photos.

    Where one of many drawings cannot be read, the others are done; it is
    told at the end, and the exit code is 2. No drawing is overwritten, and
    no photo is half-written.
    """
    sources, failed = files.found(sketches, files.DRAWINGS, without=out)
    photos = _photos(sources, out, sheet)
    name = chosen(model)
    pipeline = opened(name, weights=weights, device=device)
    options = read_knobs(knobs or (), pipeline.graph.options)
    pipeline.graph.route(options)  # a wrong option is no fault of a drawing: refused before the first is read
    made: list[Made] = []
    rows: list[list[Image.Image]] = []
    problems: list[tuple[Path, S2PZooError]] = list(failed)
    console = stderr()
    with progress(console, "drawings", len(sources)) as done:
        for source, photo in zip(sources, photos, strict=True):
            try:
                started = time.perf_counter()
                result = pipeline.run(source, keep=keep_stages or sheet is not None, seed=seed, fit=fit, **options)
                result.save(photo)
                stages = _save_stages(pipeline, result, files.stages(photo)) if keep_stages else None
                seconds = time.perf_counter() - started
            except (BadInputError, OutputError) as error:
                problems.append((source, error))
            else:
                made.append(Made(sketch=source, photo=photo, notes=tuple(result.notes), seconds=seconds, stages=stages))
                rows += [list(_pictures(pipeline, result).values())] if sheet else []
                for text in result.notes:
                    note(console, f"{source}: {text}")
            done()
    tell_failures(problems, of=len(made) + len(problems))
    if sheet and rows:
        _save_sheet(pipeline, sheet, rows, [one.sketch.stem for one in made])
    return _answer(pipeline.model.name, seed, made, problems, sheet if rows else None)


def _photos(sources: Sequence[Path], out: Path, sheet: Path | None) -> list[Path]:
    """Where each photo goes; and whether the sheet can go where it is to."""
    if sheet:
        if not files.is_file(sheet):
            raise OutputError(f"Cannot write the sheet to {sheet}.", why="It is not the name of a picture.",
                              fix=f"End it in {', '.join(files.PICTURES)}.")  # fmt: skip
        files.target(sheet, "", inputs=sources)
    return files.results(sources, out, mark="photo", taken=[sheet] if sheet else [])


def _pictures(pipeline: Pipeline, result: Result) -> dict[str, Image.Image]:
    """Every value that is a picture, the output last."""
    from s2pzoo.pipeline.inputs import to_images
    from s2pzoo.ports import KINDS

    names = [name for name, port in pipeline.graph.values.items() if KINDS.get(port.kind)]
    names.sort(key=lambda name: name == result.output)
    return {name: to_images(result.values[name])[0] for name in names}


def _save_stages(pipeline: Pipeline, result: Result, folder: Path) -> Path:
    """Every value but the photo: pictures as PNG, all others in one safetensors file."""
    import torch
    from safetensors.torch import save

    from s2pzoo.imaging.write import write_bytes, write_image

    pictures = _pictures(pipeline, result)
    for name, picture in pictures.items():
        if name != result.output:
            write_image(picture, folder / f"{name}.png")
    tensors = {
        name: value.detach().cpu().clone(memory_format=torch.contiguous_format)  # safetensors wants memory of its own
        for name, value in result.values.items()
        if name not in pictures
    }
    if tensors:
        write_bytes(save(tensors), folder / TENSORS)
    return folder


def _save_sheet(pipeline: Pipeline, sheet: Path, rows: list[list[Image.Image]], labels: Sequence[str]) -> None:
    from s2pzoo.imaging.sheet import contact_sheet
    from s2pzoo.imaging.write import write_image
    from s2pzoo.ports import KINDS

    names = [name for name, port in pipeline.graph.values.items() if KINDS.get(port.kind)]
    names.sort(key=lambda name: name == pipeline.model.output)
    headers = [name.replace("_", " ") for name in names]
    write_image(contact_sheet(rows, headers, labels=labels, cell=min(256, pipeline.model.size)), sheet)


def _answer(
    model: str, seed: int, made: list[Made], problems: list[tuple[Path, S2PZooError]], sheet: Path | None
) -> Answer:
    data = {
        "model": model,
        "seed": seed,
        "photos": [one.data() for one in made],
        "failed": [{"sketch": str(source), "error": error_data(error)} for source, error in problems],
        "sheet": str(sheet) if sheet else None,
    }

    def show(console: Console) -> None:
        for one in made:
            console.print(f"{one.sketch} -> {one.photo}", markup=False, soft_wrap=True)
        if sheet:
            console.print(f"sheet -> {sheet}", markup=False, soft_wrap=True)

    return Answer(data=data, show=show, exit_code=2 if problems else 0)
