"""Other engines than PyTorch for a model's networks: exported, checked against PyTorch, put in their place.

What is exported are the largest modules that take and give tensors alone (`pieces`), so that everything around them,
options, searches, colours, goes on in Python as it is. Each is held against PyTorch at three sizes of a batch, since
exporters freeze the one they see without a word; what cannot be exported, or gives something else, stays with PyTorch.
Then the photo is held against PyTorch's.
"""

from __future__ import annotations

import contextlib
import copy
import importlib.metadata
import io
import json
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from attrs import define, field, frozen
from rich.console import Console
from rich.progress import track
from torch import Tensor, nn

from s2pzoo.errors import MissingExtraError, UsageError, WeightsCorruptError, WeightsMismatchError
from s2pzoo.imaging.write import claim, write_bytes
from s2pzoo.pipeline.golden import golden_input
from s2pzoo.spec.reading import UnreadableError, read_json
from s2pzoo.weights.manifest import WEIGHTS
from s2pzoo.weights.verify import sha256_of

if TYPE_CHECKING:
    from s2pzoo.pipeline.run import Pipeline

RUNTIMES = ("eager", "compile", "openvino", "openvino-int8", "onnx")
BATCHES = (1, 3, 16)
"""At which a piece is held against PyTorch."""

USED: set[str] = set()
"""Engines that ran in this process. After OpenVINO, a training in it crashes (seen, not understood)."""

FAR = 0.02
"""Mean difference of a piece from PyTorch, in standard deviations of what PyTorch gives, beyond which it is refused."""

GATE = 0.005
"""Mean difference of a photo in [0,1] beyond which a runtime is refused."""

TOLD = "runtime.json"

Given = tuple[Tensor | None, ...]
Run = Callable[..., tuple[Tensor, ...]]


@define
class Piece:
    """One module, and what it was given so far; called, it runs in another engine."""

    name: str
    module: nn.Module
    seen: list[Given]
    one: bool = True  # it gives a tensor, not several
    run: Run | None = None
    error: float = 0.0
    lock: Any = field(factory=threading.Lock)

    def __call__(self, *given: Tensor | None) -> Any:
        tensors = [value for value in given if value is not None]
        known = any(_shape(given) == _shape(other) for other in self.seen)
        if self.run is None or not known or (torch.is_grad_enabled() and any(t.requires_grad for t in tensors)):
            return self.module._call_impl(*given)  # pyright: ignore[reportPrivateUsage]
        with self.lock:
            made = self.run(*tensors)
        return made[0] if self.one else list(made)

    def apart(self) -> Apart:
        """A copy of the module, that takes its tensors alone."""
        return Apart(copy.deepcopy(self.module), tuple(value is None for value in self.seen[0]), self.one).eval()

    def given(self, batch: int) -> list[Tensor]:
        """What it saw, so many times, each a little different."""
        rng = torch.Generator().manual_seed(batch)
        some = [t[:1].expand(batch, *t.shape[1:]).float() for t in self.seen[0] if t is not None]
        return [t + 0.05 * t.std(correction=0) * torch.randn(t.shape, generator=rng) for t in some]

    def off(self, run: Run) -> float:
        """How far `run` is from PyTorch at each size of a batch, in standard deviations; the worst.

        Raises:
            ValueError: it gives another number of pictures.
        """
        apart, worst = self.apart(), 0.0
        for batch in BATCHES:
            given = self.given(batch)
            with torch.no_grad():
                wanted = apart(*given)
            for a, b in zip(run(*given), wanted, strict=True):
                if a.shape != b.shape:
                    raise ValueError(f"of {batch} it gives {tuple(a.shape)}, not {tuple(b.shape)}")
                worst = max(worst, float((a - b).abs().mean() / b.std().clamp(min=1e-6)))
        return worst


class Apart(nn.Module):
    """A module whose arguments that are None are left out; it gives a tuple."""

    def __init__(self, module: nn.Module, absent: tuple[bool, ...], one: bool) -> None:
        super().__init__()
        self.module, self.absent, self.one = module, absent, one

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        rest = iter(tensors)
        made = self.module(*(None if absent else next(rest) for absent in self.absent))
        return (made,) if self.one else tuple(made)


def pieces(pipeline: Pipeline, drawings: Sequence[Tensor]) -> list[Piece]:
    """The largest modules, of steps that need no gradients and no float32, that take and give tensors alone."""
    seen: dict[nn.Module, tuple[bool, list[Given], bool]] = {}

    def look(module: nn.Module, given: Any, named: Any, made: Any) -> None:
        several = isinstance(made, tuple | list)
        fits = not named and all(value is None or isinstance(value, Tensor) for value in given)
        fits &= all(isinstance(value, Tensor) for value in (made if several else [made]))
        fits &= bool(given) and isinstance(given[0], Tensor)
        before = seen.get(module, (True, [], not several))
        seen[module] = (before[0] and fits, [*before[1], given], not several)

    steps = {name: one for name, one in pipeline.components.items() if not (one.needs_grad or one.precise)}
    inside = [module for component in steps.values() for module in component.modules() if module is not component]
    hooks = [module.register_forward_hook(look, with_kwargs=True) for module in inside]
    try:
        for drawing in drawings:
            pipeline.execute({pipeline.model.input: drawing}, (pipeline.model.output,))
    finally:
        for hook in hooks:
            hook.remove()
    return [piece for name, component in steps.items() for piece in _largest(name, component, seen)]


def _largest(name: str, module: nn.Module, seen: Mapping[nn.Module, Any]) -> Iterator[Piece]:
    for part, child in module.named_children():
        fits, given, one = seen.get(child, (False, [], True))
        if fits and any(True for _ in child.parameters()):
            yield Piece(f"{name}.{part}", child, given, one)
        else:
            yield from _largest(f"{name}.{part}", child, seen)


def _shape(given: Given) -> list[Any]:
    return [None if value is None else (value.shape[1:], value.dtype) for value in given]


# Engines: a piece becomes a file, a file what runs it.


def _exported(piece: Piece) -> Any:
    given = piece.given(2)
    batch = torch.export.Dim("batch", min=1, max=1024)
    with torch.no_grad():
        return torch.export.export(piece.apart(), tuple(given), dynamic_shapes=(tuple({0: batch} for _ in given),))


@frozen
class OpenVINO:
    """openvino.ai, on the CPU: in bfloat16 where it has that, or in int8 as NNCF calibrates it on what pieces saw."""

    int8: bool = False
    packages, suffix = ("openvino", "nncf"), ".xml"

    @property
    def far(self) -> float:
        """How far off a piece may be, as `FAR`; eight bits are coarser, and the photo is what counts."""
        return 10 * FAR if self.int8 else FAR

    def write(self, piece: Piece, path: Path) -> None:
        import openvino as ov

        model = ov.convert_model(_exported(piece))
        takes = zip(model.inputs, piece.given(1), strict=True)
        model.reshape({port: ov.PartialShape([-1, *t.shape[1:]]) for port, t in takes})
        if self.int8:
            import nncf

            some = nncf.Dataset([[t.numpy() for t in one if t is not None] for one in piece.seen])
            model = nncf.quantize(model, some, subset_size=len(piece.seen))
        ov.save_model(model, path, compress_to_fp16=False)

    def read(self, path: Path) -> Run:
        import openvino as ov

        USED.add("OpenVINO")
        how = {"INFERENCE_NUM_THREADS": torch.get_num_threads(), "PERFORMANCE_HINT": "LATENCY"}
        model = ov.Core().compile_model(str(path), "CPU", how)

        def run(*tensors: Tensor) -> tuple[Tensor, ...]:
            made = model([t.detach().contiguous().numpy() for t in tensors])
            return tuple(torch.from_numpy(made[index].copy()) for index in range(len(model.outputs)))

        return run


@frozen
class Onnx:
    """ONNX Runtime, on the CPU, in float32."""

    packages, suffix, far = ("onnxruntime", "onnx", "onnxscript"), ".onnx", FAR

    def write(self, piece: Piece, path: Path) -> None:
        program = torch.onnx.export(_exported(piece), dynamo=True, verbose=False)
        assert program is not None
        program.save(path)

    def read(self, path: Path) -> Run:
        import onnxruntime

        how = onnxruntime.SessionOptions()
        how.intra_op_num_threads = torch.get_num_threads()
        how.add_session_config_entry("session.intra_op.allow_spinning", "0")  # else it and torch wait for each other
        session = onnxruntime.InferenceSession(path, how, providers=["CPUExecutionProvider"])
        names = [one.name for one in session.get_inputs()]

        def run(*tensors: Tensor) -> tuple[Tensor, ...]:
            given = (t.detach().contiguous().numpy() for t in tensors)
            return tuple(map(torch.from_numpy, session.run(None, dict(zip(names, given, strict=True)))))

        return run


ENGINES: dict[str, Any] = {"openvino": OpenVINO(), "openvino-int8": OpenVINO(int8=True), "onnx": Onnx()}


def _engine(runtime: str) -> Any:
    """Raises MissingExtraError: what it needs is not installed."""
    sys.modules.setdefault("openvino_telemetry", None)  # pyright: ignore[reportArgumentType]  # nobody is told of it
    try:
        for package in ENGINES[runtime].packages:
            importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError as error:
        raise MissingExtraError(f"The runtime {runtime} is not installed.", extra="runtimes", why=str(error)) from error
    return ENGINES[runtime]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Within, exporters say nothing."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


# What people ask for.


def use(pipeline: Pipeline, runtime: str, *, folder: Path | None = None) -> Pipeline:
    """Itself, its networks in another engine. `pipeline.runs` says which.

    Args:
        runtime: one of `RUNTIMES`.
        folder: where `export` wrote this model; else the pieces are exported now, which takes some seconds each.

    Raises:
        UsageError: there is no such runtime; int8 was not exported; the photo would be another.
        MissingExtraError: it is not installed.
        WeightsMismatchError, WeightsCorruptError: what lies in `folder` is of other weights, or damaged.
    """
    if runtime not in RUNTIMES:
        raise UsageError(f"There is no runtime {runtime!r}.", fix=f"Use one of {', '.join(RUNTIMES)}.")
    leave(pipeline)
    if runtime in ("eager", "compile"):
        return pipeline if runtime == "eager" else pipeline.compile()
    if pipeline.device.type != "cpu":
        raise UsageError(f"The runtime {runtime} is for the CPU.", fix='Leave out device, or use runtime="eager".')
    if folder and (folder / TOLD).exists() and (told := _told(folder))["runtime"] == runtime:
        _take(pipeline, runtime, folder, told)
    elif runtime == "openvino-int8":
        raise UsageError(
            "int8 is calibrated once, on drawings.", why=f"Nothing of {pipeline.model.name} was exported here.",
            fix=f"Run: s2pzoo export {pipeline.model.name} -o DIR --int8 --calibrate DRAWINGS, and load DIR.",
        )  # fmt: skip
    else:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
            _make(pipeline, runtime, Path(place), [])
    return pipeline


def leave(pipeline: Pipeline) -> None:
    """PyTorch runs everything again."""
    for component in pipeline.components.values():
        for module in component.modules():
            if isinstance(module._compiled_call_impl, Piece):  # pyright: ignore[reportPrivateUsage]
                module._compiled_call_impl = None
    pipeline.runs = {}


def export(
    pipeline: Pipeline, folder: Path, *, runtime: str = "openvino", drawings: Sequence[Tensor] = (),
    lpips: Callable[[Tensor, Tensor], Tensor] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Write a bundle with its networks for another engine in it, which `use` takes; what `runtime.json` says.

    Args:
        drawings: (1,C,S,S), as the model reads them: on these int8 is calibrated, and the photos compared.
        lpips: of photos (N,3,S,S) in [0,1] by pairs, where it is to be said, too.

    Raises:
        UsageError: the photos would be others; there is no such runtime, or int8 without drawings.
        MissingExtraError, OutputError: it is not installed; it cannot be written.
    """
    if runtime not in ENGINES:
        raise UsageError(f"Nothing can be exported for {runtime!r}.", fix=f"Use one of {', '.join(ENGINES)}.")
    if runtime == "openvino-int8" and not drawings:
        raise UsageError("int8 is calibrated on drawings.", fix="Give some: --calibrate DRAWINGS.")
    claim(folder, [TOLD])
    leave(pipeline)
    pipeline.save(folder)
    told = _make(pipeline, runtime, folder, list(drawings), lpips)
    told |= {"model": pipeline.model.name, "weights": sha256_of(folder / WEIGHTS)}
    write_bytes(f"{json.dumps(told, indent=2)}\n".encode(), folder / TOLD)
    return told


def _make(pipeline: Pipeline, runtime: str, folder: Path, drawings: list[Tensor], lpips: Any = None) -> dict[str, Any]:
    """Export into a folder, and put in place; what was made."""
    engine = _engine(runtime)
    plain = golden_input(pipeline.model.input_port)
    drawings = drawings or ([] if plain is None else [plain])
    wanted = _photos(pipeline, drawings)
    found, files, refused = pieces(pipeline, drawings), {}, {}
    (folder / "runtime").mkdir(parents=True, exist_ok=True)

    def put(piece: Piece, engine: Any) -> None:
        try:
            files[piece.name] = _write(piece, engine, folder / "runtime")
        except Exception as error:  # an exporter may raise anything on a network that it does not know
            refused[piece.name] = f"{type(error).__name__}: {error}".splitlines()[0][:200]

    shown = Console(stderr=True)
    for piece in track(found, description=f"exporting for {runtime}", console=shown, transient=True):
        put(piece, engine)
    _place(pipeline, found, runtime)
    worst = sorted((piece for piece in found if piece.run), key=lambda piece: -piece.error)
    while (off := _off(_photos(pipeline, drawings), wanted)) > GATE and worst and runtime == "openvino-int8":
        put(worst.pop(0), OpenVINO())  # what int8 harms most goes on in floats
    if off > GATE:
        leave(pipeline)
        raise UsageError(
            f"{pipeline.model.name} makes other photos with {runtime}.", why=f"They differ by {off:.4f}, not {GATE}.",
            fix="Use another runtime, or report it.",
        )  # fmt: skip
    photos = {"mean difference": round(off, 6), "drawings": len(drawings)}
    if lpips:
        photos["lpips"] = round(float(lpips(_photos(pipeline, drawings), wanted).mean()), 5)
    told = [_entry(piece, files[piece.name]) for piece in found if piece.run]
    made = {name: importlib.metadata.version(name) for name in ("torch", *engine.packages)}
    return {"runtime": runtime, "made with": made, "photos": photos, "pieces": told, "eager": refused}


def _entry(piece: Piece, file: Path) -> dict[str, Any]:
    """What `runtime.json` says of a piece: each form of what it takes once, and its files."""
    forms: list[Given] = []
    for given in piece.seen:
        if not any(_shape(given) == _shape(other) for other in forms):
            forms.append(given)
    return {
        "name": piece.name, "file": file.name, "difference": round(piece.error, 6), "one": piece.one,
        "takes": [[None if t is None else [str(t.dtype), *t.shape[1:]] for t in given] for given in forms],
        "sha256": {one.name: sha256_of(one) for one in _files(file)},
    }  # fmt: skip


def _files(file: Path) -> list[Path]:
    """It, and what lies beside it: its weights."""
    return [one for one in (file, file.with_suffix(".bin"), file.with_name(f"{file.name}.data")) if one.exists()]


def _seen(form: Sequence[Any]) -> Given:
    """A form of what a piece takes, as tensors without numbers."""
    types = {str(one): one for one in (torch.float32, torch.int64, torch.bool)}
    return tuple(t and torch.empty(1, *t[1:], dtype=types[t[0]], device="meta") for t in form)


def _write(piece: Piece, engine: Any, folder: Path) -> Path:
    """The piece in a file; it runs from there. Raises whatever exporters raise; ValueError: it gives something else."""
    piece.run = None
    file = folder / f"{piece.name}{engine.suffix}"
    for old in _files(file):  # it may be in use: engines map files into memory
        old.unlink()
    with _quiet():
        engine.write(piece, file)
        run = engine.read(file)
    piece.error = piece.off(run)
    if piece.error > engine.far:
        raise ValueError(f"it is {piece.error:.3f} standard deviations off")
    piece.run = run
    return file


def _told(folder: Path) -> dict[str, Any]:
    try:
        told = read_json(folder / TOLD)
        return {"runtime": "", "pieces": [], "weights": "", **told}
    except (UnreadableError, TypeError) as error:
        raise WeightsCorruptError(f"{folder / TOLD} cannot be read.", why=str(error), fix="Export it again.") from error


def _take(pipeline: Pipeline, runtime: str, folder: Path, told: Mapping[str, Any]) -> None:
    """Put in place what was exported."""
    engine, found = _engine(runtime), []
    if sha256_of(folder / WEIGHTS) != told["weights"]:
        why = "The networks in it were exported from others."
        raise WeightsMismatchError(f"{folder} has other weights.", why=why, fix="Export it again.")
    for one in told["pieces"]:
        for name, digest in one["sha256"].items():
            if not (folder / "runtime" / name).is_file() or sha256_of(folder / "runtime" / name) != digest:
                raise WeightsCorruptError(f"{folder / 'runtime' / name} is damaged.", fix="Export it again.")
        step, _, inside = one["name"].partition(".")
        seen = list(map(_seen, one["takes"]))
        piece = Piece(one["name"], pipeline.components[step].get_submodule(inside), seen, one["one"])
        with _quiet():
            piece.run = engine.read(folder / "runtime" / one["file"])
        found.append(piece)
    _place(pipeline, found, runtime)


def _place(pipeline: Pipeline, found: Sequence[Piece], runtime: str) -> None:
    for piece in found:
        if piece.run:
            piece.module._compiled_call_impl = piece  # what Module.compile sets  # pyright: ignore[reportPrivateUsage]
    placed = [piece.name.partition(".")[0] for piece in found if piece.run]
    pipeline.runs = {
        name: f"{runtime}, {placed.count(name)} pieces" if name in placed else _why(component)
        for name, component in pipeline.components.items()
    }


def _why(component: Any) -> str:
    if component.needs_grad:
        return "eager: it searches"
    return "eager: it is solved in float32" if component.precise else "eager"


def _photos(pipeline: Pipeline, drawings: Sequence[Tensor]) -> Tensor:
    output, source = pipeline.model.output, pipeline.model.input
    return torch.cat([pipeline.execute({source: drawing}, (output,))[output] for drawing in drawings])


def _off(made: Tensor, wanted: Tensor) -> float:
    return float((made - wanted).abs().mean())
