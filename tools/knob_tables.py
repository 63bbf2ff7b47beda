"""Write the tables of knobs into the docs, from the schema itself:

    python tools/knob_tables.py          # each page of docs/ anew
    python tools/knob_tables.py --check  # only say which pages are stale

A table stands between `<!-- table KIND NAME -->` and `<!-- end -->`. KIND is `options` (of a run; NAME is a model),
`presets` (NAME is module:NAME of a dict of configs, or of objects that hold a config for each part), `recipe` (a recipe
beside its task's defaults) or `config` (module:Class).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from s2pzoo.host.plugin import load_object
from s2pzoo.host.registry import default_registry
from s2pzoo.spec.fields import Field, fields_of
from s2pzoo.train.recipe import Part, find_task, read_recipe, recipe_of
from s2pzoo.weights.card import markdown_table

DOCS = Path(__file__).parents[1] / "docs"
_TABLE = re.compile(r"(<!-- table (\w+) (\S+) -->\n).*?(?=<!-- end -->)", re.DOTALL)


def with_tables(text: str) -> str:
    """A page with its tables written anew."""
    return _TABLE.sub(lambda found: f"{found[1]}\n{_KINDS[found[2]](found[3])}\n\n", text)


def options(model: str) -> str:
    rows = [
        [f"`{one.name}`", _told(one.default), _values(one), one.help, _said(one.paper), _said(one.released)]
        for one in default_registry().model(model).options.values()
    ]
    return _table(["option", "default", "values", "what it does", "the paper", "the released code"], rows)


def config(name: str) -> str:
    rows = [[f"`{one.name}`", _told(one.default), _values(one), one.help] for one in fields_of(load_object(name))]
    return _table(["field", "default", "values", "what it is"], rows)


def presets(name: str) -> str:
    """A row for each field of each part, a column for each preset."""
    known = load_object(name)
    parts: dict[str, list[list[str]]] = {}
    for key, examples in _parts(list(known.values())):
        rows = [
            [
                f"`{one.name}`",
                one.help,
                _said(one.paper),
                _said(one.released),
                *(_told(getattr(e, one.name)) for e in examples),
            ]
            for one in fields_of(type(examples[0]))
            if not attrs.has(type(getattr(examples[0], one.name)))
        ]
        same = next((other for other, there in parts.items() if there == rows), None)
        if same is not None:  # encoder and decoder have the same fields: once is enough
            parts[f"{same}, {key}"] = parts.pop(same)
        elif rows:
            parts[key] = rows
    heads = ["field", "what it is", "the paper", "the released code", *(f"`{preset}`" for preset in known)]
    return _table(heads, [row for key, rows in parts.items() for row in ([f"**{key}**"], *rows)])


def recipe(name: str) -> str:
    """A row for each key, with the task's default and what the recipe has in its place."""
    ours = read_recipe(name)
    usual = recipe_of(find_task(ours.task).Recipe, {"name": "x", "task": ours.task})
    rows = [
        [
            f"`{path}`",
            one.help,
            _said(one.paper),
            _said(one.released),
            _told(default),
            "" if mine == default else _told(mine),
        ]
        for path, one, default, mine in _keys(usual, ours)
    ]
    return _table(["key", "what it is", "the paper", "the released code", "default", f"`{name}`"], rows)


_KINDS = {"options": options, "config": config, "presets": presets, "recipe": recipe}


def _parts(owners: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    """The configs of the same part of all presets, by what the part is called; what they share comes first, once."""
    first = owners[0]
    values = {one.name: getattr(first, one.name) for one in attrs.fields(type(first))}
    inside = [name for name, value in values.items() if attrs.has(type(value)) and not isinstance(value, Part)]
    seen: dict[str, list[Any]] = {}
    for name in inside:
        for key, examples in _parts([getattr(owner, name) for owner in owners]):
            seen.setdefault(key, examples)
    yield from seen.items()
    entry = getattr(type(first), "component", None)
    yield (entry.name if entry else type(first).__name__), owners


def _keys(usual: Any, ours: Any, path: str = "") -> Iterator[tuple[str, Field, Any, Any]]:
    for one in fields_of(type(usual)):
        default, mine = getattr(usual, one.name), getattr(ours, one.name)
        if not path and (one.name in ("schedule", "output") or not attrs.has(type(default))):
            continue
        if attrs.has(type(default)) and not isinstance(default, Part):
            yield from _keys(default, mine, f"{path}{one.name}.")
        else:
            yield f"{path}{one.name}", one, default, mine


def _values(one: Field) -> str:
    if one.keys:
        return f"numbers from {one.low:g} to {one.high:g} for " + ", ".join(f"`{key}`" for key in one.keys)
    if one.choices:
        return ", ".join(f"`{choice}`" for choice in one.choices)
    low, high = ("" if end is None else f"{end:g}" for end in (one.low, one.high))
    span = f"{low} to {high}" if low and high else f"from {low}" if low else f"to {high}" if high else ""
    return f"{one.word} {span}".strip()


def _told(value: Any) -> str:
    """A value in a cell."""
    if isinstance(value, Part):
        settings = ", ".join(f"{name}={setting}" for name, setting in value.config.items())
        return f"`{value.component}`" + (f" ({settings})" if settings else "")
    if isinstance(value, tuple) and value and attrs.has(type(value[0])):
        return ", ".join(f"`{one.name}`" for one in value)
    if value is None or value == {} or value == "":
        return "-"
    return f"`{value}`"


def _said(remark: Any) -> str:
    """What a paper or a code has: a value, or words about it."""
    return remark or "-" if isinstance(remark, str) and " " in remark else _told(remark)


def _table(heads: list[str], rows: list[list[str]]) -> str:
    """As Markdown; a short row is a heading, columns that say nothing are left out."""
    full = [row for row in rows if len(row) == len(heads)]
    kept = [i for i in range(len(heads)) if i < 2 or any(row[i] not in ("-", "") for row in full)]
    cells = ([row[i] if i < len(row) else "" for i in kept] for row in rows)
    return markdown_table([heads[i] for i in kept], cells)


def main() -> int:
    stale = []
    for page in sorted(DOCS.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        made = with_tables(text)
        if made != text:
            stale.append(page.name)
            if "--check" not in sys.argv:
                page.write_text(made, encoding="utf-8")
    print("stale: " + ", ".join(stale) if stale else "the tables are as the schema says")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
