"""The zoo: list and describe what there is, without torch; load, build and compose it into a Pipeline.

The order is always the same: names, manifests, ports of the whole chain; then torch, networks, and a refusal of what is
untrained; weights are read last. So whatever can be wrong is told before a byte of weights is read.
"""

from __future__ import annotations

import contextlib
import fnmatch
import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from s2pzoo.errors import LicenceWarning, PluginFailedError, UntrainedError, UsageError
from s2pzoo.host.guard import contained
from s2pzoo.host.plugin import load_object
from s2pzoo.host.registry import default_registry
from s2pzoo.pipeline.plan import (
    Plan,
    adapted,
    adapters_for,
    found,
    joined_metadata,
    of_bundle,
    of_declaration,
    read_item,
    read_toml,
    swapped,
)
from s2pzoo.spec import graph
from s2pzoo.spec.fields import to_dict
from s2pzoo.spec.model import ComponentEntry, Step
from s2pzoo.spec.names import parse_component
from s2pzoo.spec.wiring import wire
from s2pzoo.weights.bundle import Bundle
from s2pzoo.weights.hub import complete, manifests_alone
from s2pzoo.weights.manifest import GOLDEN

if TYPE_CHECKING:
    import torch

    from s2pzoo.interfaces import Component
    from s2pzoo.pipeline.run import Pipeline


FREE = ("Apache-2.0", "MIT", "BSD", "CC-BY-4.0", "CC0")
"""How the licences begin that allow any use; of others `load` warns, once."""

_told: set[str] = set()


def load(
    name: str | Path,
    *,
    weights: str | Path | None = None,
    revision: str | None = None,
    swap: Mapping[str, Any] | None = None,
    untrained: str = "refuse",
    device: str = "cpu",
    dtype: torch.dtype | None = None,
    runtime: str = "eager",
) -> Pipeline:
    """A trained model, ready to run.

    Args:
        name: `family` or `family.variant`; the path of a bundle, as a Path or with a slash in it; or a bundle on the
            Hub, `hf://owner/repo[@revision]`.
        weights: the folder of a bundle, or a place on the Hub, instead of looking in the usual places.
        revision: of what is on the Hub: a branch, a tag or a commit, instead of the one that is pinned.
        swap: step name -> what to put in its place: `plugin/component`, `(plugin/component, {config field: value})`,
            a trained part `family.variant:step`, or a component object.
        untrained: "refuse", or "allow" to run parts of `swap` that have no trained weights.
        device: where to run, as torch names it; or "auto".
        dtype: what to compute in, such as torch.bfloat16; by default float32. Drawings and photos are float32.
        runtime: what runs the networks: "eager" or "compile" (PyTorch), "openvino", "openvino-int8" or "onnx", see
            docs/export.md; `pipeline.runs` says which steps it is.

    Raises:
        UnknownModelError, PluginError: the model cannot be had.
        PortMismatchError: a swapped part does not fit.
        UntrainedError: a swapped part is untrained.
        WeightsError, OfflineError: the weights.
        OutputError: the cache of downloads cannot be written.
        UsageError, MissingExtraError: the runtime.
    """
    _check_untrained(untrained)
    _check_text("The name of a model", name, Path)
    _check_text("weights", weights, Path, type(None))
    if weights is not None and not str(weights).strip():
        raise UsageError("weights is empty.", fix="Give the folder of a bundle, or leave it out.")
    if swap is not None and not isinstance(swap, Mapping):
        raise UsageError(f"swap is {swap!r}.", fix="Give step name -> what to put in its place.")
    registry = default_registry()
    with manifests_alone():
        plan = of_bundle(registry, *found(registry, name, weights, revision))
        for step, part in (swap or {}).items():
            plan = swapped(registry, plan, step, part)
        plan = adapted(registry, plan)
    pipeline = _make(plan, untrained=untrained, device=device)
    pipeline = pipeline if dtype is None else pipeline.to(dtype=dtype)
    if runtime != "eager":
        from s2pzoo.pipeline.runtimes import use

        use(pipeline, runtime, folder=plan.bundle.folder if plan.bundle else None)
    return pipeline


def build(name: str, *, device: str = "cpu") -> Pipeline:
    """A model with fresh, untrained networks in `.components`, to train or to measure.

    Raises:
        UnknownModelError, PluginError: the model cannot be had.
    """
    _check_text("The name of a model", name)
    registry = default_registry()
    return _make(adapted(registry, of_declaration(registry, name)), untrained="allow", device=device)


def compose(
    parts: Sequence[Any] | str | Path,
    *,
    name: str = "custom.composed",
    size: int | None = None,
    untrained: str = "refuse",
    device: str = "cpu",
) -> Pipeline:
    """A model of parts, one after the other: each takes what the one before it gives.

    A part with several inputs takes the latest value of each kind. `explain()` shows what came of it.

    Args:
        parts: a list of
            a trained part `family.variant:step`, or of a bundle in a folder `./folder:step`,
            a component `plugin/component` or `(plugin/component, {config field: value})`, untrained,
            a whole trained model `family.variant`,
            a component object, taken as it is,
            a table {part, config, name, reads, writes, side} to name a step or connect it by hand; with `side` it runs
            only when its value is asked for;
            or the path of a TOML file with `name`, `size`, a `[[steps]]` table for each part, and what the saved bundle
            says about itself, `[output]`.
        name: `family.variant` for the whole, wherever it is shown or saved.
        size: side of the drawing in pixels; by default what the first part takes, or 256.
        untrained: "refuse", or "allow" to run components without trained weights.
        device: where to run.

    Raises:
        PortMismatchError: parts that do not fit, all misfits at once; before torch is imported.
        UntrainedError: an untrained part.
        UsageError: a list that cannot be read; other errors as for `load`.
    """
    _check_untrained(untrained)
    return _make(composed(parts, name=name, size=size), untrained=untrained, device=device)


def composed(parts: Sequence[Any] | str | Path, *, name: str = "custom.composed", size: int | None = None) -> Plan:
    """What `compose` would make, checked; nothing is built. Arguments and errors as there."""
    registry, said = default_registry(), {}
    if isinstance(parts, str | os.PathLike):
        parts, name, size, said = read_toml(Path(parts), name, size)
    if not parts:
        raise UsageError("There is nothing to compose.", fix="Give a list of at least one part.")
    with manifests_alone():
        items = [read_item(registry, part) for part in parts]
    adapters = adapters_for(registry, [step for item in items for step in item.block.steps])
    model, names = wire([item.block for item in items], name=name, size=size)
    made = {
        new: item.parts[old.name]
        for item, own in zip(items, names, strict=True)
        for new, old in zip(own, item.block.steps, strict=True)
    }
    plan = Plan(
        model=attrs.evolve(model, blank_ok=any(item.blank_ok for item in items), dataset=items[0].dataset),
        parts=made,
        metadata=joined_metadata([part.bundle.manifest for part in made.values() if part.bundle]) | said,
    )
    return adapted(registry, plan, adapters)


def explain(name: str, *, swap: Mapping[str, Any] | None = None) -> str:
    """The steps of a declared model as a table, without torch and without weights.

    Raises:
        PortMismatchError: they do not fit; other errors as for `load`.
    """
    return graph.explain(on_paper(name, swap=swap).model)


def on_paper(name: str, *, swap: Mapping[str, Any] | None = None) -> Plan:
    """A declared model whose steps fit, with adapters put in; nothing is built. Errors as for `explain`."""
    registry = default_registry()
    plan = of_declaration(registry, name)
    for step, part in (swap or {}).items():
        plan = swapped(registry, plan, step, part)
    return adapted(registry, plan)


def list_models(pattern: str = "*", *, pretrained: bool = False, task: str = "") -> list[str]:
    """The names of the installed models. A plugin that fails to load is left out; `s2pzoo plugins` says why.

    Args:
        pattern: with wildcards, as file names have: "deepface*", "*128".
        pretrained: only those that have trained weights, here or on the Hub.
        task: only those that make this of that, such as "sketch-to-photo".
    """
    return [
        model.name
        for model in default_registry().models()
        if fnmatch.fnmatchcase(model.name, pattern)
        and not (pretrained and model.weights is None)
        and task in ("", f"{model.values[model.input].kind}-to-{model.values[model.output].kind}")
    ]


def describe(name: str) -> dict[str, Any]:
    """All that is declared about a model, or about a component (`plugin/component`), ready for JSON.

    Raises:
        UnknownModelError, UnknownComponentError, PluginError: as `load` would.
    """
    if isinstance(name, str) and "/" in name:
        return _described(default_registry().component(name))
    model = default_registry().model(name)
    plugin = default_registry().plugin(model.family)
    options = [
        option.to_dict() | {"steps": [step.name for step in model.steps if option in step.options]}
        for option in model.options.values()
    ]
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
        "options": options,
        "steps": [_step(step) for step in model.steps],
        "tools": sorted(plugin.tools),
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "component": step.component,
        "side": step.side,
        "reads": step.inputs,
        "writes": step.outputs,
        "takes": {name: str(port) for name, port in step.takes.items()},
        "gives": {name: str(port) for name, port in step.gives.items()},
        "options": [option.name for option in step.options],
        "config": to_dict(step.config),
    }


def _described(entry: ComponentEntry) -> dict[str, Any]:
    plugin = default_registry().plugin(parse_component(entry.name).plugin)
    return {
        "name": entry.name,
        "kind": entry.kind,
        "factory": entry.network,
        "config": f"{entry.config.__module__}:{entry.config.__qualname__}",
        "summary": entry.summary,
        "source": entry.source,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "fields": {f.name: _default(f) for f in attrs.fields(entry.config)},
    }


def _default(attribute: attrs.Attribute) -> str:
    if attribute.default is attrs.NOTHING:
        return "required"
    return "computed" if hasattr(attribute.default, "factory") else repr(attribute.default)


_CLOSE = 0.01
"""Golden outputs of a bundle that nobody vouches for may differ by so much: versions of torch do."""


def _check_untrained(untrained: str) -> None:
    if untrained not in ("refuse", "allow"):
        raise UsageError(f"untrained={untrained!r} is not possible.", fix='Use "refuse" or "allow".')


def _check_text(what: str, value: object, *more: type) -> None:
    if not isinstance(value, str | os.PathLike) and not isinstance(value, more):
        raise UsageError(f"{what} is {value!r}, a {type(value).__name__}.", fix="Give a text or a path.")


def as_it_is(folder: Path) -> Pipeline:
    """The model of a bundle, without asking its golden outputs where nobody vouches for it: `verify` does."""
    registry = default_registry()
    plan = of_bundle(registry, *found(registry, folder))
    return _make(adapted(registry, plan), untrained="refuse", device="cpu", ask=False)


def _make(plan: Plan, *, untrained: str, device: str, ask: bool = True) -> Pipeline:
    from s2pzoo.pipeline.golden import check_golden
    from s2pzoo.pipeline.run import Pipeline
    from s2pzoo.weights.initialise import device_of, neutral

    where = device_of(device)
    with neutral():
        components = _networks(plan)
    bare = [name for name, part in plan.parts.items() if not part.bundle and part.module is None]
    bare = [name for name in bare if components[name].state_dict()]
    if bare and untrained == "refuse":
        raise UntrainedError(
            f"{plan.model.name} has untrained parts: {', '.join(bare)}.",
            why="They would make noise of a drawing.",
            fix='Give trained parts (family.variant:step), or untrained="allow".',
        )
    bundles = _load_weights(plan, components)
    if plan.bundle and plan.bundle not in bundles:  # one of names alone
        complete(plan.bundle.folder)
        bundles.append(plan.bundle)
    _tell_licence(plan)
    pipeline = Pipeline(
        model=plan.model,
        components=components,
        tools=plan.tools,
        weights={step.name: b.label for step in plan.model.steps if (b := plan.parts[step.name].bundle)},
        named={step.name: name for step in plan.model.steps if (name := plan.parts[step.name].name)},
        untrained=bare,
        metadata=plan.metadata,
        device=where,
    )
    for bundle in bundles if ask else ():
        if not bundle.trust() and GOLDEN in bundle.manifest.files:
            if bundle is plan.bundle:
                check_golden(pipeline, bundle, tolerance=_CLOSE)
            else:  # of a part of it: the whole is loaded, and checks itself
                load(bundle.folder)
    return pipeline


def _networks(plan: Plan) -> dict[str, Component]:
    from s2pzoo.interfaces import Component
    from s2pzoo.weights.initialise import without_initialising

    networks = {}
    for step in plan.model.steps:
        part = plan.parts[step.name]
        if part.module is not None:
            network = part.module
        else:
            assert part.entry is not None, "a part is a class or a module"
            cls = load_object(part.entry.network)
            plain = without_initialising() if part.bundle else contextlib.nullcontext()
            with plain, contained(f"Building {step.component}"):
                network = cls(step.config)
        if not isinstance(network, Component):
            raise PluginFailedError(f"{step.component} is a {type(network).__name__}, not an s2pzoo Component.")
        networks[step.name] = network
    return networks


def _load_weights(plan: Plan, networks: Mapping[str, Component]) -> list[Bundle]:
    batches: list[tuple[Bundle, dict[str, Component]]] = []
    for step in plan.model.steps:
        part = plan.parts[step.name]
        if part.bundle is None:
            continue
        batch = next((b for a, b in batches if a.folder == part.bundle.folder and part.key not in b), None)
        if batch is None:
            batches.append((part.bundle, batch := {}))
        batch[part.key] = networks[step.name].requires_grad_(False)
    for bundle, batch in batches:
        complete(bundle.folder)
        bundle.load_into(batch)
    return list({bundle.folder: bundle for bundle, _ in batches}.values())


def _tell_licence(plan: Plan) -> None:
    """Warn, the first time, of weights that are not free for every use."""
    for bundle in {part.bundle.folder: part.bundle for part in plan.parts.values() if part.bundle}.values():
        name, licence = bundle.manifest.model, bundle.manifest.licence
        if licence.weights and not licence.weights.startswith(FREE) and name not in _told:
            _told.add(name)
            told = f"The weights of {name}: {licence.weights}. Trained on: {licence.data or 'not stated'}."
            warnings.warn(told, LicenceWarning, stacklevel=4)
