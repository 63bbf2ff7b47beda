"""Which models there are and what one is made of, as plain data, without torch."""

from __future__ import annotations

from typing import Any

import attrs

from s2pzoo.config import to_dict
from s2pzoo.declare import ComponentEntry, ModelEntry, Option, Step
from s2pzoo.names import parse_component, parse_model
from s2pzoo.plugin import load_object
from s2pzoo.ports import Port
from s2pzoo.registry import default_registry


def list_models() -> list[str]:
    """The names of all installed models. A plugin that fails to load is left out; `s2pzoo plugins` says why."""
    return [model.name for model in default_registry().models()]


def describe(name: str) -> dict[str, Any]:
    """All that is declared about a model, or about a component (`plugin/component`), ready for JSON.

    Raises:
        UnknownModelError, UnknownComponentError, PluginError: as `load` would.
    """
    if isinstance(name, str) and "/" in name:
        return _component(default_registry().component(name))
    return _model(default_registry().model(name))


def _model(model: ModelEntry) -> dict[str, Any]:
    plugin = default_registry().plugin(parse_model(model.name).family)
    return {
        "name": model.name,
        "summary": model.summary,
        "paper": model.paper,
        "licence": model.licence,
        "default": model == plugin.default,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "size": model.size,
        "input": model.input,
        "output": model.output,
        "blank_ok": model.blank_ok,
        "weights": attrs.asdict(model.weights) if model.weights else None,
        "options": [_option(option, model) for option in model.options.values()],
        "steps": [_step(step) for step in model.steps],
    }


def _step(step: Step) -> dict[str, Any]:
    ports = step.ports()
    return {
        "name": step.name,
        "component": step.component,
        "side": step.side,
        "reads": step.inputs,
        "writes": step.outputs,
        "takes": _texts(ports.takes),
        "gives": _texts(ports.gives),
        "options": [option.name for option in step.options],
        "config": to_dict(step.config),
    }


def _option(option: Option, model: ModelEntry) -> dict[str, Any]:
    steps = [step.name for step in model.steps if option in step.options]
    return attrs.asdict(option, value_serializer=_plain) | {"steps": steps}


def _plain(_: object, __: object, value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _component(entry: ComponentEntry) -> dict[str, Any]:
    plugin = default_registry().plugin(parse_component(entry.name).plugin)
    described = attrs.asdict(entry) | {"distribution": plugin.distribution, "version": plugin.version}
    config_class = load_object(entry.config)
    return described | {"fields": {f.name: _default(f) for f in attrs.fields(config_class)}}


def _default(attribute: attrs.Attribute) -> str:
    if attribute.default is attrs.NOTHING:
        return "required"
    return "computed" if isinstance(attribute.default, attrs.Factory) else repr(attribute.default)  # pyright: ignore


def _texts(ports: dict[str, Port]) -> dict[str, str]:
    return {name: str(port) for name, port in ports.items()}
