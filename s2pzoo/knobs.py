"""`-O key=value`: a model's options written as text. Torch-free."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from s2pzoo.declare import Option
from s2pzoo.errors import BadOptionError, UsageError

_BOOLS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def read_knobs(texts: Iterable[str], declared: Mapping[str, Option]) -> dict[str, Any]:
    """Options by name, typed as `declared` says. Ranges and choices are left to the pipeline to check.

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
        elif option.type == "mapping":
            values.setdefault(name, {})[_part(option, part)] = _number(f"{name}.{part}", value)
        elif dot:
            raise BadOptionError(f"Option {name!r} has no parts.", why=f"It is a {option.type}.", fix=_usage(option))
        else:
            values[name] = _typed(option, value.strip())
    return values


def _part(option: Option, part: str) -> str:
    if not part:
        raise BadOptionError(f"Option {option.name!r} is set part by part.", fix=_usage(option))
    return part


def _typed(option: Option, text: str) -> Any:
    if option.type in ("float", "int"):
        return _number(option.name, text)
    if option.type == "bool":
        if text.lower() not in _BOOLS:
            raise BadOptionError(f"Option {option.name!r} cannot be {text!r}.", why="It wants yes or no.")
        return _BOOLS[text.lower()]
    return str(Path(text).expanduser()) if option.type == "path" else text


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise BadOptionError(f"Option {name!r} cannot be {text!r}.", why="It wants a number.") from None


def _usage(option: Option) -> str:
    if option.type != "mapping":
        return f"Write -O {option.name}=value."
    parts = f" Parts: {', '.join(option.keys)}." if option.keys else ""
    return f"Write -O {option.name}.part=number.{parts}"
