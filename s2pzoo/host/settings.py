"""What the environment says, read when it is asked and never at import."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from s2pzoo.errors import UsageError


@frozen(kw_only=True)
class Settings:
    """One reading of the environment.

    Attributes:
        plugins: S2PZOO_PLUGINS, the only families to load, parted by commas; None where unset or empty: all.
        disable: S2PZOO_DISABLE, families not to load, parted by commas.
        weights: S2PZOO_WEIGHTS, folders to look for bundles in, parted as PATH is.
        cache: S2PZOO_CACHE, the folder for stamps, downloads and gallery features; else s2pzoo in XDG_CACHE_HOME or
            ~/.cache.
        offline: HF_HUB_OFFLINE is 1, on, yes or true.
    """

    plugins: frozenset[str] | None = None
    disable: frozenset[str] = frozenset()
    weights: tuple[Path, ...] = ()
    cache: Path = Path("~/.cache/s2pzoo").expanduser()
    offline: bool = False

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """The settings as `environ`, by default os.environ, has them now."""
        env = os.environ if environ is None else environ
        base = Path(env.get("XDG_CACHE_HOME") or "~/.cache") / "s2pzoo"
        return cls(
            plugins=_words(env.get("S2PZOO_PLUGINS", "")) or None,
            disable=_words(env.get("S2PZOO_DISABLE", "")),
            weights=tuple(_folder(path, "S2PZOO_WEIGHTS") for path in _paths(env.get("S2PZOO_WEIGHTS", ""))),
            cache=_folder(env.get("S2PZOO_CACHE") or base, "S2PZOO_CACHE"),
            offline=env.get("HF_HUB_OFFLINE", "").strip().lower() in {"1", "on", "yes", "true"},
        )

    def blocks(self, family: str) -> str:
        """Why the environment switches `family` off, or an empty text."""
        if family in self.disable:
            return f"S2PZOO_DISABLE names {family}"
        if self.plugins is not None and family not in self.plugins:
            return f"S2PZOO_PLUGINS does not name {family}"
        return ""


def _folder(path: str | Path, variable: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError as error:  # ~nobody
        raise UsageError(f"The folder {path} cannot be found.", why=str(error), fix=f"Change {variable}.") from error


def _paths(text: str) -> list[str]:
    return [path for path in text.split(os.pathsep) if path.strip()]


def _words(text: str) -> frozenset[str]:
    return frozenset(word.strip() for word in text.split(",") if word.strip())
