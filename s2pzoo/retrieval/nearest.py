"""Which photos of a gallery are nearest to a drawing?"""

from __future__ import annotations

from typing import Any

from attrs import field, frozen
from torch import Tensor

from s2pzoo.errors import UsageError
from s2pzoo.pipeline.inputs import read_inputs
from s2pzoo.pipeline.run import Pipeline
from s2pzoo.retrieval.gallery import FRAME, Gallery, Hit
from s2pzoo.retrieval.via import Via
from s2pzoo.spec.ports import Port


@frozen(kw_only=True)
class Found:
    """What was found for one drawing.

    Attributes:
        hits: the nearest photos, the nearest first.
        sketch: (1,S,S), as it was read.
        photo: (3,S,S), what the model made of it, or None where none was asked.
        notes: what was decided on the way, in words.
    """

    hits: tuple[Hit, ...]
    sketch: Tensor = field(repr=False, eq=False)
    photo: Tensor | None = field(default=None, repr=False, eq=False)
    notes: tuple[str, ...] = ()


def nearest(
    sketch: Any,
    gallery: Gallery,
    *,
    pipeline: Pipeline | None = None,
    k: int = 20,
    seed: int = 0,
    fit: bool | str = "auto",
    strokes: str = "",
    **options: Any,
) -> Found:
    """The k photos of a gallery that are nearest to a drawing.

    Args:
        sketch: one, in any form that `Pipeline.run` takes.
        pipeline: makes the photo to compare, of a gallery opened via "photo"; None for one opened via "edges".
        k: how many; all photos where there are fewer.
        seed, fit, strokes, **options: as for `Pipeline.run`.

    Raises:
        UsageError: a pipeline is missing, is too much, or makes no photos.
        BadInputError: the drawing cannot be read.
    """
    if k < 1:
        raise UsageError(f"{k} photos cannot be found.", fix="Ask for one or more.")
    if gallery.via is Via.PHOTO:
        if pipeline is None:
            raise UsageError("No model was given.", why="This gallery is searched by photos.",
                             fix='Give pipeline=load(...), or open the gallery via "edges".')  # fmt: skip
        check_makes_photos(pipeline)
        result = pipeline.run(sketch, seed=seed, fit=fit, strokes=strokes, **options)
        read, made, notes = result.inputs, result.values[result.output], result.notes
    else:
        if pipeline is not None or options:
            raise UsageError("A model has nothing to do here.", why="This gallery is searched by drawings.",
                             fix='Leave it out, or open the gallery via "photo".')  # fmt: skip
        read, made = read_inputs(sketch, Port("sketch", size=FRAME), fit=fit, strokes=strokes), None
        notes = read.notes[0]
    (hits,) = gallery.search(gallery.embedder(read.tensor if made is None else made), k)
    return Found(hits=hits, sketch=read.tensor[0].cpu(), photo=None if made is None else made[0].cpu(), notes=notes)


def check_makes_photos(pipeline: Pipeline) -> None:
    """Whether its output can be compared with photos.

    Raises:
        UsageError: it cannot.
    """
    given = pipeline.model.values[pipeline.model.output]
    if given.kind != "photo":
        raise UsageError(f"{pipeline.model.name} makes no photos.", why=f"It gives {given}.", fix="Name another model.")
