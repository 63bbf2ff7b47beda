"""One plugin: loading it behind a guard, and checking everything it declares.

pluggy checks the markers and the signatures; loading is ours, because pluggy's own stops at the first broken plugin.
Whatever a plugin does while it is loaded ends as a state and a reason, except Ctrl-C, which is the user's.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import importlib.util
import inspect
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import pluggy
from attrs import field, frozen

from s2pzoo.errors import ApiVersionError, DeclarationError, PluginFailedError, S2PZooError, install_command
from s2pzoo.host import hooks
from s2pzoo.host.discovery import Candidate
from s2pzoo.host.guard import breadcrumb, interrupts, reason, tail, unchanged
from s2pzoo.spec.model import (
    API_VERSION,
    AdapterEntry,
    ComponentEntry,
    DatasetEntry,
    Declaration,
    Model,
    TaskEntry,
    ToolEntry,
)
from s2pzoo.spec.names import is_family, parse_component

NOUNS: dict[str, type[Any]] = {
    "components": ComponentEntry, "models": Model, "tasks": TaskEntry, "datasets": DatasetEntry, "tools": ToolEntry,
    "adapters": AdapterEntry,
}  # fmt: skip
"""What a plugin may declare."""


class State(StrEnum):
    """Where a plugin stands."""

    NEW = "new"
    LOADED = "loaded"
    FAILED = "failed"
    CONFLICT = "conflict"
    BLOCKED = "blocked"


@frozen(kw_only=True)
class Plugin:
    """What is known about one family's plugin.

    Attributes:
        family: the model family, its entry point's name.
        providers: the distributions that bring it: one, or more in a CONFLICT.
        state: NEW (not asked for yet), LOADED, FAILED, CONFLICT or BLOCKED.
        reason: one line, why it is FAILED, in CONFLICT or BLOCKED.
        milliseconds: what loading took.
        warnings: what is odd about a plugin that works.
        traceback: the end of the traceback of a FAILED one.
        components, models, tasks, datasets, tools, adapters: its entries by name; all empty unless LOADED.
    """

    family: str
    providers: tuple[Candidate, ...]
    state: State = State.NEW
    reason: str = ""
    milliseconds: float = 0.0
    warnings: tuple[str, ...] = ()
    traceback: str = ""
    components: Mapping[str, ComponentEntry] = field(factory=dict, repr=False)
    models: Mapping[str, Model] = field(factory=dict, repr=False)
    tasks: Mapping[str, TaskEntry] = field(factory=dict, repr=False)
    datasets: Mapping[str, DatasetEntry] = field(factory=dict, repr=False)
    tools: Mapping[str, ToolEntry] = field(factory=dict, repr=False)
    adapters: Mapping[str, AdapterEntry] = field(factory=dict, repr=False)
    hooks: Mapping[str, Callable[..., Any]] = field(factory=dict, repr=False)
    error: BaseException | None = field(default=None, repr=False, eq=False)

    @property
    def distribution(self) -> str:
        """The distribution's name; several in a CONFLICT."""
        return ", ".join(candidate.distribution for candidate in self.providers)

    @property
    def version(self) -> str:
        """The distribution's version; several in a CONFLICT."""
        return ", ".join(candidate.version for candidate in self.providers)

    @property
    def module(self) -> str:
        """The module that declares it."""
        return ", ".join(candidate.module for candidate in self.providers)

    @property
    def default(self) -> Model | None:
        """The model that the bare family name means, or None where the family has no models."""
        models = list(self.models.values())
        return next((model for model in models if model.default), models[0] if models else None)


def load_plugin(plugin: Plugin) -> Plugin:
    """`plugin` after loading: LOADED with its entries, or FAILED with the reason and no entry at all."""
    candidate = plugin.providers[0]
    started = time.perf_counter()
    had_torch = "torch" in sys.modules
    try:
        with (
            breadcrumb(f"loading plugin {candidate}"), interrupts() as pressed, unchanged() as changed,
            contextlib.redirect_stdout(sys.stderr),  # what a plugin prints must not end up in our own output
        ):  # fmt: skip
            module = _import(candidate)
            found = _entries(module, candidate)
    except BaseException as error:  # SystemExit and its like too: no plugin ends its host
        if isinstance(error, KeyboardInterrupt) and pressed:
            raise
        state = attrs.evolve(plugin, state=State.FAILED, reason=reason(error), error=error, traceback=tail(error))
    else:
        odd = _warnings(module, found, imported_torch="torch" in sys.modules and not had_torch)
        state = attrs.evolve(plugin, state=State.LOADED, warnings=(*odd, *changed), **found)
    return attrs.evolve(state, milliseconds=(time.perf_counter() - started) * 1000)


def load_object(reference: str) -> Any:
    """The object that "module:Class" of a declaration names.

    Raises:
        PluginFailedError: the module cannot be imported, or has no such name. Errors of s2pzoo's own, such as
            MissingExtraError, pass through as they are.
    """
    module, _, name = reference.partition(":")
    try:
        with interrupts() as pressed, unchanged():
            return getattr(importlib.import_module(module), name)
    except S2PZooError:
        raise
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) and pressed:
            raise
        raise PluginFailedError(
            f"{reference} cannot be imported.", why=reason(error), fix="This is the plugin's to mend."
        ) from error


def _import(candidate: Candidate) -> ModuleType:
    if candidate.problem:
        raise DeclarationError(candidate.problem)
    if not is_family(candidate.family):
        raise DeclarationError(f"The entry point's name {candidate.family!r} cannot name a model family.")
    if ":" in candidate.module:
        raise DeclarationError(f"The entry point's value {candidate.module!r} must be a module, without a colon.")
    try:
        module = importlib.import_module(candidate.module)
    except ImportError:
        _check_stated(_stated(candidate.module), candidate)  # of another API it may miss names that are not here
        raise
    if not isinstance(module, ModuleType):
        raise DeclarationError(f"{candidate.module} is a {type(module).__name__}, not a module.")
    return module


def _entries(module: ModuleType, candidate: Candidate) -> dict[str, Any]:
    _check_api(module, candidate)
    found = _hooks(module, candidate.family)
    declared = found["s2pzoo_plugin"]() if "s2pzoo_plugin" in found else Declaration()
    if not isinstance(declared, Declaration):
        raise DeclarationError(f"s2pzoo_plugin returned {_article(declared)}, not a Declaration.")
    entries = {noun: collected(candidate.family, declared, noun) for noun in NOUNS}
    _check_models(candidate.family, entries["models"].values(), {*entries["components"], *entries["adapters"]})
    return entries | {"hooks": found}


def _check_api(module: ModuleType, candidate: Candidate) -> None:
    stated = getattr(module, "S2PZOO_API", 1)
    if type(stated) is not int:
        raise DeclarationError(f"S2PZOO_API is {stated!r}, not a whole number.")
    _check_stated(stated, candidate)


def _stated(module: str) -> int:
    """The API that the source of a module says it was written for; ours where that cannot be told."""
    with contextlib.suppress(Exception):
        spec = importlib.util.find_spec(module)
        tree = ast.parse(Path(str(spec and spec.origin)).read_text(encoding="utf-8"))
        for node in reversed(tree.body):
            named = isinstance(node, ast.Assign) and [getattr(target, "id", "") for target in node.targets]
            if named == ["S2PZOO_API"]:
                return int(ast.literal_eval(node.value))  # pyright: ignore[reportAttributeAccessIssue]
    return API_VERSION


def _check_stated(stated: int, candidate: Candidate) -> None:
    if stated != API_VERSION:
        older = candidate.distribution if stated < API_VERSION else "s2pzoo"
        raise ApiVersionError(
            f"{candidate} was written for plugin API {stated}; this s2pzoo speaks {API_VERSION}.",
            fix=f"Run: {install_command(f'--upgrade {older}')}",
        )


def _hooks(module: ModuleType, family: str) -> dict[str, Callable[..., Any]]:
    """The plugin's hook functions by name, after pluggy has checked markers and arguments."""
    manager = pluggy.PluginManager(hooks.PROJECT)
    manager.add_hookspecs(hooks)
    manager.register(module, name=family)
    manager.check_pending()
    found = {}
    for caller in manager.get_hookcallers(manager.get_plugin(family)) or ():
        for implementation in caller.get_hookimpls():
            if implementation.wrapper or implementation.hookwrapper:
                raise DeclarationError(f"{caller.name} is a hook wrapper; a plugin may only answer hooks.")
            if caller.name in found:
                raise DeclarationError(f"Two functions answer {caller.name}.")
            found[caller.name] = _by_keyword(implementation)
    return found


def _by_keyword(implementation: pluggy.HookImpl) -> Callable[..., Any]:
    """The function, called with only those of the hook's arguments that it asks for."""
    return lambda **arguments: implementation.function(*(arguments[name] for name in implementation.argnames))


def collected(family: str, declared: Declaration, noun: str) -> dict[str, Any]:
    """The entries of one noun by name, each of the right class, of its own family, and once."""
    entries: dict[str, Any] = {}
    for item in getattr(declared, noun):
        if not isinstance(item, NOUNS[noun]):
            raise DeclarationError(f"{noun} has {_article(item)} in it; wanted {NOUNS[noun].__name__} only.")
        if noun != "tools" and _owner(item) != family:
            raise DeclarationError(f"{noun} has {item.name!r}, which is not of its own family {family!r}.")
        if item.name in entries:
            raise DeclarationError(f"{noun} has {item.name!r} twice.")
        entries[item.name] = item
    return entries


def _owner(item: Any) -> str:
    return item.family if isinstance(item, Model) else parse_component(item.name).plugin


def _check_models(family: str, models: Iterable[Model], components: set[str]) -> None:
    models = list(models)
    defaults = [model.name for model in models if model.default]
    if len(models) > 1 and len(defaults) != 1:
        named = ", ".join(defaults) or "none"
        raise DeclarationError(f"Exactly one of its {len(models)} models must say default=True; now: {named}.")
    for model in models:
        for step in model.steps:
            if parse_component(step.component).plugin == family and step.component not in components:
                raise DeclarationError(f"Step {step.name!r} of {model.name} wants {step.component!r}, not declared.")


def _warnings(module: ModuleType, found: Mapping[str, Any], *, imported_torch: bool) -> Iterable[str]:
    for name, value in vars(module).items():
        if name.startswith("s2pzoo_") and inspect.isfunction(value) and not hasattr(value, "s2pzoo_impl"):
            yield f"{name} lacks @hookimpl and is never called"
    if not any(found[noun] for noun in (*NOUNS, "hooks")):
        yield "it declares nothing"
    if imported_torch:
        yield "it imports torch to be listed, which makes every listing slow"


def _article(value: object) -> str:
    return "None" if value is None else f"a {type(value).__name__}"
