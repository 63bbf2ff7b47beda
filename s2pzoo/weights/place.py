"""Where the weights of models are on this machine."""

from __future__ import annotations

import contextlib
from pathlib import Path

from attrs import frozen

from s2pzoo.errors import S2PZooError
from s2pzoo.host.registry import default_registry
from s2pzoo.host.settings import Settings
from s2pzoo.spec.model import Model
from s2pzoo.weights.hub import HubPlace, cached
from s2pzoo.weights.resolve import HubSource, WeightsRef, default_sources, looked


@frozen(kw_only=True)
class Place:
    """Where the weights of a model are.

    Attributes:
        state: "bundled" (in the plugin's package), "folder" (of S2PZOO_WEIGHTS), "mirror" (of a plugin), "hub", "none".
        folder: of the bundle, where it is on this machine.
        hub: "owner/repo@revision", where it is on the Hub.
    """

    state: str
    folder: Path | None = None
    hub: str | None = None

    @property
    def size(self) -> int:
        """Bytes on this machine."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file()) if self.folder else 0


def place_of(model: Model) -> Place:
    """Where the weights of a declared model are, in the order in which `load` looks; one that fails has none."""
    ref = WeightsRef.of(model, default_registry().plugin(model.family))
    for source in default_sources(default_registry(), Settings.read()):
        with contextlib.suppress(S2PZooError):
            folder = None if isinstance(source, HubSource) else looked(source, ref)
            if folder is not None:
                return Place(state=source.state, folder=folder)
    if not ref.hub:
        return Place(state="none")
    return Place(state="hub", hub=ref.hub, folder=cached(HubPlace.read(ref.hub)))
