"""What a plugin declares, as data: components, models, tasks, datasets, tools, and adapters. No torch.

Classes that need torch are named as `"module:Class"` and imported when somebody asks for them. Every class here checks
itself when it is made and raises DeclarationError with the field at fault.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable
from functools import cached_property
from typing import Any, Literal, get_args

import attrs
from attrs import field, frozen

from s2pzoo.errors import BadNameError, BadOptionError, DeclarationError, UnknownOptionError
from s2pzoo.spec.fields import Field
from s2pzoo.spec.names import is_word, parse_component, parse_model
from s2pzoo.spec.ports import KINDS, Port, Ports

API_VERSION = 2
"""The plugin API this core speaks. A plugin module states the one it was written for: `S2PZOO_API = 2`."""

ComponentKind = Literal["encoder", "generator", "refiner", "discriminator", "loss", "adapter"]
RESERVED_OPTIONS = frozenset({"sketch", "keep", "seed", "fit", "strokes", "callbacks", "generator"})
"""Words a pipeline uses itself."""
OPTION_TYPES = ("float", "int", "str", "bool", "mapping", "path")

UNREGISTERED = "unregistered"
"""Stands for the plugin of a component whose class no plugin declares."""

_REFERENCE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)


def _component_name(instance: object, attribute: attrs.Attribute, value: object) -> None:
    _named(parse_component, instance, attribute, value)


def _model_name(instance: object, attribute: attrs.Attribute, value: object) -> None:
    if _named(parse_model, instance, attribute, value).variant is None:
        raise _wrong(instance, attribute, f"{value!r} has no variant", "Write family.variant.")


def _named(parse: Any, instance: object, attribute: attrs.Attribute, value: object) -> Any:
    try:
        return parse(value)
    except BadNameError as error:
        raise _wrong(instance, attribute, error.what, error.why) from None


def _must(fits: Callable[[Any], object], problem: str, fix: str = "") -> Any:
    """A validator: whether a value `fits`, and what is said of one that does not."""

    def check(instance: object, attribute: attrs.Attribute, value: object) -> None:
        if not fits(value):
            raise _wrong(instance, attribute, f"{value!r} {problem}", fix)

    return check


def _one_of(*known: str) -> Any:
    return _must(lambda value: value in known, f"is none of {', '.join(known)}")


_word = _must(is_word, "is not a word of a-z, 0-9, - and _")
_identifier = _must(lambda value: isinstance(value, str) and value.isidentifier(), "is not a Python identifier")
_text = _must(lambda value: isinstance(value, str), "is not a text")
_filled = _must(lambda value: isinstance(value, str) and value, "is not a text")
_flag = _must(lambda value: isinstance(value, bool), "is neither True nor False")
_mapping = _must(lambda value: isinstance(value, dict), "is not a mapping")
_kind = _must(lambda value: isinstance(value, str) and (value in KINDS or ":" in value), "is no port kind")
_reference = _must(
    lambda value: isinstance(value, str) and _REFERENCE.fullmatch(value),
    "does not read 'module:Class'",
    "Name it, do not import it.",
)
_config_object = _must(
    lambda value: not isinstance(value, type) and attrs.has(type(value)) and callable(getattr(value, "ports", None)),
    "is not an attrs object with a ports() method",
)


def _wrong(instance: object, attribute: attrs.Attribute | str, problem: str, fix: str = "") -> DeclarationError:
    owner = type(instance).__name__
    name = getattr(instance, "name", None)
    label = f"{owner} {name!r}" if isinstance(name, str) else owner
    where = attribute if isinstance(attribute, str) else attribute.name
    return DeclarationError(f"{label}: {where}: {problem}.", fix=fix)


def check_option(option: Field) -> None:
    """Whether a field can stand as an option of a step.

    Raises:
        DeclarationError: it cannot.
    """
    if not option.name.isidentifier() or option.name in RESERVED_OPTIONS:
        raise _wrong(option, "name", "it is no identifier, or a word that the pipeline uses itself")
    if option.word not in OPTION_TYPES:
        raise _wrong(option, "type", f"{option.word!r} is none of {', '.join(OPTION_TYPES)}")
    if option.keys is not None and option.word != "mapping":
        raise _wrong(option, "keys", "only a mapping has keys")
    if (option.low is not None or option.high is not None) and option.word not in ("float", "int", "mapping"):
        raise _wrong(option, "low", f"a {option.word} has no range")
    try:
        option.read(option.default)
    except (BadOptionError, UnknownOptionError) as error:
        raise _wrong(option, "default", f"its own rules refuse it. {error.what} {error.why}".rstrip(" .")) from None


@frozen(kw_only=True)
class ComponentEntry:
    """A network or other part. It stands on its config class, as the class attribute `component`.

    Args:
        name: `plugin/component`.
        kind: encoder, generator, refiner, discriminator, loss, or adapter.
        network: "module:Class", an s2pzoo.interfaces.Component; may import torch.
        summary: one line.
        source: where it comes from: paper section, equation, or repository.
        variants: a field of its config that a name may say: with "model", `acme/net-small` is `acme/net` with
            model="small". Empty: none.
        config: the class of its configs, frozen attrs with `ports() -> Ports`; set when a plugin is loaded.
    """

    name: str = field(validator=_component_name, kw_only=False)
    kind: str = field(validator=_one_of(*get_args(ComponentKind)))
    network: str = field(validator=_reference)
    summary: str = field(default="", validator=_text)
    source: str = field(default="", validator=_text)
    variants: str = field(default="", validator=_text)
    config: Any = None

    def variant(self, value: str) -> ComponentEntry:
        """The same with `value` as what its config has where nothing else is said."""
        return attrs.evolve(self, config=_with_default(self.config, self.variants, value))

    @classmethod
    def of(cls, config: Any) -> ComponentEntry:
        """The entry of a config class.

        Raises:
            DeclarationError: it has none, or is no config class.
        """
        entry = getattr(config, "component", None)
        if not (isinstance(config, type) and attrs.has(config) and callable(getattr(config, "ports", None))):
            raise DeclarationError(f"{config!r} is not an attrs class with a ports() method.")
        if not isinstance(entry, cls):
            raise DeclarationError(f"{config.__name__}.component is a {type(entry).__name__}, not a ComponentEntry.")
        if entry.variants and entry.variants not in {attribute.name for attribute in attrs.fields(config)}:
            raise DeclarationError(f"{config.__name__} has no field {entry.variants!r}, which {entry.name} varies by.")
        return attrs.evolve(entry, config=config)


@functools.cache
def _with_default(config: Any, name: str, value: str) -> Any:
    """A config class that differs in one default."""
    field_ = attrs.fields_dict(config)[name]
    other = attrs.field(default=value, kw_only=True, validator=field_.validator, metadata=dict(field_.metadata))
    hints = {"__annotations__": {name: str}, name: other, "__doc__": config.__doc__, "__module__": config.__module__}
    return frozen(kw_only=True)(type(config.__name__, (config,), hints))


def _component_of(step: Step) -> str:
    entry = getattr(step.config, "component", None)
    return entry.name if isinstance(entry, ComponentEntry) else ""


@frozen(kw_only=True, slots=False)
class Step:
    """One component in a model, by its config, and the names of the values it reads and writes.

    Args:
        name: the step's word in the model, and the prefix of its weights.
        config: the component's config object. Its `options()`, where it has them, are the knobs that a caller may turn
            per run; they are passed to the component by keyword.
        reads, writes: port name -> value name, where they differ.
        side: not on the way to the output; runs only when its value is asked for.
        component: `plugin/component`; by default what the config says.
    """

    name: str = field(validator=_word, kw_only=False)
    config: Any = field(validator=_config_object, kw_only=False)
    reads: dict[str, str] = field(factory=dict, converter=dict)
    writes: dict[str, str] = field(factory=dict, converter=dict)
    side: bool = field(default=False, validator=_flag)
    component: str = field(default=attrs.Factory(_component_of, takes_self=True), validator=_component_name)

    def __attrs_post_init__(self) -> None:
        for which, renames, known in (("reads", self.reads, self.takes), ("writes", self.writes, self.gives)):
            for port, value in renames.items():
                if port not in known:
                    raise _wrong(self, which, f"the component has no port {port!r}, only {', '.join(known) or 'none'}")
                if not (isinstance(value, str) and value.isidentifier()):
                    raise _wrong(self, which, f"{value!r} cannot name a value")
        names = [option.name for option in self.options]
        for option in self.options:
            if names.count(option.name) > 1 or option.name in self.takes:
                raise _wrong(self, "options", f"{option.name!r} is declared twice, or is also a port")

    @cached_property
    def ports(self) -> Ports:
        """The component's ports under this config."""
        ports = self.config.ports()
        if not isinstance(ports, Ports):
            raise _wrong(self, "config", f"ports() gave a {type(ports).__name__}, not Ports")
        return ports

    @property
    def takes(self) -> dict[str, Port]:
        """Its ports by name."""
        return self.ports.takes

    @property
    def gives(self) -> dict[str, Port]:
        """Its ports by name."""
        return self.ports.gives

    @cached_property
    def options(self) -> tuple[Field, ...]:
        """The knobs of a run."""
        options = tuple(getattr(self.config, "options", tuple)())
        for option in options:
            if not isinstance(option, Field):
                raise _wrong(self, "options", "every item must be a Field")
            check_option(option)
        return options

    @cached_property
    def inputs(self) -> dict[str, str]:
        """Port name -> value name for all ports it takes."""
        return {port: self.reads.get(port, port) for port in self.takes}

    @cached_property
    def outputs(self) -> dict[str, str]:
        """Port name -> value name for all ports it gives."""
        return {port: self.writes.get(port, port) for port in self.gives}


@frozen(kw_only=True)
class Weights:
    """Where a model's trained weights may be found.

    Args:
        bundled: a folder in the plugin's package, relative to it.
        hub: "owner/repo@revision".
    """

    bundled: str | None = field(default=None, validator=attrs.validators.optional(_filled))
    hub: str | None = field(default=None, validator=attrs.validators.optional(_filled))

    def __attrs_post_init__(self) -> None:
        if self.bundled is None and self.hub is None:
            raise _wrong(self, "bundled", "neither bundled nor hub is given", "For a model without weights: None.")
        if self.bundled and (os.path.isabs(self.bundled) or ".." in re.split(r"[/\\]", self.bundled)):
            raise _wrong(self, "bundled", f"{self.bundled!r} leaves the plugin's package")


@frozen(kw_only=True, slots=False)
class Model:
    """A whole way from a drawing to a photo: steps from one input value to one output value, each value written once.

    This one object is declared by a plugin, read from a manifest, changed by swaps, composed, run and saved.

    Args:
        name: `family.variant`.
        steps: in order.
        input: the value the drawing is put under.
        output: the value that is the result.
        size: side of the drawing in pixels.
        weights: where trained ones are, or None.
        dataset: the dataset whose frame its drawings live in, `plugin/dataset`, or empty.
        default: what the bare family name means. One model of each family, where it has more than one.
        blank_ok: whether an empty drawing is a fair input.
        summary, paper, licence: one line each. The licence is the weights'.
        inserted: names of the steps that were put in as lossless adapters.
    """

    name: str = field(validator=_model_name, kw_only=False)
    steps: tuple[Step, ...] = field(converter=tuple)
    input: str = field(default="sketch", validator=_identifier)
    output: str = field(default="photo", validator=_identifier)
    size: int = 256
    weights: Weights | None = field(default=None)
    dataset: str = field(default="", validator=_text)
    default: bool = field(default=False, validator=_flag)
    blank_ok: bool = field(default=False, validator=_flag)
    summary: str = field(default="", validator=_text)
    paper: str = field(default="", validator=_text)
    licence: str = field(default="", validator=_text)
    inserted: frozenset[str] = frozenset()

    def __attrs_post_init__(self) -> None:
        if not self.steps or not all(isinstance(step, Step) for step in self.steps):
            raise _wrong(self, "steps", "wanted one Step or more, and nothing else")
        names = [step.name for step in self.steps]
        if len(set(names)) != len(names):
            raise _wrong(self, "steps", f"two steps share a name among {', '.join(names)}")
        if not any(self.output in step.outputs.values() for step in self.steps):
            raise _wrong(self, "output", f"no step writes {self.output!r}")
        if not isinstance(self.size, int) or isinstance(self.size, bool) or self.size < 1:
            raise _wrong(self, "size", f"{self.size!r} is not a positive int")
        if not isinstance(self.weights, Weights | None):
            raise _wrong(self, "weights", f"a {type(self.weights).__name__} is not Weights")
        for option in self.options.values():
            if any(other != option for step in self.steps for other in step.options if other.name == option.name):
                raise _wrong(self, "steps", f"two steps declare option {option.name!r} differently")

    @property
    def family(self) -> str:
        """What stands before the dot."""
        return parse_model(self.name).family

    @property
    def variant(self) -> str:
        """What stands after the dot."""
        return parse_model(self.name).variant or ""

    @cached_property
    def options(self) -> dict[str, Field]:
        """Every option of every step, by name."""
        return {option.name: option for step in self.steps for option in step.options}

    @property
    def input_port(self) -> Port:
        """What the input is: the kind it is named after, else what its first reader takes; a picture has `size`."""
        readers = (step.takes[p] for step in self.steps for p, value in step.inputs.items() if value == self.input)
        kind = self.input if self.input in KINDS else next(readers, Port("sketch")).kind
        return Port(kind, size=self.size) if KINDS.get(kind) else next(readers, Port(kind))

    @cached_property
    def values(self) -> dict[str, Port]:
        """Every value's port, in the order they come to be."""
        made = {value: step.gives[port] for step in self.steps for port, value in step.outputs.items()}
        return {self.input: self.input_port} | made

    def step(self, name: str) -> Step:
        """The step of that name.

        Raises:
            KeyError: there is none.
        """
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(name)


@frozen(kw_only=True)
class TaskEntry:
    """A training task that recipes name.

    Args:
        name: `plugin/task`.
        factory: "module:Class", an s2pzoo.train.task.Task.
        example: "module:function" of (folder: Path): it writes data to try the task on, and gives the overrides of the
            task's first recipe with which a few steps take seconds, such as ["schedule.batch=2"]. None: there is none.
        summary: one line.
    """

    name: str = field(validator=_component_name, kw_only=False)
    factory: str = field(validator=_reference)
    example: str | None = field(default=None, validator=attrs.validators.optional(_reference))
    summary: str = field(default="", validator=_text)


@frozen(kw_only=True)
class DatasetEntry:
    """What can be trained and evaluated on.

    Args:
        name: `plugin/dataset`.
        reader: "module:function" of (folder: Path), an s2pzoo.data.dataset.Dataset; raises DataError where the
            folder is not one. Where nothing pairs drawings and photos: of (folder, *, size: int, split: str,
            strokes: str), an s2pzoo.data.unpaired.Collection.
        paired: whether its drawings are of its photos.
        frame: where its drawings live in their square, or None: what `--fit` brings a drawing to.
        locate: "module:function" of (ink (S,S), 1 is paper), giving a list of spec.frame.Found, the surest first: where
            the frame's points are in a drawing. None: nobody can tell.
        shaded: whether its drawings have filled and shaded areas; else those of others are read as their outlines.
        summary: one line.
    """

    name: str = field(validator=_component_name, kw_only=False)
    reader: str = field(validator=_reference)
    paired: bool = field(default=True, validator=_flag)
    frame: Any = None
    locate: str | None = field(default=None, validator=attrs.validators.optional(_reference))
    shaded: bool = field(default=False, validator=_flag)
    summary: str = field(default="", validator=_text)


INPUTS = ("drawing", "drawings", "parts", "photo", "photos", "mask", "folder", "new folder")
GIVES = ("picture", "pictures", "animation", "folder")


@frozen(kw_only=True)
class Input:
    """One thing that a tool is given.

    Args:
        name: the keyword.
        kind: "drawing", "photo", "mask", "folder", "new folder": one of them. "drawings", "photos": the tool is called
            for each of many. "parts": drawings by name, each a keyword of its own.
        help: one line.
        names: of parts, as far as they are known.
    """

    name: str = field(validator=_identifier, kw_only=False)
    kind: str = field(validator=_one_of(*INPUTS), kw_only=False)
    help: str = field(default="", validator=_text, kw_only=False)
    names: tuple[str, ...] = field(default=(), converter=tuple)


@frozen(kw_only=True)
class ToolEntry:
    """A verb beyond `generate`: the command line and the studio offer it, and `pipeline.NAME(...)` calls it.

    Args:
        name: the verb.
        method: "module:function", called with the pipeline (where `model`), the inputs and the options by keyword.
        inputs: in order.
        options: its own knobs; with `run_options` it also takes those of the model's steps.
        gives: "picture" (PIL, or a tensor), "pictures", "folder", or "animation": it is called with `t` for each
            moment, 0 the first to 1 the last, or a mapping of parts to such.
        model: whether it works on a loaded model of its family.
        models: of these alone, `family.variant`; none: of all in the family.
        seeded: whether it takes `seed`.
        under: its options, where its picture of a drawing is a guide to lie under it while one draws. None: it is none.
        summary: one line, as for a help text.
    """

    name: str = field(validator=_word, kw_only=False)
    method: str = field(validator=_reference)
    inputs: tuple[Input, ...] = field(converter=tuple)
    options: tuple[Field, ...] = field(default=(), converter=tuple)
    gives: str = field(default="picture", validator=_one_of(*GIVES))
    model: bool = field(default=True, validator=_flag)
    models: tuple[str, ...] = field(default=(), converter=tuple)
    run_options: bool = field(default=False, validator=_flag)
    seeded: bool = field(default=False, validator=_flag)
    under: dict[str, Any] | None = field(default=None, validator=attrs.validators.optional(_mapping))
    summary: str = field(default="", validator=_text)

    def __attrs_post_init__(self) -> None:
        if not self.inputs or not all(isinstance(one, Input) for one in self.inputs):
            raise _wrong(self, "inputs", "wanted Inputs, and nothing else")
        if not all(isinstance(one, Field) for one in self.options):
            raise _wrong(self, "options", "wanted Fields, and nothing else")

    def serves(self, model: Model) -> bool:
        """Whether it works on this model of its family."""
        return self.model and (not self.models or model.name in self.models)


@frozen(kw_only=True)
class AdapterEntry:
    """A component that turns one kind of port into another. Lossless ones are inserted where they help."""

    name: str = field(validator=_component_name, kw_only=False)
    kind_from: str = field(validator=_kind)
    kind_to: str = field(validator=_kind)
    factory: str = field(validator=_reference)
    lossless: bool = field(validator=_flag)
    summary: str = field(default="", validator=_text)


@frozen(kw_only=True)
class Declaration:
    """All that one plugin declares: what its `s2pzoo_plugin` returns.

    Args:
        components: config classes that say their `component`.
        models: where there are several, one says `default=True`.
        tasks, datasets, tools, adapters: entries.
    """

    components: tuple[ComponentEntry, ...] = field(default=(), converter=lambda its: tuple(map(ComponentEntry.of, its)))
    models: tuple[Model, ...] = field(default=(), converter=tuple)
    tasks: tuple[TaskEntry, ...] = field(default=(), converter=tuple)
    datasets: tuple[DatasetEntry, ...] = field(default=(), converter=tuple)
    tools: tuple[ToolEntry, ...] = field(default=(), converter=tuple)
    adapters: tuple[AdapterEntry, ...] = field(default=(), converter=tuple)
