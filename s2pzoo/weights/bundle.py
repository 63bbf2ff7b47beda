"""Bundles: writing one, opening one, and putting its weights into networks. safetensors only, strict, checked."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
from attrs import frozen

import s2pzoo
from s2pzoo.declare import ModelEntry, Step
from s2pzoo.errors import OutputError, S2PZooError, UsageError, WeightsCorruptError, WeightsMismatchError
from s2pzoo.names import parse_component, parse_model
from s2pzoo.pipeline.graph import Graph
from s2pzoo.ports import KINDS
from s2pzoo.registry import default_registry
from s2pzoo.weights.card import render_card
from s2pzoo.weights.manifest import (
    AGAIN,
    CARD,
    GOLDEN,
    MANIFEST,
    WEIGHTS,
    Manifest,
    StepRecord,
    read_manifest,
)
from s2pzoo.weights.verify import record_of, verify_file

if TYPE_CHECKING:
    from torch import Tensor, nn

    from s2pzoo.pipeline.run import Pipeline

DTYPES = ("float32", "float16")
_MOST_LINES = 20


@frozen(kw_only=True)
class Bundle:
    """A bundle that was opened. Its files are checked when they are read, not before.

    Attributes:
        folder: where it is.
        manifest: what it says about itself.
    """

    folder: Path
    manifest: Manifest

    @property
    def label(self) -> str:
        """`model@sha256`, the sha256 of the weights cut to 12 digits: for provenance."""
        return f"{self.manifest.model}@{self.manifest.files[WEIGHTS].sha256[:12]}"

    def file(self, name: str) -> Path:
        """The path of one of its files, after checking it.

        Raises:
            WeightsCorruptError: the manifest does not name it, or it is not the file the manifest names.
        """
        record = self.manifest.files.get(name)
        if record is None or Path(name).name != name:
            raise WeightsCorruptError(
                f"The bundle in {self.folder} has no {name}.", why="Its manifest does not name it.", fix=AGAIN
            )
        path = self.folder / name
        verify_file(path, record)
        return path

    def verify(self) -> None:
        """Check every file.

        Raises:
            WeightsCorruptError: at the first that is missing or is another.
        """
        for name in self.manifest.files:
            self.file(name)

    def load_into(self, components: Mapping[str, nn.Module]) -> None:
        """Put the weights of some or all steps into their networks: step name -> network.

        Every tensor of these steps must be there with the right shape, and no other. Steps that are not named are
        left aside.

        Raises:
            WeightsCorruptError: a broken file.
            WeightsMismatchError: with a table of the misfits.
        """
        from safetensors import SafetensorError, safe_open

        path = self.file(WEIGHTS)
        try:
            with safe_open(path, framework="pt", device="cpu") as file:
                shapes = {key: tuple(file.get_slice(key).get_shape()) for key in file.keys()}  # noqa: SIM118
                self._check_fit(shapes, components)
                for step, component in components.items():
                    prefix = f"{step}."
                    own = {key.removeprefix(prefix): file.get_tensor(key) for key in shapes if key.startswith(prefix)}
                    component.load_state_dict(own, strict=True)
        except SafetensorError as error:
            raise WeightsCorruptError(f"{path} is not a safetensors file.", why=str(error), fix=AGAIN) from error

    def golden(self) -> dict[str, Tensor]:
        """The golden tensors by value name: the input in full, other values thinned (see `weights.golden`).

        Raises:
            WeightsCorruptError: there are none, or the file is broken.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        path = self.file(GOLDEN)
        try:
            return load_file(path)
        except SafetensorError as error:
            raise WeightsCorruptError(f"{path} is not a safetensors file.", why=str(error), fix=AGAIN) from error

    def check_golden(self, pipeline: Pipeline) -> dict[str, float]:
        """Step name -> largest absolute difference between what `pipeline` makes of the golden input and the file."""
        from s2pzoo.weights.golden import largest_errors

        return largest_errors(pipeline, self.golden())

    def _check_fit(self, shapes: Mapping[str, tuple[int, ...]], components: Mapping[str, nn.Module]) -> None:
        wanted = {
            f"{step}.{key}": tuple(tensor.shape)
            for step, component in components.items()
            for key, tensor in component.state_dict().items()
        }
        aside = {record.name for record in self.manifest.steps} - set(components)
        rows = [(key, "missing in the file", _shape(shape)) for key, shape in wanted.items() if key not in shapes]
        for key, shape in shapes.items():
            if key not in wanted and key.partition(".")[0] not in aside:
                rows.append((key, "not in the network", _shape(shape)))
            elif key in wanted and wanted[key] != shape:
                rows.append((key, "wrong shape", f"{_shape(shape)} in the file, {_shape(wanted[key])} in the network"))
        if rows:
            raise WeightsMismatchError(
                f"The weights of {self.manifest.model} do not fit the networks: {len(rows)} misfit(s).",
                why=_table(rows),
                fix="Bundle and plugin are of different versions: install the matching plugin, or train anew.",
            )


def read_bundle(folder: str | Path) -> Bundle:
    """Open the bundle in `folder`: its manifest is read and nothing else.

    Raises:
        WeightsCorruptError: no manifest, or a broken one.
        WeightsMismatchError: a later format.
    """
    folder = Path(folder)
    return Bundle(folder=folder, manifest=read_manifest(folder))


def write_bundle(
    folder: str | Path,
    *,
    model_name: str,
    steps: Sequence[Step],
    components: Mapping[str, nn.Module],
    metadata: Mapping[str, Any] | None = None,
    golden: Mapping[str, Tensor] | None = None,
    dtype: str = "float32",
    input: str = "sketch",  # noqa: A002
    output: str | None = None,
    size: int | None = None,
    blank_ok: bool = False,
    readme: str | None = None,
    files: Mapping[str, str | Path] | None = None,
) -> Bundle:
    """Write a bundle. Each file is written whole or not at all, the manifest last; other files in `folder` stay.

    What was written is read back into fresh networks, and the golden tensors are made with those.

    Args:
        model_name: `family.variant`.
        steps: in order. They may be a part of a model (encoders alone): such a bundle has no golden tensors.
        components: step name -> network, built from the step's config.
        metadata: summary, paper, licence {code, weights, data}, training, metrics, differences, limits.
        golden: input value name -> tensor (1, ...) to make the golden tensors from; by default a plain drawing.
        dtype: "float32" or "float16", of the stored floating-point tensors.
        input, output, size, blank_ok: as in ModelEntry. By default the output is `photo`, or else the last value; the
            size is what the first step takes.
        readme: the model card; by default it is written from the manifest.
        files: more files by name, such as pictures for the card.

    Raises:
        OutputError: the folder cannot be written.
        UsageError: a step without a network, an unknown dtype.
        WeightsMismatchError: a network built from another config than its step says.
        ConfigError: unknown metadata.
    """
    folder, steps = Path(folder), tuple(steps)
    parse_model(model_name)
    _check_components(steps, components, dtype)
    values = [value for step in steps for value in step.outputs.values()]
    output = output or ("photo" if "photo" in values else values[-1])
    graph = Graph(name=model_name, steps=steps, input=input, output=output, size=size or _size(steps, input))
    manifest = Manifest(
        model=model_name, input=input, output=output, size=graph.size, blank_ok=blank_ok,
        steps=tuple(StepRecord.of(step) for step in steps), dtype=dtype, created_with=_versions(steps),
    ).with_metadata(metadata or {})  # fmt: skip
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MANIFEST).unlink(missing_ok=True)  # from here on, and until it is written, this is no bundle
        (folder / GOLDEN).unlink(missing_ok=True)
        _save(folder / WEIGHTS, _tensors(steps, components, dtype))
        bundle = _recorded(Bundle(folder=folder, manifest=manifest), [WEIGHTS, *_copied(folder, files or {})])
        if not graph.misfits():
            bundle = _with_golden(bundle, graph, components, golden)
        return _finished(bundle, readme)
    except OSError as error:
        if isinstance(error, S2PZooError):
            raise
        raise OutputError(
            f"The bundle cannot be written to {folder}.", why=error.strerror or str(error),
            fix="Choose a folder you may write to.",
        ) from error  # fmt: skip


def amend_bundle(
    folder: str | Path,
    *,
    metadata: Mapping[str, Any],
    readme: str | None = None,
    files: Mapping[str, str | Path] | None = None,
) -> Bundle:
    """Say more about a bundle that exists: metrics that came later, pictures for the card. Weights stay as they are.

    Args:
        metadata: fields to replace, as for `write_bundle`.
        readme: the model card; by default it is written anew from the manifest.
        files: more files by name.
    """
    bundle = read_bundle(folder)
    bundle = attrs.evolve(bundle, manifest=bundle.manifest.with_metadata(metadata))
    return _finished(_recorded(bundle, _copied(bundle.folder, files or {})), readme)


def _check_components(steps: Sequence[Step], components: Mapping[str, nn.Module], dtype: str) -> None:
    if dtype not in DTYPES:
        raise UsageError(f"Weights cannot be stored as {dtype!r}.", fix=f"Use {' or '.join(DTYPES)}.")
    if not steps:
        raise UsageError("A bundle has at least one step.")
    for step in steps:
        if step.name not in components:
            raise UsageError(f"Step {step.name!r} has no network.", fix="Give one in `components`.")
        if getattr(components[step.name], "config", step.config) != step.config:
            raise WeightsMismatchError(
                f"The network of step {step.name!r} was built from another config than the step says.",
                why=f"The step: {step.config}. The network: {components[step.name].config}.",
            )


def _size(steps: Sequence[Step], source: str) -> int:
    for step in steps:
        for port, value in step.inputs.items():
            takes = step.ports().takes[port]
            if value == source and KINDS.get(takes.kind) and isinstance(takes.size, int):
                return takes.size
    return 256


def _tensors(steps: Sequence[Step], components: Mapping[str, nn.Module], dtype: str) -> dict[str, Tensor]:
    import torch

    stored = getattr(torch, dtype)
    tensors = {}
    for step in steps:
        for key, tensor in components[step.name].state_dict().items():
            kept = tensor.detach().to("cpu", stored if tensor.is_floating_point() else tensor.dtype)
            if tensor.is_floating_point() and not torch.isfinite(kept).all():
                raise UsageError(f"{step.name}.{key} does not stay finite as {dtype}.", fix="Store it as float32.")
            # A copy of its own in plain layout: safetensors refuses tensors that share memory.
            tensors[f"{step.name}.{key}"] = kept.clone(memory_format=torch.contiguous_format)
    return tensors


def _save(path: Path, tensors: Mapping[str, Tensor]) -> None:
    from safetensors.torch import save_file

    temporary = path.with_name(f".{path.name}.part")
    try:
        save_file(dict(tensors), temporary)
        temporary.chmod(0o644)  # safetensors writes files that only their owner can read
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _copied(folder: Path, files: Mapping[str, str | Path]) -> list[str]:
    for name, source in files.items():
        if Path(name).name != name or name in (MANIFEST, WEIGHTS, GOLDEN, CARD):
            raise UsageError(f"A bundle cannot have a further file named {name!r}.")
        if Path(source).resolve() != (folder / name).resolve():
            shutil.copyfile(source, folder / name)
    return list(files)


def _recorded(bundle: Bundle, names: Iterable[str]) -> Bundle:
    records = bundle.manifest.files | {name: record_of(bundle.folder / name) for name in names}
    return attrs.evolve(bundle, manifest=attrs.evolve(bundle.manifest, files=records))


def _with_golden(
    bundle: Bundle, graph: Graph, components: Mapping[str, nn.Module], golden: Mapping[str, Tensor] | None
) -> Bundle:
    from s2pzoo.interfaces import Component
    from s2pzoo.pipeline.run import Pipeline
    from s2pzoo.weights.golden import golden_input, golden_values
    from s2pzoo.weights.initialise import without_initialising

    given = golden[graph.input] if golden else golden_input(graph.input_port)
    networks = {s.name: network for s in graph.steps if isinstance(network := components[s.name], Component)}
    if given is None or len(networks) < len(graph.steps):
        return bundle
    with without_initialising():
        fresh = {name: type(network)(network.config) for name, network in networks.items()}
    bundle.load_into(fresh)
    model = ModelEntry(
        graph.name, steps=graph.steps, input=graph.input, output=graph.output, size=graph.size, blank_ok=True
    )
    _save(bundle.folder / GOLDEN, golden_values(Pipeline(model=model, components=fresh), given))
    return _recorded(bundle, [GOLDEN])


def _finished(bundle: Bundle, readme: str | None) -> Bundle:
    _write_text(bundle.folder / CARD, readme or render_card(bundle.manifest))
    bundle = _recorded(bundle, [CARD])
    _write_text(bundle.folder / MANIFEST, bundle.manifest.to_json())
    return bundle


def _write_text(path: Path, text: str) -> None:
    from s2pzoo.imaging.write import write_bytes

    write_bytes(text.encode(), path)


def _versions(steps: Sequence[Step]) -> dict[str, str]:
    import torch

    versions = {"python": platform.python_version(), "torch": str(torch.__version__), "s2pzoo": s2pzoo.__version__}
    for family in dict.fromkeys(parse_component(step.component).plugin for step in steps):
        if family in default_registry().families():
            plugin = default_registry().plugin(family)
            versions[plugin.distribution] = plugin.version
    return versions


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "scalar"


def _table(rows: Sequence[tuple[str, str, str]]) -> str:
    widths = [max(len(row[column]) for row in rows[:_MOST_LINES]) for column in range(2)]
    lines = [f"  {key.ljust(widths[0])}  {what.ljust(widths[1])}  {shape}" for key, what, shape in rows[:_MOST_LINES]]
    more = len(rows) - _MOST_LINES
    return "\n".join([*lines, f"  ... and {more} more"] if more > 0 else lines)
