"""The public catalogue: one TOML file for every known plugin and every published bundle, data only.

It lets an unknown name answer with the distribution to install. The files are in `registry/` of the repository and go
into the wheel as `s2pzoo/_registry`. A file that is not exactly as described here is an error that names it.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
from attrs import field, frozen

from s2pzoo.errors import BadNameError, CatalogueError
from s2pzoo.spec.fields import read
from s2pzoo.spec.names import is_family, parse_model

_DISTRIBUTION = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


@frozen(kw_only=True)
class KnownPlugin:
    """A plugin that exists, installed or not: `registry/plugins/<family>.toml`.

    Attributes:
        family: the model family, the plugin's entry-point name.
        distribution: what pip installs.
        summary: one line.
        licence: of the code, an SPDX expression.
        source: where its code can be read.
        maintainer: who answers for it, and how they can be reached.
        paper: reference of the paper it implements.
        default: whether it is meant when several are installed and nobody said which.
        tools: its verbs, each with one line.
    """

    family: str
    distribution: str
    summary: str
    licence: str
    source: str
    maintainer: str
    paper: str = ""
    default: bool = False
    tools: dict[str, str] = field(factory=dict)


@frozen(kw_only=True)
class Licences:
    """The three licences of a bundle, each an SPDX expression or words.

    Attributes:
        code: of the plugin.
        weights: of the bundle.
        data: of what it was trained on, and whose that is.
    """

    code: str
    weights: str
    data: str


@frozen(kw_only=True)
class KnownBundle:
    """A published bundle: `registry/bundles/<family>.<variant>.toml`.

    Attributes:
        name: the model it belongs to.
        summary: one line.
        licence: of its code, weights and training data.
        bundled: whether the plugin's wheel holds it.
        hub: "owner/repo@<commit>", or empty where it is not on the Hub.
        size: bytes of all its files; 0 until it is built.
        sha256: of its manifest.json, which holds the sha256 of every other file; empty until it is built.
        signer: the public key, in PEM, of who must have signed its manifest; empty: nobody need have.
        metrics: rows of what was measured of it: numbers by name, and how (`protocol`, `n`).
    """

    name: str
    summary: str
    licence: Licences
    bundled: bool
    hub: str
    size: int
    sha256: str
    signer: str = ""
    metrics: tuple[dict[str, Any], ...] = ()

    @property
    def family(self) -> str:
        """The model family."""
        return parse_model(self.name).family


@frozen(kw_only=True)
class Catalogue:
    """What the registry folder knows, by family and by model name."""

    plugins: Mapping[str, KnownPlugin] = field(factory=dict)
    bundles: Mapping[str, KnownBundle] = field(factory=dict)

    def signer(self, place: str) -> str:
        """Whose signature the bundle at `owner/repo@commit` must have; empty: nobody's."""
        return next((bundle.signer for bundle in self.bundles.values() if bundle.hub.lower() == place.lower()), "")

    def names(self) -> list[str]:
        """Every known family and model name."""
        return sorted({*self.plugins, *self.bundles})


@functools.cache
def default_catalogue() -> Catalogue:
    """The catalogue that came with this s2pzoo; an empty one where none did."""
    folder = default_folder()
    return read_catalogue(folder) if folder else Catalogue()


def default_folder() -> Path | None:
    """`_registry` of the installed package, or `registry` of the source checkout, or None."""
    package = Path(__file__).resolve().parents[1]
    if (package / "_registry").is_dir():
        return package / "_registry"
    checkout = package.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / "registry").is_dir():
        return checkout / "registry"
    return None


def read_catalogue(folder: Path) -> Catalogue:
    """Read and check every file of `folder`.

    Raises:
        CatalogueError: a file that is not TOML, has an unknown or missing field, a value of the wrong form, or a name
            that is not its file's.
    """
    plugins = [_plugin(path) for path in sorted((folder / "plugins").glob("*.toml"))]
    bundles = [_bundle(path) for path in sorted((folder / "bundles").glob("*.toml"))]
    known = {plugin.family: plugin for plugin in plugins}
    for bundle in bundles:
        if bundle.family not in known:
            path = folder / "bundles" / f"{bundle.name}.toml"
            raise _wrong(path, "name", f"no plugins/{bundle.family}.toml describes the family {bundle.family!r}")
    return Catalogue(plugins=known, bundles={bundle.name: bundle for bundle in bundles})


def _plugin(path: Path) -> KnownPlugin:
    plugin = _read(path, KnownPlugin)
    if not is_family(plugin.family) or plugin.family != path.stem:
        raise _wrong(path, "family", f"{plugin.family!r} is not the name of the file")
    if not _DISTRIBUTION.fullmatch(plugin.distribution):
        raise _wrong(path, "distribution", f"{plugin.distribution!r} is not the name of a distribution")
    for required in ("summary", "licence", "source", "maintainer"):
        if not getattr(plugin, required):
            raise _wrong(path, required, "it is empty")
    return plugin


def _bundle(path: Path) -> KnownBundle:
    bundle = _read(path, KnownBundle)
    try:
        has_variant = parse_model(bundle.name).variant is not None
    except BadNameError:
        has_variant = False
    if not has_variant or bundle.name != path.name.removesuffix(".toml"):
        raise _wrong(path, "name", f"{bundle.name!r} is not the name of the file as family.variant")
    if not all(attrs.astuple(bundle.licence)):
        raise _wrong(path, "licence", "code, weights and data must each be stated")
    if bundle.size < 0:
        raise _wrong(path, "size", f"{bundle.size} is negative")
    if bundle.sha256 and not _SHA256.fullmatch(bundle.sha256):
        raise _wrong(path, "sha256", "it is not 64 hexadecimal digits")
    if bundle.hub and not re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", bundle.hub, re.ASCII):
        raise _wrong(path, "hub", f"{bundle.hub!r} does not read owner/repo@<commit of 40 digits>")
    if bundle.signer and "BEGIN PUBLIC KEY" not in bundle.signer:
        raise _wrong(path, "signer", "it is no public key in PEM")
    if not bundle.bundled and not bundle.hub:
        raise _wrong(path, "hub", "it is empty and the bundle is not in the plugin's wheel either")
    return bundle


def _read(path: Path, cls: type[Any]) -> Any:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CatalogueError(f"{path} cannot be read.", why=str(error)) from error
    return read(cls, data, what=f"The catalogue file {path}", error=CatalogueError)


def _wrong(path: Path, where: str, problem: str) -> CatalogueError:
    return CatalogueError(f"{path} is not a catalogue file: {where.rstrip('.')}: {problem}.")
