"""`s2pzoo list`, `search` and `plugins`: what is installed, broken plugins included, and what is known."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

import s2pzoo
from s2pzoo.cli.freeze import tell_losses
from s2pzoo.cli.output import Answer, megabytes, table
from s2pzoo.errors import install_command
from s2pzoo.host.catalogue import default_catalogue
from s2pzoo.host.plugin import Plugin, State
from s2pzoo.host.registry import default_registry
from s2pzoo.spec.model import Model
from s2pzoo.weights.place import place_of

_COLOURS = {State.LOADED: "green", State.BLOCKED: "yellow", State.FAILED: "bold red", State.CONFLICT: "bold red"}


def list_verb(
    pattern: Annotated[str, typer.Argument(metavar="[PATTERN]", help='Only these, such as "deepface*".')] = "*",
    pretrained: Annotated[bool, typer.Option("--pretrained", help="Only those with trained weights.")] = False,
    task: Annotated[str, typer.Option("--task", help="Only these, such as sketch-to-photo.")] = "",
) -> Answer:
    """List the installed models and whether their weights are here."""
    tell_losses()
    plugins = default_registry().plugins()
    listed = s2pzoo.list_models(pattern, pretrained=pretrained, task=task)
    models = [_model(m, plugin) for plugin in plugins for m in plugin.models.values() if m.name in listed]
    models.sort(key=lambda model: model["name"])
    broken = [_broken(plugin) for plugin in plugins if plugin.state is not State.LOADED]

    def show(console: Console) -> None:
        if not models:
            known = "" if broken else _known()
            none = f"No models are installed.{known}" if pattern == "*" else f"No installed model is like {pattern}."
            console.print(Text(none), soft_wrap=True)
        if not models and not broken:
            return
        rows = table("model", "weights", "summary", "licence")
        for model in models:
            rows.add_row(*(Text(model[column]) for column in ("name", "weights", "summary", "licence")))
        for plugin in broken:
            state = Text(plugin["state"].upper(), style=_COLOURS[State(plugin["state"])])
            rows.add_row(Text(plugin["family"]), state, Text(plugin["reason"]), "")
        console.print(rows)

    return Answer(data={"models": models, "failed": broken}, show=show)


def search(word: Annotated[str, typer.Argument(metavar="WORD", help="What to look for.")]) -> Answer:
    """Search the catalogue of known plugins and weights, installed or not; without network."""
    known = default_catalogue()
    here = default_registry().families()
    hits = []
    for family, plugin in sorted(known.plugins.items()):
        bundles = [bundle for bundle in known.bundles.values() if bundle.family == family]
        about = [family, plugin.distribution, plugin.summary, plugin.paper, *plugin.tools, *plugin.tools.values()]
        if word.lower() in "\n".join([*about, *(f"{b.name} {b.summary}" for b in bundles)]).lower():
            hits.append(
                {
                    "family": family,
                    "distribution": plugin.distribution,
                    "installed": family in here,
                    "summary": plugin.summary,
                    "paper": plugin.paper,
                    "tools": sorted(plugin.tools),
                    "weights": [{"model": b.name, "licence": b.licence.weights, "bytes": b.size} for b in bundles],
                }
            )

    def show(console: Console) -> None:
        if not hits:
            families = ", ".join(sorted(known.plugins))
            console.print(Text(f"Nothing in the catalogue is about {word!r}. It knows {families}."), soft_wrap=True)
        for hit in hits:
            state = "installed" if hit["installed"] else install_command(hit["distribution"])
            console.print(Text.assemble((hit["family"], "bold"), f"  {hit['summary']}  ({state})"), soft_wrap=True)
            for one in hit["weights"]:
                line = f"  {one['model']}  {megabytes(one['bytes'])}, weights: {one['licence']}"
                console.print(Text(line), soft_wrap=True)
            if hit["tools"]:
                console.print(Text(f"  verbs: {', '.join(hit['tools'])}"), soft_wrap=True)

    return Answer(data={"found": hits}, show=show)


def plugins() -> Answer:
    """Show every installed plugin: its state, version, the time it took to load, and why it failed."""
    tell_losses()
    found = [
        {
            "family": plugin.family,
            "state": str(plugin.state),
            "distribution": plugin.distribution,
            "version": plugin.version,
            "module": plugin.module,
            "milliseconds": round(plugin.milliseconds, 1),
            "models": sorted(plugin.models),
            "reason": plugin.reason,
            "warnings": list(plugin.warnings),
            "traceback": plugin.traceback,
        }
        for plugin in default_registry().plugins()
    ]

    def show(console: Console) -> None:
        if not found:
            console.print(f"No plugins are installed.{_known()}", soft_wrap=True)
            return
        rows = table("plugin", "state", "distribution", "version", "ms", "remarks")
        for plugin in found:
            state = Text(plugin["state"].upper(), style=_COLOURS[State(plugin["state"])])
            remarks = "; ".join(filter(None, (plugin["reason"], *plugin["warnings"])))
            rest = (plugin["distribution"], plugin["version"], f"{plugin['milliseconds']:.1f}", remarks)
            rows.add_row(Text(plugin["family"]), state, *map(Text, rest))
        console.print(rows)
        for plugin in found:
            if plugin["traceback"]:
                console.print(Text(f"\n{plugin['family']}\n{plugin['traceback']}", style="dim"), soft_wrap=True)

    return Answer(data={"plugins": found}, show=show)


def _model(model: Model, plugin: Plugin) -> dict[str, Any]:
    return {
        "name": model.name,
        "weights": place_of(model).state,
        "summary": model.summary,
        "licence": model.licence,
        "default": model == plugin.default,
        "distribution": plugin.distribution,
        "version": plugin.version,
    }


def _broken(plugin: Plugin) -> dict[str, str]:
    return {
        "family": plugin.family,
        "state": str(plugin.state),
        "reason": plugin.reason,
        "distribution": plugin.distribution,
        "version": plugin.version,
    }


def _known() -> str:
    known = default_catalogue().plugins.values()
    lines = [f"\n  {install_command(plugin.distribution)}  ({plugin.summary})" for plugin in known]
    return f" These are known:{''.join(lines)}" if lines else ""
