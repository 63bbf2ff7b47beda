"""`s2pzoo retrieve`: which photos of a folder are nearest to a drawing?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from attrs import frozen
from rich.console import Console
from rich.text import Text

from s2pzoo.cli import files
from s2pzoo.cli.arguments import Backbone, Device, Fit, Knobs, Model, Overwrite, Photos, Seed, Strokes, Weights, reading
from s2pzoo.cli.models import chosen, opened, options_of
from s2pzoo.cli.output import Answer, note, progress, reports, stderr, table, tell_failures
from s2pzoo.errors import OutputError, S2PZooError, UsageError
from s2pzoo.host.guard import ours
from s2pzoo.retrieval.files import photo_files
from s2pzoo.retrieval.via import Via

if TYPE_CHECKING:
    from PIL import Image

    from s2pzoo.pipeline.run import Pipeline
    from s2pzoo.retrieval.gallery import Gallery
    from s2pzoo.retrieval.nearest import Found

_CELL = 128
_TOLD = 5  # of the photos that cannot be read


@frozen(kw_only=True)
class Looked:
    """One drawing, and what was found for it."""

    sketch: Path
    found: Found

    def data(self) -> dict[str, Any]:
        """For JSON."""
        nearest = [{"photo": hit.name, "distance": round(hit.distance, 6)} for hit in self.found.hits]
        return {"sketch": str(self.sketch), "notes": list(self.found.notes), "nearest": nearest}


def retrieve(
    sketches: Annotated[list[Path], typer.Argument(metavar="SKETCH", help="Drawings, or folders of them.")],
    gallery: Photos,
    model: Model = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many photos to find for each drawing.")] = 20,
    via: Annotated[
        Via,
        typer.Option("--via", help="Compare the photo that the model makes with the photos; or, without a model, "
                     "the drawing with their edges."),
    ] = Via.PHOTO,
    backbone: Backbone = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="A contact sheet: sketch, photo, what was found.")
    ] = None,
    seed: Seed = 0,
    fit: Fit = None,
    strokes: Strokes = None,
    weights: Weights = None,
    knobs: Knobs = None,
    overwrite: Overwrite = False,
    device: Device = "cpu",
) -> Answer:  # fmt: skip
    """Find the photos of a folder that are nearest to drawings.

    The first search in a folder looks at every photo, and remembers. It may
    be stopped: the next goes on there, and later ones look at new photos only.
    """
    sources, failed = files.found(sketches, files.DRAWINGS, without=gallery)
    if out:
        _check_sheet(out, gallery, sources, overwrite)
    if via is Via.EDGES and (model or weights or knobs):
        raise UsageError("--via edges uses no model.", fix="Leave out -m, --weights and -O; or say --via photo.")
    photo_files(gallery)  # what is wrong with it is told before anything is loaded
    pipeline = opened(chosen(model), weights=weights, device=device) if via is Via.PHOTO else None
    options = options_of(pipeline, knobs) if pipeline else {}
    searched = _indexed(gallery, via, backbone, device, pipeline)
    from s2pzoo.retrieval.nearest import nearest

    looked: list[Looked] = []
    problems: list[tuple[Path, S2PZooError]] = list(failed)
    console = stderr()
    with progress(console, "drawings", len(sources)) as done:
        for source in sources:
            try:
                found = nearest(source, searched, pipeline=pipeline, k=k, seed=seed, **reading(fit, strokes), **options)
            except Exception as error:  # of one drawing: the others go on
                problems.append((source, ours(error)))
            else:
                looked.append(Looked(sketch=source, found=found))
                for text in found.notes:
                    note(console, f"{source}: {text}")
            done()
    tell_failures(problems, of=len(looked) + len(problems))
    sheet = out if looked else None
    if sheet:
        _save_sheet(sheet, searched, looked)
    return _answer(pipeline, searched, looked, problems, sheet)


def _check_sheet(sheet: Path, gallery: Path, sources: Sequence[Path], overwrite: bool) -> None:
    if sheet.resolve().is_relative_to(gallery.resolve()):
        raise OutputError(f"Cannot write the sheet to {sheet}.", why="It would be a photo of the gallery next time.",
                          fix="Give another folder.")  # fmt: skip
    files.sheet(sheet, inputs=sources, overwrite=overwrite)


def _indexed(folder: Path, via: Via, backbone: str | None, device: str, pipeline: Pipeline | None) -> Gallery:
    """The gallery, once it is certain that all the rest of the command line is right."""
    from s2pzoo.retrieval.embedder import load_embedder
    from s2pzoo.retrieval.gallery import open_gallery
    from s2pzoo.retrieval.nearest import check_makes_photos

    if pipeline:
        check_makes_photos(pipeline)
    embedder = load_embedder(backbone, device=device)
    with reports() as report:
        gallery = open_gallery(
            folder, embedder=embedder, via=via, progress=lambda done, of: report("photos of the gallery", done, of)
        )
    tell_skipped(gallery)
    return gallery


def tell_skipped(gallery: Gallery) -> None:
    """The photos that cannot be read, on stderr; the first few where there are many."""
    skipped, console = gallery.skipped, stderr()
    for one in skipped[:_TOLD]:
        note(console, f"skipped {one.name}: {one.reason}")
    if len(skipped) > _TOLD:
        note(console, f"skipped {len(skipped) - _TOLD} more; --json lists all")


def _save_sheet(sheet: Path, gallery: Gallery, looked: Sequence[Looked]) -> None:
    from s2pzoo.imaging.photo import read_picture
    from s2pzoo.imaging.sheet import contact_sheet
    from s2pzoo.imaging.write import write_image
    from s2pzoo.pipeline.inputs import to_images

    rows: list[list[Image.Image]] = []
    for one in looked:
        made = [] if one.found.photo is None else [one.found.photo]
        rows.append([to_images(picture[None])[0] for picture in (one.found.sketch, *made)])
        rows[-1] += [read_picture(gallery.folder / hit.name, size=_CELL) for hit in one.found.hits]
    first = ["sketch"] if gallery.via is Via.EDGES else ["sketch", "photo"]
    headers = first + [str(place) for place in range(1, len(looked[0].found.hits) + 1)]
    write_image(contact_sheet(rows, headers, labels=[one.sketch.stem for one in looked], cell=_CELL), sheet)


def _answer(
    pipeline: Pipeline | None,
    gallery: Gallery,
    looked: Sequence[Looked],
    problems: Sequence[tuple[Path, S2PZooError]],
    sheet: Path | None,
) -> Answer:
    data = {
        "model": pipeline.model.name if pipeline else None,
        "via": str(gallery.via),
        "backbone": gallery.embedder.name,
        "gallery": {
            "folder": str(gallery.folder),
            "photos": len(gallery),
            "skipped": [{"file": one.name, "reason": one.reason} for one in gallery.skipped],
        },
        "sketches": [one.data() for one in looked],
        "failed": [{"sketch": str(source), "error": error.to_dict()} for source, error in problems],
        "sheet": str(sheet) if sheet else None,
    }

    def show(console: Console) -> None:
        rows = table("sketch", "", "photo", "distance")
        for one in looked:
            for place, hit in enumerate(one.found.hits, 1):
                name = str(one.sketch) if place == 1 else ""
                rows.add_row(Text(name), str(place), Text(hit.name), f"{hit.distance:.3f}")
        console.print(rows)
        if sheet:
            console.print(f"sheet -> {sheet}", markup=False, soft_wrap=True)

    return Answer(data=data, show=show, exit_code=2 if problems else 0)
