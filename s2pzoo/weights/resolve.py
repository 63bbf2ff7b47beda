"""Where the weights of a model are: sources in a fixed order, the first that has them. Torch-free.

    weights=FOLDER or hf://owner/repo@revision   asked for: that and nothing else
    bundled in the plugin's package
    the folders of S2PZOO_WEIGHTS
    the plugins' find_weights hooks
    the Hub

Nothing falls back in silence: a bundle that is found and broken is an error, and what was looked at is in the text.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from attrs import frozen

from s2pzoo.errors import S2PZooError, WeightsNotFoundError
from s2pzoo.host.plugin import Plugin
from s2pzoo.host.registry import Registry
from s2pzoo.host.settings import Settings
from s2pzoo.spec.model import Model
from s2pzoo.spec.reading import UnreadableError, read_json
from s2pzoo.weights.hub import HUB, HubPlace, pull
from s2pzoo.weights.manifest import MANIFEST


@frozen(kw_only=True)
class WeightsRef:
    """What is looked for.

    Attributes:
        model: `family.variant`.
        bundled: the folder in the plugin's package, or None.
        hub: "owner/repo@revision", or None.
    """

    model: str
    bundled: Path | None = None
    hub: str | None = None

    @classmethod
    def of(cls, model: Model, plugin: Plugin) -> WeightsRef:
        """What the declaration of `model` by `plugin` says."""
        declared = model.weights
        bundled = package_folder(plugin.module) / declared.bundled if declared and declared.bundled else None
        return cls(model=model.name, bundled=bundled, hub=declared.hub if declared else None)


@frozen
class BundledSource:
    """The plugin's own package."""

    name: str = "in the plugin's package"
    state: str = "bundled"

    def find(self, ref: WeightsRef) -> Path | None:
        """The declared folder, where it holds a manifest."""
        return ref.bundled if ref.bundled and (ref.bundled / MANIFEST).is_file() else None


@frozen
class FoldersSource:
    """The folders of S2PZOO_WEIGHTS: each is a bundle itself, or holds `<model>/`."""

    folders: tuple[Path, ...]
    state: str = "folder"

    @property
    def name(self) -> str:
        """With the folders."""
        return f"in S2PZOO_WEIGHTS ({os.pathsep.join(map(str, self.folders)) or 'not set'})"

    def find(self, ref: WeightsRef) -> Path | None:
        """The first folder that is, or holds, a bundle of this very model."""
        for folder in self.folders:
            for candidate in (folder / ref.model, folder):
                if _model_of(candidate) == ref.model:
                    return candidate
        return None


@frozen
class HooksSource:
    """What plugins answer to find_weights."""

    registry: Registry
    name: str = "from find_weights of the plugins"
    state: str = "mirror"

    def find(self, ref: WeightsRef) -> Path | None:
        """The first answer."""
        return self.registry.find_weights(ref.model)


@frozen
class HubSource:
    """The Hub, through its cache."""

    name: str = "on the Hub"
    state: str = "hub"

    def find(self, ref: WeightsRef) -> Path | None:
        """None where the model is not on the Hub. Errors as for `hub.pull`."""
        return pull(HubPlace.read(ref.hub)) if ref.hub else None


Source = BundledSource | FoldersSource | HooksSource | HubSource
"""One place to look in: `name` is for messages, `state` for `s2pzoo list`; `find` is None where it has no bundle."""


def default_sources(registry: Registry, settings: Settings) -> tuple[Source, ...]:
    """All sources, in order."""
    return BundledSource(), FoldersSource(settings.weights), HooksSource(registry), HubSource()


def find_weights(ref: WeightsRef, *, given: str | os.PathLike[str] | None, sources: tuple[Source, ...]) -> Path:
    """The folder of the bundle.

    Args:
        given: a folder, or `hf://owner/repo@revision`; then no source is asked but that.

    Raises:
        WeightsNotFoundError: nobody has it; says where was looked.
        OfflineError, HubError: it is on the Hub, and cannot be had from there; others as for `hub.pull`.
    """
    if given is not None:
        return _given(os.fspath(given))
    for source in sources:
        found = looked(source, ref)
        if found is not None:
            return found
    raise WeightsNotFoundError(
        f"There are no weights for {ref.model}.",
        why=f"Looked {'; '.join(source.name for source in sources)}.",
        fix=f"Train it and give its folder as weights=FOLDER, or s2pzoo.build({ref.model!r}) for untrained networks.",
    )


def looked(source: Source, ref: WeightsRef) -> Path | None:
    """What one source has.

    Raises:
        WeightsNotFoundError: it cannot be looked in. Errors of s2pzoo's own pass.
    """
    try:
        return source.find(ref)
    except S2PZooError:
        raise
    except Exception as error:
        raise WeightsNotFoundError(
            f"The weights of {ref.model} cannot be looked for {source.name}.", why=f"{type(error).__name__}: {error}",
            fix="Give their folder: weights=FOLDER.",
        ) from error  # fmt: skip


def package_folder(module: str) -> Path:
    """The folder of the top-level package that `module` is in."""
    spec = importlib.util.find_spec(module.partition(".")[0])
    locations = list(spec.submodule_search_locations or ()) if spec else []
    return Path(locations[0]) if locations else Path(spec.origin or ".").parent if spec else Path(".")


def _given(given: str) -> Path:
    if given.startswith(HUB):
        return pull(HubPlace.read(given))
    folder = Path(given).expanduser()
    if not folder.is_dir():
        raise WeightsNotFoundError(
            f"There is no folder {given}.", why="It was given as weights=.", fix="Give the folder of a bundle."
        )
    return folder


def _model_of(folder: Path) -> str | None:
    """The model that the bundle in `folder` says it is, or None where there is none. A broken one counts as found."""
    try:
        data = read_json(folder / MANIFEST)
    except FileNotFoundError:
        return None
    except UnreadableError:
        return folder.name  # the error comes when it is opened
    return data.get("model") if isinstance(data, dict) else folder.name
