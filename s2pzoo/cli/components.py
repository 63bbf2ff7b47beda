"""`s2pzoo components`: the parts that models and trainings are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from s2pzoo.cli.describing import default_ports
from s2pzoo.cli.output import Answer, table
from s2pzoo.host.registry import default_registry
from s2pzoo.spec.model import ComponentKind
from s2pzoo.spec.names import parse_component


def components(
    kind: Annotated[ComponentKind | None, typer.Option("--kind", help="Only those of this kind.")] = None,
) -> Answer:
    """List encoders, generators, refiners, critics, losses and adapters: the core's and those of installed plugins.

    Losses and critics are named in recipes, as in `s2pzoo train ups/stage1 losses.adversarial=core/hinge`.
    """
    found = []
    for entry in default_registry().components():
        if kind in (None, entry.kind):
            takes, gives = default_ports(entry)
            found.append({"name": entry.name, "kind": entry.kind, "plugin": parse_component(entry.name).plugin,
                          "summary": entry.summary, "takes": takes, "gives": gives})  # fmt: skip

    def show(console: Console) -> None:
        rows = table("component", "kind", "summary", "takes", "gives")
        for one in found:
            cells = (one["name"], one["kind"], one["summary"], _lines(one["takes"]), _lines(one["gives"]))
            rows.add_row(*map(Text, cells))
        console.print(rows)

    return Answer(data={"components": found}, show=show)


def _lines(ports: Mapping[str, str]) -> str:
    return "\n".join(f"{name}: {port}" for name, port in ports.items())
