"""The one schema: named, typed values of configs, options, recipes, manifests and the catalogue. No torch.

A frozen attrs class says its values by `knob`: type, default, range, choices, help, and where a paper and its released
code differ, what each has. `read` takes such a class from JSON or TOML, `overridden` changes one by `key=value` texts,
`Field` reads a single value; all refuse in one way, with the nearest known names.
"""

from __future__ import annotations

import functools
import math
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import attrs
from attrs import evolve, frozen

from s2pzoo.errors import BadOptionError, ConfigError, S2PZooError, UnknownOptionError, UsageError
from s2pzoo.spec.names import suggest

if TYPE_CHECKING:
    from cattrs import Converter

T = TypeVar("T")
_RULES = "s2pzoo"  # the key of a field's rules in its attrs metadata
_WORDS: dict[str, Any] = {
    "float": float, "int": int, "str": str, "bool": bool, "mapping": dict[str, float], "path": Path,
}  # fmt: skip
_YES = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def _tuple(value: Iterable[Any] | None) -> tuple[Any, ...] | None:
    return None if value is None else tuple(value)


@frozen(kw_only=True)
class Field:
    """One named value, as it is declared: of a config, or an option that a caller may turn per run.

    Args:
        name: the keyword.
        type: a Python type, or its word: float, int, str, bool, mapping (of names to numbers), path.
        default: what an absent value means. None is always allowed.
        low, high: the inclusive range of a number, or of every number in a mapping or tuple.
        choices: the only values allowed.
        keys: the only names allowed in a mapping.
        help: one line.
        form: how people give it, where its type does not say: "colour", a CSS colour; "words", free text.
        expert: few turn it: an interface shows it when asked.
        paper, released: what the paper and its released code have, where that is known; a text with blanks is a remark.
    """

    name: str = attrs.field(kw_only=False)
    type: Any = attrs.field(kw_only=False, converter=lambda kind: _WORDS.get(kind, kind))
    default: Any = attrs.field(default=None, kw_only=False)
    low: float | None = None
    high: float | None = None
    choices: tuple[Any, ...] | None = attrs.field(default=None, converter=_tuple)
    keys: tuple[str, ...] | None = attrs.field(default=None, converter=_tuple)
    help: str = ""
    form: str = ""
    expert: bool = False
    paper: Any = None
    released: Any = None

    @property
    def word(self) -> str:
        """The type for people and JSON."""
        plain = _plain_type(self.type)
        return next((word for word, kind in _WORDS.items() if kind == plain), getattr(plain, "__name__", str(plain)))

    def read(self, value: Any) -> Any:
        """`value` as this field wants it: numbers as int or float, a mapping as a new dict, a path as str.

        Raises:
            BadOptionError: wrong type, out of range, not one of the choices.
            UnknownOptionError: a key of a mapping that is not declared; carries suggestions.
        """
        if value is None:
            return None
        if self.keys is not None and isinstance(value, Mapping):
            for key in value:
                if key not in self.keys:
                    raise UnknownOptionError(
                        f"Option {self.name!r} has no {key!r}.",
                        why=f"It has: {', '.join(self.keys)}.",
                        suggestions=suggest(str(key), self.keys),
                    )
        try:
            given: Any = value
            read = os.fspath(given) if self.type is Path else _structured(given, self.type)
            check(read, self)
        except (TypeError, ValueError) as error:
            problem = "It wants a path." if self.type is Path and isinstance(error, TypeError) else str(error)
            raise BadOptionError(f"Option {self.name!r} cannot be {value!r}.", why=problem) from None
        return read

    def read_text(self, text: str) -> Any:
        """The value that a command line says, typed; ranges and choices are `read`'s to check.

        Raises:
            BadOptionError: it is not of the type.
        """
        if self.type in (int, float):
            return _number(self.name, text)
        if self.type is bool:
            if text.lower() not in _YES:
                raise BadOptionError(f"Option {self.name!r} cannot be {text!r}.", why="It wants yes or no.")
            return _YES[text.lower()]
        return str(Path(text).expanduser()) if self.type is Path else text

    def to_dict(self) -> dict[str, Any]:
        """For JSON: what `info --json` and manifests hold."""
        told = attrs.asdict(self, filter=lambda a, _: a.name not in ("paper", "released"), recurse=False)
        return {name: list(v) if isinstance(v, tuple) else v for name, v in told.items()} | {"type": self.word}


def knob(
    default: Any = attrs.NOTHING,
    *,
    help: str = "",  # noqa: A002
    low: float | None = None,
    high: float | None = None,
    choices: Iterable[Any] | None = None,
    paper: Any = None,
    released: Any = None,
) -> Any:
    """A field of a frozen attrs class, with what `Field` says about it. Whoever makes the object is held to it."""
    rules = {"low": low, "high": high, "choices": _tuple(choices), "help": help, "paper": paper, "released": released}

    def validate(instance: object, attribute: attrs.Attribute, value: Any) -> None:
        try:
            check(value, Field(attribute.name, object, **rules))
        except ValueError as error:
            raise ConfigError(
                f"{type(instance).__name__}.{attribute.name} cannot be {value!r}.", why=str(error)
            ) from None

    return attrs.field(default=default, validator=validate, metadata={_RULES: rules})


def fields_of(cls: type[Any], **changed: Mapping[str, Any]) -> tuple[Field, ...]:
    """What is declared about the values of an attrs class, in order; `name={...}` says more about one of them."""
    hints = get_type_hints(cls)
    made = []
    for attribute in attrs.fields(cls):
        default = attribute.default
        if hasattr(default, "factory"):
            default = default.factory()
        rules = dict(attribute.metadata.get(_RULES, {})) | dict(changed.get(attribute.name, {}))
        default = rules.pop("default", None if default is attrs.NOTHING else default)
        made.append(Field(attribute.name, hints[attribute.name], default, **rules))
    return tuple(made)


def check(value: Any, rules: Field) -> None:
    """Whether a value of the right type is in the range and among the choices.

    Raises:
        ValueError: it is not; says what is.
    """
    if value is None:
        return
    if rules.choices is not None and value not in rules.choices:
        near = suggest(str(value), map(str, rules.choices), n=1) if isinstance(value, str) else ()
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"Choose one of {', '.join(map(str, rules.choices))}.{hint}")
    if rules.low is None and rules.high is None:
        return
    numbers = value.values() if isinstance(value, Mapping) else value if isinstance(value, tuple) else (value,)
    for number in numbers:
        if (rules.low is not None and number < rules.low) or (rules.high is not None and number > rules.high):
            raise ValueError(f"It goes from {_open(rules.low)} to {_open(rules.high)}.")


# A whole class


def to_dict(config: Any) -> dict[str, Any]:
    """`config`, an attrs object, as a dict that JSON and TOML can hold. Defaults are written out.

    Raises:
        ConfigError: not an attrs object.
    """
    if isinstance(config, type) or not attrs.has(type(config)):
        raise ConfigError(f"A {type(config).__name__} is not a config.", fix="Give an object of an attrs class.")
    return _converter().unstructure(config)


def read(cls: type[T], data: Mapping[str, Any], *, what: str = "", error: type[S2PZooError] = ConfigError) -> T:
    """The object of class `cls` that `data` describes. Absent fields take the class's defaults.

    Args:
        what: what it is called in the text of an error.
        error: which kind of error.

    Raises:
        error: an unknown field (with the nearest known one), a missing field, a value of another type, or one that is
            out of range. All problems are told at once.
    """
    if not attrs.has(cls):
        raise ConfigError(f"{cls.__name__} is not a config class.")
    head = f"{what} is not right." if what else f"This is not a {cls.__name__}."
    if not isinstance(data, Mapping):
        raise error(head, why=f"wanted a mapping, got {data!r}")
    problems = list(_problems(cls, data, ""))
    try:
        read = _converter().structure(data, cls)
        if not problems:
            return read
    except Exception as failed:
        from cattrs import transform_error

        told = [line.replace("$.", "") for line in transform_error(failed, path="$", format_exception=_in_words)]
        said = ("unknown field", "required field", "wanted a mapping")  # of which `_problems` says more
        problems += [line for line in told if not (problems and line.startswith(said))]
    raise error(head, why="\n".join(f"  - {problem}" for problem in problems))


def overridden(config: T, texts: Iterable[str], *, error: type[UsageError] = ConfigError) -> T:
    """`config` with values changed by texts: `section.key=value`, or `key=value` where only one section has the key.

    Values are TOML; a bare word is a text.

    Raises:
        error: no `=`, an unknown or an ambiguous key, a value that does not fit.
    """
    for text in texts:
        key, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not key:
            raise error(f"{text!r} is not an override.", fix="Write section.key=value, as in schedule.batch=4.")
        path = _find(config, key, error)
        config = _changed(config, path, _toml(text, value, error), ".".join(path), error)
    return config


FAITHFULNESS = Field(
    "faithfulness", "float", low=0, high=1,
    help="how literally a drawing is taken: 0 freely, 1 line by line; empty: as is usual",
)  # fmt: skip
"""An option that methods share, each by a knob of its own, so that one slider turns all steps of a composition."""


def read_options(texts: Iterable[str], declared: Mapping[str, Field]) -> dict[str, Any]:
    """`-O key=value` texts as options by name, typed as `declared` says; `key.part=value` for one of many parts.

    Names that are not declared stay texts, for the pipeline to refuse with its suggestions.

    Raises:
        UsageError: no `=`, or no name.
        BadOptionError: not a number where one is wanted, and the like.
    """
    values: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"{text!r} is not an option.", fix="Write -O key=value, or -O key.part=value.")
        name, dot, part = key.strip().partition(".")
        option = declared.get(name)
        if option is None:
            values[name] = value
        elif option.word == "mapping":
            if not part:
                raise BadOptionError(f"Option {name!r} is set part by part.", fix=_usage(option))
            values.setdefault(name, {})[part] = _number(f"{name}.{part}", value)
        elif dot:
            raise BadOptionError(f"Option {name!r} has no parts.", why=f"It is a {option.word}.", fix=_usage(option))
        else:
            values[name] = option.read_text(value.strip())
    return values


def paths_of(cls: type[Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of all values in an attrs class and the classes in it."""
    yield from _places(cls, path)


def _places(cls: type[Any], path: tuple[str, ...] = ()) -> dict[tuple[str, ...], str]:
    """The same, each with the name that it had once, if another."""
    found, kinds = {}, get_type_hints(cls)
    for attribute in attrs.fields(cls):
        here, inner = (*path, attribute.name), _plain_type(kinds[attribute.name])
        whole = getattr(inner, "one_value", False) or not attrs.has(inner)
        found |= {here: attribute.metadata.get("was", "")} if whole else _places(inner, here)
    return found


def unknown(path: str, known: Iterable[str], *, root: type[Any]) -> str:
    """What to say about a name that nobody knows: where it is now, the nearest known ones, or all of them."""
    last = path.rpartition(".")[2]
    places = _places(root).items()
    moved = [".".join(other) for other, was in places if last in (other[-1], was) and ".".join(other) != path]
    if moved:
        return f"unknown field {path}: it is {' or '.join(moved)}"
    known = sorted(known)
    near = suggest(last, known, n=1)
    listed = [name for name in known if "." in name] or known  # else every name twice: alone and with its section
    hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(listed) or 'nothing'}"
    return f"unknown field {path} ({hint})"


def _problems(cls: type[Any], data: Mapping[str, Any], path: str, root: type[Any] | None = None) -> Iterator[str]:
    """Unknown and missing fields, here and in the classes inside."""
    root, hints = root or cls, get_type_hints(cls)
    known = {attribute.name: attribute for attribute in attrs.fields(cls) if attribute.init}
    for key, value in data.items():
        here = f"{path}{key}"
        if key not in known:
            gone = isinstance(value, Mapping) and not suggest(key, known)  # a section: its values may be elsewhere
            for name in [f"{here}.{name}" for name in value] if gone and value else [here]:
                yield unknown(name, known, root=root)
        elif attrs.has(inner := _plain_type(hints[key])) and not getattr(inner, "one_value", False):
            if isinstance(value, Mapping):
                yield from _problems(inner, value, f"{here}.", root)
            elif value is not None:
                yield f"wanted a table for {here}, got {value!r}"
    for name, attribute in known.items():
        if attribute.default is attrs.NOTHING and name not in data:
            yield f"required field missing: {path}{name}"


def _find(config: Any, key: str, error: type[UsageError]) -> tuple[str, ...]:
    """The path of a full key, or of one that only one section has."""
    paths = {".".join(path): path for path in paths_of(type(config))}
    if key in paths:
        return paths[key]
    for name, path in paths.items():  # inside a value that is a table of its own
        if key.startswith(f"{name}."):
            return (*path, *key.removeprefix(f"{name}.").split("."))
    matches = [name for name, path in paths.items() if "." not in key and path[-1] == key]
    if len(matches) > 1:
        raise error(f"The override {key!r} could mean any of: {', '.join(matches)}.", fix="Write the full key.")
    if not matches:
        told = unknown(key, {*paths, *(path[-1] for path in paths.values())}, root=type(config))
        raise error(f"There is no {key!r} to override.", why=told)
    return paths[matches[0]]


def _changed(config: Any, path: tuple[str, ...], value: Any, name: str, error: type[UsageError]) -> Any:
    first, *rest = path
    if hasattr(config, "with_value"):
        return config.with_value(path, value)
    if rest:
        return evolve(config, **{first: _changed(getattr(config, first), tuple(rest), value, name, error)})
    kind = get_type_hints(type(config))[first]
    try:
        return evolve(config, **{first: _structured(value, kind)})
    except (TypeError, ValueError) as problem:
        raise error(f"{name} cannot be {value!r}.", why=getattr(problem, "why", "") or str(problem)) from None


def _toml(text: str, value: str, error: type[UsageError]) -> Any:
    try:
        parsed = tomllib.loads(f"value = {value}")
    except tomllib.TOMLDecodeError as problem:
        if re.fullmatch(r"[\w./~:+@,-]+", value):
            return value
        raise error(f"The value of the override {text!r} is not TOML.", why=str(problem)) from problem
    if set(parsed) != {"value"}:
        raise error(f"The override {text!r} has more than one value.")
    return parsed["value"]


# Types


def _structured(value: Any, kind: Any) -> Any:
    """A value as its type has it; else TypeError or ValueError, in words."""
    try:
        return _converter().structure(value, kind)
    except (TypeError, ValueError):
        raise
    except Exception as error:
        from cattrs import transform_error

        lines = transform_error(error, path="", format_exception=_in_words)
        raise ValueError("; ".join(line.removesuffix(" @ ") for line in lines)) from None


@functools.cache
def _converter() -> Converter:
    from cattrs import Converter

    converter = Converter(forbid_extra_keys=True, unstruct_collection_overrides={tuple: list})
    converter.register_structure_hook(float, _float)
    converter.register_structure_hook(int, _int)
    for exact in (str, bool):
        converter.register_structure_hook(exact, _exact)
    converter.register_structure_hook(Path, lambda value, _: Path(_exact(value, str)))
    converter.register_unstructure_hook_func(lambda cls: isinstance(cls, type) and issubclass(cls, Path), str)
    converter.register_structure_hook_func(lambda cls: getattr(cls, "one_value", False), lambda v, cls: cls.of(v))
    converter.register_unstructure_hook_func(lambda cls: getattr(cls, "one_value", False), lambda v: v.to_plain())
    converter.register_structure_hook_func(lambda cls: get_origin(cls) is tuple, _sequence)
    return converter


def _sequence(value: Any, kind: Any) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"wanted a list, got {value!r}")
    inner = get_args(kind)
    if len(inner) == 2 and inner[1] is ...:
        inner = (inner[0],) * len(value)
    if len(inner) != len(value):
        raise TypeError(f"wanted {len(inner)} values, got {value!r}")
    return tuple(_converter().structure(one, each) for one, each in zip(value, inner, strict=True))


def _exact(value: Any, wanted: type[T]) -> T:
    if type(value) is not wanted:
        raise TypeError(f"wanted {wanted.__name__}, got {value!r}")
    return value


def _float(value: Any, _: type) -> float:
    if isinstance(value, bool | str) or not hasattr(value, "__float__"):
        raise TypeError(f"wanted a number, got {value!r}")
    if not math.isfinite(number := float(value)):
        raise TypeError(f"wanted a finite number, got {value!r}")
    return number


def _int(value: Any, _: type) -> int:
    number = _float(value, float)
    if number != int(number):
        raise TypeError(f"wanted a whole number, got {value!r}")
    return int(number)


def _in_words(error: BaseException, wanted: type | None) -> str:
    from cattrs import ForbiddenExtraKeysError

    if isinstance(error, ConfigError):
        return f"{error.what} {error.why}".strip()
    if isinstance(error, AttributeError):
        return "wanted a mapping"
    if isinstance(error, ForbiddenExtraKeysError):
        return f"unknown field {', '.join(sorted(error.extra_fields))}"
    if isinstance(error, KeyError):
        return "required field missing"
    return str(error) or f"invalid value for {getattr(wanted, '__name__', wanted)}"


def _plain_type(kind: Any) -> Any:
    """The type without `| None`; of a literal, that of its values."""
    inner = [one for one in get_args(kind) if one is not type(None)]
    if get_origin(kind) is Literal:
        return type(inner[0])
    return inner[0] if type(None) in get_args(kind) and len(inner) == 1 else kind


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise BadOptionError(f"Option {name!r} cannot be {text!r}.", why="It wants a number.") from None


def _usage(option: Field) -> str:
    if option.word != "mapping":
        return f"Write -O {option.name}=value."
    parts = f" Parts: {', '.join(option.keys)}." if option.keys else ""
    return f"Write -O {option.name}.part=number.{parts}"


def _open(bound: float | None) -> str:
    return "any" if bound is None else f"{bound:g}"
