"""`s2pzoo morph`, `mix` and `shadow`: extras of families whose pipelines have a method of that name.

    pipeline.morph(a, b, t) -> photo     t: 0 is a, 1 is b; a number, or component -> number, `all` for the others
    pipeline.mix(component=drawing, ...) -> photo
    pipeline.shadow(drawing) -> picture

Drawings are given as tensors (1,S,S), read once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from s2pzoo.cli import files
from s2pzoo.cli.arguments import Device, Fit, Model, Weights
from s2pzoo.cli.models import as_picture, chosen, opened
from s2pzoo.cli.output import Answer, note, progress, stderr
from s2pzoo.errors import BadOptionError, OutputError, UsageError

if TYPE_CHECKING:
    from torch import Tensor

    from s2pzoo.pipeline.run import Pipeline

_ANIMATED = (".webp", ".gif")
_Timing = Mapping[str, tuple[float, float]]
_Out = Annotated[Path, typer.Option("-o", "--out", metavar="OUT", help="A picture file, or a folder to put it in.")]


def morph(
    a: Annotated[Path, typer.Argument(metavar="A", help="The first drawing.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="The last drawing.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="The animation, .webp or .gif.")],
    model: Model = None,
    frames: Annotated[int, typer.Option("--frames", min=2, help="Pictures from the first to the last.")] = 24,
    fps: Annotated[float, typer.Option("--fps", min=0.1, max=100, help="Pictures a second.")] = 12.0,
    timing: Annotated[
        list[str] | None,
        typer.Option(
            "-t", "--timing", metavar="COMPONENT=START:END",
            help="When a component changes, from 0, the beginning, to 1, the end; or COMPONENT=T to hold it at T. "
            "`all` is the rest. Repeat it for more.",
        ),
    ] = None,
    boomerang: Annotated[bool, typer.Option("--boomerang", help="And back again, for an endless loop.")] = False,
    fit: Fit = False,
    weights: Weights = None,
    device: Device = "cpu",
) -> Answer:  # fmt: skip
    """Make an animation in which the photo of one drawing becomes that of another."""
    if out.suffix.lower() not in _ANIMATED or out.is_dir():
        raise OutputError(f"{out} cannot hold an animation.", fix=f"Give a file that ends in {' or '.join(_ANIMATED)}.")
    files.target(out, "", inputs=(a, b))
    spans = read_timing(timing or ())
    pipeline = opened(chosen(model, can="morph"), weights=weights, device=device, can="morph")
    drawn = _read(pipeline, (a, b), fit=fit)
    pictures = []
    with progress(stderr(), "pictures", frames) as done:
        for index in range(frames):
            t = timed(index / (frames - 1), spans)
            pictures.append(as_picture(pipeline.morph(drawn[a], drawn[b], t), "morph"))  # pyright: ignore[reportAttributeAccessIssue]
            done()
    if boomerang:
        pictures += pictures[-2:0:-1]
    from s2pzoo.imaging.write import write_animation

    write_animation(pictures, out, ms=max(1, round(1000 / fps)))
    return _answer(pipeline, out, {"sketches": [str(a), str(b)], "frames": len(pictures), "fps": fps})


def mix(
    parts: Annotated[
        list[str], typer.Argument(metavar="COMPONENT=SKETCH", help="Which drawing each component is taken from, "
                                  "such as remainder=a.svg mouth=b.svg.")
    ],
    model: Model = None,
    out: _Out = Path("out"),
    fit: Fit = False,
    weights: Weights = None,
    device: Device = "cpu",
) -> Answer:  # fmt: skip
    """Make one photo of components from several drawings."""
    sources = read_parts(parts)
    target = files.target(out, "mix.png", inputs=sources.values())
    pipeline = opened(chosen(model, can="mix"), weights=weights, device=device, can="mix")
    drawn = _read(pipeline, sources.values(), fit=fit)
    made = pipeline.mix(**{part: drawn[path] for part, path in sources.items()})  # pyright: ignore[reportAttributeAccessIssue]
    _write(made, target, "mix")
    return _answer(pipeline, target, {"sketches": {part: str(path) for part, path in sources.items()}})


def shadow(
    sketch: Annotated[Path, typer.Argument(metavar="SKETCH", help="The drawing, finished or not.")],
    model: Model = None,
    out: _Out = Path("out"),
    fit: Fit = False,
    weights: Weights = None,
    device: Device = "cpu",
) -> Answer:
    """Make the guidance picture to draw over: what the model takes the drawing to be."""
    target = files.target(out, f"{sketch.stem}-shadow.png", inputs=[sketch])
    pipeline = opened(chosen(model, can="shadow"), weights=weights, device=device, can="shadow")
    made = pipeline.shadow(_read(pipeline, [sketch], fit=fit)[sketch])  # pyright: ignore[reportAttributeAccessIssue]
    _write(made, target, "shadow")
    return _answer(pipeline, target, {"sketches": [str(sketch)]})


def read_timing(texts: Iterable[str]) -> dict[str, tuple[float, float]]:
    """Component -> (start, end) of its change, of `COMPONENT=START:END`; equal ones hold it at that value.

    Raises:
        UsageError: another form.
        BadOptionError: not 0 <= START < END <= 1, or not 0 <= T <= 1.
    """
    spans: dict[str, tuple[float, float]] = {}
    for text in texts:
        name, _, span = text.partition("=")
        start, colon, end = span.partition(":")
        try:
            first, last = float(start), float(end if colon else start)
        except ValueError:
            first = last = None
        if not name or first is None or last is None:
            raise UsageError(f"{text!r} is no timing.", fix="Write -t COMPONENT=START:END, such as -t mouth=0:0.5.")
        if not (0 <= first <= last <= 1) or (colon and first == last):
            raise BadOptionError(f"The timing {text!r} is not possible.", why="It goes from 0 to 1, the start first.")
        spans[name] = (first, last)
    return spans


def timed(moment: float, spans: _Timing) -> float | dict[str, float]:
    """The t of every component at a moment, in [0, 1]: one number where no component has a timing of its own."""
    if not spans:
        return moment
    own = {name: _at(moment, start, end) for name, (start, end) in spans.items()}
    return {"all": moment} | own


def read_parts(texts: Iterable[str]) -> dict[str, Path]:
    """Component -> drawing, of `COMPONENT=SKETCH`.

    Raises:
        UsageError: another form, or a component named twice.
    """
    parts: dict[str, Path] = {}
    for text in texts:
        name, _, path = text.partition("=")
        if not (name and path):
            raise UsageError(f"{text!r} is not COMPONENT=SKETCH.", fix="Write, for example, mouth=b.svg.")
        if name in parts:
            raise UsageError(f"{name} is named twice.", fix="Give one drawing for each component.")
        parts[name] = Path(path)
    return parts


def _at(moment: float, start: float, end: float) -> float:
    return start if start == end else min(1.0, max(0.0, (moment - start) / (end - start)))


def _read(pipeline: Pipeline, paths: Iterable[Path], *, fit: bool) -> dict[Path, Tensor]:
    """Each drawing once, (1,S,S); what was decided while reading is told."""
    drawn: dict[Path, Tensor] = {}
    for path in paths:
        if path not in drawn:
            inputs = pipeline.read(path, fit=fit)
            drawn[path] = inputs.tensor[0]
            for text in inputs.notes[0]:
                note(stderr(), f"{path}: {text}")
    return drawn


def _write(made: Any, target: Path, maker: str) -> None:
    from s2pzoo.imaging.write import write_image

    write_image(as_picture(made, maker), target)


def _answer(pipeline: Pipeline, target: Path, data: dict[str, Any]) -> Answer:
    def show(console: Console) -> None:
        console.print(str(target), markup=False, soft_wrap=True)

    return Answer(data={"model": pipeline.model.name, "file": str(target)} | data, show=show)
