"""From names to a plan: a model on paper, and how each of its networks is to be made. No torch."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
from attrs import field, frozen

from s2pzoo.errors import (
    ConfigError,
    DeclarationError,
    PluginError,
    S2PZooError,
    UnknownModelError,
    UsageError,
    WeightsCorruptError,
    WeightsMismatchError,
    WeightsNotFoundError,
)
from s2pzoo.host.parts import Part as Named
from s2pzoo.host.registry import Registry, default_registry
from s2pzoo.host.settings import Settings
from s2pzoo.spec import graph
from s2pzoo.spec.adapters import ADAPTERS, adapter_config
from s2pzoo.spec.fields import read, to_dict
from s2pzoo.spec.model import UNREGISTERED, AdapterEntry, ComponentEntry, Model, Step, ToolEntry, Weights
from s2pzoo.spec.names import (
    ComponentName,
    ModelName,
    hint,
    parse,
    parse_component,
    parse_model,
    parse_part,
    suggest,
)
from s2pzoo.spec.ports import connect
from s2pzoo.spec.reading import UnreadableError, read_regular
from s2pzoo.spec.wiring import Block, replace
from s2pzoo.weights.bundle import Bundle, read_bundle
from s2pzoo.weights.hub import HUB, HubPlace, pull
from s2pzoo.weights.manifest import METADATA, Manifest, StepRecord
from s2pzoo.weights.resolve import WeightsRef, default_sources, find_weights

if TYPE_CHECKING:
    from torch import nn

_ITEM_KEYS = ("part", "config", "name", "reads", "writes", "side")


@frozen(kw_only=True)
class Part:
    """How the network of one step is made: from its class, and weights of a bundle's step; or it is there already.

    `name` is `family.variant:step` where it is a part of a model of a name.
    """

    entry: ComponentEntry | None = None
    bundle: Bundle | None = None
    key: str = ""
    name: str = ""
    module: Any = None


@frozen(kw_only=True)
class Plan:
    """A model on paper: nothing is imported, built or read yet. `bundle`: that it is as a whole."""

    model: Model
    parts: dict[str, Part]
    bundle: Bundle | None = None
    tools: dict[str, ToolEntry] = field(factory=dict)
    metadata: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class Item:
    """One item of a composition; `dataset` is that of the model it is of."""

    block: Block
    parts: dict[str, Part]
    blank_ok: bool = False
    dataset: str = ""


# Finding


def found(
    registry: Registry, name: str | Path, weights: str | Path | None = None, revision: str | None = None
) -> tuple[Bundle, Model | None]:
    """The opened bundle for a name, and what the plugin declares about its model."""
    if isinstance(name, str) and name.startswith(HUB):
        if weights is not None:
            raise UsageError("The name is a place on the Hub already.", fix="Leave out weights=.")
        bundle = read_bundle(pull(HubPlace.read(name, revision)))
        return bundle, _declared(registry, bundle.manifest)
    if revision is not None:
        weights = _at_revision(registry, name, weights, revision)
    if isinstance(name, Path) or "/" in name or os.sep in name:
        if weights is not None:
            raise UsageError("The name is a folder already.", fix="Leave out weights=.")
        bundle = read_bundle(name)
        return bundle, _declared(registry, bundle.manifest)
    model = registry.model(name)
    ref = WeightsRef.of(model, registry.plugin(model.family))
    try:
        bundle = read_bundle(find_weights(ref, given=weights, sources=default_sources(registry, Settings.read())))
    except OSError as error:  # a name too long for a file, and the like
        if isinstance(error, S2PZooError):
            raise
        raise WeightsNotFoundError(
            f"There are no weights of {name} there.", why=error.strerror or str(error)
        ) from error
    held = bundle.manifest.model
    asked = parse_model(name)
    if held != model.name and (weights is None or asked.variant or parse_model(held).family != asked.family):
        raise WeightsMismatchError(
            f"{bundle.folder} holds {held}, not {name}.",
            fix=f"Give a bundle of {name}, or load the folder by its path.",
        )
    return bundle, model if held == model.name else _declared(registry, bundle.manifest)


def _at_revision(registry: Registry, name: str | Path, weights: str | Path | None, revision: str) -> str:
    """The place on the Hub of a model, or of weights on the Hub, at another revision."""
    if weights is None and not isinstance(name, Path) and "/" not in name:
        hub = model.weights.hub if (model := registry.model(name)).weights else None
        if hub is None:
            raise UsageError(f"{model.name} is not on the Hub: it has no revisions.", fix="Leave out revision=.")
        weights = HUB + hub
    if not str(weights).startswith(HUB):
        raise UsageError("Only what is on the Hub has revisions.", fix="Leave out revision=.")
    return f"{HUB}{HubPlace.read(str(weights), revision)}"


def _declared(registry: Registry, manifest: Manifest) -> Model | None:
    """The declaration of a bundle's model; for a variant of the user's own, the family's default if it is alike."""
    family = parse_model(manifest.model).family
    try:
        plugin = registry.plugin(family)
    except (PluginError, UnknownModelError):
        return None
    if manifest.model in plugin.models:
        return plugin.models[manifest.model]
    default = plugin.default
    held = {(record.name, record.component) for record in manifest.steps}
    alike = default is not None and {(step.name, step.component) for step in default.steps} <= held
    return default if alike else None


def adapters_for(registry: Registry, steps: Iterable[Step]) -> tuple[AdapterEntry, ...]:
    """The core's adapters, then those of the plugins whose components are used."""
    families = dict.fromkeys(parse_component(step.component).plugin for step in steps)
    plugins = [registry.plugin(family) for family in families if family in registry.families()]
    return (*ADAPTERS, *(adapter for plugin in plugins for adapter in plugin.adapters.values()))


# Planning


def of_bundle(registry: Registry, bundle: Bundle, declared: Model | None) -> Plan:
    """The plan of a bundle; `declared` is its plugin's own model, or one alike."""
    manifest = bundle.manifest
    steps, parts = [], {}
    try:
        for record in manifest.steps:
            entry = registry.component(record.component)
            steps.append(record.step(entry.config))
            parts[record.name] = _part(registry, bundle, record, entry)
        model = Model(
            manifest.model, steps=steps, input=manifest.input, output=manifest.output, size=manifest.size,
            blank_ok=manifest.blank_ok or bool(declared and declared.blank_ok), summary=manifest.summary,
            paper=manifest.paper, dataset=declared.dataset if declared else manifest.dataset,
        )  # fmt: skip
    except ConfigError as error:
        raise WeightsMismatchError(
            f"The config of step {record.name!r} in {bundle.folder} is not one of {record.component}.",
            why=error.why,
            fix="Bundle and plugin are of different versions: install the matching plugin, or train anew.",
        ) from error
    except DeclarationError as error:
        raise WeightsCorruptError(f"The manifest in {bundle.folder} is wrong.", why=error.what) from error
    tools = _tools(registry, declared)
    return Plan(model=model, parts=parts, bundle=bundle, tools=tools, metadata=_metadata(manifest))


def _part(registry: Registry, bundle: Bundle, record: StepRecord, entry: ComponentEntry) -> Part:
    """How the network of a bundle's step is made: of its own weights, or of those of the trained part it names."""
    if not record.weights:
        return Part(entry=entry, bundle=bundle, key=record.name)
    name = parse_part(record.weights)
    other, _ = found(registry, str(name.model))
    held = next((one for one in other.manifest.steps if one.name == name.step and not one.weights), None)
    if held is None or held.component != record.component or _said(held, entry) != _said(record, entry):
        raise WeightsMismatchError(
            f"Step {record.name!r} of {bundle.folder} is {record.weights}, which is another network here.",
            fix="Install the versions that it was made with: " + str(bundle.manifest.created_with),
        )
    return Part(entry=entry, bundle=other, key=name.step, name=record.weights)


def _said(record: StepRecord, entry: ComponentEntry) -> Any:
    return record.step(entry.config).config


def bundled(folder: Path, module_folder: str, **more: Any) -> Model:
    """A model that a plugin declares by nothing but its bundle.

    Args:
        folder: the plugin's package.
        module_folder: the bundle's folder in it.
        **more: what the bundle does not say, such as `default`. Errors as for `load`.
    """
    bundle = read_bundle(folder / module_folder)
    manifest = bundle.manifest
    made = of_bundle(default_registry(), bundle, None).model
    licence = manifest.licence.weights.partition(" ")[0]
    return attrs.evolve(made, weights=Weights(bundled=module_folder), licence=licence, **more)


def of_declaration(registry: Registry, name: str) -> Plan:
    """The plan of a declared model, with fresh networks."""
    model = registry.model(name)
    return Plan(
        model=model,
        parts={step.name: Part(entry=registry.component(step.component)) for step in model.steps},
        tools=_tools(registry, model),
        metadata={"summary": model.summary, "paper": model.paper},
    )


def _tools(registry: Registry, declared: Model | None) -> dict[str, ToolEntry]:
    tools = registry.plugin(declared.family).tools if declared else {}
    return {name: tool for name, tool in tools.items() if declared and tool.serves(declared)}


def swapped(registry: Registry, plan: Plan, name: str, part: Any) -> Plan:
    """The plan with another part in the place of the step `name`."""
    names = [step.name for step in plan.model.steps]
    if name not in names:
        raise UsageError(
            f"{plan.model.name} has no step {name!r}.", why=f"It has: {', '.join(names)}.", fix=hint(name, names)
        )
    item = read_item(registry, part)
    if len(item.block.steps) != 1:
        raise UsageError(f"A whole model cannot take the place of step {name!r}.", fix="Name one part of it.")
    (step,) = item.block.steps
    if (taken := with_encoder(plan.model.step(name), step)) is not None:
        step = taken
        item = Item(block=Block.part(step), parts={name: Part(entry=registry.component(step.component))})
    differences = (*plan.metadata.get("differences", ()), f"Step {name} is {step.component}.")
    return attrs.evolve(
        plan,
        model=replace(plan.model, name, step),
        parts=plan.parts | {name: item.parts[step.name]},
        bundle=None,
        metadata=plan.metadata | {"differences": list(differences)},
    )


def with_encoder(old: Step, given: Step) -> Step | None:
    """The old step with the given encoder in the place of its own, where that is what fits; else None."""
    kind = getattr(getattr(given.config, "component", None), "kind", "")
    if kind != "encoder" or not isinstance(getattr(old.config, "encoder", None), Named):
        return None
    if all(port in given.gives and not connect(given.gives[port], wanted) for port, wanted in old.gives.items()):
        return None
    named = Named(component=given.component, config=to_dict(given.config))
    return attrs.evolve(old, config=attrs.evolve(old.config, encoder=named))


def adapted(registry: Registry, plan: Plan, adapters: Sequence[AdapterEntry] | None = None) -> Plan:
    """The plan with lossless adapters where they are needed, checked as a whole."""
    adapters = adapters_for(registry, plan.model.steps) if adapters is None else adapters
    model = graph.check(graph.adapted(plan.model, adapters), adapters)
    new = [step for step in model.steps if step.name not in plan.parts]
    extra = {step.name: Part(entry=registry.component(step.component)) for step in new}
    return attrs.evolve(plan, model=model, parts=plan.parts | extra)


def read_item(registry: Registry, given: Any) -> Item:
    """One item of a composition, or of a swap: see `zoo.compose`."""
    table = dict(given) if isinstance(given, Mapping) else {"part": given}
    unknown = sorted(set(table) - set(_ITEM_KEYS))
    if unknown or "part" not in table:
        problem = f"no key {unknown[0]!r}" if unknown else "a key 'part' at least"
        raise UsageError(f"A step of a composition has {problem}.", why=f"Its keys are {', '.join(_ITEM_KEYS)}.")
    part, config = table["part"], table.get("config")
    if isinstance(part, tuple) and len(part) == 2 and config is None:
        part, config = part
    item = _named_item(registry, part, config)
    own = {key: table[key] for key in ("name", "reads", "writes", "side") if key in table}
    if not own:
        return item
    if len(item.block.steps) != 1:
        raise UsageError(f"{part} is a whole model.", why="name, reads, writes and side are for single parts.")
    (old,) = item.block.steps
    step = attrs.evolve(old, **own)
    return attrs.evolve(
        item, block=Block.part(step, side=step.side and "side" in own), parts={step.name: item.parts[old.name]}
    )


def _named_item(registry: Registry, part: Any, config: Mapping[str, Any] | None) -> Item:
    if not isinstance(part, str):
        return _object_item(registry, part)
    folder, _, step = part.rpartition(":")
    if "/" in folder or os.sep in folder:
        if config is not None:
            raise UsageError(f"{part} is trained: its config is the bundle's.", fix="Leave out the config.")
        return _trained_item(registry, folder if folder.startswith(HUB) else Path(folder), step)
    name = parse(part)
    if config is not None and not isinstance(name, ComponentName):
        raise UsageError(f"{part} is trained: its config is the bundle's.", fix="Leave out the config.")
    if isinstance(name, ComponentName):
        entry = registry.component(part)
        step = Step(name.component, component=part, config=_config(registry, entry, config or {}))
        return Item(block=Block.part(step), parts={step.name: Part(entry=entry)})
    if isinstance(name, ModelName):
        plan = of_bundle(registry, *found(registry, part))
        parts = {step: _by_name(plan, step) for step in plan.parts}
        model = plan.model
        return Item(block=Block.whole(model), parts=parts, blank_ok=model.blank_ok, dataset=model.dataset)
    return _trained_item(registry, str(name.model), name.step)


def _trained_item(registry: Registry, model: str | Path, name: str) -> Item:
    """One step of a model of a name, or of a bundle in a folder."""
    plan = of_bundle(registry, *found(registry, model))
    if name not in plan.parts:
        near = suggest(name, plan.parts)
        raise UsageError(
            f"{model} has no step {name!r}.",
            why=f"It has: {', '.join(plan.parts)}.",
            fix=f"Did you mean '{model}:{near[0]}'?" if near else "",
        )
    step = attrs.evolve(plan.model.step(name), reads={}, writes={})  # its own wires are cut
    nameless = isinstance(model, Path) or model.startswith(HUB)
    part = plan.parts[name] if nameless else _by_name(plan, name)
    return Item(
        block=Block.part(step), parts={name: part}, blank_ok=plan.model.blank_ok,
        dataset=plan.model.dataset,
    )  # fmt: skip


def _by_name(plan: Plan, step: str) -> Part:
    """A part of a plan that was found by its model's name."""
    part = plan.parts[step]
    return part if part.name or not part.bundle else attrs.evolve(part, name=f"{plan.model.name}:{step}")


def _object_item(registry: Registry, module: Any) -> Item:
    config = getattr(module, "config", None)
    if not (callable(module) and callable(getattr(config, "ports", None))):
        raise UsageError(
            f"{type(module).__name__} is not a part.",
            fix="Give family.variant:step, plugin/component, family.variant, or an s2pzoo Component.",
        )
    label = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", type(module).__name__).strip("_").lower()
    name = _registered(registry, type(module)) or f"{UNREGISTERED}/{label}"
    step = Step(label, component=name, config=config)
    return Item(block=Block.part(step), parts={step.name: Part(module=module)})


def _registered(registry: Registry, cls: type) -> str | None:
    """The name under which a plugin declares a class, or None."""
    package = cls.__module__.partition(".")[0]
    for candidate in registry.plugins(load=False):
        if candidate.module.partition(".")[0] != package:
            continue
        for entry in registry.plugin(candidate.family).components.values():
            if entry.network == f"{cls.__module__}:{cls.__qualname__}":
                return entry.name
    return None


def load_part(name: str, network: nn.Module) -> None:
    """Put the weights of the trained part `family.variant:step` into its network. Errors as for `load`."""
    part = parse_part(name)
    bundle, _ = found(default_registry(), str(part.model))
    bundle.load_into({part.step: network})


def named_part(part: Named) -> Named:
    """A part of a recipe that is the name of a trained one, as its component and config, to begin with its weights.

    Errors as for `load`.
    """
    if not part.is_trained:
        return part
    item = read_item(default_registry(), part.component)
    (step,) = item.block.steps
    if not (start := item.parts[step.name].name):
        raise UsageError(
            f"{part.component} has no name to begin with.", fix="Give a part of a model: family.variant:step."
        )
    return attrs.evolve(part, component=step.component, config={**to_dict(step.config), **part.config}, start=start)


def _config(registry: Registry, entry: ComponentEntry, given: Mapping[str, Any]) -> Any:
    adapter = registry.adapter(entry.name)
    return attrs.evolve(adapter_config(adapter), **given) if adapter else read(entry.config, given)


def read_toml(path: Path, name: str, size: int | None) -> tuple[list[Any], str, int | None, dict[str, Any]]:
    """The parts, name and size of a composition in a TOML file, and what it says about itself."""
    try:
        data = tomllib.loads(read_regular(path).decode())
    except (OSError, ValueError, UnreadableError) as error:
        fix = "Give a list of parts, or a TOML file."
        raise UsageError(f"{path} cannot be read.", why=str(error), fix=fix) from error
    unknown = sorted(set(data) - {"name", "size", "steps", "output"})
    if unknown:
        why = "It may have name, size, [output] and [[steps]]."
        raise UsageError(f"{path} has an unknown key {unknown[0]!r}.", why=why)
    steps, output = data.get("steps", []), data.get("output", {})
    name, size = data.get("name", name), size or data.get("size")
    for key, fits, wanted in (
        ("steps", isinstance(steps, list), "[[steps]], a table for each part"),
        ("output", isinstance(output, dict) and set(output) <= set(METADATA), f"a table of {', '.join(METADATA)}"),
        ("name", isinstance(name, str), "a text"),
        ("size", size is None or (isinstance(size, int) and size > 0), "a positive whole number"),
    ):
        if not fits:
            raise UsageError(f"{path} has a wrong {key}.", fix=f"Give {wanted}.")
    return steps, name, size, output


def _metadata(manifest: Manifest) -> dict[str, Any]:
    fields = {name: getattr(manifest, name) for name in METADATA}
    return fields | {"licence": attrs.asdict(manifest.licence)}


def joined_metadata(manifests: Sequence[Manifest]) -> dict[str, Any]:
    """What is to be said about a whole made of trained parts: all their licences, and where they are from."""
    licences = {
        field: "; ".join(dict.fromkeys(text for m in manifests if (text := getattr(m.licence, field))))
        for field in ("code", "weights", "data")
    }
    return {"licence": licences, "training": {"composed of": list(dict.fromkeys(m.model for m in manifests))}}
