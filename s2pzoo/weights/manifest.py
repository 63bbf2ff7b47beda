"""manifest.json: what a bundle is, said in full, so that nothing else is needed to rebuild the networks. Torch-free."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import field, frozen

from s2pzoo.errors import ConfigError, WeightsCorruptError, WeightsMismatchError, install_command
from s2pzoo.spec.fields import read, to_dict
from s2pzoo.spec.model import Model, Step
from s2pzoo.spec.reading import UnreadableError, read_json

DTYPES = ("float32", "float16")
"""How numbers are stored."""
FORMAT = 1
MANIFEST = "manifest.json"
WEIGHTS = "model.safetensors"
GOLDEN = "golden.safetensors"
CARD = "README.md"


@frozen(kw_only=True)
class FileRecord:
    """One file of the bundle: its sha256 in hexadecimal, its size in bytes."""

    sha256: str
    size: int


@frozen(kw_only=True)
class StepRecord:
    """One step: which component, built from which config, and how it is wired.

    The options are told for whoever reads the file; a step's are always those of its component's config. `weights` is
    the trained part, `family.variant:step`, whose bundle holds its tensors; empty: this bundle.
    """

    name: str
    component: str
    config: dict[str, Any]
    reads: dict[str, str] = field(factory=dict)
    writes: dict[str, str] = field(factory=dict)
    side: bool = False
    options: tuple[dict[str, Any], ...] = ()
    weights: str = ""

    @classmethod
    def of(cls, step: Step, weights: str = "") -> StepRecord:
        """The record of a step."""
        options = ({k: v for k, v in option.to_dict().items() if v not in (None, "")} for option in step.options)
        return cls(
            name=step.name, component=step.component, config=to_dict(step.config), reads=step.reads,
            writes=step.writes, side=step.side, options=tuple(map(_plain, options)), weights=weights,
        )  # fmt: skip

    def step(self, config_class: type) -> Step:
        """The step again, of the component's config class."""
        config = read(config_class, self.config)
        return Step(
            self.name, component=self.component, config=config, reads=self.reads, writes=self.writes, side=self.side
        )


@frozen(kw_only=True)
class Licence:
    """Three licences: of the code, of the weights, of the data they were trained on."""

    code: str = ""
    weights: str = ""
    data: str = ""


@frozen(kw_only=True)
class Manifest:
    """What manifest.json holds.

    Attributes:
        format: version of the bundle format, 1.
        model: `family.variant`.
        input, output, size, blank_ok, dataset: as in `spec.model.Model`.
        steps: in order.
        dtype: of the stored floating-point tensors, "float32" or "float16"; they are loaded as float32.
        files: every other file of the bundle by name.
        summary, paper: one line each.
        licence: code, weights, data (with the attribution that the data's licence asks for).
        training: what it was trained on and for how long, free form.
        metrics: rows: measures as floats, `n` and `protocol`, what it was measured on in words; `method` where it is
            not this model's own.
        differences: from the paper, one sentence each.
        limits: what it cannot do, one sentence each.
        created_with: versions of python, torch, s2pzoo and the plugins.
    """

    format: int = FORMAT
    model: str
    input: str = "sketch"
    output: str = "photo"
    size: int = 256
    blank_ok: bool = False
    dataset: str = ""
    steps: tuple[StepRecord, ...]
    dtype: str = "float32"
    files: dict[str, FileRecord] = field(factory=dict)
    summary: str = ""
    paper: str = ""
    licence: Licence = field(factory=Licence)
    training: dict[str, Any] = field(factory=dict)
    metrics: tuple[dict[str, Any], ...] = ()
    differences: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    created_with: dict[str, str] = field(factory=dict)

    @classmethod
    def of(cls, model: Model, named: Mapping[str, str], **more: Any) -> Manifest:
        """What there is to say about a model, and `more`; `named`: of its steps, those that are parts of others."""
        return cls(
            model=model.name, input=model.input, output=model.output, size=model.size, blank_ok=model.blank_ok,
            dataset=model.dataset, **more,
            steps=tuple(StepRecord.of(step, named.get(step.name, "")) for step in model.steps),
        )  # fmt: skip

    @property
    def digest(self) -> str:
        """sha256 of what it says of the networks and how they are joined: kept in the header of the weights."""
        said = {name: value for name, value in to_dict(self).items() if name in _JOINED}
        for step in said["steps"]:
            del step["options"]  # the plugin's, which come from it
            if not step["weights"]:  # as in bundles from before there was such a thing
                del step["weights"]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    def to_json(self) -> str:
        """The text of manifest.json."""
        return json.dumps(to_dict(self), indent=2, ensure_ascii=False) + "\n"

    def with_metadata(self, metadata: Mapping[str, Any]) -> Manifest:
        """A copy with the fields of `METADATA` that `metadata` names.

        Raises:
            ConfigError: another field, or a value of the wrong type.
        """
        unknown = sorted(set(metadata) - set(METADATA))
        if unknown:
            raise ConfigError(f"A bundle has no metadata {unknown[0]!r}.", why=f"It has: {', '.join(METADATA)}.")
        return read(Manifest, to_dict(self) | _plain(metadata))


_JOINED = ("model", "input", "output", "size", "blank_ok", "steps", "dtype")
METADATA = ("summary", "paper", "licence", "training", "metrics", "differences", "limits")
"""What the maker of a bundle says about it."""


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the bundle in `folder`.

    Raises:
        WeightsCorruptError: there is none, or it is not one.
        WeightsMismatchError: it is of a later format.
    """
    path = folder / MANIFEST
    try:
        data = read_json(path)
    except FileNotFoundError:
        raise WeightsCorruptError(
            f"{folder} is not a bundle.", why="It has no manifest.json.", fix="Give a folder that s2pzoo wrote."
        ) from None
    except UnreadableError as error:
        raise WeightsCorruptError(f"{path} cannot be read.", why=str(error), fix=AGAIN) from error
    stated = data.get("format") if isinstance(data, dict) else None
    if type(stated) is int and stated > FORMAT:
        raise WeightsMismatchError(
            f"{folder} is a bundle of format {stated}.",
            why=f"This s2pzoo reads formats up to {FORMAT}.",
            fix=f"Run: {install_command('--upgrade s2pzoo')}",
        )
    if type(stated) is not int or stated < 1:
        raise WeightsCorruptError(f"{path} is not a manifest.", why=f"Its format is {stated!r}.", fix=AGAIN)
    try:
        made = read(Manifest, data)
        if made.dtype not in DTYPES:
            raise ConfigError("dtype", why=f"Its dtype is {made.dtype!r}.")
        return made
    except ConfigError as error:
        raise WeightsCorruptError(f"{path} is not a manifest.", why=error.why, fix=AGAIN) from error


AGAIN = "Get the bundle again: copy, install or train it anew."
"""What to do about a broken file."""


def _plain(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {str(key): _plain(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_plain(value) for value in data]
    return str(data) if isinstance(data, Path) else data
