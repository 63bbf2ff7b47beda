"""Running a pipeline: only the steps that are needed, under no_grad, in batches."""

from __future__ import annotations

import contextlib
import functools
import html
import operator
import tempfile
import time
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import torch
from torch import Tensor, nn

import s2pzoo
from s2pzoo.errors import PluginFailedError, S2PZooError, UsageError
from s2pzoo.host.guard import contained
from s2pzoo.host.plugin import load_object
from s2pzoo.host.registry import default_registry
from s2pzoo.interfaces import Component
from s2pzoo.pipeline import runtimes
from s2pzoo.pipeline.golden import golden_input, golden_values
from s2pzoo.pipeline.inputs import Inputs, read_inputs
from s2pzoo.pipeline.plan import load_part
from s2pzoo.pipeline.result import Result
from s2pzoo.spec import graph
from s2pzoo.spec.model import UNREGISTERED, Model, Step, ToolEntry
from s2pzoo.weights.bundle import Bundle, amend_bundle, write_bundle
from s2pzoo.weights.initialise import check_dtype, check_half, device_of, usual_mode, without_initialising

if TYPE_CHECKING:
    from s2pzoo.weights.publish import Published

Callback = Callable[[str, Mapping[str, Tensor]], None]

MAX_BATCH = 16
"""Drawings that run together; more are run in several batches."""


class Pipeline:
    """A model ready to run: `pipeline("face.png")` is a photo.

    The tools of its family are methods: `pipeline.morph(a, b)`. They are made of `read`, `execute` and
    `Inputs.give_back`.

    Attributes:
        model: what it runs, as declared, loaded, swapped or composed.
        tools: tool name -> its declaration.
        components: step name -> network.
        weights: step name -> where its trained weights are from, as `model@sha256`.
        untrained: names of steps whose networks have no trained weights.
        metadata: what goes into the manifest when it is saved: licence, training, metrics, ...
        device: where it runs.
        dtype: what its networks compute in, but those that are `precise`; every value is float32.
        runs: step name -> in which engine it runs, where that is not PyTorch alone, see `pipeline.runtimes`.
        rounded: whether its weights are not what they were, for they have been in a smaller dtype.
    """

    def __init__(
        self,
        *,
        model: Model,
        components: Mapping[str, Component],
        tools: Mapping[str, ToolEntry] | None = None,
        weights: Mapping[str, str] | None = None,
        named: Mapping[str, str] | None = None,
        untrained: Iterable[str] = (),
        metadata: Mapping[str, Any] | None = None,
        device: str | torch.device = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        missing = [step.name for step in model.steps if step.name not in components]
        if missing:
            raise UsageError(f"{model.name} has no network for {', '.join(missing)}.")
        self.model = graph.check(model)
        self.tools = dict(tools or {})
        self.device = torch.device(device)
        self.components = {step.name: components[step.name].eval() for step in model.steps}
        self.weights = dict(weights or {})
        self.named = dict(named or {})
        self.untrained = tuple(untrained)
        self.metadata = dict(metadata or {})
        self.rounded = False
        self.runs: dict[str, str] = {}
        self._hooks: list[Any] = []
        self.to(self.device, dtype)

    @staticmethod
    def from_pretrained(ref: str | Path, **more: Any) -> Pipeline:
        """`s2pzoo.load`, for those who look for it here: `owner/repo` on the Hub, a folder, or the name of a model.

        Args:
            ref: with `hf://` or without; what is a folder here is that folder.
            **more: as for `s2pzoo.load`, `revision` and `device` among them. Errors as for it.
        """
        on_hub = isinstance(ref, str) and ref.count("/") == 1 and not ref.startswith((".", "/", "~"))
        return s2pzoo.load(f"hf://{ref}" if on_hub and not Path(ref).is_dir() else ref, **more)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.model.name!r}, device={str(self.device)!r})"

    def _repr_html_(self) -> str:
        """What a notebook shows: the steps."""
        return f"<pre>{html.escape(self.explain())}</pre>"

    def to(self, device: str | torch.device | torch.dtype | None = None, dtype: torch.dtype | None = None) -> Pipeline:
        """Itself, on another device (as torch names it, or "auto"), or computing in another dtype, or both.

        Raises:
            UsageError: there is no such device; models do not run in that dtype.
        """
        if isinstance(device, torch.dtype):
            device, dtype = None, device
        where = self.device if device is None else device_of(device)
        wanted = self.dtype if dtype is None else dtype
        check_half(wanted)
        if self.runs:
            runtimes.leave(self)
        self.device, self.dtype = where, wanted
        self.rounded |= wanted != torch.float32
        for hook in self._hooks:
            hook.remove()
        self._hooks = []
        for component in self.components.values():
            own = torch.float32 if component.precise else wanted
            component.to(device=where, dtype=own if self.rounded else None)
            if own != torch.float32:
                self._hooks.append(
                    component.register_forward_pre_hook(functools.partial(_enter, own), with_kwargs=True)
                )
                self._hooks.append(component.register_forward_hook(_leave))
        return self

    def compile(self, **how: Any) -> Pipeline:
        """Itself, its networks compiled by torch when they first run; `how` as for torch.compile."""
        for component in self.components.values():
            component.compile(**how)
        return self

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """The tool of that name, as a method."""
        tool = self.__dict__.get("tools", {}).get(name)
        if tool is None:
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}", name=name, obj=self)
        return functools.partial(load_object(tool.method), self)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.tools})

    def __call__(self, sketch: Any, *, seed: int = 0, **options: Any) -> Any:
        """The photo of a drawing, or a list of photos of a list; tensors of tensors. Arguments as for `run`."""
        return self.run(sketch, seed=seed, **options).photo

    def run(
        self,
        sketch: Any,
        *,
        keep: bool = False,
        seed: int = 0,
        fit: bool | str = "auto",
        strokes: str = "",
        callbacks: Iterable[Callback] = (),
        **options: Any,
    ) -> Result:
        """Run on one drawing or a list of them.

        Args:
            sketch: a path, PIL image, array, strokes; a tensor (1,S,S) or (N,1,S,S) in [0,1], 1 is paper; or a list.
            keep: make and keep every value, those of side steps too.
            seed: for parts that draw random numbers. Each drawing gets the same, whatever else is in the list.
            fit: "auto": what the drawing shows is found and brought to where its kind lies, where somebody can tell;
                True: it is moved and scaled so that its ink fills the frame of its kind; False: taken as it lies.
            strokes: the form of strokes JSON, where it does not say: "points", "quickdraw", see `imaging.formats`.
            callbacks: each is called after every step with the step's name and what it gave, by value name; an error
                of one ends the run.
            **options: of the steps, see `s2pzoo info`.

        Raises:
            UnknownOptionError, BadOptionError: an option.
            BadInputError: a drawing.
            PluginFailedError: the output is not finite.
        """
        if self.device.type == "meta":
            raise UsageError("On the device meta there are shapes and no photos.", fix="Use auto, cpu, cuda or mps.")
        chosen, callbacks, seed = graph.read_options(self.model, options), _callables(callbacks), _whole(seed)
        inputs = self.read(sketch, fit=fit, strokes=strokes)
        wanted = tuple(self.model.values) if keep else (self.model.output,)
        timing: dict[str, float] = {}
        parts = [
            self._execute({self.model.input: part}, wanted, chosen, seed=seed, timing=timing, callbacks=callbacks)
            for part in inputs.tensor.split(MAX_BATCH)
        ]
        values = parts[0] if len(parts) == 1 else {name: torch.cat([part[name] for part in parts]) for name in wanted}
        output = self.model.output
        if not bool(torch.isfinite(values[output]).all()):
            raise PluginFailedError(
                f"{self.model.name} made NaN or infinity of this drawing.", why="Its weights or its code are broken.",
                fix="Ask `execute` for the values before it to see where it begins, or get the weights again.",
            )  # fmt: skip
        return Result(
            photo=inputs.give_back(values[output], self.model.values[output]),
            values=values,
            notes=self._notes(inputs),
            seed=seed,
            timing=timing,
            provenance=self.provenance(inputs, seed, {name: chosen[name] for name in options}),
            output=output,
            inputs=inputs,
        )

    def read(self, sketch: Any, *, fit: bool | str = "auto", strokes: str = "", size: int | None = None) -> Inputs:
        """Drawings as a batch for the input: `execute({pipeline.model.input: inputs.tensor}, ...)`.

        Args:
            size: side in pixels, where it is not to be the model's.

        Raises:
            BadInputError: a drawing that cannot be read.
        """
        port = self.model.input_port if size is None else attrs.evolve(self.model.input_port, size=size)
        kind = default_registry().dataset(self.model.dataset) if self.model.dataset else None
        locate = load_object(kind.locate) if kind and kind.locate and fit == "auto" else None
        with usual_mode("cpu"):
            return read_inputs(
                sketch, port, fit=fit, frame=kind and kind.frame, locate=locate, strokes=strokes,
                shaded=bool(kind and kind.shaded), allow_blank=self.model.blank_ok,
            )  # fmt: skip

    def execute(
        self, values: Mapping[str, Tensor], wanted: Sequence[str], *, seed: int = 0, **options: Any
    ) -> dict[str, Tensor]:
        """The values `wanted`, running only the steps that are needed where `values` are there already.

        Give the latent and ask for the photo, and nothing before the latent runs: this is what makes a slider live.

        Args:
            values: value name -> tensor (N, ...), all of one N.
            wanted: value names.
            seed, **options: as for `run`; options of steps that do not run are checked and have no effect.

        Raises:
            UsageError: an unknown value, or one that cannot be made from what is given.
        """
        options = graph.read_options(self.model, options)
        return self._execute(values, wanted, options, seed=_whole(seed), timing={})

    def explain(self) -> str:
        """The steps as a table."""
        return graph.explain(self.model)

    def save(
        self,
        folder: str | Path,
        *,
        name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        dtype: str = "float32",
        golden: Tensor | None = None,
        by_name: bool = False,
        overwrite: bool = False,
    ) -> Path:
        """Write it as a bundle that `load` and `compose` read.

        Args:
            name: `family.variant` of the bundle; by default the model's.
            metadata: fields of the manifest to add or replace: summary, paper, licence, training, metrics,
                differences, limits.
            dtype: "float32" or "float16", of the stored weights.
            golden: the input of the golden tensors; by default a plain drawing.
            by_name: of trained parts of other models it keeps the names, and no copies of their weights: a small
                bundle, for machines that have these models, too.
            overwrite: replace a README.md, a manifest.json, ..., too, that s2pzoo did not write.

        Raises:
            OutputError: it cannot be written there.
            UsageError: it holds an object whose class no plugin declares, its weights were rounded, or they are no
                longer those of the parts that are to be named.
        """
        if self.rounded:
            raise UsageError(
                f"{self.model.name} cannot be saved.", why="Its weights were rounded to a smaller dtype.",
                fix="Load it again without dtype, and save that.",
            )  # fmt: skip
        foreign = [step.name for step in self.model.steps if step.component.startswith(f"{UNREGISTERED}/")]
        if foreign:
            raise UsageError(
                f"{', '.join(foreign)} cannot be saved.", why="No plugin declares the class, so nothing could load it.",
                fix="Declare it as a component of a plugin.",
            )  # fmt: skip
        model = attrs.evolve(self.model, name=name or self.model.name)
        about = self.metadata | dict(metadata or {})
        named = self.named if by_name else {}
        save_bundle(
            folder, model, self.components, golden=golden, about=about, named=named, dtype=dtype, overwrite=overwrite
        )
        return Path(folder)

    def push_to_hub(self, repo: str, *, private: bool = False, **more: Any) -> Published:
        """Save it and upload it to `owner/repo` on the Hub.

        Args:
            private: of a repository that is made.
            **more: as for `save`. Errors as for `save` and `weights.publish.publish`.
        """
        from s2pzoo.weights.publish import publish

        with tempfile.TemporaryDirectory() as folder:
            return publish(self.save(folder, **more), repo, private=private)

    def _execute(
        self,
        values: Mapping[str, Tensor],
        wanted: Sequence[str],
        options: Mapping[str, Any],
        *,
        seed: int,
        timing: dict[str, float],
        callbacks: Iterable[Callback] = (),
    ) -> dict[str, Tensor]:
        steps = graph.needed(self.model, values, wanted)
        have = {name: value.to(self.device) for name, value in values.items()}
        reads = [set(step.inputs.values()) for step in steps]
        check_dtype()
        with usual_mode(self.device), torch.no_grad():
            have = {name: value.clone() if value.is_inference() else value for name, value in have.items()}
            for index, step in enumerate(steps):
                started = time.perf_counter()
                given = self._run_step(step, have, options, seed)
                have = {**given, **have}
                timing[step.name] = timing.get(step.name, 0.0) + time.perf_counter() - started
                for callback in callbacks:
                    callback(step.name, dict(given))
                still_read = set(wanted).union(*reads[index + 1 :])
                have = {name: value for name, value in have.items() if name in still_read}
        return {name: have[name] for name in wanted}

    def _run_step(
        self, step: Step, have: Mapping[str, Tensor], options: Mapping[str, Any], seed: int
    ) -> dict[str, Tensor]:
        component = self.components[step.name]
        ports = {port: have[value] for port, value in step.inputs.items()}
        options = {option.name: options[option.name] for option in step.options}
        try:
            grad = torch.enable_grad() if component.needs_grad else contextlib.nullcontext()
            with grad, contained(f"Step {step.name!r} ({step.component}) of {self.model.name}"):
                if component.wants_generator:
                    given = self._one_by_one(step, ports, options, seed)
                else:
                    given = by_port(component(**ports, **options), step)
        except S2PZooError:
            raise
        except Exception as error:
            error.add_note(f"This happened in step {step.name!r} ({step.component}) of {self.model.name}.")
            raise
        return {step.outputs[port]: _detached(value) for port, value in given.items()}

    def _one_by_one(
        self, step: Step, ports: Mapping[str, Tensor], options: Mapping[str, Any], seed: int
    ) -> dict[str, Tensor]:
        """A random part on each drawing alone, every time from the same state of its generator."""
        generator = torch.Generator(self.device)
        start = zlib.crc32(f"{seed}:{step.name}".encode())
        rows = []
        for index in range(len(next(iter(ports.values())))):
            row = {port: value[index : index + 1] for port, value in ports.items()}
            given = self.components[step.name](**row, **options, generator=generator.manual_seed(start))
            rows.append(by_port(given, step))
        return {port: torch.cat([row[port] for row in rows]) for port in rows[0]}

    def _notes(self, inputs: Inputs) -> tuple[str, ...]:
        named = zip(inputs.sources, inputs.notes, strict=True)
        read = [f"{source}: {note}" if inputs.many else note for source, notes in named for note in notes]
        return (*read, *self._remarks())

    def _remarks(self) -> tuple[str, ...]:
        return (f"untrained: {', '.join(self.untrained)}",) if self.untrained else ()

    def provenance(self, inputs: Inputs, seed: int, options: Mapping[str, Any]) -> dict[str, Any]:
        """What made a photo, as plain data: the model and its weights, the drawing, the seed, the options given."""
        return {
            "model": self.model.name,
            "steps": {step.name: step.component for step in self.model.steps},
            "weights": self.weights,
            "remarks": list(self._remarks()),
            "sketch": inputs.sources[0] if len(inputs.sources) == 1 else list(inputs.sources),
            "notes": [note for notes in inputs.notes for note in notes],
            "seed": seed,
            "options": {name: self._recorded(name, value) for name, value in options.items()},
            "licence": self.metadata.get("licence", {}),
            "dtype": str(self.dtype).removeprefix("torch."),
            "s2pzoo": s2pzoo.__version__,
            "torch": str(torch.__version__),
        }

    def _recorded(self, name: str, value: Any) -> Any:
        """An option as JSON can hold it; of a path the name alone, for the folders are nobody's business."""
        return Path(value).name if value is not None and self.model.options[name].word == "path" else value


def save_bundle(
    folder: str | Path,
    model: Model,
    networks: Mapping[str, nn.Module],
    *,
    golden: Tensor | None = None,
    about: Mapping[str, Any] | None = None,
    named: Mapping[str, str] | None = None,
    dtype: str = "float32",
    overwrite: bool = False,
) -> Bundle:
    """Write a bundle, read it back into fresh networks, and add what these make of a fixed input.

    Args:
        golden: that input, (1, ...); by default a plain drawing. A part of a model, or one that takes no picture, has
            no golden tensors.

    Further arguments and errors as for `weights.bundle.write_bundle`.
    """
    named = named or {}
    theirs = _parts_as_named(named, networks)
    bundle = write_bundle(folder, model, networks, about=about, named=named, dtype=dtype, overwrite=overwrite)
    given = golden_input(model.input_port) if golden is None else golden
    ours = {step.name: network for step in model.steps if isinstance(network := networks[step.name], Component)}
    if graph.misfits(model) or given is None or len(ours) < len(model.steps):
        return bundle
    with without_initialising():
        fresh = {name: type(network)(network.config) for name, network in ours.items() if name not in named}
    bundle.load_into(fresh)
    return amend_bundle(folder, golden=golden_values(Pipeline(model=model, components=fresh | theirs), given))


def _parts_as_named(named: Mapping[str, str], networks: Mapping[str, Any]) -> dict[str, Any]:
    """The trained parts of these names, step name -> fresh network.

    Raises:
        UsageError: the network of a step has not the weights of its part.
    """
    with without_initialising():
        fresh = {step: type(networks[step])(networks[step].config) for step in named}
    for step, one in fresh.items():
        load_part(named[step], one)
        now = networks[step].state_dict()
        if any(not torch.equal(value, now[key].cpu()) for key, value in one.state_dict().items()):
            raise UsageError(
                f"Step {step!r} is no longer {named[step]}.", why="Its weights were changed since.",
                fix="Save it with its weights: by_name=False.",
            )  # fmt: skip
    return fresh


def _whole(seed: Any) -> int:
    """Raises UsageError for what is no whole number."""
    try:
        return operator.index(seed)
    except TypeError as error:
        raise UsageError(f"seed is {seed!r}.", fix="Give a whole number.") from error


def _callables(callbacks: Any) -> tuple[Callback, ...]:
    """Raises UsageError for what cannot be called."""
    found: tuple[Any, ...] = (None,)
    with contextlib.suppress(TypeError):
        found = tuple(callbacks)
    if not all(callable(one) for one in found):
        raise UsageError(f"callbacks is {callbacks!r}.", fix="Give a list of functions of (step, values).")
    return found


def _enter(dtype: torch.dtype, component: Component, args: Any, given: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """What a component in a smaller dtype is given, in that."""
    return args, {name: _as(dtype, value) for name, value in given.items()}


def _leave(component: Component, args: Any, given: Any) -> Any:
    """What it gives, in float32."""
    return _as(torch.float32, given)


def _as(dtype: torch.dtype, value: Any) -> Any:
    """Tensors of floats in this dtype, also those in lists and mappings; other things as they are."""
    if isinstance(value, list | tuple):
        return [_as(dtype, one) for one in value]
    if isinstance(value, Mapping):
        return {name: _as(dtype, one) for name, one in value.items()}
    return value.to(dtype) if isinstance(value, Tensor) and value.is_floating_point() else value


def _detached(value: Any) -> Any:
    """Of several maps, each."""
    return [one.detach() for one in value] if isinstance(value, list | tuple) else value.detach()


def by_port(given: Any, step: Step) -> dict[str, Tensor]:
    """What a component returned, by port: a tensor of one port, or a mapping of all of them."""
    gives = tuple(step.gives)
    if isinstance(given, Tensor) and len(gives) == 1:
        return {gives[0]: given}
    if isinstance(given, Mapping) and set(given) == set(gives):
        return dict(given)
    got = sorted(given) if isinstance(given, Mapping) else type(given).__name__
    raise PluginFailedError(
        f"{step.component} gave {got} in step {step.name!r}.", why=f"Its ports give {', '.join(gives)}."
    )
