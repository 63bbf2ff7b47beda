"""Bundles: writing one, opening one, and putting its weights into networks. safetensors only, strict, checked."""

from __future__ import annotations

import contextlib
import json
import platform
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
from attrs import frozen

import s2pzoo
from s2pzoo.errors import OutputError, S2PZooError, UsageError, WeightsCorruptError, WeightsMismatchError
from s2pzoo.host.catalogue import default_catalogue
from s2pzoo.host.registry import default_registry
from s2pzoo.spec.model import Model, Step
from s2pzoo.spec.names import parse_component
from s2pzoo.weights.card import render_card
from s2pzoo.weights.manifest import AGAIN, CARD, DTYPES, GOLDEN, MANIFEST, WEIGHTS, Manifest, read_manifest
from s2pzoo.weights.verify import record_of, sha256_of, verify_file

if TYPE_CHECKING:
    from torch import Tensor, nn

HEADER = "s2pzoo"
"""In the header of the weights: `Manifest.digest`."""
_MOST_LINES, _MOST_HEADER = 20, 100_000_000


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

    @property
    def bytes(self) -> int:
        """Of all the files that the manifest names."""
        return sum(record.size for record in self.manifest.files.values())

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

    def trust(self) -> str:
        """Who vouches for the manifest, which vouches for every file: "catalogue", that its sha256 is the published
        one; "weights", that the weights say the same of the networks; or empty: nobody, ask the golden outputs.

        Raises:
            WeightsCorruptError: the weights say something else.
        """
        published = default_catalogue().bundles.get(self.manifest.model)
        if published and published.sha256 and sha256_of(self.folder / MANIFEST) == published.sha256:
            return "catalogue"
        said = _header(self.file(WEIGHTS)).get(HEADER)
        if said and said != self.manifest.digest:
            raise WeightsCorruptError(
                f"The manifest in {self.folder} was changed after its weights were written.",
                why="It says something else of the networks than the header of the weights.", fix=AGAIN,
            )  # fmt: skip
        return "weights" if said else ""

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
            with _named(path) as name, safe_open(name, framework="pt", device="cpu") as file:
                slices = {key: file.get_slice(key) for key in file.keys()}  # noqa: SIM118
                shapes = {key: tuple(one.get_shape()) for key, one in slices.items()}
                self._check_fit(shapes, components)
                self._check_types({key: one.get_dtype() for key, one in slices.items()}, components)
                for step, component in components.items():
                    prefix = f"{step}."
                    own = {key.removeprefix(prefix): file.get_tensor(key) for key in shapes if key.startswith(prefix)}
                    component.load_state_dict(own, strict=True)
        except SafetensorError as error:
            raise WeightsCorruptError(f"{path} is not a safetensors file.", why=str(error), fix=AGAIN) from error

    def golden(self) -> dict[str, Tensor]:
        """The golden tensors by value name: the input in full, other values thinned (see `pipeline.golden`).

        Raises:
            WeightsCorruptError: there are none, or the file is broken.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        path = self.file(GOLDEN)
        try:
            with _named(path) as name:
                return load_file(name)
        except SafetensorError as error:
            raise WeightsCorruptError(f"{path} is not a safetensors file.", why=str(error), fix=AGAIN) from error

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

    def _check_types(self, types: Mapping[str, str], components: Mapping[str, nn.Module]) -> None:
        """Numbers are of the type that the manifest names, all others of the type that the network has."""
        stored = _TYPES[self.manifest.dtype]
        for step, component in components.items():
            for key, tensor in component.state_dict().items():
                wanted = stored if tensor.is_floating_point() else str(tensor.dtype).removeprefix("torch.")
                found = _TYPES.get(types[f"{step}.{key}"], types[f"{step}.{key}"])
                if found != wanted:
                    raise WeightsCorruptError(
                        f"{step}.{key} in {self.folder} is stored as {found}, not as {wanted}.",
                        why="The manifest and the network say so.", fix=AGAIN,
                    )  # fmt: skip


_TYPES = {
    "float32": "float32", "float16": "float16", "F32": "float32", "F16": "float16", "I64": "int64", "I32": "int32",
    "I16": "int16", "I8": "int8", "U8": "uint8", "BOOL": "bool",
}  # fmt: skip
"""How the manifest, and safetensors, call types that are stored."""


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
    model: Model,
    networks: Mapping[str, nn.Module],
    *,
    about: Mapping[str, Any] | None = None,
    named: Mapping[str, str] | None = None,
    dtype: str = "float32",
    overwrite: bool = False,
) -> Bundle:
    """Write a bundle. Each file is written whole or not at all, the manifest last; other files in `folder` stay.

    It has no golden tensors: see `pipeline.run.save_bundle`.

    Args:
        model: it may be a part of one (encoders alone).
        networks: step name -> network, built from the step's config.
        about: summary, paper, licence {code, weights, data}, training, metrics, differences, limits.
        named: steps whose weights are not written: which trained part, `family.variant:step`, each of them is.
        dtype: "float32" or "float16", of the stored floating-point tensors.
        overwrite: replace files of these names, too, that s2pzoo did not write.

    Raises:
        OutputError: the folder cannot be written, or holds such files.
        UsageError: a step without a network, an unknown dtype.
        WeightsMismatchError: a network built from another config than its step says.
        ConfigError: unknown metadata.
    """
    folder = Path(folder)
    _check_networks(model, networks, dtype)
    named = named or {}
    manifest = Manifest.of(model, named, dtype=dtype, created_with=_versions(model.steps)).with_metadata(about or {})
    own = [step for step in model.steps if step.name not in named]
    claim_bundle(folder, overwrite=overwrite)
    try:
        (folder / MANIFEST).unlink(missing_ok=True)  # from here on, and until it is written, this is no bundle
        (folder / GOLDEN).unlink(missing_ok=True)
        save_tensors(folder / WEIGHTS, _tensors(own, networks, dtype), {HEADER: manifest.digest})
        return _finished(_recorded(Bundle(folder=folder, manifest=manifest), [WEIGHTS]))
    except OSError as error:
        if isinstance(error, S2PZooError):
            raise
        raise OutputError(
            f"The bundle cannot be written to {folder}.", why=error.strerror or str(error),
            fix="Choose a folder you may write to.",
        ) from error  # fmt: skip


def claim_bundle(folder: Path, *, more: Sequence[str] = (), overwrite: bool = False) -> None:
    """Make a folder one for a bundle, and `more`, if it is not.

    Raises:
        OutputError: it cannot be; it holds a file of a bundle's names that s2pzoo did not write.
    """
    from s2pzoo.imaging.write import claim

    with contextlib.suppress(S2PZooError):
        read_manifest(folder)  # a bundle of an earlier version, which has no marker
        overwrite = True
    claim(folder, (MANIFEST, CARD, WEIGHTS, GOLDEN, *more), overwrite=overwrite)


def amend_bundle(
    folder: str | Path,
    *,
    about: Mapping[str, Any] | None = None,
    files: Mapping[str, str | Path] | None = None,
    golden: Mapping[str, Tensor] | None = None,
) -> Bundle:
    """Say more about a bundle that exists: metrics that came later, pictures for the card. Weights stay as they are.

    Args:
        about: fields to replace, as for `write_bundle`.
        files: more files by name, such as pictures for the card, which is written anew.
        golden: value name -> golden tensor, see `pipeline.golden`.
    """
    bundle = read_bundle(folder)
    bundle = attrs.evolve(bundle, manifest=bundle.manifest.with_metadata(about or {}))
    names = _copied(bundle.folder, files or {})
    if golden:
        save_tensors(bundle.folder / GOLDEN, golden)
        names.append(GOLDEN)
    return _finished(_recorded(bundle, names))


def _check_networks(model: Model, networks: Mapping[str, nn.Module], dtype: str) -> None:
    if dtype not in DTYPES:
        raise UsageError(f"Weights cannot be stored as {dtype!r}.", fix=f"Use {' or '.join(DTYPES)}.")
    for step in model.steps:
        if step.name not in networks:
            raise UsageError(f"Step {step.name!r} has no network.", fix="Give one in `networks`.")
        if getattr(networks[step.name], "config", step.config) != step.config:
            raise WeightsMismatchError(
                f"The network of step {step.name!r} was built from another config than the step says.",
                why=f"The step: {step.config}. The network: {networks[step.name].config}.",
            )


def _tensors(steps: Sequence[Step], networks: Mapping[str, nn.Module], dtype: str) -> dict[str, Tensor]:
    import torch

    stored = getattr(torch, dtype)
    tensors = {}
    for step in steps:
        for key, tensor in networks[step.name].state_dict().items():
            kept = tensor.detach().to("cpu", stored if tensor.is_floating_point() else tensor.dtype)
            if tensor.is_floating_point() and not torch.isfinite(kept).all():
                raise UsageError(f"{step.name}.{key} does not stay finite as {dtype}.", fix="Store it as float32.")
            # A copy of its own in plain layout: safetensors refuses tensors that share memory.
            tensors[f"{step.name}.{key}"] = kept.clone(memory_format=torch.contiguous_format)
    return tensors


def _header(path: Path) -> dict[str, str]:
    """The words in the header of a safetensors file, read without torch: 8 bytes of its length, then JSON.

    Raises:
        WeightsCorruptError: it is none.
    """
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > _MOST_HEADER:
                raise ValueError(f"its header would have {length} bytes")
            return dict(json.loads(file.read(length)).get("__metadata__", {}))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise WeightsCorruptError(f"{path} is not a safetensors file.", why=str(error), fix=AGAIN) from error


@contextlib.contextmanager
def _named(path: Path) -> Iterator[Path]:
    """The same file by a name that safetensors can read: it wants UTF-8."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        with tempfile.TemporaryDirectory() as folder:
            link = Path(folder) / "named.safetensors"
            link.symlink_to(path.resolve())
            yield link
    else:
        yield path


def save_tensors(path: Path, tensors: Mapping[str, Tensor], header: Mapping[str, str] | None = None) -> None:
    """Write a safetensors file, whole or not at all."""
    from safetensors.torch import save

    from s2pzoo.imaging.write import write_bytes

    write_bytes(save(dict(tensors), dict(header) if header else None), path)


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


def _finished(bundle: Bundle) -> Bundle:
    from s2pzoo.imaging.write import write_bytes

    write_bytes(render_card(bundle.manifest).encode(), bundle.folder / CARD)
    bundle = _recorded(bundle, [CARD])
    write_bytes(bundle.manifest.to_json().encode(), bundle.folder / MANIFEST)
    return bundle


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
