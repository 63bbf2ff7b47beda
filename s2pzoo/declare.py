"""What a plugin declares, as data: components, models, training tasks, adapters.

A declaration imports no torch: classes are named as `"module:Class"` and imported when somebody asks for them. Every
class here checks itself when it is made and raises DeclarationError with the field at fault.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from typing import Any

import attrs
from attrs import field, frozen

from s2pzoo.errors import BadNameError, BadOptionError, DeclarationError, UnknownOptionError
from s2pzoo.names import is_word, parse_component, parse_model, suggest
from s2pzoo.ports import KINDS, Ports

API_VERSION = 1
"""The plugin API this core speaks. A plugin module may state the one it was written for: `S2PZOO_API = 1`."""

COMPONENT_KINDS = ("encoder", "generator", "refiner", "discriminator", "loss", "adapter")
OPTION_TYPES = ("float", "int", "str", "bool", "mapping", "path")
RESERVED_OPTIONS = frozenset({"sketch", "keep", "seed", "fit", "generator"})
"""Words a pipeline uses itself."""

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


def _word(instance: object, attribute: attrs.Attribute, value: object) -> None:
    if not is_word(value):
        raise _wrong(instance, attribute, f"{value!r} is not a word of a-z, 0-9, - and _")


def _identifier(instance: object, attribute: attrs.Attribute, value: object) -> None:
    if not (isinstance(value, str) and value.isidentifier()):
        raise _wrong(instance, attribute, f"{value!r} is not a Python identifier")


def _reference(instance: object, attribute: attrs.Attribute, value: object) -> None:
    if not (isinstance(value, str) and _REFERENCE.fullmatch(value)):
        raise _wrong(instance, attribute, f"{value!r} does not read 'module:Class'", "Name it, do not import it.")


def _text(instance: object, attribute: attrs.Attribute, value: object) -> None:
    if not isinstance(value, str):
        raise _wrong(instance, attribute, f"{value!r} is not a text")


def _flag(instance: object, attribute: attrs.Attribute, value: object) -> None:
    if not isinstance(value, bool):
        raise _wrong(instance, attribute, f"{value!r} is neither True nor False")


def _one_of(*known: str) -> Any:
    def check(instance: object, attribute: attrs.Attribute, value: object) -> None:
        if value not in known:
            raise _wrong(instance, attribute, f"{value!r} is none of {', '.join(known)}")

    return check


def _wrong(instance: object, attribute: attrs.Attribute | str, problem: str, fix: str = "") -> DeclarationError:
    owner = type(instance).__name__
    name = getattr(instance, "name", None)
    label = f"{owner} {name!r}" if isinstance(name, str) else owner
    where = attribute if isinstance(attribute, str) else attribute.name
    return DeclarationError(f"{label}: {where}: {problem}.", fix=fix)


@frozen(kw_only=True)
class Option:
    """A knob of a step that its caller may turn per run: `pipeline(sketch, blend={"nose": 0.4})`.

    Args:
        name: the keyword.
        type: "float", "int", "str", "bool", "mapping" (of names to numbers), or "path".
        default: what an absent option means. None is always allowed.
        choices: the only values allowed.
        low, high: the inclusive range of a number, or of every number of a mapping.
        keys: the only names allowed in a mapping.
        help: one line for `info`.
    """

    name: str = field(validator=_identifier, kw_only=False)
    type: str = field(validator=_one_of(*OPTION_TYPES), kw_only=False)
    default: Any = field(default=None, kw_only=False)
    choices: tuple[Any, ...] | None = field(default=None, converter=attrs.converters.optional(tuple))
    low: float | None = None
    high: float | None = None
    keys: tuple[str, ...] | None = field(default=None, converter=attrs.converters.optional(tuple))
    help: str = field(default="", validator=_text)

    def __attrs_post_init__(self) -> None:
        if self.name in RESERVED_OPTIONS:
            raise _wrong(self, "name", "the pipeline uses this word itself")
        if self.keys is not None and self.type != "mapping":
            raise _wrong(self, "keys", "only a mapping has keys")
        if (self.low is not None or self.high is not None) and self.type not in ("float", "int", "mapping"):
            raise _wrong(self, "low", f"a {self.type} has no range")
        try:
            self.read(self.default)
        except (BadOptionError, UnknownOptionError) as error:
            raise _wrong(self, "default", f"its own rules refuse it. {error.what} {error.why}".rstrip(" .")) from None

    def read(self, value: Any) -> Any:
        """`value` as the step wants it: numbers as int or float, a mapping as a new dict, a path as str.

        Raises:
            BadOptionError: wrong type, out of range, not one of the choices.
            UnknownOptionError: a key of a mapping that is not declared; carries suggestions.
        """
        if value is None:
            return None
        value = self._typed(value)
        if self.choices is not None and value not in self.choices:
            raise self._bad(value, f"Choose one of {', '.join(map(str, self.choices))}.")
        return value

    def _typed(self, value: Any) -> Any:
        if self.type == "mapping":
            return self._mapping(value)
        if self.type in ("float", "int"):
            return self._number(value, whole=self.type == "int")
        if self.type == "path" and isinstance(value, (str, os.PathLike)):
            return os.fspath(value)
        if isinstance(value, {"str": str, "bool": bool}.get(self.type, ())):
            return value
        raise self._bad(value, f"It wants a {self.type}.")

    def _number(self, value: Any, *, whole: bool) -> float | int:
        if isinstance(value, bool) or not hasattr(value, "__float__"):
            raise self._bad(value, "It wants a number.")
        number = float(value)
        if not math.isfinite(number) or (whole and number != int(number)):
            raise self._bad(value, f"It wants a {'whole' if whole else 'finite'} number.")
        if (self.low is not None and number < self.low) or (self.high is not None and number > self.high):
            raise self._bad(value, f"It goes from {_open(self.low)} to {_open(self.high)}.")
        return int(number) if whole else number

    def _mapping(self, value: Any) -> dict[str, float]:
        if not isinstance(value, Mapping):
            raise self._bad(value, "It wants a mapping of names to numbers.")
        for key in value:
            if self.keys is not None and key not in self.keys:
                raise UnknownOptionError(
                    f"Option {self.name!r} has no {key!r}.",
                    why=f"It has: {', '.join(self.keys)}.",
                    suggestions=suggest(str(key), self.keys),
                )
        return {key: self._number(number, whole=False) for key, number in value.items()}

    def _bad(self, value: Any, why: str) -> BadOptionError:
        return BadOptionError(f"Option {self.name!r} cannot be {value!r}.", why=why)


def _open(bound: float | None) -> str:
    return "any" if bound is None else f"{bound:g}"


@frozen(kw_only=True)
class ComponentEntry:
    """A network or other part, by the class that builds it and the config it is built from.

    Args:
        name: `plugin/component`.
        kind: encoder, generator, refiner, discriminator, loss, or adapter.
        factory: "module:Class", an s2pzoo.interfaces.Component; may import torch.
        config: "module:Class", a frozen attrs class with `ports() -> Ports`; must not import torch.
        summary: one line.
        source: where it comes from: paper section, equation, or repository.
    """

    name: str = field(validator=_component_name, kw_only=False)
    kind: str = field(validator=_one_of(*COMPONENT_KINDS))
    factory: str = field(validator=_reference)
    config: str = field(validator=_reference)
    summary: str = field(default="", validator=_text)
    source: str = field(default="", validator=_text)


def _config_object(instance: object, attribute: attrs.Attribute, value: object) -> None:
    if isinstance(value, type) or not attrs.has(type(value)) or not callable(getattr(value, "ports", None)):
        raise _wrong(instance, attribute, f"{value!r} is not an attrs object with a ports() method")


def _renames(value: Mapping[str, str] | None) -> dict[str, str]:
    return dict(value) if value else {}


def _options(value: Any) -> tuple[Option, ...]:
    return tuple(value)


@frozen(kw_only=True)
class Step:
    """One component in a model, with its config and the names of the values it reads and writes.

    Args:
        name: the step's word in the model, and the prefix of its weights.
        component: `plugin/component`; any plugin's.
        config: the component's config object.
        reads: port name -> value name, where they differ.
        writes: port name -> value name, where they differ.
        options: the knobs that a caller may turn per run; passed to the component by keyword.
        side: not on the way to the output; runs only when its value is asked for.
    """

    name: str = field(validator=_word, kw_only=False)
    component: str = field(validator=_component_name, kw_only=False)
    config: Any = field(validator=_config_object)
    reads: dict[str, str] = field(factory=dict, converter=_renames)
    writes: dict[str, str] = field(factory=dict, converter=_renames)
    options: tuple[Option, ...] = field(default=(), converter=_options)
    side: bool = field(default=False, validator=_flag)

    def __attrs_post_init__(self) -> None:
        ports = self.ports()
        for which, renames, known in (("reads", self.reads, ports.takes), ("writes", self.writes, ports.gives)):
            for port, value in renames.items():
                if port not in known:
                    raise _wrong(self, which, f"the component has no port {port!r}, only {', '.join(known) or 'none'}")
                if not (isinstance(value, str) and value.isidentifier()):
                    raise _wrong(self, which, f"{value!r} cannot name a value")
        names = [option.name for option in self.options if isinstance(option, Option)]
        if len(names) != len(self.options):
            raise _wrong(self, "options", "every item must be an Option")
        for name in names:
            if names.count(name) > 1 or name in ports.takes:
                raise _wrong(self, "options", f"{name!r} is declared twice, or is also a port")

    def ports(self) -> Ports:
        """The component's ports under this config."""
        ports = self.config.ports()
        if not isinstance(ports, Ports):
            raise _wrong(self, "config", f"ports() gave a {type(ports).__name__}, not Ports")
        return ports

    @property
    def inputs(self) -> dict[str, str]:
        """Port name -> value name for all ports it takes."""
        return {port: self.reads.get(port, port) for port in self.ports().takes}

    @property
    def outputs(self) -> dict[str, str]:
        """Port name -> value name for all ports it gives."""
        return {port: self.writes.get(port, port) for port in self.ports().gives}


@frozen(kw_only=True)
class Weights:
    """Where a model's trained weights may be found.

    Args:
        bundled: a folder in the plugin's package, relative to it.
        hub: "owner/repo@revision".
    """

    bundled: str | None = None
    hub: str | None = None

    def __attrs_post_init__(self) -> None:
        if self.bundled is None and self.hub is None:
            raise _wrong(self, "bundled", "neither bundled nor hub is given", "For a model without weights: None.")
        for name, value in (("bundled", self.bundled), ("hub", self.hub)):
            if value is not None and not (isinstance(value, str) and value):
                raise _wrong(self, name, f"{value!r} is not a text")
        if self.bundled and (os.path.isabs(self.bundled) or ".." in re.split(r"[/\\]", self.bundled)):
            raise _wrong(self, "bundled", f"{self.bundled!r} leaves the plugin's package")


def _steps(value: Any) -> tuple[Step, ...]:
    return tuple(value)


@frozen(kw_only=True)
class ModelEntry:
    """A whole way from a sketch to a photo.

    Args:
        name: `family.variant`.
        steps: in order.
        input: the value the drawing is put under.
        output: the value that is the result.
        size: side of the drawing in pixels.
        weights: where trained ones are, or None.
        pipeline: "module:Class", a Pipeline with the family's extras, or None for the plain one.
        default: what the bare family name means. One model of each family, where it has more than one.
        blank_ok: whether an empty drawing is a fair input.
        summary, paper, licence: one line each. The licence is the weights'.
    """

    name: str = field(validator=_model_name, kw_only=False)
    steps: tuple[Step, ...] = field(converter=_steps)
    input: str = field(default="sketch", validator=_identifier)
    output: str = field(default="photo", validator=_identifier)
    size: int = 256
    weights: Weights | None = field(default=None)
    pipeline: str | None = field(default=None, validator=attrs.validators.optional(_reference))
    default: bool = field(default=False, validator=_flag)
    blank_ok: bool = field(default=False, validator=_flag)
    summary: str = field(default="", validator=_text)
    paper: str = field(default="", validator=_text)
    licence: str = field(default="", validator=_text)

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

    @property
    def options(self) -> dict[str, Option]:
        """Every option of every step, by name."""
        return {option.name: option for step in self.steps for option in step.options}

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
    """A training task that recipes name: a plugin's class, an s2pzoo.train.task.Task."""

    name: str = field(validator=_component_name, kw_only=False)
    factory: str = field(validator=_reference)
    summary: str = field(default="", validator=_text)


def _kind(instance: object, attribute: attrs.Attribute, value: object) -> None:
    if not isinstance(value, str) or (value not in KINDS and ":" not in value):
        raise _wrong(instance, attribute, f"{value!r} is no port kind")


@frozen(kw_only=True)
class AdapterEntry:
    """A component that turns one kind of port into another. Lossless ones are inserted where they help."""

    name: str = field(validator=_component_name, kw_only=False)
    kind_from: str = field(validator=_kind)
    kind_to: str = field(validator=_kind)
    factory: str = field(validator=_reference)
    lossless: bool = field(validator=_flag)
    summary: str = field(default="", validator=_text)
