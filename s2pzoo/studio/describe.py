"""What the page is told of models: all of it from what plugins declare. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from s2pzoo.host.catalogue import default_catalogue
from s2pzoo.host.registry import default_registry
from s2pzoo.spec.model import Model, ToolEntry
from s2pzoo.spec.ports import KINDS
from s2pzoo.weights.place import place_of

_DRAWN = ("sketch", "edge", "gray")


def models() -> list[dict[str, Any]]:
    """Every installed model that makes a picture of a drawing and has its weights here, the usual one first."""
    usual = [family for family, plugin in default_catalogue().plugins.items() if plugin.default]
    able = [model for model in default_registry().models() if _fits(model) and place_of(model).folder]
    able.sort(key=lambda model: (model.family not in usual, model.values[model.output].kind != "photo"))
    return [
        {"name": model.name, "family": model.family, "summary": model.summary, "size": model.size} for model in able
    ]


def described(model: Model, tools: Mapping[str, ToolEntry], *, licence: str) -> dict[str, Any]:
    """One model, its options, its values that are pictures, its tools, and the frame its drawings live in."""
    pictures = [name for name, port in model.values.items() if KINDS.get(port.kind)]
    return {
        "name": model.name,
        "summary": model.summary,
        "paper": model.paper,
        "licence": licence,
        "size": model.size,
        "blank_ok": model.blank_ok,
        "output": model.output,
        "values": [name for name in pictures if name not in (model.input, model.output)],
        "options": [option.to_dict() for option in model.options.values()],
        "tools": [_tool(tool) for tool in tools.values() if tool.gives != "folder"],
        "frame": _frame(model),
    }


def _tool(tool: ToolEntry) -> dict[str, Any]:
    return {
        "name": tool.name,
        "summary": tool.summary,
        "gives": tool.gives,
        "under": tool.under is not None,
        "inputs": [
            {"name": one.name, "kind": one.kind, "help": one.help, "names": list(one.names)} for one in tool.inputs
        ],
        "options": [option.to_dict() for option in tool.options],
    }


def _frame(model: Model) -> dict[str, Any] | None:
    """Where what is drawn belongs, in sides of the sheet."""
    frame = default_registry().dataset(model.dataset).frame if model.dataset else None
    if not frame:
        return None
    points = {name: [[x / frame.side, y / frame.side] for x, y in some] for name, some in frame.points.items()}
    return {"name": frame.name, "box": [edge / frame.side for edge in frame.box], "points": points}


def _fits(model: Model) -> bool:
    return model.input_port.kind in _DRAWN and bool(KINDS.get(model.values[model.output].kind))
