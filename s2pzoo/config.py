"""Configs to plain data and back, strictly: nothing is dropped, guessed, or converted behind your back."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from s2pzoo.errors import ConfigError
from s2pzoo.names import suggest

if TYPE_CHECKING:
    from cattrs import Converter

T = TypeVar("T")


def to_dict(config: Any) -> dict[str, Any]:
    """`config`, an attrs object, as a dict that JSON and TOML can hold. Defaults are written out.

    Raises:
        ConfigError: not an attrs object.
    """
    if isinstance(config, type) or not attrs.has(type(config)):
        raise ConfigError(f"A {type(config).__name__} is not a config.", fix="Give an object of an attrs class.")
    return _converter().unstructure(config)


def from_dict(cls: type[T], data: Mapping[str, Any]) -> T:
    """The config of class `cls` that `data` describes. Absent fields take the class's defaults.

    Raises:
        ConfigError: an unknown field (with the nearest known one), a missing field, a value of another type, or one
            that the class refuses. All problems are told at once.
    """
    if not attrs.has(cls):
        raise ConfigError(f"{cls.__name__} is not a config class.")
    if not isinstance(data, Mapping):
        raise ConfigError(f"This is not a {cls.__name__}.", why=f"wanted a mapping, got {data!r}")
    from cattrs import transform_error

    try:
        return _converter().structure(data, cls)
    except Exception as error:
        problems = transform_error(error, path=cls.__name__, format_exception=_in_words)
        lines = [_hinted(line, cls) for line in problems]
        raise ConfigError(f"This is not a {cls.__name__}.", why="\n".join(f"  - {line}" for line in lines)) from error


@functools.cache
def _converter() -> Converter:
    from cattrs import Converter

    converter = Converter(forbid_extra_keys=True, unstruct_collection_overrides={tuple: list})
    converter.register_structure_hook(float, _float)
    for exact in (int, str, bool):
        converter.register_structure_hook(exact, _exact)
    converter.register_structure_hook(Path, lambda value, _: Path(_exact(value, str)))
    converter.register_unstructure_hook_func(lambda cls: isinstance(cls, type) and issubclass(cls, Path), str)
    return converter


def _exact(value: Any, wanted: type[T]) -> T:
    if type(value) is not wanted:
        raise TypeError(f"wanted {wanted.__name__}, got {value!r}")
    return value


def _float(value: Any, _: type) -> float:
    if type(value) not in (int, float):
        raise TypeError(f"wanted float, got {value!r}")
    return float(value)


def _in_words(error: BaseException, wanted: type | None) -> str:
    from cattrs import ForbiddenExtraKeysError

    if isinstance(error, AttributeError):
        return "wanted a mapping"
    if isinstance(error, ForbiddenExtraKeysError):
        return f"unknown field {', '.join(sorted(error.extra_fields))}"
    if isinstance(error, KeyError):
        return "required field missing"
    return str(error) or f"invalid value for {getattr(wanted, '__name__', wanted)}"


def _hinted(line: str, cls: type) -> str:
    match = re.match(r"unknown field (\w+) ", line)
    near = suggest(match[1], [a.name for a in attrs.fields(cls)], n=1) if match else ()
    return f"{line} (did you mean {near[0]!r}?)" if near else line
