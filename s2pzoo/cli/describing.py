"""`s2pzoo info` and `s2pzoo explain`: what a model is made of, without building it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import attrs
import typer
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from s2pzoo.cli.arguments import Overwrite
from s2pzoo.cli.output import Answer, megabytes, table
from s2pzoo.errors import PluginMissingError
from s2pzoo.host.catalogue import default_catalogue
from s2pzoo.host.registry import default_registry
from s2pzoo.spec import graph
from s2pzoo.spec.adapters import adapter_config
from s2pzoo.spec.diagram import MARK, diagram
from s2pzoo.spec.fields import fields_of, to_dict
from s2pzoo.spec.model import ComponentEntry, Model
from s2pzoo.spec.ports import Port
from s2pzoo.weights.bundle import Bundle, read_bundle
from s2pzoo.weights.manifest import GOLDEN
from s2pzoo.weights.place import place_of
from s2pzoo.zoo import describe, on_paper

_KINDS = {"float": "number", "int": "whole number", "str": "text", "bool": "yes or no", "mapping": "number",
          "path": "file"}  # fmt: skip


def info(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A model, its family, or a plugin/component.")],
) -> Answer:
    """Tell all about a model or a component: steps, ports, options, paper, licence, weights.

    One that is known and not installed is told with what to install.
    """
    if ("/" in name or os.sep in name) and Path(name).is_dir():
        return _folder(Path(name))
    try:
        described = describe(name)
    except PluginMissingError as error:
        return _absent(name, error)
    return _component(described) if "/" in name else _model(described)


def _folder(folder: Path) -> Answer:
    bundle = read_bundle(folder)
    manifest, size = bundle.manifest, bundle.bytes
    data = {
        "folder": str(folder), "model": manifest.model, "summary": manifest.summary, "paper": manifest.paper,
        "licence": to_dict(manifest.licence), "bytes": size, "trust": vouched(bundle),
        "created_with": manifest.created_with,
    }  # fmt: skip

    def show(console: Console) -> None:
        console.print(Text.assemble((manifest.model, "bold"), f"  {folder}"))
        facts = {"summary": manifest.summary, "paper": manifest.paper, "licence": manifest.licence.weights,
                 "size": megabytes(size), "trust": data["trust"]}  # fmt: skip
        console.print(_facts(facts))

    return Answer(data=data, show=show)


def vouched(bundle: Bundle) -> str:
    """Who vouches for what a bundle says, in words."""
    said = {"catalogue": "the manifest is the published one", "weights": "the manifest is that of the weights"}
    checked = "its golden outputs are made again when it is loaded"
    return said.get(bundle.trust(), checked if GOLDEN in bundle.manifest.files else "nobody vouches for it")


def explain(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A model or its family.")],
    svg: Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="Draw them into this file, too.")] = None,
    overwrite: Overwrite = False,
) -> Answer:
    """Show the steps of a model: what each reads and gives, with the form of every value."""
    return explained(on_paper(name).model, svg=svg, overwrite=overwrite)


def explained(model: Model, *, svg: Path | None = None, overwrite: bool = False, also: str = "") -> Answer:
    """What a model's steps read and give; drawn into a file, too, where one is named. `also`: said at the end.

    Raises:
        OutputError: the file cannot be written, or somebody else wrote it.
    """
    if svg:
        from s2pzoo.imaging.write import write_text

        write_text(diagram(model), svg, mark=MARK, overwrite=overwrite)
    data = {"name": model.name, "input": {model.input: str(model.input_port)}, "output": model.output,
            "steps": graph.rows(model)}  # fmt: skip

    def show(console: Console) -> None:
        console.print(Text(model.name, style="bold"))
        console.print(f"input   {model.input}: {model.input_port}\noutput  {model.output}\n", markup=False)
        console.print(_steps(model))
        for line in filter(None, (f"{model.name} -> {svg}" if svg else "", also)):
            console.print(f"\n{line}", markup=False, soft_wrap=True)

    return Answer(data={**data, "svg": str(svg) if svg else None}, show=show)


def _model(described: dict[str, Any]) -> Answer:
    model = default_registry().model(described["name"])
    place = place_of(model)
    weights = {
        "state": place.state,
        "folder": str(place.folder) if place.folder else None,
        "hub": place.hub,
        "bytes": place.size,
        "trust": vouched(read_bundle(place.folder)) if place.folder else None,
    }
    data: dict[str, Any] = {"installed": True} | described | {"weights": weights}

    def show(console: Console) -> None:
        default = "  (what the bare family name means)" if data["default"] else ""
        console.print(Text.assemble((data["name"], "bold"), default))
        facts = {
            "summary": data["summary"],
            "paper": data["paper"],
            "licence": data["licence"],
            "plugin": f"{data['distribution']} {data['version']}",
            "pictures": f"{data['size']}x{data['size']} pixels, {data['input']} -> {data['output']}"
            + (", an empty drawing is fine" if data["blank_ok"] else ""),
            "weights": _weights(weights),
        }
        console.print(_facts(facts))
        console.print(_section("steps", _steps(model)))
        if data["options"]:
            console.print(_section("options (-O name=value, or name=value in Python)", _options(data["options"])))

    return Answer(data=data, show=show)


def _component(described: dict[str, Any]) -> Answer:
    entry = default_registry().component(described["name"])
    takes, gives = default_ports(entry)
    data: dict[str, Any] = {"installed": True} | described | {"takes": takes, "gives": gives}

    def show(console: Console) -> None:
        console.print(Text(data["name"], style="bold"))
        keys = ("kind", "summary", "source", "factory", "config")
        console.print(
            _facts({key: data[key] for key in keys} | {"plugin": f"{data['distribution']} {data['version']}"})
        )
        if takes or gives:
            ports = table("", "port", "kind and shape")
            for way, named in (("takes", takes), ("gives", gives)):
                for port, text in named.items():
                    ports.add_row(way, Text(port), Text(text))
            console.print(_section("ports, under the default config", ports))
        fields = table("field", "values", "default", "what it does")
        for field in fields_of(entry.config):
            fields.add_row(*map(Text, (field.name, _values(field.to_dict()), data["fields"][field.name], field.help)))
        console.print(_section("config", fields))

    return Answer(data=data, show=show)


def _absent(name: str, error: PluginMissingError) -> Answer:
    catalogue = default_catalogue()
    plugin = next(known for known in catalogue.plugins.values() if known.distribution == error.distribution)
    bundles = [bundle for bundle in catalogue.bundles.values() if bundle.family == plugin.family]
    data = {"name": name, "installed": False} | attrs.asdict(plugin) | {"bundles": [attrs.asdict(b) for b in bundles]}

    def show(console: Console) -> None:
        console.print(Text.assemble((name, "bold"), "  (not installed)"))
        facts = {"summary": plugin.summary, "paper": plugin.paper, "licence": plugin.licence, "install": error.fix}
        console.print(_facts(facts))
        for bundle in bundles:
            size = f", {megabytes(bundle.size)}" if bundle.size else ""
            console.print(Text(f"\n  {bundle.name}: {bundle.summary} (weights {bundle.licence.weights}{size})"))

    return Answer(data=data, show=show)


def default_ports(entry: ComponentEntry) -> tuple[dict[str, str], dict[str, str]]:
    """What a component takes and gives, under its default config or as adapter; nothing where it has neither."""
    adapter = default_registry().adapter(entry.name) if entry.kind == "adapter" else None
    if not adapter and any(attribute.default is attrs.NOTHING for attribute in attrs.fields(entry.config)):
        return {}, {}
    ports = (adapter_config(adapter) if adapter else entry.config()).ports()
    return _texts(ports.takes), _texts(ports.gives)


def _texts(ports: Mapping[str, Port]) -> dict[str, str]:
    return {name: str(port) for name, port in ports.items()}


def _steps(model: Model) -> Table:
    found = table("", "step", "component", "reads", "gives", "remarks")
    for number, row in enumerate(graph.rows(model), 1):
        reads, gives = ("\n".join(f"{value}: {port}" for value, port in row[way].items()) for way in ("reads", "gives"))
        cells = (str(number), row["name"], row["component"], reads, gives, "; ".join(graph.remarks(row)))
        found.add_row(*map(Text, cells))
    return found


def _options(options: Iterable[Mapping[str, Any]]) -> Table:
    rows = table("option", "values", "default", "what it does")
    for option in options:
        name = f"{option['name']}.PART" if option["type"] == "mapping" else option["name"]
        default = "" if option["default"] in (None, {}) else str(option["default"])
        rows.add_row(*map(Text, (name, _values(option), default, option["help"])))
    return rows


def _values(option: Mapping[str, Any]) -> str:
    if option["choices"]:
        return ", ".join(map(str, option["choices"]))
    low, high = option["low"], option["high"]
    ends = {(True, True): f"{low} to {high}", (True, False): f"from {low}", (False, True): f"up to {high}"}
    kind = str(_KINDS.get(option["type"], option["type"]))
    text = ends.get((low is not None, high is not None), kind)
    return f"{text}; PART: {', '.join(option['keys'])}" if option["keys"] else text


def _weights(weights: Mapping[str, Any]) -> str:
    if weights["folder"]:
        return f"{weights['state']}, {megabytes(weights['bytes'])}, {weights['folder']}; {weights['trust']}"
    return f"on the Hub: {weights['hub']}" if weights["hub"] else "none here"


def _facts(facts: Mapping[str, str]) -> Padding:
    rows = Table(box=None, pad_edge=False, show_header=False)
    rows.add_column(style="dim")
    rows.add_column(overflow="fold")
    for label, text in facts.items():
        if text:
            rows.add_row(label, Text(text))
    return Padding(rows, (0, 0, 0, 2), expand=False)


def _section(title: str, content: Table) -> Group:
    return Group("", Text(title, style="bold"), Padding(content, (0, 0, 0, 2), expand=False))
