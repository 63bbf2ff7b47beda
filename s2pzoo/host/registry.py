"""Which models, components and tasks there are, and the error to give for one there is not.

A plugin is loaded when something of its family is asked for, and no other with it. One broken plugin never hinders
another; it raises only when it is itself asked for.
"""

from __future__ import annotations

import functools
import importlib.metadata
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import attrs

from s2pzoo.errors import (
    AmbiguousNameError,
    ApiVersionError,
    BadNameError,
    PluginBlockedError,
    PluginError,
    PluginFailedError,
    PluginMissingError,
    UnknownComponentError,
    UnknownDatasetError,
    UnknownModelError,
    UnknownTaskError,
    install_command,
)
from s2pzoo.host.catalogue import Catalogue, default_catalogue
from s2pzoo.host.core import FAMILIES, core_plugins
from s2pzoo.host.discovery import Candidate, discover, from_entry_points
from s2pzoo.host.guard import breadcrumb, interrupts, reason, unchanged
from s2pzoo.host.plugin import Plugin, State, load_plugin
from s2pzoo.host.settings import Settings
from s2pzoo.spec.adapters import as_component
from s2pzoo.spec.model import AdapterEntry, ComponentEntry, DatasetEntry, Model, TaskEntry, ToolEntry
from s2pzoo.spec.names import parse_component, parse_model, suggest

_Unknown = type[UnknownModelError] | type[UnknownComponentError] | type[UnknownTaskError] | type[UnknownDatasetError]


class Registry:
    """All plugins of this Python, each loaded on demand.

    Args:
        entry_points: use these and look for no others.
        settings: reads the environment; called at every question.
        catalogue: reads the public catalogue; called only for names that are not installed.
    """

    def __init__(
        self,
        *,
        entry_points: Iterable[importlib.metadata.EntryPoint] | None = None,
        settings: Callable[[], Settings] = Settings.read,
        catalogue: Callable[[], Catalogue] = default_catalogue,
    ) -> None:
        candidates = discover() if entry_points is None else from_entry_points(entry_points)
        self._settings = settings
        self._catalogue = catalogue
        self._plugins = {plugin.family: plugin for plugin in _by_family(candidates)}
        self._lock = threading.RLock()

    def plugins(self, *, load: bool = True) -> list[Plugin]:
        """Every installed plugin by family, in whatever state. Raises nothing.

        Args:
            load: load those that are still NEW.
        """
        return [self._state(family, load=load) for family in sorted(self._plugins)]

    def look(self, family: str) -> Plugin:
        """One installed plugin, loaded if it can be, in whatever state. Raises nothing."""
        return self._state(family, load=True)

    def families(self) -> list[str]:
        """Installed families, loading none."""
        return sorted(self._plugins)

    def plugin(self, family: str) -> Plugin:
        """The loaded plugin of `family`; no other is loaded.

        Raises:
            UnknownModelError: nobody knows the family.
            PluginMissingError: the catalogue knows it and it is not installed.
            PluginFailedError, ApiVersionError, AmbiguousNameError, PluginBlockedError: it is installed and unusable.
        """
        return self._plugin(family, asked=family, unknown=UnknownModelError)

    def model(self, name: str) -> Model:
        """The model `family.variant`, or the family's default for `family`. Errors as for `plugin`."""
        try:
            parsed = parse_model(name)
        except BadNameError as error:
            self._unknown(name, UnknownModelError, why=error.why)
        plugin = self._plugin(parsed.family, asked=name, unknown=UnknownModelError)
        entry = plugin.models.get(name) if parsed.variant else plugin.default
        if entry is None:
            self._absent(plugin, name, UnknownModelError, plugin.models)
        return entry

    def component(self, name: str) -> ComponentEntry:
        """The component `plugin/component`, an adapter as one too.

        Raises:
            UnknownComponentError: there is none; else errors as for `plugin`.
        """
        return self._one(name, UnknownComponentError, _components)

    def adapter(self, name: str) -> AdapterEntry | None:
        """The adapter of that name, or None where it is none."""
        family = parse_component(name).plugin
        return self._plugin(family, asked=name, unknown=UnknownComponentError).adapters.get(name)

    def task(self, name: str) -> TaskEntry:
        """The training task `plugin/task`.

        Raises:
            UnknownTaskError: there is none; else errors as for `plugin`.
        """
        return self._one(name, UnknownTaskError, lambda plugin: plugin.tasks)

    def dataset(self, name: str) -> DatasetEntry:
        """The dataset `plugin/dataset`.

        Raises:
            UnknownDatasetError: there is none; else errors as for `plugin`.
        """
        return self._one(name, UnknownDatasetError, lambda plugin: plugin.datasets)

    def models(self) -> list[Model]:
        """The models of all plugins that load, by name."""
        return self._all(lambda plugin: plugin.models)

    def components(self) -> list[ComponentEntry]:
        """The components of the core and of all plugins that load, by name; adapters among them."""
        return self._all(_components, core=True)

    def tasks(self) -> list[TaskEntry]:
        """The training tasks of the core and of all plugins that load, by name."""
        return self._all(lambda plugin: plugin.tasks, core=True)

    def datasets(self) -> list[DatasetEntry]:
        """The datasets of the core and of all plugins that load, by name."""
        return self._all(lambda plugin: plugin.datasets, core=True)

    def adapters(self) -> list[AdapterEntry]:
        """The adapters of the core and of all plugins that load, by name."""
        return self._all(lambda plugin: plugin.adapters, core=True)

    def tools(self) -> list[tuple[str, ToolEntry]]:
        """The tools of all plugins that load, each with its family, by name."""
        loaded = (plugin for plugin in self.plugins() if plugin.state is State.LOADED)
        found = ((plugin.family, tool) for plugin in loaded for tool in plugin.tools.values())
        return sorted(found, key=lambda pair: (pair[1].name, pair[0]))

    def find_weights(self, ref: str) -> Path | None:
        """What the first plugin, by family, answers to s2pzoo_find_weights; None where none has an answer.

        Raises:
            PluginFailedError: a plugin raised, or gave something that is not a folder.
        """
        settings = self._settings()
        for plugin in self.plugins():
            if plugin.state is State.LOADED and "s2pzoo_find_weights" in plugin.hooks:
                found = _ask_for_weights(plugin, ref, settings)
                if found is not None:
                    return found
        return None

    def _all(self, kind: Callable[[Plugin], Mapping[str, Any]], *, core: bool = False) -> list[Any]:
        loaded = [*(core_plugins().values() if core else ()), *(p for p in self.plugins() if p.state is State.LOADED)]
        return sorted((entry for plugin in loaded for entry in kind(plugin).values()), key=lambda entry: entry.name)

    def _one(self, name: str, unknown: _Unknown, kind: Callable[[Plugin], Mapping[str, Any]]) -> Any:
        try:
            family = parse_component(name).plugin
        except BadNameError as error:
            self._unknown(name, unknown, why=error.why)
        plugin = self._plugin(family, asked=name, unknown=unknown)
        found = kind(plugin)
        varied = (e for e in found.values() if getattr(e, "variants", "") and name.startswith(f"{e.name}-"))
        if name not in found and (entry := next(varied, None)):
            return entry.variant(name.removeprefix(f"{entry.name}-"))
        if name not in found:
            self._absent(plugin, name, unknown, found)
        return found[name]

    def _plugin(self, family: str, *, asked: str, unknown: _Unknown) -> Plugin:
        if family in FAMILIES:
            return core_plugins()[family]
        if family not in self._plugins:
            known = self._catalogue().plugins.get(family)
            if known is None:
                self._unknown(asked, unknown)
            raise PluginMissingError(
                f"{asked!r} is not installed.", why=f"It is known: {known.summary}.", distribution=known.distribution
            )
        plugin = self._state(family, load=True)
        if plugin.state is not State.LOADED:
            raise _refusal(plugin) from plugin.error
        return plugin

    def _state(self, family: str, *, load: bool) -> Plugin:
        with self._lock:
            plugin = self._plugins[family]
            if plugin.state is State.CONFLICT:
                return plugin
            blocked = self._settings().blocks(family)
            if blocked:
                return Plugin(family=family, providers=plugin.providers, state=State.BLOCKED, reason=blocked)
            if load and plugin.state is State.NEW:
                plugin = self._plugins[family] = load_plugin(plugin)
            return plugin

    def _unknown(self, asked: object, unknown: _Unknown, *, why: str = "") -> NoReturn:
        if unknown is UnknownModelError:
            names = {*self.families(), *self._catalogue().names(), *(model.name for model in self.models())}
        else:
            listed = {UnknownComponentError: self.components, UnknownTaskError: self.tasks}
            names = {entry.name for entry in listed.get(unknown, self.datasets)()}
        near = suggest(str(asked), names)
        fix = "" if near else "Run: s2pzoo list"
        raise unknown(f"Unknown {_noun(unknown)} {asked!r}.", why=why, fix=fix, suggestions=near)

    def _absent(self, plugin: Plugin, asked: str, unknown: _Unknown, has: Iterable[str]) -> NoReturn:
        has = sorted(has)
        why = f"{plugin.distribution} {plugin.version} has: {', '.join(has) or 'none'}."
        near, fix = suggest(asked, has), ""
        if unknown is UnknownModelError and asked in self._catalogue().bundles:
            near, fix = (), f"A newer version has it. Run: {install_command(f'--upgrade {plugin.distribution}')}"
        elif not has and plugin.warnings:
            why += f" Note: {'; '.join(plugin.warnings)}."
        raise unknown(f"Unknown {_noun(unknown)} {asked!r}.", why=why, fix=fix, suggestions=near)


@functools.cache
def default_registry() -> Registry:
    """The registry of this process. Distributions installed after the first call are not seen."""
    return Registry()


def _by_family(candidates: Iterable[Candidate]) -> Iterable[Plugin]:
    families: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        families.setdefault(candidate.family, []).append(candidate)
    for family, providers in families.items():
        plugin = Plugin(family=family, providers=tuple(providers))
        if len(providers) > 1:
            reason = f"provided by {' and '.join(map(str, providers))}"
            plugin = attrs.evolve(plugin, state=State.CONFLICT, reason=reason)
        yield plugin


def _refusal(plugin: Plugin) -> PluginError:
    if plugin.state is State.CONFLICT:
        providers = [str(candidate) for candidate in plugin.providers]
        return AmbiguousNameError(
            f"{len(providers)} installed distributions provide {plugin.family!r}.",
            why=f"They are {' and '.join(providers)}.",
            fix="Uninstall all but one of them.",
            providers=providers,
        )
    if plugin.state is State.BLOCKED:
        return PluginBlockedError(
            f"Plugin {plugin.family!r} is switched off.",
            why=f"{plugin.reason}.",
            fix="Change that variable, or leave out --no-plugins.",
        )
    if isinstance(plugin.error, ApiVersionError):
        return ApiVersionError(plugin.error.what, why=plugin.error.why, fix=plugin.error.fix)
    return PluginFailedError(
        f"Plugin {plugin.family!r} ({plugin.distribution} {plugin.version}) cannot be used.",
        why=plugin.reason,
        fix="Run: s2pzoo plugins",
    )


def _components(plugin: Plugin) -> dict[str, ComponentEntry]:
    return {**plugin.components, **{name: as_component(adapter) for name, adapter in plugin.adapters.items()}}


def _ask_for_weights(plugin: Plugin, ref: str, settings: Settings) -> Path | None:
    try:
        with breadcrumb(f"asking plugin {plugin.family} for weights"), interrupts() as pressed, unchanged():
            found = plugin.hooks["s2pzoo_find_weights"](ref=ref, settings=settings)
        folder = None if found is None else Path(found)
        if folder is not None and not folder.is_dir():
            raise NotADirectoryError(f"it gave {str(folder)[:200]!r}, which is no folder")
        if folder is not None:
            os.scandir(folder).close()  # it can be read
        return folder
    except BaseException as error:  # SystemExit and its like too
        if isinstance(error, KeyboardInterrupt) and pressed:
            raise
        raise PluginFailedError(
            f"Plugin {plugin.family!r} failed to look for the weights of {ref!r}.",
            why=reason(error),
            fix=f"Mend it, or switch it off: S2PZOO_DISABLE={plugin.family}",
        ) from error


def _noun(unknown: _Unknown) -> str:
    return unknown.__name__.removeprefix("Unknown").removesuffix("Error").lower()
