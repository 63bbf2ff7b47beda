"""The three kinds of names, and the nearest known one to a misspelt one.

    acme               a model family: its default variant
    acme.faces256      a model: `family.variant`
    acme/encoder       a component, task or adapter class: `plugin/component`
    acme.faces256:map  a trained part: `family.variant:step`

Every word is lower-case ASCII letters and digits, parted inside by single `-` or `_`; a family begins with a letter.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from attrs import frozen

from s2pzoo.errors import BadNameError

MAX_WORD = 64
_WORD = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*", re.ASCII)


@frozen
class ModelName:
    """`family[.variant]`; variant is None where the family's default is meant."""

    family: str
    variant: str | None = None

    def __str__(self) -> str:
        return self.family if self.variant is None else f"{self.family}.{self.variant}"


@frozen
class ComponentName:
    """`plugin/component`."""

    plugin: str
    component: str

    def __str__(self) -> str:
        return f"{self.plugin}/{self.component}"


@frozen
class PartName:
    """`family[.variant]:step`: one trained step of a model."""

    model: ModelName
    step: str

    def __str__(self) -> str:
        return f"{self.model}:{self.step}"


def is_word(text: object) -> bool:
    """Whether `text` can stand as a variant, component or step."""
    return isinstance(text, str) and len(text) <= MAX_WORD and _WORD.fullmatch(text) is not None


def is_family(text: object) -> bool:
    """Whether `text` can stand as a model family, that is as a plugin's entry-point name."""
    return is_word(text) and isinstance(text, str) and text[0].isalpha()


def parse_model(text: str) -> ModelName:
    """Read `family` or `family.variant`.

    Raises:
        BadNameError: anything else.
    """
    family, dot, variant = _text(text).partition(".")
    if not is_family(family) or (dot and not is_word(variant)):
        raise _bad(text, "model", "family or family.variant, such as acme.faces256")
    return ModelName(family, variant if dot else None)


def parse_component(text: str) -> ComponentName:
    """Read `plugin/component`.

    Raises:
        BadNameError: anything else.
    """
    plugin, _, component = _text(text).partition("/")
    if not is_family(plugin) or not is_word(component):
        raise _bad(text, "component", "plugin/component, such as acme/encoder")
    return ComponentName(plugin, component)


def parse_part(text: str) -> PartName:
    """Read `family:step` or `family.variant:step`.

    Raises:
        BadNameError: anything else.
    """
    model, _, step = _text(text).partition(":")
    if not is_word(step):
        raise _bad(text, "trained part", "family.variant:step, such as acme.faces256:encoder")
    return PartName(parse_model(model), step)


def parse(text: str) -> ModelName | ComponentName | PartName:
    """Read a name of any of the three kinds.

    Raises:
        BadNameError: `text` is none of them.
    """
    if "/" in _text(text):
        return parse_component(text)
    return parse_part(text) if ":" in text else parse_model(text)


def suggest(name: str, known: Iterable[str], *, n: int = 3) -> tuple[str, ...]:
    """The known names nearest to `name`, best first: likely misspellings, then names that hold it whole."""
    pool = sorted(set(known))
    asked = str(name).strip().lower()
    near = difflib.get_close_matches(asked, pool, n=n, cutoff=0.6)
    if len(asked) >= 3:
        near += [candidate for candidate in pool if asked in candidate and candidate not in near]
    return tuple(near[:n])


def hint(name: str, known: Iterable[str]) -> str:
    """What to do about a name that nobody knows: the nearest known one, or nothing."""
    near = suggest(name, known)
    return f"Did you mean {near[0]!r}?" if near else ""


def _text(text: object) -> str:
    if not isinstance(text, str):
        raise BadNameError(f"A name is a text, not {type(text).__name__}.")
    return text


def _bad(text: str, what: str, form: str) -> BadNameError:
    shown = text if len(text) <= 80 else text[:77] + "..."
    return BadNameError(
        f"{shown!r} is not the name of a {what}.",
        why=f"Such a name reads {form}.",
        fix="Use lower-case letters, digits, and single - or _ between them.",
    )
