"""The verbs that plugins bring: each is made of what its tool declares, inputs, options, and what it gives.

A tool gets what the command line names: drawings as tensors (1,S,S), read once, photos and masks as paths, options by
keyword. `s2pzoo --help` knows the tools of plugins in the catalogue without importing them.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from attrs import frozen
from rich.console import Console

from s2pzoo.cli import files
from s2pzoo.cli.arguments import Device, Fit, Knobs, Model, Overwrite, Seed, Strokes, Weights, paths_in, reading
from s2pzoo.cli.each import each
from s2pzoo.cli.models import chosen, opened, options_of
from s2pzoo.cli.output import Answer, note, progress, stderr
from s2pzoo.errors import BadOptionError, OutputError, UsageError
from s2pzoo.host.catalogue import default_catalogue
from s2pzoo.host.plugin import State, load_object
from s2pzoo.host.registry import default_registry
from s2pzoo.spec.fields import Field
from s2pzoo.spec.model import Input, ToolEntry

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor

    from s2pzoo.pipeline.run import Pipeline

_ANIMATED = (".webp", ".gif")
_EACH = ("drawings", "photos")
_ARGUMENTS = ("drawing", "drawings", "photo", "photos", "parts", "folder", "new folder")

_Folder = Annotated[
    Path, typer.Option("-o", "--out", metavar="OUT", help="The folder for the pictures; or a file, for one of them.")
]
_File = Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="The animation, .webp or .gif.")]
_Frames = Annotated[int, typer.Option("--frames", min=2, help="Pictures from the first to the last.")]
_Fps = Annotated[float, typer.Option("--fps", min=0.1, max=100, help="Pictures a second.")]
_Timings = Annotated[
    list[str] | None,
    typer.Option("-t", "--timing", metavar="COMPONENT=START:END", help="When a component changes, from 0, the first, "
                 "to 1, the last; or COMPONENT=T to hold it at T. `all` is the rest. Repeat it for more."),
]  # fmt: skip
_Boomerang = Annotated[bool, typer.Option("--boomerang", help="And back again, for an endless loop.")]


@frozen(kw_only=True)
class Verb:
    """A verb that some installed plugin brings."""

    name: str
    summary: str
    family: str
    model: bool = True


def verbs() -> list[Verb]:
    """The verbs of installed plugins, by name. Those in the catalogue are not imported."""
    known, found = default_catalogue().plugins, {}
    for plugin in default_registry().plugins(load=False):
        if plugin.state in (State.CONFLICT, State.BLOCKED):
            continue
        if plugin.family in known:
            declared = known[plugin.family].tools.items()
            brought = [Verb(name=name, summary=text, family=plugin.family) for name, text in declared]
        else:
            tools = default_registry().look(plugin.family).tools.values()
            brought = [
                Verb(name=tool.name, summary=tool.summary, family=plugin.family, model=tool.model) for tool in tools
            ]
        for verb in brought:
            found.setdefault(verb.name, verb)
    return [found[name] for name in sorted(found)]


def command(verb: Verb) -> Callable[..., Answer]:
    """The verb as a function with the arguments that its tool declares; no other plugin is imported.

    Raises:
        UsageError: its plugin does not declare it.
    """
    tool = default_registry().look(verb.family).tools.get(verb.name)
    if tool is None:
        raise UsageError(f"No plugin brings {verb.name} after all.", fix="Run: s2pzoo plugins")

    def run(**given: Any) -> Answer:
        return _run(tool, given)

    run.__doc__ = tool.summary
    run.__signature__ = inspect.Signature(list(_parameters(tool)))  # pyright: ignore[reportFunctionMemberAccess]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in _parameters(tool)}
    return run


def _parameters(tool: ToolEntry) -> Iterator[inspect.Parameter]:
    for index, one in enumerate(tool.inputs):
        yield _parameter(one.name, _input(one, first=index == 0))
    for field in tool.options:
        yield _parameter(field.name, _option(field), field.default)
    if tool.model:
        yield _parameter("model", Model, None)
        if tool.gives == "animation":
            yield _parameter("out", _File)
            for name, kind, default in (("frames", _Frames, 24), ("fps", _Fps, 12.0), ("timing", _Timings, None),
                                        ("boomerang", _Boomerang, False)):  # fmt: skip
                yield _parameter(name, kind, default)
        else:
            yield _parameter("out", _Folder, Path("out"))
        if any(one.kind in ("drawing", "drawings", "parts") for one in tool.inputs):
            yield _parameter("fit", Fit, None)
            if "strokes" not in {field.name for field in tool.options}:
                yield _parameter("strokes", Strokes, None)
        yield _parameter("weights", Weights, None)
        yield _parameter("device", Device, "cpu")
        yield _parameter("overwrite", Overwrite, False)
    if tool.run_options:
        yield _parameter("knobs", Knobs, None)
    if tool.seeded:
        yield _parameter("seed", Seed, 0)


def _parameter(name: str, kind: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)


def _input(one: Input, *, first: bool) -> Any:
    many = one.kind in _EACH
    metavar = "COMPONENT=SKETCH" if one.kind == "parts" else one.name.upper()
    if one.kind in _ARGUMENTS and (first or not many):
        kind = list[str] if one.kind == "parts" else list[Path] if many else Path
        return Annotated[kind, typer.Argument(metavar=metavar, help=one.help)]
    return Annotated[list[Path] if many else Path, typer.Option(f"--{one.name}", help=one.help)]


def _option(field: Field) -> Any:
    kind: Any = {"float": float, "int": int, "bool": bool, "path": Path}.get(field.word, str)
    if field.choices:
        kind = Literal[field.choices]  # pyright: ignore[reportInvalidTypeForm]
    bounds: dict[str, Any] = {"min": field.low, "max": field.high} if kind in (int, float) else {}
    flag = f"--{field.name.replace('_', '-')}"
    return Annotated[kind if field.default is not None else kind | None, typer.Option(flag, help=field.help, **bounds)]


# Running


def _run(tool: ToolEntry, given: dict[str, Any]) -> Answer:
    own = {field.name: given[field.name] for field in tool.options}
    if tool.seeded:
        own["seed"] = given["seed"]
    if not tool.model:
        return _make_folder(tool, given, own)
    if tool.gives == "animation":
        return _animate(tool, given, own)
    if tool.inputs[0].kind in _EACH:
        return _make_each(tool, given, own)
    return _make_one(tool, given, own)


def _opened(tool: ToolEntry, given: Mapping[str, Any], own: dict[str, Any]) -> Pipeline:
    """The model; the options of its steps join `own`."""
    name = chosen(given["model"], can=tool.name)
    pipeline = opened(name, weights=given["weights"], device=given["device"], can=tool.name)
    if tool.run_options:
        own |= options_of(pipeline, given["knobs"])
    return pipeline


def _make_each(tool: ToolEntry, given: Mapping[str, Any], own: dict[str, Any]) -> Answer:
    """A picture for each of many files."""
    first, *others = tool.inputs
    drawn = first.kind == "drawings"
    sources, failed = files.found(given[first.name], files.DRAWINGS if drawn else files.PHOTOS, without=given["out"])
    beside = [*(given[one.name] for one in others), *paths_in(given.get("knobs"))]
    targets = files.results(sources, given["out"], mark=tool.name, inputs=beside, overwrite=given["overwrite"])
    pipeline = _opened(tool, given, own)
    more = {one.name: given[one.name] for one in others}

    from s2pzoo.pipeline.inputs import as_picture

    def make(path: Path) -> tuple[Image.Image, tuple[str, ...]]:
        inputs = pipeline.read(path, **_how(given)) if drawn else None
        made = getattr(pipeline, tool.name)(path if inputs is None else inputs.tensor[0], **more, **own)
        return as_picture(made, tool.name), () if inputs is None else inputs.notes[0]

    takes = "sketch" if drawn else "photo"
    return each(sources, targets, make, failed=failed, takes=takes, gives="picture", model=pipeline.model.name)


def _make_one(tool: ToolEntry, given: Mapping[str, Any], own: dict[str, Any]) -> Answer:
    """One picture, or a row of them, of one or several files."""
    parts = read_parts(given[tool.inputs[0].name]) if tool.inputs[0].kind == "parts" else None
    named = parts or {one.name: given[one.name] for one in tool.inputs if one.kind in ("drawing", "photo", "mask")}
    many = {one.name: given[one.name] for one in tool.inputs if one.kind in _EACH}
    stem = tool.name if parts else f"{next(iter(named.values())).stem}-{tool.name}"
    inputs = [*named.values(), *itertools.chain(*many.values()), *paths_in(given.get("knobs"))]
    target = files.target(given["out"], f"{stem}.png", inputs=inputs, overwrite=given["overwrite"])
    pipeline = _opened(tool, given, own)
    kinds = {one.name: one.kind for one in tool.inputs}
    drawings = [path for name, path in named.items() if parts or kinds[name] == "drawing"]
    drawn = _read(pipeline, drawings, **_how(given))
    made = getattr(pipeline, tool.name)(**{name: drawn.get(path, path) for name, path in named.items()}, **many, **own)
    _write(tool, made, target)
    sketches: Any = {part: str(path) for part, path in parts.items()} if parts else [str(one) for one in named.values()]
    return _answer(pipeline, target, {"sketches": sketches})


def _animate(tool: ToolEntry, given: Mapping[str, Any], own: dict[str, Any]) -> Answer:
    """The pictures from the first moment to the last."""
    out, frames, fps = given["out"], given["frames"], given["fps"]
    if out.suffix.lower() not in _ANIMATED or out.is_dir():
        raise OutputError(f"{out} cannot hold an animation.", fix=f"Give a file that ends in {' or '.join(_ANIMATED)}.")
    named = {one.name: given[one.name] for one in tool.inputs}
    files.target(out, "", inputs=named.values(), overwrite=given["overwrite"])
    spans = read_timing(given["timing"] or ())
    pipeline = _opened(tool, given, own)
    drawn = _read(pipeline, named.values(), **_how(given))
    from s2pzoo.pipeline.inputs import as_picture

    pictures = []
    with progress(stderr(), "pictures", frames) as done:
        for index in range(frames):
            t = timed(index / (frames - 1), spans)
            made = getattr(pipeline, tool.name)(**{name: drawn[path] for name, path in named.items()}, t=t, **own)
            pictures.append(as_picture(made, tool.name))
            done()
    if given["boomerang"]:
        pictures += pictures[-2:0:-1]
    from s2pzoo.imaging.write import write_animation

    write_animation(pictures, out, ms=max(1, round(1000 / fps)))
    return _answer(pipeline, out, {"sketches": list(map(str, named.values())), "frames": len(pictures), "fps": fps})


def _make_folder(tool: ToolEntry, given: Mapping[str, Any], own: dict[str, Any]) -> Answer:
    """A folder, of another; no model has to do with it."""
    named = {one.name: given[one.name] for one in tool.inputs}
    for one in tool.inputs:
        if one.kind == "new folder":
            folder = named[one.name]
            files.check_folder(folder)
            if folder.is_dir() and any(folder.iterdir()):
                what = "What is there would be overwritten."
                raise OutputError(f"{folder} is not empty.", why=what, fix="Give a new folder.")
    with progress(stderr(), tool.name, own.get("count", 1)) as done:
        load_object(tool.method)(**named, **own, progress=lambda *_: done())
    made = [str(named[one.name]) for one in tool.inputs if one.kind == "new folder"]

    def show(console: Console) -> None:
        for folder in made:
            console.print(folder, markup=False, soft_wrap=True)

    return Answer(data={name: str(path) for name, path in named.items()} | own, show=show)


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


def timed(moment: float, spans: Mapping[str, tuple[float, float]]) -> float | dict[str, float]:
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


def _how(given: Mapping[str, Any]) -> dict[str, Any]:
    strokes = given.get("strokes")
    return reading(given.get("fit"), strokes if isinstance(strokes, str) else None)


def _read(pipeline: Pipeline, paths: Iterable[Path], **how: Any) -> dict[Path, Tensor]:
    """Each drawing once, (1,S,S); what was decided while reading is told."""
    drawn: dict[Path, Tensor] = {}
    for path in paths:
        if path not in drawn:
            inputs = pipeline.read(path, **how)
            drawn[path] = inputs.tensor[0]
            for text in inputs.notes[0]:
                note(stderr(), f"{path}: {text}")
    return drawn


def _write(tool: ToolEntry, made: Any, target: Path) -> None:
    from s2pzoo.imaging.sheet import contact_sheet
    from s2pzoo.imaging.write import write_image
    from s2pzoo.pipeline.inputs import as_picture

    if tool.gives == "pictures":
        made = contact_sheet([[as_picture(one, tool.name) for one in made]])
    write_image(as_picture(made, tool.name), target)


def _answer(pipeline: Pipeline, target: Path, data: dict[str, Any]) -> Answer:
    def show(console: Console) -> None:
        console.print(str(target), markup=False, soft_wrap=True)

    return Answer(data={"model": pipeline.model.name, "file": str(target)} | data, show=show)
