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
from s2pzoo.cli.arguments import (
    Device,
    Fit,
    Knobs,
    Model,
    Overwrite,
    Runtime,
    Seed,
    Strokes,
    Weights,
    paths_in,
    reading,
)
from s2pzoo.cli.models import chosen, opened, options_of
from s2pzoo.cli.output import Answer, note, progress, stderr, tell_failures
from s2pzoo.cli.references import read_references, save_styles
from s2pzoo.errors import BadInputError, S2PZooError
from s2pzoo.host.guard import breadcrumb, ours

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
    styles: Path | None

    def data(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "sketch": str(self.sketch),
            "photo": str(self.photo),
            "notes": list(self.notes),
            "seconds": round(self.seconds, 4),
            "stages": str(self.stages) if self.stages else None,
            "styles": str(self.styles) if self.styles else None,
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
    fit: Fit = None,
    strokes: Strokes = None,
    sheet: Annotated[
        Path | None, typer.Option("--sheet", metavar="FILE", help="Also a contact sheet: sketch, stages, photo.")
    ] = None,
    keep_stages: Annotated[
        bool, typer.Option("--keep-stages", help="Keep all that is made on the way, in a folder beside each photo.")
    ] = False,
    reference: Annotated[
        Path | None, typer.Option("--reference", metavar="FILE", help="A photo whose colours the photos take.")
    ] = None,
    references: Annotated[
        list[Path] | None,
        typer.Option("--references", metavar="PATH", help="Photos, or folders of them: also a grid of each drawing in "
                     "the colours of each. Repeat it for more."),
    ] = None,
    weights: Weights = None,
    knobs: Knobs = None,
    overwrite: Overwrite = False,
    device: Device = "cpu",
    runtime: Runtime = "eager",
) -> Answer:  # fmt: skip
    """Turn drawings into photos.

    Where one of many drawings cannot be read, the others are done; it is
    told at the end, and the exit code is 2. No drawing or reference is
    overwritten, nor a file that s2pzoo did not write; no photo is
    half-written.
    """
    sources, failed = files.found(sketches, files.DRAWINGS, without=out)
    colours = files.all_found(references or (), files.PHOTOS, without=out)
    beside = [*colours, *([reference] if reference else []), *paths_in(knobs)]
    photos, grids = _places(sources, out, sheet, beside, overwrite)
    extra = "styles" if colours else ""
    pipeline = opened(chosen(model, can=extra), weights=weights, device=device, can=extra, runtime=runtime)
    options = options_of(pipeline, knobs, reference=str(reference) if reference else None)
    if reference:
        read_references([reference], size=pipeline.model.size)  # its fault is no drawing's
    styles = read_references(colours, size=pipeline.model.size)
    how = reading(fit, strokes)
    made: list[Made] = []
    rows: list[dict[str, Image.Image]] = []
    problems: list[tuple[Path, S2PZooError]] = list(failed)
    console = stderr()
    at = breadcrumb(f"making photos with {pipeline.model.name}")
    with at, progress(console, "drawings", len(sources)) as done:
        for source, photo, grid in zip(sources, photos, grids, strict=True):
            written: list[Path] = []
            try:
                started = time.perf_counter()
                result = pipeline.run(source, keep=keep_stages or sheet is not None, seed=seed, **how, **options)
                written.append(result.save(photo))
                folder = files.stages(photo)
                stages = _save_stages(pipeline, result, folder, written, overwrite=overwrite) if keep_stages else None
                seconds = time.perf_counter() - started
                styled = save_styles(pipeline, result, styles, grid, options) if colours else None
            except Exception as error:  # of one drawing, be it the model's fault: the others go on
                problems.append((source, _with_written(ours(error), written)))
            else:
                made.append(Made(sketch=source, photo=photo, notes=tuple(result.notes), seconds=seconds, stages=stages,
                                 styles=styled))  # fmt: skip
                rows += [_pictures(pipeline, result)] if sheet else []
                for text in result.notes:
                    note(console, f"{source}: {text}")
            done()
    tell_failures(problems, of=len(made) + len(problems))
    if sheet and rows:
        _save_sheet(pipeline, sheet, rows, [one.sketch.stem for one in made])
    return _answer(pipeline.model.name, seed, made, problems, styles.skipped, sheet if rows else None)


def _places(
    sources: Sequence[Path], out: Path, sheet: Path | None, references: Sequence[Path], overwrite: bool
) -> tuple[list[Path], list[Path]]:
    """Where each photo goes, and each grid of styles; and whether the sheet can go where it is to."""
    inputs = [*sources, *references]
    if sheet:
        files.sheet(sheet, inputs=inputs, overwrite=overwrite)
    taken = [sheet] if sheet else []
    photos = files.results(sources, out, mark="photo", inputs=references, taken=taken, overwrite=overwrite)
    return photos, files.beside(photos, out, mark="styles", inputs=inputs, taken=taken, overwrite=overwrite)


def _pictures(pipeline: Pipeline, result: Result) -> dict[str, Image.Image]:
    """Every value that is a picture, the output last."""
    from s2pzoo.pipeline.inputs import to_images
    from s2pzoo.spec.ports import KINDS

    names = [name for name, port in pipeline.model.values.items() if KINDS.get(port.kind)]
    names.sort(key=lambda name: name == result.output)
    return {name: to_images(result.values[name])[0] for name in names}


def _with_written(error: S2PZooError, written: Sequence[Path]) -> S2PZooError:
    """The error, which says what of the drawing was written before it."""
    if written:
        error.why = f"{error.why}\nWritten before that: {', '.join(map(str, written))}.".strip()
    return error


def _save_stages(pipeline: Pipeline, result: Result, folder: Path, written: list[Path], *, overwrite: bool) -> Path:
    """Every value but the photo: pictures as PNG, all others in one safetensors file."""
    import torch
    from safetensors.torch import save

    from s2pzoo.imaging.write import claim, write_bytes, write_image

    pictures = _pictures(pipeline, result)
    claim(folder, [*(f"{name}.png" for name in pictures), TENSORS], overwrite=overwrite, advice="Move it away.")
    for name, picture in pictures.items():
        if name != result.output:
            written.append(write_image(picture, folder / f"{name}.png"))
    tensors = {
        name: value.detach().cpu().clone(memory_format=torch.contiguous_format)  # safetensors wants memory of its own
        for name, value in result.values.items()
        if name not in pictures
    }
    if tensors:
        write_bytes(save(tensors), folder / TENSORS)
    return folder


def _save_sheet(pipeline: Pipeline, sheet: Path, rows: list[dict[str, Image.Image]], labels: Sequence[str]) -> None:
    from s2pzoo.imaging.sheet import contact_sheet
    from s2pzoo.imaging.write import write_image

    headers = [name.replace("_", " ") for name in rows[0]]
    cells = [list(row.values()) for row in rows]
    write_image(contact_sheet(cells, headers, labels=labels, cell=min(256, pipeline.model.size)), sheet)


def _answer(
    model: str,
    seed: int,
    made: Sequence[Made],
    problems: Sequence[tuple[Path, S2PZooError]],
    skipped: Sequence[tuple[Path, BadInputError]],
    sheet: Path | None,
) -> Answer:
    data = {
        "model": model,
        "seed": seed,
        "photos": [one.data() for one in made],
        "failed": [{"sketch": str(source), "error": error.to_dict()} for source, error in problems],
        "skipped": [{"reference": str(path), "error": error.to_dict()} for path, error in skipped],
        "sheet": str(sheet) if sheet else None,
    }

    def show(console: Console) -> None:
        for one in made:
            for written in filter(None, (one.photo, one.styles)):
                console.print(f"{one.sketch} -> {written}", markup=False, soft_wrap=True)
        if sheet:
            console.print(f"sheet -> {sheet}", markup=False, soft_wrap=True)

    return Answer(data=data, show=show, exit_code=2 if problems or skipped else 0)
